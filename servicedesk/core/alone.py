"""What runs once at a time in a community, whichever process it runs in."""

import contextlib

from django.db import connection
from django.utils.translation import gettext as _

from servicedesk.core.errors import Refused

# The first half of an advisory lock says what is locked; the second is the community.
IMPORT, BILLING = 0x494D50, 0x42494C


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
