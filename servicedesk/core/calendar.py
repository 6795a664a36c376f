"""From the calendar's rows to the pure `worktime.Calendar` that deadlines are counted with."""

from collections import defaultdict

from django.db import transaction
from django.db.models import F

from servicedesk.core import holidays, worktime
from servicedesk.core.models import CalendarDay, Community, ServiceHours

# Worked-out calendars of this process. A change of hours or days raises the version, so none is ever out of date.
_known = {}


def calendar_of(community):
    """Return the service calendar of `community`; 2 queries the first time in a process, none after that."""
    version, calendar = _known.get(community.pk, (0, None))
    if version != community.calendar_version:
        calendar = read_calendar(community)
        _known[community.pk] = (community.calendar_version, calendar)
    return calendar


def changed(community):
    """Say that the hours, the days or a rule to count by of `community` changed, in the transaction that changed them.

    Every open case is counted again by the sweep. One UPDATE and one query.
    """
    Community.objects.filter(pk=community.pk).update(calendar_version=F("calendar_version") + 1)
    community.refresh_from_db(fields=["calendar_version"])


def forget(community):
    """Forget the worked-out calendar of `community`: it was read in a transaction that is rolled back."""
    _known.pop(community.pk, None)


def read_calendar(community):
    """Return the service calendar of `community` as its rows stand now. 2 queries."""
    weekly = defaultdict(list)
    for hours in ServiceHours.objects.filter(community=community).order_by("opens"):
        weekly[hours.weekday].append((hours.opens, hours.closes))
    days, known_until = {}, None
    for day in CalendarDay.objects.filter(community=community).order_by("date"):
        days[day.date] = worktime.Day(kind=worktime.DayKind(day.kind), windows=_windows(day), name=day.name)
        known_until = day.date.replace(month=12, day=31)
    close = community.default_close
    return worktime.Calendar(
        tz=community.tz,
        weekly={weekday: tuple(windows) for weekday, windows in weekly.items()},
        days=days,
        default_close=close.hour * 60 + close.minute if community.keeps_close else None,
        known_until=known_until,
    )


@transaction.atomic
def load_holidays(community, first_year, last_year):
    """Write China's statutory holidays and make-up days into the calendar; return how many days were new.

    Days that somebody has already entered stay as they are. Years that are not published yet are left out; their
    deadlines count weekends only and say so.
    """
    days, _known_until = holidays.china(first_year, last_year)
    before = CalendarDay.objects.filter(community=community).count()
    CalendarDay.objects.bulk_create(
        [CalendarDay(community=community, date=date, kind=day.kind.value, name=day.name) for date, day in days.items()],
        ignore_conflicts=True,
    )
    changed(community)
    return CalendarDay.objects.filter(community=community).count() - before


def _windows(day):
    if day.is_closed:
        return ()
    return None if day.opens is None else ((day.opens, day.closes),)
