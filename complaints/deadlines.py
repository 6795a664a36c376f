"""From a case's facts to the columns of its clock. Computed whenever a fact changes, never patched (ruling 5)."""

from datetime import timedelta

from complaints import ladder
from complaints.models import DeadlinePolicy, Pause, Severity, Urgency
from complaints.models.policies import SAME_DAY, THREE_DAYS
from servicedesk.core import worktime
from servicedesk.core.calendar import calendar_of


def policy_for(community, category, department, *, severity, urgency):
    """Return the policy of a case, decided at receipt (ruling 3: S3 第十九条 with 暂行6). At most one query.

    A category's own policy first; three days if the work is not the centre's own or the case is special, urgent or
    major; else the same day.
    """
    if category.policy_id and department == category.department:
        return category.policy
    special = urgency == Urgency.SPECIAL_URGENT or severity == Severity.MAJOR
    code = THREE_DAYS if special or not department.is_centre else SAME_DAY
    return DeadlinePolicy.objects.get(community=community, code=code)


def pauses_of(case):
    """Return the pauses of the running cycle; an open one counts to the time at which it ends by itself."""
    return as_intervals(Pause.objects.filter(case=case, cycle=case.cycle))


def as_intervals(rows):
    """Return rows of `Pause` as the pauses that a deadline is counted with."""
    return [
        worktime.Pause(pause.starts_at, pause.ended_at or pause.until)
        for pause in rows
        if (pause.ended_at or pause.until) > pause.starts_at
    ]


def count(case, policy, *, pauses=()):
    """Return the `worktime.Deadline` of `case` under `policy`. No query once the calendar is known."""
    return worktime.due(
        case.clock_started_at, policy.rule(), calendar_of(case.community), urgent=case.is_urgent, pauses=pauses
    )


def clock_facts(case, policy, *, pauses=()):
    """Return the columns of the clock for `case` under `policy`, to be written in one UPDATE.

    A major case is due by the promised reply where that is earlier (ruling 3).

    None where history came without a rule to count by: what its source said of the deadline stays.
    """
    if policy is None:
        return {}
    deadline = count(case, policy, pauses=pauses)
    promised = case.promised_reply_at if case.is_major else None
    if promised is not None and case.clock_started_at < promised < deadline.due_at:
        deadline = worktime.promised_before(deadline, promised, tz=case.community.tz)
    return {
        "policy": policy,
        "due_at": deadline.due_at,
        "after_hours": deadline.after_hours,
        "explanation": list(deadline.explanation),
        "counted_with": case.community.calendar_version,
    }


def next_step(case, **changes):
    """Return `next_escalation_at` for `case` as it will stand after `changes`. No query; `case` stays as it is."""
    return ladder.next_at(case.as_if(**changes), calendar_of(case.community), case.community.take_minutes)


def counted_again(case, pauses):
    """Return (column, facts) for a case whose clock or reply is owed: what is due by the rules as they stand now, and
    the columns to be written in one UPDATE. `column` is the one of them that says when.

    From the same start (ruling 4). The sweep writes it and a preview shows it, so both say the same. No query once the
    calendar and the policy are loaded. Raises ValueError where the rules cannot be counted.
    """
    if case.is_clocked:
        column, facts = "due_at", clock_facts(case, case.policy, pauses=pauses)
    else:
        column = "reply_due_at"
        facts = {column: reply_due(case, case.resolved_at)} if case.resolved_at else {}
    facts["counted_with"] = case.community.calendar_version
    facts["next_escalation_at"] = next_step(case, **facts)
    return column, facts


def reply_due(case, now):
    """Return when the reply is owed: the close of the next service day after resolving (ruling 5)."""
    calendar = calendar_of(case.community)
    today = calendar.day_of(now)
    try:
        return calendar.close_of(calendar.next_service_day(today))
    except worktime.NoServiceDays:
        return calendar.close_of(today + timedelta(days=1))
