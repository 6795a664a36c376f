"""Late charges beside their bills: which is paid first, what becomes of them when the bill is void or paid."""

import datetime
import uuid
from decimal import Decimal

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from billing import actions, ageing, invariants
from billing.actions.cash import Means
from billing.models import ArrearsCase, Bill, LateClause, MoneyRequest, Payment
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event
from tests import factories
from tests.billing import money_rows as rows
from tests.billing.money_rows import fresh
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db
TODAY = MONDAY.date()
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def monday(time_machine, client):
    time_machine.move_to(MONDAY, tick=False)
    client.cookies["django_language"] = "en"


@pytest.fixture
def shift(yunhu, li_na):
    return actions.open_shift(yunhu, opening_float=Decimal("500"), by=li_na, now=MONDAY)


@pytest.fixture
def service(yunhu):
    return factories.fee(yunhu)


def enter_clause(client, **typed):
    facts = {"clause": "第九条", "rate": "10", "grace_days": "0", "cap_percent": "100", "from_on": "2025-01-01"}
    assert client.post(reverse("billing:new_clause"), facts | typed).status_code == 302


@pytest.fixture
def clause(yunhu, qian):
    facts = {"rate_per_day": Decimal("0.001"), "grace_days": 0, "cap_percent": Decimal(100), "clause": "合同 第九条"}
    valid = DateRange(datetime.date(2024, 1, 1), None)
    return actions.add_clause(yunhu, fee=None, valid=valid, by=qian, now=MONDAY, **facts)


@pytest.fixture
def late_fee(yunhu):
    return factories.fee(yunhu, "违约金", kind="late")


@pytest.fixture
def overdue(home, service, lin):
    """1,000 yuan of Lin, due 31 days ago, a Friday: 31.00 of late charge by one in a thousand a day."""
    return rows.billed(home, service, "1000.00", due_on=TODAY - 31 * DAY, debtor=lin, debtor_kind="owner")


@pytest.fixture
def late(overdue, clause, late_fee, qian):
    (made,) = actions.issue_late_charge([overdue], by=qian, now=MONDAY)
    assert made.amount == 31
    return made


def take(unit, bills, amount, *, by, now=MONDAY, **facts):
    facts = {"deposits": [], "payer": None, "submission": uuid.uuid4(), **facts}
    return actions.take_payment(unit, bills=bills, means=[Means("cash", Decimal(amount))], by=by, now=now, **facts)


class TestWhichIsPaidFirst:
    def test_the_late_charge_before_its_bill(self, home, shift, li_na, overdue, late):
        take(home, [overdue, late], "100", by=li_na)
        assert (fresh(late).paid, fresh(overdue).paid) == (31, 69)

    def test_the_bill_first_where_the_contract_says_so(self, client, home, shift, li_na, qian, overdue, late_fee):
        client.force_login(qian)
        enter_clause(client, principal_first="on")
        assert "as the contract says" in client.get(reverse("billing:ladder")).text
        (late,) = actions.issue_late_charge([overdue], by=qian, now=MONDAY)
        take(home, [overdue, late], "1010", by=li_na)
        assert (fresh(overdue).paid, fresh(late).paid) == (1000, 10)

    def test_a_clause_says_nothing_of_it_unless_it_is_ticked(self, client, qian, yunhu):
        client.force_login(qian)
        enter_clause(client)
        assert LateClause.objects.get().principal_first is False

    def test_an_older_debt_goes_before_both_and_the_page_shows_the_same_order(
        self, client, home, service, shift, li_na, overdue, late
    ):
        older = rows.billed(home, service, "50.00", month=datetime.date(2025, 7, 1), due_on=TODAY - 60 * DAY)
        newer = rows.billed(home, service, "60.00", month=datetime.date(2025, 9, 1), due_on=TODAY - DAY)
        wanted = [older, late, overdue, newer]
        assert list(Bill.objects.owed().oldest_first()) == wanted
        loaded = Bill.objects.select_related("fee", "about__fee")
        assert sorted(loaded, key=lambda bill: bill.paying_order) == wanted
        client.force_login(li_na)
        page = client.get(reverse("billing:take", args=[home.pk])).text
        places = [page.index(bill.number) for bill in wanted]
        assert places == sorted(places)


class TestOfAVoidBill:
    def test_nothing_stands_and_who_decides_reads_both(
        self, client, home, shift, li_na, qian, zhou, overdue, late, yunhu
    ):
        take(home, [overdue, late], "100", by=li_na)
        client.force_login(qian)
        client.post(reverse("billing:request_void", args=[overdue.pk]), {"reason": "面积录入有误"})
        request = MoneyRequest.objects.get()
        assert request.amount == 1031
        client.force_login(zhou)
        page = client.get(request.get_absolute_url()).text
        assert late.number in page
        assert "the late charges on it count no more" in page
        client.post(reverse("billing:approve_request", args=[request.pk]), {"version": request.version})
        for one in (fresh(overdue), fresh(late)):
            assert (one.voided_at, one.void_reason, one.paid) == (MONDAY, "面积录入有误", 0)
        assert Payment.objects.get().prepaid_left == 100
        assert Event.objects.filter(verb="bill_voided").count() == 2
        assert invariants.breaks(yunhu) == []

    def test_a_late_charge_that_came_since_was_not_approved(self, qian, zhou, overdue, clause, late_fee):
        request = actions.ask_for("void_bill", overdue, reason="面积录入有误", by=qian, now=MONDAY)
        actions.issue_late_charge([overdue], by=qian, now=MONDAY)
        with pytest.raises(Refused):
            actions.approve_request(request, by=zhou, now=MONDAY)
        assert not fresh(overdue).is_void


class TestOfWhatWasPaidLate:
    def test_paid_in_full_it_can_still_be_billed_once_after_the_ladder_is_closed(
        self, client, home, shift, li_na, qian, overdue, clause, late_fee
    ):
        actions.advance_arrears(now=MONDAY)
        client.force_login(li_na)
        assert "Late charges of ¥31.00 have come" in client.get(reverse("billing:take", args=[home.pk])).text
        take(home, [overdue], "1000", by=li_na)
        actions.advance_arrears(now=MONDAY)
        thing = ArrearsCase.objects.get(unit=home)
        assert not thing.is_open
        client.force_login(qian)
        page = client.get(thing.get_absolute_url()).text
        assert "issue_late_charge" in page
        assert "paid late" in page
        for status in (302, 409):
            answer = client.post(f"{thing.get_absolute_url()}issue_late_charge/", {"version": fresh(thing).version})
            assert answer.status_code == status
        assert Bill.objects.get(about=overdue).amount == 31
        assert "issue_late_charge" not in client.get(thing.get_absolute_url()).text

    def test_where_no_ladder_was_ever_opened_as_well(self, client, home, shift, li_na, qian, overdue, clause, late_fee):
        take(home, [overdue], "1000", by=li_na)
        client.force_login(qian)
        address = reverse("billing:arrears_of", args=[home.pk])
        assert client.post(f"{address}issue_late_charge/", {"version": "0"}).status_code == 302
        assert Bill.objects.get(about=overdue).amount == 31

    def test_after_three_years_nobody_asks_for_it_and_what_was_waived_bears_none(
        self, home, service, shift, li_na, qian, zhou, overdue, clause, late_fee
    ):
        take(home, [overdue], "1000", by=li_na)
        mild = rows.billed(home, service, "10.00", month=datetime.date(2025, 7, 1), due_on=TODAY - 40 * DAY)
        rows.done("waiver", mild, asker=qian, decider=zhou, amount=Decimal(10))
        assert list(ageing.late_due(home, TODAY)) == [overdue]
        assert ageing.late_due(home, TODAY + 1100 * DAY) == {}


class TestOfABillByHand:
    def test_it_is_not_due_before_it_is_written_and_the_words_stay(self, client, home, qian, yunhu, clause, late_fee):
        client.force_login(qian)
        other = factories.fee(yunhu, "临时收费", kind="other")
        typed = {"unit": "3-2-1201", "fee": other.pk, "text": "公区玻璃赔偿", "amount": "1000"}
        typed |= {"from_on": "2025-01-01", "to_on": "2025-01-31", "due_on": "2025-01-31"}
        answer = client.post(reverse("billing:bill_new"), typed)
        assert answer.status_code == 409
        assert "Choose today or a later day" in answer.text
        assert "公区玻璃赔偿" in answer.text
        assert not Bill.objects.exists()
        assert client.post(reverse("billing:bill_new"), {**typed, "due_on": "2025-09-15"}).status_code == 302
        assert ageing.late_due(home, TODAY) == {}
