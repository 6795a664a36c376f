"""The queue of return visits: what is due, what waits for rain, and what somebody else has to ask."""

import datetime
from dataclasses import dataclass

from django.db.models import F
from django.urls import reverse

from complaints import aftercare, reports
from complaints.models import Reply, ReturnVisit
from servicedesk.core.models import Role
from servicedesk.core.roles import roles_in
from servicedesk.core.templatetags.desk_tags import DeadlineCell, deadline_cell

MOST = 300
# What the sums beside the queue look back on.
LOOK_BACK = datetime.timedelta(days=30)


@dataclass(frozen=True)
class Line:
    """One visit of the queue: where it leads, its deadline, and until when nobody tries again."""

    visit: ReturnVisit
    url: str
    deadline: DeadlineCell
    again_at: datetime.datetime | None


@dataclass(frozen=True)
class Queue:
    """The open visits that somebody sees: those that they can make by due time, those that wait for rain, and how many
    are not theirs because they did the work, or because a supervisor has to ask."""

    due: list
    waiting: list
    own: int
    senior: int


def queue_of(user, community, now):
    """Return the Queue of `user` in one community, of the first 300 visits. One query.

    Visits that were tried within two hours stand behind the others.
    """
    rows = (
        ReturnVisit.objects.open()
        .visible_to(user)
        .filter(community=community)
        .select_related("case", "case__unit", "case__building")
        .order_by(F("due_at").asc(nulls_last=True), "id")[:MOST]
    )
    roles = roles_in(user, community.pk)
    is_desk, is_senior = roles & {Role.CLERK, Role.SUPERVISOR}, roles & {Role.SUPERVISOR, Role.DEPUTY_GM}
    due, waiting, own, senior = [], [], 0, 0
    for visit in rows:
        if visit.waits_for_rain:
            waiting.append(_line(visit, now))
        elif user.pk in (visit.solved_by_id, visit.case.assigned_to_id):
            own += 1
        elif visit.needs_senior and not is_senior:
            senior += 1
        elif visit.needs_senior or is_desk:
            due.append(_line(visit, now))
    return Queue(sorted(due, key=lambda line: line.again_at is not None), waiting, own, senior)


def _line(visit, now):
    again_at = aftercare.next_try_at(visit)
    return Line(
        visit=visit,
        url=reverse("complaints:callback", args=[visit.case.number]),
        deadline=deadline_cell(visit.due_at, now=now, soon=datetime.timedelta(hours=4)),
        again_at=again_at if again_at and again_at > now else None,
    )


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
