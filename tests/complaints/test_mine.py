"""Whom the first responsible still owes an answer, with a word to the resident at least once a day (跟清楚)."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from complaints import actions
from complaints.owing import owed_by
from servicedesk.core.models import Event, Notification
from tests import counting
from tests.factories import MONDAY, at, case, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def test_what_comes_first_stands_first_whatever_it_is(yunhu, office, chen):
    due, promised, follow_up, owed = (case(yunhu, by=chen, category="indoor") for _number in range(4))
    actions.promise_reply(promised, until=at("2025-09-16 10:00"), by=chen, now=MONDAY)
    actions.set_follow_up(follow_up, at=at("2025-09-15 11:00"), by=chen, now=MONDAY)
    actions.hand_over(owed, department=yunhu.departments.get(code="centre"), by=chen, now=MONDAY)
    actions.resolve(fresh(owed), by=chen, now=MONDAY, remedy="已修好")
    lines = owed_by(chen, yunhu, MONDAY)
    assert [line.case for line in lines] == [follow_up, promised, owed, due]
    assert lines[2].by == fresh(owed).reply_due_at


@pytest.mark.parametrize(
    ("now", "note"), [("2025-09-15 20:00", "told"), ("2025-09-16 00:10", "today"), ("2025-09-17 00:10", "silent")]
)
def test_a_resident_who_hears_nothing_for_a_calendar_day_is_flagged(yunhu, office, chen, now, note):
    case(yunhu, by=chen)
    assert [line.note for line in owed_by(chen, yunhu, at(now))] == [note]


def test_only_a_word_to_the_resident_counts(yunhu, office, chen, handed_case, liu):
    later = at("2025-09-17 10:00")
    actions.accept(handed_case, by=liu, now=later)
    actions.add_note(fresh(handed_case), by=chen, now=later, note="内部记录")
    assert owed_by(chen, yunhu, later)[0].note == "silent"
    actions.add_note(fresh(handed_case), by=chen, now=later, note="师傅明天上午到。", public=True)
    assert owed_by(chen, yunhu, later)[0].note == "told"


def test_the_list_holds_ones_own_open_cases_and_none_that_is_about_oneself(client, yunhu, office, chen, zhou):
    mine, _other = case(yunhu, by=chen, summary="我的"), case(yunhu, by=zhou, summary="别人的")
    about = case(yunhu, by=chen, summary="关于我")
    actions.name_concerned(about, user=chen, by=zhou, now=MONDAY, note="投诉接待员")
    client.force_login(chen)
    page = client.get(reverse("complaints:mine")).text
    assert mine.short_number in page
    assert "别人的" not in page
    assert "关于我" not in page


def test_a_follow_up_is_told_once_and_a_new_time_is_told_again(yunhu, office, chen, taken_case, time_machine):
    actions.set_follow_up(taken_case, at=at("2025-09-15 11:00"), by=chen, now=MONDAY)
    told = Notification.objects.filter(kind="follow_up_missed", channel="inbox")
    for moment, count in (("10:59", 0), ("11:01", 1), ("11:02", 1)):
        time_machine.move_to(at(f"2025-09-15 {moment}"), tick=False)
        call_command("remind_follow_ups")
        assert told.count() == count, moment
    assert told.get().recipient == chen
    assert Event.objects.about(taken_case).filter(verb="follow_up_missed").count() == 1
    now = at("2025-09-15 11:05")
    assert owed_by(chen, yunhu, now)[0].follow_up_missed
    actions.set_follow_up(fresh(taken_case), at=at("2025-09-15 12:00"), by=chen, now=now)
    time_machine.move_to(at("2025-09-15 12:01"), tick=False)
    call_command("remind_follow_ups")
    assert told.count() == 2


def test_a_word_to_the_resident_settles_a_follow_up_that_is_due_and_no_earlier_one(yunhu, office, chen, taken_case):
    when = at("2025-09-15 11:00")
    actions.set_follow_up(taken_case, at=when, by=chen, now=MONDAY)
    actions.add_note(fresh(taken_case), by=chen, now=MONDAY, note="已联系师傅", public=True)
    assert fresh(taken_case).next_follow_up_at == when
    actions.add_note(fresh(taken_case), by=chen, now=when + timedelta(minutes=5), note="师傅已出发", public=True)
    assert fresh(taken_case).next_follow_up_at is None


def test_the_follow_up_is_set_on_the_page_of_the_case_and_lies_ahead(client, taken_case, chen):
    client.force_login(chen)
    assert "id_at" in client.get(taken_case.get_absolute_url(), {"do": "follow_up"}).text
    door = reverse("complaints:follow_up", args=[taken_case.number])
    assert client.post(door, {"version": taken_case.version, "at": "2025-09-15T08:00"}).status_code == 409
    assert client.post(door, {"version": taken_case.version, "at": "2025-09-15T16:00"}).status_code == 302
    assert fresh(taken_case).next_follow_up_at == at("2025-09-15 16:00")


@pytest.mark.parametrize("cases", [1, 12])
def test_the_list_costs_the_same_for_few_cases_and_for_many(client, yunhu, office, chen, cases):
    for _number in range(cases):
        case(yunhu, by=chen)
    client.force_login(chen)
    client.get(reverse("complaints:mine"))
    with counting.pinned("my answers") as captured:
        client.get(reverse("complaints:mine"))
    assert len(captured) <= 15
