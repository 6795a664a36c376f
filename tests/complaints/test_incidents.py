"""S29: what many homes feel at once is said to callers at once, and everybody who called hears when it is over."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions
from complaints.models import Case, Incident, Reply, Status
from servicedesk.core.errors import NotAllowed
from servicedesk.core.models import Event, Notification
from tests import counting, factories
from tests.complaints import residents
from tests.desk.test_intake import filled
from tests.factories import MONDAY, case, fresh, unit

pytestmark = pytest.mark.django_db
WORDS = "三栋水泵故障,正在抢修,预计中午十二点恢复供水。"


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def no_water(community, by, *places, **facts):
    return factories.outage(community, *places, by=by, **{"words": WORDS, **facts})


@pytest.fixture
def building(yunhu, home):
    return home.building


@pytest.fixture
def outage(yunhu, office, chen, building):
    """No water in building 3, where Lin lives."""
    return no_water(yunhu, chen, (building, None, None), expected_end_at=MONDAY + timedelta(hours=3))


def typed(**changes):
    """What a browser posts about a known event."""
    return {
        "title": "停水",
        "kind": "emergency",
        "scope": "parts",
        "starts_at": "2025-09-15T09:00",
        "words": WORDS,
        "category": "",
        "department": "",
        **changes,
    }


def preview(client, yunhu, **facts):
    data = {"category": yunhu.categories.get(code="indoor").pk, **facts}
    return client.post(reverse("desk:preview"), data).text


# Made known -------------------------------------------------------------------------------------------------------


def test_an_event_made_known_is_told_to_everybody_who_takes_calls(client, yunhu, office, han, chen, zhou, building):
    client.force_login(han)
    engineering = yunhu.departments.get(code="engineering").pk
    data = typed(buildings=[building.pk], rooms="3-2-1201", department=engineering)
    answer = client.post(reverse("complaints:new_incident"), data)
    incident = Incident.objects.get()
    assert (answer.status_code, answer.url) == (302, incident.get_absolute_url())
    assert [str(place) for place in incident.places.order_by("pk")] == ["3 栋", "3-2-1201"]
    assert Event.objects.about(incident).get().verb == "incident_opened"
    told = Notification.objects.filter(kind="incident_opened", channel="inbox")
    assert set(told.values_list("recipient__username", flat=True)) == {"chen", "zhou"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"buildings": []}, "buildings"),
        ({"kind": "planned"}, "expected_end_at"),
        ({"expected_end_at": "2025-09-15T08:00"}, "expected_end_at"),
        ({"rooms": "9-9-0909"}, "rooms"),
        ({"words": ""}, "words"),
    ],
)
def test_what_is_missing_is_asked_for_and_the_words_stay(client, yunhu, chen, building, wrong, field):
    client.force_login(chen)
    answer = client.post(reverse("complaints:new_incident"), typed(buildings=[building.pk]) | wrong)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not Incident.objects.exists()


def test_a_room_that_stands_for_two_is_not_guessed(client, yunhu, chen, building):
    unit(yunhu, "5-1-1201")
    client.force_login(chen)
    answer = client.post(reverse("complaints:new_incident"), typed(rooms="1201"))
    assert "rooms" in answer.context["form"].errors


def test_heads_and_workers_run_the_events_of_their_own_department(yunhu, office, chen, liu, ma, building):
    outage = no_water(yunhu, liu, (building, None, None))
    with pytest.raises(NotAllowed):
        actions.move_incident_end(outage, expected_end_at=MONDAY + timedelta(hours=2), by=ma, now=MONDAY)
    actions.move_incident_end(outage, expected_end_at=MONDAY + timedelta(hours=2), by=liu, now=MONDAY)
    assert Event.objects.about(outage).first().verb == "incident_end_moved"


def test_two_people_who_change_an_event_at_once_lose_no_word(client, outage, chen, building):
    client.force_login(chen)
    actions.move_incident_end(outage, expected_end_at=MONDAY + timedelta(hours=2), by=chen, now=MONDAY)
    data = typed(buildings=[building.pk], words="改过的话", version=0)
    answer = client.post(reverse("complaints:change_incident", args=[outage.pk]), data)
    assert (answer.status_code, "改过的话" in answer.text) == (409, True)
    data["version"] = 1
    assert client.post(reverse("complaints:change_incident", args=[outage.pk]), data).status_code == 302
    changed = Event.objects.about(outage).first()
    assert (changed.verb, changed.note, changed.data["was"]["words"]) == ("incident_changed", "改过的话", WORDS)


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "planned", "expected_end_at": None},
        {"expected_end_at": MONDAY},
        {"words": ""},
        {"status": "ended"},
        {"ended_at": MONDAY},
        {"confirmed_at": MONDAY},
    ],
)
def test_the_database_refuses_an_event_that_cannot_be(outage, facts):
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.filter(pk=outage.pk).update(**facts)


def test_an_event_is_never_deleted(outage):
    outage.places.all().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        outage.delete()


def test_the_events_of_another_community_are_nowhere(client, other, stranger, outage):
    client.force_login(stranger)
    for name in ("incident", "change_incident", "move_incident_end", "end_incident", "answer_callers"):
        assert client.get(reverse(f"complaints:{name}", args=[outage.pk])).status_code == 404
    assert WORDS not in client.get(reverse("complaints:incidents")).text
    assert client.get(reverse("complaints:incidents")).context["running"] == []


# At the desk ------------------------------------------------------------------------------------------------------


def test_a_caller_from_there_is_told_at_once(client, yunhu, outage, chen, lin):
    client.force_login(chen)
    who = filled(yunhu, lin)["who"]
    assert WORDS in preview(client, yunhu, who=who)
    assert WORDS in preview(client, yunhu, q="3栋大堂"), "a place in words, too"
    assert WORDS not in preview(client, yunhu, q="12-1201")
    assert WORDS not in preview(client, yunhu, who=who, place="12 栋"), "the caller's place, not the caller's home"


def test_a_matter_of_another_department_has_nothing_to_do_with_it(client, yunhu, outage, chen, lin):
    client.force_login(chen)
    noise = yunhu.categories.get(code="noise").pk
    assert WORDS not in preview(client, yunhu, who=filled(yunhu, lin)["who"], category=noise)


@pytest.mark.parametrize(("scope", "says"), [("entrance", True), ("room", True), ("entrance next door", False)])
def test_an_event_of_one_entrance_or_room_is_said_only_there(client, yunhu, chen, home, lin, scope, says):
    next_door = unit(yunhu, "3-1-0101").section
    places = {
        "entrance": (home.building, home.section, None),
        "room": (home.building, home.section, home),
        "entrance next door": (home.building, next_door, None),
    }
    no_water(yunhu, chen, places[scope])
    client.force_login(chen)
    assert (WORDS in preview(client, yunhu, who=filled(yunhu, lin)["who"])) == says


def test_what_begins_next_week_or_is_over_is_not_said(client, yunhu, chen, lin, outage):
    client.force_login(chen)
    who = filled(yunhu, lin)["who"]
    actions.end_incident(outage, reply="已恢复", by=chen, now=MONDAY)
    no_water(yunhu, chen, words="下周停水清洗水箱", starts_at=MONDAY + timedelta(days=6))
    assert "<q" not in preview(client, yunhu, who=who).split('id="incidents"')[1].split('id="why"')[0]


def test_the_choice_of_the_clerk_is_kept_with_the_case_and_can_be_undone(client, yunhu, outage, chen, lin):
    client.force_login(chen)
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, incident=outage.pk), follow=True)
    made = Case.objects.get()
    assert made.incident == outage
    assert made.due_at > MONDAY, "its clock is its own"
    assert (
        client.post(answer.context["messages"]._loaded_data[0].extra_tags.split()[0].removeprefix("undo:")).status_code
        == 302
    )
    assert fresh(made).status == Status.VOID


@pytest.mark.parametrize("junk", ["x", "-1", "99999999999999999999", "0", "'"])
def test_an_event_that_nobody_offered_changes_nothing(client, yunhu, outage, chen, lin, junk):
    client.force_login(chen)
    answer = client.post(reverse("desk:intake"), filled(yunhu, lin, incident=junk))
    assert answer.status_code in (302, 422)
    assert not Case.objects.filter(incident__isnull=False).exists()


def test_a_case_is_linked_and_unlinked_on_its_page(client, yunhu, outage, taken_case, chen):
    client.force_login(chen)
    url = reverse("complaints:link_incident", args=[taken_case.number])
    assert client.post(url, {"version": 0, "incident": outage.pk}).status_code == 302
    assert fresh(taken_case).incident == outage
    assert WORDS in client.get(taken_case.get_absolute_url()).text
    assert client.post(url, {"version": 1, "incident": ""}).status_code == 302
    verbs = Event.objects.about(taken_case).order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["received", "incident_linked", "incident_unlinked"]


def test_nobody_reads_of_a_case_that_is_about_them_on_the_page_of_an_event(client, yunhu, outage, chen, zhou):
    about = case(yunhu, by=chen, incident=outage, concerns=[zhou], category="service")
    for who, seen in ((zhou, False), (chen, True)):
        client.force_login(who)
        page = client.get(outage.get_absolute_url())
        assert (about.short_number in page.text, len(page.context["cases"])) == (seen, int(seen))
        line = client.get(reverse("complaints:incidents")).context["running"][0]
        assert line["linked"] == int(seen)


# For residents ----------------------------------------------------------------------------------------------------


def test_residents_read_of_it_before_they_write(client, yunhu, outage):
    assert WORDS in client.get(reverse("complaints:home_public"), {"c": "YH"}).text
    assert WORDS in client.get(residents.begin(client, yunhu)).text
    there = residents.fill(client, yunhu)
    assert WORDS in client.get(there).text
    elsewhere = residents.fill(client, yunhu, contact=residents.CONTACT | {"room": "12-0902"})
    assert WORDS not in client.get(elsewhere).text


@pytest.mark.parametrize("same", [True, False])
def test_a_resident_may_report_all_the_same_or_only_be_told_when_it_is_over(client, yunhu, outage, same):
    address = residents.fill(client, yunhu)
    answer = client.post(address, {"incident": outage.pk if same else ""})
    made = Case.objects.get()
    assert made.incident == (outage if same else None)
    assert (WORDS in client.get(answer.url).text) == same, "the tracking page shows the event"


def test_a_resident_cannot_link_to_what_was_not_offered(client, yunhu, chen, outage):
    elsewhere = residents.fill(client, yunhu, contact=residents.CONTACT | {"room": "12-0902"})
    client.post(elsewhere, {"incident": outage.pk})
    assert Case.objects.get().incident is None


def test_a_public_page_names_no_room(client, yunhu, chen, home):
    no_water(yunhu, chen, (home.building, home.section, home), title="室内爆管")
    page = client.get(reverse("complaints:home_public"), {"c": "YH"}).text
    assert "室内爆管" in page
    assert "1201" not in page


# Over -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def callers(yunhu, outage, chen):
    """Three who called or wrote about it: by web, by telephone, and one that is about the supervisor."""
    return {
        "web": case(yunhu, by=None, incident=outage),
        "phone": case(yunhu, by=chen, incident=outage, reporter_name="吴刚"),
        "alone": case(yunhu, by=chen),
    }


def end(client, user, outage, reply="供水已恢复,谢谢您的耐心。"):
    client.force_login(user)
    answer = client.post(reverse("complaints:end_incident", args=[outage.pk]), {"reply": reply})
    assert answer.url == reverse("complaints:answer_callers", args=[outage.pk])
    return answer.url


def test_ending_tells_nobody_before_the_words_are_confirmed(client, outage, callers, zhou):
    page = client.get(end(client, zhou, outage)).text
    assert "供水已恢复" in page
    assert {fresh(one).status for one in callers.values()} == {Status.RECEIVED, Status.TAKEN}
    assert not Reply.objects.exists()


def test_confirming_answers_each_caller_in_their_own_channel_and_once(client, outage, callers, zhou, chen):
    address = end(client, zhou, outage)
    client.post(address, {"reply": "供水已恢复,请先放水两分钟。"})
    web, phone, alone = (fresh(callers[name]) for name in ("web", "phone", "alone"))
    assert (web.status, phone.status, alone.status) == (Status.REPLIED, Status.RESOLVED, Status.TAKEN)
    sent = Reply.objects.get()
    assert (sent.case, sent.channel, sent.text) == (web, "web", "供水已恢复,请先放水两分钟。")
    # Pressed again, and with other words: nothing is sent twice, and what all are told stays what it was.
    client.post(address, {"reply": "别的话"})
    assert Reply.objects.count() == 1
    actions.answer_callers(Incident.objects.get(), by=zhou, now=MONDAY, text="从旧页面来的话")
    outage.refresh_from_db()
    assert outage.reply == "供水已恢复,请先放水两分钟。"
    client.force_login(chen)
    panel = client.get(phone.get_absolute_url(), {"do": "reply"})
    assert panel.context["form"]["text"].value() == outage.reply, "who is called hears the same words"


def test_what_is_not_theirs_is_left_and_named_with_the_reason(client, yunhu, outage, callers, chen, liu):
    actions.hand_over(callers["phone"], department=yunhu.departments.get(code="engineering"), by=chen, now=MONDAY)
    actions.accept(fresh(callers["phone"]), by=liu, now=MONDAY)
    address = end(client, chen, outage)
    page = client.get(address)
    words = {line["case"].pk: str(line["prospect"].words) for line in page.context["lines"]}
    assert "刘强" in words[callers["phone"].pk]
    client.post(address, {"reply": "已恢复"})
    assert fresh(callers["phone"]).status == Status.IN_HAND
    assert fresh(callers["web"]).status == Status.RECEIVED, "a clerk does not resolve what is engineering's"
    client.force_login(liu)
    client.post(address)
    assert fresh(callers["phone"]).status == Status.RESOLVED


def test_a_case_about_who_confirms_is_neither_shown_nor_answered(client, yunhu, outage, chen, zhou):
    about = case(yunhu, by=None, incident=outage, concerns=[zhou], category="service")
    address = end(client, zhou, outage)
    assert client.get(address).context["lines"] == []
    client.post(address, {"reply": "已恢复"})
    assert fresh(about).status == Status.RECEIVED


def test_nothing_is_confirmed_while_it_still_runs(client, outage, callers, zhou):
    client.force_login(zhou)
    client.post(reverse("complaints:answer_callers", args=[outage.pk]), {"reply": "已恢复"})
    assert not Reply.objects.exists()
    outage.refresh_from_db()
    assert outage.status == Incident.Status.OPEN


def test_an_empty_reply_is_asked_for(client, outage, zhou):
    client.force_login(zhou)
    answer = client.post(reverse("complaints:end_incident", args=[outage.pk]), {"reply": " "})
    assert (answer.status_code, "reply" in answer.context["form"].errors) == (422, True)


@pytest.mark.parametrize("others", [1, 12])
def test_the_pages_of_events_cost_the_same_for_few_and_for_many(client, yunhu, office, chen, zhou, home, others):
    events = [no_water(yunhu, chen, (home.building, home.section, home)) for _ in range(others + 1)]
    for _ in range(others + 1):
        case(yunhu, by=None, incident=events[0])
    actions.end_incident(events[0], reply="已恢复", by=chen, now=MONDAY)
    client.force_login(zhou)
    pages = {
        "known events": reverse("complaints:incidents"),
        "known event": events[0].get_absolute_url(),
        "known event, callers to answer": reverse("complaints:answer_callers", args=[events[0].pk]),
    }
    for name, url in pages.items():
        client.get(url)
        with counting.pinned(name) as captured:
            assert client.get(url).status_code == 200
        assert len(captured) <= 15
