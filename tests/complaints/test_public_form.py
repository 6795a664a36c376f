"""The residents' request form: four pages, one case, nothing lost on the way."""

import gzip
import re
import threading
import uuid
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from complaints import actions
from complaints.budget import Budget
from complaints.models import Case, Channel, Draft, Status
from servicedesk.core import tokens
from servicedesk.core.models import Event, Photo
from tests import factories
from tests.complaints.residents import CONTACT, MATTER, begin, fill, key_of, page, picture, send
from tests.counting import pinned


@pytest.fixture
def files(settings):
    """The names of the stored photos."""
    root = Path(settings.MEDIA_ROOT)
    return lambda: sorted(path.name for path in root.rglob("*.jpg"))


def test_four_pages_make_one_case_with_its_deadline_and_lead_to_its_tracking_page(client, yunhu, home):
    url = send(client, yunhu)
    case = Case.objects.get()
    assert (case.channel, case.status, case.summary) == (Channel.WEB, Status.RECEIVED, "厨房水管漏水")
    assert (case.reporter_name, case.reporter_phone, case.place) == ("林晓梅", "13800001234", "3-2-1201")
    assert case.description == "从昨晚开始"
    assert case.due_at and case.explanation
    assert case.first_responsible is None
    assert tokens.digest(url.split("/")[2]) == case.token_digest
    assert client.get(url).status_code == 200


def test_the_time_for_a_visit_is_written_with_its_day_in_the_language_of_the_office(client, yunhu, time_machine):
    time_machine.move_to(factories.MONDAY)
    client.cookies["django_language"] = "en"
    send(client, yunhu, matter=MATTER | {"visit": "tomorrow"})
    assert "09-16" in Case.objects.get().wish


def test_a_room_that_answers_to_one_unit_is_linked_and_kept_as_typed(client, yunhu, home):
    send(client, yunhu, contact=CONTACT | {"room": "3栋2单元1201室"})
    case = Case.objects.get()
    assert case.unit == home
    assert case.place == "3栋2单元1201室"


def test_a_room_that_answers_to_two_units_or_to_none_is_left_to_the_desk(client, yunhu, home):
    factories.unit(yunhu, "5-1-1201")
    send(client, yunhu, contact=CONTACT | {"room": "1201"})
    assert Case.objects.get().unit is None


def test_a_room_of_another_community_is_never_linked(client, yunhu, other):
    factories.unit(other, "3-2-1201")
    send(client, yunhu)
    assert Case.objects.get().unit is None


def test_a_matter_in_the_common_parts_asks_for_the_place_and_for_no_room(client, yunhu):
    matter = {"place": "3 栋大堂", "summary": "灯不亮"}
    send(client, yunhu, category="facilities", scope="common", matter=matter, contact={"phone": "13800001234"})
    case = Case.objects.get()
    assert (case.place, case.unit, case.reporter_name) == ("3 栋大堂", None, "")


def test_opening_the_form_writes_nothing_until_the_first_answer(client, yunhu):
    address = begin(client, yunhu)
    assert client.get(address).status_code == 200
    assert not Draft.objects.exists()


def test_answers_are_kept_for_a_day_and_then_forgotten_with_their_photos(client, yunhu, files):
    address = page(fill(client, yunhu), 2)
    client.post(address, MATTER | {"photo1": picture()})
    assert len(files()) == 1
    draft = Draft.objects.get()
    assert actions.forget_drafts(now=draft.updated_at + factories.datetime.timedelta(hours=23)) == 0
    assert "厨房水管漏水" in client.get(page(address, 4)).content.decode()


@pytest.mark.django_db(transaction=True)
def test_after_a_day_answers_and_photos_are_gone(client, yunhu, files):
    address = page(fill(client, yunhu), 2)
    client.post(address, MATTER | {"photo1": picture()})
    draft = Draft.objects.get()
    assert actions.forget_drafts(now=draft.updated_at + factories.datetime.timedelta(hours=24, seconds=1)) == 1
    assert files() == []


def test_a_skipped_page_leads_back_to_the_first_open_one_and_keeps_what_was_sent(client, yunhu):
    address = begin(client, yunhu)
    response = client.post(page(address, 3), CONTACT)
    assert response.url == address
    assert Draft.objects.get().answers["phone"] == "138 0000 1234"
    assert client.get(page(address, 4)).url == address
    assert client.post(page(address, 4)).url == address
    assert not Case.objects.exists()


def test_a_change_leads_back_to_the_check_page(client, yunhu):
    address = fill(client, yunhu)
    response = client.post(page(address, 3), CONTACT | {"phone": "13900005678"})
    assert response.url == address
    assert "13900005678" in client.get(address).content.decode()


def test_another_place_asks_again_only_for_what_is_missing(client, yunhu):
    address = fill(client, yunhu, category="noise")
    category = Draft.objects.get().answers["category"]
    assert client.post(page(address, 1), {"scope": "common", "category": category}).url == page(address, 2)
    assert client.post(page(address, 2), {"place": "大堂", "summary": "灯不亮"}).url == address


@pytest.mark.parametrize(
    ("switch", "cookie", "value"),
    [("elder", "elder", "on"), ("standard", "elder", "off"), ("en", "django_language", "en")],
)
def test_a_switch_keeps_what_was_typed_even_where_it_is_not_right_yet(client, yunhu, switch, cookie, value):
    address = page(fill(client, yunhu), 3)
    response = client.post(address, {"phone": "not yet", "room": "3-2", "_switch": switch})
    assert response.url == address
    assert response.cookies[cookie].value == value
    assert 'value="not yet"' in client.get(address).content.decode()
    assert not Case.objects.exists()


def test_a_switch_on_the_check_page_sends_nothing(client, yunhu):
    address = fill(client, yunhu)
    assert client.post(address, {"_switch": "en"}).url == address
    assert not Case.objects.exists()


def test_enter_in_a_text_box_is_the_button_of_the_page_and_not_a_switch(client, yunhu):
    """The first button that belongs to a form is the one that Enter presses."""
    body = client.get(begin(client, yunhu)).content.decode()
    first = re.search(r'<button[^>]*form="answers"[^>]*>', body)[0]
    assert "_switch" not in first


def test_photos_go_with_the_case_and_no_original_is_kept(client, yunhu, files):
    address = fill(client, yunhu)
    client.post(page(address, 2), MATTER | {"photo1": picture(), "photo2": picture("hall.png", kind="PNG")})
    client.post(address)
    case = Case.objects.get()
    rows = list(Photo.objects.about(case))
    assert [row.is_public for row in rows] == [True, True]
    assert sorted(row.name for row in rows) == files()
    assert all(row.bytes > 0 and len(row.sha256) == 64 for row in rows)


def test_a_good_photo_survives_an_error_elsewhere_on_the_page(client, yunhu, files):
    address = page(fill(client, yunhu), 2)
    response = client.post(address, {"summary": "", "photo1": picture()})
    assert response.status_code == 422
    name = Draft.objects.get().photos[0]["name"]
    assert files() == [name]
    assert f'value="{name}"' in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_photo_taken_out_is_gone_and_the_words_stay(client, yunhu, files):
    address = page(fill(client, yunhu), 2)
    client.post(address, MATTER | {"photo1": picture()})
    name = Draft.objects.get().photos[0]["name"]
    client.post(address, {"summary": "还在写", "_drop": name})
    draft = Draft.objects.get()
    assert (draft.photos, draft.answers["summary"], files()) == ([], "还在写", [])


def test_a_photo_of_a_form_is_shown_to_its_holder_only(client, yunhu):
    address = page(fill(client, yunhu), 2)
    client.post(address, MATTER | {"photo1": picture()})
    draft = Draft.objects.get()
    url = reverse("complaints:report_photo", args=[draft.pk, draft.photos[0]["name"]])
    assert client.get(url)["Content-Type"] == "image/jpeg"
    assert Client().get(url).status_code == 404
    stored = factories.case(yunhu, by=None)
    assert client.get(reverse("complaints:report_photo", args=[draft.pk, f"{stored.pk}.jpg"])).status_code == 404


def test_a_form_whose_address_was_passed_on_shows_nothing_to_others(client, yunhu):
    address = fill(client, yunhu)
    passed_on = Client().get(address)
    assert passed_on.status_code == 404
    assert "13800001234" not in passed_on.content.decode()


def test_sent_twice_it_is_one_case_and_the_same_page(client, yunhu):
    address = fill(client, yunhu)
    first, second = client.post(address), client.post(address)
    assert first.url == second.url
    assert client.get(page(address, 2)).url == first.url
    assert Case.objects.count() == 1
    assert not Draft.objects.exists()


def _together(sends):
    """Run all of `sends` at the same moment, each with a connection of its own; return what they returned."""
    gate, results = threading.Barrier(len(sends)), []

    def run(send):
        try:
            gate.wait(timeout=20)
            results.append(send())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[send]) for send in sends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


@pytest.mark.django_db(transaction=True)
def test_sent_ten_times_at_once_it_is_one_case_and_the_same_page(client, yunhu):
    address = fill(client, yunhu)

    def sender():
        phone = Client()
        phone.cookies = client.cookies.copy()
        return phone.post(address).url

    urls = _together([sender] * 10)
    assert len(urls) == 10
    assert len(set(urls)) == 1
    assert Case.objects.count() == 1
    assert Event.objects.filter(verb="received").count() == 1
    assert not Event.objects.filter(verb="noted").exists()


@pytest.mark.django_db(transaction=True)
def test_without_the_key_of_the_form_ten_at_once_are_ten_cases(yunhu):
    """The control of the test above: it is the key that makes them one, not luck."""
    made = _together([lambda: factories.case(yunhu, by=None, submission=uuid.uuid4()).number] * 10)
    assert len(set(made)) == Case.objects.count() == 10


def _said(community, room, phone):
    """Return what the form and the tracking page say to this room and phone, without what is drawn by lot."""
    client = Client()
    address = fill(client, community, contact={"room": room, "phone": phone})
    check, sent = client.get(address), client.post(address)
    token = sent.url.split("/")[2]
    pages = [check.content.decode(), client.get(sent.url).content.decode()]
    lots = [key_of(address), token, tokens.code_of(token), Case.objects.latest("id").short_number]
    for lot, word in [*((lot, "LOT") for lot in lots), (room, "ROOM"), (f"{room[:-2]}**", "ROOM"), (phone, "PHONE")]:
        pages = [text.replace(lot, word) for text in pages]
    return [sent.status_code, *(re.sub(r'value="\w{64}"|<svg viewBox.*?</svg>', "", text) for text in pages)]


@pytest.mark.parametrize(("known", "unknown"), [("3-2-1201", "9-9-9901"), ("1201", "9901"), ("3-1201", "9-9901")])
def test_the_form_says_the_same_about_known_and_unknown_rooms_and_phones(yunhu, lin, time_machine, known, unknown):
    time_machine.move_to(factories.MONDAY, tick=False)
    assert _said(yunhu, known, "13800001234") == _said(yunhu, unknown, "13899999999")
    assert Case.objects.earliest("id").unit_id == lin.occupancies.get().unit_id
    assert Case.objects.latest("id").unit_id is None


def test_known_and_unknown_rooms_and_phones_take_the_same_queries(client, yunhu, lin):
    counts = []
    for contact in ({"room": "3-2-1201", "phone": "13800001234"}, {"room": "9-9-9901", "phone": "13899999999"}) * 2:
        address = fill(client, yunhu, contact=contact)
        with CaptureQueriesContext(connection) as captured:
            client.post(address)
        counts.append(len(captured))
    assert counts[2] == counts[3]


def test_the_room_that_is_shown_comes_from_what_was_typed_not_from_the_register(client, yunhu, home):
    body = client.get(send(client, yunhu, contact=CONTACT | {"room": "1201"})).content.decode()
    assert Case.objects.get().unit == home
    assert "3-2-12" not in body
    assert "12**" in body


def test_above_the_budget_of_an_address_a_request_is_kept_and_marked(client, yunhu, monkeypatch):
    monkeypatch.setattr("complaints.views.public.FROM_ADDRESS", Budget("few", most=3, seconds=600))
    for n in range(4):
        assert not Event.objects.filter(verb="noted").exists()
        send(client, yunhu, contact={"room": "3-2-1201", "phone": f"1380000{n:04}"})
    marked = Event.objects.get(verb="noted")
    assert Case.objects.count() == 4
    assert marked.data["doubt"] == "many"
    assert marked.subject_id == Case.objects.order_by("-id").first().pk
    assert not marked.is_public


def test_above_the_budget_of_a_telephone_a_request_is_kept_and_marked(client, yunhu):
    for _time in range(6):
        send(client, yunhu)
    assert Case.objects.count() == 6
    assert Event.objects.filter(verb="noted", data__doubt="many").count() == 1


def test_neither_telephone_nor_address_stands_in_the_cache(client, yunhu, monkeypatch):
    kept, add = [], cache.add
    monkeypatch.setattr(cache, "add", lambda key, *args: kept.append(key) or add(key, *args))
    send(client, yunhu)
    assert len(kept) == 2
    assert not any("13800001234" in key or "127.0.0.1" in key for key in kept)


def test_a_request_gets_through_while_the_cache_does_not_answer(client, yunhu, monkeypatch):
    def broken(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr(cache, "add", broken)
    send(client, yunhu)
    assert Case.objects.count() == 1


def test_a_filled_trap_marks_the_case_and_loses_nothing(client, yunhu):
    send(client, yunhu, contact=CONTACT | {"website": "http://spam.example"})
    assert Case.objects.count() == 1
    assert Event.objects.get(verb="noted").data["doubt"] == "trap"


def test_an_identity_number_is_pointed_out_and_stops_nothing(client, yunhu):
    address = fill(client, yunhu, matter=MATTER | {"description": "身份证 110101199003074578 登记"})
    plain = fill(client, yunhu)
    with_number, without = client.get(address), client.get(plain)
    assert with_number.context["has_identity_number"]
    assert not without.context["has_identity_number"]
    assert client.post(address).status_code == 303


def test_with_several_communities_the_visitor_chooses_and_each_keeps_its_own(client, yunhu, other):
    choice = client.get(reverse("complaints:public"))
    assert choice.status_code == 200
    assert "?c=YH" in choice.content.decode() and "?c=LY" in choice.content.decode()
    send(client, other)
    assert Case.objects.get().community == other
    start = client.get(reverse("complaints:home_public")).content.decode()
    assert yunhu.name in start and other.name in start


def test_every_page_of_the_form_names_the_telephone_of_the_desk(client, yunhu):
    address = fill(client, yunhu)
    for step in range(1, 5):
        shown = client.get(page(address, step)).content.decode()
        assert shown.count('href="tel:88880000"') == (3 if step == 1 else 2), "above, below, and in the warning"
        assert f'href="{reverse("account_login")}"' in shown, "staff find their way in"


@pytest.mark.parametrize("phone", ["0000", "110", "138", "1" * 16, "1" * 20])
def test_a_number_that_nobody_can_call_is_refused(client, yunhu, phone):
    address = fill(client, yunhu)
    assert client.post(page(address, 3), CONTACT | {"phone": phone}).status_code == 422
    for right in ("8888 0000", "0755-88880000", "+86 138 0000 1234"):
        assert client.post(page(address, 3), CONTACT | {"phone": right}).status_code == 303


def test_no_public_page_is_kept_by_a_cache(client, yunhu):
    address = fill(client, yunhu)
    assert client.get(address)["Cache-Control"] == "no-store"


def test_public_pages_stay_within_their_weight(client, yunhu):
    """G9: HTML 15 KB, CSS 20 KB, JavaScript 20 KB compressed, 60 KB together at the first load, no web font."""

    def packed(data):
        return len(gzip.compress(data, 6))

    def static(*names):
        return sum(packed(Path(finders.find(name)).read_bytes()) for name in names)

    address = fill(client, yunhu)
    pages = [client.get(page(address, step)) for step in range(1, 5)]
    tracking = client.get(client.post(address).url)
    pages += [client.get(reverse("complaints:home_public")), client.get(reverse("complaints:track_by_code")), tracking]
    html = max(packed(response.content) for response in pages)
    names = set(re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js))"', "".join(r.content.decode() for r in pages)))
    css = static(*(name for name in names if name.endswith(".css")))
    js = static(*(name for name in names if name.endswith(".js")))
    assert html <= 15_000
    assert css <= 20_000
    assert js <= 20_000
    assert html + css + js <= 60_000
    assert not any(b"font-face" in Path(finders.find(name)).read_bytes() for name in names)


def test_sending_takes_the_queries_that_are_pinned(client, yunhu, office, home):
    send(client, yunhu)
    address = fill(client, yunhu)
    with pinned("public form, send"):
        assert client.post(address).status_code == 303


def test_each_page_takes_the_queries_that_are_pinned(client, yunhu):
    address = fill(client, yunhu)
    for step in range(1, 5):
        with pinned(f"public form, page {step}"):
            client.get(page(address, step))
