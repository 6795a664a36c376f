"""Signing in: five wrong passwords for one name from one address, never a whole office, never a name everywhere."""

from datetime import timedelta

import pytest
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db
OFFICE, ELSEWHERE = "10.0.0.8", "10.0.0.9"


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(factories.MONDAY, tick=False)
    return time_machine


def sign_in(client, name, password=factories.PASSWORD, address=OFFICE):
    client.post(reverse("account_login"), {"login": name, "password": password}, REMOTE_ADDR=address)
    inside = "_auth_user_id" in client.session
    client.logout()
    return inside


def guess(client, name, times=5, address=OFFICE):
    for number in range(times):
        assert not sign_in(client, name, f"guess-{number}", address)


def test_the_right_password_opens_the_desk(client, chen):
    assert sign_in(client, "chen")


def test_after_five_wrong_passwords_the_right_one_waits_fifteen_minutes(client, chen, clock):
    guess(client, "chen")
    assert not sign_in(client, "chen")
    clock.shift(timedelta(minutes=14))
    assert not sign_in(client, "chen")
    clock.shift(timedelta(minutes=2))
    assert sign_in(client, "chen")


def test_four_wrong_passwords_lock_nobody(client, chen):
    guess(client, "chen", times=4)
    assert sign_in(client, "chen")


def test_a_colleague_behind_the_same_address_still_gets_in(client, chen, zhou):
    guess(client, "chen")
    assert sign_in(client, "zhou")


def test_nobody_is_locked_out_by_guesses_from_elsewhere(client, chen):
    guess(client, "chen", address=ELSEWHERE)
    assert sign_in(client, "chen", address=OFFICE)


def test_a_forwarded_address_is_not_believed_without_a_proxy_of_ours(client, chen):
    for number in range(5):
        data = {"login": "chen", "password": "wrong"}
        headers = {"X-Forwarded-For": f"1.2.3.{number}"}
        client.post(reverse("account_login"), data, REMOTE_ADDR=OFFICE, headers=headers)
    assert not sign_in(client, "chen")


def test_a_name_that_does_not_exist_gets_the_same_answer_as_a_wrong_password(client, chen):
    known, unknown = (
        client.post(reverse("account_login"), {"login": name, "password": "wrong"}) for name in ("chen", "nobody")
    )
    assert known.status_code == unknown.status_code
    lengths = {
        len(answer.content.decode().replace(name, "")) for answer, name in ((known, "chen"), (unknown, "nobody"))
    }
    assert len(lengths) == 1


def test_the_session_of_a_person_who_was_taken_out_of_use_dies(client, chen):
    client.force_login(chen)
    assert client.get(reverse("core:profile")).status_code == 200
    chen.is_active = False
    chen.save()
    answer = client.get(reverse("core:profile"))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))
    client.logout()
    assert not sign_in(client, "chen")


def test_a_role_taken_away_closes_its_doors_at_once(client, zhou):
    client.force_login(zhou)
    assert client.get(reverse("core:roster")).status_code == 200
    zhou.memberships.update(is_active=False)
    assert client.get(reverse("core:roster")).status_code == 403


def test_nobody_can_sign_up(client):
    answer = client.post(
        reverse("account_signup"), {"username": "new", "password1": "river-lamp-9911", "password2": "river-lamp-9911"}
    )
    assert "_auth_user_id" not in client.session
    assert answer.status_code == 200


def test_a_page_asked_for_before_signing_in_comes_after_it(client, chen):
    target = reverse("core:inbox")
    asked = client.get(target)
    assert asked["Location"] == f"{reverse('account_login')}?next={target}"
    answer = client.post(asked["Location"], {"login": "chen", "password": factories.PASSWORD, "next": target})
    assert answer["Location"] == target


def test_a_hundred_wrong_tries_for_other_names_keep_no_colleague_out(client, chen):
    for number in range(100):
        client.post(reverse("account_login"), {"login": f"nobody-{number}", "password": "wrong"}, REMOTE_ADDR=OFFICE)
    assert sign_in(client, "chen", address=OFFICE)


def test_a_session_ends_twelve_hours_after_the_sign_in_however_much_it_is_used(client, zhou, clock):
    client.post(reverse("account_login"), {"login": "zhou", "password": factories.PASSWORD})
    page = reverse("core:profile")
    for _ in range(35):
        clock.shift(timedelta(minutes=20))
        assert client.get(page).status_code == 200
    clock.shift(timedelta(minutes=19))
    assert client.get(page).status_code == 200
    clock.shift(timedelta(minutes=1))
    ended = client.get(page)
    assert (ended.status_code, ended["Location"]) == (302, f"{reverse('account_login')}?next={page}")
    assert "_auth_user_id" not in client.session
    client.post(reverse("account_login"), {"login": "zhou", "password": factories.PASSWORD})
    clock.shift(timedelta(minutes=20))
    assert client.get(page).status_code == 200, "the next session counts from its own sign-in"


def test_the_password_at_the_lock_does_not_make_a_session_longer(client, zhou, clock):
    client.post(reverse("account_login"), {"login": "zhou", "password": factories.PASSWORD})
    clock.shift(timedelta(hours=11))
    assert client.get(reverse("core:profile")).status_code == 401
    client.post(reverse("core:unlock"), {"password": factories.PASSWORD})
    assert client.get(reverse("core:profile")).status_code == 200
    clock.shift(timedelta(minutes=25))
    assert client.get(reverse("core:profile")).status_code == 200
    clock.shift(timedelta(minutes=25))
    client.post(reverse("core:unlock"), {"password": factories.PASSWORD})
    clock.shift(timedelta(minutes=11))
    assert client.get(reverse("core:profile")).status_code == 302


def test_the_end_of_a_session_leaves_a_public_page_open(client, zhou, clock):
    client.post(reverse("account_login"), {"login": "zhou", "password": factories.PASSWORD})
    clock.shift(timedelta(hours=11, minutes=50))
    client.post(reverse("core:unlock"), {"password": factories.PASSWORD})
    clock.shift(timedelta(minutes=11))
    assert client.get(reverse("complaints:track_by_code")).status_code == 200


def test_signing_out_empties_what_the_browser_keeps(client, chen):
    client.force_login(chen)
    assert "Clear-Site-Data" not in client.get(reverse("core:profile"))
    answer = client.post(reverse("account_logout"))
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in client.get(reverse("account_login"))
