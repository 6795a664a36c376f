"""The same matter again: it follows what it comes back from, is mended without charge and rises the third time."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions
from complaints.models import Case, Escalation, Kind, RepeatRule, Status
from servicedesk.core.models import Event
from tests.complaints import residents
from tests.desk.test_intake import filled, line_of
from tests.factories import MONDAY, case, cleared, fresh, told

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def answered(community, zhou, *, ago, archived=True, **facts):
    """A case that was answered `ago` before Monday, an hour after it came, and archived at once."""
    at = MONDAY - ago
    made = case(community, by=zhou, now=at - timedelta(hours=1), **facts)
    actions.resolve(cleared(made), by=zhou, now=at, remedy="更换接头")
    told(made, by=zhou, now=at)
    if archived:
        actions.archive(made, by=zhou, now=at)
    return fresh(made)


def call(client, yunhu, chen, lin, **changes):
    client.force_login(chen)
    assert client.post(reverse("desk:intake"), filled(yunhu, lin, **changes)).status_code == 302
    return Case.objects.order_by("pk").last()


def test_what_comes_back_within_thirty_days_follows_and_is_mended_without_charge(
    client, yunhu, office, chen, zhou, lin, home
):
    first = answered(yunhu, zhou, ago=30 * DAY, unit=home)
    again = call(client, yunhu, chen, lin)
    assert (again.follows, again.is_repeat, again.is_free_rework) == (first, True, True)
    assert list(Case.objects.repeats()) == [again]
    assert Event.objects.about(again).filter(verb="come_back").get().data["number"] == first.short_number
    for page, other in ((again, first), (first, again)):
        assert other.short_number in client.get(page.get_absolute_url()).text, "shown on both pages"


@pytest.mark.parametrize(
    ("facts", "changes"),
    [
        ({"ago": 31 * DAY}, {}),
        ({"ago": DAY, "category": "facilities"}, {}),
        ({"ago": DAY}, {"is_new_matter": "on"}),
    ],
    ids=["too long ago", "another category", "the clerk says it is not"],
)
def test_what_is_another_matter_follows_nothing(client, yunhu, office, chen, zhou, lin, home, facts, changes):
    answered(yunhu, zhou, unit=home, **facts)
    again = call(client, yunhu, chen, lin, **changes)
    assert (again.follows, again.is_repeat) == (None, False)


def test_a_person_is_known_again_in_another_room(client, yunhu, office, chen, zhou, lin, wu, home):
    first = answered(yunhu, zhou, ago=DAY, reporter=lin, unit=wu.occupancies.get().unit)
    assert call(client, yunhu, chen, lin).follows == first


def test_a_complaint_that_comes_back_is_a_repeat_and_no_rework(client, yunhu, office, chen, zhou, lin, home):
    answered(yunhu, zhou, ago=DAY, unit=home, category="mail")
    again = call(client, yunhu, chen, lin, category=yunhu.categories.get(code="mail").pk)
    assert (again.kind, again.is_repeat, again.is_free_rework) == (Kind.INQUIRY, True, False)


def test_the_third_time_within_ninety_days_starts_at_level_two_and_says_why(
    client, yunhu, office, chen, zhou, lin, home
):
    earlier = [answered(yunhu, zhou, ago=ago, unit=home) for ago in (80 * DAY, 40 * DAY)]
    preview = client_preview(client, yunhu, chen, lin)
    assert 'data-level="2"' in preview, "said before it is saved"
    third = call(client, yunhu, chen, lin)
    assert third.level == 2
    step = Escalation.objects.get(case=third)
    assert (step.trigger, step.from_level, step.to_level) == ("repeated", 1, 2)
    note = Event.objects.about(third).get(verb="escalated").note
    assert all(one.short_number in note for one in earlier)


def client_preview(client, yunhu, chen, lin, **changes):
    client.force_login(chen)
    data = {"category": yunhu.categories.get(code="indoor").pk, "who": line_of(lin), **changes}
    return client.post(reverse("desk:preview"), data).text


def test_the_second_time_stays_at_level_one(client, yunhu, office, chen, zhou, lin, home):
    answered(yunhu, zhou, ago=80 * DAY, unit=home)
    assert call(client, yunhu, chen, lin).level == 1


def test_a_community_sets_its_own_days(client, yunhu, office, chen, zhou, lin, home):
    RepeatRule.objects.create(community=yunhu, repeat_days=5, third_days=50)
    for ago in (60 * DAY, 10 * DAY):
        answered(yunhu, zhou, ago=ago, unit=home)
    again = call(client, yunhu, chen, lin)
    assert (again.follows, again.level) == (None, 1)


def test_a_matter_about_staff_leads_to_no_other_and_from_no_other(client, yunhu, office, chen, zhou, lin, home):
    """Ruling 12: neither by a number nor by a level does anybody learn that there is a case about them."""
    facts = {"unit": home, "category": "service", "concerns": [chen]}
    for ago in (20 * DAY, 10 * DAY):
        answered(yunhu, zhou, ago=ago, **facts)
    plain = case(yunhu, by=chen, unit=home, category="service")
    assert (plain.follows, plain.level) == (None, 1)
    again = case(yunhu, by=zhou, **facts)
    assert again.follows is not None
    assert again.level == 2, "the third about the same person, for those who see it"


def test_a_web_request_is_known_again_by_its_room_and_tells_its_sender_nothing(client, yunhu, office, zhou, home):
    first = answered(yunhu, zhou, ago=DAY, unit=home)
    page = client.get(residents.send(client, yunhu)).text
    assert Case.objects.get(channel="web").follows == first
    assert first.short_number not in page


def test_a_repeat_without_what_it_follows_cannot_be(taken_case):
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=taken_case.pk).update(is_repeat=True)


# Closed too long ago ----------------------------------------------------------------------------------------------


def test_what_was_archived_too_long_ago_is_followed_by_a_new_case_from_its_page(
    client, yunhu, office, chen, zhou, lin, home
):
    old = answered(yunhu, zhou, ago=8 * DAY, unit=home, reporter=lin)
    client.force_login(chen)
    page = client.get(old.get_absolute_url())
    assert "reopen" not in [panel["step"] for panel in page.context["panels"]]
    address = f"{reverse('desk:intake')}?follows={old.number}"
    assert address in page.text
    form = client.get(address).context["form"]
    assert (form["who"].value(), form["category"].value()) == (line_of(lin), old.category_id)
    made = call(client, yunhu, chen, lin, follows=old.pk)
    assert (made.follows, made.is_repeat) == (old, True)


def test_a_case_long_closed_is_followed_but_is_no_repeat(client, yunhu, office, chen, zhou, lin, home):
    old = answered(yunhu, zhou, ago=300 * DAY, unit=home)
    made = call(client, yunhu, chen, lin, follows=old.pk)
    assert (made.follows, made.is_repeat) == (old, False)


@pytest.mark.parametrize("number", ["YH-BX250101-0001", "x", "'", "\x00"])
def test_following_nothing_opens_an_empty_page(client, yunhu, chen, number):
    client.force_login(chen)
    assert client.get(reverse("desk:intake"), {"follows": number}).status_code == 200


def test_nobody_begins_a_case_that_follows_one_about_them(client, yunhu, office, chen, zhou, lin, home):
    old = answered(yunhu, zhou, ago=8 * DAY, unit=home, category="service", concerns=[chen])
    client.force_login(chen)
    form = client.get(reverse("desk:intake"), {"follows": old.number}).context["form"]
    assert form["category"].value() is None
    assert call(client, yunhu, chen, lin, follows=old.pk).follows is None


def test_a_resident_reports_again_what_was_closed_long_ago(client, yunhu, office, zhou, home):
    old = answered(yunhu, zhou, ago=8 * DAY, unit=home)
    link = reverse("complaints:track", args=[actions.first_token(old)])
    assert "again" in client.get(link).text
    answer = client.post(f"{link}again/")
    assert answer.status_code == 303
    form = client.get(answer.url)
    assert form.context["form"]["category"].value() == str(old.category_id)
    for step, words in ((1, {"scope": "home", "category": old.category_id}), (2, residents.MATTER)):
        client.post(residents.page(answer.url, step), words)
    third = client.get(residents.page(answer.url, 3)).text
    assert "13800001234" not in third, "whoever holds the link may be somebody else"
    assert "林晓梅" not in third
    client.post(residents.page(answer.url, 3), residents.CONTACT)
    client.post(residents.page(answer.url, 4))
    assert Case.objects.get(channel="web").follows == old


def test_what_can_still_be_reopened_is_not_reported_again(client, yunhu, office, zhou, home):
    recent = answered(yunhu, zhou, ago=2 * DAY, unit=home)
    link = reverse("complaints:track", args=[actions.first_token(recent)])
    assert client.post(f"{link}again/").url == link
    assert recent.status == Status.ARCHIVED


def test_what_follows_a_matter_about_staff_is_about_them_too(client, yunhu, office, chen, zhou, home):
    old = answered(yunhu, zhou, ago=8 * DAY, unit=home, category="service", concerns=[chen])
    link = reverse("complaints:track", args=[actions.first_token(old)])
    answer = client.post(f"{link}again/")
    for step, words in ((1, {"scope": "home", "category": old.category_id}), (2, residents.MATTER)):
        client.post(residents.page(answer.url, step), words)
    client.post(residents.page(answer.url, 3), residents.CONTACT)
    client.post(residents.page(answer.url, 4))
    made = Case.objects.get(channel="web")
    assert made.follows == old
    assert not Case.objects.visible_to(chen).filter(pk=made.pk).exists()
