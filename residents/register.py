"""The register of residents as lists show it: who is in it, in the order of their names, fifty at a time."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from residents import finder, identity
from residents.models import Occupancy, Person, Unit

PAGE = 50
LETTERS = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "#"]
# The shortest number of a paper that is looked up.
LEAST_NUMBER = 5


@dataclass(frozen=True)
class Home:
    """One unit of somebody, from when to when, in which capacity; the state of the unit on the day asked about."""

    occupancy: Occupancy
    state: str
    is_current: bool

    @property
    def last_day(self):
        return self.occupancy.last_day


@dataclass(frozen=True)
class Line:
    """One person or company of the register with their homes."""

    person: Person
    homes: list


def people(community, today, *, q="", role="", building=None, state="", when="now", letter=""):
    """Return the people of the register that match, unordered. Nothing is read yet.

    `when` is "now" (lives here), "ended" (has moved out), "none" (has no home here) or "all"; role, building and state
    of the unit are those of one and the same home.
    """
    found = Person.objects.known().filter(community=community)
    if letter == "#":
        found = found.exclude(pinyin__regex=r"^[a-z]")
    elif letter:
        found = found.filter(pinyin__startswith=letter.lower())
    homes = Occupancy.objects.in_force().filter(person=OuterRef("pk"))
    of_time = {"now": homes.on(today), "ended": homes.filter(period__endswith__lte=today)}
    chosen = of_time.get(when, homes)
    if role:
        chosen = chosen.filter(kind=role)
    if building is not None:
        chosen = chosen.filter(unit__building=building)
    if state:
        chosen = chosen.filter(unit__in=Unit.objects.filter(community=community).in_state(state, today))
    if when == "none":
        found = found.filter(~Exists(homes))
    elif when in ("now", "ended") or role or building is not None or state:
        found = found.filter(Exists(chosen))
    if when == "ended":
        found = found.filter(~Exists(homes.filter(Q(period__endswith=None) | Q(period__endswith__gt=today))))
    return found.filter(matching(community, q)) if q else found


def matching(community, query):
    """Return the condition for who answers to what was typed, as the finder does, and for exactly this number of an
    identity paper. Up to two queries, for rooms."""
    query = finder.normal(query)
    asked = finder.people(query, prefix="") | finder.given(query, prefix="")
    if any(character.isdigit() for character in query):
        units = list(
            Unit.objects.filter(community=community).by_room(finder.key_of(query)).values_list("pk", flat=True)
        )
        if units:
            # As keys and not as a subquery: an OR over both would read everybody.
            there = Occupancy.objects.in_force().filter(unit__in=units).values_list("person", flat=True)
            asked |= Q(pk__in=list(there))
        number = identity.plain(query)
        if len(number) >= LEAST_NUMBER:
            asked |= Q(identity_hash__in=identity.hashes(community, number))
    return asked


def page(rows, *, after=None, before=None):
    """Return (people, has earlier ones, has later ones): up to fifty of `rows` in the order of their pinyin, after or
    before a Person. Costs the same on every page: one query along the index `person_by_pinyin`."""
    edge = after or before
    if edge is not None:
        rows = rows.filter(_beyond(edge, "gt" if after else "lt"))
    order = ("pinyin", "pk") if before is None else ("-pinyin", "-pk")
    found = list(rows.order_by(*order)[: PAGE + 1])
    more, found = len(found) > PAGE, found[:PAGE]
    if before is not None:
        return found[::-1], more, True
    return found, after is not None, more


def _beyond(edge, side):
    # The bound on the pinyin alone lets the index begin at the right place.
    return Q(**{f"pinyin__{side}e": edge.pinyin}) & (
        Q(**{f"pinyin__{side}": edge.pinyin}) | Q(pinyin=edge.pinyin, **{f"pk__{side}": edge.pk})
    )


def lines(found, today):
    """Return the Lines of people with their homes, those of today first. Two queries."""
    homes = homes_of([person.pk for person in found], today)
    return [Line(person, homes.get(person.pk, [])) for person in found]


def homes_of(keys, today):
    """Return {person: [Home]} for the keys of people: those of today first, the newest first. Two queries."""
    rows = Occupancy.objects.in_force().filter(person__in=keys).with_people().order_by("pk")
    rows = list(rows)
    units = Unit.objects.filter(pk__in={home.unit_id for home in rows}).with_state(today)
    states = dict(units.values_list("pk", "state"))
    found = {}
    for row in sorted(rows, key=lambda row: (not row.is_on(today), -row.period.lower.toordinal())):
        state = Unit.State(states[row.unit_id])
        found.setdefault(row.person_id, []).append(Home(row, state, row.is_on(today)))
    return found
