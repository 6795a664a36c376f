"""One unit on one page, its file on paper, and the list of units."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from complaints import actions
from complaints.models import Concern
from residents import actions as residents
from residents.models import Agreement, Document, Occupancy
from servicedesk.core.models import Event
from tests import factories
from tests.billing import money_rows
from tests.counting import pinned
from tests.factories import MONDAY, at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def get(client, user, unit, tab=""):
    client.force_login(user)
    answer = client.get(reverse("desk:unit", args=[unit.pk]), {"tab": tab} if tab else {})
    assert answer.status_code == 200
    return answer


def words(tables, title):
    """Return the texts of the rows of the table of that title."""
    table = next(table for table in tables if str(table.title) == title)
    return [[str(cell.shown) for cell in row] for row in table.rows]


def test_who_lives_there_and_what_is_open_stands_on_the_first_page(client, yunhu, office, chen, home, lin):
    case = factories.case(yunhu, by=chen, unit=home)
    archived = factories.case(yunhu, by=chen, unit=home, category="mail", summary="问报纸")
    actions.resolve(archived, by=chen, now=MONDAY, remedy="已答复")
    factories.told(archived, by=chen)
    actions.archive(factories.fresh(archived), by=chen, now=MONDAY)
    tables = get(client, chen, home).context["tables"]
    assert words(tables, "住户与使用人") == [["林晓梅", "业主", "138****1234", "2019-05-01", "–"]]
    assert [row[0] for row in words(tables, "在办单")] == [case.short_number]
    all_of_it = get(client, chen, home, "cases").context["tables"]
    assert [row[0] for row in words(all_of_it, "台账（最新在上）")] == [archived.short_number, case.short_number]


def test_a_standing_instruction_is_the_first_thing_to_see(client, chen, home, lin):
    lin.note = "家中有婴儿，请先打电话"
    lin.save(update_fields=["note"])
    assert "家中有婴儿" in get(client, chen, home).text


def test_who_was_here_stands_apart_from_who_is(client, chen, home, lin, zhou):
    lived = Occupancy.objects.get(person=lin)
    residents.end_occupancy(lived, on=datetime.date(2024, 3, 31), by=zhou, now=MONDAY)
    tables = get(client, chen, home, "people").context["tables"]
    assert words(tables, "住户与使用人") == []
    assert words(tables, "曾经的住户") == [["林晓梅", "业主", "138****1234", "2019-05-01", "2024-03-31"]]


def test_who_is_sealed_does_not_stand_there(client, chen, home, lin):
    lin.sealed_at = MONDAY
    lin.save(update_fields=["sealed_at"])
    assert "林晓梅" not in get(client, chen, home, "people").text


def test_a_case_about_somebody_does_not_stand_on_their_page_of_the_unit(client, yunhu, office, chen, zhou, home, lin):
    case = factories.case(yunhu, by=zhou, unit=home, category="service")
    Concern.objects.create(case=case, user=chen)
    assert case.short_number not in get(client, chen, home, "cases").text
    assert case.short_number in get(client, zhou, home, "cases").text


def test_the_file_is_printed_with_its_printer_on_record(client, chen, home, lin):
    client.force_login(chen)
    address = reverse("desk:unit_file", args=[home.pk])
    assert "林晓梅" in client.get(address).text
    assert not Event.objects.filter(verb="file_printed").exists()
    assert "陈静" in client.post(address).text
    assert Event.objects.about(home).get(verb="file_printed").by == chen


def test_a_unit_of_another_community_is_nowhere(client, stranger, home, lin):
    client.force_login(stranger)
    for name in ("desk:unit", "desk:unit_file"):
        assert client.get(reverse(name, args=[home.pk])).status_code == 404


def test_homes_are_listed_building_by_building_and_found_by_their_room(client, yunhu, other, chen):
    for label in ("2-101", "2-102", "1-101"):
        factories.unit(yunhu, label)
    factories.unit(other, "2-101")
    client.force_login(chen)

    def labels(**asked):
        return [unit.label for unit, _state, _names in client.get(reverse("desk:units"), asked).context["lines"]]

    assert labels() == ["2-101", "2-102", "1-101"]
    assert labels(room="2栋102") == ["2-102"]
    assert labels(building=yunhu.buildings.get(code="1").pk) == ["1-101"]
    assert labels(building=other.buildings.get().pk, after="x:y") == ["2-101", "2-102", "1-101"]


def test_homes_stand_in_the_order_of_their_numbers(client, yunhu, chen):
    made = ["3-1-1001", "3-1-901", "3-2-101", "3-1-101A", "3-1-101", "3-10-101"]
    for label in made:
        factories.unit(yunhu, label)
    client.force_login(chen)
    found = [unit.label for unit, _state, _names in client.get(reverse("desk:units")).context["lines"]]
    assert found == ["3-1-101", "3-1-101A", "3-1-901", "3-1-1001", "3-2-101", "3-10-101"]


def test_the_list_goes_on_where_the_page_before_ended(client, yunhu, chen):
    for number in range(101, 153):
        factories.unit(yunhu, f"2-{number}")
    client.force_login(chen)
    first = client.get(reverse("desk:units"))
    assert len(first.context["lines"]) == 50
    second = client.get(reverse("desk:units") + first.context["older_url"])
    assert [unit.label for unit, _state, _names in second.context["lines"]] == ["2-151", "2-152"]
    assert second.context["older_url"] == ""


@pytest.mark.parametrize("others", [1, 12])
def test_the_pages_cost_the_same_for_few_and_for_many(client, yunhu, office, chen, home, lin, others):
    for n in range(others):
        factories.case(yunhu, by=chen, unit=home)
        factories.resident(home, f"王{n}", f"1390000{n:04}", kind=Occupancy.Kind.HOUSEHOLD)
        factories.unit(yunhu, f"3-2-{1300 + n}")
    client.force_login(chen)
    for name, address in [
        ("units", reverse("desk:units")),
        ("unit page", reverse("desk:unit", args=[home.pk])),
        *((f"unit page, {tab}", reverse("desk:unit", args=[home.pk]) + f"?tab={tab}") for tab in ("cases", *PARTS)),
    ]:
        client.get(address)
        with pinned(name) as captured:
            assert client.get(address).status_code == 200
        assert len(captured) <= 15, name


@pytest.mark.parametrize("others", [1, 12])
def test_the_file_reads_each_of_its_tables_once(client, yunhu, zhou, paid_for, others):
    """Twenty tables of twenty kinds of rows, who asks, and the home: one query each is the least there can be."""
    for n in range(others):
        factories.case(yunhu, by=zhou, unit=paid_for)
        factories.resident(paid_for, f"王{n}", f"1390000{n:04}", kind=Occupancy.Kind.HOUSEHOLD)
    client.force_login(zhou)
    client.get(reverse("desk:unit_file", args=[paid_for.pk]))
    with pinned("unit file") as captured:
        assert client.get(reverse("desk:unit_file", args=[paid_for.pk])).status_code == 200
    reads = [query["sql"].partition(" WHERE ")[0] for query in captured]
    assert len(set(reads)) == len(reads) <= 25


def test_who_sees_money_finds_bills_receipts_deposits_and_the_fees_of_a_home(client, zhou, paid_for):
    tables = {str(table.title): table for table in get(client, zhou, paid_for, "bills").context["tables"]}
    assert [row[0] for row in words(tables.values(), "账单")] == ["ZD202508-0001"]
    assert tables["账单"].more_url == reverse("billing:unit_fees", args=[paid_for.pk])
    receipts = words(tables.values(), "收据")
    assert receipts == [[f"SJ2025-{n:04}", "2025-09-15", "–", "10.00", "微信支付", "有效"] for n in range(12, 2, -1)]
    everything = client.get(tables["收据"].more_url).text
    assert "SJ2025-0001" in everything and "SJ2025-0012" in everything
    assert [row[2:4] for row in words(get(client, zhou, paid_for, "deposits").context["tables"], "押金")] == [
        ["林晓梅", "2,000.00"]
    ]


def test_a_clerk_sees_bills_of_a_home_and_no_door_that_is_closed_to_them(client, chen, paid_for):
    tables = {str(table.title): table for table in get(client, chen, paid_for, "bills").context["tables"]}
    assert "账单" in tables and "收据" not in tables and tables["账单"].more_url == ""
    file = client.get(reverse("desk:unit_file", args=[paid_for.pk])).text
    assert "ZD202508-0001" in file and "SJ2025-0001" not in file


@pytest.fixture
def lived_in(yunhu, chen, home, lin):
    """A home with something in every part of its page."""
    how = {"by": chen, "now": MONDAY}
    residents.add_contact(home, lin, role="emergency", tell=["emergency"], name="林母", phone="13800009999", **how)
    residents.add_vehicle(home, lin, kind="car", plate="粤B12345", starts_on=MONDAY.date(), **how)
    factories.key_set(yunhu, unit=home, by=chen)
    residents.issue_credential(
        yunhu, kind="resident_card", number="C-01", valid_from=MONDAY.date(), unit=home, person=lin, **how
    )
    residents.add_meter(yunhu, unit=home, resource="water", serial="W-1", max_value=Decimal("9999.99"), **how)
    factories.booking(home, by=chen, lift=factories.lift(home))
    facts = {"capacity": "owner", "booked_for": at("2025-09-16 10:00"), "moves_on": MONDAY.date(), "person": lin}
    residents.open_move_in(home, **facts, **how)
    residents.record_visit(home, outcome="done", person=lin, notes="在家", **how)
    return home


@pytest.fixture
def paid_for(yunhu, li_na, chen, lived_in, lin):
    """The same home with a bill, a deposit, and more receipts than stand on its page."""
    shift = money_rows.open_shift(yunhu, li_na)
    money_rows.billed(lived_in, factories.fee(yunhu))
    factories.deposit(lived_in, lin, by=chen)
    for _ in range(12):
        money_rows.taken(shift, lived_in, "10.00", method="wechat")
    return lived_in


PARTS = {
    "people": ["林母", "粤B12345"],
    "keys": ["K-01", "C-01"],
    "meters": ["W-1"],
    "moves": ["1 号梯", "入驻"],
    "visits": ["林晓梅"],
    "papers": ["购房合同"],
}


@pytest.mark.parametrize("tab", PARTS)
def test_each_part_shows_what_the_desk_has(client, chen, lived_in, tab):
    page = get(client, chen, lived_in, tab).text
    assert [words for words in PARTS[tab] if words not in page] == []


def test_the_file_on_paper_has_every_part(client, chen, lived_in):
    client.force_login(chen)
    page = client.post(reverse("desk:unit_file", args=[lived_in.pk])).text
    assert [words for shown in PARTS.values() for words in shown if words not in page] == []


def test_missing_papers_are_named_until_they_were_shown(client, chen, lived_in):
    missing = get(client, chen, lived_in).context["overview"].missing
    assert "购房合同或产权证" in missing and "管理规约" in missing
    Document.objects.filter(handover__unit=lived_in).update(state="seen")
    Agreement.objects.filter(handover__unit=lived_in).update(signed_on=MONDAY.date())
    page = get(client, chen, lived_in)
    assert page.context["overview"].missing == []
    assert "购房合同" not in page.text


def test_of_who_is_sealed_no_part_says_the_name(client, chen, lived_in, lin):
    lin.sealed_at = MONDAY
    lin.save(update_fields=["sealed_at"])
    for tab in ("", *PARTS):
        assert "林晓梅" not in get(client, chen, lived_in, tab).text, tab
