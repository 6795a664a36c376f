"""Who may take which step: one table (2-domain, Roles). Actions ask it; pages show only what it allows."""

from functools import cached_property

from django.utils.translation import gettext_lazy as _

from complaints import aftercare, traces
from complaints.models import Kind, Proposal, Status
from complaints.models.cases import CLOCKED, ENDED, REPLY_OWED
from servicedesk.core.errors import IllegalMove, NotAllowed, Refused
from servicedesk.core.models import Membership, Role
from servicedesk.core.roles import departments_in, roles_in

DESK = {Role.CLERK, Role.SUPERVISOR}
OFFICE = DESK | {Role.DEPUTY_GM}
# Where a price can be told and answered.
QUOTED = {Status.HANDED, Status.IN_HAND, Status.WAITING}
# What waits for the approval of an ordinary complaint.
AFTER_APPROVAL = {"hand_over", "start", "resolve", "work_order"}
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

    @cached_property
    def proposed_by(self):
        """The key of who wrote the open proposal or report, None where nothing waits. At most one query."""
        if self.case.status != Status.PROPOSED and not (self.case.is_complaint and self.case.is_urgent):
            return None
        return Proposal.objects.open().filter(case=self.case).values_list("by", flat=True).first()

    @cached_property
    def has_open_quote(self):
        """Whether a price waits for the resident's answer. One query for a repair at work, none for another case and
        where its quotes are loaded or its traces tell of none."""
        at_work = self.case.kind == Kind.REPAIR and self.case.status in QUOTED
        return at_work and traces.has(self.case, "quotes") and any(not quote.answer for quote in self.case.quotes.all())

    @property
    def decides(self):
        """Whether this person may decide on what somebody else wrote."""
        writer = self.proposed_by
        return writer is not None and writer != self.user.pk and self.any(Role.SUPERVISOR, Role.DEPUTY_GM)


def _does_the_job(s):
    return not s.case.needs_approval and (
        s.is_assigned or s.heads or s.any(Role.SUPERVISOR) or (s.is_first and s.in_centre)
    )


def _accepts(s):
    if s.case.assigned_to_id is None:
        return s.heads or s.works
    # A supervisor notes what a worker reported by telephone; the job stays the worker's.
    return s.is_assigned or s.heads or s.any(Role.SUPERVISOR)


def _holds_the_level(s):
    if s.case.level > 1 and s.case.holder_id == s.user.pk:
        return True
    return {1: s.is_first, 2: s.any(Role.SUPERVISOR), 3: s.any(Role.DEPUTY_GM)}[s.case.level]


def _replies(s):
    return s.is_first or s.any(Role.SUPERVISOR, Role.DEPUTY_GM)


def _hands_over(s):
    if s.case.needs_approval:
        return False
    at_work = s.case.status in (Status.HANDED, Status.IN_HAND)
    return s.any(*DESK) or (at_work and (s.heads or s.is_assigned))


def _verifies(s):
    if not s.case.is_complaint or not s.any(*DESK):
        return False
    # What is urgent is not held up by it; an ordinary complaint is judged before it is approved.
    return s.case.is_urgent or (s.case.needs_approval and s.case.status in (Status.TAKEN, Status.VERIFIED))


def _assigns(s):
    return (
        s.heads
        or s.any(Role.SUPERVISOR)
        or (
            s.any(Role.CLERK)
            and not Membership.objects.active().filter(department=s.case.department_id, role=Role.HEAD).exists()
        )
    )


def _visits(s):
    """Whoever did the work never asks how it was found (回访)."""
    if s.is_assigned or not s.any(*OFFICE):
        return False
    owed = aftercare.open_visit(s.case)
    if owed is None and s.case.status != Status.REPLIED:
        return False
    if (owed.solved_by_id if owed else aftercare.solver_of(s.case)) == s.user.pk:
        return False
    if owed is not None and owed.needs_senior:
        return s.any(Role.SUPERVISOR, Role.DEPUTY_GM)
    return s.any(*DESK)


# step: (statuses in which it leads anywhere, who may)
STEPS = {
    "take": ({Status.RECEIVED}, lambda s: s.any(*DESK)),
    "accept": ({Status.HANDED}, _accepts),
    "start": (
        {Status.TAKEN, Status.APPROVED},
        lambda s: s.in_centre and not s.case.needs_approval and (s.is_first or s.any(Role.SUPERVISOR)),
    ),
    "verify": (set(CLOCKED) - {Status.RECEIVED}, _verifies),
    "propose": ({Status.VERIFIED}, lambda s: s.any(*DESK)),
    "decide": ({Status.PROPOSED}, lambda s: s.decides),
    "withdraw": ({Status.PROPOSED}, lambda s: s.proposed_by == s.user.pk),
    "note_report": (LIVING - {Status.PROPOSED}, lambda s: s.decides),
    "name_concerned": (LIVING, lambda s: s.any(*OFFICE)),
    "arrive": (
        {Status.IN_HAND},
        lambda s: (s.is_assigned or s.heads or s.any(Role.SUPERVISOR)) and s.case.arrived_at is None,
    ),
    "quote": (
        QUOTED,
        lambda s: (
            s.case.kind == Kind.REPAIR and not s.case.is_free_rework and _does_the_job(s) and not s.has_open_quote
        ),
    ),
    "answer_quote": (QUOTED, lambda s: (_does_the_job(s) or s.any(*DESK)) and s.has_open_quote),
    "hand_over": ({Status.TAKEN, Status.APPROVED, Status.HANDED, Status.IN_HAND}, _hands_over),
    "assign": ({Status.HANDED, Status.IN_HAND}, _assigns),
    "decline_job": ({Status.HANDED, Status.IN_HAND}, lambda s: s.heads or s.is_assigned),
    "pause": ({Status.IN_HAND}, lambda s: s.is_first or s.is_assigned or s.heads or s.any(Role.SUPERVISOR)),
    "resume": ({Status.WAITING}, lambda s: s.is_first or s.is_assigned or s.heads or s.any(Role.SUPERVISOR)),
    "resolve": ({Status.TAKEN, Status.HANDED, Status.IN_HAND, Status.WAITING}, _does_the_job),
    "visit": ({Status.REPLIED, Status.ARCHIVED}, _visits),
    "reply": (set(REPLY_OWED), _replies),
    "tell_caller": ({*REPLY_OWED, Status.REPLIED}, _replies),
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
    "link_incident": (set(CLOCKED) | set(REPLY_OWED), lambda s: s.any(*DESK) or s.heads),
    "register_external": ({*CLOCKED, *REPLY_OWED, Status.REPLIED}, lambda s: s.any(*DESK)),
    **dict.fromkeys(
        ("mark_external", "answer_external", "return_external"), (LIVING, lambda s: s.any(*OFFICE) or s.is_first)
    ),
    "send_warranty": (
        set(CLOCKED) - {Status.RECEIVED},
        lambda s: (
            s.case.kind in (Kind.REPAIR, Kind.COMPLAINT)
            and not s.case.needs_approval
            and (s.any(*DESK) or s.is_first or s.heads)
        ),
    ),
    **dict.fromkeys(
        ("answer_warranty", "finish_warranty", "note_warranty_call", "drop_warranty"),
        (LIVING, lambda s: s.any(*OFFICE) or s.is_first or s.heads or s.is_assigned),
    ),
    **dict.fromkeys(("mark_problem", "drop_problem"), (LIVING, lambda s: s.any(*OFFICE) or s.is_first)),
    "decide_warranty": (LIVING, lambda s: s.any(Role.SUPERVISOR, Role.DEPUTY_GM)),
    "evaluate_external": (LIVING, lambda s: s.any(*OFFICE)),
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
    # A paper leaves the house: the office and the head of the department, who answer for it.
    "print_file": (set(Status), lambda s: s.any(*OFFICE) or s.heads),
    "new_code": (LIVING, lambda s: s.any(*DESK)),
    # A worker prints the own job; that somebody prints one that nobody has would be no order.
    "work_order": (
        set(CLOCKED) - {Status.RECEIVED},
        lambda s: not s.case.needs_approval and (s.any(*OFFICE) or s.heads or s.is_assigned),
    ),
}


# What is done for a whole community: who may (S3 总结原则).
OFFICE_STEPS = {
    "explain": {Role.SUPERVISOR},
    "sign_day": {Role.SUPERVISOR},
    "sign_report": {Role.SUPERVISOR},
    "read_report": {Role.DEPUTY_GM},
    "ask_data": {Role.SUPERVISOR, Role.DEPUTY_GM},
    "set_retention": {Role.ADMIN},
    "merge_people": {Role.SUPERVISOR, Role.DEPUTY_GM},
    "propose_problem": {Role.CLERK, Role.SUPERVISOR},
    "send_problem": {Role.SUPERVISOR, Role.DEPUTY_GM},
    "set_warranty": {Role.SUPERVISOR, Role.ADMIN},
}


def may_in(user, step, community):
    """Return whether `user` may take a step of the office in `community`. No query beside the cached roles."""
    return bool(roles_in(user, community.pk) & OFFICE_STEPS[step])


def demand_in(user, step, community):
    """Raise NotAllowed unless `user` may take a step of the office in `community`."""
    if not may_in(user, step, community):
        raise NotAllowed(_("This step belongs to somebody else. Ask your supervisor if it cannot wait."))


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
    standing = Standing(user, case)
    is_concerned = case.concerned.filter(user=user).exists()
    if step in AFTER_APPROVAL and case.needs_approval and not is_concerned and standing.any(*OFFICE):
        raise Refused(
            _("%(number)s is an ordinary complaint: verify it and have the proposal approved before work begins.")
            % {"number": case.short_number}
        )
    if is_concerned or not who(standing):
        raise NotAllowed(_("This step belongs to somebody else. Ask your supervisor if it cannot wait."))
    if case.status not in statuses:
        raise IllegalMove(case, None)


def bulk_steps(user, community, *, without_head):
    """Return the set of steps on many cases that the roles of `user` lead anywhere with in `community`, where jobs of
    some department are `without_head` and so the desk's to assign; what is said of each case is asked again. No query
    beside the cached roles."""
    roles = roles_in(user, community.pk)
    steps = {"urge", "escalate"} if roles & OFFICE else set()
    steps |= {"hand_over"} if roles & DESK else set()
    return steps | ({"assign"} if roles & (DESK if without_head else {Role.SUPERVISOR}) else set())


def may_record(user, case):
    """Return whether `user` records new cases where `case` is: a clerk or supervisor of its community."""
    return bool(roles_in(user, case.community_id) & DESK)


def runs_incidents(user, community_id, department_id=None):
    """Return whether `user` may open and change the known events of a department: the desk all of them, heads and
    workers those of their own department."""
    own = departments_in(user, community_id, Role.HEAD, Role.WORKER)
    return bool(roles_in(user, community_id) & DESK) or department_id in own


def demand_incident(user, community, department):
    """Raise NotAllowed unless `user` may run a known event of `department` (None: of none)."""
    if not runs_incidents(user, community.pk, department.pk if department else None):
        raise NotAllowed(_("This event belongs to another department. The desk can change it for you."))
