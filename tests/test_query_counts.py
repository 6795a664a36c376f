"""What each page costs, pinned: the same for few rows and for many, and never more than fifteen queries."""

import pytest
from django.urls import reverse

from complaints import actions
from residents import actions as register
from residents import actions as residents_actions
from residents.models import Occupancy
from tests import counting
from tests.factories import (
    MONDAY,
    board,
    booking,
    case,
    claim,
    cleared,
    company,
    hung,
    lift,
    party,
    plate,
    released,
    resident,
    slip,
    told,
    unit,
    visit_plan,
)

pytestmark = pytest.mark.django_db

PAGES = {
    "intake page": lambda number, who: (reverse("desk:intake"), {}),
    "intake finder, room": lambda number, who: (reverse("desk:find"), {"q": "3-2-1201"}),
    "intake finder, telephone end": lambda number, who: (reverse("desk:find"), {"q": "1234"}),
    "intake finder, initials": lambda number, who: (reverse("desk:find"), {"q": "lxm"}),
    "intake, caller picked": lambda number, who: (reverse("desk:pick"), {"who": who}),
    "case page": lambda number, who: (reverse("complaints:case", args=[number]), {}),
    "case page, panel open": lambda number, who: (reverse("complaints:case", args=[number]), {"do": "hand_over"}),
    "inbox": lambda number, who: (reverse("core:inbox"), {}),
    "roster": lambda number, who: (reverse("core:roster"), {}),
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("others", [1, 12])
def test_a_page_costs_the_same_for_few_rows_and_for_many(
    client, yunhu, office, zhou, chen, lin, home, name, others, time_machine
):
    time_machine.move_to(MONDAY, tick=False)
    rows = [case(yunhu, by=chen, unit=home, reporter=lin, urgency="special_urgent") for _ in range(others + 1)]
    client.force_login(zhou)
    url, query = PAGES[name](rows[0].number, f"o{Occupancy.objects.get(person=lin).pk}")
    client.get(url, query)
    with counting.pinned(name) as captured:
        assert client.get(url, query).status_code == 200
    assert len(captured) <= 15


@pytest.mark.parametrize("others", [1, 12])
def test_the_visits_and_an_answered_case_cost_the_same_for_few_and_for_many(
    client, yunhu, office, zhou, chen, others, time_machine
):
    time_machine.move_to(MONDAY, tick=False)
    rows = [case(yunhu, by=chen, category="service") for _ in range(others + 1)]
    for row in rows:
        actions.resolve(cleared(row), by=chen, now=MONDAY, remedy="已处理")
        told(row, by=chen)
    client.force_login(zhou)
    for name, url in [
        ("visits", reverse("complaints:callbacks")),
        ("case page, answered", rows[0].get_absolute_url()),
    ]:
        client.get(url)
        with counting.pinned(name) as captured:
            assert client.get(url).status_code == 200
        assert len(captured) <= 15, name


@pytest.mark.parametrize("others", [1, 12])
def test_claims_and_problems_cost_the_same_for_few_and_for_many(
    client, yunhu, office, zhou, chen, home, others, time_machine
):
    time_machine.move_to(MONDAY, tick=False)
    developer = party(yunhu, by=zhou)
    rows = [case(yunhu, by=chen, unit=home) for _ in range(others + 1)]
    for row in rows:
        claim(row, developer, by=chen)
        actions.mark_problem(row, theme="水表接头渗水", by=chen, now=MONDAY)
    problem = yunhu.product_problems.get()
    actions.propose_remedy(problem, party=developer, text="统一更换", by=chen, now=MONDAY)
    client.force_login(zhou)
    for name, url in [
        ("warranty", reverse("complaints:warranty")),
        ("product problems", reverse("complaints:problems")),
        ("product problem", problem.get_absolute_url()),
        ("case page, claimed and marked", rows[0].get_absolute_url()),
    ]:
        client.get(url)
        with counting.pinned(name) as captured:
            assert client.get(url).status_code == 200
        assert len(captured) <= 15, name


@pytest.mark.parametrize("others", [1, 12])
def test_home_visits_cost_the_same_for_few_and_for_many(
    client, yunhu, office, zhou, chen, liu, lin, home, others, time_machine
):
    time_machine.move_to(MONDAY, tick=False)
    plan = visit_plan(yunhu, by=zhou, staff=[liu])
    engineering = yunhu.departments.get(code="engineering")
    for n in range(others):
        visit_plan(yunhu, by=zhou, name=f"计划 {n}")
        left = unit(yunhu, f"3-2-13{n:02}")
        resident(left, "邻居", "13900000000")
        residents_actions.plan_visit(left, on=MONDAY.date(), plan=plan, assigned_to=liu, by=zhou, now=MONDAY)
        asked = [(f"修灯 {n}", engineering)]
        visit = residents_actions.record_visit(home, outcome="done", person=lin, needs=asked, by=chen, now=MONDAY)
    actions.open_case_from_need(visit.needs.get(), category=yunhu.categories.first(), by=chen, now=MONDAY)
    building = home.building_id
    for who, name, url in [
        (zhou, "home visits", reverse("residents:visits")),
        (zhou, "plan of home visits", reverse("residents:visit_plan", args=[plan.pk]) + f"?building={building}"),
        (zhou, "sheet of home visits", reverse("residents:visit_sheet", args=[plan.pk]) + f"?building={building}"),
        (zhou, "report of home visits", reverse("residents:visit_report", args=[plan.pk])),
        (liu, "visits to make", reverse("residents:visit_round") + f"?building={building}"),
        (liu, "home to visit", reverse("residents:visit_home", args=[home.pk])),
        (zhou, "needs", reverse("desk:needs") + "?show=all"),
        (zhou, "home visit", reverse("desk:visit", args=[visit.pk])),
    ]:
        client.force_login(who)
        client.get(url)
        with counting.pinned(name) as captured:
            assert client.get(url).status_code == 200
        assert len(captured) <= 15, name


@pytest.mark.parametrize("others", [1, 12])
def test_boards_cost_the_same_for_few_and_for_many(client, yunhu, zhou, chen, others, time_machine):
    time_machine.move_to(MONDAY, tick=False)
    lobby = board(yunhu, unit(yunhu, "A-0100").building, slots=30, by=zhou)
    for n in range(1, others + 1):
        company(unit(yunhu, f"A-06{n:02}"), f"金石{n}")
        board(yunhu, lobby.building, name=f"水牌 {n}", slots=30, by=zhou)
        hangs = hung(
            plate(lobby, company(unit(yunhu, f"A-05{n:02}"), f"远航{n}"), slot=n, by=chen), by=chen, approved_by=zhou
        )
    printing = residents_actions.print_board(lobby, by=chen, now=MONDAY)
    client.force_login(zhou)
    for name, url in [
        ("directory boards", reverse("residents:boards")),
        ("directory board", lobby.get_absolute_url()),
        ("directory board on paper", reverse("residents:board_print", args=[lobby.pk])),
        ("printing of a board", reverse("residents:board_printing", args=[printing.pk])),
        ("plate", hangs.get_absolute_url()),
        ("request of a plate", reverse("residents:plate_request", args=[lobby.pk])),
    ]:
        client.get(url)
        with counting.pinned(name) as captured:
            assert client.get(url).status_code == 200
        assert len(captured) <= 15, name


def test_the_judgement_before_saving_is_cheap(client, yunhu, chen):
    client.force_login(chen)
    data = {"category": yunhu.categories.get(code="indoor").pk, "summary": "漏水"}
    client.post(reverse("desk:preview"), data)
    with counting.pinned("intake, judgement"):
        client.post(reverse("desk:preview"), data)


SETTINGS_PAGES = {
    "settings": "settings",
    "settings, calendar": "calendar",
    "settings, policies": "policy_list",
    "settings, categories": "category_list",
    "settings, departments": "department_list",
    "settings, visits": "visit_rule_list",
    "settings, warranty periods": "warranty_term_list",
}


def test_the_settings_cost_the_same_for_few_cases_and_for_many(client, yunhu, office, tang, chen, time_machine):
    time_machine.move_to(MONDAY, tick=False)
    actions.set_visit_rules(yunhu)
    client.force_login(tang)
    for number in (1, 8):
        for _ in range(number):
            case(yunhu, by=chen)
        for name, page in SETTINGS_PAGES.items():
            address = reverse(f"complaints:{page}")
            client.get(address)
            with counting.pinned(name) as captured:
                assert client.get(address).status_code == 200
            assert len(captured) <= 16, name


@pytest.mark.parametrize("others", [1, 12])
def test_moves_and_slips_cost_the_same_for_few_and_for_many(client, yunhu, zhou, chen, ma, home, others, time_machine):
    time_machine.move_to(MONDAY, tick=False)
    goods = lift(home)
    for n in range(others + 1):
        hours = {"begins": f"2025-09-{16 + n // 4} {(8, 10, 14, 16)[n % 4]:02}:00"}
        hours["ends"] = f"2025-09-{16 + n // 4} {(10, 12, 16, 18)[n % 4]:02}:00"
        move = booking(home, by=chen, lift=goods, **hours)
        released(home, by=chen, decided_by=zhou)
        waiting = slip(home, by=chen, booking=move)
    pages = [
        ("moves, week", zhou, reverse("residents:moves") + "?week=2025-09-16"),
        ("move", zhou, move.get_absolute_url()),
        ("moves, form", zhou, reverse("residents:move_book")),
        ("moves, lifts and hours", zhou, reverse("residents:move_rules")),
        ("slips", zhou, reverse("residents:slips")),
        ("slips, week", zhou, reverse("residents:slips_week")),
        ("slip", zhou, waiting.get_absolute_url()),
        ("approvals, slips", zhou, reverse("desk:approvals")),
        ("gate", ma, reverse("residents:gate")),
        ("gate, slip", ma, reverse("residents:gate_slip", args=[waiting.pk])),
    ]
    for name, who, url in pages:
        client.force_login(who)
        client.get(url)
        with counting.pinned(name) as captured:
            assert client.get(url).status_code == 200
        assert len(captured) <= 15, name


@pytest.mark.parametrize("others", [1, 6])
def test_moves_and_their_defects_cost_the_same_for_few_and_for_many(
    client, yunhu, office, zhou, chen, others, time_machine
):
    time_machine.move_to(MONDAY, tick=False)
    when = {"booked_for": MONDAY, "moves_on": MONDAY.date(), "by": chen, "now": MONDAY}
    opened = [
        register.open_move_in(unit(yunhu, f"7-1-{n:04}"), name="郑平", phone="", capacity="owner", **when)
        for n in range(others + 1)
    ]
    for handover in opened:
        found = register.note_defect(handover, text="门关不严", by=chen, now=MONDAY)
        actions.open_case_from_defect(found, promised_on=MONDAY.date(), by=chen, now=MONDAY)
    leaving = resident(unit(yunhu, "7-1-0900"), "林晓梅", "13800001234").occupancies.get()
    leaving = register.open_move_out(leaving, **when)
    client.force_login(zhou)
    for name, url in [
        ("move-ins", reverse("desk:moveins")),
        ("move-in", opened[0].get_absolute_url()),
        ("move-in, papers", f"{opened[0].get_absolute_url()}papers/"),
        ("move-in, keys", f"{opened[0].get_absolute_url()}keys/"),
        ("move-in, meters", f"{opened[0].get_absolute_url()}meters/"),
        ("move-in, facilities", f"{opened[0].get_absolute_url()}facilities/"),
        ("move-in, facility sheet", reverse("desk:move_sheet", args=[opened[0].pk])),
        ("move-out", leaving.get_absolute_url()),
        ("move-out, clearance", reverse("desk:move_certificate", args=[leaving.pk])),
        ("defects", reverse("desk:defects")),
        ("defect", reverse("desk:defect", args=[opened[0].defects.get().pk])),
        ("facilities", reverse("desk:facilities")),
    ]:
        client.get(url)
        with counting.pinned(name) as captured:
            assert client.get(url).status_code == 200
        assert len(captured) <= 15, name
