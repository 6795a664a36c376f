"""What residents are told by e-mail: with their consent alone, once, in the hours of the day, and not what is paid."""

import dataclasses
import datetime
import threading
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing import actions, mailing
from billing.actions import messages as told
from billing.models import ArrearsCase, Bill, BillRun, DunningRule, DunningStep, Message
from complaints.actions import erasing
from residents.actions import agree_to_mail, mark_handed_over, seal_person, withdraw_mail
from residents.models import Person, Unit
from servicedesk.core import notifications
from servicedesk.core.calendar import load_holidays
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Notification, Role
from tests import factories
from tests.counting import pinned
from tests.factories import MONDAY, at
from tests.racing import race

pytestmark = pytest.mark.django_db
TODAY = MONDAY.date()
DAY = timedelta(days=1)
LIN, WU = "lin@example.org", "wu@example.org"


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)
    cache.clear()


@pytest.fixture
def service(yunhu):
    return factories.fee(yunhu)


@pytest.fixture
def rules(yunhu, qian):
    return {rule.kind: rule for rule in actions.make_ladder(yunhu, by=qian, now=MONDAY)}


def agree(person, email=LIN, **facts):
    person.refresh_from_db()
    agree_to_mail(person, email=email, now=MONDAY, **facts)
    person.refresh_from_db()
    return person


def send(now=MONDAY):
    return notifications.send_notifications(now=now)


def sent():
    """What left the house, without the confirmations of a consent, which lead nowhere."""
    return [one for one in mail.outbox if "/p/bills/" in one.body]


def owes(unit, fee, person, days=10, amount="260.75", **facts):
    return factories.bill(unit, fee, amount, due_on=TODAY - days * DAY, debtor_kind="owner", debtor=person, **facts)


def use(rules, kind, days, **facts):
    DunningRule.objects.filter(pk=rules[kind].pk).update(days=days, is_active=True, **facts)


def sweep(now=MONDAY):
    actions.advance_arrears(now=now)


class TestConsent:
    def test_the_desk_records_who_agreed_and_the_address_is_told_so(self, client, lin, chen):
        client.force_login(chen)
        page = reverse("residents:agree_mail", args=[lin.pk])
        assert client.post(page, {"email": "not an address", "how": "书面"}).status_code == 422
        assert client.post(page, {"email": " ＬＩＮ@Example.org ", "how": "书面，窗口"}).status_code == 302
        lin.refresh_from_db()
        assert (lin.email, lin.mail_agreed_at, lin.mail_agreed_by) == (LIN, MONDAY, chen)
        assert Event.objects.get(verb="mail_agreed").note == "书面，窗口"
        send()
        assert [one.to for one in mail.outbox] == [[LIN]]
        shown = client.get(reverse("residents:person", args=[lin.pk])).content.decode()
        assert "l***@example.org" in shown and LIN not in shown

    def test_the_address_is_shown_for_a_reason_and_that_is_on_record(self, client, lin, chen):
        agree(lin)
        client.force_login(chen)
        answer = client.post(reverse("residents:unmask", args=[lin.pk]), {"what": "email", "reason": "核对地址"})
        assert LIN in answer.content.decode()
        assert Event.objects.get(verb="email_unmasked").note == "核对地址"

    def test_an_entry_without_an_address_is_told_nothing(self, client, lin, chen):
        agree(lin, mail_receipts=True)
        client.force_login(chen)
        facts = {"kind": "person", "name": lin.name, "reason": "不用邮箱了", "version": lin.version}
        both = client.post(reverse("residents:edit", args=[lin.pk]), {**facts, "email": WU, "drop_email": "on"})
        assert both.status_code == 422
        assert client.post(reverse("residents:edit", args=[lin.pk]), facts).status_code == 302
        lin.refresh_from_db()
        assert lin.email == LIN and lin.is_told_by_mail
        facts["version"] = lin.version
        client.post(reverse("residents:edit", args=[lin.pk]), {**facts, "drop_email": "on"})
        lin.refresh_from_db()
        assert (lin.email, lin.mail_agreed_at, lin.mail_receipts) == ("", None, False)

    def test_one_is_found_by_exactly_this_address(self, client, lin, chen):
        agree(lin)
        client.force_login(chen)
        page = reverse("residents:people")
        found = {q: [one["person"].pk for one in _lines(client, page, q)] for q in (LIN, "LIN@example.org", "lin@exam")}
        assert found == {LIN: [lin.pk], "LIN@example.org": [lin.pk], "lin@exam": []}

    def test_merged_the_consent_goes_with_the_address_and_erased_nothing_is_left(self, yunhu, home, lin, zhou):
        from complaints.actions import merge_people

        twin = factories.resident(factories.unit(yunhu, "3-2-1301"), lin.name, "13900000009")
        agree(twin, WU, mail_receipts=True)
        merge_people(lin, twin, reason="同一人", by=zhou, now=MONDAY)
        lin.refresh_from_db()
        twin.refresh_from_db()
        assert (lin.email, lin.is_told_by_mail, lin.mail_receipts) == (WU, True, True)
        assert not twin.is_told_by_mail
        erasing.erase_people([lin.pk], now=MONDAY)
        lin.refresh_from_db()
        twin.refresh_from_db()
        assert (lin.email, twin.email, lin.is_told_by_mail) == ("", "", False)
        row = Notification.objects.get(kind="mail_agreed")
        assert row.address.startswith("erased-") and row.dead_at == MONDAY
        assert send() == (0, 0) and not mail.outbox

    def test_a_new_entry_has_its_address_and_a_wrong_one_loses_no_word(self, client, yunhu, chen):
        client.force_login(chen)
        typed = {"kind": "person", "name": "赵敏", "email": f"{'a' * 130}@example.org"}
        refused = client.post(reverse("residents:add"), typed)
        assert refused.status_code == 422 and typed["email"] in refused.content.decode()
        assert client.post(reverse("residents:add"), typed | {"email": "Zhao@Example.org"}).status_code == 302
        person = Person.objects.get(name="赵敏")
        assert person.email == "zhao@example.org" and not person.is_told_by_mail

    def test_sealed_nobody_is_told_anything(self, lin):
        seal_person(agree(lin), now=MONDAY)
        lin.refresh_from_db()
        assert not lin.is_told_by_mail and lin.masked_email == ""
        with pytest.raises(Refused):
            agree_to_mail(lin, email=LIN, now=MONDAY)

    def test_masked_after_their_time_no_address_stays(self, home, lin):
        agree(lin)
        erasing.mask_people([lin.pk], now=MONDAY)
        lin.refresh_from_db()
        assert (lin.email, lin.is_told_by_mail) == ("", False)


def _lines(client, page, q):
    return [{"person": line.person} for line in client.get(page, {"q": q, "when": "all"}).context["lines"]]


class TestByThemselves:
    @pytest.fixture
    def phone(self, client, home, lin, chen):
        """A browser in which Lin looks at the bills."""
        from residents.models import Occupancy

        code = actions.give_access(Occupancy.objects.get(unit=home, person=lin), by=chen, now=MONDAY)
        client.post(reverse("billing:p_enter"), {"code": code})
        return client

    def test_a_resident_agrees_and_ends_it_on_the_page_of_their_bills(self, phone, lin):
        page = reverse("billing:p_mail")
        assert phone.get(page).status_code == 200
        wrong = phone.post(page, {"email": "lin@"})
        assert wrong.status_code == 422 and "lin@" in wrong.content.decode()
        assert phone.post(page, {"email": LIN, "mail_receipts": "on"}).status_code == 303
        lin.refresh_from_db()
        assert (lin.email, lin.mail_agreed_by, lin.mail_receipts) == (LIN, None, True)
        assert Event.objects.get(verb="mail_agreed").by is None
        send()
        assert mail.outbox[0].to == [LIN]
        assert "l***@example.org" in phone.get(reverse("billing:p_bills")).content.decode()
        assert phone.post(reverse("billing:p_mail_stop")).status_code == 303
        lin.refresh_from_db()
        assert not lin.is_told_by_mail and lin.email == LIN

    def test_nobody_lets_us_write_to_strangers_again_and_again(self, phone):
        answers = [phone.post(reverse("billing:p_mail"), {"email": f"a{n}@example.org"}).status_code for n in range(4)]
        assert answers == [303, 303, 303, 429]

    def test_without_a_code_there_is_nothing_to_agree_to(self, client, lin):
        assert client.post(reverse("billing:p_mail"), {"email": LIN}).url == reverse("billing:p_enter")
        assert client.post(reverse("billing:p_mail_stop")).url == reverse("billing:p_enter")
        lin.refresh_from_db()
        assert lin.email == ""


def billed(community, by, month=datetime.date(2025, 10, 1)):
    run = actions.start_run(community, month=month, submission=uuid.uuid4(), by=by, now=MONDAY)
    while actions.work_on_run(run.pk, now=MONDAY):
        pass
    return BillRun.objects.get(pk=run.pk)


class TestBillsOfARun:
    @pytest.fixture
    def tariffs(self, yunhu, service):
        factories.tariff(service, basis="fixed", unit_price="100")
        factories.tariff(factories.fee(yunhu, "公共能耗费"), basis="fixed", unit_price="20.50")

    def test_one_message_for_all_bills_of_a_home_and_none_without_consent(self, yunhu, home, lin, wu, qian, tariffs):
        neighbour = factories.unit(yunhu, "3-2-1302")
        factories.resident(neighbour, "周立", "13900000001")
        for unit in (home, neighbour):
            mark_handed_over(unit, on=datetime.date(2020, 1, 1), by=None, now=MONDAY)
        agree(lin)
        run = billed(yunhu, qian)
        message = Message.objects.get()
        assert (message.kind, message.unit, message.person, message.run) == ("bills", home, lin, run)
        send()
        (one,) = sent()
        assert one.to == [LIN] and "120.50" in one.subject and "3-2-12**" in one.subject
        assert "/p/bills/" in one.body and lin.name not in one.body + one.subject and "1201" not in one.body
        assert told.tell_run(run, after=0, upto=home.pk, now=MONDAY) is None
        assert Message.objects.count() == 1 and send() == (0, 0)

    def test_what_is_paid_or_no_longer_wanted_when_it_leaves_is_not_sent(self, yunhu, home, lin, qian, tariffs):
        mark_handed_over(home, on=datetime.date(2020, 1, 1), by=None, now=MONDAY)
        agree(lin)
        billed(yunhu, qian)
        Bill.objects.filter(unit=home).update(waived=F("amount"))
        send()
        assert not sent() and Message.objects.get().state == "withdrawn"
        assert Message.objects.get().notification.last_error == "paid"

    def test_bills_that_are_overdue_when_it_leaves_are_left_to_the_ladder(self, yunhu, home, lin, qian, tariffs):
        mark_handed_over(home, on=datetime.date(2020, 1, 1), by=None, now=MONDAY)
        agree(lin)
        billed(yunhu, qian)
        send(MONDAY + 90 * DAY)
        assert not sent() and Message.objects.get().notification.last_error == "late"

    def test_consent_that_ends_before_it_leaves_means_silence(self, yunhu, home, lin, qian, tariffs):
        mark_handed_over(home, on=datetime.date(2020, 1, 1), by=None, now=MONDAY)
        agree(lin)
        billed(yunhu, qian)
        withdraw_mail(lin, now=MONDAY)
        send()
        assert not sent() and Message.objects.get().notification.last_error == "silent"

    def test_another_address_gets_nothing_that_was_meant_for_the_first(self, yunhu, home, lin, qian, tariffs):
        mark_handed_over(home, on=datetime.date(2020, 1, 1), by=None, now=MONDAY)
        agree(lin)
        billed(yunhu, qian)
        agree(lin, WU)
        send()
        assert not sent()

    def test_a_run_costs_the_same_statements_for_few_and_for_many_homes(self, yunhu, qian, tariffs):
        def statements(homes, month):
            for n in homes:
                unit = factories.unit(yunhu, f"5-1-{n}")
                mark_handed_over(unit, on=datetime.date(2020, 1, 1), by=None, now=MONDAY)
                agree(factories.resident(unit, f"周{n}", f"139{n:08}"), f"r{n}@example.org")
            with CaptureQueriesContext(connection) as captured:
                billed(yunhu, qian, month)
            return len(captured)

        few = statements(range(100, 102), datetime.date(2025, 10, 1))
        many = statements(range(102, 114), datetime.date(2025, 11, 1))
        assert few == many and Message.objects.count() == 2 + 14

    def test_the_notices_leave_out_who_was_told_and_not_what_was_billed_since(
        self, client, yunhu, home, lin, qian, tariffs, service
    ):
        neighbour = factories.unit(yunhu, "3-2-1302")
        factories.resident(neighbour, "周立", "13900000001")
        for unit in (home, neighbour):
            mark_handed_over(unit, on=datetime.date(2020, 1, 1), by=None, now=MONDAY)
        agree(lin)
        run = billed(yunhu, qian)
        client.force_login(qian)
        page = reverse("billing:notices")

        def printed(**asked):
            context = client.get(page, {"month": "2025-10", **asked}).context
            return sorted(one["unit"].pk for sheet in context["pages"] for one in sheet), context["told"]

        assert printed() == (sorted([home.pk, neighbour.pk]), 1)
        assert printed(untold="on") == ([neighbour.pk], 1)
        assert client.get(reverse("billing:run", args=[run.pk])).context["told"] == 1
        factories.bill(home, service, month=run.month, debtor_kind="owner", debtor=lin, tariff=None)
        assert printed(untold="on") == (sorted([home.pk, neighbour.pk]), 0)

    def test_who_could_not_be_reached_stays_on_paper(self, client, yunhu, home, lin, qian, tariffs):
        mark_handed_over(home, on=datetime.date(2020, 1, 1), by=None, now=MONDAY)
        agree(lin)
        billed(yunhu, qian)
        Notification.objects.filter(kind="bills_issued").update(dead_at=MONDAY, last_error="SMTPError: 550")
        client.force_login(qian)
        context = client.get(reverse("billing:notices"), {"month": "2025-10", "untold": "on"}).context
        assert len(context["pages"]) == 1 and context["told"] == 0
        page = client.get(reverse("billing:mails"), {"show": "failed"})
        assert [line["message"].state for line in page.context["lines"]] == ["failed"]


class TestLadder:
    @pytest.fixture
    def overdue(self, home, service, lin, rules):
        use(rules, "message", 5)
        return owes(home, service, lin)

    def arrears(self, home):
        return ArrearsCase.objects.get(unit=home)

    def test_a_message_goes_out_by_itself_and_is_the_step_with_its_evidence(self, home, lin, overdue):
        agree(lin)
        sweep()
        assert not DunningStep.objects.exists() and not ArrearsCase.objects.to_do(TODAY).exists()
        assert send()[0] == 2
        (one,) = sent()
        assert "260.75" in one.subject and lin.name not in one.subject + one.body
        sweep()
        step = DunningStep.objects.get()
        assert (step.kind, step.days, step.by, step.done_at) == ("message", 5, None, MONDAY)
        assert "l***@example.org" in step.evidence and LIN not in step.evidence
        arrears = self.arrears(home)
        assert (arrears.stage, arrears.next_kind) == ("message", "phone")
        sweep()
        assert send() == (0, 0) and DunningStep.objects.count() == 1 and Message.objects.count() == 1

    def test_without_consent_it_is_a_step_for_a_person(self, home, lin, overdue):
        sweep()
        send()
        assert not Message.objects.exists() and not mail.outbox
        assert ArrearsCase.objects.to_do(TODAY).get().unit == home

    def test_what_could_not_be_delivered_says_so_and_waits_for_a_person(self, client, home, lin, overdue, qian):
        agree(lin)
        sweep()
        Notification.objects.filter(kind="bills_overdue").update(dead_at=MONDAY, attempts=9, last_error="OSError: no")
        sweep(MONDAY + timedelta(hours=1))
        step = DunningStep.objects.get()
        assert (step.kind, step.days, step.by) == ("message", None, None) and step.result
        arrears = self.arrears(home)
        assert (arrears.stage, arrears.next_kind) == ("", "message")
        assert ArrearsCase.objects.to_do(TODAY).get() == arrears
        sweep(MONDAY + timedelta(hours=2))
        assert DunningStep.objects.count() == 1 and Message.objects.count() == 1
        client.force_login(qian)
        page = client.get(reverse("billing:arrears_of", args=[home.pk]))
        assert page.context["mails"][0]["message"].state == "failed" and not page.context["is_on_its_way"]

    def test_what_is_paid_before_it_leaves_is_not_sent(self, home, lin, overdue):
        agree(lin)
        sweep()
        Bill.objects.filter(pk=overdue.pk).update(waived="260.75")
        send()
        assert not sent() and Message.objects.get().notification.last_error == "paid"
        sweep()
        assert not DunningStep.objects.exists()

    def test_it_says_what_is_left_when_it_leaves(self, home, lin, overdue):
        agree(lin)
        sweep()
        Bill.objects.filter(pk=overdue.pk).update(waived="60.75")
        send()
        assert "200.00" in sent()[0].subject

    @pytest.mark.parametrize("how", ["promised", "paused", "by a person"])
    def test_what_a_person_agreed_or_did_meanwhile_holds_it_back(self, home, lin, overdue, qian, how):
        agree(lin)
        sweep()
        arrears = ArrearsCase.objects.select_related("community", "unit").get()
        if how == "promised":
            facts = {"amount": Decimal(100), "pay_on": TODAY + 5 * DAY}
            actions.promise_payment(arrears, by=qian, now=MONDAY, **facts)
        elif how == "paused":
            until = TODAY + 5 * DAY
            actions.pause_arrears(arrears, reason="hardship", note="住院", until=until, by=qian, now=MONDAY)
        else:
            actions.record_step(arrears, kind="message", evidence="微信 09:10", by=qian, now=MONDAY)
        send()
        assert not sent() and Message.objects.get().notification.last_error == "waits"
        if how != "by a person":
            later = MONDAY + 7 * DAY
            sweep(later)
            send(later)
            assert len(sent()) == 1

    def test_while_the_ladder_is_paused_nothing_is_written_at_all(self, home, lin, service, overdue, qian, rules):
        use(rules, "reminder", -7)
        sweep()
        arrears = ArrearsCase.objects.select_related("community", "unit").get()
        until = TODAY + 5 * DAY
        actions.pause_arrears(arrears, reason="hardship", note="住院", until=until, by=qian, now=MONDAY)
        owes(home, service, lin, days=-7, issued_on=TODAY - 20 * DAY, month=datetime.date(2025, 9, 1))
        agree(lin)
        sweep()
        assert not Message.objects.exists()

    def test_a_disputed_bill_reminds_nobody(self, yunhu, home, lin, overdue, qian, office):
        agree(lin)
        sweep()
        arrears = ArrearsCase.objects.select_related("community", "unit").get()
        case = factories.case(yunhu, by=office["clerk"], unit=home)
        actions.dispute_bill(arrears, bill=overdue, case=case, by=qian, now=MONDAY)
        send()
        assert not sent()

    def test_who_owes_the_oldest_bill_is_told_and_of_their_own_alone(self, yunhu, home, lin, wu, service, overdue):
        agree(lin)
        agree(wu, WU)
        owes(home, service, wu, days=8, amount="999.00", month=datetime.date(2025, 7, 1))
        sweep()
        send()
        assert [(one.to, "260.75" in one.subject) for one in sent()] == [([LIN], True)]

    def test_another_sweep_while_it_waits_tells_nothing_twice(self, home, lin, overdue):
        agree(lin)
        for hours in range(3):
            sweep(MONDAY + timedelta(hours=hours))
        sweep(MONDAY + DAY)
        assert Message.objects.count() == 1


class TestBeforeDue:
    @pytest.fixture
    def reminded(self, rules):
        use(rules, "reminder", -7)
        use(rules, "message", 0)

    def test_a_friendly_reminder_a_week_before_and_on_the_day(self, home, lin, service, reminded):
        agree(lin)
        owes(home, service, lin, days=-7, issued_on=TODAY - 20 * DAY)
        sweep()
        send()
        assert [one.step_kind for one in Message.objects.all()] == ["reminder"] and len(sent()) == 1
        sweep(MONDAY + DAY)
        sweep(MONDAY + 7 * DAY)
        send(MONDAY + 7 * DAY)
        assert [(one.step_kind, one.days) for one in Message.objects.order_by("pk")] == [
            ("reminder", -7),
            ("message", 0),
        ]
        assert len(sent()) == 2 and not ArrearsCase.objects.exists()

    def test_rules_that_are_not_in_use_send_nothing(self, home, lin, service, rules):
        agree(lin)
        owes(home, service, lin, days=-7, issued_on=TODAY - 20 * DAY)
        sweep()
        assert not Message.objects.exists()

    def test_after_an_outage_the_later_of_two_goes_out_alone(self, home, lin, service, reminded):
        agree(lin)
        owes(home, service, lin, days=0, issued_on=TODAY - 20 * DAY)
        sweep()
        assert [one.step_kind for one in Message.objects.all()] == ["message"]

    def test_a_bill_that_came_after_the_day_of_its_reminder_is_told_by_its_run(self, home, lin, service, reminded):
        agree(lin)
        owes(home, service, lin, days=-5, issued_on=TODAY)
        sweep()
        assert not Message.objects.exists()

    def test_what_is_paid_or_without_consent_is_not_reminded(self, home, lin, wu, service, reminded):
        agree(lin)
        owes(home, service, lin, days=-7, issued_on=TODAY - 20 * DAY, paid="260.75")
        owes(home, service, wu, days=-7, issued_on=TODAY - 20 * DAY, month=datetime.date(2025, 7, 1))
        sweep()
        assert not Message.objects.exists()

    def test_a_retry_that_comes_after_the_day_is_dropped(self, home, lin, service, reminded):
        agree(lin)
        owes(home, service, lin, days=-7, issued_on=TODAY - 20 * DAY)
        sweep()
        send(MONDAY + 9 * DAY)
        assert not sent() and Message.objects.get().notification.last_error == "late"


class TestQuietHours:
    @pytest.mark.parametrize(
        ("now", "workdays_only", "first"),
        [
            ("2025-09-15 09:00", True, "2025-09-15 09:00"),
            ("2025-09-15 07:59", True, "2025-09-15 08:00"),
            ("2025-09-15 20:00", True, "2025-09-16 08:00"),
            ("2025-09-15 19:59", True, "2025-09-15 19:59"),
            ("2025-09-13 10:00", True, "2025-09-15 08:00"),
            ("2025-09-13 10:00", False, "2025-09-13 10:00"),
            ("2025-09-12 21:00", True, "2025-09-15 08:00"),
            ("2025-09-30 23:00", True, "2025-10-09 08:00"),
            # A Sunday on which is worked, before the feast.
            ("2025-09-28 03:00", True, "2025-09-28 08:00"),
        ],
    )
    def test_nobody_is_written_to_at_night_or_on_a_day_of_rest(self, yunhu, now, workdays_only, first):
        load_holidays(yunhu, 2025, 2025)
        assert mailing.first_allowed(yunhu, at(now), workdays_only=workdays_only) == at(first)

    def test_what_is_written_at_night_waits_until_the_morning_and_so_does_a_retry(self, home, lin, service, rules):
        use(rules, "message", 5)
        owes(home, service, lin)
        agree(lin)
        night = at("2025-09-15 23:00")
        sweep(night)
        row = Notification.objects.get(kind="bills_overdue")
        assert row.not_before == at("2025-09-16 08:00")
        Notification.objects.filter(pk=row.pk).update(not_before=night)
        send(night)
        row.refresh_from_db()
        assert row.sent_at is None and row.not_before == at("2025-09-16 08:00") and not sent()
        send(at("2025-09-16 08:00"))
        assert len(sent()) == 1

    @pytest.mark.parametrize("workdays_only", [True, False])
    def test_a_retry_on_a_day_of_rest_waits_where_the_rule_says_so(self, home, lin, service, rules, workdays_only):
        use(rules, "message", 5, workdays_only=workdays_only)
        owes(home, service, lin)
        agree(lin)
        sweep()
        send(at("2025-09-20 10:00"))
        assert len(sent()) == (0 if workdays_only else 1)

    def test_what_waited_over_the_weekend_is_still_tried_for_hours(self, home, lin, service, rules, monkeypatch):
        use(rules, "message", 5)
        owes(home, service, lin)
        agree(lin)
        friday = at("2025-09-19 21:00")
        sweep(friday)
        send(friday)
        monkeypatch.setattr(notifications, "send_mail", _broken)
        row = Notification.objects.get(kind="bills_overdue")
        send(row.not_before)
        row.refresh_from_db()
        assert row.attempts == 1 and row.dead_at is None


def _broken(*args, **kwargs):
    raise OSError("mail server away")


class TestReceipts:
    @pytest.fixture
    def shift(self, yunhu, li_na):
        return actions.open_shift(yunhu, opening_float=Decimal(500), by=li_na, now=MONDAY)

    def pay(self, home, bill, payer, by):
        facts = {"bills": [bill], "deposits": [], "means": [actions.Means("cash", bill.balance, "")]}
        return actions.take_payment(home, payer=payer, by=by, now=MONDAY, submission=uuid.uuid4(), **facts)

    def test_one_click_sends_it_and_a_second_does_not(self, client, home, lin, service, shift, li_na):
        agree(lin)
        bill = owes(home, service, lin)
        bill.refresh_from_db()
        receipt = self.pay(home, bill, lin, li_na)
        assert not Message.objects.exists()
        client.force_login(li_na)
        assert client.get(receipt.get_absolute_url()).context["may_mail"]
        client.post(reverse("billing:receipt_mail", args=[receipt.pk]))
        client.post(reverse("billing:receipt_mail", args=[receipt.pk]))
        send()
        (one,) = sent()
        assert one.to == [LIN] and receipt.number in one.subject and f"/p/bills/receipts/{receipt.pk}/" in one.body
        assert not client.get(receipt.get_absolute_url()).context["may_mail"]

    def test_who_chose_it_gets_it_by_itself(self, home, lin, service, shift, li_na):
        agree(lin, mail_receipts=True)
        bill = owes(home, service, lin)
        bill.refresh_from_db()
        self.pay(home, bill, lin, li_na)
        send()
        assert len(sent()) == 1

    def test_without_consent_there_is_no_button_and_no_way(self, client, home, lin, service, shift, li_na):
        bill = owes(home, service, lin)
        bill.refresh_from_db()
        receipt = self.pay(home, bill, lin, li_na)
        client.force_login(li_na)
        assert not client.get(receipt.get_absolute_url()).context["may_mail"]
        client.post(reverse("billing:receipt_mail", args=[receipt.pk]))
        with pytest.raises(Refused):
            actions.mail_receipt(receipt, by=li_na, now=MONDAY)
        assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestRaces:
    @pytest.fixture
    def queued(self, home, lin, service, rules, yunhu, li_na):
        """What is overdue and told by a message that is not sent yet; the cashier is there."""
        use(rules, "message", 5)
        bill = owes(home, service, lin)
        agree(lin)
        sweep()
        Notification.objects.filter(kind="mail_agreed").update(sent_at=MONDAY)
        actions.open_shift(yunhu, opening_float=Decimal(500), by=li_na, now=MONDAY)
        bill.refresh_from_db()
        return bill

    def sent_while_paid(self, queued, li_na, monkeypatch, check):
        """Let the sender begin, pay before it asks, and return how many letters left."""
        begun, paid = threading.Event(), threading.Event()

        def asks(row, now):
            begun.set()
            assert paid.wait(10)
            return check(row, now)

        words = dataclasses.replace(notifications.KINDS["bills_overdue"], check=asks)
        monkeypatch.setitem(notifications.KINDS, "bills_overdue", words)

        def pays():
            assert begun.wait(10)
            unit = Unit.objects.select_related("community").get(pk=queued.unit_id)
            facts = {"bills": [queued], "deposits": [], "means": [actions.Means("cash", queued.balance, "")]}
            receipt = actions.take_payment(unit, payer=None, by=li_na, now=MONDAY, submission=uuid.uuid4(), **facts)
            paid.set()
            return receipt.amount

        _sent, amount = race(send, pays)
        assert amount == Decimal("260.75")
        return len(sent())

    def test_a_payment_while_the_sender_runs_stops_it_and_does_not_wait_for_it(self, queued, li_na, monkeypatch):
        assert self.sent_while_paid(queued, li_na, monkeypatch, mailing.check_ladder) == 0
        assert Message.objects.get().notification.last_error == "paid"

    def test_control_what_was_true_when_it_was_written_would_be_sent(self, queued, li_na, monkeypatch):
        words = {"unit": "3-2-12**", "amount": "260.75", "due_on": "2025-09-05", "link": "/p/bills/", "phone": ""}
        assert self.sent_while_paid(queued, li_na, monkeypatch, lambda row, now: words) == 1

    def test_of_two_senders_at_once_one_sends(self, queued):
        race(send, send)
        assert len(sent()) == 1

    def test_of_three_sweeps_at_once_one_tells(self, queued):
        Message.objects.all().delete()
        Notification.objects.all().delete()
        race(sweep, sweep, sweep)
        assert Message.objects.count() == 1


class TestPages:
    def test_the_list_says_what_to_do_and_shows_no_whole_address(self, client, yunhu, home, lin, service, rules, qian):
        use(rules, "message", 5)
        owes(home, service, lin)
        agree(lin)
        sweep()
        Notification.objects.filter(kind="bills_overdue").update(dead_at=MONDAY, last_error="OSError: no")
        client.force_login(qian)
        page = client.get(reverse("billing:mails"))
        assert page.context["failed"] == 1 and "l***@example.org" in page.content.decode()
        assert LIN not in page.content.decode()
        assert not client.get(reverse("billing:mails"), {"show": "waiting"}).context["lines"]

    def test_another_community_sees_none_of_it(self, client, home, lin, service, rules, stranger):
        use(rules, "message", 5)
        owes(home, service, lin)
        agree(lin)
        sweep()
        client.force_login(stranger)
        answer = client.get(reverse("billing:mails"))
        assert answer.status_code == 403 or not answer.context["lines"]

    def test_a_page_costs_the_same_for_one_and_for_many(self, client, yunhu, service, rules, qian):
        use(rules, "message", 5)
        client.force_login(qian)
        client.get(reverse("billing:mails"))
        for count in (1, 12):
            for n in range(count):
                unit = factories.unit(yunhu, f"6-1-{count}{n:02}")
                person = factories.resident(unit, f"周{count}{n}", f"139{count:04}{n:04}")
                agree(person, f"p{count}{n}@example.org")
                owes(unit, service, person)
            sweep()
            with pinned("billing:mails"):
                client.get(reverse("billing:mails"))


class TestDiscounts:
    def test_who_asks_is_not_told_of_their_own_question(self, yunhu, home, service, zhou):
        both = factories.staff("both", "周全", Role.CLERK, Role.SUPERVISOR, community=yunhu)
        facts = {"kind": "vacancy", "percent": Decimal(30), "reason": "空置", "evidence": "抄表记录"}
        days = {"since": datetime.date(2025, 10, 1), "last_day": datetime.date(2026, 9, 30)}
        actions.ask_discount(service, home, by=both, now=MONDAY, **facts, **days)
        assert [row.recipient for row in Notification.objects.filter(kind="discount_asked")] == [zhou]

    def test_who_decides_and_who_asked_are_told(self, yunhu, home, service, li_na, zhou, guo):
        facts = {"kind": "vacancy", "percent": Decimal(30), "reason": "空置", "evidence": "抄表记录"}
        days = {"since": datetime.date(2025, 10, 1), "last_day": datetime.date(2026, 9, 30)}
        asked = [
            actions.ask_discount(service, unit, by=li_na, now=MONDAY, **facts, **days)
            for unit in (home, factories.unit(yunhu, "3-2-1302"))
        ]
        actions.approve_discount(asked[0], by=zhou, now=MONDAY)
        actions.refuse_discount(asked[1], note="有人居住", by=guo, now=MONDAY)
        inbox = Notification.objects.filter(channel="inbox", kind__startswith="discount")
        told_of = {(row.kind, row.recipient.username) for row in inbox.select_related("recipient")}
        assert told_of == {
            ("discount_asked", zhou.username),
            ("discount_asked", guo.username),
            ("discount_approved", li_na.username),
            ("discount_refused", li_na.username),
        }
        assert all("30" in notifications.title_of(row) for row in inbox)
