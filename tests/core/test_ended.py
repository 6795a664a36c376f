"""What was sent without a session is not lost: the words come back to be copied, and a page can ask beforehand."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from complaints.models import IntakeDraft
from servicedesk.core.models import Event
from tests import factories

pytestmark = pytest.mark.django_db
HTMX, BACKGROUND = {"HX-Request": "true"}, {"X-Background": "1"}


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(factories.MONDAY, tick=False)
    return time_machine


def sign_in_with(target):
    return f'href="{reverse("account_login")}?next={quote(target)}"'


def test_the_words_of_a_step_come_back_with_the_way_to_their_case(client, taken_case):
    page = taken_case.get_absolute_url()
    address = reverse("complaints:note", args=[taken_case.number])
    before = Event.objects.count()
    sent = {"note": "业主说 <b>明天</b> & 后天在家", "version": "3", "public": "1"}
    answer = client.post(address, sent, headers={"Referer": f"http://testserver{page}?do=note"})
    assert (answer.status_code, answer["Cache-Control"]) == (401, "no-store")
    assert answer.context["words"] == [sent["note"]]
    assert "业主说 &lt;b&gt;明天&lt;/b&gt; &amp; 后天在家</textarea>" in answer.text
    assert sign_in_with(f"{page}?do=note") in answer.text
    assert Event.objects.count() == before


def test_it_is_said_in_the_language_of_the_reader(client, taken_case):
    address = reverse("complaints:note", args=[taken_case.number])
    answer = client.post(address, {"note": "at home"}, headers={"Accept-Language": "en"})
    assert "Nothing has been saved yet." in answer.text


def test_an_address_that_takes_a_step_is_left_to_lead_to_the_case(client, chen, taken_case):
    address = reverse("complaints:note", args=[taken_case.number])
    answer = client.post(address, {"note": "业主在家"})
    assert sign_in_with(address) in answer.text
    client.force_login(chen)
    assert client.get(address)["Location"] == taken_case.get_absolute_url()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/cases/", "//evil.example/", "javascript:alert(1)"])
def test_the_way_back_leads_to_no_other_site(client, elsewhere):
    roster = reverse("core:roster")
    for more in ({"headers": {"Referer": elsewhere}}, {}):
        data = {"starts_at": "2025-09-15T18:00", "next": elsewhere}
        answer = client.post(roster, data, **more)
        assert sign_in_with(roster) in answer.text
        assert "evil" not in answer.text


def test_what_was_chosen_or_hidden_is_no_word(client):
    chosen = {
        "submission": "x",
        "intake_seconds": "30",
        "channel": "phone",
        "category": "3",
        "who": "o12",
        "print": "1",
    }
    typed = {
        "q": "3-2-1201",
        "reporter_phone": "13800001234",
        "summary": "漏水",
        "description": "\n厨房\n",
        "wish": " ",
    }
    answer = client.post(reverse("desk:intake"), {**chosen, **typed})
    assert answer.context["words"] == ["3-2-1201", "13800001234", "漏水", "\n厨房\n"]
    assert not IntakeDraft.objects.exists()


@pytest.mark.parametrize(
    ("name", "secrets"),
    [
        ("account_change_password", {"oldpassword": "s3cret-1", "password1": "s3cret-2", "password2": "s3cret-3"}),
        ("account_reauthenticate", {"password": "s3cret-4"}),
        ("core:unlock", {"password": "s3cret-5", "sent.password": "s3cret-6", "username": "chen"}),
        ("admin:index", {"id_password": "s3cret-7", "Password": "s3cret-8"}),
    ],
)
def test_no_secret_comes_back(client, name, secrets):
    address = reverse(name)
    assert client.post(address, secrets).status_code == 302, "nothing but secrets: nothing to show"
    answer = client.post(address, {**secrets, "note": "这是写的字"})
    assert answer.context["words"] == ["这是写的字"]
    assert "s3cret" not in answer.text


def test_words_that_waited_at_the_lock_come_back_too(client, zhou):
    data = {"password": factories.PASSWORD, "next": reverse("core:roster"), "sent.name": "国庆", "sent.version": "3"}
    answer = client.post(reverse("core:unlock"), data)
    assert answer.context["words"] == ["国庆"]
    assert sign_in_with(reverse("core:roster")) in answer.text


def test_who_sent_a_photo_hears_that_it_has_to_be_chosen_again(client, taken_case):
    photo = SimpleUploadedFile("a.jpg", b"x", "image/jpeg")
    answer = client.post(reverse("complaints:job_finish", args=[taken_case.number]), {"photo1": photo})
    assert answer.status_code == 401
    assert "照片" in answer.text


def test_a_step_without_words_leads_to_sign_in_and_back_to_its_page(client):
    answer = client.post(reverse("core:read_inbox"), headers={"Referer": "http://testserver/inbox/"})
    assert (answer.status_code, answer["Location"]) == (302, f"{reverse('account_login')}?next=/inbox/")


def test_a_session_that_has_grown_old_gives_the_words_back_too(client, zhou, clock):
    client.post(reverse("account_login"), {"login": "zhou", "password": factories.PASSWORD})
    clock.shift(timedelta(hours=11, minutes=50))
    # Opening the lock keeps the row of the session, not the twelve hours.
    client.post(reverse("core:unlock"), {"password": factories.PASSWORD})
    clock.shift(timedelta(minutes=11))
    answer = client.post(reverse("core:roster"), {"starts_at": "2025-09-15T18:00"})
    assert (answer.status_code, answer.context["words"]) == (401, ["2025-09-15T18:00"])
    assert "_auth_user_id" not in client.session


def test_a_script_is_told_by_a_header(client, taken_case):
    answer = client.post(reverse("complaints:presence", args=[taken_case.number]), {"state": "viewing"}, headers=HTMX)
    assert (answer.status_code, answer["HX-Trigger"], answer.content) == (401, "ended", b"")


def test_nothing_is_kept_of_what_was_sent(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.post(reverse("core:roster"), {"starts_at": "2025-09-15T18:00"}).status_code == 401
    assert not Session.objects.exists()


def test_a_page_hears_whether_its_session_is_alive(client, chen):
    address = reverse("core:alive")
    gone = client.get(address)
    assert (gone.status_code, gone["HX-Trigger"], gone["Cache-Control"]) == (401, "ended", "no-store")
    client.force_login(chen)
    answer = client.get(address)
    assert (answer.status_code, answer.content, answer["Cache-Control"]) == (204, b"", "no-store")
    client.post(reverse("core:lock"))
    assert client.get(address).status_code == 401
    assert client.get(address, headers=HTMX)["HX-Trigger"] == "locked"


def test_the_token_that_comes_with_it_is_good_for_a_form(chen):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(chen)
    token = client.get(reverse("core:alive"))["X-CSRFToken"]
    assert client.post(reverse("core:read_inbox"), headers={"X-CSRFToken": token}).status_code == 302


def test_the_question_is_cheap_and_no_sign_of_life(client, chen, clock, django_assert_num_queries):
    client.force_login(chen)
    client.get(reverse("core:alive"))
    # The session, the person, and the roles by which the lock falls sooner or later.
    with django_assert_num_queries(3):
        assert client.get(reverse("core:alive"), headers=BACKGROUND).status_code == 204
    for _ in range(6):
        clock.shift(timedelta(minutes=6))
        answer = client.get(reverse("core:alive"), headers=BACKGROUND)
    assert answer.status_code == 401


def test_an_old_session_is_dead_for_the_question_too(client, zhou, clock):
    client.post(reverse("account_login"), {"login": "zhou", "password": factories.PASSWORD})
    clock.shift(timedelta(hours=11, minutes=50))
    client.post(reverse("core:unlock"), {"password": factories.PASSWORD})
    clock.shift(timedelta(minutes=11))
    assert client.get(reverse("core:alive"))["HX-Trigger"] == "ended"
