"""Ruling 10: a reopened case starts a new cycle; nothing of the old one overtakes it."""

from datetime import timedelta

import pytest

from complaints import actions
from complaints.models import Escalation, Status
from servicedesk.core.models import Event, Notification
from tests import factories
from tests.factories import MONDAY, at, fresh, told

pytestmark = pytest.mark.django_db


def told_the_resident(case, by, *, now=MONDAY):
    case = fresh(case)
    if case.status != Status.RESOLVED:
        actions.resolve(case, by=by, now=now, remedy="已处理")
    told(fresh(case), by=case.first_responsible, now=now)
    return fresh(case)


@pytest.fixture
def replied(case_in_hand, liu):
    return told_the_resident(case_in_hand, liu)


def reopen(case, by, *, now=MONDAY, note="又漏了"):
    actions.reopen(case, by=by, now=now, note=note)
    return fresh(case)


def test_the_level_starts_at_the_old_one_but_at_least_at_2(yunhu, office, chen, liu, guo, replied):
    assert reopen(replied, chen).level == 2
    high = factories.case(yunhu, by=chen, category="favours")
    factories.approved(high, by=chen, decided_by=guo)
    actions.start(high, by=chen, now=MONDAY)
    again = reopen(told_the_resident(high, office["supervisor"]), chen)
    assert again.level == 3
    steps = Escalation.objects.filter(case=again).order_by("id").values_list("level_cycle", "to_level", "trigger")
    assert list(steps) == [(1, 3, "category"), (2, 3, "reopened")], "each level once a level cycle"
    assert again.holder == guo


def test_a_promise_of_the_old_cycle_raises_nobody(case_in_hand, chen, liu):
    actions.promise_reply(case_in_hand, until=at("2025-09-15 15:00"), by=chen, now=MONDAY)
    again = reopen(told_the_resident(case_in_hand, liu), chen)
    assert (again.promised_reply_at, again.promise_raises_to) == (None, None)
    assert actions.escalate_overdue(now=at("2025-09-16 12:00")) == 0


def test_nobody_hears_of_the_old_deadline_and_the_resident_reads_a_new_one(yunhu, office, chen, liu):
    late = factories.case(yunhu, by=chen, now=at("2025-09-10 09:00"))
    actions.hand_over(late, department=yunhu.departments.get(code="engineering"), by=chen, now=at("2025-09-10 09:00"))
    actions.accept(fresh(late), by=liu, now=at("2025-09-10 10:00"))
    actions.escalate_overdue(now=MONDAY)
    again = reopen(told_the_resident(late, liu), chen)
    assert again.cycles.get().was_late
    assert again.due_at == at("2025-09-18 18:00")
    before = Notification.objects.count()
    assert actions.escalate_overdue(now=MONDAY + timedelta(minutes=1)) == 0
    assert Notification.objects.count() == before
    assert Event.objects.about(again).public().first().verb == "reopened"


def test_a_resolved_case_that_is_not_right_goes_back_to_work_and_keeps_its_worker(resolved_case, zhou, liu):
    again = reopen(resolved_case, zhou)
    assert (again.status, again.assigned_to, again.resolved_at) == (Status.IN_HAND, liu, None)


def test_who_answers_and_who_works_hear_of_it_and_who_did_it_does_not(replied, chen, liu):
    reopen(replied, chen)
    told = Notification.objects.filter(kind="case_reopened", channel="inbox", subject_id=replied.pk)
    assert [row.recipient for row in told] == [liu]
