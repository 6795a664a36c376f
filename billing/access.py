"""What a one-time code shows: the bills and receipts of one person's time in one home, and of nobody else (T27)."""

from django.db.models import Q

from billing.models import Bill, BillAccess, Receipt
from servicedesk.core import tokens


def opened(key, now):
    """Return the BillAccess that a browser has opened and may still look by, or None. One query."""
    if not isinstance(key, int):
        return None
    rows = BillAccess.objects.open_at(now).select_related("community", "occupancy__unit", "occupancy__person")
    return rows.filter(pk=key, occupancy__person__sealed_at=None, occupancy__person__erased_at=None).first()


def by_code(typed, now):
    """Return the BillAccess that a typed code opens, or None; look-alikes and blanks in it do not matter. One query."""
    code = tokens.plain_code(typed)
    return BillAccess.objects.to_use(now).filter(code_digest=tokens.digest(code)).first() if code else None


def bills_of(access):
    """Return the standing bills that `access` shows: what this person owes, and what nobody else does of their time.

    A bill of the home before or after that time, or of another debtor, is not among them.
    """
    theirs = access.occupancy
    begins = Q(to_on__gte=theirs.period.lower)
    ends = Q(from_on__lt=theirs.period.upper) if theirs.period.upper else Q()
    nobodys = Q(debtor=None, debtor_kind=Bill.DebtorKind.UNKNOWN) & begins & ends
    return Bill.objects.standing().filter(Q(debtor=theirs.person_id) | nobodys, unit=theirs.unit_id)


def receipts_of(access):
    """Return the receipts that `access` shows: those made out to this person for this home, void ones as well."""
    theirs = access.occupancy
    return Receipt.objects.filter(unit=theirs.unit_id, payer=theirs.person_id)
