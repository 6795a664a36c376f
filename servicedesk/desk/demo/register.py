"""What the register knows beyond who lives where: shares, contacts, vehicles, a number of a paper, one entry too many.

Names, plates and numbers are made up; the identity number has a check digit that is right, and a place that is none.
"""

from datetime import timedelta
from decimal import Decimal

from residents import actions
from residents.models import Occupancy, Unit

# No place in China has the code 990101.
NUMBER = "99010119880808123"
DUPLICATE_IN = "6"
SHARED_IN = "8"


def know(garden, people, now):
    """Add it to the community of the demo, by those at the desk who would have typed it in."""
    desk, supervisor = people["desk1"], people["sup1"]
    before = now - timedelta(days=20)
    today = garden.local(now).date()
    homes = Occupancy.objects.on(today).filter(unit__community=garden).with_people()
    _household(homes.filter(unit__label="3-2-1201").order_by("pk"), desk, before, today)
    owner = homes.get(unit__label="12-1201")
    actions.add_contact(
        owner.unit,
        owner.person,
        role="emergency",
        name="赵建国",
        phone="13800009001",
        tell=["emergency", "visit"],
        note="父亲，住同城",
        by=desk,
        now=before,
    )
    _shared(garden, supervisor, before, today)
    _twice(homes.filter(unit__building__code=DUPLICATE_IN, kind=Occupancy.Kind.OWNER), desk, now, today)


def _household(homes, desk, before, today):
    """The family that the walks ask for: who is told what, their car, the number of her paper."""
    owner, partner = homes[:2]
    tell = ["emergency", "case", "visit"]
    actions.add_contact(owner.unit, owner.person, role="family", person=partner.person, tell=tell, by=desk, now=before)
    facts = {"kind": "new_energy", "plate": "浙AD20261", "colour": "白色", "starts_on": today - timedelta(days=400)}
    actions.add_vehicle(owner.unit, owner.person, by=desk, now=before, **facts)
    actions.record_identity(owner.person, kind="id_card", number=NUMBER + _check(NUMBER), by=desk, now=before)


def _check(number):
    """Return the check digit of an identity card (GB 11643)."""
    return "10X98765432"[sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(number)) % 11]


def _shared(garden, supervisor, before, today):
    """Empty homes were handed over but for the last two; the first is owned by two sisters, in halves."""
    empty = Unit.objects.filter(community=garden).in_state(Unit.State.NOT_HANDED_OVER, today)
    empty = list(empty.order_by("building__code", "label"))
    for unit in empty[:-2]:
        actions.mark_handed_over(unit, on=today - timedelta(days=900), by=supervisor, now=before)
    shared = next((unit for unit in empty if unit.label.startswith(f"{SHARED_IN}-")), empty[0])
    for name, phone in (("沈一鸣", "13800009011"), ("沈若曦", "13800009012")):
        sister = actions.register_person(garden, name=name, phone=phone, by=supervisor, now=before)
        facts = {"kind": Occupancy.Kind.OWNER, "share": Decimal(50), "starts_on": today - timedelta(days=18)}
        actions.move_in(shared, sister, by=supervisor, now=before, **facts)


def _twice(owners, desk, now, today):
    """Somebody whom another clerk has entered once more."""
    known = owners.order_by("pk").last()
    again = actions.register_person(
        known.person.community, name=known.person.name, phone=known.person.phone, by=desk, now=now - timedelta(days=2)
    )
    facts = {"kind": Occupancy.Kind.HOUSEHOLD, "starts_on": today - timedelta(days=2)}
    actions.move_in(known.unit, again, by=desk, now=now - timedelta(days=2), **facts)
