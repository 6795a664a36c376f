"""The service calendar's page (S35): hours by weekday and days that differ; every change counts at once."""

import datetime

import pytest
from django.urls import reverse

from servicedesk.core.calendar import calendar_of
from servicedesk.core.models import CalendarDay, Community, Event, ServiceHours
from tests import factories

pytestmark = pytest.mark.django_db
TUESDAY = datetime.date(2025, 9, 16)


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(factories.MONDAY, tick=False)


@pytest.fixture
def admin(client, tang):
    client.force_login(tang)
    return client


def close_of(community, day):
    return calendar_of(Community.objects.get(pk=community.pk)).close_of(day)


def test_times_are_shown_as_people_write_them(admin):
    page = admin.get(reverse("complaints:calendar")).content.decode()
    assert "08:30" in page
    assert "18:00" in page


def test_a_days_own_hours_move_deadlines_from_now_on(admin, yunhu):
    assert close_of(yunhu, TUESDAY) == factories.at("2025-09-16 18:00")
    data = {"date": "2025-09-16", "kind": "work", "name": "盘点", "opens": "09:00", "closes": "12：30"}
    assert admin.post(reverse("complaints:set_day"), data).status_code == 302
    assert close_of(yunhu, TUESDAY) == factories.at("2025-09-16 12:30")
    event = Event.objects.get(verb="day_set")
    assert (event.by_name, event.data["date"]) == ("唐宁", "2025-09-16")


def test_a_day_set_twice_keeps_what_stood_there_in_the_event(admin, yunhu):
    for kind in ("rest", "statutory"):
        admin.post(reverse("complaints:set_day"), {"date": "2025-09-16", "kind": kind, "name": "假日"})
    assert CalendarDay.objects.get().kind == "statutory"
    assert Event.objects.filter(verb="day_set").latest("id").data["was"] == {"kind": "rest", "name": "假日"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"opens": "9"},
        {"opens": "25:00", "closes": "26:00"},
        {"opens": "09:75", "closes": "10:00"},
        {"opens": "12:00", "closes": "09:00"},
        {"is_closed": "on", "opens": "09:00", "closes": "10:00"},
        {"opens": "٠٩:٠٠", "closes": "10:00"},
        {"date": "30 February"},
        {"kind": "holiday"},
    ],
)
def test_a_day_that_cannot_be_is_refused_with_everything_kept(admin, wrong):
    answer = admin.post(
        reverse("complaints:set_day"), {"date": "2025-09-16", "kind": "work", "name": "盘点日", **wrong}
    )
    assert answer.status_code == 422
    assert "盘点日" in answer.content.decode()
    assert not CalendarDay.objects.exists()


def test_hours_that_overlap_are_refused(admin, yunhu):
    before = ServiceHours.objects.filter(community=yunhu).count()
    answer = admin.post(reverse("complaints:open_hours"), {"weekday": 0, "opens": "17:00", "closes": "20:00"})
    assert answer.status_code == 422
    assert ServiceHours.objects.filter(community=yunhu).count() == before


def test_hours_until_midnight_can_be_added_and_removed_again(admin, yunhu):
    assert (
        admin.post(reverse("complaints:open_hours"), {"weekday": 1, "opens": "19:00", "closes": "24:00"}).status_code
        == 302
    )
    assert close_of(yunhu, TUESDAY) == factories.at("2025-09-17 00:00")
    evening = ServiceHours.objects.get(community=yunhu, weekday=1, opens=19 * 60)
    assert admin.post(reverse("complaints:close_hours", args=[evening.pk])).status_code == 302
    assert close_of(yunhu, TUESDAY) == factories.at("2025-09-16 18:00")


def test_a_day_can_be_made_like_any_other_again(admin, yunhu):
    admin.post(reverse("complaints:set_day"), {"date": "2025-09-16", "kind": "rest", "is_closed": "on"})
    assert not calendar_of(Community.objects.get(pk=yunhu.pk)).has_service(TUESDAY)
    admin.post(reverse("complaints:unset_day", args=[CalendarDay.objects.get().pk]))
    assert calendar_of(Community.objects.get(pk=yunhu.pk)).has_service(TUESDAY)


def test_hours_and_days_of_another_community_are_not_there(admin, other):
    hours = ServiceHours.objects.filter(community=other).first()
    day = CalendarDay.objects.create(community=other, date=TUESDAY, kind="rest")
    assert admin.post(reverse("complaints:close_hours", args=[hours.pk])).status_code == 404
    assert admin.post(reverse("complaints:unset_day", args=[day.pk])).status_code == 404
    assert ServiceHours.objects.filter(pk=hours.pk).exists()
    assert CalendarDay.objects.filter(pk=day.pk).exists()


def test_a_supervisor_may_not_change_the_calendar(client, zhou):
    client.force_login(zhou)
    assert client.get(reverse("complaints:calendar")).status_code == 403
    assert client.post(reverse("complaints:set_day"), {"date": "2025-09-16", "kind": "rest"}).status_code == 403
