"""A return visit comes to be owed, or is owed no longer: parts of other verbs, in their transaction."""

from datetime import timedelta

from complaints import aftercare
from complaints.models import ReturnVisit, VisitRule
from servicedesk.core import events
from servicedesk.core.calendar import calendar_of
from servicedesk.core.moves import write


def set_visit_rules(community):
    """Give `community` the rules that every one starts with, unless it has rules already. One or two statements."""
    if VisitRule.objects.filter(community=community).exists():
        return
    rules = [VisitRule(community=community, position=n, **facts) for n, facts in enumerate(aftercare.DEFAULTS, start=1)]
    VisitRule.objects.bulk_create(rules, ignore_conflicts=True)


def plan_visit(case, *, now):
    """Owe the resident of `case` a visit where a rule of the community says so and they can be reached; return it, or
    None. Three to five statements."""
    set_visit_rules(case.community)
    rule = aftercare.rule_for(case) if aftercare.can_be_asked(case) else None
    if rule is None or not aftercare.is_drawn(rule, case):
        return None
    due_at = None if rule.after_rain else rule.due(now, calendar_of(case.community))
    visit = _owe(case, ReturnVisit.Reason.RULE, due_at=due_at, rule=rule, needs_senior=rule.needs_senior)
    data = {"rule": rule.name, "until": due_at.isoformat()} if due_at else {"rule": rule.name}
    events.log(case, "visit_due" if due_at else "visit_waits", by=None, now=now, data=data)
    return visit


def hasten_visit(case, *, now):
    """Owe the resident who gave a bad rating a visit within a day: the open one sooner, or a new one. Three
    statements."""
    due_at = now + timedelta(hours=aftercare.BAD_RATING_HOURS)
    visit = aftercare.open_visit(case)
    if visit is None:
        _owe(case, ReturnVisit.Reason.BAD_RATING, due_at=due_at)
    elif visit.due_at is None or visit.due_at > due_at:
        write(visit, reason=ReturnVisit.Reason.BAD_RATING, due_at=due_at)
    else:
        write(visit, reason=ReturnVisit.Reason.BAD_RATING)
        due_at = visit.due_at
    events.log(case, "visit_hastened", by=None, now=now, data={"until": due_at.isoformat()})


def drop_visit(case, *, by, now):
    """End the open visit of `case`, if there is one, as not made. One query, and two statements where there is."""
    visit = aftercare.open_visit(case)
    if visit is None:
        return
    write(visit, result=ReturnVisit.Result.NOT_MADE, done_at=now, by=by)
    events.log(case, "visit_not_made", by=by, now=now)


def _owe(case, reason, **facts):
    return ReturnVisit.objects.create(
        community_id=case.community_id,
        case=case,
        cycle=case.cycle,
        reason=reason,
        solved_by_id=aftercare.solver_of(case),
        **facts,
    )
