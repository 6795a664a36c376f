"""Doors: who comes in, and in which community they then work."""

import pytest
from django.urls import reverse

from servicedesk.core.models import Membership, Role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "department", "page"),
    [
        (Role.CLERK, None, "desk:intake"),
        (Role.SUPERVISOR, None, "desk:board"),
        (Role.DEPUTY_GM, None, "desk:board"),
        (Role.HEAD, "engineering", "complaints:jobs"),
        (Role.WORKER, "security", "complaints:jobs"),
        (Role.ADMIN, None, "complaints:settings"),
    ],
)
def test_each_role_starts_the_day_where_its_work_is(client, yunhu, role, department, page):
    client.force_login(factories.staff("x", "肖云", role, community=yunhu, department=department))
    assert client.get(reverse("core:home"))["Location"] == reverse(page)


def test_a_person_without_a_role_is_told_whom_to_ask(client, yunhu):
    client.force_login(factories.staff("x", "肖云"))
    answer = client.get(reverse("core:home"))
    assert answer.status_code == 200
    assert "肖云" in answer.content.decode()


def test_the_address_itself_leads_residents_to_the_form_and_staff_to_work(client, chen):
    assert client.get("/")["Location"] == reverse("complaints:public")
    client.force_login(chen)
    assert client.get("/")["Location"] == reverse("core:home")


def test_a_person_of_two_communities_works_in_the_one_chosen_last(client, yunhu, other, zhou):
    Membership.objects.create(user=zhou, community=other, role=Role.SUPERVISOR)
    client.force_login(zhou)
    first = client.get(reverse("core:roster")).context["community"]
    assert client.post(reverse("core:switch"), {"community": yunhu.pk}).status_code == 302
    assert client.get(reverse("core:roster")).context["community"] == yunhu
    assert first in (yunhu, other)


def test_a_community_without_a_role_of_ones_own_cannot_be_chosen(client, other, zhou):
    client.force_login(zhou)
    assert client.post(reverse("core:switch"), {"community": other.pk}).status_code == 404
    assert "community" not in client.session


@pytest.mark.parametrize("value", ["", "0", "-1", "abc", "99999999999999999999", "1;DROP TABLE"])
def test_a_community_that_is_none_is_not_there(client, zhou, value):
    client.force_login(zhou)
    assert client.post(reverse("core:switch"), {"community": value}).status_code == 404


def test_the_community_chosen_elsewhere_gives_way_where_the_role_is_not_held_there(client, yunhu, other, zhou):
    Membership.objects.create(user=zhou, community=other, role=Role.CLERK)
    client.force_login(zhou)
    client.post(reverse("core:switch"), {"community": other.pk})
    assert client.get(reverse("core:roster")).context["community"] == yunhu, "the roster needs a supervisor"


def test_switching_never_leads_to_another_site(client, yunhu, zhou):
    client.force_login(zhou)
    data = {"community": yunhu.pk, "next": "//evil.example/"}
    assert client.post(reverse("core:switch"), data)["Location"] == reverse("core:home")


@pytest.mark.parametrize("name", ["core:home", "core:inbox", "core:profile", "core:roster", "complaints:calendar"])
def test_a_stranger_at_a_staff_page_is_asked_to_sign_in(client, db, name):
    assert client.get(reverse(name))["Location"] == f"{reverse('account_login')}?next={reverse(name)}"


def test_the_profile_keeps_what_was_set_and_lists_ones_roles(client, zhou):
    client.force_login(zhou)
    assert client.post(reverse("core:profile"), {"theme": "dark", "letter_keys": "on"}).status_code == 302
    zhou.refresh_from_db()
    assert (zhou.theme, zhou.letter_keys) == ("dark", True)
    assert client.post(reverse("core:profile"), {"theme": "pink"}).status_code == 422
    assert "云湖花园" in client.get(reverse("core:profile")).content.decode()


def test_changing_the_theme_from_the_menu_leaves_the_shortcuts_alone(client, zhou):
    zhou.letter_keys = True
    zhou.save()
    client.force_login(zhou)
    client.post(reverse("core:theme"), {"theme": "light"})
    zhou.refresh_from_db()
    assert (zhou.theme, zhou.letter_keys) == ("light", True)
