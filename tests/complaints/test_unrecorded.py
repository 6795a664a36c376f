"""What may have been hidden or recorded late: gaps with their neighbours, late entries with who recorded them."""

from datetime import timedelta

import pytest
from django.urls import reverse

from complaints.models import Case, Concern
from servicedesk.core import events
from tests import factories
from tests.counting import pinned
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db
NOON = MONDAY + timedelta(hours=3)


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def four(yunhu, office, chen):
    made = [factories.case(yunhu, by=chen, now=MONDAY) for _ in range(4)]
    events.seal_events()
    return made


def look(client, user, **days):
    client.force_login(user)
    return client.get(reverse("complaints:unrecorded"), days)


def gaps(answer):
    return [(gap.name, gap.before, gap.after) for gap in answer.context["found"].missing]


def test_a_gap_stands_between_its_neighbours(client, zhou, four):
    Case.objects.filter(pk=four[1].pk).update(number="YH-BX250901-0099")
    first, _gone, third, _fourth = four
    assert gaps(look(client, zhou)) == [("YH-…250915-0002", first, third)]
    assert gaps(look(client, zhou, first="2025-09-01", last="2025-09-14")) == []
    assert gaps(look(client, zhou, first="2025-09-15", last="2025-09-15")) == [("YH-…250915-0002", first, third)]


def test_a_neighbour_that_is_about_the_reader_is_passed_over(client, zhou, guo, four):
    Case.objects.filter(pk=four[1].pk).update(number="YH-BX250901-0099")
    Concern.objects.create(case=four[2], user=guo)
    assert gaps(look(client, guo)) == [("YH-…250915-0002", four[0], four[3])]


def test_late_entries_name_who_recorded_them_and_begin_after_thirty_minutes(client, yunhu, office, chen, zhou):
    late = factories.case(yunhu, by=chen, now=NOON, received_at=NOON - timedelta(minutes=31))
    factories.case(yunhu, by=chen, now=NOON, received_at=NOON - timedelta(minutes=30))
    answer = look(client, zhou)
    assert answer.context["found"].late == [late]
    assert answer.context["found"].late[0].recorded_by == chen and "陈静" in answer.text
    Concern.objects.create(case=late, user=zhou)
    assert look(client, zhou).context["found"].late_total == 0


def test_days_the_wrong_way_round_are_said_so_and_the_usual_ones_shown(client, zhou, four):
    answer = look(client, zhou, first="2025-09-15", last="2025-09-01")
    assert answer.status_code == 422 and answer.context["form"].errors["last"]
    assert look(client, zhou, first="2024-01-01", last="\x00").status_code == 422


def test_many_late_entries_cost_the_queries_of_one(client, yunhu, office, chen, zhou):
    for rows in (1, 8):
        for _ in range(rows):
            factories.case(yunhu, by=chen, now=NOON, received_at=MONDAY)
        look(client, zhou)
        with pinned("gaps and late entries"):
            client.get(reverse("complaints:unrecorded"))
