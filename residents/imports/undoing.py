"""Taking back what an import added: rows of the register on which nothing hangs go, everything else stays.

The one place where rows are deleted: what a file brought in by mistake, nobody has touched and nothing points to. Their
events stay. What must not go from the books is voided instead: balances, readings, meters.
"""

from collections import Counter
from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.db.models import Min
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from residents.models import Meter, Occupancy, OpeningBalance, Reading, Unit
from servicedesk.core import events
from servicedesk.core.models import Event
from servicedesk.core.moves import move_many

# To look at a telephone number changes nothing.
LOOKS = ("unmasked",)
HANGS = gettext_noop("It stays, for this hangs on it: %(what)s. Take that back first, then this import once more.")
TOUCHED = gettext_noop("It stays: somebody has changed it since.")


@dataclass(frozen=True)
class Kept:
    """A row that stays, and why."""

    key: int
    label: str
    reason: str
    params: dict


def take_back(model, keys, *, run, by, now):
    """Take back rows that `run` added to `model`; return (how many went, [Kept]). In the caller's transaction."""
    there = set(model._base_manager.filter(pk__in=keys).values_list("pk", flat=True))
    kept = {key: (HANGS, {"what": what}) for key, what in _hanging(model, there).items()}
    for key in _touched(model, there, run) - kept.keys():
        kept[key] = (TOUCHED, {})
    free = there - kept.keys()
    if free:
        _remove(model, free, by=by, now=now)
        if hasattr(model, "community"):
            told = ((key, {"run": run.pk}) for key in free)
            events.log_many(model, told, "import_undone", community=run.community, by=by, now=now)
    rows = model._base_manager.in_bulk(list(kept))
    return len(keys) - len(kept), [Kept(key, str(rows[key]), *why) for key, why in kept.items()]


def _remove(model, keys, *, by, now):
    rows = model._base_manager.filter(pk__in=keys)
    if model is OpeningBalance:
        rows.filter(voided_at=None).update(voided_at=now)
    elif model is Reading:
        rows.filter(voided_at=None).update(voided_at=now, voided_by=by, void_reason=_("The import was taken back."))
    elif model is Meter:
        move_many(rows, Meter.Status.REMOVED, expected=[Meter.Status.IN_PLACE], removed_at=now)
    else:
        rows.delete()


def relations_to(model):
    """Return the relations by which rows of other tables point to `model`, those without a name back among them
    (`related_name="+"`); one of many to many counts once."""
    return [
        field
        for field in model._meta.get_fields(include_hidden=True)
        if field.auto_created and not field.concrete and not field.related_model._meta.auto_created
    ]


def _hanging(model, keys):
    """Return {key: [(model, how many)]} of the rows to which others point. One query for each kind of those."""
    found = {}
    for relation in relations_to(model):
        name = relation.field.name
        rows = relation.related_model._base_manager.filter(**{f"{name}__in": keys})
        if relation.related_model in (Reading, OpeningBalance):
            rows = rows.filter(voided_at=None)
        for key, count in Counter(rows.values_list(name, flat=True)).items():
            found.setdefault(key, []).append((relation.related_model._meta.label, count))
    if model is Reading:
        found |= _read_since(keys)
    return found


def _read_since(keys):
    """Return {key: [(model, how many)]} of base readings from which a later one was counted."""
    meters = dict(Reading.objects.filter(pk__in=keys).values_list("meter_id", "pk"))
    later = Reading.objects.standing().filter(meter__in=meters).exclude(pk__in=keys)
    counts = Counter(later.values_list("meter_id", flat=True))
    return {meters[meter]: [(Reading._meta.label, count)] for meter, count in counts.items()}


def _touched(model, keys, run):
    """Return the keys of rows that somebody has changed since: an event says so that no import wrote."""
    since = Event.objects.about(run).aggregate(first=Min("pk"))["first"]
    changes = Event.objects.filter(pk__gt=since).exclude(data__has_key="run").exclude(verb__in=LOOKS)
    if model is Occupancy:
        return _occupancies_touched(keys, changes)
    kind = ContentType.objects.get_for_model(model)
    return set(changes.filter(subject_type=kind, subject_id__in=keys).values_list("subject_id", flat=True))


def _occupancies_touched(keys, changes):
    """What happens to an occupancy is told of its unit, with the key of the person."""
    pairs = {(unit, person): pk for pk, unit, person in _pairs(keys)}
    units = {unit for unit, _person in pairs}
    changes = changes.filter(subject_type=ContentType.objects.get_for_model(Unit), subject_id__in=units)
    told = changes.filter(data__has_key="person").values_list("subject_id", "data")
    return {pairs[pair] for pair in {(unit, data["person"]) for unit, data in told} & pairs.keys()}


def _pairs(keys):
    return Occupancy.objects.filter(pk__in=keys).values_list("pk", "unit_id", "person_id")
