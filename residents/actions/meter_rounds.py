"""Rounds of reading (抄表批次): opened for a month, walked, and closed with a reason for each meter left out.

Whoever enters something in a round or closes it locks its row first, before that of a meter, so that what is counted at
its end is what stands in it.
"""

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from residents import metering
from residents.models import Meter, MissedReading, Reading, ReadingRound, Resource
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.moves import write


@transaction.atomic
def open_round(community, *, resource, period, by, now):
    """Open the round of `resource` for the month of `period` (a date) and return it. Raises Refused where one is open,
    or the month has had its round."""
    period = period.replace(day=1)
    # Two who open at once: the second waits here and is told.
    type(community).objects.select_for_update(no_key=True).get(pk=community.pk)
    opened = metering.open_rounds(community).filter(resource=resource).first()
    if opened:
        raise Refused(_("The round %(round)s is still open. Close it before the next one.") % {"round": opened})
    if ReadingRound.objects.filter(community=community, resource=resource, period=period).exists():
        raise Refused(
            _("%(month)s had its round for %(resource)s already. Choose another month.")
            % {"month": f"{period:%Y-%m}", "resource": Resource(resource).label}
        )
    made = ReadingRound.objects.create(
        community=community, resource=resource, period=period, opened_at=now, opened_by=by
    )
    events.log(made, "round_opened", by=by, now=now)
    return made


def hold_open_round(community, resource):
    """Return the open round of a resource, locked for the caller's transaction, or None. One query."""
    rows = metering.open_rounds(community).filter(resource=resource)
    return rows.select_for_update(no_key=True).first()


def _hold(reading_round):
    """Return the row of a round as it stands, locked for the caller's transaction."""
    return ReadingRound.objects.select_for_update(no_key=True).get(pk=reading_round.pk)


@transaction.atomic
def miss_reading(reading_round, meter, *, reason, by, now, note="", submission=None):
    """Record why `meter` could not be read in a round and return the row; the same `submission` returns the same again.
    Raises Refused for a round that is closed or has the reading."""
    held = _hold(reading_round)
    Meter.objects.select_for_update(no_key=True).get(pk=meter.pk)
    known = MissedReading.objects.filter(submission=submission).first() if submission else None
    if known:
        return known
    if not held.is_open:
        raise Refused(_("This round is closed. What is read now belongs to the next one."))
    entered = Reading.objects.standing().filter(round=reading_round, meter=meter)
    if entered.exists() or not Meter.objects.owed_in(reading_round).filter(pk=meter.pk).exists():
        raise Refused(_("This meter is entered already, or is not read in this round."))
    missed = MissedReading.objects.create(
        community_id=meter.community_id,
        round=reading_round,
        meter=meter,
        reason=reason,
        note=note,
        submission=submission,
        by=by,
        at=now,
    )
    events.log(meter, "reading_missed", by=by, now=now, note=note, data={"reason": str(reason)})
    return missed


@transaction.atomic
def close_round(reading_round, *, by, now):
    """Close a round. Raises Refused while a meter has neither reading nor reason, Stale where somebody was faster."""
    _hold(reading_round)
    missed = MissedReading.objects.filter(round=reading_round).values("meter")
    missing = Meter.objects.not_entered_in(reading_round)
    left = missing.exclude(pk__in=missed).count()
    if left:
        raise Refused(
            ngettext(
                "%(count)d meter has neither a reading nor a reason. Give the reason, then close the round.",
                "%(count)d meters have neither a reading nor a reason. Give the reasons, then close the round.",
                left,
            )
            % {"count": left}
        )
    if not reading_round.is_open:
        raise Refused(_("This round is closed already."))
    write(reading_round, closed_at=now, closed_by=by)
    events.log(reading_round, "round_closed", by=by, now=now, data={"missing": missing.count()})


@transaction.atomic
def log_round_export(reading_round, *, by, now, reason, count, form):
    """Record that the `count` readings of a round left the desk: who took them, what for, in which form."""
    events.log(reading_round, "round_exported", by=by, now=now, note=reason, data={"count": count, "form": form})
