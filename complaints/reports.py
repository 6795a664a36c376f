"""Reads about cases that are too big for a queryset."""

import datetime
from dataclasses import dataclass, field

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from complaints import ladder
from complaints.models import (
    Case,
    Channel,
    Escalation,
    IncomingLetter,
    Kind,
    Outcome,
    Pause,
    ReplyLetter,
    Severity,
    Status,
    Urgency,
)
from complaints.models.cases import ENDED, KEPT_FROM
from complaints.models.letters import KEPT_FROM as LETTERS_KEPT_FROM
from complaints.words import RESIDENTS_VERBS, UNDONE, VERBS
from servicedesk.core.calendar import calendar_of
from servicedesk.core.duty import LEVELS
from servicedesk.core.models import Event, NumberSeries, Photo, User


@dataclass(frozen=True)
class Entry:
    """One line of a timeline: when, who, what, and the words that were written."""

    at: datetime.datetime
    who: str
    kind: str
    title: str
    text: str = ""
    badge: str = ""
    files: list = field(default_factory=list)
    event: Event | None = None


@dataclass(frozen=True)
class Clear:
    """One of the five clears (听 问 记 复 跟): done, or what is still missing."""

    label: str
    done: bool
    hint: str


def sentence(event, tz, *, words=VERBS):
    """Return what an event says, in the active language; facts kept as keys are put into words here. No query."""
    facts = {key: _fact(key, value, tz) for key, value in event.data.items()}
    try:
        return words[event.verb] % facts
    except KeyError:
        return words.get(event.verb, event.verb)


def _fact(key, value, tz):
    if key in ("from_level", "to_level"):
        return LEVELS[value]
    if key == "trigger":
        return Escalation.Trigger(value).label
    if key == "reason":
        return Pause.Reason(value).label
    if key == "outcome":
        return Outcome(value).label
    if key == "channel":
        return Channel(value).label
    if key == "until":
        return f"{datetime.datetime.fromisoformat(value).astimezone(tz):%m-%d %H:%M}"
    if key == "what":
        return UNDONE.get(value, value)
    if key == "changes":
        return _separator().join(_change(*change) for change in value)
    return value


def _separator():
    return pgettext("between things in a list", ", ")


def _change(name, was, now):
    labels = {"kind": Kind, "severity": Severity, "urgency": Urgency}.get(name)
    if labels:
        was, now = labels(was).label, labels(now).label
    return f"{Case._meta.get_field(name).verbose_name} {was} → {now}"


STAFF = ("first_responsible", "assigned_to", "holder", "void_asked_by")


def name_staff(case):
    """Fill in the people who have to do with `case`. One query."""
    keys = {name: getattr(case, f"{name}_id") for name in STAFF}
    found = User.objects.in_bulk([key for key in keys.values() if key])
    for name, key in keys.items():
        setattr(case, name, found.get(key))


def timeline(case, *, only=""):
    """Return the Entries of `case`, newest first; `only` is "public", "internal" or empty. Two queries."""
    rows = Event.objects.about(case)
    if only:
        rows = rows.filter(is_public=only == "public")
    photos = list(Photo.objects.about(case).only("name", "stage", "at", "by_id"))
    entries = []
    for event in rows:
        kind = "system" if event.by_id is None else "outer" if event.is_public else "inner"
        if event.by_id is None and event.verb in RESIDENTS_VERBS:
            kind = "outer"
        entries.append(
            Entry(
                at=event.at,
                who=event.by_name or (_("Resident") if kind == "outer" else _("System")),
                kind=kind,
                title=sentence(event, case.community.tz),
                text=event.note,
                files=[_file(case, photo) for photo in photos if _belongs(photo, event)] + _letter_file(case, event),
                event=event,
            )
        )
    return entries


def _belongs(photo, event):
    shows = event.verb in ("received", "photo_added", "resolved")
    return shows and photo.at == event.at and photo.by_id == event.by_id


def _file(case, photo):
    url = reverse("complaints:photo", args=[case.number, photo.name])
    return {"url": url, "thumb_url": url, "label": photo.get_stage_display()}


def _letter_file(case, event):
    if "letter_id" not in event.data:
        return []
    return [
        {
            "url": reverse("complaints:letter_print", args=[case.number, event.data["letter_id"]]),
            "label": event.data["letter"],
        }
    ]


def letters_of(case):
    """Return the letters of reply to `case`, the last one first. One query, none where it is answered another way."""
    if case.channel not in (Channel.LETTER, Channel.OTHER):
        return []
    return list(ReplyLetter.objects.filter(case=case).select_related("written_by").order_by("-id"))


def changed_since(case, version, user):
    """Return the events by other people since a page was made from `version`, newest first. One query.

    What the clock did meanwhile is no conflict: it takes nobody's words away. What the resident did is one.
    """
    theirs = Q(by__isnull=False) & ~Q(by=user) | Q(by=None, verb__in=RESIDENTS_VERBS)
    return list(Event.objects.about(case).filter(theirs, data__version__gt=version))


def five_clears(case):
    """Return the five Clears of `case`: what the screen still reminds the first responsible of. No query."""
    unasked = [
        label
        for label, known in [
            (_("who"), case.reporter_name or case.anonymous_reason),
            (_("where"), case.unit_id or case.place or case.building_id),
            (_("what is wanted"), case.wish),
            (_("telephone"), case.reporter_phone or case.no_phone_reason),
        ]
        if not known
    ]
    told = case.replied_at is not None
    return [
        Clear(_("listen"), bool(case.summary), _("The matter in the caller's words.")),
        Clear(
            _("ask"),
            not unasked,
            _("Still unasked: %(what)s") % {"what": _separator().join(unasked)} if unasked else "",
        ),
        Clear(_("record"), bool(case.number), case.short_number),
        Clear(_("read back"), case.read_back_at is not None, "" if case.read_back_at else _("Not read back yet.")),
        Clear(_("follow"), told, "" if told else _("The resident has not been told the result.")),
    ]


def ladder_of(case, now):
    """Return the three steps of responsibility for `case`: who holds each, since when. One query above level 1."""
    rows = Escalation.objects.filter(case=case, level_cycle=case.level_cycle).select_related("holder")
    since = {row.to_level: row for row in (rows if case.level > 1 else ())}
    due = ladder.level_due(case, calendar_of(case.community), case.community.take_minutes, now)
    labels = [_("Receiver"), _("Supervisor"), _("Deputy GM")]
    steps = []
    for level, label in enumerate(labels, start=1):
        row = since.get(level)
        name = case.first_responsible if level == 1 else row.holder if row else None
        if level == case.level and case.holder:
            name = case.holder
        steps.append(
            {
                "label": label,
                "name": str(name) if name else "",
                "since": row.at if row else case.received_at if level == 1 else None,
                "state": "current" if level == case.level else "done" if level < case.level else "next",
                "due": level > case.level and level <= due,
            }
        )
    return steps


# What a line about another case of the unit shows, and when it came.
SAME_UNIT = ("community_id", "number", "summary", "status", "received_at", "due_at", "resolved_at", "replied_at")
MOST_OF_UNIT, MOST_SHOWN = 500, 5
# The series of the registers of letters: the sign of their numbers, and after which number they begin.
LETTER_SERIES = {
    "letters": ("SW", 0),
    "keptletters": ("SW", LETTERS_KEPT_FROM),
    "replies": ("FW", 0),
    "keptreplies": ("FW", LETTERS_KEPT_FROM),
}


def same_unit(case, user, now):
    """Return (up to five open cases of the unit, count of the last twelve months) that `user` may see. One query,
    of the newest 500 at the most: a home has a few a year, a shopping centre hundreds."""
    if case.unit_id is None:
        return [], 0
    a_year_ago = now - datetime.timedelta(days=365)
    asked = ~Q(status__in=ENDED) | Q(received_at__gte=a_year_ago)
    cases = Case.objects.visible_to(user).filter(asked, unit=case.unit_id).only(*SAME_UNIT).order_by("-id")
    others = sorted((other for other in cases[:MOST_OF_UNIT] if other.pk != case.pk), key=Case.due_key)
    for other in others:
        other.community = case.community
    is_open = [other for other in others if not other.is_ended]
    return is_open[:MOST_SHOWN], sum(other.received_at >= a_year_ago for other in others)


def first_gap(community):
    """Return the first number of a case that is missing, None where all are there: every series from 1 to its last,
    each number on one case. Reads every number of `community`; imported history has none of these."""
    borne = set()
    numbers = Case.objects.filter(community=community, is_imported=False).values_list("number", flat=True)
    for number in numbers.iterator():
        head, _dash, sequence = number.rpartition("-")
        borne.add((head[-6:], int(sequence)))
    for key, last in NumberSeries.objects.filter(community=community).order_by("key").values_list("key", "last"):
        kind, _sign, day = key.partition("-")
        first = {"case": 1, "kept": KEPT_FROM + 1}.get(kind)
        if first is None:
            continue
        for sequence in range(first, first + last):
            if (day, sequence) not in borne:
                return f"{community.code}-…{day}-{sequence:04}"
    return None


def first_letter_gap(community):
    """Return the first number of a register of letters that is missing, None where all are there. Reads every number
    of the registers of `community`."""
    borne = {
        number
        for register in (IncomingLetter, ReplyLetter)
        for number in register.objects.filter(community=community).values_list("number", flat=True)
    }
    series = NumberSeries.objects.filter(community=community).order_by("key").values_list("key", "last")
    for key, last in series:
        name, _dash, year = key.rpartition("-")
        sign, before = LETTER_SERIES.get(name, ("", 0))
        for sequence in range(before + 1, before + last + 1) if sign else ():
            number = f"{sign}{year}-{sequence:04}"
            if number not in borne:
                return number
    return None


def incoming_of(case):
    """Return the letter that `case` came by, or None. One query, none where it came another way."""
    return IncomingLetter.objects.filter(case=case).first() if case.channel == Channel.LETTER else None


def waiting(case):
    """Return the open pause of `case`, or None. One query, none unless it waits."""
    return Pause.objects.filter(case=case, ended_at=None).first() if case.status == Status.WAITING else None
