"""What each page costs, pinned: the same for few rows and for many, and never more than fifteen queries."""

import pytest
from django.urls import reverse

from complaints import actions
from residents.models import Occupancy
from tests import counting
from tests.factories import MONDAY, case, claim, cleared, party, told

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
