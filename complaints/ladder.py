"""The three levels by the clock, as a pure function of a case's facts (ruling 7).

Nothing here reads or writes: the sweep writes what it says, a page shows what it says, a test compares the two.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints.models import Escalation, Status
from complaints.models.cases import CLOCKED, REPLY_OWED
from servicedesk.core.worktime import NoServiceDays

TOP = 3
# "Late" is strictly after a deadline: the first moment that the database can tell from it.
JUST_AFTER = timedelta(microseconds=1)
Trigger = Escalation.Trigger


@dataclass(frozen=True, order=True)
class Step:
    """At `at` the case reaches `to_level`, for the reason `trigger`."""

    at: datetime
    to_level: int
    trigger: str


def steps(case, calendar, take_minutes):
    """Return every Step that the clock holds for `case` as it stands, in order of time. No query.

    Not taken for `take_minutes` of service (wall minutes if urgent) → 2; late → 2; still late at the next service
    day's opening → 3; a promised or owed reply missed → one above the level that owed it; the answer to an authority
    missed → 3, as such a case is at 2 from the start (section 9).
    """
    found = []
    if case.status in CLOCKED:
        if case.status == Status.RECEIVED:
            found.append(Step(_not_taken_at(case, calendar, take_minutes), 2, Trigger.NOT_TAKEN))
        if case.due_at is not None:
            found.append(Step(case.due_at + JUST_AFTER, 2, Trigger.LATE))
            found.append(Step(_next_opening(calendar, case.due_at), TOP, Trigger.STILL_LATE))
    if (case.status in CLOCKED or case.status in REPLY_OWED) and case.promised_reply_at is not None:
        found.append(Step(case.promised_reply_at + JUST_AFTER, case.promise_raises_to, Trigger.PROMISE_MISSED))
    if (case.status in CLOCKED or case.status in REPLY_OWED) and case.their_due_at is not None:
        found.append(Step(case.their_due_at + JUST_AFTER, TOP, Trigger.THEIRS_MISSED))
    if case.status in REPLY_OWED:
        found.append(Step(case.reply_due_at + JUST_AFTER, case.reply_raises_to, Trigger.REPLY_MISSED))
    return sorted(found)


def pending(case, calendar, take_minutes):
    """Return the Steps that would still raise `case`, each higher than the one before. No query."""
    level, rising = case.level, []
    for step in steps(case, calendar, take_minutes):
        if step.at > case.level_from_at and step.to_level > level:
            rising.append(step)
            level = step.to_level
    return rising


def level_due(case, calendar, take_minutes, now):
    """Return the level that should hold at `now`, whether or not a sweep has written it yet. No query."""
    reached = [step.to_level for step in pending(case, calendar, take_minutes) if step.at <= now]
    return max([case.level, *reached])


def next_at(case, calendar, take_minutes):
    """Return when the clock raises `case` next, or None. What `next_escalation_at` must hold. No query."""
    rising = pending(case, calendar, take_minutes)
    return rising[0].at if rising else None


def _not_taken_at(case, calendar, take_minutes):
    wait = timedelta(minutes=take_minutes)
    if case.is_urgent:
        return case.clock_started_at + wait
    try:
        return calendar.add_service(case.clock_started_at, wait)
    except NoServiceDays:
        return case.clock_started_at + wait


def _next_opening(calendar, at):
    try:
        # A deadline at 24:00 belongs to the day that ends there: the next opening is that of the coming morning.
        return calendar.next_opening(at - JUST_AFTER)
    except NoServiceDays:
        return at + timedelta(days=1)
