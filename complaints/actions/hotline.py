"""Matters of authorities (12345 热线, 街道, 信访): their number and their clock beside ours (section 9)."""

from django.db import transaction
from django.db.models import Min, Q
from django.utils.translation import gettext_lazy as _

from complaints import deadlines
from complaints.actions.escalating import raise_to
from complaints.models import Case, Escalation, ExternalCase
from complaints.models.cases import LADDERED
from complaints.permissions import demand
from servicedesk.core import events, search
from servicedesk.core.errors import Refused
from servicedesk.core.moves import write


@transaction.atomic
def register_external(case, *, by, now, **slip):
    """Record that an authority asks for `case`, with the limits that stand on its slip; return the ExternalCase.

    From then on the earlier clock counts, and the case is at level 2 at least. Raises Refused for a slip that is
    recorded already.
    """
    demand(by, "register_external", case)
    external = attach(case, by=by, now=now, **slip)
    recount(case)
    raise_to(case, 2, Escalation.Trigger.AUTHORITY, by=None, now=now)
    return external


def attach(
    case,
    *,
    by,
    now,
    source_org,
    external_no,
    received_at=None,
    received_from="",
    sign_due_at=None,
    first_contact_due_at=None,
    reply_due_at=None,
):
    """Write the row and its event, in the caller's transaction. Raises Refused for a slip that is recorded already."""
    known = ExternalCase.objects.filter(
        community=case.community_id, source_org=source_org, external_no=external_no, returned_at=None
    ).first()
    if known is not None:
        seen = Case.objects.visible_to(by).filter(pk=known.case_id).first()
        where = seen.short_number if seen else _("a case that you do not see")
        raise Refused(_("%(slip)s is recorded already: %(number)s.") % {"slip": known, "number": where})
    external = ExternalCase.objects.create(
        community_id=case.community_id,
        case=case,
        source_org=source_org,
        external_no=external_no,
        received_at=received_at or now,
        received_from=received_from,
        sign_due_at=sign_due_at,
        first_contact_due_at=first_contact_due_at,
        reply_due_at=reply_due_at,
    )
    # Asked for by their number from now on.
    case.terms = sorted({*case.terms, *search.terms(source_org, external_no)})
    Case.objects.filter(pk=case.pk).update(terms=case.terms)
    data = {"slip": str(external), "version": case.version}
    events.log(case, "external_registered", by=by, now=now, data=data)
    return external


def first_due(case):
    """Return when the first answer is due that an authority waits for, of `case` and of what was joined to it, or
    None. One query."""
    slips = ExternalCase.objects.running().filter(Q(case=case) | Q(case__merged_into=case))
    return slips.aggregate(first=Min("reply_due_at"))["first"]


def recount(case):
    """Write the clock of the authorities to `case`, in the caller's transaction; its ladder goes by the earlier one."""
    facts = {"their_due_at": first_due(case)}
    if case.status in LADDERED:
        facts["next_escalation_at"] = deadlines.next_step(case, **facts)
    write(case, **facts)


@transaction.atomic
def mark_external(case, *, external, what, at, by, now):
    """Record when a slip was signed (`what` is "signed_at") or its resident contacted first ("contacted_at").

    Raises Refused where that is recorded already, and for a time that is yet to come.
    """
    demand(by, "mark_external", case)
    _demand_of(case, external)
    if getattr(external, what) is not None:
        raise Refused(_("This is recorded already."))
    if at > now:
        raise Refused(_("Give the time at which it was done; it cannot be in the future."))
    write(external, **{what: at})
    write(case)
    data = {"slip": str(external), "until": at.isoformat(), "version": case.version}
    verb = {"signed_at": "external_signed", "contacted_at": "external_contacted"}[what]
    events.log(case, verb, by=by, now=now, data=data)


@transaction.atomic
def answer_external(case, *, external, reply_text, by, now):
    """Record what the authority was answered. Its clock ends here; the resident is told by our own reply."""
    demand(by, "answer_external", case)
    _demand_of(case, external)
    write(external, replied_at=now, reply_text=reply_text)
    recount(case)
    data = {"slip": str(external), "version": case.version}
    events.log(case, "external_answered", by=by, now=now, note=reply_text, data=data)


@transaction.atomic
def return_external(case, *, external, reason, by, now):
    """Send a slip back as none of our duty (非本单位职责), with the reason. Its clock ends and ours does not: the
    resident is still told where to turn, so the case is resolved with that, or voided where it was a mistake."""
    demand(by, "return_external", case)
    _demand_of(case, external)
    write(external, returned_at=now, returned_reason=reason)
    recount(case)
    data = {"slip": str(external), "version": case.version}
    events.log(case, "external_returned", by=by, now=now, note=reason, data=data)


@transaction.atomic
def evaluate_external(case, *, external, responded, solved, satisfied, by, now):
    """Record how the authority judged our answer; it may judge again. Raises Refused before there is an answer."""
    demand(by, "evaluate_external", case)
    _demand_of(case, external, running=False)
    if external.replied_at is None:
        raise Refused(_("It has not been answered yet; there is nothing to judge."))
    write(external, responded=responded, solved=solved, satisfied=satisfied, evaluated_at=now)
    write(case)
    marks = {"responded": responded, "solved": solved, "satisfied": satisfied}
    data = {"slip": str(external), "marks": marks, "version": case.version}
    events.log(case, "external_evaluated", by=by, now=now, data=data)


def drop(case, *, now):
    """Let go of the slips of a registration that is undone, in the caller's transaction: their numbers are free."""
    for external in case.external_cases.running():
        write(external, returned_at=now, returned_reason="undone")


def _demand_of(case, external, *, running=True):
    if case.pk not in (external.case_id, external.case.merged_into_id):
        raise Refused(_("This slip belongs to another case. Reload the page."))
    if running and not external.is_running:
        raise Refused(_("This slip has been answered or returned already."))
