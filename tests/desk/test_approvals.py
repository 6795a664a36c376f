"""One queue for what waits for a second person (S14)."""

from datetime import timedelta

import pytest
from django.urls import reverse

from complaints import actions
from complaints.models import Concern, Status
from residents import actions as residents
from tests import counting, factories
from tests.factories import MONDAY, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def proposed(community, by, summary):
    case = factories.case(community, by=by, category="noise", summary=summary)
    actions.verify(case, validity="valid", by=by, now=MONDAY, note="属实")
    security = community.departments.get(code="security")
    actions.propose(case, outcome="handle", text="上门劝停", department=security, by=by, now=MONDAY)
    return fresh(case)


def reported(community, by, summary):
    case = factories.case(community, by=by, category="noise", summary=summary, urgency="special_urgent")
    actions.hand_over(case, department=community.departments.get(code="security"), by=by, now=MONDAY)
    return fresh(case)


def void_asked(community, by, summary):
    case = factories.case(community, by=by, summary=summary)
    actions.ask_void(case, by=by, now=MONDAY, reason="登记错了")
    return fresh(case)


def shown(client, who):
    client.force_login(who)
    answer = client.get(reverse("desk:approvals"))
    return [item.case.pk for item in answer.context["items"]], answer.content.decode()


def test_the_queue_holds_proposals_reports_and_voidings(client, yunhu, office, chen, zhou):
    cases = [make(yunhu, chen, f"第 {n} 件") for n, make in enumerate([proposed, reported, void_asked])]
    found, page = shown(client, zhou)
    assert sorted(found) == [case.pk for case in cases]
    assert all(case.summary in page for case in cases)


def test_a_decision_is_taken_from_the_queue_and_leads_back_to_it(client, yunhu, office, chen, zhou):
    case = proposed(yunhu, chen, "中午还在用电钻")
    client.force_login(zhou)
    queue = reverse("desk:approvals")
    data = {"version": case.version, "approve": "1", "next": queue}
    assert client.post(reverse("complaints:decide", args=[case.number]), data)["Location"] == queue
    assert fresh(case).status == Status.HANDED
    assert shown(client, zhou)[0] == []


def test_what_somebody_wrote_is_there_without_a_button(client, yunhu, office, zhou, guo):
    case = proposed(yunhu, zhou, "中午还在用电钻")
    door = reverse("complaints:decide", args=[case.number])
    assert door not in shown(client, zhou)[1]
    assert door in shown(client, guo)[1]


def test_the_queue_hides_what_is_about_who_looks_and_other_communities(
    client, yunhu, other, office, chen, zhou, stranger
):
    about_zhou = proposed(yunhu, chen, "主管推诿")
    Concern.objects.create(case=about_zhou, user=zhou)
    proposed(other, stranger, "别的小区")
    assert shown(client, zhou)[0] == []


def test_the_queue_costs_the_same_for_one_and_for_many(client, yunhu, office, chen, zhou):
    for n in range(6):
        proposed(yunhu, chen, f"第 {n} 件")
        void_asked(yunhu, chen, f"误登 {n}")
    shown(client, zhou)
    with counting.pinned("approvals") as captured:
        assert len(client.get(reverse("desk:approvals")).context["items"]) == 12
    assert len(captured) <= 15


def test_keys_and_plates_that_wait_for_a_second_person_stand_in_the_queue(client, yunhu, home, chen, zhou, lin):
    keys = factories.key_set(yunhu, unit=home, by=chen)
    asked = residents.ask_for_keys(
        keys,
        copies=1,
        borrower="staff",
        staff=chen,
        due_back_at=MONDAY + timedelta(hours=2),
        reason="漏水",
        by=chen,
        now=MONDAY,
    )
    client.force_login(zhou)
    page = client.get(reverse("desk:approvals"))
    assert page.context["waiting"] == 1
    assert asked.get_absolute_url() in page.text
