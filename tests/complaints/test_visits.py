"""Return visits (回访): who is asked, by whom and by when, and what follows from the answer."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions, aftercare, callbacks, reports
from complaints.models import Case, Concern, Escalation, ReturnVisit, Status, VisitRule
from servicedesk.core.models import Event
from tests import factories
from tests.factories import MONDAY, at, fresh

pytestmark = pytest.mark.django_db
QUEUE = reverse("complaints:callbacks")


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)
    return time_machine


@pytest.fixture
def fang(yunhu):
    return factories.staff("fang", "方圆", "clerk", community=yunhu)


def told(case, *, worker=None, now=MONDAY):
    """The case after its work was done by `worker`, or by who answers for it, and the resident was told."""
    case = factories.cleared(fresh(case))
    actions.resolve(case, by=worker or case.first_responsible, now=now, remedy="已处理")
    factories.told(case, by=case.first_responsible, now=now)
    return fresh(case)


def complaint(community, chen, **facts):
    """A complaint about the service that Chen took and settled herself, told to the resident on Monday at nine."""
    return told(factories.case(community, by=chen, category="service", **facts))


def visit_of(case):
    return ReturnVisit.objects.filter(case=case).latest("id")


def verbs(case):
    return list(Event.objects.about(case).order_by("id").values_list("verb", flat=True))


def sign_in(client, person):
    """Sign in anew: a session that has lain idle since the clock was moved is locked."""
    client.logout()
    client.force_login(person)


def ask(client, person, case, **typed):
    """Save a visit on the page of visits as `person`."""
    sign_in(client, person)
    case = fresh(case)
    data = {"version": case.version, "channel": case.channel, **typed}
    return client.post(reverse("complaints:save_callback", args=[case.number]), data)


# What is due, and when ----------------------------------------------------------------------------------------------

RULES = [
    ("service", {}, "complaint", "2025-09-18 18:00"),
    ("service", {"severity": "major", "reason": "影响多户"}, "major", "2025-09-18 18:00"),
    ("facilities", {"summary": "整层跳闸停电"}, "danger", "2025-09-16 09:00"),
    ("facilities", {"urgency": "special_urgent", "reason": "有老人"}, "urgent", "2025-09-16 09:00"),
    ("service", {"summary": "邻居半夜唱歌"}, "neighbours", "2025-09-16 09:00"),
    ("facilities", {"summary": "外墙渗水"}, "leak", None),
    ("mail", {}, None, None),
    ("service", {"kind": "suggestion"}, None, None),
    ("service", {"kind": "praise"}, None, None),
]


@pytest.mark.parametrize(("category", "facts", "rule", "due"), RULES)
def test_the_first_rule_that_fits_says_when_a_visit_is_due(yunhu, office, zhou, category, facts, rule, due):
    case = told(factories.case(yunhu, by=zhou, category=category, **facts))
    made = [(visit.rule.code, visit.due_at) for visit in case.visits.all()]
    assert made == ([(rule, at(due) if due else None)] if rule else [])


def test_of_a_hundred_repairs_as_many_are_drawn_as_the_share_says_and_each_can_be_checked(yunhu, zhou):
    case = factories.case(yunhu, by=zhou, category="facilities")
    rule = VisitRule(share=30)
    drawn = []
    for day in range(1, 29):
        for n in range(1, 41):
            case.number = f"YH-BX2502{day:02}-{n:04}"
            drawn.append(aftercare.is_drawn(rule, case))
    assert 0.27 < sum(drawn) / len(drawn) < 0.33
    case.number = "YH-BX250915-0001"
    # As anybody can work out: sha256 of the number, its first eight digits, modulo 100.
    assert aftercare.lot_of(case) == 16


def test_a_repair_that_was_not_drawn_says_why_on_its_page(client, yunhu, office, zhou, chen):
    VisitRule.objects.create(
        community=yunhu, code="repair", name="不抽", source="试", position=1, kind="repair", share=0, within=7
    )
    case = told(factories.case(yunhu, by=zhou, category="facilities"))
    assert not case.visits.exists()
    client.force_login(chen)
    care = client.get(case.get_absolute_url()).context["care"]
    assert (care.rule.share, care.lot, care.archives_at) == (0, aftercare.lot_of(case), MONDAY + timedelta(days=7))


def test_who_left_nothing_to_be_reached_by_is_owed_no_visit(client, yunhu, office, chen, fang):
    nobody = {"reporter_name": "", "reporter_phone": "", "anonymous_reason": "怕报复", "no_phone_reason": "不愿留"}
    case = complaint(yunhu, chen, **nobody)
    assert not case.visits.exists()
    client.force_login(fang)
    assert not client.get(case.get_absolute_url()).context["care"].can_be_asked


def test_a_community_that_has_rules_of_its_own_is_not_given_others(yunhu, office, chen):
    VisitRule.objects.create(
        community=yunhu, code="none", name="无", source="试", position=1, within=1, is_active=False
    )
    assert not complaint(yunhu, chen).visits.exists()
    assert VisitRule.objects.count() == 1


def test_one_visit_at_a_time_is_owed_and_the_database_holds_to_it(yunhu, office, chen):
    case = complaint(yunhu, chen)
    with pytest.raises(IntegrityError, match="visit_one_open"), transaction.atomic():
        ReturnVisit.objects.create(community=yunhu, case=case, cycle=1, reason="by_hand", due_at=MONDAY)


@pytest.mark.parametrize(
    ("facts", "constraint"),
    [
        ({"result": "satisfied", "grade": 2}, "visit_result_fits_grade"),
        ({"result": "not", "grade": 1}, "visit_result_fits_grade"),
        ({"result": "unreachable", "by": None}, "visit_unreachable_was_tried_and_noted"),
        ({"result": "not_made", "done_at": None}, "visit_done_has_time"),
        ({"due_at": None, "reason": "by_hand"}, "visit_without_due_waits_for_rain"),
        ({"tries": 1}, "visit_tried_has_time"),
    ],
)
def test_the_database_refuses_a_visit_that_cannot_be(yunhu, office, chen, facts, constraint):
    case = complaint(yunhu, chen)
    row = {"channel": "phone" if "grade" in facts else "", "by": chen, "done_at": MONDAY, **facts}
    row = facts if "result" not in facts else row
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ReturnVisit.objects.filter(case=case).update(**row)


def test_of_a_long_queue_the_first_are_shown_and_the_others_are_a_number(
    client, yunhu, office, zhou, chen, monkeypatch
):
    cases = [told(factories.case(yunhu, by=zhou, category="service")) for _n in range(3)]
    monkeypatch.setattr(callbacks, "SHOWN", 2)
    client.force_login(chen)
    answer = client.get(QUEUE)
    assert len(answer.context["queue"].due) == 3 and answer.context["queue"].more == 1
    drawn = [case.short_number in answer.text.partition("queue-title")[2] for case in cases]
    assert sorted(drawn) == [False, True, True]


# Rain ---------------------------------------------------------------------------------------------------------------


def leak(community, zhou, **facts):
    return told(factories.case(community, by=zhou, category="facilities", summary="外墙渗水", **facts))


def test_one_click_that_it_rained_makes_every_visit_due_that_waited(client, yunhu, office, zhou, chen, monday):
    cases = [leak(yunhu, zhou), leak(yunhu, zhou)]
    client.force_login(chen)
    assert [line.visit.case for line in client.get(QUEUE).context["queue"].waiting] == cases
    monday.move_to(at("2025-09-22 10:00"))
    sign_in(client, chen)
    client.post(reverse("complaints:rain"))
    assert [visit_of(case).due_at for case in cases] == [at("2025-09-23 18:00")] * 2
    assert Event.objects.about(cases[0]).get(verb="rained").by == chen
    queue = client.get(QUEUE).context["queue"]
    assert ([line.visit.case for line in queue.due], queue.waiting) == (cases, [])


def test_rain_over_one_community_is_none_over_another(client, yunhu, other, zhou, stranger):
    case = leak(yunhu, zhou)
    client.force_login(stranger)
    client.post(reverse("complaints:rain"))
    assert visit_of(case).waits_for_rain


def test_who_notes_the_rain_does_not_learn_of_a_case_about_them(yunhu, office, zhou, chen):
    case = leak(yunhu, zhou)
    Concern.objects.create(case=case, user=chen)
    assert actions.note_rain(yunhu, by=chen, now=MONDAY) == 0
    assert not visit_of(case).waits_for_rain
    assert Event.objects.about(case).get(verb="rained").by is None


# Who asks -----------------------------------------------------------------------------------------------------------


def test_who_did_the_work_is_never_shown_the_visit_and_is_told_that_a_colleague_asks(client, yunhu, office, chen, fang):
    case = complaint(yunhu, chen)
    client.force_login(chen)
    queue = client.get(QUEUE).context["queue"]
    assert (queue.due, queue.own) == ([], 1)
    page = client.get(reverse("complaints:callback", args=[case.number]))
    assert (page.status_code, page.context["case"]) == (409, None)
    assert ask(client, chen, case, grade=5).status_code == 403
    assert visit_of(case).is_open
    assert ask(client, fang, case, grade=5).status_code == 302


def test_a_major_matter_is_asked_about_by_a_supervisor_or_the_deputy_gm(client, yunhu, office, chen, fang, guo):
    case = complaint(yunhu, chen, severity="major", reason="影响多户")
    client.force_login(fang)
    queue = client.get(QUEUE).context["queue"]
    assert (queue.due, queue.senior) == ([], 1)
    client.force_login(guo)
    assert [line.visit.case for line in client.get(QUEUE).context["queue"].due] == [case]


def test_a_visit_about_them_is_in_nobodys_queue_nor_sum(client, yunhu, office, chen, fang):
    case = complaint(yunhu, chen)
    ask(client, office["supervisor"], case, grade=5)
    other = complaint(yunhu, chen)
    for one in (case, other):
        Concern.objects.create(case=one, user=fang)
    client.force_login(fang)
    page = client.get(QUEUE)
    assert (page.context["queue"].due, page.context["lately"]["visits"].n) == ([], 0)
    assert other.short_number not in page.content.decode()
    assert client.get(reverse("complaints:callback", args=[other.number])).status_code == 404


# What is said -------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_was_said_and_whom_to_call_but_not_the_number(client, yunhu, office, chen, fang):
    case = complaint(yunhu, chen)
    client.force_login(fang)
    page = client.get(QUEUE)
    assert page.context["case"] == case and page.context["reply"].text == "已处理好"
    assert "138****1234" in page.content.decode()
    assert "13800001234" not in page.content.decode()
    back = reverse("complaints:callback", args=[case.number])
    shown = client.post(reverse("complaints:unmask", args=[case.number]), {"reason": "回访", "next": back}, follow=True)
    assert "13800001234" in shown.content.decode() and shown.redirect_chain[0][0] == back
    assert Event.objects.about(case).get(verb="unmasked").note == "回访"


@pytest.mark.parametrize(("grade", "result"), [(5, "satisfied"), (4, "satisfied"), (3, "partly")])
def test_a_grade_ends_the_visit_and_leads_to_the_next(client, yunhu, office, chen, fang, grade, result):
    case, later = complaint(yunhu, chen), complaint(yunhu, chen)
    answer = ask(client, fang, case, grade=grade, words="师傅很客气")
    assert answer.url == QUEUE
    visit = visit_of(case)
    assert (visit.result, visit.grade, visit.by, visit.words) == (result, grade, fang, "师傅很客气")
    assert fresh(case).status == Status.REPLIED
    event = Event.objects.about(case).get(verb="visited")
    assert (event.by, event.data["grade"], event.is_public) == (fang, grade, False)
    assert client.get(QUEUE).context["case"] == later


def test_who_is_not_satisfied_has_the_case_opened_again_in_the_same_moment(client, yunhu, office, chen, fang, guo):
    case = complaint(yunhu, chen)
    assert ask(client, fang, case, grade=2).status_code == 422, "what is wrong has to be said"
    ask(client, fang, case, grade=2, words="还是没人管")
    again = fresh(case)
    assert (again.status, again.cycle, again.level, visit_of(case).result) == (Status.TAKEN, 2, 2, "not")
    assert verbs(case)[-3:] == ["visited", "reopened", "escalated"]
    assert Event.objects.about(case).filter(verb="reopened").get().note == "还是没人管"
    ask(client, fang, told(again), grade=1, words="又没人管")
    assert (fresh(case).cycle, fresh(case).level, fresh(case).holder) == (3, 3, guo)
    assert Escalation.objects.filter(case=case, trigger="not_satisfied").exists()


def test_if_it_cannot_be_opened_again_the_visit_is_not_recorded_either(yunhu, office, chen, fang, monkeypatch):
    case = complaint(yunhu, chen)

    def fails(*_args, **_facts):
        raise RuntimeError

    monkeypatch.setattr("complaints.actions.visiting.reopen", fails)
    with pytest.raises(RuntimeError):
        actions.visit(case, channel="phone", grade=1, words="没修好", by=fang, now=MONDAY)
    assert (visit_of(case).is_open, fresh(case).version) == (True, case.version - 1)


def test_a_letter_is_answered_by_letter_and_not_by_telephone(client, yunhu, office, chen, fang):
    case = complaint(yunhu, chen, channel="letter", letter_ref="来信 1 号")
    client.force_login(fang)
    page = client.get(reverse("complaints:callback", args=[case.number]))
    assert [value for value, _label in page.context["form"].fields["channel"].choices] == ["letter"]
    assert ask(client, fang, case, grade=4, channel="phone").status_code == 422
    assert ask(client, fang, case, grade=4, channel="letter").status_code == 302


def test_what_was_typed_comes_back_when_somebody_else_was_faster(client, yunhu, office, chen, fang, zhou):
    case = complaint(yunhu, chen)
    stale = case.version
    ask(client, zhou, case, grade=5)
    answer = ask(client, fang, case, grade=3, words="说了很多", version=stale)
    assert answer.status_code == 409
    assert "说了很多" in answer.content.decode()
    assert visit_of(case).by == zhou


# Nobody there -------------------------------------------------------------------------------------------------------


def test_three_tries_that_reached_nobody_end_the_visit_with_a_note(client, yunhu, office, chen, fang, monday):
    case = complaint(yunhu, chen)
    for day in (15, 16):
        monday.move_to(at(f"2025-09-{day} 10:00"))
        assert ask(client, fang, case, grade=6).status_code == 302
    assert (visit_of(case).tries, visit_of(case).is_open) == (2, True)
    monday.move_to(at("2025-09-17 10:00"))
    assert ask(client, fang, case, grade=6).status_code == 409, "the last one wants a note"
    assert ask(client, fang, case, grade=6, words="早中晚各打一次,无人接听").status_code == 302
    visit = visit_of(case)
    assert (visit.result, visit.tries, visit.by) == ("unreachable", 3, fang)
    assert verbs(case)[-3:] == ["visit_missed", "visit_missed", "visit_given_up"]


def test_two_calls_within_two_hours_are_one_try_and_the_visit_stands_last_meanwhile(
    client, yunhu, office, chen, fang, monday
):
    case, later = complaint(yunhu, chen), complaint(yunhu, chen)
    ask(client, fang, case, grade=6)
    monday.move_to(MONDAY + timedelta(minutes=119))
    assert ask(client, fang, case, grade=6).status_code == 409
    assert visit_of(case).tries == 1
    queue = client.get(QUEUE).context["queue"]
    assert [line.visit.case for line in queue.due] == [later, case]
    monday.move_to(MONDAY + timedelta(minutes=120))
    sign_in(client, fang)
    assert [line.visit.case for line in client.get(QUEUE).context["queue"].due] == [case, later]
    assert ask(client, fang, case, grade=6).status_code == 302


# The archive --------------------------------------------------------------------------------------------------------


def test_the_clock_archives_ten_minutes_after_the_visit_and_only_once(client, yunhu, office, chen, fang):
    case = complaint(yunhu, chen)
    ask(client, fang, case, grade=5)
    assert actions.archive_answered(now=MONDAY + timedelta(minutes=9)) == 0
    assert actions.archive_answered(now=MONDAY + timedelta(minutes=10)) == 1
    assert actions.archive_answered(now=MONDAY + timedelta(minutes=10)) == 0
    assert (fresh(case).status, verbs(case).count("archived")) == (Status.ARCHIVED, 1)
    assert Event.objects.about(case).get(verb="archived").by is None


def test_nothing_is_archived_by_the_clock_while_a_visit_is_open(yunhu, office, chen, zhou):
    due, rainy = complaint(yunhu, chen), leak(yunhu, zhou)
    assert actions.archive_answered(now=MONDAY + timedelta(days=60)) == 0
    assert {fresh(case).status for case in (due, rainy)} == {Status.REPLIED}


def test_where_no_visit_is_due_the_clock_waits_for_the_days_of_the_community(yunhu, office, chen):
    case = told(factories.case(yunhu, by=chen, category="mail"))
    assert actions.archive_answered(now=MONDAY + timedelta(days=7) - timedelta(seconds=1)) == 0
    assert actions.archive_answered(now=MONDAY + timedelta(days=7)) == 1
    assert fresh(case).archived_at == MONDAY + timedelta(days=7)


def test_a_case_that_cannot_be_archived_stops_no_other(yunhu, office, chen, monkeypatch):
    broken, sound = (told(factories.case(yunhu, by=chen, category="mail")) for _ in range(2))
    archive = actions.visiting.archive

    def fails(case, **facts):
        if case.pk == broken.pk:
            raise RuntimeError
        archive(case, **facts)

    monkeypatch.setattr("complaints.actions.visiting.archive", fails)
    assert actions.archive_answered(now=MONDAY + timedelta(days=8), chunk=1) == 1
    assert (fresh(broken).status, fresh(sound).status) == (Status.REPLIED, Status.ARCHIVED)


def test_archived_by_hand_the_visit_was_not_made_and_the_history_says_by_whom(client, yunhu, office, chen):
    case = complaint(yunhu, chen)
    client.force_login(chen)
    client.post(reverse("complaints:archive", args=[case.number]), {"version": case.version})
    assert fresh(case).status == Status.ARCHIVED
    assert (visit_of(case).result, visit_of(case).grade) == ("not_made", None)
    assert Event.objects.about(case).get(verb="visit_not_made").by == chen


def test_a_case_that_the_resident_opens_again_owes_no_visit_for_the_old_answer(yunhu, office, chen):
    case = complaint(yunhu, chen)
    actions.reopen(case, by=None, now=MONDAY, note="还是不行")
    assert visit_of(case).result == "not_made"
    told(fresh(case))
    assert [visit.cycle for visit in case.visits.order_by("id")] == [1, 2]


# What it adds up to -------------------------------------------------------------------------------------------------


def test_satisfaction_counts_visits_and_ratings_of_the_days_that_are_asked_for(client, yunhu, office, chen, fang):
    nothing = reports.satisfaction(Case.objects.all())["visits"]
    assert (nothing.n, nothing.share, nothing.mean) == (0, None, None)
    for grade in (5, 4, 3):
        ask(client, fang, complaint(yunhu, chen), grade=grade)
    actions.rate(complaint(yunhu, chen), overall=2, now=MONDAY)
    found = reports.satisfaction(Case.objects.all(), since=MONDAY, until=MONDAY + timedelta(days=1))
    assert (found["visits"].n, found["visits"].satisfied, found["visits"].mean) == (3, 2, 4.0)
    assert (found["ratings"].n, found["ratings"].share) == (1, 0.0)
    assert reports.satisfaction(Case.objects.all(), until=MONDAY)["visits"].n == 0
