"""The water of a city billed by its steps, every bill against independent arithmetic; open data, where it is there."""

import collections
import csv
import datetime
import gzip
from decimal import ROUND_HALF_UP, Decimal

import pytest

from billing.models import Bill, Exemption
from residents.models import Meter, Reading, Unit
from servicedesk.core import bulk
from tests import factories
from tests.billing.test_runs import billed
from tests.desk.test_import_readings import USAGE

# The steps of a single home from the first of March 2016 on, in hundreds of cubic feet for two months: the next one
# begins with its unit, so that the one before ends a unit earlier (the city's rates, as the open data have them).
STEPS = [(Decimal(14), "2.87"), (Decimal(40), "4.29"), (Decimal(148), "6.44"), (None, "10.07")]
MAY, JUNE = datetime.date(2015, 5, 1), datetime.date(2015, 6, 1)
KIND = "RESIDENTIAL_SINGLE"
NOW = factories.at("2015-07-01 09:00")


def used_in(rows, months):
    """Return {customer: what they used in these months of 2015}."""
    found = collections.defaultdict(Decimal)
    for row in rows:
        if row["usage_year"] == "2015" and int(row["usage_month"]) in months:
            found[row["cust_id"]] += Decimal(row["usage_ccf"])
    return found


def by_steps(before, used):
    """Return what `used` costs behind `before`, unit by unit of the steps, each step rounded by itself."""
    total, floor = Decimal(0), Decimal(0)
    for up_to, price in STEPS:
        top = before + used if up_to is None else min(up_to, before + used)
        part = max(top - max(floor, before), Decimal(0))
        total += (part * Decimal(price)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        floor = up_to
    return total


@pytest.mark.data
@pytest.mark.heavy
@pytest.mark.skipif(not USAGE.is_file(), reason="OPEN_DATA names no folder")
@pytest.mark.django_db
def test_the_water_of_a_city_is_billed_by_its_steps(yunhu, qian, time_machine):
    time_machine.move_to(NOW, tick=False)
    with gzip.open(USAGE, "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["cust_class"] == KIND]
    customers = sorted({row["cust_id"] for row in rows})
    building = factories.unit(yunhu).building
    Unit.objects.bulk_create(
        Unit(community=yunhu, building=building, number=one, label=f"S-{one}", handed_over_on="2000-01-01")
        for one in customers
    )
    units = dict(Unit.objects.filter(community=yunhu).values_list("number", "pk"))
    # A customer with several meters has several rows for a month.
    numbered = collections.Counter()
    for row in rows:
        key = row["cust_id"], row["usage_date"]
        row["meter"] = f"{row['cust_id']}-{numbered[key]}"
        numbered[key] += 1
    Meter.objects.bulk_create(
        Meter(community=yunhu, unit_id=units[serial.split("-")[0]], resource="water", serial=serial, max_value=10**8)
        for serial in sorted({row["meter"] for row in rows})
    )
    meters = dict(Meter.objects.values_list("serial", "pk"))
    shared = {"community_id": yunhu.pk, "kind": "periodic", "source": "import", "recorded_at": NOW}
    bulk.copy_values(
        Reading,
        [
            shared
            | {"meter_id": meters[row["meter"]], "at": factories.at(f"{row['usage_date']} 12:00")}
            | {"value": row["usage_ccf"], "consumption": row["usage_ccf"]}
            for row in rows
            if row["usage_date"] < "2015-07"
        ],
    )
    facts = {"basis": "meter", "resource": "water", "unit_price": None, "months": 2, "tiers": STEPS}
    since = datetime.date(2015, 1, 1)
    by_period = factories.tariff(factories.fee(yunhu, "水费"), since=since, tier_span="period", **facts)
    by_year = factories.tariff(factories.fee(yunhu, "水费 年阶梯"), since=since, tier_span="year", **facts)
    run = billed(yunhu, qian, MAY)
    used, before = used_in(rows, {5, 6}), used_in(rows, {1, 2, 3, 4})
    # Who has a meter that was not read in these months waits with all of them.
    read = {row["meter"] for row in rows if row["usage_year"] == "2015" and int(row["usage_month"]) in {5, 6}}
    waiting = {serial.split("-")[0] for serial in meters if serial not in read}
    billed_now = used.keys() - waiting
    expected = {one: (by_steps(Decimal(0), used[one]), by_steps(before[one], used[one])) for one in billed_now}
    for n, tariff in enumerate((by_period, by_year)):
        found = dict(Bill.objects.filter(tariff=tariff).values_list("unit__number", "amount"))
        assert found == {one: amounts[n] for one, amounts in expected.items()}
    assert run.made == 2 * len(expected) > 8_000
    assert Exemption.objects.filter(reason="no_reading").count() == 2 * (len(customers) - len(expected))
