"""The list of bills: what is looked for, and the words of their states."""

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from residents.rooms import key_of

STATES = [
    ("open", _("to be paid")),
    ("overdue", _("overdue")),
    ("settled", _("paid")),
    ("void", _("void")),
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


def filtered(rows, wanted, today):
    """Return the bills that a search asks for, the newest month first."""
    conditions = {
        "open": Q(voided_at=None, balance__gt=0),
        "overdue": Q(voided_at=None, balance__gt=0, due_on__lt=today),
        "settled": Q(voided_at=None, balance=0),
        "void": Q(voided_at__isnull=False),
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
