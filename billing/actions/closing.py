"""Closing a month of fees: its figures stand as they are, and nothing is billed for it any more (section 28)."""

from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from billing import charging, figures
from billing.models import BillRun, MoneyRequest, MonthClose, Shift, StatementLine
from complaints.listing import midnight
from servicedesk.core import events
from servicedesk.core.alone import close_months_alone, keep_months_open
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Community, Role
from servicedesk.core.roles import has_role


def month_to_bill(community, month, *, now):
    """Return the month that a bill about `month` is billed in: that one or, where it was closed, the current one.

    For what no tariff counts: by hand, late charges, the former books. Nobody closes a month of the community until the
    transaction ends. Raises Refused where one is being closed for too long. Two queries.
    """
    keep_months_open(community)
    return community.local(now).date().replace(day=1) if _is_closed(community, month) else month


def _is_closed(community, month):
    return MonthClose.objects.filter(community=community, month=month).exists()


def demand_open_month(community, month):
    """Raise Refused where `month` was closed: nothing is billed for it by a tariff any more.

    Nobody closes one until the transaction ends, as with `month_to_bill`. Two queries.
    """
    keep_months_open(community)
    if _is_closed(community, month):
        raise Refused(
            _("The month %(month)s is closed. Nothing is billed for it any more: bill it by hand in this month.")
            % {"month": f"{month:%Y-%m}"}
        )


def unfinished(community, month):
    """Return what of a month is not done, as (sentence, whether it has to be done first) pairs.

    At most four queries.
    """
    runs = BillRun.objects.filter(community=community, month=month).order_by("-pk").values("status", "left_out")
    states = [(run["status"], run["left_out"]) for run in runs]
    ends = midnight(figures.next_month(month), community)
    open_rows = (
        Shift.objects.filter(opened_at__lt=ends).open(),
        MoneyRequest.objects.waiting().filter(asked_at__lt=ends),
        StatementLine.objects.waiting().filter(at__lt=ends),
    )
    counts = [_count_of(rows) for rows in open_rows]
    shifts, waiting, unmatched = Community.objects.filter(pk=community.pk).values_list(*counts).get()
    left_out = next((left for status, left in states if status == BillRun.Status.DONE), None)
    found = []
    # Where fees have longer periods, some months have nothing to bill.
    if left_out is None and (states or charging.tariffs_of(community, month)):
        found.append((_("No billing run of this month has finished."), True))
    if any(status == BillRun.Status.RUNNING for status, _left in states):
        found.append((_("A billing run of this month is at work."), True))
    if shifts:
        found.append((_("Cash shifts of this month that are still open: %(n)s.") % {"n": shifts}, True))
    if left_out:
        found.append((_("Homes without a bill, each with its reason: %(n)s.") % {"n": left_out}, False))
    if unmatched:
        found.append((_("Lines of statements that wait for a home: %(n)s.") % {"n": unmatched}, False))
    if waiting:
        found.append((_("Requests about money that nobody has decided on: %(n)s.") % {"n": waiting}, False))
    return found


def _count_of(rows):
    """Return the expression that counts those of `rows` that belong to a community."""
    counted = rows.filter(community=OuterRef("pk")).order_by().values("community").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n")), 0)


@transaction.atomic
def close_month(community, month, *, by, now, note=""):
    """Close a month that is over and return its MonthClose with the figures as they are now.

    Raises NotAllowed for who is not of finance; Refused before the month is over, where something has to be done
    first, where something else is open and no note says why, and where it is closed already.
    """
    if not has_role(by, community.pk, Role.FINANCE):
        raise NotAllowed(_("Finance closes a month."))
    if community.local(now).date() < figures.next_month(month):
        raise Refused(_("This month is not over yet. It can be closed from the first day of the next one."))
    close_months_alone(community)
    left = unfinished(community, month)
    if first := [sentence for sentence, is_first in left if is_first]:
        raise Refused(" ".join(first))
    if left and not note:
        raise Refused(_("Something is still open. Write why the month is closed all the same."))
    counted = figures.of_month(community, month, now=now).frozen()
    try:
        with transaction.atomic():
            closed = MonthClose.objects.create(
                community=community, month=month, closed_at=now, closed_by=by, figures=counted, note=note
            )
    except IntegrityError as error:
        raise Refused(_("This month was closed already. Its figures are below.")) from error
    events.log(closed, "month_closed", by=by, now=now, note=note, data={"month": f"{month:%Y-%m}"})
    return closed
