"""The register of incoming letters (收文登记本): enter, make a case of it, explain, print, take out."""

from django.contrib import messages
from django.http import FileResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from complaints import actions, mail
from complaints.forms.letters import ExplainForm, PeriodForm, RegisterForm
from complaints.forms.lists import ExportForm
from complaints.models import IncomingLetter
from servicedesk.core import clock, spreadsheets
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Role
from servicedesk.core.roles import role_required, roles_in

DESK = (Role.CLERK, Role.SUPERVISOR)
OFFICE = (*DESK, Role.DEPUTY_GM)


def _page(request, now, *, form=None, row=None, explain=None, export_form=None, status=200):
    community = request.community
    with timezone.override(community.tz):
        today = community.local(now).date()
        period = PeriodForm(request.GET, today=today)
        lines, has_more = mail.lines(request.user, community, period.days, today)
        is_desk = bool(roles_in(request.user, community.pk) & set(DESK))
        context = {
            "now": now,
            "period": period,
            "query": urlencode({"first": period.days[0], "last": period.days[1]}),
            "lines": lines,
            "has_more": has_more,
            "most": mail.MOST,
            "is_desk": is_desk,
            "form": explain if explain is not None and explain.is_bound else form or period,
            "register_form": form or (RegisterForm(community=community, now=now) if is_desk and not row else None),
            "row": row,
            "explain_form": explain or ExplainForm(),
            "events": Event.objects.about(row) if row else (),
            "export_form": export_form or (ExportForm(here=community) if "export" in request.GET else None),
        }
        return render(request, "complaints/mail.html", context, status=status)


@require_GET
@role_required(*OFFICE)
def register(request):
    """The letters of a period, newest first, with the case and the answer of each."""
    return _page(request, clock.now())


@require_POST
@role_required(*DESK)
def enter(request):
    """Enter a letter that is no case yet."""
    now = clock.now()
    with timezone.override(request.community.tz):
        form = RegisterForm(request.POST, community=request.community, now=now)
        if form.is_valid():
            try:
                letter = actions.register_letter(request.community, by=request.user, now=now, **form.cleaned_data)
            except Refused as refused:
                form.add_error("received_at", str(refused))
            else:
                messages.success(request, _("Entered as %(number)s.") % {"number": letter.number})
                return redirect("complaints:mail")
    return _page(request, now, form=form, status=422)


@require_http_methods(["GET", "POST"])
@role_required(*OFFICE)
def incoming(request, pk):
    """One letter beside the register; a POST explains why it is no case."""
    now = clock.now()
    rows = IncomingLetter.objects.visible_to(request.user).filter(community=request.community)
    row = get_object_or_404(rows.select_related("case", "presented_to", "registered_by"), pk=pk)
    if request.method == "GET":
        return _page(request, now, row=row)
    form = ExplainForm(request.POST)
    if form.is_valid():
        try:
            actions.explain_letter(row, by=request.user, now=now, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Noted."))
            return redirect("complaints:mail")
    return _page(request, now, row=row, explain=form, status=422)


@require_GET
@role_required(*OFFICE)
def printed(request):
    """The register of a period on paper, in the order of the numbers."""
    community, now = request.community, clock.now()
    with timezone.override(community.tz):
        today = community.local(now).date()
        period = PeriodForm(request.GET, today=today)
        lines, _more = mail.lines(request.user, community, period.days, today)
        context = {"lines": lines[::-1], "days": period.days, "community": community, "now": now}
        return render(request, "complaints/mail_print.html", context)


@require_POST
@role_required(*OFFICE)
def export(request):
    """Hand out the register of a period as a file, with the reason on record."""
    now, community = clock.now(), request.community
    form = ExportForm(request.POST, here=community)
    if not form.is_valid():
        return _page(request, now, export_form=form, status=422)
    today = community.local(now).date()
    period = PeriodForm(request.GET, today=today)
    lines, _more = mail.lines(request.user, community, period.days, today)
    reason, kind = form.cleaned_data["reason"], form.cleaned_data["format"]
    wanted = f"{reverse('complaints:mail')}?{urlencode({'first': period.days[0], 'last': period.days[1]})}"
    actions.log_export(community, by=request.user, now=now, reason=reason, count=len(lines), wanted=wanted, form=kind)
    name = f"{community.code}-{community.local(now):%Y%m%d-%H%M}-letters.{kind}"
    header, rows = mail.header(), mail.cells(lines[::-1], community)
    if kind == ExportForm.CSV:
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(
            spreadsheets.csv_lines(header, rows), content_type=spreadsheets.CSV_TYPE, headers=disposition
        )
    about = [
        (_("Community"), community.name),
        (_("Taken out by"), str(request.user)),
        (_("At"), community.local(now)),
        (_("What for"), reason),
        (_("Letters"), len(lines)),
    ]
    file = spreadsheets.xlsx_file(header, rows, title=community.code, about=about)
    return FileResponse(file, as_attachment=True, filename=name, content_type=spreadsheets.XLSX_TYPE)
