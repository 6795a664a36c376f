"""The only two places that write a status."""

from django.db.models import F

from servicedesk.core import events
from servicedesk.core.errors import IllegalMove, Stale


def move(thing, to, *, by, now, verb=None, note="", data=None, public=False, back=False, **facts):
    """Move `thing` to the status `to`, write `facts` beside it, log the event and return it.

    Compare-and-set on status and version: one UPDATE and one INSERT. Raises IllegalMove when `MOVES` has no such
    move and Stale when somebody else changed the row first; either way nothing is written. An undo goes `back` along a
    move.
    """
    was = thing.status
    if to not in thing.MOVES.get(was, ()) and not (back and was in thing.MOVES.get(to, ())):
        raise IllegalMove(thing, to)
    write(thing, status=to, **facts)
    data = {"from": str(was), "to": str(to), "version": thing.version, **(data or {})}
    return events.log(thing, verb or str(to), by=by, now=now, note=note, data=data, public=public)


def write(thing, **facts):
    """Write `facts` to the row only if nobody has changed it since it was read; raise Stale otherwise.

    One UPDATE. The version of the row and of `thing` rise by one.
    """
    rows = type(thing)._base_manager.filter(pk=thing.pk, version=thing.version)
    if rows.update(version=F("version") + 1, **facts) != 1:
        raise Stale
    thing.version += 1
    for name, value in facts.items():
        setattr(thing, name, value)


def move_many(queryset, to, *, expected, **facts):
    """Move all rows of `queryset` that still stand in `expected` to `to`; return how many.

    One UPDATE and no events: the caller logs them with `bulk.copy_in`, in the same transaction.
    """
    legal = {status for status in expected if to in queryset.model.MOVES.get(status, ())}
    return queryset.filter(status__in=legal).update(status=to, version=F("version") + 1, **facts)
