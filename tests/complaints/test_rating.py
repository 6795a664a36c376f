"""The resident's own rating on the tracking page: after the answer, theirs to change for a week, followed up if bad."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions
from complaints.models import Rating, ReturnVisit, Status
from servicedesk.core.models import Event, Notification
from tests import factories
from tests.factories import MONDAY, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)
    return time_machine


@pytest.fixture
def replied(resolved_case, chen):
    factories.told(resolved_case, by=chen, text="接头已更换")
    return fresh(resolved_case)


def url_of(case, part=""):
    return reverse(f"complaints:track{part and '_'}{part}", args=[actions.first_token(case)])


def rate(client, case, **typed):
    return client.post(url_of(case, "rate"), typed)


def rating_of(case):
    return Rating.objects.get(case=case, cycle=case.cycle)


def test_before_the_answer_there_is_nothing_to_rate(client, resolved_case):
    assert client.get(url_of(resolved_case)).context["rate_form"] is None
    assert rate(client, resolved_case, overall=5).status_code == 409
    assert not Rating.objects.exists()


def test_a_rating_is_kept_with_its_words_and_the_office_reads_it(client, replied, zhou):
    assert rate(client, replied, overall=4, speed=5, manner="", words="师傅很快就来了").status_code == 303
    rating = rating_of(replied)
    assert (rating.overall, rating.speed, rating.manner, rating.words) == (4, 5, None, "师傅很快就来了")
    event = Event.objects.about(replied).get(verb="resident_rated")
    assert (event.by, event.is_public, event.note) == (None, True, "师傅很快就来了")
    client.force_login(zhou)
    assert client.get(replied.get_absolute_url()).context["care"].ratings == [rating]


def test_an_empty_rating_is_refused_and_the_words_stay(client, replied):
    answer = rate(client, replied, words="说不清")
    assert answer.status_code == 422
    assert "说不清" in answer.content.decode()
    for bad in ("0", "6", "x", "٣"):
        assert rate(client, replied, overall=bad).status_code == 422
    assert not Rating.objects.exists()


def test_one_rating_in_a_cycle_is_changed_for_a_week_and_no_longer(client, replied, monday):
    rate(client, replied, overall=3)
    monday.move_to(MONDAY + timedelta(days=7))
    assert client.get(url_of(replied)).context["rate_form"]["overall"].value() == 3
    rate(client, replied, overall=5, words="后来好了")
    assert (rating_of(replied).overall, rating_of(replied).at) == (5, MONDAY)
    monday.move_to(MONDAY + timedelta(days=7, minutes=1))
    assert client.get(url_of(replied)).context["rate_form"] is None
    refused = rate(client, replied, overall=1, words="又坏了")
    assert refused.status_code == 409
    assert "又坏了" in refused.content.decode(), "no word is lost"
    assert rating_of(replied).overall == 5
    with pytest.raises(IntegrityError, match="rating_once_in_cycle"), transaction.atomic():
        Rating.objects.create(
            community=replied.community, case=replied, cycle=1, overall=1, at=MONDAY, changed_at=MONDAY
        )


def test_a_closed_request_can_be_rated_for_a_week(client, replied, chen, monday):
    actions.archive(replied, by=chen, now=MONDAY)
    monday.move_to(MONDAY + timedelta(days=7))
    assert rate(client, replied, overall=5).status_code == 303
    assert fresh(replied).status == Status.ARCHIVED


def test_a_request_closed_more_than_a_week_ago_is_rated_no_more(client, replied, chen, monday):
    actions.archive(replied, by=chen, now=MONDAY)
    monday.move_to(MONDAY + timedelta(days=7, minutes=1))
    assert rate(client, replied, overall=5).status_code == 409


@pytest.mark.parametrize("overall", [1, 2])
def test_a_bad_rating_owes_a_visit_within_a_day_and_who_answers_hears_of_it(client, replied, chen, zhou, overall):
    rate(client, replied, overall=overall, words="还在漏")
    visit = ReturnVisit.objects.get(case=replied, result="")
    assert (visit.reason, visit.due_at) == ("bad_rating", MONDAY + timedelta(hours=24))
    told = Notification.objects.filter(kind="case_rated_badly", channel="inbox")
    assert {row.recipient for row in told} == {chen, zhou}
    rate(client, replied, overall=1)
    assert ReturnVisit.objects.filter(case=replied, result="").count() == 1
    assert told.count() == 2, "told once"


def test_a_bad_rating_brings_a_visit_forward_and_never_back(client, yunhu, office, chen):
    then = MONDAY - timedelta(hours=12)
    case = factories.case(yunhu, by=chen, now=then, category="service", summary="邻居半夜唱歌")
    actions.resolve(factories.cleared(case), by=chen, now=then, remedy="已劝")
    factories.told(fresh(case), by=chen, now=then)
    due_at = ReturnVisit.objects.get(case=case).due_at
    assert due_at == MONDAY + timedelta(hours=12)
    rate(client, fresh(case), overall=1)
    assert ReturnVisit.objects.get(case=case).due_at == due_at


def test_after_a_bad_rating_the_request_can_still_be_opened_again(client, replied):
    rate(client, replied, overall=2, words="还在漏")
    page = client.get(url_of(replied))
    assert page.context["can_reopen"]
    client.post(url_of(replied, "reopen"), {"note": "还在漏"})
    again = fresh(replied)
    assert (again.status, again.cycle) == (Status.TAKEN, 2)
    assert client.get(url_of(replied)).context["rating"] is None, "the new cycle has no rating yet"


def test_what_the_resident_wrote_is_not_shown_with_names_and_numbers_in_it(client, replied):
    rate(client, replied, overall=1, words="林晓梅 13800001234 找刘强和陈静")
    body = client.get(url_of(replied)).content.decode()
    for secret in ("林晓梅", "13800001234", "刘强", "陈静"):
        assert secret not in body, secret
    rate(client, replied, overall=2)
    assert rating_of(replied).words.startswith("林晓梅"), "stars that change take no words away"


def test_a_hand_that_rates_on_and_on_is_asked_to_wait(client, replied):
    answers = [rate(client, replied, overall=3).status_code for _ in range(11)]
    assert answers == [303] * 10 + [429]


def test_whom_a_case_is_about_does_not_hear_of_its_rating(client, replied, zhou, chen):
    actions.name_concerned(replied, user=zhou, by=chen, now=MONDAY, note="业户说的就是此人")
    rate(client, fresh(replied), overall=1)
    told = Notification.objects.filter(kind="case_rated_badly", channel="inbox")
    assert {row.recipient for row in told} == {chen}
