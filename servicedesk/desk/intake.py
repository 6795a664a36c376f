"""What the intake page says before anything is saved: department, level, deadline and its sum, read-back text."""

import datetime
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from complaints import deadlines
from complaints.models import Call, Case, Channel, IncomingLetter, Kind, Severity, Urgency
from residents.models import Occupancy, Unit
from servicedesk.core import worktime
from servicedesk.core.models import Event


@dataclass(frozen=True)
class Verdict:
    """How the system judges what has been typed so far; empty until there is a category."""

    kind: str = ""
    department: str = ""
    level: int = 1
    due_at: datetime.datetime | None = None
    why: list = field(default_factory=list)
    policy: str = ""
    arrive_minutes: int | None = None
    read_back: str = ""
    category: object = None


@dataclass(frozen=True)
class Caller:
    """Who the finder line means, as the side card shows them."""

    name: str
    unit: Unit | None
    occupancy: Occupancy | None
    note: str = ""


def caller(community, who, today):
    """Return the Caller of a finder line (`o12`, `u34`), or None. One query."""
    if who.startswith("o"):
        occupancy = Occupancy.objects.on(today).with_people().filter(unit__community=community, pk=who[1:]).first()
        if occupancy:
            return Caller(occupancy.person.name, occupancy.unit, occupancy, occupancy.person.note)
    elif who.startswith("u"):
        unit = Unit.objects.filter(community=community, pk=who[1:]).select_related("building", "section").first()
        if unit:
            return Caller("", unit, None)
    return None


def beginning(user, community, asked):
    """Return what the page begins with where its address names a letter or a call that is no case yet, else nothing.
    At most two queries.

    The number of a call stands there for who has taken it on record; for others it is filled in when they save.
    """
    if letter := _named(IncomingLetter, user, community, asked.get("letter")):
        return {
            "letter": letter.pk,
            "channel": Channel.LETTER,
            "reporter_name": letter.sender,
            "summary": letter.subject,
            "letter_on": letter.letter_on,
            "letter_ref": letter.sender_ref,
        }
    if call := _named(Call, user, community, asked.get("call")):
        knows = Event.objects.about(call).filter(by=user, verb__in=("call_entered", "call_opened")).exists()
        return {
            "call": call.pk,
            "channel": Channel.PHONE,
            "reporter_name": call.caller,
            "reporter_phone": call.phone if knows else "",
            "summary": call.what,
        }
    return {}


def _named(model, user, community, key):
    if not key or not key.isascii() or not key.isdigit() or len(key) > 15:
        return None
    return model.objects.visible_to(user).filter(community=community, pk=key).loose().first()


def judge(community, facts, someone, now):
    """Return the Verdict for unfinished intake `facts` of `someone` (a Caller or None). At most one query."""
    category = facts.get("category")
    if category is None:
        return Verdict()
    urgency = facts.get("urgency") or Urgency.ORDINARY
    severity = facts.get("severity") or Severity.GENERAL
    department = category.department
    policy = deadlines.policy_for(community, category, department, severity=severity, urgency=urgency)
    trial = Case(community=community, clock_started_at=now, urgency=urgency)
    deadline = deadlines.count(trial, policy)
    raised = 2 if urgency == Urgency.SPECIAL_URGENT or severity == Severity.MAJOR else 1
    return Verdict(
        kind=Kind(facts.get("kind") or category.kind).label,
        department=str(department),
        level=max(raised, category.straight_to_level),
        due_at=deadline.due_at,
        why=worktime.explain(deadline.explanation, tz=community.tz),
        policy=policy.name,
        arrive_minutes=category.arrive_minutes,
        read_back=_read_back(community, facts, someone, category, deadline.due_at),
        category=category,
    )


def _read_back(community, facts, someone, category, due_at):
    occupancy = someone.occupancy if someone else None
    title = occupancy.person.title if occupancy else ""
    name = facts.get("reporter_name") or (occupancy.person.name if occupancy else "")
    where = facts.get("place") or (someone.unit.label if someone and someone.unit else facts.get("q") or "")
    said = {
        "name": f"{name[:1]}{title}" if title else name,
        "where": where,
        "matter": facts.get("summary") or "……",
        "department": category.department,
        "due": f"{community.local(due_at):%m-%d %H:%M}",
        "minutes": category.arrive_minutes,
    }
    if category.arrive_minutes:
        return (
            _(
                "%(name)s, let me check: %(where)s, %(matter)s. %(department)s will be there within %(minutes)s"
                " minutes, and it is settled by %(due)s at the latest. Is that right?"
            )
            % said
        )
    return (
        _("%(name)s, let me check: %(where)s, %(matter)s. %(department)s will settle it by %(due)s. Is that right?")
        % said
    )
