"""The list of bills: what is looked for, and the words of their states."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from residents.rooms import key_of

STATES = [
    ("open", _("to be paid")),
    ("overdue", _("overdue")),
    ("settled", _("paid")),
    ("void", _("void")),
    # What the figures of a month count, so that each of their numbers leads to a list that adds up to it.
    ("counted", _("all but void ones and late charges")),
    ("unpaid", _("to be paid, without late charges")),
]
LABELS = dict(STATES)
TAGS = {"open": "new", "overdue": "over", "settled": "done", "void": "void"}


def state_of(bill, today):
    """Return the state of a bill on a day: open, overdue, settled or void."""
    if bill.is_void:
        return "void"
    if bill.is_settled:
        return "settled"
    return "overdue" if bill.is_overdue(today) else "open"


@dataclass(frozen=True)
class Sums:
    """What bills come to in yuan: as billed, less what was waived; what was received of it; what is left to pay."""

    billed: Decimal
    received: Decimal
    left: Decimal


def sums_of(rows):
    """Return the Sums of those of `rows` that are not void. One query."""
    sums = {name: Coalesce(Sum(name), Decimal(0)) for name in ("amount", "waived", "paid", "balance")}
    found = rows.order_by().filter(voided_at=None).aggregate(**{f"sum_{name}": sum_ for name, sum_ in sums.items()})
    return Sums(found["sum_amount"] - found["sum_waived"], found["sum_paid"], found["sum_balance"])


def filtered(rows, wanted, today):
    """Return the bills that a search asks for, the newest month first."""
    conditions = {
        "open": Q(voided_at=None, balance__gt=0),
        "overdue": Q(voided_at=None, balance__gt=0, due_on__lt=today),
        "settled": Q(voided_at=None, balance=0),
        "void": Q(voided_at__isnull=False),
        "counted": Q(voided_at=None, about=None),
        "unpaid": Q(voided_at=None, about=None, balance__gt=0),
    }
    if wanted.get("month"):
        rows = rows.filter(month=wanted["month"])
    if wanted.get("fee"):
        rows = rows.filter(fee=wanted["fee"])
    if wanted.get("building"):
        rows = rows.filter(unit__building=wanted["building"])
    if wanted.get("room"):
        rows = rows.filter(unit__room_keys__contains=[key_of(wanted["room"])])
    if wanted.get("state"):
        rows = rows.filter(conditions[wanted["state"]])
    return rows.order_by("-month", F("unit__building"), "unit__room_order", "fee__position", "id")
