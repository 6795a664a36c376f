"""S1: a matter is logged while the caller is still speaking, and judged before it is saved."""

import uuid

import pytest
from django.urls import reverse

from complaints import actions
from complaints.models import Case, IntakeDraft, Status
from residents.models import Occupancy
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event
from tests.factories import MONDAY, at, case, fresh, resident, unit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def line_of(person):
    return f"o{Occupancy.objects.get(person=person).pk}"


def filled(yunhu, lin, **changes):
    """What a clerk's browser posts for Lin's leaking kitchen."""
    return {
        "submission": str(uuid.uuid4()),
        "channel": "phone",
        "q": "3-2-1201",
        "who": line_of(lin),
        "category": yunhu.categories.get(code="indoor").pk,
        "urgency": "ordinary",
        "severity": "general",
        "kind": "",
        "summary": "厨房水管漏水",
        **changes,
    }


def test_a_call_becomes_a_case_taken_by_who_answered(client, yunhu, chen, lin, home):
    client.force_login(chen)
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, wish="今天 18 点前上门", read_back="on"))
    assert answer.status_code == 302
    made = Case.objects.get()
    assert (made.number, made.status) == ("YH-BX250915-0001", Status.TAKEN)
    assert (made.first_responsible, made.unit, made.reporter) == (chen, home, lin)
    assert (made.reporter_name, made.reporter_phone) == ("林晓梅", "13800001234")
    assert made.due_at == at("2025-09-18 18:00"), "handed to another department: three days from the first minute"
    assert made.read_back_at == MONDAY
    assert Event.objects.about(made).get().verb == "received"


def test_what_the_centre_does_itself_is_due_the_same_day(client, yunhu, chen, lin):
    client.force_login(chen)
    client.post(reverse("desk:intake"), filled(yunhu, lin, category=yunhu.categories.get(code="mail").pk))
    assert Case.objects.get().due_at == at("2025-09-15 18:00")


def test_the_same_form_sent_twice_is_one_case(client, yunhu, chen, lin):
    client.force_login(chen)
    form = filled(yunhu, lin)
    assert [client.post(reverse("desk:intake"), form).status_code for _ in range(2)] == [302, 302]
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    "typed", ["3-2-1201", "3 2 1201", "32 1201", "1201", "3 1201", "3栋2单元1201室", "３－２－１２０１"]
)
def test_a_room_is_found_however_it_is_typed(client, chen, lin, wu, typed):
    client.force_login(chen)
    answer = client.get(reverse("desk:find"), {"q": typed})
    assert line_of(lin) in answer.text
    assert line_of(wu) not in answer.text


@pytest.mark.parametrize(
    "typed", ["13800001234", "1234", "138 0000 1234", "林晓梅", "林", "晓梅", "lxm", "l'x'm", "linxiaomei", "xiaomei"]
)
def test_a_resident_is_found_by_telephone_name_and_initials(client, chen, lin, wu, typed):
    client.force_login(chen)
    found = client.get(reverse("desk:find"), {"q": typed}).text
    assert line_of(lin) in found
    assert line_of(wu) not in found
    assert "13800001234" not in found, "telephone numbers are masked"


def test_three_rooms_of_one_number_are_told_apart(client, chen, yunhu, lin):
    for label, name in [("12-1201", "赵敏"), ("5-1-1201", "孙立")]:
        resident(unit(yunhu, label), name, "13700000000")
    client.force_login(chen)
    found = client.get(reverse("desk:find"), {"q": "1201"}).text
    assert all(label in found for label in ["3-2-1201", "12-1201", "5-1-1201"])


def test_who_is_found_by_the_room_and_by_the_telephone_stands_there_once(client, chen, yunhu):
    resident(unit(yunhu, "12-1201"), "赵敏", "13700001201")
    client.force_login(chen)
    assert client.get(reverse("desk:find"), {"q": "1201"}).text.count("赵敏") == 1


def test_an_unknown_room_goes_on_as_the_place_with_nothing_lost(client, yunhu, chen, lin):
    client.force_login(chen)
    form = filled(yunhu, lin, who="", q="8-1-909", reporter_name="何先生", reporter_phone="13600000000")
    assert client.post(reverse("desk:intake"), form).status_code == 302
    made = Case.objects.get()
    assert (made.unit, made.place, made.reporter_name) == (None, "8-1-909", "何先生")


def test_a_room_of_another_community_is_not_found(client, chen, other):
    resident(unit(other, "3-2-1201"), "外人", "13800001234")
    client.force_login(chen)
    assert "role=option" not in client.get(reverse("desk:find"), {"q": "3-2-1201"}).text


def test_the_verdict_names_department_level_deadline_and_its_rule_before_saving(client, yunhu, chen, lin):
    client.force_login(chen)
    answer = client.post(reverse("desk:preview"), filled(yunhu, lin, urgency="special_urgent")).text
    assert "工程部" in answer
    assert "S3 第十九条" in answer
    assert "09-18 18:00" in answer
    assert "厨房水管漏水" in answer, "the text to read back"
    assert not Case.objects.exists()


def test_a_category_of_another_community_is_refused_and_everything_is_kept(client, yunhu, other, chen, lin):
    client.force_login(chen)
    form = filled(yunhu, lin, category=other.categories.get(code="indoor").pk)
    answer = client.post(reverse("desk:intake"), form)
    assert answer.status_code == 422
    assert "厨房水管漏水" in answer.text
    assert not Case.objects.exists()


def test_without_a_name_or_a_reason_the_form_comes_back_with_what_was_typed(client, yunhu, chen, lin):
    client.force_login(chen)
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, who="", q="大堂"))
    assert answer.status_code == 422
    assert "厨房水管漏水" in answer.text
    assert 'href="#id_reporter_name"' in answer.text
    form = filled(yunhu, lin, who="", q="大堂", anonymous_reason="不愿透露", no_phone_reason="来访")
    assert client.post(reverse("desk:intake"), form).status_code == 302


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reporter_phone", "call me"),
        ("summary", "漏" * 10_000),
        ("summary", "身份证 110101199001011237"),
        ("who", "o999999"),
        ("who", "o1; DROP TABLE"),
        ("category", "x"),
        ("submission", "x"),
        ("promised_reply_at", "soon"),
        ("letter_on", "2025-13-45"),
    ],
)
def test_bad_input_is_a_sentence_and_no_row(client, yunhu, chen, lin, field, value):
    client.force_login(chen)
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, **{field: value}))
    assert answer.status_code == 422
    assert not Case.objects.exists()


def test_characters_that_no_database_holds_are_dropped_and_the_words_kept(client, yunhu, chen, lin):
    client.force_login(chen)
    client.post(reverse("desk:intake"), filled(yunhu, lin, summary="漏\x00水\ufffe了", wish="快\x07点"))
    made = Case.objects.get()
    assert (made.summary, made.wish) == ("漏水了", "快点")


def test_a_major_matter_needs_its_reason_and_a_promised_reply(client, yunhu, chen, lin, zhou, guo):
    client.force_login(chen)
    assert client.post(reverse("desk:intake"), filled(yunhu, lin, severity="major")).status_code == 422
    form = filled(yunhu, lin, severity="major", reason="影响整栋楼", promised_reply_at="2025-09-15T15:00")
    assert client.post(reverse("desk:intake"), form).status_code == 302
    made = Case.objects.get()
    assert (made.level, made.promised_reply_at) == (2, at("2025-09-15 15:00"))


def test_open_cases_of_the_unit_are_shown_when_the_caller_is_picked(client, yunhu, chen, lin, home):
    older = case(yunhu, by=chen, unit=home, summary="客厅灯坏")
    client.force_login(chen)
    answer = client.get(reverse("desk:pick"), {"who": line_of(lin)}).text
    assert older.short_number in answer
    assert "13800001234" not in answer


def test_what_was_typed_is_kept_and_comes_back(client, yunhu, chen, lin):
    client.force_login(chen)
    client.post(reverse("desk:draft"), filled(yunhu, lin, summary="说到一半"))
    assert IntakeDraft.objects.get().user == chen
    assert "说到一半" in client.get(reverse("desk:intake")).text
    client.post(reverse("desk:intake"), filled(yunhu, lin))
    assert not IntakeDraft.objects.exists()


def test_looking_at_a_telephone_number_is_logged(client, chen, lin):
    client.force_login(chen)
    answer = client.post(reverse("desk:unmask", args=[Occupancy.objects.get(person=lin).pk]))
    assert "13800001234" in answer.text
    looked = Event.objects.about(lin).get(verb="unmasked")
    assert looked.by == chen


def test_without_javascript_the_finder_is_a_button(client, yunhu, chen, lin):
    client.force_login(chen)
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, who="", find="1"))
    assert f'value="{line_of(lin)}"' in answer.text
    assert "厨房水管漏水" in answer.text


def test_a_complaint_about_the_clerk_who_answers_waits_for_somebody_else(client, yunhu, chen, zhou, lin):
    client.force_login(chen)
    form = filled(yunhu, lin, category=yunhu.categories.get(code="service").pk, concerns=[chen.pk])
    client.post(reverse("desk:intake"), form)
    made = fresh(Case.objects.get())
    assert (made.status, made.first_responsible) == (Status.RECEIVED, None)
    assert client.get(made.get_absolute_url()).status_code == 404


def test_save_and_print_leads_to_a_slip_with_the_code(client, yunhu, chen, lin):
    client.force_login(chen)
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, print="1"), follow=True)
    assert "YH-BX250915-0001" in answer.text
    assert "13800001234" not in answer.text


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_reply_promised_for_another_age_is_refused_with_a_sentence(client, yunhu, chen, lin, moment):
    client.force_login(chen)
    typed = filled(yunhu, lin, severity="major", reason="媒体来访", promised_reply_at=moment)
    assert client.post(reverse("desk:intake"), typed).status_code == 422
    assert client.post(reverse("desk:intake"), filled(yunhu, lin, letter_on=moment[:10])).status_code == 422
    assert not Case.objects.exists()


def test_the_number_that_was_saved_leads_to_the_case(client, yunhu, chen, lin):
    client.force_login(chen)
    page = client.post(reverse("desk:intake"), filled(yunhu, lin), follow=True).text
    case = Case.objects.get()
    assert f'<a href="{case.get_absolute_url()}">{case.short_number}</a>' in page


# To be declined (拟不受理) -----------------------------------------------------------------------------------------

SORRY = "这是邻里之间的私人纠纷,建议联系社区调解,非常抱歉。"
REFUSAL = {"decline": "1", "refusal_reason": "邻里纠纷,不在合同内", "refusal_answer": SORRY}


def test_what_is_to_be_declined_is_recorded_and_waits_for_the_supervisor_in_one_step(client, yunhu, chen, zhou, lin):
    client.force_login(chen)
    assert client.post(reverse("desk:intake"), filled(yunhu, lin, **REFUSAL)).status_code == 302
    made = Case.objects.get()
    assert (made.number, made.kind, made.status) == ("YH-TS250915-0001", "complaint", Status.PROPOSED)
    assert (made.validity, made.first_responsible) == ("invalid", chen)
    verbs = Event.objects.about(made).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["received", "verified", "proposed"]
    proposal = made.proposals.get()
    assert (proposal.outcome, proposal.answer, proposal.by) == ("decline", SORRY, chen)
    client.force_login(zhou)
    assert made.short_number in client.get(reverse("desk:approvals")).text


def test_the_resident_hears_of_no_refusal_before_it_is_approved(client, yunhu, chen, zhou, lin):
    client.force_login(chen)
    client.post(reverse("desk:intake"), filled(yunhu, lin, **REFUSAL))
    made = Case.objects.get()
    page = client.get(reverse("complaints:track", args=[actions.first_token(made)]))
    assert page.status_code == 200
    assert SORRY not in page.text
    assert REFUSAL["refusal_reason"] not in page.text
    assert set(Event.objects.about(made).public().values_list("verb", flat=True)) == {"received"}


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"refusal_reason": ""}, "refusal_reason"),
        ({"refusal_answer": " "}, "refusal_answer"),
        ({"urgency": "special_urgent", "reason": "x"}, "urgency"),
    ],
)
def test_a_refusal_without_its_words_comes_back_with_everything_that_was_typed(
    client, yunhu, chen, lin, changes, wrong
):
    client.force_login(chen)
    typed = filled(yunhu, lin, **{**REFUSAL, **changes})
    answer = client.post(reverse("desk:intake"), typed)
    assert answer.status_code == 422
    assert answer.context["form"].errors[wrong]
    for name in ("summary", "refusal_reason", "refusal_answer"):
        assert answer.context["form"][name].value() == typed[name]
    assert not Case.objects.exists()


def test_nobody_proposes_to_decline_a_complaint_about_themselves(client, yunhu, chen, lin):
    client.force_login(chen)
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, **REFUSAL, concerns=[chen.pk]))
    assert answer.status_code == 422
    assert answer.context["form"].errors["concerns"]


def test_the_same_refusal_sent_twice_is_one_case_and_one_proposal(client, yunhu, chen, lin):
    client.force_login(chen)
    typed = filled(yunhu, lin, **REFUSAL)
    for _ in range(2):
        assert client.post(reverse("desk:intake"), typed).status_code == 302
    assert Case.objects.get().proposals.count() == 1


def test_a_refusal_that_cannot_be_proposed_records_nothing_and_takes_no_number(client, yunhu, chen, lin, monkeypatch):
    def refuse(*args, **kwargs):
        raise Refused("no")

    client.force_login(chen)
    monkeypatch.setattr("complaints.actions.proposing.propose", refuse)
    assert client.post(reverse("desk:intake"), filled(yunhu, lin, **REFUSAL)).status_code == 409
    assert not Case.objects.exists()
    monkeypatch.undo()
    client.post(reverse("desk:intake"), filled(yunhu, lin))
    assert Case.objects.get().number.endswith("-0001")
