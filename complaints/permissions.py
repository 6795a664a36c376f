"""Who may take which step: one table (2-domain, Roles). Actions ask it; pages show only what it allows."""

from django.utils.translation import gettext_lazy as _

from complaints.models import Status
from complaints.models.cases import CLOCKED, ENDED, REPLY_OWED
from servicedesk.core.errors import IllegalMove, NotAllowed
from servicedesk.core.models import Membership, Role
from servicedesk.core.roles import departments_in, roles_in

DESK = {Role.CLERK, Role.SUPERVISOR}
OFFICE = DESK | {Role.DEPUTY_GM}
LIVING = set(Status) - {Status.VOID, Status.MERGED}


class Standing:
    """What one person is to one case. Built once for a page; costs the person's roles, which are cached."""

    def __init__(self, user, case):
        self.user, self.case = user, case
        self.roles = roles_in(user, case.community_id)
        self.is_first = case.first_responsible_id == user.pk
        self.is_assigned = case.assigned_to_id == user.pk
        self.heads = case.department_id in departments_in(user, case.community_id, Role.HEAD)
        self.works = case.department_id in departments_in(user, case.community_id, Role.WORKER)
        self.in_centre = case.department.is_centre

    def any(self, *roles):
        return bool(self.roles & set(roles))


def _does_the_job(s):
    return s.is_assigned or s.heads or s.any(Role.SUPERVISOR) or (s.is_first and s.in_centre)


def _accepts(s):
    if s.case.assigned_to_id is None:
        return s.heads or s.works
    # A supervisor notes what a worker reported by telephone; the job stays the worker's.
    return s.is_assigned or s.heads or s.any(Role.SUPERVISOR)


def _holds_the_level(s):
    if s.case.level > 1 and s.case.holder_id == s.user.pk:
        return True
    return {1: s.is_first, 2: s.any(Role.SUPERVISOR), 3: s.any(Role.DEPUTY_GM)}[s.case.level]


def _hands_over(s):
    at_work = s.case.status in (Status.HANDED, Status.IN_HAND)
    return s.any(*DESK) or (at_work and (s.heads or s.is_assigned))


def _assigns(s):
    return (
        s.heads
        or s.any(Role.SUPERVISOR)
        or (
            s.any(Role.CLERK)
            and not Membership.objects.active().filter(department=s.case.department_id, role=Role.HEAD).exists()
        )
    )


# step: (statuses in which it leads anywhere, who may)
STEPS = {
    "take": ({Status.RECEIVED}, lambda s: s.any(*DESK)),
    "accept": ({Status.HANDED}, _accepts),
    "start": ({Status.TAKEN, Status.APPROVED}, lambda s: s.in_centre and (s.is_first or s.any(Role.SUPERVISOR))),
    "name_concerned": (LIVING, lambda s: s.any(*OFFICE)),
    "arrive": (
        {Status.IN_HAND},
        lambda s: (s.is_assigned or s.heads or s.any(Role.SUPERVISOR)) and s.case.arrived_at is None,
    ),
    "hand_over": ({Status.TAKEN, Status.APPROVED, Status.HANDED, Status.IN_HAND}, _hands_over),
    "assign": ({Status.HANDED, Status.IN_HAND}, _assigns),
    "decline_job": ({Status.HANDED, Status.IN_HAND}, lambda s: s.heads or s.is_assigned),
    "pause": ({Status.IN_HAND}, lambda s: s.is_first or s.is_assigned or s.heads or s.any(Role.SUPERVISOR)),
    "resume": ({Status.WAITING}, lambda s: s.is_first or s.is_assigned or s.heads or s.any(Role.SUPERVISOR)),
    "resolve": ({Status.TAKEN, Status.HANDED, Status.IN_HAND, Status.WAITING}, _does_the_job),
    "reply": (set(REPLY_OWED), lambda s: s.is_first or s.any(Role.SUPERVISOR, Role.DEPUTY_GM)),
    "archive": ({Status.REPLIED}, lambda s: s.any(*DESK)),
    "reopen": ({Status.RESOLVED, Status.REPLIED, Status.ARCHIVED}, lambda s: s.any(*OFFICE)),
    "escalate": (
        set(CLOCKED) | set(REPLY_OWED),
        lambda s: s.case.level < 3,
    ),
    "lower": (
        set(CLOCKED) | set(REPLY_OWED),
        lambda s: (s.case.level == 2 and s.any(Role.SUPERVISOR)) or (s.case.level == 3 and s.any(Role.DEPUTY_GM)),
    ),
    "promise": (set(CLOCKED) | set(REPLY_OWED), _holds_the_level),
    "reclassify": (
        set(CLOCKED),
        lambda s: s.any(Role.SUPERVISOR) or (s.any(Role.CLERK) and s.case.status in (Status.RECEIVED, Status.TAKEN)),
    ),
    "urge": (set(CLOCKED), lambda s: s.any(*OFFICE)),
    "follow_up": (set(CLOCKED) | set(REPLY_OWED), lambda s: s.is_first or s.any(*OFFICE)),
    "note": (set(Status), lambda s: True),
    "merge": ({Status.RECEIVED, Status.TAKEN, Status.VERIFIED, Status.IN_HAND}, lambda s: s.any(*DESK)),
    "ask_void": (
        set(CLOCKED),
        lambda s: s.any(*DESK) and s.case.void_asked_by_id is None,
    ),
    "confirm_void": (
        set(CLOCKED),
        lambda s: (
            s.any(Role.SUPERVISOR, Role.DEPUTY_GM)
            and s.case.void_asked_by_id is not None
            and s.case.void_asked_by_id != s.user.pk
        ),
    ),
    "unmask": (
        set(Status),
        lambda s: s.any(*OFFICE) or (s.is_assigned and s.case.status not in ENDED),
    ),
    "new_code": (LIVING, lambda s: s.any(*DESK)),
}


def may(user, step, case, standing=None):
    """Return whether `user` may take `step` on `case` as it stands now."""
    statuses, who = STEPS[step]
    return case.status in statuses and who(standing or Standing(user, case))


def steps_for(user, case):
    """Return the set of steps that `user` may take on `case` now. At most one query beside the cached roles."""
    standing = Standing(user, case)
    return {step for step in STEPS if may(user, step, case, standing)}


def demand(user, step, case):
    """Raise NotAllowed unless `user` is one of those who may take `step`, and is not concerned by the case; raise
    IllegalMove where the step leads nowhere from the state in which the case is."""
    statuses, who = STEPS[step]
    if case.concerned.filter(user=user).exists() or not who(Standing(user, case)):
        raise NotAllowed(_("This step belongs to somebody else. Ask your supervisor if it cannot wait."))
    if case.status not in statuses:
        raise IllegalMove(case, None)
