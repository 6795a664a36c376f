"""Bills, payments, waivers, refunds, reversals and deposits in any order: after each step the books are whole.

What is refused leaves everything as it was; so the invariants of the nightly check hold whatever is tried (G3b).
"""

import datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from billing import actions, invariants
from billing.models import Allocation, Bill, Deposit, MoneyRequest, Payment, Receipt, Refund
from residents.models import Person
from servicedesk.core.errors import Refused
from tests import factories
from tests.billing import money_rows as rows
from tests.factories import MONDAY

FEN = st.integers(min_value=1, max_value=30_000).map(lambda fen: Decimal(fen) / 100)
# Of what is possible: mostly a part, sometimes all of it, now and then too much.
SHARE = st.sampled_from([Decimal(n) for n in ("0.2", "0.5", "0.5", "1", "1", "1.5")])
WHICH = st.integers(min_value=0, max_value=99)
ASKED = st.tuples(WHICH, SHARE, st.sampled_from([False, False, True]))
MONTHS = [datetime.date(2020 + n // 12, n % 12 + 1, 1) for n in range(60)]
ITEM = "补配钥匙"


class Books(RuleBasedStateMachine):
    """One home, one fee, one cashier, finance who asks and a supervisor who decides."""

    # What was carried out in any run, so that the test shows that it tried everything.
    carried_out = set()

    def __init__(self, cast):
        super().__init__()
        self.unit, self.fee, self.cashier, self.finance, self.supervisor = cast
        self.community = self.unit.community
        self.savepoint = transaction.savepoint()

    def teardown(self):
        transaction.savepoint_rollback(self.savepoint)

    @initialize()
    def open(self):
        self.shift = rows.open_shift(self.community, self.cashier)
        self.payer = Person.objects.filter(community=self.community).first()
        for amount in ("100.00", "55.55", "260.75"):
            self.bill(Decimal(amount))
        self.pay(0, Decimal("300.00"), True)
        rows.taken(self.shift, self.unit, "80.00", method="wechat")
        self.take_deposit(Decimal("500.00"), True)

    def one_of(self, model, which):
        found = list(model.objects.filter(community=self.community).order_by("pk"))
        return found[which % len(found)] if found else None

    def attempt(self, act):
        """Do `act` whole or not at all, as a request does; return what it returned, None where it was refused."""
        try:
            with transaction.atomic():
                return act()
        except Refused:
            return None

    @rule(amount=FEN)
    def bill(self, amount):
        rows.billed(self.unit, self.fee, amount, month=MONTHS[Bill.objects.count() % len(MONTHS)])

    @rule(which=WHICH, amount=FEN, is_cash=st.booleans())
    def pay(self, which, amount, is_cash):
        bill = self.one_of(Bill, which)
        part = min(amount, bill.balance) if bill and not bill.is_void else 0
        pays = [(bill, part)] if part else []
        rows.taken(self.shift, self.unit, amount, bills=pays, method="cash" if is_cash else "wechat")

    @rule(which=WHICH, other=WHICH)
    def use_prepayment(self, which, other):
        payment, bill = self.one_of(Payment, which), self.one_of(Bill, other)
        if payment and bill and not bill.is_void and (part := min(payment.prepaid_left, bill.balance)):
            rows.settle(payment, bill, part)

    @rule(amount=FEN, is_paid=st.booleans())
    def take_deposit(self, amount, is_paid):
        row = rows.deposit(self.unit, self.payer, self.finance, amount)
        if is_paid:
            rows.taken(self.shift, self.unit, amount, deposits=[(row, amount)])

    @rule(which=WHICH)
    def void_deposit(self, which):
        if row := self.one_of(Deposit, which):
            self.attempt(lambda: actions.void_deposit(row, by=self.finance, now=MONDAY, reason="登记错误"))

    @rule(asked=ASKED)
    def void(self, asked):
        self.ask("void_bill", *asked)

    @rule(asked=ASKED)
    def waive(self, asked):
        self.ask("waiver", *asked)

    @rule(asked=ASKED)
    def refund(self, asked):
        self.ask("refund", *asked)

    @rule(asked=ASKED)
    def reverse(self, asked):
        self.ask("reversal", *asked)

    @rule(asked=ASKED)
    def deduct(self, asked):
        self.ask("deduction", *asked)

    @rule(asked=ASKED)
    def give_deposit_back(self, asked):
        self.ask("deposit_refund", *asked)

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
            self.attempt(lambda: actions.pay_out(rows.fresh(request), by=self.cashier, now=MONDAY))
        if rows.fresh(request).carried_out_at:
            self.carried_out.add(kind)

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

    @rule(which=WHICH)
    def approve(self, which):
        if row := self.request(which, status="asked"):
            self.attempt(lambda: actions.approve_request(row, by=self.supervisor, now=MONDAY))

    @rule(which=WHICH)
    def refuse_or_withdraw(self, which):
        if (row := self.request(which)) is None:
            return
        if which % 2:
            self.attempt(lambda: actions.refuse_request(row, by=self.supervisor, now=MONDAY, note="不符"))
        else:
            self.attempt(lambda: actions.withdraw_request(row, by=self.finance, now=MONDAY))

    @rule(which=WHICH)
    def pay_out(self, which):
        if row := self.request(which, status="approved"):
            self.attempt(lambda: actions.pay_out(row, by=self.cashier, now=MONDAY))

    @invariant()
    def the_books_are_whole(self):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        assert invariants.breaks(self.community) == []

    @invariant()
    def what_came_in_is_somewhere(self):
        """Money taken = what bills, deposits and prepayments have of it, and what went back (worked out anew)."""
        taken = sum(Receipt.objects.values_list("amount", flat=True))
        paid = sum(Allocation.objects.values_list("amount", flat=True))
        left = sum(Payment.objects.values_list("prepaid_left", flat=True))
        back = sum(Refund.objects.filter(deposit=None).values_list("amount", flat=True))
        assert taken == paid + left + back


@pytest.mark.django_db
def test_whatever_is_tried_the_books_are_whole(home, lin, yunhu, li_na, qian, zhou, time_machine):
    time_machine.move_to(MONDAY, tick=False)
    cast = (home, factories.fee(yunhu), li_na, qian, zhou)
    few = settings(
        max_examples=6,
        stateful_step_count=12,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: Books(cast), settings=few)
    assert Books.carried_out == set(MoneyRequest.Kind.values)
