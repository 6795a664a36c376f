"""What a guard sees on the telephone: whether a card lets somebody in, and which keys are out."""

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from residents.forms.credentials import LookUpForm
from residents.gate import GUARDS
from residents.models import Credential, KeyLoan
from servicedesk.core import clock
from servicedesk.core.doors import OFFICE, part_of
from servicedesk.core.roles import role_required

# Those of the department that stands at the gate (秩序部), and the office.
GATE = (*OFFICE, *GUARDS)


@require_GET
@role_required(*GATE)
def gate_cards(request):
    """One number: valid or not, its kind, the surname of the holder and the last day. Nothing else of anybody."""
    today = request.community.local(clock.now()).date()
    form = LookUpForm(request.GET if "number" in request.GET else None)
    found = []
    if form.is_valid():
        rows = Credential.objects.filter(community=request.community, number=form.cleaned_data["number"])
        found = list(rows.select_related("person").order_by("-issued_at", "-pk")[:10])
        for card in found:
            card.is_valid = card.is_valid_on(today)
        # The same number may have been on cards that have ended; whoever stands there shows the one in use.
        found = [card for card in found if card.is_valid] or found[:1]
    context = {"form": form, "found": found, "asked": form.is_bound and not form.errors}
    return render(request, "residents/gate/card.html", context, status=422 if form.errors else 200)


@require_GET
@role_required(*GATE)
def gate_keys(request):
    """The keys that are out, the latest first."""
    now = clock.now()
    loans = KeyLoan.objects.filter(community=request.community).out().with_people()
    with timezone.override(request.community.tz):
        return render(request, "residents/gate/keys.html", {"part": part_of(loans, request), "now": now})
