"""What was urgent is done at once and reported to the superior afterwards (暂行5B, ruling 9)."""

from complaints import telling
from complaints.models import Proposal
from servicedesk.core import events


def report_afterwards(case, *, by, now, text, department=None):
    """Report that work on an urgent complaint began without an approval, in the caller's transaction.

    Once a cycle; nothing for any other case. The supervisors are told, and one of them who did not do it, or the deputy
    GM, confirms to have read it.
    """
    if not (case.is_complaint and case.is_urgent) or case.approved_at is not None:
        return
    if case.proposals.filter(cycle=case.cycle, outcome=Proposal.Outcome.REPORT).exists():
        return
    Proposal.objects.create(
        case=case,
        cycle=case.cycle,
        outcome=Proposal.Outcome.REPORT,
        text=text or case.summary,
        department=department,
        by=by,
        at=now,
    )
    events.log(case, "reported", by=by, now=now, note=text, data={"version": case.version})
    telling.tell(case, telling.deciders(case, now), "case_reported", now=now, key=case.cycle, but=by)
