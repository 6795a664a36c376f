"""Money that goes back: of each payment no more than it was, and never by the hand that approved it."""

import uuid
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from billing import actions, invariants
from billing.actions.cash import Means
from billing.models import MoneyRequest, Refund
from servicedesk.core.models import Membership, Role, User
from tests.billing import money_rows as rows
from tests.billing.money_rows import fresh
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine, client):
    time_machine.move_to(MONDAY, tick=False)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"


@pytest.fixture
def shift(yunhu, li_na):
    return rows.open_shift(yunhu, li_na)


def take(unit, amount, *, by, deposits=(), means="cash", keep_rest=False):
    facts = {"deposits": deposits, "payer": None, "submission": uuid.uuid4(), "keep_rest": keep_rest}
    return actions.take_payment(unit, bills=[], means=[Means(means, Decimal(amount))], by=by, now=MONDAY, **facts)


@pytest.fixture
def half_back(home, lin, li_na, zhou, shift):
    """A deposit of 600 yuan, paid in two halves, of which the first went back; the receipts of both."""
    deposit = rows.deposit(home, lin, li_na, "600.00")
    receipts = [take(home, "300", by=li_na, deposits=[deposit], means=means) for means in ("cash", "wechat")]
    request = rows.done("deposit_refund", fresh(deposit), asker=li_na, decider=zhou, amount=Decimal(300))
    actions.pay_out(request, by=li_na, now=MONDAY)
    return receipts


class TestOfEachPayment:
    def test_a_receipt_whose_deposit_went_back_is_not_taken_back(self, client, li_na, half_back, yunhu):
        client.force_login(li_na)
        first, second = half_back
        assert Refund.objects.get().payment == first.payments.get()
        answer = client.post(reverse("billing:request_reversal", args=[first.pk]), {"reason": "收错了"})
        assert answer.status_code == 409
        assert "the receipt is not taken back any more" in " ".join(answer.content.decode().split())
        assert "收错了" in answer.content.decode()
        assert not MoneyRequest.objects.filter(kind="reversal").exists()
        answer = client.post(reverse("billing:request_reversal", args=[second.pk]), {"reason": "收错了"})
        assert answer.status_code == 302
        assert invariants.breaks(yunhu) == []

    def test_what_was_approved_before_the_deposit_went_back_is_not_paid_out(
        self, client, home, lin, li_na, zhou, shift
    ):
        deposit = rows.deposit(home, lin, li_na, "600.00")
        first, _second = (take(home, "300", by=li_na, deposits=[deposit]) for _ in range(2))
        reversal = rows.done("reversal", first, asker=li_na, decider=zhou)
        refund = rows.done("deposit_refund", fresh(deposit), asker=li_na, decider=zhou, amount=Decimal(300))
        actions.pay_out(refund, by=li_na, now=MONDAY)
        client.force_login(li_na)
        answer = client.post(reverse("billing:pay_out", args=[reversal.pk]), {"version": reversal.version})
        assert answer.status_code == 409
        assert Refund.objects.count() == 1

    def test_the_database_has_the_last_word(self, half_back):
        """The second refund of the same 300 yuan, past every action."""
        with pytest.raises(IntegrityError, match="no more goes back"), transaction.atomic(), connection.cursor() as sql:
            sql.execute("""
                INSERT INTO billing_refund (community_id, number, payment_id, deposit_id, unit_id, request_id, shift_id,
                    method, amount, external_ref, is_reversal, at, by_id)
                SELECT community_id, 'TK-again', payment_id, deposit_id, unit_id, request_id, shift_id,
                    method, 0.01, '', false, at, by_id FROM billing_refund""")


class TestByWhom:
    @pytest.fixture
    def both(self, zhou, yunhu):
        """Zhou, who supervises, holds the drawer as well."""
        Membership.objects.create(user=zhou, community=yunhu, role=Role.CASHIER)
        return User.objects.get(pk=zhou.pk)

    @pytest.fixture
    def approved(self, home, li_na, qian, both, shift, yunhu):
        receipt = take(home, "100", by=li_na, keep_rest=True)
        rows.open_shift(yunhu, both)
        return rows.done("refund", receipt.payments.get(), asker=qian, decider=both, amount=Decimal(100))

    def test_who_approved_does_not_give_the_money_back(self, client, both, li_na, approved):
        client.force_login(both)
        assert "pay_out/" not in client.get(approved.get_absolute_url()).content.decode()
        answer = client.post(reverse("billing:pay_out", args=[approved.pk]), {"version": approved.version})
        assert answer.status_code == 403
        assert "another cashier gives the money back" in answer.content.decode()
        assert not Refund.objects.exists()
        client.force_login(li_na)
        client.post(reverse("billing:pay_out", args=[approved.pk]), {"version": approved.version})
        assert Refund.objects.get().by == li_na

    def test_the_database_knows_it_too(self, both, approved, shift):
        payment = approved.payment
        with pytest.raises(IntegrityError, match="does not give it back"), transaction.atomic():
            Refund.objects.create(
                community=approved.community,
                number="TK-both",
                payment=payment,
                unit=payment.unit,
                request=approved,
                shift=shift,
                method=payment.method,
                amount=100,
                at=MONDAY,
                by=both,
            )
