"""Going up: at once, by hand, by the clock. Nobody can quietly drop a case."""

import logging
from collections import Counter, defaultdict

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from complaints import ladder, telling
from complaints.deadlines import next_step
from complaints.models import Case, Concern, Escalation
from complaints.permissions import demand
from servicedesk.core import bulk, events, notifications
from servicedesk.core.calendar import calendar_of
from servicedesk.core.duty import level_holders
from servicedesk.core.errors import Refused
from servicedesk.core.models import Community, User
from servicedesk.core.moves import write

logger = logging.getLogger(__name__)

CHUNK = 5000
# What the ladder, the history and the messages of a sweep need to know of a case.
CLIMBING = (
    *("version", "community_id", "number", "summary", "status", "urgency", "clock_started_at", "due_at"),
    *("their_due_at", "promised_reply_at", "promise_raises_to", "reply_due_at", "reply_raises_to"),
    *("level", "level_cycle", "level_from_at", "level_since", "holder_id", "first_responsible_id"),
)
# More than this many cases in one pass reach a person as one digest and not as a flood.
SINGLE_MESSAGES = 3


def raise_to(case, level, trigger, *, by, now, note="", due_at=None, undoable=False):
    """Raise `case` to `level` for `trigger`, in the caller's transaction, and return whether it rose.

    The level's holder is named and told, ten minutes later where the act is `undoable` and the case not urgent; the
    database keeps each level to once a level cycle.
    """
    if level <= case.level:
        return False
    people = telling.holders_for(case, level, now)
    holder = people[0] if people else None
    was = {"level_since": case.level_since.isoformat(), "holder": case.holder_id}
    from_level = case.level
    # The row first: who comes second is told so by it, and not by a constraint of what hangs on it.
    write(
        case,
        level=level,
        level_since=now,
        holder=holder,
        next_escalation_at=next_step(case, level=level),
    )
    Escalation.objects.create(
        case=case,
        level_cycle=case.level_cycle,
        from_level=from_level,
        to_level=level,
        trigger=trigger,
        due_at=due_at or now,
        at=now,
        by=by,
        holder=holder,
    )
    events.log(
        case,
        "escalated",
        by=by,
        now=now,
        note=note,
        data={
            "from_level": from_level,
            "to_level": level,
            "trigger": str(trigger),
            "version": case.version,
            "was": was,
        },
    )
    key = f"{case.level_cycle}:{level}"
    telling.tell(
        case, people, "case_escalated", now=now, key=key, but=by, undoable=undoable or by is not None, to_level=level
    )
    if level == ladder.TOP and not people and case.concerned.exists():
        telling.tell_outside(case, now=now)
    return True


@transaction.atomic
def escalate(case, *, by, now, note):
    """Raise `case` one level by hand, with the reason. Raises NotAllowed, or Refused at the top."""
    demand(by, "escalate", case)
    if case.level >= ladder.TOP:
        raise Refused(_("This case is already at the highest level."))
    raise_to(case, case.level + 1, Escalation.Trigger.BY_HAND, by=by, now=now, note=note)


@transaction.atomic
def lower(case, *, to_level, by, now, note):
    """Lower the level by hand, with the reason. A new cycle begins for levels, not for the clock (ruling 7)."""
    demand(by, "lower", case)
    if not 1 <= to_level < case.level:
        raise Refused(_("Choose a level below the present one."))
    people = telling.holders_for(case, to_level, now)
    was = case.level
    fresh = {
        "level": to_level,
        "level_cycle": case.level_cycle + 1,
        "level_from_at": now,
        "level_since": now,
        "holder": people[0] if people else None,
    }
    write(case, **fresh, next_escalation_at=next_step(case, **fresh))
    data = {"from_level": was, "to_level": to_level, "version": case.version}
    events.log(case, "lowered", by=by, now=now, note=note, data=data)


def escalate_overdue(*, now, chunk=CHUNK):
    """Raise every case whose next step is due at `now`; return how many rose.

    Finds work by `next_escalation_at`, so a pass after any outage puts everything right, once. Chunks of up to
    `chunk` rows, each one transaction, claimed with SKIP LOCKED on the row's own columns, so that two sweeps never
    raise one case twice. Where a chunk fails it goes row by row; a row that raises is logged and passed over.
    """
    risen, passed_over = 0, set()
    batch = f"{now:%Y%m%d%H%M%S%f}"
    while True:
        try:
            seen, rose = _escalate_chunk(now, chunk, passed_over, batch)
        except Exception:
            logger.exception("a chunk of the sweep failed; going row by row")
            seen, rose = _escalate_singly(now, chunk, passed_over, batch)
        risen += rose
        if not seen:
            return risen


def _escalate_singly(now, chunk, passed_over, batch):
    due = Case.objects.filter(next_escalation_at__lte=now).exclude(pk__in=passed_over)
    keys = list(due.order_by("next_escalation_at").values_list("pk", flat=True)[:chunk])
    rose = 0
    for key in keys:
        try:
            rose += _escalate_chunk(now, 1, passed_over, batch, only=key)[1]
        except Exception:
            logger.exception("case %s could not be escalated and is passed over", key)
            passed_over.add(key)
    return len(keys), rose


@transaction.atomic
def _escalate_chunk(now, chunk, passed_over, batch, only=None):
    due = Case.objects.filter(next_escalation_at__lte=now)
    due = due.filter(pk=only) if only else due.exclude(pk__in=passed_over) if passed_over else due
    cases = list(
        due.select_for_update(skip_locked=True, of=("self",), no_key=True)
        .only(*CLIMBING)
        .order_by("next_escalation_at")[:chunk]
    )
    if not cases:
        return 0, 0
    pass_ = _Pass(cases, now)
    climbed, history, written, told = [], defaultdict(list), [], defaultdict(list)
    answering = Counter()
    for case in cases:
        due, next_at = pass_.steps(case)
        level, people = case.level, []
        for step in due:
            people = pass_.holders(case, step.to_level)
            climbed.append(pass_.escalation(case, level, step, people))
            data = {"from_level": level, "to_level": step.to_level, "trigger": str(step.trigger)}
            history[case.community].append((case.pk, data))
            level = step.to_level
        if due and level == ladder.TOP and not people and case.pk in pass_.concerned:
            telling.tell_outside(case, now=now)
        written.append(
            {
                "id": case.pk,
                "version": case.version + 1,
                "next_escalation_at": next_at,
                "level": level,
                "level_since": now if due else case.level_since,
                "holder_id": (people[0].pk if people else None) if due else case.holder_id,
            }
        )
        for person in people:
            told[person].append((case, level))
        if due and pass_.is_told_as_first(case, people):
            answering[case.first_responsible_id, case.community_id] += 1
    bulk.write_values(Case, written)
    bulk.copy_values(Escalation, climbed)
    for community, facts in history.items():
        events.log_many(Case, facts, "escalated", community=community, by=None, now=now)
    _tell(told, now, batch)
    _tell_first(answering, pass_.communities, now, batch)
    return len(cases), len({row["case_id"] for row in climbed})


def _tell(told, now, batch):
    """Write one message a case for a few, one digest for many; a later chunk of the same pass adds to the digest."""
    for person, cases in told.items():
        by_community = defaultdict(list)
        for case, level in cases:
            by_community[case.community].append((case, level))
        for community, risen in by_community.items():
            if len(risen) > SINGLE_MESSAGES:
                key = f"sweep:{batch}:{community.pk}"
                notifications.digest(
                    person, "cases_escalated", about=community, key=key, count=len(risen), now=now, path="/board/"
                )
                continue
            for case, level in risen:
                notifications.notify(
                    [person],
                    "case_escalated",
                    about=case,
                    key=f"case_escalated:{case.pk}:{case.level_cycle}:{level}",
                    now=now,
                    data=telling.about(case, to_level=level),
                )


def _tell_first(answering, communities, now, batch):
    """Tell who still answers to the residents of cases that have risen how many these are: one message a person, pass
    and community, however many chunks it takes. One query, and one or two statements a person."""
    people = User.objects.filter(is_active=True).in_bulk({person for person, _community in answering})
    for (person, community), count in answering.items():
        if person in people:
            about, key = communities[community], f"sweep-first:{batch}:{community}"
            notifications.digest(
                people[person], "cases_risen", about=about, key=key, count=count, now=now, path="/cases/?view=mine"
            )


class _Pass:
    """What one chunk needs to know once: communities, calendars, holders, whom cases concern."""

    def __init__(self, cases, now):
        self.now = now
        self.communities = {c.pk: c for c in Community.objects.filter(pk__in={case.community_id for case in cases})}
        for case in cases:
            case.community = self.communities[case.community_id]
        self.concerned = defaultdict(set)
        for case_id, user_id in Concern.objects.filter(case__in=cases).values_list("case_id", "user_id"):
            self.concerned[case_id].add(user_id)
        self._holders = {}

    def steps(self, case):
        """Return what the clock does to one case now, and when it comes back to it."""
        rising = ladder.pending(case, calendar_of(case.community), case.community.take_minutes)
        due = [step for step in rising if step.at <= self.now]
        return due, rising[len(due)].at if len(due) < len(rising) else None

    def holders(self, case, level):
        key = (case.community_id, level, case.is_urgent)
        if key not in self._holders:
            self._holders[key] = level_holders(case.community, level, self.now, urgent=case.is_urgent)
        return [person for person in self._holders[key] if person.pk not in self.concerned.get(case.pk, ())]

    def is_told_as_first(self, case, people):
        """Return whether somebody answers for `case` who is not told of it as a holder, nor is whom it concerns."""
        first = case.first_responsible_id
        return first not in {None, *self.concerned.get(case.pk, ()), *(person.pk for person in people)}

    def escalation(self, case, level, step, people):
        return {
            "case_id": case.pk,
            "level_cycle": case.level_cycle,
            "from_level": level,
            "to_level": step.to_level,
            "trigger": str(step.trigger),
            "due_at": step.at,
            "at": self.now,
            "holder_id": people[0].pk if people else None,
        }
