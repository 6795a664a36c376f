"""The page of arrears over millions of bills against what it shows counted in bare SQL (goal 9).

As a program it looks at the page in a process of its own and prints what each look took: `python -m bench.arrears`, the
database being DATABASE_URL.
"""

import json
import statistics
import time
from datetime import date

import psycopg

from bench.billing import LINE, NOW, apart
from servicedesk import embedded

LOOKS = 5
# A month's bill of each fee for each home. Of the latest month a third is open, of an older one a tenth.
A_MONTH = """
INSERT INTO billing_bill (community_id, number, unit_id, fee_id, debtor_kind, debtor_id, month, from_on, to_on, amount,
    paid, lines, issued_on, due_on, claim_until, created_at, by_id)
SELECT u.community_id, 'QC' || to_char(%(month)s::date, 'YYYYMM') || '-' || f.id || '-' || u.id, u.id, f.id, 'owner',
    (SELECT id FROM residents_person), %(month)s, %(month)s, %(month)s::date + interval '1 month - 1 day', amount,
    CASE WHEN (u.id + f.id) %% %(open)s = 0 THEN 0 ELSE amount END, %(lines)s, %(month)s,
    %(month)s::date + 27, %(month)s::date + interval '3 years 27 days', %(now)s, (SELECT id FROM core_user)
FROM residents_unit u CROSS JOIN billing_fee f, LATERAL (SELECT round(u.area * (1 + f.position), 2) AS amount) AS a
"""
# One reading of what is owed, and all groups of it at once; the fifty homes that have owed longest.
BARE = """
CREATE TEMP TABLE owed AS
SELECT bill.unit_id, unit.building_id, bill.fee_id, bill.balance, bill.due_on,
    width_bucket(%(today)s - bill.due_on, ARRAY[1, 31, 61, 91]) AS age
FROM billing_bill bill JOIN residents_unit unit ON unit.id = bill.unit_id
WHERE bill.community_id = %(community)s AND bill.voided_at IS NULL AND bill.balance > 0;
SELECT age, building_id, fee_id, count(*), sum(balance) FROM owed
GROUP BY GROUPING SETS ((age), (building_id), (fee_id));
SELECT count(DISTINCT unit_id) FROM owed;
SELECT unit_id, label, count(*), sum(balance), min(due_on) AS oldest FROM owed JOIN residents_unit ON id = unit_id
GROUP BY unit_id, label ORDER BY oldest, unit_id LIMIT 50;
DROP TABLE owed
"""


def fill(name, months):
    """Write `months` months of bills for all homes and fees of the database `name`; return how many bills."""
    facts = {"lines": json.dumps([LINE], ensure_ascii=False), "now": NOW}
    with psycopg.connect(embedded.database_url(name), autocommit=True) as connection:
        # Checked one by one they take most of the time; that they hold is checked when the run is measured.
        connection.execute("ALTER TABLE billing_bill DISABLE TRIGGER ALL")
        rows = 0
        for back in range(months):
            month = date(2025 - (back + 2) // 12, 12 - (back + 2) % 12, 1)
            facts |= {"month": month, "open": 3 if back == 0 else 10}
            rows += connection.execute(A_MONTH, facts).rowcount
        connection.execute("ALTER TABLE billing_bill ENABLE TRIGGER ALL")
        connection.execute("VACUUM ANALYZE")
        return rows


def bare(name):
    """Return the seconds that the figures of the page take in bare SQL, the median of some."""
    with psycopg.connect(embedded.database_url(name), autocommit=True) as connection:
        facts = {"today": NOW.date(), "community": connection.execute("SELECT id FROM core_community").fetchone()[0]}
        took = []
        for _ in range(LOOKS):
            began = time.perf_counter()
            for statement in BARE.split(";"):
                cursor = connection.execute(statement, facts if "%(" in statement else None)
                if cursor.description:
                    cursor.fetchall()
            took.append(time.perf_counter() - began)
        return statistics.median(took)


def ours(name):
    """Return the seconds that a look at the page takes in a process of its own, the median of some after the first."""
    return apart("bench.arrears", name)


def main():
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    from servicedesk.core.models import Community, Membership, Role, User

    home, by = Community.objects.get(), User.objects.get()
    Membership.objects.create(community=home, user=by, role=Role.FINANCE)
    client = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])
    client.force_login(by)
    took = []
    for _ in range(LOOKS + 1):
        began = time.perf_counter()
        answer = client.get(reverse("billing:arrears"))
        took.append(time.perf_counter() - began)
        if answer.status_code != 200:
            raise RuntimeError(f"The page answered {answer.status_code}.")
    return statistics.median(took[1:])


if __name__ == "__main__":
    print(json.dumps(main()))
