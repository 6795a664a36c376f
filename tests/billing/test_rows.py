"""What the database refuses of money, whoever writes it."""

import datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from billing.actions.ledger import post
from billing.models import Account, Bill, LedgerEntry, LedgerLine, Tariff
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db
JANUARY, JULY = datetime.date(2025, 1, 1), datetime.date(2025, 7, 1)


@pytest.fixture
def service(yunhu):
    return factories.fee(yunhu)


@pytest.fixture
def august(home, service):
    return factories.bill(home, service, "260.75")


def refused(name):
    return pytest.raises(IntegrityError, match=name)


def test_two_tariffs_of_a_fee_never_hold_on_one_day(service):
    factories.tariff(service, since=JANUARY, until=JULY)
    factories.tariff(service, since=JULY)
    with refused("tariff_one_of_a_fee_at_a_time"), transaction.atomic():
        factories.tariff(service, since=datetime.date(2025, 6, 1), until=datetime.date(2025, 8, 1))


def test_a_tariff_holds_for_whole_months(service):
    with refused("tariff_holds_for_whole_months"), transaction.atomic():
        factories.tariff(service, since=datetime.date(2025, 1, 15))


@pytest.mark.parametrize(
    "facts",
    [
        {"basis": "meter", "unit_price": "3.75"},
        {"basis": "share", "unit_price": "1"},
        {"basis": "formula", "unit_price": None},
        {"basis": "area", "unit_price": None},
    ],
)
def test_a_tariff_has_what_its_basis_needs(service, facts):
    with refused("tariff_"), transaction.atomic():
        factories.tariff(service, **facts)


def test_a_unit_is_billed_once_for_a_fee_and_month(home, service):
    price = factories.tariff(service)
    factories.bill(home, service, tariff=price)
    with refused("bill_once_for_unit_fee_and_month"), transaction.atomic():
        factories.bill(home, service, tariff=price)


@pytest.mark.parametrize("facts", [{"amount": "200.00"}, {"lines": []}, {"due_on": JULY}, {"number": "ZD1"}])
def test_an_issued_bill_never_changes(august, facts):
    with refused("is issued and never changes"), transaction.atomic():
        Bill.objects.filter(pk=august.pk).update(**facts)


def test_a_bill_is_not_paid_twice(august):
    Bill.objects.filter(pk=august.pk).update(paid="260.75")
    with refused("bill_is_not_paid_twice"), transaction.atomic():
        Bill.objects.filter(pk=august.pk).update(paid="260.76")


def test_not_a_number_is_no_amount(august):
    with connection.cursor() as cursor, refused("bill_"), transaction.atomic():
        cursor.execute("UPDATE billing_bill SET paid = 'NaN' WHERE id = %s", [august.pk])


def test_a_bill_is_voided_unpaid_by_two_people_with_a_reason(august, qian, zhou):
    facts = {"voided_at": MONDAY, "voided_by": zhou, "void_reason": "面积有误"}
    for wrong in ({"void_asked_by": zhou}, {"void_asked_by": qian, "void_reason": ""}, {}):
        with refused("bill_void_says_why"), transaction.atomic():
            Bill.objects.filter(pk=august.pk).update(**{**facts, **wrong})
    assert Bill.objects.filter(pk=august.pk).update(**facts, void_asked_by=qian) == 1
    with refused("is issued and never changes"), transaction.atomic():
        Bill.objects.filter(pk=august.pk).update(voided_at=None)


@pytest.mark.parametrize("model", [Bill, Tariff])
def test_nothing_of_money_is_deleted(august, service, model):
    factories.tariff(service)
    with pytest.raises(DatabaseError, match=r"only grows|never|may not|refuse|append"), transaction.atomic():
        model.objects.all()._raw_delete("default")


def test_an_entry_of_the_books_balances(august, qian):
    with transaction.atomic():
        post("billed", about=august, lines={Account.RECEIVABLE: 260, Account.INCOME: -260}, by=qian, now=MONDAY)
    assert LedgerLine.objects.count() == 2
    with refused("does not balance"), transaction.atomic():
        post("billed", about=august, lines={Account.RECEIVABLE: 260, Account.INCOME: -259}, by=qian, now=MONDAY)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert LedgerEntry.objects.count() == 1


def test_what_moves_nothing_is_no_entry(august, qian):
    assert post("billed", about=august, lines={Account.RECEIVABLE: 0}, by=qian, now=MONDAY) is None


def test_a_month_is_a_range_of_days(service):
    assert factories.tariff(service).last_day is None
    row = Tariff(valid=DateRange(JANUARY, JULY))
    assert row.last_day == datetime.date(2025, 6, 30)
