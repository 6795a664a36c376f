"""The list of units that runs have left out: by fee, month and reason, still without a bill or billed since."""

import datetime

import pytest
from django.urls import reverse

from billing.models import BillRun, Exemption, RunTariff
from tests import factories
from tests.counting import pinned
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db

AUGUST, SEPTEMBER = datetime.date(2025, 8, 1), datetime.date(2025, 9, 1)


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def run_of(community, by, month=AUGUST):
    facts = {"by": by, "created_at": MONDAY, "ended_at": MONDAY, "heartbeat_at": MONDAY}
    return BillRun.objects.create(community=community, month=month, issued_on=month, status="done", **facts)


def left_out(run, unit, fee, reason="no_area"):
    facts = {"community": run.community, "run": run, "month": run.month}
    return Exemption.objects.create(unit=unit, fee=fee, reason=reason, **facts)


@pytest.fixture
def rows(yunhu, qian, home):
    """Of August: water and service left out; the service was billed since. Of September: the service is left out."""
    service, water = factories.fee(yunhu), factories.fee(yunhu, "水费", kind="utility")
    august, september = run_of(yunhu, qian), run_of(yunhu, qian, SEPTEMBER)
    found = {
        "water": left_out(august, home, water, "no_reading"),
        "billed": left_out(august, home, service),
        "september": left_out(september, home, service),
    }
    RunTariff.objects.create(run=august, fee=water, tariff=factories.tariff(water))
    factories.bill(home, service, month=AUGUST, tariff=factories.tariff(service))
    factories.bill(home, water, month=AUGUST)  # by hand, for something else
    return found


def found(client, rows, **asked):
    answer = client.get(reverse("billing:exemptions"), asked)
    assert answer.status_code == 200
    names = {row.pk: name for name, row in rows.items()}
    return [names[row.pk] for row in answer.context["part"].rows]


def test_who_still_has_no_bill_stands_apart_from_who_was_billed_since(client, qian, rows):
    client.force_login(qian)
    assert found(client, rows) == ["september", "water"]
    assert found(client, rows, state="ended") == ["billed"]


def test_a_bill_that_was_voided_is_no_bill(client, qian, zhou, rows):
    bill = rows["billed"].fee.bills.get()
    facts = {"voided_at": MONDAY, "voided_by": zhou, "void_asked_by": qian, "void_reason": "面积有误"}
    type(bill).objects.filter(pk=bill.pk).update(**facts)
    client.force_login(qian)
    assert found(client, rows) == ["september", "water", "billed"]
    assert found(client, rows, state="ended") == []


def test_they_are_looked_for_by_fee_month_and_reason(client, zhou, rows):
    client.force_login(zhou)
    assert found(client, rows, fee=rows["water"].fee_id) == ["water"]
    assert found(client, rows, month="2025-09") == ["september"]
    assert found(client, rows, reason="no_reading") == ["water"]
    assert found(client, rows, reason="no_cost") == []
    assert found(client, rows, state="ended", fee=rows["billed"].fee_id, month="2025-08") == ["billed"]


def test_the_tab_keeps_what_was_looked_for(client, qian, rows):
    client.force_login(qian)
    page = client.get(reverse("billing:exemptions"), {"month": "2025-08", "page": "1"})
    other = next(tab["url"] for tab in page.context["tabs"] if not tab["current"])
    assert [row.pk for row in client.get(reverse("billing:exemptions") + other).context["part"].rows] == [
        rows["billed"].pk
    ]


@pytest.mark.parametrize(
    "asked", [{"month": "2025-13"}, {"fee": "999999"}, {"fee": "1_0"}, {"reason": "x"}, {"page": "x"}]
)
def test_what_nobody_can_look_for_is_told_and_breaks_nothing(client, qian, rows, asked):
    client.force_login(qian)
    assert client.get(reverse("billing:exemptions"), asked).status_code == 200


def test_another_community_has_none_of_them(client, rows, other, qian):
    strange = factories.unit(other, "9-1-101")
    left_out(run_of(other, qian), strange, factories.fee(other))
    client.force_login(qian)
    assert strange.label not in client.get(reverse("billing:exemptions")).text


def test_the_pages_of_runs_and_bills_lead_whom_they_may_to_the_list(client, qian, zhou, chen, rows):
    link = f'href="{reverse("billing:exemptions")}'
    client.force_login(qian)
    for address in (reverse("billing:runs"), rows["water"].run.get_absolute_url(), reverse("billing:bills")):
        assert link in client.get(address).text, address
    client.force_login(zhou)
    assert link in client.get(reverse("billing:bills")).text
    page = client.get(reverse("billing:exemptions")).text
    assert rows["water"].run.get_absolute_url() not in page and reverse("billing:runs") not in page
    client.force_login(chen)
    assert link not in client.get(reverse("billing:bills")).text


@pytest.mark.parametrize("others", [1, 12])
def test_the_list_costs_the_same_for_few_and_many(client, yunhu, qian, home, others):
    fee, run = factories.fee(yunhu), run_of(yunhu, qian)
    for n in range(others):
        left_out(run, factories.unit(yunhu, f"3-2-{1300 + n}"), fee)
    client.force_login(qian)
    client.get(reverse("billing:exemptions"))
    with pinned("billing, left out") as captured:
        client.get(reverse("billing:exemptions"))
    assert len(captured) <= 15
