"""The warranty (质保): claimed from who owes it, with reminders of its own; the case stays with us (section 10).

Without this the resident is kicked like a ball between developer and property firm (S3 cause 4).
"""

import logging
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from complaints import telling, warranty
from complaints.actions.escalating import raise_to
from complaints.actions.working import drop_open_quote
from complaints.models import Case, Escalation, OutsideParty, WarrantyClaim, WarrantyTerm
from complaints.models.cases import LADDERED
from complaints.permissions import demand, demand_in
from residents.models import Building
from servicedesk.core import events, notifications
from servicedesk.core.calendar import calendar_of
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.moves import move, write

logger = logging.getLogger(__name__)
Claimed = WarrantyClaim.Status
# Late is strictly after a deadline: the first moment that the database can tell from it.
JUST_AFTER = timedelta(microseconds=1)


# The settings of a community ------------------------------------------------------------------------------------------


@transaction.atomic
def fill_warranty(community, *, by, now):
    """Give `community` the periods of the law where it has none; return how many. At most three statements."""
    if WarrantyTerm.objects.filter(community=community).exists():
        return 0
    made = WarrantyTerm.objects.bulk_create(WarrantyTerm(community=community, **facts) for facts in warranty.DEFAULTS)
    events.log(community, "warranty_filled", by=by, now=now, data={"rows": len(made)})
    return len(made)


@transaction.atomic
def add_party(community, *, by, now, **facts):
    """Add an outside party and return it. Raises Refused where one of that name is there already."""
    demand_in(by, "set_warranty", community)
    party = OutsideParty(community=community, **facts)
    _save(party, force_insert=True)
    events.log(party, "party_added", by=by, now=now, data={"name": party.name})
    return party


@transaction.atomic
def change_party(party, *, by, now, **facts):
    """Write what was changed about an outside party; what stood there before is in the event."""
    demand_in(by, "set_warranty", party.community)
    was = {name: getattr(party, name) for name in facts}
    changed = {name: value for name, value in facts.items() if value != was[name]}
    if not changed:
        return
    for name, value in changed.items():
        setattr(party, name, value)
    _save(party, update_fields=list(changed))
    # Telephone and address are a person's data and stay out of the chain of events.
    data = {"changed": sorted(changed), "name": party.name}
    events.log(party, "party_changed", by=by, now=now, data=data)


def _save(party, **how):
    try:
        with transaction.atomic():
            party.save(**how)
    except IntegrityError as error:
        raise Refused(_("There is a party of this name already, perhaps switched off.")) from error


@transaction.atomic
def set_acceptance(community, *, days, by, now):
    """Write the day of completion acceptance of buildings, from which their warranty is counted; return how many
    changed. `days` are pairs of a Building and a date or None. Two statements for each that changed."""
    demand_in(by, "set_warranty", community)
    changed = 0
    for building, accepted_on in days:
        was = building.accepted_on
        if was == accepted_on:
            continue
        if Building.objects.filter(pk=building.pk, accepted_on=was).update(accepted_on=accepted_on) != 1:
            raise Stale
        data = {"was": was and was.isoformat(), "now": accepted_on and accepted_on.isoformat()}
        events.log(building, "acceptance_set", by=by, now=now, data=data)
        changed += 1
    return changed


# One claim ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def send_warranty(case, *, party, term, text, sent_how, by, now, reason=""):
    """Ask `party` to repair what `case` is about under warranty (转保修单位) and return the WarrantyClaim.

    The case stays with us, and its clock runs on. A price that was told and not agreed to is taken back: nothing is
    charged while the claim holds. Raises Refused where a claim runs already, where somebody has asked to void the case,
    and outside the period or where it is not known, unless `reason` says why it is theirs all the same.
    """
    demand(by, "send_warranty", case)
    if warranty.open_claim(case) is not None:
        raise Refused(_("A claim runs already. Record its answer, or take it back first."))
    if case.void_asked_by_id is not None:
        raise Refused(_("Somebody has asked to void this case. Decide on that first."))
    if party.community_id != case.community_id or term.community_id != case.community_id:
        raise Refused(_("Choose a repair unit of this community."))
    covered = warranty.coverage(term, case.building, case.community.local(now).date()) if case.building else None
    holds = covered is not None and covered.holds
    if not holds and not reason:
        raise Refused(_("It is not certain that the warranty holds. Say why it is theirs all the same."))
    write(case)
    drop_open_quote(case, by=by, now=now)
    due_at = warranty.due(now, term.answer_days, calendar_of(case.community))
    claim = WarrantyClaim.objects.create(
        community_id=case.community_id,
        case=case,
        cycle=case.cycle,
        party=party,
        term=term,
        covered_until=covered.until if covered else None,
        reason=reason,
        text=text,
        sent_how=sent_how,
        sent_at=now,
        sent_by=by,
        due_at=due_at,
        next_reminder_at=due_at + JUST_AFTER,
    )
    if sent_how == WarrantyClaim.How.EMAIL:
        if not party.email:
            raise Refused(_("%(party)s has no e-mail address. Choose another way.") % {"party": party})
        _write_to(claim, "warranty_asked", now=now)
    _log(claim, "warranty_sent", by=by, now=now, note=text, public=True, until=due_at)
    return claim


@transaction.atomic
def accept_warranty(case, *, claim, answer, until, by, now, answered_by=""):
    """Record that they will repair it, and by when; missing that is reminded of like an answer."""
    demand(by, "answer_warranty", case)
    _demand_of(case, claim)
    if until <= now:
        raise Refused(_("Give a day to come by which they repair it."))
    write(case)
    facts = _answered(answer, answered_by, now) | {"due_at": until, "next_reminder_at": until + JUST_AFTER}
    move(claim, Claimed.ACCEPTED, by=by, now=now, **facts)
    _log(claim, "warranty_accepted", by=by, now=now, note=answer, public=True, until=until)


@transaction.atomic
def refuse_warranty(case, *, claim, answer, by, now, answered_by=""):
    """Record that they refuse, with their reason. Their clock stops, and a supervisor is asked to decide at once."""
    demand(by, "answer_warranty", case)
    _demand_of(case, claim)
    write(case)
    move(claim, Claimed.REFUSED, by=by, now=now, **_answered(answer, answered_by, now), next_reminder_at=None)
    _log(claim, "warranty_refused", by=by, now=now, note=answer)
    people = [case.first_responsible, *telling.deciders(case, now)]
    telling.tell(case, people, "warranty_refused", now=now, key=case.version, but=by, party=claim.party.name)


@transaction.atomic
def finish_warranty(case, *, claim, note, by, now):
    """Record that they have repaired it. The case is still to be resolved, and the resident to be told, by us."""
    demand(by, "finish_warranty", case)
    _demand_of(case, claim)
    write(case)
    move(claim, Claimed.DONE, by=by, now=now, note=note, next_reminder_at=None, call_owed_at=None, ended_at=now)
    _log(claim, "warranty_done", by=by, now=now, note=note, public=True)


@transaction.atomic
def note_warranty_call(case, *, claim, note, by, now):
    """Record the call by which they were reminded, as evidence: who spoke to whom, and what was said."""
    demand(by, "note_warranty_call", case)
    _demand_of(case, claim)
    write(case)
    write(claim, call_owed_at=None)
    _log(claim, "warranty_called", by=by, now=now, note=note)


@transaction.atomic
def drop_warranty(case, *, claim, reason, by, now):
    """Take the claim back, with the reason; from then on the case goes the usual way."""
    demand(by, "drop_warranty", case)
    _demand_of(case, claim)
    write(case)
    move(claim, Claimed.DROPPED, by=by, now=now, note=reason, next_reminder_at=None, call_owed_at=None, ended_at=now)
    _log(claim, "warranty_dropped", by=by, now=now, note=reason)


@transaction.atomic
def insist_warranty(case, *, claim, decision, by, now):
    """Demand the repair in writing after a refusal: the letter names the law, and their clock begins anew."""
    demand(by, "decide_warranty", case)
    _demand_of(case, claim)
    write(case)
    due_at = warranty.due(now, claim.term.answer_days, calendar_of(case.community))
    facts = {"decided_by": by, "decided_at": now, "decision": decision, "due_at": due_at}
    facts |= {"next_reminder_at": due_at + JUST_AFTER, "in_vain": 0}
    move(claim, Claimed.INSISTED, by=by, now=now, note=decision, **facts)
    _log(claim, "warranty_insisted", by=by, now=now, note=decision, public=True, until=due_at)


@transaction.atomic
def settle_warranty(case, *, claim, bearer, decision, by, now):
    """Decide that a refusal is right, and who bears the cost: the resident, to whom a price is then quoted, or the
    community. Nobody is charged by this alone."""
    demand(by, "decide_warranty", case)
    _demand_of(case, claim)
    write(case)
    facts = {"decided_by": by, "decided_at": now, "decision": decision, "bearer": bearer, "ended_at": now}
    move(claim, Claimed.SETTLED, by=by, now=now, note=decision, **facts)
    _log(claim, "warranty_settled", by=by, now=now, note=decision, bearer=str(claim.get_bearer_display()))
    telling.tell(case, [case.first_responsible], "warranty_settled", now=now, key=case.version, but=by)


def demand_none_open(case):
    """Raise Refused while a claim of `case` runs: it ends before the case does. One query."""
    claim = warranty.open_claim(case)
    if claim is not None:
        raise Refused(
            _("A claim under warranty runs with %(party)s. Record that it is repaired, or take it back; then go on.")
            % {"party": claim.party}
        )


def _demand_of(case, claim):
    if claim.case_id != case.pk:
        raise Refused(_("This claim belongs to another case. Reload the page."))
    # One and the same row, so that its version is that of the case just written.
    claim.case = case


def _answered(answer, answered_by, now):
    return {
        "answered_at": now,
        "answer": answer,
        "answered_by": answered_by,
        "in_vain": 0,
        "call_owed_at": None,
    }


def _log(claim, verb, *, by, now, note="", public=False, until=None, **more):
    """Log what happened to a claim on the timeline of its case; the resident reads no words of it, and no names."""
    data = {"party": claim.party.name, "version": claim.case.version, **more}
    data |= {"until": until.isoformat()} if until else {}
    events.log(claim.case, verb, by=by, now=now, note=note, data=data, public=public)


# Reminders ------------------------------------------------------------------------------------------------------------


def remind_warranty(*, now):
    """Remind of every claim whose answer or repair is overdue; return how many were.

    Found by `next_reminder_at`, each in its own transaction; one that raises is logged and passed over. The first
    responsible and the heads of the department are told; they outside are written to where they have an address, or a
    call is owed. The second reminder in vain raises the case by one level, once for each time that they are asked.
    """
    reminded = 0
    due = WarrantyClaim.objects.filter(next_reminder_at__lte=now).order_by("next_reminder_at")
    for key, case_key in list(due.values_list("pk", "case_id")):
        try:
            reminded += _remind(key, case_key, now)
        except Exception:
            logger.exception("warranty claim %s could not be reminded of", key)
    return reminded


@transaction.atomic
def _remind(key, case_key, now):
    # The row of the case first, as every step on it does; what somebody works on now is left to the next pass.
    cases = Case.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    case = cases.select_related("community", "department", "first_responsible").filter(pk=case_key).first()
    claim = WarrantyClaim.objects.select_related("party", "term").filter(pk=key, next_reminder_at__lte=now).first()
    if case is None or claim is None:
        return False
    claim.case, claim.community = case, case.community
    write(case)
    next_at = warranty.due(now, claim.term.remind_days, calendar_of(case.community)) + JUST_AFTER
    owed_since = claim.call_owed_at or now
    facts = {"last_reminded_at": now, "reminders": claim.reminders + 1, "in_vain": claim.in_vain + 1}
    write(claim, **facts, next_reminder_at=next_at, call_owed_at=None if claim.party.email else owed_since)
    if claim.party.email:
        _write_to(claim, "warranty_reminded", now=now)
    _log(claim, "warranty_reminded", by=None, now=now, count=claim.reminders)
    people = [case.first_responsible, *telling.department_people(case)]
    telling.tell(case, people, "warranty_late", now=now, key=f"{claim.pk}:{claim.reminders}", party=claim.party.name)
    if claim.in_vain == warranty.IN_VAIN_RAISES and case.status in LADDERED:
        to_level = min(case.level + 1, 3)
        raise_to(case, to_level, Escalation.Trigger.WARRANTY, by=None, now=now, due_at=claim.due_at)
    return True


def _write_to(claim, kind, *, now):
    """Write an e-mail to the party of a claim, told once a reminder: place and matter, and no name of a resident."""
    case, community = claim.case, claim.case.community
    data = {
        **telling.about(case),
        "party": claim.party.name,
        "community": community.name,
        "where": str(case.where),
        "what": claim.text,
        "due": f"{community.local(claim.due_at):%Y-%m-%d %H:%M}",
        "phone": community.phone,
        "count": claim.reminders,
    }
    key = f"{kind}:{claim.pk}:{claim.reminders}"
    notifications.notify_outside(claim.party.email, kind, about=case, key=key, now=now, data=data)
