"""Readings of another system: by the command, from small files and from the open data where it is at hand."""

import csv
import gzip
import io
import os
import time
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Sum
from django.utils import translation

from residents.models import Meter, Reading
from tests.residents.test_meters import meter, months

FOLDER = Path(os.environ.get("OPEN_DATA", Path(__file__).parents[3] / "shared" / "data"))
USAGE = FOLDER / "santamonica-water" / "usage_2014-2015.csv.gz"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english():
    """The sentences of this file are read in English."""
    with translation.override("en"):
        yield


MAPPING = """
resource = "water"
[columns]
serial = "表号"
value = "读数"
at = "时间"
"""


def run(file, mapping):
    said = io.StringIO()
    call_command("import_readings", file, community="YH", mapping=str(mapping), stdout=said)
    return said.getvalue()


def test_a_table_of_readings_goes_to_the_meters_that_it_names(yunhu, home, liu, tmp_path):
    months(meter(yunhu, unit=home), liu, "10", "20")
    (tmp_path / "m.toml").write_text(MAPPING)
    file = tmp_path / "readings.csv"
    file.write_text("表号,读数,时间\nA100,26.5,2025-09-01 09:00\nA100,x,2025-09-02\nZ1,3,2025-09-01\n")
    said = run(file, tmp_path / "m.toml")
    assert Reading.objects.newest().first().consumption == Decimal("6.5")
    assert "1 new, 0 already there, 2 refused." in said
    assert "Line 3:" in said and "Line 4: No meter with the number Z1" in said


@pytest.mark.parametrize(
    ("mapping", "header", "sentence"),
    [
        ("resource = 'water'\n[columns]\nserial = 'a'", "a", "must name"),
        ("resource = 'tea'\n[columns]\nserial = 'a'\nvalue = 'b'\nat = 'c'", "a,b,c", "cannot be used"),
        (MAPPING, "表号,时间", "no column “读数”"),
        ("colour = 1", "a", "unknown entry"),
    ],
)
def test_a_mapping_that_does_not_fit_is_one_sentence(yunhu, tmp_path, mapping, header, sentence):
    (tmp_path / "m.toml").write_text(mapping)
    (tmp_path / "r.csv").write_text(header + "\n1,1,1\n")
    with pytest.raises(CommandError, match=sentence):
        run(tmp_path / "r.csv", tmp_path / "m.toml")
    assert not Reading.objects.exists()


@pytest.mark.heavy
@pytest.mark.data
@pytest.mark.skipif(not USAGE.is_file(), reason="OPEN_DATA names no folder")
def test_the_water_of_a_city_comes_in_whole_and_its_one_absurd_month_is_marked(yunhu, monkeypatch, capsys):
    with gzip.open(USAGE, "rt") as file:
        used = [Decimal(row["usage_ccf"]) for row in csv.DictReader(file)]
    begun = time.monotonic()
    said = run(USAGE, "santamonica")
    seconds = time.monotonic() - begun
    assert "170309 new, 0 already there, 0 refused." in said
    periodic = Reading.objects.filter(kind="periodic")
    assert periodic.count() == len(used) == 170_309
    assert periodic.aggregate(total=Sum("consumption"))["total"] == sum(used)
    assert Reading.objects.get(consumption=421_817).is_odd
    assert periodic.filter(consumption=0).count() == used.count(0) == 12_667
    assert Reading.objects.filter(kind="base").count() == Meter.objects.count()
    with capsys.disabled():
        print(f"\n{len(used) / seconds:,.0f} readings a second", said)
    assert "0 new, 170309 already there" in run(USAGE, "santamonica")
    # What the end of a test checks of foreign keys was planned when the tables were empty; let it be planned anew.
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")
