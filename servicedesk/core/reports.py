"""Reads of the ground floor that are too big for a queryset."""

from dataclasses import dataclass
from datetime import timedelta

from servicedesk.core import events, numbers
from servicedesk.core.models import Event, Notification

# Why a message was taken back on purpose: nothing that somebody has to look after.
WITHDRAWN = ("undone", "concerned")


@dataclass(frozen=True)
class Health:
    """How far behind the sweeps are: counts and the age of the oldest thing that waits, in seconds."""

    unsealed: int
    unsent: int
    dead: int


def late_to_seal(community, now):
    """Return how many events of `community` have stayed unsealed for more than five minutes (ruling 11)."""
    return Event.objects.filter(community=community, at__lt=now - timedelta(minutes=5)).unsealed().count()


def health(now):
    """Return the Health of the installation: what should have been sealed five or sent ten minutes ago."""
    return Health(
        unsealed=Event.objects.unsealed().filter(at__lt=now - timedelta(minutes=5)).count(),
        unsent=Notification.objects.to_send(now - timedelta(minutes=10)).count(),
        dead=Notification.objects.filter(dead_at__isnull=False).exclude(last_error__in=WITHDRAWN).count(),
    )


def history(community, now):
    """Return (first break or None, first gap in the numbers or None, events sealed, events late to seal) of one
    community. Reads the whole chain and every number."""
    sealed = Event.objects.filter(community=community, seal__isnull=False).count()
    return events.first_break(community), numbers.first_gap(community), sealed, late_to_seal(community, now)
