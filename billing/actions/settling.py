"""The small moves of which the acts on money are made: each locks what it changes by changing it, in the order bills,
deposits, payments (L3), and each fails where the row no longer allows it (L5). The unit is locked by whoever calls.
"""

from collections import defaultdict
from decimal import Decimal

from django.db.models import F, Sum
from django.utils.translation import gettext as _

from billing.amounts import NOTHING
from billing.models import Allocation, Bill, Deposit, Method, Payment, Refund, Shift
from billing.numbering import REFUNDS
from residents.models import Unit
from servicedesk.core.errors import Refused, Stale


def lock_unit(unit_id):
    """Lock the account of a unit until the transaction ends: every act on its money begins here. One query."""
    Unit.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=unit_id)


def change(rows, **facts):
    """Write to one row of money only if it still allows it, by a conditional UPDATE; raise Stale otherwise (M2)."""
    if rows.update(**facts) != 1:
        raise Stale


def take_back(allocations, *, by, now):
    """Take back what `allocations` (a queryset) paid, by rows with the other sign, and return the yuan that went back
    from (bills, deposits); the money is prepayment of its payments again. What was taken back before stays so.

    Raises Refused where a deposit no longer holds what was paid into it.
    """
    standing = list(allocations.filter(reverses=None, reversed_by=None).order_by("id"))
    of = {"bill_id": defaultdict(Decimal), "deposit_id": defaultdict(Decimal), "payment_id": defaultdict(Decimal)}
    for one in standing:
        for column, sums in of.items():
            if key := getattr(one, column):
                sums[key] += one.amount
    for pk, amount in sorted(of["bill_id"].items()):
        change(Bill.objects.filter(pk=pk, voided_at=None, paid__gte=amount), paid=F("paid") - amount)
    for pk, amount in sorted(of["deposit_id"].items()):
        if Deposit.objects.filter(pk=pk, held__gte=amount).update(
            received=F("received") - amount, version=F("version") + 1
        ) != 1:  # fmt: skip
            raise Refused(_("A deposit that was paid with it has been deducted from or given back since."))
    for pk, amount in sorted(of["payment_id"].items()):
        change(Payment.objects.filter(pk=pk), prepaid_left=F("prepaid_left") + amount)
    Allocation.objects.bulk_create(
        Allocation(
            community_id=one.community_id,
            payment_id=one.payment_id,
            bill_id=one.bill_id,
            deposit_id=one.deposit_id,
            amount=-one.amount,
            reverses=one,
            at=now,
            by=by,
        )
        for one in standing
    )
    return sum(of["bill_id"].values(), NOTHING), sum(of["deposit_id"].values(), NOTHING)


def drawer_of(community_id, *, by):
    """Return the open shift of a cashier, locked so that it cannot close meanwhile. Raises Refused without one."""
    shifts = Shift.objects.select_for_update(of=("self",), no_key=True).open()
    shift = shifts.filter(community_id=community_id, cashier=by).first()
    if shift is None:
        raise Refused(_("Money is taken and given back in an open shift. Open yours first; what you typed is kept."))
    return shift


def cash_in(shift):
    """Return the cash in the drawer of a shift by the book, in yuan: its change, cash taken, cash given back. One
    query."""
    taken = Payment.objects.filter(shift=shift, method=Method.CASH).order_by().values("method")
    given = Refund.objects.filter(shift=shift, method=Method.CASH).order_by().values("method")
    sums = taken.annotate(total=Sum("amount")).union(given.annotate(total=-Sum("amount")), all=True)
    return shift.opening_float + sum((row["total"] for row in sums), NOTHING)


def give_back(parts, *, request, shift, by, now, references=None, is_reversal=False, deposit=None):
    """Write a Refund for each (payment, yuan) of `parts` by the means it came and return them; `references` are the
    words of the banks, {method: text}. Raises Refused where the drawer has not so much cash by the book."""
    cash = sum((amount for payment, amount in parts if payment.method == Method.CASH), NOTHING)
    if cash and cash > (there := cash_in(shift)):
        raise Refused(
            _("By the book there are %(there)s yuan of cash in your drawer, and %(cash)s are to be given back.")
            % {"there": there, "cash": cash}
        )
    return [
        Refund.objects.create(
            community_id=payment.community_id,
            number=REFUNDS.next(shift.community, now),
            payment=payment,
            deposit=deposit,
            unit_id=payment.unit_id,
            request=request,
            shift=shift,
            method=payment.method,
            amount=amount,
            external_ref=(references or {}).get(payment.method, ""),
            is_reversal=is_reversal,
            at=now,
            by=by,
        )
        for payment, amount in parts
    ]
