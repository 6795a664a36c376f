"""The figures of fees: a month on one page, its Excel sheet, and its closing."""

from django.contrib import messages
from django.http import FileResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods

from billing import actions, figures
from billing.forms.closing import CloseMonthForm
from billing.models import MonthClose
from servicedesk.core import clock, spreadsheets
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import has_role, role_required

READERS = (Role.FINANCE, Role.SUPERVISOR, Role.DEPUTY_GM)


@require_GET
@role_required(*READERS)
def figures_now(request):
    """Lead to the figures of the month before: the newest that can be whole."""
    today = request.community.local(clock.now()).date()
    return redirect("billing:figures_of", figures.month_before(today.replace(day=1)))


@require_GET
@role_required(*READERS)
def figures_of(request, month):
    """What was billed for a month and came in, by money and by household; old arrears; a year in months."""
    return _page(request, month)


@require_http_methods(["GET", "POST"])
@role_required(Role.FINANCE)
def close(request, month):
    """Close a month; what keeps it from being closed is said on its page."""
    if request.method == "GET":
        return redirect("billing:figures_of", month)
    form = CloseMonthForm(request.POST)
    if not form.is_valid():
        return _page(request, month, form=form, status=422)
    try:
        actions.close_month(request.community, month, by=request.user, now=clock.now(), **form.cleaned_data)
    except Refused as refused:
        return _page(request, month, form=form, refused=str(refused), status=refused.status_code)
    messages.success(request, _("The month is closed. Its figures stand as they are now."))
    return redirect("billing:figures_of", month)


def _page(request, month, *, form=None, refused="", status=200):
    community, now = request.community, clock.now()
    counted = figures.of_month(community, month, now=now)
    closed = MonthClose.objects.filter(community=community, month=month).select_related("closed_by").first()
    is_over = community.local(now).date() >= figures.next_month(month)
    may_close = closed is None and is_over and has_role(request.user, community.pk, Role.FINANCE)
    context = {
        # What was closed comes first: it is what was reported. What it comes to today stands beside it.
        "counted": counted.as_closed(closed.figures) if closed else counted,
        "today": counted,
        "closed": closed,
        "changed": closed is not None and closed.figures != counted.frozen(),
        "is_over": is_over,
        "has_begun": community.local(now).date() >= month,
        "left": actions.unfinished(community, month) if closed is None else [],
        "form": (form or CloseMonthForm()) if may_close else None,
        "refused": refused,
        "before": figures.month_before(month),
        "after": figures.next_month(month),
        "now": now,
    }
    with timezone.override(community.tz):
        return render(request, "billing/figures.html", context, status=status)


@require_GET
@role_required(*READERS)
def excel(request, month):
    """The figures of a month as a workbook: numbers as numbers, names as text."""
    counted = figures.of_month(request.community, month, now=clock.now())
    header = [
        pgettext("money", "What"),
        pgettext("money", "Name"),
        _("Billed"),
        pgettext("money", "Received"),
        pgettext("money", "Open"),
        _("Homes"),
        _("Homes that owe nothing"),
    ]
    lines = [(_("Altogether"), [counted.total]), (_("Fee"), counted.by_fee), (_("Building"), counted.by_building)]
    rows = [
        [what, one.label, one.billed, one.received, one.open, one.homes, one.settled]
        for what, rates in lines
        for one in rates
    ]
    about = [
        (_("Month"), f"{month:%Y-%m}"),
        (_("Community"), str(request.community)),
        (_("Old arrears when the month began"), counted.old.began_with),
        (_("Recovered in the month"), counted.old.recovered),
        (_("Late charges"), _("in no figure of this file")),
    ]
    file = spreadsheets.xlsx_file(header, rows, title=f"{month:%Y-%m}", about=about)
    name = f"{request.community.code}-fees-{month:%Y-%m}.xlsx"
    return FileResponse(file, as_attachment=True, filename=name, content_type=spreadsheets.XLSX_TYPE)
