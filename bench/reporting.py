"""The figures of a monthly report in bare SQL, by nobody's rules but the database's: what goal 9 is measured against.

Written as one would by hand for one report: each table that is looked into is read once and joined, where the desk asks
of each case by conditions that its lists are filtered by, too.
"""

from django.contrib.contenttypes.models import ContentType
from django.db import connection

from complaints.figures import compared
from complaints.models import Case

FIGURES = """
WITH wanted AS MATERIALIZED (
    SELECT id, kind, channel, category_id, department_id, building_id, policy_id, status, validity, cycle, is_imported,
        recorded_by_id, recorded_at, received_at, arrived_at, resolved_at, replied_at, due_at,
        CASE WHEN received_at >= %(first)s THEN 0 WHEN received_at >= %(before)s THEN 1 ELSE 2 END AS period
    FROM complaints_case
    WHERE community_id = %(community)s AND (received_at >= %(before)s AND received_at < %(after)s
        OR received_at >= %(year_first)s AND received_at < %(year_after)s)
        AND id NOT IN (SELECT case_id FROM complaints_concern WHERE user_id = %(user)s)
), climbed AS (
    SELECT case_id, max(to_level) AS reached FROM complaints_escalation JOIN wanted ON wanted.id = case_id GROUP BY 1
), taken AS (
    SELECT subject_id, min(at) AS taken_at FROM core_event JOIN wanted ON wanted.id = subject_id
    WHERE subject_type_id = %(subject)s AND verb = 'taken' AND recorded_by_id IS NULL GROUP BY 1
), answered AS (
    SELECT case_id, bool_and(complaints_reply.channel = wanted.channel) AS in_kind
    FROM complaints_reply JOIN wanted ON wanted.id = case_id GROUP BY 1
), late AS (
    SELECT DISTINCT case_id FROM complaints_cycle WHERE due_at < coalesce(resolved_at, ended_at)
), judged AS MATERIALIZED (
    SELECT wanted.*, coalesce(reached, 1) AS reached, answered.case_id IS NOT NULL AS is_answered, in_kind,
        CASE WHEN recorded_by_id IS NULL THEN taken_at ELSE recorded_at END AS responded_at,
        status NOT IN ('void', 'merged') AS is_counted, count = 'same_day' AS is_same_day,
        cycle > 1 AND late.case_id IS NOT NULL AS was_late, coalesce(resolved_at, replied_at) AS done_at,
        extract(isodow FROM received_at AT TIME ZONE %(zone)s) AS weekday,
        extract(hour FROM received_at AT TIME ZONE %(zone)s) AS hour,
        (received_at AT TIME ZONE %(zone)s)::date AS day
    FROM wanted LEFT JOIN climbed ON climbed.case_id = id LEFT JOIN taken ON subject_id = id
        LEFT JOIN answered ON answered.case_id = id LEFT JOIN late ON late.case_id = id
        LEFT JOIN complaints_deadlinepolicy ON complaints_deadlinepolicy.id = policy_id
), decided AS (
    SELECT *, is_counted AND (was_late OR due_at < coalesce(done_at, %(now)s)
            OR due_at IS NOT NULL AND done_at IS NOT NULL) AS is_decided,
        is_counted AND NOT was_late AND done_at <= due_at AS is_on_time
    FROM judged
)
SELECT period, kind, category_id, channel, department_id, building_id, reached, weekday, hour, day,
    count(*) AS received, count(*) FILTER (WHERE is_counted) AS counted,
    count(*) FILTER (WHERE is_counted AND kind = 'complaint' AND validity IN ('valid', 'invalid')) AS judged,
    count(*) FILTER (WHERE is_counted AND kind = 'complaint' AND validity = 'valid') AS valid,
    count(*) FILTER (WHERE is_decided) AS decided, count(*) FILTER (WHERE is_on_time) AS on_time,
    count(*) FILTER (WHERE is_decided AND is_same_day) AS same_day_decided,
    count(*) FILTER (WHERE is_on_time AND is_same_day) AS same_day_on_time,
    count(*) FILTER (WHERE is_decided AND is_same_day IS NOT TRUE) AS longer_decided,
    count(*) FILTER (WHERE is_on_time AND is_same_day IS NOT TRUE) AS longer_on_time,
    count(*) FILTER (WHERE is_counted AND cycle > 1) AS reopened,
    count(*) FILTER (WHERE is_counted AND is_answered AND channel IN ('visit', 'letter', 'phone')) AS in_kind_of,
    count(*) FILTER (WHERE is_counted AND in_kind AND channel IN ('visit', 'letter', 'phone')) AS in_kind,
    count(*) FILTER (WHERE is_counted AND NOT is_imported AND responded_at IS NOT NULL) AS responded,
    count(*) FILTER (WHERE is_counted AND arrived_at >= received_at) AS arrived,
    count(*) FILTER (WHERE is_counted AND resolved_at >= received_at) AS finished,
    avg(responded_at - received_at) FILTER (WHERE is_counted AND NOT is_imported) AS responded_after,
    avg(arrived_at - received_at) FILTER (WHERE is_counted AND arrived_at >= received_at) AS arrived_after,
    avg(resolved_at - received_at) FILTER (WHERE is_counted AND resolved_at >= received_at) AS finished_after
FROM decided
GROUP BY GROUPING SETS ((period), (period, kind), (period, category_id), (period, channel), (period, department_id),
    (period, building_id), (period, reached), (period, weekday, hour), (period, day))
"""
REPEATS = """
SELECT label, name, count(*) FROM complaints_case JOIN residents_unit ON residents_unit.id = unit_id
    JOIN complaints_category ON complaints_category.id = category_id
WHERE complaints_case.community_id = %(community)s AND received_at >= %(first)s AND received_at < %(after)s
    AND status NOT IN ('void', 'merged')
GROUP BY unit_id, label, category_id, name HAVING count(*) > 1 ORDER BY 3 DESC, 1, 2 LIMIT 10
"""
SAID = """
SELECT received_at >= %(first)s, received_at >= %(before)s, count(*), {counted}
FROM {table} JOIN complaints_case ON complaints_case.id = case_id
WHERE complaints_case.community_id = %(community)s AND status NOT IN ('void', 'merged')
    AND (received_at >= %(before)s AND received_at < %(after)s
        OR received_at >= %(year_first)s AND received_at < %(year_after)s)
GROUP BY 1, 2
"""
VISITS = SAID.format(
    table="complaints_returnvisit",
    counted="count(*) FILTER (WHERE result <> '' OR complaints_returnvisit.due_at <= %(now)s),"
    " count(*) FILTER (WHERE result NOT IN ('', 'not_made')), count(grade), count(*) FILTER (WHERE grade >= 4)",
)
RATINGS = SAID.format(table="complaints_rating", counted="count(*) FILTER (WHERE overall >= 4), avg(overall)")


def count(community, user, period, now):
    """Count what stands on a monthly report as `user` sees it, and return the rows of its tables."""
    (first, after), (before, _), (year_first, year_after) = (one.moments(community) for one in compared(period))
    facts = {"community": community.pk, "user": user.pk, "now": now, "zone": str(community.tz)}
    facts |= {"subject": ContentType.objects.get_for_model(Case).pk, "first": first, "after": after}
    facts |= {"before": before, "year_first": year_first, "year_after": year_after}
    with connection.cursor() as cursor:
        found = cursor.execute(FIGURES, facts).fetchall()
        for statement in (REPEATS, VISITS, RATINGS):
            cursor.execute(statement, facts).fetchall()
    return found
