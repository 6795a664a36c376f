"""Vehicles of the people who live here."""

import datetime

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext as _

from residents.models import Vehicle
from servicedesk.core import events
from servicedesk.core.errors import Refused

DAY = datetime.timedelta(days=1)


@transaction.atomic
def add_vehicle(unit, person, *, kind, plate, starts_on, by, now, colour=""):
    """Record a vehicle of `person` in `unit` and return it; `plate` is clean already. Raises Refused where the plate is
    registered here for the same time."""
    period = DateRange(starts_on, None)
    vehicle = Vehicle(
        community_id=unit.community_id, unit=unit, person=person, kind=kind, plate=plate, colour=colour, period=period
    )
    try:
        with transaction.atomic():
            vehicle.save(force_insert=True)
    except IntegrityError:
        raise Refused(_("%(plate)s is registered here already.") % {"plate": plate} + _whose(unit, plate)) from None
    events.log(person, "vehicle_added", by=by, now=now, data={"vehicle": vehicle.pk, "kind": str(kind)})
    return vehicle


def _whose(unit, plate):
    rows = Vehicle.objects.filter(community=unit.community_id, plate=plate).select_related("unit").order_by("-id")
    there = next(iter(rows[:1]), None)
    return " " + _("It belongs to %(unit)s. End it there first.") % {"unit": there.unit} if there else ""


@transaction.atomic
def end_vehicle(vehicle, *, on, by, now):
    """Record that `on` is the last day on which a vehicle is kept here. Raises Refused for a day before its first."""
    if on < vehicle.period.lower:
        raise Refused(_("A vehicle cannot leave before it came, on %(day)s.") % {"day": vehicle.period.lower})
    set_last_day(vehicle, on, by=by, now=now)


def set_last_day(vehicle, on, *, by, now):
    """Write the last day on which a vehicle is kept here, or None where no end is known, in the caller's transaction.
    Raises Refused where its plate is registered for somebody else in these days."""
    vehicle.period = DateRange(vehicle.period.lower, on + DAY if on else None)
    try:
        with transaction.atomic():
            vehicle.save(update_fields=["period"])
    except IntegrityError:
        raise Refused(_("%(plate)s is registered here already.") % {"plate": vehicle.plate}) from None
    verb = "vehicle_ended" if on else "vehicle_stays"
    events.log(vehicle.person, verb, by=by, now=now, data={"vehicle": vehicle.pk})


def close_vehicles(keys, *, now):
    """End what vehicles people of these keys still have, in the caller's transaction, which erases whose they were."""
    for vehicle in Vehicle.objects.filter(person__in=keys, period__endswith=None).select_related("community"):
        today = vehicle.community.local(now).date()
        vehicle.period = DateRange(vehicle.period.lower, max(today, vehicle.period.lower) + DAY)
        vehicle.save(update_fields=["period"])
