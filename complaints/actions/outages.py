"""Known events: opened, changed and ended by whoever knows of them, and answered for everybody who called."""

from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from complaints import telling
from complaints.actions.handling import resolve
from complaints.actions.receiving import take
from complaints.actions.replying import reply
from complaints.incidents import ANSWERED_IN_WRITING, to_answer
from complaints.models import Incident, IncidentPlace, Status
from complaints.permissions import demand, demand_incident, may
from servicedesk.core import events, notifications
from servicedesk.core.errors import Refused
from servicedesk.core.moves import move, write


@transaction.atomic
def open_incident(
    community,
    *,
    by,
    now,
    title,
    kind,
    words,
    starts_at,
    places=(),
    is_everywhere=False,
    category=None,
    department=None,
    expected_end_at=None,
):
    """Make something known to everybody who takes calls, and return the Incident; they are told at once.

    `places` are (building, section, unit) triples, the last ones None where all of it is meant. Without a department
    of its own it belongs to that of its category. Raises NotAllowed, and Refused where it is felt nowhere.
    """
    department = department or (category.department if category else None)
    demand_incident(by, community, department)
    _demand_places(places, is_everywhere)
    incident = Incident.objects.create(
        community=community,
        title=title,
        kind=kind,
        words=words,
        starts_at=starts_at,
        is_everywhere=is_everywhere,
        category=category,
        department=department,
        expected_end_at=expected_end_at,
        opened_by=by,
        opened_at=now,
    )
    _place(incident, places)
    events.log(incident, "incident_opened", by=by, now=now, note=words, data={"version": 0, "where": _labels(places)})
    notifications.notify(
        [person for person in telling.desk(incident) if person != by],
        "incident_opened",
        about=incident,
        key=f"incident_opened:{incident.pk}",
        now=now,
        data={"title": title, "path": incident.get_absolute_url()},
    )
    return incident


@transaction.atomic
def change_incident(incident, *, by, now, places, is_everywhere, **facts):
    """Correct what is known of a running incident: its words, its places, whose it is. The event keeps what it was."""
    department = facts.get("department") or (facts["category"].department if facts.get("category") else None)
    facts["department"] = department
    _demand_running(incident, by)
    demand_incident(by, incident.community, department)
    _demand_places(places, is_everywhere)
    was = {"title": incident.title, "words": incident.words, "where": _labels(_placed(incident))}
    write(incident, is_everywhere=is_everywhere, **facts)
    IncidentPlace.objects.filter(incident=incident).delete()
    _place(incident, places)
    data = {"version": incident.version, "was": was, "where": _labels(places)}
    events.log(incident, "incident_changed", by=by, now=now, note=incident.words, data=data)


@transaction.atomic
def move_incident_end(incident, *, expected_end_at, by, now, note=""):
    """Say when it is expected to be over from now on; who asks is told so at once. Raises Refused for a past time."""
    _demand_running(incident, by)
    if expected_end_at <= now or expected_end_at <= incident.starts_at:
        raise Refused(_("Give a time in the future, after it begins."))
    was = incident.expected_end_at
    write(incident, expected_end_at=expected_end_at)
    data = {"version": incident.version, "until": expected_end_at.isoformat(), "was": was and was.isoformat()}
    events.log(incident, "incident_end_moved", by=by, now=now, note=note, data=data)


@transaction.atomic
def end_incident(incident, *, reply, by, now):
    """End an incident and keep the draft of what its callers are told; nobody is told yet (`answer_callers`)."""
    _demand_running(incident, by)
    facts = {"ended_at": now, "reply": reply}
    move(incident, Incident.Status.ENDED, by=by, now=now, verb="incident_ended", note=reply, **facts)


@dataclass(frozen=True)
class Answered:
    """What became of the linked cases: told on their page, resolved and to be told by a person, refused with why."""

    told: list = field(default_factory=list)
    to_tell: list = field(default_factory=list)
    refused: list = field(default_factory=list)


@transaction.atomic
def answer_callers(incident, *, by, now, text=""):
    """Resolve the linked cases that `by` sees, and answer those who read it on their page; return what was Answered.

    The first time `text` becomes what all are told, and stays it. Each case goes by its own steps and its own
    permissions: one that refuses is left as it was and named with the reason, and stops none of the others. What was
    told already is not told again, however often and by however many people this is done: the incident is locked first.
    """
    demand_incident(by, incident.community, incident.department)
    Incident.objects.select_for_update(no_key=True).get(pk=incident.pk)
    incident.refresh_from_db()
    if incident.is_open:
        raise Refused(_("It is still running. End it first; then its callers are told."))
    if incident.confirmed_at is None:
        write(incident, confirmed_at=now, reply=text or incident.reply)
        data = {"version": incident.version}
        events.log(incident, "incident_answered", by=by, now=now, note=incident.reply, data=data)
    answered = Answered()
    for case in to_answer(incident, by):
        try:
            with transaction.atomic():
                done = _answer(case, incident.reply, by, now)
        except Refused as refused:
            answered.refused.append((case, str(refused)))
        else:
            (answered.told if done else answered.to_tell).append(case)
    return answered


def _answer(case, text, by, now):
    """Take one case as far as it may go, and return whether its caller has been told."""
    if case.status == Status.RECEIVED:
        take(case, by=by, now=now)
    if case.status != Status.RESOLVED:
        resolve(case, by=by, now=now, remedy=text)
    if case.channel not in ANSWERED_IN_WRITING or not may(by, "reply", case):
        return False
    reply(case, channel=case.channel, text=text, by=by, now=now)
    return True


@transaction.atomic
def link_incident(case, *, incident, by, now, note=""):
    """Say that a case comes from a known event; None says that it does not. Its clock and its reply stay its own.

    Raises Refused for an incident of another community, one that is over, and where nothing would change.
    """
    demand(by, "link_incident", case)
    if incident is not None and (incident.community_id != case.community_id or not incident.is_open):
        raise Refused(_("Choose an event of this community that is still running."))
    was = case.incident
    if was == incident:
        raise Refused(_("Nothing was changed."))
    write(case, incident=incident)
    data = {"title": str(incident or was), "version": case.version}
    events.log(case, "incident_linked" if incident else "incident_unlinked", by=by, now=now, note=note, data=data)


def _demand_running(incident, by):
    demand_incident(by, incident.community, incident.department)
    if not incident.is_open:
        raise Refused(_("This event is over; what was said of it stays as it was."))


def _demand_places(places, is_everywhere):
    if is_everywhere == bool(places):
        raise Refused(_("Say where it is felt: the whole community, or its buildings, entrances or rooms."))


def _place(incident, places):
    rows = [IncidentPlace(incident=incident, building=b, section=s, unit=u) for b, s, u in dict.fromkeys(places)]
    IncidentPlace.objects.bulk_create(rows)


def _placed(incident):
    rows = incident.places.select_related("building", "section__building", "unit")
    return [(place.building, place.section, place.unit) for place in rows]


def _labels(places):
    return [str(unit or section or building) for building, section, unit in places]
