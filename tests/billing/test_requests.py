"""What needs a second person: asked for, decided by another, carried out, and what the books say of it then."""

import re
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from billing import actions, invariants
from billing.models import Account, Fee, LedgerLine, MoneyRequest, Payment, Refund, Waiver
from servicedesk.core import moves
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Event, Notification, Role
from servicedesk.desk.demo import money
from tests import counting, factories
from tests.billing import money_rows as rows
from tests.billing.money_rows import fresh
from tests.factories import MONDAY
from tests.racing import race

Status = MoneyRequest.Status


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def fee(yunhu):
    return factories.fee(yunhu)


@pytest.fixture
def august(home, fee):
    return rows.billed(home, fee, "260.75")


@pytest.fixture
def shift(yunhu, li_na):
    return rows.open_shift(yunhu, li_na)


@pytest.fixture
def receipt(shift, home, august):
    """300 yuan in cash: 260.75 for August, the rest prepaid."""
    return rows.taken(shift, home, "300.00", bills=[(august, "260.75")])


@pytest.fixture
def payment(receipt):
    return receipt.payments.get()


@pytest.fixture
def as_(client):
    def sign_in(who):
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
        client.force_login(who)
        return client

    return sign_in


def ask(client, kind, thing, **typed):
    return client.post(reverse(f"billing:request_{kind}", args=[thing.pk]), {"reason": "面积录入有误", **typed})


def step(client, name, request, **typed):
    return client.post(reverse(f"billing:{name}", args=[request.pk]), {"version": request.version, **typed})


def whole(community):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert invariants.breaks(community) == []


def in_books(account):
    return sum(LedgerLine.objects.filter(account=account).values_list("amount", flat=True))


def errors_of(answer):
    return re.sub(r"<[^>]+>", " ", answer.content.decode())


@pytest.mark.django_db
class TestVoidingABill:
    def test_what_was_paid_becomes_a_prepayment_and_both_people_stand_on_the_bill(
        self, as_, qian, zhou, receipt, august, payment, yunhu
    ):
        assert ask(as_(qian), "void", august).status_code == 302
        request = MoneyRequest.objects.get()
        assert (request.amount, request.asked_by, request.status) == (Decimal("260.75"), qian, Status.ASKED)
        assert not fresh(august).is_void
        assert step(as_(zhou), "approve_request", request).status_code == 302
        bill = fresh(august)
        assert (bill.voided_at, bill.voided_by, bill.void_asked_by) == (MONDAY, zhou, qian)
        assert (bill.paid, bill.void_reason) == (0, "面积录入有误")
        assert fresh(payment).prepaid_left == 300
        assert [one.amount for one in payment.allocations.order_by("id")] == [Decimal("260.75"), Decimal("-260.75")]
        assert (in_books(Account.RECEIVABLE), in_books(Account.INCOME), in_books(Account.PREPAID)) == (0, 0, -300)
        assert fresh(request).carried_out_at == MONDAY
        whole(yunhu)

    def test_a_waived_bill_is_voided_with_its_waiver(self, qian, zhou, august, yunhu):
        rows.done("waiver", august, asker=qian, decider=zhou, amount=Decimal("60.75"))
        rows.done("void_bill", fresh(august), asker=qian, decider=zhou)
        assert fresh(august).is_void
        assert in_books(Account.WAIVED) == 0
        whole(yunhu)

    def test_a_void_bill_is_not_voided_again(self, as_, qian, zhou, august):
        rows.done("void_bill", august, asker=qian, decider=zhou)
        client = as_(qian)
        assert "is void already" in errors_of(client.get(reverse("billing:request_void", args=[august.pk])))
        assert ask(client, "void", august).status_code == 409
        assert MoneyRequest.objects.count() == 1


@pytest.mark.django_db
class TestWaiver:
    def test_a_part_is_not_claimed_any_more(self, as_, qian, guo, august, yunhu):
        assert ask(as_(qian), "waiver", august, amount="６０.75").status_code == 302
        step(as_(guo), "approve_request", MoneyRequest.objects.get(), note="同意")
        assert (fresh(august).waived, fresh(august).balance) == (Decimal("60.75"), 200)
        assert Waiver.objects.get().request.decided_by == guo
        assert (in_books(Account.WAIVED), in_books(Account.RECEIVABLE)) == (Decimal("60.75"), 200)
        whole(yunhu)

    def test_what_was_paid_meanwhile_is_not_waived(self, as_, qian, zhou, shift, home, august, yunhu):
        ask(as_(qian), "waiver", august, amount="200")
        rows.taken(shift, home, "100.00", bills=[(august, "100.00")])
        answer = step(as_(zhou), "approve_request", MoneyRequest.objects.get(), note="看过了")
        assert answer.status_code == 409
        assert "At most 160.75 yuan" in errors_of(answer)
        assert "看过了" in answer.content.decode()
        assert (fresh(august).waived, MoneyRequest.objects.get().status) == (0, Status.ASKED)
        whole(yunhu)

    @pytest.mark.parametrize("typed", ["1_000", "NaN", "-5", "0", "0.005", "260.76", "1e3", "", "１２3４5678.00"])
    def test_no_odd_amount_comes_in_and_no_word_is_lost(self, as_, qian, august, typed):
        answer = ask(as_(qian), "waiver", august, amount=typed, reason="困难户，凭社区证明")
        assert answer.status_code in (409, 422)
        assert "困难户，凭社区证明" in answer.content.decode()
        assert not MoneyRequest.objects.exists()

    def test_a_form_that_is_sent_twice_asks_once(self, as_, qian, august):
        key = "0b7f0f8e-6f0c-4b52-9d35-0d3b2d5c1f10"
        answers = [ask(as_(qian), "waiver", august, amount="5", submission=key) for _ in range(2)]
        assert answers[0].url == answers[1].url
        assert ask(as_(qian), "waiver", august, amount="50", submission=key).status_code == 409
        assert MoneyRequest.objects.get().amount == 5

    def test_the_same_is_not_asked_for_while_it_waits(self, as_, qian, li_na, august):
        ask(as_(qian), "waiver", august, amount="5")
        answer = ask(as_(li_na), "waiver", august, amount="6")
        assert answer.status_code == 409
        assert "waits" in errors_of(answer)


@pytest.mark.django_db
class TestReversal:
    def test_all_comes_back_also_what_the_prepayment_paid_later(
        self, as_, li_na, zhou, shift, home, fee, receipt, payment, august, yunhu
    ):
        later = rows.billed(home, fee, "30.00", month=MONDAY.date().replace(day=1))
        rows.settle(payment, later, Decimal("30.00"))
        ask(as_(li_na), "reversal", receipt)
        request = MoneyRequest.objects.get()
        assert request.amount == 300
        step(as_(zhou), "approve_request", request)
        assert not fresh(receipt).is_void, "only the cashier gives money back"
        request = fresh(request)
        assert request.waits_for_the_cashier
        assert step(as_(li_na), "pay_out", request).status_code == 302
        refund = Refund.objects.get()
        assert (refund.number, refund.method, refund.amount, refund.is_reversal) == ("TK2025-0001", "cash", 300, True)
        assert (fresh(receipt).voided_at, fresh(receipt).void_request) == (MONDAY, request)
        assert (fresh(august).balance, fresh(later).balance) == (Decimal("260.75"), 30)
        assert (fresh(payment).prepaid_left, fresh(payment).refunded) == (0, 300)
        assert in_books(Account.CASH) == in_books(Account.PREPAID) == 0
        whole(yunhu)

    def test_each_means_gets_its_own_back_with_the_word_of_the_bank(self, as_, li_na, zhou, shift, home, yunhu):
        receipt = rows.taken(shift, home, "100.00", of={"cash": "40.00", "wechat": "60.00"})
        request = rows.done("reversal", fresh(receipt), asker=li_na, decider=zhou)
        page = as_(li_na).get(request.get_absolute_url()).content.decode()
        assert "reference_wechat" in page
        assert "reference_cash" not in page
        step(as_(li_na), "pay_out", request, reference_wechat="50000123")
        refunds = list(Refund.objects.order_by("id").values_list("method", "amount", "external_ref"))
        assert refunds == [("cash", Decimal("40.00"), ""), ("wechat", Decimal("60.00"), "50000123")]
        whole(yunhu)

    def test_without_an_open_shift_no_money_leaves(self, as_, li_na, zhou, receipt, shift):
        request = rows.done("reversal", receipt, asker=li_na, decider=zhou)
        type(shift).objects.filter(pk=shift.pk).update(closed_at=MONDAY, expected_cash=800, counted_cash=800)
        answer = step(as_(li_na), "pay_out", request)
        assert answer.status_code == 409
        assert "Open yours first" in errors_of(answer)
        assert not Refund.objects.exists()
        assert not fresh(receipt).is_void

    def test_more_cash_than_the_drawer_holds_is_not_given_back(self, as_, li_na, zhou, home, yunhu):
        drawer = rows.open_shift(yunhu, li_na, change="0.00")
        receipt = rows.taken(drawer, home, "300.00")
        type(drawer).objects.filter(pk=drawer.pk).update(closed_at=MONDAY, expected_cash=300, counted_cash=300)
        rows.open_shift(yunhu, li_na, change="100.00")
        request = rows.done("reversal", receipt, asker=li_na, decider=zhou)
        answer = step(as_(li_na), "pay_out", request)
        assert "By the book there are 100.00 yuan" in errors_of(answer)
        assert not fresh(receipt).is_void

    def test_what_was_refunded_since_stops_it(self, as_, li_na, zhou, receipt, payment):
        request = rows.done("reversal", receipt, asker=li_na, decider=zhou)
        part = rows.done("refund", payment, asker=li_na, decider=zhou, amount=Decimal("10.00"))
        actions.pay_out(part, by=li_na, now=MONDAY)
        answer = step(as_(li_na), "pay_out", request)
        assert answer.status_code == 409
        assert "At most 290.00" in errors_of(answer)


@pytest.mark.django_db
class TestRefund:
    def test_a_part_of_the_prepayment_goes_back_as_it_came(self, as_, li_na, zhou, payment, yunhu):
        ask(as_(li_na), "refund", payment, amount="30")
        step(as_(zhou), "approve_request", MoneyRequest.objects.get())
        step(as_(li_na), "pay_out", MoneyRequest.objects.get())
        assert (fresh(payment).prepaid_left, fresh(payment).refunded) == (Decimal("9.25"), 30)
        assert Refund.objects.get().method == "cash"
        whole(yunhu)

    def test_more_than_is_left_is_not_asked_for(self, as_, li_na, payment):
        answer = ask(as_(li_na), "refund", payment, amount="39.26")
        assert answer.status_code == 409
        assert "At most 39.25" in errors_of(answer)

    def test_what_paid_a_bill_meanwhile_does_not_go_back(self, as_, li_na, zhou, home, fee, payment, yunhu):
        request = rows.done("refund", payment, asker=li_na, decider=zhou, amount=Decimal("39.25"))
        later = rows.billed(home, fee, "30.00", month=MONDAY.date().replace(day=1))
        rows.settle(payment, later, Decimal("30.00"))
        assert step(as_(li_na), "pay_out", request).status_code == 409
        assert not Refund.objects.exists()
        whole(yunhu)


@pytest.mark.django_db
class TestWhoDecides:
    def test_nobody_decides_about_what_they_asked_for(self, as_, yunhu, august):
        both = factories.staff("both", "何平", Role.SUPERVISOR, Role.CASHIER, community=yunhu)
        ask(as_(both), "waiver", august, amount="5")
        request = MoneyRequest.objects.get()
        assert "formaction" not in as_(both).get(request.get_absolute_url()).content.decode()
        for name in ("approve_request", "refuse_request"):
            answer = step(as_(both), name, request, note="同意")
            assert answer.status_code == 403
            assert "somebody else decides" in errors_of(answer)
        assert fresh(request).status == Status.ASKED

    def test_the_database_has_the_last_word_of_four_eyes(self, qian, august):
        request = actions.ask_for("waiver", august, amount=Decimal(5), reason="减免", by=qian, now=MONDAY)
        rows_ = MoneyRequest.objects.filter(pk=request.pk)
        with pytest.raises(IntegrityError, match="decided_by_another"), transaction.atomic():
            rows_.update(status="approved", decided_by=qian, decided_at=MONDAY)

    def test_neither_clerk_nor_head_asks_or_decides(self, chen, han, qian, august):
        with pytest.raises(NotAllowed):
            actions.ask_for("waiver", august, amount=Decimal(5), reason="减免", by=chen, now=MONDAY)
        request = actions.ask_for("waiver", august, amount=Decimal(5), reason="减免", by=qian, now=MONDAY)
        with pytest.raises(NotAllowed):
            actions.approve_request(request, by=han, now=MONDAY)

    def test_a_refusal_says_why_and_the_asker_reads_it(self, as_, qian, zhou, august):
        ask(as_(qian), "waiver", august, amount="5")
        request = MoneyRequest.objects.get()
        assert step(as_(zhou), "refuse_request", request).status_code == 422
        assert step(as_(zhou), "refuse_request", request, note="缺少证明").status_code == 302
        assert (fresh(request).status, fresh(request).decision_note) == (Status.REFUSED, "缺少证明")
        assert Notification.objects.filter(kind="money_refused", recipient=qian).exists()
        assert "缺少证明" in as_(qian).get(request.get_absolute_url()).content.decode()

    def test_only_who_asked_withdraws_and_not_what_was_carried_out(self, as_, qian, li_na, zhou, august):
        ask(as_(qian), "waiver", august, amount="5")
        request = MoneyRequest.objects.get()
        assert step(as_(li_na), "withdraw_request", request).status_code == 403
        assert step(as_(qian), "withdraw_request", request).status_code == 302
        done = rows.done("waiver", august, asker=qian, decider=zhou, amount=Decimal("5"))
        assert step(as_(qian), "withdraw_request", done).status_code == 409
        assert fresh(done).status == Status.APPROVED

    def test_a_stale_page_keeps_the_words(self, as_, qian, zhou, guo, august):
        ask(as_(qian), "waiver", august, amount="5")
        old = MoneyRequest.objects.get()
        actions.refuse_request(fresh(old), by=guo, now=MONDAY, note="不符合条件")
        answer = step(as_(zhou), "approve_request", old, note="材料齐全")
        assert answer.status_code == 409
        assert "材料齐全" in answer.content.decode()

    def test_asker_deciders_and_cashier_are_told(self, qian, zhou, guo, li_na, payment):
        rows.done("refund", payment, asker=qian, decider=zhou, amount=Decimal("5"))
        told = {(one.kind, one.recipient) for one in Notification.objects.filter(channel="inbox")}
        asked = "money_asked_refund"
        assert told == {(asked, zhou), (asked, guo), ("money_approved", qian), ("money_to_pay_out", li_na)}
        verbs = Event.objects.about(MoneyRequest.objects.get()).values_list("verb", flat=True)
        assert set(verbs) == {"money_asked", "money_approved"}

    def test_what_waits_stands_in_the_queue_and_leads_to_its_page(self, as_, qian, zhou, august):
        request = actions.ask_for("waiver", august, amount=Decimal(5), reason="减免", by=qian, now=MONDAY)
        page = as_(zhou).get(reverse("desk:approvals")).content.decode()
        assert request.get_absolute_url() in page
        assert "1 thing waits" in page

    def test_another_community_finds_nothing(self, client, other, august, qian):
        request = actions.ask_for("waiver", august, amount=Decimal(5), reason="减免", by=qian, now=MONDAY)
        client.force_login(factories.staff("far", "远方", Role.FINANCE, Role.SUPERVISOR, community=other))
        for name, pk in [("request", request.pk), ("approve_request", request.pk), ("request_void", august.pk)]:
            assert client.get(reverse(f"billing:{name}", args=[pk])).status_code == 404
        assert request.get_absolute_url() not in client.get(reverse("billing:requests")).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("show", ["", "pay", "decided"])
def test_the_lists_cost_the_same_for_one_and_for_twelve(client, yunhu, home, fee, li_na, zhou, shift, show):
    client.force_login(zhou)

    def more(count):
        for _ in range(count):
            receipt = rows.taken(shift, home, "10.00")
            request = actions.ask_for(
                "refund", receipt.payments.get(), amount=Decimal(5), reason="多收", by=li_na, now=MONDAY
            )
            if show:
                actions.approve_request(request, by=zhou, now=MONDAY)

    address = f"{reverse('billing:requests')}?show={show}"
    for count in (1, 11):
        more(count)
        client.get(address)
        with counting.pinned(f"billing_requests_{show or 'waiting'}") as captured:
            assert client.get(address).status_code == 200
        assert len(captured) <= 15


# Races ----------------------------------------------------------------------------------------------------------------


def careless(thing, **facts):
    """Write a row without asking whether somebody else has changed it."""
    type(thing)._base_manager.filter(pk=thing.pk).update(**facts)
    for name, value in facts.items():
        setattr(thing, name, value)


def decided_and_withdrawn(yunhu, qian, zhou, fee, unit):
    """One approves what the other withdraws at the same moment."""
    bill = rows.billed(unit, fee, "10.00")
    request = actions.ask_for("waiver", bill, amount=Decimal(5), reason="减免", by=qian, now=MONDAY)
    outcomes = race(
        lambda: actions.approve_request(fresh(request), by=zhou, now=MONDAY),
        lambda: actions.withdraw_request(fresh(request), by=qian, now=MONDAY),
    )
    return fresh(bill), fresh(request), outcomes


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_of_approving_and_withdrawing_at_once_one_happens(yunhu, qian, zhou, fee):
    for n in range(6):
        unit = factories.unit(yunhu, f"9-1-{n + 1}01")
        bill, request, outcomes = decided_and_withdrawn(yunhu, qian, zhou, fee, unit)
        assert sum(isinstance(one, Refused) for one in outcomes) == 1, outcomes
        assert bill.waived == (5 if request.status == Status.APPROVED else 0)


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_the_race_of_approving_and_withdrawing_bites(yunhu, qian, zhou, fee, monkeypatch):
    """Without the compare-and-set both happen: the request is withdrawn and the bill waived."""
    monkeypatch.setattr(moves, "write", careless)
    both = 0
    for n in range(10):
        unit = factories.unit(yunhu, f"9-2-{n + 1}01")
        _bill, _request, outcomes = decided_and_withdrawn(yunhu, qian, zhou, fee, unit)
        both += not any(isinstance(one, Exception) for one in outcomes)
    assert both


def paid_out_twice(yunhu, li_na, second, zhou, unit, shift):
    receipt = rows.taken(shift, unit, "100.00")
    request = rows.done("refund", receipt.payments.get(), asker=li_na, decider=zhou, amount=Decimal("40.00"))
    outcomes = race(
        lambda: actions.pay_out(fresh(request), by=li_na, now=MONDAY),
        lambda: actions.pay_out(fresh(request), by=second, now=MONDAY),
    )
    return request, outcomes


@pytest.fixture
def two_drawers(yunhu, li_na):
    second = factories.staff("second", "何平", Role.CASHIER, community=yunhu)
    return second, rows.open_shift(yunhu, li_na), rows.open_shift(yunhu, second)


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_of_two_cashiers_who_give_the_same_back_at_once_one_does(yunhu, home, li_na, zhou, two_drawers):
    second, shift, _other = two_drawers
    for _ in range(6):
        request, outcomes = paid_out_twice(yunhu, li_na, second, zhou, home, shift)
        assert sum(isinstance(one, Refused) for one in outcomes) == 1, outcomes
        assert request.refunds.count() == 1
    assert Payment.objects.filter(refunded=40).count() == 6
    assert invariants.breaks(yunhu) == []


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_the_race_of_two_cashiers_bites(yunhu, home, li_na, zhou, two_drawers, monkeypatch):
    """Without the lock and the compare-and-set the same money goes back twice."""
    from billing.actions import requests

    monkeypatch.setattr(moves, "write", careless)
    monkeypatch.setattr(
        requests,
        "_behind_the_lock",
        lambda request: Payment.objects.select_related("community").get(pk=request.payment_id),
    )
    second, shift, _other = two_drawers
    twice = 0
    for _ in range(10):
        request, _outcomes = paid_out_twice(yunhu, li_na, second, zhou, home, shift)
        twice += request.refunds.count() == 2
    assert twice
    assert "refund_as_approved" in {name for name, _rows in invariants.breaks(yunhu)}


@pytest.mark.django_db
def test_the_demo_has_requests_in_every_state_and_whole_books(yunhu, chen, zhou, guo, li_na, qian):
    for n in range(24):
        unit = factories.unit(yunhu, f"8-1-{n + 1:02}01")
        factories.resident(unit, f"住户{n}", f"138000088{n:02}")
        rows.billed(unit, Fee.objects.first() or factories.fee(yunhu), "120.00")
    people = {"desk1": chen, "sup1": zhou, "gm1": guo, "cash1": li_na, "fin1": qian}
    money.requests(yunhu, people, MONDAY)
    assert set(MoneyRequest.objects.values_list("status", flat=True)) == {"asked", "approved", "refused"}
    assert MoneyRequest.objects.to_pay_out().count() == 1
    money.requests(yunhu, people, MONDAY)
    whole(yunhu)


class TestApprovalSlip:
    def slip(self, request):
        return reverse("billing:request_slip", args=[request.pk])

    def test_it_says_who_asked_why_and_who_decided_and_leaves_room_to_sign(self, as_, li_na, zhou, august):
        done = rows.done("waiver", august, asker=li_na, decider=zhou, amount=Decimal("60.75"))
        page = as_(zhou).get(self.slip(done)).text
        for words in (august.number, "3-2-1201", "60.75", "人民币陆拾元零柒角伍分", "李娜", "核对后确认", "周敏"):
            assert words in page, words
        assert "Approved by (name, date)" in page and "Finance (name, date)" in page
        assert "no printing is on record" in page and not Event.objects.filter(verb="slip_printed").exists()

    def test_what_waits_can_be_printed_and_says_that_it_is_not_decided(self, as_, li_na, august):
        waiting = actions.ask_for("waiver", august, amount=Decimal(10), reason="面积有误", by=li_na, now=MONDAY)
        page = as_(li_na).get(self.slip(waiting)).text
        assert "not decided" in page and "waits for approval" in page

    def test_each_printing_is_counted_and_each_but_the_first_says_so(self, as_, li_na, zhou, august):
        done = rows.done("waiver", august, asker=li_na, decider=zhou, amount=Decimal("60.75"))
        first, second = (as_(who).post(self.slip(done)).text for who in (li_na, zhou))
        assert "printing no." not in first and "printing no. 2" in second
        found = Event.objects.about(done).filter(verb="slip_printed").order_by("id")
        assert [(one.by, one.data["times"]) for one in found] == [(li_na, 1), (zhou, 2)]
        assert "Approval slip printed" in as_(zhou).get(done.get_absolute_url()).text

    def test_money_that_went_back_stands_on_it_with_room_for_who_took_it(self, as_, li_na, zhou, payment):
        given = rows.done("refund", payment, asker=li_na, decider=zhou, amount=Decimal("39.25"))
        actions.pay_out(given, by=li_na, now=MONDAY)
        page = as_(li_na).get(self.slip(given)).text
        assert Refund.objects.get().number in page and "Money received by (name, date)" in page

    def test_of_another_community_there_is_none(self, client, other, li_na, august):
        waiting = actions.ask_for("waiver", august, amount=Decimal(10), reason="面积有误", by=li_na, now=MONDAY)
        client.force_login(factories.staff("far", "远方", Role.CASHIER, community=other))
        assert client.get(self.slip(waiting)).status_code == client.post(self.slip(waiting)).status_code == 404
