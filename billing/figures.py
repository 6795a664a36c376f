"""The figures of fees: what was billed for a month and came in, by money and by household, and the old arrears.

Everything is counted from bills and from what paid them, in a few grouped queries; `tests/billing/test_figures.py`
counts the same once more row by row.
"""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.http import urlencode

from billing.amounts import NOTHING
from billing.models import Allocation, Bill, Waiver
from complaints.listing import midnight

TREND = 12
# Of old arrears: from how many days after the day on which a bill was due, as the list of arrears has it.
UNPAID = Q(balance__gt=0)


def next_month(month):
    """Return the first day of the month after."""
    return (month + datetime.timedelta(days=32)).replace(day=1)


def month_before(month):
    """Return the first day of the month before."""
    return (month - datetime.timedelta(days=1)).replace(day=1)


@dataclass(frozen=True)
class Rate:
    """What was billed, less what was waived, and what of it has come in; how many homes, and how many owe nothing."""

    label: str = ""
    url: str = ""
    open_url: str = ""
    billed: Decimal = NOTHING
    received: Decimal = NOTHING
    homes: int = 0
    settled: int = 0

    @property
    def open(self):
        return self.billed - self.received

    @property
    def by_money(self):
        """The collection rate (收缴率) by money, a share of one, or None where nothing was billed."""
        return float(self.received / self.billed) if self.billed else None

    @property
    def by_household(self):
        """The share of the homes with a bill that owe nothing of it, or None where none has one."""
        return self.settled / self.homes if self.homes else None

    @property
    def count(self):
        """The whole percent by money, as a bar draws it."""
        return round(self.by_money * 100) if self.by_money is not None else 0


@dataclass(frozen=True)
class OldArrears:
    """What bills of the months before still owed when a month began, and what came in of it until the month ended."""

    began_with: Decimal = NOTHING
    recovered: Decimal = NOTHING
    waived: Decimal = NOTHING
    # What was owed of bills that were found wrong and voided in the month.
    voided: Decimal = NOTHING

    @property
    def left(self):
        return self.began_with - self.recovered - self.waived - self.voided

    @property
    def rate(self):
        """The share of it that came in, or None where nothing was owed."""
        return float(self.recovered / self.began_with) if self.began_with else None


@dataclass(frozen=True)
class Figures:
    """The figures of one month as they are counted at a moment."""

    month: datetime.date
    total: Rate
    by_fee: list = field(default_factory=list)
    by_building: list = field(default_factory=list)
    old: OldArrears = OldArrears()
    trend: list = field(default_factory=list)

    def frozen(self):
        """Return what is kept of it when the month is closed: numbers and the names they had, as JSON."""
        lines = {"fees": self.by_fee, "buildings": self.by_building}
        return {
            "total": _plain(self.total),
            **{key: [_plain(line) for line in rows] for key, rows in lines.items()},
            "old": {name: str(getattr(self.old, name)) for name in OLD},
        }

    def as_closed(self, kept):
        """Return the Figures that were kept of this month when it was closed, as `frozen` gave them; what has the same
        name today leads to the same bills."""

        def rates(key, now):
            urls = {one.label: one for one in now}
            return [_kept(facts, urls.get(facts["label"], Rate())) for facts in kept[key]]

        return Figures(
            month=self.month,
            total=_kept(kept["total"], self.total),
            by_fee=rates("fees", self.by_fee),
            by_building=rates("buildings", self.by_building),
            old=OldArrears(**{name: Decimal(kept["old"].get(name, 0)) for name in OLD}),
            trend=self.trend,
        )


OLD = ("began_with", "recovered", "waived", "voided")


def _kept(facts, today):
    money = {name: Decimal(facts[name]) for name in ("billed", "received")}
    return Rate(**{**facts, **money}, url=today.url, open_url=today.open_url)


def _plain(rate):
    facts = {"label": rate.label, "billed": str(rate.billed), "received": str(rate.received)}
    return facts | {"homes": rate.homes, "settled": rate.settled}


def of_month(community, month, *, now):
    """Return the Figures of the month that begins on `month`, as they are at `now`. Seven queries.

    Late charges are left out: they are no fee of a month. Old arrears are counted once the month has begun.
    """
    every = Bill.objects.filter(community=community, about=None)
    rows = every.standing()
    billed = rows.filter(month=month)
    totals = billed.aggregate(**_SUMS)
    fees = billed.values("fee", "fee__name").annotate(**_SUMS).order_by("fee__position", "fee")
    buildings = billed.values("unit__building", "unit__building__name").annotate(**_SUMS).order_by("unit__building")
    return Figures(
        month=month,
        total=_rate(totals, month=month),
        by_fee=[_rate(one, one["fee__name"], month=month, fee=one["fee"]) for one in fees],
        by_building=[
            _rate(one, one["unit__building__name"], month=month, building=one["unit__building"]) for one in buildings
        ],
        old=_old(community, month, every) if midnight(month, community) <= now else OldArrears(),
        trend=_trend(rows, month),
    )


_ZERO = Decimal(0)
_SUMS = {
    "sum_amount": Coalesce(Sum("amount"), _ZERO),
    "sum_waived": Coalesce(Sum("waived"), _ZERO),
    "sum_paid": Coalesce(Sum("paid"), _ZERO),
    "count_homes": Count("unit", distinct=True),
    "count_owing": Count("unit", distinct=True, filter=UNPAID),
}


def _rate(sums, label="", url="", **wanted):
    return Rate(
        label=label,
        url=url or _bills("counted", **wanted),
        open_url="" if url else _bills("unpaid", **wanted),
        billed=sums["sum_amount"] - sums["sum_waived"],
        received=sums["sum_paid"],
        homes=sums["count_homes"],
        settled=sums["count_homes"] - sums["count_owing"],
    )


def _bills(state, *, month, **wanted):
    """Return the address of the list behind a number."""
    return f"{reverse('billing:bills')}?{urlencode({'month': f'{month:%Y-%m}', **wanted, 'state': state})}"


def _old(community, month, every):
    """Return the OldArrears of `month`: what bills of the months before owed when it began, and what lessened that.

    A bill that was written later was not owed then, and one that was voided later was, so a past month stays as it is.
    """
    begins, ends = midnight(month, community), midnight(next_month(month), community)
    older = every.filter(Q(voided_at=None) | Q(voided_at__gte=begins), month__lt=month, created_at__lt=begins)
    gone = {"voided_at__gte": begins, "voided_at__lt": ends}
    # Of what stands today's balance and what has lessened it since; of the few that were voided all from the start.
    bills = older.aggregate(
        left=_sum("balance", voided_at=None),
        gone=_sum("amount", voided_at__gte=begins),
        gone_within=_sum("amount", **gone),
    )
    about = {f"bill__{name}": value for name, value in gone.items()}
    since = Q(at__gte=begins) | Q(bill__voided_at__gte=begins)
    paid, waived = (
        model.objects.filter(since, bill__in=older).aggregate(
            since=_sum("amount", at__gte=begins, bill__voided_at=None),
            before=_sum("amount", at__lt=begins),
            before_gone=_sum("amount", at__lt=begins, **about),
            within=Coalesce(Sum("amount", filter=Q(at__gte=begins, at__lt=ends) & ~Q(**about)), _ZERO),
        )
        for model in (Allocation, Waiver)
    )
    return OldArrears(
        began_with=bills["left"] + bills["gone"] + sum(one["since"] - one["before"] for one in (paid, waived)),
        recovered=paid["within"],
        waived=waived["within"],
        voided=bills["gone_within"] - paid["before_gone"] - waived["before_gone"],
    )


def _sum(name, **wanted):
    return Coalesce(Sum(name, filter=Q(**wanted)), _ZERO)


def _trend(rows, month):
    """Return the Rates of this month and the eleven before it, the oldest first; a month without bills has none."""
    first = month
    for _n in range(TREND - 1):
        first = month_before(first)
    found = rows.filter(month__gte=first, month__lte=month).values("month").annotate(**_SUMS).order_by("month")
    return [_rate(one, f"{one['month']:%Y-%m}", reverse("billing:figures_of", args=[one["month"]])) for one in found]
