"""Weekly and monthly reports (周报 月报): counted while they are open, shown as they were signed afterwards."""

from django.contrib import messages
from django.db.models import Min
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from complaints import actions, figures, listing, sheets
from complaints.actions.closing import addressee
from complaints.forms.closing import ReportForm
from complaints.models import Case, Report
from complaints.permissions import may_in
from servicedesk.core import clock, kept, spreadsheets
from servicedesk.core.calendar import calendar_of
from servicedesk.core.duty import holders
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required

READERS = (Role.SUPERVISOR, Role.DEPUTY_GM)
WEEKS, MONTHS = 8, 13
# Nobody waits for the recount of what was signed: it may be ten minutes old.
RECOUNT_SECONDS = 600


@require_GET
@role_required(*READERS)
def reports(request):
    """The last weeks and months with their state: running, to be signed, signed, read."""
    now, community = clock.now(), request.community
    today = calendar_of(community).day_of(now)
    signed = {
        (report.span, report.starts_on): report
        for report in Report.objects.filter(community=community)
        .select_related("signed_by", "read_by")
        .defer("snapshot")
    }
    began = Case.objects.in_community(community).aggregate(began=Min("received_at"))["began"]
    with timezone.override(community.tz):
        context = {
            "now": now,
            "tables": [
                (_("Weeks"), _lines(figures.WEEK, today, WEEKS, signed, began, community, now)),
                (_("Months"), _lines(figures.MONTH, today, MONTHS, signed, began, community, now)),
            ],
        }
        return render(request, "complaints/reports/index.html", context)


def _lines(span, today, most, signed, began, community, now):
    """Return the last periods since the first case came in, the running one first: each with its report, if signed."""
    found, period = [], figures.period_of(span, today)
    while not found or (len(found) < most and began is not None and began < period.moments(community)[1]):
        report = signed.get((span, period.starts_on))
        found.append(
            {
                "period": period,
                "url": sheets.address(period),
                "report": report,
                "is_over": period.is_over(community, now),
            }
        )
        period = period.before
    return found


class Shown:
    """A report as this person is shown it: frozen where it is signed, counted for them where it is not.

    Whom a case of its time is about is shown what they may see, counted now, whether it is signed or not (ruling 12).
    """

    def __init__(self, request, span, starts_on):
        self.now, self.community, self.user = clock.now(), request.community, request.user
        self.period = figures.Period(span, starts_on)
        if self.now < self.period.moments(self.community)[0]:
            raise Http404
        rows = Report.objects.filter(community=self.community, span=span, starts_on=starts_on)
        self.report = rows.select_related("signed_by", "read_by").first()
        if self.report:
            self.report.community = self.community
        self.is_frozen = bool(self.report) and not figures.is_about(self.user, self.community, self.period)
        self.figures = self.report.snapshot if self.is_frozen else self.counted()

    def counted(self):
        scope = figures.Scope(self.community, self.user, self.period, self.now)
        parts = self.user.pk, self.community.pk, self.period.span, self.period.starts_on
        return kept.until_changed("figures", *parts, now=self.now, make=lambda: figures.count(scope))

    def differences(self):
        """Return what would be counted otherwise today than it was signed."""
        if not self.is_frozen:
            return []
        parts = self.user.pk, self.community.pk, self.period.span, self.period.starts_on
        today = kept.for_a_while("recount", *parts, seconds=RECOUNT_SECONDS, make=self.counted)
        return sheets.differences(self.figures, today, self.period)

    def context(self):
        return {
            "now": self.now,
            "period": self.period,
            "base": sheets.address(self.period),
            "title": sheets.title(self.period),
            "report": self.report,
            "is_frozen": self.is_frozen,
            "is_over": self.period.is_over(self.community, self.now),
            "addressee": self.report.addressee if self.report else self._addressee(),
            "sheet": sheets.present(
                self.figures, self.period, wide=listing.starts_at_the_top(self.user, self.community)
            ),
        }

    def _addressee(self):
        return addressee(self.community, self.period, holders(self.community, Role.DEPUTY_GM))


@require_GET
@role_required(*READERS)
def report(request, starts_on, span):
    """A week or a month: its figures, what the supervisor says of them, who signed and who read it."""
    with timezone.override(request.community.tz):
        return _page(request, Shown(request, span, starts_on), ReportForm())


def _page(request, shown, form, *, refusal="", status=200):
    context = {
        **shown.context(),
        "form": form,
        "refusal": refusal,
        "differences": shown.differences(),
        "earlier_url": sheets.address(shown.period.before),
        "may_sign": may_in(request.user, "sign_report", request.community) and not shown.report,
        "may_read": may_in(request.user, "read_report", request.community)
        and shown.report is not None
        and shown.report.read_at is None,
    }
    return render(request, "complaints/reports/report.html", context, status=status)


@require_POST
@role_required(Role.SUPERVISOR)
def sign(request, starts_on, span):
    """Sign the report with the words beside its figures; what was typed comes back where it cannot be."""
    form = ReportForm(request.POST)
    with timezone.override(request.community.tz):
        shown = Shown(request, span, starts_on)
        if not form.is_valid():
            return _page(request, shown, form, status=422)
        try:
            actions.sign_report(
                request.community, shown.period, by=request.user, now=shown.now, text=form.cleaned_data["text"]
            )
        except Refused as refused:
            return _page(request, shown, form, refusal=str(refused), status=refused.status_code)
    messages.success(request, _("Signed. The figures stay as they are now."))
    return redirect(sheets.address(shown.period))


@require_POST
@role_required(Role.DEPUTY_GM)
def read(request, starts_on, span):
    """Mark a signed report as read."""
    rows = Report.objects.select_related("community")
    found = get_object_or_404(rows, community=request.community, span=span, starts_on=starts_on)
    actions.read_report(found, by=request.user, now=clock.now())
    return redirect(found)


@require_GET
@role_required(*READERS)
def on_paper(request, starts_on, span):
    """The report on A4 with lines to sign on."""
    with timezone.override(request.community.tz):
        return render(request, "complaints/reports/print.html", Shown(request, span, starts_on).context())


@require_GET
@role_required(*READERS)
def excel(request, starts_on, span):
    """The figures as a workbook: numbers as numbers, words as words."""
    with timezone.override(request.community.tz):
        shown = Shown(request, span, starts_on)
        sheet = sheets.present(shown.figures, shown.period)
        about = sheets.about(shown.community, shown.period, shown.report, request.user, shown.now)
        file = spreadsheets.xlsx_file(
            sheets.header(), sheets.rows(sheet), title=sheets.title(shown.period), about=about
        )
    name = f"{shown.community.code}-{sheets.slug(shown.period)}.xlsx"
    return FileResponse(file, as_attachment=True, filename=name, content_type=spreadsheets.XLSX_TYPE)
