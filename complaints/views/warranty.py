"""The warranty (质保): what is claimed of whom, the steps of a claim on its case, and the settings of a community."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from complaints import actions, warranty
from complaints.forms import warranty as forms
from complaints.models import OutsideParty, WarrantyClaim
from complaints.views.case import STAFF, door_to
from residents.models import Building
from servicedesk.core import clock
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required, roles_in

SETTERS = (Role.SUPERVISOR, Role.ADMIN)


# A claim, on the page of its case -------------------------------------------------------------------------------------


def _open_claim(case):
    claim = warranty.open_claim(case)
    if claim is None:
        raise Refused(_("No claim runs any more. Look at what happened, please."))
    return claim


@door_to(forms.SendForm, done=gettext_lazy("Asked. The case stays with us, and the reminders go out by themselves."))
def send_warranty(request, case, facts, now):
    actions.send_warranty(case, by=request.user, now=now, **facts)


@door_to(forms.AnswerForm)
def answer_warranty(request, case, facts, now):
    claim, until = _open_claim(case), facts.pop("until")
    if facts.pop("outcome") == "accepted":
        actions.accept_warranty(case, claim=claim, until=until, by=request.user, now=now, **facts)
        messages.success(request, _("Recorded. The resident reads by when they repair it."))
    else:
        actions.refuse_warranty(case, claim=claim, by=request.user, now=now, **facts)
        messages.success(request, _("Recorded. A supervisor decides what is done about the refusal."))


@door_to(forms.FinishForm, done=gettext_lazy("Recorded. Now resolve the case and tell the resident."))
def finish_warranty(request, case, facts, now):
    actions.finish_warranty(case, claim=_open_claim(case), by=request.user, now=now, **facts)


@door_to(forms.CallForm, done=gettext_lazy("The call is recorded."))
def note_warranty_call(request, case, facts, now):
    actions.note_warranty_call(case, claim=_open_claim(case), by=request.user, now=now, **facts)


@door_to(forms.DecideForm)
def decide_warranty(request, case, facts, now):
    claim, outcome = _open_claim(case), facts.pop("outcome")
    if outcome == forms.DecideForm.INSIST:
        actions.insist_warranty(case, claim=claim, by=request.user, now=now, **facts)
        messages.success(request, _("Decided. Print the demand, sign it and hand it over."))
        return
    actions.settle_warranty(case, claim=claim, bearer=outcome, by=request.user, now=now, **facts)
    messages.success(request, _("Decided. The case goes on with us."))


@door_to(forms.DropForm, done=gettext_lazy("Taken back. The case goes on with us."))
def drop_warranty(request, case, facts, now):
    actions.drop_warranty(case, claim=_open_claim(case), by=request.user, now=now, **facts)


# The list -------------------------------------------------------------------------------------------------------------


def tabs(request, here):
    """Return the tabs of the warranty that this person may open."""
    pages = [("complaints:warranty", _("Claims"), STAFF)]
    pages += [("complaints:parties", _("Outside parties"), SETTERS), ("complaints:acceptance", _("Buildings"), SETTERS)]
    held = roles_in(request.user, request.community.pk)
    return [
        {"label": label, "url": reverse(name), "current": name == here}
        for name, label, roles in pages
        if held & set(roles)
    ]


@require_GET
@role_required(*STAFF)
def page(request):
    """The open claims by what has to be done next, the oldest promise first, and how each party keeps its word."""
    now, community = clock.now(), request.community
    key = request.GET.get("party", "")
    parties = warranty.numbers(request.user, community, now)
    chosen = next((one.party for one in parties if str(one.party.pk) == key), None)
    context = {
        "now": now,
        "lines": warranty.lines(request.user, community, now, party=chosen),
        "parties": parties,
        "chosen": chosen,
        "tabs": tabs(request, "complaints:warranty"),
    }
    with timezone.override(community.tz):
        return render(request, "complaints/warranty/list.html", context)


@require_GET
@role_required(*STAFF)
def letter(request, pk):
    """The letter of a claim on A4: the request, or the demand after a refusal, with the law."""
    rows = WarrantyClaim.objects.visible_to(request.user).filter(community=request.community)
    rows = rows.select_related("party", "term", "case__unit", "case__building", "case__category")
    claim = get_object_or_404(rows, pk=pk)
    claim.case.community = request.community
    context = {"claim": claim, "case": claim.case, "community": request.community, "now": clock.now()}
    with timezone.override(request.community.tz):
        return render(request, "complaints/warranty/letter.html", context)


# The settings of a community ------------------------------------------------------------------------------------------


def _parties(request, *, form=None, row=None, status=200):
    context = {
        "rows": OutsideParty.objects.filter(community=request.community),
        "form": form or forms.PartyForm(),
        "row": row,
        "tabs": tabs(request, "complaints:parties"),
    }
    return render(request, "complaints/warranty/parties.html", context, status=status)


@require_GET
@role_required(*SETTERS)
def parties(request):
    """The outside parties of the community, with a form for another one beside them."""
    return _parties(request)


@require_POST
@role_required(*SETTERS)
def party_add(request):
    """Add a party."""
    form = forms.PartyForm(request.POST)
    if not form.is_valid():
        return _parties(request, form=form, status=422)
    try:
        actions.add_party(request.community, by=request.user, now=clock.now(), **form.cleaned_data)
    except Refused as refused:
        form.add_error("name", str(refused))
        return _parties(request, form=form, status=refused.status_code)
    messages.success(request, _("It is on the list."))
    return redirect("complaints:parties")


@require_http_methods(["GET", "POST"])
@role_required(*SETTERS)
def party(request, pk):
    """One party, to be changed beside the list."""
    row = get_object_or_404(OutsideParty, pk=pk, community=request.community)
    if request.method == "GET":
        initial = {name: getattr(row, name) for name in forms.PartyForm.base_fields}
        return _parties(request, form=forms.PartyForm(initial=initial), row=row)
    form = forms.PartyForm(request.POST)
    if not form.is_valid():
        return _parties(request, form=form, row=row, status=422)
    try:
        actions.change_party(row, by=request.user, now=clock.now(), **form.cleaned_data)
    except Refused as refused:
        form.add_error("name", str(refused))
        return _parties(request, form=form, row=row, status=refused.status_code)
    messages.success(request, _("Saved."))
    return redirect("complaints:parties")


@require_POST
@role_required(*SETTERS)
def party_switch(request, pk):
    """Take a party out of use or put it back; its claims stay and run on."""
    row = get_object_or_404(OutsideParty, pk=pk, community=request.community)
    actions.change_party(row, by=request.user, now=clock.now(), is_active=not row.is_active)
    return redirect("complaints:parties")


@require_http_methods(["GET", "POST"])
@role_required(*SETTERS)
def acceptance(request):
    """The day of completion acceptance of each building, from which its warranty is counted, and the periods."""
    now, community = clock.now(), request.community
    buildings = list(Building.objects.filter(community=community))
    today = community.local(now).date()
    form = forms.AcceptanceForm(request.POST or None, buildings=buildings, today=today)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            changed = actions.set_acceptance(community, days=form.facts, by=request.user, now=now)
        except Refused as refused:
            form.add_error(None, str(refused))
            status = refused.status_code
        else:
            messages.success(request, _("Saved: %(n)s buildings changed.") % {"n": changed})
            return redirect("complaints:acceptance")
    elif form.errors:
        status = 422
    context = {
        "form": form,
        "terms": warranty.terms(community.pk).values(),
        "tabs": tabs(request, "complaints:acceptance"),
    }
    return render(request, "complaints/warranty/buildings.html", context, status=status)
