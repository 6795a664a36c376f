"""Who pays a fee that not every unit pays, and what a common thing cost."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from billing import actions
from billing.models import BillRun, Discount, Enrolment, RunTariff, SharedCost, Tariff
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event
from servicedesk.desk.demo import money
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db
JULY, AUGUST = datetime.date(2025, 7, 1), datetime.date(2025, 8, 1)


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def books(client, qian):
    client.force_login(qian)
    return client


@pytest.fixture
def parking(yunhu):
    return factories.fee(yunhu, "车位费", kind="parking", applies_to="enrolled")


@pytest.fixture
def power(yunhu):
    fee = factories.fee(yunhu, "公摊电费", kind="shared")
    factories.tariff(fee, basis="share", unit_price=None, measure="area")
    return fee


def enrol(client, fee, **typed):
    known = {"version": 0, "unit": "3-2-1201", "quantity": "2", "since": "2025-09-01", "note": "B1-017"}
    return client.post(reverse("billing:enrol", args=[fee.pk]), known | typed)


def enter(client, fee, **typed):
    known = {"version": 0, "month": "2025-08", "building": "", "amount": "1,260.50", "evidence": "供电局 20250826"}
    return client.post(reverse("billing:enter_cost", args=[fee.pk]), known | typed)


def test_a_unit_is_enrolled_from_a_day_for_so_many(books, parking, home, qian):
    assert enrol(books, parking).status_code == 302
    row = Enrolment.objects.get()
    assert (row.unit, row.quantity, row.first_day, row.last_day, row.by) == (
        home,
        Decimal(2),
        datetime.date(2025, 9, 1),
        None,
        qian,
    )
    assert "B1-017" in books.get(parking.get_absolute_url()).text
    assert "B1-017" in books.get(row.get_absolute_url()).text


def test_how_many_is_asked_where_it_is_charged(books, parking, home, qian):
    factories.unit(home.community, "3-2-1202")
    price = {"since": datetime.date(2025, 10, 1), "price_basis": "合同", "by": qian, "now": MONDAY}
    enrol(books, parking)
    with pytest.raises(Refused, match=r"多于一个"):
        actions.set_tariff(parking, basis="area", unit_price=Decimal("2.5"), **price)
    Enrolment.objects.update(quantity=1)
    actions.set_tariff(parking, basis="area", unit_price=Decimal("2.5"), **price)
    refused = enrol(books, parking, unit="3-2-1202", since="2025-10-01")
    assert refused.status_code == 409
    assert enrol(books, parking, unit="3-2-1202", since="2025-10-01", quantity="1").status_code == 302


def test_nobody_is_enrolled_twice_on_one_day(books, parking, home):
    enrol(books, parking, last_day="2025-12-31")
    answer = enrol(books, parking, since="2025-12-31", note="B1-018")
    assert answer.status_code == 409
    assert "2025-09-01 – 2025-12-31" in answer.text
    assert "B1-018" in answer.text
    assert enrol(books, parking, since="2026-01-01").status_code == 302


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "1_0"}, "quantity"),
        ({"quantity": "10000"}, "quantity"),
        ({"quantity": "0.005"}, "quantity"),
        ({"since": "2029-01-01"}, "since"),
        ({"last_day": "2025-08-31"}, "last_day"),
        ({"unit": ""}, "unit"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(books, parking, home, typed, field):
    answer = enrol(books, parking, **typed)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Enrolment.objects.exists()


def test_what_every_unit_pays_has_nobody_enrolled(books, yunhu, home):
    assert enrol(books, factories.fee(yunhu)).status_code == 409
    assert not Enrolment.objects.exists()


def test_an_enrolment_ends_on_a_day_within_it(books, parking, home):
    enrol(books, parking)
    row = Enrolment.objects.get()
    address = reverse("billing:end_enrolment", args=[row.pk])
    assert books.post(address, {"version": 0, "last_day": "2025-08-31"}).status_code == 409
    assert books.post(address, {"version": 0, "last_day": "2025-10-31"}).status_code == 302
    row.refresh_from_db()
    assert row.last_day == datetime.date(2025, 10, 31)
    assert books.post(address, {"version": 0, "last_day": "2025-09-30"}).status_code == 409, "a stale page"
    assert Event.objects.about(row).first().verb == "enrolment_ended"


def test_an_enrolment_of_another_community_is_nowhere(books, other):
    theirs = factories.unit(other, "1-1-101")
    fee = factories.fee(other, applies_to="enrolled")
    period = ("2025-01-01", None)
    row = Enrolment.objects.create(community=other, unit=theirs, fee=fee, period=period, at=MONDAY)
    assert books.get(reverse("billing:enrolment", args=[row.pk])).status_code == 404


def test_a_unit_shows_what_it_pays_and_is_enrolled_from_there(books, yunhu, parking, home):
    factories.tariff(factories.fee(yunhu), unit_price="2.50")
    factories.tariff(parking, basis="fixed", unit_price="150")
    mine = reverse("billing:unit_fees", args=[home.pk])
    assert books.get(reverse("billing:fees") + "?room=3-2-1201")["Location"] == mine
    assert [fee.name for fee, *_rest in books.get(mine).context["paid"]] == ["物业服务费"]
    typed = {"fee": parking.pk, "quantity": "2", "since": "2025-09-01", "note": "B1-017"}
    address = reverse("billing:unit_enrol", args=[home.pk])
    assert books.post(address, typed | {"quantity": "两个"}).status_code == 422
    assert books.post(address, typed).status_code == 302
    assert sorted(fee.name for fee, *_rest in books.get(mine).context["paid"]) == ["物业服务费", "车位费"]
    again = books.post(address, typed)
    assert again.status_code == 409
    assert "B1-017" in again.text
    assert Enrolment.objects.get().unit == home


def test_a_unit_of_another_community_is_nowhere(books, other):
    theirs = factories.unit(other, "1-1-101")
    for name in ("unit_fees", "unit_enrol"):
        assert books.get(reverse(f"billing:{name}", args=[theirs.pk])).status_code == 404


# Shared costs ---------------------------------------------------------------------------------------------------------


def test_a_cost_is_entered_for_a_building_and_for_all(books, power, home):
    assert enter(books, power).status_code == 302
    assert enter(books, power, building=home.building_id, amount="80").status_code == 302
    rows = SharedCost.objects.order_by("pk").values_list("month", "building", "amount")
    assert list(rows) == [(AUGUST, None, Decimal("1260.50")), (AUGUST, home.building_id, Decimal("80.00"))]


def test_the_same_cost_is_there_once(books, power):
    enter(books, power)
    answer = enter(books, power, amount="1300", evidence="供电局 20250827")
    assert answer.status_code == 409
    assert "1260.50" in answer.text
    assert "供电局 20250827" in answer.text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"amount": "0.005"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "10000000"}, "amount"),
        ({"month": "2025-00"}, "month"),
        ({"evidence": ""}, "evidence"),
    ],
)
def test_a_cost_that_cannot_be_is_told_at_its_field(books, power, typed, field):
    answer = enter(books, power, **typed)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not SharedCost.objects.exists()


def void(client, cost, reason="抄错了"):
    return client.post(reverse("billing:cost_void", args=[cost.pk]), {"reason": reason})


def test_a_mistake_is_voided_with_a_reason_and_entered_anew(books, power):
    enter(books, power)
    cost = SharedCost.objects.get()
    assert void(books, cost, "").status_code == 422
    assert void(books, cost).status_code == 302
    assert void(books, cost).status_code == 409
    assert "抄错了" in books.get(cost.get_absolute_url()).text
    assert enter(books, power, amount="1300").status_code == 302


@pytest.mark.parametrize(("month", "to_on"), [(AUGUST, "2025-08-31"), (JULY, "2025-09-30")])
def test_what_is_billed_is_neither_voided_nor_entered(books, power, home, month, to_on):
    enter(books, power)
    cost = SharedCost.objects.get()
    factories.bill(home, power, month=month, to_on=to_on, tariff=power.tariffs.get())
    assert void(books, cost).status_code == 409
    assert enter(books, power, building=home.building_id).status_code == 409
    assert enter(books, power, month="2025-10").status_code == 302
    assert SharedCost.objects.filter(voided_at=None).count() == 2


def test_a_run_at_work_keeps_the_costs_of_its_months(books, power, qian):
    enter(books, power)
    run = BillRun.objects.create(
        community=power.community, month=AUGUST, issued_on=AUGUST, by=qian, created_at=MONDAY, heartbeat_at=MONDAY
    )
    RunTariff.objects.create(run=run, fee=power, tariff=power.tariffs.get())
    assert void(books, SharedCost.objects.get()).status_code == 409
    assert enter(books, power, month="2025-09").status_code == 302, "another month is free"


def test_the_demo_sets_a_plausible_set_of_fees(yunhu, tang, li_na, zhou):
    for n in range(14):
        factories.unit(yunhu, f"1-1-{101 + n}")
    made = money.fees(yunhu, {"admin1": tang, "cash1": li_na, "sup1": zhou}, MONDAY)
    assert list(made) == ["物业服务费", "公摊电费", "水费", "车位费"]
    assert Tariff.objects.on(MONDAY.date()).count() == 4
    assert (Enrolment.objects.count(), SharedCost.objects.count()) == (12, 3)
    assert sorted(Discount.objects.values_list("status", flat=True)) == ["approved", "asked"]
