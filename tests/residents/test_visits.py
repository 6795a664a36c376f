"""Home visits: planned, recorded at the door, counted against the target, and what residents asked for seen to."""

import random
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions as case_actions
from complaints.models import Case, NeedCase
from residents import actions, coverage
from residents.models import HomeVisit, Unit, VisitNeed, VisitPlan
from servicedesk.core import doors
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.masking import ERASED
from servicedesk.core.models import Event, Photo
from tests.complaints.residents import picture
from tests.factories import MONDAY, resident, unit, visit_plan

pytestmark = pytest.mark.django_db
TODAY = MONDAY.date()


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def engineering(yunhu):
    return yunhu.departments.get(code="engineering")


@pytest.fixture
def plan(yunhu, zhou, liu, lin, wu):
    """A plan that Liu of engineering goes for."""
    return visit_plan(yunhu, by=zhou, staff=[liu])


@pytest.fixture
def need(home, lin, plan, liu, engineering):
    """What Lin asked of engineering when Liu came."""
    asked = [("阳台地漏返味", engineering)]
    actions.record_visit(home, outcome="done", person=lin, needs=asked, plan=plan, by=liu, now=MONDAY)
    return VisitNeed.objects.select_related("visit__unit", "visit__person", "community").get()


def send(client, unit, **typed):
    return client.post(reverse("residents:visit_home", args=[unit.pk]), {"submission": uuid.uuid4(), **typed})


# Plans ----------------------------------------------------------------------------------------------------------------


def test_a_supervisor_plans_and_the_page_counts_from_nothing(client, yunhu, zhou, liu, lin, wu):
    client.force_login(zhou)
    typed = {"name": "九月走访", "starts_on": "2025-09-08", "ends_on": "2025-09-30", "target": 70, "staff": [liu.pk]}
    made = client.post(reverse("residents:visit_plan_new"), typed)
    plan = VisitPlan.objects.get()
    assert made.url == reverse("residents:visit_plan", args=[plan.pk])
    assert (plan.made_by, list(plan.staff.all())) == (zhou, [liu])
    shown = client.get(made.url).context["coverage"]
    assert (shown.total.homes, shown.total.done, shown.needed) == (2, 0, 2)
    assert Event.objects.about(plan).get(verb="visit_plan_made").by == zhou


def test_a_plan_that_ends_before_it_begins_comes_back_with_its_words(client, zhou):
    client.force_login(zhou)
    typed = {"name": "倒着的计划", "starts_on": "2025-09-30", "ends_on": "2025-09-08", "target": 70}
    answer = client.post(reverse("residents:visit_plan_new"), typed)
    assert answer.status_code == 422 and "倒着的计划" in answer.text
    assert not VisitPlan.objects.exists()


def test_of_two_who_change_a_plan_the_second_is_told(client, plan, zhou):
    client.force_login(zhou)
    address = reverse("residents:visit_plan_change", args=[plan.pk])
    typed = {"name": "十月走访", "starts_on": "2025-09-08", "ends_on": "2025-09-30", "target": 80, "version": 0}
    assert client.post(address, typed).status_code == 302
    answer = client.post(address, {**typed, "name": "十一月走访"})
    assert answer.status_code == 409 and "十一月走访" in answer.text
    assert VisitPlan.objects.get().name == "十月走访"


def test_a_home_counts_as_visited_where_somebody_was_met_in_the_days_of_the_plan(
    yunhu, plan, home, lin, wu, chen, zhou
):
    neighbour = Unit.objects.get(label="3-2-1202")
    unit(yunhu, "3-2-1301")  # nobody lives there: it cannot be met
    early = MONDAY - timedelta(days=30)
    actions.record_visit(neighbour, outcome="done", person=wu, by=chen, now=early)
    actions.record_visit(home, outcome="nobody_home", by=chen, now=MONDAY - timedelta(days=1))
    count = lambda: coverage.coverage_of([plan], yunhu, MONDAY)[plan.pk]  # noqa: E731
    assert (count().total.homes, count().total.done, count().total.tried) == (2, 0, 1)
    visit = actions.record_visit(home, outcome="done", person=lin, by=chen, now=MONDAY)
    found = count()
    assert (found.total.done, found.total.tried, found.total.percent, found.needed) == (1, 0, 50, 1)
    assert [one.unit for one in coverage.missing_of(found, home.building)] == [neighbour]
    month = timedelta(days=30)
    before = visit_plan(yunhu, by=zhou, starts_on=TODAY - month, ends_on=TODAY - timedelta(days=20))
    both = coverage.coverage_of([plan, before], yunhu, MONDAY)
    assert [both[one.pk].total.done for one in (plan, before)] == [1, 1], "each in its own days"
    actions.cancel_visit(visit, reason="记错了房号", by=chen, now=MONDAY)
    assert (count().total.done, count().total.tried) == (0, 1)


def counted_one_by_one(plan, community, today):
    """Return {building: (homes, done, declined, tried)} of a plan, counted home by home in Python."""
    day, best = min(today, plan.ends_on), ["done", "declined", "nobody_home"]
    found = {}
    for one in Unit.objects.filter(community=community):
        lived_in = any(o.voided_at is None and o.is_on(day) for o in one.occupancies.all())
        if not lived_in or (plan.buildings.all() and one.building not in plan.buildings.all()):
            continue
        visits = [v for v in one.home_visits.exclude(done_at=None) if v.status in best]
        in_days = [v for v in visits if plan.starts_on <= community.local(v.done_at).date() <= plan.ends_on]
        outcome = min((v.status for v in in_days), key=best.index, default="")
        numbers = found.setdefault(one.building_id, [0, 0, 0, 0])
        numbers[0] += 1
        if outcome:
            numbers[1 + best.index(outcome)] += 1
    return {building: tuple(numbers) for building, numbers in found.items()}


def test_what_the_database_counts_is_what_one_counts_home_by_home(yunhu, home, lin, chen, zhou):
    chance = random.Random(19)
    homes = [unit(yunhu, f"{n % 3 + 1}-1-{n // 3 + 1:02}01") for n in range(24)]
    for n, one in enumerate(homes):
        since = TODAY - timedelta(days=chance.randint(0, 60)) if n % 4 else None
        if since:
            resident(one, f"住户{n}", f"1370000{n:04}", since=since)
    midnight = MONDAY.replace(hour=0, minute=0)
    edges = [midnight - timedelta(seconds=1), midnight, midnight + timedelta(days=1, seconds=-1), MONDAY]
    for one in homes:
        for _ in range(chance.randint(0, 3)):
            at = min(chance.choice([*edges, MONDAY - timedelta(days=chance.randint(1, 50))]), MONDAY)
            outcome = chance.choice(["nobody_home", "declined", "done"])
            who = {"met_name": "家人"} if outcome == "done" else {}
            visit = actions.record_visit(one, outcome=outcome, by=chen, now=at, **who)
            if chance.random() < 0.2:
                actions.cancel_visit(visit, reason="记错了", by=chen, now=MONDAY)
    days = [(TODAY, TODAY), (TODAY - timedelta(days=30), TODAY + timedelta(days=9))]
    days += [(TODAY - timedelta(days=50), TODAY - timedelta(days=20))]
    plans = [visit_plan(yunhu, by=zhou, starts_on=first, ends_on=last) for first, last in days]
    plans.append(visit_plan(yunhu, by=zhou, buildings=[homes[0].building], starts_on=TODAY, ends_on=TODAY))
    found = coverage.coverage_of(plans, yunhu, MONDAY)
    for plan in plans:
        numbers = {
            line.building.pk: (line.homes, line.done, line.declined, line.tried) for line in found[plan.pk].lines
        }
        assert numbers == counted_one_by_one(plan, yunhu, TODAY)
    assert found[plans[1].pk].total.done and found[plans[2].pk].total.declined, "something has to be counted"


def test_a_page_of_a_plan_has_fifty_buildings_those_with_something_left_first(
    client, yunhu, plan, home, lin, wu, chen, zhou, monkeypatch
):
    monkeypatch.setattr(doors, "PAGE", 1)
    resident(unit(yunhu, "5-1-0301"), "白雪", "13700002210")
    for one in Unit.objects.filter(building=home.building):
        actions.record_visit(one, outcome="declined", by=chen, now=MONDAY)
    client.force_login(zhou)
    address = reverse("residents:visit_plan", args=[plan.pk])
    first = client.get(address)
    second = client.get(address + first.context["part"].older_url)
    shown = [line.building.code for page in (first, second) for line in page.context["part"].rows]
    assert shown == ["5", "3"]
    assert f"?page=2&amp;building={home.building_id}#left" in second.text, "the page stays when a building is chosen"


def test_what_happens_shows_on_the_next_look(client, plan, home, lin, chen):
    client.force_login(chen)
    address = reverse("residents:visits")
    done = lambda: client.get(address).context["lines"][0]["coverage"].total.done  # noqa: E731
    assert [done(), done()] == [0, 0]
    actions.record_visit(home, outcome="done", person=lin, by=chen, now=MONDAY)
    assert done() == 1


def test_a_home_that_was_entered_by_mistake_is_not_to_be_visited(client, yunhu, plan, home, lin, wu, zhou):
    actions.void_occupancy(wu.occupancies.get(), reason="录错房号", by=zhou, now=MONDAY)
    assert coverage.coverage_of([plan], yunhu, MONDAY)[plan.pk].total.homes == 1
    assert list(plan.homes(TODAY)) == [home]


def test_older_plans_are_on_the_next_page(client, yunhu, plan, zhou, monkeypatch):
    monkeypatch.setattr(doors, "PAGE", 1)
    older = visit_plan(yunhu, by=zhou, starts_on=TODAY - timedelta(days=90), ends_on=TODAY - timedelta(days=60))
    client.force_login(zhou)
    page = client.get(reverse("residents:visits"))
    assert [line["plan"] for line in page.context["lines"]] == [plan]
    page = client.get(reverse("residents:visits") + page.context["part"].older_url)
    assert [line["plan"] for line in page.context["lines"]] == [older]


def test_who_did_not_want_a_visit_is_not_asked_again_and_is_not_counted_as_visited(yunhu, plan, home, chen):
    actions.record_visit(home, outcome="declined", by=chen, now=MONDAY)
    found = coverage.coverage_of([plan], yunhu, MONDAY)[plan.pk]
    assert (found.total.done, found.total.declined, found.total.left) == (0, 1, 1)
    assert home not in [one.unit for one in coverage.missing_of(found, home.building)]


def test_the_sheet_of_a_building_has_the_homes_that_are_left(client, plan, home, lin, chen, guo):
    actions.record_visit(home, outcome="done", person=lin, by=chen, now=MONDAY)
    client.force_login(guo)
    address = reverse("residents:visit_sheet", args=[plan.pk])
    text = client.get(address, {"building": home.building_id}).text
    assert "3-2-1202" in text and "3-2-1201" not in text
    assert client.get(address).status_code == 404
    assert "50%" in client.get(reverse("residents:visit_report", args=[plan.pk])).text


# At the door ----------------------------------------------------------------------------------------------------------


def test_a_worker_of_the_plan_records_whom_they_met_and_what_was_asked_for(
    client, plan, home, lin, liu, engineering, yunhu
):
    client.force_login(liu)
    assert home.label in client.get(reverse("residents:visit_round"), {"building": home.building_id}).text
    security = yunhu.departments.get(code="security")
    typed = {"need1": "阳台地漏返味", "department1": engineering.pk, "need2": "门禁卡补办", "department2": security.pk}
    answer = send(client, home, outcome="done", person=lin.pk, notes="老人独居", photo=picture(), **typed)
    assert answer.status_code == 302
    visit = HomeVisit.objects.get()
    assert (visit.status, visit.visited_by, visit.person, visit.plan, visit.done_at) == ("done", liu, lin, plan, MONDAY)
    assert [(need.text, need.department.code) for need in visit.needs.order_by("id")] == [
        ("阳台地漏返味", "engineering"),
        ("门禁卡补办", "security"),
    ]
    assert Photo.objects.about(visit).count() == 1
    assert client.get(reverse("desk:visit_photo", args=[visit.pk, Photo.objects.get().name])).status_code == 200


def test_a_worker_who_is_on_no_plan_finds_no_home(client, plan, home, ma, chen):
    client.force_login(ma)
    assert client.get(reverse("residents:visit_home", args=[home.pk])).status_code == 404
    with pytest.raises(NotAllowed):
        actions.record_visit(home, outcome="nobody_home", plan=plan, by=ma, now=MONDAY)
    actions.plan_visit(home, on=TODAY, assigned_to=ma, by=chen, now=MONDAY)
    assert client.get(reverse("residents:visit_home", args=[home.pk])).status_code == 200


def test_a_home_of_another_community_is_nowhere(client, other, chen):
    foreign = unit(other, "1-0101")
    client.force_login(chen)
    assert client.get(reverse("residents:visit_home", args=[foreign.pk])).status_code == 404
    assert client.get(reverse("residents:visit_round"), {"room": "1-0101"}).status_code == 422


def test_nobody_at_home_leaves_a_card_and_a_day_to_try_again(client, plan, home, liu):
    client.force_login(liu)
    send(client, home, outcome="nobody_home", card_left="on", retry_on="2025-09-17")
    made, again = HomeVisit.objects.order_by("id")
    assert (made.status, made.card_left, made.visited_by) == ("nobody_home", True, liu)
    assert (again.status, str(again.planned_on), again.assigned_to, again.plan) == ("planned", "2025-09-17", liu, plan)
    assert home.label in client.get(reverse("residents:visit_round")).text


def test_a_visit_that_was_planned_is_the_one_that_is_made(client, home, lin, chen):
    planned = actions.plan_visit(home, on=TODAY, by=chen, now=MONDAY)
    with pytest.raises(Refused, match="已有约定"):
        actions.plan_visit(home, on=TODAY, by=chen, now=MONDAY)
    client.force_login(chen)
    send(client, home, outcome="done", person=lin.pk)
    planned.refresh_from_db()
    assert HomeVisit.objects.count() == 1 and planned.status == "done"


def test_a_form_that_a_phone_sends_twice_is_one_visit(client, home, lin, chen):
    client.force_login(chen)
    form = {"submission": uuid.uuid4(), "outcome": "done", "person": lin.pk}
    assert [send(client, home, **form).status_code for _ in range(2)] == [302, 302]
    assert HomeVisit.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({}, "outcome"),
        ({"outcome": "done"}, "met_name"),
        ({"outcome": "done", "met_name": "外婆", "need1": "修灯"}, "department1"),
        ({"outcome": "nobody_home", "need1": "修灯"}, "outcome"),
        ({"outcome": "nobody_home", "retry_on": "2025-09-14"}, "retry_on"),
        ({"outcome": "nobody_home", "retry_on": "99999-01-01"}, "retry_on"),
        ({"outcome": "done", "person": "abc"}, "person"),
    ],
)
def test_bad_input_comes_back_with_its_words_and_a_sentence(client, home, chen, typed, field):
    client.force_login(chen)
    answer = send(client, home, notes="他们养了三只猫", **typed)
    assert answer.status_code == 422 and "他们养了三只猫" in answer.text
    assert field in answer.context["form"].errors
    assert not HomeVisit.objects.exists()


def test_the_database_refuses_a_visit_made_by_nobody_and_any_deletion(home, lin, chen):
    visit = actions.record_visit(home, outcome="done", person=lin, by=chen, now=MONDAY)
    for broken in ({"visited_by": None}, {"person": None}, {"card_left": True}, {"cancelled_reason": "x"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            HomeVisit.objects.filter(pk=visit.pk).update(**broken)
    with pytest.raises(IntegrityError), transaction.atomic():
        HomeVisit.objects.filter(pk=visit.pk).delete()


# What residents asked for ---------------------------------------------------------------------------------------------


def test_a_department_sees_what_was_asked_of_it_and_of_no_other(client, need, han, ma, guo):
    address = reverse("desk:needs")
    for who, sees in ((han, True), (guo, True), (ma, False)):
        client.force_login(who)
        assert (need.text in client.get(address).text) is sees, who
    client.force_login(ma)
    assert client.get(reverse("desk:visit", args=[need.visit_id])).status_code == 404
    client.force_login(han)
    assert client.get(reverse("desk:visit", args=[need.visit_id])).status_code == 200
    assert client.post(reverse("desk:need_answer", args=[need.pk]), {"answer": "已上门疏通"}).status_code == 302
    need.refresh_from_db()
    assert (need.status, need.settled_by, need.answer) == ("answered", han, "已上门疏通")


def test_a_need_becomes_an_ordinary_case_whose_deadline_counts_from_the_visit(
    client, need, chen, yunhu, lin, home, time_machine
):
    time_machine.move_to(MONDAY + timedelta(hours=2), tick=False)
    client.force_login(chen)
    category = yunhu.categories.get(code="indoor")
    address = reverse("desk:need_case", args=[need.pk])
    assert client.post(address, {"category": category.pk}).status_code == 302
    case = Case.objects.get()
    assert (case.summary, case.kind, case.channel, case.unit, case.reporter) == (
        need.text,
        "repair",
        "visit",
        home,
        lin,
    )
    assert (case.received_at, case.first_responsible) == (MONDAY, chen) and case.due_at
    need.refresh_from_db()
    assert (need.status, NeedCase.objects.get(need=need).case) == ("case", case)
    assert case.short_number in client.get(reverse("desk:visit", args=[need.visit_id])).text
    assert client.post(address, {"category": category.pk}).status_code == 409
    assert Case.objects.count() == 1


def test_a_need_whose_case_was_registered_by_mistake_is_open_again(need, chen, yunhu):
    category = yunhu.categories.get(code="indoor")
    case = case_actions.open_case_from_need(need, category=category, by=chen, now=MONDAY)
    case_actions.undo(Event.objects.about(case).get(verb="received"), by=chen, now=MONDAY)
    again = VisitNeed.objects.select_related("visit__unit", "visit__person", "community").get()
    assert again.status == "open" and NeedCase.objects.get().freed_at == MONDAY
    assert case_actions.open_case_from_need(again, category=category, by=chen, now=MONDAY).pk != case.pk


def test_a_worker_opens_no_case_and_answers_for_no_other_department(client, need, liu, ma, yunhu):
    with pytest.raises(NotAllowed):
        case_actions.open_case_from_need(need, category=yunhu.categories.first(), by=liu, now=MONDAY)
    assert not Case.objects.exists()
    with pytest.raises(NotAllowed):
        actions.answer_need(need, answer="不归我们", by=ma, now=MONDAY)


def test_a_visit_with_something_open_is_not_taken_back_and_an_answer_can_be(client, need, chen):
    visit = need.visit
    with pytest.raises(Refused):
        actions.cancel_visit(visit, reason="记错了", by=chen, now=MONDAY)
    actions.answer_need(need, answer="已说明", by=chen, now=MONDAY)
    client.force_login(chen)
    reopen = reverse("desk:need_reopen", args=[need.pk])
    assert client.post(reopen, {"reason": ""}).status_code == 422
    assert client.post(reopen, {"reason": "业主说没有解决"}).status_code == 302
    need.refresh_from_db()
    assert (need.status, need.answer) == ("open", "")
    assert Event.objects.about(need).get(verb="need_reopened").note == "业主说没有解决"


def test_the_words_of_a_visit_go_with_the_person(need, lin, home):
    from complaints.actions.erasing import erase_people

    assert str(need.visit.met) == "林晓梅"
    erase_people([lin.pk], now=MONDAY)
    visit = HomeVisit.objects.select_related("person").get()
    need.refresh_from_db()
    assert (visit.met, need.text) == (ERASED, ERASED)


def test_a_neighbours_visit_stays_when_a_person_goes(yunhu, home, lin, wu, chen):
    from complaints.actions.erasing import erase_people

    neighbour = resident(unit(yunhu, "5-1-0301"), "白雪", "13700002210")
    kept = actions.record_visit(
        Unit.objects.get(label="5-1-0301"), outcome="done", person=neighbour, notes="很客气", by=chen, now=MONDAY
    )
    erase_people([lin.pk], now=MONDAY)
    kept.refresh_from_db()
    assert kept.notes == "很客气"
