"""A decision, a judgement and a visit can be taken back for ten minutes, while nobody else has acted (ruling 11)."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions, aftercare, reports
from complaints.models import Case, Proposal, ReturnVisit, Status
from servicedesk.core.models import Event, Notification
from tests import factories
from tests.factories import MONDAY, fresh

pytestmark = pytest.mark.django_db

LATER = MONDAY + timedelta(minutes=20)
SORRY = "这是邻里之间的私人纠纷,建议联系社区调解,非常抱歉。"


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(LATER, tick=False)
    return time_machine


@pytest.fixture
def proposed(yunhu, office, chen, ma):
    """A function that brings a complaint to the supervisor: to be handled by a department, or to be declined."""

    def make(department="security", **typed):
        case = factories.case(yunhu, by=chen, category="noise")
        validity = "invalid" if typed else "valid"
        typed = typed or {"outcome": "handle", "department": yunhu.departments.get(code=department)}
        actions.verify(case, validity=validity, by=chen, now=MONDAY, note="到场核实")
        actions.propose(case, text="上门劝止", by=chen, now=MONDAY, **typed)
        return fresh(case)

    return make


def step(client, who, name, case, **typed):
    """Take a step through its door and return the address of the undo that is offered, "" where none is."""
    client.force_login(who)
    typed = {"version": fresh(case).version, **typed}
    answer = client.post(reverse(f"complaints:{name}", args=[case.number]), typed, follow=True)
    assert answer.status_code == 200, answer.content
    tags = [message.extra_tags for message in answer.context["messages"]]
    return next((tag.removeprefix("undo:") for tag in tags if tag.startswith("undo:")), "")


def press(client, address):
    """Press an undo button and return what is said to it."""
    return " ".join(str(message) for message in client.post(address, follow=True).context["messages"])


def what(case, verb):
    """Return what the history of `case` says of its last `verb`, as a refusal names it."""
    return reports.sentence(Event.objects.about(case).filter(verb=verb).first(), case.community.tz)


COLUMNS = [field.attname for field in Case._meta.concrete_fields if field.name != "version"]


def columns(case):
    case = fresh(case)
    return {name: getattr(case, name) for name in COLUMNS}


def verbs(case):
    return list(Event.objects.about(case).order_by("pk").values_list("verb", flat=True))


@pytest.mark.parametrize("department", ["security", "centre"])
def test_an_approval_is_undone_with_the_hand_over_that_followed(client, proposed, chen, zhou, ma, department):
    case = proposed(department)
    was = columns(case)
    address = step(client, zhou, "decide", case, approve="1")
    assert fresh(case).status == (Status.HANDED if department == "security" else Status.APPROVED)
    press(client, address)
    assert columns(case) == was
    proposal = Proposal.objects.get(case=case)
    assert (proposal.decision, proposal.decided_by, proposal.undone_at) == ("", None, LATER)
    assert verbs(case)[-1] == "undone"
    assert "approved" in verbs(case), "what was decided stays in history"
    step(client, zhou, "decide", case, note="写明几点上门")
    assert fresh(case).status == Status.VERIFIED


def test_nobody_hears_of_an_approval_that_was_taken_back(client, proposed, chen, zhou, ma, guo):
    case = proposed()
    address = step(client, zhou, "decide", case, approve="1")
    kinds = ("case_approved", "case_handed")
    waiting = Notification.objects.filter(subject_id=case.pk, kind__in=kinds)
    assert {row.not_before for row in waiting} == {LATER + timedelta(minutes=10)}
    assert {row.recipient for row in waiting} == {chen, ma}
    press(client, address)
    assert not waiting.filter(dead_at=None).exists()


def test_an_approved_refusal_is_undone_before_the_resident_hears_it(client, proposed, zhou):
    case = proposed(outcome="decline", answer=SORRY)
    was = columns(case)
    address = step(client, zhou, "decide", case, approve="1")
    assert fresh(case).reply_due_at is not None
    press(client, address)
    assert columns(case) == was


def test_a_refusal_that_was_told_meanwhile_is_not_undone_and_the_reason_is_said(client, proposed, chen, zhou):
    case = proposed(outcome="decline", answer=SORRY)
    address = step(client, zhou, "decide", case, approve="1")
    actions.reply(fresh(case), channel="phone", text=SORRY, by=chen, now=LATER, person_told="林女士")
    client.force_login(zhou)
    assert what(case, "replied") in press(client, address)
    assert fresh(case).status == Status.REPLIED


def test_a_proposal_that_was_returned_waits_again(client, proposed, chen, zhou):
    case = proposed()
    was = columns(case)
    press(client, step(client, zhou, "decide", case, note="写明几点上门"))
    assert columns(case) == was
    assert not Notification.objects.filter(kind="case_returned", dead_at=None).exists()


def test_a_proposal_that_was_proposed_anew_meanwhile_is_not_opened_twice(client, proposed, chen, zhou, yunhu):
    case = proposed()
    address = step(client, zhou, "decide", case, note="写明几点上门")
    department = yunhu.departments.get(code="security")
    actions.propose(fresh(case), outcome="handle", text="九点上门", department=department, by=chen, now=LATER)
    client.force_login(zhou)
    assert what(case, "proposed") in press(client, address)
    assert Proposal.objects.open().filter(case=case).count() == 1


@pytest.mark.parametrize("typed", [{"approve": "1"}, {"note": "为何没有先报?"}])
def test_a_report_that_was_read_by_mistake_waits_again(client, yunhu, office, chen, zhou, typed):
    case = factories.case(yunhu, by=chen, category="noise", urgency="special_urgent")
    actions.hand_over(case, department=yunhu.departments.get(code="security"), by=chen, now=MONDAY)
    press(client, step(client, zhou, "note_report", case, **typed))
    assert Proposal.objects.open().filter(case=case, outcome="report").exists()


def test_a_judgement_is_taken_back_to_the_one_before(client, yunhu, office, chen, clock):
    case = factories.case(yunhu, by=chen, category="noise")
    was = columns(case)
    first = step(client, chen, "verify", case, validity="valid", note="属实")
    clock.shift(timedelta(minutes=1))
    second = step(client, chen, "verify", case, validity="invalid", note="不在合同内")
    press(client, second)
    assert fresh(case).validity == "valid"
    press(client, first)
    assert columns(case) == was


@pytest.mark.parametrize(("minutes", "undone"), [(10, True), (11, False)])
def test_a_decision_can_be_taken_back_for_ten_minutes(client, proposed, zhou, clock, minutes, undone):
    case = proposed()
    address = step(client, zhou, "decide", case, note="写明几点上门")
    clock.move_to(LATER + timedelta(minutes=minutes), tick=False)
    client.post(address)
    assert (fresh(case).status == Status.PROPOSED) == undone


def test_the_database_lets_no_decision_be_taken_back_later_nor_changed_on_the_way(proposed, zhou):
    case = proposed()
    actions.approve(case, by=zhou, now=LATER)
    nothing = {"decision": "", "decided_by": None, "decided_at": None, "note": ""}
    for change in (
        {**nothing},
        {**nothing, "undone_at": LATER + timedelta(minutes=11)},
        {**nothing, "undone_at": LATER, "text": "其实是别的"},
        {"undone_at": LATER},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Proposal.objects.filter(case=case).update(**change)


# Return visits --------------------------------------------------------------------------------------------------------


@pytest.fixture
def told(yunhu, office, chen, zhou, liu):
    """A function that brings a complaint to its return visit; with the category of mail it is one that nobody owes."""

    def make(category="service", **facts):
        case = factories.cleared(factories.case(yunhu, by=chen, category=category, **facts))
        actions.resolve(case, by=chen, now=MONDAY, remedy="已处理")
        actions.reply(case, channel="phone", text="已处理好", by=chen, now=MONDAY, person_told="林女士")
        return fresh(case)

    return make


VISIT_COLUMNS = [field.attname for field in ReturnVisit._meta.concrete_fields if field.name != "version"]


def visit_columns(case):
    visit = ReturnVisit.objects.get(case=case)
    return {name: getattr(visit, name) for name in VISIT_COLUMNS}


@pytest.mark.parametrize(
    "typed", [{"grade": "5", "words": "很满意"}, {"grade": "3"}, {"grade": "6", "words": "没人接"}], ids=str
)
def test_a_visit_that_was_recorded_by_mistake_is_owed_again_as_before(client, told, zhou, typed):
    case = told()
    was = columns(case), visit_columns(case)
    press(client, step(client, zhou, "visit", case, channel="phone", **typed))
    assert (columns(case), visit_columns(case)) == was


def test_a_visit_that_nobody_owed_is_not_made_after_the_undo_and_hastens_nothing(client, told, zhou):
    case = told("mail", kind="inquiry")
    rests_until = aftercare.archives_at(case, [])
    press(client, step(client, zhou, "visit", case, channel="phone", grade="5"))
    assert ReturnVisit.objects.get(case=case).result == "not_made"
    assert aftercare.archives_at(fresh(case), list(case.visits.all())) == rests_until
    assert actions.archive_answered(now=LATER + timedelta(hours=1)) == 0


def test_a_visit_after_which_the_resident_rated_is_not_undone_and_the_reason_is_said(client, told, zhou):
    case = told()
    address = step(client, zhou, "visit", case, channel="phone", grade="5")
    actions.rate(fresh(case), overall=2, words="没有弄好", now=LATER)
    assert what(case, "resident_rated") in press(client, address)
    assert ReturnVisit.objects.filter(case=case, result="satisfied").exists()


def test_a_visit_that_opened_the_case_again_is_not_offered_to_be_undone(client, told, zhou):
    case = told()
    assert step(client, zhou, "visit", case, channel="phone", grade="1", words="还是不行") == ""
    visited = Event.objects.about(case).get(verb="visited")
    outcome = actions.undo_many([visited], by=zhou, now=LATER)
    assert what(case, "reopened") in outcome.refused[0][1]
    assert fresh(case).cycle == 2


def test_a_visit_whose_case_the_clock_has_archived_stays(told, zhou):
    case = told()
    actions.visit(case, channel="phone", grade=5, by=zhou, now=LATER)
    at = LATER + timedelta(minutes=10)
    assert actions.archive_answered(now=at) == 1
    outcome = actions.undo_many([Event.objects.about(case).get(verb="visited")], by=zhou, now=at)
    assert outcome.refused and not outcome.done
    assert ReturnVisit.objects.get(case=case).result == "satisfied"
