"""An ordinary complaint before it goes to a department: verified, proposed, approved or returned (暂行5A, ruling 9)."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from complaints import deadlines, telling
from complaints.actions.handling import pass_to
from complaints.actions.receiving import receive_case
from complaints.actions.warranty import demand_none_open
from complaints.models import Kind, Proposal, Status, Validity
from complaints.permissions import demand
from servicedesk.core import events
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.moves import move, write

Outcome, Decision = Proposal.Outcome, Proposal.Decision


@transaction.atomic
def verify(case, *, validity, by, now, note):
    """Record whether the complaint is valid, inside the contract or the rules of the trade, and why (适度拒绝的原则).

    An ordinary one is verified from then on, and may be judged again until something is proposed; what is urgent keeps
    its status, because work does not wait for the judgement.
    """
    demand(by, "verify", case)
    facts, data = {"validity": validity}, {"validity": str(validity), "was": {"validity": str(case.validity)}}
    if case.status == Status.TAKEN and case.is_ordinary_complaint:
        move(case, Status.VERIFIED, by=by, now=now, note=note, data=data, **facts)
        return
    write(case, **facts)
    events.log(case, "verified", by=by, now=now, note=note, data={**data, "version": case.version})


@transaction.atomic
def propose(case, *, outcome, text, by, now, answer="", department=None):
    """Propose what is to be done about a verified complaint; a second person decides, and the clock runs on.

    Raises Refused where the proposal does not fit the judgement: what is valid is handled, what is not is helped as a
    courtesy or politely declined, with the words that the resident is to hear. Nothing is declined while a claim under
    warranty runs.
    """
    demand(by, "propose", case)
    if outcome == Outcome.DECLINE:
        demand_none_open(case)
    fits = {Outcome.HANDLE} if case.validity == Validity.VALID else {Outcome.COURTESY, Outcome.DECLINE}
    if outcome not in fits:
        raise Refused(
            _("A complaint that is valid is handled; one that is not is helped as a courtesy or politely declined.")
        )
    if outcome != Outcome.DECLINE and (department is None or department.community_id != case.community_id):
        raise Refused(_("Say which department is to see to it."))
    move(case, Status.PROPOSED, by=by, now=now, note=text, data={"outcome": str(outcome)})
    Proposal.objects.create(
        case=case,
        cycle=case.cycle,
        outcome=outcome,
        text=text,
        answer=answer if outcome == Outcome.DECLINE else "",
        department=department if outcome != Outcome.DECLINE else None,
        by=by,
        at=now,
    )
    telling.tell(case, telling.deciders(case, now), "case_proposed", now=now, key=case.version, but=by)


@transaction.atomic
def receive_to_decline(community, *, by, now, reason, answer, **facts):
    """Record a complaint that is to be politely declined (拟不受理) and return (case, link token): taken, found not
    valid for `reason`, and the refusal with the resident's `answer` proposed, all of it or nothing.

    The resident hears nothing before a second person has approved it (ruling 9). `facts` are those of `receive_case`;
    the same `submission` again returns the first case. Raises Refused for what is urgent, or about who records it.
    """
    case, token = receive_case(community, by=by, now=now, **{**facts, "kind": Kind.COMPLAINT})
    if case.status != Status.PROPOSED:
        verify(case, validity=Validity.INVALID, by=by, now=now, note=reason)
        propose(case, outcome=Outcome.DECLINE, text=reason, answer=answer, by=by, now=now)
    return case, token


@transaction.atomic
def approve(case, *, by, now, note=""):
    """Approve what somebody else proposed. The named department is told in the same step; what is the centre's own
    waits for the first responsible, and a refusal for the reply in which the resident hears it. What people are told
    waits until it can no longer be undone."""
    demand(by, "decide", case)
    proposal = _decided(case, Decision.APPROVED, by=by, now=now, note=note)
    if proposal.is_refusal:
        facts = {
            "declined_at": now,
            "reply_due_at": deadlines.reply_due(case, now),
            "reply_raises_to": min(case.level + 1, 3),
        }
        facts["next_escalation_at"] = deadlines.next_step(case, status=Status.DECLINED, **facts)
        move(case, Status.DECLINED, by=by, now=now, note=note, **facts)
        kind = "case_refusal_approved"
    else:
        move(case, Status.APPROVED, by=by, now=now, note=note, approved_at=now)
        kind = "case_approved"
        if not proposal.department.is_centre:
            pass_to(case, proposal.department, by=by, now=now, note=proposal.text)
    people = [case.first_responsible, proposal.by]
    telling.tell(case, people, kind, now=now, key=case.version, but=by, undoable=True)


@transaction.atomic
def return_proposal(case, *, by, now, note):
    """Return a proposal to the desk with what is missing; it is proposed again or judged again."""
    demand(by, "decide", case)
    proposal = _decided(case, Decision.RETURNED, by=by, now=now, note=note)
    move(case, Status.VERIFIED, by=by, now=now, verb="proposal_returned", note=note)
    telling.tell(case, [proposal.by], "case_returned", now=now, key=case.version, but=by, undoable=True)


@transaction.atomic
def withdraw_proposal(case, *, by, now):
    """Take back one's own proposal while nobody has decided on it."""
    demand(by, "withdraw", case)
    _decided(case, Decision.WITHDRAWN, by=by, now=now)
    move(case, Status.VERIFIED, by=by, now=now, verb="proposal_withdrawn")


@transaction.atomic
def note_report(case, *, by, now, note="", question=False):
    """Confirm to have read what was reported about an urgent complaint, or ask back about it with a note."""
    demand(by, "note_report", case)
    write(case)
    proposal = _decided(case, Decision.RETURNED if question else Decision.APPROVED, by=by, now=now, note=note)
    verb = "report_queried" if question else "report_noted"
    events.log(case, verb, by=by, now=now, note=note, data={"version": case.version})
    if question:
        telling.tell(case, [proposal.by], "case_report_queried", now=now, key=case.version, but=by, undoable=True)


def _decided(case, decision, *, by, now, note=""):
    """Close the open proposal of `case` and return it. Raises Stale where somebody else was faster."""
    proposal = Proposal.objects.open().select_related("by", "department").filter(case=case).first()
    rows = Proposal.objects.open().filter(case=case)
    if rows.update(decision=decision, decided_by=by, decided_at=now, note=note) != 1:
        raise Stale
    return proposal
