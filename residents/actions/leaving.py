"""Leaving a home: what is over with it, whichever way somebody moves out, and another last day."""

import logging

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from residents.actions.boards import remove_plates_of
from residents.actions.contacts import end_contact
from residents.actions.credentials import end_credentials, house_words, lengthen_credentials
from residents.actions.register import DAY, end_occupancy, set_period
from residents.actions.vehicles import set_last_day
from residents.models import Contact, Occupancy, Vehicle
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.models import Community

logger = logging.getLogger(__name__)
MOVED_OUT = gettext_noop("moved out")


@transaction.atomic
def leave_home(occupancy, *, on, by, now):
    """Record that `occupancy` ends with the day `on`, the last one, and with it what its bearer has of that home alone.

    Vehicles leave and cards run out that day. Once it has come, contacts are told nothing more and plates are asked
    down; before, `end_former_contacts` and the list of each board come back to them. All but the plates stays where
    another occupancy of the same person goes on there. Raises Refused for a day before the first, Stale where somebody
    changed the period meanwhile. About ten statements, two for each thing that ends.
    """
    end_occupancy(occupancy, on=on, by=by, now=now)
    _end_what_hangs_on(occupancy, on, by=by, now=now)


def _end_what_hangs_on(occupancy, on, *, by, now):
    unit, person = occupancy.unit, occupancy.person
    has_come = on <= unit.community.local(now).date()
    if has_come:
        remove_plates_of(occupancy, by=by, now=now)
    if (
        Occupancy.objects.in_force()
        .filter(unit=unit, person=person, period__overlap=DateRange(on + DAY, None))
        .exists()
    ):
        return
    theirs = Vehicle.objects.filter(unit=unit, person=person)
    for vehicle in theirs.filter(Q(period__endswith=None) | Q(period__endswith__gt=on + DAY)).order_by("pk"):
        set_last_day(vehicle, max(on, vehicle.period.lower), by=by, now=now)
    end_credentials(person, unit=unit, on=on, by=by, now=now, reason=house_words(MOVED_OUT))
    if has_come:
        for contact in Contact.objects.active().filter(unit=unit, occupant=person).order_by("pk"):
            end_contact(contact, reason=house_words(MOVED_OUT), by=by, now=now)


@transaction.atomic
def change_last_day(occupancy, *, on, reason, by, now):
    """Give `occupancy`, which has an end, another last day, or none: a lease is renewed or given up early.

    What was to end with it ends with the new day: vehicles and cards in use whose last day was the same. Raises Refused
    where it has no end, for a day before its first, and where the days are taken or the shares would be more than a
    whole; Stale where somebody changed the period meanwhile.
    """
    was = occupancy.last_day
    if was is None:
        raise Refused(_("This home has no last day yet. Record first when they move out."))
    if on == was:
        raise Refused(_("This is the last day already."))
    set_period(occupancy, on)
    data = {"was": was.isoformat(), "until": on.isoformat() if on else None}
    events.log(occupancy.unit, "last_day_changed", by=by, now=now, data=data | {"person": occupancy.person_id})
    # The reason is kept with the person, so that it is part of what is given out and erased of them.
    about = data | {"unit": occupancy.unit_id}
    events.log(occupancy.person, "last_day_changed", by=by, now=now, note=reason, data=about)
    if on is not None and on < was:
        _end_what_hangs_on(occupancy, on, by=by, now=now)
        return
    for vehicle in Vehicle.objects.filter(unit=occupancy.unit, person=occupancy.person, period__endswith=was + DAY):
        set_last_day(vehicle, on, by=by, now=now)
    lengthen_credentials(occupancy.person, unit=occupancy.unit, was=was, until=on, by=by, now=now)


def end_former_contacts(*, now):
    """End the contacts of those whose last day in the home has passed; return how many.

    Each in its own transaction; one that raises is logged and passed over.
    """
    ended = 0
    for community in Community.objects.order_by("pk"):
        today = community.local(now).date()
        for pk in list(_former_contacts(community, today).order_by("pk").values_list("pk", flat=True)):
            try:
                ended += _end_former(community, pk, today, now)
            except Exception:
                logger.exception("the contact %s could not be ended", pk)
    return ended


def _former_contacts(community, today):
    homes = Occupancy.objects.in_force().filter(unit=OuterRef("unit"), person=OuterRef("occupant"))
    lasting = homes.filter(Q(period__endswith=None) | Q(period__endswith__gt=today))
    active = Contact.objects.active().filter(community=community)
    return active.filter(Exists(homes), ~Exists(lasting))


@transaction.atomic
def _end_former(community, pk, today, now):
    rows = _former_contacts(community, today).select_for_update(skip_locked=True, of=("self",), no_key=True)
    contact = rows.select_related("occupant").filter(pk=pk).first()
    if contact is None:
        return False
    end_contact(contact, reason=house_words(MOVED_OUT), by=None, now=now)
    return True
