"""Reads about cases that are too big for a queryset."""

import datetime
from dataclasses import dataclass, field, replace

from django.db.models import Avg, Count, Prefetch, Q, prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from complaints import aftercare, ladder, traces
from complaints.models import (
    CallerTold,
    Case,
    Channel,
    Escalation,
    ExternalCase,
    Grade,
    IncomingLetter,
    Kind,
    Outcome,
    Pause,
    Proposal,
    Quote,
    Rating,
    ReplyLetter,
    ReturnVisit,
    Severity,
    Status,
    Urgency,
    Validity,
    Work,
)
from complaints.models.aftercare import GOOD
from complaints.models.cases import ENDED, KEPT_FROM, LETTERS
from complaints.models.letters import KEPT_FROM as LETTERS_KEPT_FROM
from complaints.words import RESIDENTS_VERBS, UNDONE, VERBS
from residents.models import Contact, Occasion
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
    if key == "tried":
        return Outcome(value).label
    if key == "channel":
        return Channel(value).label
    if key == "grade":
        return Grade(value).label
    if key == "until":
        return f"{datetime.datetime.fromisoformat(value).astimezone(tz):%m-%d %H:%M}"
    if key == "what":
        return UNDONE.get(value, value)
    if key == "validity":
        return Validity(value).label
    if key == "tried":
        return Proposal.Outcome(value).label
    if key == "changes":
        return separator().join(_change(*change) for change in value)
    return value


def separator():
    """Return what stands between the things of a list, in the active language."""
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
    """Return the Entries of `case`, newest first; `only` is "public", "internal" or empty. Two queries, one
    where its traces tell of no photo."""
    rows = Event.objects.about(case)
    if only:
        rows = rows.filter(is_public=only == "public")
    found = Photo.objects.about(case).only("name", "stage", "at", "by_id")
    photos = list(found) if traces.has(case, "photos") else []
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
    if case.channel not in (Channel.LETTER, Channel.HOTLINE, Channel.OTHER):
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
            _("Still unasked: %(what)s") % {"what": separator().join(unasked)} if unasked else "",
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


@dataclass(frozen=True)
class Relatives:
    """The cases that belong to one: which it was joined to, which it follows and is followed by, and the callers who
    were joined to it, each as (case, CallerTold of the running cycle or None)."""

    lead: Case | None = None
    follows: Case | None = None
    followed_by: list = field(default_factory=list)
    callers: list = field(default_factory=list)

    @property
    def untold(self):
        return [caller for caller, told in self.callers if told is None]


def relatives(case, user):
    """Return the Relatives of `case` that `user` may see. One query, and one for who has been told; none where its
    traces tell of none."""
    if not case.merged_into_id and not case.follows_id and not traces.has(case, "kin"):
        return Relatives()
    asked = Q(pk__in=[key for key in (case.merged_into_id, case.follows_id) if key])
    asked |= Q(follows=case) | Q(merged_into=case)
    rows = Case.objects.visible_to(user).filter(asked).only(*SAME_UNIT, *OF_CALLERS).order_by("id")
    found = Relatives()
    for other in rows:
        other.community = case.community
        if other.pk == case.merged_into_id:
            found = replace(found, lead=other)
        elif other.pk == case.follows_id:
            found = replace(found, follows=other)
        elif other.merged_into_id == case.pk:
            found.callers.append(other)
        else:
            found.followed_by.append(other)
    told = {}
    if found.callers:
        rows = CallerTold.objects.filter(case__in=found.callers, cycle=case.cycle).select_related("reply", "by")
        told = {row.case_id: row for row in rows}
    found.callers[:] = [(caller, told.get(caller.pk)) for caller in found.callers]
    return found


def slips(case):
    """Return the ExternalCases of `case` and of what was joined to it. One query, none where its traces tell of
    none."""
    if not traces.has(case, "slips"):
        return []
    return list(ExternalCase.objects.filter(Q(case=case) | Q(case__merged_into=case)).order_by("id"))


# What a line about a joined caller shows beside that.
OF_CALLERS = ("merged_into_id", "follows_id", "channel", "reporter_name", "anonymous_reason", "is_repeat", "kind")
# What a line about another case of the unit shows, and when it came.
SAME_UNIT = (
    *("community_id", "category_id", "number", "summary", "status"),
    *("received_at", "due_at", "their_due_at", "reply_due_at", "resolved_at", "declined_at", "replied_at"),
)
MOST_OF_UNIT, MOST_SHOWN = 500, 5
# The series of the registers of letters: the sign of their numbers, and after which number they begin.
LETTER_SERIES = {
    "letters": ("SW", 0),
    "keptletters": ("SW", LETTERS_KEPT_FROM),
    "replies": ("FW", 0),
    "keptreplies": ("FW", LETTERS_KEPT_FROM),
}


def also_told(case):
    """Return the contacts of the occupants of the unit of `case` who want to hear of its progress. One query."""
    return list(Contact.objects.told_of(Occasion.CASE).filter(unit=case.unit_id).with_people()) if case.unit_id else []


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


@dataclass(frozen=True, order=True)
class Gap:
    """A number of a day's series that stands on no case: the day as it is written in numbers, and the sequence."""

    day: str
    sequence: int

    @property
    def name(self):
        """The number without the letters of a kind, which nobody knows any more."""
        return f"…{self.day}-{self.sequence:04}"


def gaps(community, first=None, last=None):
    """Yield the Gap of every number that is missing, of the days from `first` to `last` (dates) or of all days: every
    series goes from 1 to its last, each number on one case. Two queries, over the numbers of these months or days;
    imported history has none of these."""
    borne = set()
    rows = Case.objects.filter(community=community, is_imported=False)
    if first:
        rows = rows.filter(_begins_with_one_of(_prefixes(community, first, last)))
    for number in rows.values_list("number", flat=True).iterator():
        head, _dash, sequence = number.rpartition("-")
        borne.add((head[-6:], int(sequence)))
    for key, count in NumberSeries.objects.filter(community=community).order_by("key").values_list("key", "last"):
        kind, _sign, day = key.partition("-")
        begin = {"case": 1, "kept": KEPT_FROM + 1}.get(kind)
        if begin is None or (first and not f"{first:%y%m%d}" <= day <= f"{last:%y%m%d}"):
            continue
        for sequence in range(begin, begin + count):
            if (day, sequence) not in borne:
                yield Gap(day, sequence)


def _prefixes(community, first, last):
    """Return how the numbers of some days begin: by the day where there is one, by the months where there are more."""
    if first == last:
        stems = [f"{first:%y%m%d}-"]
    else:
        months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
        stems = [f"{month // 12 % 100:02}{month % 12 + 1:02}" for month in months]
    return [f"{community.code}-{letters}{stem}" for letters in LETTERS.values() for stem in stems]


def of_day(community, day):
    """Return the condition that a case bears a number of `day`, as that is written in numbers."""
    return _begins_with_one_of(f"{community.code}-{letters}{day}-" for letters in LETTERS.values())


def is_kept(sequence):
    """Return whether a sequence belongs to the series of what is about staff."""
    return sequence > KEPT_FROM


def _begins_with_one_of(prefixes):
    found = Q()
    for prefix in prefixes:
        found |= Q(number__startswith=prefix)
    return found


def first_gap(community):
    """Return the first number of a case that is missing, None where all are there. Reads every number."""
    gap = next(gaps(community), None)
    return f"{community.code}-{gap.name}" if gap else None


def proposals_of(case):
    """Return what was proposed or reported about a complaint in this cycle, the latest first. One query, none for
    another kind."""
    if not case.is_complaint:
        return []
    rows = Proposal.objects.filter(case=case, cycle=case.cycle).select_related("by", "decided_by", "department")
    return list(rows.order_by("-id"))


@dataclass(frozen=True)
class ToDecide:
    """One thing that waits for a second person: a proposal, a report on what was urgent, or a voiding."""

    case: Case
    asked_by: User
    asked_at: datetime.datetime
    may: bool
    proposal: Proposal | None = None


def to_decide(user, community):
    """Return every ToDecide of `community` that `user` may see, the longest waiting first. Two queries.

    What somebody wrote themselves is there, too, but is not theirs to decide.
    """
    seen = Case.objects.visible_to(user).in_community(community).exclude(status__in=(Status.VOID, Status.MERGED))
    proposals = Proposal.objects.open().filter(case__in=seen)
    proposals = proposals.select_related(
        "by", "department", "case__unit", "case__building", "case__category", "case__first_responsible"
    )
    asked = seen.open().filter(void_asked_at__isnull=False)
    asked = asked.select_related("void_asked_by", "unit", "building", "category", "first_responsible")
    waiting = [ToDecide(row.case, row.by, row.at, row.by_id != user.pk, row) for row in proposals]
    waiting += [ToDecide(row, row.void_asked_by, row.void_asked_at, row.void_asked_by_id != user.pk) for row in asked]
    for item in waiting:
        item.case.community = community
    return sorted(waiting, key=lambda item: item.asked_at)


def load_papers(case):
    """Load what both the steps and the page of `case` look at: the quotes of a repair, the visits behind an answer. At
    most two queries."""
    wanted = []
    if _is_worked_on(case):
        wanted.append(Prefetch("quotes", Quote.objects.select_related("by", "recorded_by")))
    if _is_answered(case) and traces.has(case, "visits"):
        wanted.append(Prefetch("visits", ReturnVisit.objects.select_related("rule", "by")))
    prefetch_related_objects([case], *wanted)


def _is_worked_on(case):
    is_at_work = case.kind == Kind.REPAIR and case.status not in (Status.RECEIVED, Status.TAKEN)
    return is_at_work and (traces.has(case, "quotes") or traces.has(case, "work"))


def _is_answered(case):
    return case.status in (Status.REPLIED, Status.ARCHIVED) or case.cycle > 1


def work_of(case):
    """Return (quotes, works with their materials) of a repair, the latest first. Three queries at the most, none
    before anybody works on it, for another kind and where its traces tell of none."""
    if not _is_worked_on(case):
        return [], []
    quotes = sorted(case.quotes.all(), key=lambda quote: -quote.pk)
    if not traces.has(case, "work"):
        return quotes, []
    works = list(Work.objects.filter(case=case).select_related("by").order_by("-id").prefetch_related("materials"))
    return quotes, works


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


@dataclass(frozen=True)
class Satisfaction:
    """How residents find what was done: how many said so, how many of them are satisfied (four or five of five), and
    the mean of one to five, None where nobody said anything: no data is not nought."""

    n: int
    satisfied: int
    mean: float | None

    @property
    def share(self):
        """The share of those satisfied, 0 to 1, or None."""
        return self.satisfied / self.n if self.n else None


def satisfaction(cases, *, since=None, until=None):
    """Return {"visits", "ratings"}: the Satisfaction of `cases` as return visits heard it and as residents rated it,
    from `since` to before `until`. `cases` is a queryset that is narrowed to who asks. Two queries."""
    sources = {
        "visits": (ReturnVisit.objects.filter(grade__isnull=False), "done_at", "grade"),
        "ratings": (Rating.objects.all(), "at", "overall"),
    }
    found = {}
    for name, (rows, at, grade) in sources.items():
        rows = rows.filter(case__in=cases.values("pk"))
        rows = rows.filter(**{f"{at}__gte": since}) if since else rows
        rows = rows.filter(**{f"{at}__lt": until}) if until else rows
        good = Count("pk", filter=Q(**{f"{grade}__in": GOOD}))
        found[name] = Satisfaction(**rows.aggregate(n=Count("pk"), satisfied=good, mean=Avg(grade)))
    return found


@dataclass(frozen=True)
class Aftercare:
    """What follows the answer of a case: its visits and ratings, the newest first, when the clock archives it, and,
    where no visit is due, the rule and the lot that decided so, or that nobody can be asked."""

    visits: list
    ratings: list
    archives_at: datetime.datetime | None
    rule: object = None
    lot: int | None = None
    can_be_asked: bool = True


def aftercare_of(case):
    """Return the Aftercare of `case`, None before its first answer. One query where its visits are loaded, and another
    where no visit is due."""
    if not _is_answered(case):
        return None
    visits = sorted(case.visits.all(), key=lambda visit: -visit.pk) if traces.has(case, "visits") else []
    ratings = list(case.ratings.order_by("-cycle")) if traces.has(case, "ratings") else []
    archives_at = aftercare.archives_at(case, visits)
    if case.status != Status.REPLIED or any(visit.cycle == case.cycle for visit in visits):
        return Aftercare(visits, ratings, archives_at)
    if not aftercare.can_be_asked(case):
        return Aftercare(visits, ratings, archives_at, can_be_asked=False)
    return Aftercare(visits, ratings, archives_at, aftercare.rule_for(case), aftercare.lot_of(case))
