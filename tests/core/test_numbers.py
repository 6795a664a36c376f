"""Numbers have no gaps and no doubles: a gap is evidence (ruling 2)."""

import threading

import pytest
from django.db import connection, transaction
from django.db.models import Max

from servicedesk.core import numbers
from servicedesk.core.joining import Joined
from servicedesk.core.models import NumberSeries
from servicedesk.core.numbers import take_number

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "case-250915"
THREADS, ROUNDS = 8, 12


class TakenBack(Exception):
    """The transaction that took a number does not commit."""


def in_threads(work, count=THREADS):
    """Run `work(n)` in `count` threads, each with a connection of its own, until all have ended."""

    def run(n):
        try:
            work(n)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[n]) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_series_starts_at_one_and_counts_for_its_community_and_key_alone(yunhu, other):
    assert [take_number(yunhu, KEY) for _ in range(3)] == [1, 2, 3]
    assert take_number(other, KEY) == 1
    assert take_number(yunhu, "case-250916") == 1
    assert numbers.highest(yunhu, KEY) == 3
    assert numbers.highest(yunhu, "case-250917") == 0


def test_a_rollback_gives_the_number_back(yunhu):
    take_number(yunhu, KEY)
    with pytest.raises(TakenBack), transaction.atomic():
        assert take_number(yunhu, KEY) == 2
        raise TakenBack
    assert take_number(yunhu, KEY) == 2


def test_eight_desks_at_once_take_numbers_without_a_gap_although_some_roll_back(yunhu):
    taken, lock = [], threading.Lock()

    def register(n):
        for turn in range(ROUNDS):
            try:
                with transaction.atomic():
                    number = take_number(yunhu, KEY)
                    if (n + turn) % 3 == 0:
                        raise TakenBack
            except TakenBack:
                continue
            with lock:
                taken.append(number)

    in_threads(register)
    kept = sum((n + turn) % 3 != 0 for n in range(THREADS) for turn in range(ROUNDS))
    assert sorted(taken) == list(range(1, kept + 1))
    assert numbers.highest(yunhu, KEY) == kept


def test_control_reading_the_highest_and_adding_one_gives_doubles(yunhu):
    NumberSeries.objects.create(community=yunhu, key=KEY, last=0)
    taken, lock, together = [], threading.Lock(), threading.Barrier(2, timeout=10)

    def register(_n):
        with transaction.atomic():
            number = NumberSeries.objects.filter(community=yunhu, key=KEY).aggregate(last=Max("last"))["last"] + 1
            together.wait()
            NumberSeries.objects.filter(community=yunhu, key=KEY).update(last=number)
        with lock:
            taken.append(number)

    in_threads(register, count=2)
    assert taken == [1, 1], "the control must fail where take_number does not"


def test_a_check_that_joins_twice_is_asked_once():
    checks = Joined([len])
    checks.join(len, max, max)
    assert checks == [len, max]
