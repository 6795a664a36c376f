"""Bills, payments, prepayments and receipts taken back, in any order: after each step the books are whole."""

import uuid
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from billing import actions, invariants
from billing.actions.cash import Means
from billing.actions.settling import cash_in
from billing.models import Bill, MoneyRequest, Receipt, Shift
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from tests import factories
from tests.billing.money_rows import billed
from tests.factories import MONDAY

YUAN = st.decimals(min_value=Decimal("0.01"), max_value=300, places=2)
METHOD = st.sampled_from(["cash", "wechat", "transfer"])
TICKS = st.lists(st.booleans(), max_size=4)


class Money(RuleBasedStateMachine):
    """One home, one cashier, and whatever they can do; what is refused has to leave everything as it was."""

    @initialize()
    def begin(self):
        self.example = transaction.atomic()
        self.example.__enter__()
        self.community = factories.community("MM", "机器花园")
        self.home, self.fee = factories.unit(self.community, "1-101"), factories.fee(self.community)
        self.cashier = factories.staff("machine", "机一", Role.CASHIER, community=self.community)
        self.second = factories.staff("decider", "机二", Role.SUPERVISOR, community=self.community)
        actions.open_shift(self.community, opening_float=Decimal("100.00"), by=self.cashier, now=MONDAY)
        self.by = {"by": self.cashier, "now": MONDAY}

    def teardown(self):
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    def owed(self, some):
        rows = list(Bill.objects.filter(unit=self.home).owed().order_by("pk"))
        return [row for row, ticked in zip(rows, some, strict=False) if ticked]

    @rule(amount=YUAN)
    def issue(self, amount):
        billed(self.home, self.fee, amount)

    @rule(given=YUAN, second=st.none() | YUAN, method=METHOD, some=TICKS, keep=st.booleans())
    def take(self, given, second, method, some, keep):
        means = [Means(method, given)] + ([Means("card", second)] if second else [])
        facts = {"bills": self.owed(some), "deposits": [], "payer": None, "submission": uuid.uuid4(), "keep_rest": keep}
        try:
            receipt = actions.take_payment(self.home, means=means, **facts, **self.by)
        except Refused:
            return
        change = sum(one.change or 0 for one in receipt.payments.all())
        assert receipt.amount == given + (second or 0) - change
        assert not (keep and change)

    @rule(amount=YUAN, some=TICKS)
    def use(self, amount, some):
        facts = {"bills": self.owed(some), "deposits": [], "amount": amount, "submission": uuid.uuid4()}
        try:
            actions.use_prepayment(self.home, **facts, **self.by)
        except Refused:
            return

    @rule(place=st.integers(0, 3))
    def take_back(self, place):
        receipts = Receipt.objects.filter(unit=self.home, voided_at=None).order_by("pk")[place : place + 1]
        for receipt in receipts:
            try:
                asked = actions.ask_for(MoneyRequest.Kind.REVERSAL, receipt, reason="收错", **self.by)
                actions.approve_request(asked, by=self.second, now=MONDAY)
                actions.pay_out(asked, **self.by)
            except Refused:
                return

    @rule(wrong=st.sampled_from([Decimal(0), Decimal(1)]))
    def change_shift(self, wrong):
        shift = Shift.objects.open().get(cashier=self.cashier)
        counted = cash_in(shift) + wrong
        closed = actions.close_shift(shift, counted_cash=counted, reason="多一元", **self.by)
        assert closed.reason == ("多一元" if wrong else "")
        actions.open_shift(self.community, opening_float=counted, **self.by)

    @invariant()
    def the_books_are_whole(self):
        if hasattr(self, "community"):
            assert invariants.breaks(self.community) == []


@pytest.mark.django_db
def test_whatever_is_done_the_books_are_whole():
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Money, settings=settings(max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=quiet)
    )
