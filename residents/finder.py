"""One box for everything the desk hears first: a room, a telephone number or its end, a name, its initials."""

import re
import unicodedata
from dataclasses import dataclass

from django.db.models import Q

from residents.models import Occupancy, Unit
from residents.rooms import key_of
from servicedesk.core.text import clean_text

MOST = 8
_LETTERS = re.compile(r"[a-z]{2,}")
_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class Hit:
    """One line of the finder: a unit, and who lives there if somebody does."""

    unit: Unit
    occupancy: Occupancy | None

    @property
    def who(self):
        """Who it is and as what; of staff, of which company. Empty where nobody lives there."""
        if self.occupancy is None:
            return ""
        company = f" · {self.occupancy.company}" if self.occupancy.company else ""
        return f"{self.occupancy.person.name} {self.occupancy.get_kind_display()}{company}"


def find(community, query, *, today, most=MOST):
    """Return up to `most` Hits for what was typed, best kind of match first. One to four queries.

    Input method marks (`w'x'm`) and blanks are stripped; nothing shorter than a room of two characters is searched,
    except for a surname of one.
    """
    query = normal(query)
    if len(query) < 2 and not _HAN.fullmatch(query):
        return []
    occupancies = (
        Occupancy.objects.on(today).known().filter(unit__community=community, person__community=community).with_people()
    )
    hits = _named(occupancies, people(query), most)
    if not hits and (inside := given(query)):
        hits = _named(occupancies, inside, most)
    if any(c.isdigit() for c in query):
        hits = _rooms(community, query, occupancies, most) + hits
    # Whoever is found by the room and by the telephone stands where they were found first.
    return list(dict.fromkeys(hits))[:most]


def _named(occupancies, people, most):
    return [Hit(o.unit, o) for o in occupancies.filter(people).order_by("person__name", "unit__label")[:most]]


def normal(query):
    """Return what was typed as it is looked up: one form of letters and digits, no marks of an input method."""
    return unicodedata.normalize("NFKC", clean_text(query)).lower().replace("'", "").replace("’", "").strip()


def given(query, *, prefix="person__"):
    """Return the condition for who has the query inside the name, as a given name is; an empty one for what is none.

    No index helps inside a name: the names of one community are read, so it is asked only where no name begins so.
    """
    if _HAN.search(query):
        return Q(**{f"{prefix}name__contains": query})
    may_be = len(query) > 3 and _LETTERS.fullmatch(query)
    return Q(**{f"{prefix}pinyin__endswith": query}) if may_be else Q()


def people(query, *, prefix="person__"):
    """Return the condition for who answers to a normal query by telephone number, name or initials; `prefix` leads to
    the person."""
    if "@" in query:
        return Q(**{f"{prefix}email": query})
    digits = re.sub(r"[\s\-+]", "", query)
    if digits.isdigit():
        if len(digits) < 4:
            return Q(pk__in=[])
        return Q(**{f"{prefix}phone_reversed__startswith": digits[::-1]}) | Q(**{f"{prefix}phone__startswith": digits})
    if _HAN.search(query):
        return Q(**{f"{prefix}name__startswith": query})
    letters = re.sub(r"[^a-z]", "", query)
    if not _LETTERS.fullmatch(letters):
        return Q(pk__in=[])
    return Q(**{f"{prefix}initials__startswith": letters}) | Q(**{f"{prefix}pinyin__startswith": letters})


def _rooms(community, query, occupancies, most):
    units = list(
        Unit.objects.filter(community=community)
        .by_room(key_of(query))
        .select_related("building", "section")
        .order_by("label")[:most]
    )
    living = {}
    for occupancy in occupancies.filter(unit__in=units).order_by("kind", "id")[: most * 4] if units else ():
        living.setdefault(occupancy.unit_id, []).append(occupancy)
    kinds = [Occupancy.Kind.OWNER, Occupancy.Kind.LESSEE, Occupancy.Kind.HOUSEHOLD, Occupancy.Kind.STAFF]
    return [
        hit
        for unit in units
        for hit in (
            [Hit(unit, o) for o in sorted(living.get(unit.pk, ()), key=lambda o: kinds.index(o.kind))]
            or [Hit(unit, None)]
        )
    ]
