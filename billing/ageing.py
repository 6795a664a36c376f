"""Arrears by age: how much is owed and since when, by unit, building and fee. Reads only."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, Sum, Value, When
from django.utils.translation import gettext_lazy as _

from billing.access import PAYING
from billing.amounts import NOTHING
from billing.late import Terms, late_charge
from billing.models import Allocation, Bill, Dispute, Fee, LateClause, Waiver
from residents.models import Occupancy
from servicedesk.core.calendar import calendar_of

# Days after the bill was due, both included; None has no end.
BUCKETS = {
    "current": (_("not due yet"), None, 0),
    "1-30": (_("1–30 days"), 1, 30),
    "31-60": (_("31–60 days"), 31, 60),
    "61-90": (_("61–90 days"), 61, 90),
    "over-90": (_("more than 90 days"), 91, None),
}


@dataclass(frozen=True)
class Bucket:
    """One age of what is owed: how many bills and their sum in yuan."""

    key: str
    label: str
    count: int
    total: Decimal


def of_age(key, today):
    """Return the condition on bills whose age on `today` lies in a bucket."""
    _label, first, last = BUCKETS[key]
    condition = Q()
    if first is not None:
        condition &= Q(due_on__lte=today - datetime.timedelta(days=first))
    if last is not None:
        condition &= Q(due_on__gte=today - datetime.timedelta(days=last))
    return condition


def owed_in(community, *, building=None, fee=None):
    """Return what is owed in a community, of one building or fee where named."""
    rows = Bill.objects.owed().filter(community=community)
    rows = rows.filter(unit__building=building) if building else rows
    return rows.filter(fee=fee) if fee else rows


def by_age(rows, today):
    """Return a Bucket for each age of the owed bills `rows`. One grouped query over the index of owed bills."""
    facts = {}
    for number, key in enumerate(BUCKETS):
        condition = of_age(key, today)
        facts |= {f"n{number}": Count("pk", filter=condition), f"t{number}": Sum("balance", filter=condition)}
    found = rows.order_by().aggregate(**facts)
    return [
        Bucket(key, BUCKETS[key][0], found[f"n{number}"], found[f"t{number}"] or NOTHING)
        for number, key in enumerate(BUCKETS)
    ]


def by_unit(rows):
    """Return {unit, debtor, kind, total, oldest, bills} of each unit and debtor that owes, what has been owed longest
    first. What two people owe for one home is never added up (T27). `kind` says who it is where no person is known,
    else it is "". One query."""
    kind = Case(When(debtor=None, then=F("debtor_kind")), default=Value(""))
    grouped = rows.order_by().annotate(kind=kind).values("unit", "unit__label", "debtor", "kind")
    sums = {"total": Sum("balance"), "oldest": Min("due_on"), "bills": Count("pk")}
    return grouped.annotate(**sums).order_by("oldest", "unit", "debtor", "kind")


def at_the_door(rows, today):
    """Return those of the bills `rows` that a paper at the door of their home may name: what its present owners and
    lessees owe, and what nobody is known to owe unless all of them came after it (T27). Never the developer's."""
    here = Occupancy.objects.on(today).filter(unit=OuterRef("unit"), kind__in=PAYING)
    theirs = Exists(here.filter(person=OuterRef("debtor")))
    nobodys = Exists(here.filter(period__startswith__lte=OuterRef("to_on"))) | ~Exists(here)
    return rows.filter(theirs | (Q(debtor_kind=Bill.DebtorKind.UNKNOWN) & nobodys))


def by_building(rows):
    """Return {unit__building, unit__building__name, total, bills} of each building. One query."""
    grouped = rows.order_by().values("unit__building", "unit__building__name")
    return grouped.annotate(total=Sum("balance"), bills=Count("pk")).order_by("-total")


def by_fee(rows):
    """Return {fee, fee__name, total, bills} of each fee. One query."""
    return (
        rows.order_by().values("fee", "fee__name").annotate(total=Sum("balance"), bills=Count("pk")).order_by("-total")
    )


def with_disputes(rows):
    """Return the bills with `is_disputed`."""
    return rows.annotate(is_disputed=Exists(Dispute.objects.filter(bill=OuterRef("pk"), ended_at=None)))


# What a late charge would come to ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Late:
    """What a bill bears of late charges: by which clause, the Charge up to a day, what of it was billed before."""

    clause: LateClause
    charge: object
    billed: Decimal

    @property
    def due(self):
        """What may still be billed, in yuan."""
        return max(self.charge.amount - self.billed, NOTHING)


def clause_for(bill, clauses):
    """Return the clause under which a bill fell due, that of its fee before the common one, or None."""
    fitting = [one for one in clauses if one.holds_on(bill.due_on) and one.fee_id in (None, bill.fee_id)]
    return max(fitting, key=lambda one: one.fee_id is not None, default=None)


def bearing(today):
    """Return the condition on standing bills of what may bear a late charge: overdue, or paid within three years of the
    day on which it was due. What was paid late in full is not forgotten; after that the claim has ended (188)."""
    within = today - datetime.timedelta(days=3 * 366)
    return Q(due_on__lt=today) & (Q(balance__gt=0) | Q(paid__gt=0, due_on__gte=within))


def late_due(unit, today):
    """Return {bill: Late} of what may still be billed of late charges in a unit, paid bills included; what is disputed
    waits. One query without a clause, else five."""
    if not LateClause.objects.in_force().filter(community=unit.community_id).exists():
        return {}
    rows = with_disputes(Bill.objects.standing().filter(bearing(today), unit=unit)).filter(is_disputed=False)
    rows = rows.select_related("fee", "community")
    bills = {bill.pk: bill for bill in rows.order_by("pk")}
    return {bills[key]: late for key, late in late_of(bills.values(), today).items() if late.due > 0}


def late_of(bills, today, clauses=None):
    """Return {bill's key: Late} of those of `bills`, of one community, that a clause puts a charge on up to `today`.

    A late charge bears none itself: the interest is simple. `clauses` are those in force of the community, where they
    have been read already. Five queries at most, however many bills, and two for the calendar where the process has
    none.
    """
    bills = [bill for bill in bills if bill.due_on < today and bill.fee.kind != Fee.Kind.LATE]
    if not bills:
        return {}
    if clauses is None:
        clauses = list(LateClause.objects.in_force().filter(community=bills[0].community_id))
    if not clauses:
        return {}
    zone = bills[0].community.tz
    keys = [bill.pk for bill in bills]
    paid, frozen = {}, {}
    allocated, waived = (
        model.objects.filter(bill__in=keys).order_by().values_list("bill", "at", "amount")
        for model in (Allocation, Waiver)
    )
    for key, at, yuan in allocated.union(waived, all=True):
        paid.setdefault(key, []).append((at.astimezone(zone).date(), yuan))
    for one in Dispute.objects.filter(bill__in=keys):
        days = (one.opened_at.astimezone(zone).date(), one.ended_at and one.ended_at.astimezone(zone).date())
        frozen.setdefault(one.bill_id, []).append(days)
    charged = Bill.objects.standing().filter(about__in=keys).order_by().values_list("about").annotate(Sum("amount"))
    billed = dict(charged)
    rolled = calendar_of(bills[0].community).rolled
    found = {}
    for bill in bills:
        clause = clause_for(bill, clauses)
        if clause is None:
            continue
        terms = Terms(clause.rate_per_day, clause.grace_days, clause.cap_percent)
        facts = {"paid": paid.get(bill.pk, ()), "frozen": frozen.get(bill.pk, ()), "rolled": rolled}
        charge = late_charge(bill.amount, bill.due_on, today, terms, **facts)
        found[bill.pk] = Late(clause, charge, billed.get(bill.pk, NOTHING))
    return found
