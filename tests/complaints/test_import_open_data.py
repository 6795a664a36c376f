"""The importer on real public files. They are not part of the project: OPEN_DATA names the folder that holds them."""

import csv
import gzip
import io
import os
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Q

from complaints import figures
from complaints.models import Case, Status
from tests import factories
from tests.complaints.recounting import agrees, recount

FOLDER = Path(os.environ.get("OPEN_DATA", Path(__file__).parents[3] / "shared" / "data"))
BOSTON = FOLDER / "boston311-2015" / "all_2015H1.csv.gz"
TIPDM = FOLDER / "tipdm-zhengwu-zh"
CANONICAL = FOLDER / "canonical" / "cases.csv.gz"
NEW_YORK = ZoneInfo("America/New_York")

pytestmark = [
    pytest.mark.data,
    pytest.mark.django_db,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="OPEN_DATA names no folder"),
]


@pytest.fixture
def city(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with connection.cursor() as cursor:
        # The test's own transaction is open while a workbook is read; outside of tests none is.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    return factories.community()


def run(file, mapping, **options):
    call_command("import_cases", file, community="YH", mapping=mapping, stdout=io.StringIO(), **options)


@pytest.mark.heavy
def test_boston_imports_whole_its_late_flags_agree_and_so_do_the_figures_of_a_month(city):
    run(BOSTON, "boston311_source_due", calendar=True)
    assert Case.objects.count() == 58_119
    assert Case.objects.exclude(status=Status.ARCHIVED).count() == 8_993
    assert not list(Path().glob("*.rejects.csv"))
    flagged = Case.objects.filter(imported_facts__has_key="OnTime_Status")
    late = flagged.late(datetime(2016, 1, 13, tzinfo=NEW_YORK))
    is_late = Q(pk__in=late.values("pk"))
    overdue = Q(imported_facts__OnTime_Status="OVERDUE")
    assert flagged.count() == 58_017 == flagged.filter(is_late & overdue | ~is_late & ~overdue).count()
    assert late.count() == 15_624
    march, now = figures.Period("month", date(2015, 3, 1)), datetime(2016, 1, 13, tzinfo=NEW_YORK)
    found = figures.count(figures.Scope(city, None, march, now))
    assert found["totals"][0]["received"] > 5_000
    for n, period in enumerate(figures.compared(march)):
        agrees(found, n, recount(city, period.starts_on, period.ends_on, now))


def test_bostons_deadlines_come_out_of_its_rules_and_calendar(city, tmp_path):
    file = tmp_path / "inspectional.csv"
    with gzip.open(BOSTON, "rt", encoding="utf-8", newline="") as source, file.open("w", newline="") as target:
        rows = csv.DictReader(source)
        chosen = csv.DictWriter(target, rows.fieldnames)
        chosen.writeheader()
        chosen.writerows(found for found in rows if found["SUBJECT"] == "Inspectional Services")
    run(file, "boston311", calendar=True)
    agree = compared = 0
    for case in Case.objects.filter(imported_facts__has_key="TARGET_DT", policy__isnull=False):
        told = datetime.strptime(case.imported_facts["TARGET_DT"], "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=NEW_YORK)
        compared += 1
        agree += abs(told - case.due_at) <= timedelta(minutes=3)
    assert (agree, compared) == (9_846, 9_846)


def test_every_chinese_message_imports_without_a_unit_and_without_remains(city):
    run(next(TIPDM.glob("附件3*.xlsx")), "tipdm")
    assert Case.objects.count() == 4_326
    assert not list(Path().glob("*.rejects.csv"))
    remains = re.compile(r"_x[0-9A-Fa-f]{4}_|[\t\r\x00\u00a0\u3000]|^\s|\s$|  |\n\n\n")
    for summary, description in Case.objects.values_list("summary", "description"):
        assert not remains.search(summary), summary
        assert not remains.search(description), description
    assert Case.objects.get(number="YH-IM-188006").unit.label == "G2-320"


def test_a_workbook_with_64_707_empty_rows_gives_its_495(city):
    run(next(TIPDM.glob("附件2*.xlsx")), "tipdm", rejects="bad.csv")
    with open("bad.csv", encoding="utf-8-sig", newline="") as file:
        listed = list(csv.reader(file))[1:]
    # One number stands there twice, under two categories.
    assert (Case.objects.count(), [cells[3] for cells in listed]) == (494, ["37042"])


def test_several_sources_in_one_table_import_and_a_second_run_adds_nothing(city):
    run(CANONICAL, "canonical")
    assert Case.objects.count() == 24_236
    assert Case.objects.values("source").distinct().count() == 4
    run(CANONICAL, "canonical")
    assert Case.objects.count() == 24_236
