"""What runs once at a time in a community, whichever process it runs in."""

import contextlib

from django.db import connection
from django.utils.translation import gettext as _

from servicedesk.core.errors import Refused

# The first half of the advisory lock of an import; the second is the community.
IMPORT = 0x494D50


@contextlib.contextmanager
def importing_alone(community):
    """Keep other imports of the community out; the lock ends with the session, whatever happens to the program.

    Raises Refused where another one runs.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [IMPORT, community.pk])
        if not cursor.fetchone()[0]:
            raise Refused(_("Another import into this community is running. Wait until it has finished."))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [IMPORT, community.pk])
