"""The table of pages is whole: this part needs no browser."""

import uuid

import pytest
from django.urls import reverse

from complaints.actions import first_token
from servicedesk.core.models import Role
from servicedesk.core.tokens import code_of
from tests.browser.pages import NOT_PAGES, PAGES
from tests.factories import MONDAY, case, staff
from tests.test_roles import BOTH, addresses

VISITED = {visit.name for visit in PAGES}


def test_no_page_is_both_visited_and_left_out():
    assert VISITED & set(NOT_PAGES) == set()
    assert set(NOT_PAGES) <= set(addresses())


def test_visits_have_names_of_their_own():
    names = [str(visit) for visit in PAGES]
    assert sorted(names) == sorted(set(names))


@pytest.mark.django_db
def test_every_address_that_shows_a_page_is_visited(client, yunhu):
    """What only leads on or only takes a post shows nothing."""
    everything = [Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM, Role.ADMIN]
    somebody = staff("somebody", "多面手", *everything, community=yunhu)
    client.force_login(somebody)
    seen = case(yunhu, by=somebody)
    token = first_token(seen)
    client.post(reverse("complaints:track_by_code"), {"number": seen.number, "code": code_of(token)})
    places = {"number": seen.number, "name": "x", "pk": 0, "token": token, "key": uuid.uuid4(), "step": 1, "batch": "x"}
    places |= {"date": MONDAY.date(), "starts_on": BOTH, "kind": "keys", "target": "units"}
    places |= dict.fromkeys(["person", "keep", "drop"], 0)
    missed = [
        name
        for name, arguments in addresses().items()
        if name not in VISITED | set(NOT_PAGES)
        and client.get(reverse(name, kwargs={key: places[key] for key in arguments})).status_code not in (302, 303, 405)
    ]
    assert missed == []
