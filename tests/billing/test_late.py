"""The late charge, counted: what holds for every bill, clause and course of payments."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.late import DAY, Terms, first_day, late_charge

DUE = datetime.date(2025, 1, 26)
yuan = st.decimals(min_value="0.01", max_value="9999.99", places=2)
terms = st.builds(
    Terms,
    st.decimals(min_value="0.0001", max_value="0.01", places=4),
    st.integers(0, 40),
    st.decimals(min_value="1", max_value="100", places=1),
)
days = st.integers(0, 500)
steady = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@st.composite
def courses(draw):
    """A bill, its clause, and part payments that never come to more than it."""
    amount = draw(yuan)
    left, paid = amount, []
    for after in sorted(draw(st.lists(days, max_size=4))):
        part = min(left, draw(yuan))
        if part > 0:
            paid.append((DUE + after * DAY, part))
            left -= part
    frozen = draw(st.lists(st.tuples(days, st.integers(0, 60)), max_size=2))
    froze = [(DUE + first * DAY, DUE + (first + length) * DAY) for first, length in frozen]
    return amount, draw(terms), paid, froze


def charged(course, until):
    amount, clause, paid, froze = course
    return late_charge(amount, DUE, until, clause, paid=paid, frozen=froze)


@steady
@given(courses(), days)
def test_never_negative_and_never_above_its_cap(course, n):
    found = charged(course, DUE + n * DAY)
    assert 0 <= found.amount <= found.cap <= course[0]


@steady
@given(courses(), days, days)
def test_it_never_falls(course, n, m):
    assert charged(course, DUE + min(n, m) * DAY).amount <= charged(course, DUE + max(n, m) * DAY).amount


@steady
@given(courses(), st.integers(0, 120))
def test_every_day_adds_what_was_owed_in_its_morning(course, n):
    amount, clause, paid, froze = course
    by_day = Decimal(0)
    for k in range(n + 1):
        day = DUE + k * DAY
        if day >= first_day(DUE, clause) and not any(a <= day <= b for a, b in froze):
            by_day += (amount - sum(part for paid_on, part in paid if paid_on < day)) * clause.rate
    assert sum(one.interest for one in charged(course, DUE + n * DAY).stretches) == by_day


@steady
@given(yuan.filter(lambda amount: amount >= 100), st.integers(0, 100))
def test_a_part_payment_never_ends_it(amount, after):
    clause = Terms(Decimal("0.001"), 0, Decimal(100))
    paid = [(DUE + after * DAY, Decimal("1.00"))]
    at = late_charge(amount, DUE, DUE + (after + 1) * DAY, clause, paid=paid)
    later = late_charge(amount, DUE, DUE + (after + 2) * DAY, clause, paid=paid)
    assert later.stretches[-1].to_on == DUE + (after + 2) * DAY
    assert later.amount > at.amount


@pytest.mark.parametrize(("days_after", "yuan_due"), [(0, "0"), (1, "0.50"), (10, "5"), (400, "200"), (9999, "200")])
def test_worked_examples(days_after, yuan_due):
    found = late_charge(Decimal(1000), DUE, DUE + days_after * DAY, Terms(Decimal("0.0005"), 0, Decimal(20)))
    assert found.amount == Decimal(yuan_due)


def test_days_of_grace_do_not_count():
    clause = Terms(Decimal("0.0005"), 15, Decimal(20))
    assert late_charge(Decimal(1000), DUE, DUE + 15 * DAY, clause).amount == 0
    assert late_charge(Decimal(1000), DUE, DUE + 16 * DAY, clause).amount == Decimal("0.50")


def test_a_payment_that_was_taken_back_is_owed_again():
    clause = Terms(Decimal("0.001"), 0, Decimal(100))
    paid = [(DUE + 9 * DAY, Decimal(1000)), (DUE + 19 * DAY, Decimal(-1000))]
    assert late_charge(Decimal(1000), DUE, DUE + 30 * DAY, clause, paid=paid).amount == Decimal("20.00")


def test_an_open_dispute_freezes_it():
    clause = Terms(Decimal("0.001"), 0, Decimal(100))
    found = late_charge(Decimal(1000), DUE, DUE + 30 * DAY, clause, frozen=[(DUE + 6 * DAY, None)])
    assert found.amount == Decimal("5.00")
