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

    Two queries: the keys along an index, then the state of these only. Asked in one, the database goes through
    everybody who lives here to say it of fifty. The cursor is empty where nothing follows.
    """
    units = Unit.objects.filter(community=community)
    if building:
        units = units.filter(building=building)
    if room:
        units = units.by_room(room)
    if state:
        units = units.in_state(state, today)
    if (cursor := _read(after)) is not None:
        building_id, place = cursor
        units = units.filter(Q(building__gt=building_id) | Q(building=building_id, room_order__gt=place))
    in_order = ("building_id", "room_order", "id")
    keys = list(units.order_by(*in_order).values_list("pk", flat=True)[: PAGE + 1])
    shown = Unit.objects.filter(pk__in=keys[:PAGE]).with_state(today).select_related("building", "section")
    found = list(shown.order_by(*in_order))
    return found, _write(found[-1]) if len(keys) > PAGE else ""


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
