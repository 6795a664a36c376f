"""Money taken for bills and deposits, and prepayment used: what it pays, in which order, and what is refused."""

import datetime
import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import translation

from billing import actions
from billing.actions.cash import Means
from billing.models import Account, Allocation, Bill, LedgerLine, Payment, Receipt, Shift
from billing.numbering import RECEIPTS
from servicedesk.core.errors import NotAllowed, Refused, Stale
from servicedesk.core.models import Event, Role
from tests import factories
from tests.factories import MONDAY
from tests.racing import CrashError, crash_at, race

NOTHING = Decimal("0.00")


@pytest.fixture(autouse=True)
def english():
    """The sentences are looked at in the language in which they are written."""
    with translation.override("en"):
        yield


@pytest.fixture
def service(yunhu):
    return factories.fee(yunhu)


@pytest.fixture
def shift(yunhu, li_na):
    return actions.open_shift(yunhu, opening_float=Decimal("500.00"), by=li_na, now=MONDAY)


@pytest.fixture
def three(home, service):
    """The bills of hand walk 9: 260.75, 20.28 and 45.00, of one day."""
    return [factories.bill(home, service, amount) for amount in ("260.75", "20.28", "45.00")]


def cash(amount):
    return [Means("cash", Decimal(amount))]


def take(unit, bills, means, *, by, now=MONDAY, **facts):
    facts = {"deposits": [], "payer": None, "submission": uuid.uuid4(), **facts}
    return actions.take_payment(unit, bills=bills, means=means, by=by, now=now, **facts)


def prepay(unit, amount, *, by, **facts):
    return take(unit, [], cash(amount), by=by, keep_rest=True, **facts)


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def books():
    """Return what stands in the books, by account; an account that came to nothing is left out."""
    sums = LedgerLine.objects.values_list("account").annotate(Sum("amount"))
    return {account: amount for account, amount in sums if amount}


def agrees():
    """Check what has to hold after every act on money."""
    for bill in Bill.objects.annotate(allocated=Sum("allocations__amount")):
        assert bill.paid == (bill.allocated or 0)
    for payment in Payment.objects.annotate(allocated=Sum("allocations__amount")):
        assert (payment.allocated or 0) + payment.prepaid_left + payment.refunded == payment.amount
    for receipt in Receipt.objects.annotate(taken=Sum("payments__amount")):
        assert receipt.amount == receipt.taken == sum(Decimal(line["amount"]) for line in receipt.lines)
    assert sum(LedgerLine.objects.values_list("amount", flat=True)) == 0
    in_books = books()
    assert in_books.get(Account.RECEIVABLE, 0) == -(Bill.objects.aggregate(sum=Sum("paid"))["sum"] or 0)
    assert in_books.get(Account.PREPAID, 0) == -(Payment.objects.aggregate(sum=Sum("prepaid_left"))["sum"] or 0)


@pytest.mark.django_db
class TestTaking:
    def test_hand_walk_nine_gives_its_change(self, home, lin, three, shift, li_na):
        receipt = take(home, three, cash("330"), by=li_na, payer=lin)
        payment = receipt.payments.get()
        assert (receipt.number, receipt.amount, receipt.shift) == ("SJ2025-000001", Decimal("326.03"), shift)
        assert (payment.amount, payment.tendered, payment.change) == (Decimal("326.03"), 330, Decimal("3.97"))
        assert not Bill.objects.owed().exists()
        assert books() == {"cash": Decimal("326.03"), "receivable": Decimal("-326.03")}
        agrees()

    def test_a_part_pays_the_oldest_first_whatever_was_ticked_first(self, home, service, shift, li_na):
        late = factories.bill(home, service, "100", month=datetime.date(2025, 8, 1))
        early = factories.bill(home, service, "100", month=datetime.date(2025, 7, 1))
        receipt = take(home, [late, early], cash("150"), by=li_na)
        assert [fresh(early).balance, fresh(late).balance] == [0, 50]
        assert [line.get("left") for line in receipt.lines] == [None, "50.00"]
        agrees()

    def test_several_means_are_one_receipt(self, home, three, shift, li_na):
        means = [Means("wechat", Decimal("200.00"), "4200001"), Means("cash", Decimal("150.00"))]
        receipt = take(home, three, means, by=li_na)
        rows = {one.method: (one.amount, one.change) for one in receipt.payments.all()}
        assert rows == {"wechat": (200, None), "cash": (Decimal("126.03"), Decimal("23.97"))}
        agrees()

    def test_more_than_is_owed_is_prepayment_only_where_somebody_says_so(self, home, three, shift, li_na):
        wechat = [Means("wechat", Decimal("400.00"))]
        with pytest.raises(Refused, match="Change is given of cash only"):
            take(home, three, wechat, by=li_na)
        receipt = take(home, three, wechat, by=li_na, keep_rest=True)
        assert receipt.payments.get().prepaid_left == Decimal("73.97")
        assert receipt.lines[-1] == {"kind": "prepaid", "amount": "73.97"}
        agrees()

    def test_a_deposit_is_held_and_no_income(self, home, lin, shift, li_na, zhou):
        deposit = factories.deposit(home, lin, "2000", by=zhou)
        take(home, [], cash("2000"), by=li_na, deposits=[deposit])
        assert fresh(deposit).held == 2000
        assert books() == {"cash": 2000, "deposits": -2000}

    def test_without_a_shift_nothing_is_taken(self, home, three, li_na, zhou):
        with pytest.raises(Refused, match="in an open shift"):
            take(home, three, cash("330"), by=li_na)
        with pytest.raises(NotAllowed):
            take(home, three, cash("330"), by=zhou)

    def test_what_was_paid_meanwhile_names_the_receipt(self, home, three, shift, li_na):
        first = take(home, three[:1], cash("260.75"), by=li_na)
        with pytest.raises(Refused, match=rf"already paid with {first.number}, taken by .*{li_na}"):
            take(home, three, cash("330"), by=li_na)
        assert Receipt.objects.count() == 1

    def test_a_sum_that_has_changed_is_refused_whole(self, home, three, shift, li_na):
        first = take(home, three[:1], cash("100"), by=li_na)
        with pytest.raises(Refused, match=rf"226\.03 yuan are owed now, not 326\.03: {first.number}"):
            take(home, three, cash("330"), by=li_na, owed=Decimal("326.03"))
        agrees()

    def test_a_bill_of_another_home_is_refused(self, home, three, service, shift, li_na, other):
        strange = factories.bill(factories.unit(other, "9-901"), factories.fee(other), "10")
        neighbour = factories.bill(factories.unit(home.community, "3-2-1203"), service, "10")
        for bill in (strange, neighbour):
            with pytest.raises(Refused, match="not of"):
                take(home, [*three, bill], cash("400"), by=li_na)
        assert not Payment.objects.exists()

    def test_a_reference_is_used_once_and_the_sentence_names_the_receipt(self, home, three, shift, li_na):
        means = [Means("wechat", Decimal("260.75"), "4200001")]
        first = take(home, three[:1], means, by=li_na)
        with pytest.raises(Refused, match=f"4200001 is on receipt {first.number}"):
            take(home, three[1:], [Means("wechat", Decimal("65.28"), "4200001")], by=li_na)
        take(home, three[1:], [Means("alipay", Decimal("65.28"), "4200001")], by=li_na)

    def test_a_double_click_is_one_receipt_and_a_changed_form_is_refused(self, home, three, shift, li_na):
        key = uuid.uuid4()
        receipts = {take(home, three, cash("330"), by=li_na, submission=key).pk for _ in range(2)}
        assert len(receipts) == Payment.objects.count() == 1
        with pytest.raises(Refused, match="used already"):
            take(home, three, cash("400"), by=li_na, submission=key)

    @pytest.mark.parametrize("given", ["0", None])
    def test_nothing_given_is_no_payment(self, home, three, shift, li_na, given):
        with pytest.raises(Refused):
            take(home, three, cash(given) if given else [], by=li_na)


@pytest.mark.django_db
class TestPrepayment:
    def test_it_pays_from_the_oldest_money_without_a_receipt(self, home, three, shift, li_na):
        first, second = (prepay(home, amount, by=li_na).payments.get() for amount in ("100", "300"))
        key = uuid.uuid4()
        facts = {"bills": three, "deposits": [], "amount": Decimal("326.03"), "by": li_na, "now": MONDAY}
        made = [actions.use_prepayment(home, submission=key, **facts) for _ in range(2)]
        assert made[0] == made[1]
        assert [fresh(first).prepaid_left, fresh(second).prepaid_left] == [0, Decimal("73.97")]
        assert Receipt.objects.count() == 2
        assert books() == {"cash": 400, "receivable": Decimal("-326.03"), "prepaid": Decimal("-73.97")}
        agrees()

    def test_with_money_it_stands_on_the_receipt(self, home, three, shift, li_na):
        prepay(home, "100", by=li_na)
        receipt = take(home, three, cash("230"), by=li_na, prepaid=Decimal("100"))
        assert receipt.amount == Decimal("226.03")
        assert receipt.lines[-1] == {"kind": "used", "amount": "-100"}
        assert not Bill.objects.owed().exists()
        agrees()

    def test_no_more_is_used_than_there_is_or_is_owed(self, home, three, shift, li_na):
        prepay(home, "400", by=li_na)
        facts = {"bills": three, "deposits": [], "by": li_na, "now": MONDAY}
        with pytest.raises(Refused, match="has prepaid only 400"):
            actions.use_prepayment(home, amount=Decimal("400.01"), submission=uuid.uuid4(), **facts)
        with pytest.raises(Refused, match="more than is owed"):
            actions.use_prepayment(home, amount=Decimal("326.04"), submission=uuid.uuid4(), **facts)
        assert not Event.objects.filter(verb="prepaid_used").exists()


# A crash and races ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_crash_at_any_statement_leaves_nothing(home, three, shift, li_na):
    prepay(home, "100", by=li_na)
    before = [Receipt.objects.count(), Allocation.objects.count(), LedgerLine.objects.count(), Event.objects.count()]
    statement = 0
    while True:
        statement += 1
        try:
            with connection.execute_wrapper(crash_at(statement)):
                take(home, three, cash("230"), by=li_na, prepaid=Decimal("100"))
            break
        except CrashError:
            rows = [model.objects.count() for model in (Receipt, Allocation, LedgerLine, Event)]
            assert rows == before, statement
            assert not Bill.objects.filter(paid__gt=0).exists()
    assert statement > 10
    assert Receipt.objects.order_by("id").last().number == "SJ2025-000002"
    assert RECEIPTS.first_gap(home.community) is None
    agrees()


def two_cashiers(yunhu, li_na):
    second = factories.staff("second", "何平", Role.CASHIER, community=yunhu)
    for who in (li_na, second):
        actions.open_shift(yunhu, opening_float=NOTHING, by=who, now=MONDAY)
    return li_na, second


def pay_at_once(home, bill, cashiers):
    return race(*[lambda who=who: take(home, [bill], cash("100"), by=who) for who in cashiers])


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_of_two_cashiers_on_one_bill_the_second_reads_the_receipt_of_the_first(yunhu, home, li_na):
    cashiers, service = two_cashiers(yunhu, li_na), factories.fee(yunhu)
    for _ in range(10):
        bill = factories.bill(home, service, "100")
        outcomes = pay_at_once(home, bill, cashiers)
        [receipt] = [one for one in outcomes if isinstance(one, Receipt)]
        [refused] = [one for one in outcomes if isinstance(one, Refused)]
        assert receipt.number in str(refused)
    agrees()
    assert RECEIPTS.first_gap(yunhu) is None


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_control_without_the_locks_the_second_is_not_told(yunhu, home, li_na, monkeypatch):
    cashiers, service = two_cashiers(yunhu, li_na), factories.fee(yunhu)
    monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda rows, **_options: rows)
    outcomes = []
    for _ in range(10):
        outcomes += pay_at_once(home, factories.bill(home, service, "100"), cashiers)
    assert any(isinstance(one, Stale) for one in outcomes), "the UPDATE that holds only while it may stops it late"
    agrees()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_the_same_form_ten_times_at_once_is_one_receipt_and_numbers_have_no_gaps(yunhu, home, li_na):
    service = factories.fee(yunhu)
    actions.open_shift(yunhu, opening_float=NOTHING, by=li_na, now=MONDAY)
    for _ in range(3):
        bill, key = factories.bill(home, service, "100"), uuid.uuid4()
        outcomes = race(*[lambda b=bill, k=key: take(home, [b], cash("100"), by=li_na, submission=k)] * 10)
        assert len({one.pk for one in outcomes}) == 1
    bills = [factories.bill(factories.unit(yunhu, f"4-{n}"), service, "10") for n in range(6)]
    race(*[lambda b=bill: take(b.unit, [b], cash("10"), by=li_na) for bill in bills])
    numbers = sorted(Receipt.objects.values_list("number", flat=True))
    assert numbers == [f"SJ2025-{n:06}" for n in range(1, 10)]
    agrees()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_one_cashier_opens_one_drawer_whatever_is_clicked(yunhu, li_na):
    outcomes = race(*[lambda: actions.open_shift(yunhu, opening_float=NOTHING, by=li_na, now=MONDAY)] * 4)
    assert sum(isinstance(one, Shift) for one in outcomes) == 1
    assert all(isinstance(one, Shift | Refused) for one in outcomes)
