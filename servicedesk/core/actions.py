"""Verbs of the ground floor: a person's own settings, the roster and the calendar."""

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext_lazy as _

from servicedesk.core import events
from servicedesk.core.calendar import changed
from servicedesk.core.errors import Refused
from servicedesk.core.joining import Joined
from servicedesk.core.models import CalendarDay, Community, DutyShift, ServiceHours

# The facts of a community that its deadlines and the next steps of its ladder are counted with.
COUNTED_WITH = ("keeps_close", "default_close", "time_zone", "take_minutes")
# What gives a new community something to begin with: actions on it. An app adds its own when it is loaded.
FURNISHERS = Joined()


@transaction.atomic
def set_profile(user, *, theme, letter_keys):
    """Write what a person sets for themselves. One UPDATE."""
    user.theme, user.letter_keys = theme, letter_keys
    user.save(update_fields=["theme", "letter_keys"])


def roster(community, *, user, starts_at, ends_at, by, now, substitute_for=None):
    """Put `user` on duty as manager and return the shift. Raises Refused where somebody else already is."""
    shift = DutyShift(
        community=community,
        user=user,
        period=DateTimeTZRange(starts_at, ends_at),
        substitute_for=substitute_for,
    )
    try:
        with transaction.atomic():
            shift.save(force_insert=True)
            events.log(shift, "rostered", by=by, now=now, data={"user": user.pk, "from": starts_at.isoformat()})
    except IntegrityError as error:
        raise Refused(_("Somebody is already on duty in that time. Choose a time that is free.")) from error
    return shift


@transaction.atomic
def end_shift(shift, *, by, now):
    """End a shift now, or take it off the roster if it has not begun. The event keeps what it was."""
    data = {"user": shift.user_id, "from": shift.period.lower.isoformat(), "to": shift.period.upper.isoformat()}
    events.log(shift.community, "shift_ended", by=by, now=now, data=data)
    if shift.period.lower >= now:
        shift.delete()
    else:
        shift.period = DateTimeTZRange(shift.period.lower, min(now, shift.period.upper))
        shift.save(update_fields=["period"])


def open_hours(community, *, weekday, opens, closes, by, now):
    """Add a window of service hours and return it. Raises Refused where it overlaps another."""
    hours = ServiceHours(community=community, weekday=weekday, opens=opens, closes=closes)
    try:
        with transaction.atomic():
            hours.save(force_insert=True)
            _log_calendar(community, "hours_added", by, now, {"weekday": weekday, "opens": opens, "closes": closes})
    except IntegrityError as error:
        raise Refused(_("These hours overlap others of the same weekday. Remove those first.")) from error
    return hours


@transaction.atomic
def close_hours(hours, *, by, now):
    """Remove a window of service hours."""
    data = {"weekday": hours.weekday, "opens": hours.opens, "closes": hours.closes}
    _log_calendar(hours.community, "hours_removed", by, now, data)
    hours.delete()


@transaction.atomic
def set_day(community, *, date, by, now, **facts):
    """Set what kind of day `date` is and return it; what stood there before is in the event."""
    before = CalendarDay.objects.filter(community=community, date=date).values().first()
    day, _new = CalendarDay.objects.update_or_create(community=community, date=date, defaults=facts)
    data = {"date": date.isoformat(), "was": {"kind": before["kind"], "name": before["name"]} if before else None}
    _log_calendar(community, "day_set", by, now, data)
    return day


@transaction.atomic
def unset_day(day, *, by, now):
    """Make a day like any other of its weekday again."""
    _log_calendar(day.community, "day_unset", by, now, {"date": day.date.isoformat(), "kind": day.kind})
    day.delete()


@transaction.atomic
def save_community(community, *, changes, by, now):
    """Write a community as an administrator edited it; `changes` names the fields.

    Where deadlines are counted with one of them, the calendar has changed: what stood there is in the event, and open
    cases are counted again. An UPDATE or INSERT, and four statements for the calendar.
    """
    counted = [name for name in COUNTED_WITH if name in changes]
    if community.pk is None:
        community.save(force_insert=True)
        for furnish in FURNISHERS:
            furnish(community, by=by, now=now)
        return
    was = Community.objects.filter(pk=community.pk).values(*counted).first() if counted else None
    # Only what was edited: the version of the calendar may have risen since the form was read.
    community.save(update_fields=changes)
    if was:
        # The zone may have been worked out from the old name already.
        vars(community).pop("tz", None)
        _log_calendar(community, "clock_rules_set", by, now, {"was": {name: str(was[name]) for name in counted}})


def _log_calendar(community, verb, by, now, data):
    events.log(community, verb, by=by, now=now, data=data)
    changed(community)
