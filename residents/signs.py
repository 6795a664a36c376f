"""What a directory board should say, what it says, and what has changed since the sign maker was last told."""

import datetime
from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from residents.models import Board, BoardPrinting, Occupancy, Person, Plate
from servicedesk.core.calendar import calendar_of

# Whoever occupies in their own name; staff and household members have no plate.
BEARERS = (Occupancy.Kind.OWNER, Occupancy.Kind.LESSEE)


@dataclass(frozen=True)
class Name:
    """What stands on a plate, in one or in two languages."""

    zh: str
    en: str = ""


@dataclass(frozen=True)
class Change:
    """One line for the sign maker: the place, what stood there and what is to stand there."""

    slot: int
    was: Name | None
    becomes: Name | None

    @property
    def kind(self):
        if self.was is None:
            return "add"
        return "remove" if self.becomes is None else "change"


def diff(before, after):
    """Return the Changes that lead from one board to another, by place; both are {place: Name}. Pure."""
    return [
        Change(slot, before.get(slot), after.get(slot))
        for slot in sorted(before.keys() | after.keys())
        if before.get(slot) != after.get(slot)
    ]


def wanted(plates):
    """Return {place: Plate} of how a board is to look: what is approved stands in for what it replaces, and what is to
    be taken down is gone. What is only asked for is not wanted yet. Pure; takes the live plates of one board."""
    new = [plate for plate in plates if plate.status in (Plate.Status.APPROVED, Plate.Status.MADE)]
    replaced = {plate.replaces_id for plate in new}
    kept = [p for p in plates if p.status == Plate.Status.MOUNTED and not p.is_leaving and p.pk not in replaced]
    return {plate.slot: plate for plate in [*kept, *new]}


def names(plates):
    """Return {place: Name} of {place: Plate}. Pure."""
    return {slot: Name(plate.display_name_zh, plate.display_name_en) for slot, plate in plates.items()}


def due_on(community, days, today):
    """Return the day by which a change is due: `days` working days after `today`. At most two queries."""
    calendar = calendar_of(community)
    day = today
    for _n in range(days):
        day = calendar.next_working_day(day)
    return day


# What there is to do --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """Something to do about a plate: add, rename, leave (ask for its removal), approve, make, mount or remove.

    An occupant without a plate is only suggested: there is an occupancy and no plate yet.
    """

    kind: str
    board: Board
    due_on: datetime.date
    occupancy: Occupancy | None = None
    plate: Plate | None = None

    def is_late(self, today):
        return self.due_on < today

    @property
    def label(self):
        return {
            "add": _("Occupant without a plate"),
            "rename": _("The name has changed"),
            "leave": _("Has moved out"),
            "approve": _("Name to approve"),
            "make": _("To be made"),
            "mount": _("To be mounted"),
            "remove": _("To be taken down"),
        }[self.kind]

    @property
    def name(self):
        """The name that it is about."""
        return self.plate.display_name_zh if self.plate else self.occupancy.person.name


NEXT = {Plate.Status.REQUESTED: "approve", Plate.Status.APPROVED: "make", Plate.Status.MADE: "mount"}


def boards_of(community):
    """Return the boards of `community` in use, with their live plates loaded as `shown`. Two queries."""
    live = Plate.objects.live().with_facts().order_by("slot", "id")
    rows = Board.objects.filter(community=community, is_active=True).select_related("building", "section")
    boards = list(rows.prefetch_related(Prefetch("plates", queryset=live, to_attr="shown")))
    for board in boards:
        board.community = community
    return boards


def tasks_of(boards, community, today):
    """Return the Tasks of `boards`, as boards_of() loads them, what is due first first. At most three queries.

    Plates arise from who occupies what: a company in its own name without a plate is to get one, a private person only
    by an explicit request. Whoever moved out leaves one behind, and another name in the register is another plate.
    """
    due = {board.pk: due_on(community, board.due_days, today) for board in boards}
    found = [task for board in boards for plate in board.shown for task in _of_plate(plate, board, today, due)]
    found += _missing(boards, community, today)
    return sorted(found, key=lambda task: (task.due_on, task.board.pk, task.name))


def _of_plate(plate, board, today, due):
    if plate.is_leaving:
        yield Task("remove", board, plate.remove_by, plate=plate)
    elif has_left(plate.occupancy, today):
        left_on = due_on(board.community, board.due_days, plate.occupancy.period.upper)
        yield Task("leave", board, left_on, plate=plate)
    elif plate.is_coming:
        yield Task(NEXT[plate.status], board, plate.due_on, plate=plate)
    elif is_renamed(plate) and not any(other.replaces_id == plate.pk for other in board.shown):
        yield Task("rename", board, due[board.pk], plate=plate)


def has_left(occupancy, today):
    """Return whether an occupancy is over on `today`; the end of its period is the first day after it."""
    return occupancy.period.upper is not None and occupancy.period.upper <= today


def is_renamed(plate):
    """Return whether the register has another name now; one that may no longer be shown is none. The occupancy and its
    person must be loaded."""
    person = plate.occupancy.person
    return person.name != plate.registered_name and not (person.sealed_at or person.erased_at or person.masked_at)


def _missing(boards, community, today):
    """Yield a Task for each company that occupies a unit of a board and has no plate there. One query."""
    rows = (
        Occupancy.objects.on(today)
        .known()
        .filter(unit__community=community, unit__building__in={board.building_id for board in boards})
        .filter(kind__in=BEARERS, person__kind=Person.Kind.COMPANY)
        .select_related("person", "unit")
        .order_by("unit__label", "id")
    )
    rows = list(rows) if boards else []
    for board in boards:
        named = {plate.occupancy_id for plate in board.shown}
        for occupancy in rows:
            if occupancy.pk not in named and _is_of(occupancy.unit, board):
                yield Task("add", board, due_on(community, board.due_days, occupancy.period.lower), occupancy=occupancy)


def _is_of(unit, board):
    if unit.building_id != board.building_id or (board.section_id and unit.section_id != board.section_id):
        return False
    return board.place == Board.Place.LOBBY or unit.floor == board.floor


# Papers ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paper:
    """What the sign maker gets: the whole board, and only what has changed since the printing before."""

    board: Board
    lines: list
    changes: list
    since: BoardPrinting | None

    @property
    def is_unchanged(self):
        return not self.changes


def paper_of(board, printing=None):
    """Return the Paper of a board as it is wanted now, or as `printing` has sent it. Three queries."""
    earlier = board.printings.order_by("-id")
    since = (earlier.filter(pk__lt=printing.pk) if printing else earlier).first()
    after = _kept(board, printing) if printing else wanted(board.plates.live().select_related("unit"))
    became = names(after)
    lines = [(slot, after.get(slot)) for slot in range(1, max([board.slots, *after], default=0) + 1)]
    return Paper(board, lines, diff(names(_kept(board, since)) if since else {}, became), since)


def _kept(board, printing):
    """Return {place: Plate} of what was sent to the sign maker. One query."""
    plates = board.plates.select_related("unit").in_bulk(printing.snapshot.values())
    return {int(slot): plates[key] for slot, key in printing.snapshot.items()}
