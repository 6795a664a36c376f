"""Money as the cashier's page writes it, in as few words as a test needs."""

import datetime
import uuid
from decimal import Decimal

from django.db.models import F

from billing import actions
from billing.actions.ledger import post
from billing.models import Account, Allocation, Bill, Deposit, Payment, Receipt, Shift
from tests import factories
from tests.factories import MONDAY


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def next_number(model, community, sign):
    return f"{sign}-{model.objects.filter(community=community).count() + 1:04}"


def open_shift(community, cashier, *, change="500.00", now=MONDAY):
    number = next_number(Shift, community, "BC2025")
    return Shift.objects.create(
        community=community, number=number, cashier=cashier, opened_at=now, opening_float=change
    )


def billed(unit, fee, amount="260.75", *, month=datetime.date(2025, 8, 1), **facts):
    """A bill that stands in the books."""
    facts.setdefault("number", next_number(Bill, unit.community, f"ZD{month:%Y%m}"))
    bill = factories.bill(unit, fee, amount, month=month, **facts)
    post(
        "billed", about=bill, lines={Account.RECEIVABLE: bill.amount, Account.INCOME: -bill.amount}, by=None, now=MONDAY
    )
    return bill


def taken(shift, unit, amount, *, bills=(), deposits=(), method="cash", of=None, now=MONDAY, **facts):
    """A receipt with one payment of `amount`, which pays (row, yuan) pairs; what is left is prepaid. Or with a payment
    for each means of `of`."""
    amount = Decimal(amount)
    receipt = Receipt.objects.create(
        community=unit.community,
        number=next_number(Receipt, unit.community, "SJ2025"),
        unit=unit,
        shift=shift,
        amount=amount,
        at=now,
        by=shift.cashier,
        **facts,
    )
    for means, part in (of or {method: amount}).items():
        pay(receipt, Decimal(part), bills=bills, deposits=deposits, method=means, now=now)
    return receipt


def pay(receipt, amount, *, bills=(), deposits=(), method="cash", now=MONDAY):
    pairs = [(row, Decimal(yuan)) for row, yuan in (*bills, *deposits)]
    payment = Payment.objects.create(
        community=receipt.community,
        receipt=receipt,
        unit=receipt.unit,
        shift=receipt.shift,
        method=method,
        amount=amount,
        tendered=amount if method == "cash" else None,
        external_ref="" if method == "cash" else uuid.uuid4().hex,
        prepaid_left=amount,
        at=now,
    )
    post("taken", about=payment, lines={Account(method): amount, Account.PREPAID: -amount}, by=receipt.by, now=now)
    for row, yuan in pairs:
        settle(payment, row, yuan, now=now)
    return payment


def settle(payment, row, yuan, *, now=MONDAY):
    """Pay a part of a bill or a deposit out of what a payment has left."""
    is_bill = isinstance(row, Bill)
    Payment.objects.filter(pk=payment.pk).update(prepaid_left=F("prepaid_left") - yuan)
    if is_bill:
        Bill.objects.filter(pk=row.pk).update(paid=F("paid") + yuan)
    else:
        Deposit.objects.filter(pk=row.pk).update(received=F("received") + yuan, version=F("version") + 1)
    Allocation.objects.create(
        community=payment.community,
        payment=payment,
        amount=yuan,
        at=now,
        **{"bill" if is_bill else "deposit": row},
    )
    account = Account.RECEIVABLE if is_bill else Account.DEPOSITS
    post("settled", about=payment, lines={Account.PREPAID: yuan, account: -yuan}, by=None, now=now)


def deposit(unit, payer, by, amount="1000.00", *, kind="key", now=MONDAY, **facts):
    """A deposit that was asked for."""
    return actions.ask_for_deposit(
        unit, kind=kind, payer=payer, amount=Decimal(amount), note="门禁卡两张", by=by, now=now, **facts
    )


def done(kind, thing, *, asker, decider, now=MONDAY, **facts):
    """A request that was approved."""
    request = actions.ask_for(kind, thing, reason="核对后确认", by=asker, now=now, **facts)
    actions.approve_request(request, by=decider, now=now)
    return fresh(request)
