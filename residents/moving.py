"""When a lift is free for a move: slots, refusals and the next free time, and the week of the desk. Reads only.

Days and hours are those of the community's own clock; rest days come from its service calendar.
"""

import datetime
import math
from dataclasses import dataclass

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from residents.models import Building, Lift, MoveBooking, MoveRule
from servicedesk.core.calendar import calendar_of

# How far the next free slot is looked for, and how far ahead a move may be booked.
DAYS_AHEAD = 60
WEEK = 7
# So many lifts stand in the week side by side; where there are more, one building is looked at.
MOST_LIFTS = 12
# Nobody rides at the time of such a booking.
GIVEN_UP = (MoveBooking.Status.CANCELLED, MoveBooking.Status.NO_SHOW)


def rule_of(community):
    """Return the rule of moving of `community`, the defaults where it has set none. One query."""
    rule = MoveRule.objects.filter(community=community).first() or MoveRule()
    rule.community = community
    return rule


def lifts_of(community):
    """Return the lifts of `community` that carry goods. One query."""
    return list(Lift.objects.filter(community=community, carries_goods=True).select_related("building", "section"))


def lifts_for(unit):
    """Return the lifts that goods of `unit` may ride in. One query."""
    return [lift for lift in lifts_of(unit.community_id) if lift.serves(unit)]


def clock_of(minute):
    """Return a minute of the day as it is read: 480 is 08:00."""
    return f"{minute // 60:02}:{minute % 60:02}"


def hours_of(rule, day):
    """Return (opens, closes) of moving on `day`, in minutes."""
    is_working = calendar_of(rule.community).is_working(day)
    return (rule.work_opens, rule.work_closes) if is_working else (rule.rest_opens, rule.rest_closes)


def spans(rule, day):
    """Return the parts of `day` in which moving is allowed, as (from, to) in minutes."""
    opens, closes = hours_of(rule, day)
    if rule.quiet_from is None:
        return [(opens, closes)]
    parts = [(opens, min(closes, rule.quiet_from)), (max(opens, rule.quiet_to), closes)]
    return [(begins, ends) for begins, ends in parts if begins < ends]


def moment(community, day, minute):
    """Return the aware moment of a minute of `day`; 1440 is the midnight after it."""
    midnight = datetime.datetime.combine(day, datetime.time(), tzinfo=community.tz)
    return midnight + datetime.timedelta(minutes=minute)


def slots(rule, day):
    """Return the slots of `day` as ranges of moments; what is left of a part and shorter than a slot is none."""
    step, community = rule.slot_minutes, rule.community
    return [
        DateTimeTZRange(moment(community, day, minute), moment(community, day, minute + step))
        for begins, ends in spans(rule, day)
        for minute in range(begins, ends - step + 1, step)
    ]


def objection(rule, window, now):
    """Return why moving is not possible in `window`, as a sentence, or "" where the rule allows it. No query beyond
    the calendar's."""
    community = rule.community
    begins, ends = community.local(window.lower), community.local(window.upper)
    if window.lower < now:
        return _("This time is over.")
    if window.lower > now + datetime.timedelta(days=DAYS_AHEAD):
        return _("A move is booked at most %(days)s days ahead.") % {"days": DAYS_AHEAD}
    opens, closes = hours_of(rule, begins.date())
    first, last = moment(community, begins.date(), opens), moment(community, begins.date(), closes)
    if begins < first or ends > last:
        facts = {"day": f"{begins:%m-%d}", "opens": clock_of(opens), "closes": clock_of(closes)}
        return _("On %(day)s moving is allowed from %(opens)s to %(closes)s.") % facts
    if rule.quiet_from is not None:
        quiet = [moment(community, begins.date(), minute) for minute in (rule.quiet_from, rule.quiet_to)]
        if begins < quiet[1] and ends > quiet[0]:
            facts = {"from": clock_of(rule.quiet_from), "to": clock_of(rule.quiet_to)}
            return _("From %(from)s to %(to)s it has to be quiet; nobody moves then.") % facts
    return ""


def next_free(rule, lift, after, *, but=None):
    """Return the first slot from `after` on in which `lift` is free, or None in the next 60 days. One query.

    `but` is a booking that is about to leave its own time.
    """
    until = after + datetime.timedelta(days=DAYS_AHEAD)
    taken = MoveBooking.objects.live().filter(lift=lift, window__overlap=(after, until))
    windows = [row.window for row in taken.exclude(pk=but.pk if but else None)]
    today = rule.community.local(after).date()
    for offset in range(DAYS_AHEAD):
        for slot in slots(rule, today + datetime.timedelta(days=offset)):
            if slot.lower >= after and not any(meets(slot, window) for window in windows):
                return slot
    return None


def meets(one, other):
    """Return whether two ranges have a moment in common."""
    return one.lower < other.upper and other.lower < one.upper


def in_words(community, window):
    """Return a window as it is read: 09-15 08:00–10:00."""
    begins, ends = community.local(window.lower), community.local(window.upper)
    return f"{begins:%m-%d %H:%M}–{ends:%H:%M}"


def hours_in_words(rule):
    """Return {"work", "rest", "quiet"} as they are read: 08:00–18:00; quiet is "" where there are none."""
    spans_of = {"work": "opens closes", "rest": "opens closes", "quiet": "from to"}
    edges = {name: [getattr(rule, f"{name}_{edge}") for edge in ends.split()] for name, ends in spans_of.items()}
    return {name: "" if None in both else "–".join(map(clock_of, both)) for name, both in edges.items()}


@dataclass(frozen=True)
class Grid:
    """What of a week is shown: the lifts whose free times one may book, which bookings stand in the lines, and which in
    the list below. Where a community has many lifts there are `buildings` to choose from and `building` is the chosen
    one; without one only lifts that are booked have a line, and so many more as `others` have none."""

    lifts: list
    bookings: QuerySet
    listed: QuerySet
    buildings: list
    building: Building | None = None
    others: int = 0


def grid_of(community, bookings, asked):
    """Return the Grid of the `bookings` of a week, of the building whose key the address `asked` for. One query where
    the community has few lifts, else four at most."""
    lifts = Lift.objects.filter(community=community).select_related("building", "section")
    goods = lifts.filter(carries_goods=True)
    few = list(goods[: MOST_LIFTS + 1])
    if len(few) <= MOST_LIFTS:
        return Grid(few, bookings, bookings, [])
    buildings = list(
        community.buildings.filter(pk__in=goods.order_by().values("building")).only("name", "community").order_by("id")
    )
    building = next((one for one in buildings if str(one.pk) == asked), None)
    if building:
        here = bookings.filter(unit__building=building)
        return Grid(list(goods.filter(building=building)), here, here, buildings, building)
    taken = bookings.exclude(status__in=GIVEN_UP).exclude(lift=None)
    booked = lifts.filter(pk__in=taken.order_by().values("lift"))
    shown, count = list(booked[:MOST_LIFTS]), booked.count()
    rows = bookings.filter(Q(lift__in=shown) | Q(lift=None))
    return Grid([], rows, bookings, buildings, None, count - len(shown))


@dataclass(frozen=True)
class Cell:
    """What stands in the week for one lift on one day: its bookings, and from when to when it is still free, as it is
    read."""

    day: datetime.date
    bookings: list
    free: list


@dataclass(frozen=True)
class Line:
    """One lift through a week."""

    lift: Lift | None
    cells: list


def week(rule, lifts, days, bookings, now):
    """Return the Lines of the days of a week, one for each of `lifts`, and one for any other lift, and for the stairs,
    where something is booked with them. No query beyond the calendar's."""
    community = rule.community
    taken = {}
    for row in bookings:
        if row.status not in GIVEN_UP:
            taken.setdefault(row.lift, {}).setdefault(community.local(row.window.lower).date(), []).append(row)
    free = {day: [(slot, _read(community, slot)) for slot in slots(rule, day) if slot.lower >= now] for day in days}

    def cell(lift, day):
        here = taken.get(lift, {}).get(day, [])
        held = [row.window for row in here if row.is_live]
        open_slots = [words for slot, words in free[day] if not any(meets(slot, window) for window in held)]
        return Cell(day, here, open_slots if lift in lifts else [])

    others = sorted(set(taken) - set(lifts), key=lambda lift: (lift.building_id, lift.pk) if lift else (math.inf, 0))
    return [Line(lift, [cell(lift, day) for day in days]) for lift in [*lifts, *others]]


def _read(community, slot):
    return tuple(f"{community.local(at):%H:%M}" for at in (slot.lower, slot.upper))


def notice_is_short(rule, kind, window, now):
    """Return whether a move out is booked with fewer days of notice than the rule asks for: a warning, no more."""
    days = rule.community.local(window.lower).date() - rule.community.local(now).date()
    return kind == MoveBooking.Kind.OUT and days.days < rule.notice_days
