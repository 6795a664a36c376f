"""What a change of the settings would do to the open cases, worked out before anybody saves it (S35)."""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import F

from complaints import deadlines, ladder
from complaints.models import Case, Concern, DeadlinePolicy, Pause
from complaints.models.cases import CLOCKED, LADDERED
from servicedesk.core import calendar
from servicedesk.core.models import Community

MOST_EXAMPLES = 10
CHUNK = 2000
# What a clock, its explanation and the ladder are counted from.
COUNTED_FROM = (
    *("community_id", "number", "status", "severity", "urgency", "cycle", "clock_started_at", "policy_id", "due_at"),
    *("their_due_at", "promised_reply_at", "promise_raises_to", "reply_due_at", "reply_raises_to", "resolved_at"),
    *("declined_at", "replied_at", "level", "level_from_at", "next_escalation_at"),
)


@dataclass(frozen=True)
class Example:
    """One case that would move: its number, when it is due now and when it would be. An administrator sees no more."""

    number: str
    was: datetime
    until: datetime
    is_late: bool


@dataclass
class Moves:
    """How many open cases would move, and how. False where nothing would happen to any of them.

    `earlier` and `later` count deadlines and owed replies, `late_at_once` and `late_no_more` deadlines alone. `rising`
    is what the next sweep would raise a level, `climbing` what the clock would raise at another time than now.
    `uncountable` keeps the deadline that it has, because the rules could not be counted.
    """

    open: int = 0
    earlier: int = 0
    later: int = 0
    late_at_once: int = 0
    late_no_more: int = 0
    rising: int = 0
    climbing: int = 0
    uncountable: int = 0
    examples: list = field(default_factory=list)

    def __bool__(self):
        return bool(self.moved or self.climbing or self.uncountable)

    @property
    def moved(self):
        return self.earlier + self.later


def foresee(community, act, *, by, now):
    """Return the Moves that `act()` would lead to: it is done, counted and taken back, so nothing is written.

    Counted by `deadlines.counted_again`, as the sweep does after the change, for every open case of `community` that
    does not concern `by` (ruling 12). None is left out and none is sampled. Raises what `act` raises.

    Nine queries beside those of `act`, however many cases there are, and 0.1 to 0.15 ms for each open case: two to
    three seconds for 20,000. Meanwhile the row of the community is locked against other changes of the settings, not
    against the desk. A change that nothing is counted with costs two to four queries beside its own.
    """
    with transaction.atomic():
        before = _Rules(Community.objects.get(pk=community.pk))
        act()
        after = _Rules(Community.objects.get(pk=community.pk))
        moves = Moves()
        if after.community.calendar_version != before.community.calendar_version:
            try:
                _count(moves, before, after, by, now)
            finally:
                # While the row is still locked: nobody else's calendar can have the version that is taken back.
                calendar.forget(community)
        transaction.set_rollback(True)
    return moves


class _Rules:
    """A community as it stands at one moment, with its calendar."""

    def __init__(self, community):
        self.community = community
        self.calendar = calendar.calendar_of(community)

    def level_due(self, case, now):
        return ladder.level_due(case, self.calendar, self.community.take_minutes, now)


def _count(moves, before, after, by, now):
    cases = Case.objects.filter(community=after.community, status__in=LADDERED).only(*COUNTED_FROM)
    if by is not None:
        cases = cases.exclude(pk__in=Concern.objects.filter(user=by).values("case"))
    policies = {policy.pk: policy for policy in DeadlinePolicy.objects.filter(community=after.community)}
    waited = defaultdict(list)
    running = {"case__status__in": CLOCKED, "cycle": F("case__cycle")}
    for pause in Pause.objects.filter(case__community=after.community, **running):
        waited[pause.case_id].append(pause)
    moved = []
    for case in cases.iterator(CHUNK):
        moves.open += 1
        case.community, case.policy = after.community, policies.get(case.policy_id)
        try:
            column, facts = deadlines.counted_again(case, deadlines.as_intervals(waited[case.pk]))
        except ValueError:
            moves.uncountable += 1
            continue
        was, until = getattr(case, column), facts.get(column, getattr(case, column))
        if until != was:
            moved.append(_moved(moves, case, column, was, until, now))
        if facts["next_escalation_at"] != case.next_escalation_at:
            moves.climbing += 1
            moves.rising += after.level_due(case.as_if(**facts), now) > before.level_due(case, now)
    moves.examples = heapq.nsmallest(MOST_EXAMPLES, moved, key=lambda one: (not one.is_late, one.until, one.number))


def _moved(moves, case, column, was, until, now):
    if until < was:
        moves.earlier += 1
    else:
        moves.later += 1
    of_clock = column == "due_at"
    late_at_once, late_no_more = of_clock and until < now <= was, of_clock and was < now <= until
    moves.late_at_once += late_at_once
    moves.late_no_more += late_no_more
    return Example(case.short_number, was, until, late_at_once)
