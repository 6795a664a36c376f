"""What a fee comes to, for many units at once: one SELECT for each tariff, read by the preview, the run and a bill that
replaces another. Everything about money in it is exact: numeric, rounded half up to the fen line by line.
"""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import DecimalField, Func

from billing.amounts import MOST
from billing.formula import parse
from billing.models import Fee, Tariff
from residents.models import MEASURES, Unit

NEVER = "'infinity'::date"
ALWAYS = "'-infinity'::date"
# What was read longer ago is not claimed any more (Civil Code 188).
YEARS_BACK = 3


@dataclass(frozen=True)
class Period:
    """The months that a bill is about: from the first day of one to the last day of it or of a later one."""

    first: datetime.date
    last: datetime.date

    @property
    def days(self):
        return (self.last - self.first).days + 1


def first_of(day, months=0):
    """Return the first day of the month of `day`, or of one so many months later."""
    count = day.year * 12 + day.month - 1 + months
    return datetime.date(count // 12, count % 12 + 1, 1)


def period_of(month, months):
    """Return the Period of `months` that begins with `month`, the first day of it."""
    return Period(month, first_of(month, months) - datetime.timedelta(days=1))


def begins_in(tariff, month):
    """Return whether a period of `tariff` begins in `month`: quarters in January, April, July and October."""
    return (month.month - 1) % tariff.months == 0


def claim_until(due_on):
    """Return until when a debt that was due on `due_on` can be claimed: three years (Civil Code 188)."""
    try:
        return due_on.replace(year=due_on.year + 3)
    except ValueError:
        return due_on.replace(year=due_on.year + 3, day=28)


def due_on(tariff, month, issued_on):
    """Return when a bill of `month` is due. One issued behind that day leaves as many days from the day it is issued,
    so that nobody is late when the paper comes."""
    days = datetime.timedelta(days=tariff.due_days)
    due = month + days
    return due if due >= issued_on else issued_on + days


def tariffs_of(community, month):
    """Return the tariffs by which `month` is billed: of fees in use, in force on the first, whose period begins then.

    Late charges are no fee that a run bills. One query.
    """
    rows = Tariff.objects.on(month).filter(community=community, fee__is_active=True).exclude(fee__kind=Fee.Kind.LATE)
    rows = rows.select_related("fee").prefetch_related("tiers").order_by("fee__position", "fee_id")
    return [tariff for tariff in rows if begins_in(tariff, month)]


def _holds(period, day):
    """Return the SQL of whether a range of days holds on a day, by its ends. By the operator of ranges the database may
    go by an index of days through a whole register for each unit, as long as it has no statistics of a new one."""
    return f"(lower({period}) <= {day} AND coalesce(upper({period}), 'infinity') > {day})"


# Who a unit is charged to ---------------------------------------------------------------------------------------------

LOT = """
lot AS MATERIALIZED (
    SELECT u.id AS unit_id, u.label, u.area, u.floor, u.building_id, {quantity} AS quantity, start.starts_on,
        start.starts_on = 'infinity' AS is_unsold
    FROM residents_unit u {enrolled}
    LEFT JOIN residents_handover h ON {by_handover} AND h.id = (
        SELECT min(id) FROM residents_handover
        WHERE unit_id = u.id AND kind = 'move_in' AND status <> 'cancelled' AND fee_starts_on IS NOT NULL
            AND moves_on = u.handed_over_on)
    CROSS JOIN LATERAL (SELECT {starts_on} AS starts_on) AS start
    WHERE u.community_id = %(community)s {scope}
)
"""
ENROLLED = """
    JOIN billing_enrolment e ON e.unit_id = u.id AND e.fee_id = %(fee)s AND {holds}
""".format(holds=_holds("e.period", "%(first)s"))
# The first day with fees after `handed_over_on`, by the rule of the tariff: residents.fee_start says it for one.
STARTS = {
    Tariff.StartRule.EXACT_DAY: "u.handed_over_on",
    Tariff.StartRule.NEXT_MONTH: "(date_trunc('month', u.handed_over_on) + interval '1 month')::date",
    Tariff.StartRule.HALF_MONTH: (
        "CASE WHEN extract(day FROM u.handed_over_on) <= 15 THEN date_trunc('month', u.handed_over_on)::date + 14"
        " ELSE (date_trunc('month', u.handed_over_on) + interval '1 month')::date END"
    ),
}
# Without a handover in the register who lives there is billed in full; where nobody does, nobody has got it yet.
STARTS_ON = (
    "CASE WHEN u.handed_over_on IS NOT NULL THEN coalesce(h.fee_starts_on, {rule})"
    " WHEN EXISTS (SELECT FROM residents_occupancy o WHERE o.unit_id = u.id AND o.voided_at IS NULL"
    " AND o.united_into_id IS NULL AND " + _holds("o.period", "{day}") + ") THEN " + ALWAYS + " ELSE " + NEVER + " END"
)
# A unit has up to two parts: the developer's before fees begin, and that of who has it since. Only what is charged for
# time is split; of what is measured or shared the one is charged who has the unit when the period ends.
PARTS = """
parts AS (
    SELECT lot.*, part.*, part.to_on - part.from_on + 1 AS days {time}
    FROM lot CROSS JOIN LATERAL (VALUES
        (false, greatest(%(first)s, {begins}), %(last)s),
        (true, %(first)s, least(%(last)s, {begins} - 1))
    ) AS part(by_developer, from_on, to_on) {by_months}
    WHERE part.from_on <= part.to_on AND {kept} {unbilled}
)
"""
# Billed is a part without a bill of its month: neither of its own, nor of the other one that has its days in it.
STANDING = """
    AND NOT EXISTS (SELECT FROM billing_bill b WHERE b.unit_id = {unit} AND b.fee_id = %(fee)s AND b.month = %(first)s
        AND b.voided_at IS NULL AND b.about_id IS NULL AND b.tariff_id IS NOT NULL {same})
"""
# What was voided is not billed again by a run: somebody decided so, and bills it anew when it is to be.
VOIDED = """
    AND NOT EXISTS (SELECT FROM billing_bill b WHERE b.unit_id = {unit} AND b.fee_id = %(fee)s AND b.month = %(first)s
        AND b.voided_at IS NOT NULL AND b.about_id IS NULL AND b.tariff_id IS NOT NULL {same}
        AND NOT EXISTS (SELECT FROM billing_bill r WHERE r.replaces_id = b.id))
"""
SAME = """
    AND ((b.debtor_kind = 'developer') = part.by_developer OR b.from_on <= part.to_on AND b.to_on >= part.from_on)
"""
REPLACED = "AND part.from_on <= %(replaced_to)s AND part.to_on >= %(replaced_from)s"
DEBTOR = """
LEFT JOIN LATERAL (
    SELECT o.person_id, o.kind FROM residents_occupancy o
    WHERE o.unit_id = p.unit_id AND o.kind IN ('owner', 'lessee') AND o.voided_at IS NULL
        AND o.united_into_id IS NULL AND {holds} AND NOT p.by_developer
    ORDER BY o.kind = 'owner' DESC, o.share DESC NULLS LAST, lower(o.period), o.id LIMIT 1
) AS debtor ON true
"""
# What a part comes to: `lines` as they stand on the bill, their sum, and why there is none.
CHARGES = """
charges AS MATERIALIZED (
    SELECT p.unit_id, p.label, p.area, p.by_developer, p.from_on, p.to_on,
        CASE WHEN p.by_developer THEN 'developer' ELSE coalesce(debtor.kind, 'unknown') END AS debtor_kind,
        debtor.person_id AS debtor_id,
        coalesce(priced.reason, CASE WHEN priced.amount NOT BETWEEN 0 AND {most} THEN 'not_countable' END) AS reason,
        priced.amount - coalesce(round(priced.amount * d.percent / 100, 2), 0) AS amount,
        priced.lines || CASE WHEN d.percent IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object(
            'code', 'discount', 'text', d.kind, 'percent', trim_scale(d.percent)::text,
            'of', priced.amount::text, 'amount', (-round(priced.amount * d.percent / 100, 2))::text)) END AS lines
    FROM parts p
    {debtor}
    LEFT JOIN billing_discount d ON d.unit_id = p.unit_id AND d.fee_id = %(fee)s AND d.status = 'approved'
        AND NOT p.by_developer AND {discounted}
    CROSS JOIN LATERAL ({priced}) AS priced
)
"""
# A part of a period is charged by its months, and of the month that it has in part by the days of that month: the price
# is one a month, and two whole months of a quarter are two of them. Twenty places keep the division exact to the fen.
BY_DAYS = "CASE WHEN p.days = %(days)s THEN {whole} ELSE ({whole})::numeric(60, 20) * p.days / %(days)s END"
BY_MONTHS = (
    "CASE WHEN p.days = %(days)s THEN {whole} ELSE ({whole})::numeric(60, 20)"
    " * (p.whole * greatest(p.of_rest, 1) + p.rest) / (greatest(p.of_rest, 1) * %(months)s) END"
)
OF_MONTHS = """
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE one.days = one.of_days) AS whole,
        coalesce(sum(one.days) FILTER (WHERE one.days < one.of_days), 0) AS rest,
        coalesce(max(one.of_days) FILTER (WHERE one.days < one.of_days), 0) AS of_rest
    FROM generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 month') AS begins(at)
    CROSS JOIN LATERAL (SELECT (begins.at + interval '1 month')::date - 1 AS last_on) AS month
    CROSS JOIN LATERAL (SELECT least(part.to_on, month.last_on) - greatest(part.from_on, begins.at::date) + 1 AS days,
        extract(day FROM month.last_on)::int AS of_days) AS one
    WHERE one.days > 0
) AS time
"""
THE_TIME = """
|| CASE WHEN p.days = %(days)s THEN '{{}}'::jsonb
    ELSE jsonb_build_object('whole', p.whole, 'rest', p.rest, 'of_rest', p.of_rest, 'of_months', %(months)s::int) END
"""
ONE_LINE = """
SELECT {reason} AS reason, gross.amount, jsonb_build_array(jsonb_build_object(
    'code', %(basis)s::text, 'text', %(name)s::text, 'quantity', trim_scale({quantity})::text,
    'measure', %(measure)s::text, 'price', {price}, 'months', %(months)s::int, 'from', p.from_on, 'to', p.to_on,
    'days', p.days, 'of_days', %(days)s::int, 'amount', gross.amount::text) {time}) AS lines
FROM (SELECT round({amount}, 2) AS amount) AS gross
"""
# What has been charged of the meters of a unit: the readings that its standing bills of the fee hold, and those of
# voided bills, which wait for a replacement; each bill by its days, for it may hold readings of months before it.
HELD = """
(
    SELECT coalesce(array_agg(one.reading) FILTER (WHERE one.stands), '{}') AS billed,
        coalesce(array_agg(one.reading) FILTER (WHERE NOT one.stands), '{}') AS waiting,
        coalesce(array_agg(one.reading) FILTER (WHERE one.stands AND one.month >= %(year)s), '{}') AS billed_in_year
    FROM (
        SELECT true AS stands, b.month, jsonb_path_query(b.lines, '$[*].readings[*].id')::bigint AS reading
        FROM billing_bill b WHERE b.unit_id = p.unit_id AND b.fee_id = %(fee)s AND b.to_on >= %(oldest)s
            AND b.voided_at IS NULL AND b.about_id IS NULL AND b.tariff_id IS NOT NULL
        UNION ALL
        SELECT false, b.month, jsonb_path_query(b.lines, '$[*].readings[*].id')::bigint
        FROM billing_bill b WHERE b.unit_id = p.unit_id AND b.fee_id = %(fee)s AND b.to_on >= %(oldest)s
            AND b.voided_at IS NOT NULL AND b.id IS DISTINCT FROM %(replaced)s
            AND NOT EXISTS (SELECT FROM billing_bill r WHERE r.replaces_id = b.id)
    ) AS one
)
"""
# Consumption is billed once and all of it: of the readings up to the end of the period, those that no bill holds since
# the first month that was billed for the fee, for three years at the most (Civil Code 188). What is odd waits. A meter
# has few readings: they are found by the meter, and not, as an index would have it, among those of all in the period.
SINCE = """
greatest(%(oldest_at)s, least(%(begins_at)s, (SELECT min(run.month)::timestamp AT TIME ZONE %(zone)s
    FROM billing_runtariff t JOIN billing_billrun run ON run.id = t.run_id WHERE t.fee_id = %(fee)s AND run.done > 0)))
"""
USED = """
(
    SELECT coalesce(sum(r.consumption) FILTER (WHERE r.is_new), 0) AS quantity,
        {before} AS before,
        count(*) FILTER (WHERE r.is_new) AS times,
        coalesce(bool_or(r.is_outlier AND r.confirmed_at IS NULL) FILTER (WHERE r.is_new), false) AS odd,
        coalesce(bool_or(NOT r.stands AND r.id = ANY (r.billed)), false) AS undone,
        coalesce(bool_or(r.stands AND NOT r.is_new AND r.at >= %(begins_at)s), false) AS elsewhere,
        jsonb_agg(jsonb_build_object('id', r.id, 'meter', r.serial, 'value', trim_scale(r.value)::text,
            'on', (r.at AT TIME ZONE %(zone)s)::date, 'consumption', trim_scale(r.consumption)::text)
            ORDER BY r.at, r.id) FILTER (WHERE r.is_new) AS readings
    FROM (
        SELECT one.*, m.serial, held.billed, held.billed_in_year, one.voided_at IS NULL AS stands,
            one.voided_at IS NULL AND one.at >= {since} AND one.id <> ALL (held.billed || held.waiting) AS is_new
        FROM {held} AS held CROSS JOIN residents_meter m JOIN residents_reading one ON one.meter_id = m.id
        WHERE m.unit_id = p.unit_id AND m.resource = %(resource)s AND one.kind IN ('periodic', 'final', 'replace_out')
            AND one.at + interval '0' >= %(oldest_at)s AND one.at + interval '0' < %(ends_at)s
    ) AS r
) AS used
"""
# Each meter that was in place by the end of the period is read in it, lest a bill is about a part of what was used.
UNREAD = """
CASE WHEN used.odd THEN 'odd_reading' WHEN used.undone THEN 'reading_void'
    WHEN EXISTS (SELECT FROM residents_meter m WHERE m.unit_id = p.unit_id AND m.resource = %(resource)s
        AND m.status = 'in_place' AND coalesce((SELECT bool_or(r.at < %(ends_at)s)
            AND NOT bool_or(r.at >= %(begins_at)s AND r.at < %(ends_at)s)
            FROM residents_reading r WHERE r.meter_id = m.id AND r.voided_at IS NULL), true)) THEN 'no_reading'
    WHEN used.times > 0 THEN NULL WHEN used.elsewhere THEN 'billed_later'
    WHEN EXISTS (SELECT FROM residents_meter m WHERE m.unit_id = p.unit_id AND m.resource = %(resource)s
        AND m.status = 'in_place') THEN 'no_reading' ELSE 'no_meter' END
"""
# Of steps over the year: what was used before in it, and what was billed in it of the year before.
BEFORE = """
coalesce(sum(r.consumption) FILTER (WHERE r.stands AND NOT r.is_new
    AND (r.at >= %(year_at)s OR r.id = ANY (r.billed_in_year))), 0)
"""
METERED = """
SELECT {unread} AS reason, stepped.amount, stepped.lines
FROM {used}
CROSS JOIN LATERAL (
    SELECT coalesce(sum(step.amount), 0) AS amount, jsonb_agg(jsonb_build_object(
        'code', 'meter', 'text', %(name)s::text, 'step', step.position, 'quantity', trim_scale(step.quantity)::text,
        'measure', %(measure)s::text, 'price', trim_scale(step.price)::text, 'from', p.from_on, 'to', p.to_on,
        'amount', step.amount::text) || CASE WHEN step.position = step.first
            THEN jsonb_build_object('readings', used.readings, 'before', trim_scale(used.before)::text)
            ELSE '{{}}'::jsonb END ORDER BY step.position) AS lines
    FROM (
        SELECT tier.position, tier.price, part.quantity, round(part.quantity * tier.price, 2) AS amount,
            min(tier.position) OVER () AS first
        FROM unnest(%(positions)s::int[], %(floors)s::numeric[], %(tops)s::numeric[], %(prices)s::numeric[])
            AS tier(position, floor, top, price)
        CROSS JOIN LATERAL (SELECT greatest(least(coalesce(tier.top, used.before + used.quantity),
            used.before + used.quantity) - greatest(tier.floor, used.before), 0) AS quantity) AS part
        WHERE part.quantity > 0 OR (used.quantity = 0 AND used.before >= tier.floor
            AND (tier.top IS NULL OR used.before < tier.top))
    ) AS step
) AS stepped
"""
# The formula has the whole period in it; of a part of it the days count, unless it goes by consumption.
COUNTED = """
SELECT CASE WHEN {lacks_area} THEN 'no_area' WHEN gross.amount IS NULL THEN coalesce({unread}, 'not_countable')
        ELSE {unread} END AS reason,
    gross.amount, jsonb_build_array(jsonb_build_object(
        'code', 'formula', 'text', %(name)s::text, 'formula', %(formula)s::text, 'values', jsonb_build_object({values}),
        'measure', %(measure)s::text, 'from', p.from_on, 'to', p.to_on, 'days', p.days, 'of_days', %(days)s::int,
        'readings', used.readings, 'amount', gross.amount::text) {time}) AS lines
FROM {used} CROSS JOIN LATERAL (SELECT round({amount}, 2) AS amount) AS gross
"""
NOT_USED = "(SELECT NULL::numeric AS quantity, NULL::jsonb AS readings) AS used"
# What the names of a formula are of a part of a unit.
VALUES = {
    "area": "p.area",
    "floor": "p.floor",
    "quantity": "p.quantity",
    "consumption": "used.quantity",
    "months": "%(months)s::int",
}
# What is left of each cost, in fen, shared out to the units that have no bill of it, by the largest remainder: whole
# fen by weight first, then one fen more for those whose remainder is the largest, so that it adds up exactly.
SHARES = """
pool AS MATERIALIZED (
    SELECT u.id AS unit_id, u.building_id, {weight}::numeric AS weight
    FROM residents_unit u {enrolled} WHERE u.community_id = %(community)s AND {weight} > 0 {unbilled}
), billed AS (
    SELECT (line ->> 'cost')::bigint AS cost, sum((line ->> 'amount')::numeric) AS amount
    FROM billing_bill b CROSS JOIN LATERAL jsonb_array_elements(b.lines) AS line
    WHERE b.community_id = %(community)s AND b.month = %(first)s AND b.fee_id = %(fee)s AND b.voided_at IS NULL
        AND line ? 'cost' GROUP BY 1
), costs AS (
    SELECT c.id, c.building_id, c.amount, c.month, (c.amount - coalesce(billed.amount, 0)) * 100 AS fen
    FROM billing_sharedcost c LEFT JOIN billed ON billed.cost = c.id
    WHERE c.community_id = %(community)s AND c.fee_id = %(fee)s AND c.voided_at IS NULL
        AND c.month BETWEEN %(first)s AND %(last)s
), portions AS (
    SELECT c.id, c.amount, c.month, pool.unit_id, pool.weight, c.fen, sum(pool.weight) OVER cost AS weights,
        div(c.fen * pool.weight * 100, sum(pool.weight * 100) OVER cost) AS fens,
        mod(c.fen * pool.weight * 100, sum(pool.weight * 100) OVER cost) AS remainder
    FROM costs c JOIN pool ON c.building_id IS NULL OR pool.building_id = c.building_id
    WINDOW cost AS (PARTITION BY c.id)
), shares AS MATERIALIZED (
    SELECT unit_id, sum(yuan) AS amount, jsonb_agg(jsonb_build_object(
        'code', 'share', 'text', %(name)s::text, 'cost', id, 'of', amount::text, 'month', month,
        'quantity', trim_scale(weight)::text, 'all', trim_scale(weights)::text, 'measure', %(measure)s::text,
        'from', %(first)s::date, 'to', %(last)s::date, 'amount', yuan::text) ORDER BY month, id) AS lines
    FROM (
        SELECT *, round((fens + (row_number() OVER (PARTITION BY id ORDER BY remainder DESC, unit_id)
            <= fen - sum(fens) OVER (PARTITION BY id))::int) / 100, 2) AS yuan
        FROM portions
    ) AS fair GROUP BY unit_id
)
"""
SHARED = """
SELECT CASE WHEN {lacks_area} THEN 'no_area' WHEN s.unit_id IS NULL THEN 'no_cost' END AS reason, s.amount, s.lines
FROM (SELECT p.unit_id) AS one LEFT JOIN shares s ON s.unit_id = one.unit_id
"""


@dataclass(frozen=True)
class Charging:
    """The SELECTs of one tariff and month: common table expressions that end in `charges`, and their parameters.

    `charges` has unit_id, label, area, by_developer, from_on, to_on, debtor_kind, debtor_id, amount, lines and reason,
    which is null where there is a bill to make. A unit has two rows where the developer owes a part.
    """

    sql: str
    params: dict


def charging(community, tariff, month, *, after=0, upto=None, replaced=None):
    """Return the Charging of a tariff for a period that begins with `month`.

    Without bounds for all units of the community that have no bill; `after` and `upto` are keys of units, of which the
    first is left out. With `replaced`, a voided bill, for its unit and what may take its place. No query.
    """
    period = period_of(month, tariff.months)
    scope = ""
    if replaced is not None:
        scope = "AND u.id = %(unit)s"
    elif upto is not None:
        scope = "AND u.id > %(after)s AND u.id <= %(upto)s"
    params = {
        "community": community.pk,
        "fee": tariff.fee_id,
        "name": tariff.fee.name,
        "basis": tariff.basis,
        "first": period.first,
        "last": period.last,
        "days": period.days,
        "months": tariff.months,
        "price": tariff.unit_price,
        "after": after,
        "upto": upto,
        "unit": replaced and replaced.unit_id,
        "replaced": replaced and replaced.pk,
        "replaced_from": replaced and replaced.from_on,
        "replaced_to": replaced and replaced.to_on,
    }
    is_enrolled = tariff.fee.applies_to == Fee.AppliesTo.ENROLLED
    is_by_days = tariff.basis in (Tariff.Basis.AREA, Tariff.Basis.FIXED) or (
        tariff.basis == Tariff.Basis.FORMULA and "consumption" not in parse(tariff.formula).names
    )
    # What is split by days is owed by who has a part when it begins; all else by who has the unit when the period ends.
    day = "first" if is_by_days else "last"
    enrolled = ENROLLED if is_enrolled else ""
    rule = STARTS[tariff.start_rule]
    lot = LOT.format(
        quantity="e.quantity" if is_enrolled else "1::numeric",
        enrolled=enrolled,
        by_handover="false" if is_enrolled else "u.handed_over_on IS NOT NULL",
        # Who enrols has agreed to pay; the handover has nothing to say then.
        starts_on=ALWAYS if is_enrolled else STARTS_ON.format(rule=rule, day=f"%({day})s"),
        scope=scope,
    )
    begins, kept = "lot.starts_on", "true"
    if not is_by_days:
        begins = f"CASE WHEN lot.starts_on > %(last)s THEN {NEVER} ELSE {ALWAYS} END"
    elif tariff.fee.kind != Fee.Kind.SERVICE:
        kept = "(NOT part.by_developer OR lot.starts_on > %(last)s)"
    shares, priced, more = _priced(community, tariff, period, enrolled)
    if is_by_days and tariff.fee.kind != Fee.Kind.SERVICE:
        priced = f"""
            SELECT CASE WHEN p.by_developer AND NOT p.is_unsold THEN 'before_start' ELSE inner_.reason END AS reason,
                inner_.amount, inner_.lines FROM ({priced}) AS inner_"""
    charges = CHARGES.format(
        most=MOST,
        debtor=DEBTOR.format(holds=_holds("o.period", "p.from_on" if is_by_days else "p.to_on")),
        discounted=_holds("d.period", "p.from_on"),
        priced=priced,
    )
    standing, voided = (text.format(unit="lot.unit_id", same=SAME) for text in (STANDING, VOIDED))
    unbilled = standing + (REPLACED if replaced else voided)
    time = {"time": ", time.*", "by_months": OF_MONTHS} if tariff.months > 1 else {"time": "", "by_months": ""}
    parts = PARTS.format(begins=begins, kept=kept, unbilled=unbilled, **time)
    ctes = ", ".join(filter(None, (lot, parts, shares, charges)))
    return Charging(f"WITH {ctes}", params | more)


def _priced(community, tariff, period, enrolled):
    """Return what a basis adds: common table expressions, the SELECT of reason, amount and lines, and parameters."""
    basis = tariff.basis
    if basis == Tariff.Basis.METER:
        return "", *_metered(community, tariff, period)
    if basis == Tariff.Basis.SHARE:
        by_area = tariff.measure == Tariff.Measure.AREA
        weight = "u.area" if by_area else "1"
        shares = SHARES.format(weight=weight, enrolled=enrolled, unbilled=STANDING.format(unit="u.id", same=""))
        lacks_area = "p.area IS NULL" if by_area else "false"
        return shares.strip(), SHARED.format(lacks_area=lacks_area), {"measure": "m²" if by_area else "unit"}
    if basis == Tariff.Basis.FORMULA:
        return "", *_counted(community, tariff, period)
    facts = {"reason": "NULL::text", "quantity": "p.quantity", "price": "trim_scale(%(price)s::numeric)::text"}
    measure = "unit"
    if basis == Tariff.Basis.AREA:
        facts |= {"reason": "CASE WHEN p.area IS NULL THEN 'no_area' END", "quantity": "p.area"}
        measure = "m²"
    amount = _by_time(tariff).format(whole=f"{facts['quantity']} * %(price)s::numeric * %(months)s")
    return "", ONE_LINE.format(amount=amount, time=_time(tariff), **facts), {"measure": measure}


def _by_time(tariff):
    return BY_MONTHS if tariff.months > 1 else BY_DAYS


def _time(tariff):
    """Return the SQL of what a line says of a part of several months, "" where the days of the one month say it."""
    return THE_TIME.format() if tariff.months > 1 else ""


def _counted(community, tariff, period):
    """Return the SELECT of a formula and its parameters."""
    formula = parse(tariff.formula)
    used, unread, facts = NOT_USED, "NULL::text", {"measure": ""}
    if "consumption" in formula.names:
        used, unread, facts = _used("0::numeric"), UNREAD, _readings(community, tariff, period)
    whole, more = _written_out(formula)
    counted = COUNTED.format(
        lacks_area="p.area IS NULL" if "area" in formula.names else "false",
        unread=unread,
        used=used,
        values=", ".join(f"'{name}', trim_scale(({VALUES[name]})::numeric)::text" for name in sorted(formula.names)),
        amount=whole if "consumption" in formula.names else _by_time(tariff).format(whole=whole),
        time=_time(tariff),
    )
    return counted, facts | more | {"formula": formula.text}


def _written_out(formula):
    """Return the SQL of a formula over a part, and its parameters by name."""
    query = Unit.objects.all().query
    # A template is filled in once by the ORM and once here.
    columns = {
        name: Func(template=VALUES[name].replace("%", "%%%%"), output_field=DecimalField()) for name in formula.names
    }
    expression = formula.expression(columns).resolve_expression(query)
    sql, numbers = query.get_compiler(connection=connection).compile(expression)
    names = [f"number_{n}" for n in range(len(numbers))]
    return sql % tuple(f"%({name})s" for name in names), dict(zip(names, numbers, strict=True))


def _metered(community, tariff, period):
    tiers = list(tariff.tiers.all())
    is_by_year = tariff.tier_span == Tariff.TierSpan.YEAR
    tops = [tier.up_to for tier in tiers] or [None]
    prices = [tier.unit_price for tier in tiers] or [tariff.unit_price]
    used = _used(BEFORE if is_by_year else "0::numeric")
    return METERED.format(unread=UNREAD, used=used), _readings(community, tariff, period) | {
        "positions": list(range(1, len(prices) + 1)),
        "floors": [Decimal(0), *tops[:-1]],
        "tops": tops,
        "prices": prices,
    }


def _used(before):
    return USED.format(before=before, since=SINCE, held=HELD)


def _readings(community, tariff, period):
    """Return the parameters of the readings that a period is billed by."""
    year, oldest = period.first.replace(month=1), first_of(period.first, -YEARS_BACK * 12)
    return {
        "measure": MEASURES.get(tariff.resource, ""),
        "resource": tariff.resource,
        "zone": community.time_zone,
        "begins_at": _midnight(community, period.first),
        "ends_at": _midnight(community, period.last + datetime.timedelta(days=1)),
        "year": year,
        "year_at": _midnight(community, year),
        "oldest": oldest,
        "oldest_at": _midnight(community, oldest),
    }


def _midnight(community, day):
    return datetime.datetime.combine(day, datetime.time(), community.tz)
