"""Verbs of shared costs (公摊): what a common thing cost in a month; a mistake is voided and entered anew."""

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from billing.actions.rights import demand_setter
from billing.models import Bill, BillRun, Fee, RunTariff, SharedCost
from servicedesk.core import events
from servicedesk.core.errors import Refused


@transaction.atomic
def enter_cost(fee, *, month, amount, evidence, by, now, building=None):
    """Enter what is shared out for a month, a date on its first day, among the units of `building` or of all.

    `amount` is in yuan. Returns the SharedCost. Raises Refused where the same was entered before, and where the month
    is billed already, for then it would never be charged.
    """
    demand_setter(fee.community_id, by=by)
    fee = Fee.objects.select_for_update(of=("self",), no_key=True).get(pk=fee.pk)
    there = SharedCost.objects.filter(fee=fee, month=month, building=building, voided_at=None).first()
    if there:
        words = {"month": f"{month:%Y-%m}", "amount": there.amount}
        raise Refused(_("For %(month)s %(amount)s yuan are entered already. Void that first.") % words)
    _demand_unbilled(fee, month, building)
    cost = SharedCost.objects.create(
        community_id=fee.community_id,
        fee=fee,
        building=building,
        month=month,
        amount=amount,
        evidence=evidence,
        by=by,
        at=now,
    )
    data = {"month": month.isoformat(), "amount": str(amount), "building": building.pk if building else None}
    events.log(cost, "shared_cost_entered", by=by, now=now, data=data)
    return cost


@transaction.atomic
def void_cost(cost, *, reason, by, now):
    """Take back a shared cost that was entered by mistake. Raises Refused once it has been billed."""
    demand_setter(cost.community_id, by=by)
    Fee.objects.select_for_update(of=("self",), no_key=True).get(pk=cost.fee_id)
    _demand_unbilled(cost.fee, cost.month, cost.building)
    rows = SharedCost.objects.filter(pk=cost.pk, voided_at=None)
    if rows.update(voided_at=now, voided_by=by) != 1:
        raise Refused(_("This cost is void already. Reload the page."))
    events.log(cost, "shared_cost_voided", by=by, now=now, note=reason)


def _demand_unbilled(fee, month, building):
    """Raise Refused where the month is billed to one of those who share, or a run that bills it is not finished."""
    mine = Q(unit__building=building) if building else Q()
    billed = Bill.objects.standing().filter(mine, fee=fee, month__lte=month, to_on__gte=month).exists()
    words = {"month": f"{month:%Y-%m}"}
    if billed:
        raise Refused(
            _("%(month)s is billed already, so its costs stay as they are. Have those bills voided first.") % words
        )
    running = RunTariff.objects.filter(fee=fee, run__month__lte=month).exclude(run__status=BillRun.Status.DONE)
    for run in running.select_related("run", "tariff"):
        if (month.year - run.run.month.year) * 12 + month.month - run.run.month.month < run.tariff.months:
            raise Refused(_("A billing run of %(month)s is not finished. Wait until it is, and try again.") % words)
