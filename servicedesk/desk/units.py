"""Homes: their list, building by building, and one of them."""

from django.db.models import Q

from residents.models import Occupancy, Unit

PAGE = 50
KINDS = Occupancy.Kind.values


def find(community, pk, today):
    """Return the unit of that key with its place and state, or None where the community has none. One query."""
    units = Unit.objects.filter(community=community, pk=pk).with_state(today)
    return units.select_related("building", "section", "community").first()


def page(community, today, *, building=None, room="", state="", after=""):
    """Return (units with their state, cursor) of the list of units, fifty from behind the cursor `after`, building by
    building.

    One query along an index; the cursor is empty where nothing follows.
    """
    units = Unit.objects.filter(community=community).select_related("building", "section")
    if building:
        units = units.filter(building=building)
    if room:
        units = units.by_room(room)
    if state:
        units = units.in_state(state, today)
    if (cursor := _read(after)) is not None:
        building_id, place = cursor
        units = units.filter(Q(building__gt=building_id) | Q(building=building_id, room_order__gt=place))
    found = list(units.with_state(today).order_by("building_id", "room_order", "id")[: PAGE + 1])
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
    is_key = building.isascii() and building.isdigit() and len(building) < 16
    return (int(building), room) if colon and is_key else None
