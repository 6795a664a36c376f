"""Verbs of the register: buildings, units, people and who occupies what."""

import datetime

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q
from django.utils.translation import gettext as _

from residents import voiding
from residents.models import Building, Occupancy, Person, Section, Unit
from residents.names import initials_of, pinyin_of
from residents.rooms import keys_of, label_of
from servicedesk.core import events, once
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.moves import write

DAY = datetime.timedelta(days=1)


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
def register_person(community, *, name, phone, by, now, submission=None, **facts):
    """Add a resident to the register and return it; the same `submission` again returns the same. `facts` are other
    columns of the entry."""
    people = Person.objects.filter(community=community)
    if made := once.made_by(submission, people, name=name, phone=phone):
        return made
    person = build_person(community, name, phone, submission=submission, **facts)
    person.save(force_insert=True)
    events.log(person, "person_registered", by=by, now=now)
    return person


@transaction.atomic
def move_in(unit, person, *, kind, starts_on, by, now, ends_on=None, share=None, company=None):
    """Record from when to when `person` occupies `unit` and return the occupancy; `ends_on` is the last day.

    An owner may have a `share` in percent, staff belong to a `company`. Raises Refused where they occupy it already in
    these days, and where the owners of one day would have more than the whole; the unit is locked meanwhile, so that
    of two at once the second is told so.
    """
    if ends_on is not None and ends_on < starts_on:
        raise Refused(_("Nobody can move out before they moved in, on %(day)s.") % {"day": starts_on})
    if share is not None and kind != Occupancy.Kind.OWNER:
        raise Refused(_("Only an owner has a share of a unit."))
    if person.kind == Person.Kind.COMPANY and kind in (Occupancy.Kind.HOUSEHOLD, Occupancy.Kind.STAFF):
        raise Refused(_("A company owns a unit or leases it. Enter the people who work there as its staff."))
    if company is not None and kind != Occupancy.Kind.STAFF:
        raise Refused(_("Only staff belong to a company."))
    period = DateRange(starts_on, ends_on + DAY if ends_on else None)
    if share is not None:
        _demand_room_for(share, unit, period, Occupancy.objects.in_force())
    occupancy = Occupancy(unit=unit, person=person, kind=kind, period=period, share=share, company=company)
    try:
        with transaction.atomic():
            occupancy.save(force_insert=True)
    except IntegrityError:
        raise Refused(_("They are registered for %(unit)s in these days already.") % {"unit": unit}) from None
    events.log(unit, "moved_in", by=by, now=now, data={"person": person.pk, "kind": str(kind)})
    return occupancy


def _demand_room_for(share, unit, period, others):
    """Lock `unit` and raise Refused where `share` and those of `others` exceed the whole on a day of `period`."""
    Unit.objects.select_for_update(no_key=True).get(pk=unit.pk)
    owned = others.filter(unit=unit, share__isnull=False, period__overlap=period)
    # The sum only rises on the day on which a share begins.
    days = [period.lower, *(home.period.lower for home in owned if home.period.lower > period.lower)]
    taken = max(sum(home.share for home in owned if home.is_on(day)) for day in days)
    if taken + share > 100:
        raise Refused(
            _("The owners of %(unit)s have %(taken)s %% in these days, so %(left)s %% at most are left.")
            % {"unit": unit, "taken": f"{taken:f}", "left": f"{100 - taken:f}"}
        )


@transaction.atomic
def void_occupancy(occupancy, *, reason, by, now):
    """Record that an occupancy was entered by mistake: the row stays and counts no more.

    Raises NotAllowed for who entered it more than ten minutes ago, and for others than a supervisor; Refused where that
    was done already.
    """
    voiding.demand(by, occupancy.unit.community_id, **voiding.entered_by(occupancy), now=now)
    if not Occupancy.objects.in_force().filter(pk=occupancy.pk).update(voided_at=now):
        raise Refused(_("This entry does not count any more already."))
    occupancy.voided_at = now
    data = {"person": occupancy.person_id, "kind": str(occupancy.kind)}
    events.log(occupancy.unit, "occupancy_voided", by=by, now=now, note=reason, data=data)


@transaction.atomic
def end_occupancy(occupancy, *, on, by, now):
    """Record that `occupancy` ends with the day `on`, the last one; return it. What else ends: `leave_home`. Raises
    Refused for a day before its first, Stale where somebody changed the period meanwhile."""
    set_period(occupancy, on)
    events.log(occupancy.unit, "moved_out", by=by, now=now, data={"person": occupancy.person_id})
    return occupancy


def set_period(occupancy, on):
    """Write the last day of `occupancy`, or None where no end is known, in the caller's transaction, which logs it.

    Compare-and-set on the period that was read: raises Stale where somebody changed it meanwhile or it counts no more,
    Refused for a day before its first, for days that are taken, and where the shares would be more than a whole.
    """
    was = occupancy.period
    if on is not None and on < was.lower:
        raise Refused(_("Nobody can move out before they moved in, on %(day)s.") % {"day": was.lower})
    # The end of a range is the first day that no longer belongs to it.
    period = DateRange(was.lower, on + DAY if on else None)
    if occupancy.share is not None:
        others = Occupancy.objects.in_force().exclude(pk=occupancy.pk)
        _demand_room_for(occupancy.share, occupancy.unit, period, others)
    rows = Occupancy.objects.in_force().filter(pk=occupancy.pk, period=was)
    try:
        with transaction.atomic():
            written = rows.update(period=period)
    except IntegrityError:
        raise Refused(_("They are registered for %(unit)s in these days already.") % {"unit": occupancy.unit}) from None
    if not written:
        raise Stale
    occupancy.period = period


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
def unmask_email(person, *, by, now, reason):
    """Return the whole e-mail address of `person`; who looked, when and why is logged (ruling 13)."""
    events.log(person, "email_unmasked", by=by, now=now, note=reason)
    return person.email


@transaction.atomic
def correct_person(person, *, name, phone, reason, by, now, **facts):
    """Correct the name and telephone number of a resident, with all that finds them (PIPL 46), and what else of their
    entry is named in `facts` (kind, title, note, email). Without an address nobody is told anything by e-mail. Raises
    Stale where somebody else changed it first."""
    if facts.get("email") == "":
        facts |= Person.SILENT
    right = build_person(person.community, name, phone)
    found = {column: getattr(right, column) for column in ("name", "phone", "phone_reversed", "pinyin", "initials")}
    write(person, **found, **facts)
    events.log(person, "data_corrected", by=by, now=now, note=reason)


@transaction.atomic
def seal_person(person, *, now):
    """Keep a resident's entry, with those that were merged into it, and show it to nobody any more; the caller logs it.
    One UPDATE."""
    Person.objects.filter(Q(pk=person.pk) | Q(merged_into=person)).update(sealed_at=now, **Person.SILENT)
    person.sealed_at = now


@transaction.atomic
def print_unit_file(unit, *, by, now):
    """Record that the whole file of a unit was prepared for printing. One INSERT."""
    events.log(unit, "file_printed", by=by, now=now)
