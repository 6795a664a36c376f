"""Ruling 5: a pause has a reason and an end; the clock ends it by itself and the deadline has moved by its length."""

from datetime import timedelta

import pytest

from complaints import actions
from complaints.models import Status
from servicedesk.core.models import Event, Notification
from tests.factories import at, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture
def paused(case_in_hand, liu):
    """Paused on Monday from 15:00 to Tuesday 10:00: three hours and an hour and a half of service."""
    actions.pause(case_in_hand, reason="material", until=at("2025-09-16 10:00"), by=liu, now=at("2025-09-15 15:00"))
    return fresh(case_in_hand)


def test_the_deadline_moves_by_the_service_hours_of_the_pause_and_the_supervisor_sees_it(paused, zhou):
    assert paused.due_at == at("2025-09-19 13:00"), "it was due on Thursday at 18:00"
    assert Notification.objects.filter(recipient=zhou, kind="case_paused", subject_id=paused.pk).exists()


def test_the_clock_ends_a_pause_at_its_time_and_not_before(paused):
    assert actions.resume_waiting(now=at("2025-09-16 09:59")) == 0
    assert actions.resume_waiting(now=at("2025-09-16 10:00")) == 1
    case = fresh(paused)
    assert (case.status, case.due_at) == (Status.IN_HAND, paused.due_at)
    assert Event.objects.about(case).get(verb="resumed").by is None
    assert actions.resume_waiting(now=at("2025-09-16 10:01")) == 0, "once"


def test_a_pause_that_the_sweep_finds_late_counts_to_its_own_end(paused):
    actions.resume_waiting(now=at("2025-09-20 12:00"))
    assert fresh(paused).due_at == paused.due_at, "an outage gives nobody time"


def test_a_pause_ended_early_gives_back_what_it_did_not_use(paused, liu):
    actions.resume(paused, by=liu, now=at("2025-09-15 16:00"))
    assert fresh(paused).due_at == at("2025-09-19 09:30"), "one hour after 18:00, which is 09:30 of the next day"


def test_a_paused_case_does_not_rise_and_a_case_late_after_it_does(paused):
    assert actions.escalate_overdue(now=at("2025-09-18 18:01")) == 0
    actions.resume_waiting(now=at("2025-09-16 10:00"))
    assert actions.escalate_overdue(now=at("2025-09-19 13:01")) == 1
    assert fresh(paused).level == 2


def test_one_pause_that_cannot_be_ended_stops_none_of_the_others(paused, yunhu, office, chen, liu, monkeypatch):
    from complaints.actions import handling
    from tests.factories import case

    other = case(yunhu, by=chen)
    actions.hand_over(other, department=paused.department, by=chen, now=at("2025-09-15 15:00"))
    actions.accept(fresh(other), by=liu, now=at("2025-09-15 15:00"))
    until = at("2025-09-15 15:00") + timedelta(hours=2)
    actions.pause(fresh(other), reason="material", until=until, by=liu, now=at("2025-09-15 15:00"))
    really = handling.resume

    def resume(case, **facts):
        if case.pk == paused.pk:
            raise RuntimeError("unreadable row")
        return really(case, **facts)

    monkeypatch.setattr(handling, "resume", resume)
    assert actions.resume_waiting(now=at("2025-09-16 10:00")) == 1
    assert fresh(other).status == Status.IN_HAND
