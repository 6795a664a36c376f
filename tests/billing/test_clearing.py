"""The tasks of money in the ring of a move-out: closed on rows, left out with a reason, never a bar."""

import datetime

import pytest

from billing.models import Bill, Deposit
from residents import actions, ring
from residents.models import Handover, HandoverTask, Occupancy
from servicedesk.core.errors import Refused
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db
AUGUST = datetime.date(2025, 8, 1)


@pytest.fixture
def service(yunhu):
    return factories.fee(yunhu)


@pytest.fixture
def leaving(home, lin, chen):
    theirs = Occupancy.objects.get(unit=home, person=lin)
    return actions.open_move_out(theirs, booked_for=MONDAY, moves_on=MONDAY.date(), by=chen, now=MONDAY)


def finish(handover, kind, by):
    actions.finish_task(Handover.objects.get(pk=handover.pk), kind, by=by, now=MONDAY)


def test_a_move_out_asks_for_bills_and_deposit(leaving):
    assert {"bills", "deposit"} <= set(leaving.tasks.values_list("kind", flat=True))


def test_bills_are_named_until_they_are_paid(leaving, lin, home, service, chen):
    bill = factories.bill(home, service, "260.75", debtor_kind="owner", debtor=lin)
    with pytest.raises(Refused, match=r"260\.75"):
        finish(leaving, "bills", chen)
    Bill.objects.filter(pk=bill.pk).update(paid="260.74")
    with pytest.raises(Refused, match=r"0\.01"):
        finish(leaving, "bills", chen)
    Bill.objects.filter(pk=bill.pk).update(paid="260.75")
    finish(leaving, "bills", chen)
    assert not HandoverTask.objects.get(handover=leaving, kind="bills").is_open


def test_what_others_owe_is_theirs(leaving, wu, home, service, chen, yunhu):
    factories.bill(home, service, debtor_kind="owner", debtor=wu)
    factories.bill(home, factories.fee(yunhu, "水费", kind="utility"), debtor_kind="developer")
    later = datetime.date(2025, 10, 1)
    factories.bill(home, factories.fee(yunhu, "车位费", kind="parking"), month=later)
    finish(leaving, "bills", chen)


def test_arrears_keep_nobody_from_moving(leaving, lin, home, service, chen):
    factories.bill(home, service, debtor_kind="owner", debtor=lin)
    actions.excuse_task(leaving, "bills", reason="分期付款，另立协议", by=chen, now=MONDAY)
    assert ring.missing(leaving, "bills") != ""
    assert HandoverTask.objects.get(handover=leaving, kind="bills").status == "excused"


def test_a_deposit_that_we_hold_keeps_its_task_open(leaving, lin, home, yunhu, chen, qian):
    facts = {"kind": "key", "payer": lin, "amount": 200, "note": "钥匙押金", "asked_by": qian, "asked_at": MONDAY}
    deposit = Deposit.objects.create(community=yunhu, unit=home, number="YJ2025-0001", received=200, **facts)
    with pytest.raises(Refused, match="YJ2025-0001"):
        finish(leaving, "deposit", chen)
    Deposit.objects.filter(pk=deposit.pk).update(refunded=150, deducted=50)
    finish(leaving, "deposit", chen)
