"""Pages on which staff set and read things: days out of reach are refused, and what was done is said."""

import datetime

import pytest
from django.urls import reverse

from servicedesk.core import notifications
from servicedesk.core.models import CalendarDay, DutyShift, Notification
from servicedesk.core.templatetags import desk_tags
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(factories.MONDAY, tick=False)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "2023-09-15T09:00", "2028-09-15T09:00", "9999-12-31T23:59"])
def test_a_shift_of_another_age_is_refused(client, zhou, moment):
    client.force_login(zhou)
    data = {"user": zhou.pk, "starts_at": "2025-09-15T18:00", "ends_at": "2025-09-16T08:30"}
    for name in ("starts_at", "ends_at"):
        assert client.post(reverse("core:roster"), {**data, name: moment}).status_code == 422
    assert not DutyShift.objects.exists()


@pytest.mark.parametrize("day", ["0001-01-01", "2025-09-14", "2028-01-01", "9999-12-31"])
def test_a_day_that_is_over_or_too_far_away_is_not_set(client, tang, day):
    client.force_login(tang)
    assert client.post(reverse("complaints:set_day"), {"date": day, "kind": "rest"}).status_code == 422
    assert not CalendarDay.objects.exists()
    assert client.post(reverse("complaints:set_day"), {"date": "2025-09-15", "kind": "rest"}).status_code == 302


def test_the_roster_offers_nothing_that_it_refuses(client, zhou):
    client.force_login(zhou)
    assert "substitute_for" not in client.get(reverse("core:roster")).text


def test_taking_a_shift_off_says_whose_and_which(client, yunhu, zhou, guo):
    factories.on_duty(yunhu, guo)
    coming = factories.on_duty(yunhu, zhou, factories.MONDAY + datetime.timedelta(days=2))
    client.force_login(guo)
    client.force_login(zhou)
    said = client.post(reverse("core:end_shift", args=[coming.pk]), follow=True).context["messages"]
    (words,) = [str(message) for message in said]
    assert "周敏" in words
    assert "09-17 09:00" in words


def tell(case, person, key):
    data = {"number": case.short_number, "summary": case.summary, "path": case.get_absolute_url()}
    notifications.notify([person], "case_urged", about=case, key=key, now=factories.MONDAY, data=data)


def test_a_message_that_is_opened_is_read_with_the_others_of_its_case_and_no_more(
    client, yunhu, taken_case, chen, zhou
):
    other = factories.case(yunhu, by=chen)
    Notification.objects.all().delete()
    for case, person, key in [
        (taken_case, chen, "1"),
        (taken_case, chen, "2"),
        (other, chen, "3"),
        (taken_case, zhou, "1"),
    ]:
        tell(case, person, key)
    client.force_login(chen)
    first = Notification.objects.get(recipient=chen, key="1")
    assert reverse("core:open_message", args=[first.pk]) in client.get(reverse("core:inbox")).text
    assert client.post(reverse("core:open_message", args=[first.pk])).status_code == 204
    unread = Notification.objects.filter(read_at=None).values_list("recipient__username", "key")
    assert set(unread) == {("chen", "3"), ("zhou", "1")}
    theirs = Notification.objects.get(recipient=zhou)
    assert client.post(reverse("core:open_message", args=[theirs.pk])).status_code == 404


@pytest.mark.parametrize(("minutes", "words"), [(0, "0 min"), (59, "59 min"), (419, "6 h 59 min"), (1020, "17 h")])
def test_a_span_cannot_be_read_as_a_time_of_day(minutes, words, settings):
    from django.utils import translation

    with translation.override("en"):
        assert desk_tags.span(datetime.timedelta(minutes=minutes)) == words


def test_an_empty_or_overfull_box_is_named_in_its_sentence(client, taken_case, chen):
    client.force_login(chen)
    address = reverse("complaints:note", args=[taken_case.number])
    for typed in ("", "长" * 5001):
        answer = client.post(address, {"note": typed, "version": taken_case.version})
        form = answer.context["note_form"]
        (error,) = form.errors["note"]
        assert str(form.fields["note"].label) in error
        assert answer.text.count(error) == 2, "in the summary and at the box, each time alone"


def test_a_step_that_is_looked_at_leads_to_its_case(client, taken_case, chen, liu, case_in_hand):
    client.force_login(chen)
    answer = client.get(reverse("complaints:note", args=[taken_case.number]))
    assert (answer.status_code, answer["Location"]) == (302, taken_case.get_absolute_url())
    assert client.get(reverse("desk:bulk")).status_code == 302
    client.force_login(liu)
    answer = client.get(reverse("complaints:job_arrive", args=[case_in_hand.number]))
    assert (answer.status_code, answer["Location"]) == (302, reverse("complaints:job", args=[case_in_hand.number]))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "2026-10-15T09:00", "9999-12-31T23:59"])
def test_a_pause_until_another_age_is_refused(client, case_in_hand, zhou, moment):
    client.force_login(zhou)
    data = {"version": case_in_hand.version, "reason": "material", "until": moment}
    for step in ("pause", "follow_up", "promise"):
        sent = {**data, "at": moment} if step == "follow_up" else data
        if step == "promise" and moment.startswith("2026"):
            continue
        assert client.post(reverse(f"complaints:{step}", args=[case_in_hand.number]), sent).status_code == 422
    assert factories.fresh(case_in_hand).version == case_in_hand.version


def test_handing_over_offers_the_other_departments_only(client, handed_case, taken_case, zhou):
    client.force_login(zhou)
    page = client.get(handed_case.get_absolute_url(), {"do": "hand_over"})
    offered = [department.pk for department in page.context["form"].fields["department"].queryset]
    assert handed_case.department_id not in offered
    assert offered


def test_a_reply_that_is_late_is_marked_beside_a_deadline_that_was_kept(client, resolved_case, zhou, time_machine):
    client.force_login(zhou)
    assert client.get(resolved_case.get_absolute_url()).context["reply_late"] is None
    time_machine.move_to(resolved_case.reply_due_at + datetime.timedelta(hours=5), tick=False)
    client.force_login(zhou)
    page = client.get(resolved_case.get_absolute_url())
    assert page.context["reply_late"] == datetime.timedelta(hours=5)
    assert page.text.count('data-status="over"') == 1
    assert 'data-state="done"' in page.text
