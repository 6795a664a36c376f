"""How bills come into being: counted and written in one statement, their numbers taken as a block of the series."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from billing.charging import claim_until, due_on
from billing.numbering import prefix_of, series_of

# The numbers are taken behind the bills that they are for, so the series is held for as short as it can be.
WRITE = """
{charges}, fresh AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY unit_id, from_on) AS place FROM charges WHERE reason IS NULL {wanted}
), counted AS (
    SELECT count(*) AS bills FROM fresh
), taken AS (
    INSERT INTO core_numberseries (community_id, key, last)
    SELECT %(community)s, %(series)s, bills FROM counted WHERE bills > 0
    ON CONFLICT (community_id, key) DO UPDATE SET last = core_numberseries.last + excluded.last RETURNING last
), made AS (
    INSERT INTO billing_bill (community_id, number, unit_id, fee_id, tariff_id, run_id, debtor_kind, debtor_id, month,
        from_on, to_on, amount, lines, issued_on, due_on, claim_until, created_at, by_id, replaces_id)
    SELECT %(community)s, %(prefix)s || lpad(n::text, greatest(6, length(n::text)), '0'), unit_id, %(fee)s,
        %(tariff)s, %(run)s, debtor_kind, debtor_id, %(first)s, from_on, to_on, amount, lines, %(issued_on)s,
        %(due_on)s, %(claim_until)s, %(now)s, %(by)s, %(replaces)s
    FROM fresh, counted, taken CROSS JOIN LATERAL (SELECT taken.last - counted.bills + fresh.place AS n) AS number
    ORDER BY place
    RETURNING id, amount
), told AS (
    {told}
)
SELECT (SELECT count(*) FROM made), (SELECT coalesce(sum(amount), 0) FROM made), (SELECT max(id) FROM made),
    (SELECT count(DISTINCT unit_id) FROM charges WHERE reason IS NOT NULL)
"""
# A reason that changed is written over; one that is still the same is left as it is.
TELL = """
    INSERT INTO billing_exemption (community_id, unit_id, fee_id, month, reason, run_id)
    SELECT DISTINCT ON (unit_id) %(community)s, unit_id, %(fee)s, %(first)s, reason, %(run)s
    FROM charges WHERE reason IS NOT NULL ORDER BY unit_id, reason
    ON CONFLICT (unit_id, fee_id, month) DO UPDATE SET reason = excluded.reason, run_id = excluded.run_id
    WHERE billing_exemption.reason <> excluded.reason
"""
TELL_NOBODY = "SELECT 1"


@dataclass(frozen=True)
class Issued:
    """What one statement has written: how many bills, their sum in yuan, the last key, and how many were left out."""

    bills: int
    amount: Decimal
    last: int | None
    left_out: int


def issue(charging, tariff, month, *, issued_on, by, now, run=None, replaces=None, by_developer=None):
    """Write the bills that `charging` finds and return an Issued; one statement.

    With a run, what is left out is written with its reason. `by_developer` takes one part of a unit only. Until when
    it can be claimed goes by the day that the tariff names, however late the paper is written: what we do late or do
    again interrupts nothing (Civil Code 188, 195). So the claim of a bill that `replaces` another ends with that one's.
    """
    wanted = {None: "", True: "AND by_developer", False: "AND NOT by_developer"}[by_developer]
    claimed = replaces.claim_until if replaces else claim_until(due_on(tariff, month, month))
    params = charging.params | {
        "series": series_of(month),
        "prefix": prefix_of(month),
        "tariff": tariff.pk,
        "run": run and run.pk,
        "issued_on": issued_on,
        "due_on": due_on(tariff, month, issued_on),
        "claim_until": claimed,
        "now": now,
        "by": by and by.pk,
        "replaces": replaces and replaces.pk,
    }
    sql = WRITE.format(charges=charging.sql, wanted=wanted, told=TELL if run else TELL_NOBODY)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return Issued(*cursor.fetchone())
