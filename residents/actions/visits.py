"""Verbs of home visits: planning them, recording what came of them, and settling what residents asked for."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from residents.models import HomeVisit, VisitNeed, VisitPlan
from servicedesk.core import events, photos
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Role
from servicedesk.core.moves import move, write
from servicedesk.core.roles import departments_in, roles_in

DESK = {Role.CLERK, Role.SUPERVISOR}
DOERS = {Role.HEAD, Role.WORKER}
Visit, Need = HomeVisit.Status, VisitNeed.Status


def demand_desk(community_id, *, by):
    """Raise NotAllowed unless `by` is a clerk or supervisor of the community; the clock (None) may."""
    if by is not None and not roles_in(by, community_id) & DESK:
        raise NotAllowed(_("This step belongs to the desk. Ask a clerk or a supervisor."))


# Plans ----------------------------------------------------------------------------------------------------------------


@transaction.atomic
def make_plan(community, *, name, starts_on, ends_on, target, buildings, staff, by, now):
    """Plan visits to the homes of `buildings` (all where none is named) and return the VisitPlan. Raises NotAllowed."""
    demand_desk(community.pk, by=by)
    plan = VisitPlan.objects.create(
        community=community, name=name, starts_on=starts_on, ends_on=ends_on, target=target, made_by=by, made_at=now
    )
    _fill(plan, buildings, staff)
    events.log(plan, "visit_plan_made", by=by, now=now)
    return plan


@transaction.atomic
def change_plan(plan, *, buildings, staff, by, now, **facts):
    """Write what was changed about a plan. Raises Stale where somebody else changed it first, and NotAllowed."""
    demand_desk(plan.community_id, by=by)
    write(plan, **facts)
    _fill(plan, buildings, staff)
    events.log(plan, "visit_plan_changed", by=by, now=now, data={"version": plan.version})


def _fill(plan, buildings, staff):
    plan.buildings.set(buildings)
    plan.staff.set(staff)


# Visits ---------------------------------------------------------------------------------------------------------------


@transaction.atomic
def plan_visit(unit, *, on, by, now, plan=None, assigned_to=None):
    """Note that `unit` is to be visited on the day `on`, and return the HomeVisit. Raises Refused where a visit to it
    is planned already, and NotAllowed for who may not visit it."""
    _demand_home(by, unit, plan)
    return _plan(unit, on=on, plan=plan, assigned_to=assigned_to, by=by, now=now)


def _plan(unit, *, on, plan, assigned_to, by, now):
    facts = {"unit": unit, "plan": plan, "planned_on": on, "assigned_to": assigned_to}
    try:
        with transaction.atomic():
            visit = HomeVisit.objects.create(community_id=unit.community_id, made_by=by, made_at=now, **facts)
    except IntegrityError as error:
        raise Refused(_("A visit to this home is planned already. Record that one, or take it back first.")) from error
    events.log(visit, "visit_planned", by=by, now=now, data={"on": on.isoformat()})
    return visit


@transaction.atomic
def record_visit(
    unit,
    *,
    outcome,
    by,
    now,
    plan=None,
    person=None,
    met_name="",
    notes="",
    needs=(),
    card_left=False,
    retry_on=None,
    pictures=(),
    submission=None,
):
    """Record what came of going to `unit` and return the HomeVisit; the same `submission` again returns the first.

    A visit that was planned for the home is the one that was made. `needs` are (text, department) pairs, `pictures`
    (Picture, stored name) pairs. With `retry_on` another visit is planned for that day. Raises NotAllowed for who may
    not visit this home.
    """
    made = HomeVisit.objects.filter(submission=submission).first() if submission else None
    if made is not None:
        if made.visited_by_id != by.pk or made.unit_id != unit.pk:
            raise Refused(_("This page was used already. Reload it; what you typed is kept."))
        return made
    visit = HomeVisit.objects.planned().for_unit(unit).first()
    if visit is None:
        visit = plan_visit(unit, on=unit.community.local(now).date(), plan=plan, by=by, now=now)
    elif visit.assigned_to_id != by.pk:
        _demand_home(by, unit, plan or visit.plan)
    facts = {"visited_by": by, "done_at": now, "notes": notes, "submission": submission, "plan": visit.plan or plan}
    if outcome == Visit.DONE:
        facts |= {"person": person, "met_name": "" if person else met_name}
    facts["card_left"] = card_left and outcome == Visit.NOBODY_HOME
    move(visit, outcome, by=by, now=now, verb="home_visited", **facts)
    if outcome == Visit.DONE:
        for text, department in needs:
            add_need(visit, text=text, department=department, by=by, now=now)
    for picture, name in pictures:
        photos.attach(picture, name, to=visit, by=by, now=now)
    if retry_on and outcome == Visit.NOBODY_HOME:
        _plan(unit, on=retry_on, plan=visit.plan, assigned_to=visit.assigned_to or by, by=by, now=now)
    return visit


@transaction.atomic
def cancel_visit(visit, *, reason, by, now):
    """Take back a visit that is not made after all, or was recorded by mistake. Raises Refused while something that was
    asked for on it is open, and NotAllowed for others than who made it, who is to make it, and the desk."""
    if by.pk not in (visit.visited_by_id, visit.assigned_to_id):
        demand_desk(visit.community_id, by=by)
    if visit.needs.open().exists():
        raise Refused(_("Something that was asked for on this visit is still open. Answer it first."))
    facts = {"cancelled_reason": reason, "cancelled_at": now}
    move(visit, Visit.CANCELLED, by=by, now=now, verb="visit_cancelled", note=reason, **facts)


def _demand_home(by, unit, plan):
    """Raise NotAllowed unless `by` may visit `unit`: the desk any home, others those of a plan that names them."""
    if roles_in(by, unit.community_id) & DESK:
        return
    if not may_go(by, plan) or not plan.homes(plan.ends_on).filter(pk=unit.pk).exists():
        raise NotAllowed(_("You are not on the list of who visits this home. Ask the desk to put you on the plan."))


def may_go(user, plan):
    """Return whether a head or worker is one of those who go for `plan`. One query."""
    if plan is None or not departments_in(user, plan.community_id, *DOERS):
        return False
    return plan.staff.filter(pk=user.pk).exists()


# What residents asked for ---------------------------------------------------------------------------------------------


@transaction.atomic
def add_need(visit, *, text, department, by, now):
    """Record what was asked for on `visit`, and of which department; return the VisitNeed. Raises Refused for a visit
    on which nobody was met, and NotAllowed for others than who made it and the desk."""
    if visit.status != Visit.DONE:
        raise Refused(_("Only who was met can have asked for something. Record the visit first."))
    if by.pk != visit.visited_by_id:
        demand_desk(visit.community_id, by=by)
    need = VisitNeed.objects.create(
        community_id=visit.community_id, visit=visit, text=text, department=department, asked_at=visit.done_at
    )
    events.log(need, "need_asked", by=by, now=now, data={"department": department.pk})
    return need


@transaction.atomic
def answer_need(need, *, answer, by, now):
    """Record what the resident was told about a need that needs no case. Raises NotAllowed for others than the desk and
    the people of its department."""
    demand_need(need, by=by)
    facts = {"answer": answer, "settled_by": by, "settled_at": now}
    move(need, Need.ANSWERED, by=by, now=now, verb="need_answered", note=answer, **facts)


@transaction.atomic
def reopen_need(need, *, reason, by, now):
    """Open a need again whose answer was no answer. Raises Refused where its case goes on, and NotAllowed."""
    demand_need(need, by=by)
    if need.status == Need.CASE:
        raise Refused(_("This has become a case. It is seen to there."))
    free_need(need, by=by, now=now, note=reason)


def settle_need(need, *, by, now, data):
    """Say that a need has become a case, in the transaction of who opens it: the link is a row of theirs."""
    demand_desk(need.community_id, by=by)
    move(need, Need.CASE, by=by, now=now, verb="need_became_case", data=data, settled_by=by, settled_at=now)


def free_need(need, *, by, now, note=""):
    """Open a need again, in the transaction of what it was settled by and is not any more."""
    move(need, Need.OPEN, by=by, now=now, verb="need_reopened", note=note, answer="", settled_by=None, settled_at=None)


def demand_need(need, *, by):
    """Raise NotAllowed unless `by` may answer `need`: the desk, and who works for the department it was asked of."""
    if need.department_id not in departments_in(by, need.community_id, *DOERS):
        demand_desk(need.community_id, by=by)
