"""Entries of the register that may be the same person twice, for a supervisor to look at."""

from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from residents.models import Occupancy, Person
from servicedesk.core.models import Event

MOST = 50
REASONS = {
    "both": _("same name, same telephone number"),
    "unit": _("same name in the same unit"),
    "phone": _("same telephone number"),
}


@dataclass(frozen=True)
class Pair:
    """Two entries and why they may be one; `keep` is the older one."""

    keep: Person
    drop: Person
    reason: str

    @property
    def why(self):
        return REASONS[self.reason]


def known_as(community, name, phone, *, but=None):
    """Return up to five entries of this name and number, without the one that the form with the key `but` has made.
    None where no number is given: a name alone says little. One query along an index."""
    if not phone:
        return Person.objects.none()
    rows = Person.objects.known().filter(community=community, phone=phone, name=name)
    return (rows.exclude(submission=but) if but else rows)[:5]


def pairs(community):
    """Return up to fifty Pairs of `community`, the likeliest first, without those that somebody has told apart.

    Four queries; two of them read the register once along an index.
    """
    groups = [("phone", keys) for keys in _by_phone(community)] + [("unit", keys) for keys in _by_unit(community)]
    people = Person.objects.known().in_bulk({key for _reason, keys in groups for key in keys})
    apart = _told_apart(community, people)
    found = {}
    for reason, keys in groups:
        first, *others = sorted(key for key in keys if key in people)
        for other in others:
            keep, drop = people[first], people[other]
            both = keep.name == drop.name and keep.phone == drop.phone
            if keep.kind == drop.kind and frozenset((first, other)) not in apart:
                found.setdefault((first, other), Pair(keep, drop, "both" if both else reason))
    return sorted(found.values(), key=lambda pair: (list(REASONS).index(pair.reason), pair.keep.pk))[:MOST]


def _by_phone(community):
    people = Person.objects.known().filter(community=community).exclude(phone="")
    phones = people.order_by().values("phone").annotate(n=Count("pk")).filter(n__gt=1).values("phone")
    found = {}
    for phone, key in people.filter(phone__in=phones).order_by("pk").values_list("phone", "pk")[: MOST * 4]:
        found.setdefault(phone, []).append(key)
    return found.values()


def _by_unit(community):
    homes = Occupancy.objects.in_force().known().filter(unit__community=community).order_by()
    same = homes.values("unit", "person__name").annotate(n=Count("person", distinct=True)).filter(n__gt=1)
    same = set(same.values_list("unit", "person__name")[: MOST * 2])
    rows = homes.filter(unit__in={unit for unit, _name in same}).values_list("unit", "person__name", "person")
    found = {}
    for unit, name, key in rows:
        if (unit, name) in same:
            found.setdefault((unit, name), set()).add(key)
    return found.values()


def _told_apart(community, keys):
    """Return the pairs of keys of which somebody has said that they are two people."""
    people = ContentType.objects.get_for_model(Person)
    events = Event.objects.filter(community=community, subject_type=people, subject_id__in=list(keys))
    events = events.filter(verb="people_told_apart").values_list("subject_id", "data__other")
    return {frozenset(pair) for pair in events}
