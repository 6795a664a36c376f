"""A changed calendar reaches the open cases, and each that moves says so."""

import datetime

import pytest
from django.urls import reverse

from complaints import actions
from servicedesk.core.models import Event
from tests.factories import at, case, fresh

pytestmark = pytest.mark.django_db

THURSDAY = datetime.date(2025, 9, 18)


@pytest.fixture
def monday(time_machine):
    time_machine.move_to(at("2025-09-15 09:00"), tick=False)


def set_day(client, day):
    """Set a day of the calendar, past the page that says what moves."""
    answer = client.post(reverse("complaints:set_day"), day)
    if answer.status_code == 200:
        answer = client.post(reverse("complaints:set_day"), {**day, "sure": answer.context["sure"]})
    assert answer.status_code == 302


def shorten_thursday(client, tang):
    """The administrator closes the desk at noon on the day on which Monday's cases are due."""
    client.force_login(tang)
    day = {"date": THURSDAY, "kind": "work", "name": "盘点", "opens": "08:30", "closes": "12:00"}
    set_day(client, day)


def test_a_day_that_closes_early_moves_what_is_due_on_it(client, monday, yunhu, office, chen, tang):
    open_case = case(yunhu, by=chen)
    assert open_case.due_at == at("2025-09-18 18:00")
    shorten_thursday(client, tang)
    assert actions.recount_deadlines(now=at("2025-09-15 09:01")) == 1
    assert fresh(open_case).due_at == at("2025-09-18 12:00")
    assert fresh(open_case).next_escalation_at > at("2025-09-18 12:00")
    told = Event.objects.about(open_case).get(verb="recounted")
    assert told.by is None and told.is_public
    assert actions.recount_deadlines(now=at("2025-09-15 09:02")) == 0, "once"


def test_what_the_change_does_not_touch_has_no_event(client, monday, yunhu, office, chen, tang):
    today = case(yunhu, by=chen, category="mail")
    shorten_thursday(client, tang)
    assert actions.recount_deadlines(now=at("2025-09-15 09:01")) == 0
    assert not Event.objects.about(today).filter(verb="recounted").exists()


def test_a_stopped_clock_is_not_counted_again(client, monday, yunhu, resolved_case, tang):
    due = resolved_case.due_at
    shorten_thursday(client, tang)
    assert actions.recount_deadlines(now=at("2025-09-15 09:01")) == 0
    assert fresh(resolved_case).due_at == due


def test_one_deadline_that_cannot_be_counted_stops_nothing(client, monday, yunhu, office, chen, tang, monkeypatch):
    from complaints import deadlines

    bad, good = case(yunhu, by=chen), case(yunhu, by=chen)
    shorten_thursday(client, tang)
    really = deadlines.clock_facts

    def clock_facts(case, *args, **kwargs):
        if case.pk == bad.pk:
            raise RuntimeError("unreadable row")
        return really(case, *args, **kwargs)

    monkeypatch.setattr(deadlines, "clock_facts", clock_facts)
    assert actions.recount_deadlines(now=at("2025-09-15 09:01")) == 1
    assert fresh(good).due_at == at("2025-09-18 12:00")


def test_the_next_step_moves_with_the_next_opening_though_the_deadline_does_not(
    client, monday, yunhu, office, chen, tang
):
    """Friday is a day without service: what is late on Thursday reaches level 3 on Saturday, and not a day before."""
    open_case = case(yunhu, by=chen)
    actions.escalate_overdue(now=at("2025-09-18 18:01"))
    assert fresh(open_case).next_escalation_at == at("2025-09-19 08:30")
    client.force_login(tang)
    day = {"date": datetime.date(2025, 9, 19), "kind": "rest", "name": "停电检修", "is_closed": "on"}
    set_day(client, day)
    actions.recount_deadlines(now=at("2025-09-18 18:02"))
    assert fresh(open_case).next_escalation_at == at("2025-09-20 08:30")


def test_an_owed_reply_is_counted_again_as_well(client, monday, yunhu, resolved_case, tang):
    assert resolved_case.reply_due_at == at("2025-09-16 18:00")
    client.force_login(tang)
    day = {"date": datetime.date(2025, 9, 16), "kind": "rest", "name": "停电检修", "is_closed": "on"}
    set_day(client, day)
    actions.recount_deadlines(now=at("2025-09-15 09:01"))
    case_now = fresh(resolved_case)
    assert case_now.reply_due_at == at("2025-09-17 18:00")
    assert case_now.next_escalation_at > case_now.reply_due_at
