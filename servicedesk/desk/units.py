"""One unit on one page (一户一档): what the desk has of a home, part by part, as tables for screen and paper."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.models import Case
from residents.models import Occupancy, Unit

# What stands of one part on the first page; the part itself shows up to MOST.
FEW, MOST = 6, 200
PAGE = 50
KINDS = Occupancy.Kind.values


@dataclass(frozen=True)
class Cell:
    """One cell of a Table. `data` says that the words are somebody's own and no part of a language."""

    text: Any = ""
    url: str = ""
    tag: str = ""
    data: bool = True

    @property
    def shown(self):
        """The words, a day and a moment as the desk writes them."""
        if isinstance(self.text, datetime.datetime):
            return f"{self.text:%Y-%m-%d %H:%M}"
        return f"{self.text:%Y-%m-%d}" if isinstance(self.text, datetime.date) else self.text


@dataclass(frozen=True)
class Table:
    """Rows of Cells under their header, or the sentence that says that there is nothing."""

    title: str
    header: list
    rows: list
    nothing: str
    more_url: str = ""

    @property
    def lines(self):
        """The rows as (name of the column, Cell) pairs, as a narrow screen shows them."""
        return [list(zip(self.header, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Part:
    """A part of the page: `tables(unit, user, now, most)` returns its Tables in a fixed number of queries."""

    key: str
    label: str
    tables: Callable


@dataclass(frozen=True)
class Overview:
    """What has to be seen first: instructions to keep in mind, who lives there, what is open."""

    instructions: list = field(default_factory=list)
    tables: list = field(default_factory=list)


def find(community, pk):
    """Return the unit of that key with its place, or None where the community has none. One query."""
    return Unit.objects.filter(community=community, pk=pk).select_related("building", "section", "community").first()


def page(community, *, building=None, room="", after=""):
    """Return (units, cursor) of the list of units, fifty from behind the cursor `after`, building by building.

    One query along an index; the cursor is empty where nothing follows.
    """
    units = Unit.objects.filter(community=community).select_related("building", "section")
    if building:
        units = units.filter(building=building)
    if room:
        units = units.by_room(room)
    if (cursor := _read(after)) is not None:
        building_id, room = cursor
        units = units.filter(Q(building__gt=building_id) | Q(building=building_id, room_order__gt=room))
    found = list(units.order_by("building_id", "room_order", "id")[: PAGE + 1])
    return found[:PAGE], _write(found[PAGE - 1]) if len(found) > PAGE else ""


def names(units, today):
    """Return {key of a unit: names of who lives or works there on `today`}, owners first. One query."""
    found = {}
    living = Occupancy.objects.on(today).known().filter(unit__in=units).select_related("person")
    for one in sorted(living, key=lambda one: (KINDS.index(one.kind), one.pk)):
        found.setdefault(one.unit_id, []).append(one.person.name)
    return found


def _write(unit):
    return f"{unit.building_id}:{unit.room_order}"


def _read(cursor):
    building, colon, room = cursor.partition(":")
    return (int(building), room) if colon and building.isascii() and building.isdigit() and len(building) < 16 else None


def overview(unit, user, now):
    """Return the Overview of a unit. Three queries for what stands in this module, and those of its upper parts."""
    today = unit.community.local(now).date()
    living = list(_occupancies(unit).on(today))
    return Overview(
        instructions=[(one.person.name, one.person.note) for one in living if one.person.note],
        tables=[
            _people_table(living, _("Who lives or works here"), _("Nobody is registered here.")),
            _cases_table(unit, user, now, Case.objects.visible_to(user).open(), FEW, _("Open cases")),
        ],
    )


def people(unit, user, now, most=MOST):
    """Return the Tables of who is here, who was and who is to come. One query."""
    today = unit.community.local(now).date()
    rows = list(_occupancies(unit)[:most])
    here = [one for one in rows if today in one.period]
    before = [one for one in rows if one.period.upper and one.period.upper <= today]
    later = [one for one in rows if one.period.lower > today]
    tables = [_people_table(here, _("Who lives or works here"), _("Nobody is registered here."))]
    if later:
        tables.append(_people_table(later, _("Who is to come"), ""))
    if before:
        tables.append(_people_table(before, _("Who was here"), ""))
    return tables


def cases(unit, user, now, most=MOST):
    """Return the Table of the unit's cases that `user` may see, newest first. One query beside that of the roles."""
    return [_cases_table(unit, user, now, Case.objects.visible_to(user), most, _("Cases, newest first"))]


def _occupancies(unit):
    return unit.occupancies.known().select_related("person").order_by("kind", "-period", "id")


def _people_table(rows, title, nothing):
    header = [_("Who"), _("Capacity"), _("Telephone"), _("From"), _("To")]
    return Table(title, header, [_person_row(one) for one in rows], nothing)


def _person_row(one: Occupancy):
    return [
        Cell(one.person.name),
        Cell(one.get_kind_display(), data=False),
        Cell(one.person.masked_phone or "–"),
        Cell(one.period.lower),
        Cell(one.last_day or "–"),
    ]


def _cases_table(unit, user, now, rows, most, title):
    found = list(rows.filter(unit=unit).select_related("department").order_by("-id")[: most + 1])
    more = f"{reverse('complaints:list')}?view=all&q={unit.label}" if len(found) > most else ""
    header = [_("Number"), _("Received"), _("Matter"), _("Department"), _("Status")]
    return Table(title, header, [_case_row(case, unit) for case in found[:most]], _("No case."), more)


def _case_row(case, unit):
    tag, words = case.tag
    return [
        Cell(case.short_number, url=case.get_absolute_url()),
        Cell(unit.community.local(case.received_at).date()),
        Cell(case.summary),
        Cell(case.department),
        Cell(words, tag=tag, data=False),
    ]


# In the order of the tabs. An upper part of the desk that knows something of a home adds itself here.
PARTS = [
    Part("people", gettext_lazy("People"), people),
    Part("cases", gettext_lazy("Cases"), cases),
]
