"""What a one-time code shows: the bills and receipts of one person's time in one home, and of nobody else (T27)."""

from django.db.models import Q, Sum

from billing.amounts import NOTHING
from billing.models import Bill, BillAccess, Deposit, Payment, Receipt
from residents.models import Occupancy
from servicedesk.core import tokens

# Who owes or may owe: the others see no bills.
PAYING = (Occupancy.Kind.OWNER, Occupancy.Kind.LESSEE)


def opened(key, now):
    """Return the BillAccess that a browser has opened and may still look by, or None. One query."""
    if not isinstance(key, int):
        return None
    rows = BillAccess.objects.open_at(now).select_related("community", "unit", "person")
    return rows.filter(pk=key, person__sealed_at=None, person__erased_at=None).first()


def by_code(typed, now):
    """Return the BillAccess that a typed code opens, or None; look-alikes and blanks in it do not matter. One query."""
    code = tokens.plain_code(typed)
    return BillAccess.objects.to_use(now).filter(code_digest=tokens.digest(code)).first() if code else None


def bills_of(access):
    """Return the standing bills that `access` shows: what this person owes, and what nobody else does of their time.

    A bill of the home before or after that time, or of another debtor, is not among them.
    """
    nobodys = Q(pk__in=[])
    for period in _theirs(access).values_list("period", flat=True):
        ends = Q(from_on__lt=period.upper) if period.upper else Q()
        nobodys |= Q(debtor=None, debtor_kind=Bill.DebtorKind.UNKNOWN, to_on__gte=period.lower) & ends
    return Bill.objects.standing().filter(Q(debtor=access.person_id) | nobodys, unit=access.unit_id)


def _theirs(access):
    """Return the times in which this person owned or rented the home."""
    rows = Occupancy.objects.in_force().filter(unit=access.unit_id, person=access.person_id)
    return rows.filter(kind__in=PAYING)


def receipts_of(access):
    """Return the receipts that `access` shows: those made out to this person for this home, void ones as well."""
    return Receipt.objects.filter(unit=access.unit_id, payer=access.person_id)


def deposits_of(access):
    """Return the deposits of this person for this home of which money was received, those given back as well."""
    return Deposit.objects.standing().filter(unit=access.unit_id, payer=access.person_id, received__gt=0)


def prepaid_of(access):
    """Return what this person has prepaid for this home and no bill has used, in yuan. One query."""
    rows = Payment.objects.filter(unit=access.unit_id, receipt__payer=access.person_id, prepaid_left__gt=0)
    return rows.aggregate(sum=Sum("prepaid_left"))["sum"] or NOTHING
