"""Discounts (减免): what waits, what holds, what is over; asking for one with evidence, deciding, ending."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_GET, require_http_methods

from billing import actions
from billing.actions.rights import ASKERS, DECIDERS
from billing.forms import discounts as forms
from billing.models import Discount
from residents.models import Unit
from servicedesk.core import clock, photos
from servicedesk.core.doors import door_to, panel_of, part_of
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Photo, Role
from servicedesk.core.roles import has_role, role_required

READERS = (*ASKERS, *DECIDERS)
ENDERS = (Role.FINANCE, *DECIDERS)
FORMS = {
    "approve_discount": forms.ApproveForm,
    "refuse_discount": forms.RefuseForm,
    "withdraw_discount": forms.WithdrawForm,
    "end_discount": forms.EndForm,
}
VERBS = {
    "discount_asked": gettext_lazy("Discount asked for"),
    "discount_approved": gettext_lazy("Approved"),
    "discount_refused": gettext_lazy("Not approved"),
    "discount_withdrawn": gettext_lazy("Withdrawn"),
    "discount_ended": gettext_lazy("Ended earlier"),
}
Status = Discount.Status


@require_GET
@role_required(*READERS)
def discounts(request):
    """The discounts of one state: waiting, holding, over, or not given. The longest waiting first."""
    now = clock.now()
    today = request.community.local(now).date()
    rows = Discount.objects.filter(community=request.community).with_people()
    states = {
        "waiting": (pgettext("money", "Waiting"), rows.waiting().order_by("asked_at", "pk")),
        "running": (_("Approved"), rows.running(today).order_by("period", "pk")),
        "over": (pgettext("money", "Over"), rows.over(today).order_by("-period", "pk")),
        "rejected": (_("Not given"), rows.rejected().order_by("-asked_at", "pk")),
    }
    state = request.GET.get("state", "")
    state = state if state in states else "waiting"
    context = {
        "now": now,
        "state": state,
        "part": part_of(states[state][1], request),
        "tabs": [
            {"label": label, "url": f"?state={key}", "current": key == state} for key, (label, _rows) in states.items()
        ],
        "may_ask": has_role(request.user, request.community.pk, *ASKERS),
    }
    with timezone.override(request.community.tz):
        return render(request, "billing/discounts/list.html", context)


@require_http_methods(["GET", "POST"])
@role_required(*ASKERS)
def discount_new(request):
    """Ask for a discount. “Look at the room” says whether it is vacant today, and saves nothing."""
    now = clock.now()
    today = request.community.local(now).date()
    known = {"community": request.community, "today": today, "initial": {"unit": request.GET.get("unit", "")}}
    form = forms.DiscountForm(request.POST or None, request.FILES or None, **known)
    status, room = 200, _room(request, form, today)
    if request.method == "POST" and "look" not in request.POST:
        status = 422
        if form.is_valid():
            try:
                with photos.stored(form.pictures) as pictures:
                    made = actions.ask_discount(by=request.user, now=now, pictures=pictures, **form.facts)
            except Refused as refused:
                form.add_error(None, str(refused))
                status = refused.status_code
            else:
                messages.success(request, _("Asked for. A supervisor or the deputy general manager decides."))
                return redirect(made)
    context = {"form": form, "room": room, "looking": "look" in request.POST}
    return render(request, "billing/discounts/new.html", context, status=status)


def _room(request, form, today):
    """Return the unit that stands in the form or the address, with its `state` of today, or None. Two queries."""
    try:
        unit = form.fields["unit"].clean(request.POST.get("unit") or request.GET.get("unit") or "")
    except ValidationError:
        return None
    return Unit.objects.with_state(today).get(pk=unit.pk) if unit else None


def _find(request, pk):
    rows = Discount.objects.filter(community=request.community).with_people()
    discount = get_object_or_404(rows, pk=pk)
    discount.community = request.community
    return discount


def _steps(request, discount, today):
    """Return what this person may do with a discount now, as (name, label) pairs."""
    mine = discount.asked_by_id == request.user.pk
    if discount.status == Status.ASKED and mine:
        return [("withdraw_discount", _("Withdraw it"))]
    if discount.status == Status.ASKED and has_role(request.user, discount.community_id, *DECIDERS):
        return [("approve_discount", _("Approve")), ("refuse_discount", _("Do not approve"))]
    if discount.status == Status.APPROVED and discount.last_day > today:
        return [("end_discount", _("End it earlier"))] if has_role(request.user, discount.community_id, *ENDERS) else []
    return []


def _page(request, discount, now, *, form=None, step="", status=200):
    today = request.community.local(now).date()
    steps = _steps(request, discount, today)
    with timezone.override(request.community.tz):
        step, label, form = panel_of(request, steps, FORMS, discount, now, form=form, step=step)
        context = {
            "now": now,
            "discount": discount,
            "steps": steps,
            "step": step,
            "label": label,
            "form": form,
            "room_state": Unit.State(Unit.objects.with_state(today).get(pk=discount.unit_id).state).label,
            "photos": list(Photo.objects.about(discount)),
            "history": [(event, VERBS.get(event.verb, event.verb)) for event in Event.objects.about(discount)],
            "is_mine": discount.asked_by_id == request.user.pk,
        }
        return render(request, "billing/discounts/discount.html", context, status=status)


@require_GET
@role_required(*READERS)
def discount(request, pk):
    """One discount: what is asked for and why, its evidence, whether the home is vacant today, and the steps."""
    return _page(request, _find(request, pk), clock.now())


@require_GET
@role_required(*READERS)
def discount_photo(request, pk, name):
    """A photo of the evidence."""
    if not Photo.objects.about(_find(request, pk)).filter(name=name).exists():
        raise Http404
    return photos.serve(name)


def _door_to(step, done, *roles):
    return door_to(FORMS[step], find=_find, page=_page, done=done, roles=roles)


@_door_to("approve_discount", gettext_lazy("Approved. It counts for the next bills."), *DECIDERS)
def approve_discount(request, discount, facts, now):
    actions.approve_discount(discount, by=request.user, now=now, **facts)


@_door_to("refuse_discount", gettext_lazy("Not approved; the reason stands with it."), *DECIDERS)
def refuse_discount(request, discount, facts, now):
    actions.refuse_discount(discount, by=request.user, now=now, **facts)


@_door_to("withdraw_discount", gettext_lazy("Withdrawn."), *ASKERS)
def withdraw_discount(request, discount, facts, now):
    actions.withdraw_discount(discount, by=request.user, now=now)


@_door_to("end_discount", gettext_lazy("Saved. Bills that were issued stay as they are."), *ENDERS)
def end_discount(request, discount, facts, now):
    actions.end_discount(discount, by=request.user, now=now, **facts)
