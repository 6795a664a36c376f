"""Who else looks at a case right now, so that two people do not answer the same resident twice."""

from datetime import timedelta

from django.db import transaction

from complaints.models import Presence

LAST_SEEN = timedelta(seconds=45)


@transaction.atomic
def seen(case, user, *, editing, now):
    """Write that `user` has `case` open. One statement."""
    Presence.objects.update_or_create(case=case, user=user, defaults={"is_editing": editing, "seen_at": now})


def others(case, user, now):
    """Return the other people who have `case` open, as the presence line shows them. One query."""
    rows = Presence.objects.filter(case=case, seen_at__gt=now - LAST_SEEN).exclude(user=user)
    rows = rows.values_list("user__name", "user__username", "is_editing")
    return [{"name": name or login, "state": "editing" if edits else "viewing"} for name, login, edits in rows]
