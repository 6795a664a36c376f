"""Who may void what somebody entered (ruling 11): its author for ten minutes, after that a second person."""

from datetime import timedelta

from django.utils.translation import gettext as _

from servicedesk.core.errors import NotAllowed
from servicedesk.core.models import Event, Role
from servicedesk.core.notifications import UNDO_MINUTES
from servicedesk.core.roles import has_role


def may_void(user, community_id, *, author, since, now):
    """Return whether `user` may void what the user with the key `author` (None: nobody known) entered at `since`: the
    author for ten minutes, a supervisor what somebody else entered."""
    if author == user.pk:
        return now <= since + timedelta(minutes=UNDO_MINUTES)
    return has_role(user, community_id, Role.SUPERVISOR)


def demand(user, community_id, **entered):
    """Raise NotAllowed unless `user` may void it, as `may_void` says."""
    if not may_void(user, community_id, **entered):
        raise NotAllowed(
            _("You can void your own entry for ten minutes; after that a supervisor who did not make it voids it.")
        )


def entered_by(occupancy):
    """Return who recorded an occupancy and when, as `may_void` takes it: its events know. One query."""
    entries = Event.objects.about(occupancy.unit).filter(verb="moved_in", data__person=occupancy.person_id)
    last = entries.order_by("-id").first()
    return {"author": last.by_id if last else None, "since": last.at if last else None}
