"""The figures of fees, counted once more row by row, and the closing of a month."""

import datetime
from collections import defaultdict
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from billing import actions, figures
from billing.models import Allocation, Bill, BillRun, MoneyRequest, MonthClose, Payment, Receipt, Shift, Waiver
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event
from tests import factories
from tests.counting import pinned
from tests.factories import MONDAY, at

pytestmark = pytest.mark.django_db
JULY, AUGUST, SEPTEMBER = (datetime.date(2025, month, 1) for month in (7, 8, 9))


@pytest.fixture(autouse=True)
def monday(time_machine):
    """Monday is 15 September, so that August is over."""
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def service(yunhu):
    return factories.fee(yunhu, code="service")


@pytest.fixture
def water(yunhu):
    return factories.fee(yunhu, "水费", kind="utility", code="water")


@pytest.fixture
def shift(yunhu, li_na):
    facts = {"community": yunhu, "cashier": li_na, "number": "BC1", "opened_at": at("2025-07-01 09:00")}
    return Shift.objects.create(opening_float=500, **facts)


def pay(bill, amount, when, shift):
    """Pay a part of a bill, as the cashier's rows say it."""
    facts = {"community_id": bill.community_id, "unit_id": bill.unit_id, "shift": shift, "amount": amount, "at": when}
    number = f"SJ{Receipt.objects.count() + 1}"
    receipt = Receipt.objects.create(number=number, by=shift.cashier, **facts)
    payment = Payment.objects.create(receipt=receipt, method="card", **facts)
    Allocation.objects.create(community_id=bill.community_id, payment=payment, bill=bill, amount=amount, at=when)
    Bill.objects.filter(pk=bill.pk).update(paid=bill.paid + Decimal(amount))
    bill.refresh_from_db()


def waive(bill, amount, when, asked_by):
    request = MoneyRequest.objects.create(
        community_id=bill.community_id, kind="waiver", unit_id=bill.unit_id, bill=bill, amount=amount, reason="协商",
        asked_by=asked_by, asked_at=when,
    )  # fmt: skip
    Waiver.objects.create(community_id=bill.community_id, bill=bill, amount=amount, request=request, at=when)
    Bill.objects.filter(pk=bill.pk).update(waived=amount)
    bill.refresh_from_db()


@pytest.fixture
def books(yunhu, service, water, shift, qian, zhou):
    """Two buildings, two fees, two months: paid in full, in part, later, waived, void, and not at all."""
    units = [factories.unit(yunhu, label) for label in ("1-1-0101", "1-1-0102", "2-1-0101")]
    facts = {"month": JULY, "created_at": at("2025-07-01 09:00")}
    july = [factories.bill(unit, service, "200.00", **facts) for unit in units]
    # A late charge is a bill of the month and in none of its figures.
    factories.bill(units[0], service, "3.00", month=AUGUST, about=july[0])
    august = [factories.bill(unit, fee, "100.00", month=AUGUST) for unit in units for fee in (service, water)]
    pay(july[0], "200.00", at("2025-07-20 10:00"), shift)
    pay(july[1], "50.00", at("2025-07-31 23:59"), shift)
    pay(july[1], "30.00", at("2025-08-01 00:00"), shift)
    pay(july[2], "70.00", at("2025-08-31 23:59"), shift)
    pay(july[2], "10.00", at("2025-09-01 00:00"), shift)
    waive(july[1], "5.00", at("2025-08-15 10:00"), qian)
    pay(august[0], "100.00", at("2025-08-15 10:00"), shift)
    pay(august[1], "100.00", at("2025-09-02 10:00"), shift)
    pay(august[2], "99.99", at("2025-08-15 10:00"), shift)
    waive(august[4], "40.00", at("2025-09-03 10:00"), qian)
    void = {"voided_at": MONDAY, "voided_by": zhou, "void_asked_by": qian, "void_reason": "面积有误"}
    Bill.objects.filter(pk=august[5].pk).update(**void)
    return units


def test_the_figures_are_those_of_the_rows(yunhu, books, service):
    counted = figures.of_month(yunhu, AUGUST, now=MONDAY)
    rows = [bill for bill in Bill.objects.filter(about=None) if bill.month == AUGUST and bill.voided_at is None]
    owing = {bill.unit_id for bill in rows if bill.balance}
    total = counted.total
    assert (total.billed, total.received) == (
        sum(bill.amount - bill.waived for bill in rows), sum(bill.paid for bill in rows)
    )  # fmt: skip
    assert (total.homes, total.settled) == (3, 3 - len(owing)) == (3, 1)
    by_building = defaultdict(Decimal)
    for bill in rows:
        by_building[bill.unit.building.name] += bill.paid
    assert {one.label: one.received for one in counted.by_building} == by_building
    assert [one.label for one in counted.by_fee] == ["物业服务费", "水费"]
    assert sum(one.billed for one in counted.by_fee) == total.billed
    assert total.by_money == pytest.approx(299.99 / 460)


def test_old_arrears_are_those_of_the_first_moment_and_what_came_in_until_the_last(yunhu, books):
    old = figures.of_month(yunhu, AUGUST, now=MONDAY).old
    # 200 − 50 and 200: what was paid on 31 July has come before, what was paid on 1 September comes after.
    assert old.began_with == Decimal("350.00")
    assert old.recovered == Decimal("100.00")
    assert old.waived == Decimal("5.00")
    assert old.left == Decimal("245.00")


def test_a_month_without_bills_has_no_rate_and_not_nought(yunhu, books):
    total = figures.of_month(yunhu, SEPTEMBER, now=MONDAY).total
    assert (total.by_money, total.by_household) == (None, None)


def test_every_number_leads_to_its_bills(client, qian, books, yunhu):
    client.force_login(qian)
    counted = client.get(reverse("billing:figures_of", args=[AUGUST])).context["counted"]
    for one in [counted.total, *counted.by_fee, *counted.by_building]:
        answer = client.get(one.url)
        assert answer.status_code == 200
        shown = answer.context["part"].rows
        assert sum(bill.amount - bill.waived for bill in shown) == one.billed
        sums = answer.context["sums"]
        assert (sums.billed, sums.received, sums.left) == (one.billed, one.received, one.open)
        unpaid = client.get(one.open_url).context["part"].rows
        assert sum(bill.balance for bill in unpaid) == one.open


def test_old_arrears_are_what_was_owed_then_whatever_is_billed_and_voided_later(yunhu, books, service, qian, zhou):
    before = figures.of_month(yunhu, AUGUST, now=MONDAY).old
    factories.bill(books[0], service, "77.00", month=datetime.date(2025, 6, 1), created_at=at("2025-08-02 10:00"))
    assert figures.of_month(yunhu, AUGUST, now=MONDAY).old == before
    void = {"voided_by": zhou, "void_asked_by": qian, "void_reason": "面积有误"}
    wrong = factories.bill(
        books[0], service, "9.00", month=datetime.date(2025, 5, 1), created_at=at("2025-06-01 10:00")
    )
    Bill.objects.filter(pk=wrong.pk).update(voided_at=at("2025-08-10 10:00"), **void)
    old = figures.of_month(yunhu, AUGUST, now=MONDAY).old
    assert (old.began_with - before.began_with, old.voided, old.left) == (9, 9, before.left)


def test_a_month_that_has_not_begun_has_no_old_arrears(client, qian, yunhu, books):
    client.force_login(qian)
    page = client.get(reverse("billing:figures_of", args=[datetime.date(2026, 3, 1)]))
    assert page.context["counted"].old == figures.OldArrears()


def test_another_communitys_bills_are_not_counted(yunhu, other, books):
    theirs = factories.unit(other, "1-1-0101")
    factories.bill(theirs, factories.fee(other), month=AUGUST)
    assert figures.of_month(yunhu, AUGUST, now=MONDAY).total.homes == 3


def test_the_sheet_has_the_same_numbers_as_numbers(client, qian, books, yunhu):
    yunhu.buildings.filter(name__startswith="1").update(name="=1+1")
    client.force_login(qian)
    file = b"".join(client.get(reverse("billing:figures_excel", args=[AUGUST])).streaming_content)
    sheet = openpyxl.load_workbook(BytesIO(file)).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    total = figures.of_month(yunhu, AUGUST, now=MONDAY).total
    assert rows[0][2:4] == [float(total.billed), float(total.received)]
    assert "'=1+1" in [row[1] for row in rows]
    assert sheet["C2"].number_format == "#,##0.00"


def close(client, who, month=AUGUST, note=""):
    client.force_login(who)
    return client.post(reverse("billing:close_month", args=[month]), {"note": note})


@pytest.fixture
def billed(yunhu, qian, books, shift):
    """August was billed and its shift is closed."""
    shift_facts = {"closed_at": MONDAY, "expected_cash": 500, "counted_cash": 500}
    Shift.objects.filter(pk=shift.pk).update(**shift_facts)
    MoneyRequest.objects.update(status="approved", decided_by=factories.staff("decides", "定"), decided_at=MONDAY)
    facts = {"community": yunhu, "month": AUGUST, "issued_on": AUGUST, "by": qian, "created_at": MONDAY}
    return BillRun.objects.create(status="done", ended_at=MONDAY, **facts)


def test_finance_closes_a_month_and_its_figures_stand(client, qian, billed, yunhu, water, shift):
    assert close(client, qian).status_code == 302
    closed = MonthClose.objects.get()
    assert (closed.closed_by, closed.closed_at) == (qian, MONDAY)
    assert Event.objects.about(closed).get().verb == "month_closed"
    kept = closed.figures["total"]["received"]
    pay(Bill.objects.get(month=AUGUST, paid="99.99"), "0.01", MONDAY, shift)
    page = client.get(closed.get_absolute_url())
    assert page.context["changed"]
    assert str(page.context["counted"].total.received) == kept
    assert page.context["today"].total.received == Decimal(kept) + Decimal("0.01")
    assert page.context["counted"].by_fee[0].url == page.context["today"].by_fee[0].url
    assert MonthClose.objects.get().figures["total"]["received"] == kept
    assert close(client, qian).status_code == 409
    assert MonthClose.objects.count() == 1


def test_a_closed_month_stays(billed, yunhu, qian, client):
    close(client, qian)
    with pytest.raises(Exception, match="billing_monthclose"), transaction.atomic():
        MonthClose.objects.update(note="x")


def test_nothing_is_billed_for_a_closed_month(client, qian, billed, yunhu, service):
    factories.tariff(service)
    close(client, qian)
    with pytest.raises(Refused, match="2025-08"):
        actions.start_run(yunhu, month=AUGUST, submission=None, by=qian, now=MONDAY)
    assert actions.start_run(yunhu, month=SEPTEMBER, submission=None, by=qian, now=MONDAY).month == SEPTEMBER


def test_a_month_that_is_not_over_is_not_closed(client, qian, billed):
    assert close(client, qian, SEPTEMBER).status_code == 409
    assert not MonthClose.objects.exists()


def test_what_has_to_be_done_first_keeps_a_month_open(client, qian, books, shift):
    page = close(client, qian, note="急")
    assert page.status_code == 409
    assert "急" in page.text
    assert not MonthClose.objects.exists()


def test_a_month_with_a_tariff_is_billed_before_it_is_closed(client, qian, yunhu, service):
    factories.tariff(service, since=JULY)
    assert close(client, qian, note="急").status_code == 409
    assert not MonthClose.objects.exists()


def test_what_is_open_is_explained(client, qian, billed):
    BillRun.objects.update(left_out=3)
    assert close(client, qian).status_code == 409
    assert close(client, qian, note="三户面积待核").status_code == 302


@pytest.mark.parametrize("who", ["zhou", "guo"])
def test_others_of_the_office_read_and_do_not_close(client, request, who, billed):
    person = request.getfixturevalue(who)
    assert close(client, person).status_code == 403
    assert client.get(reverse("billing:figures_of", args=[AUGUST])).status_code == 200
    assert client.get(reverse("billing:figures")).headers["Location"].endswith("/2025-08/")


def test_a_month_is_closed_once_whoever_writes(yunhu, qian):
    facts = {"community": yunhu, "month": AUGUST, "closed_at": MONDAY, "closed_by": qian, "figures": {}}
    MonthClose.objects.create(**facts)
    with pytest.raises(IntegrityError, match="month_close_once"), transaction.atomic():
        MonthClose.objects.create(**facts)


def test_the_page_costs_the_same_for_few_and_for_many(client, qian, books, yunhu, service):
    client.force_login(qian)
    client.get(reverse("billing:figures_of", args=[AUGUST]))
    for count in (1, 12):
        for n in range(count):
            factories.bill(factories.unit(yunhu, f"{count}-9-{n:04}"), service, month=AUGUST)
        with pinned("figures of fees"):
            client.get(reverse("billing:figures_of", args=[AUGUST]))
