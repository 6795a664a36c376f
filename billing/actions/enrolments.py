"""Verbs of enrolments: a unit pays what not every unit pays, for so many, from one day to another."""

import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext as _

from billing.actions.rights import demand_setter
from billing.models import Enrolment, Fee, Tariff
from residents.models import Unit
from servicedesk.core import events, moves
from servicedesk.core.errors import Refused

ONE_DAY = datetime.timedelta(days=1)


def span_of(period):
    """Return a period as it is said in a sentence: its first and its last day."""
    return f"{period.lower:%Y-%m-%d} – {period.upper - ONE_DAY:%Y-%m-%d}" if period.upper else f"{period.lower} –"


@transaction.atomic
def enrol(fee, unit, *, since, by, now, quantity=1, last_day=None, note=""):
    """Let `unit` pay `fee` for `quantity` from `since` until `last_day`, or without end, and return the Enrolment.

    Raises Refused where it is enrolled on one of these days already, for a fee that every unit pays, and for more than
    one of a fee whose tariff does not go by how many.
    """
    demand_setter(fee.community_id, by=by)
    Unit.objects.select_for_update(of=("self",), no_key=True).get(pk=unit.pk)
    if fee.applies_to != Fee.AppliesTo.ENROLLED:
        raise Refused(_("Every unit pays “%(fee)s”; nobody is enrolled for it.") % {"fee": fee})
    if not fee.is_active:
        raise Refused(_("“%(fee)s” is switched off. Switch it on before anybody is enrolled.") % {"fee": fee})
    if quantity != 1 and Tariff.objects.on(since).filter(fee=fee, basis__in=Tariff.NOT_BY_QUANTITY).exists():
        raise Refused(
            _("“%(fee)s” is not charged for each, so how many makes no difference. Enrol the unit for 1.")
            % {"fee": fee}
        )
    period = DateRange(since, last_day + ONE_DAY if last_day else None)
    there = Enrolment.objects.filter(fee=fee, unit=unit, period__overlap=period).order_by("period").first()
    if there:
        words = {"unit": unit, "span": span_of(there.period), "quantity": f"{there.quantity.normalize():f}"}
        raise Refused(
            _("%(unit)s is enrolled already: %(span)s, for %(quantity)s. End that first, or choose other days.") % words
        )
    row = Enrolment(
        community_id=fee.community_id, unit=unit, fee=fee, quantity=quantity, period=period, note=note, by=by, at=now
    )
    row.save(force_insert=True)
    data = {"unit": unit.pk, "fee": fee.pk, "since": since.isoformat(), "quantity": str(quantity)}
    events.log(row, "enrolled", by=by, now=now, data=data)
    return row


@transaction.atomic
def end_enrolment(enrolment, *, last_day, by, now):
    """Let an enrolment end with `last_day`, its last. Raises Refused for a day before its first or behind its end."""
    demand_setter(enrolment.community_id, by=by)
    period = enrolment.period
    if last_day < period.lower or (period.upper and last_day >= period.upper):
        raise Refused(_("The last day lies between the first day and the end: %(span)s.") % {"span": span_of(period)})
    moves.write(enrolment, period=DateRange(period.lower, last_day + ONE_DAY))
    data = {"last_day": last_day.isoformat(), "version": enrolment.version}
    events.log(enrolment, "enrolment_ended", by=by, now=now, data=data)
