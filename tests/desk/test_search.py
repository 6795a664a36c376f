"""One box over cases, people and rooms, for the palette and as a page."""

import sys

import pytest

from complaints import listing
from complaints.models import Concern
from servicedesk.core.models import Role
from tests import factories
from tests.counting import pinned
from tests.factories import MONDAY, at

URL = "/search/"


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def leak(yunhu, office, chen, home):
    """The first case of Sunday, of 3-2-1201."""
    return factories.case(
        yunhu, by=chen, unit=home, now=at("2025-09-14 10:00"), summary="厨房水管漏水", reporter_phone="13800001234"
    )


@pytest.fixture
def others(yunhu, office, chen):
    return [
        factories.case(yunhu, by=chen, now=at(f"2025-09-14 11:0{n}"), summary="楼道灯坏", reporter_phone="13911112222")
        for n in range(3)
    ]


def search(client, user, query, **headers):
    client.force_login(user)
    answer = client.get(URL, {"q": query}, headers=headers)
    assert answer.status_code == 200
    return answer


def labels(answer):
    return [hit.label for hit in answer.context["people"]], [hit.label for hit in answer.context["cases"]]


@pytest.mark.parametrize(
    "query",
    ["YH-BX250914-0001", "yh-bx250914-0001", "BX250914-0001", "0001", "漏水", "水管 漏水", "1234", "13800001234"],
)
def test_a_case_is_found_by_its_number_its_words_and_the_end_of_the_telephone(client, chen, leak, others, query):
    assert labels(search(client, chen, query))[1] == [leak.short_number]


@pytest.mark.parametrize("query", ["3-2-1201", "3 2 1201", "1201", "林晓梅", "lxm", "1234"])
def test_people_and_rooms_are_found_as_the_desk_finds_them(client, chen, lin, leak, query):
    people, cases = labels(search(client, chen, query))
    assert people == ["3-2-1201"]
    # A name leads to the person; a room and a telephone number lead to the cases, too.
    assert (leak.short_number in cases) == (query not in ("lxm",))


def test_a_resident_leads_to_the_page_of_the_room(client, chen, lin, leak, others):
    hit = search(client, chen, "林晓梅").context["people"][0]
    assert hit.href == leak.unit.get_absolute_url()
    client.force_login(chen)
    assert leak.short_number in client.get(hit.href).text


def test_telephone_numbers_are_masked(client, chen, lin, leak):
    for headers in ({}, {"HX-Request": "true"}):
        page = search(client, chen, "3-2-1201", **headers).content.decode()
        assert "138****1234" in page
        assert lin.phone not in page


@pytest.mark.parametrize("who", ["han", "liu"])
def test_departments_find_their_cases_and_no_residents(client, request, who, lin, leak):
    people, cases = labels(search(client, request.getfixturevalue(who), "3-2-1201"))
    assert (people, cases) == ([], [leak.short_number])


def test_a_department_does_not_find_the_cases_of_another(client, ma, leak):
    assert labels(search(client, ma, "漏水")) == ([], [])


def test_nobody_finds_what_is_in_another_community(client, lin, leak, other):
    far = factories.staff("far", "远", Role.CLERK, community=other)
    for query in ("漏水", "林晓梅", "3-2-1201", "1234", leak.number):
        assert labels(search(client, far, query)) == ([], [])


def test_staff_complained_about_do_not_find_the_case_even_by_its_number(client, zhou, leak):
    Concern.objects.create(case=leak, user=zhou)
    for query in (leak.number, leak.short_number, "0001", "漏水", "1234"):
        answer = search(client, zhou, query)
        assert labels(answer)[1] == []


def test_the_deputy_gm_finds_any_case_of_the_community(client, guo, leak):
    assert labels(search(client, guo, "漏水"))[1] == [leak.short_number]


@pytest.mark.parametrize("who", ["li_na", "tang"])
def test_who_sees_no_case_does_not_search(client, request, who, leak):
    client.force_login(request.getfixturevalue(who))
    assert client.get(URL, {"q": "漏水"}).status_code == 403


def test_the_palette_gets_options_that_lead_on(client, chen, lin, leak):
    page = search(client, chen, "1201", **{"HX-Request": "true"}).content.decode()
    assert "<html" not in page
    assert page.count('role="option"') == 2
    assert f'data-href="{leak.get_absolute_url()}"' in page


def test_nothing_found_is_said_in_words(client, chen, leak):
    assert "8-1-909" in search(client, chen, "8-1-909", **{"HX-Request": "true"}).content.decode()
    assert "8-1-909" in search(client, chen, "8-1-909").content.decode()


@pytest.mark.parametrize("query", ["", " ", "水", "\x00", "%", "_", "'; drop table", "\ud800", "x" * 5000, "((((", "-"])
def test_what_cannot_be_searched_for_finds_nothing_and_breaks_nothing(client, chen, leak, query):
    client.force_login(chen)
    answer = client.get(URL, {"q": query.encode("utf-8", "surrogatepass")})
    assert answer.status_code == 200
    assert labels(answer) == ([], [])


def test_at_most_twelve_of_a_kind_are_shown_newest_first(client, chen, yunhu, office):
    cases = [factories.case(yunhu, by=chen, summary="楼道灯坏") for _n in range(14)]
    assert labels(search(client, chen, "灯坏"))[1] == [case.short_number for case in cases[:1:-1]]


@pytest.mark.parametrize(("window", "where"), [(sys.maxsize, ""), (-10_000, ", found by the index")])
def test_an_answer_costs_the_same_for_few_and_for_many(
    client, chen, yunhu, office, lin, leak, monkeypatch, window, where
):
    # How far back the newest are looked through first: by the keys, which the tests before this one have used up.
    monkeypatch.setattr(listing, "WINDOW", window)
    search(client, chen, "漏水")
    for count in (1, 20):
        for _n in range(count):
            factories.case(yunhu, by=chen, unit=leak.unit)
        with pinned(f"search, palette, room{where}"):
            client.get(URL, {"q": "1201"}, headers={"HX-Request": "true"})
        with pinned(f"search, palette, words{where}"):
            client.get(URL, {"q": "漏水"}, headers={"HX-Request": "true"})
        with pinned(f"search{where}"):
            client.get(URL, {"q": "漏水"})
