"""The inbox: what a person has been told in the app, newest first, with the way to it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from servicedesk.core import notifications
from servicedesk.core.models import Notification
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(factories.MONDAY, tick=False)


def tell(case, person, *, key="1", **more):
    data = {"number": case.short_number, "summary": case.summary, "path": case.get_absolute_url()}
    notifications.notify([person], "case_urged", about=case, key=key, now=factories.MONDAY, data=data, **more)


def test_a_message_leads_to_its_case(client, taken_case, chen):
    tell(taken_case, chen)
    client.force_login(chen)
    page = client.get(reverse("core:inbox")).content.decode()
    assert f'href="{taken_case.get_absolute_url()}"' in page
    assert taken_case.short_number in page


def test_what_may_still_be_undone_is_not_shown_yet(client, taken_case, chen):
    tell(taken_case, chen, not_before=factories.MONDAY + timedelta(minutes=10))
    client.force_login(chen)
    assert taken_case.short_number not in client.get(reverse("core:inbox")).content.decode()


def test_the_messages_of_others_are_not_shown(client, taken_case, chen, zhou):
    tell(taken_case, zhou)
    client.force_login(chen)
    assert taken_case.get_absolute_url() not in client.get(reverse("core:inbox")).content.decode()


def test_marking_as_read_marks_ones_own_only(client, taken_case, chen, zhou):
    tell(taken_case, chen)
    tell(taken_case, zhou)
    client.force_login(chen)
    client.post(reverse("core:read_inbox"))
    read = dict(Notification.objects.filter(kind="case_urged").values_list("recipient__username", "read_at"))
    assert read == {"chen": factories.MONDAY, "zhou": None}


def test_an_empty_inbox_says_so(client, chen):
    client.force_login(chen)
    answer = client.get(reverse("core:inbox"))
    assert answer.status_code == 200
    assert "data-unread" not in answer.content.decode()


def test_a_hundred_messages_cost_as_many_queries_as_one(client, taken_case, chen, django_assert_max_num_queries):
    for number in range(100):
        tell(taken_case, chen, key=str(number))
    client.force_login(chen)
    with django_assert_max_num_queries(12):
        assert client.get(reverse("core:inbox")).status_code == 200
