"""What an action says when it will not: always a whole sentence for the person who asked."""

from contextlib import contextmanager

from django.db import OperationalError
from django.utils.translation import gettext_lazy as _
from psycopg.errors import DeadlockDetected, LockNotAvailable


class Refused(Exception):
    """An action that may not happen now. `str()` of it is the sentence to show; nothing was written."""

    status_code = 409

    def __init__(self, sentence):
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self):
        return str(self.sentence)


class Stale(Refused):
    """Somebody else changed the thing since this page was made."""

    def __init__(self, sentence=None):
        super().__init__(
            sentence
            or _("Somebody else has changed this in the meantime. Your words are kept; look at it and save again.")
        )


class IllegalMove(Refused):
    """The thing is in a state from which this step does not lead."""

    def __init__(self, thing, to):
        super().__init__(
            _("This step is not possible while it is “%(status)s”. Reload the page to see the steps that are.")
            % {"status": thing.get_status_display()}
        )
        self.to = to


class NotAllowed(Refused):
    """The person may not take this step, though they may see the thing."""

    status_code = 403


@contextmanager
def waits_refused():
    """Turn a wait for somebody else that took too long (`lock_timeout`), or one in a circle, into Refused: the action
    was rolled back, and whoever sent the form is to keep every word of it (L4)."""
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.__cause__, (LockNotAvailable, DeadlockDetected)):
            raise
        raise Refused(
            _("Somebody else is working on this at this moment. Nothing was saved; your words are kept. Send it again.")
        ) from error
