"""Verbs of the register: buildings, units, people and who occupies what."""

import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext as _

from residents.models import Building, Occupancy, Person, Section, Unit
from residents.names import initials_of, pinyin_of
from residents.rooms import keys_of, label_of
from servicedesk.core import events
from servicedesk.core.errors import Refused


def build_unit(building, section, number, **facts):
    """Return an unsaved Unit with its label and search keys."""
    codes = (building.code, section.code if section else "", number)
    return Unit(
        community_id=building.community_id,
        building=building,
        section=section,
        number=number,
        label=label_of(*codes),
        room_keys=keys_of(*codes),
        **facts,
    )


def build_person(community, name, phone="", **facts):
    """Return an unsaved Person with its search columns."""
    return Person(
        community=community,
        name=name,
        phone=phone,
        phone_reversed=phone[::-1],
        pinyin=pinyin_of(name),
        initials=initials_of(name),
        **facts,
    )


@transaction.atomic
def register_unit(community, *, building, section, number, by, now, **facts):
    """Return the unit of that place, made with its building and section where they are new."""
    house, _new = Building.objects.get_or_create(
        community=community, code=building, defaults={"name": facts.pop("building_name", building)}
    )
    entrance = Section.objects.get_or_create(building=house, code=section)[0] if section else None
    unit = Unit.objects.filter(building=house, section=entrance, number=number).first()
    if unit is None:
        unit = build_unit(house, entrance, number, **facts)
        unit.save(force_insert=True)
        events.log(unit, "unit_registered", by=by, now=now)
    return unit


@transaction.atomic
def register_person(community, *, name, phone, by, now, **facts):
    """Add a resident to the register and return it."""
    person = build_person(community, name, phone, **facts)
    person.save(force_insert=True)
    events.log(person, "person_registered", by=by, now=now)
    return person


@transaction.atomic
def move_in(unit, person, *, kind, starts_on, by, now):
    """Record from when `person` occupies `unit` and return the occupancy."""
    occupancy = Occupancy(unit=unit, person=person, kind=kind, period=DateRange(starts_on, None))
    occupancy.save(force_insert=True)
    events.log(unit, "moved_in", by=by, now=now, data={"person": person.pk, "kind": str(kind)})
    return occupancy


@transaction.atomic
def end_occupancy(occupancy, *, on, by, now):
    """Record that `occupancy` ends with the day `on`, the last one; return it. Raises Refused for a day before its
    first."""
    if on < occupancy.period.lower:
        raise Refused(_("Nobody can move out before they moved in, on %(day)s.") % {"day": occupancy.period.lower})
    # The end of a range is the first day that no longer belongs to it.
    occupancy.period = DateRange(occupancy.period.lower, on + datetime.timedelta(days=1))
    occupancy.save(update_fields=["period"])
    events.log(occupancy.unit, "moved_out", by=by, now=now, data={"person": occupancy.person_id})
    return occupancy


@transaction.atomic
def mark_handed_over(unit, *, on, by, now):
    """Record the day on which `unit` was handed over; a later handover of the same unit changes nothing."""
    if Unit.objects.filter(pk=unit.pk, handed_over_on=None).update(handed_over_on=on):
        unit.handed_over_on = on
        events.log(unit, "handed_over", by=by, now=now, data={"on": on.isoformat()})


@transaction.atomic
def unmask_phone(person, *, by, now, reason):
    """Return the whole telephone number of `person`; who looked, when and why is logged (ruling 13)."""
    events.log(person, "unmasked", by=by, now=now, note=reason)
    return person.phone


@transaction.atomic
def correct_person(person, *, name, phone, reason, by, now):
    """Correct the name and telephone number of a resident, with all that finds them (PIPL 46)."""
    right = build_person(person.community, name, phone)
    found = ("name", "phone", "phone_reversed", "pinyin", "initials")
    for column in found:
        setattr(person, column, getattr(right, column))
    person.save(update_fields=found)
    events.log(person, "data_corrected", by=by, now=now, note=reason)


@transaction.atomic
def seal_person(person, *, now):
    """Keep a resident's entry and show it to nobody any more; the caller logs it. One UPDATE."""
    person.sealed_at = now
    person.save(update_fields=["sealed_at"])


@transaction.atomic
def print_unit_file(unit, *, by, now):
    """Record that the whole file of a unit was prepared for printing. One INSERT."""
    events.log(unit, "file_printed", by=by, now=now)
