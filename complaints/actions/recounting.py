"""A changed calendar or rule reaches the open cases: their deadlines are counted again, from the same facts (ruling
5)."""

import logging

from django.db import transaction
from django.db.models import F

from complaints import deadlines
from complaints.models import Case
from complaints.models.cases import LADDERED
from servicedesk.core import events
from servicedesk.core.moves import write

logger = logging.getLogger(__name__)

CHUNK = 500


def recount_deadlines(*, now):
    """Count the deadline of every open case whose calendar or rules have changed since; return how many moved.

    Found by the version that each deadline was counted with, so that a pass cut short is taken up again. Each case in
    its own transaction; one that raises is logged and passed over. What stays the same is marked in one statement.
    """
    stale = Case.objects.filter(status__in=LADDERED).exclude(counted_with=F("community__calendar_version"))
    moved, passed_over = 0, set()
    while keys := list(stale.exclude(pk__in=passed_over).order_by("id").values_list("pk", flat=True)[:CHUNK]):
        for key in keys:
            try:
                moved += _recount(key, now)
            except Exception:
                logger.exception("the deadline of case %s could not be counted again", key)
                passed_over.add(key)
    return moved


@transaction.atomic
def _recount(key, now):
    case = (
        Case.objects.select_for_update(of=("self",), no_key=True)
        .select_related("community", "policy")
        .filter(pk=key)
        .first()
    )
    version = case.community.calendar_version
    if case.status not in LADDERED or case.counted_with == version:
        return False
    column, facts = deadlines.counted_again(case, deadlines.pauses_of(case) if case.is_clocked else [])
    was, until = getattr(case, column), facts.get(column, getattr(case, column))
    if until == was:
        # The explanation and the next step may have changed all the same.
        Case.objects.filter(pk=key).update(**facts)
        return False
    write(case, **facts)
    data = {"due_was": was.isoformat(), "until": until.isoformat(), "version": case.version}
    events.log(case, "recounted", by=None, now=now, data=data, public=column == "due_at")
    return True
