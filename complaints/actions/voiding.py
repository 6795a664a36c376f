"""Nothing is deleted: a mistake is voided by two people, a double is merged into the case that goes on."""

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from complaints import telling
from complaints.actions import hotline
from complaints.actions.escalating import raise_to
from complaints.actions.warranty import demand_none_open
from complaints.models import Case, Escalation, ExternalCase, Pause, Proposal, Status
from complaints.permissions import demand
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.moves import move, write

# The facts of a case that nobody asks to void.
NOT_ASKED = {"void_reason": "", "void_asked_by": None, "void_asked_at": None}


@transaction.atomic
def ask_void(case, *, by, now, reason):
    """Ask for the case to be voided; a second person decides. Until then its clock runs on.

    Raises Refused for a case that others were joined to: their callers would never be answered; and for one whose
    answer an authority waits for; and while a claim under warranty runs.
    """
    demand(by, "ask_void", case)
    demand_none_open(case)
    if waiting := case.external_cases.running().first():
        raise Refused(
            _("%(slip)s waits for an answer. Answer it, or return it as none of our duty; then ask again.")
            % {"slip": waiting}
        )
    if case.merged_cases.exists():
        raise Refused(
            _("Cases of other callers were joined to this one, and they wait for an answer. Resolve it and reply.")
        )
    write(case, void_reason=reason, void_asked_by=by, void_asked_at=now)
    events.log(case, "void_asked", by=by, now=now, note=reason, data={"version": case.version})
    telling.tell(case, telling.holders_for(case, 2, now), "case_void_asked", now=now, key=case.version, but=by)


@transaction.atomic
def confirm_void(case, *, by, now, note=""):
    """Void the case that somebody else asked to void. The row and its number stay (ruling 11)."""
    demand(by, "confirm_void", case)
    move(case, Status.VOID, by=by, now=now, note=note, voided_by=by, next_escalation_at=None)
    Pause.objects.filter(case=case, ended_at=None, starts_at__lte=now).update(ended_at=now)
    undecided = Proposal.objects.open().filter(case=case)
    undecided.filter(by=by).update(decision=Proposal.Decision.WITHDRAWN, decided_by=by, decided_at=now)
    undecided.update(decision=Proposal.Decision.RETURNED, decided_by=by, decided_at=now)


@transaction.atomic
def refuse_void(case, *, by, now, note):
    """Keep the case that somebody else asked to void, with the reason."""
    demand(by, "confirm_void", case)
    write(case, **NOT_ASKED)
    events.log(case, "void_refused", by=by, now=now, note=note, data={"version": case.version})


@transaction.atomic
def merge(case, *, into, by, now, note=""):
    """Join `case` to another open case of the same matter; both callers keep their own entry (section 8).

    Callers who were joined to `case` go with it, so that whoever is owed an answer stands beside the case that goes on.
    Raises Refused where the other has ended or is about to be voided, which would end this one unanswered, and where it
    is about other members of staff: joined, either would be read by those whom the other is about (ruling 12). A claim
    under warranty goes on with no other case, so it ends first.
    """
    demand(by, "merge", case)
    demand_none_open(case)
    # All at once and in the order of the keys: two merges that cross wait for each other and never lock up.
    rows = Case.objects.select_for_update(of=("self",), no_key=True)
    rows = {row.pk: row for row in rows.filter(Q(pk__in=[case.pk, into.pk]) | Q(merged_into=case)).order_by("pk")}
    into = rows.pop(into.pk, into)
    if into.pk == case.pk or into.community_id != case.community_id or into.is_ended:
        raise Refused(_("Choose another open case of this community to join it to."))
    if into.void_asked_at is not None:
        raise Refused(
            _("%(number)s may be voided: somebody has asked for it. Join to it when that is decided.")
            % {"number": into.short_number}
        )
    if set(case.concerned.values_list("user", flat=True)) != set(into.concerned.values_list("user", flat=True)):
        raise Refused(_("These two cases are about different members of staff and stay apart."))
    data = {"into": into.short_number}
    facts = {"merged_into": into, "next_escalation_at": None, **NOT_ASKED}
    move(case, Status.MERGED, by=by, now=now, note=note, data=data, public=True, **facts)
    rows.pop(case.pk, None)
    for caller in rows.values():
        write(caller, merged_into=into)
        events.log(caller, "merged_on", by=by, now=now, data={**data, "version": caller.version})
    if hotline.first_due(into) != into.their_due_at:
        hotline.recount(into)
    write(into)
    data = {"number": case.short_number, "version": into.version}
    events.log(into, "merge_received", by=by, now=now, note=case.summary, data=data)
    if ExternalCase.objects.running().filter(case=case).exists():
        raise_to(into, 2, Escalation.Trigger.AUTHORITY, by=None, now=now)
