"""The sweep against the same work in bare SQL, each on a copy of its own of one database.

As a program it runs one pass in a process of its own and prints what that took, so that the peak of its memory is its
own: `python -m bench.sweeping MOMENT`, the database being DATABASE_URL.
"""

import json
import os
import resource
import subprocess
import sys
import time
from datetime import datetime, timedelta

import psycopg

from servicedesk import embedded

BATCH = 5000
# What the sweep writes, by nobody's rules but the database's: the level and its holder, a row of each level reached,
# a sealed fact's worth of history, and for each person who is told one row that counts.
RAISE = """
WITH due AS (
    SELECT id, level, level_cycle, due_at FROM complaints_case
    WHERE next_escalation_at <= %(now)s ORDER BY next_escalation_at LIMIT %(batch)s
    FOR NO KEY UPDATE SKIP LOCKED
), raised AS (
    UPDATE complaints_case SET level = 2, level_since = %(now)s, holder_id = %(holder)s, next_escalation_at = %(next)s
    FROM due WHERE complaints_case.id = due.id
    RETURNING complaints_case.id, community_id, due.level AS was, due.level_cycle, due.due_at
), climbed AS (
    INSERT INTO complaints_escalation (case_id, level_cycle, from_level, to_level, trigger, due_at, at, holder_id)
    SELECT id, level_cycle, was, 2, 'late', due_at + interval '1 microsecond', %(now)s, %(holder)s FROM raised
), logged AS (
    INSERT INTO core_event (community_id, subject_type_id, subject_id, verb, by_name, at, note, salt, note_digest, data,
        is_public, previous_hash, hash)
    SELECT community_id, %(subject)s, id, 'escalated', '', %(now)s, '', salt, encode(sha256(salt::bytea), 'hex'),
        '{"from_level": 1, "to_level": 2, "trigger": "late"}', false, '', ''
    FROM (SELECT *, substr(md5(random()::text), 1, 16) AS salt FROM raised) AS salted
), told AS (
    INSERT INTO core_notification (community_id, recipient_id, channel, kind, subject_type_id, subject_id, key, data,
        created_at, not_before)
    SELECT max(community_id), person, channel, 'cases_escalated', %(subject)s, max(community_id), 'sweep:' || %(now)s,
        jsonb_build_object('count', count(*), 'path', '/board/'), %(now)s, %(now)s
    FROM raised, unnest(%(people)s::bigint[]) AS person, unnest('{inbox,email}'::text[]) AS channel
    GROUP BY person, channel
    ON CONFLICT (recipient_id, channel, key) DO UPDATE SET data = jsonb_set(core_notification.data, '{count}',
        to_jsonb((core_notification.data ->> 'count')::int + (excluded.data ->> 'count')::int))
)
SELECT count(*) FROM raised
"""


def bare(name, now):
    """Raise everything due at `now` in bare SQL, in batches, and return (seconds, cases)."""
    people = "SELECT DISTINCT user_id FROM core_membership WHERE role = 'supervisor' ORDER BY 1"
    subject = "SELECT id FROM django_content_type WHERE app_label = 'complaints' AND model = 'case'"
    with psycopg.connect(embedded.database_url(name), autocommit=True) as connection:
        people = [key for (key,) in connection.execute(people)]
        facts = {
            "now": now,
            "next": now + timedelta(hours=22),
            "batch": BATCH,
            "people": people,
            "holder": people[0],
            "subject": connection.execute(subject).fetchone()[0],
        }
        began, cases = time.perf_counter(), 0
        while done := connection.execute(RAISE, facts).fetchone()[0]:
            cases += done
        return time.perf_counter() - began, cases


def ours(name, now):
    """Raise everything due at `now` by the action, in a process of its own; return (seconds, cases, peak MB)."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.sweeping", now.isoformat()],
        env=os.environ | {"DATABASE_URL": embedded.database_url(name)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def main(moment):
    import django

    django.setup()
    from complaints import actions
    from complaints.models import Case

    # The connection, and what a process learns once, are no part of a pass.
    Case.objects.exists()
    now = datetime.fromisoformat(moment)
    actions.escalate_overdue(now=now - timedelta(days=1))
    began = time.perf_counter()
    cases = actions.escalate_overdue(now=now)
    seconds = time.perf_counter() - began
    return (
        seconds,
        cases,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3),
    )


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
