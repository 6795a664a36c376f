"""What the close of a day looks through of the drawers: what differed, and what is still open (S12, 收款差额)."""

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import Shift
from complaints import closing


def drawers(day):
    """Return the Check of the cash shifts of a day: those that were closed in it and whose cash is not what the book
    says, and those that nobody had counted by its end. A line of a second person stands beside the cashier's. One
    query."""
    counted = Q(closed_at__gte=day.since, closed_at__lt=day.until) & ~Q(difference=0)
    still_open = Q(closed_at=None) | Q(closed_at__gte=day.until)
    rows = Shift.objects.filter(counted | still_open, community=day.community, opened_at__lt=day.until)
    found = [_row(one, day) for one in rows.select_related("cashier").order_by("opened_at", "pk")]
    hint = _("Where the cash differs, a second person reads why. An open shift is counted, or a line says why not.")
    return day.other("drawers", found, hint=hint, url=reverse("billing:cash_day", args=[day.date]))


def _row(shift, day):
    facts = {"key": str(shift.pk), "label": shift.number, "url": shift.get_absolute_url(), "who": str(shift.cashier)}
    if shift.is_open or shift.closed_at >= day.until:
        return closing.Row(**facts, what=_("Open since"), at=shift.opened_at)
    what = _("Differs by %(amount)s yuan, counted") % {"amount": f"{shift.difference:+,.2f}"}
    return closing.Row(**facts, what=what, at=shift.closed_at, words=shift.reason)


def register():
    """Put it before what waits for a decision: drawers are settled before the day is looked at as a whole."""
    title = gettext_lazy("Cash differences and open shifts")
    closing.add("drawers", title, drawers, before=closing.decide, is_to_do=True)
