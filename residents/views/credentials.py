"""Cards and passes (证件, S19): the list, one card with its steps, and the pass on paper (出入证)."""

import datetime
import functools

from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from residents import actions
from residents.forms import credentials as forms
from residents.models import Credential
from residents.rooms import key_of
from residents.views.keys import is_desk
from servicedesk.core import clock
from servicedesk.core.doors import DESK, OFFICE, door_to, make_or_show, panel_of, part_of
from servicedesk.core.roles import role_required

SOON = datetime.timedelta(days=30)
FORMS = {
    "renew_credential": forms.RenewForm,
    "lose_credential": forms.ReasonForm,
    "find_credential": forms.StepForm,
    "replace_credential": forms.ReplaceForm,
    "return_credential": forms.ReturnForm,
    "void_credential": forms.ReasonForm,
}
Status = Credential.Status


def _found(rows, chosen, today):
    """Return the cards that the filter asks for; one whose last day has passed counts as ended, swept or not."""
    if sought := chosen.get("q"):
        by_room = Q(unit__room_keys__contains=[key_of(sought)])
        by_name = Q(name=sought) | Q(person__name=sought, person__sealed_at=None)
        rows = rows.filter(Q(number__icontains=sought) | by_room | by_name)
    if kind := chosen.get("kind"):
        rows = rows.filter(kind=kind)
    over = Q(status=Status.ACTIVE, valid_to__lt=today)
    match chosen.get("state"):
        case forms.FilterForm.SOON:
            return rows.active().filter(valid_to__gte=today, valid_to__lte=today + SOON).order_by("valid_to", "id")
        case Status.ACTIVE:
            return rows.active().exclude(over)
        case Status.EXPIRED:
            return rows.filter(Q(status=Status.EXPIRED) | over)
        case str(state) if state:
            return rows.filter(status=state)
    return rows


@require_GET
@role_required(*OFFICE)
def cards(request):
    """The cards and passes, newest first; a number that is scanned or typed in full opens its card."""
    now, community = clock.now(), request.community
    today = community.local(now).date()
    search = forms.FilterForm(request.GET)
    chosen = search.chosen
    rows = Credential.objects.filter(community=community)
    if chosen.get("q"):
        scanned = list(rows.active().filter(number=chosen["q"]).only("pk")[:2])
        if len(scanned) == 1:
            return redirect(scanned[0])
    part = part_of(_found(rows, chosen, today).with_people(), request)
    for card in part.rows:
        card.is_valid = card.is_valid_on(today)
    context = {"now": now, "today": today, "part": part, "search": search, "form": search, "is_desk": is_desk(request)}
    context["is_filtered"] = any(chosen.values())
    with timezone.override(community.tz):
        return render(request, "residents/cards/list.html", context)


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def issue_credential(request):
    """Issue a card or pass."""
    now = clock.now()
    today = request.community.local(now).date()
    form = forms.IssueForm(request.POST or None, community=request.community, today=today)
    make = functools.partial(actions.issue_credential, request.community, by=request.user, now=now)
    done = _("%(number)s is issued.")
    return make_or_show(request, form, make, template="residents/cards/new.html", done=done)


# One card -------------------------------------------------------------------------------------------------------------


def _find(request, pk):
    rows = Credential.objects.filter(community=request.community).with_people()
    card = get_object_or_404(rows.select_related("issued_by", "replaces", "replaced_by"), pk=pk)
    card.community = request.community
    return card


def _steps(card):
    """Return what can be done with a card now, as (name, label) pairs in the order of their use."""
    replaced = hasattr(card, "replaced_by")
    steps = []
    if card.status in (Status.ACTIVE, Status.EXPIRED):
        steps.append(("renew_credential", _("Renew")))
    if card.status in (Status.ACTIVE, Status.LOST) and not replaced:
        steps.append(("replace_credential", _("Replace the card")))
    if card.status == Status.ACTIVE:
        steps.append(("lose_credential", _("Report lost")))
    if card.status == Status.LOST and not replaced:
        steps.append(("find_credential", _("Found again")))
    if card.status in (Status.ACTIVE, Status.LOST, Status.EXPIRED):
        steps.append(("return_credential", _("Hand back")))
    if card.status == Status.ACTIVE:
        steps.append(("void_credential", _("Void")))
    return steps


def _page(request, card, now, *, form=None, step="", status=200):
    steps = _steps(card) if is_desk(request) else []
    today = request.community.local(now).date()
    card.is_valid = card.is_valid_on(today)
    with timezone.override(request.community.tz):
        step, label, form = panel_of(request, steps, FORMS, card, now, form=form, step=step)
        context = {
            "now": now,
            "today": today,
            "card": card,
            "steps": steps,
            "step": step,
            "label": label,
            "form": form,
        }
        return render(request, "residents/cards/card.html", context, status=status)


@require_GET
@role_required(*OFFICE)
def card(request, pk):
    """One card or pass, and what can be done with it."""
    return _page(request, _find(request, pk), clock.now())


def _door_to(step, done):
    return door_to(FORMS[step], find=_find, page=_page, done=done)


@_door_to("renew_credential", gettext_lazy("Renewed."))
def renew_credential(request, card, facts, now):
    actions.renew_credential(card, by=request.user, now=now, **facts)


@_door_to("lose_credential", gettext_lazy("The card lets nobody in any more. Replace it when the holder asks for it."))
def lose_credential(request, card, facts, now):
    actions.lose_credential(card, by=request.user, now=now, **facts)


@_door_to("find_credential", gettext_lazy("The card is in use again."))
def find_credential(request, card, facts, now):
    actions.find_credential(card, by=request.user, now=now)


@_door_to("replace_credential", gettext_lazy("Replaced. This is the new card."))
def replace_credential(request, card, facts, now):
    return redirect(actions.replace_credential(card, by=request.user, now=now, **facts))


@_door_to("return_credential", gettext_lazy("Handed back."))
def return_credential(request, card, facts, now):
    actions.return_credential(card, by=request.user, now=now, **facts)


@_door_to("void_credential", gettext_lazy("Void."))
def void_credential(request, card, facts, now):
    actions.void_credential(card, by=request.user, now=now, **facts)


@require_GET
@role_required(*OFFICE)
def card_print(request, pk):
    """The pass on paper (出入证), of the size of a bank card; its code opens the page on which a guard checks it."""
    card = _find(request, pk)
    checked = request.build_absolute_uri(f"{reverse('residents:gate_cards')}?number={card.number}")
    context = {"card": card, "community": request.community, "checked": checked}
    return render(request, "residents/cards/print.html", context)
