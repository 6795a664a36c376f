"""Verbs of tariffs: a price from a month on, and taking one back that nothing was billed by.

Whoever writes a tariff holds the row of its fee, so that what is refused can name the version that is in the way; the
exclusion constraint of the database has the last word.
"""

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q
from django.utils.translation import gettext as _

from billing.actions.rights import demand_setter
from billing.models import Bill, BillRun, Enrolment, Fee, RunTariff, Tariff, TariffTier
from servicedesk.core import events
from servicedesk.core.errors import Refused


@transaction.atomic
def set_tariff(fee, *, since, basis, price_basis, by, now, tiers=(), **facts):
    """Give a fee a new price from the month that begins on `since`, and return the Tariff; the one before ends there.

    `tiers` are (up_to, unit_price), the last up to None. `facts` are the other columns of a tariff. Raises Refused
    where a later version is in the way, where bills stand or a run is at work by the one before, and where a period of
    either would be cut in two. About eight statements.
    """
    demand_setter(fee.community_id, by=by)
    fee = Fee.objects.select_for_update(of=("self",), no_key=True).get(pk=fee.pk)
    if not fee.is_active:
        raise Refused(_("“%(fee)s” is switched off. Switch it on before it gets a price.") % {"fee": fee})
    before = demand_room(fee, since, facts.get("months", 1))
    several = Enrolment.objects.filter(fee=fee, period__endswith__isnull=True).exclude(quantity=1)
    if basis in Tariff.NOT_BY_QUANTITY and several.exists():
        raise Refused(
            _("Some units pay “%(fee)s” for more than one. Choose a fixed price or a formula, which go by how many.")
            % {"fee": fee}
        )
    if before:
        _end(before, since, by=by, now=now)
    row = Tariff(
        community_id=fee.community_id,
        fee=fee,
        valid=DateRange(since, None),
        basis=basis,
        price_basis=price_basis,
        by=by,
        at=now,
        **facts,
    )
    row.save(force_insert=True)
    steps = [TariffTier(tariff=row, position=n, up_to=up, unit_price=price) for n, (up, price) in enumerate(tiers, 1)]
    TariffTier.objects.bulk_create(steps)
    events.log(row, "tariff_set", by=by, now=now, data={"since": since.isoformat(), "basis": str(basis)})
    return row


def demand_room(fee, since, months):
    """Return the Tariff that would end where a price of so many months began on `since`, or None. Raises Refused where
    no price can begin then. Two to four queries."""
    versions = Tariff.objects.in_force().filter(fee=fee)
    _demand_free(versions, since)
    before = versions.filter(valid__contains=since).first()
    _demand_whole_periods(months, since)
    if before:
        _demand_whole_periods(before.months, since)
        _demand_unbilled_since(fee, since)
    return before


def _demand_free(versions, since):
    later = versions.filter(valid__startswith__gte=since).order_by("valid").first()
    if later:
        raise Refused(
            _(
                "The tariff from %(month)s on is in the way: it begins on %(day)s. Choose a later month, or void that"
                " tariff first."
            )
            % {"month": f"{later.valid.lower:%Y-%m}", "day": later.valid.lower.isoformat()}
        )


def _demand_whole_periods(months, since):
    """Raise Refused unless a period of so many months begins on `since`: quarters begin in January, April, July and
    October, and a price that began between two would leave months without a bill, or bill them twice."""
    if (since.month - 1) % months:
        raise Refused(
            _(
                "Billed every %(months)s months, no period begins in month %(month)s, so that months would be left"
                " out or billed twice. Choose one of the months %(starts)s."
            )
            % {"months": months, "month": since.month, "starts": ", ".join(map(str, range(1, 13, months)))}
        )


def _demand_unbilled_since(fee, since):
    bills = Bill.objects.standing().filter(fee=fee, to_on__gte=since, tariff__isnull=False)
    last = bills.order_by("-to_on").values_list("to_on", flat=True).first()
    if last:
        raise Refused(
            _("The fee is billed until %(day)s already. Choose a month after that, or have those bills voided first.")
            % {"day": last.isoformat()}
        )
    unfinished = RunTariff.objects.filter(fee=fee, run__month__gte=since).exclude(run__status=BillRun.Status.DONE)
    if unfinished.exists():
        raise Refused(_("A billing run of these months is not finished. Wait until it is, or choose a later month."))


def _end(tariff, day, *, by, now):
    """Let a tariff hold until the day before `day`, the first of a month, or without end where it is None."""
    tariff.valid = DateRange(tariff.valid.lower, day)
    Tariff.objects.filter(pk=tariff.pk).update(valid=tariff.valid)
    until = day.isoformat() if day else None
    events.log(tariff, "tariff_ended" if day else "tariff_goes_on", by=by, now=now, data={"until": until})


@transaction.atomic
def void_tariff(tariff, *, reason, by, now):
    """Take back a tariff that was entered by mistake; the one that ended for it goes on in its place.

    Raises Refused for one that a bill or a run has used: it says what they were counted by for ever (ruling 14).
    """
    demand_setter(tariff.community_id, by=by)
    Fee.objects.select_for_update(of=("self",), no_key=True).get(pk=tariff.fee_id)
    tariff = Tariff.objects.select_related("fee").get(pk=tariff.pk)
    if tariff.voided_at:
        raise Refused(_("This tariff is void already. Reload the page."))
    if is_used(tariff):
        raise Refused(
            _("Bills or a billing run were counted by this tariff, so it stays. Enter a new one from a later month on.")
        )
    Tariff.objects.filter(pk=tariff.pk).update(voided_at=now, voided_by=by, void_reason=reason)
    events.log(tariff, "tariff_voided", by=by, now=now, note=reason)
    before = Tariff.objects.in_force().filter(fee=tariff.fee, valid__endswith=tariff.valid.lower).first()
    if before:
        _end(before, tariff.valid.upper, by=by, now=now)


def is_used(tariff):
    """Return whether a bill, void or not, or a run was counted by `tariff`. One query."""
    return Tariff.objects.filter(Q(bills__isnull=False) | Q(runs__isnull=False), pk=tariff.pk).exists()
