"""The same reading sent many times at the same moment, and two people at one meter; each with its control."""

import threading
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest

from residents import actions, metering
from residents.actions import meters
from residents.models import Meter, Reading
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event
from tests.factories import MONDAY
from tests.racing import race

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

AT_ONCE, ROUNDS = 10, 5
LATER = MONDAY + timedelta(days=30)


@pytest.fixture
def water(yunhu, home, liu):
    facts = {"resource": "water", "serial": "A100", "max_value": Decimal("99999.99"), "unit": home}
    meter = actions.add_meter(yunhu, by=None, now=MONDAY, **facts)
    actions.record_reading(meter, value=Decimal(10), kind="base", at=MONDAY, by=liu, now=MONDAY, source="phone")
    return meter


def post(meter, liu, n, key):
    at = LATER + n * timedelta(days=30)
    facts = {"kind": "periodic", "source": "phone", "sure": True, "submission": key}
    return lambda: actions.record_reading(meter, value=Decimal(20 + n), at=at, by=liu, now=at, **facts)


def at_once(meter, liu):
    """Return what came of one submission that is sent ten times at once, for each of five readings."""
    outcomes = []
    for n in range(ROUNDS):
        key = uuid.uuid4()
        outcomes += race(*(post(meter, liu, n, key) for _ in range(AT_ONCE)))
    return outcomes


def test_the_same_reading_sent_ten_times_at_once_is_one_row_and_ten_good_answers(water, liu):
    outcomes = at_once(water, liu)
    assert [outcome for outcome in outcomes if not isinstance(outcome, Reading)] == []
    assert len({outcome.pk for outcome in outcomes}) == ROUNDS == Reading.objects.filter(kind="periodic").count()


def test_control_without_the_lock_some_of_the_ten_meet_an_error(water, liu, monkeypatch):
    monkeypatch.setattr(meters, "_lock", lambda meter: Meter.objects.get(pk=meter.pk))
    outcomes = at_once(water, liu)
    assert [outcome for outcome in outcomes if not isinstance(outcome, Reading)]


def two_people(meter, liu, n):
    """Two read the meter at two moments, the later one higher; return the standing consumption of that month."""
    first, second = post(meter, liu, 2 * n, uuid.uuid4()), post(meter, liu, 2 * n + 1, uuid.uuid4())
    race(first, second)
    rows = Reading.objects.filter(meter=meter).order_by("at")
    return sum(row.consumption for row in rows) == rows.last().value - rows.first().value


def test_what_two_people_read_at_once_adds_up(water, liu):
    assert all(two_people(water, liu, n) for n in range(ROUNDS))


def test_control_without_the_lock_a_difference_is_counted_twice(water, liu, monkeypatch):
    monkeypatch.setattr(meters, "_lock", lambda meter: Meter.objects.get(pk=meter.pk))
    really, both = meters._write, threading.Barrier(2)

    def write(*args, **kwargs):
        both.wait(timeout=10)  # so that both have read before either writes, however busy the machine is
        return really(*args, **kwargs)

    monkeypatch.setattr(meters, "_write", write)
    assert not all(two_people(water, liu, n) for n in range(ROUNDS))


def read_while_it_is_closed(yunhu, meter, liu, monkeypatch):
    """Close a round while somebody is about to write a reading in it, the meter missed before; return how many meters
    were counted as missing, and how many are."""
    walk = actions.open_round(yunhu, resource="water", period=LATER.date(), by=liu, now=LATER)
    actions.miss_reading(walk, meter, reason="locked", by=liu, now=LATER)
    about_to_write, closed = threading.Event(), threading.Event()
    really = meters._write

    def write(*args, **kwargs):
        about_to_write.set()
        closed.wait(timeout=0.5)
        return really(*args, **kwargs)

    def close():
        about_to_write.wait(timeout=10)
        actions.close_round(walk, by=liu, now=LATER)
        closed.set()

    monkeypatch.setattr(meters, "_write", write)
    outcomes = race(post(meter, liu, 0, uuid.uuid4()), close)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    counted = Event.objects.about(walk).get(verb="round_closed").data["missing"]
    return counted, Meter.objects.not_entered_in(walk).count()


def test_what_is_counted_when_a_round_is_closed_is_what_stands_in_it(yunhu, water, liu, monkeypatch):
    assert read_while_it_is_closed(yunhu, water, liu, monkeypatch) == (0, 0)


def test_control_without_its_lock_a_reading_comes_into_a_closed_round(yunhu, water, liu, monkeypatch):
    def unlocked(community, resource):
        return metering.open_rounds(community).filter(resource=resource).first()

    monkeypatch.setattr(meters, "hold_open_round", unlocked)
    assert read_while_it_is_closed(yunhu, water, liu, monkeypatch) == (1, 0)


def test_nothing_is_missed_in_a_round_that_somebody_has_closed_meanwhile(yunhu, water, liu):
    walk = actions.open_round(yunhu, resource="water", period=LATER.date(), by=liu, now=LATER)
    actions.miss_reading(walk, water, reason="locked", by=liu, now=LATER)
    actions.close_round(type(walk).objects.get(pk=walk.pk), by=liu, now=LATER)
    with pytest.raises(Refused):
        actions.miss_reading(walk, water, reason="locked", by=liu, now=LATER)
