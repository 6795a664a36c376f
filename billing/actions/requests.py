"""What needs a second person: asked for by cashier or finance, decided by a supervisor or the deputy GM who did not
ask, and carried out then, or by the cashier where money goes back (roles table; C9, T12, ruling 14).

Every act locks the unit first and reads again behind the lock: what was possible when it was asked for may not be now.
"""

import functools
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.actions.arrears import uphold_disputes
from billing.actions.ledger import post
from billing.actions.settling import change, drawer_of, give_back, lock_unit, take_back
from billing.actions.shifts import demand_cashier
from billing.amounts import NOTHING
from billing.models import (
    Account,
    Allocation,
    Bill,
    Deposit,
    Method,
    MoneyRequest,
    Payment,
    Receipt,
    Refund,
    Waiver,
)
from servicedesk.core import events, moves, once, photos
from servicedesk.core.duty import holders
from servicedesk.core.errors import IllegalMove, NotAllowed, Refused, Stale
from servicedesk.core.models import Event, Role
from servicedesk.core.notifications import notify
from servicedesk.core.roles import has_role

Kind, Status = MoneyRequest.Kind, MoneyRequest.Status
ASKERS = (Role.CASHIER, Role.FINANCE)
DECIDERS = (Role.SUPERVISOR, Role.DEPUTY_GM)
# What each kind is about: the column of the request, and its model.
ABOUT = {
    Kind.REVERSAL: ("receipt", Receipt),
    Kind.REFUND: ("payment", Payment),
    Kind.WAIVER: ("bill", Bill),
    Kind.VOID_BILL: ("bill", Bill),
    Kind.DEDUCTION: ("deposit", Deposit),
    Kind.DEPOSIT_REFUND: ("deposit", Deposit),
}
# Of these the whole is asked for, never a part.
WHOLE = (Kind.REVERSAL, Kind.VOID_BILL)
TOO_MUCH = gettext_lazy("At most %(most)s yuan are possible now. Look at the amount again.")


@dataclass(frozen=True)
class Item:
    """One thing that is deducted from a deposit, and its amount in yuan."""

    text: str
    amount: object


def most_of(kind, thing):
    """Return the most, in yuan, that can be asked for of `thing` now; of WHOLE kinds exactly that. Raises Refused with
    the reason where it is not possible at all. Two queries for a receipt, one for a bill to void, else none."""
    most = _MOST[kind](thing)
    if most <= 0:
        raise Refused(_NOTHING_LEFT[kind])
    return most


def _of_receipt(receipt):
    if receipt.is_void:
        raise Refused(_("Receipt %(number)s has been taken back already.") % {"number": receipt.number})
    # What went back of a deposit went back of the payments on this paper: it would go back twice.
    if back := Refund.objects.filter(payment__receipt=receipt, deposit__isnull=False).first():
        raise Refused(
            _(
                "With refund %(refund)s a deposit was given back out of the money of receipt %(number)s, so the receipt"
                " is not taken back any more. Give back what is left as a refund of the deposit or of the prepayment."
            )
            % {"refund": back, "number": receipt.number}
        )
    sums = receipt.payments.aggregate(left=Sum(F("amount") - F("refunded")))
    return sums["left"] or NOTHING


def _of_bill(bill):
    if bill.is_void:
        raise Refused(_("Bill %(number)s is void already.") % {"number": bill.number})
    return bill


def _with_late_charges(bill):
    """Return a bill and the late charges that stand on it: void, it claims neither. One query."""
    return [bill, *bill.late_charges.standing().select_related("community").order_by("pk")]


def _of_deposit(deposit):
    if deposit.voided_at:
        raise Refused(_("Deposit %(number)s is void.") % {"number": deposit.number})
    return deposit.held


_MOST = {
    Kind.REVERSAL: _of_receipt,
    Kind.REFUND: lambda payment: payment.prepaid_left,
    Kind.WAIVER: lambda bill: _of_bill(bill).balance,
    Kind.VOID_BILL: lambda bill: sum((one.amount for one in _with_late_charges(_of_bill(bill))), NOTHING),
    Kind.DEDUCTION: _of_deposit,
    Kind.DEPOSIT_REFUND: _of_deposit,
}
_NOTHING_LEFT = {
    Kind.REVERSAL: gettext_lazy("All of this receipt has been given back already."),
    Kind.REFUND: gettext_lazy("Nothing of this payment is left as prepayment, so there is nothing to give back."),
    Kind.WAIVER: gettext_lazy("Nothing is left to pay of this bill, so there is nothing to waive."),
    Kind.VOID_BILL: gettext_lazy("This bill claims nothing, so there is nothing to void."),
    Kind.DEDUCTION: gettext_lazy("We hold nothing of this deposit."),
    Kind.DEPOSIT_REFUND: gettext_lazy("We hold nothing of this deposit."),
}


def _demand_amount(kind, thing, amount):
    """Raise Refused unless `amount` of `thing` is possible now."""
    most = most_of(kind, thing)
    if amount > most:
        raise Refused(TOO_MUCH % {"most": most})
    if kind in WHOLE and amount != most:
        raise Refused(
            _("It is about %(most)s yuan by now, and %(asked)s were asked for. Withdraw this and ask anew.")
            % {"most": most, "asked": amount}
        )


@transaction.atomic
def ask_for(kind, thing, *, reason, by, now, amount=None, items=(), pictures=(), submission=None):
    """Ask for one act on money about `thing` and return the MoneyRequest; whoever decides is told of it.

    `amount` is yuan; of WHOLE kinds and of a deduction, which is the sum of its `items`, it is worked out here.
    `pictures` are (Picture, name) of stored photos that show why; a form that is sent twice leaves one set. Raises
    NotAllowed for anybody but cashier and finance, and Refused where more is asked for than there is, or where the
    same already waits.
    """
    kind = Kind(kind)
    if not has_role(by, thing.community_id, *ASKERS):
        raise NotAllowed(_("The cashier or finance asks for this."))
    column, model = ABOUT[kind]
    same = {f"{column}_id": thing.pk} | ({} if amount is None else {"amount": amount})
    if made := once.made_by(submission, MoneyRequest.objects.filter(kind=kind), **same):
        for _picture, name in pictures:
            transaction.on_commit(functools.partial(photos.discard, name))
        return made
    lock_unit(thing.unit_id)
    thing = model.objects.select_related("unit").get(pk=thing.pk)
    amount = _amount_of(kind, thing, amount, items)
    _demand_amount(kind, thing, amount)
    _demand_first(kind, column, thing)
    request = MoneyRequest(
        community_id=thing.community_id,
        submission=submission,
        kind=kind,
        unit=thing.unit,
        amount=amount,
        items=[{"text": one.text, "amount": str(one.amount)} for one in items],
        reason=reason,
        asked_by=by,
        asked_at=now,
        **{column: thing},
    )
    request.save(force_insert=True)
    for picture, name in pictures:
        photos.attach(picture, name, to=request, by=by, now=now)
    data = {"kind": str(kind), "amount": str(amount), **({"photos": len(pictures)} if pictures else {})}
    events.log(request, "money_asked", by=by, now=now, data=data)
    _tell(_deciders(thing.community, but=by), f"money_asked_{kind}", request, now)
    return request


def _amount_of(kind, thing, amount, items):
    if kind in WHOLE:
        return most_of(kind, thing)
    if kind == Kind.DEDUCTION:
        if not items:
            raise Refused(_("Write what is deducted, line by line: the payer gets this list."))
        return sum((one.amount for one in items), NOTHING)
    return amount


def _demand_first(kind, column, thing):
    """Raise Refused where the same was asked for before and is not settled yet."""
    rows = MoneyRequest.objects.filter(kind=kind, **{column: thing}).exclude(carried_out_at__isnull=False)
    if there := rows.filter(status__in=[Status.ASKED, Status.APPROVED]).first():
        raise Refused(
            _("“%(what)s” was asked for already on %(day)s and waits. Settle that first.")
            % {"what": there.get_kind_display(), "day": f"{thing.community.local(there.asked_at):%Y-%m-%d}"}
        )


def _deciders(community, *, but):
    found = [*holders(community, Role.SUPERVISOR), *holders(community, Role.DEPUTY_GM)]
    return [one for one in found if one.pk != but.pk]


def _tell(recipients, kind, request, now):
    data = {"unit": str(request.unit), "amount": str(request.amount), "path": request.get_absolute_url()}
    notify(recipients, kind, about=request, key=f"{kind}:{request.pk}", now=now, data=data)


@transaction.atomic
def print_slip(request, *, by, now):
    """Note that the approval slip (审批单) of a request is printed, once more, and return how often it was by now: what
    is printed again says so."""
    MoneyRequest.objects.select_for_update(of=("self",), no_key=True).get(pk=request.pk)
    times = Event.objects.about(request).filter(verb="slip_printed").count() + 1
    events.log(request, "slip_printed", by=by, now=now, data={"times": times})
    return times


def may_decide(request, user):
    """Return whether `user` may approve or refuse a request: a supervisor or deputy GM who did not ask for it."""
    return request.asked_by_id != user.pk and has_role(user, request.community_id, *DECIDERS)


def _demand_decider(request, by):
    if request.asked_by_id == by.pk:
        raise NotAllowed(_("You asked for this yourself, so somebody else decides. They have been told of it."))
    if not may_decide(request, by):
        raise NotAllowed(_("A supervisor or the deputy general manager decides about this."))


def _behind_the_lock(request):
    """Lock the unit of a request and return what it is about as it is now. Raises Stale where the request has changed
    since it was read."""
    lock_unit(request.unit_id)
    if not MoneyRequest.objects.filter(pk=request.pk, version=request.version).exists():
        raise Stale
    column, model = ABOUT[Kind(request.kind)]
    return model.objects.select_related("community").get(pk=getattr(request, f"{column}_id"))


@transaction.atomic
def approve_request(request, *, by, now, note=""):
    """Approve a request; what gives no money back is carried out at once, the rest waits for the cashier. The asker is
    told. Raises NotAllowed for whoever asked (C9), Refused where it is no longer possible, Stale where somebody else
    was faster."""
    _demand_decider(request, by)
    thing = _behind_the_lock(request)
    if request.status == Status.ASKED:
        _demand_amount(request.kind, thing, request.amount)
    facts = {"decided_by": by, "decided_at": now, "decision_note": note}
    facts |= {} if request.pays_out else {"carried_out_at": now}
    moves.move(request, Status.APPROVED, by=by, now=now, verb="money_approved", note=note, **facts)
    if not request.pays_out:
        _CARRY_OUT[request.kind](request, thing, by, now)
    _tell([request.asked_by], "money_approved", request, now)
    if request.pays_out:
        _tell(holders(thing.community, Role.CASHIER), "money_to_pay_out", request, now)


@transaction.atomic
def refuse_request(request, *, by, now, note):
    """Refuse a request with a reason; nothing of the money changes, and the asker is told."""
    _demand_decider(request, by)
    facts = {"decided_by": by, "decided_at": now, "decision_note": note}
    moves.move(request, Status.REFUSED, by=by, now=now, verb="money_refused", note=note, **facts)
    _tell([request.asked_by], "money_refused", request, now)


@transaction.atomic
def withdraw_request(request, *, by, now):
    """Withdraw what one has asked for, as long as it was not carried out; only the asker does."""
    if request.asked_by_id != by.pk:
        raise NotAllowed(_("Only who asked for this withdraws it."))
    if request.carried_out_at is not None:
        raise IllegalMove(request, Status.WITHDRAWN)
    moves.move(request, Status.WITHDRAWN, by=by, now=now, verb="money_withdrawn")


# Carried out with the approval ----------------------------------------------------------------------------------------


def _void_bill(request, bill, by, now):
    """Void a bill and the late charges on it, which are of no debt any more: what was paid of them becomes prepayment,
    what was waived counts no more, the books are put back."""
    for one in _with_late_charges(bill):
        _void(one, request, by, now)


def _void(bill, request, by, now):
    paid, _deposits = take_back(Allocation.objects.filter(bill=bill), by=by, now=now)
    facts = {"voided_at": now, "voided_by": by, "void_asked_by": request.asked_by, "void_reason": request.reason}
    change(Bill.objects.filter(pk=bill.pk, voided_at=None, paid=0, waived=bill.waived), waived=NOTHING, **facts)
    lines = {
        Account.INCOME: bill.amount,
        Account.RECEIVABLE: -bill.balance,
        Account.PREPAID: -paid,
        Account.WAIVED: -bill.waived,
    }
    post("bill_voided", about=bill, lines=lines, by=by, now=now)
    events.log(bill, "bill_voided", by=by, now=now, data={"request": request.pk})
    uphold_disputes(bill, note=request.reason, by=by, now=now)


def _waive(request, bill, by, now):
    """Claim a part of a bill no longer."""
    rows = Bill.objects.filter(pk=bill.pk, voided_at=None, balance__gte=request.amount)
    change(rows, waived=F("waived") + request.amount)
    Waiver.objects.create(community_id=bill.community_id, bill=bill, amount=request.amount, request=request, at=now)
    lines = {Account.WAIVED: request.amount, Account.RECEIVABLE: -request.amount}
    post("bill_waived", about=bill, lines=lines, by=by, now=now)
    events.log(bill, "bill_waived", by=by, now=now, data={"request": request.pk, "amount": str(request.amount)})
    if bill.balance == request.amount:
        uphold_disputes(bill, note=request.reason, by=by, now=now)


def _deduct(request, deposit, by, now):
    """Keep a part of a deposit: from then on it is ours, no liability."""
    rows = Deposit.objects.filter(pk=deposit.pk, voided_at=None, held__gte=request.amount)
    change(rows, deducted=F("deducted") + request.amount, version=F("version") + 1)
    lines = {Account.DEPOSITS: request.amount, Account.DEDUCTED: -request.amount}
    post("deposit_deducted", about=deposit, lines=lines, by=by, now=now)
    data = {"request": request.pk, "amount": str(request.amount)}
    events.log(deposit, "deposit_deducted", by=by, now=now, data=data)


_CARRY_OUT = {Kind.VOID_BILL: _void_bill, Kind.WAIVER: _waive, Kind.DEDUCTION: _deduct}


# Carried out by the cashier -------------------------------------------------------------------------------------------


def may_pay_out(request, user):
    """Return whether `user` may give back what a request is about: a cashier who did not approve it. No query of its
    own."""
    return request.decided_by_id != user.pk and has_role(user, request.community_id, Role.CASHIER)


@transaction.atomic
def pay_out(request, *, by, now, references=None):
    """Give back what was approved, in the open shift of the cashier and by the means it came; return the Refunds.

    `references` are what the banks and apps say of it, {method: text}. Raises NotAllowed for who approved it (section
    30), Refused without an open shift, without the cash, and where it is no longer possible; Stale where another
    cashier was faster.
    """
    demand_cashier(request.community_id, by=by)
    if not may_pay_out(request, by):
        raise NotAllowed(_("You approved this, so another cashier gives the money back. It waits in their list."))
    if not request.waits_for_the_cashier:
        raise Refused(_("This is not waiting to be given back. Reload the page to see how it stands."))
    thing = _behind_the_lock(request)
    _demand_amount(request.kind, thing, request.amount)
    made = _PAY_OUT[request.kind](request, thing, by, now, references)
    moves.write(request, carried_out_at=now)
    data = {"amount": str(request.amount), "refunds": [one.number for one in made]}
    events.log(request, "money_paid_out", by=by, now=now, data=data)
    return made


def _take_receipt_back(request, receipt, by, now, references):
    """Take a receipt back (红冲): what its money paid is owed again, also what its prepayment paid later, and every
    payment on it goes back as it came. Both papers stay."""
    bills, deposits = take_back(Allocation.objects.filter(payment__receipt=receipt), by=by, now=now)
    parts = [(one, one.amount - one.refunded) for one in receipt.payments.order_by("id") if one.amount > one.refunded]
    shift = drawer_of(receipt.community_id, by=by)
    _lower(parts)
    made = give_back(parts, request=request, shift=shift, by=by, now=now, references=references, is_reversal=True)
    moves.write(receipt, voided_at=now, void_request=request)
    prepaid = request.amount - bills - deposits
    lines = {Account.RECEIVABLE: bills, Account.DEPOSITS: deposits, Account.PREPAID: prepaid, **_given(made)}
    post("receipt_voided", about=receipt, lines=lines, by=by, now=now)
    events.log(receipt, "receipt_voided", by=by, now=now, data={"request": request.pk})
    return made


def _refund(request, payment, by, now, references):
    """Give a prepayment back, or a part of it."""
    shift, parts = drawer_of(payment.community_id, by=by), [(payment, request.amount)]
    _lower(parts)
    made = give_back(parts, request=request, shift=shift, by=by, now=now, references=references)
    post("prepayment_refunded", about=payment, lines={Account.PREPAID: request.amount, **_given(made)}, by=by, now=now)
    return made


def _refund_deposit(request, deposit, by, now, references):
    """Give a deposit back, or what is left of it, each part by the means that its payment came."""
    shift = drawer_of(deposit.community_id, by=by)
    rows = Deposit.objects.filter(pk=deposit.pk, voided_at=None, held__gte=request.amount)
    change(rows, refunded=F("refunded") + request.amount, version=F("version") + 1)
    parts = ways_back(deposit, request.amount)
    made = give_back(parts, request=request, shift=shift, by=by, now=now, references=references, deposit=deposit)
    post("deposit_refunded", about=deposit, lines={Account.DEPOSITS: request.amount, **_given(made)}, by=by, now=now)
    events.log(deposit, "deposit_refunded", by=by, now=now, data={"request": request.pk, "amount": str(request.amount)})
    return made


_PAY_OUT = {Kind.REVERSAL: _take_receipt_back, Kind.REFUND: _refund, Kind.DEPOSIT_REFUND: _refund_deposit}


def _lower(parts):
    """Lower what payments have left by what goes back of them; the first that has no longer so much stops it all."""
    for payment, amount in parts:
        rows = Payment.objects.filter(pk=payment.pk, prepaid_left__gte=amount)
        change(rows, prepaid_left=F("prepaid_left") - amount, refunded=F("refunded") + amount)


def _given(refunds):
    """Return the lines of the books of money that went back, by its means."""
    return {
        Account(method): -sum((one.amount for one in refunds if one.method == method), NOTHING) for method in Method
    }


def ways_back(deposit, amount):
    """Return `amount` yuan of a deposit as (payment, yuan) pairs: to each payment no more than it paid of the deposit
    and has not been given back, the oldest first. Two queries."""
    paid = Allocation.objects.filter(deposit=deposit).values("payment").annotate(total=Sum("amount"))
    paid = {row["payment"]: row["total"] for row in paid.order_by("payment")}
    back = deposit.refunds.values("payment").annotate(total=Sum("amount")).order_by()
    for row in back:
        paid[row["payment"]] -= row["total"]
    parts, left = [], amount
    payments = Payment.objects.in_bulk([key for key, total in paid.items() if total > 0])
    for key in sorted(payments):
        part = min(paid[key], left)
        if part > 0:
            parts.append((payments[key], part))
            left -= part
    return parts
