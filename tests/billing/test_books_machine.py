"""Runs, shifts, payments, prepayments, waivers, refunds, reversals, voids, replacements and deposits in any order, by
several people: after each step the books are whole.

What is refused leaves everything as it was; so the invariants of the nightly check hold whatever is tried (G3b).
"""

import datetime
import uuid
from collections import Counter
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from billing import actions, invariants
from billing.models import Allocation, Bill, BillRun, Deposit, MoneyRequest, Payment, Receipt, Refund, Shift
from residents.models import Person
from servicedesk.core import numbers
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from tests import factories
from tests.billing import money_rows as rows
from tests.factories import MONDAY

NOTHING = Decimal("0.00")
FEN = st.integers(min_value=1, max_value=30_000).map(lambda fen: Decimal(fen) / 100)
# Of what is possible: mostly a part, sometimes all of it, now and then too much.
SHARE = st.sampled_from([Decimal(n) for n in ("0.2", "0.5", "0.5", "1", "1", "1.5")])
WHICH = st.integers(min_value=0, max_value=99)
ASKED = st.tuples(WHICH, SHARE, st.sampled_from([False, False, False, False, True]))
MEANS = st.lists(st.sampled_from(["cash", "cash", "wechat", "alipay", "card"]), min_size=1, max_size=3, unique=True)
PREPAID = st.sampled_from([Decimal(n) for n in (0, 0, 20)])
BEGINS = datetime.date(2020, 1, 1)
KEPT = {"used": "prepaid used", "prepaid": "rest kept"}
ITEM = "补配钥匙"
BESIDES = {"run", "bill by hand", "replaced", "shift closed", "several means", "prepaid used", "rest kept", "settled"}


class Books(RuleBasedStateMachine):
    """Two homes, two cashiers with a drawer each, finance who asks and a supervisor who decides."""

    # What was carried out in any run, so that the test shows that it tried everything.
    carried_out = []

    def __init__(self, cast):
        super().__init__()
        self.homes, self.manual, self.cashiers, self.finance, self.supervisor = cast
        self.community = self.homes[0].community
        self.savepoint = transaction.savepoint()
        # What has to be in the open drawer of each cashier, counted beside the program.
        self.drawers = {}

    def teardown(self):
        transaction.savepoint_rollback(self.savepoint)

    @initialize()
    def open(self):
        self.payer = Person.objects.filter(community=self.community).first()
        for who in range(2):
            self.open_shift(who, Decimal("500.00"))
        for _twice in range(2):
            self.run()
        self.pay(0, 0, 7, ["cash", "wechat"], Decimal("1.5"), NOTHING)
        self.pay(1, 1, 1, ["cash"], Decimal("0.5"), NOTHING)
        self.take_deposit(0, Decimal("500.00"), True)

    def one_of(self, model, which, **facts):
        found = list(model.objects.filter(community=self.community, **facts).order_by("pk"))
        return found[which % len(found)] if found else None

    def attempt(self, act):
        """Do `act` whole or not at all, as a request does; return what it returned, None where it was refused."""
        try:
            with transaction.atomic():
                return act()
        except Refused:
            return None

    def who(self, which):
        return self.cashiers[which % 2]

    def count_cash(self, made, sign):
        """Move the cash of payments or refunds into the drawer of its cashier, or out of it."""
        for one in made:
            if one.method == "cash":
                self.drawers[one.shift.cashier] += sign * one.amount

    # Bills ----------------------------------------------------------------------------------------------------------

    def run(self):
        """Bill the next month to both homes."""
        done = BillRun.objects.filter(community=self.community).count()
        month = BEGINS.replace(year=BEGINS.year + done // 12, month=done % 12 + 1)
        facts = {"month": month, "submission": uuid.uuid4(), "by": self.finance, "now": MONDAY}
        run = actions.start_run(self.community, **facts)
        while actions.work_on_run(run.pk, now=MONDAY):
            pass
        self.carried_out.append("run")

    @rule(which=WHICH, amount=FEN)
    def bill(self, which, amount):
        if which % 3 == 0:
            return self.run()
        day = MONDAY.date()
        facts = {"text": "门禁卡工本费", "from_on": day, "to_on": day, "due_on": day, "by": self.finance, "now": MONDAY}
        actions.make_bill(self.homes[which % 2], fee=self.manual, amount=amount, **facts)
        self.carried_out.append("bill by hand")

    def replace(self, which):
        bill = self.one_of(Bill, which, voided_at__isnull=False, tariff__isnull=False)
        if bill and self.attempt(lambda: actions.replace_bill(bill, by=self.finance, now=MONDAY)):
            self.carried_out.append("replaced")

    # Shifts ---------------------------------------------------------------------------------------------------------

    def open_shift(self, which, amount):
        who = self.who(which)
        if self.attempt(lambda: actions.open_shift(self.community, opening_float=amount, by=who, now=MONDAY)):
            assert who not in self.drawers, "a second drawer was opened"
            self.drawers[who] = amount

    @rule(which=WHICH, missing=st.sampled_from([NOTHING, NOTHING, Decimal("1.00")]))
    def close_shift(self, which, missing):
        """Close a drawer: what was counted beside the program is in it, so that only what is missing needs a reason."""
        who = self.who(which)
        if who not in self.drawers:
            return self.open_shift(which, Decimal("300.00"))
        shift = Shift.objects.select_related("community").open().get(cashier=who)
        facts = {"counted_cash": self.drawers[who] - missing, "reason": "少一元" if missing else ""}
        closed = actions.close_shift(shift, by=who, now=MONDAY, **facts)
        assert closed.expected_cash == self.drawers.pop(who)
        self.carried_out.append("shift closed")
        if which % 4:
            self.open_shift(which, Decimal("300.00"))

    # Money ----------------------------------------------------------------------------------------------------------

    @rule(which=WHICH, home=WHICH, ticks=WHICH, means=MEANS, share=SHARE, prepaid=PREPAID)
    def pay(self, which, home, ticks, means, share, prepaid):
        """Pay some of what a home owes, by several means, less or more than it owes."""
        unit, who = self.homes[home % 2], self.who(which)
        owed = Bill.objects.owed().filter(unit=unit).order_by("pk")
        bills = [bill for n, bill in enumerate(owed) if ticks >> n % 7 & 1]
        sum_owed = sum((bill.balance for bill in bills), NOTHING)
        part = ((sum_owed or Decimal(60)) * share / len(means)).quantize(Decimal("0.01"))
        given = [actions.Means(one, part, "" if one == "cash" else uuid.uuid4().hex) for one in means]
        facts = {"bills": bills, "deposits": [], "means": given, "payer": None, "submission": uuid.uuid4()}
        facts |= {"keep_rest": share > 1 or not bills, "by": who, "now": MONDAY}
        facts |= {"prepaid": min(prepaid, self.prepaid_of(unit))}
        receipt = self.attempt(lambda: actions.take_payment(unit, **facts))
        if receipt is None:
            return
        self.count_cash(receipt.payments.select_related("shift__cashier"), 1)
        kinds = {line["kind"] for line in receipt.lines}
        self.carried_out += ["several means"] if len(means) > 1 else []
        self.carried_out += [KEPT[kind] for kind in kinds & set(KEPT)]

    def prepaid_of(self, unit):
        return sum(Payment.objects.filter(unit=unit).values_list("prepaid_left", flat=True))

    @rule(which=WHICH, home=WHICH, share=SHARE)
    def use_prepayment(self, which, home, share):
        unit = self.homes[home % 2]
        bills = list(Bill.objects.owed().filter(unit=unit))
        amount = (min(self.prepaid_of(unit), sum(bill.balance for bill in bills)) * share).quantize(Decimal("0.01"))
        facts = {"bills": bills, "deposits": [], "amount": amount, "by": self.who(which), "now": MONDAY}
        act = lambda: actions.use_prepayment(unit, submission=uuid.uuid4(), **facts)  # noqa: E731
        if amount and self.attempt(act):
            self.carried_out.append("settled")

    @rule(which=WHICH, amount=FEN, is_paid=st.booleans())
    def take_deposit(self, which, amount, is_paid):
        unit, who = self.homes[0], self.who(which)
        row = rows.deposit(unit, self.payer, self.finance, amount)
        facts = {"bills": [], "means": [actions.Means("cash", amount)], "payer": None, "submission": uuid.uuid4()}
        if is_paid and (
            made := self.attempt(lambda: actions.take_payment(unit, deposits=[row], by=who, now=MONDAY, **facts))
        ):
            self.count_cash(made.payments.select_related("shift__cashier"), 1)

    @rule(which=WHICH)
    def void_deposit(self, which):
        if row := self.one_of(Deposit, which):
            self.attempt(lambda: actions.void_deposit(row, by=self.finance, now=MONDAY, reason="登记错误"))

    # What takes two people ------------------------------------------------------------------------------------------

    @rule(asked=ASKED)
    def refund(self, asked):
        self.ask("refund", *asked)

    @rule(asked=ASKED)
    def reverse(self, asked):
        self.ask("reversal", *asked)

    @rule(asked=ASKED)
    def give_deposit_back(self, asked):
        self.ask("deposit_refund", *asked)

    @rule(asked=ASKED)
    def waive(self, asked):
        self.ask("waiver", *asked)

    @rule(asked=ASKED)
    def deduct(self, asked):
        self.ask("deduction", *asked)

    @rule(asked=ASKED)
    def void(self, asked):
        self.ask("void_bill", *asked)
        if asked[0] % 4:
            self.replace(asked[0])

    def ask(self, kind, which, share, waits):
        """Ask for a part of what there is, or for more; it waits, or is approved and carried out at once."""
        _column, model = actions.requests.ABOUT[kind]
        if (found := self.likely(kind, model, which)) is None:
            return
        thing, most = found
        amount = max((most * share).quantize(Decimal("0.01")), Decimal("0.01"))
        items = [actions.requests.Item(ITEM, amount)] if kind == "deduction" else []
        facts = {"amount": amount, "items": items, "reason": "核对", "by": self.finance, "now": MONDAY}
        request = self.attempt(lambda: actions.ask_for(kind, thing, **facts))
        if request is None or waits:
            return
        self.attempt(lambda: actions.approve_request(request, by=self.supervisor, now=MONDAY))
        if request.pays_out:
            self.give_back(which, rows.fresh(request))
        if rows.fresh(request).carried_out_at:
            self.carried_out.append(kind)

    def give_back(self, which, request):
        made = self.attempt(lambda: actions.pay_out(request, by=self.who(which), now=MONDAY))
        self.count_cash(made or [], -1)

    def likely(self, kind, model, which):
        """Return (row, the most that is possible of it) of one of which something is possible, if there is any."""
        found = []
        for row in model.objects.filter(community=self.community).order_by("pk"):
            try:
                found.append((row, actions.requests.most_of(MoneyRequest.Kind(kind), row)))
            except Refused:
                found += [(row, Decimal(1))] if which % 5 == 0 else []
        return found[which % len(found)] if found else None

    def request(self, which, **state):
        found = list(MoneyRequest.objects.filter(community=self.community, **state).order_by("pk"))
        return found[which % len(found)] if found else None

    @rule(which=WHICH, what=st.sampled_from(["approve", "pay out", "pay out", "refuse", "withdraw"]))
    def decide(self, which, what):
        row = self.request(which, **({"status": "approved"} if what == "pay out" else {}))
        if row is None:
            return
        if what == "approve":
            self.attempt(lambda: actions.approve_request(row, by=self.supervisor, now=MONDAY))
        elif what == "pay out":
            self.give_back(which, row)
        elif what == "refuse":
            self.attempt(lambda: actions.refuse_request(row, by=self.supervisor, now=MONDAY, note="不符"))
        else:
            self.attempt(lambda: actions.withdraw_request(row, by=self.finance, now=MONDAY))

    @invariant()
    def the_books_are_whole(self):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        assert invariants.breaks(self.community) == []
        assert numbers.first_gap(self.community) is None

    @invariant()
    def what_came_in_is_somewhere(self):
        """Money taken = what bills, deposits and prepayments have of it, and what went back (worked out anew)."""
        taken = sum(Receipt.objects.values_list("amount", flat=True))
        paid = sum(Allocation.objects.values_list("amount", flat=True))
        left = sum(Payment.objects.values_list("prepaid_left", flat=True))
        back = sum(Refund.objects.filter(deposit=None).values_list("amount", flat=True))
        assert taken == paid + left + back


@pytest.mark.django_db
@pytest.mark.parametrize(("examples", "steps"), [(8, 20), pytest.param(15, 30, marks=pytest.mark.heavy)])
def test_whatever_is_tried_the_books_are_whole(examples, steps, home, lin, wu, yunhu, li_na, qian, zhou, time_machine):
    time_machine.move_to(MONDAY, tick=False)
    service, manual = factories.fee(yunhu), factories.fee(yunhu, "工本费", kind="other")
    factories.tariff(service, since=BEGINS, basis="fixed", unit_price="260.75")
    second = factories.staff("second", "何平", Role.CASHIER, community=yunhu)
    homes = [home, Person.objects.get(pk=wu.pk).occupancies.get().unit]
    cast = (homes, manual, (li_na, second), qian, zhou)
    few = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    Books.carried_out = []
    run_state_machine_as_test(lambda: Books(cast), settings=few)
    assert set(MoneyRequest.Kind.values) | BESIDES == set(Books.carried_out), Counter(Books.carried_out)
