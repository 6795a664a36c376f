"""Two people at one move at the same moment; the control shows what would happen without the compare-and-set."""

import datetime

import pytest

from residents import actions
from residents.actions import handovers
from residents.models import Handover, Occupancy
from servicedesk.core import moves
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event
from tests import factories
from tests.factories import MONDAY
from tests.racing import race

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

ROUNDS = 5


def ready(yunhu, chen, n):
    """A move-in of which every task is left out, so that it only has to be signed."""
    handover = actions.open_move_in(
        factories.unit(yunhu, f"7-1-{n:04}"),
        name="郑平",
        phone="13600001111",
        capacity="owner",
        booked_for=MONDAY,
        moves_on=MONDAY.date(),
        by=chen,
        now=MONDAY,
    )
    for task in handover.tasks.all():
        actions.excuse_task(handover, task.kind, reason="测试", by=chen, now=MONDAY)
    return handover


def read(handover):
    return Handover.objects.with_home().get(pk=handover.pk)


def complete(handover, by):
    return actions.complete_handover(handover, signed_name="郑平", signed_how="paper", by=by, now=MONDAY)


def test_of_two_people_who_complete_one_move_in_one_does(yunhu, chen, zhou):
    for n in range(ROUNDS):
        handover = ready(yunhu, chen, n)
        outcomes = race(lambda h=handover: complete(read(h), chen), lambda h=handover: complete(read(h), zhou))
        assert [isinstance(outcome, Refused) for outcome in outcomes].count(True) == 1
        assert Occupancy.objects.filter(unit=handover.unit).count() == 1
        assert Event.objects.about(handover).filter(verb="handover_completed").count() == 1


def test_control_without_the_compare_both_would_complete_it(yunhu, chen, zhou, monkeypatch):
    def careless(thing, **facts):
        for name, value in facts.items():
            setattr(thing, name, value)
        thing.save(update_fields=list(facts))

    for module in (moves, handovers):
        monkeypatch.setattr(module, "write", careless)
    doubled = 0
    for n in range(ROUNDS):
        handover = ready(yunhu, chen, n)
        seen = [read(handover), read(handover)]
        race(lambda seen=seen: complete(seen[0], chen), lambda seen=seen: complete(seen[1], zhou))
        doubled += Event.objects.about(handover).filter(verb="handover_completed").count() == 2
    assert doubled


def test_a_task_opened_again_and_the_end_at_once_leave_no_completed_move_with_an_open_task(yunhu, chen, zhou):
    for n in range(ROUNDS):
        handover = ready(yunhu, chen, n)
        race(
            lambda h=handover: complete(read(h), chen),
            lambda h=handover: actions.reopen_task(read(h), "papers", by=zhou, now=MONDAY + datetime.timedelta(1)),
        )
        after = read(handover)
        is_open = after.tasks.filter(status="open").exists()
        assert not (after.status == "completed" and is_open)
