"""Ruling 9 and 暂行5: an ordinary complaint is verified, proposed and approved by a second person; what is urgent is
done at once and reported afterwards."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions
from complaints.models import Case, Proposal, Status
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Notification
from tests import factories
from tests.factories import MONDAY, at, fresh

pytestmark = pytest.mark.django_db

SORRY = "您反映的是邻里之间的私人纠纷,物业无权处理,建议联系社区调解,非常抱歉。"


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def complaint(yunhu, office, chen, ma):
    return factories.case(yunhu, by=chen, category="noise", summary="中午还在用电钻")


@pytest.fixture
def security(yunhu):
    return yunhu.departments.get(code="security")


def step(client, who, name, case, **typed):
    client.force_login(who)
    return client.post(reverse(f"complaints:{name}", args=[case.number]), {"version": fresh(case).version, **typed})


def verified(client, case, who, validity="valid"):
    assert step(client, who, "verify", case, validity=validity, note="到场核实").status_code == 302


def told(person, kind):
    return Notification.objects.filter(recipient=person, kind=kind).exists()


def test_an_ordinary_complaint_goes_from_the_desk_over_the_supervisor_to_the_department(
    client, complaint, chen, zhou, ma, security
):
    answer = step(client, chen, "verify", complaint, validity="valid", note="到场核实,确在施工")
    assert answer["Location"].endswith("?do=propose#panel"), "the next step is at hand"
    assert fresh(complaint).status == Status.VERIFIED
    step(client, chen, "propose", complaint, outcome="handle", text="上门劝停", department=security.pk)
    assert fresh(complaint).status == Status.PROPOSED
    assert told(zhou, "case_proposed")
    assert not Event.objects.about(complaint).filter(verb__in=["verified", "proposed"], is_public=True).exists()
    step(client, zhou, "decide", complaint, approve="1", note="同意")
    case = fresh(complaint)
    assert (case.status, case.department, case.approved_at) == (Status.HANDED, security, MONDAY)
    assert case.due_at == at("2025-09-18 18:00"), "three days from receipt, as for every hand-over"
    assert told(chen, "case_approved")
    assert told(ma, "case_handed")
    proposal = Proposal.objects.get()
    assert (proposal.by, proposal.decided_by, proposal.note) == (chen, zhou, "同意")


@pytest.mark.parametrize(("name", "typed"), [("hand_over", {"note": "请处理"}), ("resolve", {"remedy": "已劝停"})])
def test_nobody_works_on_an_ordinary_complaint_before_it_is_approved(client, complaint, chen, security, name, typed):
    answer = step(client, chen, name, complaint, department=security.pk, **typed)
    assert answer.status_code == 409
    assert next(iter(typed.values())) in answer.content.decode(), "the words are kept"
    assert fresh(complaint).status == Status.TAKEN


def test_the_database_lets_no_unapproved_complaint_into_a_department(complaint):
    with pytest.raises(IntegrityError, match="case_ordinary_complaint_is_approved"), transaction.atomic():
        Case.objects.filter(pk=complaint.pk).update(status=Status.HANDED)


def test_a_repair_needs_no_approval(yunhu, office, chen):
    case = factories.case(yunhu, by=chen)
    actions.hand_over(case, department=yunhu.departments.get(code="engineering"), by=chen, now=MONDAY)
    assert fresh(case).status == Status.HANDED


def test_a_refusal_reaches_the_resident_only_after_the_approval(client, complaint, chen, zhou):
    verified(client, complaint, chen, "invalid")
    step(client, chen, "propose", complaint, outcome="decline", text="邻里纠纷,不在合同内", answer=SORRY)
    token = actions.first_token(complaint)
    client.logout()
    assert SORRY not in client.get(reverse("complaints:track", args=[token])).content.decode()
    step(client, zhou, "decide", complaint, approve="1")
    case = fresh(complaint)
    assert (case.status, case.declined_at, case.resolved_at) == (Status.DECLINED, MONDAY, None)
    assert case.reply_due_at == at("2025-09-16 18:00")
    client.force_login(chen)
    page = client.get(case.get_absolute_url(), {"do": "reply"}).content.decode()
    assert SORRY in page, "the reply begins with the words that were approved"
    step(client, chen, "reply", complaint, channel="phone", text=SORRY, person_told="林女士")
    assert fresh(complaint).status == Status.REPLIED
    client.logout()
    assert SORRY in client.get(reverse("complaints:track", args=[token])).content.decode()


def test_the_clock_of_a_refusal_stops_at_the_approval(complaint, chen, zhou):
    actions.verify(complaint, validity="invalid", by=chen, now=MONDAY, note="不属实")
    actions.propose(complaint, outcome="decline", text="不属实", answer=SORRY, by=chen, now=MONDAY)
    actions.approve(complaint, by=zhou, now=MONDAY)
    later = MONDAY + timedelta(days=9)
    assert not fresh(complaint).is_late(later)
    assert not Case.objects.late(later).exists()


def test_a_refusal_that_is_not_told_in_time_rises(complaint, chen, zhou):
    actions.verify(complaint, validity="invalid", by=chen, now=MONDAY, note="不属实")
    actions.propose(complaint, outcome="decline", text="不属实", answer=SORRY, by=chen, now=MONDAY)
    actions.approve(complaint, by=zhou, now=MONDAY)
    actions.escalate_overdue(now=at("2025-09-16 18:01"))
    assert fresh(complaint).level == 2


def test_a_valid_complaint_cannot_be_declined(client, complaint, chen, zhou):
    verified(client, complaint, chen)
    answer = step(client, chen, "propose", complaint, outcome="decline", text="不处理", answer=SORRY)
    assert answer.status_code == 422
    assert "不处理" in answer.content.decode()
    with pytest.raises(Refused):
        actions.propose(fresh(complaint), outcome="decline", text="不处理", answer=SORRY, by=chen, now=MONDAY)


def test_what_is_not_valid_may_be_helped_as_a_courtesy(client, complaint, chen, zhou, security):
    verified(client, complaint, chen, "invalid")
    step(client, chen, "propose", complaint, outcome="courtesy", text="帮忙协调", department=security.pk)
    step(client, zhou, "decide", complaint, approve="1")
    assert (fresh(complaint).status, fresh(complaint).validity) == (Status.HANDED, "invalid")


def test_a_refusal_needs_its_words_and_a_measure_its_department(client, complaint, chen):
    verified(client, complaint, chen, "invalid")
    answer = step(client, chen, "propose", complaint, outcome="decline", text="邻里纠纷")
    assert answer.status_code == 422
    assert "邻里纠纷" in answer.content.decode()
    assert step(client, chen, "propose", complaint, outcome="courtesy", text="协调").status_code == 422
    assert not Proposal.objects.exists()


def test_nobody_decides_on_their_own_proposal(client, complaint, zhou, guo, security):
    verified(client, complaint, zhou)
    step(client, zhou, "propose", complaint, outcome="handle", text="上门劝停", department=security.pk)
    assert told(guo, "case_proposed") is False, "the supervisor who answers at level 2 was asked"
    assert step(client, zhou, "decide", complaint, approve="1").status_code == 403
    with pytest.raises(IntegrityError, match="proposal_decided_by_a_second_person"), transaction.atomic():
        Proposal.objects.update(decision="approved", decided_by=zhou, decided_at=MONDAY)
    assert step(client, guo, "decide", complaint, approve="1").status_code == 302


def test_a_returned_proposal_says_what_is_missing_and_is_proposed_again(client, complaint, chen, zhou, security):
    verified(client, complaint, chen)
    step(client, chen, "propose", complaint, outcome="handle", text="上门", department=security.pk)
    assert step(client, zhou, "decide", complaint).status_code == 422, "who returns says why"
    step(client, zhou, "decide", complaint, note="写明几点上门")
    assert fresh(complaint).status == Status.VERIFIED
    assert told(chen, "case_returned")
    step(client, chen, "propose", complaint, outcome="handle", text="14 点上门", department=security.pk)
    assert list(Proposal.objects.values_list("decision", flat=True)) == ["returned", ""]


def test_two_who_decide_at_once_decide_once(client, complaint, chen, zhou, guo, security):
    verified(client, complaint, chen)
    step(client, chen, "propose", complaint, outcome="handle", text="上门", department=security.pk)
    version = fresh(complaint).version
    step(client, zhou, "decide", complaint, note="写明几点上门")
    client.force_login(guo)
    url = reverse("complaints:decide", args=[complaint.number])
    assert client.post(url, {"version": version, "approve": "1"}).status_code == 409
    assert fresh(complaint).status == Status.VERIFIED


def test_a_decision_is_never_changed(complaint, chen, zhou):
    factories.approved(complaint, by=chen, decided_by=zhou)
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.update(note="其实没同意")


def test_what_is_urgent_is_done_at_once_and_reported_afterwards(client, yunhu, office, chen, zhou, security, ma):
    case = factories.case(yunhu, by=chen, category="noise", urgency="special_urgent")
    step(client, chen, "hand_over", case, department=security.pk, note="半夜施工,马上去")
    assert fresh(case).status == Status.HANDED
    report = Proposal.objects.get()
    assert (report.outcome, report.text, report.by) == ("report", "半夜施工,马上去", chen)
    assert told(zhou, "case_reported")
    actions.accept(fresh(case), by=ma, now=MONDAY)
    actions.resolve(fresh(case), by=ma, now=MONDAY, remedy="已劝停")
    assert Proposal.objects.count() == 1, "reported once"
    assert step(client, zhou, "note_report", case).status_code == 422, "who asks back says what"
    step(client, zhou, "note_report", case, note="为何没有先断电?")
    assert told(chen, "case_report_queried")


def test_what_stops_being_an_ordinary_complaint_goes_back_to_the_desk(complaint, chen, zhou):
    actions.verify(complaint, validity="valid", by=chen, now=MONDAY, note="属实")
    axes = {"severity": "general", "category": complaint.category, "note": "其实是报修"}
    actions.reclassify(complaint, kind="repair", urgency="ordinary", by=zhou, now=MONDAY, **axes)
    assert (fresh(complaint).kind, fresh(complaint).status) == ("repair", Status.TAKEN)


def test_a_complaint_on_which_something_is_proposed_stays_one(complaint, chen, zhou, security):
    actions.verify(complaint, validity="valid", by=chen, now=MONDAY, note="属实")
    actions.propose(complaint, outcome="handle", text="上门", department=security, by=chen, now=MONDAY)
    axes = {"severity": "general", "category": complaint.category, "urgency": "ordinary", "note": "其实是报修"}
    with pytest.raises(Refused):
        actions.reclassify(complaint, kind="repair", by=zhou, now=MONDAY, **axes)


def test_a_repair_in_hand_that_the_supervisor_calls_a_complaint_is_approved_by_that(case_in_hand, zhou):
    axes = {"severity": "general", "category": case_in_hand.category, "urgency": "ordinary", "note": "三次没修好"}
    actions.reclassify(case_in_hand, kind="complaint", by=zhou, now=MONDAY, **axes)
    assert fresh(case_in_hand).approved_at == MONDAY


def test_a_promise_brings_the_deadline_of_a_major_case_forward_and_says_so(complaint, zhou):
    promised = MONDAY + timedelta(hours=4)
    axes = {"kind": "complaint", "category": complaint.category, "urgency": "ordinary", "severity": "major"}
    with pytest.raises(Refused):
        actions.reclassify(complaint, by=zhou, now=MONDAY, note="牵涉多户", **axes)
    actions.reclassify(complaint, by=zhou, now=MONDAY, note="牵涉多户", promised_reply_at=promised, **axes)
    case = fresh(complaint)
    assert case.due_at == promised
    assert case.explanation[-1]["fact"] == "promised"
    actions.promise_reply(case, until=at("2025-09-30 12:00"), by=zhou, now=MONDAY)
    assert fresh(complaint).due_at == at("2025-09-18 18:00"), "a later promise never beats the policy"


def test_a_voided_complaint_leaves_nothing_to_decide(complaint, chen, zhou, guo, security):
    actions.verify(complaint, validity="valid", by=chen, now=MONDAY, note="属实")
    actions.propose(complaint, outcome="handle", text="上门", department=security, by=chen, now=MONDAY)
    actions.ask_void(complaint, by=chen, now=MONDAY, reason="重复登记")
    actions.confirm_void(complaint, by=zhou, now=MONDAY)
    assert not Proposal.objects.open().exists()
