"""Following a request: by the link, by number and code, and what a resident can do there."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from complaints import actions, following
from complaints.models import Case, Status
from servicedesk.core import tokens
from servicedesk.core.models import Event, Notification, Photo
from tests import factories
from tests.complaints.residents import picture
from tests.counting import pinned
from tests.factories import MONDAY, at, fresh


@pytest.fixture(autouse=True)
def monday(time_machine):
    """Every page here is read on Monday at ten, unless a test says otherwise."""
    time_machine.move_to(MONDAY + timedelta(hours=1), tick=False)
    return time_machine


def token_of(case):
    return actions.first_token(case)


def url_of(case, part=""):
    name = f"complaints:track_{part}" if part else "complaints:track"
    return reverse(name, args=[token_of(case)])


def code_of(case):
    return tokens.code_of(token_of(case))


def replied(case, chen):
    actions.reply(case, channel="phone", text="接头已更换", person_told="林女士", by=chen, now=MONDAY)
    return fresh(case)


def archived(case, chen, now=MONDAY):
    case = replied(case, chen)
    actions.archive(case, by=chen, now=now)
    return fresh(case)


def open_by_code(client, number, code):
    return client.post(reverse("complaints:track_by_code"), {"number": number, "code": code})


def test_the_page_shows_the_five_steps_and_where_the_case_stands(client, case_in_hand):
    response = client.get(url_of(case_in_hand))
    assert [stage.state for stage in response.context["stages"]] == ["done", "done", "current", "todo", "todo"]
    assert all(stage.at for stage in response.context["stages"][:3])
    assert response.content.decode().count('aria-current="step"') == 1


def test_the_promised_time_is_shown_with_how_it_was_counted(client, web_case):
    response = client.get(url_of(web_case))
    assert response.context["due_at"] == web_case.due_at
    due = web_case.community.local(web_case.due_at)
    assert due.isoformat(timespec="minutes") in response.content.decode()
    for sentence in web_case.why("resident"):
        assert sentence in response.content.decode()


def test_a_late_case_promises_nothing_it_has_broken(client, web_case, monday):
    monday.move_to(web_case.due_at + timedelta(minutes=1))
    page = client.get(url_of(web_case))
    assert page.context["due_at"] is None


def test_a_late_case_still_says_what_was_promised_and_how_that_was_counted(client, web_case, monday):
    monday.move_to(web_case.due_at + timedelta(minutes=1))
    page = client.get(url_of(web_case)).content.decode()
    assert web_case.community.local(web_case.due_at).isoformat(timespec="minutes") in page
    for sentence in web_case.why("resident"):
        assert sentence in page


def test_the_next_update_is_what_the_desk_has_promised(client, taken_case, chen):
    actions.set_follow_up(taken_case, at=at("2025-09-15 15:00"), by=chen, now=MONDAY)
    assert "09-15 15:00" in client.get(url_of(taken_case)).context["next_update"]


def test_every_state_of_a_case_says_what_comes_next(web_case, chen, liu):
    said = set()
    now = MONDAY + timedelta(hours=1)
    for status in Status:
        web_case.status = status
        web_case.reply_due_at = now + timedelta(days=1)
        web_case.replied_at = now if status in (Status.REPLIED, Status.ARCHIVED) else None
        said.add(following.next_update(web_case, now))
        assert following.next_update(web_case, now)
    assert len(said) >= 5


def test_what_happened_is_told_without_what_is_not_the_residents(client, handed_case, chen, liu):
    actions.add_note(handed_case, by=chen, now=MONDAY, note="业主脾气大")
    actions.add_note(fresh(handed_case), by=chen, now=MONDAY, note="师傅下午三点到", public=True)
    body = client.get(url_of(handed_case)).content.decode()
    assert "师傅下午三点到" in body
    assert "业主脾气大" not in body
    assert "工程部" in body


def test_the_page_holds_no_full_name_and_no_telephone_of_the_resident_and_no_given_name_of_staff(
    client, resolved_case, chen, liu
):
    actions.add_note(
        resolved_case, by=chen, now=MONDAY, note="林晓梅您好,陈静已转刘强,电话13800001234或13900005678", public=True
    )
    for part in ("", "print"):
        body = client.get(url_of(resolved_case, part)).content.decode()
        for secret in ("林晓梅", "13800001234", "13900005678", "陈静", "刘强", "晓梅", "周敏"):
            assert secret not in body, secret
        assert "林**" in body
    assert "陈" in client.get(url_of(resolved_case)).content.decode()


def test_a_room_known_to_the_desk_is_shown_masked(client, yunhu, office, home, chen):
    case = factories.case(yunhu, by=chen, unit=home)
    body = client.get(url_of(case)).content.decode()
    assert "3-2-12**" in body
    assert "3-2-1201" not in body


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("3-2-1201", "3-2-12**"),
        ("3栋2单元1201室", "3栋2单元12**室"),
        ("大堂", "大堂"),
        ("3 栋大堂", "3 栋**"),
        ("A5", "**"),
    ],
)
def test_a_typed_place_keeps_no_whole_room(yunhu, office, typed, shown):
    assert following.where(factories.case(yunhu, by=None, place=typed)) == shown


def test_the_page_leaks_its_address_nowhere_and_is_kept_nowhere(client, web_case):
    for part in ("", "print"):
        response = client.get(url_of(web_case, part))
        assert response["Cache-Control"] == "no-store"
        assert response["X-Robots-Tag"] == "noindex"
        assert response["Referrer-Policy"] == "strict-origin"
        assert not re.search(rb'(?:href|src|action)="https?://', response.content)


def test_unknown_wrong_and_expired_links_look_the_same(client, resolved_case, chen, monday):
    case = archived(resolved_case, chen)
    good, url = client.get(url_of(case)), url_of(case)
    assert good.status_code == 200
    monday.move_to(MONDAY + timedelta(days=90, minutes=1))
    pages = [
        client.get(address)
        for address in (url, reverse("complaints:track", args=["x" * 32]), reverse("complaints:track", args=["\x00"]))
    ]
    assert {page.status_code for page in pages} == {404}
    assert len({re.sub(rb'value="\w{64}"|"/t/[^"]*"', b"", page.content) for page in pages}) == 1
    assert b"88880000" in pages[0].content
    assert reverse("complaints:track_by_code").encode() in pages[0].content


def test_the_link_lives_ninety_days_after_archiving(client, resolved_case, chen, monday):
    case = archived(resolved_case, chen)
    monday.move_to(MONDAY + timedelta(days=90) - timedelta(minutes=1))
    assert client.get(url_of(case)).status_code == 200


def test_known_and_unknown_links_take_the_same_queries_until_the_case_is_known(
    client, web_case, django_assert_num_queries
):
    now = MONDAY
    for token in (token_of(web_case), "unknown"):
        with django_assert_num_queries(1):
            following.by_link(token, now)
    for number in (web_case.number, "YH-BX250915-9999"):
        with django_assert_num_queries(2):
            following.by_code(number, "00000-00000", now)


def test_a_new_slip_ends_the_old_link_and_code(client, taken_case, chen):
    old, old_code = url_of(taken_case), code_of(taken_case)
    assert open_by_code(client, taken_case.number, old_code).status_code == 303
    opened = reverse("complaints:followed", args=[taken_case.number])
    assert client.get(opened).status_code == 200
    actions.renew_code(taken_case, by=chen, now=MONDAY)
    assert client.get(old).status_code == 404
    assert client.get(opened).status_code == 404
    assert open_by_code(client, taken_case.number, old_code).status_code == 422


def wide(text):
    """Full-width letters and digits, as a Chinese input method writes them."""
    return "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in text)


WAYS_OF_TYPING = {
    "whole": lambda number, code: (number, code),
    "spoken": lambda number, code: (number.partition("-")[2], code.replace("-", "")),
    "small letters": lambda number, code: (number.lower(), code.lower()),
    "blanks": lambda number, code: (f" {number.partition('-')[2]} ".replace("-", "－"), code.replace("-", " ")),
    "full-width": lambda number, code: (wide(number), wide(code)),
    "look-alikes": lambda number, code: (
        number.partition("-")[2].replace("-", ""),
        code.replace("0", "O").replace("1", "I"),
    ),
}


@pytest.mark.parametrize("way", WAYS_OF_TYPING)
def test_number_and_code_are_read_as_people_type_them(client, web_case, way):
    response = open_by_code(client, *WAYS_OF_TYPING[way](web_case.number, code_of(web_case)))
    assert response.status_code == 303
    page = client.get(response.url)
    assert page.status_code == 200
    assert token_of(web_case) not in page.content.decode()


def test_what_the_code_opened_is_open_for_that_browser_and_that_case_only(client, yunhu, web_case):
    other = factories.case(yunhu, by=None)
    opened = open_by_code(client, web_case.number, code_of(web_case)).url
    assert client.get(opened).status_code == 200
    assert Client().get(opened).status_code == 404
    assert client.get(reverse("complaints:followed", args=[other.number])).status_code == 404


def test_a_wrong_code_an_unknown_number_and_an_ended_case_get_the_same_answer(client, resolved_case, chen, monday):
    case = archived(resolved_case, chen)
    number, code = case.number, code_of(case)
    monday.move_to(MONDAY + timedelta(days=91))
    wrong = "00000-00000"
    answers = [
        open_by_code(Client(REMOTE_ADDR=f"10.0.0.{n}"), *pair)
        for n, pair in enumerate([(number, code), (number, wrong), ("YH-BX250915-9999", wrong)])
    ]
    assert {answer.status_code for answer in answers} == {422}
    bodies = {re.sub(r'value="[^"]*"', "", answer.content.decode()) for answer in answers}
    assert len(bodies) == 1


def test_five_tries_in_fifteen_minutes_for_an_address(client, web_case, monday):
    for n in range(5):
        assert open_by_code(client, f"YH-BX250915-9{n:03}", "00000-00000").status_code == 422
    assert open_by_code(client, web_case.number, code_of(web_case)).status_code == 429
    elsewhere = Client(REMOTE_ADDR="10.0.0.9")
    assert open_by_code(elsewhere, web_case.number, code_of(web_case)).status_code == 303
    monday.shift(timedelta(minutes=15, seconds=1))
    assert open_by_code(client, web_case.number, code_of(web_case)).status_code == 303


def test_five_tries_in_fifteen_minutes_for_a_case_from_wherever_and_however_written(web_case):
    numbers = [web_case.number, web_case.short_number, web_case.number.lower(), web_case.short_number, web_case.number]
    for n, number in enumerate(numbers):
        assert open_by_code(Client(REMOTE_ADDR=f"10.0.1.{n}"), number, "00000-00000").status_code == 422
    late = Client(REMOTE_ADDR="10.0.1.99")
    assert open_by_code(late, web_case.number, code_of(web_case)).status_code == 429


@pytest.mark.django_db
def test_a_number_that_does_not_exist_is_locked_just_like_one_that_does():
    answers = [
        open_by_code(Client(REMOTE_ADDR=f"10.0.2.{n}"), "YH-BX250915-0404", "00000-00000").status_code for n in range(6)
    ]
    assert answers == [422] * 5 + [429]


def test_a_right_code_does_not_use_up_tries(client, web_case):
    for _time in range(8):
        assert open_by_code(client, web_case.number, code_of(web_case)).status_code == 303


def test_a_note_reaches_the_history_and_who_answers_the_resident(client, taken_case, chen):
    response = client.post(url_of(taken_case, "note"), {"note": "水又大了"})
    assert response.url == url_of(taken_case)
    assert Event.objects.get(verb="resident_noted").note == "水又大了"
    assert Notification.objects.filter(kind="resident_noted", recipient=chen).count() == 1
    assert "水又大了" in client.get(response.url).content.decode()


def test_the_same_note_sent_twice_is_said_once(client, taken_case):
    for _time in range(2):
        assert client.post(url_of(taken_case, "note"), {"note": "水又大了"}).status_code == 303
    assert Event.objects.filter(verb="resident_noted").count() == 1


def test_photos_are_added_and_shown_to_who_has_the_link(client, taken_case):
    files = {f"photo{n}": picture(f"{n}.jpg") for n in range(1, 5)}
    assert client.post(url_of(taken_case, "note"), {"note": "", **files}).status_code == 303
    names = list(Photo.objects.about(taken_case).values_list("name", flat=True))
    assert len(names) == 4
    url = reverse("complaints:track_photo", args=[token_of(taken_case), names[0]])
    assert url in client.get(url_of(taken_case)).content.decode()
    shown = client.get(url)
    assert shown["Content-Type"] == "image/jpeg"
    assert "sandbox" in shown["Content-Security-Policy"]


def test_a_photo_of_the_workshop_is_not_the_residents(client, case_in_hand, liu):
    from servicedesk.core import photos

    shot = photos.reencode(picture())
    actions.add_photos(case_in_hand, by=liu, now=MONDAY, pictures=[(shot, photos.store(shot))])
    name = Photo.objects.about(case_in_hand).get().name
    assert client.get(reverse("complaints:track_photo", args=[token_of(case_in_hand), name])).status_code == 404


def test_a_photo_of_another_case_is_not_behind_this_link(client, yunhu, taken_case, chen):
    other = factories.case(yunhu, by=chen)
    client.post(url_of(other, "note"), {"photo1": picture()})
    name = Photo.objects.about(other).get().name
    assert client.get(reverse("complaints:track_photo", args=[token_of(taken_case), name])).status_code == 404


def test_an_empty_addition_is_a_sentence_and_no_event(client, taken_case):
    assert client.post(url_of(taken_case, "note"), {"note": "  "}).status_code == 422
    assert not Event.objects.filter(verb="resident_noted").exists()


def test_a_link_that_got_about_cannot_fill_the_disk(client, taken_case, monkeypatch):
    monkeypatch.setattr("complaints.views.tracking.MOST_PHOTOS_OF_A_CASE", 3)
    files = {f"photo{n}": picture() for n in range(1, 4)}
    assert client.post(url_of(taken_case, "note"), files).status_code == 303
    assert client.post(url_of(taken_case, "note"), {"photo1": picture()}).status_code == 422
    assert Photo.objects.about(taken_case).count() == 3


def test_urging_is_told_once_in_four_hours_and_the_page_says_when_again(client, taken_case, chen, monday):
    url = url_of(taken_case, "urge")
    assert client.post(url).status_code == 303
    assert Notification.objects.filter(kind="case_urged", recipient=chen).count() == 1
    assert url not in client.get(url_of(taken_case)).content.decode()
    again = client.post(url)
    assert again.status_code == 409
    assert "14:00" in again.content.decode()
    assert Event.objects.filter(verb="resident_urged").count() == 1
    monday.shift(timedelta(hours=4))
    assert client.post(url).status_code == 303
    assert fresh(taken_case).urges == 2


def test_the_resident_reopens_what_was_answered_and_gets_a_new_time(client, resolved_case, chen):
    case = replied(resolved_case, chen)
    url = url_of(case, "reopen")
    assert url in client.get(url_of(case)).content.decode()
    assert client.post(url, {"note": "还在漏"}).status_code == 303
    after = fresh(case)
    assert (after.status, after.cycle) == (Status.TAKEN, 2)
    assert after.due_at > case.due_at - timedelta(days=1)
    assert Event.objects.get(verb="reopened").note == "还在漏"
    page = client.get(url_of(case))
    assert page.context["due_at"] == after.due_at
    assert [stage.state for stage in page.context["stages"]][1] == "current"


def test_an_archived_case_is_reopened_within_seven_days_only(client, resolved_case, chen, monday):
    case = archived(resolved_case, chen)
    monday.move_to(MONDAY + timedelta(days=7, minutes=1))
    url = url_of(case, "reopen")
    assert url not in client.get(url_of(case)).content.decode()
    refused = client.post(url, {"note": "还在漏"})
    assert refused.status_code == 409
    assert "还在漏" in refused.content.decode()
    assert fresh(case).status == Status.ARCHIVED
    monday.move_to(MONDAY + timedelta(days=7) - timedelta(minutes=1))
    assert client.post(url, {"note": "还在漏"}).status_code == 303


def test_work_that_is_only_done_is_not_reopened_before_the_answer(client, resolved_case):
    assert client.post(url_of(resolved_case, "reopen"), {"note": "还在漏"}).status_code == 409
    assert fresh(resolved_case).status == Status.RESOLVED


def test_a_voided_case_says_to_call_and_takes_nothing_more(client, taken_case, chen, zhou):
    actions.ask_void(taken_case, by=chen, now=MONDAY, reason="重复")
    actions.confirm_void(fresh(taken_case), by=zhou, now=MONDAY)
    page = client.get(url_of(taken_case))
    assert page.status_code == 200
    assert page.context["stage"] is None
    assert "8888 0000" in page.content.decode()
    assert "重复" not in page.content.decode()
    refused = client.post(url_of(taken_case, "note"), {"note": "为什么?"})
    assert refused.status_code == 409
    assert "为什么?" in refused.content.decode()


def test_somebody_faster_costs_the_resident_no_words(client, taken_case, chen, monkeypatch):
    real = actions.add_resident_note

    def beaten(case, **facts):
        actions.add_note(Case.objects.get(pk=case.pk), by=chen, now=MONDAY, note="同时")
        real(case, **facts)

    monkeypatch.setattr(actions, "add_resident_note", beaten)
    response = client.post(url_of(taken_case, "note"), {"note": "水又大了"})
    assert response.status_code == 409
    assert "水又大了" in response.content.decode()


def test_a_change_of_language_after_a_refused_button_leads_back_to_the_page(client, taken_case):
    for part in ("note", "urge", "reopen"):
        assert client.get(url_of(taken_case, part)).url == url_of(taken_case)


def test_only_a_page_that_was_asked_for_loads_itself_anew(client, taken_case):
    assert b'data-refresh="60"' in client.get(url_of(taken_case)).content
    assert b"data-refresh" not in client.post(url_of(taken_case, "note"), {"note": ""}).content


def test_the_receipt_holds_number_code_and_time_on_one_sheet(client, web_case):
    body = client.get(url_of(web_case, "print")).content.decode()
    assert web_case.short_number in body
    assert code_of(web_case) in body
    assert body.count('class="sheet"') == 1


def test_the_page_reads_in_both_languages(client, case_in_hand):
    with translation.override("en"):
        response = client.get(url_of(case_in_hand), headers={"accept-language": "en"})
    assert response.status_code == 200


def test_the_tracking_page_takes_the_queries_that_are_pinned(client, case_in_hand):
    client.get(url_of(case_in_hand))
    with pinned("tracking page"):
        client.get(url_of(case_in_hand))
    with pinned("tracking page, unknown link"):
        client.get(reverse("complaints:track", args=["unknown"]))
