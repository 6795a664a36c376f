"""Arrears: who owes since when, the ladder of reminders, promises, disputes, letters and late charges (section 19)."""

import datetime
import io
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from billing import actions, ageing, arithmetic
from billing.actions import dunning
from billing.actions.arrears import three_years_after
from billing.models import (
    Allocation,
    ArrearsCase,
    Bill,
    DemandLetter,
    Dispute,
    DunningRule,
    DunningStep,
    LateClause,
    LedgerLine,
    LimitationAlarm,
    Payment,
    PromiseToPay,
    Receipt,
    Shift,
)
from complaints.actions import fill_courtesy
from complaints.models import Case, Concern
from servicedesk.core import numbers
from servicedesk.core.calendar import load_holidays
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Event, Notification, Role
from tests import counting, factories
from tests.billing import money_rows as rows
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db
TODAY = MONDAY.date()
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def service(yunhu):
    return factories.fee(yunhu)


@pytest.fixture
def rules(yunhu, qian):
    return {rule.kind: rule for rule in actions.make_ladder(yunhu, by=qian, now=MONDAY)}


@pytest.fixture
def overdue(home, service, lin):
    """What Lin should have paid ten days ago."""
    facts = {"debtor_kind": "owner", "debtor": lin}
    return factories.bill(home, service, due_on=TODAY - 10 * DAY, **facts)


@pytest.fixture
def arrears(rules, overdue, home):
    actions.advance_arrears(now=MONDAY)
    return ArrearsCase.objects.select_related("community", "unit").get(unit=home)


@pytest.fixture
def finance(client, qian):
    client.force_login(qian)
    return client


@pytest.fixture
def desk(client, chen):
    client.force_login(chen)
    return client


def fresh(thing):
    return type(thing).objects.get(pk=thing.pk)


def again(thing):
    return ArrearsCase.objects.select_related("community", "unit").get(pk=thing.pk)


def step(client, name, thing, /, **typed):
    address = f"{thing.get_absolute_url()}{name}/"
    return client.post(address, {"version": thing.version, **typed})


def pay(bill, yuan, shift, *, at=MONDAY):
    """Pay a part of a bill as the cashier does."""
    facts = {"community": bill.community, "unit": bill.unit, "shift": shift, "amount": yuan, "at": at}
    receipt = Receipt.objects.create(number=f"SJ-{Receipt.objects.count()}", by=shift.cashier, lines=[], **facts)
    payment = Payment.objects.create(receipt=receipt, method="cash", tendered=yuan, **facts)
    Allocation.objects.create(community=bill.community, payment=payment, bill=bill, amount=yuan, at=at)
    Bill.objects.filter(pk=bill.pk).update(paid=fresh(bill).paid + Decimal(yuan))


@pytest.fixture
def shift(yunhu, li_na):
    return Shift.objects.create(community=yunhu, number="BC-1", cashier=li_na, opened_at=MONDAY, opening_float=0)


class TestSweep:
    def test_what_is_overdue_gets_a_ladder_and_its_first_step(self, arrears):
        assert (arrears.opened_on, arrears.next_kind, arrears.next_days) == (TODAY, "phone", 7)
        assert arrears.next_step_on == TODAY - 3 * DAY
        assert Event.objects.about(arrears).filter(verb="arrears_opened", by=None).count() == 1

    def test_what_is_due_today_is_not_overdue(self, rules, home, service):
        factories.bill(home, service, due_on=TODAY)
        actions.advance_arrears(now=MONDAY)
        assert not ArrearsCase.objects.exists()

    def test_twice_is_once(self, arrears, qian):
        seen = again(arrears).version, Event.objects.count(), Notification.objects.count()
        call_command("advance_arrears")
        assert seen == (again(arrears).version, Event.objects.count(), Notification.objects.count())

    def test_what_is_paid_leaves_the_ladder(self, arrears, overdue, shift):
        pay(overdue, "260.75", shift)
        actions.advance_arrears(now=MONDAY + DAY)
        assert again(arrears).closed_on == TODAY + DAY
        assert again(arrears).next_kind == ""

    def test_after_an_outage_of_forty_days_nobody_gets_a_demand_letter_at_once(self, arrears, qian, time_machine):
        later = MONDAY + 40 * DAY
        actions.advance_arrears(now=later)
        assert again(arrears).next_kind == "phone"
        actions.record_step(again(arrears), kind="phone", evidence="10:05 通话", by=qian, now=later)
        now = again(arrears)
        assert (now.stage, now.next_kind, now.next_step_on) == ("phone", "visit", TODAY + 48 * DAY)

    def test_after_an_outage_each_person_is_told_once(self, arrears, qian, chen, home, service):
        Notification.objects.all().delete()
        for room in range(1301, 1306):
            factories.bill(factories.unit(home.community, f"3-2-{room}"), service, due_on=TODAY - 20 * DAY)
        actions.advance_arrears(now=MONDAY + 40 * DAY)
        told = Notification.objects.filter(kind="arrears_today")
        assert {row.recipient for row in told} == {qian, chen}
        assert told.count() == 2
        assert told[0].data["count"] == 6

    def test_the_message_waits_until_the_desk_opens(self, rules, overdue, qian):
        night = MONDAY.replace(hour=20)
        actions.advance_arrears(now=night)
        told = Notification.objects.get(kind="arrears_today")
        assert told.not_before > night + timedelta(hours=1)

    def test_one_community_that_fails_stops_no_other(self, rules, overdue, other, monkeypatch):
        real = dunning._advance
        monkeypatch.setattr(dunning, "_advance", lambda one, now: 1 / 0 if one == other else real(one, now))
        actions.advance_arrears(now=MONDAY)
        assert ArrearsCase.objects.count() == 1

    def test_finance_is_alarmed_once_before_a_claim_ends(self, rules, home, service, qian, chen):
        old = factories.bill(home, service, due_on=TODAY - 1000 * DAY, claim_until=TODAY + 50 * DAY)
        for day in range(3):
            actions.advance_arrears(now=MONDAY + day * DAY)
        assert sorted(LimitationAlarm.objects.filter(bill=old).values_list("days", flat=True)) == [60, 180]
        told = Notification.objects.filter(kind="claims_end")
        assert [row.recipient for row in told] == [qian]
        actions.advance_arrears(now=MONDAY + 40 * DAY)
        assert LimitationAlarm.objects.filter(bill=old).count() == 3
        assert told.all().count() == 2

    def test_a_claim_that_is_renewed_is_alarmed_anew(self, rules, home, service, qian):
        old = factories.bill(home, service, due_on=TODAY - 1000 * DAY, claim_until=TODAY + 10 * DAY)
        actions.advance_arrears(now=MONDAY)
        Bill.objects.filter(pk=old.pk).update(claim_until=TODAY + 100 * DAY)
        actions.advance_arrears(now=MONDAY + DAY)
        assert LimitationAlarm.objects.filter(bill=old, claim_until=TODAY + 100 * DAY).count() == 1

    def test_what_falls_due_when_all_else_is_paid_begins_below(self, arrears, overdue, shift, home, service, qian):
        actions.record_step(arrears, kind="lawyer_letter", evidence="律师函 7", by=qian, now=MONDAY)
        pay(overdue, "260.75", shift)
        factories.bill(home, service, due_on=TODAY + 20 * DAY)
        actions.advance_arrears(now=MONDAY + 21 * DAY)
        new = ArrearsCase.objects.open().get(unit=home)
        assert (new.stage, new.next_kind, new.next_step_on) == ("", "phone", TODAY + 27 * DAY)
        assert again(arrears).closed_on == TODAY + 21 * DAY

    def test_what_falls_due_beside_the_old_changes_nothing(self, arrears, overdue, home, service, qian):
        actions.record_step(arrears, kind="visit", evidence="x", by=qian, now=MONDAY)
        factories.bill(home, service, due_on=TODAY + 5 * DAY)
        actions.advance_arrears(now=MONDAY + 6 * DAY)
        assert (again(arrears).closed_on, again(arrears).stage) == (None, "visit")


class TestSteps:
    def test_the_desk_records_a_call_and_the_visit_comes_next(self, desk, arrears):
        answer = step(desk, "record_step", arrears, kind="phone", evidence="10:05 通话 3 分钟", result="月底前付")
        assert answer.status_code == 302
        taken = DunningStep.objects.get()
        assert (taken.kind, taken.days, taken.due_on) == ("phone", 7, TODAY - 3 * DAY)
        now = again(arrears)
        assert (now.stage, now.next_kind, now.next_step_on) == ("phone", "visit", TODAY + 8 * DAY)

    def test_the_desk_writes_no_notice(self, arrears, chen):
        with pytest.raises(NotAllowed):
            actions.record_step(arrears, kind="posted_notice", evidence="x", by=chen, now=MONDAY)

    def test_sent_twice_it_is_one_step(self, desk, arrears):
        typed = {"kind": "phone", "evidence": "10:05"}
        assert step(desk, "record_step", arrears, **typed).status_code == 302
        answer = step(desk, "record_step", arrears, **typed)
        assert answer.status_code == 409
        assert "10:05" in answer.text
        assert DunningStep.objects.count() == 1

    def test_a_home_without_arrears_has_no_steps(self, finance, rules, home, overdue):
        typed = [
            ("promise_payment", {"amount": "5", "pay_on": (TODAY + DAY).isoformat()}),
            ("record_step", {"kind": "phone", "evidence": "x"}),
            ("write_letter", {"bills": [overdue.pk], "reply_by": (TODAY + 20 * DAY).isoformat(), "pay_to": "前台"}),
            ("skip_step", {"reason": "x"}),
        ]
        assert finance.get(reverse("billing:arrears_of", args=[home.pk])).status_code == 200
        for name, facts in typed:
            answer = finance.post(reverse(f"billing:{name}", args=[home.pk]), {"version": 0, **facts})
            assert answer.status_code == 409, name
        assert not DunningStep.objects.exists()

    def test_a_step_without_evidence_is_none(self, desk, arrears):
        assert step(desk, "record_step", arrears, kind="phone", evidence=" ").status_code == 422
        with pytest.raises(IntegrityError, match="evidence"), transaction.atomic():
            DunningStep.objects.create(community=arrears.community, arrears=arrears, kind="phone", done_at=MONDAY)

    def test_a_step_is_left_out_with_a_reason(self, finance, arrears):
        assert step(finance, "skip_step", arrears, reason="电话已停机").status_code == 302
        assert DunningStep.objects.get().skipped == "电话已停机"
        assert again(arrears).next_kind == "visit"

    def test_a_step_never_changes(self, arrears, qian):
        actions.record_step(arrears, kind="phone", evidence="x", by=qian, now=MONDAY)
        with pytest.raises(DatabaseError), transaction.atomic():
            DunningStep.objects.update(evidence="y")

    def test_a_talk_beside_the_ladder_moves_nothing(self, arrears, chen):
        actions.record_step(arrears, kind="phone", evidence="x", by=chen, now=MONDAY)
        actions.record_step(again(arrears), kind="phone", evidence="again", by=chen, now=MONDAY + DAY)
        assert again(arrears).next_kind == "visit"
        assert list(DunningStep.objects.values_list("days", flat=True)) == [None, 7]

    def test_the_ladder_of_another_community_is_nowhere(self, client, arrears, other):
        client.force_login(factories.staff("far", "远方", Role.FINANCE, community=other))
        assert client.get(arrears.get_absolute_url()).status_code == 404
        assert step(client, "skip_step", arrears, reason="x").status_code == 404

    def test_a_notice_names_only_what_who_lives_there_owes(self, finance, arrears, home, service, lin, wu, yunhu):
        former = {"from_on": datetime.date(2018, 8, 1), "to_on": datetime.date(2018, 8, 31)}
        former["month"] = former["from_on"]
        for facts in ({"debtor_kind": "owner", "debtor": wu}, {"debtor_kind": "developer"}, former):
            factories.bill(home, service, "500.00", due_on=TODAY - 60 * DAY, **facts)
        page = finance.get(reverse("billing:arrears_notices"), {"unit": [home.pk]})
        assert [(row["debtor"], row["total"]) for row in page.context["units"]] == [(lin.pk, Decimal("260.75"))]

    def test_no_notice_is_posted_where_only_others_owe(self, arrears, overdue, home, service, wu, qian, finance):
        typed = {"unit": [home.pk], "text": "请您缴费", "do": "record", "evidence": "照片 0915"}
        Bill.objects.filter(pk=overdue.pk).update(debtor=wu)
        finance.post(reverse("billing:arrears_notices"), typed)
        facts = {"units": [home], "evidence": "x", "by": qian, "now": MONDAY}
        assert actions.record_notices(home.community, **facts) == 0
        assert not DunningStep.objects.exists()

    def test_notices_for_many_homes_are_printed_and_recorded(self, finance, arrears, home, service, rules):
        second = factories.unit(home.community, "3-2-1303")
        factories.bill(second, service, due_on=TODAY - 20 * DAY)
        actions.advance_arrears(now=MONDAY)
        address, units = reverse("billing:arrears_notices"), [home.pk, second.pk]
        page = finance.get(address, {"unit": units})
        assert page.status_code == 200
        printed = finance.post(address, {"unit": units, "text": "请您缴费", "do": "print"})
        assert printed.text.count('class="third"') == 2
        assert not DunningStep.objects.exists()
        assert finance.post(address, {"unit": units, "text": "请您缴费", "do": "record"}).status_code == 422
        typed = {"unit": units, "text": "请您缴费", "do": "record", "evidence": "照片 0915"}
        for _twice in range(2):
            assert finance.post(address, typed).status_code == 302
        assert DunningStep.objects.filter(kind="posted_notice", evidence="照片 0915").count() == 2

    def test_a_rude_notice_is_hinted_at(self, finance, arrears, home):
        fill_courtesy(home.community, by=None, now=MONDAY)
        page = finance.post(
            reverse("billing:arrears_notices"), {"unit": [home.pk], "text": "你急什么", "do": "preview"}
        )
        assert 'class="taboo"' in page.text


class TestPromises:
    def promise(self, arrears, by, **facts):
        facts = {"amount": Decimal("100.00"), "pay_on": TODAY + 20 * DAY, **facts}
        return actions.promise_payment(arrears, by=by, now=MONDAY, **facts)

    def test_a_promise_holds_the_ladder(self, desk, arrears):
        answer = step(desk, "promise_payment", arrears, amount="260.75", pay_on=(TODAY + 20 * DAY).isoformat())
        assert answer.status_code == 302
        assert PromiseToPay.objects.get().amount == Decimal("260.75")
        assert again(arrears).next_step_on == TODAY + 21 * DAY

    @pytest.mark.parametrize("amount", ["0", "-5", "1_000", "NaN", "0.005", "99999999", "１００．００１"])
    def test_what_is_no_amount_is_kept_and_refused(self, desk, arrears, amount):
        answer = step(desk, "promise_payment", arrears, amount=amount, pay_on=(TODAY + DAY).isoformat(), note="留着")
        assert answer.status_code == 422
        assert "留着" in answer.text
        assert not PromiseToPay.objects.exists()

    def test_a_promise_for_a_far_day_is_refused(self, arrears, chen):
        for day in (TODAY - DAY, TODAY + 93 * DAY):
            with pytest.raises(Refused):
                self.promise(arrears, chen, pay_on=day)

    def test_no_more_is_promised_than_is_owed(self, desk, arrears, home, service):
        factories.bill(home, service, "500.00", due_on=TODAY - 9 * DAY, debtor_kind="developer")
        typed = {"amount": "260.76", "pay_on": (TODAY + DAY).isoformat(), "note": "留着"}
        answer = step(desk, "promise_payment", arrears, **typed)
        assert answer.status_code == 409
        assert "260.75" in answer.text and "留着" in answer.text
        assert step(desk, "promise_payment", arrears, **(typed | {"amount": "260.75"})).status_code == 302

    def test_a_promise_that_was_typed_wrong_is_taken_back(self, desk, arrears, chen):
        wrong = self.promise(arrears, chen, pay_on=TODAY + 60 * DAY)
        assert "withdraw_promise" in desk.get(arrears.get_absolute_url()).text
        assert step(desk, "withdraw_promise", again(arrears), reason="").status_code == 422
        typed = {"reason": "日期记错"}
        assert step(desk, "withdraw_promise", again(arrears), **typed).status_code == 302
        assert fresh(wrong).status == "withdrawn"
        assert again(arrears).next_step_on == TODAY - 3 * DAY
        assert step(desk, "withdraw_promise", again(arrears), **typed).status_code == 409
        self.promise(again(arrears), chen)
        page = desk.get(arrears.get_absolute_url())
        assert "日期记错" in page.text

    def test_paid_it_is_kept(self, arrears, chen, overdue, shift):
        promise = self.promise(arrears, chen)
        pay(overdue, "100.00", shift, at=MONDAY + DAY)
        actions.advance_arrears(now=MONDAY + 2 * DAY)
        assert fresh(promise).status == "kept"

    def test_it_is_kept_by_what_was_overdue_and_by_nothing_else(self, arrears, chen, home, service, shift):
        promise = self.promise(arrears, chen)
        ahead = factories.bill(home, service, "100.00", due_on=TODAY)
        pay(ahead, "100.00", shift, at=MONDAY + DAY)
        actions.advance_arrears(now=MONDAY + 2 * DAY)
        assert fresh(promise).status == "open"

    def test_a_bill_of_ours_that_was_wrong_breaks_none(
        self, arrears, chen, overdue, home, service, li_na, qian, zhou, yunhu
    ):
        shift = rows.open_shift(yunhu, li_na)
        paid = rows.billed(home, service, "300.00", due_on=TODAY - 40 * DAY)
        rows.taken(shift, home, "300.00", bills=[(paid, "300.00")], now=MONDAY - DAY)
        promise = self.promise(arrears, chen)
        rows.taken(shift, home, "100.00", bills=[(overdue, "100.00")], now=MONDAY + timedelta(hours=1))
        rows.done("void_bill", rows.fresh(paid), asker=qian, decider=zhou, now=MONDAY + timedelta(hours=2))
        actions.advance_arrears(now=MONDAY + DAY)
        assert fresh(promise).status == "kept"

    def test_a_receipt_that_is_taken_back_keeps_none(self, arrears, chen, overdue, home, li_na, zhou, yunhu):
        shift = rows.open_shift(yunhu, li_na)
        promise = self.promise(arrears, chen)
        receipt = rows.taken(shift, home, "100.00", bills=[(overdue, "100.00")], now=MONDAY + timedelta(hours=1))
        back = rows.done("reversal", receipt, asker=li_na, decider=zhou, now=MONDAY + timedelta(hours=2))
        actions.pay_out(back, by=li_na, now=MONDAY + timedelta(hours=3))
        actions.advance_arrears(now=MONDAY + DAY)
        assert fresh(promise).status == "open"

    def test_not_paid_it_is_broken_the_day_after(self, arrears, chen):
        promise = self.promise(arrears, chen)
        actions.advance_arrears(now=MONDAY + 20 * DAY)
        assert fresh(promise).status == "open"
        actions.advance_arrears(now=MONDAY + 21 * DAY)
        assert fresh(promise).status == "broken"
        assert again(arrears).next_step_on == TODAY - 3 * DAY


class TestPauses:
    def test_a_supervisor_pauses_for_hardship_until_a_day(self, client, arrears, zhou):
        client.force_login(zhou)
        until = (TODAY + 30 * DAY).isoformat()
        assert step(client, "pause_arrears", arrears, reason="hardship", until=until, note="住院").status_code == 302
        assert again(arrears).paused_reason == "hardship"
        actions.advance_arrears(now=MONDAY + 30 * DAY)
        assert again(arrears).is_paused
        actions.advance_arrears(now=MONDAY + 31 * DAY)
        assert not again(arrears).is_paused

    def test_hardship_ends_on_a_day(self, arrears, zhou):
        with pytest.raises(Refused):
            actions.pause_arrears(arrears, reason="hardship", note="x", by=zhou, now=MONDAY)

    def test_nothing_firm_goes_out_while_it_is_paused(self, arrears, qian, overdue):
        actions.pause_arrears(arrears, reason="court", note="x", by=qian, now=MONDAY)
        with pytest.raises(Refused):
            actions.record_step(again(arrears), kind="posted_notice", evidence="x", by=qian, now=MONDAY)
        with pytest.raises(Refused):
            letter(again(arrears), [overdue], qian)
        actions.resume_arrears(again(arrears), note="撤诉", by=qian, now=MONDAY)
        assert letter(again(arrears), [overdue], qian).number == "CG2025-0001"


def letter(arrears, bills, by, **facts):
    facts = {"reply_by": TODAY + 15 * DAY, "pay_to": "前台 8:30–18:00", **facts}
    return actions.write_letter(arrears, bills=bills, by=by, now=MONDAY, **facts)


class TestDisputes:
    @pytest.fixture
    def seen(self, yunhu, chen, home):
        return factories.case(yunhu, by=chen, unit=home)

    def test_a_bill_is_disputed_in_a_case_of_the_home(self, desk, arrears, overdue, seen):
        assert step(desk, "dispute_bill", arrears, bill=overdue.pk, case=seen.short_number).status_code == 302
        dispute = Dispute.objects.get()
        assert (dispute.bill, dispute.case) == (overdue, seen)
        assert again(arrears).paused_reason == "disputed"

    def test_the_number_is_read_as_people_type_it_and_the_last_ones_are_named(
        self, desk, arrears, overdue, seen, yunhu, chen, home
    ):
        old = seen.short_number
        newest = [factories.case(yunhu, by=chen, unit=home, now=MONDAY + n * DAY).short_number for n in (1, 2, 3)]
        page = desk.get(arrears.get_absolute_url(), {"do": "dispute_bill"}).text
        assert [number in page for number in newest] == [True] * 3 and old not in page
        wide = old.translate({ord(sign): ord(sign) + 0xFEE0 for sign in "0123456789"}).replace("-", "—")
        assert step(desk, "dispute_bill", arrears, bill=overdue.pk, case=f" {wide} ").status_code == 302
        assert Dispute.objects.get().case == seen

    @pytest.mark.parametrize("typed", ["20251231-9999", "1_000", "NaN", "·", "9" * 60])
    def test_a_number_that_is_no_case_of_the_home_is_told_with_the_words_kept(self, desk, arrears, overdue, typed):
        answer = step(desk, "dispute_bill", arrears, bill=overdue.pk, case=typed, matter="面积不对")
        assert answer.status_code == 422
        assert typed in answer.text and "面积不对" in answer.text
        assert not Dispute.objects.exists()

    def test_a_case_about_somebody_of_the_staff_is_not_named(self, desk, arrears, overdue, seen, zhou):
        Concern.objects.create(case=seen, user=zhou)
        assert seen.short_number not in desk.get(arrears.get_absolute_url(), {"do": "dispute_bill"}).text
        assert step(desk, "dispute_bill", arrears, bill=overdue.pk, case=seen.short_number).status_code == 422

    def test_finance_opens_a_case_that_waits_at_the_desk(self, finance, arrears, overdue, seen):
        typed = {"bill": overdue.pk, "category": seen.category_id, "matter": "面积不对"}
        assert step(finance, "dispute_bill", arrears, **typed).status_code == 302
        case = Dispute.objects.get().case
        assert (case.status, case.unit_id, case.first_responsible) == ("received", arrears.unit_id, None)

    def test_a_case_that_a_clerk_opens_is_theirs(self, desk, arrears, overdue, seen, chen):
        typed = {"bill": overdue.pk, "category": seen.category_id, "matter": "面积不对"}
        step(desk, "dispute_bill", arrears, **typed)
        assert Dispute.objects.get().case.first_responsible == chen

    def test_a_case_of_another_home_is_refused(self, desk, arrears, overdue, yunhu, chen):
        far = factories.case(yunhu, by=chen, unit=factories.unit(yunhu, "5-1-0301"))
        assert step(desk, "dispute_bill", arrears, bill=overdue.pk, case=far.short_number).status_code == 422
        with pytest.raises(Refused):
            actions.dispute_bill(arrears, bill=overdue, case=far, by=chen, now=MONDAY)

    def test_nothing_to_choose_makes_no_case(self, desk, arrears, overdue):
        before = Case.objects.count()
        assert step(desk, "dispute_bill", arrears, bill=overdue.pk).status_code == 422
        assert Case.objects.count() == before

    def test_ended_the_ladder_goes_on(self, finance, arrears, overdue, seen, qian):
        dispute = actions.dispute_bill(arrears, bill=overdue, case=seen, by=qian, now=MONDAY)
        with pytest.raises(Refused):
            actions.dispute_bill(again(arrears), bill=overdue, case=seen, by=qian, now=MONDAY)
        answer = step(finance, "end_dispute", dispute, outcome="rejected", note="面积与产权证一致")
        assert answer.status_code == 302
        assert not again(arrears).is_paused
        assert again(arrears).next_kind == "phone"
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            Dispute.objects.update(outcome="upheld")

    def test_a_disputed_bill_stands_in_no_letter(self, arrears, overdue, seen, qian):
        actions.dispute_bill(arrears, bill=overdue, case=seen, by=qian, now=MONDAY)
        actions.resume_arrears(again(arrears), note="其他账单", by=qian, now=MONDAY)
        with pytest.raises(Refused):
            letter(again(arrears), [overdue], qian)

    def test_a_dispute_ends_neither_court_nor_hardship(self, desk, arrears, overdue, seen, qian, zhou):
        actions.pause_arrears(arrears, reason="court", note="(2025) 123", by=qian, now=MONDAY)
        assert step(desk, "dispute_bill", again(arrears), bill=overdue.pk, case=seen.short_number).status_code == 302
        assert (again(arrears).paused_reason, again(arrears).pause_note) == ("court", "(2025) 123")
        facts = {"outcome": "rejected", "note": "x", "by": qian, "now": MONDAY}
        actions.end_dispute(Dispute.objects.get(), **facts)
        assert again(arrears).paused_reason == "court"

    def test_neither_court_nor_hardship_writes_over_the_other(self, finance, arrears, qian):
        actions.pause_arrears(arrears, reason="court", note="(2025) 123", by=qian, now=MONDAY)
        typed = {"reason": "hardship", "until": TODAY.isoformat(), "note": "住院"}
        answer = step(finance, "pause_arrears", again(arrears), **typed)
        assert answer.status_code == 409
        assert "住院" in answer.text
        assert again(arrears).paused_reason == "court"

    def test_behind_hardship_an_open_dispute_holds_again(self, arrears, overdue, seen, qian):
        actions.dispute_bill(arrears, bill=overdue, case=seen, by=qian, now=MONDAY)
        hardship = {"reason": "hardship", "note": "住院", "until": TODAY}
        actions.pause_arrears(again(arrears), by=qian, now=MONDAY, **hardship)
        actions.advance_arrears(now=MONDAY + DAY)
        assert (again(arrears).paused_reason, again(arrears).pause_note) == ("disputed", overdue.number)
        actions.pause_arrears(again(arrears), by=qian, now=MONDAY, **hardship)
        actions.resume_arrears(again(arrears), note="x", by=qian, now=MONDAY)
        assert again(arrears).paused_reason == "disputed"
        actions.resume_arrears(again(arrears), note="其他账单", by=qian, now=MONDAY)
        assert not again(arrears).is_paused

    def test_what_is_not_overdue_is_disputed_and_not_chased_when_it_is(self, desk, rules, home, service, seen):
        ahead = factories.bill(home, service, due_on=TODAY + DAY)
        address = reverse("billing:arrears_of", args=[home.pk])
        assert "dispute_bill" in desk.get(address).text
        typed = {"version": 0, "bill": ahead.pk, "case": seen.short_number}
        assert desk.post(f"{address}dispute_bill/", typed).status_code == 302
        actions.advance_arrears(now=MONDAY + 10 * DAY)
        assert (ArrearsCase.objects.get().paused_reason, ArrearsCase.objects.get().next_kind) == ("disputed", "")

    @pytest.mark.parametrize("kind", ["void_bill", "waiver"])
    def test_a_bill_that_claims_nothing_is_disputed_no_more(self, kind, arrears, home, service, seen, qian, zhou):
        wrong = rows.billed(home, service, "80.00", due_on=TODAY - 20 * DAY)
        actions.dispute_bill(arrears, bill=wrong, case=seen, by=qian, now=MONDAY)
        facts = {"amount": Decimal("80.00")} if kind == "waiver" else {}
        rows.done(kind, wrong, asker=qian, decider=zhou, **facts)
        ended = Dispute.objects.get()
        assert (ended.outcome, ended.ended_by) == ("upheld", zhou)
        assert not again(arrears).is_paused
        assert again(arrears).next_kind == "phone"

    def test_what_was_wrong_is_offered_to_be_mended(self, finance, arrears, overdue, seen, qian):
        dispute = actions.dispute_bill(arrears, bill=overdue, case=seen, by=qian, now=MONDAY)
        way = reverse("billing:request_void", args=[overdue.pk])
        assert way not in finance.get(dispute.get_absolute_url()).text
        assert step(finance, "end_dispute", dispute, outcome="upheld", note="面积有误").status_code == 302
        assert way in finance.get(dispute.get_absolute_url()).text

    def test_the_history_of_a_home_tells_of_promises_disputes_and_letters(self, finance, arrears, overdue, seen, qian):
        letter(arrears, [overdue], qian)
        promise = {"amount": Decimal("100.00"), "pay_on": TODAY + 5 * DAY}
        actions.promise_payment(again(arrears), by=qian, now=MONDAY, **promise)
        dispute = actions.dispute_bill(again(arrears), bill=overdue, case=seen, by=qian, now=MONDAY)
        actions.end_dispute(dispute, outcome="rejected", note="面积一致", by=qian, now=MONDAY)
        told = finance.get(arrears.get_absolute_url()).context["events"]
        assert len({str(one["title"]) for one in told}) == 6
        assert any("面积一致" in one["text"] for one in told)
        assert any("CG2025-0001" in one["text"] for one in told)

    def test_a_part_that_is_waived_ends_no_dispute(self, arrears, home, service, seen, qian, zhou):
        wrong = rows.billed(home, service, "80.00", due_on=TODAY - 20 * DAY)
        actions.dispute_bill(arrears, bill=wrong, case=seen, by=qian, now=MONDAY)
        rows.done("waiver", wrong, asker=qian, decider=zhou, amount=Decimal("30.00"))
        assert Dispute.objects.get().is_open


class TestLetters:
    def test_a_letter_freezes_what_it_demands_and_is_the_step(self, finance, arrears, overdue, shift):
        typed = {"bills": [overdue.pk], "reply_by": (TODAY + 15 * DAY).isoformat(), "pay_to": "前台"}
        assert step(finance, "write_letter", arrears, **typed).status_code == 302
        written = DemandLetter.objects.get()
        assert (written.number, written.total) == ("CG2025-0001", Decimal("260.75"))
        assert (again(arrears).stage, again(arrears).next_kind) == ("demand_letter", "lawyer_letter")
        pay(overdue, "60.75", shift)
        assert written.lines.get().amount == Decimal("260.75")
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            DemandLetter.objects.update(total=1)

    def test_a_letter_demands_what_one_person_owes(self, finance, arrears, overdue, home, service, wu, qian):
        former = {"debtor_kind": "owner", "debtor": wu, "due_on": TODAY - 80 * DAY}
        old = factories.bill(home, service, "500.00", **former)
        page = finance.get(arrears.get_absolute_url(), {"do": "write_letter"})
        assert page.context["form"].initial["bills"] == [old.pk]
        typed = {"bills": [old.pk, overdue.pk], "reply_by": (TODAY + 15 * DAY).isoformat(), "pay_to": "前台"}
        answer = step(finance, "write_letter", arrears, **typed)
        assert answer.status_code == 409
        assert "前台" in answer.text
        assert not DemandLetter.objects.exists()
        written = letter(arrears, [overdue], qian)
        actions.deliver_letter(written, delivered_on=TODAY, proof="ems", proof_text="x", by=qian, now=MONDAY)
        assert fresh(old).claim_until == old.claim_until
        with pytest.raises(IntegrityError, match="debtor"), transaction.atomic():
            written.lines.create(bill=old, amount=1)

    def test_the_developer_gets_letters_and_neither_calls_nor_visits(self, rules, home, service, qian):
        theirs = factories.bill(home, service, due_on=TODAY - 80 * DAY, debtor_kind="developer")
        actions.advance_arrears(now=MONDAY)
        arrears = ArrearsCase.objects.select_related("community", "unit").get()
        assert arrears.next_kind == ""
        assert letter(arrears, [theirs], qian).debtor is None
        assert again(arrears).stage == ""
        factories.bill(home, service, due_on=TODAY - DAY)
        actions.advance_arrears(now=MONDAY)
        assert again(arrears).next_kind == "phone"

    def test_it_leaves_a_reasonable_period(self, arrears, overdue, qian):
        with pytest.raises(Refused, match="944"):
            letter(arrears, [overdue], qian, reply_by=TODAY + 6 * DAY)

    def test_delivered_with_proof_the_three_years_begin_anew(self, finance, arrears, overdue, qian):
        written = letter(arrears, [overdue], qian)
        typed = {"delivered_on": TODAY.isoformat(), "proof": "ems", "proof_text": "EX123456789CN"}
        assert step(finance, "deliver_letter", written, **typed).status_code == 302
        assert fresh(overdue).claim_until == three_years_after(TODAY)
        assert step(finance, "deliver_letter", written, **typed).status_code == 409

    def test_a_claim_that_had_ended_stays_ended(self, arrears, home, service, qian):
        old = factories.bill(home, service, due_on=TODAY - 1200 * DAY, claim_until=TODAY - DAY)
        written = letter(arrears, [old], qian)
        facts = {"proof": "signed", "proof_text": "签收联"}
        actions.deliver_letter(written, delivered_on=TODAY, by=qian, now=MONDAY, **facts)
        assert fresh(old).claim_until == TODAY - DAY

    def test_it_is_delivered_neither_before_its_day_nor_tomorrow(self, arrears, overdue, qian):
        written = letter(arrears, [overdue], qian)
        for day in (TODAY - DAY, TODAY + DAY):
            with pytest.raises(Refused):
                actions.deliver_letter(written, delivered_on=day, proof="ems", proof_text="x", by=qian, now=MONDAY)

    def test_its_paper_and_its_file_show_what_a_court_asks_for(
        self, finance, arrears, overdue, qian, yunhu, chen, home
    ):
        seen = factories.case(yunhu, by=chen, unit=home)
        written = letter(arrears, [overdue], qian)
        paper = finance.get(reverse("billing:demand_paper", args=[written.pk]))
        assert overdue.number in paper.text
        bundle = finance.get(reverse("billing:demand_bundle", args=[written.pk]))
        assert seen.short_number in bundle.text
        assert seen.summary not in bundle.text
        assert finance.get(written.get_absolute_url()).status_code == 200

    def test_a_gap_in_the_numbers_is_found(self, yunhu, arrears, overdue, qian):
        letter(arrears, [overdue], qian)
        assert numbers.first_gap(yunhu) is None
        numbers.take_number(yunhu, "demand-2025")
        assert numbers.first_gap(yunhu) == "CG2025-0002"

    def test_three_years_after_a_leap_day(self):
        assert three_years_after(datetime.date(2024, 2, 29)) == datetime.date(2027, 2, 28)


class TestLateCharges:
    @pytest.fixture
    def clause(self, yunhu, qian):
        facts = {"rate_per_day": Decimal("0.0005"), "grace_days": 0, "cap_percent": Decimal(20)}
        valid = DateRange(datetime.date(2024, 1, 1), None)
        return actions.add_clause(
            yunhu, fee=None, clause="物业服务合同 第九条", valid=valid, by=qian, now=MONDAY, **facts
        )

    @pytest.fixture
    def late_fee(self, yunhu):
        return factories.fee(yunhu, "违约金", kind="late")

    def test_without_a_clause_there_is_none(self, finance, arrears, overdue, late_fee, qian):
        page = finance.get(arrears.get_absolute_url())
        assert "without one there is none" in page.text or "没有" in page.text
        with pytest.raises(Refused):
            actions.issue_late_charge([overdue], by=qian, now=MONDAY)

    def test_without_a_fee_for_it_the_page_leads_to_one(self, finance, arrears, clause, yunhu):
        page = finance.get(arrears.get_absolute_url()).text
        assert reverse("billing:fee_new") in page and "issue_late_charge" not in page
        factories.fee(yunhu, "违约金", kind="late")
        assert "issue_late_charge" in finance.get(arrears.get_absolute_url()).text

    def test_it_is_billed_with_its_arithmetic_and_booked(self, finance, arrears, overdue, clause, late_fee):
        assert step(finance, "issue_late_charge", arrears).status_code == 302
        made = Bill.objects.get(about=overdue)
        # 260.75 × 0.0005 × 10 days = 1.30375
        assert made.amount == Decimal("1.30")
        assert made.lines[0]["stretches"][0]["days"] == 10
        (line,) = arithmetic.lines_of(made)
        assert [part in line.how for part in ("260.75", "0.05", "10")] == [True] * 3
        assert line.notes == [clause.clause]
        assert sum(LedgerLine.objects.values_list("amount", flat=True)) == 0
        assert made.number.startswith("ZD202509-")

    def test_billed_again_it_is_only_what_came_since(self, arrears, overdue, clause, late_fee, qian):
        actions.issue_late_charge([overdue], by=qian, now=MONDAY)
        with pytest.raises(Refused):
            actions.issue_late_charge([overdue], by=qian, now=MONDAY)
        (made,) = actions.issue_late_charge([overdue], by=qian, now=MONDAY + 10 * DAY)
        assert made.amount == Decimal("1.31")

    def test_a_part_payment_does_not_end_it(self, arrears, overdue, clause, late_fee, qian, shift):
        pay(overdue, "0.01", shift)
        (made,) = actions.issue_late_charge([overdue], by=qian, now=MONDAY + 90 * DAY)
        assert made.amount > Decimal("12.90")

    def test_no_day_of_a_dispute_counts(self, arrears, overdue, clause, yunhu, chen, home, qian):
        seen = factories.case(yunhu, by=chen, unit=home)
        dispute = actions.dispute_bill(arrears, bill=overdue, case=seen, by=qian, now=MONDAY)
        charge = ageing.late_of([overdue], TODAY + 40 * DAY)[overdue.pk].charge
        assert sum(one.days for one in charge.stretches) == 9
        actions.end_dispute(dispute, outcome="rejected", note="x", by=qian, now=MONDAY + 30 * DAY)
        charge = ageing.late_of([overdue], TODAY + 40 * DAY)[overdue.pk].charge
        assert sum(one.days for one in charge.stretches) == 9 + 10

    def test_what_ends_on_a_rest_day_ends_on_the_working_day_after(self, arrears, home, service, clause, yunhu, qian):
        load_holidays(yunhu, 2025, 2025)
        golden = factories.bill(home, service, "1000.00", due_on=datetime.date(2025, 10, 1))
        paid_by = datetime.date(2025, 10, 9)
        assert ageing.late_of([golden], paid_by)[golden.pk].due == 0
        charge = ageing.late_of([golden], paid_by + DAY)[golden.pk].charge
        assert (charge.stretches[0].from_on, charge.amount) == (paid_by + DAY, Decimal("0.50"))
        written = letter(arrears, [home.bills.get(due_on=TODAY - 10 * DAY)], qian, reply_by=datetime.date(2025, 10, 1))
        assert written.reply_by == paid_by

    def test_what_is_disputed_waits_with_its_late_charge(
        self, finance, arrears, overdue, clause, late_fee, yunhu, chen, home, qian
    ):
        seen = factories.case(yunhu, by=chen, unit=home)
        dispute = actions.dispute_bill(arrears, bill=overdue, case=seen, by=qian, now=MONDAY)
        assert finance.get(arrears.get_absolute_url()).context["late_total"] == 0
        assert ageing.late_due(home, TODAY) == {}
        assert step(finance, "issue_late_charge", again(arrears)).status_code == 409
        actions.end_dispute(dispute, outcome="rejected", note="x", by=qian, now=MONDAY)
        assert step(finance, "issue_late_charge", again(arrears)).status_code == 302

    def test_a_late_charge_bears_none_itself(self, arrears, overdue, clause, late_fee, qian):
        (made,) = actions.issue_late_charge([overdue], by=qian, now=MONDAY)
        assert ageing.late_of([made], TODAY + 300 * DAY) == {}

    def test_the_clause_of_a_fee_goes_before_the_common_one(self, arrears, overdue, clause, yunhu, service, qian):
        facts = {"rate_per_day": Decimal("0.0001"), "grace_days": 30, "cap_percent": Decimal(5)}
        own = actions.add_clause(yunhu, fee=service, clause="第十条", valid=clause.valid, by=qian, now=MONDAY, **facts)
        assert ageing.late_of([overdue], TODAY)[overdue.pk].clause == own

    def test_two_clauses_never_hold_on_one_day(self, finance, clause):
        typed = {"clause": "第十一条", "rate": "5", "grace_days": "0", "cap_percent": "20", "from_on": "2025-01-01"}
        answer = finance.post(reverse("billing:new_clause"), typed)
        assert answer.status_code == 409
        assert "第十一条" in answer.text
        with pytest.raises(IntegrityError, match="late_clause_one_for_all"), transaction.atomic():
            facts = {"rate_per_day": "0.0001", "cap_percent": 5, "clause": "x", "at": MONDAY}
            LateClause.objects.create(community=clause.community, valid=clause.valid, **facts)

    @pytest.mark.parametrize("rate", ["1_0", "NaN", "-5", "0", "500", "5.555", "abc"])
    def test_what_is_no_rate_is_refused(self, finance, yunhu, rate):
        typed = {"clause": "第九条", "rate": rate, "grace_days": "0", "cap_percent": "20", "from_on": "2025-01-01"}
        answer = finance.post(reverse("billing:new_clause"), typed)
        assert answer.status_code == 422
        assert "第九条" in answer.text
        assert not LateClause.objects.exists()

    def test_a_clause_is_entered(self, finance, yunhu):
        typed = {"clause": "第九条", "rate": "５", "grace_days": "15", "cap_percent": "20", "from_on": "2025-01-01"}
        assert finance.post(reverse("billing:new_clause"), typed).status_code == 302
        assert LateClause.objects.get().rate_per_day == Decimal("0.0005")

    def test_a_clause_ends_and_another_begins(self, finance, clause, overdue, yunhu):
        typed = {"last_on": (TODAY - 11 * DAY).isoformat()}
        assert finance.get(clause.get_absolute_url(), {"do": "end_clause"}).status_code == 200
        assert step(finance, "end_clause", clause, **typed).status_code == 302
        assert ageing.late_of([overdue], TODAY) == {}
        new = {"clause": "第九条（新）", "rate": "1", "grace_days": "0", "cap_percent": "20"}
        new["from_on"] = (TODAY - 10 * DAY).isoformat()
        assert finance.post(reverse("billing:new_clause"), new).status_code == 302
        assert ageing.late_of([overdue], TODAY)[overdue.pk].clause.clause == "第九条（新）"
        assert Event.objects.about(clause).filter(verb="clause_ended").count() == 1

    @pytest.mark.parametrize("day", ["2023-12-31", "1900-01-01", "x", ""])
    def test_a_clause_ends_on_no_such_day(self, finance, clause, day):
        assert step(finance, "end_clause", clause, last_on=day).status_code in (409, 422)
        assert fresh(clause).last_on is None

    def test_a_clause_that_has_ended_does_not_come_to_life(self, clause, qian):
        actions.end_clause(clause, last_on=TODAY, by=qian, now=MONDAY)
        with pytest.raises(Refused):
            actions.end_clause(fresh(clause), last_on=TODAY + DAY, by=qian, now=MONDAY)

    def test_a_mistake_is_voided_and_makes_place(self, finance, clause, overdue, yunhu):
        assert step(finance, "void_clause", clause, reason="").status_code == 422
        assert step(finance, "void_clause", clause, reason="日利率多写了一位").status_code == 302
        assert ageing.late_of([overdue], TODAY) == {}
        assert "日利率多写了一位" in finance.get(clause.get_absolute_url()).text
        assert step(finance, "void_clause", fresh(clause), reason="x").status_code == 409
        typed = {"clause": "第九条", "rate": "0.5", "grace_days": "0", "cap_percent": "20", "from_on": "2019-01-01"}
        assert finance.post(reverse("billing:new_clause"), typed).status_code == 302

    def test_a_clause_by_which_was_billed_stays(self, arrears, overdue, clause, late_fee, qian, zhou):
        (made,) = actions.issue_late_charge([overdue], by=qian, now=MONDAY)
        with pytest.raises(Refused, match=made.number):
            actions.void_clause(clause, reason="x", by=qian, now=MONDAY)
        with pytest.raises(Refused, match=made.number):
            actions.end_clause(clause, last_on=TODAY - 11 * DAY, by=qian, now=MONDAY)
        rows.done("void_bill", made, asker=qian, decider=zhou)
        actions.void_clause(clause, reason="x", by=qian, now=MONDAY)

    def test_the_clause_of_another_community_is_nowhere(self, client, clause, other):
        client.force_login(factories.staff("far", "远方", Role.FINANCE, community=other))
        assert client.get(clause.get_absolute_url()).status_code == 404
        assert step(client, "void_clause", clause, reason="x").status_code == 404


class TestLadder:
    def test_a_community_gets_the_usual_ladder_once(self, finance, yunhu):
        for _twice in range(2):
            assert finance.post(reverse("billing:make_ladder")).status_code == 302
        assert DunningRule.objects.filter(community=yunhu).count() == 7
        assert finance.get(reverse("billing:ladder")).status_code == 200

    def test_a_step_gets_another_day(self, finance, arrears, rules):
        typed = {"days": "8", "is_active": "on", "source": "2025-09-01 会议"}
        assert finance.get(rules["phone"].get_absolute_url()).status_code == 200
        assert step(finance, "set_rule", rules["phone"], **typed).status_code == 302
        assert again(arrears).next_step_on == TODAY - 2 * DAY

    @pytest.mark.parametrize("days", ["15", "0", "-3", "1_0", "999", "7.5"])
    def test_a_wrong_day_is_refused(self, finance, rules, days):
        answer = step(finance, "set_rule", rules["phone"], days=days, is_active="on", source="会议")
        assert answer.status_code in (409, 422)
        assert fresh(rules["phone"]).days == 7


class TestList:
    def test_ages_are_counted_from_the_day_after_it_was_due(self, yunhu, home, service):
        for days in (0, 1, 30, 31, 60, 61, 90, 91, -5):
            factories.bill(home, service, "10.00", due_on=TODAY - days * DAY)
        found = ageing.by_age(ageing.owed_in(yunhu), TODAY)
        assert [(one.key, one.count) for one in found] == [
            ("current", 2),
            ("1-30", 2),
            ("31-60", 2),
            ("61-90", 2),
            ("over-90", 1),
        ]
        assert sum(one.total for one in found) == Decimal("90.00")
        for one in found:
            assert ageing.owed_in(yunhu).filter(ageing.of_age(one.key, TODAY)).count() == one.count

    def test_the_bar_filters_the_list(self, finance, arrears, home, service):
        far = factories.unit(home.community, "5-1-0301")
        factories.bill(far, service, due_on=TODAY - 100 * DAY)
        page = finance.get(reverse("billing:arrears"), {"age": "over-90"})
        assert [row["unit"] for row in page.context["part"].rows] == [far.pk]
        page = finance.get(reverse("billing:arrears"), {"building": home.building_id, "fee": service.pk})
        assert [row["unit"] for row in page.context["part"].rows] == [home.pk]
        Bill.objects.filter(unit=far).update(claim_until=TODAY + 180 * DAY)
        page = finance.get(reverse("billing:arrears"), {"show": "claims"})
        assert [row["unit"] for row in page.context["part"].rows] == [far.pk]
        page = finance.get(reverse("billing:arrears"), {"show": "today"})
        assert [row["unit"] for row in page.context["part"].rows] == [home.pk]
        assert finance.get(reverse("billing:arrears"), {"age": "x", "building": "y", "page": "z"}).status_code == 200

    def test_what_two_people_owe_for_a_home_is_not_added_up(self, finance, arrears, home, service, wu):
        factories.bill(home, service, "500.00", due_on=TODAY - 80 * DAY, debtor_kind="owner", debtor=wu)
        factories.bill(home, service, "70.00", due_on=TODAY - 70 * DAY, debtor_kind="developer")
        page = finance.get(reverse("billing:arrears"))
        rows = [(str(row["who"]), row["total"]) for row in page.context["part"].rows]
        assert [name for name, _total in rows][::2] == ["吴刚", "林晓梅"]
        assert [total for _name, total in rows] == [Decimal("500.00"), Decimal("70.00"), Decimal("260.75")]
        assert [row["ladder"] is None for row in page.context["part"].rows] == [False, True, False]

    def test_another_community_owes_elsewhere(self, finance, arrears, other):
        far = factories.unit(other, "1-1-0101")
        factories.bill(far, factories.fee(other), due_on=TODAY - 100 * DAY)
        page = finance.get(reverse("billing:arrears"))
        assert page.context["overdue"] == Decimal("260.75")

    def test_the_list_costs_the_same_for_one_home_and_twelve(self, finance, arrears, home, service):
        address = reverse("billing:arrears")
        finance.get(address)
        with counting.pinned("arrears_list"):
            finance.get(address)
        for room in range(1301, 1312):
            factories.bill(factories.unit(home.community, f"3-2-{room}"), service, due_on=TODAY - 20 * DAY)
        actions.advance_arrears(now=MONDAY)
        with counting.pinned("arrears_list"):
            assert len(finance.get(address).context["part"].rows) == 12

    def test_the_page_of_a_home_costs_the_same_for_one_bill_and_twelve(self, finance, arrears, home, service):
        finance.get(arrears.get_absolute_url())
        with counting.pinned("arrears_of"):
            finance.get(arrears.get_absolute_url())
        for days in range(20, 31):
            factories.bill(home, service, due_on=TODAY - days * DAY)
        with counting.pinned("arrears_of"):
            finance.get(arrears.get_absolute_url())

    def test_the_file_bears_neither_telephone_nor_formula(self, finance, arrears, lin, yunhu):
        type(lin).objects.filter(pk=lin.pk).update(name="=1+1")
        answer = finance.post(reverse("billing:arrears_file"))
        sheet = openpyxl.load_workbook(io.BytesIO(answer.getvalue())).worksheets[0]
        rows = list(sheet.values)
        assert rows[1][0] == "3-2-1201"
        assert rows[1][1] == "'=1+1"
        assert "13800001234" not in str(rows)
        assert Event.objects.about(yunhu).filter(verb="arrears_exported").count() == 1
