"""The administrator's pages: entered by the desk's own door, without case text; no change of a clock goes unseen."""

from urllib.parse import urlencode

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.urls import reverse

from complaints import actions
from servicedesk.core.calendar import calendar_of
from servicedesk.core.models import Community, Event, ServiceHours
from tests import factories
from tests.factories import MONDAY, at, fresh

pytestmark = pytest.mark.django_db
LOGIN = reverse("admin:login")


@pytest.fixture
def root(tang):
    """Tang with the keys to the admin."""
    tang.is_staff = tang.is_superuser = True
    tang.save()
    return tang


def test_a_password_alone_opens_nothing_where_a_second_factor_is_set_up(client, root):
    TOTP.activate(root, generate_totp_secret())
    target = reverse("complaints:calendar")
    for name in ("username", "login"):
        data = {name: "tang", "password": factories.PASSWORD, "next": target}
        answer = client.post(f"{LOGIN}?{urlencode({'next': target})}", data)
        assert answer["Location"].startswith(reverse("account_login"))
        assert "_auth_user_id" not in client.session
    client.post(reverse("account_login"), {"login": "tang", "password": factories.PASSWORD, "next": target})
    for page in (target, reverse("admin:index")):
        assert client.get(page).status_code == 302


def test_the_admin_counts_wrong_tries_like_the_desk_because_it_has_no_sign_in_of_its_own(client, root):
    for number in range(5):
        client.post(LOGIN, {"username": "tang", "password": f"guess-{number}"})
        client.post(reverse("account_login"), {"login": "tang", "password": f"guess-{number}"})
    client.post(LOGIN, {"username": "tang", "password": factories.PASSWORD})
    client.post(reverse("account_login"), {"login": "tang", "password": factories.PASSWORD})
    assert "_auth_user_id" not in client.session


def test_nobody_becomes_somebody_else_at_the_admins_door(client, root, zhou):
    zhou.is_staff = True
    zhou.save()
    client.force_login(zhou)
    client.post(LOGIN, {"username": "tang", "password": factories.PASSWORD})
    assert client.session["_auth_user_id"] == str(zhou.pk)


def test_who_signs_in_comes_to_the_page_that_was_asked_for(client, root):
    target = reverse("admin:core_community_changelist")
    asked = client.get(target)
    assert asked["Location"].startswith(reverse("account_login"))
    sent = {"login": "tang", "password": factories.PASSWORD}
    answer = client.post(asked["Location"], sent, follow=True)
    assert answer.request["PATH_INFO"] == target
    assert answer.status_code == 200


def test_who_has_no_admin_is_told_so(client, zhou):
    client.force_login(zhou)
    assert client.get(LOGIN).status_code == 403


def test_whoever_has_the_admin_needs_a_second_factor_even_without_a_role(client, settings):
    settings.SECOND_FACTOR = True
    client.force_login(factories.staff("root", "根", is_staff=True, is_superuser=True))
    assert client.get(reverse("admin:index"))["Location"] == reverse("mfa_activate_totp")


def test_an_administrator_sees_no_words_of_a_case_in_its_history(client, root, taken_case, chen):
    actions.add_note(taken_case, by=chen, now=MONDAY, note="业主情绪激动")
    actions.reclassify(
        fresh(taken_case),
        kind="complaint",
        severity="general",
        urgency="ordinary",
        category=taken_case.category,
        by=chen,
        now=MONDAY,
        note="其实是投诉",
    )
    client.force_login(root)
    for event in Event.objects.about(taken_case):
        page = client.get(reverse("admin:core_event_change", args=[event.pk]))
        assert page.status_code == 200
        assert not [words for words in ("情绪激动", "其实是投诉", "version") if words in page.text]


def edit(client, community, **changes):
    """Send the admin's form of a community with `changes`, None for a box that is not ticked."""
    url = reverse("admin:core_community_change", args=[community.pk])
    form = client.get(url).context["adminform"].form
    data = {name: form[name].value() for name in form.fields} | changes
    data = {name: "on" if value is True else value for name, value in data.items() if value not in (None, False)}
    answer = client.post(url, data)
    assert answer.status_code == 302, answer.context["adminform"].form.errors


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({"keeps_close": None}, "2025-10-03 00:00"),
        ({"default_close": "17:00:00"}, "2025-10-02 17:00"),
        ({"time_zone": "Asia/Tokyo"}, "2025-10-02 17:00"),
    ],
)
def test_a_change_of_what_deadlines_are_counted_with_reaches_every_open_case(
    client, yunhu, office, chen, root, changes, due
):
    if "default_close" in changes:
        ServiceHours.objects.filter(community=yunhu, weekday=3).delete()
    case = factories.case(yunhu, by=chen, now=at("2025-09-29 14:20"))
    assert case.due_at == at("2025-10-02 18:00")
    client.force_login(root)
    version = yunhu.calendar_version
    edit(client, yunhu, **changes)
    yunhu = Community.objects.get(pk=yunhu.pk)
    assert yunhu.calendar_version == version + 1
    assert Event.objects.about(yunhu).get(verb="clock_rules_set").by == root
    assert calendar_of(yunhu).tz.key == yunhu.time_zone
    actions.recount_deadlines(now=at("2025-09-29 17:00"))
    assert fresh(case).due_at == at(due)


def test_a_new_telephone_number_of_the_desk_counts_nothing_again(client, yunhu, root):
    client.force_login(root)
    edit(client, yunhu, phone="8888 1111")
    changed = Community.objects.get(pk=yunhu.pk)
    assert (changed.phone, changed.calendar_version) == ("8888 1111", yunhu.calendar_version)
    assert not Event.objects.about(yunhu).filter(verb="clock_rules_set").exists()


def test_a_new_community_can_be_added(client, root):
    client.force_login(root)
    url = reverse("admin:core_community_add")
    form = client.get(url).context["adminform"].form
    data = {name: form[name].value() for name in form.fields} | {"code": "XC", "name": "新城", "phone": "8888 2222"}
    assert client.post(url, {name: value for name, value in data.items() if value is not None}).status_code == 302
    assert Community.objects.get(code="XC").name == "新城"
