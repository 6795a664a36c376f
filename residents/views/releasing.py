"""Slips that let goods out (放行条): the list, asking, deciding, the paper, and the file of a week."""

import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from residents import actions, gate, release_list, voiding
from residents.forms import moving as forms
from residents.forms.fields import renew
from residents.forms.releasing import AskForm, SlipExportForm, SlipFilterForm
from residents.models import MoveBooking, ReleaseSlip, Unit
from residents.views.moving import DESK, OFFICE, monday_of, tabs
from residents.views.steps import door_to, steps_of
from servicedesk.core import clock, spreadsheets
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required, roles_in

DECIDERS = (Role.SUPERVISOR, Role.DEPUTY_GM)
A_PAGE = 50
Status = ReleaseSlip.Status
# The steps of a slip: name, label, form. Those without a form are one button.
STEPS = [
    ("approve", gettext_lazy("Approve"), None),
    ("consent", gettext_lazy("Record the owner's consent"), forms.ConsentForm),
    ("refuse", gettext_lazy("Refuse the slip"), forms.ReasonForm),
    ("unmask", gettext_lazy("Show the telephone number"), forms.UnmaskForm),
    ("void", gettext_lazy("Make it void"), forms.ReasonForm),
]


@require_GET
@role_required(*OFFICE)
def slips(request):
    """The slips, the latest first, in pages of fifty."""
    now, community = clock.now(), request.community
    today = community.local(now).date()
    form = SlipFilterForm(request.GET)
    rows = ReleaseSlip.objects.filter(community=community).with_places().prefetch_related("items")
    page = Paginator(release_list.filtered(rows, form.cleaned_data if form.is_valid() else {}, today), A_PAGE).get_page(
        request.GET.get("page")
    )
    asked = {name: value for name, value in request.GET.items() if name in form.fields and value}
    context = {
        "now": now,
        "page": page,
        "rows": release_list.with_status(page.object_list, today),
        "filter_form": form,
        "newer": f"?{urlencode(asked | {'page': page.previous_page_number()})}" if page.has_previous() else "",
        "older": f"?{urlencode(asked | {'page': page.next_page_number()})}" if page.has_next() else "",
        "may_ask": bool(roles_in(request.user, community.pk) & set(DESK)),
        "monday": today - datetime.timedelta(days=today.weekday()),
        "tabs": tabs(request, "residents:slips"),
    }
    with timezone.override(community.tz):
        return render(request, "residents/slips/list.html", context)


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def slip_ask(request):
    """Ask for goods to be let out; from a booking, who asks and when stand there already."""
    now, community, status = clock.now(), request.community, 200
    today = community.local(now).date()
    with timezone.override(community.tz):
        form = AskForm(request.POST or None, community=community, today=today, initial=_asked_for(request))
        if request.method == "POST" and form.is_valid():
            try:
                slip = actions.ask_slip(by=request.user, now=now, **form.facts)
            except Refused as refused:
                form.add_error("valid_until", str(refused))
                renew(form)
                status = refused.status_code
            else:
                messages.success(
                    request, _("Entered as %(number)s. A supervisor approves it.") % {"number": slip.number}
                )
                return redirect(slip)
        elif request.method == "POST":
            status = 422
        return render(request, "residents/slips/ask.html", {"form": form}, status=status)


def _asked_for(request):
    """Return what an address fills into the form: a home, or a booking with everything that it knows."""
    keys = {name: request.GET.get(name, "") for name in ("unit", "booking")}
    keys = {name: key for name, key in keys.items() if key.isascii() and key.isdigit() and len(key) <= 15}
    if "booking" in keys:
        rows = MoveBooking.objects.filter(community=request.community).select_related("unit", "applicant")
        if booking := rows.filter(pk=keys["booking"]).first():
            names = ("applicant_name", "applicant_phone", "relation", "plate_no")
            day = request.community.local(booking.window.lower).date()
            facts = {} if booking.is_sealed else {name: getattr(booking, name) for name in names}
            return facts | {"booking": booking.pk, "unit": booking.unit.label, "valid_on": day}
    unit = Unit.objects.filter(community=request.community, pk=keys["unit"]).first() if "unit" in keys else None
    return {"unit": unit.label} if unit else {}


def find(request, pk):
    """Return a slip of the community with its things, 404 for any other. Two queries."""
    rows = ReleaseSlip.objects.filter(community=request.community).with_places()
    rows = rows.select_related("consent_recorded_by").prefetch_related("items")
    row = get_object_or_404(rows, pk=pk)
    row.community = request.community
    return row


def _allowed(request, row, now):
    """Return the steps that this person may take on this slip now."""
    held = roles_in(request.user, request.community.pk)
    allowed = set()
    if row.is_over(request.community.local(now).date()):
        return allowed
    if held & set(DECIDERS) and row.status == Status.ASKED and row.asked_by_id != request.user.pk:
        allowed |= {"refuse"} if row.lacks_consent else {"approve", "refuse"}
    if held & set(DESK):
        allowed |= {"unmask"} if row.shown_phone else set()
        entered = {"author": row.asked_by_id, "since": row.asked_at, "now": now}
        may_void = row.is_open and voiding.may_void(request.user, request.community.pk, **entered)
        allowed |= {"void"} if may_void else set()
        allowed |= {"consent"} if row.is_open and row.needs_consent else set()
    return allowed


def show(request, row, *, bound=None, step="", refusal="", revealed=False, status=200):
    """Render the page of a slip, with a form that came back where there is one."""
    now = clock.now()
    shown = row.status_on(request.community.local(now).date())
    allowed = _allowed(request, row, now)
    initial = {"agreed_at": request.community.local(now)}
    context = {
        **steps_of(request, row, STEPS, allowed, bound=bound, step=step, refusal=refusal, initial=initial),
        "now": now,
        "shown": shown,
        "tag": release_list.tag_of(shown),
        "revealed": revealed,
        "is_own": row.asked_by_id == request.user.pk,
        "may_print": shown == Status.APPROVED,
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/slips/page.html", context, status=status)


@require_GET
@role_required(*OFFICE)
def slip(request, pk):
    """One slip with everything about it, and a button for each step that may be taken now."""
    return show(request, find(request, pk))


@door_to(find, show, *DECIDERS, done=gettext_lazy("Approved. Print it and hand it over."))
def approve(request, row, facts, now):
    actions.approve_slip(row, by=request.user, now=now)


@door_to(find, show, *DECIDERS, form_class=forms.ReasonForm, done=gettext_lazy("Refused. Tell the resident why."))
def refuse(request, row, facts, now):
    actions.refuse_slip(row, by=request.user, now=now, **facts)


@door_to(find, show, *DESK, form_class=forms.ReasonForm, done=gettext_lazy("It is void; its number stays."))
def void(request, row, facts, now):
    actions.void_slip(row, by=request.user, now=now, **facts)


@door_to(find, show, *DESK, form_class=forms.ConsentForm, done=gettext_lazy("The owner's consent is recorded."))
def consent(request, row, facts, now):
    actions.record_consent(row, by=request.user, now=now, **facts)


@door_to(find, show, *DESK, form_class=forms.UnmaskForm)
def unmask(request, row, facts, now):
    actions.unmask_applicant(row, by=request.user, now=now, **facts)
    return show(request, row, revealed=True)


SLIP_STEPS = [approve, refuse, void, consent, unmask]


@require_GET
@role_required(*OFFICE)
def slip_print(request, pk):
    """The slip on half a sheet, with the code that the gate scans; on paper only what is approved is good."""
    row = find(request, pk)
    token = gate.token_of(request.community.pk, row.number)
    address = request.build_absolute_uri(reverse("residents:gate_scan", args=[token]))
    now = clock.now()
    context = {
        "row": row,
        "shown": row.status_on(request.community.local(now).date()),
        "address": address,
        "community": request.community,
        "now": now,
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/slips/print.html", context)


# The file of a week ---------------------------------------------------------------------------------------------------


@require_GET
@role_required(*OFFICE)
def slips_week(request):
    """The slips of a week on paper, with what happened at the gate, to be filed with the slips themselves."""
    now, community = clock.now(), request.community
    monday = monday_of(request, community.local(now).date())
    context = {
        "rows": release_list.of_week(community, monday, now),
        "monday": monday,
        "sunday": monday + datetime.timedelta(days=6),
        "earlier": f"?week={monday - datetime.timedelta(days=7)}",
        "later": f"?week={monday + datetime.timedelta(days=7)}",
        "community": community,
    }
    with timezone.override(community.tz):
        return render(request, "residents/slips/week.html", context)


@require_http_methods(["GET", "POST"])
@role_required(*OFFICE)
def slips_export(request):
    """Hand out the slips of a week as a file, with the reason on record."""
    now, community = clock.now(), request.community
    monday = monday_of(request, community.local(now).date())
    form = SlipExportForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        context = {"form": form, "monday": monday, "sunday": monday + datetime.timedelta(days=6)}
        status = 200 if request.method == "GET" else 422
        return render(request, "residents/slips/export.html", context, status=status)
    rows, reason = release_list.of_week(community, monday, now), form.cleaned_data["reason"]
    last = monday + datetime.timedelta(days=6)
    actions.log_slip_export(
        community, by=request.user, now=now, reason=reason, count=len(rows), first=monday, last=last
    )
    name = f"{community.code}-{monday:%Y%m%d}-slips.{form.cleaned_data['format']}"
    header, cells = release_list.header(), (release_list.cells(row, community) for row in rows)
    if form.cleaned_data["format"] == "csv":
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        lines = spreadsheets.csv_lines(header, cells)
        return StreamingHttpResponse(lines, content_type=spreadsheets.CSV_TYPE, headers=disposition)
    about = [
        (_("Community"), community.name),
        (_("Taken out by"), str(request.user)),
        (_("At"), community.local(now)),
        (_("What for"), reason),
        (_("Slips"), len(rows)),
    ]
    file = spreadsheets.xlsx_file(header, cells, title=community.code, about=about)
    return FileResponse(file, as_attachment=True, filename=name, content_type=spreadsheets.XLSX_TYPE)
