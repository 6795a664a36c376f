"""What a meter has counted: arithmetic with numbers of any size."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from residents.consumption import Dial, Rule, Use, average, is_odd, used

DIAL = Dial(Decimal("99999.99"))
DAY = timedelta(days=1)
readings = st.decimals(0, DIAL.max_value, places=2)
multipliers = st.decimals("0.001", "400", places=3)


@given(readings, readings, multipliers)
def test_a_reading_that_is_not_lower_counts_the_difference(before, after, multiplier):
    assume(after >= before)
    dial = Dial(DIAL.max_value, multiplier=multiplier)
    counted = used(dial, before, after)
    assert abs(counted - (after - before) * multiplier) <= Decimal("0.0005")
    assert counted >= 0
    assert used(dial, before, after, rolled_over=True) == counted, "saying so changes nothing where it did not happen"


@given(readings, readings)
def test_a_dial_that_began_anew_has_turned_once_and_no_more(before, after):
    assume(after < before)
    with pytest.raises(ValueError, match="lower"):
        used(DIAL, before, after)
    counted = used(DIAL, before, after, rolled_over=True)
    assert 0 < counted <= DIAL.max_value
    assert (before + counted) % DIAL.span == after


@given(readings, readings, readings)
def test_what_is_read_twice_is_the_same_as_what_is_read_once(first, second, third):
    first, second, third = sorted([first, second, third])
    assert used(DIAL, first, second) + used(DIAL, second, third) == used(DIAL, first, third)


@pytest.mark.parametrize("value", [Decimal("-0.01"), Decimal(100000)])
def test_what_the_dial_cannot_show_is_no_reading(value):
    with pytest.raises(ValueError, match="cannot show"):
        used(DIAL, Decimal(0), value)


@pytest.mark.parametrize(
    ("before", "after", "max_value", "step", "expected"),
    [
        ("99999.99", "0", "99999.99", "0.01", "0.010"),
        ("99998", "3", "99999", "1", "5.000"),
        ("9999.9", "0.1", "9999.9", "0.1", "0.200"),
    ],
)
def test_the_first_step_behind_the_end_is_one_step(before, after, max_value, step, expected):
    dial = Dial(Decimal(max_value), Decimal(step))
    assert used(dial, Decimal(before), Decimal(after), rolled_over=True) == Decimal(expected)


def use(amount, days=30):
    return Use(Decimal(amount), days * DAY)


@pytest.mark.parametrize(
    ("now", "past", "odd"),
    [
        (use(31), [use(10), use(10)], True),
        (use(30), [use(10), use(10)], False),
        (use(59, 60), [use(10), use(10)], False),
        (use(500), [], False),
        (use("0.9"), [use("0.1")], False),
        (use(2), [use(0)], True),
        (Use(Decimal(3), timedelta(hours=2)), [use(30)], False),
    ],
)
def test_over_three_times_the_average_a_day_is_odd(now, past, odd):
    assert is_odd(now, past, Rule()) is odd


def test_an_average_is_over_all_days_and_of_nothing_there_is_none():
    assert average([use(10, 10), use(50, 20)]) == 2
    assert average([]) is None
