"""What is dear to work out and asked for again and again, kept for a short while.

Only for what a page shows: an action asks the database itself.
"""

import logging

from django.core.cache import caches

from servicedesk.core.models import Event

logger = logging.getLogger(__name__)

MINUTE = 60
_NOTHING = object()


def for_a_while(name, *parts, seconds, make):
    """Return what `make()` returned in this process for the same `name` and `parts` in the last `seconds`. No query
    while it is kept."""
    return caches["process"].get_or_set(_key(name, *parts), make, seconds)


def until_changed(name, *parts, now, make):
    """Return what `make()` returned in any process for the same `name` and `parts` since the last event and in the
    same minute.

    Every change has its event and the ladder moves by the minute, so what is kept is what one would count. Of two
    changes at the very same time, one may show up to a minute late. One query, for the last event. A cache that does
    not answer keeps nothing, and the page shows what it shows.
    """
    last = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
    key = _key(name, *parts, last, int(now.timestamp()) // MINUTE)
    found = _if_it_answers(lambda: caches["shared"].get(key, _NOTHING))
    if found is _NOTHING:
        found = make()
        _if_it_answers(lambda: caches["shared"].set(key, found, MINUTE))
    return found


def _if_it_answers(ask):
    try:
        return ask()
    except Exception:  # each cache has its own errors
        logger.exception("The cache does not answer; what a page counts is counted anew.")
        return _NOTHING


def forget():
    """Forget everything that is kept."""
    for name in ("process", "shared"):
        caches[name].clear()


def _key(name, *parts):
    return ":".join([name, *map(str, parts)])
