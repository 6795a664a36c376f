"""Ruling 7: three levels, by the clock, at once and by hand; each reached once."""

import datetime

import pytest
from django.core import mail
from django.core.management import call_command

from complaints import actions, ladder
from complaints.models import Case, Concern, Escalation
from servicedesk.core import notifications
from servicedesk.core.calendar import calendar_of
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Notification
from tests import factories
from tests.factories import at, fresh

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def sweep(now):
    return actions.escalate_overdue(now=now)


def levels(case):
    return list(Escalation.objects.filter(case=case).order_by("id").values_list("to_level", "trigger"))


def test_the_worked_case_reaches_level_2_when_late_and_level_3_at_the_next_opening(yunhu, office, chen):
    case = factories.case(yunhu, by=chen, now=at("2025-09-29 16:20"))
    assert case.due_at == at("2025-10-02 18:00")
    assert sweep(at("2025-10-02 18:00")) == 0, "at the deadline itself nothing is late"
    assert sweep(at("2025-10-02 18:01")) == 1
    assert levels(case) == [(2, "late")]
    assert sweep(at("2025-10-03 08:29")) == 0
    assert sweep(at("2025-10-03 08:30")) == 1
    assert levels(case) == [(2, "late"), (3, "still_late")]
    assert fresh(case).holder == office["deputy_gm"]


def test_after_three_days_without_a_sweep_one_pass_puts_everything_right_once(yunhu, office, chen):
    case = factories.case(yunhu, by=chen, now=at("2025-09-29 16:20"))
    assert sweep(at("2025-10-06 12:00")) == 1
    assert levels(case) == [(2, "late"), (3, "still_late")]
    assert sweep(at("2025-10-06 12:01")) == 0
    assert Event.objects.about(case).filter(verb="escalated").count() == 2


def test_after_a_deadline_at_midnight_the_next_opening_is_that_of_the_coming_morning(yunhu, office, chen):
    type(yunhu).objects.update(keeps_close=False, calendar_version=2)
    yunhu.refresh_from_db()
    case = factories.case(yunhu, by=chen, now=at("2025-09-29 16:20"))
    assert case.due_at == at("2025-10-03 00:00")
    sweep(at("2025-10-03 08:30"))
    assert levels(case) == [(2, "late"), (3, "still_late")]


def test_a_flood_reaches_a_person_as_one_digest(yunhu, office, chen, guo):
    for _ in range(5):
        factories.case(yunhu, by=chen, now=at("2025-09-29 16:20"))
    sweep(at("2025-10-06 12:00"))
    told = Notification.objects.filter(recipient=guo)
    assert [(row.kind, row.data["count"]) for row in told] == [("cases_escalated", 5)]


def test_who_answers_for_cases_that_have_risen_is_told_how_many_once(yunhu, office, chen, zhou, monkeypatch):
    """One message a pass, however many chunks it takes; nothing about a case that is about them (ruling 12)."""
    for _ in range(5):
        factories.case(yunhu, by=chen, now=at("2025-09-29 16:20"))
    about = factories.case(yunhu, by=chen, now=at("2025-09-29 16:20"))
    Concern.objects.create(case=about, user=chen)
    held = factories.case(yunhu, by=zhou, now=at("2025-09-29 16:20"))
    actions.escalate_overdue(now=at("2025-10-02 18:01"), chunk=2)
    told = Notification.objects.filter(kind="cases_risen")
    assert [(row.recipient, row.data["count"]) for row in told] == [(chen, 5)]
    assert fresh(held).holder == zhou, "who holds the level is told of it as its holder"


def test_what_nobody_takes_rises_after_thirty_minutes_of_service(yunhu, office):
    case = factories.case(yunhu, by=None, now=at("2025-09-29 17:45"))
    assert sweep(at("2025-09-29 23:00")) == 0, "the desk is closed; fifteen minutes have passed"
    assert sweep(at("2025-09-30 08:44")) == 0
    assert sweep(at("2025-09-30 08:45")) == 1
    assert levels(case) == [(2, "not_taken")]


def test_an_urgent_case_nobody_takes_rises_after_thirty_minutes_of_any_time(yunhu, office, zhou):
    factories.on_duty(yunhu, zhou, at("2025-09-29 00:00"))
    case = factories.case(yunhu, by=None, now=at("2025-09-29 22:00"), urgency="special_urgent")
    assert levels(case) == [(2, "urgent")], "urgent is at level 2 at once"
    assert fresh(case).holder == zhou


def test_an_urgent_case_goes_to_all_supervisors_where_the_roster_is_empty(yunhu, office, zhou):
    second = factories.staff("sun", "孙悦", "supervisor", community=yunhu)
    case = factories.case(yunhu, by=office["clerk"], urgency="special_urgent")
    told = Notification.objects.filter(kind="case_escalated", subject_id=case.pk, channel="inbox")
    assert {row.recipient for row in told} == {zhou, second}


def test_a_major_case_goes_to_level_2_and_level_3_is_told(yunhu, office, chen, guo):
    case = factories.case(yunhu, by=chen, severity="major", reason="牵涉多户")
    assert levels(case) == [(2, "major")]
    assert Notification.objects.filter(recipient=guo, kind="case_told_level_three", subject_id=case.pk).exists()


def test_asking_residents_for_money_goes_straight_to_level_3(yunhu, office, chen):
    case = factories.case(yunhu, by=chen, category="favours")
    assert fresh(case).level == 3


def test_what_is_about_a_supervisor_starts_at_level_3_and_they_hear_nothing(yunhu, office, chen, zhou):
    case = factories.case(yunhu, by=chen, category="service", concerns=[zhou])
    assert fresh(case).level == 3
    sweep(case.due_at + datetime.timedelta(days=3))
    assert not Notification.objects.filter(recipient=zhou, subject_id=case.pk).exists()
    assert not Case.objects.visible_to(zhou).filter(pk=case.pk).exists()


@pytest.fixture
def inspectorate(yunhu):
    """Somebody outside of the office, for what is about its deputy general manager."""
    yunhu.outside_holder, yunhu.outside_email = "总公司监察室", "audit@example.cn"
    yunhu.save()


def test_what_is_about_the_deputy_gm_goes_to_the_outside_holder_once(yunhu, office, chen, guo, inspectorate):
    case = factories.case(yunhu, by=chen, category="service", concerns=[guo], summary="副总训斥业户")
    sweep(case.due_at + datetime.timedelta(days=3))
    notifications.send_notifications(now=case.due_at + datetime.timedelta(days=3))
    assert fresh(case).level == 3
    assert not Notification.objects.filter(recipient=guo, subject_id=case.pk).exists()
    (message,) = mail.outbox
    assert message.to == ["audit@example.cn"]
    assert case.short_number in message.subject and "副总训斥业户" in message.body and yunhu.phone in message.body
    assert "http" not in message.body, "they have no account, so no page of ours opens for them"


def test_what_a_deputy_gm_may_hold_stays_in_the_house(yunhu, office, chen, zhou, inspectorate):
    case = factories.case(yunhu, by=chen, category="service", concerns=[zhou])
    sweep(case.due_at + datetime.timedelta(days=3))
    assert not Notification.objects.filter(recipient=None).exists()


def test_the_sweep_tells_the_outside_holder_of_what_it_raises(yunhu, office, chen, guo, inspectorate):
    case = factories.case(yunhu, by=chen, category="noise")
    Concern.objects.create(case=case, user=guo)
    sweep(case.due_at + datetime.timedelta(days=3))
    assert fresh(case).level == 3
    assert Notification.objects.get(recipient=None).address == "audit@example.cn"


def test_a_major_case_has_three_days_and_a_promise_that_raises_to_level_3(yunhu, office, chen):
    promised = at("2025-09-29 15:00")
    case = factories.case(
        yunhu,
        by=chen,
        category="mail",
        severity="major",
        reason="牵涉多户",
        promised_reply_at=promised,
        now=at("2025-09-29 09:00"),
    )
    assert case.policy.code == "three_days", "the centre's own, and three days all the same (暂行6)"
    assert case.due_at == promised, "the earlier one counts (ruling 3)"
    assert sweep(promised) == 0
    assert sweep(at("2025-09-29 15:01")) == 1
    assert levels(case) == [(2, "major"), (3, "promise_missed")]


def test_what_becomes_major_later_is_told_to_level_3_as_well(yunhu, taken_case, zhou, guo):
    axes = {"kind": "repair", "category": taken_case.category, "urgency": "ordinary", "severity": "major"}
    promised = factories.MONDAY + datetime.timedelta(hours=5)
    actions.reclassify(taken_case, by=zhou, now=factories.MONDAY, note="牵涉多户", promised_reply_at=promised, **axes)
    assert fresh(taken_case).due_at == promised
    assert Notification.objects.filter(recipient=guo, kind="case_told_level_three", subject_id=taken_case.pk).exists()


def test_a_second_not_satisfied_goes_to_level_3(case_in_hand, liu, chen, guo):
    for level in (2, 3):
        actions.resolve(fresh(case_in_hand), by=liu, now=factories.MONDAY, remedy="修好")
        case = fresh(case_in_hand)
        actions.reply(case, channel="phone", text="修好了", person_told="林女士", by=chen, now=factories.MONDAY)
        actions.reopen(fresh(case), by=None, now=factories.MONDAY, note="还是漏")
        assert fresh(case).level == level
        if level == 2:
            actions.hand_over(fresh(case), department=case.department, by=chen, now=factories.MONDAY)
            actions.accept(fresh(case), by=liu, now=factories.MONDAY)
    assert levels(case)[-1] == (3, "not_satisfied") and fresh(case).holder == guo


def test_a_raise_by_hand_that_was_undone_takes_no_deadline_with_it(yunhu, office, chen, zhou):
    """Raised at 17:58, late at 18:00, undone at 18:03: the case is late all the same."""
    case = factories.case(yunhu, by=chen, now=at("2025-09-29 16:20"))
    actions.escalate(case, by=chen, now=at("2025-10-02 17:58"), note="怕来不及")
    raised = Event.objects.about(case).get(verb="escalated")
    actions.undo(raised, by=chen, now=at("2025-10-02 18:03"))
    assert (fresh(case).level, fresh(case).holder) == (1, chen)
    assert sweep(at("2025-10-02 18:03")) == 1
    assert fresh(case).level == 2


def test_an_undo_does_not_take_back_what_the_clock_did(yunhu, office, chen):
    case = factories.case(yunhu, by=chen, now=at("2025-09-29 16:20"))
    actions.escalate(case, by=chen, now=at("2025-10-03 08:29"), note="怕来不及")
    raised = Event.objects.about(case).get(verb="escalated")
    sweep(at("2025-10-03 08:30"))
    with pytest.raises(Refused):
        actions.undo(raised, by=chen, now=at("2025-10-03 08:31"))
    assert fresh(case).level == 3


def test_an_undone_raise_gives_the_level_back_to_who_held_it_and_is_told_to_nobody(yunhu, office, chen, zhou, guo):
    case = factories.case(yunhu, by=chen)
    actions.escalate(case, by=chen, now=factories.MONDAY, note="一")
    later = factories.MONDAY + datetime.timedelta(minutes=20)
    actions.escalate(fresh(case), by=chen, now=later, note="二")
    actions.undo(Event.objects.about(case).filter(verb="escalated").first(), by=chen, now=later)
    assert (fresh(case).level, fresh(case).holder) == (2, zhou)
    assert fresh(case).level_since == factories.MONDAY
    inbox = Notification.objects.inbox_of(guo, later + datetime.timedelta(hours=1))
    assert not inbox.filter(subject_id=case.pk).exists()


def test_a_missed_promise_is_one_level_above_who_promised(yunhu, office, chen):
    case = factories.case(yunhu, by=chen, now=at("2025-09-29 09:00"))
    actions.promise_reply(case, until=at("2025-09-29 15:00"), by=chen, now=at("2025-09-29 09:05"))
    assert sweep(at("2025-09-29 15:00")) == 0
    assert sweep(at("2025-09-29 15:01")) == 1
    assert levels(case) == [(2, "promise_missed")]


def test_an_owed_reply_missed_is_one_level_up(resolved_case, yunhu):
    assert resolved_case.reply_due_at == at("2025-09-16 18:00"), "the close of the next service day"
    assert sweep(at("2025-09-16 18:00")) == 0
    assert sweep(at("2025-09-16 18:01")) == 1
    assert levels(resolved_case) == [(2, "reply_missed")]


def test_the_clock_stops_when_the_case_is_resolved(resolved_case):
    assert sweep(at("2025-09-16 17:59")) == 0
    assert fresh(resolved_case).level == 1


def test_lowering_by_hand_starts_a_new_level_cycle_and_not_a_new_clock(yunhu, office, chen, zhou):
    case = factories.case(yunhu, by=chen, now=at("2025-09-29 16:20"))
    due = case.due_at
    sweep(at("2025-10-02 18:01"))
    actions.lower(fresh(case), to_level=1, by=zhou, now=at("2025-10-02 19:00"), note="当事人已约好明早")
    case = fresh(case)
    assert (case.level, case.level_cycle, case.due_at) == (1, 2, due)
    assert sweep(at("2025-10-02 19:01")) == 0, "the same lateness does not raise it again"
    assert sweep(at("2025-10-03 08:30")) == 1
    assert fresh(case).level == 3


def test_a_page_sees_the_level_that_should_hold_before_the_sweep_writes_it(yunhu, office, chen):
    case = factories.case(yunhu, by=chen, now=at("2025-09-29 16:20"))
    calendar = calendar_of(yunhu)
    assert ladder.level_due(case, calendar, 30, at("2025-10-02 18:01")) == 2
    assert ladder.level_due(case, calendar, 30, at("2025-10-03 08:30")) == 3
    assert fresh(case).level == 1


def test_one_row_that_cannot_rise_stops_nothing(yunhu, office, chen, monkeypatch):
    bad = factories.case(yunhu, by=chen, now=at("2025-09-29 16:20"))
    good = factories.case(yunhu, by=chen, now=at("2025-09-29 16:21"))
    really = ladder.pending

    def pending(case, *args):
        if case.pk == bad.pk:
            raise RuntimeError("unreadable row")
        return really(case, *args)

    monkeypatch.setattr(ladder, "pending", pending)
    assert sweep(at("2025-10-02 18:01")) == 1
    assert (fresh(good).level, fresh(bad).level) == (2, 1)


def test_the_command_of_the_same_name_does_what_beat_does(yunhu, office, chen, time_machine):
    case = factories.case(yunhu, by=chen, now=at("2025-09-29 16:20"))
    time_machine.move_to(at("2025-10-02 18:01"))
    call_command("escalate_overdue")
    assert fresh(case).level == 2
