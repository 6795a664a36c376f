"""What a meter has counted between two readings, and whether that is odd: arithmetic, no query.

All numbers are Decimal. Consumption is in the unit of the resource (m³, kWh, GJ), rounded half up to a thousandth.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

THOUSANDTH = Decimal("0.001")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Dial:
    """What can be read on a meter: its highest value, its smallest step, and what one unit of it stands for."""

    max_value: Decimal
    step: Decimal = Decimal("0.01")
    multiplier: Decimal = Decimal(1)

    @property
    def span(self):
        """How far the dial counts before it stands where it stood: 100000 for one that ends at 99999.99."""
        return self.max_value + self.step

    def shows(self, value):
        """Return whether the dial can show `value` at all."""
        return 0 <= value <= self.max_value


def used(dial, before, after, *, rolled_over=False):
    """Return the consumption between the readings `before` and `after`.

    A dial that `rolled_over` has passed its end once and begun anew. Raises ValueError for a reading that the dial
    cannot show, and for a lower one without a roll-over: consumption is never negative.
    """
    if not dial.shows(before) or not dial.shows(after):
        raise ValueError("the dial cannot show this")
    if after < before and not rolled_over:
        raise ValueError("lower than the reading before")
    counted = after - before + (dial.span if after < before else 0)
    return (counted * dial.multiplier).quantize(THOUSANDTH, ROUND_HALF_UP)


@dataclass(frozen=True)
class Rule:
    """When consumption is odd: over `factor` times the average a day, unless it is below `ignored_below`."""

    factor: Decimal = Decimal(3)
    ignored_below: Decimal = Decimal(1)


@dataclass(frozen=True)
class Use:
    """What was used in a time; a time under a day counts as one."""

    amount: Decimal
    time: timedelta

    @property
    def days(self):
        return max(Decimal(self.time / DAY), Decimal(1))


def average(past):
    """Return the average use a day over `past` Uses, or None where there are none."""
    return sum(use.amount for use in past) / sum(use.days for use in past) if past else None


def is_odd(use, past, rule):
    """Return whether `use` is odd beside `past` Uses. By the day, so that a month that was missed raises no alarm;
    nothing is odd where there is nothing to compare with."""
    usual = average(past)
    return usual is not None and use.amount >= rule.ignored_below and use.amount > rule.factor * usual * use.days
