"""One loan of keys: its facts, the decision about an emergency, its end, and its slip (借条)."""

from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from residents import actions
from residents.forms import keys as forms
from residents.models import KeyLoan, Occupancy
from residents.views.keys import is_desk
from servicedesk.core import clock
from servicedesk.core.doors import OFFICE, door_to, panel_of
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required, roles_in

FORMS = {
    "approve_keys": forms.ApproveForm,
    "approve_keys_by_phone": forms.PhoneApprovalForm,
    "decline_keys": forms.DeclineForm,
    "hand_over_keys": forms.HandOverForm,
    "take_back_loan": forms.ReturnForm,
    "extend_loan": forms.ExtendForm,
    "lose_lent_keys": forms.LoseLentForm,
    "tell_owner": forms.TellForm,
    "unmask_borrower": forms.UnmaskForm,
}
Status = KeyLoan.Status


def _find(request, pk):
    loans = (
        KeyLoan.objects.filter(community=request.community)
        .with_people()
        .select_related("lent_by", "told_by", "approval_noted_by")
    )
    loan = get_object_or_404(loans, pk=pk)
    loan.community = loan.key_set.community = request.community
    return loan


def _steps(request, loan):
    """Return what this person can do with a loan now, as (name, label) pairs in the order of their use."""
    decides = Role.SUPERVISOR in roles_in(request.user, request.community.pk) and loan.asked_by_id != request.user.pk
    steps = []
    if loan.status == Status.REQUESTED:
        steps += [("approve_keys", _("Approve"))] if decides else []
        steps.append(("approve_keys_by_phone", _("Approved by telephone")))
    if loan.status == Status.APPROVED:
        steps.append(("hand_over_keys", _("Hand over the keys")))
    if loan.status in (Status.REQUESTED, Status.APPROVED) and (decides or loan.asked_by_id == request.user.pk):
        steps.append(("decline_keys", _("Decline or give up")))
    if loan.owes_telling:
        steps.append(("tell_owner", _("The owner was told")))
    if loan.is_out:
        steps += [
            ("take_back_loan", _("Take the keys back")),
            ("extend_loan", _("More time")),
            ("lose_lent_keys", _("Report lost")),
        ]
        steps += [("unmask_borrower", _("Show the number"))] if loan.number_to_call else []
    return steps


def _page(request, loan, now, *, form=None, step="", phone="", status=200):
    today = request.community.local(now).date()
    steps = _steps(request, loan) if is_desk(request) else []
    with timezone.override(request.community.tz):
        step, label, form = panel_of(request, steps, FORMS, loan, now, form=form, step=step)
        living = Occupancy.objects.on(today).known().filter(unit=loan.key_set.unit_id).with_people()
        context = {
            "now": now,
            "loan": loan,
            "phone": phone,
            "key_set": loan.key_set,
            "steps": steps,
            "step": step,
            "label": label,
            "form": form,
            "living": list(living.order_by("id")) if loan.key_set.unit_id else [],
            "moves": list(loan.moves.select_related("by")),
        }
        return render(request, "residents/keys/loan.html", context, status=status)


@require_GET
@role_required(*OFFICE)
def key_loan(request, pk):
    """One loan: who has which keys, until when, and what comes next."""
    return _page(request, _find(request, pk), clock.now())


def _door_to(step, done):
    return door_to(FORMS[step], find=_find, page=_page, done=done)


@_door_to("approve_keys", gettext_lazy("Approved. The desk may hand over the keys."))
def approve_keys(request, loan, facts, now):
    actions.approve_keys(loan, by=request.user, now=now, **facts)


@_door_to("approve_keys_by_phone", gettext_lazy("The approval is on record. Now hand over the keys."))
def approve_keys_by_phone(request, loan, facts, now):
    actions.approve_keys_by_phone(loan, by=request.user, now=now, **facts)


@_door_to("decline_keys", gettext_lazy("Declined. The keys stay in the cabinet."))
def decline_keys(request, loan, facts, now):
    actions.decline_keys(loan, by=request.user, now=now, **facts)


@_door_to("hand_over_keys", gettext_lazy("Handed over. Now tell the owner, and record it here."))
def hand_over_keys(request, loan, facts, now):
    actions.hand_over_keys(loan, by=request.user, now=now, **facts)


@_door_to("take_back_loan", gettext_lazy("The keys hang in the cabinet again."))
def take_back_loan(request, loan, facts, now):
    actions.take_back_loan(loan, by=request.user, now=now, **facts)


@_door_to("extend_loan", gettext_lazy("They have more time now."))
def extend_loan(request, loan, facts, now):
    actions.extend_loan(loan, by=request.user, now=now, **facts)


@_door_to("lose_lent_keys", gettext_lazy("The loss is on record."))
def lose_lent_keys(request, loan, facts, now):
    actions.lose_lent_keys(loan, by=request.user, now=now, **facts)


@_door_to("tell_owner", gettext_lazy("It is on record that the owner knows."))
def tell_owner(request, loan, facts, now):
    actions.tell_owner(loan, by=request.user, now=now, **facts)


@_door_to("unmask_borrower", gettext_lazy("That you looked at the number, and why, is in the history."))
def unmask_borrower(request, loan, facts, now):
    phone = actions.unmask_borrower(loan, by=request.user, now=now, **facts)
    return _page(request, _find(request, loan.pk), now, phone=phone)


@require_GET
@role_required(*OFFICE)
def key_slip(request, pk):
    """The slip that a borrower signs (借条), on A5."""
    loan = _find(request, pk)
    context = {"loan": loan, "key_set": loan.key_set, "community": request.community, "now": clock.now()}
    with timezone.override(request.community.tz):
        return render(request, "residents/keys/slip.html", context)
