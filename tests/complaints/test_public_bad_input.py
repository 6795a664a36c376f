"""What bad input gets on the residents' side: a clear sentence, nothing lost, never a 500."""

import html
import time
import uuid
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext

from complaints import actions
from complaints.models import Case, Category, Draft
from servicedesk.core import tokens
from servicedesk.core.models import Community, Photo
from tests import factories
from tests.complaints.residents import CONTACT, MATTER, begin, bomb, fill, page, picture, send

SCRIPTS = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "html": b"<!DOCTYPE html><script>alert(1)</script>",
    "php": b"\xff\xd8\xff\xe0<?php system($_GET['c']); ?>",
    "gif": b"GIF89a/*\x01\x00*/=1;alert(1)",
    "zip": b"PK\x03\x04" + b"\0" * 60,
    "pdf": b"%PDF-1.7 /JS (app.alert(1))",
    "empty": b"",
}
PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7|add:7 }}{% debug %}",
    "</textarea><script>alert(1)</script>",
    "'-alert(1)-'",
    "<a href='javascript:alert(1)'>x</a>",
]


class Live(HTMLParser):
    """Collects what a browser would run of a page: scripts without our address, on… attributes, javascript: links."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        facts = {name: value or "" for name, value in attrs}
        if tag == "script" and not facts.get("src", "").startswith("/static/"):
            self.found.append(tag)
        self.found += [name for name in facts if name.startswith("on")]
        self.found += [name for name in ("href", "src", "action") if "javascript:" in facts.get(name, "")]


def live(response):
    parser = Live()
    parser.feed(response.content.decode())
    return parser.found


def shown(response):
    """The words of a page as a reader sees them."""
    return html.unescape(response.content.decode())


@pytest.mark.parametrize(
    "phone", ["call me", "1380000123O", "٣٤٥٦٧٨", "12", "1" * 21, "138-0000-1234 ext 5", "+", "", "　"]
)
def test_a_telephone_that_is_none_is_a_sentence_and_the_rest_is_kept(client, yunhu, phone):
    address = page(fill(client, yunhu), 3)
    response = client.post(address, CONTACT | {"phone": phone})
    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {"phone"}
    assert 'id="error-summary"' in response.content.decode()
    assert "林晓梅" in response.content.decode()


@pytest.mark.parametrize(
    "phone", ["138 0000 1234", "１３８００００１２３４", "(138)0000-1234", "+8613800001234", "8888 0000"]
)
def test_a_telephone_is_read_in_the_usual_ways_of_writing_it(client, yunhu, phone):
    send(client, yunhu, contact=CONTACT | {"phone": phone})
    assert Case.objects.get().reporter_phone.lstrip("+").isdigit()


@pytest.mark.parametrize(("step", "box"), [(2, "summary"), (2, "description"), (3, "name"), (3, "room")])
def test_ten_thousand_characters_are_refused_with_a_sentence_and_given_back(client, yunhu, step, box):
    address = page(fill(client, yunhu), step)
    words = {2: MATTER, 3: CONTACT}[step] | {box: "漏" * 10_000}
    response = client.post(address, words)
    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {box}
    assert "漏" * 10_000 in response.content.decode()


def test_ten_thousand_characters_on_the_tracking_page_are_given_back(client, yunhu, taken_case):
    url = reverse("complaints:track_note", args=[actions.first_token(taken_case)])
    response = client.post(url, {"note": "漏" * 10_000})
    assert response.status_code == 422
    assert "漏" * 10_000 in response.content.decode()


def test_nul_and_control_characters_are_dropped_and_the_words_stay(client, yunhu):
    send(
        client,
        yunhu,
        matter={"summary": "漏\x00水\x07了", "description": "\x00"},
        contact=CONTACT | {"name": "林\x00晓梅"},
    )
    case = Case.objects.get()
    assert (case.summary, case.description, case.reporter_name) == ("漏水了", "", "林晓梅")


def surrogates(client, address, boxes, photo=""):
    """POST a form in an encoding that smuggles lone surrogates past the decoding of the request."""
    lines = []
    for name, value in boxes.items():
        lines += ["--b", f'Content-Disposition: form-data; name="{name}"', "", value]
    if photo:
        lines += ["--b", f'Content-Disposition: form-data; name="photo1"; filename="{photo}"', "", "not a photo"]
    body = "\r\n".join([*lines, "--b--", ""]).encode("raw_unicode_escape", "surrogatepass")
    return client.post(address, body, content_type="multipart/form-data; boundary=b; charset=raw_unicode_escape")


@pytest.mark.parametrize("bad", ["\\ud800", "\\udfff", "\\u0000", "\\uffff"])
def test_lone_surrogates_are_dropped_and_the_words_stay(client, yunhu, bad):
    address = fill(client, yunhu)
    assert surrogates(client, page(address, 2), {"summary": f"pipe{bad} leaks"}).status_code == 303
    assert (
        surrogates(
            client, page(address, 3), {"name": f"Li{bad}n", "phone": "13800001234", "room": "3-2-1201"}
        ).status_code
        == 303
    )
    assert client.post(address).status_code == 303
    case = Case.objects.get()
    assert (case.summary, case.reporter_name) == ("pipe leaks", "Lin")


def test_a_page_with_lone_surrogates_in_words_and_file_names_can_be_shown_again(client, yunhu):
    address = page(fill(client, yunhu), 2)
    response = surrogates(client, address, {"summary": "", "description": "\\ud800 why"}, photo="\\udc00.jpg")
    assert response.status_code == 422
    assert "why" in response.content.decode()
    assert surrogates(client, address, {"summary": "\\ud800", "_switch": "elder"}).status_code == 303


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_photo_that_is_a_script_is_named_in_a_sentence_and_never_kept(client, yunhu, settings, kind):
    address = page(fill(client, yunhu), 2)
    upload = SimpleUploadedFile(f"leak.{kind}.jpg", SCRIPTS[kind], "image/jpeg")
    response = client.post(address, MATTER | {"summary": "还在漏", "photo1": upload, "photo2": picture()})
    assert response.status_code == 422
    assert f"leak.{kind}.jpg" in shown(response)
    assert "还在漏" in response.content.decode()
    assert len(Draft.objects.get().photos) == 1
    assert len(list(Path(settings.MEDIA_ROOT).rglob("*.*"))) == 1


def test_what_hangs_behind_a_photo_is_gone(client, yunhu, settings):
    real = picture().read()
    upload = SimpleUploadedFile("x.jpg", real + b"<script>alert(1)</script>", "image/jpeg")
    client.post(page(fill(client, yunhu), 2), MATTER | {"photo1": upload})
    (stored,) = Path(settings.MEDIA_ROOT).rglob("*.jpg")
    assert b"script" not in stored.read_bytes()


def test_a_png_of_twenty_thousand_by_twenty_thousand_is_refused_unread(client, yunhu):
    assert len(bomb()) < 60_000
    address = page(fill(client, yunhu), 2)
    began = time.perf_counter()
    response = client.post(address, MATTER | {"photo1": SimpleUploadedFile("huge.png", bomb(), "image/png")})
    assert time.perf_counter() - began < 1
    assert response.status_code == 422
    assert "huge.png" in shown(response)
    assert Draft.objects.get().photos == []


def test_a_photo_over_ten_megabytes_names_the_file_and_the_limit(client, yunhu, settings):
    settings.PHOTO_MAX_BYTES = 500
    address = page(fill(client, yunhu), 2)
    big = picture("big.jpg", size=(400, 300))
    response = client.post(address, MATTER | {"photo1": big})
    assert response.status_code == 422
    assert "big.jpg" in shown(response) and "10 MB" in shown(response)


def test_a_fifth_photo_is_named_and_the_first_four_are_kept(client, yunhu):
    address = page(fill(client, yunhu), 2)
    files = {f"photo{n}": picture(f"p{n}.jpg") for n in range(1, 6)}
    response = client.post(address, MATTER | files)
    assert response.status_code == 422
    assert "p5.jpg" in shown(response)
    assert len(Draft.objects.get().photos) == 4
    again = client.post(address, MATTER | {"photo1": picture("late.jpg")})
    assert again.status_code == 422
    assert "late.jpg" in shown(again)
    assert client.post(address, MATTER).status_code == 303
    client.post(page(address, 4))
    assert Photo.objects.about(Case.objects.get()).count() == 4


def test_five_photos_in_one_box_are_five_photos(client, yunhu):
    address = page(fill(client, yunhu), 2)
    response = client.post(address, MATTER | {"photo1": [picture(f"p{n}.jpg") for n in range(1, 6)]})
    assert response.status_code == 422
    assert len(Draft.objects.get().photos) == 4


def test_the_fifth_photo_at_the_same_moment_leaves_no_file(yunhu, settings):
    from servicedesk.core import photos
    from servicedesk.core.errors import Refused

    draft = actions.start_draft(yunhu, key=uuid.uuid4(), now=factories.MONDAY)
    shot = photos.reencode(picture())
    for _n in range(4):
        actions.keep_photo(draft, shot, photos.store(shot), now=factories.MONDAY)
    with pytest.raises(Refused):
        actions.keep_photo(draft, shot, photos.store(shot), now=factories.MONDAY)
    assert len(list(Path(settings.MEDIA_ROOT).rglob("*.jpg"))) == 4


def test_a_lost_photo_file_does_not_stop_a_request(client, yunhu, settings):
    address = fill(client, yunhu)
    client.post(page(address, 2), MATTER | {"photo1": picture()})
    for file in Path(settings.MEDIA_ROOT).rglob("*.jpg"):
        file.unlink()
    assert client.post(address).status_code == 303
    assert Case.objects.count() == 1


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_an_unknown_form_is_a_page_with_a_way_on(client, yunhu, step):
    for response in (
        client.get(reverse("complaints:report_step", args=[uuid.uuid4(), step])),
        client.post(reverse("complaints:report_step", args=[uuid.uuid4(), step]), MATTER),
    ):
        assert response.status_code == 404
        assert reverse("complaints:public") in response.content.decode()
    assert not Draft.objects.exists()


@pytest.mark.parametrize("step", [0, 5, 99])
def test_there_are_four_pages(client, yunhu, step):
    assert client.get(page(begin(client, yunhu), 1).replace("/1/", f"/{step}/")).status_code == 404


def test_a_forged_holder_cookie_opens_nothing(client, yunhu):
    owner = Client()
    address = fill(owner, yunhu)
    client.cookies["forms"] = owner.cookies["forms"].value[:-3] + "abc"
    assert client.get(address).status_code == 404


def test_a_category_of_another_community_is_refused(client, yunhu, other):
    foreign = Category.objects.get(community=other, code="indoor")
    address = begin(client, yunhu)
    response = client.post(address, {"scope": "home", "category": foreign.pk})
    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {"category"}


@pytest.mark.parametrize("value", ["", "0", "abc", "99999999999999999999", "-1", "1.5"])
def test_a_category_that_is_none_is_refused(client, yunhu, value):
    response = client.post(begin(client, yunhu), {"scope": "home", "category": value})
    assert response.status_code == 422


def test_a_category_that_is_not_offered_on_the_web_or_is_out_of_use_is_refused(client, yunhu):
    for fact in ("is_public", "is_active"):
        Category.objects.filter(code="mail").update(is_public=True, is_active=True)
        address = begin(client, yunhu)
        Category.objects.filter(code="mail").update(**{fact: False})
        pk = Category.objects.get(code="mail").pk
        assert client.post(address, {"scope": "home", "category": pk}).status_code == 422


def test_a_category_of_the_common_parts_is_not_for_a_home(client, yunhu):
    Category.objects.filter(code="facilities").update(scope="common")
    pk = Category.objects.get(code="facilities").pk
    response = client.post(begin(client, yunhu), {"scope": "home", "category": pk})
    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {"category"}


def test_a_category_taken_out_of_use_meanwhile_leads_back_to_its_page_with_all_kept(client, yunhu):
    address = fill(client, yunhu)
    Category.objects.filter(code="indoor").update(is_active=False)
    assert client.post(address).url == page(address, 1)
    assert not Case.objects.exists()
    assert Draft.objects.get().answers["summary"] == MATTER["summary"]


def test_a_community_that_takes_no_requests_says_whom_to_call(client, yunhu):
    address = fill(client, yunhu)
    Community.objects.update(is_public=False)
    assert client.get(reverse("complaints:public"), {"c": "YH"}).status_code == 404
    assert client.get(reverse("complaints:public")).status_code == 404
    for response in (client.get(address), client.post(address)):
        assert response.status_code == 409
        assert "8888 0000" in response.content.decode()
    assert Draft.objects.count() == 1
    assert client.get(reverse("complaints:home_public")).status_code == 200


@pytest.mark.parametrize("code", ["XX", "yh ", "\x00", "<b>", "YH" * 500])
def test_an_unknown_community_is_a_page_and_not_an_error(client, yunhu, code):
    assert client.get(reverse("complaints:public"), {"c": code}).status_code == 404


@pytest.mark.parametrize(
    ("number", "code"), [("", ""), ("x" * 61, "y"), ("BX250915-0001", "\x00"), ("\x00", "漏" * 30)]
)
def test_a_number_or_code_of_the_wrong_kind_is_a_sentence(client, yunhu, number, code):
    response = client.post(reverse("complaints:track_by_code"), {"number": number, "code": code})
    assert response.status_code == 422


def test_a_hundred_guesses_find_nothing(web_case):
    """A case gets five tries in fifteen minutes, from wherever: of all guesses only five are looked up."""
    url, statuses = reverse("complaints:track_by_code"), []
    for n in range(100):
        guesser = Client(REMOTE_ADDR=f"10.3.1.{n}")
        code = f"{n:05}-{n:05}"
        statuses.append(guesser.post(url, {"number": web_case.short_number, "code": code}).status_code)
    assert statuses[:5] == [422] * 5
    assert set(statuses[5:]) == {429}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_script_in_any_box_is_shown_as_text_and_run_nowhere(client, yunhu, payload):
    address = fill(
        client,
        yunhu,
        matter={"summary": payload, "description": payload},
        contact={"room": payload[:60], "phone": "13800001234", "name": payload[:60]},
    )
    pages = [client.get(page(address, step)) for step in range(1, 5)]
    pages.append(client.post(page(address, 3), {"room": payload, "name": payload, "phone": payload}))
    url = client.post(address).url
    client.post(f"{url}note/", {"note": payload})
    pages += [client.get(url), client.get(f"{url}print/"), client.post(f"{url}note/", {"note": payload * 300})]
    pages.append(client.post(reverse("complaints:track_by_code"), {"number": payload, "code": payload}))
    for response in pages:
        assert live(response) == []


def test_the_check_for_scripts_bites():
    """The control of the test above."""
    for payload in ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>"):
        assert live(HttpResponse(payload))


def test_a_script_in_the_name_of_a_photo_is_shown_as_text(client, yunhu):
    upload = SimpleUploadedFile("<img src=x onerror=alert(1)>.jpg", b"no photo", "image/jpeg")
    response = client.post(page(fill(client, yunhu), 2), MATTER | {"photo1": upload})
    assert response.status_code == 422
    assert "<img src=x" not in response.content.decode()


def test_extra_fields_change_nothing(client, yunhu):
    """No field of the row can be set from outside but those that the form asks for (T13)."""
    names = {field.name: "1" for field in Case._meta.get_fields() if hasattr(field, "attname")}
    send(client, yunhu, matter=names | MATTER, contact=names | CONTACT)
    case = Case.objects.get()
    assert (case.status, case.level, case.severity, case.urgency, case.validity) == (
        "received",
        1,
        "general",
        "ordinary",
        "undecided",
    )
    assert case.void_reason == case.remedy == case.letter_no == ""


def test_a_form_without_its_guard_against_forgery_is_refused(yunhu):
    client = Client(enforce_csrf_checks=True)
    address = begin(client, yunhu)
    assert client.post(address, {"scope": "home"}).status_code == 403


def test_the_link_of_a_case_cannot_be_guessed_from_its_number(client, web_case):
    for guess in (web_case.number, web_case.short_number, str(web_case.pk), tokens.digest(web_case.number)):
        assert client.get(reverse("complaints:track", args=[guess])).status_code == 404
    assert (
        gettext("Submitted")
        not in client.get(reverse("complaints:track", args=[web_case.token_digest])).content.decode()
    )
