"""Product and after-sales problems: found in cases and visits, proposed to who can mend them, reported each month."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from complaints import problems, telling
from complaints.models import ProblemFinding, ProblemProposal, ProblemReport, ProductProblem
from complaints.permissions import demand, demand_in
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.moves import move, write

Proposed = ProblemProposal.Status


@transaction.atomic
def mark_problem(case, *, by, now, problem=None, theme="", kind=ProductProblem.Kind.PRODUCT, note=""):
    """Mark that `case` shows `problem`, or the one of that `theme`, made where it is new; return the finding.

    Raises Refused where the case is marked so already.
    """
    demand(by, "mark_problem", case)
    if problem is None:
        problem, _new = ProductProblem.objects.get_or_create(
            community_id=case.community_id, theme=theme, defaults={"kind": kind}
        )
    write(case)
    return found_in(case, problem, by=by, now=now, note=note)


def found_in(case, problem, *, by, now, note="", visit=None):
    """Write the finding and its event, in the transaction of the step in which it was found. Raises Refused where the
    case is marked so already."""
    if problem.community_id != case.community_id:
        raise Refused(_("Choose a problem of this community."))
    if ProblemFinding.objects.filter(case=case, problem=problem, dropped_at=None).exists():
        raise Refused(_("This case is marked with “%(theme)s” already.") % {"theme": problem})
    finding = ProblemFinding.objects.create(
        community_id=case.community_id, case=case, problem=problem, visit=visit, note=note, by=by, at=now
    )
    data = {"theme": problem.theme, "version": case.version}
    events.log(case, "problem_marked", by=by, now=now, note=note, data=data)
    return finding


@transaction.atomic
def drop_problem(case, *, finding, reason, by, now):
    """Take a mark back, with the reason; it stays in the history and is counted no longer."""
    demand(by, "drop_problem", case)
    write(case)
    rows = ProblemFinding.objects.filter(pk=finding.pk, case=case, dropped_at=None)
    if rows.update(dropped_at=now, dropped_by=by, dropped_reason=reason) != 1:
        raise Refused(_("This mark has been taken back already."))
    data = {"theme": finding.problem.theme, "version": case.version}
    events.log(case, "problem_dropped", by=by, now=now, note=reason, data=data)


@transaction.atomic
def change_problem(problem, *, by, now, **facts):
    """Write what was changed about a theme. Raises Refused where another one has its name: mark the cases with that."""
    demand_in(by, "propose_problem", problem.community)
    was = {name: str(getattr(problem, name)) for name in facts}
    changed = {name: value for name, value in facts.items() if str(value) != was[name]}
    if not changed:
        return
    try:
        with transaction.atomic():
            write(problem, **changed)
    except IntegrityError as error:
        raise Refused(_("There is a theme of this name already.")) from error
    note = " · ".join(was[name] for name in changed if was[name])
    events.log(problem, "problem_changed", by=by, now=now, note=note, data={"changed": sorted(changed)})


# Proposals ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def propose_remedy(problem, *, party, text, by, now):
    """Propose what `party` should do about a problem, and return the proposal."""
    demand_in(by, "propose_problem", problem.community)
    if party.community_id != problem.community_id:
        raise Refused(_("Choose a party of this community."))
    proposal = ProblemProposal.objects.create(
        community_id=problem.community_id, problem=problem, party=party, text=text, by=by, at=now
    )
    events.log(proposal, "remedy_proposed", by=by, now=now, note=text, data={"party": party.name})
    return proposal


@transaction.atomic
def send_remedy(proposal, *, sent_how, by, now):
    """Record that a proposal was sent, for the first time or once more after an answer."""
    demand_in(by, "send_problem", proposal.community)
    facts = {"sent_at": now, "sent_how": sent_how, "answer": "", "answer_text": "", "answered_at": None}
    # What they said before stays readable as the note: words never enter the sealed part of an event.
    move(proposal, Proposed.SENT, by=by, now=now, note=proposal.answer_text, **facts)


@transaction.atomic
def answer_remedy(proposal, *, answer, answer_text, by, now):
    """Record what they say to it."""
    demand_in(by, "propose_problem", proposal.community)
    facts = {"answer": answer, "answer_text": answer_text, "answered_at": now}
    move(proposal, Proposed.ANSWERED, by=by, now=now, note=answer_text, **facts)


@transaction.atomic
def finish_remedy(proposal, *, result, by, now):
    """Record what came of it in the end."""
    demand_in(by, "propose_problem", proposal.community)
    move(proposal, Proposed.DONE, by=by, now=now, note=result, result=result, ended_at=now)


@transaction.atomic
def drop_remedy(proposal, *, result, by, now):
    """Take a proposal back, with the reason."""
    demand_in(by, "send_problem", proposal.community)
    move(proposal, Proposed.DROPPED, by=by, now=now, note=result, result=result, ended_at=now)


# The sheet of a month -------------------------------------------------------------------------------------------------


@transaction.atomic
def sign_problems(community, period, *, text, addressee, by, now):
    """Sign the sheet of a month as it is sent and return it, with its figures frozen; the deputy GM is told.

    Raises Refused before the month is over and where it is signed already. Four statements and those of the count.
    """
    demand_in(by, "send_problem", community)
    if not period.is_over(community, now):
        raise Refused(_("This sheet can be signed when its month is over. What you typed is kept."))
    report = ProblemReport(
        community=community,
        starts_on=period.starts_on,
        text=text,
        addressee=addressee,
        snapshot=problems.counted(community, period),
        signed_by=by,
        signed_at=now,
    )
    try:
        with transaction.atomic():
            report.save(force_insert=True)
    except IntegrityError:
        raise Refused(_("Somebody else has signed this sheet already. What you typed is kept on this page.")) from None
    data = {"day": period.starts_on.isoformat(), "to_whom": addressee}
    events.log(report, "problems_signed", by=by, now=now, note=text, data=data)
    telling.tell_deputy(report, "problems_signed", period.starts_on, by=by, now=now)
    return report
