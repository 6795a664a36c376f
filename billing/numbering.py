"""Numbers without gaps: of receipts, refunds, deposits, shifts and demand letters anew with the year, of bills a series
for each month, ZD202510-000123 (ruling 14)."""

from dataclasses import dataclass

from billing.models import Bill, DemandLetter, Deposit, Receipt, Refund, Shift
from servicedesk.core.models import NumberSeries
from servicedesk.core.numbers import take_number


@dataclass(frozen=True)
class Series:
    """One series: the rows that bear its numbers, the sign before them and how many digits they have."""

    model: type
    key: str
    sign: str
    digits: int

    def next(self, community, now):
        """Return the next number. It holds the row of the series until the commit: take it last. One statement."""
        year = community.local(now).year
        return self.bearing(year, take_number(community, f"{self.key}-{year}"))

    def bearing(self, year, sequence):
        """Return the number as it is written, for example SJ2026-000001."""
        return f"{self.sign}{year}-{sequence:0{self.digits}}"

    def first_gap(self, community):
        """Return the first number of the series that is missing, None where all are there. Reads every number."""
        borne = set(self.model.objects.filter(community=community).values_list("number", flat=True))
        taken = NumberSeries.objects.filter(community=community, key__startswith=f"{self.key}-").order_by("key")
        for key, last in taken.values_list("key", "last"):
            year = key.rpartition("-")[2]
            missing = (n for n in range(1, last + 1) if self.bearing(year, n) not in borne)
            if (first := next(missing, None)) is not None:
                return self.bearing(year, first)
        return None


RECEIPTS = Series(Receipt, "receipt", "SJ", 6)
SHIFTS = Series(Shift, "shift", "BC", 4)
REFUNDS = Series(Refund, "refund", "TK", 4)
DEPOSITS = Series(Deposit, "deposit", "YJ", 4)
DEMANDS = Series(DemandLetter, "demand", "CG", 4)


# Bills ----------------------------------------------------------------------------------------------------------------

SIGN, KEY = "ZD", "bills"


def series_of(month):
    """Return the key of the series of numbers of the bills of a month."""
    return f"{KEY}:{month:%Y%m}"


def prefix_of(month):
    """Return what the numbers of a month begin with."""
    return f"{SIGN}{month:%Y%m}-"


def next_bill_number(community, month):
    """Return the next number of the bills of a month. It holds the row of the series until the commit: take it last."""
    return f"{prefix_of(month)}{take_number(community, series_of(month)):06}"


def first_bill_gap(community):
    """Return the first number of the bills of `community` that is missing, None where all are there (I4). Reads every
    number of a month at a time."""
    series = NumberSeries.objects.filter(community=community, key__startswith=f"{KEY}:").order_by("key")
    for key, last in series.values_list("key", "last"):
        prefix = f"{SIGN}{key.partition(':')[2]}-"
        rows = Bill.objects.filter(community=community, number__startswith=prefix).order_by()
        borne = set(rows.values_list("number", flat=True))
        for number in range(1, last + 1):
            if (text := f"{prefix}{number:06}") not in borne:
                return text
    return None


# What asks whether the numbers of money are all there.
GAPS = [series.first_gap for series in (RECEIPTS, SHIFTS, REFUNDS, DEPOSITS, DEMANDS)] + [first_bill_gap]
