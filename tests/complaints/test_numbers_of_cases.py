"""A gap in the numbers is evidence: a command and a page name the first (rulings 2 and 11)."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from complaints.models import Case
from complaints.reports import first_gap
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(yunhu, office, chen, liu):
    return [factories.case(yunhu, by=chen, concerns=about) for about in ((), (liu,), ())]


def test_numbers_that_are_all_there_have_no_gap(yunhu, three, capsys):
    assert first_gap(yunhu) is None
    call_command("seal_events")
    call_command("verify_events")


@pytest.mark.parametrize(("at", "missing"), [(0, "YH-…250915-0001"), (1, "YH-…250915-90001")])
def test_a_number_that_was_changed_is_named_on_the_page_and_by_the_command(client, yunhu, three, zhou, at, missing):
    Case.objects.filter(pk=three[at].pk).update(number="YH-BX250914-0077")
    assert first_gap(yunhu) == missing
    client.force_login(zhou)
    assert missing in client.get(reverse("core:history")).text
    with pytest.raises(CommandError):
        call_command("verify_events")


def test_a_case_that_was_deleted_behind_our_back_is_named(yunhu, three):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM complaints_case WHERE id = %s", [three[2].pk])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    assert first_gap(yunhu) == "YH-…250915-0002"
