"""Weekly and monthly reports: every number is a list of cases, frozen when signed, and never about the reader."""

import io
import json
import re
from datetime import date, timedelta
from html import unescape

import openpyxl
import pytest
from django.db import IntegrityError, transaction

from complaints import actions, figures, sheets
from complaints.models import Case, Concern, Reply, Report
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Notification
from tests import factories
from tests.complaints.recounting import agrees, recount, recount_aftercare
from tests.counting import pinned
from tests.factories import at, fresh

pytestmark = pytest.mark.django_db

AUGUST = figures.Period("month", date(2025, 8, 1))
WEEK = figures.Period("week", date(2025, 8, 11))
NOW = at("2025-09-03 10:00")
URL, SIGN = "/reports/monthly/2025-08/", "/reports/monthly/2025-08/sign/"


@pytest.fixture(autouse=True)
def september(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def history(yunhu, office, chen, zhou, guo, liu, lin, home):
    """A month of everything that a figure tells apart, the month before it, and one case of a year before."""
    engineering = yunhu.departments.get(code="engineering")

    def receive(moment, **facts):
        facts = {"by": chen, "unit": home, **facts}
        return factories.case(yunhu, now=at(moment), **facts)

    def done(moment, hours, reply=True, **facts):
        case = receive(moment, **facts)
        then = case.received_at + timedelta(hours=hours)
        if case.first_responsible is None:
            actions.take(case, by=chen, now=case.received_at + timedelta(minutes=20))
        factories.cleared(fresh(case))
        if case.department == engineering:
            actions.hand_over(case, department=engineering, by=chen, now=case.received_at)
            actions.accept(fresh(case), by=liu, now=case.received_at)
            actions.arrive(fresh(case), by=liu, now=case.received_at + timedelta(minutes=45))
        actions.resolve(fresh(case), by=zhou, now=then, remedy="已处理")
        if reply:
            factories.told(fresh(case), by=chen, now=then)
        return fresh(case)

    done("2024-08-12 10:00", 2)
    done("2025-07-31 23:30", 20, category="mail")
    receive("2025-07-08 10:00", category="noise")
    made = {
        "quick": done("2025-08-01 00:00", 10, category="mail"),
        "slow": done("2025-08-04 09:00", 30, category="mail"),
        "repair": done("2025-08-11 14:20", 5),
        "again": done("2025-08-12 14:40", 90),
        "letter": done("2025-08-13 09:00", 24, channel="letter", category="service"),
        "web": done("2025-08-14 08:00", 6, by=None),
        "owed": done("2025-08-20 09:00", 3, reply=False),
        "open": receive("2025-08-31 23:59", unit=None, place="大堂"),
        "late": receive("2025-08-15 09:00", category="cleaning", channel="visit"),
        "about": receive("2025-08-21 09:00", category="service", concerns=[guo]),
    }
    Case.objects.filter(pk=made["letter"].pk).update(validity="valid")
    Case.objects.filter(pk=made["late"].pk).update(validity="invalid")
    for name, first, hours, again in [
        ("late_once", "2025-08-07 09:00", 30, "2025-08-09 09:00"),
        ("twice_in_time", "2025-08-22 09:00", 1, "2025-08-22 11:00"),
    ]:
        made[name] = done(first, hours, category="mail")
        actions.reopen(made[name], by=chen, now=at(again), note="还有问题")
        actions.resolve(fresh(made[name]), by=zhou, now=at(again) + timedelta(hours=1), remedy="已处理")
    heard = {"person_told": "林女士", "told_at": NOW}
    Reply.objects.create(case=made["letter"], cycle=1, channel="phone", text="电话告知", by=chen, at=NOW, **heard)
    actions.reopen(made["slow"], by=chen, now=at("2025-08-06 09:00"), note="没解决")
    void = receive("2025-08-16 09:00")
    actions.ask_void(void, by=chen, now=NOW, reason="打错")
    actions.confirm_void(fresh(void), by=zhou, now=NOW)
    actions.escalate_overdue(now=NOW)
    return {name: fresh(case) for name, case in made.items()}


@pytest.fixture
def two(yunhu, office, chen):
    """Two cases of the centre in August, both still open in September."""
    return [factories.case(yunhu, by=chen, now=at(f"2025-08-1{n} 09:00"), category="mail") for n in range(2)]


def open_page(client, user, url=URL):
    client.force_login(user)
    answer = client.get(url)
    assert answer.status_code == 200
    return answer


def lines(answer):
    return {line.key: line for line in answer.context["sheet"].lines}


def sign(client, user, url=SIGN, text="本月重点是渗水。"):
    client.force_login(user)
    return client.post(url, {"text": text})


@pytest.mark.parametrize("period", [AUGUST, WEEK], ids=str)
def test_the_figures_are_those_that_one_counts_case_by_case(yunhu, history, zhou, guo, period):
    for user, but in ((None, ()), (zhou, ()), (guo, [history["about"].pk])):
        found = figures.count(figures.Scope(yunhu, user, period, NOW))
        assert found == json.loads(json.dumps(found)), "a signed report keeps it as JSON"
        for n, other in enumerate(figures.compared(period)):
            agrees(found, n, recount(yunhu, other.starts_on, other.ends_on, NOW, but=but))
        repeats = [(row["count"], row["unit"], row["category"]) for row in found["repeats"]]
        assert sorted(repeats) == recount(yunhu, period.starts_on, period.ends_on, NOW, but=but)["repeats"]


def test_of_a_long_table_the_rows_with_most_cases_are_shown_and_the_others_are_a_number(
    client, yunhu, history, zhou, monkeypatch
):
    whole = figures.count(figures.Scope(yunhu, zhou, AUGUST, NOW))
    monkeypatch.setattr(figures, "MOST_ROWS", 1)
    found = figures.count(figures.Scope(yunhu, zhou, AUGUST, NOW))
    agrees(found, 0, recount(yunhu, AUGUST.starts_on, AUGUST.ends_on, NOW))
    for name, rows in whole["tables"].items():
        assert list(found["tables"][name].items()) == figures.most_first(rows)[:1], name
        assert found["more"].get(name, 0) == len(rows) - 1, name
    assert found["more"]["building"] and found["more"]["kind"]
    tables = {table.key: table for table in open_page(client, zhou).context["sheet"].tables}
    assert tables["kind"].more == found["more"]["kind"]
    assert str(tables["kind"].lines[0].values[0].number) in tables["kind"].finding
    assert f"{found['totals'][0]['counted']}" in tables["kind"].finding


def test_a_month_in_numbers(client, history, zhou):
    found = lines(open_page(client, zhou))
    text = {key: [value.text for value in line.values] for key, line in found.items()}
    assert text["received"] == ["13", "2", "1"]
    assert text["counted"][0] == "12"
    assert (found["valid"].values[0].part, found["valid"].values[0].whole) == (1, 2)
    # In time the same day: the quick one and what was in time in both of its cycles. Late: the slow one, what was late
    # in its first cycle only, the letter of a day later, and what nobody did.
    assert (found["same_day"].values[0].part, found["same_day"].values[0].whole) == (2, 6)
    assert (found["in_kind"].values[0].whole - found["in_kind"].values[0].part) == 1
    assert text["reopened"] == ["3", "0", "0"]
    assert found["received"].changes == ["+550%", "+1200%"]


def addresses(answer):
    """Return (number, address) of every link to a list of cases on the page."""
    found = re.findall(r'<a href="(/cases/\?[^"]+)">(\d+)</a>', answer.text)
    assert len(found) > 60
    return {(unescape(url), int(number)) for url, number in found}


@pytest.mark.parametrize("who", ["zhou", "guo"])
def test_every_number_leads_to_exactly_its_cases(client, request, history, who):
    user = request.getfixturevalue(who)
    for url, number in addresses(open_page(client, user)):
        listed = client.get(url).context["lines"]
        assert len(listed) == number, url


def test_an_average_leads_to_the_cases_it_is_made_of(client, yunhu, two, zhou):
    url = lines(open_page(client, zhou))["response"].values[0].url
    found = figures.count(figures.Scope(yunhu, zhou, AUGUST, NOW))
    assert len(client.get(url).context["lines"]) == found["totals"][0]["responded"] == 2


def test_a_filter_of_a_number_stays_while_the_list_is_narrowed_further(client, two, zhou):
    url = lines(open_page(client, zhou))["same_day"].values[0].whole_url
    page = client.get(url).text
    assert '<input type="hidden" name="figure" value="same_day_decided">' in page


def test_no_data_is_a_dash_and_no_nought(client, yunhu, office, zhou, chen):
    factories.case(yunhu, by=chen, now=at("2025-08-05 09:00"))
    answer = open_page(client, zhou)
    found = lines(answer)
    assert [value.text for value in found["received"].values] == ["1", "–", "–"]
    assert found["valid"].values[0].text == "–" and found["received"].changes == ["–", "–"]
    for _title, section in answer.context["sheet"].sections:
        assert {value.text for line in section for value in line.values} == {"–"}


@pytest.fixture
def heard(yunhu, office, chen, zhou, home):
    """Visits and ratings of August, of every sort that a figure tells apart, and one of July."""

    def told(moment, **facts):
        case = factories.cleared(factories.case(yunhu, by=chen, now=at(moment), category="service", unit=home, **facts))
        actions.resolve(case, by=chen, now=case.received_at, remedy="已处理")
        actions.reply(case, channel="phone", text="已告知", by=chen, now=case.received_at, person_told="林女士")
        return fresh(case)

    def visited(grade, moment="2025-08-12 09:00", **facts):
        case = told(moment, **facts)
        later = case.received_at + timedelta(minutes=30)
        actions.visit(fresh(case), channel="phone", grade=grade, by=zhou, now=later, words="还是不行")
        return case

    visited(5), visited(3), visited(1), visited(4, "2025-07-12 09:00")
    missed = told("2025-08-13 09:00")
    for hours in (3, 6, 9):
        now = missed.received_at + timedelta(hours=hours)
        actions.miss_visit(fresh(missed), by=zhou, now=now, words="没人接")
    told("2025-08-14 09:00"), told("2025-09-02 09:00")
    actions.archive(told("2025-08-15 09:00"), by=zhou, now=at("2025-08-16 09:00"))
    overtaken = told("2025-08-15 10:00")
    actions.reopen(overtaken, by=None, now=at("2025-08-15 11:00"), note="没有好")
    by_hand = told("2025-08-16 09:00", kind="inquiry")
    actions.visit(by_hand, channel="phone", grade=5, by=zhou, now=at("2025-08-16 10:00"))
    about = visited(3, "2025-08-17 09:00")
    Concern.objects.create(case=about, user=zhou)
    for case, stars in ((by_hand, 5), (missed, 2), (about, 1)):
        actions.rate(fresh(case), overall=stars, now=at("2025-08-18 09:00"))
    return about


@pytest.mark.parametrize("hidden", [False, True])
def test_visits_and_ratings_are_those_that_one_counts_row_by_row(yunhu, heard, zhou, hidden):
    scope = figures.Scope(yunhu, zhou if hidden else None, AUGUST, NOW)
    found = figures.count(scope)["sections"]
    assert found == recount_aftercare(yunhu, AUGUST, NOW, but=[heard.pk] if hidden else ())
    assert found["visits"]["due"][:2] == [7 if hidden else 9, 1], "two bad ratings owe a visit, too"
    assert found["satisfaction"]["rated"] == [2 if hidden else 3, None, None]


def test_a_report_shows_who_was_visited_and_satisfied(client, yunhu, heard, guo):
    visits, ratings = (
        {line.key: line.values[0].text for line in section}
        for _title, section in open_page(client, guo).context["sheet"].sections
    )
    assert visits == {"due": "9", "visited": "56%", "reached": "83%", "satisfied": "40%"}
    assert ratings == {"rated": "3", "satisfied": "33%", "score": "2.7"}


def test_a_signed_report_stays_as_it_was_and_says_what_differs_today(client, yunhu, two, zhou, guo):
    before = lines(open_page(client, zhou))["same_day"].values[0].text
    assert sign(client, zhou).status_code == 302
    actions.resolve(two[0], by=zhou, now=NOW, remedy="已送达")
    actions.reopen(fresh(two[0]), by=zhou, now=NOW, note="没收到")
    answer = open_page(client, zhou)
    assert lines(answer)["same_day"].values[0].text == before
    assert (str(sheets.LINES["reopened"][0]), "0", "1") in answer.context["differences"]
    assert "本月重点是渗水。" in answer.text
    report = Report.objects.get()
    assert (report.signed_by, report.addressee) == (zhou, "郭建国")
    assert Event.objects.get(verb="report_signed").subject == report
    assert Notification.objects.filter(recipient=guo, kind="month_signed").exists()


def test_a_report_is_signed_once_its_time_is_over_and_once(client, yunhu, office, zhou):
    answer = sign(client, zhou, "/reports/monthly/2025-09/sign/", text="太早了")
    assert answer.status_code == 409 and "太早了" in answer.text
    assert sign(client, zhou, text=" ").status_code == 422
    assert sign(client, zhou).status_code == 302
    answer = sign(client, zhou, text="第二份")
    assert answer.status_code == 409
    assert Report.objects.count() == 1
    assert client.get("/reports/monthly/2025-10/").status_code == 404
    assert client.get("/reports/weekly/2025-54/").status_code == 404


@pytest.mark.parametrize("who", ["guo", "chen"])
def test_only_a_supervisor_signs_and_only_the_deputy_gm_marks_as_read(client, request, two, zhou, who):
    assert sign(client, request.getfixturevalue(who)).status_code == 403
    sign(client, zhou)
    assert client.post(URL + "read/").status_code == 403


def test_the_deputy_gm_reads_the_week_once(client, two, zhou, guo, time_machine):
    week = "/reports/weekly/2025-33/"
    sign(client, zhou, week + "sign/")
    client.force_login(guo)
    assert client.post(week + "read/").status_code == 302
    time_machine.move_to(NOW + timedelta(days=1), tick=False)
    client.force_login(guo)
    client.post(week + "read/")
    report = Report.objects.get()
    assert (report.read_by, report.read_at) == (guo, NOW)
    assert Event.objects.filter(verb="report_read").count() == 1
    states = {(line["period"].starts_on): line["report"] for line in client.get("/reports/").context["tables"][0][1]}
    assert states[WEEK.starts_on] == report


def test_the_month_goes_to_the_department_manager_named_in_the_settings(client, yunhu, office, zhou):
    type(yunhu).objects.update(report_to="钱经理")
    sign(client, zhou)
    sign(client, zhou, "/reports/weekly/2025-33/sign/")
    assert set(Report.objects.values_list("span", "addressee")) == {("month", "钱经理"), ("week", "郭建国")}


def test_the_database_keeps_a_signed_report_as_it_is(yunhu, office, zhou, guo):
    report = actions.sign_report(yunhu, AUGUST, text="x", by=zhou, now=NOW)
    actions.read_report(report, by=guo, now=NOW)
    rows = Report.objects.filter(pk=report.pk)
    for change in ({"text": "y"}, {"snapshot": {}}, {"read_at": NOW + timedelta(days=1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        report.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.create(
            community=yunhu,
            span="week",
            starts_on=date(2025, 8, 12),
            text="x",
            snapshot={},
            signed_by=zhou,
            signed_at=NOW,
        )
    with pytest.raises(Refused):
        actions.sign_report(yunhu, AUGUST, text="z", by=zhou, now=NOW)


def test_whom_a_case_of_the_month_is_about_reads_the_report_without_it_signed_or_not(client, two, zhou, guo):
    Concern.objects.create(case=two[0], user=guo)
    assert lines(open_page(client, guo))["received"].values[0].number == 1
    sign(client, zhou)
    assert lines(open_page(client, zhou))["received"].values[0].number == 2
    for url in (URL, URL + "print/"):
        answer = open_page(client, guo, url)
        assert lines(answer)["received"].values[0].number == 1
        assert not answer.context.get("differences")
    assert [row[3] for row in book(client, guo).values][1] == 1


def test_a_case_that_is_found_to_be_about_somebody_after_the_signing_leaves_their_report(client, two, zhou):
    sign(client, zhou)
    Concern.objects.create(case=two[0], user=zhou)
    answer = open_page(client, zhou)
    assert lines(answer)["received"].values[0].number == 1
    assert answer.context["differences"] == []


def book(client, user):
    client.force_login(user)
    answer = client.get(URL + "excel/")
    return openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[0]


def test_the_workbook_has_numbers_as_numbers_and_words_as_words(client, yunhu, two, zhou):
    yunhu.departments.filter(code="centre").update(name="=cmd|' /C calc'!A0")
    rows = list(book(client, zhou).iter_rows(min_row=2))
    received = rows[0]
    assert (received[3].value, received[3].data_type, received[5].value) == (2, "n", None)
    assert any(row[1].value.startswith("'=cmd") for row in rows)
    assert not [cell for row in rows for cell in row if cell.data_type == "f"]


def test_the_weeks_of_a_year_with_53(yunhu):
    last = figures.Period("week", date(2026, 12, 28))
    assert last.year_before is None
    assert figures.Period("week", date(2026, 12, 21)).year_before.starts_on == date(2025, 12, 22)
    assert sheets.slug(last) == "2026-W53"


def test_the_page_of_a_busy_month_costs_the_queries_of_an_empty_one(client, yunhu, office, zhou, chen):
    client.force_login(zhou)
    client.get("/reports/")
    for rows in (1, 12):
        for _ in range(rows):
            factories.case(yunhu, by=chen, now=at("2025-08-05 09:00"))
        with pinned("month report"):
            client.get(URL)
    with pinned("month report, kept"):
        client.get(URL)
    with pinned("reports"):
        client.get("/reports/")
