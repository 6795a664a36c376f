"""The duty roster (S32): one manager at a time, gaps shown, ended and never rewritten."""

import datetime

import pytest
from django.urls import reverse

from servicedesk.core import duty
from servicedesk.core.models import DutyShift, Event
from tests import factories
from tests.factories import at

pytestmark = pytest.mark.django_db


@pytest.fixture
def monday(time_machine):
    time_machine.move_to(factories.MONDAY, tick=False)
    return factories.MONDAY


def add(client, user, starts, ends, **more):
    data = {"user": user.pk, "starts_at": starts, "ends_at": ends, **more}
    return client.post(reverse("core:roster"), data)


def test_a_shift_is_written_in_the_communitys_own_time_and_logged(client, yunhu, zhou, monday):
    client.force_login(zhou)
    answer = add(client, zhou, "2025-09-15T18:00", "2025-09-16T08:30")
    assert answer.status_code == 302
    shift = DutyShift.objects.get()
    assert (shift.period.lower, shift.period.upper) == (at("2025-09-15 18:00"), at("2025-09-16 08:30"))
    assert Event.objects.about(shift).get().verb == "rostered"
    assert duty.duty_manager(yunhu, at("2025-09-15 20:00")) == zhou


def test_two_managers_at_once_are_refused_and_the_typed_times_stay(client, yunhu, zhou, guo, monday):
    factories.on_duty(yunhu, guo)
    client.force_login(zhou)
    answer = add(client, zhou, "2025-09-15T12:00", "2025-09-15T20:00")
    assert answer.status_code == 422
    assert DutyShift.objects.count() == 1
    assert b"2025-09-15T12:00" in answer.content


def test_a_shift_that_ends_before_it_begins_is_refused(client, yunhu, zhou, monday):
    client.force_login(zhou)
    assert add(client, zhou, "2025-09-15T18:00", "2025-09-15T17:00").status_code == 422
    assert not DutyShift.objects.exists()


def test_only_supervisors_and_the_deputy_gm_can_be_duty_manager(client, yunhu, zhou, chen, monday):
    client.force_login(zhou)
    assert add(client, chen, "2025-09-15T18:00", "2025-09-16T08:30").status_code == 422
    assert not DutyShift.objects.exists()


def test_gaps_of_the_coming_week_are_shown(client, yunhu, zhou, monday):
    factories.on_duty(yunhu, zhou, monday, hours=24 * 3)
    factories.on_duty(yunhu, zhou, monday + datetime.timedelta(days=4), hours=24 * 3)
    assert duty.gaps(yunhu, monday) == [(at("2025-09-18 09:00"), at("2025-09-19 09:00"))]
    client.force_login(zhou)
    page = client.get(reverse("core:roster")).content.decode()
    assert page.count('data-kind="warn"') == 1
    assert "2025-09-18T09:00+08:00" in page


def test_ending_a_running_shift_keeps_what_has_been_and_a_coming_one_leaves_the_roster(client, yunhu, zhou, monday):
    running = factories.on_duty(yunhu, zhou, monday - datetime.timedelta(hours=2))
    coming = factories.on_duty(yunhu, zhou, monday + datetime.timedelta(days=2))
    client.force_login(zhou)
    for shift in (running, coming):
        assert client.post(reverse("core:end_shift", args=[shift.pk])).status_code == 302
    running.refresh_from_db()
    assert running.period.upper == monday
    assert not DutyShift.objects.filter(pk=coming.pk).exists()
    assert Event.objects.filter(verb="shift_ended").count() == 2


def test_a_shift_of_another_community_is_not_there(client, zhou, other, stranger, monday):
    theirs = factories.on_duty(other, stranger)
    client.force_login(zhou)
    assert client.post(reverse("core:end_shift", args=[theirs.pk])).status_code == 404
    assert DutyShift.objects.get() == theirs


def test_a_clerk_may_not_open_the_roster(client, chen):
    client.force_login(chen)
    assert client.get(reverse("core:roster")).status_code == 403
