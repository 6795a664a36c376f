"""S9: what was told or tried by telephone is typed in, and stays open until it is a case or explained (漏记)."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions
from complaints.models import Call, Case
from servicedesk.core.models import Event
from tests import counting
from tests.desk.test_intake import filled
from tests.factories import MONDAY, case

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def missed(yunhu, by, **facts):
    return actions.enter_call(yunhu, by=by, now=MONDAY, kind="missed", **{"phone": "13900005678", **facts})


def test_a_call_is_typed_in_and_its_number_is_masked(client, yunhu, chen):
    client.force_login(chen)
    data = {"kind": "finished", "at": "2025-09-15T08:50", "phone": "139 0000 5678", "what": "问装修申请"}
    assert client.post(reverse("complaints:call_enter"), data).status_code == 302
    call = Call.objects.get()
    assert (call.phone, call.answered_by, call.is_loose) == ("13900005678", chen, True)
    page = client.get(reverse("complaints:calls")).text
    assert "139****5678" in page
    assert "13900005678" not in page


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "missed", "at": "2025-09-15T08:50"},
        {"kind": "missed", "at": "2025-09-15T09:30", "phone": "13900005678"},
        {"kind": "lost", "at": "2025-09-15T08:50", "phone": "13900005678"},
        {"kind": "missed", "at": "2025-09-15T08:50", "phone": "abc", "caller": "白雪"},
    ],
)
def test_a_call_typed_in_wrongly_comes_back_with_a_sentence(client, yunhu, chen, data):
    client.force_login(chen)
    answer = client.post(reverse("complaints:call_enter"), data)
    assert answer.status_code == 422
    assert not Call.objects.exists()


def test_one_click_makes_a_case_of_a_call_with_its_number_and_that_is_on_record(
    client, yunhu, office, chen, zhou, lin, time_machine
):
    call = missed(yunhu, chen, what="楼下反映漏水")
    client.force_login(zhou)
    intake = reverse("desk:intake")
    assert "13900005678" not in client.get(intake, {"call": call.pk}).text, "nobody has taken the number yet"
    began = client.post(reverse("complaints:call_begin", args=[call.pk]))
    assert began.url == f"{intake}?call={call.pk}"
    assert "13900005678" in client.get(began.url).text
    assert Event.objects.about(call).filter(verb="call_opened", by=zhou).count() == 1
    time_machine.move_to(MONDAY + timedelta(minutes=20), tick=False)
    client.post(intake, filled(yunhu, lin, call=call.pk, reporter_phone=""))
    call.refresh_from_db()
    made = Case.objects.get()
    assert (call.case, call.settled_by, call.is_loose) == (made, zhou, False)
    assert made.received_at == MONDAY + timedelta(minutes=20), "what a missed call was about is known from now on"
    assert client.post(intake, filled(yunhu, lin, call=call.pk)).status_code == 422, "a call is one case"


def test_what_was_told_in_a_finished_call_came_when_it_was_told(client, yunhu, office, chen, lin, time_machine):
    call = actions.enter_call(yunhu, by=chen, now=MONDAY, kind="finished", what="楼道灯不亮")
    time_machine.move_to(MONDAY + timedelta(minutes=40), tick=False)
    client.force_login(chen)
    client.post(reverse("desk:intake"), filled(yunhu, lin, call=call.pk))
    made = Case.objects.get()
    assert made.received_at == MONDAY
    assert made.is_late_entry


def test_the_number_of_a_call_is_filled_in_for_who_never_saw_it(client, yunhu, office, chen, zhou):
    call = missed(yunhu, chen)
    client.force_login(zhou)
    facts = {
        "submission": "5e7f1c52-9f7e-4b0f-8d0a-3c2b7f6a1201",
        "channel": "phone",
        "kind": "",
        "severity": "general",
    }
    facts |= {"category": yunhu.categories.get(code="indoor").pk, "urgency": "ordinary", "summary": "漏水"}
    client.post(reverse("desk:intake"), {**facts, "reporter_name": "吴刚", "call": call.pk})
    assert Case.objects.get().reporter_phone == "13900005678"


def test_a_call_is_linked_or_explained_and_only_once(client, yunhu, office, chen, zhou):
    about = case(yunhu, by=chen)
    linked, explained = missed(yunhu, chen), missed(yunhu, chen)
    client.force_login(chen)
    door = reverse("complaints:call", args=[linked.pk])
    for wrong in ({}, {"number": "BX250915-9999"}, {"number": about.short_number, "reason": "两样都填"}):
        assert client.post(door, wrong).status_code == 422
    assert client.post(door, {"number": about.short_number}).status_code == 302
    assert client.post(door, {"reason": "打错了"}).status_code == 422
    client.post(reverse("complaints:call", args=[explained.pk]), {"reason": "打错了"})
    linked.refresh_from_db()
    explained.refresh_from_db()
    assert (linked.case, explained.no_case_reason) == (about, "打错了")
    assert not Call.objects.loose().exists()


def test_a_call_of_an_earlier_day_stays_above_the_list_until_it_is_settled(client, yunhu, chen, time_machine):
    call = missed(yunhu, chen, caller="白雪")
    time_machine.move_to(MONDAY + timedelta(days=3), tick=False)
    client.force_login(chen)
    assert "白雪" in client.get(reverse("complaints:calls")).text
    actions.explain_call(call, by=chen, now=MONDAY + timedelta(days=3), reason="已回电,无事")
    assert "白雪" not in client.get(reverse("complaints:calls")).text
    assert "白雪" in client.get(reverse("complaints:calls"), {"day": "2025-09-15"}).text


def test_an_undone_registration_opens_the_call_again(client, yunhu, office, chen, lin):
    call = missed(yunhu, chen)
    client.force_login(chen)
    client.post(reverse("desk:intake"), filled(yunhu, lin, call=call.pk))
    made = Case.objects.get()
    actions.undo(Event.objects.about(made).get(verb="received"), by=chen, now=MONDAY)
    assert list(Call.objects.loose()) == [call]
    client.post(reverse("complaints:call", args=[call.pk]), {"reason": "误拨"})
    assert not Call.objects.loose().exists()


def test_a_call_about_staff_is_in_no_list_of_theirs(client, yunhu, office, chen, zhou, other, stranger):
    call = missed(yunhu, chen, caller="白雪")
    about = case(yunhu, by=chen, concerns=[zhou])
    actions.link_call(call, case=about, by=chen, now=MONDAY)
    client.force_login(zhou)
    assert "白雪" not in client.get(reverse("complaints:calls")).text
    assert client.get(reverse("complaints:call", args=[call.pk])).status_code == 404
    client.force_login(stranger)
    assert client.post(reverse("complaints:call_begin", args=[call.pk])).status_code == 404


@pytest.mark.parametrize("broken", [{"kind": "finished"}, {"phone": "", "what": ""}, {"settled_at": MONDAY}])
def test_the_database_refuses_half_a_call(yunhu, chen, broken):
    whole = {"kind": "missed", "at": MONDAY, "entered_at": MONDAY, "phone": "139"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Call.objects.create(community=yunhu, entered_by=chen, **{**whole, **broken})


@pytest.mark.parametrize("calls", [1, 12])
def test_the_list_costs_the_same_for_few_calls_and_for_many(client, yunhu, office, chen, calls):
    for _number in range(calls):
        missed(yunhu, chen)
        actions.link_call(missed(yunhu, chen), case=case(yunhu, by=chen), by=chen, now=MONDAY)
    client.force_login(chen)
    client.get(reverse("complaints:calls"))
    with counting.pinned("calls") as captured:
        client.get(reverse("complaints:calls"))
    assert len(captured) <= 15
