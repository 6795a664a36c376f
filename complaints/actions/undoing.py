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
from complaints.models import Case, DeadlinePolicy, Status
from complaints.words import RESIDENTS_VERBS
from servicedesk.core import events, notifications
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Event
from servicedesk.core.moves import move, write
from servicedesk.core.notifications import UNDO_MINUTES

# To look changes nothing: what somebody only looked at or printed themselves is still theirs to undo.
LOOKS = ("unmasked", "order_printed")
UNDOABLE = {"received", "assigned", "handed", "transferred", "urged", "escalated"}


@transaction.atomic
def undo(event, *, by, now):
    """Undo what `event` did and return the case. Raises Refused where it is not this person's, too old or overtaken,
    and for a case that is about them or that they no longer see.

    A registration becomes void, and its number stays; an assignment or a hand-over goes back, with the deadline
    counted again; a raise by hand goes back down in a new level cycle. Messages that still wait are stopped.
    """
    if event.by_id != by.pk or event.verb not in UNDOABLE or now - event.at > timedelta(minutes=UNDO_MINUTES):
        raise Refused(_("This can no longer be undone: only who did it, and within ten minutes."))
    case = (
        Case.objects.select_for_update(of=("self",)).select_related("community", "department").get(pk=event.subject_id)
    )
    if not Case.objects.visible_to(by).filter(pk=case.pk).exists():
        raise NotAllowed(_("This case is no longer yours to change."))
    # The clock's own events take nothing away; a person's do, and residents have no name in history.
    others = Event.objects.about(case).filter(pk__gt=event.pk).exclude(Q(by=None) & ~Q(verb__in=RESIDENTS_VERBS))
    others = others.exclude(by=by, verb__in=LOOKS)
    if others.exists():
        raise Refused(_("Something else has happened to this case since. Look at it and set it right by hand."))
    notifications.withdraw(
        ContentType.objects.get_for_model(case), case.pk, now=now, reason="undone", created_at=event.at
    )
    data = {"what": event.verb, "event": event.pk}
    if event.verb == "received":
        facts = {"void_reason": "undone", "void_asked_by": by, "void_asked_at": now, "next_escalation_at": None}
        move(case, Status.VOID, by=by, now=now, verb="undone", data=data, **facts)
        hotline.drop(case, now=now)
        free_calls(case, by=by, now=now)
        free_letter(case, by=by, now=now)
        return case
    if event.verb == "handed":
        move(case, event.data["from"], by=by, now=now, verb="undone", data=data, **_before_handing(case, event))
        return case
    write(case, **_was(case, event, now))
    events.log(case, "undone", by=by, now=now, data={**data, "version": case.version})
    return case


def _was(case, event, now):
    if event.verb == "assigned":
        return {"assigned_to_id": event.data["was"]["assigned_to"]}
    if event.verb == "transferred":
        return _before_handing(case, event)
    if event.verb == "urged":
        return {"urges": case.urges - 1}
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
