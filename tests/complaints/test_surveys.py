"""Satisfaction surveys (满意度调查): one answer from each home, and results in which nobody is recognised."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions, surveying
from complaints.models import Survey, SurveyAnswer
from tests import factories
from tests.counting import pinned
from tests.factories import MONDAY, at

pytestmark = pytest.mark.django_db
QUESTIONS = [
    {"kind": "grade", "text": "对保洁满意吗", "choices": []},
    {"kind": "choice", "text": "最该改进什么", "choices": ["停车", "绿化"]},
    {"kind": "text", "text": "还想说什么", "choices": []},
]


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)
    return time_machine


@pytest.fixture
def homes(yunhu):
    return [factories.unit(yunhu, f"3-2-{floor}01") for floor in range(11, 18)]


@pytest.fixture
def survey(yunhu, homes, zhou):
    facts = {"title": "年度满意度", "questions": QUESTIONS, "buildings": [], "by": zhou, "now": MONDAY}
    return actions.make_survey(yunhu, opens_on=date(2025, 9, 15), closes_on=date(2025, 9, 20), **facts)


def url_of(survey, unit):
    return reverse("complaints:survey_answer", args=[surveying.token_of(survey, unit)])


def answer(client, survey, unit, grade=5, choice=0, words=""):
    return client.post(url_of(survey, unit), {"q0": grade, "q1": choice, "q2": words})


def typed(**facts):
    frame = {"title": "年度满意度", "opens_on": "2025-09-15", "closes_on": "2025-09-20"}
    empty = {f"form-{n}-{name}": "" for n in range(8) for name in ("text", "kind", "choices")}
    counted = {"form-TOTAL_FORMS": 8, "form-INITIAL_FORMS": 0}
    return {**frame, **empty, **counted, **facts}


def test_a_supervisor_makes_one_and_changes_it_until_somebody_has_answered(client, yunhu, homes, zhou):
    client.force_login(zhou)
    asked = {"form-0-text": "对保洁满意吗", "form-0-kind": "grade"}
    asked |= {"form-2-text": "最该改进什么", "form-2-kind": "choice", "form-2-choices": "停车,绿化、停车"}
    made = client.post(reverse("complaints:survey_new"), typed(**asked))
    survey = Survey.objects.get()
    assert made.url == reverse("complaints:survey", args=[survey.pk])
    assert survey.questions == QUESTIONS[:2], "what is left empty is not asked, a choice stands once"
    change = reverse("complaints:survey_change", args=[survey.pk])
    assert client.post(change, typed(**asked, title="新的标题")).status_code == 302
    assert Survey.objects.get().questions == QUESTIONS[:2]
    client.post(url_of(survey, homes[0]), {"q0": 4})
    refused = client.post(change, typed(**asked, title="又一个标题"))
    assert refused.status_code == 409 and "又一个标题" in refused.content.decode()
    assert Survey.objects.get().title == "新的标题"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"form-0-text": "问", "form-0-kind": "choice", "form-0-choices": "只有一个"},
        {"form-0-text": "问", "closes_on": "2025-09-14"},
        {"form-0-text": "问", "form-TOTAL_FORMS": "x"},
    ],
)
def test_a_survey_that_asks_nothing_or_cannot_be_is_refused_with_the_words_kept(client, yunhu, zhou, wrong):
    client.force_login(zhou)
    answered = client.post(reverse("complaints:survey_new"), typed(**wrong))
    assert answered.status_code == 422 and "年度满意度" in answered.content.decode()
    assert not Survey.objects.exists()


def test_a_home_answers_once_by_its_own_link(client, survey, homes):
    page = client.get(url_of(survey, homes[0])).content.decode()
    assert "3-2-11**" in page and homes[0].label not in page
    assert answer(client, survey, homes[0], words="物业不错").status_code == 303
    assert SurveyAnswer.objects.get().answers == [5, 0, "物业不错"]
    assert "物业不错" not in client.get(url_of(survey, homes[0])).content.decode(), "nobody reads what was said"
    assert answer(client, survey, homes[0], grade=1).status_code == 409
    assert SurveyAnswer.objects.get().answers[0] == 5


def test_an_answer_is_never_changed(client, survey, homes):
    answer(client, survey, homes[0])
    for write in (lambda rows: rows.update(answers=[]), lambda rows: rows.delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            write(SurveyAnswer.objects.all())


@pytest.mark.parametrize("typed", [{}, {"q0": 6}, {"q1": 2}, {"q0": "x"}, {"q2": "x" * 1001}])
def test_an_answer_that_is_none_is_refused(client, survey, homes, typed):
    assert client.post(url_of(survey, homes[0]), typed).status_code == 422
    assert not SurveyAnswer.objects.exists()


def test_a_link_that_nobody_signed_leads_nowhere(client, survey, homes):
    for token in ("x" * 32, f"{survey.pk}.{homes[0].pk}", surveying.token_of(survey, homes[0])[:-1] + "_"):
        assert client.get(reverse("complaints:survey_answer", args=[token])).status_code == 404


def test_no_answer_is_taken_before_the_first_day_or_after_the_last(client, survey, homes, monday):
    for moment, status in [
        ("2025-09-14 23:59", 409),
        ("2025-09-15 00:00", 303),
        ("2025-09-20 23:59", 303),
        ("2025-09-21 00:00", 409),
    ]:
        monday.move_to(at(moment))
        assert answer(client, survey, homes.pop()).status_code == status, moment


def test_only_homes_of_the_chosen_buildings_are_asked(client, yunhu, survey, homes, zhou):
    elsewhere = factories.unit(yunhu, "5-1-0301")
    facts = {"title": "三栋", "questions": QUESTIONS, "opens_on": survey.opens_on, "closes_on": survey.closes_on}
    actions.change_survey(survey, **facts, buildings=[homes[0].building], by=zhou, now=MONDAY)
    assert answer(client, survey, elsewhere).status_code == 409
    assert surveying.results_of(survey).asked == 7
    assert [room for room, _link in surveying.slips(survey, homes[0].building)] == [home.label for home in homes]
    assert surveying.slips(survey, elsewhere.building) == []


def test_fewer_than_five_answers_are_hidden_and_five_are_shown_without_rooms(client, survey, homes, zhou):
    page = reverse("complaints:survey", args=[survey.pk])
    for home, grade in zip(homes, [5, 5, 4, 2], strict=False):
        answer(client, survey, home, grade=grade, words="电梯太慢")
    client.force_login(zhou)
    hidden = client.get(page)
    assert hidden.context["results"].is_hidden and "电梯太慢" not in hidden.content.decode()
    client.logout()
    client.post(url_of(survey, homes[4]), {"q0": 3, "q1": 1})
    client.force_login(zhou)
    shown = client.get(page)
    results = shown.context["results"]
    grades, choices, words = results.questions
    assert (results.n, results.asked, round(results.rate, 2)) == (5, 7, 0.71)
    assert (grades.share, grades.mean) == (0.6, 3.8)
    assert [bar["count"] for bar in choices.bars] == [4, 1]
    assert words.is_hidden and "电梯太慢" not in shown.content.decode(), "four wrote something"
    assert homes[0].label not in shown.content.decode()


def test_results_cost_the_same_for_few_homes_and_for_many(client, survey, homes, zhou):
    for home in homes:
        actions.answer_survey(survey, home, answers=[5, 0, ""], by=None, now=MONDAY)
    client.force_login(zhou)
    for name, url in [
        ("surveys", reverse("complaints:surveys")),
        ("survey results", reverse("complaints:survey", args=[survey.pk])),
    ]:
        client.get(url)
        with pinned(name) as captured:
            assert client.get(url).status_code == 200
        assert len(captured) <= 15


def test_the_desk_types_in_what_came_on_paper(client, survey, homes, chen):
    client.force_login(chen)
    enter = reverse("complaints:survey_enter", args=[survey.pk])
    assert client.post(enter, {"room": "3-2-1101", "q0": 4}).status_code == 302
    given = SurveyAnswer.objects.get()
    assert (given.unit, given.by) == (homes[0], chen)
    again = client.post(enter, {"room": "3-2-1101", "q0": 1, "q2": "写了很多"})
    assert again.status_code == 409 and "写了很多" in again.content.decode()
    for room in ("9-9-909", ""):
        assert client.post(enter, {"room": room, "q0": 4}).status_code == 422
    assert SurveyAnswer.objects.count() == 1


def test_a_survey_of_another_community_is_nowhere(client, survey, stranger):
    client.force_login(stranger)
    for name in ("survey", "survey_sheet", "survey_enter"):
        assert client.get(reverse(f"complaints:{name}", args=[survey.pk])).status_code == 404


def test_the_slips_of_a_building_carry_a_code_for_each_home(client, survey, homes, chen):
    client.force_login(chen)
    sheet = client.get(reverse("complaints:survey_sheet", args=[survey.pk]), {"building": homes[0].building_id})
    assert sheet.content.decode().count('role="img"') == 7
    for wrong in ("", "x", "0"):
        assert client.get(sheet.request["PATH_INFO"], {"building": wrong}).status_code == 404


def test_one_address_does_not_answer_on_and_on(client, survey, homes):
    answers = [client.post(url_of(survey, homes[0]), {}).status_code for _ in range(31)]
    assert answers == [422] * 30 + [429]


def test_a_closed_survey_says_when_it_was_open(client, survey, homes, monday):
    monday.move_to(MONDAY + timedelta(days=30))
    assert "2025-09-20" in client.get(url_of(survey, homes[0])).content.decode()
