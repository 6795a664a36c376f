"""A round of home visits that is half done, with what residents asked for; and the plates of two directory boards."""

from datetime import datetime, time, timedelta

from complaints.actions import open_case_from_need
from complaints.models import Category
from residents import actions
from residents.models import Building, Occupancy, Person, VisitNeed

BUILDING = "8"
# What one home says on a visit, in turn.
SAID = ["对服务满意。", "", "老人独居，儿子周末来。", "希望电梯口加一盏灯。", "", "白天上班，晚上七点后方便。"]
# The needs of the round: at which visit, what, of which department.
LATER = {4: ("地下车库入口反光镜歪了，看不清来车", "security")}
TODAY = ("卫生间地漏返味，请师傅来看看", "engineering")
SHOPS = [("12-101", "青禾社区便利店"), ("12-102", "安达洗衣")]


def call_on(community, people, now):
    """Visit every second home of a building in the last days; one of two needs becomes a case this morning."""
    today = community.local(now).date()
    desk, worker = people["desk2"], people["eng1"]
    begins = datetime.combine(today - timedelta(days=3), time(18, 30), community.tz)
    facts = {"name": f"{today:%Y} 年度走访", "starts_on": today - timedelta(days=5), "target": 70}
    facts |= {"ends_on": today + timedelta(days=16), "staff": [worker, people["guard1"]]}
    building = Building.objects.get(community=community, code=BUILDING)
    plan = actions.make_plan(community, buildings=[building], by=people["sup1"], now=begins, **facts)
    departments = {department.code: department for department in community.departments.all()}
    homes = list(plan.homes(today).select_related("community").order_by("floor", "label"))
    living = {}
    for occupancy in Occupancy.objects.on(today).filter(unit__in=homes).with_people().order_by("-id"):
        living[occupancy.unit_id] = occupancy.person
    *visited, first, second = homes[::2]
    for n, unit in enumerate(visited):
        at = begins + timedelta(days=n % 3, minutes=12 * n)
        if n % 7 == 5:
            retry = {"card_left": True, "retry_on": today + timedelta(days=n % 3)}
            actions.record_visit(unit, outcome="nobody_home", plan=plan, by=worker, now=at, **retry)
            continue
        needs = [(text, departments[code]) for text, code in [LATER[n]]] if n in LATER else []
        facts = {"person": living[unit.pk], "notes": SAID[n % len(SAID)], "needs": needs}
        actions.record_visit(unit, outcome="done", plan=plan, by=(desk, worker)[n % 2], now=at, **facts)
    text, code = TODAY
    at = now - timedelta(minutes=50)
    asked = {"person": living[first.pk], "needs": [(text, departments[code])]}
    visit = actions.record_visit(first, outcome="done", plan=plan, by=desk, now=at, **asked)
    need = VisitNeed.objects.select_related("visit__unit", "visit__person", "community").get(visit=visit)
    category = Category.objects.get(community=community, code="indoor")
    open_case_from_need(need, category=category, by=desk, now=now - timedelta(minutes=30))
    actions.plan_visit(second, on=today, plan=plan, assigned_to=worker, by=desk, now=at)


def put_up_plates(garden, tower, people, now):
    """Hang the plates of one floor of the tower; in the garden a shop's plate waits to be made, another's to be asked
    for."""
    clerk, supervisor = people["desk1"], people["sup1"]
    building = Building.objects.get(community=tower, code="A")
    where = {"building": building, "place": "floor", "floor": 3, "slots": 6, "is_bilingual": False}
    board = actions.add_board(tower, name="A 座三层水牌", by=supervisor, now=now - timedelta(days=30), **where)
    firms = Occupancy.objects.in_force().filter(unit__in=board.units(), person__kind=Person.Kind.COMPANY).with_people()
    for slot, firm in enumerate(firms.order_by("unit__label"), start=1):
        plate = _ask(board, firm, slot, "行政部", clerk, now - timedelta(days=20))
        _hang(plate, clerk, supervisor, now - timedelta(days=18))
    actions.print_board(board, by=clerk, now=now - timedelta(days=17))
    lobby = actions.add_board(
        garden,
        name="12 栋大堂水牌",
        building=Building.objects.get(community=garden, code="12"),
        place="lobby",
        slots=12,
        by=supervisor,
        now=now - timedelta(days=30),
    )
    shops = [_shop(garden, room, name, clerk, now) for room, name in SHOPS]
    plate = _ask(lobby, shops[0], 1, "店长", clerk, now - timedelta(days=1))
    actions.approve_plate(plate, by=supervisor, now=now - timedelta(hours=20))


def _shop(community, room, name, by, now):
    unit = community.units.select_related("building").get(label=room)
    facts = {"kind": Person.Kind.COMPANY, "by": by, "now": now - timedelta(days=4)}
    person = actions.register_person(community, name=name, phone="", **facts)
    starts_on = community.local(now).date() - timedelta(days=4)
    return actions.move_in(unit, person, kind=Occupancy.Kind.LESSEE, starts_on=starts_on, by=by, now=facts["now"])


def _ask(board, occupancy, slot, who, by, now):
    agreed = {"agreed_by": who, "agreed_on": board.community.local(now).date(), "agreed_how": "writing"}
    name = occupancy.person.name
    return actions.request_plate(board, occupancy, slot=slot, display_name_zh=name, by=by, now=now, **agreed)


def _hang(plate, by, approved_by, now):
    actions.approve_plate(plate, by=approved_by, now=now)
    actions.make_plate(plate, by=by, now=now)
    actions.mount_plate(plate, by=by, now=now)
