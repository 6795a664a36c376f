"""Ruling 12: whom a case is about neither sees nor handles it, however late that comes out."""

from datetime import timedelta

import pytest
from django.urls import reverse

from complaints import actions
from complaints.models import Case, Concern, Status
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Event, Notification
from tests import factories
from tests.factories import MONDAY, at, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def name(case, user, by):
    actions.name_concerned(case, user=user, by=by, now=MONDAY, note="业户说的就是此人")
    return fresh(case)


def sees(user, case):
    return Case.objects.visible_to(user).filter(pk=case.pk).exists()


def test_who_took_a_case_that_is_about_them_loses_it_to_a_supervisor(client, taken_case, chen, zhou):
    client.force_login(zhou)
    url = reverse("complaints:name_concerned", args=[taken_case.number])
    assert client.post(url, {"version": taken_case.version, "user": chen.pk, "note": "态度"}).status_code == 302
    case = fresh(taken_case)
    assert (case.first_responsible, case.holder) == (zhou, zhou)
    assert not sees(chen, case)
    assert Event.objects.about(case).get(verb="concern_named").by == zhou


def test_a_worker_loses_the_job_also_while_it_waits(case_in_hand, liu, han, zhou):
    until = at("2025-09-15 14:00")
    actions.pause(case_in_hand, reason="material", until=until, by=liu, now=MONDAY)
    case = name(fresh(case_in_hand), liu, zhou)
    assert (case.status, case.assigned_to) == (Status.HANDED, None)
    assert not sees(liu, case) and sees(han, case)


def test_about_a_supervisor_it_rises_to_level_3(taken_case, zhou, chen, guo):
    case = name(taken_case, zhou, chen)
    assert (case.level, case.holder) == (3, guo)
    assert case.escalations.get().trigger == "concerns_staff"


def test_what_they_were_told_of_it_disappears_from_their_inbox(client, web_case, chen, zhou):
    assert Notification.objects.inbox_of(chen, MONDAY).filter(subject_id=web_case.pk).exists()
    name(web_case, chen, zhou)
    assert not Notification.objects.inbox_of(chen, MONDAY).filter(subject_id=web_case.pk).exists()
    client.force_login(chen)
    assert web_case.summary not in client.get(reverse("core:inbox")).text


def test_nobody_is_named_twice_and_no_stranger(taken_case, zhou, liu, stranger):
    case = name(taken_case, liu, zhou)
    for wrong in (liu, stranger):
        with pytest.raises(Refused):
            name(fresh(case), wrong, zhou)
    assert Concern.objects.filter(case=case).count() == 1


def test_who_records_a_complaint_about_themselves_is_not_shown_as_its_receiver(client, yunhu, office, chen, zhou):
    case = factories.case(yunhu, by=chen, category="service", concerns=[chen])
    assert (case.status, case.first_responsible, case.holder) == (Status.RECEIVED, None, None)
    client.force_login(zhou)
    assert "陈静" not in [step["name"] for step in client.get(case.get_absolute_url()).context["ladder"]]


def test_who_records_a_complaint_about_themselves_cannot_undo_it(yunhu, office, chen):
    case = factories.case(yunhu, by=chen, category="service", concerns=[chen])
    received = Event.objects.about(case).get(verb="received")
    with pytest.raises(NotAllowed):
        actions.undo(received, by=chen, now=MONDAY + timedelta(minutes=1))
    assert fresh(case).status == Status.RECEIVED


def test_its_number_leaves_no_gap_among_those_that_they_see(yunhu, office, chen):
    numbers = [
        factories.case(yunhu, by=chen, concerns=[chen] if about else ()).number[-5:] for about in (False, True, False)
    ]
    assert numbers == ["-0001", "90001", "-0002"]


def test_no_job_goes_to_whom_it_is_about(handed_case, liu, han, zhou):
    Concern.objects.create(case=handed_case, user=liu)
    with pytest.raises(Refused, match="刘强"):
        actions.assign(handed_case, worker=liu, by=han, now=MONDAY)
    outcome = actions.act_on_many([handed_case], "assign", worker=liu, by=zhou, now=MONDAY, note="")
    assert outcome.done == [] and len(outcome.refused) == 1


def test_cases_about_different_people_are_not_joined(yunhu, office, chen, zhou, liu):
    about, other = factories.case(yunhu, by=chen, concerns=[liu]), factories.case(yunhu, by=chen)
    for one, into in ((about, other), (other, about)):
        with pytest.raises(Refused):
            actions.merge(fresh(one), into=fresh(into), by=chen, now=MONDAY)
    assert not Event.objects.about(other).filter(verb="merge_received").exists()


def test_a_category_that_goes_straight_up_does_so_however_late_it_is_chosen(yunhu, taken_case, zhou, guo):
    favours = factories.Category.objects.get(community=yunhu, code="favours")
    axes = {"kind": "complaint", "severity": "general", "urgency": "ordinary"}
    actions.reclassify(taken_case, category=favours, by=zhou, now=MONDAY, note="收了辛苦费", **axes)
    assert (fresh(taken_case).level, fresh(taken_case).holder) == (3, guo)
