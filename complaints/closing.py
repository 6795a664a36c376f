"""The close of a day (日清): what is looked through before a supervisor signs it, in a fixed order (S3 总结原则).

`CHECKS` is that order. A check is a function that takes a `Day` and returns a `Check`; an app whose matters belong to
the close of a day adds its own with `add` when it is loaded. Nothing here writes.

Everything is found for the person who looks, so that nobody is shown, or counts, a case that is about them (ruling
12). Only what is frozen at the signing is found for nobody in particular: it keeps the keys of the cases, from which
`seen_by` takes those of the reader away.
"""

import datetime
from dataclasses import dataclass
from functools import cached_property

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, F, OuterRef, Q, Value
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import problems, reports, warranty
from complaints.models import (
    Call,
    Case,
    Channel,
    Concern,
    DayClose,
    Explanation,
    IncomingLetter,
    IntakeDraft,
    Kind,
    ReturnVisit,
    Status,
)
from complaints.models.cases import CLOCKED, LADDERED, LATE_ENTRY, REPLY_OWED, SETTLED, TO_DECIDE
from servicedesk.core import events
from servicedesk.core.calendar import calendar_of
from servicedesk.core.models import Event
from servicedesk.core.reports import late_to_seal
from servicedesk.core.templatetags.desk_tags import span
from servicedesk.core.worktime import ONE_DAY, NoServiceDays

# What a page shows of one check; the rest is counted and keeps its place.
MOST_ROWS = 40
# How long before the close of service a day may be signed, and the sheet for it is made.
SIGN_BEFORE_CLOSE = datetime.timedelta(hours=1)
# A chain that nobody has signed yet is followed over so many of its last events: the page “History check” reads all.
MOST_EVENTS = 20_000
NOT_COUNTED = (Status.VOID, Status.MERGED)
# What each check is called, also years later on a signed day.
TITLES = {
    "unsettled": gettext_lazy("Due today, not done"),
    "late": gettext_lazy("Late"),
    "reply": gettext_lazy("Resident not told"),
    "unrecorded": gettext_lazy("Calls and letters that are no case"),
    "drafts": gettext_lazy("Drafts of requests not saved"),
    "unread": gettext_lazy("Not read back"),
    "numbers": gettext_lazy("Gaps in the numbers"),
    "voided": gettext_lazy("Voided and undone"),
    "late_entries": gettext_lazy("Late entries"),
    "chain": gettext_lazy("History"),
    "warranty": gettext_lazy("Warranty: repair unit late"),
    "problems": gettext_lazy("Product and after-sales problems: sheet not sent"),
    "decide": gettext_lazy("Waits for a decision"),
    "visits": gettext_lazy("Return visits due"),
    "tomorrow": gettext_lazy("For the next service day"),
}


@dataclass(frozen=True)
class Row:
    """One thing that a check found: a case, or what is none under its own `label`.

    `what` and `at` say what is wrong or to come, and when; `words` are what somebody typed about it, and `who` has what
    is no case. `explained` is the line that was written about it today; `before` is the last one of an earlier day.
    """

    key: str
    label: str = ""
    case: Case | None = None
    url: str = ""
    what: str = ""
    at: datetime.datetime | None = None
    words: str = ""
    who: str = ""
    explained: Explanation | None = None
    before: str = ""


@dataclass(frozen=True)
class Check:
    """What one check found. A red one has to be explained row by row before the day may be signed.

    `rows` are at most MOST_ROWS, what is not explained first; `total` and `unexplained` count all. `cases` and
    `unexplained_cases` are the keys of all cases among them, `url` leads to the list of all where there is one.
    """

    key: str
    title: str
    rows: list
    total: int
    unexplained: int
    is_red: bool = True
    hint: str = ""
    url: str = ""
    cases: tuple = ()
    unexplained_cases: tuple = ()

    @property
    def is_blocking(self):
        return self.is_red and self.unexplained > 0

    @property
    def more(self):
        return self.total - len(self.rows)


class Day:
    """One day of a community as `user` may see it at `now`; `user=None` is nobody, from whom nothing is hidden.

    A day begins where the one before was signed: what happened between that and midnight is looked through here.
    """

    def __init__(self, community, date, *, user, now):
        calendar = calendar_of(community)
        self.community, self.date, self.user, self.now = community, date, user, now
        self.starts, self.ends = calendar.midnight(date), calendar.midnight(date + ONE_DAY)
        self.closes = calendar.close_of(date)
        self.until = min(now, self.ends)
        try:
            tomorrow = calendar.next_service_day(date)
        except NoServiceDays:
            tomorrow = date + ONE_DAY
        self.tomorrow_ends = calendar.midnight(tomorrow + ONE_DAY)
        seen = Case.objects.all() if user is None else Case.objects.countable_by(user)
        self.rows = seen.in_community(community)

    @property
    def may_be_signed_at(self):
        """The moment from which the day may be signed: an hour before the close of service."""
        return min(self.closes, self.ends) - SIGN_BEFORE_CLOSE

    @cached_property
    def since(self):
        last = DayClose.objects.filter(community=self.community, date=self.date - ONE_DAY).first()
        return min(self.starts, last.signed_at) if last else self.starts

    @cached_property
    def explanations(self):
        """The lines of this day by what they are about: a case, or a (check, key). One query."""
        lines = Explanation.objects.filter(community=self.community, date=self.date).select_related("by").order_by("id")
        return {line.case_id or (line.check_key, line.row_key): line for line in lines}

    @cached_property
    def found(self):
        """The keys of the cases that each check found, by the name of the check, without doubles. One query."""
        asked = [(name, part) for name, make in FINDING.items() for part in make(self)]
        first, *rest = (
            part.annotate(section=Value(name)).order_by().values_list("section", "pk", "due_at") for name, part in asked
        )
        keys = {name: {} for name in FINDING}
        far = datetime.datetime.max.replace(tzinfo=datetime.UTC)
        for name, key, _due_at in sorted(first.union(*rest, all=True), key=lambda row: (row[2] or far, row[1])):
            keys[name][key] = None
        return {name: list(found) for name, found in keys.items()}

    @cached_property
    def loaded(self):
        """The cases that are shown, by key: those of every check up to MOST_ROWS. Two queries."""
        wanted = {key for name in self.found for key in self.first(name)}
        cases = {case.pk: case for case in Case.objects.filter(pk__in=wanted, sealed_at=None).with_people()}
        for case in cases.values():
            case.community = self.community
        return cases

    @cached_property
    def earlier(self):
        """The last line of an earlier day about each case that is shown and has none today, by key. One query."""
        wanted = [key for key in self.loaded if key not in self.explanations]
        lines = Explanation.objects.filter(case__in=wanted, date__lt=self.date).order_by("id")
        return dict(lines.values_list("case_id", "text"))

    def first(self, name):
        """Return the keys of `name` that are shown: what is not explained first."""
        return sorted(self.found[name], key=lambda key: key in self.explanations)[:MOST_ROWS]

    def check(self, name, what, **more):
        """Return the Check of cases `name`; `what(case)` gives (what is wrong, when, words) of each."""
        keys = self.found[name]
        missing = tuple(key for key in keys if key not in self.explanations)
        rows = [self._row(self.loaded[key], what) for key in self.first(name) if key in self.loaded]
        return Check(
            key=name,
            title=TITLES[name],
            rows=rows,
            total=len(keys),
            unexplained=len(missing),
            cases=tuple(keys),
            unexplained_cases=missing,
            **more,
        )

    def _row(self, case, what):
        about, at, words = what(case)
        return Row(
            key=str(case.pk),
            label=case.short_number,
            case=case,
            url=case.get_absolute_url(),
            what=about,
            at=at,
            words=words,
            explained=self.explanations.get(case.pk),
            before=self.earlier.get(case.pk, ""),
        )

    def other(self, name, rows, **more):
        """Return the Check of `rows` that are no cases; their lines of today are put beside them."""
        rows = [
            Row(**{**vars(row), "explained": self.explanations.get((name, row.key)) if row.case is None else None})
            for row in rows
        ]
        missing = [row for row in rows if row.explained is None]
        return Check(
            key=name,
            title=TITLES[name],
            rows=[*missing, *(row for row in rows if row.explained)][:MOST_ROWS],
            total=len(rows),
            unexplained=len(missing),
            **more,
        )

    @cached_property
    def checks(self):
        """The Checks of the day in their order. About ten queries, whatever the number of cases."""
        return [check(self) for check in CHECKS]

    @property
    def blocking(self):
        """How many rows of red checks have no line yet."""
        return sum(check.unexplained for check in self.checks if check.is_red)


# What is found among the cases: by the name of the check, the querysets that together make it up ----------------------


def _unsettled(day):
    yield day.rows.open().filter(status__in=CLOCKED, due_at__lte=day.ends, due_at__gte=day.now)


def _late(day):
    yield day.rows.open().filter(status__in=CLOCKED, due_at__lte=day.ends, due_at__lt=day.now)
    done_late = day.rows.filter(resolved_at__gt=F("due_at"), due_at__gt=day.starts, due_at__lte=day.until)
    yield done_late.exclude(status__in=NOT_COUNTED)


def _reply(day):
    yield day.rows.open().filter(status__in=REPLY_OWED, reply_due_at__lte=day.ends)
    yield day.rows.open().filter(status__in=LADDERED, promised_reply_at__lt=day.until)


def _unread(day):
    spoken = day.rows.filter(channel__in=(Channel.PHONE, Channel.VISIT), recorded_by__isnull=False, read_back_at=None)
    yield spoken.filter(received_at__gte=day.since, received_at__lt=day.until).exclude(status__in=NOT_COUNTED)


def _voided(day):
    happened = Event.objects.filter(
        Q(verb=str(Status.VOID)) | Q(verb="undone", data__what="received"),
        subject_type=ContentType.objects.get_for_model(Case),
        subject_id=OuterRef("pk"),
        at__gte=day.since,
        at__lt=day.until,
    )
    yield day.rows.filter(Exists(happened), status=Status.VOID)


def _late_entries(day):
    yield day.rows.filter(LATE_ENTRY, recorded_at__gte=day.since, recorded_at__lt=day.until).exclude(
        status__in=NOT_COUNTED
    )


def _warranty(day):
    yield warranty.late_cases(day.rows.open(), day.until)


def _decide(day):
    yield day.rows.open().filter(TO_DECIDE)


def _visits(day):
    due = ReturnVisit.objects.open().filter(case=OuterRef("pk"), due_at__lte=day.ends)
    yield day.rows.filter(Exists(due))


def _tomorrow(day):
    coming = (
        Q(next_follow_up_at__lte=day.tomorrow_ends)
        | Q(status__in=LADDERED, promised_reply_at__gte=day.until, promised_reply_at__lte=day.tomorrow_ends)
        | Q(status__in=REPLY_OWED, reply_due_at__gt=day.ends, reply_due_at__lte=day.tomorrow_ends)
    )
    yield day.rows.open().filter(coming)


FINDING = {
    "unsettled": _unsettled,
    "late": _late,
    "reply": _reply,
    "unread": _unread,
    "voided": _voided,
    "late_entries": _late_entries,
    "warranty": _warranty,
    "decide": _decide,
    "visits": _visits,
    "tomorrow": _tomorrow,
}


# The checks -----------------------------------------------------------------------------------------------------------


def unsettled(day):
    """What is due on this day and has neither a result nor a reason (第十九条)."""
    hint = _("Due today: each needs a result, or a line that says why not.")
    return day.check("unsettled", lambda case: (_("Due"), case.due_at, ""), hint=hint)


def late(day):
    """What has missed its deadline, and what missed it on this day and was done since: a line each (超时说明)."""

    def what(case):
        if case.resolved_at and case.status not in CLOCKED:
            return _("Done late, at"), case.resolved_at, ""
        return _("Was due"), case.due_at, ""

    return day.check("late", what, url=_list("late"), hint=_("A line for each: why, and what happens now."))


def reply(day):
    """What is done or declined and the resident has not been told of in time; a promised time that has passed."""

    def what(case):
        if case.status in REPLY_OWED and case.reply_due_at <= day.ends:
            return _("Reply owed by"), case.reply_due_at, ""
        return _("Reply promised by"), case.promised_reply_at, ""

    return day.check("reply", what, url=_list("reply"))


def unrecorded(day):
    """Calls and letters that came in, and that are neither a case nor explained (漏记, S3 第十九条)."""
    calls = Call.objects.filter(community=day.community, at__lt=day.until).loose().order_by("at", "id")
    letters = IncomingLetter.objects.filter(community=day.community, received_at__lt=day.until).loose()
    rows = [
        Row(
            key=f"call-{call.pk}",
            label=f"{call.get_kind_display()} {call.masked_phone or call.caller}",
            url=reverse("complaints:call", args=[call.pk]),
            what=_("Call at"),
            at=call.at,
            words=call.what,
        )
        for call in calls
    ]
    rows += [
        Row(
            key=f"letter-{letter.pk}",
            label=letter.number,
            url=letter.get_absolute_url(),
            what=_("Letter of"),
            at=letter.received_at,
            words=letter.subject,
        )
        for letter in letters.order_by("received_at", "id")
    ]
    hint = _("Each becomes a case, or it is explained on its own page why it is none.")
    return day.other("unrecorded", rows, hint=hint)


def drafts(day):
    """What somebody has begun to type at the intake and neither saved nor thrown away: the text itself stays theirs."""
    kept = IntakeDraft.objects.filter(community=day.community, saved_at__lt=day.until).select_related("user")
    rows = [
        Row(
            key=f"{draft.user_id}-{draft.saved_at:%Y%m%d%H%M%S}",
            label=str(draft.user),
            what=_("Last typed at"),
            at=draft.saved_at,
        )
        for draft in kept.order_by("saved_at")
        if day.user is None or str(day.user.pk) not in _as_list(draft.answers.get("concerns"))
    ]
    hint = _("Whoever began it saves it or throws it away.")
    return day.other("drafts", rows, hint=hint)


def unread(day):
    """What was told by telephone or in person and not read back to who told it (复清楚)."""
    return day.check("unread", lambda case: (_("Received at"), case.received_at, ""), is_red=False)


def numbers(day):
    """Numbers of this day that stand on no case: evidence, whatever the reason (ruling 2)."""
    rows = [
        Row(key=f"{gap.day}-{gap.sequence}", label=gap.name, what=_("This number is on no case"))
        for gap in reports.gaps(day.community, day.date, day.date)
    ]
    return day.other("numbers", rows, url=reverse("complaints:unrecorded"))


def voided(day):
    """What was voided or undone: the rows and their numbers stay and are read by a second person here (ruling 11)."""

    def what(case):
        undone = case.void_reason == "undone"
        return _("Undone") if undone else _("Voided"), case.void_asked_at, "" if undone else case.void_reason

    return day.check("voided", what, is_red=False)


def late_entries(day):
    """What was recorded more than half an hour after it was received (section 7)."""

    def what(case):
        waited = span(case.recorded_at - case.received_at)
        return _("Recorded %(span)s after it was received") % {"span": waited}, case.recorded_at, ""

    return day.check("late_entries", what, is_red=False, url=reverse("complaints:unrecorded"))


def chain(day):
    """Whether the history since the day that was signed last is whole and sealed (ruling 11)."""
    rows = []
    if found := first_break_since_last_close(day.community):
        rows.append(Row(key=f"break-{found.seal}", label=_("Broken at seal %(seal)s") % {"seal": found.seal}))
    if count := late_to_seal(day.community, day.now):
        rows.append(Row(key="unsealed", label=_("Unsealed for more than five minutes: %(count)s") % {"count": count}))
    return day.other("chain", rows, url=reverse("core:history"))


def repairs(day):
    """What an outside party has not answered or repaired under warranty in time: a line each, so that nobody is kicked
    like a ball between both (S3 cause 4)."""
    hint = _("Each needs a line: who was called, and what happens now.")
    return day.check(
        "warranty", lambda case: (_("The repair unit is late"), None, ""), hint=hint, url=reverse("complaints:warranty")
    )


def monthly_problems(day):
    """The sheet of product and after-sales problems of last month that was not sent by the fifth (S5-9)."""
    period = problems.owed(day.community, day.until, day.rows)
    if period is None:
        return day.other("problems", [])
    month, url = f"{period.starts_on:%Y-%m}", reverse("complaints:problems_of", args=[period.starts_on])
    return day.other("problems", [Row(key=month, label=month, what=_("Not sent"), url=url)], url=url)


def decide(day):
    """What waits for an approval or for the second person of a void."""

    def what(case):
        if case.void_asked_at:
            return _("Asked to void"), case.void_asked_at, case.void_reason
        return case.get_status_display(), case.due_at, ""

    return day.check("decide", what, is_red=False, url=_list("decide"))


def visits(day):
    """Residents who were to be asked by the end of the day how it went (回访)."""
    ask = _("Ask how it went")
    return day.check("visits", lambda case: (ask, None, ""), is_red=False, url=reverse("complaints:callbacks"))


def tomorrow(day):
    """Follow-ups, promised and owed replies up to the end of the next service day: nothing to explain, to be ready."""

    def what(case):
        coming = [(case.next_follow_up_at, _("Follow-up"))] if case.next_follow_up_at else []
        if case.status in LADDERED and case.promised_reply_at and case.promised_reply_at >= day.until:
            coming.append((case.promised_reply_at, _("Reply promised by")))
        if case.status in REPLY_OWED and case.reply_due_at > day.ends:
            coming.append((case.reply_due_at, _("Reply owed by")))
        at, about = min(coming, key=lambda pair: pair[0])
        return about, at, ""

    return day.check("tomorrow", what, is_red=False)


CHECKS = [
    unsettled,
    late,
    reply,
    unrecorded,
    drafts,
    unread,
    numbers,
    voided,
    late_entries,
    chain,
    repairs,
    monthly_problems,
    decide,
    visits,
    tomorrow,
]


def add(key, title, check, *, before=tomorrow, is_to_do=False):
    """Put a check of another app into the order, once. `check(day)` returns `day.check(key, …)` of cases, or
    `day.other(key, …)` of rows that are none. What `is_to_do` stands on the closing-time sheet, too."""
    TITLES[key] = title
    if is_to_do and key not in TO_DO:
        TO_DO.append(key)
    if check not in CHECKS:
        CHECKS.insert(CHECKS.index(before), check)


def _list(view):
    return f"{reverse('complaints:list')}?view={view}&scope=all"


def _as_list(value):
    return value if isinstance(value, list) else [value]


def first_break_since_last_close(community):
    """Return the first Break of the chain behind the seal that stands on the last signed day, or None; also where
    the event of that seal is no longer the one that was signed. Reads the events since then, at most MOST_EVENTS."""
    sealed = Event.objects.filter(community=community, seal__isnull=False)
    signed = DayClose.objects.filter(community=community, seal__gt=0).order_by("-seal").first()
    seal, was = (signed.seal, signed.seal_hash) if signed else (0, "")
    if signed and not sealed.filter(seal=seal, hash=was).exists():
        return events.Break(community, seal, sealed.filter(seal=seal).first(), "changed")
    last = sealed.order_by("-seal").values_list("seal", flat=True).first() or 0
    if last - seal > MOST_EVENTS:
        seal = last - MOST_EVENTS
        was = sealed.filter(seal=seal).values_list("hash", flat=True).first() or ""
    return events.first_break(community, after=seal, previous=was)


# What a day comes to, and what is frozen of it ------------------------------------------------------------------------


def figures(day):
    """Return the keys of the cases behind each figure of the day, by its name. Two queries."""
    counted = day.rows.exclude(status__in=NOT_COUNTED)
    today = counted.filter(received_at__gte=day.starts, received_at__lt=day.ends)
    found = {"received": [], **{f"received_{kind}": [] for kind in Kind.values}, "resolved": [], "replied": []}
    for key, kind, status, replied_at in today.values_list("pk", "kind", "status", "replied_at"):
        found["received"].append(key)
        found[f"received_{kind}"].append(key)
        if status in SETTLED or replied_at:
            found["resolved"].append(key)
        if replied_at:
            found["replied"].append(key)
    open_now = day.rows.open().values_list("pk", "level", "status", "due_at")
    found |= {"open": [], "open_late": [], "level_3": []}
    for key, level, status, due_at in open_now:
        found["open"].append(key)
        if status in CLOCKED and due_at is not None and due_at < day.now:
            found["open_late"].append(key)
        if level == 3:
            found["level_3"].append(key)
    return found


def frozen(community, date, *, now):
    """Return what is kept of a day when it is signed: the keys of the cases behind every figure and every check."""
    day = Day(community, date, user=None, now=now)
    return {
        "figures": figures(day),
        "checks": [
            {
                "key": check.key,
                "is_red": check.is_red,
                "cases": list(check.cases),
                "unexplained_cases": list(check.unexplained_cases),
                "others": check.total - len(check.cases),
                "unexplained_others": check.unexplained - len(check.unexplained_cases),
            }
            for check in day.checks
        ],
    }


# The figures of a day in the order in which they are told, each with its words.
FIGURES = {
    "received": gettext_lazy("Cases received"),
    "resolved": gettext_lazy("Of these done"),
    "replied": gettext_lazy("Of these told"),
    "open": gettext_lazy("Open"),
    "open_late": gettext_lazy("Of these late"),
    "level_3": gettext_lazy("At level 3"),
}


def tiles(numbers):
    """Return the figures of a day as tiles: label, value, and what stands below the first one."""
    kinds = [(kind.label, numbers.get(f"received_{kind}", 0)) for kind in Kind]
    note = " · ".join(f"{label} {count}" for label, count in kinds if count)
    return [
        {"label": label, "value": numbers.get(name, 0), "note": note if name == "received" else ""}
        for name, label in FIGURES.items()
    ]


def sentence(numbers):
    """Return the day in one sentence, for a summary to begin with."""
    return _(
        "Received %(received)s, of these done %(resolved)s and told %(replied)s. Open %(open)s, of these late"
        " %(open_late)s, at level 3 %(level_3)s."
    ) % {name: numbers[name] for name in FIGURES}


# What somebody can still do something about before the close.
TO_DO = ["unsettled", "late", "reply", "unrecorded", "drafts", "unread", "decide", "visits"]


def to_do(day):
    """Return the Checks of `day` that have something to be done or excused before the close, without what is only
    told or stands to be looked at."""
    return [check for check in day.checks if check.key in TO_DO and check.total]


def counts(found):
    """Return how many cases stand behind each figure."""
    return {name: len(keys) for name, keys in found.items()}


@dataclass(frozen=True)
class Signed:
    """A signed day as one reader sees it: figures by name, and (key, title, total, unexplained, red) of each check."""

    figures: dict
    checks: list


def seen_by(close, user):
    """Return the Signed of `close` for `user`: every number without the cases that are about them, also those of which
    that came out after the signing (ruling 12). One query."""
    hidden = set(
        Concern.objects.filter(user=user, case__community=close.community_id).values_list("case_id", flat=True)
    )
    checks = [
        {
            "key": check["key"],
            "title": TITLES.get(check["key"], check["key"]),
            "total": len(set(check["cases"]) - hidden) + check["others"],
            "unexplained": len(set(check["unexplained_cases"]) - hidden) + check["unexplained_others"],
            "is_red": check["is_red"],
        }
        for check in close.snapshot["checks"]
    ]
    found = {name: set(keys) - hidden for name, keys in close.snapshot["figures"].items()}
    return Signed(figures=counts(found), checks=checks)


def explained(close, user):
    """Return the explanations of a signed day that `user` may read, oldest first. One query."""
    lines = Explanation.objects.filter(community=close.community_id, date=close.date, at__lte=close.signed_at)
    seen = Case.objects.visible_to(user)
    found = list(lines.filter(Q(case=None) | Q(case__in=seen)).select_related("case", "by").order_by("id"))
    for line in found:
        line.title = TITLES.get(line.check_key, line.check_key)
    return found


def unsigned_day(community, now):
    """Return the last service day before today that nobody has signed, None where it was signed or nothing had come
    in by then. One query at the most."""
    calendar = calendar_of(community)
    today = calendar.day_of(now)
    day = next((d for n in range(1, 15) if calendar.has_service(d := today - n * ONE_DAY)), None)
    if day is None:
        return None
    came_in = Case.objects.in_community(community).filter(is_imported=False, received_at__lt=calendar.midnight(today))
    signed = DayClose.objects.filter(community=community, date=day)
    return day if came_in.filter(~Exists(signed)).exists() else None
