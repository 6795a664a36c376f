"""What a run of a month would bill, counted by the SELECTs of the run itself; nothing is written."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection
from django.db.models import Count

from billing.charging import charging, first_of
from billing.models import Bill, Exemption, Tariff

MOST_ODD = 10
# A row is worth a look from a fifth more or less on.
ODD_FROM = Decimal("1.2")

COUNTED = """
{charges}
SELECT reason, count(DISTINCT unit_id), count(*), coalesce(sum(amount), 0) FROM charges GROUP BY reason ORDER BY reason
"""
# Against the same unit and fee a period before, else against what the fee comes to for a square metre in the middle.
ODD = """
{charges}, middle AS (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount / area)::numeric AS per_area
    FROM charges WHERE reason IS NULL AND area > 0
), compared AS (
    SELECT c.unit_id, c.label, c.amount, before.amount AS before,
        coalesce(before.amount, round(c.area * middle.per_area, 2)) AS expected
    FROM charges c CROSS JOIN middle LEFT JOIN billing_bill before ON before.unit_id = c.unit_id
        AND before.fee_id = %(fee)s AND before.month = %(month_before)s AND before.voided_at IS NULL
        AND before.about_id IS NULL AND before.tariff_id IS NOT NULL
        AND (before.debtor_kind = 'developer') = c.by_developer
    WHERE c.reason IS NULL
), rated AS (
    SELECT *, CASE WHEN expected > amount THEN expected / greatest(amount, 0.01)
        ELSE amount / greatest(expected, 0.01) END AS factor
    FROM compared WHERE expected IS NOT NULL
)
SELECT unit_id, label, amount, before, expected, factor FROM rated WHERE factor >= %(odd_from)s
ORDER BY factor DESC, unit_id LIMIT %(most)s
"""


@dataclass(frozen=True)
class Odd:
    """A bill that would be far from what was to be expected, in yuan; `before` is None where nothing was billed."""

    tariff: Tariff
    unit: int
    label: str
    amount: Decimal
    before: Decimal | None
    expected: Decimal
    factor: Decimal


@dataclass(frozen=True)
class FeePreview:
    """What one fee would come to: bills and their sum in yuan, bills that stand, and units left out by their reason."""

    tariff: Tariff
    bills: int
    amount: Decimal
    there: int
    left_out: list = field(default_factory=list)


@dataclass(frozen=True)
class Preview:
    """What a run would bill, fee by fee, and the ten oddest rows of all."""

    fees: list
    odd: list

    @property
    def bills(self):
        return sum(fee.bills for fee in self.fees)

    @property
    def amount(self):
        return sum((fee.amount for fee in self.fees), Decimal(0))

    @property
    def there(self):
        return sum(fee.there for fee in self.fees)

    @property
    def left_out(self):
        return sum(count for fee in self.fees for _reason, count in fee.left_out)


def preview(community, tariffs, month):
    """Return the Preview of billing `month` by `tariffs`. Two queries a fee, and one for all."""
    standing = Bill.objects.standing().filter(community=community, month=month, tariff__isnull=False, about=None)
    there = dict(standing.order_by().values_list("fee_id").annotate(Count("pk")))
    fees, odd = [], []
    for tariff in tariffs:
        found = charging(community, tariff, month)
        fees.append(_counted(found, tariff, there.get(tariff.fee_id, 0)))
        odd += _odd(found, tariff, month)
    return Preview(fees, sorted(odd, key=lambda row: -row.factor)[:MOST_ODD])


def _counted(found, tariff, there):
    rows = _rows(COUNTED.format(charges=found.sql), found.params)
    left_out = [(Exemption.Reason(reason), units) for reason, units, _count, _sum in rows if reason]
    bills, amount = next(((count, total) for reason, _units, count, total in rows if not reason), (0, Decimal(0)))
    return FeePreview(tariff, bills, amount, there, left_out)


def _odd(found, tariff, month):
    more = {"month_before": first_of(month, -tariff.months), "odd_from": ODD_FROM, "most": MOST_ODD}
    return [Odd(tariff, *row) for row in _rows(ODD.format(charges=found.sql), found.params | more)]


def _rows(sql, params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
