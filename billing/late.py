"""The late charge (违约金, section 19): simple interest on what is overdue, capped, and still while disputed. Pure."""

import datetime
import itertools
from dataclasses import dataclass
from decimal import Decimal

from billing.amounts import NOTHING, to_fen

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Terms:
    """What the contract's clause says: the rate a day as a share, days of grace, and the most it may come to in %."""

    rate: Decimal
    grace_days: int
    cap_percent: Decimal


@dataclass(frozen=True)
class Stretch:
    """Days in which the same sum was overdue, both included; `principal` in yuan, `interest` in yuan, not rounded."""

    from_on: datetime.date
    to_on: datetime.date
    principal: Decimal
    interest: Decimal

    @property
    def days(self):
        return (self.to_on - self.from_on).days + 1


@dataclass(frozen=True)
class Charge:
    """What a late charge comes to, in yuan to the fen, and how it was counted."""

    amount: Decimal
    cap: Decimal
    is_capped: bool
    stretches: tuple


def first_day(due_on, terms, rolled=lambda day: day):
    """Return the first day that counts: the day after the bill was due and the days of grace (Civil Code 201). `rolled`
    takes the last of these days to the working day on which it ends (203)."""
    return rolled(due_on + DAY * terms.grace_days) + DAY


def late_charge(amount, due_on, until, terms, *, paid=(), frozen=(), rolled=lambda day: day):
    """Return the Charge on a bill of `amount` yuan for every day up to `until`, which is included.

    `paid` are (day, yuan) pairs, below nothing where a payment was taken back: the day of a payment still counts with
    what was owed in the morning, so a part payment makes the charge grow more slowly and never ends it. `frozen` are
    (first, last) days of disputes, last None while one is open: they do not count. `rolled` is as above. Never more
    than `cap_percent` of what was overdue on the first day. Rounded once, at the end (ruling 14). Courts may reduce
    what is excessively high (Civil Code 585).
    """
    start, end = first_day(due_on, terms, rolled), until + DAY
    cap = to_fen(max(_owed(amount, paid, start), NOTHING) * terms.cap_percent / 100)
    stretches = []
    edges = {start, end, *(day + DAY for day, _yuan in paid)}
    edges |= {first for first, _last in frozen} | {last + DAY for _first, last in frozen if last}
    edges = sorted(edge for edge in edges if start <= edge <= end)
    for begins, ends in itertools.pairwise(edges):
        principal = _owed(amount, paid, begins)
        if principal > 0 and not any(first <= begins and (last is None or begins <= last) for first, last in frozen):
            interest = principal * terms.rate * (ends - begins).days
            stretches.append(Stretch(begins, ends - DAY, principal, interest))
    total = sum((stretch.interest for stretch in stretches), NOTHING)
    return Charge(min(to_fen(total), cap), cap, total > cap, tuple(stretches))


def _owed(amount, paid, day):
    """Return what was left to pay on the morning of `day`."""
    return amount - sum((yuan for paid_on, yuan in paid if paid_on < day), NOTHING)
