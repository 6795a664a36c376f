"""What is sent again, and what two cashiers send at once: each act of money happens once, and says so."""

import uuid
from decimal import Decimal

import pytest
from django.urls import reverse

from billing import actions
from billing.actions import cash
from billing.models import Payment, Receipt
from servicedesk.core.models import Event
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def desk(client, li_na, yunhu):
    actions.open_shift(yunhu, opening_float=Decimal("500.00"), by=li_na, now=MONDAY)
    client.force_login(li_na)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def two(home):
    service = factories.fee(home.community)
    return [factories.bill(home, service, "100.00") for _ in range(2)]


def send(client, unit, bills, given, **typed):
    chosen = [f"b{bill.pk}:100.00" for bill in bills]
    facts = {"chosen": chosen, "given": given, "method": "cash", "submission": uuid.uuid4(), **typed}
    return client.post(reverse("billing:take", args=[unit.pk]), facts)


def paid(bills):
    return [type(bill).objects.get(pk=bill.pk).paid for bill in bills]


class TestAPageThatWasUsed:
    @pytest.mark.parametrize("changed", [{"given": "50"}, {"note": "再缴一次"}, {"keep_rest": "on"}])
    def test_it_takes_nothing_else_and_does_not_say_that_it_did(self, desk, home, two, changed):
        key = uuid.uuid4()
        send(desk, home, two[:1], "100", submission=key)
        answer = send(desk, home, two[:1], **{"given": "100", "submission": key, **changed})
        assert answer.status_code == 409
        assert "used already" in answer.text
        assert Receipt.objects.count() == 1

    def test_the_same_sum_for_another_bill_is_another_act(self, desk, home, two):
        key = uuid.uuid4()
        first = send(desk, home, two[:1], "100", submission=key)
        assert send(desk, home, two[:1], "100", submission=key)["Location"] == first["Location"]
        answer = send(desk, home, two[1:], "100", submission=key)
        assert answer.status_code == 409
        assert "used already" in answer.text
        assert paid(two) == [100, 0]

    def test_so_it_is_with_a_prepayment(self, desk, home, two):
        send(desk, home, [], "200", keep_rest="on")
        key = uuid.uuid4()
        first, again = (send(desk, home, two, "10", method="prepaid", submission=key) for _ in range(2))
        assert first["Location"] == again["Location"]
        for ticked, given in ((two, "50"), (two[1:], "10")):
            answer = send(desk, home, ticked, given, method="prepaid", submission=key)
            assert answer.status_code == 409
            assert "used already" in answer.text
        assert sum(paid(two)) == 10
        assert Event.objects.filter(verb="prepaid_used").count() == 1


def test_one_reference_at_two_homes_at_once_is_a_sentence_and_no_error(desk, home, two, monkeypatch):
    """The other cashier's payment is committed after this one has looked for it."""
    next_door = factories.unit(home.community, "3-2-1202")
    bill = factories.bill(next_door, two[0].fee, "100.00")
    send(desk, home, two[:1], "100", method="wechat", external_ref="4200001")
    looks, look = [], cash._demand_references
    monkeypatch.setattr(cash, "_demand_references", lambda *of: looks.append(of) or (len(looks) > 1 and look(*of)))
    answer = send(desk, next_door, [bill], "100", method="wechat", external_ref="4200001", note="代缴")
    assert answer.status_code == 409
    assert f"4200001 is on receipt {Receipt.objects.get()}" in answer.text
    assert all(word in answer.text for word in ('value="4200001"', "代缴"))
    assert Payment.objects.count() == 1
