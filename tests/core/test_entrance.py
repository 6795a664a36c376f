import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.template.loader import get_template
from django.urls import reverse


@pytest.fixture
def sure(client, chen):
    """Chen, who has just given her password."""
    client.force_login(chen)
    client.post(reverse("account_reauthenticate"), {"password": "correct horse battery"})
    return client


@pytest.fixture
def chen(chen):
    chen.set_password("correct horse battery")
    chen.save()
    return chen


def test_the_sign_in_page_says_what_is_wrong_beside_the_fields_and_above_them(client, chen):
    page = client.post(reverse("account_login"), {"login": "", "password": ""}).content.decode()
    assert 'href="#id_login"' in page
    assert 'aria-describedby="id_login_error"' in page


def test_a_wrong_password_does_not_say_whether_the_name_exists(client, chen):
    def answer(name):
        page = client.post(reverse("account_login"), {"login": name, "password": "wrong"}).content.decode()
        return page[page.index('id="error-summary"') : page.index("<form", page.index('id="error-summary"'))]

    assert answer(chen.username) == answer("nobody")


def test_the_right_password_opens_the_desk(client, chen):
    answer = client.post(reverse("account_login"), {"login": chen.username, "password": "correct horse battery"})
    assert (answer.status_code, answer.url) == (302, reverse("core:home"))


def test_the_second_factor_is_set_up_from_a_drawing_made_here(sure):
    page = sure.get(reverse("mfa_activate_totp")).content.decode()
    assert "data:image" not in page
    assert '<svg viewBox="0 0' in page
    assert 'name="code"' in page


def test_recovery_codes_are_shown_and_can_be_made_anew(sure, chen):
    TOTP.activate(chen, generate_totp_secret())
    codes = RecoveryCodes.activate(chen).get_unused_codes()
    assert codes[0] in sure.get(reverse("mfa_view_recovery_codes")).content.decode()
    for name in ("mfa_index", "mfa_generate_recovery_codes", "mfa_deactivate_totp"):
        assert sure.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", ["account_change_password", "account_logout", "usersessions_list", "core:styleguide"])
def test_the_pages_of_ones_own_account_open(sure, name):
    page = sure.get(reverse(name))
    assert page.status_code == 200
    assert page.content.decode().count("<h1") == 1


@pytest.mark.parametrize("name", ["404", "403", "403_csrf", "409", "429", "500"])
def test_an_error_page_needs_neither_a_request_nor_the_database(name):
    page = get_template(f"{name}.html").render()
    assert page.count("<h1") == 1
    assert 'href="/"' in page


def test_who_is_not_signed_in_reads_on_in_the_language_they_choose(client, db):
    page = reverse("account_login")
    assert "登录" in client.get(page).text
    answer = client.post(reverse("set_language"), {"language": "en", "next": page})
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert "Sign in" in client.get(page).text
