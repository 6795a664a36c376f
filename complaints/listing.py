"""Lists of cases: saved views, filters, orders, and pages that are walked by a cursor instead of counted.

Every name that an address may use stands in a table here or is a field of the filter form; nothing else of a query
string is looked at, so no lookup of the ORM can be reached from outside.
"""

import datetime
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict
from urllib.parse import quote

from django.db.models import BooleanField, Count, F, Func, Q, Value
from django.db.models.functions import Coalesce, NullIf
from django.db.models.lookups import GreaterThan, LessThan
from django.http import QueryDict
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from complaints import figures
from complaints.forms.lists import Choices, FilterForm, choices_of
from complaints.models import Case, Channel, ExternalCase, Status
from complaints.models.cases import REPLY_OWED, TAGS, TO_DECIDE, UNASSIGNED, late_at, soon_at
from servicedesk.core import kept
from servicedesk.core.models import Role
from servicedesk.core.roles import roles_in
from servicedesk.core.search import query_terms
from servicedesk.core.templatetags.desk_tags import DeadlineCell, deadline_cell

PAGE = 50
# The cookie with the address of the list that was looked at last.
LIST = "list"
MOST_COUNTED = 1000
# Of a word that more cases have than this, the newest pages are full soon, and the rows are walked in their order. Of
# any other all are found by the index of the words and sorted: the planner believes that a word of old cases stands
# among the newest, too, and would read thousands of rows with their words until a page is full.
MOST_SORTED = 10_000
# Of these only the newest are looked at first, so many keys from where a page begins: it is full there of most words.
WINDOW = 10_000
# What a line of a list or of a file shows of the case itself, and of what belongs to it: names only, because rows of
# seven tables for each line cost more than all the rest of the page.
SHOWN = (
    "number",
    "community",
    "category",
    "kind",
    "channel",
    "status",
    "severity",
    "urgency",
    "validity",
    "reporter_name",
    "reporter_phone",
    "place",
    "summary",
    "wish",
    "assigned_to",
    "received_at",
    "due_at",
    "their_due_at",
    "resolved_at",
    "declined_at",
    "reply_due_at",
    "replied_at",
    "archived_at",
    "level",
    "level_since",
    "void_asked_at",
    "urges",
    "cycle",
)


def _name_of(person):
    return Coalesce(NullIf(f"{person}__name", Value("")), f"{person}__username")


NAMES = {
    "place_shown": Coalesce("unit__label", NullIf("place", Value("")), "building__name", Value("")),
    "department_name": F("department__name"),
    "first_name": _name_of("first_responsible"),
    "worker_name": _name_of("assigned_to"),
}
_SHORT_NUMBER = re.compile(r"^[a-z]{2}\d*-\d+$")
_TAIL = re.compile(r"^\d{1,4}$")


# Whose rows ---------------------------------------------------------------------------------------------------------


def starts_at_the_top(user, community):
    """Return whether the lists of `user` begin at level 3: a deputy GM who is not of the desk, too."""
    roles = roles_in(user, community.pk)
    return Role.DEPUTY_GM in roles and not roles & {Role.CLERK, Role.SUPERVISOR}


def rows_of(user, community, *, wide=False):
    """Return the cases of one community that stand in lists of `user`; `wide` lets a deputy GM see all levels."""
    rows = Case.objects.visible_to(user).in_community(community)
    return rows if wide or not starts_at_the_top(user, community) else rows.filter(level=3)


def matching(rows, query):
    """Return what matches typed words: a number, whole or its tail, a room, a telephone number or its last four
    digits, words of the text. Nothing where `query` is too short to search for."""
    query = unicodedata.normalize("NFKC", query).lower().strip()
    if _TAIL.fullmatch(query):
        return rows.filter(Q(terms__contains=[query]) | Q(terms__contains=[query.zfill(4)]))
    terms = []
    for term in query_terms(query):
        # A number as it is spoken, without the community's code, is kept as its parts.
        terms += term.split("-") if _SHORT_NUMBER.fullmatch(term) else [term]
    return rows.filter(terms__contains=terms) if terms else rows.none()


def is_rare(query):
    """Return whether at most 10,000 cases, of all communities, match typed words: only as many are looked up. One
    query, none where `query` is too short to search for."""
    return not matching(Case.objects.order_by(), query)[MOST_SORTED : MOST_SORTED + 1].exists()


# Saved views --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class View:
    """A saved view: which rows, in which order; `is_open` where all of them are open and so can go by deadline."""

    key: str
    label: str
    pick: Callable
    order: str = "due"
    is_open: bool = True


def _mine(rows, user, community, now):
    return rows.open().filter(Q(first_responsible=user) | Q(assigned_to=user))


def _soon(rows, user, community, now):
    return rows.open().due_soon(now, community.soon_minutes)


def _reply_owed(rows, user, community, now):
    return rows.open().filter(status__in=REPLY_OWED)


def _to_visit(rows, user, community, now):
    return rows.open().filter(status=Status.REPLIED)


def _of_authorities(rows, user, community, now):
    return rows.filter(pk__in=ExternalCase.objects.values("case"))


def _come_back(rows, user, community, now):
    return rows.repeats()


VIEWS = {
    view.key: view
    for view in [
        View("open", _("Open"), lambda rows, user, community, now: rows.open()),
        View("mine", _("Mine"), _mine),
        View("unassigned", _("Nobody has it"), lambda rows, user, community, now: rows.open().unassigned()),
        View("late", _("Late"), lambda rows, user, community, now: rows.open().overdue(now)),
        View("soon", _("Soon late"), _soon),
        View("decide", _("To decide"), lambda rows, user, community, now: rows.open().filter(TO_DECIDE)),
        View("reply", _("Reply owed"), _reply_owed, order="oldest"),
        View("waiting", _("Waiting"), lambda rows, user, community, now: rows.open().filter(status=Status.WAITING)),
        View("visit", _("Return visit due"), _to_visit, order="oldest"),
        View("hotline", _("Hotline"), _of_authorities, order="newest", is_open=False),
        View("repeats", _("Come back"), _come_back, order="newest", is_open=False),
        View(
            "letters",
            _("Letters"),
            lambda rows, user, community, now: rows.filter(channel=Channel.LETTER),
            order="newest",
            is_open=False,
        ),
        View("all", _("All"), lambda rows, user, community, now: rows, order="newest", is_open=False),
    ]
}


def counts(user, community, now, *, wide=False):
    """Return how many rows each of the open views holds, by key; nothing where more than 1,000 are open: a number
    beside a link is not worth more, and the board counts them all.

    One query, and another when something happened since they were counted last; none where there are too many.
    """
    if opens_more_than(MOST_COUNTED, user, community, wide=wide):
        return {}
    return kept.until_changed(
        "views", user.pk, community.pk, wide, now=now, make=lambda: _count(user, community, now, wide)
    )


def opens_more_than(most, user, community, *, wide=False):
    """Return whether `user` sees more than `most` open cases, as it was within the last minute. At most one query."""

    def look():
        return rows_of(user, community, wide=wide).open()[most : most + 1].exists()

    return kept.for_a_while("more", most, user.pk, community.pk, wide, seconds=kept.MINUTE, make=look)


def _count(user, community, now, wide):
    rows = rows_of(user, community, wide=wide).open()
    return rows.aggregate(
        open=Count("pk"),
        mine=Count("pk", filter=Q(first_responsible=user) | Q(assigned_to=user)),
        unassigned=Count("pk", filter=UNASSIGNED),
        late=Count("pk", filter=late_at(now)),
        soon=Count("pk", filter=soon_at(now, community.soon_minutes)),
        decide=Count("pk", filter=TO_DECIDE),
        reply=Count("pk", filter=Q(status__in=REPLY_OWED)),
        waiting=Count("pk", filter=Q(status=Status.WAITING)),
        visit=Count("pk", filter=Q(status=Status.REPLIED)),
    )


# Filters ------------------------------------------------------------------------------------------------------------


def _by_tag(rows, tag):
    return rows.filter(status__in=[status for status, (key, _label) in TAGS.items() if key == tag])


def _by_building(rows, code):
    return rows.filter(building=None) if code == figures.NO_BUILDING else rows.filter(building__code=code)


FILTERS = {
    "q": matching,
    "kind": lambda rows, kind: rows.filter(kind=kind),
    "category": lambda rows, category: rows.filter(category=category),
    "department": lambda rows, department: rows.filter(department=department),
    "level": lambda rows, level: rows.filter(level=level),
    "tag": _by_tag,
    "channel": lambda rows, channel: rows.filter(channel=channel),
    "first": lambda rows, person: rows.filter(first_responsible=person),
    "reached": lambda rows, level: rows.filter(figures.reached(level)),
    "building": _by_building,
    "room": lambda rows, label: rows.filter(unit__label=label),
}


def narrow(rows, facts, community):
    """Return `rows` narrowed by the cleaned facts of the filter form. Days are the community's own."""
    for name, apply in FILTERS.items():
        if facts.get(name) not in (None, ""):
            rows = apply(rows, facts[name])
    if facts.get("received_from"):
        rows = rows.filter(received_at__gte=midnight(facts["received_from"], community))
    if facts.get("received_to"):
        after = facts["received_to"] + datetime.timedelta(days=1)
        rows = rows.filter(received_at__lt=midnight(after, community))
    return figures.at_hour(rows, community, weekday=facts.get("weekday"), hour=facts.get("hour"))


def midnight(day, community):
    """Return the first moment of `day` in the community's own time zone."""
    return datetime.datetime.combine(day, datetime.time(), tzinfo=community.tz)


# Orders and pages ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Order:
    """An order of rows by one column and then the key, both the same way, so that an index is walked either way."""

    column: str
    descending: bool
    nullable: bool = False

    def names(self, backwards):
        sign = "-" if self.descending != backwards else ""
        return [sign + name for name in dict.fromkeys((self.column, "id"))]

    def sorted(self, backwards):
        """Return this order in a form that no index answers, for few rows out of many.

        The open rows, or those with a word, are found by their own index and sorted; the planner would rather walk an
        index of all rows in this order, past years of others.
        """
        return [
            Coalesce(name.lstrip("-"), name.lstrip("-")).desc() if name.startswith("-") else Coalesce(name, name).asc()
            for name in self.names(backwards)
        ]

    def beyond(self, cursor, backwards):
        """Return the condition that a row with a value stands after the row that `cursor` names."""
        compare = LessThan if self.descending != backwards else GreaterThan
        value, key = cursor
        if self.column == "id":
            return compare(F("id"), key)
        return compare(_row(F(self.column), F("id")), _row(Value(value), Value(key)))

    def write(self, case):
        """Return the cursor that names the place of `case`: its value and its key."""
        value = getattr(case, self.column)
        if self.column == "id":
            return str(value)
        text = "" if value is None else value.isoformat() if isinstance(value, datetime.datetime) else str(value)
        return f"{text}~{case.pk}"

    def read(self, text):
        """Return (value, key) of a written cursor, or None where it is none of this order."""
        value, tilde, key = (text or "").rpartition("~")
        if not re.fullmatch(r"[0-9]{1,18}", key, re.ASCII) or bool(tilde) == (self.column == "id"):
            return None
        if self.column == "id":
            return int(key), int(key)
        if value == "":
            return (None, int(key)) if self.nullable else None
        read = _read_level if self.column == "level" else _read_moment
        return (read(value), int(key)) if read(value) is not None else None


def _row(*parts):
    """Return `ROW(…)`, which the database compares part by part and answers from an index. Its type is never read."""
    return Func(*parts, function="ROW", output_field=BooleanField())


def _read_level(text):
    return int(text) if text in ("1", "2", "3") else None


def _read_moment(text):
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


ORDERS = {
    "newest": Order("id", descending=True),
    "oldest": Order("id", descending=False),
    "due": Order("due_at", descending=False, nullable=True),
    "-due": Order("due_at", descending=True, nullable=True),
    "received": Order("received_at", descending=False),
    "-received": Order("received_at", descending=True),
    "level": Order("level", descending=False),
    "-level": Order("level", descending=True),
}
# The open rows have an index of their own in these orders.
OPEN_WALKED = {"newest", "due", "-due"}


@dataclass(frozen=True)
class Page:
    """Some rows of a list in their order, and the cursors that lead on; an empty cursor leads nowhere."""

    cases: list
    newer: str
    older: str


def walk(rows, order, community, *, after="", before="", size=PAGE, few=False):
    """Return the Page after (or before) a written cursor; one that cannot be read gives the first. Two queries.

    The keys are walked along an index, so that the last page costs what the first one does, and what is added in
    front meanwhile moves nothing. `few` says that `rows` are few out of many: then they are sorted instead. From the
    second page back to the first may cost two queries more.
    """
    backwards = bool(before) and not after
    cursor = order.read(before if backwards else after)
    backwards = backwards and cursor is not None
    keys = _keys(rows, order, cursor, backwards, size + 1, few)
    if backwards and len(keys) <= size:
        return walk(rows, order, community, size=size, few=few)
    more, keys = len(keys) > size, keys[:size]
    cases = load(reversed(keys) if backwards else keys, community)
    has_newer, has_older = (more, True) if backwards else (cursor is not None, more)
    return Page(
        cases,
        newer=order.write(cases[0]) if cases and has_newer else "",
        older=order.write(cases[-1]) if cases and has_older else "",
    )


def as_lines(rows):
    """Return `rows` with what a line shows and nothing else; other facts of such a case cost a query each."""
    return rows.annotate(**NAMES).only(*SHOWN)


def load(keys, community):
    """Return the cases of `keys`, all of `community`, in that order, with all that a list line shows. One query."""
    keys = list(keys)
    found = {case.pk: case for case in as_lines(Case.objects.filter(pk__in=keys))}
    for case in found.values():
        case.community = community
    return [found[key] for key in keys if key in found]


def _keys(rows, order, cursor, backwards, most, few):
    """Return up to `most` keys beyond `cursor`. One query, two where few rows are looked for among the newest first;
    rows without a value stand behind all others."""
    names = order.names(backwards)
    by = order.sorted(backwards) if few else names
    if not order.nullable:
        rows = rows.filter(order.beyond(cursor, backwards)) if cursor else rows
        if few and order == ORDERS["newest"] and not backwards:
            first = (cursor[1] if cursor else _newest_key()) - WINDOW
            newest = list(rows.filter(pk__gt=first).order_by(*by).values_list("pk", flat=True)[:most])
            if first <= 0 or len(newest) == most:
                return newest
        return list(rows.order_by(*by).values_list("pk", flat=True)[:most])
    valued, bare = rows.filter(**{f"{order.column}__isnull": False}), rows.filter(**{order.column: None})
    if cursor and cursor[0] is None:
        bare = bare.filter(id__lt=cursor[1]) if names[1] == "-id" else bare.filter(id__gt=cursor[1])
        parts = [bare, valued] if backwards else [bare]
    elif cursor:
        valued = valued.filter(order.beyond(cursor, backwards))
        parts = [valued] if backwards else [valued, bare]
    else:
        parts = [valued, bare]
    first, *rest = (
        part.annotate(part=Value(n)).order_by(*by).values_list("part", order.column, "id")[:most]
        for n, part in enumerate(parts)
    )
    both = first.union(*rest, all=True).order_by("part", *names) if rest else first
    return [key for _part, _value, key in both[:most]]


def _newest_key():
    """Return the key of the newest case of all, as it was within the last minute. One query, none while it is kept."""
    keys = Case.objects.order_by("-pk").values_list("pk", flat=True)
    return kept.for_a_while("newest-case", seconds=kept.MINUTE, make=lambda: keys.first() or 0)


# What a page asks for -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """What an address asks for, as far as it is understood: the rest of it has no effect."""

    view: View
    order_name: str
    wide: bool
    choices: Choices
    form: FilterForm
    rows: object
    is_rare: bool
    after: str
    before: str

    @property
    def order(self):
        return ORDERS[self.order_name]

    @property
    def few(self):
        """Whether `rows` are few out of many and no index has them in this order: they are sorted (see `walk`)."""
        return self.is_rare or (self.view.is_open and self.order_name not in OPEN_WALKED)

    def address(self, **changes):
        """Return the query string of this list with `changes`; None takes a name out. Cursors are dropped."""
        kept = {"view": self.view.key, "sort": self.order_name if self.order_name != self._usual() else None}
        kept["scope"] = "all" if self.wide else None
        kept |= {name: self.form.data.get(name) for name, _label, _chosen in self.form.active}
        return "?" + urlencode({name: value for name, value in {**kept, **changes}.items() if value is not None})

    def _usual(self):
        return usual_order(self.view, self.form.cleaned_data)

    @property
    def chips(self):
        """The filters in use, each with the address without it."""
        return [
            {"label": f"{label}: {chosen}", "remove_url": self.address(**{name: None})}
            for name, label, chosen in self.form.active
        ]

    def sort_links(self):
        """Return for each column that can be sorted its address and its direction now; due only among open rows."""
        links = {}
        for name, first in [("due", "due"), ("received", "-received"), ("level", "-level")]:
            if name == "due" and not self.view.is_open:
                continue
            now = {name: "asc", f"-{name}": "desc"}.get(self.order_name, "")
            turned = {"asc": f"-{name}", "desc": name}.get(now, first)
            links[name] = {"url": self.address(sort=turned), "dir": now}
        return links


def usual_order(view, facts):
    """Return the order of a view where none is asked for. A range of days is walked along the days."""
    if view.order == "newest" and (facts.get("received_from") or facts.get("received_to")):
        return "-received"
    return view.order


def read(params, *, user, community, now):
    """Return what the query string `params` asks for. One query, for the choices of the filters, and one more where
    it asks for words."""
    choices = choices_of(community)
    form = FilterForm(params, choices=choices)
    form.is_valid()
    view = VIEWS.get(params.get("view", ""), VIEWS["open"])
    order = params.get("sort", "")
    if order not in ORDERS or (ORDERS[order].nullable and not view.is_open):
        order = usual_order(view, form.cleaned_data)
    wide = params.get("scope") == "all" and starts_at_the_top(user, community)
    rows = view.pick(rows_of(user, community, wide=wide), user, community, now)
    if form.cleaned_data.get("figure"):
        rows = rows.filter(figures.condition(form.cleaned_data["figure"], now))
    return Asked(
        view=view,
        order_name=order,
        wide=wide,
        choices=choices,
        form=form,
        rows=narrow(rows, form.cleaned_data, community),
        is_rare=bool(form.cleaned_data.get("q")) and is_rare(form.cleaned_data["q"]),
        after=params.get("after", ""),
        before=params.get("before", ""),
    )


def next_in(address, case, *, user, now):
    """Return the case that follows `case` in the list of the query string `address`, or None behind the last. It need
    not be in the list any more itself. Four queries, five where the list is one of words."""
    asked = read(QueryDict(address.lstrip("?")), user=user, community=case.community, now=now)
    after = asked.order.write(case)
    found = walk(asked.rows, asked.order, case.community, after=after, size=1, few=asked.few)
    return found.cases[0] if found.cases else None


def name_of(address):
    """Return what the list of the query string `address` is called. No query."""
    return VIEWS.get(QueryDict(address.lstrip("?")).get("view", ""), VIEWS["open"]).label


# Lines --------------------------------------------------------------------------------------------------------------


class Line(TypedDict):
    """What a list shows of one case: where it leads, the deadline that counts now, whether anybody has it.

    A dict and flat, because a list draws fifty of them: a template looks a key up at once, where an attribute costs it
    an exception first.
    """

    case: Case
    key: str
    number: str
    url: str
    received_at: datetime.datetime
    summary: str
    place: str
    status: str
    tag: str
    tag_words: str
    level: int
    deadline: DeadlineCell
    state: str
    department: str
    first: str
    worker: str
    has_it: str
    is_unowned: bool


def lines(cases, now):
    """Return a Line for each of `cases`. No query, and one look at the addresses for all of them."""
    before, after = reverse("complaints:case", args=["0"]).split("0")
    return [_line(case, f"{before}{quote(case.number)}{after}", now) for case in cases]


def _line(case, url, now):
    tag, tag_words = case.tag
    deadline = deadline_of(case, now)
    return Line(
        case=case,
        key=case.number,
        number=case.short_number,
        url=url,
        received_at=case.received_at,
        summary=case.summary,
        place=case.place_shown,
        status=case.status,
        tag=tag,
        tag_words=tag_words,
        level=case.level,
        deadline=deadline,
        # What marks the edge of the line.
        state=deadline.state if deadline.state in ("over", "soon") else "",
        department=case.department_name,
        first=case.first_name or "–",
        worker=case.worker_name or "–",
        has_it=case.worker_name or case.first_name or "–",
        is_unowned=is_unowned(case),
    )


def is_unowned(case):
    """Return whether nobody works on `case`: not taken, or handed to a department without a worker."""
    return case.status == Status.RECEIVED or (case.status == Status.HANDED and case.assigned_to_id is None)


def deadline_of(case, now):
    """Return the DeadlineCell that counts now: the owed reply once the work is done, else the case's own; that of an
    authority where it is the earlier one. No query."""
    soon = datetime.timedelta(minutes=case.community.soon_minutes)
    if case.is_theirs_first:
        return deadline_cell(case.their_due_at, now=now, soon=soon, rule=gettext("authority"))
    if case.status in REPLY_OWED:
        return deadline_cell(case.reply_due_at, now=now, soon=soon, rule=gettext("reply"))
    done_at = case.resolved_at or case.declined_at or case.replied_at or case.archived_at
    if case.is_ended and done_at is None:
        return DeadlineCell("none", "", None)
    return deadline_cell(case.due_at, now=now, done_at=done_at, soon=soon)
