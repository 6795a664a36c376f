"""The gate on a guard's phone (门岗): scan a slip or type its number, let out once, or say what differs."""

import datetime

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from residents import actions
from residents.forms.releasing import DifferForm, NumberForm
from residents.gate import GUARDS, Verdict, number_of, verdict
from residents.models import ReleaseSlip
from servicedesk.core import clock, tokens
from servicedesk.core.errors import Refused
from servicedesk.core.notifications import UNDO_MINUTES
from servicedesk.core.roles import role_required

MOST = 50


def _of_here(request):
    return ReleaseSlip.objects.filter(community=request.community).with_places()


def _find(request, pk):
    row = get_object_or_404(_of_here(request).prefetch_related("items"), pk=pk)
    row.community = request.community
    return row


@require_http_methods(["GET", "POST"])
@role_required(*GUARDS)
def gate(request):
    """Type the number of a slip; below it, what may leave today. A slip that is not good is recorded as turned away."""
    now, community = clock.now(), request.community
    today = community.local(now).date()
    form = NumberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        number = number_of(form.cleaned_data["number"], today)
        row = _of_here(request).filter(number=number).first()
        if row is not None:
            row.community = community
            actions.turn_away(row, by=request.user, now=now)
            return redirect("residents:gate_slip", row.pk)
        form.add_error("number", _("There is no slip %(number)s here. Look at the number again.") % {"number": number})
    good = _of_here(request).filter(status=ReleaseSlip.Status.APPROVED, valid_on__lte=today, valid_until__gte=today)
    context = {"form": form, "rows": good.order_by("pk")[:MOST], "now": now}
    return render(request, "residents/gate/index.html", context, status=422 if form.errors else 200)


@require_GET
@role_required(*GUARDS)
def gate_scan(request, token):
    """Lead from the code on the paper to the slip."""
    row = get_object_or_404(_of_here(request), token_digest=tokens.digest(token))
    return redirect("residents:gate_slip", row.pk)


def _show(request, row, now, *, form=None, status=200):
    found = verdict(row, now)
    mine = found == Verdict.USED and row.gate_checked_by_id == request.user.pk
    may_undo = mine and now - row.gate_checked_at < datetime.timedelta(minutes=UNDO_MINUTES)
    context = {
        "row": row,
        "now": now,
        "verdict": found,
        "is_good": found == Verdict.GOOD,
        # Right after the tap alone: whoever scans the slip again reads that it is used.
        "is_done": may_undo and "done" in request.GET,
        "may_undo": may_undo,
        "differs": "differs" in request.GET or form is not None,
        "form": form or DifferForm(initial={"version": row.version}),
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/gate/slip.html", context, status=status)


@require_GET
@role_required(*GUARDS)
def gate_slip(request, pk):
    """One slip at the gate: in big letters what it is worth, its things, and one tap to let them out."""
    return _show(request, _find(request, pk), clock.now())


@require_POST
@role_required(*GUARDS)
def gate_pass(request, pk):
    """Let the goods out. Whoever comes second is told, and the attempt is on record."""
    row, now = _find(request, pk), clock.now()
    try:
        actions.pass_gate(row, by=request.user, now=now)
    except Refused:
        row = _find(request, pk)
        actions.turn_away(row, by=request.user, now=now)
        return _show(request, row, now, status=409)
    return redirect(f"{reverse('residents:gate_slip', args=[row.pk])}?done=1")


@require_POST
@role_required(*GUARDS)
def gate_away(request, pk):
    """Record that somebody came with a slip that is not good."""
    row, now = _find(request, pk), clock.now()
    actions.turn_away(row, by=request.user, now=now)
    return _show(request, row, now)


@require_POST
@role_required(*GUARDS)
def gate_differs(request, pk):
    """Record what differs; the goods wait, and the office is told."""
    row, now = _find(request, pk), clock.now()
    form = DifferForm(request.POST)
    if not form.is_valid():
        return _show(request, row, now, form=form, status=422)
    try:
        actions.note_difference(row, by=request.user, now=now, **form.facts)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _show(request, _find(request, pk), now, form=form, status=refused.status_code)
    messages.success(request, _("The office is told. Please wait with the goods."))
    return redirect("residents:gate_slip", row.pk)


@require_POST
@role_required(*GUARDS)
def gate_undo(request, pk):
    """Take back a tap, within ten minutes."""
    row, now = _find(request, pk), clock.now()
    try:
        actions.undo_pass(row, by=request.user, now=now)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Taken back. The slip is good again."))
    return redirect("residents:gate_slip", row.pk)
