"""What a person is given a copy of that the books hold about them (PIPL 45): their bills, their money, what was done.

It is found by the keys to the register that bills, receipts, deposits and letters have. The account of a home is not
theirs as such: of what names nobody, a promise is theirs that was made while they owed for the home and lived there.
"""

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from billing import arithmetic
from billing.access import PAYING
from billing.models import (
    Bill,
    BillAccess,
    DemandLetter,
    Deposit,
    Dispute,
    Message,
    MoneyRequest,
    Payment,
    PromiseToPay,
    Receipt,
    Refund,
)
from complaints import portable, subjects
from residents.models import Occupancy


def _bills(people):
    return Bill.objects.filter(debtor__in=people).select_related("unit", "fee")


def _receipts(people):
    return Receipt.objects.filter(payer__in=people).select_related("unit")


def _payments(people):
    return Payment.objects.filter(receipt__payer__in=people).select_related("receipt")


def _refunds(people):
    theirs = Q(payment__receipt__payer__in=people) | Q(deposit__payer__in=people)
    return Refund.objects.filter(theirs).select_related("payment__receipt", "deposit")


def _deposits(people):
    return Deposit.objects.filter(payer__in=people).select_related("unit")


def _deductions(people):
    rows = MoneyRequest.objects.filter(kind=MoneyRequest.Kind.DEDUCTION, deposit__payer__in=people)
    return rows.exclude(carried_out_at=None).select_related("deposit")


def _promises(people):
    owed = Bill.objects.filter(debtor__in=people, unit=OuterRef("arrears__unit"), due_on__lte=OuterRef("pay_on"))
    lived = Occupancy.objects.in_force().filter(
        person__in=people, unit=OuterRef("arrears__unit"), kind__in=PAYING, period__contains=OuterRef("made_at__date")
    )
    return PromiseToPay.objects.filter(Exists(owed), Exists(lived)).select_related("arrears__unit")


def _disputes(people):
    return Dispute.objects.filter(bill__debtor__in=people).select_related("bill")


def _letters(people):
    return DemandLetter.objects.filter(debtor__in=people).select_related("unit")


def _messages(people):
    return Message.objects.filter(person__in=people).select_related("unit")


def _codes(people):
    return BillAccess.objects.filter(person__in=people).select_related("unit")


def _counted(bill):
    """Return how a bill was counted, a line for each."""
    return "\n".join(" ".join(filter(None, [one.text, one.how, f"{one.amount}"])) for one in arithmetic.lines_of(bill))


def _paid(receipt):
    """Return what a receipt paid, a line for each: number and yuan; what has no number is the prepayment."""
    return "\n".join(f"{line.get('number') or _('Prepaid')} {line['amount']}" for line in receipt.lines)


def _itemised(request):
    return "\n".join(f"{one['text']} {one['amount']}" for one in request.items)


# Model, its name in a copy, whose rows, and what of a row is given: columns, or what WORDS say of it.
HELD = [
    (Bill, _("Bills"), _bills, "number unit fee month from_on to_on amount paid waived balance due_on voided_at lines"),
    (Receipt, _("Receipts"), _receipts, "number unit at amount lines note voided_at"),
    (Payment, _("Payments taken"), _payments, "receipt at method amount external_ref prepaid_left refunded"),
    (Refund, _("Refunds paid"), _refunds, "number at method amount external_ref"),
    (Deposit, _("Deposits"), _deposits, "number unit kind amount received deducted refunded held note refund_due_on"),
    (MoneyRequest, _("Deductions from deposits"), _deductions, "deposit carried_out_at amount items reason"),
    (PromiseToPay, _("Promises to pay"), _promises, "arrears made_at amount pay_on status note"),
    (Dispute, _("Disputed bills"), _disputes, "bill opened_at ended_at outcome outcome_note"),
    (DemandLetter, _("Demand letters"), _letters, "number unit issued_on reply_by total delivered_on proof proof_text"),
    (Message, _("E-mails about bills"), _messages, "created_at unit kind month due_on"),
    (BillAccess, _("Codes for bills"), _codes, "given_at unit used_at"),
]
WORDS = {
    (Bill, "fee"): lambda bill: bill.called,
    (Bill, "lines"): _counted,
    (Receipt, "lines"): _paid,
    (MoneyRequest, "items"): _itemised,
}
HEADINGS = {
    "balance": _("Left to pay"),
    "held": _("Held now"),
    "lines": _("In detail"),
    "items": _("What was deducted for"),
    "receipt": _("Receipt number"),
    "deposit": _("Deposit"),
    "arrears": _("Room"),
    "made_at": _("When"),
    "carried_out_at": _("When"),
    "opened_at": _("Since"),
    "ended_at": _("Until"),
    "voided_at": _("Void since"),
    "method": _("Means of payment"),
    "given_at": _("When"),
    "used_at": _("Used at"),
}


def register():
    """Add what the books hold of a person to what is held of them: for their page and for the copy."""
    for model, title, find, columns in HELD:
        subjects.add(model._meta.label, title, find, columns.split(), has_photos=model is MoneyRequest)
        named = {(model._meta.label, name): HEADINGS[name] for name in columns.split() if name in HEADINGS}
        portable.HEADINGS_OF.update(named)
    portable.WORDS_OF.update({(model._meta.label, name): words for (model, name), words in WORDS.items()})
