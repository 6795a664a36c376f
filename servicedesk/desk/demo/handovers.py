"""Moves in and out: one family mid-way, one that has moved in with a defect being mended, one lessee who leaves."""

from datetime import timedelta
from decimal import Decimal

from complaints import actions as case_actions
from residents import actions, ring
from residents.models import Handover, Occupancy, Resource
from servicedesk.core.models import Department

# Homes of a building that is being handed over, and who comes; names are made up.
MID_WAY, MOVED_IN = ("0301", "祝明远", "13800009301"), ("0502", "阮思齐", "13800009502")
HOUR = timedelta(hours=1)


def hand_over(community, people, now):
    """Let two families move into the new building and a lessee of an old one move out."""
    _mid_way(community, people, now - timedelta(days=1))
    _moved_in(community, people, now - 3 * HOUR)
    _move_out(community, people, now - 2 * HOUR)


def _open(community, home, by, at):
    number, name, phone = home
    unit = actions.register_unit(
        community,
        building="15",
        building_name="15 栋",
        section="1",
        number=number,
        by=by,
        now=at,
        floor=int(number[:2]),
    )
    for resource, serial in ((Resource.WATER, f"S15{number}"), (Resource.ELECTRICITY, f"D15{number}")):
        facts = {"resource": resource, "serial": serial, "max_value": Decimal("99999.99"), "unit": unit}
        actions.add_meter(community, by=by, now=at, **facts)
    when = {"booked_for": at, "moves_on": community.local(at).date(), "by": by, "now": at}
    handover = actions.open_move_in(unit, name=name, phone=phone, capacity=Occupancy.Kind.OWNER, **when)
    return Handover.objects.with_home().get(pk=handover.pk)


def _papers(handover, by, at):
    states = {row.kind: "copied" if row.kind == "identity" else "seen" for row in handover.documents.all()}
    actions.record_papers(handover, states={**states, "proxy": "not_needed"}, by=by, now=at)
    actions.finish_task(handover, "papers", by=by, now=at)


def _sign(handover, by, at):
    day = handover.community.local(at).date()
    kinds = handover.agreements.values_list("kind", flat=True)
    actions.record_agreements(handover, signed=dict.fromkeys(kinds, day), by=by, now=at)
    actions.finish_task(handover, "agreements", by=by, now=at)


def _give(handover, number, by, at):
    tag = f"15-{number}"
    actions.give_keys(handover, tag=tag, what="入户门、信报箱", copies=3, by=by, now=at)
    actions.finish_task(handover, "keys", by=by, now=at)


def _read(handover, value, by, at):
    for meter in ring.meters_of(handover):
        actions.read_meter(handover, meter, value=Decimal(value), by=by, now=at)
    actions.finish_task(handover, "meters", by=by, now=at)


def _mid_way(community, people, at):
    """Five of eight: the facilities, the card and the handbook wait for another day."""
    desk, worker = people["desk1"], people["eng1"]
    handover = _open(community, MID_WAY, desk, at)
    _papers(handover, desk, at)
    _sign(handover, desk, at)
    actions.explain_fees(handover, rule=Handover.FeeStart.NEXT_MONTH, by=desk, now=at)
    _give(handover, MID_WAY[0], desk, at)
    _read(handover, "1.20", worker, at)


def _moved_in(community, people, at):
    """All eight, with a defect that engineering mends by a promised day."""
    desk, worker = people["desk2"], people["eng1"]
    handover = _open(community, MOVED_IN, desk, at)
    _papers(handover, desk, at)
    _give(handover, MOVED_IN[0], desk, at)
    _read(handover, "0.85", worker, at)
    line = handover.items.get(room="客厅", name="窗及五金")
    actions.record_items(handover, results={line.pk: ("defect", "执手松动，关不严")}, by=worker, now=at)
    actions.record_all_in_order(handover, by=worker, now=at)
    actions.finish_task(handover, "facilities", by=worker, now=at)
    _sign(handover, desk, at)
    actions.give_card(handover, number="K150502", by=desk, now=at)
    actions.finish_task(handover, "cards", by=desk, now=at)
    actions.explain_fees(handover, rule=Handover.FeeStart.NEXT_MONTH, by=desk, now=at)
    actions.finish_task(handover, "notices", note="入住手册一本", by=desk, now=at)
    promised_on = community.local(at).date() + timedelta(days=3)
    case = case_actions.open_case_from_defect(handover.defects.get(), promised_on=promised_on, by=desk, now=at)
    engineering = Department.objects.get(community=community, code="engineering")
    case_actions.hand_over(case, department=engineering, by=desk, now=at)
    actions.complete_handover(handover, signed_name=MOVED_IN[1], signed_how="paper", by=desk, now=at)


def _move_out(community, people, at):
    """A lessee who leaves next week: the last day is set, the rest is to be done."""
    desk, today = people["desk1"], community.local(at).date()
    lessees = Occupancy.objects.on(today).filter(unit__community=community, kind=Occupancy.Kind.LESSEE)
    occupancy = lessees.select_related("unit__community", "person").order_by("pk").first()
    last = today + timedelta(days=7)
    handover = actions.open_move_out(occupancy, booked_for=at + timedelta(days=7), moves_on=last, by=desk, now=at)
    companions = list(handover.companions.all())
    actions.set_leaving(handover, moves_on=last, companions=companions, by=desk, now=at)
