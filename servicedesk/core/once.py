"""A form that is sent twice, or ten times at once, makes one row: it carries the key that the row keeps."""

from django.db import connection
from django.utils.translation import gettext as _

from servicedesk.core.errors import Refused


def made_by(submission, rows, **facts):
    """Return the one of `rows` that a form with this key made before, or None; in the transaction that makes it.

    Of two that come at once the second waits here until the first is written. Raises Refused for a key that made
    something else than `facts` say: the page was used already, and then changed. Two queries.
    """
    if submission is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [str(submission)])
    made = rows.model._base_manager.filter(submission=submission).first()
    if made is None:
        return None
    if not rows.filter(pk=made.pk, **facts).exists():
        raise used_already(made)
    return made


def used_already(made):
    """Return the Refused for a form that was changed after it had made a row."""
    text = _("This page was used already for “%(thing)s”. If you mean something else, save it again.")
    return Refused(text % {"thing": made})
