"""The close of a day: nothing late, owed, begun or missing is passed over without a line; signed once, never edited."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from complaints import actions, closing
from complaints.models import Case, Concern, DayClose, Explanation, IntakeDraft
from servicedesk.core import events
from servicedesk.core.models import Event, Notification
from tests import factories
from tests.counting import pinned
from tests.factories import at, fresh

pytestmark = pytest.mark.django_db

TODAY = date(2025, 9, 15)
MORNING, EVENING = at("2025-09-15 09:00"), at("2025-09-15 17:30")


@pytest.fixture(autouse=True)
def evening(time_machine):
    time_machine.move_to(EVENING, tick=False)


@pytest.fixture
def late(yunhu, office, chen):
    """A case that was due on Friday."""
    case = factories.case(yunhu, by=chen, now=MORNING - timedelta(days=6), read_back=True)
    events.seal_events()
    return case


@pytest.fixture
def draft(yunhu, chen):
    return IntakeDraft.objects.create(user=chen, community=yunhu, answers={"summary": "漏"}, saved_at=MORNING)


def page(client, user, day=TODAY, name="closeout"):
    client.force_login(user)
    return client.get(reverse(f"complaints:{name}", args=[day]))


def send(client, user, day=TODAY, *, sign=True, **typed):
    client.force_login(user)
    button = {"sign": "1"} if sign else {"save": "1"}
    return client.post(reverse("complaints:sign_day", args=[day]), {"summary": "今日平稳。", **button, **typed})


def found(client, user, day=TODAY):
    """Return {check: keys of its rows} as `user` is shown them."""
    checks = page(client, user, day).context["day"].checks
    return {check.key: [row.key for row in check.rows] for check in checks if check.total}


def line(check, row):
    return f"why-{check}-{row}"


def test_a_late_case_and_a_draft_are_explained_or_the_day_is_not_signed(client, zhou, late, draft):
    key = str(late.pk)
    row = found(client, zhou)["drafts"][0]
    answer = send(client, zhou)
    assert answer.status_code == 409 and "2" in answer.context["refusal"]
    assert "今日平稳。" in answer.text, "what was typed comes back"
    answer = send(client, zhou, **{line("late", key): "等配件,周二修"})
    assert answer.status_code == 409 and "等配件,周二修" in answer.text
    assert not Explanation.objects.exists() and not DayClose.objects.exists(), "both or neither"
    answer = send(client, zhou, **{line("late", key): "等配件,周二修", line("drafts", row): "来电人挂断,明早回拨"})
    assert answer.status_code == 302
    close = DayClose.objects.get()
    assert (close.signed_by, close.unexplained, close.exceptions, close.is_late) == (zhou, 0, "", False)
    assert Event.objects.about(late).get(verb="explained").note == "等配件,周二修"
    assert Event.objects.get(verb="day_signed").subject == close


def test_a_written_reason_signs_the_day_in_spite_of_open_rows_and_the_deputy_gm_is_told(client, zhou, guo, late):
    assert send(client, zhou, exceptions="系统停电,明早补").status_code == 302
    close = DayClose.objects.get()
    assert (close.unexplained, close.exceptions) == (1, "系统停电,明早补")
    assert Notification.objects.filter(recipient=guo, kind="day_signed_open").exists()


def test_lines_are_saved_before_the_day_is_signed_and_the_summary_stays(client, zhou, late):
    typed = {line("late", late.pk): "等配件"}
    assert send(client, zhou, sign=False, summary="写了一半", **typed).status_code == 302
    assert Explanation.objects.get().text == "等配件"
    answer = page(client, zhou)
    assert "写了一半" in answer.text and "等配件" in answer.text
    send(client, zhou, sign=False, **typed)
    assert Explanation.objects.count() == 1, "the same words again are no new line"


def test_what_each_check_finds(client, yunhu, office, chen, zhou, guo, liu, time_machine):
    make = {"by": chen, "now": MORNING, "read_back": True}
    due_today = factories.case(yunhu, category="mail", **make)
    unread = factories.case(yunhu, by=chen, now=MORNING)
    factories.case(yunhu, by=None, now=MORNING, category="noise")  # by the web: nobody to read it back to
    told_late = factories.case(yunhu, category="mail", **{**make, "now": MORNING - timedelta(days=4)})
    actions.start(told_late, by=chen, now=MORNING - timedelta(days=4))
    actions.resolve(fresh(told_late), by=chen, now=MORNING - timedelta(days=4), remedy="已送达")
    promised = factories.case(yunhu, promised_reply_at=MORNING + timedelta(hours=2), **make)
    tomorrow = factories.case(yunhu, **make)
    actions.set_follow_up(tomorrow, at=at("2025-09-16 10:00"), by=chen, now=MORNING)
    asked = factories.case(yunhu, **make)
    actions.ask_void(asked, by=chen, now=MORNING, reason="重复")
    void = factories.case(yunhu, **make)
    actions.ask_void(void, by=chen, now=MORNING, reason="打错")
    actions.confirm_void(fresh(void), by=zhou, now=MORNING)
    undone = factories.case(yunhu, **make)
    actions.undo(Event.objects.about(undone).get(verb="received"), by=chen, now=MORNING)
    entered = factories.case(yunhu, received_at=MORNING - timedelta(minutes=31), **make)
    done_late = factories.case(yunhu, category="mail", **{**make, "now": at("2025-09-15 08:40")})
    Case.objects.filter(pk=done_late.pk).update(
        due_at=at("2025-09-15 12:00"), resolved_at=at("2025-09-15 13:00"), status="archived", archived_at=EVENING,
        replied_at=EVENING, next_escalation_at=None,
    )  # fmt: skip
    events.seal_events()
    assert found(client, zhou) == {
        "unsettled": [str(due_today.pk)],
        "late": [str(done_late.pk)],
        "reply": [str(told_late.pk), str(promised.pk)],
        "unread": [str(unread.pk)],
        "voided": [str(void.pk), str(undone.pk)],
        "late_entries": [str(entered.pk)],
        "decide": [str(asked.pk)],
        "tomorrow": [str(tomorrow.pk)],
    }


def test_a_call_or_letter_that_is_no_case_is_red_and_a_visit_that_is_due_is_shown(client, yunhu, office, chen, zhou):
    missed = actions.enter_call(yunhu, kind="missed", phone="13800000001", by=chen, now=MORNING)
    letter = actions.register_letter(yunhu, sender="吴刚", subject="报纸", received_at=MORNING, by=chen, now=MORNING)
    last_week = MORNING - timedelta(days=6)
    asked = factories.cleared(factories.case(yunhu, by=chen, category="service", now=last_week, read_back=True))
    actions.resolve(asked, by=chen, now=last_week, remedy="已补办")
    factories.told(fresh(asked), by=chen, now=last_week)
    events.seal_events()
    assert found(client, zhou) == {
        "unrecorded": [f"call-{missed.pk}", f"letter-{letter.pk}"],
        "visits": [str(asked.pk)],
    }
    assert send(client, zhou).status_code == 409


def test_a_missing_number_and_a_broken_chain_are_red(client, yunhu, office, chen, zhou):
    gone, *_others = [factories.case(yunhu, by=chen, now=MORNING, read_back=True) for _ in range(3)]
    events.seal_events()
    assert not {"numbers", "chain"} & set(found(client, zhou))
    Case.objects.filter(pk=gone.pk).update(number="YH-BX250914-0077")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE core_event SET verb = 'noted' WHERE seal = 2")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    assert found(client, zhou)["numbers"] == ["250915-1"]
    assert found(client, zhou)["chain"] == ["break-2"]
    assert send(client, zhou).status_code == 409


def test_the_chain_is_anchored_in_what_was_signed(client, yunhu, office, chen, zhou, time_machine):
    factories.case(yunhu, by=chen, now=MORNING, read_back=True)
    events.seal_events()
    send(client, zhou)
    close = DayClose.objects.get()
    assert close.seal == Event.objects.exclude(seal=None).count()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        # The whole chain, written anew and whole in itself.
        cursor.execute("UPDATE core_event SET seal = NULL, hash = '', previous_hash = '', verb = 'noted'")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    events.seal_events()
    assert events.first_break(yunhu) is None
    assert closing.first_break_since_last_close(yunhu).seal == close.seal


def test_the_next_day_begins_where_this_one_was_signed(client, yunhu, office, chen, zhou, time_machine):
    send(client, zhou)
    evening_call = factories.case(yunhu, by=chen, now=at("2025-09-15 19:00"))
    time_machine.move_to(at("2025-09-16 17:30"), tick=False)
    events.seal_events()
    assert found(client, zhou, date(2025, 9, 16))["unread"] == [str(evening_call.pk)]


def test_a_day_is_signed_from_an_hour_before_its_close_and_late_signing_is_marked(client, zhou, late, time_machine):
    time_machine.move_to(at("2025-09-15 16:59"), tick=False)
    assert send(client, zhou, exceptions="x").status_code == 409
    time_machine.move_to(at("2025-09-16 08:30"), tick=False)
    assert send(client, zhou, exceptions="昨晚停电").status_code == 302
    assert DayClose.objects.get().is_late
    assert "signed late" in page(client, zhou).text or "补签" in page(client, zhou).text


def test_a_day_is_signed_once_and_the_words_of_the_second_come_back(client, yunhu, office, zhou):
    assert send(client, zhou).status_code == 302
    answer = send(client, zhou, summary="我也写了总结")
    assert answer.status_code == 409 and "我也写了总结" in answer.text
    assert DayClose.objects.count() == 1


def test_the_database_refuses_to_change_what_was_signed(client, zhou, late):
    send(client, zhou, exceptions="明早补", **{line("late", late.pk): "等配件"})
    for row in (DayClose.objects.get(), Explanation.objects.get()):
        for change in (lambda row=row: type(row).objects.update(community=row.community), row.delete):
            with pytest.raises(IntegrityError), transaction.atomic():
                change()
    with pytest.raises(IntegrityError), transaction.atomic():
        DayClose.objects.create(
            community=late.community, date=date(2025, 9, 14), summary="x", unexplained=1, snapshot={}, signed_by=zhou,
            signed_at=EVENING,
        )  # fmt: skip


def test_a_day_to_come_is_nowhere(client, yunhu, zhou):
    assert page(client, zhou, date(2025, 9, 16)).status_code == 404
    assert client.get("/board/closeout/2025-02-30/").status_code == 404


@pytest.mark.parametrize("who", ["guo", "chen"])
def test_only_a_supervisor_explains_and_signs(client, request, who, late):
    assert send(client, request.getfixturevalue(who), exceptions="x").status_code == 403
    assert not DayClose.objects.exists()


def test_what_is_about_the_reader_is_neither_listed_nor_counted_before_or_after_the_signing(
    client, yunhu, late, zhou, guo
):
    Concern.objects.create(case=late, user=guo)
    events.seal_events()
    assert "late" in found(client, zhou) and "late" not in found(client, guo)
    send(client, zhou, **{line("late", late.pk): "等配件"})
    for name in ("closeout", "closeout_print"):
        for user, sees in ((zhou, True), (guo, False)):
            answer = page(client, user, name=name)
            totals = {check["key"]: check["total"] for check in answer.context["seen"].checks}
            assert (totals["late"], answer.context["seen"].figures["open_late"]) == (int(sees), int(sees))
            assert (late.summary in answer.text, "等配件" in answer.text) == (sees, sees)


def test_a_case_that_is_found_to_be_about_somebody_later_leaves_the_signed_numbers_too(client, late, zhou, guo):
    send(client, zhou, **{line("late", late.pk): "等配件"})
    assert page(client, guo).context["seen"].figures["open"] == 1
    Concern.objects.create(case=late, user=guo)
    answer = page(client, guo)
    assert answer.context["seen"].figures["open"] == 0 and "等配件" not in answer.text


def test_a_supervisor_signs_without_the_case_about_them_and_it_is_frozen_for_the_others(client, late, zhou, guo):
    Concern.objects.create(case=late, user=zhou)
    assert send(client, zhou).status_code == 302, "what they do not see does not stop them"
    assert page(client, guo).context["seen"].figures["open_late"] == 1
    assert page(client, zhou).context["seen"].figures["open_late"] == 0


def test_a_draft_about_the_reader_is_not_listed(client, yunhu, zhou, guo, draft):
    IntakeDraft.objects.update(answers={"concerns": str(zhou.pk)})
    assert "drafts" not in found(client, zhou)
    assert "drafts" in found(client, guo)


def test_the_signed_summary_stays_what_it_was(client, late, zhou):
    send(client, zhou, exceptions="明早补")
    Case.objects.filter(pk=late.pk).update(due_at=at("2025-09-20 18:00"), next_escalation_at=None)
    assert page(client, zhou).context["seen"].figures["open_late"] == 1


def test_the_board_says_that_yesterday_is_not_signed_until_it_is(client, zhou, guo, chen, late):
    client.force_login(zhou)
    yesterday = date(2025, 9, 14)
    link = reverse("complaints:closeout", args=[yesterday])
    assert link in client.get("/board/").text
    send(client, zhou, yesterday, exceptions="补签")
    assert link not in client.get("/board/").text
    client.force_login(chen)
    assert "/board/closeout/" not in client.get("/board/").text


def test_an_app_above_adds_a_check_of_its_own(client, zhou, yunhu, monkeypatch):
    monkeypatch.setattr(closing, "CHECKS", list(closing.CHECKS))
    monkeypatch.setattr(closing, "TITLES", dict(closing.TITLES))
    calls = [closing.Row(key="c1", label="13:05 未接来电")]
    closing.add("missed_calls", "漏接", lambda day: day.other("missed_calls", calls))
    assert found(client, zhou)["missed_calls"] == ["c1"]
    assert send(client, zhou).status_code == 409
    assert send(client, zhou, **{line("missed_calls", "c1"): "已回拨"}).status_code == 302
    assert Event.objects.get(verb="explained").subject == yunhu


def test_the_closing_time_sheet_says_what_is_left_who_has_it_and_no_whole_telephone(client, late, chen, guo, zhou):
    client.force_login(chen)
    text = client.get(reverse("complaints:closing_sheet")).text
    assert late.short_number in text and "138****1234" in text and "13800001234" not in text and "陈静" in text
    Concern.objects.create(case=late, user=chen)
    assert late.short_number not in client.get(reverse("complaints:closing_sheet")).text


def test_a_full_day_costs_the_queries_of_an_empty_one(client, yunhu, office, chen, zhou, late):
    for _ in range(5):
        factories.case(yunhu, by=chen, now=MORNING)
    client.force_login(zhou)
    client.get(reverse("complaints:closeout", args=[TODAY]))
    with pinned("day close"):
        client.get(reverse("complaints:closeout", args=[TODAY]))
    with pinned("closing-time sheet"):
        client.get(reverse("complaints:closing_sheet"))
