"""Undo is a second event by the same person within ten minutes, while nobody else has acted (ruling 11)."""

from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from complaints import deadlines
from complaints.actions import hotline
from complaints.actions.calls import free_calls
from complaints.actions.letters import free_letter
from complaints.actions.needs import free_need_of
from complaints.models import Case, DeadlinePolicy, Proposal, ReturnVisit, Status
from complaints.reports import sentence
from complaints.words import RESIDENTS_VERBS
from servicedesk.core import events, notifications
from servicedesk.core.errors import NotAllowed, Refused, Stale
from servicedesk.core.models import Event
from servicedesk.core.moves import move, write
from servicedesk.core.notifications import UNDO_MINUTES

# To look changes nothing: what somebody only looked at or printed themselves is still theirs to undo.
LOOKS = ("unmasked", "order_printed")
DECISIONS = ("approved", "declined", "proposal_returned", "report_noted", "report_queried")
VISITS = ("visited", "visit_missed", "visit_given_up")
UNDOABLE = {"received", "assigned", "handed", "transferred", "urged", "escalated", "verified", *DECISIONS, *VISITS}


@transaction.atomic
def undo(event, *, by, now):
    """Undo what `event` did and return the case. Raises Refused where it is not this person's, too old or overtaken,
    and says by what; NotAllowed for a case that is about them or that they no longer see.

    A registration becomes void, and its number stays; an assignment or a hand-over goes back, with the deadline
    counted again; a raise by hand goes back down in a new level cycle; what was decided waits for a decision again,
    and a visit is owed again. Messages that still wait are stopped. Of one act that left several events, such as an
    approval that told a department, the last is undone first.
    """
    if event.by_id != by.pk or event.verb not in UNDOABLE or now - event.at > timedelta(minutes=UNDO_MINUTES):
        raise Refused(_("This can no longer be undone: only who did it, and within ten minutes."))
    case = (
        Case.objects.select_for_update(of=("self",)).select_related("community", "department").get(pk=event.subject_id)
    )
    if not Case.objects.visible_to(by).filter(pk=case.pk).exists():
        raise NotAllowed(_("This case is no longer yours to change."))
    _demand_last(case, event, by)
    notifications.withdraw(
        ContentType.objects.get_for_model(case), case.pk, now=now, reason="undone", created_at=event.at
    )
    data = {"what": event.verb, "event": event.pk}
    if event.verb == "received":
        facts = {"void_reason": "undone", "void_asked_by": by, "void_asked_at": now, "next_escalation_at": None}
        move(case, Status.VOID, by=by, now=now, verb="undone", data=data, **facts)
        hotline.drop(case, now=now)
        free_calls(case, by=by, now=now)
        free_need_of(case, by=by, now=now)
        free_letter(case, by=by, now=now)
        return case
    if event.verb in DECISIONS:
        _open_again(case, event, now)
    elif event.verb in VISITS:
        _owe_again(case, event)
    facts = _was(case, event, now)
    if "from" in event.data:
        move(case, event.data["from"], by=by, now=now, verb="undone", data=data, back=True, **facts)
        return case
    write(case, **facts)
    events.log(case, "undone", by=by, now=now, data={**data, "version": case.version})
    return case


def _demand_last(case, event, by):
    """Raise Refused, naming it, where something has happened to `case` since that an undo would take away.

    The clock's own events take nothing away; a person's do, and residents have no name in history. Two queries.
    """
    later = Event.objects.about(case).filter(pk__gt=event.pk)
    undone = {row.data["event"] for row in later.filter(by=by, verb="undone")}
    if event.pk in undone:
        raise Refused(_("This has been undone already."))
    others = later.exclude(Q(by=None) & ~Q(verb__in=RESIDENTS_VERBS)).exclude(by=by, verb__in=("undone", *LOOKS))
    overtaken = others.exclude(pk__in=undone).first()
    if overtaken is not None:
        raise Refused(
            _("Something else has happened to this case since: “%(what)s”. Look at it and set it right by hand.")
            % {"what": sentence(overtaken, case.community.tz)}
        )


def _was(case, event, now):
    """Return the columns of `case` as they were before `event`."""
    if event.verb == "assigned":
        return {"assigned_to_id": event.data["was"]["assigned_to"]}
    if event.verb in ("handed", "transferred"):
        return _before_handing(case, event)
    if event.verb == "urged":
        return {"urges": case.urges - 1}
    if event.verb == "verified":
        return {"validity": event.data["was"]["validity"]}
    if event.verb in ("approved", "declined"):
        facts = {"approved_at": None, "declined_at": None, "reply_due_at": None, "reply_raises_to": None}
        return {**facts, "next_escalation_at": deadlines.next_step(case, status=Status.PROPOSED, **facts)}
    return _before_raising(case, event) if event.verb == "escalated" else {}


def _before_raising(case, event):
    if case.level != event.data["to_level"]:
        raise Refused(_("The clock has raised this case further since. Its level stays."))
    # `level_from_at` stays: what fell due meanwhile still raises the case.
    was = event.data["was"]
    fresh = {
        "level": event.data["from_level"],
        "level_cycle": case.level_cycle + 1,
        "level_since": parse_datetime(was["level_since"]),
        "holder_id": was["holder"],
    }
    return {**fresh, "next_escalation_at": deadlines.next_step(case, **fresh)}


def _before_handing(case, event):
    was = event.data["was"]
    facts = {
        "department_id": was["department"],
        "assigned_to_id": was["assigned_to"],
        "accepted_at": parse_datetime(was["accepted_at"] or ""),
        "arrived_at": parse_datetime(was["arrived_at"] or ""),
    }
    if was["policy"] is not None:
        policy = DeadlinePolicy.objects.get(pk=was["policy"])
        facts |= deadlines.clock_facts(case, policy, pauses=deadlines.pauses_of(case))
    return {
        **facts,
        "next_escalation_at": deadlines.next_step(case, status=event.data.get("from", case.status), **facts),
    }


def _open_again(case, event, now):
    """Let what `event` decided wait for a decision again; the event keeps what had been decided and by whom."""
    rows = Proposal.objects.filter(case=case, cycle=case.cycle, decided_by=event.by_id, decided_at=event.at)
    if rows.update(decision="", decided_by=None, decided_at=None, note="", undone_at=now) != 1:
        raise Stale


def _owe_again(case, event):
    """Let the visit that `event` recorded be owed as it was before; one that nobody had been owed was not made.

    Raises Refused where the clock has archived the case since: nothing is archived while a visit is open.
    """
    if case.status != event.data["stood"]:
        raise Refused(_("The case has been archived since. Open it again if something is still to be done."))
    visit = ReturnVisit.objects.get(pk=event.data["visit"])
    said = {"channel": "", "grade": None, "words": ""}
    was = event.data["was"]
    if was is None:
        write(visit, **said, result=ReturnVisit.Result.NOT_MADE)
        return
    moments = {name: parse_datetime(was[name] or "") for name in ("tried_at", "due_at")}
    write(visit, **said, **moments, result="", by=None, done_at=None, tries=was["tries"])
