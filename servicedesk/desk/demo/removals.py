"""Moves: two lifts, a week with bookings, one slip that the gate let out yesterday and one that waits for approval."""

from datetime import timedelta

from residents import actions, moving
from residents.models import Occupancy, Unit

LEAVES = [("双人沙发", 1, ""), ("餐桌", 1, ""), ("餐椅", 4, ""), ("纸箱", 12, "书籍")]
COMES_TO_CARRY = [("旧冰箱", 1, "送修"), ("床垫", 1, "")]
QUIET = "小区管理规约第十二条：12:00–14:00 不得进行产生噪声的搬运"


def carry(garden, people, now):
    """Play the moves of the days around `now`, in the order of time."""
    admin, clerk, supervisor, guard = (people[name] for name in ("admin1", "desk1", "sup1", "guard1"))
    long_ago = now - timedelta(days=30)
    actions.set_move_rule(garden, quiet_source=QUIET, by=admin, now=long_ago)
    home, next_door, *others = _homes(garden)
    house = {"building": home.building, "section": home.section}
    goods, people_lift = (
        actions.add_lift(garden, name=name, by=admin, now=long_ago, **house) for name in ("货梯", "1 号客梯")
    )
    slot = _slot(garden, goods, now - timedelta(days=2))
    out = _book(home, clerk, goods, slot, now - timedelta(days=6), kind="out", plate_no="浙A7K21挂")
    actions.confirm_move(out, by=clerk, now=now - timedelta(days=5))
    leaves = _slip(out, clerk, LEAVES, garden.local(slot.lower).date(), now - timedelta(days=5))
    actions.approve_slip(leaves, by=supervisor, now=now - timedelta(days=4))
    actions.start_move(out, by=clerk, now=slot.lower)
    actions.pass_gate(leaves, by=guard, now=slot.lower + timedelta(hours=1))
    actions.finish_move(out, by=clerk, now=slot.upper, note="电梯轿厢完好，楼道已清扫")
    for unit, lift, kind in zip(
        [next_door, *others], [goods, people_lift, goods], ["in", "bulky", "out"], strict=False
    ):
        booking = _book(unit, clerk, lift, _slot(garden, lift, now), now - timedelta(hours=3), kind=kind)
        if kind == "in":
            actions.confirm_move(booking, by=clerk, now=now - timedelta(hours=2))
        elif kind == "bulky":
            _slip(booking, clerk, COMES_TO_CARRY, garden.local(booking.window.lower).date(), now - timedelta(hours=1))


def _homes(garden):
    """Return four homes of one entrance with who lives there."""
    lived_in = Occupancy.objects.in_force().values("unit")
    units = Unit.objects.filter(building__code="3", section__code="2", community=garden, pk__in=lived_in)
    units = list(units.select_related("building", "section").order_by("pk")[:4])
    for unit in units:
        unit.community = garden
    return units


def _slot(garden, lift, after):
    return moving.next_free(moving.rule_of(garden), lift, after)


def _book(unit, by, lift, slot, now, *, kind, plate_no=""):
    homes = Occupancy.objects.in_force().filter(unit=unit).select_related("person")
    person = homes.order_by("kind", "pk").first().person
    return actions.book_move(
        unit,
        by=by,
        now=now,
        lift=lift,
        starts_at=slot.lower,
        ends_at=slot.upper,
        kind=kind,
        applicant_name=person.name,
        applicant_phone=person.phone,
        relation="owner",
        plate_no=plate_no,
        protects_floor=True,
        protects_walls=True,
        mover_company="顺达搬家",
        mover_phone="13800009001",
    )


def _slip(booking, by, items, day, now):
    names = ("applicant_name", "applicant_phone", "relation", "plate_no")
    facts = {name: getattr(booking, name) for name in names}
    return actions.ask_slip(
        booking.unit, by=by, now=now, items=items, valid_on=day, valid_until=day, booking=booking, **facts
    )
