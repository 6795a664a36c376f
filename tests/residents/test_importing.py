"""The register from a file, through the page: mapped, checked, run, stopped, gone on with, taken back."""

import contextlib
import csv
import io
import re
import threading
from datetime import date, timedelta
from decimal import Decimal

import openpyxl
import psycopg
import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.db.models import ProtectedError
from django.urls import reverse

from residents import actions, tasks
from residents.actions import importing
from residents.imports import cells, mapping, undoing
from residents.imports.cells import BadCell
from residents.imports.registry import TARGETS
from residents.models import (
    Building,
    ImportAdded,
    ImportMapping,
    ImportRun,
    Meter,
    Occupancy,
    OpeningBalance,
    Person,
    Reading,
    Section,
    Unit,
)
from servicedesk.core import alone, clock
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event
from tests import counting, factories
from tests.factories import MONDAY, case, resident, unit
from tests.racing import race

UNITS = ["楼栋", "单元", "房号", "楼层", "建筑面积"]


@pytest.fixture(autouse=True)
def woken(monkeypatch):
    """The keys of the runs that a worker was told of; none of them is begun by itself."""
    told = []
    monkeypatch.setattr(tasks, "wake", lambda key, **options: told.append(key))
    return told


@pytest.fixture
def admin(client, tang, time_machine):
    time_machine.move_to(MONDAY, tick=True)
    client.force_login(tang)
    return client


def csv_file(rows, name="units.csv", encoding="utf-8"):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return SimpleUploadedFile(name, text.getvalue().encode(encoding))


def workbook(sheets, name="units.xlsx"):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return SimpleUploadedFile(name, file.getvalue())


def homes(count, building="3"):
    return [[building, "2", f"{n // 4 + 1}{n % 4 + 1:02}", n // 4 + 1, "88.50"] for n in range(count)]


def send(client, file, target="units", **expected):
    answer = client.post(reverse("residents:import_upload"), {"target": target, "upload": file})
    return answer, ImportRun.objects.order_by("-pk").first()


def chosen(client, run, **changes):
    """Send the form of the columns as the page shows it, with changes."""
    page = client.get(reverse("residents:import_map", args=[run.pk]))
    form = page.context["form"]
    data = {name: form[name].value() or "" for name in form.fields} | changes
    return client.post(reverse("residents:import_map", args=[run.pk]), data)


def work(run):
    """Do what a worker does until there is nothing left of it; return the row."""
    while actions.work_on_import(run.pk, now=clock.now()):
        pass
    run.refresh_from_db()
    return run


def step(client, run, name, **data):
    answer = client.post(reverse(f"residents:import_{name}", args=[run.pk]), data)
    run.refresh_from_db()
    return answer


def checked(client, file, target="units", **changes):
    """Upload a file, choose what is guessed, check it; return the run."""
    _answer, run = send(client, file, target)
    assert chosen(client, run, **changes).status_code == 302
    step(client, run, "check")
    return work(run)


def imported(client, file, target="units", **changes):
    run = checked(client, file, target, **changes)
    assert step(client, run, "start", rows="good").status_code == 302
    return work(run)


def counts(run):
    return run.new, run.there, run.differing, run.refused


def found(client, run):
    """Return the list of what was wrong, as it is handed out: rows of line, column, value, cause."""
    answer = client.get(reverse("residents:import_faults", args=[run.pk]))
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))[1:]


@pytest.mark.django_db
def test_units_are_imported_through_the_page_with_buildings_and_sections_and_an_event_each(admin, yunhu, tang, woken):
    run = imported(admin, csv_file([UNITS, *homes(9)]))
    assert (run.status, counts(run)) == ("done", (9, 0, 0, 0))
    assert woken == [run.pk, run.pk]
    home = Unit.objects.get(label="3-2-301")
    assert (home.floor, home.area, home.building.name, home.section.code) == (3, Decimal("88.50"), "3", "2")
    assert Unit.objects.by_room("3-301").get() == home
    event = Event.objects.about(home).get()
    assert (event.verb, event.by, event.data) == ("unit_registered", tang, {"run": run.pk})
    assert Event.objects.about(home.building).get().verb == "building_registered"
    verbs = Event.objects.about(run).order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["uploaded", "mapped", "checking", "checked", "running", "done"]
    assert Event.objects.about(run).first().data["new"] == 9


@pytest.mark.django_db
def test_a_check_writes_nothing_and_counts_what_a_run_would_do(admin, yunhu, home):
    rows = [UNITS, ["3", "2", "1201", "", "90"], *homes(3), homes(1)[0]]
    Unit.objects.filter(pk=home.pk).update(area=Decimal("88.50"))
    run = checked(admin, csv_file(rows))
    assert (run.status, counts(run)) == ("checked", (3, 1, 1, 0))
    assert Unit.objects.count() == 1
    assert not ImportAdded.objects.exists()
    line, again = found(admin, run)
    assert (line[0], again[0]) == ("2", "6")
    assert "88.50" in line[3] and "3" in again[3]
    step(admin, run, "start")
    assert counts(work(run)) == (3, 1, 1, 0)
    home.refresh_from_db()
    assert home.area == Decimal("88.50")


BAD = [
    ["3", "2", "", "1", "88"],
    ["3", "2", "9901", "abc", "88"],
    ["3", "2", "9902", "1", "-5"],
    ["3", "2", "9903", "1", "0"],
    ["3", "2", "x" * 21, "1", "88"],
    ["", "2", "9904", "1", "88"],
    ["3", "2", "9905", "1", "1_000"],
]


@pytest.mark.django_db
def test_seven_bad_rows_are_listed_with_line_and_cause_and_the_good_ones_run(admin, yunhu):
    run = checked(admin, csv_file([UNITS, *homes(20), *BAD]))
    assert counts(run) == (20, 0, 0, 7)
    listed = found(admin, run)
    assert [line[0] for line in listed] == [str(n) for n in range(22, 29)]
    assert all(cause for _line, _column, _value, cause in listed)
    page = admin.get(run.get_absolute_url())
    assert len(page.context["faults"]) == 7
    refused = step(admin, run, "start", rows="all")
    assert (refused.status_code, run.status, Unit.objects.count()) == (409, "checked", 0)
    step(admin, run, "start", rows="good")
    assert (counts(work(run)), Unit.objects.count()) == ((20, 0, 0, 7), 20)
    again = step(admin, run, "start", rows="good")
    assert (again.status_code, Unit.objects.count()) == (409, 20)
    second = checked(admin, csv_file([UNITS, *homes(20), *BAD]))
    assert counts(second) == (0, 20, 0, 7)
    assert step(admin, second, "start", rows="good").status_code == 409


@pytest.mark.django_db
def test_the_list_of_faults_is_safe_in_a_spreadsheet(admin, yunhu):
    run = checked(admin, csv_file([UNITS, ["3", "2", "101", "=1+1", "88"]]))
    assert found(admin, run)[0][2] == "'=1+1"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["gb18030", "utf-8-sig", "utf-16", "semicolons", "workbook"])
def test_a_table_is_read_however_it_was_saved(admin, yunhu, name):
    rows = [UNITS, *homes(3)]
    if name == "workbook":
        file = workbook({"房屋": rows})
    elif name == "semicolons":
        file = SimpleUploadedFile("a.csv", "\n".join(";".join(map(str, row)) for row in rows).encode())
    else:
        file = csv_file(rows, encoding=name)
    _answer, run = send(admin, file)
    assert run, _answer.context["form"].errors
    assert counts(imported(admin, file)) == (3, 0, 0, 0)
    assert Unit.objects.get(label="3-2-102").area == Decimal("88.50")


@pytest.mark.django_db
def test_of_several_sheets_one_is_chosen(admin, yunhu):
    answer, run = send(admin, workbook({"说明": [["请看第二页"]], "房屋": [UNITS, *homes(4)]}))
    assert answer["Location"] == run.get_absolute_url()
    assert step(admin, run, "sheet", sheet="没有").status_code == 422
    step(admin, run, "sheet", sheet="房屋")
    chosen(admin, run)
    step(admin, run, "check")
    assert counts(work(run)) == (4, 0, 0, 0)
    actions.choose_sheet(run, sheet="说明", by=run.by, now=MONDAY)
    assert step(admin, run, "check").status_code == 409
    run.refresh_from_db()
    assert (run.status, run.mapping, run.done) == ("uploaded", {}, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("a.xlsx", b"PK\x03\x04 no workbook"),
        SimpleUploadedFile("a.xls", b"\xd0\xcf\x11\xe0" + b"x" * 100),
        SimpleUploadedFile("a.csv.gz", b"\x1f\x8b" + b"x" * 100),
        SimpleUploadedFile("a.csv", b"\xff\xff\x81\x20\xff"),
        SimpleUploadedFile("a.csv", b"\n\n\n"),
        SimpleUploadedFile("a.csv", b""),
    ],
    ids=["torn workbook", "old workbook", "packed", "no text", "blank", "empty"],
)
def test_what_is_no_table_gets_a_sentence_and_leaves_nothing(admin, yunhu, file, settings):
    answer, run = send(admin, file)
    assert (answer.status_code, run) == (422, None)
    assert "upload" in answer.context["form"].errors
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


@pytest.mark.django_db
def test_a_file_that_breaks_in_the_middle_fails_with_a_sentence_before_anything_is_written(admin, yunhu):
    body = "\n".join(",".join(map(str, row)) for row in [UNITS, *homes(2100)]) + '\n3,2,"999,1,88\n'
    run = checked(admin, SimpleUploadedFile("a.csv", body.encode()))
    assert (run.status, run.new) == ("failed", 0)
    assert run.problem
    assert run.problem in admin.get(run.get_absolute_url()).text


@pytest.mark.django_db
def test_columns_are_guessed_from_chinese_and_english_headings():
    chinese = ["序号", "楼栋号", "单元", "房间号", "楼层", "建筑面积(㎡)", "备注"]
    assert mapping.guess(TARGETS["units"], chinese)["columns"] == {
        "building": 1,
        "section": 2,
        "number": 3,
        "floor": 4,
        "area": 5,
    }
    english = ["RSN", "Site_Address", "YEAR BUILT", "CONFIRMED_STOREYS", "CONFIRMED_UNITS"]
    columns = mapping.guess(TARGETS["buildings"], english)["columns"]
    assert (columns["code"], columns["year_built"], columns["storeys"], columns["unit_count"]) == (0, 2, 3, 4)
    assert 1 in columns.values()


@pytest.mark.django_db
def test_a_choice_of_columns_is_remembered_for_the_next_file_of_the_community_alone(admin, yunhu, other):
    file = [["a", "b", "c"], ["3", "101", "7"]]
    _answer, run = send(admin, csv_file(file))
    refused = chosen(admin, run)
    assert refused.status_code == 422
    picked = {"col_building": "0", "col_number": "1", "fix_section": "2", "remember": "旧系统"}
    assert chosen(admin, run, **picked).status_code == 302
    assert ImportMapping.objects.get().mapping["columns"] == {"building": "a", "number": "b"}
    _answer, following = send(admin, csv_file([["c", "b", "a"], ["7", "102", "3"]]))
    chosen(admin, following)
    step(admin, following, "check")
    work(following)
    step(admin, following, "start")
    work(following)
    assert Unit.objects.get().label == "3-2-102"
    assert not ImportMapping.objects.filter(community=other).exists()


@pytest.mark.django_db
def test_addresses_come_with_residents_and_agree_to_nothing(admin):
    rows = [["姓名", "电话", "邮箱"], ["王小明", "13700001111", " Wang@Example.ORG "], ["何苗", "13700002222", "何苗@"]]
    assert counts(imported(admin, csv_file(rows), "people")) == (1, 0, 0, 1)
    person = Person.objects.get(name="王小明")
    assert person.email == "wang@example.org" and not person.is_told_by_mail


@pytest.mark.django_db
def test_residents_then_what_they_occupy_from_one_file_with_words_of_its_own(admin, yunhu, home, lin):
    rows = [
        ["房间", "姓名", "电话", "身份", "入住日期", "搬离日期"],
        ["3-2-1201", "林晓梅", "138 0000 1234", "业主", "2020年5月1日", ""],
        ["3栋2单元1201", "王小明", "13700001111", "房东", "2024/3/1", "2025-02-28"],
        ["3-2-1201", "王小明", "13700001111", "租户", "2025-03-01", ""],
        ["9-9-909", "王小明", "13700001111", "租户", "2025-02-28", ""],
    ]
    Occupancy.objects.all().delete()
    people = imported(admin, csv_file(rows), "people")
    assert counts(people) == (1, 3, 0, 0)
    person = Person.objects.get(name="王小明")
    assert (person.phone, person.phone_reversed, person.initials) == ("13700001111", "11110000731", "wxm")
    _answer, run = send(admin, csv_file(rows), "occupancies")
    chosen(admin, run)
    page = admin.get(reverse("residents:import_map", args=[run.pk]))
    assert page.context["form"].words == {"kind": ["房东"]}
    chosen(admin, run, word_kind_0="owner")
    step(admin, run, "check")
    assert counts(work(run)) == (3, 0, 0, 1)
    step(admin, run, "start", rows="good")
    assert counts(work(run)) == (3, 0, 0, 1)
    periods = {(o.kind, o.period.lower, o.period.upper) for o in person.occupancies.all()}
    assert periods == {("owner", date(2024, 3, 1), date(2025, 3, 1)), ("lessee", date(2025, 3, 1), None)}
    told = Event.objects.about(home).filter(verb="moved_in", data__run=run.pk)
    assert {event.data["person"] for event in told} == {person.pk, lin.pk}
    assert counts(checked(admin, csv_file(rows), "occupancies", word_kind_0="owner")) == (0, 3, 0, 1)


@pytest.mark.django_db
def test_nobody_occupies_a_unit_twice_in_the_same_days(admin, yunhu, home, lin, small_chunks):
    rows = [
        ["房间", "姓名", "电话", "身份", "入住日期", "搬离日期"],
        ["3-2-1201", "林晓梅", "13800001234", "家属", "2025-09-01", ""],
        ["3-2-1201", "林晓梅", "13900000000", "家属", "1999-01-01", "1999-02-01"],
        ["3-2-1201", "林晓梅", "", "家属", "1999-01-01", "1998-02-01"],
        ["1201", "林晓梅", "", "家属", "1999-01-01", "1999-02-01"],
        ["1201", "林晓梅", "", "家属", "1999-02-01", "1999-03-01"],
    ]
    run = checked(admin, csv_file(rows), "occupancies")
    assert counts(run) == (1, 0, 0, 4)
    step(admin, run, "start", rows="good")
    assert counts(work(run)) == (1, 0, 0, 4)
    assert [line[0] for line in found(admin, run)] == ["2", "3", "4", "6"]
    unit(yunhu, "5-2-1201")
    assert counts(checked(admin, csv_file([rows[0], rows[4]]), "occupancies")) == (0, 0, 0, 1)


@pytest.mark.django_db
def test_shares_are_of_owners_and_a_whole_at_most(admin, yunhu, home):
    rows = [["房间", "姓名", "电话", "身份", "入住日期", "产权份额"]]
    rows += [["3-2-1201", name, "", "业主", "2020-05-01", share] for name, share in [("甲", "60"), ("乙", "50.5")]]
    rows += [["3-2-1201", "丙", "", "租户", "2020-05-01", "10"], ["3-2-1201", "丁", "", "业主", "2020-05-01", "101"]]
    imported(admin, csv_file(rows), "people")
    run = imported(admin, csv_file(rows), "occupancies", rows="good")
    assert counts(run) == (1, 0, 0, 3)
    assert Occupancy.objects.get(unit=home, kind="owner").share == 60


def owners(*rows, start="2020-05-01"):
    header = ["房间", "姓名", "电话", "身份", "入住日期", "产权份额"]
    return [header, *(["3-2-1201", name, "", "业主", start, share] for name, share in rows)]


@pytest.mark.django_db
@pytest.mark.parametrize("share", ["100", "100%", "１００％", "100.00 %"])
def test_a_sole_owner_has_the_whole(admin, yunhu, home, share):
    imported(admin, csv_file(owners(("甲", share))), "people")
    assert counts(imported(admin, csv_file(owners(("甲", share))), "occupancies")) == (1, 0, 0, 0)
    assert Occupancy.objects.get(unit=home, person__name="甲").share == 100


@pytest.mark.django_db
def test_a_cell_that_a_workbook_shows_in_percent_is_read_as_it_is_shown(admin, yunhu, home):
    file = owners(("甲", 0.3333), ("乙", 1 / 2))
    imported(admin, csv_file(file), "people")
    book = openpyxl.Workbook()
    for row in file:
        book.active.append(row)
    book.active["F2"].number_format, book.active["F3"].number_format = "0.00%", "0%"
    packed = io.BytesIO()
    book.save(packed)
    run = imported(admin, SimpleUploadedFile("a.xlsx", packed.getvalue()), "occupancies")
    assert counts(run) == (2, 0, 0, 0), found(admin, run)
    assert set(home.occupancies.exclude(share=None).values_list("share", flat=True)) == {Decimal("33.33"), Decimal(50)}


@pytest.mark.django_db
def test_a_share_above_the_whole_is_refused_with_the_limit(admin, yunhu, home):
    imported(admin, csv_file(owners(("甲", "1"))), "people")
    run = checked(admin, csv_file(owners(("甲", "100.01"))), "occupancies")
    (line,) = found(admin, run)
    assert line[:1] + line[2:3] == ["2", "100.01"] and "100" in line[3]


@pytest.mark.django_db
def test_a_check_adds_up_the_shares_of_a_home_as_the_register_does(admin, yunhu, home, small_chunks):
    """What would be refused by the run is refused by the check, in the chunk of its row and in a later one."""
    names = [(name, "1") for name in "甲乙丙丁戊己庚辛"]
    imported(admin, csv_file(owners(*names)), "people")
    imported(admin, csv_file(owners(("甲", "50"))), "occupancies")
    later = [["3-2-1201", name, "", "业主", "2019-01-01", "1"] for name in "丁戊"]
    file = [*owners(("乙", "30"), ("丙", "20.01")), *later, *owners(("己", "18"), ("庚", "0.01"))[1:]]
    run = checked(admin, csv_file(file), "occupancies")
    assert counts(run) == (4, 0, 0, 2)
    assert [line[0] for line in found(admin, run)] == ["3", "7"]
    step(admin, run, "start", rows="good")
    assert counts(work(run)) == (4, 0, 0, 2)
    assert [line[0] for line in found(admin, run)] == ["3", "7"]


@pytest.mark.django_db
def test_shares_of_other_days_do_not_add_up(admin, yunhu, home):
    file = [[*owners(("甲", "100"))[0], "搬离日期"], [*owners(("甲", "100"))[1], "2021-05-01"]]
    file += [[*owners(("乙", "100"), start="2021-05-02")[1], ""]]
    imported(admin, csv_file(file), "people")
    assert counts(imported(admin, csv_file(file), "occupancies")) == (2, 0, 0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(("start", "end"), [("2099-11-01", ""), ("1949-09-30", ""), ("2020-05-01", "2099-11-01")])
def test_the_days_of_an_occupancy_are_those_that_the_register_takes(admin, yunhu, home, lin, start, end):
    file = [["房间", "姓名", "身份", "入住日期", "搬离日期"], ["3-2-1201", "吴刚", "家属", start, end]]
    imported(admin, csv_file(file), "people")
    run = checked(admin, csv_file(file), "occupancies")
    assert (counts(run), found(admin, run)[0][2]) == ((0, 0, 0, 1), end or start)


@pytest.mark.django_db
def test_the_first_rows_stand_with_their_numbers_in_the_file(admin, yunhu):
    body = "楼栋,单元,房号\n\n3,2,101\n\n\n3,2,102\n"
    for file in (
        SimpleUploadedFile("a.csv", body.encode()),
        workbook({"房屋": [line.split(",") if line else [] for line in body.splitlines()]}),
    ):
        _answer, run = send(admin, file)
        page = admin.get(reverse("residents:import_map", args=[run.pk]))
        assert [line["number"] for line in page.context["shown"]["lines"]] == [3, 6]


REPEATS = {
    "units": (UNITS, ["3", "2", "101", "1", "88.50"], ["3", "2", "101", "1", "90"]),
    "buildings": (["楼号", "名称"], ["8", "甲栋"], ["8", "乙栋"]),
    "people": (["姓名", "电话", "称呼"], ["王小明", "13700001111", "先生"], ["王小明", "13700001111", "女士"]),
    "occupancies": (
        ["房间", "姓名", "身份", "入住日期", "搬离日期"],
        ["3-2-1201", "林晓梅", "业主", "1990-01-01", ""],
        ["3-2-1201", "林晓梅", "业主", "1990-01-01", "2001-01-01"],
    ),
    "meters": (["房间", "表类型", "表号", "倍率"], ["3-2-1201", "水", "S1", "1"], ["3-2-1201", "水", "S1", "2"]),
    "balances": (
        ["房间", "费用项目", "欠费金额", "截止日期"],
        ["3-2-1201", "水费", "1", "2025-08-31"],
        ["3-2-1201", "水费", "2", "2025-08-31"],
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("target", REPEATS)
def test_a_row_that_stands_twice_in_the_file_is_named_with_the_line_of_the_first(admin, yunhu, home, lin, target):
    Occupancy.objects.all().delete()
    header, first, other = REPEATS[target]
    run = checked(admin, csv_file([header, first, first, other]), target)
    assert counts(run) == (1, 1, 1, 0)
    same, differs = found(admin, run)
    assert (same[0], differs[0]) == ("3", "4")
    assert "2" in same[3] and "2" in differs[3] and same[3] != differs[3]
    assert not re.search("register|登记", differs[3])


@pytest.mark.django_db
def test_where_rows_are_refused_only_the_good_ones_are_chosen_beforehand(admin, yunhu):
    run = checked(admin, csv_file([UNITS, *homes(2), *BAD]))
    assert admin.get(run.get_absolute_url()).context["start_form"]["rows"].value() == "good"


@pytest.mark.django_db
def test_what_was_counted_stays_when_an_import_is_given_up(admin, yunhu):
    run = checked(admin, csv_file([UNITS, *homes(2), *BAD]))
    step(admin, run, "stop")
    assert (run.status, counts(run)) == ("cancelled", (2, 0, 0, 7))
    page = admin.get(run.get_absolute_url())
    assert [tile["value"] for tile in page.context["counts"]] == [2, 0, 0, 7]
    assert step(admin, run, "go_on").status_code == 409
    assert not Unit.objects.exists()


@pytest.mark.django_db
def test_the_title_of_the_page_follows_the_end_of_the_work(admin, yunhu):
    run = checked(admin, csv_file([UNITS, *homes(2)]))
    over = admin.get(reverse("residents:import_progress", args=[run.pk])).text
    assert (
        re.search("<title>(.*)</title>", over)[1]
        == re.search("<title>(.*)</title>", admin.get(run.get_absolute_url()).text)[1]
    )


def balance(amount="356.40", room="3-2-1201", fee="物业服务费", day="2025-08-31"):
    return [room, fee, amount, day]


BALANCES = ["房间", "费用项目", "欠费金额", "截止日期"]


@pytest.mark.django_db
def test_opening_balances_are_taken_over_once_and_bad_amounts_are_sentences(admin, yunhu, home):
    good = [balance(), balance("1,200", fee="停车费"), balance("0", fee="水费"), balance("１２０．５", fee="电费")]
    bad = ["1_000", "NaN", "0.005", "-3", "1e3", "十元", "99999999", "", "#N/A", "∞"]
    file = [BALANCES, *good, *[balance(text, fee=f"费{n}") for n, text in enumerate(bad)], balance(day="2025-09-16")]
    run = imported(admin, csv_file(file), "balances")
    assert counts(run) == (4, 0, 0, len(bad) + 1)
    owed = dict(OpeningBalance.objects.in_force().values_list("label", "amount"))
    assert owed == {
        "物业服务费": Decimal("356.40"),
        "停车费": Decimal(1200),
        "水费": Decimal(0),
        "电费": Decimal("120.50"),
    }
    listed = found(admin, run)
    assert all(cause[-1] in ".。" for _line, _column, _value, cause in listed)
    again = checked(admin, csv_file([BALANCES, balance(), balance("360.00")]), "balances")
    assert counts(again) == (0, 1, 1, 0)


@pytest.mark.django_db
def test_a_balance_that_was_taken_back_is_void_and_can_be_taken_over_anew(admin, yunhu, home):
    run = imported(admin, csv_file([BALANCES, balance()]), "balances")
    step(admin, run, "undo")
    assert (work(run).status, run.taken_back, run.kept) == ("undone", 1, 0)
    assert OpeningBalance.objects.count() == 1
    assert not OpeningBalance.objects.in_force().exists()
    assert counts(imported(admin, csv_file([BALANCES, balance("300")]), "balances")) == (1, 0, 0, 0)


@pytest.mark.django_db
def test_meters_come_with_their_base_reading_and_leave_it_void(admin, yunhu, home):
    rows = [
        ["房间", "表类型", "表号", "倍率", "底数", "抄表日期"],
        ["3-2-1201", "冷水表", "W-1", "", "12.30", "2025-08-31"],
        ["3-2-1201", "电表", "E-1", "40", "", ""],
        ["3-2-1201", "电表", "E-2", "0", "", ""],
        ["3-2-1201", "电表", "E-3", "", "5", ""],
        ["3-2-1201", "电表", "E-4", "", "100000", "2025-08-31"],
        ["3-2-1201", "电表", "E-5", "", "1", "2026-08-31"],
    ]
    run = imported(admin, csv_file(rows), "meters")
    assert counts(run) == (2, 0, 0, 4)
    water = Meter.objects.get(serial="W-1")
    assert (water.unit, water.building, water.resource, water.decimals) == (home, home.building, "water", 2)
    reading = Reading.objects.get()
    assert (reading.meter, reading.kind, reading.value, reading.source) == (water, "base", Decimal("12.30"), "import")
    assert Meter.objects.get(serial="E-1").multiplier == 40
    step(admin, run, "undo")
    assert (work(run).status, run.taken_back) == ("undone", 3)
    assert not Meter.objects.in_place().exists()
    assert not Reading.objects.standing().exists()


@pytest.mark.django_db
def test_buildings_come_with_what_their_papers_say(admin, yunhu):
    rows = [["楼号", "名称", "地址", "建成年份", "层数", "户数", "竣工验收日期"]]
    rows += [["3", "3 栋", "云湖路 8 号", "2019", "18", "72", "2019-06-30"], ["5", "", "", "", "", "", ""]]
    rows += [["7", "", "", "1066", "0", "-1", "2019-02-30"]]
    run = imported(admin, csv_file(rows), "buildings")
    assert counts(run) == (2, 0, 0, 1)
    house = Building.objects.get(code="3")
    assert (house.name, house.address, house.year_built, house.storeys) == ("3 栋", "云湖路 8 号", 2019, 18)
    assert (house.unit_count, house.accepted_on) == (72, date(2019, 6, 30))
    assert Building.objects.get(code="5").name == "5"
    assert len(found(admin, run)) == 4
    units = csv_file(
        [[*UNITS, "竣工日期"], ["3", "2", "101", "1", "88", "2020-01-01"], ["3", "2", "102", "1", "88", ""]]
    )
    assert counts(imported(admin, units)) == (1, 0, 0, 1)


# Stopped, interrupted, taken back -------------------------------------------------------------------------------------


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(importing, "CHUNK", 4)


def slices(run):
    """Do one chunk of a run, as a worker that has no more time than that."""
    return actions.work_on_import(run.pk, now=clock.now(), seconds=-1)


@pytest.mark.django_db
def test_progress_is_told_chunk_by_chunk_and_ends_with_the_result(admin, yunhu, small_chunks):
    run = checked(admin, csv_file([UNITS, *homes(10)]))
    step(admin, run, "start")
    assert slices(run)
    told = admin.get(reverse("residents:import_progress", args=[run.pk]))
    assert told.status_code == 200
    assert 'value="40"' in told.text
    assert "every 1s" in told.text
    assert 'value="40"' in admin.get(run.get_absolute_url()).text
    work(run)
    over = admin.get(reverse("residents:import_progress", args=[run.pk]))
    assert (over.status_code, over["HX-Retarget"]) == (286, "#import-state")
    assert "every 1s" not in over.text


@pytest.mark.django_db
def test_a_stopped_run_keeps_what_it_wrote_and_goes_on_there(admin, yunhu, small_chunks, woken):
    run = checked(admin, csv_file([UNITS, *homes(10), *BAD]))
    step(admin, run, "start", rows="good")
    slices(run)
    step(admin, run, "stop")
    assert not slices(run)
    run.refresh_from_db()
    assert (run.status, run.done, Unit.objects.count()) == ("cancelled", 4, 4)
    step(admin, run, "go_on")
    assert woken[-1] == run.pk
    assert counts(work(run)) == (10, 0, 0, 7)
    assert (run.status, Unit.objects.count(), len(found(admin, run))) == ("done", 10, 7)


@pytest.mark.django_db
def test_what_was_given_up_after_its_check_cannot_go_on(admin, yunhu, small_chunks):
    run = checked(admin, csv_file([UNITS, *homes(10)]))
    step(admin, run, "stop")
    assert (run.status, run.stored) == ("cancelled", "")
    assert step(admin, run, "go_on").status_code == 409
    assert not Unit.objects.exists()


@pytest.mark.django_db
def test_who_is_stopped_in_the_middle_of_a_chunk_takes_that_chunk_back(admin, yunhu, tang, small_chunks, monkeypatch):
    run = checked(admin, csv_file([UNITS, *homes(10)]))
    step(admin, run, "start")
    really = importing._Chunk._write

    def stopped_meanwhile(self, entries):
        written = really(self, entries)
        if self.run.done == 4:
            actions.stop_import(self.run, by=tang, now=clock.now())
        return written

    monkeypatch.setattr(importing._Chunk, "_write", stopped_meanwhile)
    work(run)
    assert (run.done, run.new, Unit.objects.count()) == (4, 4, 4)


@pytest.mark.django_db
def test_a_run_whose_worker_died_is_noticed_and_goes_on_without_doubling(admin, yunhu, small_chunks, monkeypatch):
    run = checked(admin, csv_file([UNITS, *homes(10)[:5], *BAD, *homes(10)[5:]]))
    step(admin, run, "start", rows="good")
    slices(run)
    really = importing.faults.write

    def die(*args, **kwargs):
        really(*args, **kwargs)
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(importing.faults, "write", die)
        dying.setattr(importing.faults, "keep_until", lambda *args: None)
        with pytest.raises(KeyboardInterrupt), transaction.atomic():
            actions.work_on_import(run.pk, now=clock.now())
    run.refresh_from_db()
    assert (run.status, run.done, Unit.objects.count()) == ("running", 4, 4)
    later = clock.now() + timedelta(minutes=1)
    assert actions.silent_imports(now=clock.now()) == []
    assert actions.silent_imports(now=later) == [run.pk]
    with monkeypatch.context() as moved:
        moved.setattr(clock, "now", lambda: later)
        assert reverse("residents:import_go_on", args=[run.pk]) in admin.get(run.get_absolute_url()).text
    assert counts(work(run)) == (10, 0, 0, 7)
    assert (Unit.objects.count(), len(found(admin, run))) == (10, 7)


@pytest.mark.django_db
def test_a_run_whose_workers_die_again_and_again_fails_and_says_so(admin, yunhu):
    run = checked(admin, csv_file([UNITS, *homes(3)]))
    step(admin, run, "start")
    ImportRun.objects.filter(pk=run.pk).update(attempts=importing.MOST_ATTEMPTS)
    assert (work(run).status, Unit.objects.count()) == ("failed", 0)
    assert run.problem


@pytest.mark.django_db
def test_a_row_that_only_the_database_refuses_is_refused_alone_without_its_english(admin, yunhu, monkeypatch, caplog):
    run = checked(admin, csv_file([UNITS, *homes(20)]))
    really = TARGETS["units"].write

    def write(self, entries):
        for entry in entries:
            if entry.facts["number"] == "203":
                entry.facts["area"] = Decimal(-1)
        return really(self, entries)

    monkeypatch.setattr(TARGETS["units"], "write", write)
    step(admin, run, "start", rows="good")
    assert counts(work(run)) == (19, 0, 0, 1)
    assert Unit.objects.count() == 19
    assert "unit_area_sane" in caplog.text
    assert not re.search("unit_area_sane|relation", found(admin, run)[0][3])


@pytest.mark.django_db
def test_all_or_nothing_fails_where_a_row_turns_out_bad(admin, yunhu, monkeypatch):
    run = checked(admin, csv_file([UNITS, *homes(5)]))
    monkeypatch.setattr(TARGETS["units"], "judge", lambda self, entry: (_ for _ in ()).throw(BadCell("x")))
    step(admin, run, "start", rows="all")
    assert (work(run).status, Unit.objects.count()) == ("failed", 0)


@pytest.mark.django_db
def test_an_undone_import_is_gone_but_for_what_something_hangs_on(admin, yunhu, chen, office, tang):
    run = imported(admin, csv_file([UNITS, *homes(6), *homes(2, building="9")]))
    lived_in, complained_of, touched = Unit.objects.filter(building__code="3").order_by("label")[:3]
    resident(lived_in, "王小明", "13700001111")
    case(yunhu, by=chen, unit=complained_of)
    actions.mark_handed_over(touched, on=date(2025, 9, 1), by=chen, now=MONDAY)
    step(admin, run, "undo")
    assert work(run).status == "undone"
    assert set(Unit.objects.values_list("pk", flat=True)) == {lived_in.pk, complained_of.pk, touched.pk}
    assert list(Building.objects.values_list("code", flat=True)) == ["3"]
    # Three units, their section and their building stay.
    assert (run.taken_back, run.kept, run.added) == (7, 5, 12)
    listed = found(admin, run)
    assert {line[2] for line in listed} == {lived_in.label, complained_of.label, touched.label, "3-2", "3"}
    told = Event.objects.filter(verb="import_undone", data__run=run.pk)
    assert told.count() == 6
    assert Event.objects.about(run).first().data["kept"] == 5
    assert counts(checked(admin, csv_file([UNITS, *homes(6)]))) == (3, 3, 0, 0)


@pytest.mark.django_db
def test_occupancies_that_somebody_ended_since_stay_when_their_import_is_undone(admin, yunhu, home, lin, wu, tang):
    Occupancy.objects.all().delete()
    rows = [["房间", "姓名", "身份", "入住日期"], ["3-2-1201", "林晓梅", "业主", "2020-05-01"]]
    rows += [["3-2-1202", "吴刚", "业主", "2020-05-01"]]
    run = imported(admin, csv_file(rows), "occupancies")
    actions.end_occupancy(wu.occupancies.get(), on=date(2025, 9, 1), by=tang, now=MONDAY)
    step(admin, run, "undo")
    assert (work(run).taken_back, run.kept) == (1, 1)
    assert Occupancy.objects.get().person == wu


@pytest.mark.django_db
def test_an_occupancy_that_a_move_names_stays_and_the_undo_of_its_import_ends(admin, yunhu, home, lin, wu, chen):
    Occupancy.objects.all().delete()
    rows = [["房间", "姓名", "身份", "入住日期"], ["3-2-1201", "林晓梅", "租户", "2020-05-01"]]
    rows += [["3-2-1201", "吴刚", "家属", "2020-05-01"], ["3-2-1202", "吴刚", "业主", "2020-05-01"]]
    run = imported(admin, csv_file(rows), "occupancies")
    facts = {"booked_for": MONDAY, "moves_on": MONDAY.date(), "by": chen, "now": MONDAY}
    handover = actions.open_move_out(lin.occupancies.get(), **facts)
    with_them = list(handover.companions.all())
    assert [one.person for one in with_them] == [wu]
    step(admin, run, "undo")
    assert work(run).status == "undone"
    assert (run.taken_back, run.kept) == (1, 2)
    assert set(Occupancy.objects.all()) == {handover.occupancy, *with_them}


@pytest.mark.parametrize("model", [Building, Section, Unit, Person, Occupancy, Meter, Reading, OpeningBalance])
def test_whatever_points_to_an_imported_row_is_counted_before_it_goes(model):
    fields = [field for one in apps.get_models() for field in (*one._meta.fields, *one._meta.many_to_many)]
    pointing = {field for field in fields if field.is_relation and field.related_model is model}
    assert pointing == {relation.field for relation in undoing.relations_to(model)}


@pytest.mark.django_db
def test_an_undo_that_breaks_off_again_and_again_fails_and_goes_on_when_asked(admin, yunhu, small_chunks, monkeypatch):
    run = imported(admin, csv_file([UNITS, *homes(6)]))
    resident(Unit.objects.get(label="3-2-201"), "王小明", "13700001111")
    step(admin, run, "undo")
    really, chunks = importing.take_back, []

    def breaks_at_the_second(*args, **kwargs):
        chunks.append(args)
        if len(chunks) > 1:
            raise ProtectedError("x", set())
        return really(*args, **kwargs)

    with monkeypatch.context() as broken:
        broken.setattr(importing, "take_back", breaks_at_the_second)
        # The first has a chunk written, from which on the attempts count.
        for _attempt in range(1 + importing.MOST_ATTEMPTS):
            with pytest.raises(ProtectedError):
                work(run)
        assert work(run).status == "failed" and run.problem
    before = (run.taken_back, run.kept)
    assert sum(before) and sum(before) < run.added
    step(admin, run, "undo")
    assert work(run).status == "undone"
    assert (run.taken_back + run.kept, run.problem) == (run.added, "")
    assert "3-2-201" in {line[2] for line in found(admin, run)}


@pytest.mark.django_db
def test_what_stayed_because_something_hung_on_it_can_be_taken_back_later(admin, yunhu, home):
    rows = [["房间", "姓名", "电话", "身份", "入住日期"], ["3-2-1201", "甲", "1", "业主", "2020-05-01"]]
    rows = [rows[0], *(["3-2-1201", name, f"1380000000{n}", "业主", "2020-05-01"] for n, name in enumerate("甲乙"))]
    people = imported(admin, csv_file([*rows, ["3-2-1201", "丙", "13800000009", "", ""]]), "people")
    living = imported(admin, csv_file(rows), "occupancies")
    step(admin, people, "undo")
    assert (work(people).status, people.taken_back, people.kept) == ("undone", 1, 2)
    assert "2" not in found(admin, people)[0][3] and "1" in found(admin, people)[0][3]
    assert reverse("residents:import_undo", args=[people.pk]) in admin.get(people.get_absolute_url()).text
    step(admin, living, "undo")
    work(living)
    assert step(admin, people, "undo").status_code == 302
    assert (work(people).status, people.taken_back, people.kept) == ("undone", 3, 0)
    assert not Person.objects.filter(name__in="甲乙丙").exists()
    assert found(admin, people) == []
    assert reverse("residents:import_undo", args=[people.pk]) not in admin.get(people.get_absolute_url()).text
    assert step(admin, people, "undo").status_code == 409
    told = Event.objects.filter(verb="import_undone", data__run=people.pk)
    assert told.count() == 3


@pytest.mark.django_db
def test_the_file_goes_with_the_run_and_everything_after_a_week(
    admin, yunhu, settings, django_capture_on_commit_callbacks
):
    def left():
        return sorted(path.suffix for path in settings.MEDIA_ROOT.rglob("*") if path.is_file())

    with django_capture_on_commit_callbacks(execute=True):
        run = imported(admin, workbook({"房屋": [UNITS, *homes(3), *BAD]}))
        assert left() == ["", ".faults", ".plain"]
    assert left() == [".faults"]
    _answer, idle = send(admin, csv_file([UNITS]))
    assert actions.forget_import_files(now=clock.now() + timedelta(days=6)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert actions.forget_import_files(now=clock.now() + timedelta(days=8)) == 2
    assert left() == []
    idle.refresh_from_db()
    assert (idle.status, idle.stored) == ("cancelled", "")
    assert admin.get(reverse("residents:import_faults", args=[run.pk])).status_code == 404
    assert admin.get(run.get_absolute_url()).status_code == 200
    assert step(admin, idle, "go_on").status_code == 409


# Who, and at once -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_supervisor_looks_and_may_not_act_and_another_community_sees_nothing(admin, client, yunhu, zhou, other):
    run = checked(admin, csv_file([UNITS, *homes(2), *BAD]))
    client.force_login(zhou)
    page = client.get(run.get_absolute_url())
    assert page.status_code == 200
    assert reverse("residents:import_start", args=[run.pk]) not in page.text
    assert client.post(reverse("residents:import_start", args=[run.pk])).status_code == 403
    assert client.get(reverse("residents:imports")).context["form"] is None
    client.force_login(factories.staff("far", "远方", "admin", community=other))
    for name in ("run", "progress", "faults", "map"):
        assert client.get(reverse(f"residents:import_{name}", args=[run.pk])).status_code == 404
    assert client.post(reverse("residents:import_start", args=[run.pk])).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("others", [1, 8])
def test_the_pages_of_an_import_cost_the_same_for_few_and_for_many(admin, yunhu, others):
    for n in range(others):
        run = imported(admin, csv_file([UNITS, *homes(others, building=f"{n}"), *BAD]))
    _answer, begun = send(admin, csv_file([UNITS, *homes(others)]))
    chosen(admin, begun, remember="旧系统")
    pages = {"imports": reverse("residents:imports"), "import": run.get_absolute_url()}
    pages["import, columns"] = reverse("residents:import_map", args=[begun.pk])
    for name, url in pages.items():
        admin.get(url)
        with counting.pinned(name) as captured:
            assert admin.get(url).status_code == 200
        assert len(captured) <= 15, name


@pytest.mark.django_db
@pytest.mark.parametrize("target", TARGETS)
def test_each_template_holds_every_column_and_is_read_by_its_own_target(admin, yunhu, target):
    answer = admin.get(reverse("residents:import_template", args=[target]))
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    rows, columns = book.worksheets
    header = [cell.value for cell in rows[1]]
    assert set(mapping.guess(TARGETS[target], header)["columns"]) == {column.key for column in TARGETS[target].columns}
    assert columns.max_row == len(TARGETS[target].columns) + 1
    for column in TARGETS[target].columns:
        if column.example:
            mapping.read_text(column, {"words": {}}, column.example)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (cells.day, "2024-03-31", date(2024, 3, 31)),
        (cells.day, "2024/3/1", date(2024, 3, 1)),
        (cells.day, "2024.3.1", date(2024, 3, 1)),
        (cells.day, "2024年3月1日", date(2024, 3, 1)),
        (cells.day, "20240301", date(2024, 3, 1)),
        (cells.day, "2024-03-01T00:00:00", date(2024, 3, 1)),
        (cells.floor, "12层", 12),
        (cells.floor, "-1", -1),
        (cells.Whole(1, 9), "９", 9),
        (cells.Amount(Decimal(0), Decimal(9999), 2), "1,234.5㎡", Decimal("1234.50")),
        (cells.phone, "+86 138-0000-1234", "+8613800001234"),
        (cells.money, "¥1,200.00", Decimal(1200)),
    ],
)
def test_a_cell_is_read_as_people_write_it(read, text, value):
    assert read(cells.tidy_cell(text)) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (cells.day, "31/03/2024"),
        (cells.day, "2024-02-30"),
        (cells.day, "0999-01-01"),
        (cells.day, "45352"),
        (cells.floor, "1e3"),
        (cells.floor, "B1"),
        (cells.Whole(1, 9), "1.5"),
        (cells.Whole(1, 9), "10"),
        (cells.Amount(Decimal(0), Decimal(9999), 2), "88.505"),
        (cells.Amount(Decimal(0), Decimal(9999), 2), "NaN"),
        (cells.phone, "call me"),
        (cells.Text(3), "four"),
        (cells.tidy_cell, "≈1234567890123456"),
        (cells.tidy_cell, "#REF!"),
    ],
)
def test_a_cell_that_means_nothing_certain_is_a_sentence(read, text):
    with pytest.raises(BadCell) as bad:
        read(text)
    assert bad.value.sentence[-1] in ".。"


@pytest.fixture
def meeting(monkeypatch):
    """Two workers that come to write the same rows do it at the same moment."""
    at_once = threading.Barrier(2)
    really = TARGETS["units"].write

    def write(self, entries):
        with contextlib.suppress(threading.BrokenBarrierError):
            at_once.wait(timeout=0.3)
        return really(self, entries)

    monkeypatch.setattr(TARGETS["units"], "write", write)


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_of_two_who_start_the_same_run_at_once_one_does(client, yunhu, tang, meeting):
    client.force_login(tang)
    for n in range(3):
        run = checked(client, csv_file([UNITS, *homes(3, building=f"{n}")]))
        outcomes = race(*[lambda run=run: bool(actions.start_import(run, only_good=True, by=tang, now=MONDAY))] * 2)
        assert [isinstance(outcome, Refused) for outcome in outcomes].count(True) == 1
        race(*[lambda run=run: actions.work_on_import(run.pk, now=MONDAY)] * 2)
        assert (counts(work(run)), run.status) == ((3, 0, 0, 0), "done")
        assert Unit.objects.filter(building__code=f"{n}").count() == 3
        assert Event.objects.about(run).filter(verb="running").count() == 1


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_control_without_lock_and_compare_two_workers_meet_on_the_same_rows(client, yunhu, tang, meeting, monkeypatch):
    """Nothing but the unique constraint is left then to save the data: what it refused is what two have written."""
    client.force_login(tang)
    met = []
    monkeypatch.setattr(importing, "importing_alone", lambda community: contextlib.nullcontext())
    monkeypatch.setattr(importing, "write", _careless)
    really = importing._Chunk._refuse
    monkeypatch.setattr(importing._Chunk, "_refuse", lambda *args: met.append(args[-1]) or really(*args))
    for n in range(3):
        run = checked(client, csv_file([UNITS, *homes(3, building=f"{n}")]))
        actions.start_import(run, only_good=True, by=tang, now=MONDAY)
        race(*[lambda run=run: actions.work_on_import(run.pk, now=MONDAY)] * 2)
    assert met


def _careless(thing, **facts):
    type(thing)._base_manager.filter(pk=thing.pk).update(**facts)
    for name, value in facts.items():
        setattr(thing, name, value)


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_while_another_import_of_the_community_holds_the_lock_nothing_is_done(client, yunhu, tang):
    client.force_login(tang)
    run = checked(client, csv_file([UNITS, *homes(3)]))
    actions.start_import(run, only_good=True, by=tang, now=MONDAY)
    facts = connection.get_connection_params()
    with psycopg.connect(**{k: v for k, v in facts.items() if k in ("dbname", "host", "port", "user")}) as held:
        held.execute("SELECT pg_advisory_lock(%s, %s)", [alone.IMPORT, yunhu.pk])
        assert actions.work_on_import(run.pk, now=MONDAY)
        assert not Unit.objects.exists()
    work(run)
    assert Unit.objects.count() == 3
