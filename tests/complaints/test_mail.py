"""S10: every letter of complaint stands in the register, with a number without gaps, and is a case or explained."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions
from complaints.models import Case, IncomingLetter, IntakeDraft, Status
from complaints.reports import first_letter_gap
from servicedesk.core.models import Event, Notification
from tests import counting
from tests.desk.test_intake import filled
from tests.factories import MONDAY, at, case

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def enter(yunhu, by, **facts):
    return actions.register_letter(yunhu, by=by, now=MONDAY, sender="吴刚", subject="夜间施工扰民", **facts)


def by_letter(yunhu, lin, **changes):
    return filled(yunhu, lin, channel="letter", letter_on="2025-09-13", **changes)


def test_a_letter_taken_in_at_the_desk_is_registered_with_its_case(client, yunhu, office, chen, zhou, lin):
    client.force_login(chen)
    data = by_letter(yunhu, lin, letter_ref="业主字 3 号", letter_pages="2", letter_copies="3")
    assert client.post(reverse("desk:intake"), data).status_code == 302
    letter = IncomingLetter.objects.select_related("case").get()
    assert (letter.number, letter.case.letter_no) == ("SW2025-0001", "SW2025-0001")
    assert (letter.sender, letter.sender_ref, letter.pages, letter.copies) == ("林晓梅", "业主字 3 号", 2, 3)
    assert (letter.letter_on, letter.reply_due_on) == (datetime.date(2025, 9, 13), datetime.date(2025, 9, 25))
    assert letter.presented_to == zhou
    assert Notification.objects.filter(kind="letter_arrived", recipient=zhou).exists()
    assert "SW2025-0001" in client.get(letter.case.get_absolute_url()).text
    found = client.get(reverse("complaints:list"), {"view": "all", "q": "SW2025-0001"})
    assert letter.case.short_number in found.text


def test_a_major_letter_is_told_to_level_three_too(client, yunhu, office, chen, guo, lin):
    client.force_login(chen)
    major = {"severity": "major", "reason": "多户停水", "promised_reply_at": "2025-09-16T10:00"}
    client.post(reverse("desk:intake"), by_letter(yunhu, lin, **major))
    assert Notification.objects.filter(kind="letter_arrived", recipient=guo).exists()


def test_a_letter_that_is_not_saved_takes_no_number(client, yunhu, office, chen, lin):
    client.force_login(chen)
    assert client.post(reverse("desk:intake"), by_letter(yunhu, lin, summary="")).status_code == 422
    twice = by_letter(yunhu, lin)
    for _time in range(2):
        client.post(reverse("desk:intake"), twice)
    client.post(reverse("desk:intake"), by_letter(yunhu, lin))
    numbers = IncomingLetter.objects.order_by("id").values_list("number", flat=True)
    assert list(numbers) == ["SW2025-0001", "SW2025-0002"]
    assert first_letter_gap(yunhu) is None


def test_a_letter_about_staff_is_in_no_list_of_theirs_and_leaves_no_gap(client, yunhu, office, chen, zhou, guo, lin):
    client.force_login(chen)
    client.post(reverse("desk:intake"), by_letter(yunhu, lin, concerns=[zhou.pk], presented_to=zhou.pk))
    enter(yunhu, chen)
    about = IncomingLetter.objects.get(case__isnull=False)
    assert (about.number, about.presented_to) == ("SW2025-9001", guo)
    assert not Notification.objects.filter(recipient=zhou, kind="letter_arrived", key__contains=str(about.pk)).exists()
    client.force_login(zhou)
    assert client.get(about.get_absolute_url()).status_code == 404
    pages = [client.get(reverse(f"complaints:{name}")).text for name in ("mail", "mail_print")]
    export = client.post(reverse("complaints:mail_export"), {"community": yunhu.pk, "reason": "看", "format": "csv"})
    pages.append(export.getvalue().decode())
    for text in pages:
        assert "SW2025-9001" not in text
        assert "SW2025-0001" in text
    assert first_letter_gap(yunhu) is None


def test_a_letter_registered_first_becomes_a_case_with_one_click(client, yunhu, office, chen, lin):
    letter = enter(yunhu, chen, received_at=at("2025-09-15 08:40"), sender_ref="第 3 号")
    client.force_login(chen)
    assert f"{reverse('desk:intake')}?letter={letter.pk}" in client.get(reverse("complaints:mail")).text
    page = client.get(reverse("desk:intake"), {"letter": letter.pk})
    assert "夜间施工扰民" in page.text
    client.post(reverse("desk:intake"), filled(yunhu, lin, letter=letter.pk, reporter_name="吴刚"))
    made = Case.objects.get()
    letter.refresh_from_db()
    assert (letter.case, made.letter_no, made.channel) == (made, "SW2025-0001", "letter")
    assert made.received_at == at("2025-09-15 08:40"), "the clock runs from the minute at which the letter came"
    assert IncomingLetter.objects.count() == 1
    again = client.post(reverse("desk:intake"), filled(yunhu, lin, letter=letter.pk))
    assert again.status_code == 422, "one letter is one case"


def test_beginning_from_a_letter_leaves_the_draft_of_another_call_alone(client, yunhu, office, chen, lin):
    letter = enter(yunhu, chen)
    client.force_login(chen)
    client.post(reverse("desk:draft"), {"summary": "还没写完的来电"})
    page = client.get(reverse("desk:intake"), {"letter": letter.pk})
    assert "还没写完的来电" not in page.text
    assert "data-autosave=" not in page.text
    client.post(reverse("desk:intake"), filled(yunhu, lin, letter=letter.pk))
    assert IntakeDraft.objects.get().answers["summary"] == "还没写完的来电"


def test_an_undone_registration_leaves_the_letter_to_be_made_a_case_again(client, yunhu, office, chen, lin):
    client.force_login(chen)
    client.post(reverse("desk:intake"), by_letter(yunhu, lin))
    made = Case.objects.get()
    actions.undo(Event.objects.about(made).get(verb="received"), by=chen, now=MONDAY)
    letter = IncomingLetter.objects.get()
    assert list(IncomingLetter.objects.loose()) == [letter]
    client.post(reverse("desk:intake"), filled(yunhu, lin, letter=letter.pk))
    letter.refresh_from_db()
    assert letter.case.status == Status.TAKEN


def test_a_letter_that_is_no_case_is_explained_once(client, yunhu, office, chen, lin):
    letter = enter(yunhu, chen)
    client.force_login(chen)
    door = letter.get_absolute_url()
    assert client.post(door, {"reason": ""}).status_code == 422
    assert client.post(door, {"reason": "感谢信,已致谢"}).status_code == 302
    assert client.post(door, {"reason": "另一个理由"}).status_code == 422
    letter.refresh_from_db()
    assert letter.no_case_reason == "感谢信,已致谢"
    assert Event.objects.about(letter).get(verb="letter_explained").note == "感谢信,已致谢"
    assert not client.get(reverse("desk:intake"), {"letter": letter.pk}).context["form"].initial.get("letter")


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": ""},
        {"pages": "0"},
        {"copies": "abc"},
        {"received_at": "2025-09-15T09:30"},
        {"letter_on": "1925-01-01"},
        {"presented_to": "999999"},
    ],
)
def test_a_letter_entered_wrongly_comes_back_with_a_sentence(client, yunhu, office, chen, wrong):
    client.force_login(chen)
    right = {"sender": "吴刚", "subject": "夜间施工", "received_at": "2025-09-15T08:50", "pages": "1", "copies": "1"}
    answer = client.post(reverse("complaints:mail_enter"), {**right, **wrong})
    assert answer.status_code == 422
    assert "夜间施工" in answer.text, "what was typed is kept"
    assert not IncomingLetter.objects.exists()
    assert client.post(reverse("complaints:mail_enter"), right).status_code == 302


def test_a_letter_of_another_community_is_nowhere(client, yunhu, other, chen, stranger):
    letter = enter(other, stranger)
    client.force_login(chen)
    assert client.get(letter.get_absolute_url()).status_code == 404
    assert letter.number not in client.get(reverse("complaints:mail")).text
    assert not client.get(reverse("desk:intake"), {"letter": letter.pk}).context["form"].initial.get("letter")


def test_the_register_leaves_the_desk_with_a_reason_on_record(client, yunhu, office, chen):
    enter(yunhu, chen, sender_ref="=cmd")
    client.force_login(chen)
    door = reverse("complaints:mail_export")
    assert client.post(door, {"community": yunhu.pk, "reason": "", "format": "csv"}).status_code == 422
    answer = client.post(door, {"community": yunhu.pk, "reason": "月末归档", "format": "csv"})
    assert "'=cmd" in answer.getvalue().decode()
    event = Event.objects.get(verb="exported")
    assert (event.note, event.data["count"]) == ("月末归档", 1)
    sheet = client.post(door, {"community": yunhu.pk, "reason": "月末归档", "format": "xlsx"})
    assert sheet.getvalue()[:2] == b"PK"


def test_a_letter_is_never_deleted_and_a_missing_number_is_named(yunhu, chen):
    first, _second = enter(yunhu, chen), enter(yunhu, chen)
    with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
        first.delete()
    IncomingLetter.objects.filter(pk=first.pk).update(number="SW2024-0001")
    assert first_letter_gap(yunhu) == "SW2025-0001"
    with pytest.raises(IntegrityError), transaction.atomic():
        IncomingLetter.objects.filter(pk=first.pk).update(number="SW2025-0002")


@pytest.mark.parametrize("letters", [1, 12])
def test_the_register_costs_the_same_for_few_letters_and_for_many(client, yunhu, office, chen, zhou, letters):
    for _number in range(letters):
        enter(yunhu, chen)
        case(yunhu, by=chen, channel="letter")
    client.force_login(zhou)
    client.get(reverse("complaints:mail"))
    with counting.pinned("register of letters") as captured:
        client.get(reverse("complaints:mail"))
    assert len(captured) <= 15
