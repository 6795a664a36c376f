"""Nobody's cases leave with them (F29, I12): each open case has somebody who is there, or shows that nobody has it."""

from datetime import timedelta

import pytest

from complaints import actions
from complaints.models import Status
from servicedesk.core.models import Event, Membership, Notification, Role
from tests import factories
from tests.factories import MONDAY, fresh

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(minutes=1)


def leave(person):
    person.is_active = False
    person.save()


def told(person, kind):
    return list(
        Notification.objects.filter(recipient=person, kind=kind, channel="inbox").values_list("data", flat=True)
    )


def test_a_job_of_who_left_is_the_departments_again_and_its_head_hears_of_it(case_in_hand, liu, han):
    leave(liu)
    assert actions.release_left(now=LATER) == 1
    case = fresh(case_in_hand)
    assert (case.status, case.assigned_to, case.accepted_at) == (Status.HANDED, None, None)
    assert case.due_at == case_in_hand.due_at, "a new hand never moves the deadline (ruling 4)"
    assert Event.objects.about(case).get(verb="freed").by is None
    assert told(han, "cases_freed")[0]["count"] == 1


def test_a_second_pass_finds_nothing(case_in_hand, liu, chen, zhou):
    leave(liu)
    leave(chen)
    actions.release_left(now=LATER)
    assert actions.release_left(now=LATER + timedelta(minutes=1)) == 0


def test_what_a_clerk_owed_to_residents_is_a_supervisors_now(taken_case, chen, zhou):
    leave(chen)
    assert actions.release_left(now=LATER) == 1
    case = fresh(taken_case)
    assert (case.first_responsible, case.holder) == (zhou, zhou)
    assert Event.objects.about(case).get(verb="passed_on").data["was"] == "陈静"
    assert told(zhou, "cases_passed_on")[0]["count"] == 1


def test_thirty_cases_are_told_in_one_message(yunhu, office, chen, zhou):
    for _ in range(30):
        factories.case(yunhu, by=chen)
    leave(chen)
    assert actions.release_left(now=LATER) == 30
    assert [data["count"] for data in told(zhou, "cases_passed_on")] == [30]


def test_it_never_becomes_that_of_whom_it_is_about(yunhu, office, chen, zhou, guo):
    case = factories.case(yunhu, by=chen, category="service", concerns=[zhou])
    leave(chen)
    actions.release_left(now=LATER)
    assert fresh(case).first_responsible == guo


def test_a_role_that_ended_counts_as_leaving_and_another_role_does_not_help(case_in_hand, liu, yunhu):
    Membership.objects.create(user=liu, community=yunhu, role=Role.CASHIER)
    Membership.objects.filter(user=liu, role=Role.WORKER).update(is_active=False)
    assert actions.release_left(now=LATER) == 1
    assert fresh(case_in_hand).assigned_to is None


def test_who_is_only_a_cashier_now_answers_no_resident(taken_case, chen, zhou, yunhu):
    Membership.objects.create(user=chen, community=yunhu, role=Role.CASHIER)
    Membership.objects.filter(user=chen, role=Role.CLERK).update(is_active=False)
    assert actions.release_left(now=LATER) == 1
    assert fresh(taken_case).first_responsible == zhou


def test_who_changes_from_clerk_to_supervisor_keeps_their_cases(taken_case, chen, yunhu):
    Membership.objects.create(user=chen, community=yunhu, role=Role.SUPERVISOR)
    Membership.objects.filter(user=chen, role=Role.CLERK).update(is_active=False)
    assert actions.release_left(now=LATER) == 0
    assert fresh(taken_case).first_responsible == chen


def test_a_level_is_held_by_who_is_there(taken_case, zhou, guo):
    second = factories.staff("sun", "孙悦", Role.SUPERVISOR, community=taken_case.community)
    actions.escalate(taken_case, by=zhou, now=MONDAY, note="需要协调")
    assert fresh(taken_case).holder == zhou
    leave(zhou)
    assert actions.release_left(now=LATER) == 1
    assert fresh(taken_case).holder == second


def test_a_waiting_job_is_freed_when_its_clock_runs_again(case_in_hand, liu, han):
    until = MONDAY + timedelta(hours=1)
    actions.pause(case_in_hand, reason="material", until=until, by=liu, now=MONDAY)
    leave(liu)
    assert actions.release_left(now=LATER) == 0
    actions.resume_waiting(now=until)
    assert actions.release_left(now=until) == 1
    assert fresh(case_in_hand).status == Status.HANDED


def test_where_nobody_is_left_the_case_stays_and_the_others_go_on(yunhu, other, taken_case, chen, zhou, guo):
    elsewhere = factories.staff("fang", "方圆", Role.CLERK, community=other)
    factories.staff("song", "宋岚", Role.SUPERVISOR, community=other)
    theirs = factories.case(other, by=elsewhere)
    for person in (chen, zhou, guo, elsewhere):
        leave(person)
    assert actions.release_left(now=LATER) == 1
    assert fresh(taken_case).first_responsible == chen
    assert str(fresh(theirs).first_responsible) == "宋岚"


def test_one_row_that_raises_stops_none_of_the_others(yunhu, office, chen, zhou, monkeypatch):
    bad, good = factories.case(yunhu, by=chen), factories.case(yunhu, by=chen)
    leave(chen)
    from complaints.actions import releasing

    really = releasing.write

    def write(case, **facts):
        if case.pk == bad.pk:
            raise RuntimeError("unwritable row")
        return really(case, **facts)

    monkeypatch.setattr(releasing, "write", write)
    assert actions.release_left(now=LATER) == 1
    assert fresh(good).first_responsible == zhou
