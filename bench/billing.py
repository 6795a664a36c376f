"""A month billed for many units against bare INSERT … SELECT of as many rows, each on a copy of one database.

As a program it bills once in a process of its own and prints what that took, so that the peak of its memory is its own:
`python -m bench.billing`, the database being DATABASE_URL.
"""

import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, date, datetime

import psycopg

from servicedesk import embedded

NOW = datetime(2025, 11, 3, 1, tzinfo=UTC)
MONTH = date(2025, 10, 1)
# Homes with an owner since 2020, of areas from 40 to 139 m², each with a water meter that was read in October.
UNITS = """
INSERT INTO residents_unit (community_id, building_id, number, label, area, handed_over_on, room_keys)
SELECT %(community)s, %(building)s, n::text, '1-' || n, 40 + n %% 100 + 0.37, '2020-01-01', ARRAY['1-' || n]
FROM generate_series(1, %(units)s) AS n;
INSERT INTO residents_occupancy (unit_id, person_id, kind, period)
SELECT id, %(person)s, 'owner', '[2020-01-01,)' FROM residents_unit WHERE community_id = %(community)s;
INSERT INTO residents_meter (community_id, unit_id, building_id, place, resource, serial, multiplier, max_value,
    decimals, route_order, status)
SELECT %(community)s, id, building_id, '', 'water', 'W' || id, 1, 99999, 0, 0, 'in_place'
FROM residents_unit WHERE community_id = %(community)s;
INSERT INTO residents_reading (community_id, meter_id, kind, at, value, consumption, rolled_over, is_outlier, source,
    recorded_at, void_reason)
SELECT %(community)s, id, 'periodic', '2025-10-28 10:00+08', 100 + id %% 40, id %% 40, false, false, 'desk',
    '2025-10-28 10:00+08', '' FROM residents_meter WHERE community_id = %(community)s;
"""
FEES = [
    ("物业服务费", {"basis": "area", "unit_price": "2.50"}),
    ("垃圾清运费", {"basis": "fixed", "unit_price": "10"}),
    ("水费", {"basis": "meter", "resource": "water", "tier_span": "period"}),
]
# As many rows with the same columns, their text as long, by nobody's rules but the database's.
BARE = """
INSERT INTO billing_bill (community_id, number, unit_id, fee_id, tariff_id, run_id, debtor_kind, debtor_id, month,
    from_on, to_on, amount, lines, issued_on, due_on, claim_until, created_at, by_id)
SELECT u.community_id, 'ZD202510-' || lpad((%(base)s + row_number() OVER (ORDER BY u.id))::text, 6, '0'), u.id,
    %(fee)s, %(tariff)s, %(run)s, 'owner', %(person)s, '2025-10-01', '2025-10-01', '2025-10-31',
    round(u.area * 2.5, 2), %(lines)s, '2025-11-03', '2025-11-28', '2028-11-28', %(now)s, %(by)s
FROM residents_unit u WHERE u.community_id = %(community)s
"""


def fill(name, units):
    """Fill the database `name`, which is migrated and empty, with `units` homes and three fees."""
    from django.db import connection
    from django.db.backends.postgresql.psycopg_any import DateRange

    from bench import databases
    from billing.models import Fee, Tariff, TariffTier
    from residents.models import Building, Person
    from servicedesk.core.models import Community, User

    databases.use(name)
    home = Community.objects.create(code="BB", name="账单花园")
    User.objects.create(username="finance", name="钱芳", surname="钱")
    building = Building.objects.create(community=home, code="1", name="1 栋")
    person = Person.objects.create(community=home, name="业主")
    shared = {"community": home, "valid": DateRange(date(2025, 1, 1), None), "at": NOW, "price_basis": "合同"}
    for position, (fee, facts) in enumerate(FEES):
        fee = Fee.objects.create(community=home, name=fee, code=f"f{position}", kind="service", position=position)
        tariff = Tariff.objects.create(fee=fee, **shared, **facts)
    for position, (up_to, price) in enumerate([(15, "3.1"), (25, "4.2"), (None, "6")], 1):
        TariffTier.objects.create(tariff=tariff, position=position, up_to=up_to, unit_price=price)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        params = {"community": home.pk, "building": building.pk, "person": person.pk, "units": units}
        for statement in filter(str.strip, UNITS.split(";")):
            cursor.execute(statement, params)
        cursor.execute("VACUUM ANALYZE")


def bare(name):
    """Write as many bills in bare SQL, each fee in one statement, and return (seconds, rows)."""
    with psycopg.connect(embedded.database_url(name), autocommit=True) as connection:
        facts = {key: _one(connection, f"SELECT id FROM {table}") for key, table in TABLES.items()}
        run = (
            "INSERT INTO billing_billrun (community_id, month, issued_on, status, by_id, created_at, ended_at, problem)"
            " VALUES (%(community)s, '2025-10-01', '2025-11-03', 'failed', %(by)s, %(now)s, %(now)s, '') RETURNING id"
        )
        facts |= {"now": NOW, "run": connection.execute(run, facts | {"now": NOW}).fetchone()[0]}
        facts["lines"] = json.dumps([LINE], ensure_ascii=False)
        tariffs = connection.execute("SELECT fee_id, id FROM billing_tariff ORDER BY id").fetchall()
        began, rows = time.perf_counter(), 0
        for fee, tariff in tariffs:
            rows += connection.execute(BARE, facts | {"fee": fee, "tariff": tariff, "base": rows}).rowcount
        return time.perf_counter() - began, rows


LINE = {"code": "area", "text": "物业服务费", "quantity": "89.37", "measure": "m²", "price": "2.5", "months": 1}
LINE |= {"from": "2025-10-01", "to": "2025-10-31", "days": 31, "of_days": 31, "amount": "223.43"}
TABLES = {"community": "core_community", "by": "core_user", "person": "residents_person"}


def _one(connection, query):
    return connection.execute(query).fetchone()[0]


def ours(name):
    """Bill the month twice by the actions in a process of its own; return twice (seconds, new bills), and MB."""
    return apart("bench.billing", name)


def apart(module, name):
    """Run a program of the benchmark on the database `name` in a process of its own, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        env=os.environ | {"DATABASE_URL": embedded.database_url(name)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def main():
    import django

    django.setup()
    from servicedesk.core.models import Community, User

    home, by = Community.objects.get(), User.objects.get()
    passes = [_bill(home, by) for _ in range(2)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return [*passes, peak]


def _bill(home, by):
    from billing import actions
    from billing.models import BillRun

    began = time.perf_counter()
    run = actions.start_run(home, month=MONTH, submission=None, by=by, now=NOW)
    while actions.work_on_run(run.pk, now=NOW):
        pass
    return time.perf_counter() - began, BillRun.objects.get(pk=run.pk).made


if __name__ == "__main__":
    print(json.dumps(main()))
