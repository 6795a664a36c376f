"""S2: one page with everything about a case, and a button for each step that this person may take now."""

from datetime import timedelta

import pytest
from django.urls import reverse

from complaints import actions
from complaints.models import Case, Presence, Status
from residents import actions as register
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Notification
from tests.factories import MONDAY, at, case, fresh, staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def post(client, user, case, step, **data):
    client.force_login(user)
    return client.post(reverse(f"complaints:{step}", args=[case.number]), {"version": case.version, **data})


def test_the_desk_ends_no_call_that_was_not_read_back_without_saying_why(client, yunhu, office, chen):
    call = case(yunhu, by=chen, category="mail")
    answer = post(client, chen, call, "resolve", remedy="已电话指导")
    assert answer.status_code == 422
    assert "已电话指导" in answer.text
    assert "复清楚" in str(answer.context["form"].errors["read_back"])
    assert post(client, chen, call, "resolve", remedy="已电话指导", not_read_back="来电已挂断").status_code == 302
    assert Event.objects.about(call).get(verb="not_read_back").note == "来电已挂断"


def test_a_call_is_read_back_at_the_latest_when_it_is_resolved(client, yunhu, office, chen):
    call = case(yunhu, by=chen, category="mail")
    assert post(client, chen, call, "resolve", remedy="已电话指导", read_back="on").status_code == 302
    assert fresh(call).read_back_at is not None
    assert verbs(call)[-2:] == ["read_back", "resolved"]


def verbs(case):
    return list(Event.objects.about(case).order_by("id").values_list("verb", flat=True))


def test_a_case_walks_from_the_web_to_the_archive(client, yunhu, web_case, chen, liu, zhou):
    engineering = yunhu.departments.get(code="engineering").pk
    walk = [
        (chen, "take", {}, Status.TAKEN),
        (chen, "hand_over", {"department": engineering}, Status.HANDED),
        (liu, "accept", {}, Status.IN_HAND),
        (liu, "arrive", {}, Status.IN_HAND),
        (liu, "pause", {"reason": "material", "until": "2025-09-15T14:00"}, Status.WAITING),
        (liu, "resume", {}, Status.IN_HAND),
        (liu, "resolve", {"remedy": "更换水管接头"}, Status.RESOLVED),
        (chen, "reply", {"channel": "phone", "text": "已修好,请放心使用", "person_told": "林女士"}, Status.REPLIED),
        (chen, "archive", {}, Status.ARCHIVED),
    ]
    for user, step, data, status in walk:
        answer = post(client, user, fresh(web_case), step, **data)
        assert (answer.status_code, fresh(web_case).status) == (302, status), step
    assert verbs(web_case) == [
        "received",
        "taken",
        "handed",
        "accepted",
        "arrived",
        "paused",
        "resumed",
        "resolved",
        "replied",
        "visit_due",
        "archived",
        "visit_not_made",
    ]
    assert fresh(web_case).first_responsible == chen, "who took it stays responsible through every hand-over"
    assert fresh(web_case).version >= 9


@pytest.mark.parametrize("who", ["stranger", "li_na", "tang"])
def test_who_has_no_business_with_a_case_cannot_tell_that_it_exists(client, request, taken_case, who):
    client.force_login(request.getfixturevalue(who))
    answer = client.get(taken_case.get_absolute_url())
    assert answer.status_code in (403, 404)
    assert "厨房水管漏水" not in answer.text


def test_a_worker_of_another_department_cannot_tell_that_it_exists(client, handed_case, ma):
    client.force_login(ma)
    assert client.get(handed_case.get_absolute_url()).status_code == 404


def test_a_number_that_does_not_exist_looks_like_one_of_another_community(client, other, chen, stranger):
    theirs = case(other, by=stranger)
    client.force_login(chen)
    pages = [client.get(reverse("complaints:case", args=[n])) for n in (theirs.number, "LY-BX250915-9999")]
    assert [page.status_code for page in pages] == [404, 404]


def test_only_the_steps_that_this_person_may_take_are_offered(client, handed_case, chen, liu):
    client.force_login(liu)
    page = client.get(handed_case.get_absolute_url()).text
    assert reverse("complaints:accept", args=[handed_case.number]) in page
    assert "do=hand_over" not in page
    client.force_login(chen)
    page = client.get(handed_case.get_absolute_url()).text
    assert reverse("complaints:accept", args=[handed_case.number]) not in page
    assert "do=hand_over" in page


def test_a_step_of_somebody_else_is_refused_with_a_sentence(client, handed_case, chen):
    answer = post(client, chen, handed_case, "resolve", remedy="我说修好了")
    assert answer.status_code == 403
    assert "我说修好了" in answer.text, "the words are kept"
    assert fresh(handed_case).status == Status.HANDED


def test_a_step_that_the_state_does_not_allow_is_refused_and_names_the_state(client, taken_case, chen):
    answer = post(client, chen, taken_case, "archive")
    assert answer.status_code == 409
    assert fresh(taken_case).status == Status.TAKEN


def test_the_second_of_two_people_is_told_what_the_first_did_and_keeps_their_words(
    client, taken_case, chen, zhou, yunhu
):
    seen_by_zhou = taken_case.version
    post(client, chen, taken_case, "note", note="已联系水工")
    client.force_login(zhou)
    url = reverse("complaints:note", args=[taken_case.number])
    answer = client.post(url, {"version": seen_by_zhou, "note": "我来跟进"})
    assert answer.status_code == 409
    assert "我来跟进" in answer.text and "已联系水工" in answer.text
    assert verbs(taken_case).count("noted") == 1
    now = fresh(taken_case).version
    assert f'value="{now}"' in answer.text, "saving again is a decision made knowingly"
    assert client.post(url, {"version": now, "note": "我来跟进"}).status_code == 302


def test_what_the_clock_does_meanwhile_is_no_conflict(client, yunhu, office, chen, time_machine):
    late = case(yunhu, by=chen, now=at("2025-09-10 09:00"))
    seen = late.version
    actions.escalate_overdue(now=MONDAY)
    assert fresh(late).level == 3
    client.force_login(chen)
    answer = client.post(reverse("complaints:note", args=[late.number]), {"version": seen, "note": "还在等配件"})
    assert answer.status_code == 302


def test_an_empty_remedy_comes_back_with_an_error_that_links_to_the_field(client, case_in_hand, liu):
    answer = post(client, liu, case_in_hand, "resolve", remedy=" ")
    assert answer.status_code == 422
    assert 'href="#id_remedy"' in answer.text
    assert fresh(case_in_hand).status == Status.IN_HAND


@pytest.mark.parametrize(
    ("step", "data"),
    [
        ("resolve", {"remedy": "水" * 10_000}),
        ("pause", {"reason": "holiday", "until": "2025-09-15T14:00"}),
        ("pause", {"reason": "material", "until": "tomorrow"}),
        ("hand_over", {"department": "999999"}),
        ("resolve", {"remedy": "ok", "version": "x"}),
        ("resolve", {"remedy": "ok", "version": "99999999999999999999"}),
    ],
)
def test_bad_input_is_a_sentence_and_no_row(client, case_in_hand, zhou, step, data):
    before = fresh(case_in_hand).version
    answer = post(client, zhou, case_in_hand, step, **data)
    assert answer.status_code == 422
    assert fresh(case_in_hand).version == before


def test_a_pause_cannot_begin_once_the_case_is_late(client, case_in_hand, liu, time_machine):
    time_machine.move_to(at("2025-09-19 09:00"), tick=False)
    answer = post(client, liu, case_in_hand, "pause", reason="material", until="2025-09-19T18:00")
    assert answer.status_code == 409
    assert fresh(case_in_hand).status == Status.IN_HAND


def test_the_reply_goes_the_way_the_matter_came(client, resolved_case, chen):
    answer = post(client, chen, resolved_case, "reply", channel="visit", text="已修好", person_told="林女士")
    assert answer.status_code == 409
    assert "已修好" in answer.text
    assert (
        post(client, chen, resolved_case, "reply", channel="phone", text="已修好", person_told="林女士").status_code
        == 302
    )


def test_who_replies_in_the_place_of_the_first_responsible_is_named(client, resolved_case, zhou, chen):
    post(client, zhou, resolved_case, "reply", channel="phone", text="已修好", person_told="林女士")
    assert resolved_case.replies.get().in_place_of == chen


def test_a_reopened_case_begins_a_new_cycle_at_level_2_and_keeps_the_old_late_mark(
    client, resolved_case, chen, time_machine
):
    post(client, chen, resolved_case, "reply", channel="phone", text="已修好", person_told="林女士")
    time_machine.move_to(at("2025-09-17 10:00"), tick=False)
    post(client, chen, fresh(resolved_case), "reopen", note="又漏了")
    again = fresh(resolved_case)
    assert (again.status, again.cycle, again.level) == (Status.TAKEN, 2, 2)
    assert again.due_at == at("2025-09-20 18:00"), "the same policy runs from the reopening"
    assert again.resolved_at is None
    old = again.cycles.get()
    assert (old.number, old.was_late) == (1, False)


def test_an_archived_case_is_not_reopened_after_seven_days(client, resolved_case, chen, time_machine):
    post(client, chen, resolved_case, "reply", channel="phone", text="已修好", person_told="林女士")
    post(client, chen, fresh(resolved_case), "archive")
    time_machine.move_to(at("2025-09-23 09:00"), tick=False)
    assert post(client, chen, fresh(resolved_case), "reopen", note="又漏了").status_code == 409


def test_voiding_takes_two_people(client, taken_case, chen, zhou):
    post(client, chen, taken_case, "ask_void", reason="重复登记")
    assert fresh(taken_case).status == Status.TAKEN, "the clock runs on until somebody else decides"
    answer = post(client, chen, fresh(taken_case), "confirm_void", note="确认", confirm="1")
    assert answer.status_code == 403
    post(client, zhou, fresh(taken_case), "confirm_void", note="确认", confirm="1")
    assert fresh(taken_case).status == Status.VOID
    assert Case.objects.filter(pk=taken_case.pk).exists(), "the row and its number stay"


def test_a_supervisor_cannot_confirm_their_own_voiding(client, yunhu, office, zhou):
    own = case(yunhu, by=zhou)
    post(client, zhou, own, "ask_void", reason="记错了")
    assert post(client, zhou, fresh(own), "confirm_void", note="确认", confirm="1").status_code == 403


def test_a_second_call_about_the_same_matter_is_joined_and_kept(client, yunhu, taken_case, chen):
    second = case(yunhu, by=chen, reporter_name="吴刚")
    post(client, chen, second, "merge", into=taken_case.short_number)
    assert (fresh(second).status, fresh(second).merged_into) == (Status.MERGED, taken_case)
    assert "merge_received" in verbs(taken_case)


def test_only_a_step_that_leads_on_is_the_main_button(client, taken_case, chen, zhou):
    actions.escalate(taken_case, by=zhou, now=MONDAY, note="x")
    for status, main in ((Status.TAKEN, "resolve"), (Status.REPLIED, None)):
        if status == Status.REPLIED:
            actions.resolve(fresh(taken_case), by=zhou, now=MONDAY, remedy="好了")
            actions.reply(fresh(taken_case), channel="phone", text="已修好", person_told="林女士", by=zhou, now=MONDAY)
        client.force_login(zhou)
        panels = client.get(taken_case.get_absolute_url()).context["panels"]
        assert next((panel["step"] for panel in panels if panel["leads_on"]), None) == main
        assert not any(panel["leads_on"] for panel in panels if panel["step"] in ("lower", "escalate", "ask_void"))


def test_what_the_resident_sent_later_is_the_residents_in_the_timeline(client, taken_case, chen):
    events.log(taken_case, "photo_added", by=None, now=MONDAY, data={"count": 1}, public=True)
    client.force_login(chen)
    entry = client.get(taken_case.get_absolute_url()).context["entries"][0]
    assert (entry.event.verb, entry.kind, str(entry.who)) == ("photo_added", "outer", "业户")


def test_a_case_that_others_were_joined_to_is_answered_not_voided(client, yunhu, taken_case, chen):
    post(client, chen, case(yunhu, by=chen), "merge", into=taken_case.short_number)
    answer = post(client, chen, fresh(taken_case), "ask_void", reason="重复登记")
    assert (answer.status_code, "他们在等答复" in answer.content.decode()) == (409, True)
    assert "重复登记" in answer.content.decode(), "what was typed stays"
    assert fresh(taken_case).void_asked_at is None


def test_nothing_is_joined_to_a_case_that_may_be_voided(client, yunhu, taken_case, chen, zhou):
    post(client, zhou, taken_case, "ask_void", reason="重复登记")
    second = case(yunhu, by=chen)
    answer = post(client, chen, second, "merge", into=taken_case.short_number)
    assert (answer.status_code, "已有人申请作废" in answer.content.decode()) == (409, True)
    assert fresh(second).status == Status.TAKEN


def test_a_case_that_is_joined_to_another_is_no_longer_asked_to_be_voided(client, yunhu, taken_case, chen, zhou):
    second = case(yunhu, by=chen)
    post(client, zhou, second, "ask_void", reason="重复登记")
    post(client, chen, fresh(second), "merge", into=taken_case.short_number)
    assert (fresh(second).status, fresh(second).void_asked_by) == (Status.MERGED, None)


def test_a_case_cannot_be_joined_to_one_of_another_community(client, yunhu, other, taken_case, chen, stranger):
    theirs = case(other, by=stranger)
    answer = post(client, chen, taken_case, "merge", into=theirs.number)
    assert answer.status_code == 422
    assert fresh(taken_case).status == Status.TAKEN


def test_judging_anew_counts_the_deadline_again_from_receipt_and_says_why(client, taken_case, yunhu, chen, zhou):
    mail = yunhu.categories.get(code="mail")
    judged = {"kind": "inquiry", "category": mail.pk, "urgency": "ordinary", "severity": "general"}
    assert post(client, chen, taken_case, "reclassify", **judged, note="").status_code == 422
    post(client, chen, taken_case, "reclassify", **judged, note="问的是快递")
    again = fresh(taken_case)
    assert (again.category, again.department.is_centre, again.due_at) == (mail, True, at("2025-09-15 18:00"))
    assert again.number == taken_case.number, "a change of kind keeps the number"
    assert Event.objects.about(again).first().note == "问的是快递"


def test_what_becomes_urgent_rises_to_the_duty_manager_at_once(client, taken_case, zhou, chen):
    judged = {"kind": "repair", "category": taken_case.category_id, "severity": "general"}
    post(client, zhou, taken_case, "reclassify", **judged, urgency="special_urgent", note="漏到电箱")
    assert fresh(taken_case).level == 2


def test_a_hand_over_gives_time_and_never_takes_any(client, yunhu, office, chen):
    own = case(yunhu, by=chen, category="mail")
    assert own.due_at == at("2025-09-15 18:00")
    post(client, chen, own, "hand_over", department=yunhu.departments.get(code="security").pk)
    assert fresh(own).due_at == at("2025-09-18 18:00"), "three days from receipt, not from the hand-over"


def test_a_late_case_that_is_handed_over_stays_late(client, yunhu, office, chen, time_machine):
    own = case(yunhu, by=chen, category="mail")
    time_machine.move_to(at("2025-09-15 18:30"), tick=False)
    post(client, chen, own, "hand_over", department=yunhu.departments.get(code="security").pk)
    assert fresh(own).due_at == at("2025-09-15 18:00")


def test_two_people_on_one_case_see_each_other(client, taken_case, chen, zhou):
    client.force_login(zhou)
    client.post(reverse("complaints:presence", args=[taken_case.number]), {"state": "editing"})
    client.force_login(chen)
    answer = client.post(reverse("complaints:presence", args=[taken_case.number]), {"state": "viewing"})
    assert "周敏" in answer.text and "陈静" not in answer.text
    assert Presence.objects.count() == 2


def test_the_whole_telephone_number_is_shown_once_and_logged(client, taken_case, chen):
    client.force_login(chen)
    assert "13800001234" not in client.get(taken_case.get_absolute_url()).text
    answer = client.post(reverse("complaints:unmask", args=[taken_case.number]), {"reason": "约上门时间"}, follow=True)
    assert "13800001234" in answer.text
    assert Event.objects.about(taken_case).get(verb="unmasked").note == "约上门时间"
    assert "13800001234" not in client.get(taken_case.get_absolute_url()).text


def test_who_is_complained_about_learns_nothing(client, yunhu, office, chen, zhou):
    about_chen = case(yunhu, by=zhou, category="service", concerns=[chen])
    client.force_login(chen)
    assert client.get(about_chen.get_absolute_url()).status_code == 404
    assert post(client, chen, about_chen, "note", note="不是我").status_code == 404


def test_the_deadline_explains_itself(client, taken_case, chen):
    client.force_login(chen)
    page = client.get(taken_case.get_absolute_url()).text
    assert "第十九条" in page


def test_the_timeline_can_be_narrowed_to_what_residents_see(client, taken_case, chen):
    post(client, chen, taken_case, "note", note="内部:业主情绪激动")
    post(client, chen, fresh(taken_case), "note", note="师傅下午到", public="1")
    client.force_login(chen)
    outward = client.get(taken_case.get_absolute_url(), {"show": "public"}).text
    assert "师傅下午到" in outward and "业主情绪激动" not in outward


def test_a_head_assigns_within_the_department_only(client, handed_case, han, liu, ma):
    assert post(client, han, handed_case, "assign", worker=ma.pk).status_code == 422
    assert post(client, han, handed_case, "assign", worker=liu.pk).status_code == 302
    assert fresh(handed_case).assigned_to == liu


def test_a_clerk_assigns_only_where_the_department_has_no_head(client, handed_case, chen, liu, yunhu):
    assert post(client, chen, handed_case, "assign", worker=liu.pk).status_code == 403
    yunhu.memberships.filter(role="head").update(is_active=False)
    assert post(client, chen, handed_case, "assign", worker=liu.pk).status_code == 302


def test_a_job_that_goes_to_another_worker_disappears_from_the_first(client, handed_case, han, liu):
    other_worker = staff("he", "何伟", "worker", community=handed_case.community, department="engineering")
    post(client, han, handed_case, "assign", worker=other_worker.pk)
    client.force_login(liu)
    assert client.get(handed_case.get_absolute_url()).status_code == 404


def test_the_level_is_raised_by_hand_with_a_reason_and_lowered_by_who_holds_it(client, taken_case, chen, zhou):
    assert post(client, chen, taken_case, "escalate", note="").status_code == 422
    post(client, chen, taken_case, "escalate", note="住户要求见主管")
    assert fresh(taken_case).level == 2
    assert post(client, chen, fresh(taken_case), "lower", to_level=1, note="谈好了").status_code == 403
    post(client, zhou, fresh(taken_case), "lower", to_level=1, note="谈好了")
    assert (fresh(taken_case).level, fresh(taken_case).level_cycle) == (1, 2)


def test_a_new_code_ends_the_old_one(client, taken_case, chen):
    before = taken_case.token_digest
    answer = post(client, chen, taken_case, "new_code")
    assert answer.status_code == 200
    assert fresh(taken_case).token_digest != before


def test_the_page_shows_the_open_cases_of_the_same_unit_and_counts_a_year(client, yunhu, office, chen, liu, home, wu):
    long_ago = MONDAY - timedelta(days=366)
    old_open = case(yunhu, by=chen, unit=home, now=long_ago, summary="一年前的漏水")
    ended = case(yunhu, by=chen, unit=home, category="mail", summary="报纸少了一份")
    actions.resolve(ended, by=chen, now=MONDAY, remedy="已补送")
    actions.reply(fresh(ended), channel="phone", text="已补送", person_told="林女士", by=chen, now=MONDAY)
    actions.archive(fresh(ended), by=chen, now=MONDAY)
    here = case(yunhu, by=chen, unit=home)
    case(yunhu, by=chen, unit=wu.occupancies.get().unit, summary="隔壁的事")
    client.force_login(chen)
    context = client.get(here.get_absolute_url()).context
    assert [other.pk for other in context["same_unit"]] == [old_open.pk]
    assert context["in_a_year"] == 1, "the archived one; the open one is older than a year"


def test_who_asks_to_void_is_heard_by_the_supervisors_and_a_refusal_keeps_the_case(client, taken_case, chen, zhou):
    post(client, chen, taken_case, "ask_void", reason="重复登记")
    assert Notification.objects.filter(recipient=zhou, kind="case_void_asked", subject_id=taken_case.pk).exists()
    assert post(client, zhou, fresh(taken_case), "confirm_void", note="不是重复").status_code == 302
    kept = fresh(taken_case)
    assert (kept.status, kept.void_reason, kept.void_asked_by) == (Status.TAKEN, "", None)
    assert verbs(kept)[-1] == "void_refused"


def test_the_first_responsible_hears_of_a_job_that_comes_back(client, case_in_hand, liu, chen):
    post(client, liu, case_in_hand, "decline_job", reason="不属本部门")
    assert Notification.objects.filter(recipient=chen, kind="case_declined", subject_id=case_in_hand.pk).exists()


def test_what_the_resident_wrote_meanwhile_is_shown_before_the_next_step(client, case_in_hand, liu):
    seen = case_in_hand.version
    actions.add_resident_note(case_in_hand, now=MONDAY, note="又开始漏了,楼下也有")
    client.force_login(liu)
    url = reverse("complaints:resolve", args=[case_in_hand.number])
    answer = client.post(url, {"version": seen, "remedy": "已修好"})
    assert answer.status_code == 409
    assert "又开始漏了" in answer.text and "已修好" in answer.text


def test_a_registration_is_not_undone_over_what_the_resident_added(taken_case, chen):
    received = Event.objects.about(taken_case).get(verb="received")
    actions.add_resident_note(taken_case, now=MONDAY, note="还有一处也漏")
    with pytest.raises(Refused):
        actions.undo(received, by=chen, now=MONDAY + timedelta(minutes=1))
    assert fresh(taken_case).status == Status.TAKEN


def test_a_page_that_was_used_in_another_community_saves_nothing(yunhu, other, chen, stranger):
    theirs = case(other, by=stranger)
    with pytest.raises(Refused):
        case(yunhu, by=chen, submission=theirs.submission)
    assert not Case.objects.filter(community=yunhu).exists()


def test_a_request_to_void_ends_with_the_work(case_in_hand, chen, liu):
    actions.ask_void(case_in_hand, by=chen, now=MONDAY, reason="重复登记")
    actions.resolve(fresh(case_in_hand), by=liu, now=MONDAY, remedy="已修好")
    done = fresh(case_in_hand)
    assert (done.void_reason, done.void_asked_by, done.void_asked_at) == ("", None, None)


@pytest.mark.parametrize("until", ["2025-12-20T09:00", "2031-01-01T09:00"])
def test_a_pause_has_a_longest_length(client, case_in_hand, liu, until):
    answer = post(client, liu, case_in_hand, "pause", reason="material", until=until)
    assert answer.status_code in (409, 422)
    assert fresh(case_in_hand).status == Status.IN_HAND


def test_a_policy_may_forbid_pauses(client, case_in_hand, liu):
    case_in_hand.policy.can_pause = False
    case_in_hand.policy.save()
    assert post(client, liu, case_in_hand, "pause", reason="material", until="2025-09-15T14:00").status_code == 409


def test_who_replies_is_told_who_else_wants_to_hear_of_it(client, yunhu, office, chen, home, lin, wu):
    how = {"role": "family", "by": chen, "now": MONDAY}
    register.add_contact(home, lin, tell=["case"], name="林母", phone="13800009999", **how)
    register.add_contact(home, lin, tell=["fees"], name="林父", phone="13800008888", **how)
    row = case(yunhu, by=chen, category="mail", unit=home, reporter=lin)
    actions.resolve(row, by=chen, now=MONDAY, remedy="已答复")
    client.force_login(chen)
    page = client.get(row.get_absolute_url(), {"do": "reply"}).text
    assert "林母 138****9999" in page and "林父" not in page
    assert "林母" not in client.get(row.get_absolute_url()).text
