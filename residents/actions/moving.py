"""Moves: booking a lift, confirming, beginning and ending a move, the rule and the lifts of a community."""

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from residents import moving
from residents.models import Lift, MoveBooking, MoveRule, Occupancy
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.moves import move, write

# A step that was taken by mistake leads back to where it came from.
CAME_FROM = {
    MoveBooking.Status.UNDER_WAY: MoveBooking.Status.CONFIRMED,
    MoveBooking.Status.DONE: MoveBooking.Status.UNDER_WAY,
    MoveBooking.Status.NO_SHOW: MoveBooking.Status.BOOKED,
}


def occupant_called(unit, name, today):
    """Return the entry of who occupies `unit` on `today` under this name, or None. One query."""
    found = Occupancy.objects.on(today).known().filter(unit=unit, person__name=name).select_related("person").first()
    return found.person if found else None


@transaction.atomic
def book_move(unit, *, by, now, lift, starts_at, ends_at, **facts):
    """Book a move of `unit` and return it. Raises Refused for a lift that does not get there, a time outside the rule
    and a lift that is taken, and names the next free slot."""
    window = DateTimeTZRange(starts_at, ends_at)
    _demand_free(unit, lift, window, now)
    booking = MoveBooking(
        community=unit.community,
        unit=unit,
        lift=lift,
        window=window,
        applicant=occupant_called(unit, facts["applicant_name"], unit.community.local(now).date()),
        booked_by=by,
        booked_at=now,
        **facts,
    )
    _hold(lambda: booking.save(force_insert=True), booking, now)
    events.log(booking, "move_booked", by=by, now=now, data=_when(booking))
    return booking


@transaction.atomic
def change_move(booking, *, by, now, lift, starts_at, ends_at, **facts):
    """Change the time, the lift or what else was booked; what was confirmed stays confirmed. Raises Refused as
    `book_move` does, and for a move that has begun or ended."""
    if not booking.may_change:
        raise Refused(_("This move has begun or ended; book another one."))
    window = DateTimeTZRange(starts_at, ends_at)
    if (window, lift) != (booking.window, booking.lift):
        _demand_free(booking.unit, lift, window, now, but=booking)
    if booking.status == MoveBooking.Status.CONFIRMED:
        about = {name: facts[name] for name in ("kind", "relation")}
        _demand_consent(MoveBooking(consent_how=booking.consent_how, **about))
    was = _when(booking)
    facts["applicant"] = occupant_called(booking.unit, facts["applicant_name"], booking.community.local(now).date())
    _hold(lambda: write(booking, lift=lift, window=window, **facts), booking, now, wanted=(lift, window))
    events.log(booking, "move_changed", by=by, now=now, data={"was": was, **_when(booking)})


@transaction.atomic
def confirm_move(booking, *, by, now):
    """Tell that the lift and the protection are arranged. Raises Refused for a lessee's move out without the owner's
    consent."""
    _demand_consent(booking)
    move(booking, MoveBooking.Status.CONFIRMED, by=by, now=now, verb="move_confirmed")


@transaction.atomic
def start_move(booking, *, by, now):
    """Record that the move has begun."""
    move(booking, MoveBooking.Status.UNDER_WAY, by=by, now=now, verb="move_started")


@transaction.atomic
def finish_move(booking, *, by, now, note=""):
    """Record that the move is over, with what was found; the rest of its time is free again."""
    move(booking, MoveBooking.Status.DONE, by=by, now=now, verb="move_done", note=note)


@transaction.atomic
def miss_move(booking, *, by, now):
    """Record that nobody came. Raises Refused before the time has begun."""
    if now < booking.window.lower:
        raise Refused(_("The time of this move has not come yet. Cancel it if it does not take place."))
    move(booking, MoveBooking.Status.NO_SHOW, by=by, now=now, verb="move_missed")


@transaction.atomic
def cancel_move(booking, *, by, now, reason):
    """Cancel a move; its lift is free again."""
    move(
        booking,
        MoveBooking.Status.CANCELLED,
        by=by,
        now=now,
        verb="move_cancelled",
        note=reason,
        cancel_reason=reason,
    )


@transaction.atomic
def take_back_move(booking, *, by, now, reason):
    """Take back a step that was recorded by mistake, with the reason. Raises Refused where no step leads back, and
    where the lift has been given to somebody else since."""
    was = CAME_FROM.get(booking.status)
    if was is None:
        raise Refused(_("There is no step to take back here."))
    _hold(
        lambda: move(booking, was, by=by, now=now, verb="move_taken_back", note=reason, back=True),
        booking,
        now,
    )


@transaction.atomic
def check_protection(booking, *, by, now):
    """Record that the protection that was asked for has been seen in place. Raises Refused where none was asked for."""
    if not (booking.protects_floor or booking.protects_walls):
        raise Refused(_("No protection was asked for. Change the booking first."))
    if not booking.is_live:
        raise Refused(_("This move has ended or does not take place."))
    write(booking, protection_checked_by=by, protection_checked_at=now)
    events.log(booking, "protection_checked", by=by, now=now)


@transaction.atomic
def record_consent(thing, *, by, now, how, who, agreed_at):
    """Record how and when the owner agreed to a booking or a slip. Raises Refused for a time to come and for one that
    has ended."""
    if agreed_at > now:
        raise Refused(_("The owner cannot have agreed later than now. Look at the time."))
    if not (thing.is_live if isinstance(thing, MoveBooking) else thing.is_open):
        raise Refused(_("This has ended; nothing is left to agree to."))
    write(thing, consent_how=how, consent_by=who, consent_at=agreed_at, consent_recorded_by=by)
    events.log(thing, "owner_agreed", by=by, now=now, data={"how": str(how), "until": agreed_at.isoformat()})


@transaction.atomic
def unmask_applicant(thing, *, by, now, reason):
    """Return the telephone number of who asked for a booking or a slip; the look is on record (ruling 13)."""
    events.log(thing, "unmasked", by=by, now=now, note=reason)
    return thing.applicant_phone


@transaction.atomic
def set_move_rule(community, *, by, now, **facts):
    """Set the rule of moving of `community` and return it; what is booked stays as it is."""
    rule, _new = MoveRule.objects.update_or_create(community=community, defaults=facts)
    events.log(community, "move_rule_set", by=by, now=now, data=facts)
    return rule


@transaction.atomic
def add_lift(community, *, by, now, building, section, name):
    """Add a lift and return it. Raises Refused where the building has one of that name."""
    lift = Lift(community=community, building=building, section=section, name=name)
    try:
        with transaction.atomic():
            lift.save(force_insert=True)
    except IntegrityError:
        raise Refused(_("This building has a lift of that name already.")) from None
    events.log(community, "lift_added", by=by, now=now, data={"lift": lift.pk, "name": name})
    return lift


@transaction.atomic
def switch_lift(lift, *, by, now):
    """Take a lift out of use for goods, or put it back. Raises Refused while a move is booked with it."""
    if lift.carries_goods and MoveBooking.objects.live().filter(lift=lift, window__endswith__gt=now).exists():
        raise Refused(_("Moves are booked with this lift. Give them another one first."))
    lift.carries_goods = not lift.carries_goods
    lift.save(update_fields=["carries_goods"])
    events.log(lift, "lift_switched", by=by, now=now, data={"carries_goods": lift.carries_goods})


def _when(booking):
    begins, ends = booking.window.lower, booking.window.upper
    return {"from": begins.isoformat(), "to": ends.isoformat(), "lift": booking.lift_id}


def _demand_consent(booking):
    """Raise Refused where what is confirmed would lack the owner's consent (section 15)."""
    if booking.lacks_consent:
        raise Refused(_("Who rents the home moves out with the owner's consent. Record it first; the booking is kept."))


def _demand_free(unit, lift, window, now, *, but=None):
    """Raise Refused, with the next free slot, for a lift that does not get there and a time outside the rule."""
    rule = moving.rule_of(unit.community)
    if lift is not None and not (lift.carries_goods and lift.serves(unit)):
        raise Refused(_("This lift does not carry goods to %(unit)s. Choose another one.") % {"unit": unit})
    if sentence := moving.objection(rule, window, now):
        raise Refused(_and_next(sentence, rule, lift, max(window.lower, now), but))


def _hold(save, booking, now, *, wanted=None):
    """Write the row; raise Refused, with the next free slot, where another move has the lift at that time."""
    lift, window = wanted or (booking.lift, booking.window)
    # One after the other: two rows that meet in an exclusion constraint at once may end as a deadlock.
    Lift.objects.select_for_update(no_key=True).filter(pk=lift.pk if lift else None).order_by("pk").first()
    try:
        with transaction.atomic():
            save()
    except IntegrityError as error:
        if "lift_carries_one_move_at_a_time" not in str(error):
            raise
        rule = moving.rule_of(booking.community)
        sentence = _("The lift is taken at that time.")
        raise Refused(_and_next(sentence, rule, lift, max(window.lower, now), booking)) from None


def _and_next(sentence, rule, lift, after, but):
    but = but if but is not None and but.pk else None
    slot = moving.next_free(rule, lift, after, but=but)
    if slot is None:
        return sentence
    facts = {"sentence": sentence, "slot": moving.in_words(rule.community, slot)}
    return _("%(sentence)s The next free time is %(slot)s.") % facts
