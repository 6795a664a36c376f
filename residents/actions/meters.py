"""Meters: putting one in, reading it, replacing it, and taking a wrong reading back.

Whatever is written about a meter is written under a lock of its row, so that each reading is counted from the one
before it; a periodic reading locks its round before that.
"""

from decimal import Decimal

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from residents import consumption, metering
from residents.actions.meter_rounds import hold_open_round
from residents.models import Meter, MeterRule, Reading
from servicedesk.core import events, photos
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Photo
from servicedesk.core.moves import move

# Between two meters of a route there is room for others.
ROUTE_STEP = 10


class AskAgain(Refused):
    """A reading that may be right and is more likely a slip: it is recorded when the same person says so.

    `ask` is what has to be said: "rolled_over" or "sure", a keyword of `record_reading`.
    """

    def __init__(self, sentence, ask):
        super().__init__(sentence)
        self.ask = ask


@transaction.atomic
def add_meter(
    community,
    *,
    resource,
    serial,
    max_value,
    by,
    now,
    unit=None,
    building=None,
    place="",
    multiplier=Decimal(1),
    route_order=None,
    base=None,
):
    """Put a meter of `unit`, or a common one at `place`, into the register and return it.

    `max_value` is the highest value as it stands on the dial: Decimal("99999.99") has two decimals. What it
    shows now is recorded as its `base` where it is given. Raises Refused where a meter of that resource and number is
    in place already.
    """
    max_value = Decimal(max_value)
    if community.meters.in_place().filter(resource=resource, serial=serial).exists():
        raise Refused(
            _("A meter with the number %(serial)s is in place already. Look at the number on the meter again.")
            % {"serial": serial}
        )
    if route_order is None:
        last = community.meters.filter(resource=resource).aggregate(last=Max("route_order"))["last"]
        route_order = (last or 0) + ROUTE_STEP
    meter = Meter.objects.create(
        community=community,
        unit=unit,
        building=unit.building if unit else building,
        place=place,
        resource=resource,
        serial=serial,
        multiplier=multiplier,
        max_value=max_value,
        decimals=max(0, -max_value.as_tuple().exponent),
        route_order=route_order,
    )
    events.log(meter, "meter_added", by=by, now=now, data={"resource": str(resource), "serial": serial})
    if base is not None:
        _record(meter, value=base, kind=Reading.Kind.BASE, at=now, by=by, now=now, source=Reading.Source.DESK)
    return meter


@transaction.atomic
def record_reading(
    meter,
    *,
    value,
    kind,
    at,
    by,
    now,
    source,
    submission=None,
    sure=False,
    rolled_over=False,
    picture=None,
):
    """Record what `meter` showed `at` a moment and return the Reading; the same `submission` again returns the same.

    A periodic reading belongs to the open round of its resource. `picture` is (Picture, name) of a stored photo.
    Raises AskAgain for a reading that is lower than the last unless the dial `rolled_over`, and for an odd one unless
    the person is `sure`; Refused for what cannot be right. Two locks, about eight statements.
    """
    opened = hold_open_round(meter.community_id, meter.resource) if kind == Reading.Kind.PERIODIC else None
    locked = _lock(meter)
    known = Reading.objects.filter(submission=submission, meter=locked).first() if submission else None
    if known:
        return known
    return _record(
        locked,
        value=value,
        kind=kind,
        at=at,
        by=by,
        now=now,
        source=source,
        submission=submission,
        sure=sure,
        rolled_over=rolled_over,
        picture=picture,
        reading_round=opened,
    )


def _lock(meter):
    """Return the row of `meter` as it stands, locked for the caller's transaction."""
    return Meter.objects.select_for_update(no_key=True).get(pk=meter.pk)


def _record(meter, *, value, kind, at, now, reading_round=None, **facts):
    """Check and write one reading of a locked meter, in the caller's transaction; return it."""
    last = metering.last_of(meter)
    _demand_possible(meter, last, kind=kind, at=at, now=now)
    if reading_round:
        _demand_unread(meter, reading_round)
    return _write(meter, last, value=value, kind=kind, at=at, now=now, reading_round=reading_round, **facts)


def _write(
    meter,
    last,
    *,
    value,
    kind,
    at,
    by,
    now,
    source,
    reading_round=None,
    submission=None,
    sure=False,
    rolled_over=False,
    picture=None,
):
    """Count one reading of a locked meter from the `last` one and write it with its photo and its event."""
    if not metering.dial_of(meter).shows(value):
        raise Refused(
            _("This meter shows at most %(most)s. Look at the dial again.")
            % {"most": f"{meter.max_value:.{meter.decimals}f}"}
        )
    used, is_odd = Decimal(0), False
    if kind not in Reading.OPENING:
        used, is_odd = _count(meter, last, value=value, at=at, sure=sure, rolled_over=rolled_over)
    reading = Reading.objects.create(
        community_id=meter.community_id,
        meter=meter,
        round=reading_round,
        kind=kind,
        at=at,
        value=value,
        consumption=used,
        rolled_over=kind not in Reading.OPENING and value < last.value,
        is_outlier=is_odd,
        source=source,
        submission=submission,
        by=by,
        recorded_at=now,
    )
    if picture:
        photos.attach(*picture, to=reading, by=by, now=now, stage=Photo.Stage.WORK)
    events.log(meter, "meter_read", by=by, now=now, data={"reading": reading.pk, "kind": str(kind)})
    return reading


def _demand_possible(meter, last, *, kind, at, now):
    """Raise Refused, with what to do instead, for a reading that cannot come now."""
    if not meter.is_in_place:
        raise Refused(
            _("The meter %(serial)s was removed. Read the one that hangs there now.") % {"serial": meter.serial}
        )
    if at > now:
        raise Refused(_("This time is still to come. Look at the date, please."))
    if kind in Reading.OPENING:
        if last:
            raise Refused(_("This meter has readings already; a base reading is its first. Enter a periodic reading."))
        return
    if last is None:
        raise Refused(_("This meter has no base reading yet. Enter what it shows as the base reading first."))
    if at <= last.at:
        moment = meter.community.local(last.at)
        raise Refused(
            _("The last reading is of %(moment)s; a new one comes after it. Look at the time.")
            % {"moment": f"{moment:%Y-%m-%d %H:%M}"}
        )


def _count(meter, last, *, value, at, sure, rolled_over):
    """Return (consumption, whether it is odd) since `last`. Raises AskAgain where the person has not said so."""
    shown = {"last": f"{last.value:.{meter.decimals}f}", "value": f"{value:.{meter.decimals}f}"}
    if value < last.value and not rolled_over:
        raise AskAgain(
            _(
                "The reading %(value)s is lower than the last one, %(last)s. Look at the dial again. If it went past"
                " its end and began anew, say so below."
            )
            % shown,
            "rolled_over",
        )
    used = consumption.used(metering.dial_of(meter), last.value, value, rolled_over=rolled_over)
    rule = metering.rule_of(meter.community_id)
    past = metering.past_uses(meter, rule.looked_back)
    use = consumption.Use(used, at - last.at)
    is_odd = consumption.is_odd(use, past, consumption.Rule(rule.outlier_factor, rule.ignored_below))
    if is_odd and not sure:
        usual = (consumption.average(past) * use.days).quantize(Decimal("0.1"))
        raise AskAgain(
            _(
                "That makes %(used)s %(measure)s since the last reading, %(last)s; about %(usual)s would be usual. Look"
                " at the dial again. If it is right, say so below."
            )
            % {**shown, "used": f"{used.normalize():f}", "measure": meter.measure, "usual": f"{usual:f}"},
            "sure",
        )
    return used, is_odd


def _demand_unread(meter, reading_round):
    """Raise Refused where `meter` was read in a round already."""
    twin = Reading.objects.standing().filter(round=reading_round, meter=meter).select_related("by").first()
    if twin:
        raise Refused(
            _("This meter is entered in this round already: %(value)s, by %(name)s. If that is wrong, void it first.")
            % {"value": f"{twin.value:.{meter.decimals}f}", "name": twin.by or _("an import")}
        )


@transaction.atomic
def keep_picture(meter, *, picture, by, now):
    """Keep a photo that came with a reading that was not taken yet: nobody has to climb up for it again."""
    photos.attach(*picture, to=meter, by=by, now=now, stage=Photo.Stage.WORK)
    events.log(meter, "meter_photographed", by=by, now=now)


@transaction.atomic
def replace_meter(
    meter,
    *,
    last_value,
    serial,
    first_value,
    max_value,
    at,
    by,
    now,
    multiplier=Decimal(1),
    sure=False,
    rolled_over=False,
    picture=None,
):
    """Record that `meter` was taken out and another put in its place; return the new meter.

    The last reading of the old and the first of the new one are written together, or neither is. Raises what
    `record_reading` and `add_meter` raise.
    """
    old = _lock(meter)
    how = {"at": at, "by": by, "now": now, "source": Reading.Source.DESK}
    _record(
        old,
        value=last_value,
        kind=Reading.Kind.REPLACE_OUT,
        sure=sure,
        rolled_over=rolled_over,
        picture=picture,
        **how,
    )
    new = add_meter(
        old.community,
        unit=old.unit,
        building=old.building,
        place=old.place,
        resource=old.resource,
        serial=serial,
        max_value=max_value,
        multiplier=multiplier,
        route_order=old.route_order,
        by=by,
        now=now,
    )
    _record(new, value=first_value, kind=Reading.Kind.REPLACE_IN, sure=True, rolled_over=False, **how)
    move(
        old,
        Meter.Status.REMOVED,
        by=by,
        now=now,
        verb="meter_replaced",
        removed_at=at,
        replaced_by=new,
        data={"by_meter": new.pk},
    )
    return new


@transaction.atomic
def remove_meter(meter, *, reason, by, now):
    """Record that `meter` hangs there no more and nothing came in its place, with the reason."""
    move(_lock(meter), Meter.Status.REMOVED, by=by, now=now, verb="meter_removed", note=reason, removed_at=now)


@transaction.atomic
def void_reading(reading, *, reason, by, now, value=None, rolled_over=False):
    """Void a reading with its reason; where the right `value` is given, record it in its place and return it.

    Only the last of a meter, because those behind it were counted from it. Raises NotAllowed for who may not, Refused
    where it is not the last that stands, or belongs to a replacement and the right value is missing.
    """
    meter = _lock(reading.meter)
    _demand_voidable(reading, metering.last_of(meter), value=value, by=by, now=now)
    Reading.objects.filter(pk=reading.pk).update(voided_at=now, voided_by=by, void_reason=reason)
    events.log(meter, "reading_voided", by=by, now=now, note=reason, data={"reading": reading.pk})
    if value is None:
        return None
    how = {"kind": reading.kind, "at": reading.at, "source": reading.source, "reading_round": reading.round}
    before = metering.last_of(meter)
    return _write(meter, before, value=value, by=by, now=now, sure=True, rolled_over=rolled_over, **how)


def _demand_voidable(reading, last, *, value, by, now):
    if not metering.may_void(reading, by, now):
        raise NotAllowed(_("You can take back your own reading for ten minutes; after that a supervisor voids it."))
    if last is None or last.pk != reading.pk:
        raise Refused(_("Only the last reading of a meter can be voided, because the later ones are counted from it."))
    if value is None and reading.kind in (Reading.Kind.REPLACE_OUT, Reading.Kind.REPLACE_IN):
        raise Refused(_("A replaced meter keeps both its readings. Give the right one; it takes the place of this."))


@transaction.atomic
def confirm_reading(reading, *, by, now):
    """Confirm that an odd reading is right. Raises Refused where it is not odd or was looked at already."""
    odd = Reading.objects.odd().filter(pk=reading.pk)
    if reading.by_id == by.pk:
        raise NotAllowed(_("You recorded this reading yourself; somebody else confirms it."))
    if not odd.update(confirmed_at=now, confirmed_by=by):
        raise Refused(_("Somebody has looked at this reading already."))
    events.log(reading.meter, "reading_confirmed", by=by, now=now, data={"reading": reading.pk})


@transaction.atomic
def set_meter_rule(community, *, outlier_factor, looked_back, ignored_below, by, now):
    """Set when a reading of `community` counts as odd, from now on."""
    facts = {"outlier_factor": outlier_factor, "looked_back": looked_back, "ignored_below": ignored_below}
    MeterRule.objects.update_or_create(community=community, defaults=facts)
    events.log(community, "meter_rule_set", by=by, now=now, data={name: str(fact) for name, fact in facts.items()})
