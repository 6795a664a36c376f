from django.db import connection
from django.db.models import Max

from servicedesk.core.models import NumberSeries


def take_number(community, key):
    """Return the next number of the series `key` of `community`, without gaps.

    Call it in the transaction that saves what bears the number: a rollback gives the number back. Holds the series'
    row until the commit, so take it as late as possible. One statement.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_numberseries (community_id, key, last) VALUES (%s, %s, 1)"
            " ON CONFLICT (community_id, key) DO UPDATE SET last = core_numberseries.last + 1 RETURNING last",
            [community.pk, key],
        )
        return cursor.fetchone()[0]


def highest(community, key):
    """Return the last number taken of a series, 0 where none was."""
    return NumberSeries.objects.filter(community=community, key=key).aggregate(last=Max("last"))["last"] or 0
