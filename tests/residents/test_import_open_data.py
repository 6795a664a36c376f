"""The import page on a real public register, which is not part of the project: OPEN_DATA names its folder."""

import csv
import os
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from residents.models import Building
from tests.residents.test_importing import admin, checked, found, imported, woken

FOLDER = Path(os.environ.get("OPEN_DATA", Path(__file__).parents[3] / "shared" / "data"))
TORONTO = FOLDER / "toronto-rentsafe"

pytestmark = [
    pytest.mark.data,
    pytest.mark.django_db,
    pytest.mark.skipif(not TORONTO.is_dir(), reason="OPEN_DATA names no folder with toronto-rentsafe"),
]
__all__ = ["admin", "woken"]
PICKED = {"remember": "RentSafeTO"}


def register(name):
    return SimpleUploadedFile(name, (TORONTO / name).read_bytes())


def test_torontos_buildings_come_in_by_choosing_columns_and_a_second_time_nothing_does(admin, yunhu):
    name = "registrations_ward1-12.csv"
    with (TORONTO / name).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
        header = list(rows[0])
    # The address is the name, too: one column of the file for two of ours.
    place = str(header.index("SITE_ADDRESS"))
    run = imported(admin, register(name), "buildings", col_name=place, col_address=place, **PICKED)
    codes = {row["RSN"] for row in rows}
    listed = found(admin, run)
    refused = {int(line) for line, _column, _value, _cause in listed if line}
    assert run.status == "done"
    assert run.new + run.there + run.differing + run.refused == len(rows)
    assert run.new == Building.objects.count() == len(codes) - run.refused
    assert run.refused <= len(refused)
    one = next(row for row in rows if row["YEAR_BUILT"].isdigit() and row["CONFIRMED_UNITS"].isdigit())
    house = Building.objects.get(code=one["RSN"])
    assert house.year_built == int(one["YEAR_BUILT"])
    assert house.unit_count == int(one["CONFIRMED_UNITS"])
    assert house.address.split() == one["SITE_ADDRESS"].split()
    again = checked(admin, register(name), "buildings")
    assert (again.new, again.refused) == (0, run.refused)
    other = checked(admin, register("evaluations_ward1-12.csv"), "buildings")
    assert other.new + other.there + other.differing + other.refused == 3608
