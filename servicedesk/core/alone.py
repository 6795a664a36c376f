"""What runs once at a time in a community, whichever process it runs in."""

import contextlib

from django.db import connection
from django.utils.translation import gettext as _

from servicedesk.core.errors import Refused

# The first half of an advisory lock says what is locked; the second is the community.
IMPORT, BILLING, BILLS = 0x494D50, 0x42494C, 0x424C53


def importing_alone(community):
    """Keep other imports of the community out; the lock ends with the session, whatever happens to the program.

    Raises Refused where another one runs.
    """
    return _alone(IMPORT, community, _("Another import into this community is running. Wait until it has finished."))


def billing_alone(community):
    """Keep other billing runs of the community out, as `importing_alone` does with imports."""
    return _alone(
        BILLING, community, _("Another billing run of this community is at work. Wait until it has finished.")
    )


def wait_for_bills(community):
    """Wait until nobody else writes bills of the community or closes a month of it, and keep them out until this
    transaction ends. The database takes the same lock where a bill or a closed month is written past the actions."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [BILLS, community.pk])


@contextlib.contextmanager
def _alone(kind, community, sentence):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [kind, community.pk])
        if not cursor.fetchone()[0]:
            raise Refused(sentence)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [kind, community.pk])
