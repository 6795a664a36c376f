"""One step for many cases, with one undo: each case by its own rules, nothing done in silence."""

from datetime import timedelta

import pytest
from django.urls import reverse

from complaints import actions
from complaints.models import Case, Concern, Status
from servicedesk.core.models import Event, Notification, Role
from servicedesk.core.undoing import undo_url
from tests import factories
from tests.factories import MONDAY

URL = "/board/bulk/"
LATER = MONDAY + timedelta(hours=1)


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(LATER, tick=False)
    return time_machine


@pytest.fixture
def engineering(yunhu):
    return yunhu.departments.get(code="engineering")


@pytest.fixture
def three(yunhu, office, chen, engineering):
    """Three cases that engineering has and nobody of engineering."""
    cases = [factories.case(yunhu, by=chen, summary=f"漏水 {n}") for n in range(3)]
    for case in cases:
        actions.hand_over(case, department=engineering, by=chen, now=MONDAY)
    return [factories.fresh(case) for case in cases]


def post(client, user, step, cases, **data):
    client.force_login(user)
    picks = [case.number for case in cases]
    return client.post(URL, {"do": step, "pick": picks, "next": "/cases/?view=late", **data})


def undo_button(client):
    """The address of the undo button on the next page."""
    page = client.get("/cases/")
    found = [m.extra_tags for m in page.context["messages"] if m.extra_tags.startswith("undo:")]
    return found[0].removeprefix("undo:")


def words(client):
    return [str(m) for m in client.get("/cases/").context["messages"]]


def now_of(case):
    return Case.objects.get(pk=case.pk)


def test_ticked_cases_are_assigned_and_one_undo_gives_all_of_them_back(client, zhou, liu, three, clock):
    answer = post(client, zhou, "assign", three, worker=liu.pk)
    assert (answer.status_code, answer["Location"]) == (302, "/cases/?view=late")
    assert {now_of(case).assigned_to for case in three} == {liu}
    answer = client.post(undo_button(client))
    assert answer["Location"] == "/cases/?view=late"
    assert {now_of(case).assigned_to for case in three} == {None}
    for case in three:
        assert [e.verb for e in Event.objects.about(case)[:2]] == ["undone", "assigned"]
    # Nobody hears of a job that was taken back.
    told = Notification.objects.filter(recipient=liu, kind="case_assigned")
    assert told.count() == 3 and not told.filter(dead_at=None).exists()


def test_a_worker_of_another_department_gets_none_of_them(client, zhou, ma, three, clock):
    post(client, zhou, "assign", three, worker=ma.pk)
    assert {now_of(case).assigned_to for case in three} == {None}
    said = words(client)
    assert all(any(case.short_number in word for word in said) for case in three)


def test_a_case_that_refuses_is_named_and_stops_none_of_the_others(client, zhou, liu, yunhu, three, chen, clock):
    taken = factories.case(yunhu, by=chen)
    post(client, zhou, "assign", [*three, taken], worker=liu.pk)
    assert {now_of(case).assigned_to for case in three} == {liu}
    assert now_of(taken).assigned_to is None
    said = words(client)
    assert len(said) == 2
    assert any(taken.short_number in word for word in said)


def test_the_stale_case_of_a_batch_is_refused_and_left_as_it_was(client, zhou, three, clock, monkeypatch):
    lagging = three[1].pk
    urge = actions.urge

    def behind(case, *, by, now, note):
        if case.pk == lagging:
            Case.objects.filter(pk=case.pk).update(version=99)
        return urge(case, by=by, now=now, note=note)

    monkeypatch.setattr("complaints.actions.batching.urge", behind)
    post(client, zhou, "urge", three)
    assert [now_of(case).urges for case in three] == [1, 0, 1]


def test_a_batch_is_handed_over_and_comes_back_with_its_old_deadlines(client, zhou, chen, yunhu, office, clock):
    cases = [factories.case(yunhu, by=chen, category="service", kind="inquiry") for _n in range(2)]
    before = [(c.department_id, c.due_at, c.next_escalation_at, c.status, c.policy_id) for c in cases]
    post(client, zhou, "hand_over", cases, department=yunhu.departments.get(code="security").pk)
    handed = [now_of(case) for case in cases]
    assert {case.status for case in handed} == {Status.HANDED}
    assert all(new.due_at > old.due_at for new, old in zip(handed, cases, strict=True))
    client.post(undo_button(client))
    after = [now_of(case) for case in cases]
    assert [(c.department_id, c.due_at, c.next_escalation_at, c.status, c.policy_id) for c in after] == before


def test_a_transfer_between_departments_comes_back_to_its_worker(client, zhou, liu, yunhu, three, clock):
    for case in three:
        actions.assign(case, worker=liu, by=zhou, now=MONDAY)
    post(client, zhou, "hand_over", three, department=yunhu.departments.get(code="cleaning").pk)
    assert {now_of(case).department.code for case in three} == {"cleaning"}
    client.post(undo_button(client))
    back = [now_of(case) for case in three]
    assert {(case.department.code, case.assigned_to, case.status) for case in back} == {
        ("engineering", liu, Status.HANDED)
    }


def test_a_job_in_hand_that_is_handed_on_comes_back_as_it_was_accepted(client, zhou, liu, yunhu, case_in_hand, clock):
    post(client, zhou, "hand_over", [case_in_hand], department=yunhu.departments.get(code="cleaning").pk)
    client.post(undo_button(client))
    back = now_of(case_in_hand)
    assert (back.status, back.assigned_to, back.accepted_at) == (Status.IN_HAND, liu, case_in_hand.accepted_at)


def test_a_department_is_told_only_after_the_undo_time(client, zhou, chen, han, yunhu, office, engineering, clock):
    case = factories.case(yunhu, by=chen, category="service", kind="inquiry")
    post(client, zhou, "hand_over", [case], department=engineering.pk)
    waiting = Notification.objects.get(recipient=han, kind="case_handed")
    assert waiting.not_before == LATER + timedelta(minutes=10)
    client.post(undo_button(client))
    waiting.refresh_from_db()
    assert waiting.dead_at == LATER


def test_urging_tells_who_has_the_case_and_can_be_undone(client, zhou, chen, three, clock):
    post(client, zhou, "urge", three, note="业主在等")
    assert [now_of(case).urges for case in three] == [1, 1, 1]
    assert Notification.objects.filter(recipient=chen, kind="case_urged").count() == 3
    client.post(undo_button(client))
    assert [now_of(case).urges for case in three] == [0, 0, 0]


def test_escalating_needs_a_reason_and_keeps_what_was_ticked_and_typed(client, zhou, liu, three, clock):
    answer = post(client, zhou, "escalate", three, worker=liu.pk)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert page.count("checked") == 3
    assert f'<option value="{liu.pk}" selected' in page
    assert {now_of(case).level for case in three} == {1}


def test_a_batch_goes_up_one_level_and_comes_down_again(client, zhou, three, clock):
    post(client, zhou, "escalate", three, note="同一立管,一起处理")
    assert {now_of(case).level for case in three} == {2}
    client.post(undo_button(client))
    assert {(now_of(case).level, now_of(case).level_cycle) for case in three} == {(1, 2)}


def test_what_stands_at_the_top_is_named_with_the_reason(client, zhou, yunhu, office, chen, three, clock):
    top = factories.case(yunhu, by=chen, category="favours")
    post(client, zhou, "escalate", [*three, top], note="一起上报")
    said = words(client)
    assert any(top.short_number in word for word in said)
    assert {now_of(case).level for case in three} == {2}


def test_undo_leaves_a_case_in_which_somebody_else_has_acted_and_names_it(client, zhou, liu, three, clock):
    post(client, zhou, "assign", three, worker=liu.pk)
    address = undo_button(client)
    actions.accept(now_of(three[0]), by=liu, now=LATER)
    client.post(address)
    assert [now_of(case).assigned_to for case in three] == [liu, None, None]
    assert any(three[0].short_number in word for word in words(client))


def test_undo_ends_after_ten_minutes(client, zhou, liu, three, clock):
    post(client, zhou, "assign", three, worker=liu.pk)
    address = undo_button(client)
    clock.move_to(LATER + timedelta(minutes=10, seconds=1), tick=False)
    client.post(address)
    assert {now_of(case).assigned_to for case in three} == {liu}


def test_undo_at_the_tenth_minute_still_counts(client, zhou, liu, three, clock):
    post(client, zhou, "assign", three, worker=liu.pk)
    address = undo_button(client)
    clock.move_to(LATER + timedelta(minutes=10), tick=False)
    client.post(address)
    assert {now_of(case).assigned_to for case in three} == {None}


def test_undo_a_second_time_changes_nothing(client, zhou, three, clock):
    post(client, zhou, "urge", three)
    address = undo_button(client)
    client.post(address)
    client.post(address)
    assert [now_of(case).urges for case in three] == [0, 0, 0]


def test_nobody_undoes_what_another_person_did(client, zhou, chen, liu, three, clock):
    post(client, zhou, "assign", three, worker=liu.pk)
    address = undo_button(client)
    client.force_login(chen)
    assert client.post(address).status_code == 404
    assert {now_of(case).assigned_to for case in three} == {liu}


def test_the_events_of_an_undo_are_signed(client, zhou, three, clock):
    post(client, zhou, "urge", three)
    mine = Event.objects.filter(verb="urged").values_list("pk", flat=True)
    client.force_login(zhou)
    forged = reverse("desk:undo", args=["-".join(map(str, mine))])
    assert client.post(forged).status_code == 404
    assert client.post(undo_url(mine)[:-2] + "x/").status_code == 404
    assert client.get(undo_url(mine)).status_code == 405
    assert [now_of(case).urges for case in three] == [1, 1, 1]


def test_a_case_that_one_may_not_see_cannot_be_ticked(client, zhou, chen, yunhu, other, office, three, clock):
    clerk = factories.staff("far", "远", Role.CLERK, community=other)
    far = factories.case(other, by=clerk)
    Concern.objects.create(case=three[0], user=zhou)
    answer = post(client, zhou, "urge", [three[0], far])
    assert answer.status_code == 422
    assert three[0].short_number not in answer.content.decode()
    assert {now_of(case).urges for case in (three[0], far)} == {0}


def test_a_department_of_another_community_is_no_choice(client, zhou, other, three, clock):
    post(client, zhou, "hand_over", three, department=other.departments.first().pk)
    assert {now_of(case).department.code for case in three} == {"engineering"}


def test_no_more_than_a_hundred_are_ticked_at_once(client, zhou, three, clock):
    client.force_login(zhou)
    picks = [case.number for case in three] + [f"YH-BX250101-{n:04}" for n in range(100)]
    assert client.post(URL, {"do": "urge", "pick": picks}).status_code == 422
    assert {now_of(case).urges for case in three} == {0}


@pytest.mark.parametrize("step", ["", "void", "delete", "assign; drop table"])
def test_a_step_that_is_none_is_refused(client, zhou, three, clock, step):
    assert post(client, zhou, step, three).status_code == 422


def test_nothing_ticked_is_a_sentence(client, zhou, clock):
    answer = post(client, zhou, "urge", [])
    assert answer.status_code == 422
    assert answer.context["form"].errors["pick"]


def test_the_address_to_go_back_to_is_ours(client, zhou, three, clock):
    answer = post(client, zhou, "urge", three, next="https://elsewhere.example/")
    assert answer["Location"] == "/board/"


@pytest.mark.parametrize("who", ["han", "liu", "li_na", "tang"])
def test_only_the_office_acts_on_many(client, request, who, three, clock):
    answer = post(client, request.getfixturevalue(who), "urge", three)
    assert answer.status_code == 403
    assert {now_of(case).urges for case in three} == {0}


@pytest.mark.parametrize(
    ("who", "offered"),
    [("zhou", {"assign", "hand_over"}), ("guo", set()), ("chen", {"assign", "hand_over"})],
)
def test_a_step_is_offered_to_those_who_may_take_it(client, request, yunhu, who, offered, three, clock):
    """Security has no head, so that the desk assigns its jobs."""
    person = request.getfixturevalue(who)
    client.force_login(person)
    for address in ("/board/", "/cases/?view=open"):
        text = client.get(address).text
        assert {step for step in ("assign", "hand_over") if f'value="{step}"' in text} == offered
    if not offered:
        assert post(client, person, "assign", three, worker=three[0].first_responsible_id).status_code == 422


def test_the_desk_assigns_nothing_where_every_department_has_a_head(client, yunhu, chen, three, clock):
    for code in ("centre", "security", "cleaning"):
        factories.staff(f"head_{code}", "何", Role.HEAD, community=yunhu, department=code)
    client.force_login(chen)
    assert 'value="assign"' not in client.get("/board/").text
