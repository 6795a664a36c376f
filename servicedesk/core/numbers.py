from django.db import connection
from django.db.models import Max

from servicedesk.core.joining import Joined
from servicedesk.core.models import NumberSeries

# What asks whether the numbers of a community are all there: functions that return the first that is missing or was
# changed, as text, or None. An app whose rows bear numbers adds its own when it is loaded.
CHECKS = Joined()


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


def first_gap(community):
    """Return the first number of `community` that is missing or was changed, None where all are there (ruling 11)."""
    return next(filter(None, (check(community) for check in CHECKS)), None)


def highest(community, key):
    """Return the last number taken of a series, 0 where none was."""
    return NumberSeries.objects.filter(community=community, key=key).aggregate(last=Max("last"))["last"] or 0
