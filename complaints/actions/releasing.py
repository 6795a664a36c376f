"""Work does not leave with a person: what they had goes to somebody who is there."""

import logging
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from complaints import deadlines, telling
from complaints.actions.handling import resume
from complaints.models import Case, Status
from servicedesk.core import events, notifications
from servicedesk.core.duty import level_holders
from servicedesk.core.models import Membership, Role
from servicedesk.core.moves import move, write

logger = logging.getLogger(__name__)

# Who answers residents and holds a level; a job belongs to whoever works in its department.
ANSWERING = (Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM)
AT_WORK = (Status.HANDED, Status.IN_HAND)


def release_left(*, now):
    """Pass on the open cases of people who no longer hold the role that they had them by; return how many.

    A job goes back to its department as one that nobody has, so that the board and the head show it; a paused one
    when its clock runs again. What was owed to the resident becomes a supervisor's, a level its holder's of today.
    Found by roles that have ended, so that it does not matter how they did. Each case in its own transaction; one that
    raises is logged and passed over. Two queries where nobody has left.
    """
    left = _Left.now()
    released = 0
    for key in left.cases():
        try:
            released += _release(key, left, now)
        except Exception:
            logger.exception("case %s of somebody who left could not be passed on", key)
    return released


@dataclass(frozen=True)
class _Left:
    """Who has left what, as pairs of keys: a person and the community, or the department, that they had work in."""

    communities: frozenset
    departments: frozenset
    answering: frozenset

    @classmethod
    def now(cls):
        """Read it from the roles. Two queries."""
        facts = ("user_id", "community_id", "department_id", "role")
        active = list(Membership.objects.active().values_list(*facts))
        ended = list(Membership.objects.ended().values_list(*facts))

        def gone(pairs):
            return frozenset(pairs(ended)) - frozenset(pairs(active))

        return cls(
            communities=gone(lambda rows: [(user, community) for user, community, _department, _role in rows]),
            departments=gone(lambda rows: [(user, dept) for user, _community, dept, _role in rows if dept]),
            answering=gone(lambda rows: [(user, community) for user, community, _, role in rows if role in ANSWERING]),
        )

    def cases(self):
        """Return the keys of the cases that somebody has to get. One query, none where nobody has left."""
        wanted = [Q(assigned_to=user, community=place, status__in=AT_WORK) for user, place in self.communities]
        wanted += [Q(assigned_to=user, department=place, status__in=AT_WORK) for user, place in self.departments]
        for role in ("first_responsible", "holder"):
            wanted += [Q(**{role: user}, community=place) for user, place in self.answering]
        if not wanted:
            return []
        found = Q()
        for condition in wanted:
            found |= condition
        return list(Case.objects.open().filter(found).order_by("id").values_list("pk", flat=True))

    def has_left(self, user_id, case):
        """Return whether somebody may no longer answer for `case`."""
        return (user_id, case.community_id) in self.answering

    def lost_job(self, case):
        """Return whether the worker of `case` no longer works where it is to be done."""
        worker = case.assigned_to_id
        gone = (worker, case.community_id) in self.communities or (worker, case.department_id) in self.departments
        return gone and case.status in AT_WORK


@dataclass(frozen=True)
class _Concerned:
    """One person who may no longer have anything of a case, in the words of `_Left`."""

    user_id: int

    def has_left(self, user_id, case):
        return user_id == self.user_id

    def lost_job(self, case):
        return case.assigned_to_id == self.user_id and case.status in AT_WORK


def take_from(case, user, now):
    """Give the answer, the level and the job that `user` has of `case` to others, in the caller's transaction."""
    concerned = _Concerned(user.pk)
    if case.status == Status.WAITING and case.assigned_to_id == user.pk:
        resume(case, by=None, now=now)
    _pass_on(case, concerned, now)
    if concerned.lost_job(case):
        _free(case, now)


@transaction.atomic
def _release(key, left, now):
    rows = Case.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    case = rows.select_related("community", "department", "first_responsible").open().filter(pk=key).first()
    if case is None:
        return False
    passed_on = _pass_on(case, left, now)
    if left.lost_job(case):
        _free(case, now)
        return True
    return passed_on


def _pass_on(case, left, now):
    """Give the answer that is owed, and the level, to people who are there; return whether anything changed."""
    facts, was = {}, case.first_responsible
    if left.has_left(case.first_responsible_id, case):
        found = [person for level in (2, 3) for person in level_holders(case.community, level, now)]
        heirs = telling.without_concerned(case, found)
        if not heirs:
            logger.warning("nobody is there to answer case %s, whose first responsible has left", case.number)
            return False
        case.first_responsible = facts["first_responsible"] = heirs[0]
    if left.has_left(case.holder_id, case):
        facts["holder"] = next(iter(telling.holders_for(case, case.level, now)), None)
    if not facts:
        return False
    write(case, **facts)
    if "first_responsible" in facts:
        heir = case.first_responsible
        data = {"was": str(was), "to_who": str(heir), "version": case.version}
        events.log(case, "passed_on", by=None, now=now, data=data)
        _tell([heir], "cases_passed_on", case, now, path="/cases/?view=mine")
    else:
        events.log(case, "holder_changed", by=None, now=now, data={"version": case.version})
    return True


def _free(case, now):
    """Take the job from somebody who left: the department's again, or the centre's own first responsible's."""
    to = Status.TAKEN if case.department.is_centre else Status.HANDED
    facts = {"assigned_to": None, "accepted_at": None, "arrived_at": None}
    facts["next_escalation_at"] = deadlines.next_step(case, status=to, **facts)
    if case.status == to:
        write(case, **facts)
        events.log(case, "freed", by=None, now=now, data={"version": case.version})
    else:
        move(case, to, by=None, now=now, verb="freed", **facts)
    people = [case.first_responsible] if case.department.is_centre else telling.department_people(case)
    _tell(telling.without_concerned(case, people), "cases_freed", case, now, path="/cases/?view=unassigned")


def _tell(people, kind, case, now, path):
    """Add to what each person is told of this pass: one message, however many cases a colleague leaves behind."""
    key = f"{kind}:{now:%Y%m%d%H%M%S%f}"
    for person in people:
        notifications.digest(person, kind, about=case.community, key=key, count=1, now=now, path=path)
