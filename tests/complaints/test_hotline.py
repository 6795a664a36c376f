"""12345 and other authorities: their number and their clock beside ours, and level 2 from the start."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions
from complaints.models import Case, ExternalCase, Status
from servicedesk.core.models import Event
from tests.desk.test_intake import filled
from tests.factories import MONDAY, at, case, fresh

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SLIP = {"source_org": "12345", "external_no": "HZ-0915-118"}
SOON = MONDAY + 4 * HOUR


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def asked(taken_case, chen):
    """Lin's case, after 12345 asked for it with an answer due at one."""
    actions.register_external(taken_case, by=chen, now=MONDAY, reply_due_at=SOON, **SLIP)
    return fresh(taken_case)


def post(client, user, case, step, **data):
    client.force_login(user)
    return client.post(reverse(f"complaints:{step}", args=[case.number]), {"version": fresh(case).version, **data})


def verbs(case):
    return list(Event.objects.about(case).order_by("id").values_list("verb", flat=True))


# Recorded ---------------------------------------------------------------------------------------------------------


def test_a_matter_of_the_hotline_is_recorded_at_the_desk_with_its_own_clock(client, yunhu, office, chen, lin):
    client.force_login(chen)
    form = filled(yunhu, lin, channel="hotline", reply_due_at="2025-09-15T13:00", received_from="街道办 王科", **SLIP)
    assert client.post(reverse("desk:intake"), form).status_code == 302
    made = Case.objects.get()
    slip = ExternalCase.objects.get()
    assert (made.channel, made.level, made.their_due_at) == ("hotline", 2, SOON)
    assert (slip.case, slip.received_at, slip.received_from, slip.sign_due_at) == (made, MONDAY, "街道办 王科", None)
    assert made.escalations.get().trigger == "authority"
    assert made.due_at > SOON, "ours stays what it is"


@pytest.mark.parametrize("missing", ["source_org", "external_no"])
def test_a_slip_without_its_number_is_asked_for(client, yunhu, chen, lin, missing):
    client.force_login(chen)
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, channel="hotline", **SLIP | {missing: ""}))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [missing])


def test_a_slip_is_recorded_once_and_the_second_is_told_where(client, yunhu, asked, chen, lin):
    client.force_login(chen)
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, channel="hotline", **SLIP))
    assert (answer.status_code, asked.short_number in answer.text) == (409, True)
    assert Case.objects.count() == 1


def test_the_number_of_a_case_about_somebody_is_not_told_to_them(client, yunhu, office, chen, zhou, lin):
    about = case(yunhu, by=zhou, category="service", concerns=[chen])
    actions.register_external(about, by=zhou, now=MONDAY, **SLIP)
    client.force_login(chen)
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, channel="hotline", **SLIP))
    assert (answer.status_code, about.short_number in answer.text) == (409, False)


def test_a_registration_that_is_undone_leaves_the_number_of_the_slip_free(client, yunhu, office, chen, lin):
    client.force_login(chen)
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, channel="hotline", **SLIP), follow=True)
    client.post(next(iter(answer.context["messages"])).extra_tags.removeprefix("undo:"))
    assert Case.objects.get().status == Status.VOID
    assert client.post(reverse("desk:intake"), filled(yunhu, lin, channel="hotline", **SLIP)).status_code == 302


def test_a_case_that_is_here_already_is_given_the_slip_on_its_page(client, taken_case, chen):
    data = {"received_at": "2025-09-15T08:50", "reply_due_at": "2025-09-15T13:00", **SLIP}
    assert post(client, chen, taken_case, "register_external", **data).status_code == 302
    assert (fresh(taken_case).level, fresh(taken_case).their_due_at) == (2, SOON)
    assert verbs(taken_case) == ["received", "external_registered", "escalated"]


def test_a_limit_that_lies_before_the_slip_came_is_a_slip_of_the_pen(client, taken_case, chen):
    data = {"received_at": "2025-09-15T08:50", "reply_due_at": "2025-09-15T08:00", **SLIP}
    answer = post(client, chen, taken_case, "register_external", **data)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["reply_due_at"])


@pytest.mark.parametrize(
    "facts",
    [
        {"reply_due_at": MONDAY - HOUR},
        {"returned_at": MONDAY},
        {"replied_at": MONDAY},
        {"reply_text": "已办"},
        {"satisfied": "yes"},
        {"external_no": ""},
    ],
    ids=str,
)
def test_the_database_refuses_a_slip_that_cannot_be(asked, facts):
    with pytest.raises(IntegrityError), transaction.atomic():
        ExternalCase.objects.update(**facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        ExternalCase.objects.all().delete()


# Their clock ------------------------------------------------------------------------------------------------------


def test_the_earlier_clock_is_shown_in_lists_and_on_the_page(client, yunhu, asked, chen):
    later = case(yunhu, by=chen)
    actions.register_external(
        later, by=chen, now=MONDAY, source_org="12345", external_no="2", reply_due_at=MONDAY + timedelta(days=9)
    )
    client.force_login(chen)
    lines = client.get(reverse("complaints:list"), {"view": "hotline"}).context["lines"]
    marks = {line["case"].pk: line["deadline"].at for line in lines}
    assert marks == {asked.pk: SOON, later.pk: later.due_at}
    assert "13:00" in client.get(asked.get_absolute_url()).text


def test_missing_their_clock_goes_to_the_deputy_gm(asked, guo):
    assert asked.next_escalation_at == SOON + timedelta(microseconds=1)
    actions.escalate_overdue(now=SOON)
    assert fresh(asked).level == 2, "late is strictly after"
    actions.escalate_overdue(now=SOON + timedelta(minutes=1))
    assert (fresh(asked).level, fresh(asked).holder) == (3, guo)
    assert asked.escalations.last().trigger == "theirs_missed"


def test_an_answer_to_the_authority_ends_its_clock_and_not_ours(client, asked, chen):
    slip = ExternalCase.objects.get()
    assert post(client, chen, asked, "answer_external", external=slip.pk, reply_text="已约下午上门").status_code == 302
    after = fresh(asked)
    assert (after.their_due_at, after.status) == (None, Status.TAKEN)
    assert after.next_escalation_at > SOON + HOUR
    assert ExternalCase.objects.get().reply_text == "已约下午上门"


def test_of_two_slips_the_first_that_is_due_counts(asked, chen):
    first, second = SOON, SOON + HOUR
    actions.register_external(asked, by=chen, now=MONDAY, source_org="街道", external_no="7", reply_due_at=second)
    assert fresh(asked).their_due_at == first
    slip = ExternalCase.objects.get(source_org="12345")
    actions.answer_external(fresh(asked), external=slip, reply_text="已办", by=chen, now=MONDAY)
    assert fresh(asked).their_due_at == second


def test_a_slip_goes_on_with_the_case_that_its_own_is_joined_to(client, yunhu, asked, chen):
    lead = case(yunhu, by=chen)
    actions.merge(asked, into=lead, by=chen, now=MONDAY)
    after = fresh(lead)
    assert (after.level, after.their_due_at) == (2, SOON)
    slip = ExternalCase.objects.get()
    assert post(client, chen, lead, "answer_external", external=slip.pk, reply_text="已办").status_code == 302
    assert fresh(lead).their_due_at is None


# What became of it ------------------------------------------------------------------------------------------------


def test_signing_and_the_first_contact_are_recorded_once_and_not_in_advance(client, asked, chen):
    slip = ExternalCase.objects.get().pk
    done = {"external": slip, "what": "signed_at", "at": "2025-09-15T08:55"}
    assert post(client, chen, asked, "mark_external", **done).status_code == 302
    assert post(client, chen, asked, "mark_external", **done).status_code == 409
    later = done | {"what": "contacted_at", "at": "2025-09-15T10:00"}
    assert post(client, chen, asked, "mark_external", **later).status_code == 409
    assert ExternalCase.objects.get().signed_at == at("2025-09-15 08:55")


def test_a_wrong_assignment_goes_back_with_its_reason_and_the_resident_is_told_where_to_turn(client, asked, chen, zhou):
    slip = ExternalCase.objects.get().pk
    assert post(client, chen, asked, "return_external", external=slip).status_code == 422, "never without a reason"
    assert post(client, chen, asked, "return_external", external=slip, reason="属市政管网").status_code == 302
    after = fresh(asked)
    assert (after.their_due_at, after.status) == (None, Status.TAKEN), "our own clock runs on"
    client.force_login(zhou)
    form = client.get(asked.get_absolute_url(), {"do": "resolve"}).context["form"]
    assert "属市政管网" in form["remedy"].value()
    assert post(client, zhou, asked, "ask_void", reason="误派").status_code == 302, "or voided, by two people"


@pytest.mark.parametrize("step", ["ask_void", "archive"])
def test_nothing_ends_while_an_authority_waits(client, asked, chen, zhou, step):
    if step == "archive":
        actions.resolve(asked, by=zhou, now=MONDAY, remedy="修好")
        actions.reply(fresh(asked), channel="phone", text="已修好", by=zhou, now=MONDAY, person_told="林女士")
    before = fresh(asked).status
    answer = post(client, zhou, asked, step, reason="重复")
    assert (answer.status_code, "HZ-0915-118" in answer.text, fresh(asked).status) == (409, True, before)
    assert not Case.objects.nothing_owed().filter(pk=asked.pk).exists()
    slip = ExternalCase.objects.get()
    actions.answer_external(fresh(asked), external=slip, reply_text="已办", by=zhou, now=MONDAY)
    assert Case.objects.nothing_owed().filter(pk=asked.pk).exists()
    assert post(client, zhou, asked, step, reason="重复").status_code == 302


def test_how_the_authority_judged_is_kept_after_the_answer(client, asked, chen, zhou):
    slip = ExternalCase.objects.get()
    marks = {"responded": "yes", "solved": "no", "satisfied": ""}
    assert post(client, zhou, asked, "evaluate_external", external=slip.pk, **marks).status_code == 422
    actions.answer_external(asked, external=slip, reply_text="已办", by=chen, now=MONDAY)
    assert post(client, zhou, asked, "evaluate_external", external=slip.pk, **marks).status_code == 302
    slip.refresh_from_db()
    assert (slip.responded, slip.solved, slip.satisfied) == ("yes", "no", "")


def test_the_slip_of_another_case_cannot_be_answered_from_here(client, yunhu, asked, chen):
    elsewhere = case(yunhu, by=chen)
    slip = ExternalCase.objects.get()
    answer = post(client, chen, elsewhere, "answer_external", external=slip.pk, reply_text="已办")
    assert answer.status_code == 422
    assert ExternalCase.objects.get().replied_at is None
