"""Meters and what they showed: by the actions, then looking at the rows."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import translation

from residents import actions
from residents.models import Meter, Reading
from servicedesk.core import photos
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Event, Photo
from tests.factories import MONDAY

DAY = timedelta(days=1)
MONTH = 30 * DAY
BEGIN = MONDAY - 8 * MONTH


def meter(community, serial="A100", **facts):
    facts = {"resource": "water", "max_value": Decimal("99999.99"), "place": "地下室", **facts}
    if facts.get("unit"):
        facts["place"] = ""
    return actions.add_meter(community, serial=serial, by=None, now=BEGIN, **facts)


def read(meter, value, by, at=MONDAY, *, kind="periodic", now=None, **facts):
    facts = {"source": "desk", "value": Decimal(value), "kind": kind, **facts}
    return actions.record_reading(meter, at=at, by=by, now=now or at, **facts)


def months(meter, by, *values, begin=BEGIN):
    """Read `meter` once a month, the first time as its base."""
    return [
        read(meter, value, by, begin + n * MONTH, kind="periodic" if n else "base", sure=True)
        for n, value in enumerate(values)
    ]


@pytest.fixture
def water(yunhu, home):
    return meter(yunhu, unit=home)


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english():
    """The sentences of this file are read in English."""
    with translation.override("en"):
        yield


def test_consumption_is_the_difference_times_the_multiplier(yunhu, liu):
    big = meter(yunhu, multiplier=Decimal(40))
    _base, first = months(big, liu, "100", "102.5")
    assert first.consumption == 100
    assert list(Meter.objects.without_base()) == []


def test_a_meter_is_counted_from_its_base_and_has_one(water, liu):
    with pytest.raises(Refused, match="no base reading"):
        read(water, "5", liu)
    assert list(Meter.objects.without_base()) == [water]
    read(water, "5", liu, kind="base")
    with pytest.raises(Refused, match="its first"):
        read(water, "6", liu, MONDAY + DAY, kind="base")


def test_a_lower_reading_is_asked_for_again_and_a_dial_may_begin_anew(water, liu):
    months(water, liu, "99980", "99990")
    with pytest.raises(actions.AskAgain) as asked:
        read(water, "4", liu)
    assert (asked.value.ask, Reading.objects.count()) == ("rolled_over", 2)
    reading = read(water, "4", liu, rolled_over=True)
    assert (reading.consumption, reading.rolled_over) == (14, True)


def test_a_slip_that_is_called_a_new_beginning_is_odd_and_asked_for_once_more(water, liu):
    months(water, liu, "1200", "1210", "1220")
    with pytest.raises(actions.AskAgain) as asked:
        read(water, "123", liu, rolled_over=True)
    assert asked.value.ask == "sure"


def test_an_odd_reading_is_asked_for_again_and_a_second_person_confirms_it(water, liu, zhou):
    months(water, liu, "0", "10", "20", "30")
    with pytest.raises(actions.AskAgain, match=r"about 16\.7"):
        read(water, "230", liu, BEGIN + 3 * MONTH + 50 * DAY)
    odd = read(water, "230", liu, BEGIN + 3 * MONTH + 50 * DAY, sure=True)
    assert odd.is_odd
    with pytest.raises(NotAllowed):
        actions.confirm_reading(odd, by=liu, now=MONDAY)
    actions.confirm_reading(odd, by=zhou, now=MONDAY)
    with pytest.raises(Refused):
        actions.confirm_reading(odd, by=zhou, now=MONDAY)
    assert not Reading.objects.odd().exists()


def test_what_is_odd_is_for_each_community_to_say(yunhu, water, liu, tang):
    facts = {"looked_back": 3, "ignored_below": Decimal(0)}
    actions.set_meter_rule(yunhu, outlier_factor=Decimal(30), by=tang, now=MONDAY, **facts)
    months(water, liu, "0", "10", "20")
    assert not read(water, "300", liu).is_outlier


@pytest.mark.parametrize(
    ("value", "at", "sentence"),
    [
        ("100000", MONDAY, "at most 99999.99"),
        ("20", MONDAY + DAY, "still to come"),
        ("20", BEGIN, "comes after it"),
    ],
)
def test_what_cannot_be_right_is_refused_with_a_sentence(water, liu, value, at, sentence):
    months(water, liu, "10")
    with pytest.raises(Refused, match=sentence):
        read(water, value, liu, at, now=MONDAY)
    assert Reading.objects.count() == 1


def test_the_same_submission_again_returns_the_same_reading(water, liu):
    months(water, liu, "10")
    key = uuid.uuid4()
    first = read(water, "12", liu, submission=key)
    assert read(water, "12", liu, MONDAY + DAY, submission=key) == first
    assert Reading.objects.count() == 2


def test_a_photo_is_about_its_reading(water, liu):
    months(water, liu, "10")
    picture = photos.Picture(b"jpeg", 4, 3)
    reading = read(water, "12", liu, picture=(picture, photos.store(picture)))
    assert Photo.objects.about(reading).get().by == liu


def test_a_replaced_meter_has_its_last_reading_and_the_new_one_its_first(water, yunhu, liu, chen):
    months(water, liu, "10", "20")
    facts = {"last_value": Decimal(25), "first_value": Decimal(3), "max_value": Decimal(9999), "at": MONDAY}
    new = actions.replace_meter(water, serial="B200", by=chen, now=MONDAY, **facts)
    old = Meter.objects.get(pk=water.pk)
    assert (old.status, old.replaced_by, old.removed_at) == ("removed", new, MONDAY)
    assert (new.unit, new.route_order) == (old.unit, old.route_order)
    assert [(r.meter, r.kind, r.consumption) for r in Reading.objects.filter(at=MONDAY).order_by("id")] == [
        (old, "replace_out", 5),
        (new, "replace_in", 0),
    ]
    assert read(new, "7", liu, MONDAY + MONTH).consumption == 4
    assert list(Meter.objects.for_unit(old.unit)) == [new]
    with pytest.raises(Refused, match="was removed"):
        read(old, "30", liu, MONDAY + MONTH)


def test_a_replacement_that_fails_leaves_nothing_behind(water, yunhu, liu, chen):
    months(water, liu, "10", "20")
    meter(yunhu, "B200", place="屋顶")
    facts = {"last_value": Decimal(25), "first_value": Decimal(3), "max_value": Decimal(9999), "at": MONDAY}
    with pytest.raises(Refused, match="B200"):
        actions.replace_meter(water, serial="B200", by=chen, now=MONDAY, **facts)
    assert Meter.objects.get(pk=water.pk).is_in_place
    assert Reading.objects.count() == 2


def test_the_database_refuses_half_a_replacement(water, yunhu, liu):
    months(water, liu, "10")
    other = meter(yunhu, "B200")
    with pytest.raises(IntegrityError, match="without both readings"), transaction.atomic():
        Meter.objects.filter(pk=water.pk).update(status="removed", removed_at=MONDAY, replaced_by=other)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_last_reading_is_voided_by_a_supervisor_and_read_anew(water, liu, zhou):
    _base, first, wrong = months(water, liu, "10", "20", "92")
    late = wrong.recorded_at + DAY
    with pytest.raises(Refused, match="Only the last"):
        actions.void_reading(first, reason="看错", by=zhou, now=late)
    right = actions.void_reading(wrong, reason="看错数字", by=zhou, now=late, value=Decimal(29))
    assert (right.value, right.consumption, right.at, right.kind) == (29, 9, wrong.at, wrong.kind)
    wrong = Reading.objects.get(pk=wrong.pk)
    assert (wrong.voided_by, wrong.void_reason, wrong.value) == (zhou, "看错数字", 92)
    assert Event.objects.about(water).filter(verb="reading_voided").get().note == "看错数字"


def test_whoever_read_it_may_take_it_back_for_ten_minutes(water, liu):
    months(water, liu, "10")
    wrong = read(water, "20", liu)
    with pytest.raises(NotAllowed):
        actions.void_reading(wrong, reason="看错", by=liu, now=MONDAY + timedelta(minutes=11))
    assert actions.void_reading(wrong, reason="看错", by=liu, now=MONDAY + timedelta(minutes=10)) is None
    assert read(water, "12", liu, MONDAY + DAY).consumption == 2


def test_a_replaced_meter_never_loses_one_of_its_readings(water, liu, chen, zhou):
    months(water, liu, "10", "20")
    facts = {"last_value": Decimal(25), "first_value": Decimal(3), "max_value": Decimal(9999), "at": MONDAY}
    actions.replace_meter(water, serial="B200", by=chen, now=MONDAY, **facts)
    out = Reading.objects.get(kind="replace_out")
    with pytest.raises(Refused, match="keeps both"):
        actions.void_reading(out, reason="看错", by=zhou, now=MONDAY + DAY)
    assert actions.void_reading(out, reason="看错", by=zhou, now=MONDAY + DAY, value=Decimal(24)).consumption == 4


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE residents_reading SET value = 1",
        "UPDATE residents_reading SET consumption = 1",
        "DELETE FROM residents_reading",
        "DELETE FROM residents_meter",
    ],
)
def test_the_database_keeps_what_was_read(water, liu, statement):
    months(water, liu, "10", "20")
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_number_is_in_place_once_in_a_community_and_resource(yunhu, other, water):
    with pytest.raises(Refused, match="in place already"):
        meter(yunhu, "A100")
    meter(yunhu, "A100", resource="gas")
    meter(other, "A100")
    actions.remove_meter(water, reason="拆除", by=None, now=MONDAY)
    assert meter(yunhu, "A100").is_in_place


# Rounds ---------------------------------------------------------------------------------------------------------------


def test_a_round_counts_what_is_not_entered_and_closes_with_reasons(yunhu, water, liu, chen):
    roof = meter(yunhu, "A200", place="屋顶", resource="water")
    meter(yunhu, "G1", resource="gas")
    months(water, liu, "10")
    months(roof, liu, "10")
    walk = actions.open_round(yunhu, resource="water", period=MONDAY.date(), by=chen, now=MONDAY)
    assert walk.period.day == 1
    assert set(Meter.objects.not_entered_in(walk)) == {water, roof}
    read(water, "12", liu, MONDAY + DAY)
    with pytest.raises(Refused, match="in this round already"):
        read(water, "13", liu, MONDAY + 2 * DAY)
    assert list(Meter.objects.not_entered_in(walk)) == [roof]
    with pytest.raises(Refused, match="1 meter"):
        actions.close_round(walk, by=chen, now=MONDAY + 2 * DAY)
    actions.miss_reading(walk, roof, reason="locked", by=liu, now=MONDAY + 2 * DAY)
    actions.close_round(walk, by=chen, now=MONDAY + 2 * DAY)
    assert not walk.is_open
    with pytest.raises(Refused, match="closed"):
        actions.miss_reading(walk, roof, reason="locked", by=liu, now=MONDAY + 3 * DAY)
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
        type(walk).objects.filter(pk=walk.pk).update(closed_at=None, closed_by=None)


def test_a_resource_has_one_open_round_and_one_a_month(yunhu, chen):
    walk = actions.open_round(yunhu, resource="water", period=MONDAY.date(), by=chen, now=MONDAY)
    with pytest.raises(Refused, match="still open"):
        actions.open_round(yunhu, resource="water", period=MONDAY.date() + MONTH, by=chen, now=MONDAY)
    actions.open_round(yunhu, resource="gas", period=MONDAY.date(), by=chen, now=MONDAY)
    actions.close_round(walk, by=chen, now=MONDAY)
    with pytest.raises(Refused, match="already"):
        actions.open_round(yunhu, resource="water", period=MONDAY.date(), by=chen, now=MONDAY)


# Many at once ---------------------------------------------------------------------------------------------------------


def given(line, serial, value, at=MONDAY):
    return actions.Given(line=line, serial=serial, at=at, value=Decimal(value))


def test_many_readings_are_counted_as_single_ones_and_given_twice_change_nothing(yunhu, water, liu, chen):
    months(water, liu, "10", "20", "30")
    walk = actions.open_round(yunhu, resource="water", period=MONDAY.date(), by=chen, now=MONDAY)
    rows = [
        given(2, "A100", "36", MONDAY - MONTH),
        given(3, "A100", "90"),
        given(4, "A100", "500", BEGIN + DAY),
        given(5, "Z9", "5"),
    ]
    found = actions.record_many(yunhu, rows, resource="water", by=chen, now=MONDAY)
    assert (found.new, found.odd, found.there) == (2, 1, 0)
    assert [line for line, _sentence in found.refused] == [4, 5]
    last = Reading.objects.get(value=90)
    assert (last.consumption, last.is_odd, last.round, last.source) == (54, True, walk, "import")
    again = actions.record_many(yunhu, rows, resource="water", by=chen, now=MONDAY)
    assert (again.new, again.there) == (0, 2)
    assert Reading.objects.count() == 5
