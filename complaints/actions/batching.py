"""One step on many cases: each by its own action, so that a case that refuses stops none of the others."""

import re
from dataclasses import dataclass, field

from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from complaints.actions.escalating import escalate
from complaints.actions.handling import assign, hand_over, urge
from complaints.actions.undoing import UNDOABLE, undo
from complaints.models import Case
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event

_SEARCHED = re.compile(r"([?&]q=)[^&]+")


@dataclass(frozen=True)
class Outcome:
    """What became of a batch: the cases done, those that refused with their sentence, the events that undo it."""

    done: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    events: list = field(default_factory=list)


@transaction.atomic
def act_on_many(cases, step, *, by, now, **facts):
    """Take `step` (assign, hand_over, urge, escalate) on each case and return the Outcome.

    A case that refuses is left as it was and named; the others go on. All share `now`, by which their events are
    found again for the one undo of the batch.
    """
    take = {"assign": assign, "hand_over": hand_over, "urge": urge, "escalate": escalate}[step]
    outcome = Outcome()
    # Always in the order of the keys: two batches over the same cases wait for each other and never lock up.
    for case in sorted(cases, key=lambda case: case.pk):
        try:
            with transaction.atomic():
                take(case, by=by, now=now, **facts)
        except Refused as refused:
            outcome.refused.append((case, str(refused)))
        else:
            outcome.done.append(case)
    rows = Event.objects.filter(
        subject_type=ContentType.objects.get_for_model(Case),
        subject_id__in=[case.pk for case in outcome.done],
        by=by,
        at=now,
        verb__in=UNDOABLE,
    )
    outcome.events.extend(rows.order_by("pk").values_list("pk", flat=True))
    return outcome


@transaction.atomic
def undo_many(events, *, by, now):
    """Undo each event, the last one first, and return the Outcome. What was overtaken is left and named."""
    outcome = Outcome()
    for event in sorted(events, key=lambda event: -event.pk):
        try:
            with transaction.atomic():
                outcome.done.append(undo(event, by=by, now=now))
        except Refused as refused:
            outcome.refused.append((event.subject, str(refused)))
    return outcome


@transaction.atomic
def log_export(community, *, by, now, reason, count, wanted, form):
    """Record that a list of `count` cases left the desk: who took it, what for, with which filters. One INSERT.

    Of words that were searched for, which may be a person's name, only that there were some: data of an event stays.
    """
    data = {"count": count, "wanted": _SEARCHED.sub(r"\1…", wanted), "format": form}
    return events.log(community, "exported", by=by, now=now, note=reason, data=data)
