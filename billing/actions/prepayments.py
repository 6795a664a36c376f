"""What a unit has prepaid pays its bills by itself when they fall due, so that nobody is dunned while we hold money of
theirs; and what a voided bill had been paid pays the one that replaces it."""

import logging

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Sum

from billing.actions.cash import Source, set_off
from billing.actions.settling import lock_unit
from billing.ageing import with_disputes
from billing.models import Allocation, Bill, MoneyRequest, Payment
from residents.models import Occupancy, Unit

logger = logging.getLogger(__name__)
HOLDERS = (Occupancy.Kind.OWNER, Occupancy.Kind.LESSEE)


def free_payments():
    """Return the payments of which something is left that nobody has asked to get back."""
    asked = Q(payment=OuterRef("pk")) | Q(receipt=OuterRef("receipt"))
    promised = MoneyRequest.objects.in_hand().filter(asked)
    return Payment.objects.filter(~Exists(promised), prepaid_left__gt=0)


def use_prepayments(community, *, now):
    """Pay what is due by today from what was prepaid; return in how many units. Done again it does nothing new.

    One query, and some fifteen for each unit that has both, in a transaction of its own: one that fails is logged and
    passed over. The oldest debt is paid first, from the oldest money (`may_pay` says from which); never a disputed
    bill, never from money that was given for something that its receipt names.
    """
    today = community.local(now).date()
    holding = free_payments().filter(community=community).values("unit")
    due = Bill.objects.owed().filter(community=community, due_on__lte=today, unit__in=holding)
    count = 0
    for pk in due.order_by("unit").values_list("unit", flat=True).distinct():
        try:
            count += _use(pk, today, now)
        except Exception:
            logger.exception("the prepayment of unit %s could not be used", pk)
    return count


@transaction.atomic
def _use(pk, today, now):
    lock_unit(pk)
    unit = Unit.objects.select_related("community").get(pk=pk)
    bills = with_disputes(Bill.objects.owed().filter(unit=unit, due_on__lte=today)).select_related("fee", "about__fee")
    bills = bills.select_for_update(of=("self",), no_key=True).order_by("pk")
    bills = sorted((bill for bill in bills if not bill.is_disputed), key=lambda bill: bill.paying_order)
    payments = free_payments().filter(unit=unit).select_related("receipt").select_for_update(of=("self",), no_key=True)
    living = list(Occupancy.objects.in_force().filter(unit=unit))

    def fits(payment):
        given_on = unit.community.local(payment.at).date()
        return lambda bill: may_pay(bill, payment, living, given_on, today)

    sources = [
        Source(one, one.prepaid_left, fits(one)) for one in payments.order_by("pk") if not _is_named(one.receipt)
    ]
    return set_off(unit, bills, sources, by=None, now=now) is not None


def _is_named(receipt):
    """Return whether the prepayment on a receipt was given for something that its note names; a person uses it then."""
    return bool(receipt.note) and any(line["kind"] == "prepaid" for line in receipt.lines)


def may_pay(bill, payment, living, given_on, today):
    """Return whether a prepayment may pay a bill of its unit by itself; `living` are the occupancies of the unit, the
    receipt is loaded with the payment. No query.

    It pays the bills of its payer, and of who had the unit when it was given, as long as the payer still lives there:
    money of somebody who left never pays for who came after. A bill of nobody is paid as long as nobody was registered
    for the unit since the money came.
    """
    payer = payment.receipt.payer_id
    if bill.debtor_id is None:
        ends = [one.period.upper for one in living if one.kind in HOLDERS]
        return not any(end is None or end > given_on for end in ends)
    if payer == bill.debtor_id:
        return True

    def lived(person, day):
        return any(one.person_id == person and one.is_on(day) for one in living)

    return lived(bill.debtor_id, given_on) and (payer is None or lived(payer, today))


def carry_over(old, new, unit, *, by, now):
    """Pay the bill `new` with what was paid of `old`, which was voided and which it replaces; return the Event, or None
    where nothing was paid or another person owes it now. In the transaction that wrote `new`, behind the unit's lock.
    """
    if (old.debtor_kind, old.debtor_id) != (new.debtor_kind, new.debtor_id):
        return None
    paid = Allocation.objects.filter(bill=old, reverses=None).order_by().values_list("payment").annotate(Sum("amount"))
    paid = dict(paid)
    payments = free_payments().filter(pk__in=paid).select_for_update(of=("self",), no_key=True).order_by("pk")
    sources = [Source(one, min(one.prepaid_left, paid[one.pk])) for one in payments]
    return set_off(unit, [new], sources, by=by, now=now)
