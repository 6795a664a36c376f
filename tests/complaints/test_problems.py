"""Product and after-sales problems: found in cases and visits, counted by month, proposed, and what came of it."""

import datetime
import io

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from openpyxl import load_workbook

from complaints import actions, figures, problems
from complaints.models import ProblemFinding, ProblemProposal, ProblemReport, ProductProblem
from servicedesk.core.errors import IllegalMove
from servicedesk.core.models import Notification
from tests.factories import MONDAY, at, case, fresh, party, unit

pytestmark = pytest.mark.django_db
SEPTEMBER = datetime.date(2025, 9, 1)
OCTOBER = at("2025-10-01 09:00")


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def leaks(yunhu, office, chen, home):
    """Three cases from two units that show leaking joints, and one that was marked by mistake."""
    next_door = unit(yunhu, "3-2-1202")
    rows = [case(yunhu, by=chen, unit=where) for where in (home, home, next_door, next_door)]
    for row in rows:
        actions.mark_problem(row, theme="水表接头渗水", by=chen, now=MONDAY)
    wrong = ProblemFinding.objects.get(case=rows[3])
    actions.drop_problem(fresh(rows[3]), finding=wrong, reason="是业主自装的", by=chen, now=MONDAY)
    return rows[:3]


def post(client, user, row, step, **data):
    client.force_login(user)
    return client.post(reverse(f"complaints:{step}", args=[row.number]), {"version": fresh(row).version, **data})


def themes(client, user, starts_on=SEPTEMBER):
    client.force_login(user)
    sheet = client.get(reverse("complaints:problems_of", args=[starts_on])).context["sheet"]
    return {theme.theme: (theme.count, theme.units) for theme in sheet.themes}


# Found ----------------------------------------------------------------------------------------------------------------


def test_a_case_is_marked_with_a_new_theme_or_one_that_is_known(client, yunhu, office, chen, taken_case):
    answer = post(client, chen, taken_case, "mark_problem")
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["theme"])
    assert post(client, chen, taken_case, "mark_problem", theme="门窗关不严", kind="product").status_code == 302
    problem = ProductProblem.objects.get()
    again = post(client, chen, taken_case, "mark_problem", theme="门窗关不严")
    assert (again.status_code, ProblemFinding.objects.count()) == (409, 1)
    assert post(client, chen, case(yunhu, by=chen), "mark_problem", problem=problem.pk).status_code == 302
    assert problem.findings.count() == 2
    client.force_login(chen)
    assert "门窗关不严" in client.get(taken_case.get_absolute_url()).text


def test_a_mark_is_taken_back_with_a_reason_and_stays_in_the_history(client, leaks, chen):
    finding = ProblemFinding.objects.get(case=leaks[0])
    assert post(client, chen, leaks[0], "drop_problem", finding=finding.pk).status_code == 422
    assert post(client, chen, leaks[0], "drop_problem", finding=finding.pk, reason="误标").status_code == 302
    finding.refresh_from_db()
    assert (finding.dropped_by, finding.dropped_reason) == (chen, "误标")
    assert themes(client, chen) == {"水表接头渗水": (2, 2)}
    with pytest.raises(IntegrityError), transaction.atomic():
        finding.delete()


def test_what_is_said_on_a_return_visit_is_marked_with_it(client, yunhu, leaks, resolved_case, chen, zhou):
    actions.reply(resolved_case, channel="phone", text="已修好", by=chen, now=MONDAY, person_told="林女士")
    problem = ProductProblem.objects.get()
    data = {"grade": 4, "channel": "phone", "words": "隔壁也这样漏", "problem": problem.pk}
    assert post(client, zhou, resolved_case, "visit", **data).status_code == 302
    found = ProblemFinding.objects.get(case=resolved_case)
    assert (found.visit, found.note) == (resolved_case.visits.get(), "隔壁也这样漏")


# By month -------------------------------------------------------------------------------------------------------------


def test_a_month_counts_cases_and_units_by_theme(client, yunhu, leaks, chen, zhou):
    october = case(yunhu, by=chen, now=OCTOBER)
    actions.mark_problem(october, theme="水表接头渗水", by=chen, now=OCTOBER)
    voided = case(yunhu, by=chen)
    actions.mark_problem(voided, theme="水表接头渗水", by=chen, now=MONDAY)
    actions.ask_void(fresh(voided), reason="误报", by=chen, now=MONDAY)
    actions.confirm_void(fresh(voided), by=zhou, now=MONDAY)
    assert themes(client, chen) == {"水表接头渗水": (3, 2)}


def test_who_a_case_is_about_reads_the_month_without_it(client, yunhu, leaks, chen, zhou, guo):
    actions.name_concerned(fresh(leaks[2]), user=chen, by=zhou, now=MONDAY, note="涉及本人")
    assert (themes(client, chen), themes(client, zhou)) == (
        {"水表接头渗水": (2, 1)},
        {"水表接头渗水": (3, 2)},
    )
    page = client.get(ProductProblem.objects.get().get_absolute_url()).text
    assert leaks[2].short_number in page
    signed = sign(client, zhou)
    client.force_login(chen)
    for name in ("problems_of", "problems_print"):
        assert leaks[2].short_number not in client.get(reverse(f"complaints:{name}", args=[SEPTEMBER])).text
    assert leaks[2].short_number not in client.get(ProductProblem.objects.get().get_absolute_url()).text
    assert signed.status_code == 409, "its month is not over"


def sign(client, user, now=None, **data):
    client.force_login(user)
    data = {"addressee": "云湖置业、销售部", "text": "请更换同批接头。", **data}
    return client.post(reverse("complaints:problems_sign", args=[SEPTEMBER]), data)


def test_a_sheet_is_signed_once_when_its_month_is_over_and_stays(client, leaks, chen, zhou, guo, time_machine):
    early = sign(client, zhou)
    assert (early.status_code, "请更换同批接头。" in early.text) == (409, True)
    time_machine.move_to(OCTOBER, tick=False)
    assert sign(client, chen).status_code == 403
    assert sign(client, zhou).status_code == 302
    assert sign(client, zhou).status_code == 409
    finding = ProblemFinding.objects.get(case=leaks[0])
    actions.drop_problem(fresh(leaks[0]), finding=finding, reason="误标", by=chen, now=OCTOBER)
    assert themes(client, guo) == {"水表接头渗水": (3, 2)}, "what was sent stays"
    assert Notification.objects.filter(kind="problems_signed", recipient=guo).exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        ProblemReport.objects.update(text="改")


def test_the_numbers_of_a_sheet_are_those_of_the_raw_rows(client, yunhu, leaks, chen, zhou, time_machine):
    actions.mark_problem(fresh(leaks[0]), theme="门窗关不严", by=chen, now=MONDAY)
    time_machine.move_to(OCTOBER, tick=False)
    sign(client, zhou)
    begins, ends = figures.Period("month", SEPTEMBER).moments(yunhu)
    recounted = {}
    for finding in ProblemFinding.objects.all():
        if begins <= finding.at < ends and finding.dropped_at is None and finding.case.status != "void":
            cases, units = recounted.setdefault(finding.problem.theme, (set(), set()))
            cases.add(finding.case_id)
            units.add(finding.case.unit_id)
    assert themes(client, zhou) == {name: (len(cases), len(units)) for name, (cases, units) in recounted.items()}
    assert set(recounted) == {"水表接头渗水", "门窗关不严"}


def test_a_sheet_that_was_not_sent_by_the_fifth_is_looked_through_at_the_close(client, yunhu, leaks, zhou):
    cases = type(leaks[0]).objects.all()
    assert problems.owed(yunhu, at("2025-10-04 17:00"), cases) is None
    assert problems.owed(yunhu, at("2025-10-05 17:00"), cases).starts_on == SEPTEMBER
    assert problems.owed(yunhu, at("2025-11-05 17:00"), cases) is None, "nothing was found in October"
    actions.sign_problems(
        yunhu, figures.Period("month", SEPTEMBER), text="x", addressee="开发商", by=zhou, now=at("2025-10-05 17:00")
    )
    assert problems.owed(yunhu, at("2025-10-05 17:30"), cases) is None


def test_the_workbook_holds_the_themes_as_numbers(client, leaks, zhou):
    client.force_login(zhou)
    answer = client.get(reverse("complaints:problems_excel", args=[SEPTEMBER]))
    sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    line = [cell.value for cell in sheet[2]]
    assert (line[0], line[2:4]) == ("水表接头渗水", [3, 2])


# Proposals ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def proposal(yunhu, leaks, zhou, chen):
    sales = party(yunhu, "销售部", by=zhou, kind="sales")
    return actions.propose_remedy(ProductProblem.objects.get(), party=sales, text="更换同批接头", by=chen, now=MONDAY)


def test_a_proposal_goes_from_proposed_to_what_came_of_it(client, proposal, chen, zhou):
    def take(user, step, **data):
        client.force_login(user)
        return client.post(reverse(f"complaints:remedy_{step}", args=[proposal.pk]), data).status_code

    assert take(chen, "send", sent_how="letter") == 403
    assert take(chen, "answer", answer="accepted", answer_text="同意") == 409, "nobody has sent it"
    assert take(zhou, "send", sent_how="letter") == 302
    assert take(chen, "answer", answer="later") == 422
    assert take(chen, "answer", answer="later", answer_text="下季度") == 302
    assert take(zhou, "send", sent_how="email") == 302, "asked once more"
    assert take(chen, "answer", answer="accepted", answer_text="同意更换") == 302
    assert take(chen, "finish", result="已更换 36 户") == 302
    assert take(chen, "finish", result="再来一次") == 409
    proposal.refresh_from_db()
    assert (proposal.status, proposal.answer, proposal.result) == ("done", "accepted", "已更换 36 户")


def test_the_next_month_shows_what_is_open_and_what_came_of_it(client, yunhu, proposal, chen, zhou):
    october = figures.Period("month", datetime.date(2025, 10, 1))
    later = problems.present(problems.counted(yunhu, october), zhou)
    assert [(one.text, one.status) for one in later.earlier] == [("更换同批接头", "proposed")]
    actions.drop_remedy(proposal, result="改为整楼更换", by=zhou, now=OCTOBER)
    later = problems.present(problems.counted(yunhu, october), zhou)
    assert [one.result for one in later.earlier] == ["改为整楼更换"]
    november = figures.Period("month", datetime.date(2025, 11, 1))
    assert problems.present(problems.counted(yunhu, november), zhou).earlier == []


def test_a_proposal_is_born_proposed_and_the_moves_are_those_of_the_model(proposal, zhou):
    with pytest.raises(IllegalMove):
        actions.finish_remedy(proposal, result="x", by=zhou, now=MONDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        ProblemProposal.objects.update(status="done")


def test_the_page_of_a_theme_offers_what_leads_on_and_nothing_of_another_community(
    client, proposal, chen, zhou, stranger
):
    page = proposal.problem.get_absolute_url()
    client.force_login(zhou)
    steps = client.get(page).context["proposals"][0]["steps"]
    assert [name for name, _label in steps] == ["send", "drop"]
    assert client.get(page, {"do": "answer", "proposal": proposal.pk}).context["form"] is None
    client.force_login(stranger)
    assert client.get(page).status_code == 404
