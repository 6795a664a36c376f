"""What has to be known before an act on money is asked for or decided: facts about what it is about. Reads only."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from billing.actions.requests import ways_back
from billing.models import Allocation, Bill, Deposit, DepositKind, MoneyRequest, Payment, Receipt

Kind = MoneyRequest.Kind
# Where the rows that requests are about stand, for a list of requests.
WITH_THINGS = ("unit", "bill", "receipt", "payment__receipt", "deposit", "asked_by", "decided_by")


@dataclass(frozen=True)
class Fact:
    """One line of facts: `is_data` says that the words are somebody's own and no part of a language."""

    label: str
    text: Any
    is_data: bool = True
    is_money: bool = False


def money(label, amount):
    return Fact(label, amount, is_money=True)


def number_of(thing):
    """Return by which number people call a row of money; a payment by that of its receipt."""
    return thing.receipt.number if isinstance(thing, Payment) else thing.number


def load(kind, rows):
    """Return `rows` of what a kind of request is about with what facts_of reads."""
    return rows.select_related(*_LOADED[rows.model])


_LOADED = {
    Bill: ("unit", "fee", "debtor", "community"),
    Receipt: ("unit", "payer", "by", "shift", "community"),
    Payment: ("unit", "receipt", "community"),
    Deposit: ("unit", "payer", "community"),
}


def facts_of(thing):
    """Return the Facts of a bill, receipt, payment or deposit, what matters first. Two queries at the most."""
    return _FACTS[type(thing)](thing)


def _bill(bill):
    late = bill.late_charges.standing().order_by("pk")
    return [
        Fact(_("Bill"), bill.number),
        Fact(_("Room"), bill.unit),
        Fact(_("Fee"), bill.called),
        Fact(_("Period"), f"{bill.from_on:%Y-%m-%d} – {bill.to_on:%Y-%m-%d}"),
        Fact(_("Owed by"), bill.debtor or bill.get_debtor_kind_display(), is_data=bill.debtor_id is not None),
        money(_("Amount in yuan"), bill.amount),
        money(_("Paid"), bill.paid),
        money(_("Waived"), bill.waived),
        money(_("Left to pay"), bill.balance),
        *(money(_("Late charge %(number)s") % {"number": one.number}, one.amount) for one in late),
    ]


def _receipt(receipt):
    facts = [
        Fact(_("Receipt number"), receipt.number),
        Fact(_("Room"), receipt.unit),
        Fact(_("Payer"), receipt.payer or "–"),
        Fact(_("Money taken"), f"{receipt.community.local(receipt.at):%Y-%m-%d %H:%M} · {receipt.by}"),
        Fact(_("Cash shift"), receipt.shift.number),
        money(_("Amount in yuan"), receipt.amount),
    ]
    for one in receipt.payments.order_by("id"):
        facts.append(money(one.get_method_display(), one.amount))
        if one.prepaid_left:
            facts.append(money(_("of it prepaid"), one.prepaid_left))
        if one.refunded:
            facts.append(money(_("of it given back"), one.refunded))
    paid = Allocation.objects.filter(payment__receipt=receipt, reverses=None, reversed_by=None)
    totals = paid.values("bill__number", "deposit__number").annotate(total=Sum("amount")).order_by("bill", "deposit")
    for row in totals:
        number = row["bill__number"] or row["deposit__number"]
        facts.append(money(_("It paid of %(number)s") % {"number": number}, row["total"]))
    return facts


def _payment(payment):
    return [
        Fact(_("Receipt number"), payment.receipt.number),
        Fact(_("Room"), payment.unit),
        Fact(_("Money taken"), f"{payment.community.local(payment.at):%Y-%m-%d %H:%M}"),
        Fact(_("Means of payment"), payment.get_method_display(), is_data=False),
        money(_("Amount in yuan"), payment.amount),
        money(_("Still prepaid"), payment.prepaid_left),
        money(_("Given back before"), payment.refunded),
    ]


def _deposit(deposit):
    return [
        Fact(_("Deposit"), deposit.number),
        Fact(_("Room"), deposit.unit),
        Fact(_("Kind"), deposit.get_kind_display(), is_data=False),
        Fact(_("Payer"), deposit.payer),
        Fact(_("Purpose of the deposit"), deposit.note),
        money(_("Money received"), deposit.received),
        money(_("Deducted before"), deposit.deducted),
        money(_("Given back before"), deposit.refunded),
        money(_("Held now"), deposit.held),
    ]


_FACTS = {Bill: _bill, Receipt: _receipt, Payment: _payment, Deposit: _deposit}


def outcome_of(kind):
    """Return the sentence that says what happens to the money when a request of this kind is carried out."""
    return {
        Kind.VOID_BILL: _(
            "The bill and the late charges on it count no more. What was paid of them becomes a prepayment of the room."
        ),
        Kind.WAIVER: _("This part of the bill is not claimed any more. The rest stays owed."),
        Kind.REVERSAL: _(
            "The receipt becomes void and stays in the books. What it paid is owed again, and the cashier gives all of"
            " the money back as it came."
        ),
        Kind.REFUND: _("The cashier gives the money back as it came. What it paid stays paid."),
        Kind.DEDUCTION: _("We keep this part of the deposit. The payer gets the list and has to be told."),
        Kind.DEPOSIT_REFUND: _("The cashier gives this part of the deposit back as it came."),
    }[kind]


def methods_of(request):
    """Return by which means the money of a request goes back, each once. Two queries at the most."""
    if request.kind == Kind.REVERSAL:
        return sorted({one.method for one in request.receipt.payments.all() if one.amount > one.refunded})
    if request.kind == Kind.REFUND:
        return [request.payment.method]
    if request.kind == Kind.DEPOSIT_REFUND:
        return sorted({payment.method for payment, _amount in ways_back(request.deposit, request.amount)})
    return []


def contractors_first(deposit):
    """Return the contractor's deposit of the same unit that is to be used before the owner's `deposit`, or None
    (section 20). One query for an owner's deposit, else none."""
    if deposit.kind != DepositKind.RENOVATION_OWNER:
        return None
    rows = Deposit.objects.filter(unit=deposit.unit_id, kind=DepositKind.RENOVATION_CONTRACTOR)
    return rows.held().order_by("id").first()
