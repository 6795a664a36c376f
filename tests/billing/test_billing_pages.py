"""The pages of billing runs and bills, through the door."""

import datetime
import uuid
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import translation

from billing import actions, previewing
from billing.models import Bill, BillRun, Fee, LedgerLine
from residents.models import ImportRun, OpeningBalance
from servicedesk.core.models import Event, Role
from servicedesk.desk.demo import money
from tests import factories
from tests.billing.test_runs import JULY, NOVEMBER, NOW, OCTOBER, billed, homes, start, the_bill, work
from tests.counting import pinned

pytestmark = pytest.mark.django_db
SEPTEMBER = datetime.date(2025, 9, 1)


@pytest.fixture(autouse=True)
def october(time_machine):
    time_machine.move_to(NOW, tick=False)
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def english(settings):
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def service(yunhu):
    return factories.fee(yunhu)


@pytest.fixture
def finance(client, qian):
    qian.language = "en"
    qian.save()
    client.force_login(qian)
    return client


@pytest.fixture
def made(yunhu, service):
    """Three homes, one without an area."""
    factories.tariff(service)
    found = homes(yunhu, 2, "100")
    return [*found, factories.unit(yunhu, "3-2-190")]


def address(name, *args):
    return reverse(f"billing:{name}", args=args)


@pytest.fixture
def woken(monkeypatch):
    """The runs of which the worker was told."""
    keys = []
    monkeypatch.setattr("billing.tasks.wake", lambda key, **options: keys.append(key))
    return keys


def void(bill, qian, zhou):
    facts = {"voided_at": NOW, "voided_by": zhou, "void_asked_by": qian, "void_reason": "面积有误"}
    Bill.objects.filter(pk=bill.pk).update(**facts)


class TestRunning:
    def test_the_preview_says_what_the_run_will_make_and_writes_nothing(self, finance, yunhu, made, qian, service):
        answer = finance.get(address("run_new"), {"month": "2025-10"})
        found = answer.context["preview"]
        assert (found.bills, found.amount, found.there, found.left_out) == (2, Decimal("500.00"), 0, 1)
        assert "no area in the register: 1" in answer.text
        assert not Bill.objects.exists() and not BillRun.objects.exists()
        run = billed(yunhu, qian)
        assert (run.made, run.amount, run.left_out) == (found.bills, found.amount, found.left_out)
        assert finance.get(address("run_new"), {"month": "2025-10"}).context["preview"].there == 2

    def test_the_oddest_rows_are_those_far_from_the_month_before_or_from_the_others(self, yunhu, made, service, qian):
        billed(yunhu, qian, SEPTEMBER)
        made[0].area = 20
        made[0].save()
        (huge,) = [factories.unit(yunhu, "3-2-195", area="90")]
        factories.tariff(factories.fee(yunhu, "垃圾费", kind="service"), basis="fixed", unit_price="9", since=OCTOBER)
        found = previewing.preview(yunhu, actions.tariffs_for(yunhu, OCTOBER), OCTOBER)
        first = found.odd[0]
        assert (first.label, first.amount, first.before) == (made[0].label, Decimal("50.00"), Decimal("250.00"))
        assert first.factor == 5 and huge.label not in {odd.label for odd in found.odd if odd.tariff.fee == service}

    def test_starting_leads_to_a_page_that_shows_how_far_it_is_until_it_is_over(self, finance, yunhu, made, woken):
        typed = {"month": "2025-10", "submission": uuid.uuid4()}
        answer = finance.post(address("run_new"), typed)
        run = BillRun.objects.get()
        assert answer.headers["Location"] == run.get_absolute_url() and woken == [run.pk]
        assert finance.post(address("run_new"), typed).headers["Location"] == run.get_absolute_url()
        page = finance.get(run.get_absolute_url())
        assert "every 1s" in page.text and "0 of 3" in page.text
        assert finance.get(address("run_progress", run.pk)).status_code == 200
        work(run)
        over = finance.get(address("run_progress", run.pk))
        assert over.status_code == 286 and over["HX-Retarget"] == "#run-state"
        assert "2 new, 0 there already." in over.text
        assert "2 new" in finance.get(run.get_absolute_url()).text

    @pytest.mark.parametrize("month", ["2029-01", "2025-13", "", "1_0", "2025-12"])
    def test_a_month_that_cannot_be_billed_comes_back_with_a_sentence(self, finance, made, month):
        for answer in (
            finance.get(address("run_new"), {"month": month}),
            finance.post(address("run_new"), {"month": month, "submission": uuid.uuid4()}),
        ):
            assert (answer.status_code == 422 and f'value="{month}"' in answer.text) or month == ""
        assert not BillRun.objects.exists()

    def test_full_width_digits_are_a_month(self, finance, made):
        assert finance.get(address("run_new"), {"month": "2025-10"}).status_code == 200

    def test_what_is_refused_says_so_on_the_page(self, finance, yunhu, made, qian, woken):
        start(yunhu, qian)
        answer = finance.post(address("run_new"), {"month": "2025-11", "submission": uuid.uuid4()})
        assert answer.status_code == 409 and "Another billing run of this community is at work" in answer.text

    def test_a_run_is_stopped_and_goes_on_by_the_buttons(self, finance, yunhu, made, qian, woken):
        run = start(yunhu, qian)
        finance.post(address("run_stop", run.pk))
        assert "after 0 of 3 units" in finance.get(run.get_absolute_url()).text
        assert finance.post(address("run_stop", run.pk)).status_code == 409
        finance.post(address("run_go_on", run.pk))
        assert woken == [run.pk] and work(run).made == 2
        assert finance.post(address("run_go_on", run.pk)).status_code == 409

    def test_who_was_left_out_goes_as_csv_until_billed(self, finance, yunhu, made, qian):
        run = billed(yunhu, qian)
        text = b"".join(finance.get(address("run_left_out", run.pk)).streaming_content).decode()
        assert "3-2-190" in text and "no area in the register" in text
        made[2].area = 50
        made[2].save()
        billed(yunhu, qian)
        text = b"".join(finance.get(address("run_left_out", run.pk)).streaming_content).decode()
        assert "3-2-190" not in text
        assert "250.00" not in text and finance.get(address("run_print", run.pk)).status_code == 200

    def test_a_run_of_another_community_is_nowhere(self, client, other, yunhu, made, qian):
        run, bill = billed(yunhu, qian), Bill.objects.first()
        client.force_login(factories.staff("far", "远", Role.FINANCE, community=other))
        for name in ("run", "run_progress", "run_left_out", "run_print"):
            assert client.get(address(name, run.pk)).status_code == 404
        for name, pk in (("run_stop", run.pk), ("run_go_on", run.pk), ("bill_replace", bill.pk)):
            assert client.post(address(name, pk)).status_code == 404
        assert client.get(bill.get_absolute_url()).status_code == 404

    def test_the_list_of_runs_costs_the_same_for_one_and_many(self, finance, yunhu, made, qian):
        for month in (JULY, SEPTEMBER, OCTOBER):
            billed(yunhu, qian, month)
        with pinned("billing runs"):
            finance.get(address("runs"))


class TestBills:
    def test_a_bill_shows_its_arithmetic_and_who_owes_it(self, client, li_na, yunhu, made, qian):
        li_na.language = "en"
        li_na.save()
        owner = factories.resident(made[0], "林晓梅", "")
        billed(yunhu, qian)
        client.force_login(li_na)
        text = client.get(the_bill(made[0]).get_absolute_url()).text
        assert "100 m² × 2.5 yuan" in text and "林晓梅" in text and "250.00" in text
        assert the_bill(made[0]).debtor == owner

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ({}, 3),
            ({"month": "2025-10"}, 2),
            ({"state": "void"}, 1),
            ({"state": "overdue"}, 0),
            ({"state": "open", "room": "3-2-101"}, 1),
            ({"room": "999"}, 0),
            ({"month": "x", "page": "9e9"}, 3),
            ({"fee": "abc"}, 3),
        ],
    )
    def test_bills_are_found_by_month_state_and_room(self, finance, yunhu, made, qian, zhou, query, count):
        billed(yunhu, qian)
        factories.bill(made[0], Fee.objects.get(), month=NOVEMBER)
        void(the_bill(made[0], month=OCTOBER), qian, zhou)
        assert len(finance.get(address("bills"), query).context["part"].rows) == count

    def test_the_list_costs_the_same_for_one_and_for_twelve(self, finance, yunhu, service, qian):
        factories.tariff(service)
        homes(yunhu, 12)
        billed(yunhu, qian)
        with pinned("bills"):
            finance.get(address("bills"))
        with pinned("bill"):
            finance.get(Bill.objects.first().get_absolute_url())
        with pinned("preview of a billing run"):
            finance.get(address("run_new"), {"month": "2025-10"})

    def test_a_voided_bill_is_billed_anew_from_the_register_as_it_is(self, finance, yunhu, made, qian, zhou):
        billed(yunhu, qian)
        bill = the_bill(made[0])
        assert finance.post(address("bill_replace", bill.pk)).status_code == 409
        void(bill, qian, zhou)
        made[0].area = 90
        made[0].save()
        finance.post(address("bill_replace", bill.pk))
        new = the_bill(made[0])
        assert (new.amount, new.replaces, new.by) == (Decimal("225.00"), bill, qian)
        assert Event.objects.about(new).get().data["replaces"] == bill.number
        answer = finance.post(address("bill_replace", bill.pk))
        assert answer.status_code == 409 and "replaced already" in answer.text
        assert f"{new.number}" in finance.get(bill.get_absolute_url()).text
        total = sum(LedgerLine.objects.filter(account="receivable").values_list("amount", flat=True))
        assert total == Decimal("725.00")

    def test_what_cannot_be_billed_anew_says_why(self, finance, yunhu, made, qian, zhou):
        billed(yunhu, qian)
        void(the_bill(made[0]), qian, zhou)
        made[0].area = None
        made[0].save()
        answer = finance.post(address("bill_replace", Bill.objects.exclude(voided_at=None).get().pk))
        assert answer.status_code == 409 and "no area in the register" in answer.text

    def test_the_page_of_a_home_has_its_bills(self, client, chen, yunhu, made, qian):
        chen.language = "en"
        chen.save()
        billed(yunhu, qian)
        client.force_login(chen)
        text = client.get(reverse("desk:unit", args=[made[0].pk]), {"tab": "bills"}).text
        assert the_bill(made[0]).number in text and "to be paid" in text

    def test_notices_are_of_what_is_left_to_pay_of_a_month(self, finance, yunhu, made, qian):
        billed(yunhu, qian)
        Bill.objects.filter(unit=made[1]).update(paid="250.00")
        answer = finance.get(address("notices"), {"month": "2025-10", "building": made[0].building_id})
        assert [[one["unit"] for one in page] for page in answer.context["pages"]] == [[made[0]]]
        assert "Please pay by 2025-10-26" in answer.text
        assert "no notice to print" in finance.get(address("notices"), {"month": "2025-07"}).text
        assert finance.get(address("notices"), {"month": "x"}).status_code == 422


BY_HAND = {
    "text": "补办门禁卡",
    "amount": "20.5",
    "from_on": "2025-10-08",
    "to_on": "2025-10-08",
    "due_on": "2025-10-20",
}


class TestByHand:
    @pytest.fixture
    def other_fee(self, yunhu):
        return factories.fee(yunhu, "工本费", kind="other")

    def test_a_bill_by_hand_is_issued_once_however_often_it_is_sent(self, finance, yunhu, home, lin, other_fee):
        typed = BY_HAND | {"unit": "3-2-1201", "fee": other_fee.pk, "submission": uuid.uuid4()}
        first, second = (finance.post(address("bill_new"), typed) for _ in range(2))
        bill = Bill.objects.get()
        assert first.headers["Location"] == second.headers["Location"] == bill.get_absolute_url()
        assert (bill.amount, bill.debtor, bill.number) == (Decimal("20.50"), lin, "ZD202510-000001")
        assert "补办门禁卡" in finance.get(bill.get_absolute_url()).text
        changed = finance.post(address("bill_new"), typed | {"amount": "50"})
        assert (changed.status_code, bill.number in changed.text) == (409, True), "another amount is another bill"
        assert Bill.objects.count() == 1

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("amount", "1_000"),
            ("amount", "NaN"),
            ("amount", "0.005"),
            ("amount", "-5"),
            ("amount", "0"),
            ("amount", "99999999"),
            ("to_on", "2025-10-01"),
            ("due_on", "2029-01-01"),
            ("due_on", "2025-10-01"),
            ("unit", "99-9-9"),
            ("fee", "0"),
            ("text", ""),
        ],
    )
    def test_what_is_wrong_comes_back_with_every_word(self, finance, home, other_fee, name, value):
        typed = BY_HAND | {"unit": "3-2-1201", "fee": other_fee.pk, name: value}
        answer = finance.post(address("bill_new"), typed)
        assert (answer.status_code == 422 and "补办门禁卡" in answer.text) or name == "text"
        assert not Bill.objects.exists()

    def test_another_communitys_fee_or_one_with_a_tariff_is_no_choice(self, finance, home, other, service):
        for fee in (service, factories.fee(other, "工本费", kind="other")):
            typed = BY_HAND | {"unit": "3-2-1201", "fee": fee.pk}
            assert finance.post(address("bill_new"), typed).status_code == 422

    def test_what_was_owed_in_the_former_books_is_billed_once(self, finance, yunhu, home, lin, service, qian):
        run = ImportRun.objects.create(
            community=yunhu, target="balances", file_name="x", stored="x", by=qian, created_at=NOW
        )
        for label, amount in (("物业服务费", "300"), ("旧电费", "12.34"), ("零", "0")):
            facts = {"community": yunhu, "unit": home, "label": label, "amount": amount, "run": run}
            OpeningBalance.objects.create(as_of=datetime.date(2024, 12, 31), **facts)
        answer = finance.post(address("balances_bill"), follow=True)
        assert "2 bills were made, 312.34 yuan in all." in answer.text
        answer = finance.post(address("balances_bill"), follow=True)
        assert "Nothing was billed twice" in answer.text
        rows = [(bill.fee.name, bill.amount, bill.debtor, bill.due_on) for bill in Bill.objects.order_by("id")]
        day = datetime.date(2024, 12, 31)
        assert rows[0] == ("物业服务费", Decimal("300.00"), lin, day)
        assert rows[1][1:] == (Decimal("12.34"), lin, day)
        assert Fee.objects.get(code="former-books").kind == "other"
        total = sum(LedgerLine.objects.filter(account="receivable").values_list("amount", flat=True))
        assert total == Decimal("312.34")


def test_the_demo_bills_three_months(yunhu, made, qian):
    money.bills(yunhu, {"fin1": qian}, NOW)
    assert BillRun.objects.filter(by=qian, status="done").count() == 3
    assert Bill.objects.count() == 6


def test_a_bill_leads_the_cashier_to_the_money_and_nobody_else(client, home, service, li_na, chen):
    bill = factories.bill(home, service)
    for who, leads in ((li_na, True), (chen, False)):
        client.force_login(who)
        assert (address("take", home.pk) in client.get(bill.get_absolute_url()).text) is leads
    Bill.objects.filter(pk=bill.pk).update(paid=bill.amount)
    client.force_login(li_na)
    assert address("take", home.pk) not in client.get(bill.get_absolute_url()).text
