"""The close of a day asks for the drawers: what differed, and what nobody has counted (S12)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from billing import actions
from complaints import closing
from complaints.models import DayClose, Explanation
from servicedesk.core import events
from tests.billing import money_rows
from tests.factories import at

pytestmark = pytest.mark.django_db

TODAY = date(2025, 9, 15)
MORNING, EVENING = at("2025-09-15 09:00"), at("2025-09-15 17:30")
COUNTED = at("2025-09-15 17:20")


@pytest.fixture(autouse=True)
def evening(time_machine):
    time_machine.move_to(EVENING, tick=False)


@pytest.fixture
def shift(yunhu, office, li_na):
    return money_rows.open_shift(yunhu, li_na, now=MORNING)


def counted(shift, cash, reason="", *, now=COUNTED):
    actions.close_shift(shift, counted_cash=cash, reason=reason, by=shift.cashier, now=now)


def found(client, zhou, day=TODAY):
    """Return the rows of the check of drawers."""
    client.force_login(zhou)
    checks = client.get(reverse("complaints:closeout", args=[day])).context["day"].checks
    return next(check.rows for check in checks if check.key == "drawers")


def sign(client, zhou, **typed):
    client.force_login(zhou)
    events.seal_events()
    data = {"summary": "今日平稳。", "sign": "1", **typed}
    return client.post(reverse("complaints:sign_day", args=[TODAY]), data)


def test_an_open_drawer_keeps_the_day_from_being_signed_until_it_is_counted(client, zhou, shift):
    [row] = found(client, zhou)
    assert (row.key, row.url) == (str(shift.pk), reverse("billing:shift", args=[shift.pk]))
    assert sign(client, zhou).status_code == 409
    assert not DayClose.objects.exists()
    counted(shift, Decimal(500))
    assert found(client, zhou) == []
    assert sign(client, zhou).status_code == 302
    kept = {one["key"]: one["others"] for one in DayClose.objects.get().snapshot["checks"]}
    assert kept["drawers"] == 0


def test_a_difference_takes_a_line_beside_that_of_the_cashier(client, zhou, shift):
    counted(shift, Decimal(497), "找零少收")
    [row] = found(client, zhou)
    assert "-3.00" in row.what and row.words == "找零少收"
    assert sign(client, zhou).status_code == 409
    assert sign(client, zhou, **{f"why-drawers-{shift.pk}": "已核对，由当班人补足"}).status_code == 302
    line = Explanation.objects.get()
    assert (line.check_key, line.text, line.by) == ("drawers", "已核对，由当班人补足", zhou)


def test_a_shift_belongs_to_the_day_in_which_it_was_counted(client, zhou, shift, time_machine):
    counted(shift, Decimal(497), "找零少收")
    tomorrow = EVENING + timedelta(days=1)
    time_machine.move_to(tomorrow, tick=False)
    assert found(client, zhou, date(2025, 9, 16)) == []
    assert len(found(client, zhou)) == 1, "the day itself still waits"


def test_what_was_counted_after_midnight_was_open_at_the_end_of_the_day(client, zhou, shift, time_machine):
    time_machine.move_to(EVENING + timedelta(days=1), tick=False)
    counted(shift, Decimal(500), now=at("2025-09-16 00:10"))
    assert [row.key for row in found(client, zhou)] == [str(shift.pk)]
    assert found(client, zhou, date(2025, 9, 16)) == []


def test_a_drawer_of_another_community_is_none_of_this_day(client, zhou, other, stranger, office):
    money_rows.open_shift(other, stranger, now=MORNING)
    assert found(client, zhou) == []


def test_the_closing_time_sheet_reminds_of_the_drawer(client, chen, shift):
    client.force_login(chen)
    assert shift.number in client.get(reverse("complaints:closing_sheet")).text
    assert closing.TO_DO.count("drawers") == 1
