"""The verbs of the cashier: take money for bills and deposits, and use what a unit has prepaid.

Every act locks in one order: the unit, its bills and deposits by key, its payments, the shift, and the number last
(L3); it reads again what it locked, and it is written whole or not at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.actions.ledger import post
from billing.actions.messages import tell_receipt
from billing.actions.settling import change, drawer_of, lock_unit
from billing.actions.shifts import demand_cashier
from billing.amounts import MOST, NOTHING, to_fen
from billing.models import Account, Allocation, Bill, Deposit, Method, Payment, Receipt
from billing.numbering import RECEIPTS
from residents.models import Occupancy
from servicedesk.core import events, once
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event

_NOT_THEIRS = gettext_lazy(
    "Of what %(unit)s has prepaid, %(there)s yuan can pay what is ticked. Another %(others)s yuan came from somebody"
    " who no longer lives there and does not owe it: that money is given back on request."
)


@dataclass(frozen=True)
class Means:
    """What was given by one means: yuan, of cash as it was handed over, and the reference of the bank or the app."""

    method: str
    given: Decimal
    external_ref: str = ""


@dataclass
class Source:
    """Money that can still pay something: a payment, and how much of it, in yuan, is left for this act."""

    payment: Payment
    left: Decimal
    # Tells of a thing whether this money may pay it; None: anything.
    may_pay: Callable | None = None


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

    `bills` and `deposits` are what the payer names (Civil Code 560); of these the oldest is paid first, its late charge
    before it (561), the last one in part where the money does not suffice. `means` are Means, one of each method;
    `prepaid` yuan are taken from what the unit has prepaid, before them. What is more than owed becomes prepayment
    where `keep_rest`, else it is change. `owed` is what the page said that is owed: where it is another sum by now,
    nothing is taken. The same `submission` returns the same receipt, and is refused where anything else of the form was
    changed meanwhile.

    Raises Refused, with nothing written, without an open shift, for what was paid or voided meanwhile (naming the
    receipt), for a reference that was used before, and for more than is owed where no change can be given. Some 20
    queries, and two for each bill.
    """
    demand_cashier(unit.community_id, by=by)
    asked = _asked(bills, deposits, prepaid) | {"keep_rest": keep_rest}
    if made := once.made_by(submission, Receipt.objects.filter(community=unit.community_id, unit=unit, by=by)):
        was = Event.objects.about(made).get(verb="money_taken").data.get("asked")
        if not _is_same(made, means) or (made.payer, made.note, was) != (payer, note, asked):
            raise once.used_already(made)
        return made
    things, sources = _locked(unit, bills, deposits, prepaid, owed, now)
    shift = drawer_of(unit.community_id, by=by)
    payments = _payments(unit, shift, means, _sum_owed(things) - prepaid, keep_rest, now)
    _demand_references(unit.community_id, payments)
    total = sum((one.amount for one in payments), NOTHING)
    if total > MOST:
        raise Refused(_("One receipt is for at most %(most)s yuan. Take it in two.") % {"most": MOST})
    receipt = Receipt(community=unit.community, unit=unit, payer=payer, shift=shift, amount=total, at=now, by=by)
    receipt.submission, receipt.note = submission, note
    new = [Source(one, one.amount) for one in payments]
    plan = _plan(things, [*sources, *new])
    _demand_used(unit, sources, prepaid)
    receipt.lines = _lines(plan, kept=sum((one.left for one in new), NOTHING), used=prepaid)
    receipt.number = RECEIPTS.next(unit.community, now)
    receipt.save(force_insert=True)
    for one in new:
        one.payment.receipt, one.payment.prepaid_left = receipt, one.left
        _insert(one.payment)
    _pay(plan, sources, by=by, now=now)
    money = {Account(one.method): one.amount for one in payments}
    post("payment", about=receipt, lines=money | _other_side(plan, total), by=by, now=now)
    data = {"amount": str(total), "means": {one.method: str(one.amount) for one in payments}, "asked": asked}
    events.log(receipt, "money_taken", by=by, now=now, data=data | ({"prepaid": str(prepaid)} if prepaid else {}))
    if payer and payer.mail_receipts:
        tell_receipt(receipt, by=by, now=now)
    return receipt


@transaction.atomic
def use_prepayment(unit, *, bills, deposits, amount, by, now, submission, owed=None):
    """Pay bills and deposits of a unit with `amount` yuan of what it has prepaid, and return the Event that says so.

    No money moves, so there is no receipt and no number; the same `submission` returns the same event. Raises Refused
    as `take_payment` does, also for a form that was changed after it had been used, and where the unit has not prepaid
    so much, or somebody did who lives there no more and owes none of it.
    """
    demand_cashier(unit.community_id, by=by)
    # Two of the same form are told apart by the lock on the unit, under which the second finds the first.
    lock_unit(unit.pk)
    asked = _asked(bills, deposits, amount)
    if made := Event.objects.about(unit).filter(verb="prepaid_used", data__submission=str(submission)).first():
        if made.data.get("asked") != asked:
            raise once.used_already(_("%(amount)s yuan of the prepayment") % {"amount": made.data["amount"]})
        return made
    things, sources = _locked(unit, bills, deposits, amount, owed, now)
    if amount > _sum_owed(things):
        raise Refused(_("That is more than is owed. Use at most %(owed)s yuan.") % {"owed": _sum_owed(things)})
    made = set_off(unit, things, sources, by=by, now=now, data={"submission": str(submission), "asked": asked})
    _demand_used(unit, sources, amount)
    return made


def set_off(unit, things, sources, *, by, now, data=None):
    """Pay `things` from what `sources` have left, both in their order, in the caller's transaction and behind its
    locks; return the Event that says so, or None where nothing was paid. No money moves. Six statements and two for
    each thing."""
    plan = _plan(things, sources)
    if not plan:
        return None
    rows = _pay(plan, sources, by=by, now=now)
    post("prepaid_used", about=unit, lines=_other_side(plan, NOTHING), by=by, now=now)
    amount = sum((part for _thing, _source, part in plan), NOTHING)
    data = {"amount": str(amount), "allocations": [row.pk for row in rows], **(data or {})}
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


def _locked(unit, bills, deposits, prepaid, owed, now):
    """Lock the unit, what is to be paid and what it has prepaid; return the things in the order in which they are paid
    and the Sources of `prepaid` yuan, the oldest money first."""
    lock_unit(unit.pk)
    lock = {"of": ("self",), "no_key": True}
    bill_rows = Bill.objects.select_for_update(**lock).filter(pk__in=[one.pk for one in bills], unit=unit)
    deposit_rows = Deposit.objects.select_for_update(**lock).filter(pk__in=[one.pk for one in deposits], unit=unit)
    bill_rows = list(bill_rows.select_related("fee", "about__fee").order_by("pk"))
    deposit_rows = list(deposit_rows.order_by("pk"))
    if len(bill_rows) + len(deposit_rows) != len({one.pk for one in bills}) + len({one.pk for one in deposits}):
        raise Refused(_("One of these bills is not of %(unit)s. Choose again.") % {"unit": unit})
    things = sorted(bill_rows, key=lambda one: one.paying_order)
    things += sorted(deposit_rows, key=lambda one: (one.asked_at, one.pk))
    for thing in things:
        _demand_owed(thing)
    if owed is not None and owed != _sum_owed(things):
        raise Refused(_meanwhile(things, owed))
    return things, _prepaid_sources(unit, prepaid, things, now)


def _prepaid_sources(unit, amount, things, now):
    """Return the Sources of `amount` yuan of what a unit has prepaid, the oldest first. Money of somebody who lives
    there no more pays only what they owe themselves: who left gets it back on request (物业服务纠纷解释 3), and it is
    not the next one's."""
    if not amount:
        return []
    living = Occupancy.objects.on(unit.community.local(now).date()).filter(unit=unit)
    here = {None, *living.values_list("person", flat=True)}
    rows = Payment.objects.select_for_update(of=("self",), no_key=True).filter(unit=unit, prepaid_left__gt=0)
    sources, left, others, owed = [], amount, NOTHING, {}
    for thing in things:
        owed[_owed_by(thing)] = owed.get(_owed_by(thing), NOTHING) + left_of(thing)
    for payment in rows.select_related("receipt").order_by("pk"):
        payer, part, may_pay = payment.receipt.payer_id, min(payment.prepaid_left, left), None
        if payer not in here:
            part = min(part, owed.get(payer, NOTHING))
            owed[payer] = owed.get(payer, NOTHING) - part
            others += payment.prepaid_left - part
            may_pay = partial(_owes, payer)
        if part:
            sources.append(Source(payment, part, may_pay))
            left -= part
    if not left:
        return sources
    facts = {"unit": unit, "there": amount - left, "others": others}
    if others:
        raise Refused(_NOT_THEIRS % facts)
    raise Refused(_("%(unit)s has prepaid only %(there)s yuan. Use at most that.") % facts)


def _owed_by(thing):
    """Return the key of the person who owes a bill, or whose deposit it is."""
    return thing.debtor_id if isinstance(thing, Bill) else thing.payer_id


def _owes(person, thing):
    return _owed_by(thing) == person


def _demand_used(unit, sources, amount):
    """Raise Refused where not all of the `amount` of prepayment that was to be used may pay what was ticked."""
    if others := sum((one.left for one in sources), NOTHING):
        raise Refused(_NOT_THEIRS % {"unit": unit, "there": amount - others, "others": others})


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
        % {"number": thing.number, "receipt": last.payment.receipt, "who": last.by or last.payment.receipt.by}
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
    return text % (facts | {"receipt": latest.payment.receipt, "who": latest.by or latest.payment.receipt.by})


def _last_paid(thing):
    rows = thing.allocations.filter(reverses=None, reversed_by=None).select_related("payment__receipt__by", "by")
    return rows.order_by("-pk").first()


def left_of(thing):
    """Return what is left to pay of a bill or a deposit, in yuan. No query."""
    return thing.balance if isinstance(thing, Bill) else thing.left_to_pay


def _sum_owed(things):
    return sum(map(left_of, things), NOTHING)


def _asked(bills, deposits, prepaid):
    """Return what a form asks for, to be kept with the act: the same form with other ticks is another act."""
    ticked = sorted(one.number for one in (*bills, *deposits))
    return {"ticked": ticked, "prepaid": str(to_fen(prepaid))}


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


def _insert(payment):
    """Write a payment. Two cashiers with the same reference at two homes hold no common lock, so the second waits here
    for the first, and is told then on which receipt it is."""
    try:
        with transaction.atomic():
            payment.save(force_insert=True)
    except IntegrityError:
        _demand_references(payment.community_id, [payment])
        raise


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
    plan = []
    for thing in things:
        left = left_of(thing)
        for source in sources:
            part = min(left, source.left)
            if part and (source.may_pay is None or source.may_pay(thing)):
                plan.append((thing, source, part))
                left, source.left = left - part, source.left - part
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
