"""Finding the person whose data is asked about: people of the register, also those who have moved out, and callers."""

import re
import unicodedata
from dataclasses import dataclass

from django.db.models import Prefetch, Q

from complaints.listing import matching
from complaints.models import Case
from complaints.subjects import Subject
from residents.models import Occupancy, Person
from residents.rooms import key_of
from servicedesk.core.text import clean_text

MOST_FOUND = 20


@dataclass(frozen=True)
class Found:
    """One line of the search: a person, where they live or lived, the newest of their cases without an entry."""

    subject: Subject
    where: str
    number: str = ""


def find(user, community, query):
    """Return up to 20 people of the register, and up to 20 callers without an entry, for a name, its initials, a room,
    a telephone number or its end. What is sealed or erased is not found. Three queries at most."""
    query = unicodedata.normalize("NFKC", clean_text(query)).lower().strip()
    return [*_registered(community, query), *_unregistered(user, community, query)]


def _registered(community, query):
    """Yield a Found for each of the first people. The room and the person are looked up apart, each by its index: one
    condition over both tables would look at everybody."""
    known = Person.objects.known().filter(community=community)
    there = Occupancy.objects.in_force().filter(unit__room_keys__contains=[key_of(query)])
    found = known.filter(pk__in=there.values("person")).values("pk")
    digits, letters = re.sub(r"[\s\-+]", "", query), re.sub(r"[^a-z]", "", query)
    asked = None
    if digits.isdigit() and len(digits) >= 4:
        asked = Q(phone_reversed__startswith=digits[::-1]) | Q(phone__startswith=digits)
    elif letters and letters == query:
        asked = Q(initials__startswith=letters) | Q(pinyin__startswith=letters)
    elif query:
        asked = Q(name__startswith=query)
    if asked is not None:
        found = found.union(known.filter(asked).values("pk"))
    people = Person.objects.filter(pk__in=found).order_by("name", "pk")[:MOST_FOUND]
    homes = Prefetch("occupancies", Occupancy.objects.in_force().select_related("unit").order_by("pk"))
    for one in people.prefetch_related(homes):
        where = ", ".join(dict.fromkeys(home.unit.label for home in one.occupancies.all()))
        yield Found(Subject(community, person=one), where)


def _unregistered(user, community, query):
    """Yield callers whose case names no entry: each telephone number once, with the newest of its cases."""
    cases = Case.objects.visible_to(user).in_community(community).filter(reporter=None, erased_at=None)
    cases = matching(cases.exclude(reporter_name="", reporter_phone=""), query).select_related("unit", "building")
    seen = set()
    for case in cases.order_by("-id")[: MOST_FOUND * 5]:
        key = case.reporter_phone or case.pk
        if key not in seen and len(seen) < MOST_FOUND:
            seen.add(key)
            yield Found(Subject(community, case=case), case.where, case.short_number)
