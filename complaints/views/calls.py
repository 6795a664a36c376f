"""Calls (来电): what was missed or told by telephone, and which of it is no case yet (漏记)."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from complaints import actions
from complaints.forms.calls import CallForm, DayForm, SettleForm
from complaints.listing import midnight
from complaints.models import Call
from servicedesk.core import clock
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required

DESK = (Role.CLERK, Role.SUPERVISOR)
MOST = 300


def _page(request, now, *, form=None, row=None, settle=None, status=200):
    community = request.community
    with timezone.override(community.tz):
        day = DayForm(request.GET, today=community.local(now).date())
        first, after = (midnight(date, community) for date in day.span)
        rows = (
            Call.objects.visible_to(request.user)
            .filter(community=community)
            .select_related("case", "answered_by", "entered_by")
        )
        context = {
            "now": now,
            "day": day,
            "rows": list(rows.filter(at__gte=first, at__lt=after)[:MOST]),
            "older": list(rows.loose().filter(at__lt=first).order_by("at", "id")[:MOST]),
            "call_form": form or (None if row else CallForm(community=community, now=now)),
            "row": row,
            "settle_form": settle or SettleForm(community=community, user=request.user),
            "form": form or settle or day,
        }
        return render(request, "complaints/calls.html", context, status=status)


def _row(request, pk):
    rows = Call.objects.visible_to(request.user).filter(community=request.community)
    return get_object_or_404(rows.select_related("case", "answered_by", "entered_by"), pk=pk)


@require_GET
@role_required(*DESK)
def calls(request):
    """The calls of a day, and above them those of earlier days that are no case yet."""
    return _page(request, clock.now())


@require_POST
@role_required(*DESK)
def enter(request):
    """Type in a call."""
    now = clock.now()
    with timezone.override(request.community.tz):
        form = CallForm(request.POST, community=request.community, now=now)
        if form.is_valid():
            try:
                actions.enter_call(request.community, by=request.user, now=now, **form.cleaned_data)
            except Refused as refused:
                form.add_error("at", str(refused))
            else:
                messages.success(request, _("The call is recorded."))
                return redirect("complaints:calls")
    return _page(request, now, form=form, status=422)


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def call(request, pk):
    """One call beside the list; a POST links it to a case or explains why there is none."""
    now, row = clock.now(), _row(request, pk)
    if request.method == "GET":
        return _page(request, now, row=row)
    form = SettleForm(request.POST, community=request.community, user=request.user)
    if form.is_valid():
        case, reason = form.cleaned_data["number"], form.cleaned_data["reason"]
        try:
            if case:
                actions.link_call(row, case=case, by=request.user, now=now)
            else:
                actions.explain_call(row, reason=reason, by=request.user, now=now)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Noted."))
            return redirect("complaints:calls")
    return _page(request, now, row=row, settle=form, status=422)


@require_POST
@role_required(*DESK)
def begin(request, pk):
    """Begin a request from a call: its number is taken on record and stands in the form."""
    row = _row(request, pk)
    actions.open_call(row, by=request.user, now=clock.now())
    return redirect(f"{reverse('desk:intake')}?call={row.pk}")
