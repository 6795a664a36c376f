"""What is dear to work out and asked for again and again, kept in the memory of this process for a short while.

Only for what a page shows: an action asks the database itself.
"""

from django.core.cache import caches

from servicedesk.core.models import Event

MINUTE = 60


def for_a_while(name, *parts, seconds, make):
    """Return what `make()` returned for the same `name` and `parts` in the last `seconds`. No query when it is kept."""
    return caches["process"].get_or_set(_key(name, *parts), make, seconds)


def until_changed(name, *parts, now, make):
    """Return what `make()` returned for the same `name` and `parts` since the last event and in the same minute.

    Every change has its event and the ladder moves by the minute, so what is kept is what one would count. Of two
    changes at the very same time, one may show up to a minute late. One query, for the last event.
    """
    last = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
    moment = int(now.timestamp()) // MINUTE
    return caches["process"].get_or_set(_key(name, *parts, last, moment), make, MINUTE)


def forget():
    """Forget everything that is kept in this process."""
    caches["process"].clear()


def _key(name, *parts):
    return ":".join([name, *map(str, parts)])
