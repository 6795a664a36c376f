"""What a home has prepaid pays what falls due, and what a voided bill had been paid pays its replacement."""

import datetime
import uuid
from decimal import Decimal

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from billing import actions, invariants
from billing.actions.cash import Means
from billing.models import Allocation, ArrearsCase, Bill, Payment
from residents.actions import mark_handed_over, register_person
from residents.models import Occupancy
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


@pytest.fixture(autouse=True)
def ladder(yunhu, qian):
    actions.make_ladder(yunhu, by=qian, now=MONDAY)


@pytest.fixture
def shift(yunhu, li_na):
    return actions.open_shift(yunhu, opening_float=Decimal("500"), by=li_na, now=MONDAY)


@pytest.fixture
def service(yunhu):
    return factories.fee(yunhu)


@pytest.fixture
def prepaid(home, lin, li_na, shift):
    """A function by which somebody prepays for the home."""

    def prepay(amount="500.00", *, payer=lin, note="", unit=home):
        facts = {"bills": [], "deposits": [], "submission": uuid.uuid4(), "keep_rest": True, "note": note}
        means = [Means("cash", Decimal(amount))]
        return actions.take_payment(unit, means=means, payer=payer, by=li_na, now=MONDAY, **facts).payments.get()

    return prepay


@pytest.fixture
def due(home, lin, service):
    """100 yuan of Lin that fall due today."""
    return rows.billed(home, service, "100.00", due_on=TODAY, debtor=lin, debtor_kind="owner")


def somebody(yunhu, home, *, since, until=None, name="王建国", kind="owner"):
    person = register_person(yunhu, name=name, phone=f"139{uuid.uuid4().int % 10**8:08}", by=None, now=MONDAY)
    Occupancy.objects.create(unit=home, person=person, kind=kind, period=DateRange(since, until))
    return person


class TestWhatFallsDue:
    def test_it_is_paid_before_a_ladder_opens_and_the_books_are_whole(self, client, home, li_na, prepaid, due, yunhu):
        payment = prepaid()
        later = MONDAY + DAY
        actions.advance_arrears(now=later)
        actions.advance_arrears(now=later)
        assert (fresh(due).balance, fresh(payment).prepaid_left) == (0, 400)
        assert not ArrearsCase.objects.exists()
        event = Event.objects.get(verb="prepaid_used")
        assert (event.by, event.data["amount"]) == (None, "100.00")
        assert invariants.breaks(yunhu) == []
        client.force_login(li_na)
        assert due.number in client.get(reverse("billing:settlement", args=[event.pk])).text

    def test_what_is_not_due_yet_is_left_and_the_oldest_is_paid_first(self, home, lin, service, prepaid, due):
        payment = prepaid("150.00")
        lins = {"debtor": lin, "debtor_kind": "owner"}
        older = rows.billed(home, service, "80.00", month=datetime.date(2025, 6, 1), due_on=TODAY - 60 * DAY, **lins)
        ahead = rows.billed(home, service, "90.00", month=datetime.date(2025, 9, 1), due_on=TODAY + DAY, **lins)
        assert actions.use_prepayments(home.community, now=MONDAY) == 1
        assert [fresh(bill).balance for bill in (older, due, ahead)] == [0, 30, 90]
        assert fresh(payment).prepaid_left == 0

    def test_who_came_after_is_not_paid_for_by_who_left(self, yunhu, home, lin, service, prepaid):
        left = prepaid()
        unnamed = prepaid("50.00", payer=None)
        Occupancy.objects.filter(person=lin).update(period=DateRange(datetime.date(2020, 1, 1), TODAY + DAY))
        buyer = somebody(yunhu, home, since=TODAY + DAY)
        theirs = rows.billed(home, service, "100.00", due_on=TODAY + DAY, debtor=buyer, debtor_kind="owner")
        actions.use_prepayments(yunhu, now=MONDAY + 2 * DAY)
        assert fresh(theirs).paid == 0
        own = rows.billed(home, service, "60.00", month=datetime.date(2025, 7, 1), debtor=lin, debtor_kind="owner")
        actions.use_prepayments(yunhu, now=MONDAY + 2 * DAY)
        assert (fresh(own).balance, fresh(theirs).paid) == (0, 0)
        assert (fresh(left).prepaid_left, fresh(unnamed).prepaid_left) == (440, 50)

    def test_a_tenant_pays_for_the_owner_only_while_they_live_there(self, yunhu, home, prepaid, due):
        tenant = somebody(yunhu, home, since=datetime.date(2025, 1, 1), until=TODAY + DAY, kind="lessee")
        payment = prepaid(payer=tenant)
        actions.use_prepayments(yunhu, now=MONDAY + 2 * DAY)
        assert fresh(payment).prepaid_left == 500
        actions.use_prepayments(yunhu, now=MONDAY)
        assert (fresh(payment).prepaid_left, fresh(due).balance) == (400, 0)

    def test_a_bill_of_nobody_is_paid_while_nobody_has_come(self, yunhu, service, prepaid):
        empty, taken = (factories.unit(yunhu, f"5-1-{n}") for n in (101, 102))
        somebody(yunhu, taken, since=TODAY)
        for unit in (empty, taken):
            prepaid(payer=None, unit=unit)
        bills = [rows.billed(unit, service, "100.00", due_on=TODAY) for unit in (empty, taken)]
        actions.use_prepayments(yunhu, now=MONDAY)
        assert [fresh(bill).balance for bill in bills] == [0, 100]

    def test_money_given_for_something_or_asked_back_and_a_disputed_bill_wait(
        self, client, yunhu, home, prepaid, due, li_na, qian, chen
    ):
        named = prepaid(note="预缴明年车位费")
        asked = prepaid()
        actions.ask_for("refund", asked, amount=Decimal(10), reason="多收", by=li_na, now=MONDAY)
        assert actions.use_prepayments(yunhu, now=MONDAY) == 0
        assert (fresh(named).prepaid_left, fresh(asked).prepaid_left, fresh(due).paid) == (500, 500, 0)
        free = prepaid("40.00")
        later = MONDAY + DAY
        actions.advance_arrears(now=later)
        assert fresh(free).prepaid_left == 0
        thing = ArrearsCase.objects.select_related("community", "unit").get(unit=home)
        case = factories.case(yunhu, by=chen, unit=home)
        actions.dispute_bill(thing, bill=due, case=case, by=qian, now=later)
        last = prepaid("30.00")
        assert actions.use_prepayments(yunhu, now=later) == 0
        assert fresh(last).prepaid_left == 30
        client.force_login(qian)
        page = client.get(thing.get_absolute_url()).text
        assert "We hold ¥1,030.00 that was prepaid" in page

    def test_a_home_that_fails_stops_no_other(self, yunhu, home, lin, prepaid, due, service, monkeypatch):
        from billing.actions import prepayments

        prepaid()
        next_door = factories.unit(yunhu, "3-2-1202")
        bill = rows.billed(next_door, service, "10.00", due_on=TODAY)
        prepaid(payer=None, unit=next_door)
        look = prepayments.lock_unit
        monkeypatch.setattr(prepayments, "lock_unit", lambda pk: look(pk if pk != home.pk else -1))
        assert actions.use_prepayments(yunhu, now=MONDAY) == 1
        assert (fresh(bill).balance, fresh(due).balance) == (0, 100)


class TestByHand:
    @pytest.fixture
    def sold(self, yunhu, home, lin, prepaid):
        """Lin had prepaid 500 and has moved out; who bought the home has prepaid 40."""
        prepaid()
        Occupancy.objects.filter(person=lin).update(period=DateRange(datetime.date(2020, 1, 1), TODAY))
        buyer = somebody(yunhu, home, since=TODAY)
        prepaid("40.00", payer=buyer)
        return buyer

    def use(self, client, unit, bills, amount, cash=""):
        typed = {"chosen": [f"b{bill.pk}:{bill.balance}" for bill in bills], "given": amount, "method": "prepaid"}
        typed |= {"submission": uuid.uuid4(), **({"given_2": cash, "method_2": "cash"} if cash else {})}
        return client.post(reverse("billing:take", args=[unit.pk]), typed)

    def test_the_money_of_who_left_pays_nothing_of_who_came(self, client, li_na, home, service, sold):
        client.force_login(li_na)
        theirs = rows.billed(home, service, "100.00", debtor=sold, debtor_kind="owner")
        for cash in ("", "50"):
            answer = self.use(client, home, [theirs], "50", cash)
            assert answer.status_code == 409
            assert "40.00 yuan can pay what is ticked" in answer.text
            assert "500.00 yuan came from somebody who no longer lives there" in answer.text
        assert self.use(client, home, [theirs], "40").status_code == 302
        assert (fresh(theirs).balance, sum(Payment.objects.values_list("prepaid_left", flat=True))) == (60, 500)

    def test_it_pays_their_own_old_bill_and_only_that(self, client, li_na, home, lin, service, sold):
        client.force_login(li_na)
        own = rows.billed(home, service, "60.00", month=datetime.date(2025, 7, 1), debtor=lin, debtor_kind="owner")
        theirs = rows.billed(home, service, "100.00", debtor=sold, debtor_kind="owner")
        answer = self.use(client, home, [own, theirs], "120")
        assert answer.status_code == 409
        assert (fresh(own).paid, fresh(theirs).paid) == (0, 0)
        assert self.use(client, home, [own, theirs], "100").status_code == 302
        assert (fresh(own).balance, fresh(theirs).balance) == (0, 60)


class TestWhatReplacesAVoidBill:
    @pytest.fixture
    def charged(self, yunhu, home, service):
        factories.tariff(service, unit_price="2.00")
        type(home).objects.filter(pk=home.pk).update(area="100.00")
        mark_handed_over(fresh(home), on=datetime.date(2020, 1, 1), by=None, now=MONDAY)

    @pytest.fixture
    def paid(self, charged, home, lin, service, li_na, shift):
        """A bill of Lin, of too much, paid in full with a receipt that bears a note."""
        tariff = service.tariffs.get()
        facts = {"tariff": tariff, "debtor": lin, "debtor_kind": "owner"}
        bill = rows.billed(home, service, "260.00", due_on=TODAY - 10 * DAY, **facts)
        facts = {"deposits": [], "payer": lin, "submission": uuid.uuid4(), "note": "八月"}
        means = [Means("cash", Decimal("260"))]
        actions.take_payment(home, bills=[bill], means=means, by=li_na, now=MONDAY, **facts)
        return bill

    def replaced(self, client, bill, asker, decider):
        rows.done("void_bill", bill, asker=asker, decider=decider)
        client.force_login(asker)
        assert client.post(reverse("billing:bill_replace", args=[bill.pk])).status_code == 302
        return Bill.objects.get(replaces=bill)

    def test_it_is_paid_at_once_with_what_the_void_one_had_been_paid(self, client, qian, zhou, paid, yunhu):
        made = self.replaced(client, paid, qian, zhou)
        assert (made.amount, made.balance) == (200, 0)
        assert Payment.objects.get().prepaid_left == 60
        assert Allocation.objects.get(bill=made).by == qian
        assert Event.objects.get(verb="prepaid_used").by == qian
        assert invariants.breaks(yunhu) == []
        later = MONDAY + 60 * DAY
        actions.advance_arrears(now=later)
        assert not ArrearsCase.objects.exists()

    def test_what_another_owes_now_is_not_paid_with_it(self, client, yunhu, home, lin, qian, zhou, paid):
        Occupancy.objects.filter(person=lin).update(period=DateRange(datetime.date(2020, 1, 1), paid.month))
        buyer = somebody(yunhu, home, since=paid.month)
        made = self.replaced(client, paid, qian, zhou)
        assert (made.debtor, made.paid) == (buyer, 0)
        assert Payment.objects.get().prepaid_left == 260
