"""Importing history: every row becomes a case or is listed with the reason, and a second run adds nothing."""

import csv
import datetime
import gzip
import io
import random
import resource
import subprocess
import sys
import textwrap
import zipfile
from collections import Counter

import openpyxl
import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from complaints import actions
from complaints.imports import importing, mapping
from complaints.imports.register import number_of
from complaints.imports.rows import read_place
from complaints.models import Case, Category, DeadlinePolicy, Status
from residents.models import Building, Unit
from servicedesk.core import alone, events, search, tables
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event
from tests import factories
from tests.factories import at

MAPPING = """
source = "old"
time_zone = "Asia/Shanghai"
due = "source"
formats = ["%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"]

[columns]
source_id = "编号"
received_at = "时间"
due_at = "期限"
closed_at = "办结"
title = "主题"
description = "详情"
outcome = "答复"
reporter_name = "姓名"
reporter_phone = "电话"
category = "类别"
building = "楼"
unit = "房"
"""
HEADER = ["编号", "时间", "期限", "办结", "主题", "详情", "答复", "姓名", "电话", "类别", "楼", "房", "点赞"]
NOW = at("2025-09-15 09:00")


@pytest.fixture
def desk(yunhu, tmp_path, monkeypatch, time_machine):
    """A community at a fixed time, and a place for files."""
    time_machine.move_to(NOW, tick=False)
    monkeypatch.chdir(tmp_path)
    return yunhu


def row(number="1", time="2024/3/5 9:05:00", title="厨房漏水", **facts):
    return [number, time, facts.get("due", ""), facts.get("closed", ""), title] + [
        facts.get(name, "") for name in ("text", "answer", "who", "phone", "category", "building", "unit", "likes")
    ]


def write(rows, name="old.csv", header=HEADER, encoding="utf-8"):
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    with open(name, "wb") as file:
        file.write(text.getvalue().encode(encoding))
    return name


def plan(text=MAPPING, extra="", name="plan.toml"):
    with open(name, "w", encoding="utf-8") as file:
        file.write(extra + text)
    return f"./{name}"


def run(file, *, using=None, **options):
    """Run the command and return what it says."""
    said = io.StringIO()
    call_command("import_cases", file, community="YH", mapping=using or plan(), stdout=said, **options)
    return said.getvalue()


def refused(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


def counts(new, there, bad=0):
    return _("%(new)s new, %(there)s already there, %(refused)s refused.") % {
        "new": new,
        "there": there,
        "refused": bad,
    }


def test_a_closed_matter_is_archived_with_its_own_times(desk):
    run(write([row(due="2024/3/8 18:00:00", closed="2024/3/9 10:00:00", answer="已更换接头", likes="7")]))
    case = Case.objects.get()
    assert (case.number, case.status, case.source, case.source_id) == ("YH-IM-1", Status.ARCHIVED, "old", "1")
    assert case.received_at == case.clock_started_at == at("2024-03-05 09:05")
    assert case.recorded_at == NOW
    assert case.resolved_at == case.replied_at == case.archived_at == at("2024-03-09 10:00")
    assert case.due_at == at("2024-03-08 18:00")
    assert case.is_late(NOW)
    assert case.remedy == "已更换接头"
    assert case.imported_facts == {"点赞": "7"}
    assert case.department.is_centre
    assert case.why()


def test_a_matter_closed_before_it_was_opened_keeps_both_times(desk):
    run(write([row(time="2024/3/5 9:05:58", closed="2024/3/5 9:05:00")]))
    case = Case.objects.get()
    assert case.resolved_at - case.received_at == datetime.timedelta(seconds=-58)


def test_only_matter_and_time_are_required(desk):
    run(write([row(number="7")]))
    case = Case.objects.get()
    assert (case.summary, case.reporter_name) == ("厨房漏水", "")
    assert (case.unit, case.building, case.due_at) == (None, None, None)
    assert case.status == Status.RECEIVED
    assert case.category.code == "imported"


def test_what_an_open_case_missed_before_the_import_raises_nobody(desk, zhou):
    run(write([row("1"), row("2", due="2024/3/8 18:00:00")]))
    later = NOW + datetime.timedelta(days=3)
    assert actions.escalate_overdue(now=later) == 0
    assert set(Case.objects.values_list("level", flat=True)) == {1}
    assert Case.objects.late(later).count() == 1


def test_what_an_open_case_misses_after_the_import_raises_it(desk, zhou):
    run(write([row(due="2025/9/16 18:00:00")]))
    case = Case.objects.get()
    assert case.next_escalation_at == at("2025-09-16 18:00") + datetime.timedelta(microseconds=1)
    assert actions.escalate_overdue(now=at("2025-09-16 18:01")) == 1
    case.refresh_from_db()
    assert (case.level, case.holder) == (2, zhou)


def test_an_open_case_is_seen_taken_and_found_like_any_other(desk, chen):
    run(write([row(who="王小梅", text="水从楼上滴下来")]))
    case = Case.objects.visible_to(chen).open().get(terms__contains=search.query_terms("楼上"))
    actions.take(case, by=chen, now=NOW)
    assert factories.fresh(case).first_responsible == chen


def test_an_imported_case_stands_in_the_list_the_search_and_on_its_page(desk, zhou, client):
    run(write([row("1", title="电梯异响", who="王小梅"), row("2", title="电梯停运", closed="2024/3/9 10:00")]))
    client.force_login(zhou)
    assert "YH-IM-1" in client.get(reverse("complaints:list")).text
    found = client.get(reverse("desk:search"), {"q": "电梯"}).text
    assert "IM-1" in found
    assert "IM-2" in found
    for number in ("YH-IM-1", "YH-IM-2"):
        assert client.get(reverse("complaints:case", args=[number])).status_code == 200
    assert client.get(reverse("desk:board")).status_code == 200


def test_an_open_case_without_a_deadline_can_be_worked_to_its_end(desk, office):
    run(write([row()]))
    clerk, head = office["clerk"], office["head"]
    case = Case.objects.get()
    actions.take(case, by=clerk, now=NOW)
    actions.hand_over(case, department=desk.departments.get(code="engineering"), by=clerk, now=NOW)
    actions.accept(case, by=head, now=NOW)
    actions.pause(case, reason="material", until=NOW + datetime.timedelta(hours=3), by=head, now=NOW)
    actions.resume(case, by=head, now=NOW + datetime.timedelta(hours=1))
    actions.resolve(case, by=head, now=NOW + datetime.timedelta(hours=2), remedy="已修好")
    assert factories.fresh(case).status == Status.RESOLVED


def test_every_case_has_one_event_and_the_chain_is_whole(desk):
    run(write([row(str(n)) for n in range(5)]))
    assert Counter(Event.objects.filter(verb="imported").values_list("subject_id", flat=True)) == Counter(
        Case.objects.values_list("pk", flat=True)
    )
    event = Event.objects.about(Case.objects.get(source_id="3")).get()
    assert (event.data["line"], event.by, event.at) == (5, None, NOW)
    assert events.seal_events() >= 5
    assert events.first_break(desk) is None


def test_a_second_run_adds_nothing(desk):
    file = write([row("1"), row("2", unit="G2栋320")])
    assert counts(2, 0) in run(file)
    before = Event.objects.count(), Unit.objects.count(), Building.objects.count(), Category.objects.count()
    assert counts(0, 2) in run(file)
    assert Case.objects.count() == 2
    assert before == (Event.objects.count(), Unit.objects.count(), Building.objects.count(), Category.objects.count())


def test_an_interrupted_run_is_repeated_and_ends_whole(desk, monkeypatch):
    file = write([row(str(n)) for n in range(10)])
    monkeypatch.setattr(importing, "CHUNK", 3)
    copy, calls = importing._Run._copy, []

    def stop_at_the_third(self, pairs):
        calls.append(pairs)
        if len(calls) == 3:
            raise KeyboardInterrupt
        copy(self, pairs)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(importing._Run, "_copy", stop_at_the_third)
        run(file)
    assert Case.objects.count() == 6 == Event.objects.filter(verb="imported").count()
    assert counts(4, 6) in run(file)
    assert Case.objects.count() == 10 == Event.objects.filter(verb="imported").count()


def test_a_dry_run_says_what_would_happen_and_writes_nothing(desk):
    before = Category.objects.count()
    said = run(write([row("1", category="水电", unit="3栋101"), row("2", time="gestern")]), dry_run=True)
    assert counts(1, 0, 1) in said
    assert not Case.objects.exists()
    assert not Event.objects.exists()
    assert not Building.objects.exists()
    assert Category.objects.count() == before


@pytest.mark.parametrize(
    ("bad", "column", "value"),
    [
        (row("2", time="5. März"), "时间", "5. März"),
        (row("2", time="2024/2/30 9:00:00"), "时间", "2024/2/30 9:00:00"),
        (row("2", time=""), "时间", ""),
        (row("2", time="2031/1/1 9:00:00"), "时间", "2031/1/1 9:00:00"),
        (row("2", time="0001/1/1 0:00:00"), "时间", "0001/1/1 0:00:00"),
        (row("2", closed="morgen"), "办结", "morgen"),
        (row("2", title=""), "主题", ""),
        (row(""), "编号", ""),
        (row("9" * 81), "编号", "9" * 81),
        ([*row("2"), "x"], "", "x"),
    ],
)
def test_a_bad_row_is_listed_with_line_and_column_and_stops_nothing(desk, bad, column, value):
    said = run(write([row("1"), bad, row("3")]), rejects="bad.csv")
    assert counts(2, 0, 1) in said
    [(line, named, reason, shown)] = refused("bad.csv")
    assert (line, named, shown) == ("3", column, value)
    assert reason


def test_a_quotation_mark_out_of_place_costs_its_own_row(desk):
    with open(write([row("1")]), "a", encoding="utf-8") as file:
        file.write('2,2024/3/5 9:05:00,,,"a"b,,,,,,,,\r\n')
        file.write("3,2024/3/5 9:05:00,,,gut,,,,,,,,\r\n")
    run("old.csv", rejects="bad.csv")
    assert set(Case.objects.values_list("source_id", flat=True)) == {"1", "3"}
    assert refused("bad.csv")[0][0] == "3"


def test_a_number_that_repeats_with_other_words_is_listed_and_with_the_same_is_there(desk):
    said = run(write([row("1"), row("1"), row("1", title="另一件事")]), rejects="bad.csv")
    assert counts(1, 1, 1) in said
    assert refused("bad.csv")[0][:2] == ["4", "编号"]


def test_a_row_that_only_the_database_refuses_stands_alone(desk, monkeypatch):
    terms = search.terms
    monkeypatch.setattr(search, "terms", lambda *texts: ["x" * 65] if "毒" in texts else terms(*texts))
    said = run(write([row(str(n), title="毒" if n == 4 else "漏水") for n in range(9)]), rejects="bad.csv")
    assert counts(8, 0, 1) in said
    assert refused("bad.csv")[0][0] == "6"


def test_the_list_of_rejects_runs_nothing_in_a_spreadsheet(desk):
    run(write([row("1", time="=cmd|' /C calc'!A0"), row("2", time="-1+1")]), rejects="bad.csv")
    assert [cells[3][:2] for cells in refused("bad.csv")] == ["'=", "'-"]


def test_without_bad_rows_no_list_is_left(desk, tmp_path):
    run(write([row()]), rejects="bad.csv")
    assert not (tmp_path / "bad.csv").exists()


def test_texts_lose_spreadsheet_remains_and_keep_their_words(desk):
    run(
        write(
            [
                row(
                    title="\t_x000D_\n 漏\u3000水\u00a0了 ",
                    text="\n\t\t\t\n\t\t-急！\x00_x000D_\n\n\n\n=1+1 \ufffd\n\t\t",
                    answer="-" + "好" * 4000,
                )
            ]
        )
    )
    case = Case.objects.get()
    assert case.summary == "漏 水 了"
    assert case.description == "-急！\n\n=1+1 \ufffd"
    assert case.remedy == "-" + "好" * 4000


def test_a_long_title_goes_on_in_the_description(desk):
    run(write([row(title="长" * 300, text="详情")]))
    case = Case.objects.get()
    assert case.summary == "长" * 199 + "…"
    assert case.description == "长" * 300 + "\n\n详情"


def test_without_a_title_the_first_line_is_the_matter(desk):
    run(write([row(title="", text="\n\n水管爆了\n请快来")]))
    assert Case.objects.get().summary == "水管爆了"


def test_a_phone_that_is_none_is_kept_among_the_facts(desk):
    run(write([row("1", phone="138 0000-1234"), row("2", phone="晚上再打")]))
    assert Case.objects.get(source_id="1").reporter_phone == "13800001234"
    second = Case.objects.get(source_id="2")
    assert (second.reporter_phone, second.imported_facts) == ("", {"电话": "晚上再打"})


@pytest.mark.parametrize(
    ("building", "unit", "place"),
    [
        ("", "G2栋320", ("G2", "", "320")),
        ("", "3栋2单元1201室", ("3", "2", "1201")),
        ("", "3-2-1201", ("3", "2", "1201")),
        ("", "6栋", ("6", "", "")),
        ("3栋", "1201", ("3", "", "1201")),
        ("3", "2-1201", ("3", "2", "1201")),
        ("3栋", "3栋1201室", ("3", "", "1201")),
        ("幸福小区", "5栋105", ("幸福小区 5栋", "", "105")),
        ("21 MAGAW PLACE", "2C", ("21 MAGAW PLACE", "", "2C")),
        ("21 MAGAW PLACE", "Apt. 3FL", ("21 MAGAW PLACE", "", "3FL")),
        ("21 MAGAW PLACE", "ENTIRE APARTMENT", ("21 MAGAW PLACE", "", "")),
        ("21 MAGAW PLACE", "靠近电梯的那一间", ("21 MAGAW PLACE", "", "")),
        ("", "楼下", ("", "", "")),
        ("", "1201", ("", "", "1201")),
    ],
)
def test_a_unit_is_read_where_it_can_be_and_else_left_out(building, unit, place):
    found = read_place(building, unit)
    assert (found.building, found.section, found.number) == place


def test_a_registered_unit_is_found_and_no_second_one_made(desk, home):
    run(write([row("1", unit="3-2-1201"), row("2", building="3栋", unit="2单元1201"), row("3", unit="1201")]))
    assert Case.objects.filter(unit=home, building=home.building).count() >= 2
    assert Unit.objects.get() == home
    assert Building.objects.get() == home.building


def test_new_buildings_and_units_are_made_once_and_found_by_room(desk):
    run(write([row("1", unit="G2栋320"), row("2", unit="G2栋320"), row("3", building="33 Beacon St", unit="2C")]))
    assert Building.objects.count() == 2 == Unit.objects.count()
    unit = Unit.objects.by_room("g2-320").get()
    assert unit.cases.count() == 2
    assert Event.objects.about(unit).get().verb == "unit_registered"


def test_words_that_are_no_unit_stay_as_the_place(desk):
    run(write([row(unit="东门外的花坛")]))
    case = Case.objects.get()
    assert (case.unit, case.where) == (None, "东门外的花坛")


def test_categories_are_made_once_and_not_offered_at_the_desk(desk):
    file = write([row("1", category="水电"), row("2", category="水电"), row("3", category="绿化")])
    run(file, using=plan(MAPPING + '[values.category]\n"绿化" = "cleaning"\n'))
    made = Case.objects.get(source_id="1").category
    assert (made.name, made.is_active, made.is_public, made.cases.count()) == ("水电", False, False, 2)
    assert Case.objects.get(source_id="3").category == Category.objects.get(community=desk, code="cleaning")


COMPUTED = MAPPING.replace('due = "source"', 'due = "computed"') + 'policy = "类别"\n'
POLICY = """
[values.policy]
"水电" = "working-3"

[policies]
working-3 = { name = "三个工作日", count = "working_days", amount = 3, end = "close" }
"""


def test_a_deadline_is_computed_by_the_communitys_calendar_and_explains_itself(desk):
    using = plan(COMPUTED + POLICY)
    said = run(write([row("1", category="水电", due="2024/3/8 18:01:00"), row("2", due="2024/3/8 18:00")]), using=using)
    case = Case.objects.get(source_id="1")
    assert case.due_at == at("2024-03-08 18:00")
    assert case.policy == case.category.policy == DeadlinePolicy.objects.get(code="working-3")
    assert len(case.why()) > 3
    assert case.imported_facts == {"期限": "2024/3/8 18:01:00"}
    assert "1 / 1" in said
    assert Case.objects.get(source_id="2").due_at is None


def test_a_due_day_without_a_time_ends_at_midnight(desk):
    run(write([row(due="2024-03-08")]))
    assert Case.objects.get().due_at == at("2024-03-09 00:00")


def test_nobody_says_late_of_a_matter_whose_closing_time_is_unknown(desk):
    header = [*HEADER, "状态"]
    using = plan(MAPPING + 'status = "状态"\n[values.status]\n"完" = "closed"\n')
    run(write([[*row(due="2024/3/8 18:00"), "完"]], header=header), using=using)
    case = Case.objects.get()
    assert (case.status, case.due_at, case.is_late(NOW)) == (Status.ARCHIVED, None, False)
    assert case.imported_facts["期限"] == "2024/3/8 18:00"


def test_late_in_the_database_is_late_in_python(desk, web_case):
    closed = {"closed": "2024/3/9 10:00"}
    rows = [row("1", due="2024/3/8 18:00", **closed), row("2", due="2024/3/9 10:00", **closed), row("3", **closed)]
    run(write([*rows, row("4", due="2024/3/8 18:00"), row("5", due="2026/3/8 18:00"), row("6")]))
    for moment in (at("2024-03-08 18:00"), at("2024-03-08 18:01"), NOW, at("2027-01-01 00:00")):
        late = {case.pk for case in Case.objects.all() if case.is_late(moment)}
        assert set(Case.objects.late(moment).values_list("pk", flat=True)) == late
    assert set(Case.objects.late(NOW).values_list("source_id", flat=True)) == {"1", "4"}


def test_numbers_are_the_sources_own_and_never_meet(desk):
    assert number_of(desk, "a", "101001240734") == "YH-IM-101001240734"
    odd = ["a/b", "a b", "A-B", "a-b", "信访 12", "x" * 80, "../x", "?", "x" * 79 + "y"]
    numbers = [number_of(desk, "a", text) for text in odd]
    assert len(set(numbers)) == len(odd)
    assert all(len(number) <= 60 and "/" not in number and "?" not in number for number in numbers)


def test_two_sources_may_use_the_same_number(desk):
    run(write([row("1")]))
    run(write([row("1")]), using=plan(MAPPING.replace('"old"', '"older"')))
    assert Case.objects.filter(source_id="1").values("number").distinct().count() == 2


def test_rows_without_numbers_are_known_by_their_words(desk):
    using = plan(MAPPING.replace('source_id = "编号"\n', ""))
    file = write([row(""), row(""), row("", title="停电")])
    assert counts(3, 0) in run(file, using=using)
    assert counts(0, 3) in run(file, using=using)


def test_a_gzipped_file_and_a_foreign_encoding_are_read(desk):
    write([row("1")])
    with open("old.csv", "rb") as plain, gzip.open("old.csv.gz", "wb") as packed:
        packed.write(plain.read())
    run("old.csv.gz")
    run(write([row("2")], encoding="gb18030"), using=plan(extra='encoding = "gb18030"\n'))
    assert set(Case.objects.values_list("summary", "source_id")) == {("厨房漏水", "1"), ("厨房漏水", "2")}


def workbook(rows, name="old.xlsx", empty=0):
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("数据")
    sheet.append(HEADER)
    for _number in range(empty):
        sheet.append([None])
    for cells in rows:
        sheet.append(cells)
    book.save(name)
    return name


def test_a_workbook_gives_text_dates_true_dates_and_whole_numbers(desk):
    true_date = datetime.datetime(2024, 3, 5, 9, 5)  # noqa: DTZ001 - as Excel keeps it
    run(workbook([row(188006, "2024/3/5 9:05:00", likes=3), row(2118.0, true_date)], empty=3000), rejects="bad.csv")
    assert set(Case.objects.values_list("source_id", "received_at")) == {
        ("188006", at("2024-03-05 09:05")),
        ("2118", at("2024-03-05 09:05")),
    }
    assert Case.objects.get(source_id="188006").imported_facts == {"点赞": "3"}


def test_a_bad_row_of_a_workbook_has_its_own_row_number(desk):
    run(workbook([row("1"), row("2", time="?")], empty=20), rejects="bad.csv")
    assert refused("bad.csv")[0][0] == "23"


def test_a_number_that_excel_has_rounded_is_refused_and_not_believed(desk):
    run(workbook([row(440106199001074578), row(4.40106199001074e17)]), rejects="bad.csv")
    assert not Case.objects.exists()
    assert [cells[1] for cells in refused("bad.csv")] == ["编号", "编号"]


def test_whole_numbers_get_their_zeros_back(desk):
    run(write([row(building="33 Beacon St")]), using=plan(MAPPING + "[whole_numbers]\n'点赞' = 5\n"))
    run(write([row("2", likes="2118.0")]), using=plan(MAPPING + "[whole_numbers]\n'点赞' = 5\n"))
    assert Case.objects.get(source_id="2").imported_facts == {"点赞": "02118"}


def bomb(name="bomb.xlsx"):
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", b" " * 80_000_000)
    return name


def raw(content, name="old.csv"):
    with open(name, "wb") as file:
        file.write(content)
    return name


def content(name):
    with open(name, "rb") as file:
        return file.read()


def plain_table(*lines):
    return raw("\r\n".join([",".join(HEADER), *lines]).encode())


HOSTILE = {
    "a zip bomb": bomb,
    "not a zip": lambda: raw(b"no zip", "old.xlsx"),
    "a zip that is no workbook": lambda: raw(b"PK\x05\x06" + b"\0" * 18, "old.xlsx"),
    "half a workbook": lambda: raw(content(workbook([row()]))[:2000], "half.xlsx"),
    "an old workbook": lambda: raw(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "old.xls"),
    "no such file": lambda: "nowhere.csv",
    "a directory": lambda: ".",
    "empty": lambda: raw(b""),
    "only blanks": lambda: raw(b"\r\n\r\n,,,\r\n"),
    "another header": lambda: write([["1", "2"]], header=["a", "b"]),
    "a column twice": lambda: write([], header=[*HEADER, "编号"]),
    "GBK": lambda: write([row()], encoding="gbk"),
    "GBK from row 9,000 on": lambda: raw(content(write([row("1")] * 9000)) + "中文".encode("gbk")),
    "a picture": lambda: raw(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8),
    "quotation marks never closed": lambda: plain_table(*["1,2024/3/5 9:05:00,,,a"] * 5000, '2,"' + "x\r\n" * 100),
    "a field of 10 MB": lambda: plain_table('1,"' + "x" * 10_000_000 + '"'),
    "a field of 10 MB in lines": lambda: plain_table('1,"' + "x\r\n" * 3_000_000 + '"'),
    "a damaged gzip": lambda: raw(gzip.compress(b"a,b\n" * 5000)[:60], "old.csv.gz"),
    "2,000 columns": lambda: raw(b"a," * 2000),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_broken_or_hostile_file_gets_one_sentence_and_nothing_is_written(desk, make, tmp_path):
    before = Category.objects.count(), DeadlinePolicy.objects.count()
    with pytest.raises(CommandError) as refusal:
        run(make(), rejects="bad.csv")
    sentence = str(refusal.value)
    assert sentence[-1] in ".。?？"
    assert "\n" not in sentence
    assert len(sentence) < 400
    assert not Case.objects.exists()
    assert (Category.objects.count(), DeadlinePolicy.objects.count()) == before
    assert not (tmp_path / "bad.csv").exists()


def test_a_sheet_is_chosen_by_name_and_a_wrong_name_is_a_sentence(desk):
    workbook([row()])
    with pytest.raises(CommandError, match="数据"):
        run("old.xlsx", sheet="Tabelle1")
    run("old.xlsx", sheet="数据")
    assert Case.objects.count() == 1


def test_a_large_workbook_is_read_when_asked(desk):
    with pytest.raises(CommandError, match="--large"):
        run(bomb())
    with pytest.raises(CommandError) as refusal:
        run(bomb(), large=True)
    assert "--large" not in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        "time_zone = 1",
        MAPPING.replace("Asia/Shanghai", "Asia/Nowhere"),
        MAPPING.replace('received_at = "时间"', ""),
        MAPPING.replace('title = "主题"\ndescription = "详情"', ""),
        MAPPING.replace("source_id =", "sourceid ="),
        MAPPING + "[values.kind]\na = 'wish'\n",
        MAPPING + "[values.policy]\na = 'nowhere'\n",
        MAPPING + "[policies]\na = { count = 'moons', amount = 3 }\n",
        MAPPING + "[policies]\na = { count = 'natural_days', amount = 0.5 }\n",
        MAPPING + "[calendar]\nhours = { mon-fun = ['08:30-17:00'] }\n",
        MAPPING.replace('"source"', '"guessed"'),
        'encoding = "utf-99"\n' + MAPPING,
        "[columns",
        'extends = "nowhere"\n' + MAPPING,
    ],
)
def test_a_wrong_mapping_is_one_sentence(desk, text):
    with pytest.raises(CommandError, match=r"\S"):
        run(write([row()]), using=plan(text))
    assert not Case.objects.exists()


@pytest.mark.parametrize("name", mapping.shipped())
def test_every_shipped_mapping_can_be_used(name):
    assert mapping.load(name).columns["received_at"]


def test_an_unknown_mapping_names_those_that_there_are(desk):
    with pytest.raises(CommandError, match="boston311"):
        run(write([row()]), using="nowhere")


def test_an_unknown_community_or_department_is_one_sentence(desk):
    with pytest.raises(CommandError, match="XX"):
        call_command("import_cases", write([row()]), community="XX", mapping=plan())
    with pytest.raises(CommandError, match="nowhere"):
        run(write([row()]), using=plan(MAPPING + "[defaults]\ndepartment = 'nowhere'\n"))


def test_the_file_is_never_overwritten_by_its_own_rejects(desk):
    file = write([row()])
    with pytest.raises(CommandError, match=r"\S"):
        run(file, rejects=file)
    assert "厨房漏水".encode() in content(file)


CALENDAR = """
[calendar]
hours = { mon-fri = ["08:30-12:00", "13:00-17:00"] }
holidays = [2024-03-06]
"""


def test_a_calendar_is_loaded_when_asked_and_counted_with(desk):
    using = plan(COMPUTED + POLICY + CALENDAR)
    run(write([row(category="水电")]), using=using, calendar=True)
    assert Case.objects.get().due_at == at("2024-03-11 17:00")
    assert desk.service_hours.count() == 10


def test_the_calendar_of_a_community_at_work_is_not_replaced(desk, web_case):
    with pytest.raises(CommandError, match=r"\S"):
        run(write([row()]), using=plan(MAPPING + CALENDAR), calendar=True)
    assert desk.service_hours.count() == 7
    assert Case.objects.count() == 1


def test_a_community_without_service_hours_cannot_count_and_says_so(desk):
    desk.service_hours.all().delete()
    using = plan(COMPUTED + POLICY.replace('"close"', '"same_time"'))
    with pytest.raises(CommandError, match=r"\S"):
        run(write([row(category="水电")]), using=using)
    assert not Case.objects.exists()


def test_two_imports_into_one_community_never_run_at_once(desk):
    known = connection.get_connection_params()
    where = {name: known[name] for name in ("host", "port", "user", "password", "dbname") if name in known}
    with psycopg.connect(**where) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [alone.IMPORT, desk.pk])
        with pytest.raises(CommandError, match=r"\S"):
            run(write([row()]))
    assert not Case.objects.exists()
    run(write([row()]))
    assert Case.objects.count() == 1


def test_a_terminal_sees_a_bar_and_a_file_none(desk):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen, file = Terminal(), io.StringIO()
    run(write([row(str(n)) for n in range(4)]), stderr=screen)
    assert "100 %" in screen.getvalue()
    run("old.csv", stderr=file)
    assert file.getvalue() == ""


def mutated(seed, chance):
    """Return the file with a few bytes changed, cut out, doubled or cut off."""
    data = bytearray(seed)
    for _round in range(chance.randint(1, 6)):
        spot = chance.randrange(len(data))
        kind = chance.randrange(5)
        if kind == 0:
            data[spot] = chance.randrange(256)
        elif kind == 1:
            del data[spot : spot + chance.randint(1, 40)]
        elif kind == 2:
            data[spot:spot] = chance.choice([b'"', b"\0", b"\r", b",", b"\xff\xfe", b"=", b"_xD83D_", b"\xe3\x80"])
        elif kind == 3:
            data[spot:spot] = data[spot : spot + chance.randint(1, 200)]
        else:
            del data[max(spot, 40) :]
    return bytes(data) or b"x"


def test_sixty_mutated_files_end_in_a_report_or_a_sentence(desk):
    chance = random.Random(20250915)
    rows = [row(str(n), due="2024/3/8 18:00", closed="2024/3/9 10:00", unit="3栋101", phone="138") for n in range(6)]
    seeds = [(content(write(rows)), "f.csv"), (content(workbook(rows)), "f.xlsx")]
    seeds.append((gzip.compress(seeds[0][0]), "f.csv.gz"))
    using, ended = plan(), Counter()
    for number in range(60):
        seed, name = seeds[number % 3]
        try:
            run(raw(mutated(seed, chance), name), using=using, rejects="bad.csv")
            ended["report"] += 1
        except CommandError:
            ended["sentence"] += 1
    assert ended["report"] > 5
    assert ended["sentence"] > 5


def test_a_table_that_is_not_named_right_is_refused_before_the_database_is_asked(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    with tables.open_table(path) as table:
        assert (table.header, table.rows) == (["a", "b"], 1)
        assert [found.values for found in table] == [["1", "2"]] == [found.values for found in table]
    with pytest.raises(Refused), tables.open_table(tmp_path / "none.csv"):
        pass


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
@pytest.mark.django_db(transaction=True)
def test_a_hundred_thousand_rows_need_no_more_than_200_mb(tmp_path):
    community = factories.community()
    path = tmp_path / "big.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for n in range(100_000):
            facts = {
                "closed": f"2024/4/{n % 28 + 1} 10:00:00",
                "text": "水从楼上滴下来" * 5,
                "building": f"{n % 9000} Elm",
            }
            writer.writerow(row(str(n), due="2024/3/8 18:00:00", **facts))
    (tmp_path / "plan.toml").write_text(MAPPING, encoding="utf-8")
    program = textwrap.dedent(
        """
        import sys
        import django
        from django.conf import settings
        django.setup()
        settings.DATABASES["default"]["NAME"] = sys.argv[1]
        from django.core.management import call_command
        call_command("import_cases", sys.argv[2], community="YH", mapping=sys.argv[3], rejects=sys.argv[4])
        # Not ru_maxrss, which begins with the peak of the process that started this one.
        peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
        print(int(peak.split()[1]) // 1024)
        """
    )
    names = [connection.settings_dict["NAME"], path, tmp_path / "plan.toml", tmp_path / "bad.csv"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", program, *map(str, names)], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(done.stdout, f"{after.ru_utime - before.ru_utime:.1f} s of CPU")
    assert Case.objects.filter(community=community).count() == 100_000
    assert int(done.stdout.split()[-1]) <= 200
