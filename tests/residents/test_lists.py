"""Lists of the register that many rows stand in: the database reads a page of each along an index, without sorting."""

import pytest
from django.db import connection

from residents.models import Credential, HomeVisit, KeySet

pytestmark = pytest.mark.django_db
LISTS = {
    "cards": lambda community: Credential.objects.filter(community=community),
    "cabinet": lambda community: KeySet.objects.filter(community=community).kept().by_slot(),
    "visits of a plan": lambda community: HomeVisit.objects.filter(plan=1).order_by("-done_at", "-id"),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_page_is_read_along_an_index(yunhu, name):
    with connection.cursor() as cursor:
        # So few rows are cheapest to sort; where an index has their order, the database need not.
        cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    plan = LISTS[name](yunhu)[:51].explain()
    assert "Sort" not in plan, plan
