"""The work order on paper (派工单): who prints it, what stands on it, and that every printing is a fact of the case."""

from datetime import timedelta

import pytest
from django.urls import reverse

from complaints import actions, papers
from servicedesk.core.models import Event
from tests import factories
from tests.factories import MONDAY, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(MONDAY + timedelta(minutes=30), tick=False)
    return time_machine


def press(client, user, case, door="work_order", **typed):
    client.force_login(user)
    typed = {"size": "slip", "version": case.version, **typed}
    return client.post(reverse(f"complaints:{door}", args=[case.number]), typed)


def printings(case):
    return list(Event.objects.about(case).filter(verb="order_printed").order_by("pk").values_list("by_name", "data"))


def test_a_work_order_says_what_the_worker_needs_and_hides_the_number(client, chen, liu, office, yunhu, home):
    factories.outage(yunhu, (home.building, None, None), by=chen, title="3 栋停水")
    case = factories.case(yunhu, by=chen, unit=home, summary="厨房漏水,电话 13800001234", wish="今天上门")
    actions.hand_over(case, department=yunhu.departments.get(code="engineering"), by=chen, now=MONDAY, worker=liu)
    text = press(client, chen, fresh(case)).text
    for words in (case.number, home.label, "今天上门", "刘强", "几点在家", "3 栋停水", "林**"):
        assert words in text, words
    assert "13800001234" not in text
    assert "138****1234" in text


def test_the_number_stands_on_it_for_who_may_look_at_it_and_the_look_is_logged(client, chen, han, case_in_hand):
    assert "13800001234" in press(client, chen, case_in_hand, with_phone="on").text
    assert Event.objects.about(case_in_hand).get(verb="unmasked").by == chen
    assert "13800001234" not in press(client, han, case_in_hand, with_phone="on").text, "a head asks the desk"
    assert printings(case_in_hand)[1][1]["with_phone"] is False


def test_every_printing_is_an_event_and_says_which_copy_it_is(client, chen, liu, case_in_hand, clock):
    press(client, chen, case_in_hand)
    clock.shift(timedelta(seconds=59))
    press(client, chen, case_in_hand)
    assert len(printings(case_in_hand)) == 1, "a second press within a minute is the same printing"
    press(client, liu, case_in_hand, door="job_print")
    clock.shift(timedelta(minutes=2))
    press(client, chen, case_in_hand, size="a5")
    assert [(who, data["copy"]) for who, data in printings(case_in_hand)] == [("陈静", 1), ("刘强", 2), ("陈静", 3)]
    assert fresh(case_in_hand).version == case_in_hand.version, "nobody's page is out of date by it"


def test_a_worker_prints_the_own_job_and_no_other(client, liu, ma, handed_case, case_in_hand, yunhu, chen):
    assert press(client, liu, case_in_hand, door="job_print").status_code == 200
    free = factories.case(yunhu, by=chen)
    actions.hand_over(free, department=yunhu.departments.get(code="engineering"), by=chen, now=MONDAY)
    assert press(client, liu, free, door="job_print").status_code == 403
    assert press(client, ma, case_in_hand, door="job_print").status_code == 404
    assert printings(free) == []


def test_there_is_no_order_for_a_complaint_that_waits_for_its_approval(client, yunhu, office, chen, zhou):
    complaint = factories.case(yunhu, by=chen, category="noise")
    assert press(client, chen, complaint).status_code == 409
    factories.approved(complaint, by=chen, decided_by=zhou, department="security")
    assert press(client, chen, fresh(complaint)).status_code == 200


def test_a_paper_that_nobody_knows_is_refused_with_a_sentence(client, chen, case_in_hand):
    answer = press(client, chen, case_in_hand, size="a0")
    assert answer.status_code == 422
    assert answer.context["form"].errors["size"]
    assert printings(case_in_hand) == []


def test_a_printing_of_ones_own_does_not_stand_in_the_way_of_an_undo(client, chen, zhou, taken_case, yunhu):
    department = yunhu.departments.get(code="engineering")
    for printer, undone in ((zhou, False), (chen, True)):
        case = factories.case(yunhu, by=chen)
        actions.hand_over(case, department=department, by=chen, now=MONDAY + timedelta(minutes=29))
        press(client, printer, fresh(case))
        outcome = actions.undo_many(
            Event.objects.about(case).filter(verb="handed"), by=chen, now=MONDAY + timedelta(minutes=31)
        )
        assert bool(outcome.done) == undone


def test_the_rest_of_a_long_matter_goes_on_another_sheet_and_no_word_is_lost(client, chen, case_in_hand, yunhu):
    words = "".join(f"第{n}句漏水。" for n in range(400))
    first, *later = papers.sheets_of(words, width=50)
    assert later
    assert "".join([first, *later]).replace("\n", "") == words
    case = factories.case(yunhu, by=chen, description=words)
    actions.hand_over(case, department=yunhu.departments.get(code="engineering"), by=chen, now=MONDAY)
    text = press(client, chen, fresh(case)).text
    assert "第0句" in text
    assert "第399句" in text
    assert text.count('class="sheet"') == 1 + len(papers.work_order(case, MONDAY).later)


@pytest.mark.parametrize(
    ("text", "sheets"),
    [("", [""]), ("一二三", ["一二三"]), ("一\n二\n三", ["一\n二", "三"]), ("一二三四五六", ["一二三四", "五六"])],
)
def test_a_sheet_holds_as_many_lines_as_fit(text, sheets):
    found = papers.sheets_of(text, width=2, first=2, later=2)
    assert [part.replace("\n", "") for part in found] == [part.replace("\n", "") for part in sheets]
