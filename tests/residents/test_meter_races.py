"""The same reading sent many times at the same moment, and two people at one meter; each with its control."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest

from residents import actions
from residents.actions import meters
from residents.models import Meter, Reading
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
    assert not all(two_people(water, liu, n) for n in range(ROUNDS))
