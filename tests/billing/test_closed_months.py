"""A closed month gets no bill, whoever writes it and whenever; what is billed late goes into the open month."""

import datetime
import threading
import uuid
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from billing import actions
from billing.actions import closing, runs
from billing.models import Bill, BillRun, MonthClose
from residents.models import ImportRun, OpeningBalance
from servicedesk.core import alone
from servicedesk.core.errors import Refused
from tests import factories
from tests.billing import money_rows as rows
from tests.billing.test_runs import REAL, homes
from tests.billing.test_runs import billed as bill_month
from tests.factories import MONDAY
from tests.racing import race

pytestmark = pytest.mark.django_db
JULY, SEPTEMBER = datetime.date(2025, 7, 1), datetime.date(2025, 9, 1)


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def service(yunhu):
    fee = factories.fee(yunhu)
    factories.tariff(fee)
    return fee


@pytest.fixture
def finance(client, qian):
    client.force_login(qian)
    return client


def close(community, by, month=JULY):
    return actions.close_month(community, month, by=by, now=MONDAY, note="已核对")


@pytest.fixture
def stopped(yunhu, service, qian):
    """A run of July that was stopped before it billed the one home."""
    homes(yunhu, 1)
    run = actions.start_run(yunhu, month=JULY, submission=uuid.uuid4(), by=qian, now=MONDAY)
    return actions.stop_run(run, by=qian, now=MONDAY)


def test_a_stopped_run_of_a_closed_month_does_not_go_on(finance, yunhu, service, stopped, qian):
    bill_month(yunhu, qian, JULY)
    close(yunhu, qian)
    factories.unit(yunhu, "9-1-101", area="80")
    answer = finance.post(reverse("billing:run_go_on", args=[stopped.pk]))
    assert (answer.status_code, "2025-07" in answer.text) == (409, True)
    assert BillRun.objects.get(pk=stopped.pk).status == "cancelled"


def test_a_voided_bill_of_a_closed_month_is_not_replaced(finance, yunhu, service, stopped, qian, zhou):
    bill_month(yunhu, qian, JULY)
    bill = Bill.objects.get()
    rows.done("void_bill", bill, asker=qian, decider=zhou)
    close(yunhu, qian)
    answer = finance.post(reverse("billing:bill_replace", args=[bill.pk]))
    assert (answer.status_code, "2025-07" in answer.text) == (409, True)
    assert Bill.objects.count() == 1


@pytest.fixture
def closed(yunhu, qian, stopped):
    bill_month(yunhu, qian, JULY)
    return close(yunhu, qian)


def test_a_bill_by_hand_about_a_closed_month_is_billed_in_the_open_one(finance, yunhu, closed, home):
    other = factories.fee(yunhu, "门禁卡", kind="other")
    facts = {"submission": uuid.uuid4(), "unit": home.label, "fee": other.pk, "text": "补办门禁卡", "amount": "30"}
    days = {"from_on": "2025-07-05", "to_on": "2025-07-05", "due_on": "2025-09-30"}
    assert finance.post(reverse("billing:bill_new"), facts | days).status_code == 302
    bill = Bill.objects.get(fee=other)
    assert (bill.month, bill.from_on, bill.number[:8]) == (SEPTEMBER, datetime.date(2025, 7, 5), "ZD202509")


def test_a_late_charge_from_a_closed_month_on_is_billed_in_the_open_one(yunhu, closed, home, service, qian):
    factories.fee(yunhu, "违约金", kind="late")
    bill = rows.billed(home, service, "1000", month=datetime.date(2025, 6, 1), due_on=datetime.date(2025, 7, 10))
    actions.add_clause(
        yunhu,
        fee=None,
        clause="物业服务合同 第九条",
        valid=DateRange(datetime.date(2024, 1, 1), None),
        rate_per_day=Decimal("0.0005"),
        grace_days=0,
        cap_percent=Decimal(20),
        by=qian,
        now=MONDAY,
    )
    (made,) = actions.issue_late_charge([bill], by=qian, now=MONDAY)
    assert (made.month, made.from_on.month) == (SEPTEMBER, 7)


def test_what_was_owed_in_a_closed_month_of_the_former_books_is_billed_in_the_open_one(yunhu, closed, home, qian):
    source = ImportRun.objects.create(
        community=yunhu, target="balances", file_name="x", stored="x", by=qian, created_at=MONDAY
    )
    day = datetime.date(2025, 7, 31)
    OpeningBalance.objects.create(community=yunhu, unit=home, label="物业费", amount=300, as_of=day, run=source)
    actions.take_over_balances(yunhu, by=qian, now=MONDAY)
    bill = Bill.objects.get(tariff=None)
    assert (bill.month, bill.due_on) == (SEPTEMBER, day)


def test_whoever_writes_a_bill_of_a_closed_month_is_refused_by_the_database(closed, home, service):
    with pytest.raises(IntegrityError, match="2025-07 is closed"), transaction.atomic():
        factories.bill(home, service, month=JULY)
    assert factories.bill(home, service, month=JULY.replace(month=8)).pk


def test_a_month_in_which_no_period_begins_is_closed_without_a_run(yunhu, qian):
    """A quarter is billed in July; August has nothing to run."""
    factories.tariff(factories.fee(yunhu, "季度费"), months=3)
    with pytest.raises(Refused):
        close(yunhu, qian)
    assert close(yunhu, qian, JULY.replace(month=8)).pk


@REAL
def test_who_waits_too_long_for_a_lock_is_told_and_keeps_every_word(finance, yunhu, home, qian):
    """A month is being closed elsewhere, for longer than a page waits."""
    other = factories.fee(yunhu, "门禁卡", kind="other")
    facts = {"submission": uuid.uuid4(), "unit": home.label, "fee": other.pk, "text": "补办门禁卡", "amount": "30"}
    facts |= {"from_on": "2025-09-05", "to_on": "2025-09-05", "due_on": "2025-09-30"}
    locked, answered = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            alone.close_months_alone(yunhu)
            locked.set()
            answered.wait(timeout=10)

    def send():
        locked.wait(timeout=10)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = 50")
            return finance.post(reverse("billing:bill_new"), facts)
        finally:
            answered.set()

    _held, answer = race(hold, send)
    assert (answer.status_code, "补办门禁卡" in answer.text) == (409, True)
    assert not Bill.objects.exists()


class TestAtOnce:
    @pytest.fixture
    def july(self, yunhu, service, qian):
        homes(yunhu, 1)
        bill_month(yunhu, qian, JULY)

    def meet(self, yunhu, qian, monkeypatch):
        """Close July while a run of it is about to be begun, and return what was closed and what is at work."""
        begun, was = threading.Event(), runs.tariffs_for

        def wait(*args):
            begun.set()
            # The other one is asked to close; it has either done so by now or waits for the lock.
            over.wait(timeout=1)
            return was(*args)

        over = threading.Event()
        monkeypatch.setattr(runs, "tariffs_for", wait)

        def shut():
            begun.wait(timeout=10)
            try:
                return close(yunhu, qian)
            finally:
                over.set()

        outcomes = race(
            lambda: actions.start_run(yunhu, month=JULY, submission=uuid.uuid4(), by=qian, now=MONDAY), shut
        )
        return outcomes, MonthClose.objects.count(), BillRun.objects.filter(status="running").count()

    @REAL
    def test_a_month_is_closed_or_billed(self, yunhu, july, qian, monkeypatch):
        (run, refused), closed, at_work = self.meet(yunhu, qian, monkeypatch)
        assert isinstance(run, BillRun) and isinstance(refused, Refused)
        assert (closed, at_work) == (0, 1)

    @REAL
    def test_without_the_lock_it_would_be_both(self, yunhu, july, qian, monkeypatch):
        """The control: the test above can fail."""
        monkeypatch.setattr(closing, "keep_months_open", lambda community: None)
        monkeypatch.setattr(closing, "close_months_alone", lambda community: None)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE billing_monthclose DISABLE TRIGGER month_close_waits_for_bills")
        try:
            _outcomes, closed, at_work = self.meet(yunhu, qian, monkeypatch)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE billing_monthclose ENABLE TRIGGER month_close_waits_for_bills")
        assert (closed, at_work) == (1, 1)
