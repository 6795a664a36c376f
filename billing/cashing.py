"""What the cashier looks at: what a unit owes, what an amount comes to, what happened in a shift. Reads only."""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Max, Min, Q, Sum
from django.utils.translation import gettext as _

from billing import ageing
from billing.actions.settling import cash_in
from billing.amounts import NOTHING
from billing.capitals import capitals
from billing.models import Bill, Deposit, DepositKind, Method, Payment, Receipt, Refund, Shift
from complaints.listing import midnight
from residents.models import Occupancy, Person
from residents.rooms import key_of
from servicedesk.core.models import Event, User

# Means of which somebody else keeps a statement.
NAMED = set(Method.values) - {Method.CASH}
# So many receipts of a unit stand beside what it owes.
LAST = 8


@dataclass(frozen=True)
class Owed:
    """One line of what a unit owes: a bill or a deposit."""

    value: str
    thing: Bill | Deposit
    left: Decimal
    due_on: datetime.date | None
    days_late: int

    @property
    def is_bill(self):
        return isinstance(self.thing, Bill)


@dataclass(frozen=True)
class Account:
    """What the cashier sees of a unit."""

    lines: list
    prepaid: Decimal
    buckets: list
    receipts: list
    people: list
    # Late charges that have come to so much and that nobody has billed yet, in yuan; not among the lines.
    late: Decimal

    @property
    def asked(self):
        """The ticks that are set when the page opens: what is overdue, else what is due next; of deposits none."""
        overdue = [line.value for line in self.lines if line.days_late > 0]
        next_due = min((line.due_on for line in self.lines if line.is_bill), default=None)
        return overdue or [line.value for line in self.lines if line.is_bill and line.due_on == next_due]


def account_of(unit, today, *, with_late=False):
    """Return the Account of a unit: what it owes, the oldest first, its prepayment, its last receipts and who lives
    there; with `with_late` also what late charges would come to. Five queries, one more for late charges, and four or
    five where the contract has a clause on them."""
    bills = list(Bill.objects.filter(unit=unit).owed().select_related("fee", "debtor").oldest_first())
    lines = [
        Owed(f"b{one.pk}:{one.balance}", one, one.balance, one.due_on, max((today - one.due_on).days, 0))
        for one in bills
    ]
    deposits = Deposit.objects.filter(unit=unit).unpaid().order_by("asked_at", "pk")
    lines += [Owed(f"d{one.pk}:{one.left_to_pay}", one, one.left_to_pay, None, 0) for one in deposits]
    prepaid = Payment.objects.filter(unit=unit, prepaid_left__gt=0).aggregate(sum=Sum("prepaid_left"))["sum"]
    receipts = Receipt.objects.filter(unit=unit).prefetch_related("payments")[:LAST]
    living = Occupancy.objects.on(today).known().filter(unit=unit).with_people().order_by("id")
    late = sum((one.due for one in ageing.late_due(unit, today).values()), NOTHING) if with_late else NOTHING
    return Account(lines, prepaid or NOTHING, _buckets(lines), list(receipts), list(living), late)


def payers_of(unit, today):
    """Return the people who may be named as payers: who lives in the unit, and whom its bills name."""
    living = Occupancy.objects.on(today).known().filter(unit=unit)
    named = Bill.objects.filter(unit=unit, debtor__isnull=False).owed()
    who = Q(pk__in=living.values("person")) | Q(pk__in=named.values("debtor"))
    return Person.objects.filter(who, community=unit.community_id).order_by("pk")


def _buckets(lines):
    ends = [(0, _("not due yet")), (30, _("1–30 days")), (60, _("31–60 days")), (90, _("61–90 days"))]
    sums = dict.fromkeys([label for _end, label in ends] + [_("over 90 days")], NOTHING)
    for line in lines:
        if line.is_bill:
            label = next((label for end, label in ends if line.days_late <= end), _("over 90 days"))
            sums[label] += line.left
    return [{"label": label, "count": amount} for label, amount in sums.items()]


# What an amount comes to ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Due:
    """What the cashier is to say before anything is posted: owed, given, change, what is left or kept; and what would
    keep the money from being taken, or from being found again, in sentences."""

    owed: Decimal
    given: Decimal
    change: Decimal = NOTHING
    rest: Decimal = NOTHING
    kept: Decimal = NOTHING
    is_new: bool = False
    means: list = field(default_factory=list)
    wrong: list = field(default_factory=list)

    @property
    def taken(self):
        """What is taken for good, in yuan."""
        return self.given - self.change

    @property
    def words(self):
        return capitals(self.taken)


def due_of(form):
    """Return the Due of a TakeForm that was looked at, as far as it could be read. The amount that stood in the page
    follows the ticks until somebody has typed another. No query."""
    owed, parts = form.owed, form.parts
    # While the amount is the sum that the page had filled in, other ticks fill in another sum.
    is_new = str(form.cleaned_data.get("given")) == form.cleaned_data.get("was") != str(owed)
    if is_new and parts:
        parts[0] = (parts[0][0], owed, parts[0][2])
    given = sum((amount for _method, amount, _ref in parts), NOTHING)
    over = max(given - owed, NOTHING)
    cash = sum((amount for method, amount, _ref in parts if method == Method.CASH), NOTHING)
    kept = over if form.cleaned_data.get("keep_rest") else NOTHING
    change = over - kept if over - kept < cash else NOTHING
    names = dict(form.fields["method"].choices)
    return Due(
        owed=owed,
        given=given,
        change=change,
        rest=max(owed - given, NOTHING),
        kept=kept,
        wrong=_doubts(form, parts, owed, over - kept - change),
        is_new=is_new,
        means=[(names[method], amount - change if method == Method.CASH else amount) for method, amount, _ref in parts],
    )


def _doubts(form, parts, owed, over):
    """Return the sentences about what cannot be read, what is too much, and what nobody will find on a statement."""
    doubts = [error for name in ("given", "second_given") if form.data.get(name) for error in form.errors.get(name, [])]
    if over and not owed:
        doubts.append(_("Nothing is ticked. Tick what is paid, or that it is prepayment."))
    elif over:
        doubts.append(_("More than is owed was given, and only cash has change: take less, or tick prepayment."))
    if any(method in NAMED and not reference for method, _amount, reference in parts):
        doubts.append(_("Without its reference, no statement of the bank or the app can confirm it."))
    return doubts


# Shifts ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tally:
    """What one or several shifts came to: a line (means, taken, given back, together) for each, and their sum."""

    lines: list
    taken: Decimal
    given: Decimal

    @property
    def total(self):
        return self.taken - self.given


def tally(payments, refunds):
    """Return the Tally of some payments and refunds. Two queries."""
    taken = dict(payments.values_list("method").annotate(Sum("amount")).order_by())
    given = dict(refunds.values_list("method").annotate(Sum("amount")).order_by())
    lines = [
        (label, taken.get(method, NOTHING), given.get(method, NOTHING), _difference(taken, given, method))
        for method, label in Method.choices
    ]
    return Tally(lines, sum(taken.values(), NOTHING), sum(given.values(), NOTHING))


def _difference(taken, given, method):
    return taken.get(method, NOTHING) - given.get(method, NOTHING)


@dataclass(frozen=True)
class ShiftReport:
    """What stands on the paper of a shift (交班单)."""

    tally: Tally
    receipts: list
    refunds: list
    void: list
    cash: Decimal
    # Who counted it: its cashier, or a supervisor in their place. None while it is open.
    closer: User | None = None


def report_of(shift, *, with_rows=True):
    """Return the ShiftReport of a shift: its sums, receipts, refunds, and the receipts of it that are void. Up to ten
    queries, whatever its length."""
    receipts = Receipt.objects.filter(shift=shift).select_related("unit").prefetch_related("payments").order_by("id")
    refunds = Refund.objects.filter(shift=shift).select_related("unit", "payment__receipt").order_by("id")
    rows = list(receipts) if with_rows else []
    return ShiftReport(
        tally=tally(Payment.objects.filter(shift=shift), Refund.objects.filter(shift=shift)),
        receipts=rows,
        refunds=list(refunds),
        void=[one for one in rows if one.is_void],
        cash=shift.expected_cash if shift.expected_cash is not None else cash_in(shift),
        closer=None if shift.is_open or not with_rows else _closer_of(shift),
    )


def _closer_of(shift):
    closed = Event.objects.about(shift).filter(verb="shift_closed").select_related("by").first()
    return closed.by if closed else shift.cashier


@dataclass(frozen=True)
class Day:
    """The money of one day by its own time, whichever shift took it: so that days add up. `shifts` were open at some
    time of it, and `first` and `last` are the numbers of its receipts, or ""."""

    date: datetime.date
    tally: Tally
    shifts: list
    receipts: int
    first: str
    last: str

    @property
    def open(self):
        return [one for one in self.shifts if one.is_open]

    @property
    def differences(self):
        return [one for one in self.shifts if one.difference]


def day_of(community, date):
    """Return the Day of a community. Four queries."""
    begins = midnight(date, community)
    ends = begins + datetime.timedelta(days=1)
    of_day = {"community": community, "at__gte": begins, "at__lt": ends}
    rows = Shift.objects.filter(community=community, opened_at__lt=ends)
    rows = rows.filter(Q(closed_at=None) | Q(closed_at__gte=begins))
    shifts = rows.annotate(taken=Sum("receipts__amount"), receipts_count=Count("receipts")).select_related("cashier")
    return Day(
        date=date,
        tally=tally(Payment.objects.filter(**of_day), Refund.objects.filter(**of_day)),
        shifts=list(shifts.order_by("opened_at", "id")),
        **Receipt.objects.filter(**of_day).aggregate(receipts=Count("pk"), first=Min("number"), last=Max("number")),
    )


def found_receipts(community, *, q="", day=None, method=""):
    """Return the receipts of a community that match, newest first: by number, room or reference."""
    rows = Receipt.objects.filter(community=community).select_related("unit", "payer", "by")
    if q:
        found = Q(number__icontains=q) | Q(unit__room_keys__contains=[key_of(q)])
        rows = rows.filter(
            found | Q(pk__in=Payment.objects.filter(external_ref=q, community=community).values("receipt"))
        )
    if day:
        begins = midnight(day, community)
        rows = rows.filter(at__gte=begins, at__lt=begins + datetime.timedelta(days=1))
    if method:
        rows = rows.filter(pk__in=Payment.objects.filter(method=method, community=community).values("receipt"))
    return rows


# Receipts -------------------------------------------------------------------------------------------------------------


def lines_of(receipt):
    """Return the lines of a receipt with the words of what is no fee. No query."""
    kinds = dict(DepositKind.choices)
    return [{**line, "deposit": kinds.get(line["text"]) if line["kind"] == "deposit" else ""} for line in receipt.lines]
