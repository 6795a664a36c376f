"""What runs once at a time in a community, whichever process it runs in."""

import contextlib

from django.db import OperationalError, connection
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

from servicedesk.core.errors import Refused

# The first half of an advisory lock says what is locked; the second is the community.
IMPORT, BILLING, MONTHS, COUNTING = 0x494D50, 0x42494C, 0x424C53, 0x434E54


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


def keep_months_open(community):
    """Keep the months of the community open until this transaction ends, which is to write bills. Many may at once.

    The database takes the same lock where a bill or a closed month is written past the actions. Raises Refused, like
    the two below, where others do not end within the time that a page waits for a lock.
    """
    _wait("pg_advisory_xact_lock_shared", MONTHS, community)


def close_months_alone(community):
    """Wait until nobody writes bills of the community, and keep them out until this transaction ends."""
    _wait("pg_advisory_xact_lock", MONTHS, community)


def count_bills_alone(community):
    """Keep others out who count what is billed of the community until this transaction ends, so that nothing is billed
    by two of them, and its months open."""
    keep_months_open(community)
    _wait("pg_advisory_xact_lock", COUNTING, community)


def _wait(lock, kind, community):
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {lock}(%s, %s)", [kind, community.pk])
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        raise Refused(
            _("Bills are being written at this moment. Nothing was changed: try again in a minute.")
        ) from error


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
