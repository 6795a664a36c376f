"""What comes by letter is answered by letter, a call by a call, a visit by a visit: and each says to whom (暂行7)."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions, letters
from complaints.models import LetterTemplate, Reply, ReplyLetter, Status
from complaints.reports import first_letter_gap
from servicedesk.core.models import Event
from tests import counting
from tests.factories import MONDAY, case, fresh

pytestmark = pytest.mark.django_db
TEXT = "尊敬的林晓梅：\n\n您好！来函收悉。\n\n谢谢您的批评指正！"


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def owed(yunhu, office, chen):
    """Lin's letter, which the centre has seen to itself; Chen owes her a letter."""
    actions.fill_courtesy(yunhu, by=None, now=MONDAY)
    made = case(yunhu, by=chen, channel="letter", category="mail", summary="报纸没有送到", letter_ref="第 3 号")
    actions.resolve(fresh(made), by=chen, now=MONDAY, remedy="已与邮局联系，补送三天的报纸。")
    return fresh(made)


def post(client, user, about, step, **data):
    client.force_login(user)
    version = fresh(about).version
    return client.post(reverse(f"complaints:{step}", args=[about.number]), {"version": version, **data})


def issued(client, chen, owed, **data):
    post(client, chen, owed, "letter_write", addressee="林晓梅", text=TEXT, issue="1", **data)
    return ReplyLetter.objects.latest("id")


def test_a_letter_is_drafted_from_the_template_numbered_printed_and_delivered(client, owed, chen):
    client.force_login(chen)
    page = client.get(reverse("complaints:letter", args=[owed.number])).text
    assert "尊敬的林晓梅：" in page
    assert "补送三天的报纸" in page
    assert "SW2025-0001" in page
    assert post(client, chen, owed, "letter_write", addressee="林晓梅", text=TEXT).status_code == 302
    assert ReplyLetter.objects.get().number == ""
    letter = issued(client, chen, owed)
    assert (letter.number, letter.status, ReplyLetter.objects.count()) == ("FW2025-0001", "issued", 1)
    sheet = client.get(reverse("complaints:letter_print", args=[owed.number, letter.pk])).text
    assert "FW2025-0001" in sheet
    assert "来函收悉" in sheet
    assert fresh(owed).status == Status.RESOLVED, "a letter on the desk has told nobody"
    assert post(client, chen, owed, "letter_deliver", delivery="posted", tracking_no="EX123").status_code == 302
    told = Reply.objects.select_related("letter").get()
    assert (told.channel, told.text, told.letter.tracking_no) == ("letter", TEXT, "EX123")
    assert fresh(owed).status == Status.REPLIED
    again = client.get(owed.get_absolute_url()).text
    assert again.count(reverse("complaints:letter_print", args=[owed.number, letter.pk])) >= 2, "aside and history"
    assert "FW2025-0001" in client.get(reverse("complaints:mail")).text


def test_the_button_of_a_letter_leads_to_its_page_and_no_other_reply_is_taken(client, owed, chen):
    client.force_login(chen)
    assert reverse("complaints:letter", args=[owed.number]) in client.get(owed.get_absolute_url()).text
    for channel in ("phone", "letter"):
        answer = post(client, chen, owed, "reply", channel=channel, text="电话里说过了", person_told="林女士")
        assert answer.status_code == 409
        assert "电话里说过了" in answer.text
    assert fresh(owed).status == Status.RESOLVED


def test_a_numbered_letter_is_never_changed_but_voided_and_written_anew(client, owed, chen):
    first = issued(client, chen, owed)
    answer = post(client, chen, owed, "letter_write", addressee="林晓梅", text="另一封")
    assert answer.status_code == 409
    assert "另一封" in answer.text
    assert post(client, chen, owed, "letter_void", note="").status_code == 422
    assert post(client, chen, owed, "letter_void", note="称呼有误").status_code == 302
    second = issued(client, chen, owed)
    first.refresh_from_db()
    assert (first.number, first.status, first.void_reason) == ("FW2025-0001", "void", "称呼有误")
    assert second.number == "FW2025-0002"
    assert first_letter_gap(owed.community) is None


def test_a_reprint_is_marked_and_in_the_history(client, owed, chen):
    letter = issued(client, chen, owed)
    page = reverse("complaints:letter_print", args=[owed.number, letter.pk])
    assert "1" not in marks(client, page)
    assert post(client, chen, owed, "letter_reprint", letter=letter.pk).url == page
    assert "1" in marks(client, page)
    assert Event.objects.about(owed).filter(verb="letter_printed").count() == 1
    assert post(client, chen, owed, "letter_reprint", letter="x").status_code == 404


def marks(client, page):
    text = client.get(page).text
    return text[text.index("letter-no") : text.index("</header>", text.index("letter-no"))].replace("FW2025-0001", "")


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"delivery": "posted"}, "tracking_no"),
        ({"delivery": "handed"}, "received_by"),
        ({}, "delivery"),
        ({"delivery": "email", "sent_at": "2025-09-15T10:00"}, "sent_at"),
    ],
)
def test_a_delivery_says_how_to_whom_and_when(client, owed, chen, data, field):
    issued(client, chen, owed)
    answer = post(client, chen, owed, "letter_deliver", **data)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Reply.objects.exists()


def test_a_letter_of_before_the_reopening_is_not_delivered(client, owed, chen):
    issued(client, chen, owed)
    actions.reopen(fresh(owed), by=chen, now=MONDAY, note="还是没有")
    actions.resolve(fresh(owed), by=chen, now=MONDAY, remedy="已补送")
    assert post(client, chen, owed, "letter_deliver", delivery="email").status_code == 409
    assert not Reply.objects.exists()


def test_only_who_may_reply_writes_the_letter_and_a_colleague_reads_it(client, owed, chen, zhou, liu, guo):
    letter = issued(client, chen, owed)
    assert post(client, guo, owed, "letter_void", note="重写").status_code == 302
    client.force_login(liu)
    assert client.get(reverse("complaints:letter", args=[owed.number])).status_code == 404
    client.force_login(zhou)
    assert letter.number in client.get(reverse("complaints:letter", args=[owed.number])).text


def test_a_rude_letter_is_kept_as_it_is_with_the_better_words_beside_it(client, owed, chen):
    client.force_login(chen)
    data = {"version": owed.version, "addressee": "林晓梅", "text": "我不管"}
    answer = client.post(reverse("complaints:letter_write", args=[owed.number]), data, follow=True)
    assert ReplyLetter.objects.get().text == "我不管"
    assert "跟进到有结果" in answer.text


def test_what_a_template_does_not_know_is_seen_as_a_gap(owed):
    template = LetterTemplate(salutation="{name}", opening="{letter_on}", done="{remedy}", closing="{first}")
    assert letters.draft(template, owed) == "林晓梅\n\n……\n\n已与邮局联系，补送三天的报纸。\n\n陈静"
    assert letters.unknown_in("{name} {谁} {谁} {}") == ["{谁}", "{}"]


def test_a_call_that_nobody_answers_is_noted_and_is_no_reply(client, resolved_case, chen):
    answer = post(client, chen, resolved_case, "reply", channel="phone", outcome="nobody", text="响了很久")
    assert answer.status_code == 302
    assert fresh(resolved_case).status == Status.RESOLVED
    assert not Reply.objects.exists()
    tried = Event.objects.about(resolved_case).get(verb="tried")
    assert (tried.note, tried.data["channel"], tried.data["tried"]) == ("响了很久", "phone", "nobody")


def test_a_call_names_who_answered_and_when(client, resolved_case, chen):
    assert post(client, chen, resolved_case, "reply", channel="phone", text="已修好").status_code == 422
    data = {"channel": "phone", "text": "已修好", "person_told": "林女士", "told_at": "2025-09-15T08:50"}
    assert post(client, chen, resolved_case, "reply", **data).status_code == 302
    told = Reply.objects.get()
    assert (told.person_told, f"{told.case.community.local(told.told_at):%H:%M}") == ("林女士", "08:50")


def test_a_visit_names_who_went_and_whom_they_met(client, yunhu, office, chen, zhou):
    made = case(yunhu, by=chen, channel="visit", category="mail")
    actions.resolve(made, by=chen, now=MONDAY, remedy="已补送")
    data = {"channel": "visit", "text": "当面说明", "person_told": "林先生", "went": zhou.pk}
    assert post(client, chen, made, "reply", **data).status_code == 302
    assert Reply.objects.get().went == zhou


def test_who_wrote_and_was_joined_to_another_case_gets_a_letter_of_their_own(client, owed, chen):
    joined = case(owed.community, by=chen, channel="letter", category="mail", reporter_name="吴刚", summary="少了报纸")
    actions.reopen(fresh(owed), by=chen, now=MONDAY, note="还是没有")
    actions.merge(fresh(joined), into=fresh(owed), by=chen, now=MONDAY)
    address = reverse("complaints:letter", args=[joined.number])
    assert post(client, chen, joined, "letter_write", addressee="吴刚", text=TEXT).status_code == 409, (
        "nothing is done yet"
    )
    actions.resolve(fresh(owed), by=chen, now=MONDAY, remedy="投递员已换人。")
    assert address in client.get(owed.get_absolute_url()).text
    assert "投递员已换人" in client.get(address).text
    issued(client, chen, joined)
    assert post(client, chen, joined, "letter_deliver", delivery="handed", received_by="吴刚").status_code == 302
    told = joined.told.get()
    assert (told.cycle, told.reply.person_told, told.reply.letter.number) == (2, "吴刚", "FW2025-0001")
    assert fresh(owed).status == Status.RESOLVED, "Lin has not been told"


def test_a_refusal_by_letter_has_the_words_that_were_approved(client, yunhu, office, chen, zhou):
    actions.fill_courtesy(yunhu, by=None, now=MONDAY)
    made = case(yunhu, by=chen, channel="letter", category="mail", kind="complaint", summary="报纸换地方放")
    actions.verify(made, validity="invalid", by=chen, now=MONDAY, note="不在合同内")
    words = {"text": "合同不含此项", "answer": "很抱歉,报箱位置由邮局决定。"}
    actions.propose(made, outcome="decline", by=chen, now=MONDAY, **words)
    actions.approve(made, by=zhou, now=MONDAY)
    client.force_login(chen)
    assert words["answer"] in client.get(reverse("complaints:letter", args=[made.number])).text


def test_what_came_by_telephone_is_not_answered_by_letter(client, resolved_case, chen):
    answer = post(client, chen, resolved_case, "letter_write", addressee="林晓梅", text=TEXT)
    assert answer.status_code == 409
    assert "来函收悉" in answer.text
    assert not ReplyLetter.objects.exists()


@pytest.mark.parametrize("lacking", [{"letter": None}, {"channel": "phone", "person_told": ""}, {"channel": "visit"}])
def test_the_database_refuses_a_reply_without_the_facts_of_its_way(client, owed, chen, lacking):
    letter = issued(client, chen, owed)
    whole = {"channel": "letter", "text": "x", "person_told": "林", "told_at": MONDAY, "letter": letter}
    if "channel" in lacking:
        whole["letter"] = None
    with pytest.raises(IntegrityError), transaction.atomic():
        Reply.objects.create(case=owed, cycle=1, by=chen, at=MONDAY, **{**whole, **lacking})


def test_the_page_of_a_letter_costs_the_same_before_and_after(client, owed, chen):
    client.force_login(chen)
    page = reverse("complaints:letter", args=[owed.number])
    client.get(page)
    with counting.pinned("letter of reply") as captured:
        client.get(page)
    assert len(captured) <= 15
