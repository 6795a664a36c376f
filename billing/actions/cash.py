"""The verbs of the cashier: take money for bills and deposits, and use what a unit has prepaid.

Every act locks in one order: the unit, its bills and deposits by key, its payments, the shift, and the number last
(L3); it reads again what it locked, and it is written whole or not at all.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from billing.actions.ledger import post
from billing.actions.messages import tell_receipt
from billing.actions.settling import change, drawer_of, lock_unit
from billing.actions.shifts import demand_cashier
from billing.amounts import MOST, NOTHING
from billing.models import Account, Allocation, Bill, Deposit, Method, Payment, Receipt
from billing.numbering import RECEIPTS
from servicedesk.core import events, once
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event


@dataclass(frozen=True)
class Means:
    """What was given by one means: yuan, of cash as it was handed over, and the reference of the bank or the app."""

    method: str
    given: Decimal
    external_ref: str = ""


@dataclass
class _Source:
    """Money that can still pay something: a payment, and how much of it is left for this act."""

    payment: Payment
    left: Decimal


@transaction.atomic
def take_payment(
    unit,
    *,
    bills,
    deposits,
    means,
    payer,
    by,
    now,
    submission,
    note="",
    prepaid=NOTHING,
    keep_rest=False,
    owed=None,
):
    """Take money from a unit and return its Receipt.

    `bills` and `deposits` are what the payer names; of these the oldest is paid first, the last one in part where the
    money does not suffice (Civil Code 560). `means` are Means, one of each method; `prepaid` yuan are taken from what
    the unit has prepaid, before them. What is more than owed becomes prepayment where `keep_rest`, else it is change.
    `owed` is what the page said that is owed: where it is another sum by now, nothing is taken. The same `submission`
    returns the same receipt.

    Raises Refused, with nothing written, without an open shift, for what was paid or voided meanwhile (naming the
    receipt), for a reference that was used before, and for more than is owed where no change can be given. Some 20
    queries, and two for each bill.
    """
    demand_cashier(unit.community_id, by=by)
    if made := once.made_by(submission, Receipt.objects.filter(community=unit.community_id, unit=unit, by=by)):
        if not _is_same(made, means):
            raise once.used_already(made)
        return made
    things, sources = _locked(unit, bills, deposits, prepaid, owed)
    shift = drawer_of(unit.community_id, by=by)
    payments = _payments(unit, shift, means, _sum_owed(things) - prepaid, keep_rest, now)
    _demand_references(unit.community_id, payments)
    total = sum((one.amount for one in payments), NOTHING)
    if total > MOST:
        raise Refused(_("One receipt is for at most %(most)s yuan. Take it in two.") % {"most": MOST})
    receipt = Receipt(community=unit.community, unit=unit, payer=payer, shift=shift, amount=total, at=now, by=by)
    receipt.submission, receipt.note = submission, note
    new = [_Source(one, one.amount) for one in payments]
    plan = _plan(things, [*sources, *new])
    receipt.lines = _lines(plan, kept=sum((one.left for one in new), NOTHING), used=prepaid)
    receipt.number = RECEIPTS.next(unit.community, now)
    receipt.save(force_insert=True)
    for one in new:
        one.payment.receipt, one.payment.prepaid_left = receipt, one.left
        one.payment.save(force_insert=True)
    _pay(plan, sources, by=by, now=now)
    money = {Account(one.method): one.amount for one in payments}
    post("payment", about=receipt, lines=money | _other_side(plan, total), by=by, now=now)
    data = {"amount": str(total), "means": {one.method: str(one.amount) for one in payments}}
    events.log(receipt, "money_taken", by=by, now=now, data=data | ({"prepaid": str(prepaid)} if prepaid else {}))
    if payer and payer.mail_receipts:
        tell_receipt(receipt, by=by, now=now)
    return receipt


@transaction.atomic
def use_prepayment(unit, *, bills, deposits, amount, by, now, submission, owed=None):
    """Pay bills and deposits of a unit with `amount` yuan of what it has prepaid, and return the Event that says so.

    No money moves, so there is no receipt and no number; the same `submission` returns the same event. Raises Refused
    as `take_payment` does, and where the unit has not prepaid so much.
    """
    demand_cashier(unit.community_id, by=by)
    # Two of the same form are told apart by the lock on the unit, under which the second finds the first.
    lock_unit(unit.pk)
    if made := Event.objects.about(unit).filter(verb="prepaid_used", data__submission=str(submission)).first():
        return made
    things, sources = _locked(unit, bills, deposits, amount, owed)
    if amount > _sum_owed(things):
        raise Refused(_("That is more than is owed. Use at most %(owed)s yuan.") % {"owed": _sum_owed(things)})
    plan = _plan(things, sources)
    rows = _pay(plan, sources, by=by, now=now)
    post("prepaid_used", about=unit, lines=_other_side(plan, NOTHING), by=by, now=now)
    data = {"submission": str(submission), "amount": str(amount), "allocations": [row.pk for row in rows]}
    return events.log(unit, "prepaid_used", by=by, now=now, data=data)


@transaction.atomic
def count_print(receipt, *, by, now):
    """Note that a receipt is printed (once more) and return how often it was by now: what is printed again says so.
    One UPDATE and one INSERT."""
    Receipt.objects.filter(pk=receipt.pk).update(prints=F("prints") + 1)
    receipt.refresh_from_db(fields=["prints"])
    events.log(receipt, "receipt_printed", by=by, now=now, data={"times": receipt.prints})
    return receipt.prints


# What is locked and read again ----------------------------------------------------------------------------------------


def _locked(unit, bills, deposits, prepaid, owed):
    """Lock the unit, what is to be paid and what it has prepaid; return the things in the order in which they are paid
    and the _Sources of `prepaid` yuan, the oldest money first."""
    lock_unit(unit.pk)
    lock = {"of": ("self",), "no_key": True}
    bill_rows = Bill.objects.select_for_update(**lock).filter(pk__in=[one.pk for one in bills], unit=unit)
    deposit_rows = Deposit.objects.select_for_update(**lock).filter(pk__in=[one.pk for one in deposits], unit=unit)
    bill_rows = list(bill_rows.select_related("fee").order_by("pk"))
    deposit_rows = list(deposit_rows.order_by("pk"))
    if len(bill_rows) + len(deposit_rows) != len({one.pk for one in bills}) + len({one.pk for one in deposits}):
        raise Refused(_("One of these bills is not of %(unit)s. Choose again.") % {"unit": unit})
    things = sorted(bill_rows, key=lambda one: (one.due_on, one.fee.position, one.pk))
    things += sorted(deposit_rows, key=lambda one: (one.asked_at, one.pk))
    for thing in things:
        _demand_owed(thing)
    if owed is not None and owed != _sum_owed(things):
        raise Refused(_meanwhile(things, owed))
    return things, _prepaid_sources(unit, prepaid)


def _prepaid_sources(unit, amount):
    if not amount:
        return []
    rows = Payment.objects.select_for_update(of=("self",), no_key=True).filter(unit=unit, prepaid_left__gt=0)
    sources, left = [], amount
    for payment in rows.order_by("pk"):
        sources.append(_Source(payment, min(payment.prepaid_left, left)))
        left -= sources[-1].left
        if not left:
            return sources
    raise Refused(
        _("%(unit)s has prepaid only %(there)s yuan. Use at most that.") % {"unit": unit, "there": amount - left}
    )


def _demand_owed(thing):
    """Raise Refused where nothing is owed of a locked bill or deposit (any more), with who took it and the receipt."""
    if thing.voided_at is not None:
        raise Refused(
            _("%(number)s was voided meanwhile. Look at what is owed now and choose again.") % {"number": thing.number}
        )
    if left_of(thing) > 0:
        return
    if (last := _last_paid(thing)) is None:
        raise Refused(_("Nothing is owed of %(number)s any more. Choose again.") % {"number": thing.number})
    raise Refused(
        _("%(number)s is already paid with %(receipt)s, taken by %(who)s. Nothing was taken now.")
        % {"number": thing.number, "receipt": last.payment.receipt, "who": last.by}
    )


def _meanwhile(things, owed):
    """Return the sentence for a sum that changed since the page was made, naming the receipt that changed it."""
    facts = {"owed": _sum_owed(things), "before": owed}
    latest = max(filter(None, map(_last_paid, things)), key=lambda one: one.pk, default=None)
    if latest is None:
        return _("%(owed)s yuan are owed now, not %(before)s. Look at the bills and take it again.") % facts
    text = _(
        "%(owed)s yuan are owed now, not %(before)s: %(receipt)s paid something meanwhile, taken by %(who)s."
        " Nothing was taken now; look at the bills and take it again."
    )
    return text % (facts | {"receipt": latest.payment.receipt, "who": latest.by})


def _last_paid(thing):
    rows = thing.allocations.filter(reverses=None, reversed_by=None).select_related("payment__receipt", "by")
    return rows.order_by("-pk").first()


def left_of(thing):
    """Return what is left to pay of a bill or a deposit, in yuan. No query."""
    return thing.balance if isinstance(thing, Bill) else thing.left_to_pay


def _sum_owed(things):
    return sum(map(left_of, things), NOTHING)


def _is_same(receipt, means):
    taken = receipt.payments.values_list("method", "tendered", "amount", "external_ref")
    was = {(method, amount if tendered is None else tendered, ref) for method, tendered, amount, ref in taken}
    return was == {(one.method, one.given, one.external_ref) for one in means}


# What was given -------------------------------------------------------------------------------------------------------


def _payments(unit, shift, means, owed, keep_rest, now):
    """Return the unsaved Payments of what was given: what is more than `owed` is change, or prepayment."""
    given = sum((one.given for one in means), NOTHING)
    over = max(given - owed, NOTHING) if not keep_rest else NOTHING
    if owed < 0:
        raise Refused(_("The prepayment is more than is owed. Use less of it."))
    if not given or len({one.method for one in means}) != len(means):
        raise Refused(_("Write what was given, each means once."))
    cash = sum((one.given for one in means if one.method == Method.CASH), NOTHING)
    if over and over >= cash:
        raise Refused(
            _(
                "%(given)s yuan were given and %(owed)s are owed. Change is given of cash only: take less, or tick that"
                " the rest is prepayment."
            )
            % {"given": given, "owed": owed}
        )
    common = {"community_id": unit.community_id, "unit": unit, "shift": shift, "at": now}
    return [
        Payment(method=one.method, amount=one.given - over, tendered=one.given, **common)
        if one.method == Method.CASH
        else Payment(method=one.method, amount=one.given, external_ref=one.external_ref, **common)
        for one in means
    ]


def _demand_references(community_id, payments):
    """Raise Refused where the bank or the app has named one of the payments before: it would be counted twice."""
    for payment in payments:
        named = {"method": payment.method, "external_ref": payment.external_ref}
        used = Payment.objects.filter(community=community_id, refunded__lt=F("amount"), **named)
        if payment.external_ref and (other := used.select_related("receipt__unit").first()):
            text = _(
                "The reference %(reference)s is on receipt %(receipt)s of %(unit)s already. See whether it is the same"
                " money."
            )
            receipt = other.receipt
            facts = {"reference": payment.external_ref, "receipt": receipt.number, "unit": receipt.unit}
            raise Refused(text % facts)


# What pays what -------------------------------------------------------------------------------------------------------


def _plan(things, sources):
    """Return [(thing, source, yuan)]: the sources pay the things, both in their order; `left` of each source falls."""
    plan, waiting = [], list(sources)
    for thing in things:
        left = left_of(thing)
        while left and waiting:
            source = waiting[0]
            part = min(left, source.left)
            plan.append((thing, source, part))
            left, source.left = left - part, source.left - part
            if not source.left:
                waiting.pop(0)
    return plan


def _pay(plan, sources, *, by, now):
    """Write what the plan says: each row of money by an UPDATE that holds only while it allows it (L5), and return the
    Allocations."""
    paid, used = {}, {}
    for thing, source, part in plan:
        paid[thing] = paid.get(thing, NOTHING) + part
        if source in sources:
            used[source.payment] = used.get(source.payment, NOTHING) + part
    for thing, part in sorted(paid.items(), key=lambda pair: (isinstance(pair[0], Deposit), pair[0].pk)):
        if isinstance(thing, Bill):
            rows = Bill.objects.filter(pk=thing.pk, voided_at=None, balance__gte=part)
            change(rows, paid=F("paid") + part)
        else:
            rows = Deposit.objects.filter(pk=thing.pk, voided_at=None, received__lte=F("amount") - part)
            change(rows, received=F("received") + part, version=F("version") + 1)
    for payment, part in used.items():
        rows = Payment.objects.filter(pk=payment.pk, prepaid_left__gte=part)
        change(rows, prepaid_left=F("prepaid_left") - part)
    return Allocation.objects.bulk_create(
        Allocation(
            community_id=thing.community_id,
            payment=source.payment,
            bill=thing if isinstance(thing, Bill) else None,
            deposit=thing if isinstance(thing, Deposit) else None,
            amount=part,
            at=now,
            by=by,
        )
        for thing, source, part in plan
    )


def _other_side(plan, taken):
    """Return the lines of the books against the money `taken`: what was owed, what is held, what is prepaid."""
    bills = sum((part for thing, _source, part in plan if isinstance(thing, Bill)), NOTHING)
    deposits = sum((part for thing, _source, part in plan if isinstance(thing, Deposit)), NOTHING)
    return {
        Account.RECEIVABLE: -bills,
        Account.DEPOSITS: -deposits,
        Account.PREPAID: bills + deposits - taken,
    }


def _lines(plan, *, kept, used):
    """Return what the receipt says for ever: a line for each bill and deposit, what is kept as prepayment, and what
    came of an earlier one; they add up to its amount."""
    parts = {}
    for thing, _source, part in plan:
        parts[thing] = parts.get(thing, NOTHING) + part
    lines = [_line(thing, part) for thing, part in parts.items()]
    lines += [{"kind": "prepaid", "amount": str(kept)}] if kept else []
    return lines + ([{"kind": "used", "amount": str(-used)}] if used else [])


def _line(thing, part):
    rest = left_of(thing) - part
    facts = {"number": thing.number, "amount": str(part), **({"left": str(rest)} if rest else {})}
    if isinstance(thing, Bill):
        return {"kind": "bill", "text": thing.called, "period": f"{thing.from_on} – {thing.to_on}", **facts}
    return {"kind": "deposit", "text": thing.kind, "period": "", **facts}
