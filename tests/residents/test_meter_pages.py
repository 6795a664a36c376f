"""The pages of meters, by requests, as the people of the desk and of engineering use them."""

import io
import re
import uuid
from decimal import Decimal

import openpyxl
import pytest
from django.urls import reverse
from PIL import Image

from residents import actions, metering
from residents.models import Meter, MissedReading, Reading
from servicedesk.core import doors
from servicedesk.core.models import Event, Photo
from tests import counting
from tests.factories import MONDAY, unit
from tests.residents.test_meters import DAY, meter, months

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def water(yunhu, home, liu):
    made = meter(yunhu, unit=home)
    months(made, liu, "10", "20", "30")
    return made


@pytest.fixture
def roof(yunhu, liu):
    made = meter(yunhu, "A200", place="屋顶水箱")
    months(made, liu, "100", "110")
    return made


@pytest.fixture
def walk(yunhu, water, roof, chen):
    return actions.open_round(yunhu, resource="water", period=MONDAY.date(), by=chen, now=MONDAY - DAY)


def dial_photo():
    file = io.BytesIO()
    Image.new("RGB", (20, 20)).save(file, "JPEG")
    file.seek(0)
    file.name = "dial.jpg"
    return file


def send(client, name, *args, query="", **data):
    return client.post(reverse(f"residents:{name}", args=args) + query, data)


def route_of(client):
    return client.get(reverse("residents:route")).text


def test_the_route_takes_a_reading_with_its_photo_and_goes_on(client, walk, water, roof, liu):
    client.force_login(liu)
    page = route_of(client)
    assert page.index("3-2-1201") < page.index("屋顶水箱"), "in the order of the route"
    data = {"value": "36.5", "submission": uuid.uuid4(), "photo": dial_photo()}
    answer = send(client, "route_read", water.pk, query="?resource=water", **data)
    assert answer["Location"] == reverse("residents:route") + "?resource=water"
    reading = Reading.objects.get(round=walk)
    assert (reading.value, reading.consumption, reading.by, reading.source) == (
        Decimal("36.5"),
        Decimal("6.5"),
        liu,
        "phone",
    )
    photo = Photo.objects.about(reading).get()
    assert client.get(reverse("residents:meter_photo", args=[water.pk, photo.name]))["Content-Type"] == "image/jpeg"
    assert "3-2-1201" not in route_of(client).split("<article", 1)[1]


def test_what_the_phone_sends_twice_is_one_reading_and_one_photo(client, walk, water, liu, settings):
    client.force_login(liu)
    data = {"value": "36.5", "submission": uuid.uuid4()}
    for _ in range(2):
        assert send(client, "route_read", water.pk, **data, photo=dial_photo()).status_code == 302
    assert Reading.objects.filter(round=walk).count() == 1
    assert len(list(settings.MEDIA_ROOT.iterdir())) == 1 == Photo.objects.count()


def test_an_odd_jump_asks_again_keeps_everything_and_takes_it_with_the_tick(client, walk, water, liu):
    client.force_login(liu)
    data = {"value": "3000", "submission": str(uuid.uuid4())}
    answer = send(client, "route_read", water.pk, **data, photo=dial_photo())
    assert (answer.status_code, Reading.objects.filter(round=walk).count()) == (422, 0)
    assert 'value="3000"' in answer.text and data["submission"] in answer.text
    assert "data-ask-again" in answer.text, "what the outbox says when it sends again"
    assert Photo.objects.about(water).count() == 1, "nobody has to climb up again for the photo"
    kept = re.search(r'name="kept" value="([^"]+)"', answer.text)[1]
    again = send(client, "route_read", water.pk, **{**data, "value": "3x"}, kept=kept)
    assert again.status_code == 422 and kept in again.text, "not lost by a slip of the finger either"
    assert send(client, "route_read", water.pk, **data, sure="on", kept=kept).status_code == 302
    reading = Reading.objects.get(round=walk)
    assert reading.is_odd and Photo.objects.about(reading).count() == 1, "it is the photo of the reading"


def test_a_photo_that_came_with_no_number_is_kept_and_nobody_takes_one_of_another_meter(client, walk, water, roof, liu):
    client.force_login(liu)
    answer = send(client, "route_read", water.pk, value="", submission=uuid.uuid4(), photo=dial_photo())
    kept = Photo.objects.about(water).get().name
    assert answer.status_code == 422 and kept in answer.text
    typed = {"value": "121", "submission": uuid.uuid4(), "kept": kept}
    assert send(client, "route_read", roof.pk, **typed).status_code == 302
    assert Photo.objects.count() == 1, "the photo stays with its own meter"


@pytest.mark.parametrize("typed", ["", "abc", "-3", "12.3456", "1e5", "1" * 30, "９９９９９９９"])
def test_what_is_no_reading_comes_back_with_a_sentence(client, walk, water, liu, typed):
    client.force_login(liu)
    answer = send(client, "route_read", water.pk, value=typed, submission=uuid.uuid4())
    assert answer.status_code == 422
    assert "error-summary" in answer.text
    assert not Reading.objects.filter(round=walk).exists()


def test_a_locked_door_is_recorded_and_tried_again_at_the_end(client, walk, water, roof, liu):
    client.force_login(liu)
    bare = send(client, "route_missed", water.pk, reason="other", submission=uuid.uuid4())
    assert bare.status_code == 422
    assert send(client, "route_missed", water.pk, reason="locked", submission=uuid.uuid4()).status_code == 302
    page = route_of(client)
    assert page.index("屋顶水箱") < page.rindex("3-2-1201")


def test_a_worker_of_security_reads_no_meters(client, walk, ma):
    client.force_login(ma)
    for name in ("route", "meters"):
        assert client.get(reverse(f"residents:{name}")).status_code == 403
    assert reverse("residents:route") not in client.get(reverse("complaints:jobs")).text


def test_a_table_takes_what_is_right_and_asks_about_the_rest(client, walk, water, roof, chen):
    client.force_login(chen)
    address = reverse("residents:round_entry", args=[walk.pk])
    data = {"at": "2025-09-15T08:00", "token": uuid.uuid4()}
    data |= {f"value-{water.pk}": "35", f"value-{roof.pk}": "5"}
    answer = client.post(address, data)
    assert answer.status_code == 422
    assert Reading.objects.get(round=walk).meter == water
    assert f'name="value-{water.pk}"' not in answer.text and f'name="rolled_over-{roof.pk}"' in answer.text
    data |= {f"rolled_over-{roof.pk}": "on", f"sure-{roof.pk}": "on"}
    assert client.post(address, data).status_code == 302
    assert Reading.objects.get(round=walk, meter=roof).rolled_over


def test_of_a_long_round_the_reasons_are_chosen_building_by_building(
    client, yunhu, walk, water, roof, chen, monkeypatch
):
    monkeypatch.setattr(metering, "PAGE", 1)
    monkeypatch.setattr(doors, "PAGE", 1)
    client.force_login(chen)
    address, building = walk.get_absolute_url(), water.building_id
    page = client.get(address)
    assert "reason-" not in page.text and len(page.context["buildings"].rows) == 1
    assert len(client.get(address + page.context["buildings"].older_url).context["buildings"].rows) == 1
    assert f"reason-{water.pk}" in client.get(f"{address}?building={building}").text
    here = f"?building={building}"
    wrong = {f"reason-{water.pk}": "other", f"note-{water.pk}": ""}
    answer = send(client, "round_missed", walk.pk, query=here, **wrong)
    assert answer.status_code == 422 and f"reason-{water.pk}" in answer.text, "the row that is wrong is on the page"
    answer = send(client, "round_missed", walk.pk, query=here, **{**wrong, f"note-{water.pk}": "门锁着"})
    assert answer["Location"] == f"{address}{here}#missing"
    assert client.get(address).context["buildings"].rows[0].explained == 1, "what happens is counted on the next look"


def test_a_round_is_printed_taken_out_explained_and_closed(client, walk, water, roof, chen):
    client.force_login(chen)
    actions.record_reading(water, value=Decimal(36), kind="periodic", at=MONDAY, by=chen, now=MONDAY, source="desk")
    assert "屋顶水箱" in client.get(reverse("residents:round_sheet", args=[walk.pk])).text
    assert send(client, "round_close", walk.pk).status_code == 409
    answer = send(client, "round_missed", walk.pk, **{f"reason-{roof.pk}": "other", f"note-{roof.pk}": ""})
    assert answer.status_code == 422
    send(client, "round_missed", walk.pk, **{f"reason-{roof.pk}": "other", f"note-{roof.pk}": "水箱检修"})
    assert MissedReading.objects.get().note == "水箱检修"
    assert send(client, "round_export", walk.pk, format="xlsx", reason="").status_code == 422
    file = b"".join(send(client, "round_export", walk.pk, format="xlsx", reason="对账").streaming_content)
    rows = list(openpyxl.load_workbook(io.BytesIO(file)).worksheets[0].iter_rows(values_only=True))
    assert (rows[1][0], rows[1][2], rows[1][4]) == ("3-2-1201", 36, 6)
    assert "水箱检修" in rows[2][7]
    assert Event.objects.about(walk).get(verb="round_exported").note == "对账"
    assert send(client, "round_close", walk.pk).status_code == 302
    walk.refresh_from_db()
    assert walk.closed_by == chen


def test_the_desk_adds_reads_replaces_and_the_supervisor_voids(client, yunhu, home, chen, zhou):
    client.force_login(chen)
    facts = {"resource": "electricity", "serial": "E1", "room": "3 2 1201", "max_value": "9999.9", "multiplier": "1"}
    both = client.post(reverse("residents:meter_add"), facts | {"place": "楼道", "base": "5"})
    assert both.status_code == 422
    client.post(reverse("residents:meter_add"), facts | {"base": "5"})
    made = Meter.objects.get()
    assert (made.unit, made.decimals, made.readings.get().kind) == (home, 1, "base")
    page = made.get_absolute_url()
    assert client.get(page + "?do=read").status_code == 200
    data = {"at": "2025-09-15T09:00", "kind": "periodic", "source": "desk", "submission": uuid.uuid4()}
    late = send(client, "meter_read", made.pk, value="12", **data)
    assert late.status_code == 422, "the moment of the base reading itself"
    new = {"serial": "E2", "last_value": "6", "first_value": "0", "max_value": "9999.9", "multiplier": "1"}
    assert send(client, "meter_replace", made.pk, at="2025-09-15T09:00", **new).status_code == 422
    assert send(client, "reading_void", made.readings.get().pk, reason="").status_code == 422
    client.force_login(zhou)
    assert send(client, "reading_void", made.readings.get().pk, reason="看错", value="7").status_code == 302
    assert made.readings.standing().get().value == 7


def test_a_meter_of_another_community_is_nowhere(client, walk, water, stranger):
    client.force_login(stranger)
    last = water.readings.first()
    for name, key in [
        ("meter", water.pk),
        ("reading_round", walk.pk),
        ("round_sheet", walk.pk),
    ]:
        assert client.get(reverse(f"residents:{name}", args=[key])).status_code == 404, name
    for name, key in [("meter_read", water.pk), ("reading_void", last.pk), ("round_close", walk.pk)]:
        assert send(client, name, key).status_code == 404, name


@pytest.mark.parametrize("many", [2, 12])
def test_the_pages_cost_the_same_for_few_and_for_many(client, yunhu, liu, zhou, chen, han, many):
    for n in range(many):
        months(meter(yunhu, f"B{n}", unit=unit(yunhu, f"{3 + n % 2}-1-{n}01")), liu, *map(str, range(min(many, 7))))
    walk = actions.open_round(yunhu, resource="water", period=MONDAY.date(), by=chen, now=MONDAY)
    addresses = {
        "meters": (zhou, reverse("residents:meters")),
        "meters, filtered": (zhou, reverse("residents:meters") + "?state=missing&q=3-1&resource=water"),
        "meter": (zhou, Meter.objects.get(serial="B1").get_absolute_url()),
        "reading rounds": (zhou, reverse("residents:rounds")),
        "reading round": (zhou, walk.get_absolute_url()),
        "reading sheet": (zhou, reverse("residents:round_sheet", args=[walk.pk])),
        "reading table": (chen, reverse("residents:round_entry", args=[walk.pk])),
        "meter route": (han, reverse("residents:route")),
    }
    for name, (who, url) in addresses.items():
        client.force_login(who)
        client.get(url)
        with counting.pinned(name) as captured:
            assert client.get(url).status_code == 200
        assert len(captured) <= 15, name


def test_older_rounds_are_on_the_next_page(client, yunhu, chen, monkeypatch):
    monkeypatch.setattr(doors, "PAGE", 1)
    newer = actions.open_round(yunhu, resource="water", period=MONDAY.date(), by=chen, now=MONDAY)
    older = actions.open_round(yunhu, resource="gas", period=MONDAY.date() - 40 * DAY, by=chen, now=MONDAY - 40 * DAY)
    client.force_login(chen)
    first = client.get(reverse("residents:rounds")).context["part"]
    assert first.rows == [newer]
    assert client.get(reverse("residents:rounds") + first.older_url).context["part"].rows == [older]
