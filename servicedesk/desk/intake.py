"""What the intake page says before anything is saved: department, level, deadline and its sum, read-back text."""

import datetime
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from complaints import deadlines, incidents, repeats, warranty
from complaints.models import Call, Case, Channel, IncomingLetter, Kind, Severity, Status, Urgency
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
        occupancy = (
            Occupancy.objects.on(today).known().with_people().filter(unit__community=community, pk=who[1:]).first()
        )
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


@dataclass(frozen=True)
class Before:
    """What is known of the matter from before: open cases that may be the same, and what it comes back from."""

    same: list = field(default_factory=list)
    follows: Case | None = None
    is_repeat: bool = False
    is_third: bool = False
    earlier: list = field(default_factory=list)
    days: int = 0
    third_days: int = 0


def before(community, user, facts, someone, open_cases, now):
    """Return what was Before for an unfinished intake, of what `user` may see. At most four queries, none until a
    category is chosen."""
    category = facts.get("category")
    if category is None:
        return Before()
    occupancy = someone.occupancy if someone else None
    whose = {"unit": someone.unit if someone else None, "reporter": occupancy.person if occupancy else None}
    follows = _archived(community, user, facts.get("follows"))
    found = repeats.find(community, category=category, now=now, follows=follows, **whose)
    seen = set()
    if found.earlier:
        keys = [case.pk for case in found.earlier]
        seen = set(Case.objects.visible_to(user).filter(pk__in=keys).values_list("pk", flat=True))
    followed = found.follows if found.follows and (found.follows == follows or found.follows.pk in seen) else None
    return Before(
        same=[case for case in open_cases if repeats.may_be_same(case, category, found.rule, now)],
        follows=followed,
        is_repeat=followed is not None and repeats.has_come_back(followed, found.rule, now),
        is_third=found.is_third,
        earlier=[case for case in found.earlier if case.pk in seen],
        days=found.rule.repeat_days,
        third_days=found.rule.third_days,
    )


def _archived(community, user, key):
    if not key:
        return None
    rows = Case.objects.visible_to(user).in_community(community).filter(pk=key, status=Status.ARCHIVED)
    return rows.select_related("unit", "category").first()


def first_values(community, user, number, now):
    """Return what an intake begins with that follows the archived case `number`: what it was about and whose it was.
    Empty where `user` sees no such case. At most two queries."""
    rows = Case.objects.visible_to(user).in_community(community).select_related("unit")
    case = rows.filter(number=number, status=Status.ARCHIVED).first()
    if case is None:
        return {}
    lives = Occupancy.objects.on(community.local(now).date()).known()
    lives = lives.filter(unit=case.unit_id, person=case.reporter_id).first()
    who = f"o{lives.pk}" if lives else f"u{case.unit_id}" if case.unit_id else ""
    return {
        "follows": case.pk,
        "category": case.category_id,
        "kind": case.kind,
        "who": who,
        "q": case.unit.label if case.unit else case.place,
        "place": case.place,
        "reporter_name": case.reporter_name,
    }


def coverage(community, facts, someone, now):
    """Return the warranty Coverage of what has been typed so far, or None. At most two queries, none until there is a
    unit and a category with a system."""
    category, unit = facts.get("category"), someone.unit if someone else None
    return warranty.covered(community, category, unit.building, now) if category and unit else None


def known_events(community, facts, someone, now):
    """Return the known events that a caller may be calling about, for what has been typed so far.

    One query; a second for a place in words, where anything is known at all.
    """
    found = incidents.known(now, community)
    if not found:
        return []
    words = facts.get("place") or ("" if someone else facts.get("q") or "")
    spot = incidents.spot_in(community, words) if words else incidents.spot_of(someone.unit if someone else None)
    return [
        {"incident": one, "where": incidents.where(one), "until": one.end_known(now)}
        for one in incidents.touching(found, spot, facts.get("category"))
    ]


def judge(community, facts, someone, now, *, is_third=False):
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
    raised = 2 if urgency == Urgency.SPECIAL_URGENT or severity == Severity.MAJOR or is_third else 1
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
