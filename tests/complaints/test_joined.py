"""Two callers, one matter: joined, both keep their number, their page and their answer."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions
from complaints.models import CallerTold, Case, Reply, Status
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Notification
from tests.complaints import residents
from tests.desk.test_intake import filled
from tests.factories import MONDAY, case, fresh, told

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SECRET = ["林晓梅", "13800001234", "3-2-1201", "家里的原话"]


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def lead(yunhu, office, chen, zhou, home):
    """Lin's own case, that goes on."""
    return case(yunhu, by=zhou, unit=home, description="家里的原话", place="3-2-1201")


@pytest.fixture
def caller(yunhu, lead, chen):
    """Wu's request by the web, joined to Lin's."""
    facts = {"reporter_name": "吴刚", "reporter_phone": "13900005678", "summary": "楼上漏水"}
    made = case(yunhu, by=None, **facts)
    actions.merge(made, into=lead, by=chen, now=MONDAY)
    return fresh(made)


def page_of(client, case):
    return client.get(reverse("complaints:track", args=[actions.first_token(case)]))


def post(client, user, case, step, **data):
    client.force_login(user)
    return client.post(reverse(f"complaints:{step}", args=[case.number]), {"version": fresh(case).version, **data})


def settle(lead, zhou, text="已修好"):
    actions.resolve(fresh(lead), by=zhou, now=MONDAY + HOUR, remedy="更换接头")
    told(fresh(lead), by=zhou, now=MONDAY + HOUR, text=text)


# At the desk ------------------------------------------------------------------------------------------------------


def test_a_second_call_is_joined_while_it_is_recorded(client, yunhu, lead, chen, lin):
    client.force_login(chen)
    picked = client.get(reverse("desk:pick"), {"who": filled(yunhu, lin)["who"]}).text
    assert f'name="joins" value="{lead.pk}"' in picked
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, joins=lead.pk))
    assert answer.status_code == 302
    second = Case.objects.order_by("pk").last()
    assert (second.status, second.merged_into) == (Status.MERGED, lead)
    assert second.number != lead.number, "the caller has a number of their own"
    assert Event.objects.about(lead).first().verb == "merge_received"


def test_an_open_case_of_the_same_category_is_shown_as_perhaps_the_same(client, yunhu, lead, chen, lin, time_machine):
    facts = {"who": filled(yunhu, lin)["who"], "category": lead.category_id}
    noise = yunhu.categories.get(code="noise").pk
    for hours, category, same in ((0, lead.category_id, [lead]), (0, noise, []), (73, lead.category_id, [])):
        time_machine.move_to(MONDAY + timedelta(hours=hours), tick=False)
        client.force_login(chen)
        answer = client.post(reverse("desk:preview"), facts | {"category": category})
        assert answer.context["before"].same == same


def test_a_case_that_has_ended_meanwhile_is_not_joined_and_the_words_stay(client, yunhu, lead, chen, zhou, lin):
    settle(lead, zhou)
    actions.archive(fresh(lead), by=zhou, now=MONDAY + HOUR)
    client.force_login(chen)
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, joins=lead.pk))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["joins"])
    assert "厨房水管漏水" in answer.text
    assert Case.objects.count() == 1


def test_what_may_not_be_joined_is_not_recorded_either(client, yunhu, lead, chen, zhou, lin):
    actions.ask_void(lead, by=zhou, now=MONDAY, reason="重复")
    client.force_login(chen)
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, joins=lead.pk))
    assert (answer.status_code, Case.objects.count()) == (409, 1)


def test_the_case_page_offers_to_join_what_may_be_the_same(client, yunhu, lead, chen, home):
    second = case(yunhu, by=chen, unit=home)
    client.force_login(chen)
    page = client.get(second.get_absolute_url())
    assert page.context["may_be_same"] == [lead]
    panel = client.get(second.get_absolute_url(), {"do": "merge", "into": lead.short_number})
    assert panel.context["form"]["into"].value() == lead.short_number


def test_callers_who_were_joined_go_on_with_the_case_that_is_joined_further(client, yunhu, lead, caller, zhou):
    last = case(yunhu, by=zhou)
    actions.merge(fresh(lead), into=last, by=zhou, now=MONDAY)
    assert set(last.merged_cases.all()) == {lead, caller}
    assert Event.objects.about(caller).first().verb == "merged_on"


# The page of the caller -------------------------------------------------------------------------------------------


def test_the_page_of_a_joined_caller_goes_on_with_the_other_case(client, lead, caller, zhou, time_machine):
    before = page_of(client, caller)
    assert before.context["due_at"] == lead.due_at, "its deadline"
    assert before.context["stage"][0] == "new", "its status"
    engineering = lead.community.departments.get(code="engineering")
    actions.hand_over(fresh(lead), department=engineering, by=zhou, now=MONDAY + HOUR)
    actions.add_note(fresh(lead), by=zhou, now=MONDAY + HOUR, note="师傅下午两点到。", public=True)
    after = page_of(client, caller)
    assert "师傅下午两点到" in after.text
    assert [entry.event.verb for entry in after.context["entries"]] == ["told", "handed", "merged", "received"]


def test_a_joined_caller_hurries_the_case_that_goes_on(client, lead, caller, zhou, time_machine):
    """Each caller once in four hours, and neither page says that the other asked."""
    for one in (caller, lead):
        assert page_of(client, one).context["can_urge"]
        url = reverse("complaints:track_urge", args=[actions.first_token(one)])
        assert client.post(url).status_code == 303
        assert client.post(url).status_code == 409, "not a second time so soon"
    assert (fresh(lead).urges, fresh(caller).urges) == (2, 0)
    assert Notification.objects.filter(recipient=zhou, kind="case_urged", subject_id=lead.pk).count() == 2
    for one in (caller, lead):
        verbs = [entry.event.verb for entry in page_of(client, one).context["entries"]]
        assert verbs.count("resident_urged") == 1
    time_machine.move_to(MONDAY + 4 * HOUR, tick=False)
    assert client.post(reverse("complaints:track_urge", args=[actions.first_token(caller)])).status_code == 303


def test_where_the_work_is_done_a_joined_caller_has_nothing_to_hurry(client, lead, caller, zhou):
    settle(lead, zhou)
    assert not page_of(client, caller).context["can_urge"]
    assert client.post(reverse("complaints:track_urge", args=[actions.first_token(caller)])).status_code == 409
    assert fresh(lead).urges == 0


def test_nothing_of_the_other_caller_is_on_it(client, lead, caller, zhou):
    actions.add_resident_note(fresh(lead), now=MONDAY + HOUR, note="家里的原话", pictures=[])
    actions.resident_urge(fresh(lead), now=MONDAY + HOUR)
    for note in ("林女士,师傅已出发。", "1201 的水阀已关。", "请拨 13800001234 联系。"):
        actions.add_note(fresh(lead), by=zhou, now=MONDAY + HOUR, note=note, public=True)
    settle(lead, zhou, text="林女士家已修好")
    page = page_of(client, caller)
    assert not [words for words in (*SECRET, "林女士", "1201", "林") if words in page.text]
    assert {entry.event.verb for entry in page.context["entries"]} == {"resolved", "merged", "received"}
    own = page_of(client, lead).text
    assert "吴刚" not in own
    assert "楼上漏水" not in own


def test_a_photo_of_one_caller_is_not_the_others(client, lead, caller):
    client.post(reverse("complaints:track_note", args=[actions.first_token(lead)]), {"photo1": residents.picture()})
    assert page_of(client, lead).context["pictures"]
    assert page_of(client, caller).context["pictures"] == []


def test_what_happened_before_it_was_joined_is_not_theirs(client, yunhu, lead, chen, zhou):
    actions.add_note(lead, by=zhou, now=MONDAY - HOUR, note="早先的话", public=True)
    late = case(yunhu, by=None, reporter_name="吴刚", reporter_phone="13900005678")
    actions.merge(late, into=fresh(lead), by=chen, now=MONDAY)
    assert "早先的话" not in page_of(client, late).text


def test_a_caller_waits_for_the_result_until_they_have_been_told_themselves(client, lead, caller, zhou):
    settle(lead, zhou)
    assert page_of(client, caller).context["stage"][0] == "work"
    actions.tell_caller(fresh(lead), caller=fresh(caller), channel="web", text="漏点已修", by=zhou, now=MONDAY + HOUR)
    page = page_of(client, caller)
    assert page.context["stage"][0] == "visit"
    assert "漏点已修" in page.text
    assert page.context["can_reopen"]


def test_a_joined_caller_may_say_that_it_is_not_solved(client, lead, caller, zhou):
    settle(lead, zhou)
    actions.tell_caller(fresh(lead), caller=fresh(caller), channel="web", text="漏点已修", by=zhou, now=MONDAY + HOUR)
    client.post(reverse("complaints:track_reopen", args=[actions.first_token(caller)]), {"note": "还在滴"})
    assert (fresh(lead).status, fresh(lead).cycle) == (Status.TAKEN, 2)
    assert "还在滴" not in page_of(client, lead).text
    who = {entry.event.verb: entry.who for entry in page_of(client, lead).context["entries"]}
    mine = {entry.event.verb: entry.who for entry in page_of(client, caller).context["entries"]}
    assert who["reopened"] != mine["reopened"], "each reads who it was from their own side"


def test_what_a_joined_caller_adds_is_told_to_who_answers(client, lead, caller, zhou):
    client.post(reverse("complaints:track_note", args=[actions.first_token(caller)]), {"note": "家里又滴水了"})
    assert zhou.notifications.filter(kind="resident_noted").exists()
    assert "家里又滴水了" not in page_of(client, lead).text


def test_the_link_of_a_joined_caller_ends_with_the_case_that_went_on(client, lead, caller, zhou, time_machine):
    settle(lead, zhou)
    actions.tell_caller(fresh(lead), caller=fresh(caller), channel="web", text="已修", by=zhou, now=MONDAY + HOUR)
    actions.archive(fresh(lead), by=zhou, now=MONDAY + HOUR)
    time_machine.move_to(MONDAY + timedelta(days=90), tick=False)
    assert page_of(client, caller).status_code == 200
    time_machine.move_to(MONDAY + timedelta(days=90) + HOUR, tick=False)
    assert page_of(client, caller).status_code == 404


# Who has been told ------------------------------------------------------------------------------------------------


def test_nothing_is_archived_while_a_joined_caller_has_not_been_told(client, lead, caller, zhou, chen):
    settle(lead, zhou)
    answer = post(client, chen, lead, "archive")
    assert (answer.status_code, fresh(lead).status) == (409, Status.REPLIED)
    assert caller.short_number in answer.text
    assert not Case.objects.nothing_owed().filter(pk=lead.pk).exists()
    answer = post(client, zhou, lead, "tell_caller", caller=caller.pk, channel="web", text="漏点已修")
    assert answer.status_code == 302
    said = Reply.objects.get(case=caller)
    assert (said.channel, said.text, CallerTold.objects.get().reply) == ("web", "漏点已修", said)
    assert Case.objects.nothing_owed().filter(pk=lead.pk).exists()
    assert post(client, chen, lead, "archive").status_code == 302


def test_a_caller_is_told_in_their_own_channel(client, yunhu, lead, chen, zhou):
    visitor = case(yunhu, by=chen, channel="visit", reporter_name="吴刚")
    actions.merge(visitor, into=lead, by=chen, now=MONDAY)
    settle(lead, zhou)
    answer = post(
        client, zhou, lead, "tell_caller", caller=visitor.pk, channel="phone", text="漏点已修", person_told="吴刚"
    )
    assert (answer.status_code, "漏点已修" in answer.text) == (409, True)
    assert not CallerTold.objects.exists()


def test_a_caller_who_cannot_be_told_is_explained(client, lead, caller, zhou, chen):
    settle(lead, zhou)
    assert post(client, zhou, lead, "tell_caller", caller=caller.pk, reason="三次电话无人接听").status_code == 302
    assert CallerTold.objects.get().reason == "三次电话无人接听"
    assert Event.objects.about(caller).first().verb == "caller_excused"
    assert post(client, chen, lead, "archive").status_code == 302


def test_a_caller_is_told_once_and_again_only_after_a_reopening(lead, caller, zhou):
    settle(lead, zhou)
    words = {"caller": caller, "channel": "web", "text": "已修", "by": zhou, "now": MONDAY + HOUR}
    actions.tell_caller(fresh(lead), **words | {"caller": fresh(caller)})
    with pytest.raises(Refused):
        actions.tell_caller(fresh(lead), **words | {"caller": fresh(caller)})
    assert Reply.objects.filter(case=caller).count() == 1
    actions.reopen(fresh(lead), by=zhou, now=MONDAY + HOUR, note="又漏了")
    settle(lead, zhou)
    with pytest.raises(Refused, match=caller.short_number):
        actions.archive(fresh(lead), by=zhou, now=MONDAY + HOUR)


def test_the_draft_for_a_caller_names_nobody_else(client, lead, caller, zhou):
    for text, draft in (("已修好,请放心", "已修好,请放心"), ("林女士,您家已修好", "")):
        if fresh(lead).status == Status.REPLIED:
            actions.reopen(fresh(lead), by=zhou, now=MONDAY + HOUR, note="又漏了")
        settle(lead, zhou, text=text)
        client.force_login(zhou)
        form = client.get(lead.get_absolute_url(), {"do": "tell_caller"}).context["form"]
        assert (form["text"].value() or "") == draft


def test_the_database_keeps_who_was_told(lead, caller, zhou):
    settle(lead, zhou)
    actions.excuse_caller(fresh(lead), caller=fresh(caller), reason="无人接听", by=zhou, now=MONDAY + HOUR)
    row = CallerTold.objects.get()
    for change in (
        lambda: CallerTold.objects.update(reason="别的"),
        lambda: row.delete(),
        lambda: CallerTold.objects.create(case=caller, cycle=1, reason="又一次", by=zhou, at=MONDAY),
        lambda: CallerTold.objects.create(case=caller, cycle=2, by=zhou, at=MONDAY),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_who_is_named_later_no_longer_sees_the_callers_who_were_joined(lead, caller, zhou, chen):
    actions.name_concerned(fresh(lead), user=chen, by=zhou, now=MONDAY, note="正是他")
    assert not Case.objects.visible_to(chen).filter(pk__in=[lead.pk, caller.pk]).exists()
