"""The queue of return visits: what is due, what waits for rain, and what somebody else has to ask."""

import datetime
from dataclasses import dataclass

from django.db.models import F
from django.urls import reverse

from complaints import aftercare, reports
from complaints.models import Reply, ReturnVisit
from servicedesk.core.models import Role
from servicedesk.core.roles import roles_in
from servicedesk.core.templatetags.desk_tags import deadline_cell

# So many are looked at, and so many of them shown: what is done makes room for the next.
MOST, SHOWN = 300, 50
# What a line of the queue shows, and what decides whose it is.
_VISIT = ("reason", "due_at", "tries", "tried_at", "solved_by", "needs_senior", "result")
_CASE = ("number", "summary", "place", "assigned_to", "unit__label", "building__name")
# What the sums beside the queue look back on.
LOOK_BACK = datetime.timedelta(days=30)


@dataclass(frozen=True)
class Line:
    """One visit of the queue as of `now`: where it leads, its deadline, and until when nobody tries again."""

    visit: ReturnVisit
    now: datetime.datetime

    @property
    def url(self):
        return reverse("complaints:callback", args=[self.visit.case.number])

    @property
    def deadline(self):
        return deadline_cell(self.visit.due_at, now=self.now, soon=datetime.timedelta(hours=4))

    @property
    def again_at(self):
        again_at = aftercare.next_try_at(self.visit)
        return again_at if again_at and again_at > self.now else None


@dataclass(frozen=True)
class Queue:
    """The open visits that somebody sees: those that they can make by due time, those that wait for rain, and how many
    are not theirs because they did the work, or because a supervisor has to ask."""

    due: list
    waiting: list
    own: int
    senior: int

    @property
    def shown(self):
        return self.due[:SHOWN]

    @property
    def more(self):
        """How many are due behind those that are shown."""
        return len(self.due) - len(self.shown)


def queue_of(user, community, now):
    """Return the Queue of `user` in one community, of the first 300 visits. One query.

    Visits that were tried within two hours stand behind the others.
    """
    rows = (
        ReturnVisit.objects.open()
        .visible_to(user)
        .filter(community=community)
        .select_related("case", "case__unit", "case__building")
        .only(*_VISIT, *(f"case__{name}" for name in _CASE))
        .order_by(F("due_at").asc(nulls_last=True), "id")[:MOST]
    )
    roles = roles_in(user, community.pk)
    is_desk, is_senior = roles & {Role.CLERK, Role.SUPERVISOR}, roles & {Role.SUPERVISOR, Role.DEPUTY_GM}
    due, waiting, own, senior = [], [], 0, 0
    for visit in rows:
        if visit.waits_for_rain:
            waiting.append(Line(visit, now))
        elif user.pk in (visit.solved_by_id, visit.case.assigned_to_id):
            own += 1
        elif visit.needs_senior and not is_senior:
            senior += 1
        elif visit.needs_senior or is_desk:
            due.append(Line(visit, now))
    return Queue(sorted(due, key=lambda line: line.again_at is not None), waiting, own, senior)


def facts_of(case):
    """Return what is read before a resident is asked: the open visit with its rule, what they were told, how they rated
    it. Three queries."""
    cycle = {"case": case, "cycle": case.cycle}
    return {
        "visit": ReturnVisit.objects.open().filter(case=case).select_related("rule").first(),
        "reply": Reply.objects.filter(**cycle).select_related("by").last(),
        "rating": case.ratings.filter(cycle=case.cycle).first(),
    }


def lately(cases, now):
    """Return the satisfaction of `cases` in the last 30 days. Two queries."""
    return reports.satisfaction(cases, since=now - LOOK_BACK)
