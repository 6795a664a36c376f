"""An idle session asks for the password again, over the same page; nothing that was typed is lost."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from servicedesk.core.models import DutyShift
from tests import factories

pytestmark = pytest.mark.django_db
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(factories.MONDAY, tick=False)
    return time_machine


def hidden(answer):
    """The hidden fields of an answer's forms, without the token, as a browser would send them."""
    pairs = HIDDEN.findall(answer.content.decode())
    return {name: unescape(value) for name, value in pairs if name != "csrfmiddlewaretoken"}


def arrive(client, user):
    client.force_login(user)
    assert client.get(reverse("core:profile")).status_code == 200


@pytest.mark.parametrize(("who", "minutes"), [("zhou", 30), ("li_na", 15), ("tang", 15)])
def test_the_lock_falls_after_30_idle_minutes_and_15_where_money_or_settings_are(client, clock, request, who, minutes):
    arrive(client, request.getfixturevalue(who))
    clock.shift(timedelta(minutes=minutes))
    assert client.get(reverse("core:profile")).status_code == 200
    clock.shift(timedelta(minutes=minutes, seconds=1))
    assert client.get(reverse("core:profile")).status_code == 401


def test_a_page_that_refreshes_itself_keeps_no_session_open(client, clock, zhou):
    arrive(client, zhou)
    for _ in range(6):
        clock.shift(timedelta(minutes=6))
        answer = client.get(reverse("core:profile"), headers={"X-Background": "1"})
    assert answer.status_code == 401


def test_what_was_sent_while_locked_is_sent_after_the_password(client, clock, zhou):
    arrive(client, zhou)
    clock.shift(timedelta(minutes=31))
    shift = {"user": zhou.pk, "starts_at": "2025-09-15T18:00", "ends_at": "2025-09-16T08:30", "password": "a field"}
    locked = client.post(reverse("core:roster"), shift)
    assert locked.status_code == 401
    assert not DutyShift.objects.exists()
    opened = client.post(reverse("core:unlock"), {**hidden(locked), "password": factories.PASSWORD})
    assert opened.status_code == 200
    assert hidden(opened)["password"] == "a field", "a field of that name is not taken for the password"
    assert client.post(reverse("core:roster"), hidden(opened)).status_code == 302
    assert DutyShift.objects.get().user == zhou


def test_a_wrong_password_loses_nothing(client, clock, zhou):
    arrive(client, zhou)
    clock.shift(timedelta(minutes=31))
    locked = client.post(reverse("core:roster"), {"user": zhou.pk, "starts_at": "<b>&\"'"})
    again = client.post(reverse("core:unlock"), {**hidden(locked), "password": "wrong"})
    assert again.status_code == 422
    assert hidden(again) == hidden(locked)
    assert hidden(again)["sent.starts_at"] == "<b>&\"'"
    assert client.get(reverse("core:profile")).status_code == 401


def test_a_page_that_was_only_looked_at_comes_back_after_the_password(client, clock, zhou):
    arrive(client, zhou)
    clock.shift(timedelta(minutes=31))
    locked = client.get(reverse("core:roster") + "?page=2")
    opened = client.post(reverse("core:unlock"), {**hidden(locked), "password": factories.PASSWORD})
    assert (opened.status_code, opened["Location"]) == (302, reverse("core:roster") + "?page=2")
    assert client.get(reverse("core:profile")).status_code == 200


def test_unlocking_never_leads_to_another_site(client, clock, zhou):
    arrive(client, zhou)
    client.post(reverse("core:lock"))
    data = {"next": "https://evil.example/", "password": factories.PASSWORD}
    assert client.post(reverse("core:unlock"), data)["Location"] == reverse("core:home")


def test_a_locked_session_answers_htmx_with_the_lock_and_can_be_left(client, clock, zhou):
    arrive(client, zhou)
    client.post(reverse("core:lock"))
    answer = client.get(reverse("core:profile"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Trigger"]) == (401, "locked")
    assert client.post(reverse("account_logout")).status_code == 302
    assert "_auth_user_id" not in client.session


def test_guessing_at_the_lock_is_limited_like_signing_in(client, clock, zhou):
    arrive(client, zhou)
    client.post(reverse("core:lock"))
    for _ in range(5):
        client.post(reverse("core:unlock"), {"password": "wrong"})
    assert client.post(reverse("core:unlock"), {"password": factories.PASSWORD}).status_code == 422
    clock.shift(timedelta(minutes=16))
    assert client.post(reverse("core:unlock"), {"password": factories.PASSWORD}).status_code == 302


def test_a_signed_in_persons_pages_are_not_kept_by_the_browser(client, zhou):
    client.force_login(zhou)
    assert client.get(reverse("core:profile"))["Cache-Control"] == "no-store"
