import csv
import gzip
import json
import os
import pickle
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from servicedesk.core.holidays import china
from servicedesk.core.worktime import (
    MAX_DAYS,
    Calendar,
    Count,
    Day,
    DayKind,
    End,
    NoServiceDays,
    Pause,
    Policy,
    due,
    explain,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
DESK = ((510, 1080),)
OPEN_DATA = Path(os.environ.get("OPEN_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))

SAME_DAY = Policy("own", Count.SAME_DAY, name="Same day", article="第十九条")
THREE_DAYS = Policy("three", Count.NATURAL_DAYS, 3, name="Three days", article="第十九条")
ROLLED = Policy("rolled", Count.NATURAL_DAYS, 3, roll_forward=True)
THREE_WORKING = Policy("working", Count.WORKING_DAYS, 3)


HOLIDAYS, KNOWN_UNTIL = china(2025, 2026)


def every_day(windows=DESK, **kwargs):
    usual = {"tz": SHANGHAI, "weekly": dict.fromkeys(range(7), windows), "days": HOLIDAYS, "known_until": KNOWN_UNTIL}
    return Calendar(**usual | kwargs)


def at(text, tz=SHANGHAI):
    """A moment by its wall time, 2025 unless it begins with another year."""
    return datetime.fromisoformat(text if text[:2] == "20" else f"2025-{text}").replace(tzinfo=tz)


def facts(deadline, kind):
    return [fact for fact in deadline.explanation if fact["fact"] == kind]


# The worked deadlines


@pytest.mark.parametrize(
    ("received", "policy", "kwargs", "expected", "after_hours"),
    [
        ("09-29 16:20", SAME_DAY, {}, "09-29 18:00", False),
        ("09-29 16:20", THREE_DAYS, {}, "10-02 18:00", False),
        ("09-29 16:20", ROLLED, {}, "10-09 18:00", False),
        ("09-29 16:20", THREE_WORKING, {}, "10-10 18:00", False),
        ("09-29 19:30", SAME_DAY, {}, "09-30 18:00", True),
        ("09-29 19:30", THREE_DAYS, {}, "10-03 18:00", True),
        ("09-29 19:30", THREE_DAYS, {"urgent": True}, "10-02 18:00", False),
        ("09-29 16:20", THREE_DAYS, {"pauses": [("09-30 15:00", "10-01 10:00")]}, "10-03 13:00", False),
        ("09-29 09:00", SAME_DAY, {"pauses": [("09-29 15:00", "09-30 10:00")]}, "09-30 13:00", False),
    ],
)
def test_the_worked_deadlines(received, policy, kwargs, expected, after_hours):
    pauses = [Pause(at(begin), at(end)) for begin, end in kwargs.get("pauses", ())]
    deadline = due(at(received), policy, every_day(), **kwargs | {"pauses": pauses})
    assert (deadline.due_at, deadline.after_hours) == (at(expected), after_hours)


def test_one_calendar_keeps_the_days_of_each_policy_apart():
    calendar = every_day()
    for _ in range(2):
        computed = [due(at("09-29 16:20"), policy, calendar).due_at for policy in (THREE_DAYS, ROLLED, THREE_WORKING)]
        assert computed == [at("10-02 18:00"), at("10-09 18:00"), at("10-10 18:00")]


def test_three_days_end_at_midnight_where_the_community_keeps_no_close():
    assert due(at("09-29 16:20"), THREE_DAYS, every_day(default_close=None)).due_at == at("10-03 00:00")


def test_nothing_is_after_hours_until_midnight_where_the_community_keeps_no_close():
    deadline = due(at("09-29 19:30"), SAME_DAY, every_day(default_close=None))
    assert (deadline.due_at, deadline.after_hours) == (at("09-30 00:00"), False)


def test_the_third_level_of_the_second_row_is_reached_at_the_next_opening():
    assert every_day().next_opening(at("10-02 18:00")) == at("10-03 08:30")


# The day of receipt and the last day


@pytest.mark.parametrize(
    ("received", "expected", "after_hours"),
    [
        ("09-29 18:00:00", "09-29 18:00", False),
        ("09-29 18:00:01", "09-30 18:00", True),
        ("09-29 06:00", "09-29 18:00", False),
    ],
)
def test_only_what_comes_strictly_after_close_belongs_to_the_next_day(received, expected, after_hours):
    deadline = due(at(received), SAME_DAY, every_day())
    assert (deadline.due_at, deadline.after_hours) == (at(expected), after_hours)


def test_a_receipt_on_a_day_without_service_belongs_to_the_next_service_day():
    calendar = every_day(weekly=dict.fromkeys(range(5), DESK))
    deadline = due(at("09-20 10:00"), SAME_DAY, calendar)
    assert (deadline.due_at, deadline.after_hours) == (at("09-22 18:00"), True)
    assert deadline.start_at == at("09-22 08:30")


def test_the_policy_may_take_the_day_itself_after_hours():
    itself = replace(THREE_DAYS, after_hours_next_day=False)
    deadline = due(at("09-29 19:30"), itself, every_day())
    assert (deadline.due_at, deadline.after_hours) == (at("10-02 18:00"), False)


def test_an_urgent_same_day_case_after_close_has_until_midnight_and_is_not_born_late():
    assert due(at("09-29 19:30"), SAME_DAY, every_day(), urgent=True).due_at == at("09-30 00:00")


def test_a_last_day_without_hours_of_its_own_ends_at_the_default_close():
    calendar = every_day(weekly=dict.fromkeys(range(5), ((540, 1020),)), default_close=1050)
    assert due(at("09-17 10:00"), THREE_DAYS, calendar).due_at == at("09-20 17:30")


def test_a_day_with_hours_of_its_own_ends_at_their_close():
    half_day = Day(DayKind.WORK, ((510, 720), (780, 960)), "stocktaking")
    calendar = every_day(days={date(2025, 9, 30): half_day})
    assert due(at("09-29 10:00"), replace(THREE_DAYS, amount=1), calendar).due_at == at("09-30 16:00")
    assert due(at("09-30 16:30"), SAME_DAY, calendar).due_at == at("10-01 18:00")


def test_a_policy_may_end_at_midnight_although_service_closes():
    assert due(at("09-29 16:20"), replace(THREE_DAYS, end=End.MIDNIGHT), every_day()).due_at == at("10-03 00:00")


def test_service_until_midnight_ends_the_day_at_midnight():
    calendar = every_day(((0, 360), (1200, 1440)))
    assert due(at("09-29 23:59"), SAME_DAY, calendar).due_at == at("09-30 00:00")


def test_a_last_day_that_is_a_plain_weekend_rolls_to_monday():
    assert due(at("09-18 10:00"), ROLLED, every_day()).due_at == at("09-22 18:00")


def test_a_last_day_that_is_made_up_does_not_roll():
    assert due(at("09-25 10:00"), ROLLED, every_day()).due_at == at("09-28 18:00")


def test_a_make_up_weekend_day_is_a_working_day():
    assert due(at("09-26 10:00"), replace(THREE_WORKING, amount=1), every_day()).due_at == at("09-28 18:00")


def test_rest_days_count_for_natural_days_however_many_there_are():
    assert due(at("09-30 10:00"), replace(THREE_DAYS, amount=7), every_day()).due_at == at("10-07 18:00")


# Same time of day, and hours


OFFICE = Calendar(tz=NEW_YORK, weekly=dict.fromkeys(range(5), ((510, 720), (780, 1020))))
SAME_TIME = Policy("city", Count.WORKING_DAYS, 2, End.SAME_TIME)
CALENDAR_DAYS = Policy("plain", Count.NATURAL_DAYS, 1, End.SAME_TIME, after_hours_next_day=False)


@pytest.mark.parametrize(
    ("received", "start", "expected"),
    [
        ("06-01 10:07:13", "06-01 10:07:13", "06-03 10:07:13"),
        ("06-01 07:00", "06-01 08:30", "06-03 08:30"),
        ("06-01 12:20", "06-01 13:00", "06-03 13:00"),
        ("06-01 17:00", "06-02 08:30", "06-04 08:30"),
        ("06-05 17:01", "06-08 08:30", "06-10 08:30"),
        ("06-06 11:00", "06-08 08:30", "06-10 08:30"),
    ],
)
def test_working_days_to_the_same_time_start_inside_the_hours_of_a_working_day(received, start, expected):
    deadline = due(at(f"2015-{received}", NEW_YORK), SAME_TIME, OFFICE)
    assert deadline.start_at == at(f"2015-{start}", NEW_YORK)
    assert deadline.due_at == at(f"2015-{expected}", NEW_YORK)


def test_working_days_to_the_same_time_do_not_start_on_a_rest_day_with_service():
    deadline = due(at("09-20 10:00"), SAME_TIME, every_day())
    assert (deadline.start_at, deadline.due_at) == (at("09-22 08:30"), at("09-24 08:30"))


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("2025-03-07T22:15:00-05:00", "2025-03-09T22:15:00-04:00"),
        ("2025-03-07T02:30:00-05:00", "2025-03-09T03:00:00-04:00"),
        ("2025-10-31T01:30:00-04:00", "2025-11-02T01:30:00-04:00"),
        ("2025-11-02T01:30:00-05:00", "2025-11-04T01:30:00-05:00"),
    ],
)
def test_natural_days_to_the_same_wall_time_across_a_clock_change(received, expected):
    policy = replace(CALENDAR_DAYS, amount=2)
    assert due(datetime.fromisoformat(received), policy, OFFICE).due_at == datetime.fromisoformat(expected)


def test_no_days_to_the_same_time_are_over_at_once_even_in_the_repeated_hour():
    received = datetime.fromisoformat("2025-11-02T01:30:00-05:00")
    assert due(received, replace(CALENDAR_DAYS, amount=0), OFFICE).due_at == received


def test_a_window_that_the_clock_skips_has_no_service_in_it():
    calendar = every_day(((120, 180),), tz=NEW_YORK, days={})
    deadline = due(at("03-09 00:30", NEW_YORK), Policy("h", Count.SERVICE_HOURS, 1), calendar)
    assert deadline.start_at == at("03-10 02:00", NEW_YORK)
    assert deadline.due_at == at("03-10 03:00", NEW_YORK)


def test_a_day_that_has_begun_does_not_end_when_the_clock_goes_back_past_midnight():
    calendar = every_day(tz=ZoneInfo("America/St_Johns"), days={})
    received = datetime(2010, 11, 7, 3, 0, tzinfo=UTC)
    assert received.astimezone(calendar.tz).date() == date(2010, 11, 6)
    assert calendar.day_of(received) == date(2010, 11, 7)
    assert due(received, SAME_DAY, calendar).due_at == datetime(2010, 11, 7, 21, 30, tzinfo=UTC)


def test_a_second_that_the_clock_skips_is_the_moment_of_the_jump_to_the_second():
    received = datetime(2025, 3, 8, 2, 59, 59, 999_999, tzinfo=NEW_YORK)
    assert due(received, CALENDAR_DAYS, OFFICE).due_at == datetime(2025, 3, 9, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("received", "hours", "expected"),
    [
        ("09-29 16:20", 1, "09-29 17:20"),
        ("09-29 16:20", Decimal("2.5"), "09-30 09:20"),
        ("09-29 17:30", Decimal("0.5"), "09-29 18:00"),
        ("09-29 18:00", 1, "09-30 09:30"),
        ("09-29 03:00", 1, "09-29 09:30"),
        ("09-29 10:00", 19, "09-30 19:30"),
    ],
)
def test_service_hours_run_inside_the_windows_only(received, hours, expected):
    calendar = every_day(days={date(2025, 9, 30): Day(DayKind.WORK, ((510, 1200),))})
    assert due(at(received), Policy("h", Count.SERVICE_HOURS, hours), calendar).due_at == at(expected)


def test_wall_hours_run_at_night_and_through_a_clock_change():
    policy = Policy("report", Count.WALL_HOURS, 24)
    assert due(at("09-29 19:30"), policy, every_day()).due_at == at("09-30 19:30")
    changed = due(at("03-08 22:00", NEW_YORK), policy, OFFICE)
    assert changed.due_at == at("03-09 23:00", NEW_YORK)
    assert changed.due_at - changed.start_at == timedelta(hours=24)


def test_urgent_service_hours_still_wait_for_the_opening_but_are_not_marked():
    policy = Policy("h", Count.SERVICE_HOURS, 1)
    plain, urgent = (due(at("09-29 19:30"), policy, every_day(), urgent=urgent) for urgent in (False, True))
    assert plain.due_at == urgent.due_at == at("09-30 09:30")
    assert (plain.after_hours, urgent.after_hours) == (True, False)


# Pauses


def test_overlapping_and_touching_pauses_count_once():
    pieces = [("09-30 15:00", "09-30 17:00"), ("09-30 16:00", "09-30 20:00"), ("09-30 20:00", "10-01 10:00")]
    pauses = [Pause(at(begin), at(end)) for begin, end in pieces]
    deadline = due(at("09-29 16:20"), THREE_DAYS, every_day(), pauses=reversed(pauses))
    assert deadline.due_at == at("10-03 13:00")
    assert [fact["added_minutes"] for fact in facts(deadline, "pause")] == [270]


def test_a_pause_outside_service_hours_moves_nothing():
    pauses = [Pause(at("09-30 18:00"), at("10-01 08:30"))]
    assert due(at("09-29 16:20"), THREE_DAYS, every_day(), pauses=pauses).due_at == at("10-02 18:00")


def test_a_pause_counts_in_wall_time_where_the_community_keeps_no_close():
    pauses = [Pause(at("09-30 22:00"), at("10-01 10:30"))]
    calendar = every_day(default_close=None)
    assert due(at("09-29 16:20"), THREE_DAYS, calendar, pauses=pauses).due_at == at("10-03 12:30")


def test_a_pause_counts_in_wall_time_for_a_clock_of_wall_hours():
    pauses = [Pause(at("09-29 20:00"), at("09-29 21:00"))]
    policy = Policy("arrive", Count.WALL_HOURS, 2)
    assert due(at("09-29 19:30"), policy, every_day(), pauses=pauses).due_at == at("09-29 22:30")


def test_a_pause_that_begins_once_the_case_is_late_moves_nothing_and_says_so():
    late = due(at("09-29 09:00"), SAME_DAY, every_day(), pauses=[Pause(at("09-29 18:00:01"), at("09-30 10:00"))])
    in_time = due(at("09-29 09:00"), SAME_DAY, every_day(), pauses=[Pause(at("09-29 18:00"), at("09-30 10:00"))])
    assert late.due_at == at("09-29 18:00")
    assert facts(late, "pause")[0]["late"]
    assert in_time.due_at == at("09-30 10:00")


def test_a_pause_may_begin_in_the_time_that_an_earlier_one_has_added():
    pauses = [Pause(at("09-29 16:00"), at("09-29 18:00")), Pause(at("09-30 09:00"), at("09-30 09:30"))]
    assert due(at("09-29 09:00"), SAME_DAY, every_day(), pauses=pauses).due_at == at("09-30 11:00")


def test_what_was_paused_before_the_receipt_does_not_count():
    pauses = [Pause(at("09-28 09:00"), at("09-28 12:00")), Pause(at("09-29 09:00"), at("09-29 16:50"))]
    assert due(at("09-29 16:20"), SAME_DAY, every_day(), pauses=pauses).due_at == at("09-30 09:00")


def test_a_pause_cannot_end_before_it_starts():
    with pytest.raises(ValueError, match="before it starts"):
        Pause(at("09-29 16:00"), at("09-29 15:59"))


# Settings that cannot be meant


def test_a_calendar_without_any_service_raises_instead_of_searching_for_ever():
    shut = Calendar(tz=SHANGHAI, weekly={})
    with pytest.raises(NoServiceDays):
        due(at("09-29 16:20"), SAME_DAY, shut)
    with pytest.raises(NoServiceDays):
        due(at("09-29 16:20"), Policy("h", Count.SERVICE_HOURS, 1), shut)
    with pytest.raises(NoServiceDays):
        shut.add_service(at("09-29 16:20"), timedelta(minutes=1))
    with pytest.raises(NoServiceDays):
        shut.next_opening(at("09-29 16:20"))
    assert issubclass(NoServiceDays, ValueError)


def test_a_calendar_without_working_days_raises_instead_of_searching_for_ever():
    never = every_day(days={}, rest_weekdays=frozenset(range(7)))
    for policy in (THREE_WORKING, ROLLED, SAME_TIME):
        with pytest.raises(NoServiceDays):
            due(at("09-29 16:20"), policy, never)


def test_an_urgent_case_has_a_deadline_even_where_nobody_ever_serves():
    assert due(at("09-29 16:20"), THREE_DAYS, Calendar(SHANGHAI, {}), urgent=True).due_at == at("10-02 18:00")


def test_a_community_that_keeps_no_hours_at_all_is_always_open():
    always = Calendar(SHANGHAI, {}, default_close=None)
    assert always.service_minutes_between(at("09-27 00:00"), at("09-29 00:00")) == timedelta(days=2)
    assert due(at("09-28 23:59"), SAME_DAY, always).due_at == at("09-29 00:00")


def test_only_days_in_a_row_without_service_end_the_search():
    mondays = Calendar(SHANGHAI, {0: DESK})
    weeks = 300
    assert mondays.add_service(at("09-29 08:30"), weeks * timedelta(hours=9.5)) == at("2031-06-23 18:00")


def test_one_service_day_in_two_years_is_still_found():
    rare = Calendar(SHANGHAI, {}, days={date(2027, 9, 1): Day(DayKind.WORK, DESK)})
    assert due(at("09-29 16:20"), SAME_DAY, rare).due_at == at("2027-09-01 18:00")


@pytest.mark.parametrize("windows", [((600, 600),), ((700, 600),), ((-1, 60),), ((600, 1441),)])
def test_windows_that_are_empty_or_off_the_day_are_refused(windows):
    with pytest.raises(ValueError, match="service window"):
        every_day(windows)
    with pytest.raises(ValueError, match="service window"):
        Day(DayKind.WORK, windows)


def test_windows_may_come_in_any_order_and_touch():
    calendar = every_day([[780, 1080], [510, 700], [700, 720]])
    assert calendar.windows(date(2025, 9, 29)) == ((510, 720), (780, 1080))


@pytest.mark.parametrize("kwargs", [{"weekly": {7: DESK}}, {"rest_weekdays": {7}}, {"default_close": 0}])
def test_a_calendar_with_days_or_closes_that_do_not_exist_is_refused(kwargs):
    with pytest.raises(ValueError, match=r"Weekdays|close"):
        every_day(**kwargs)


@pytest.mark.parametrize(
    ("count", "amount", "end"),
    [
        (Count.NATURAL_DAYS, -1, End.CLOSE),
        (Count.WORKING_DAYS, Decimal("1.5"), End.CLOSE),
        (Count.NATURAL_DAYS, MAX_DAYS + 1, End.CLOSE),
        (Count.SERVICE_HOURS, 0, End.CLOSE),
        (Count.WALL_HOURS, MAX_DAYS * 24 + 1, End.CLOSE),
        (Count.SAME_DAY, 0, End.SAME_TIME),
    ],
)
def test_a_policy_that_is_no_promise_is_refused(count, amount, end):
    with pytest.raises(ValueError, match="Policy odd"):
        Policy("odd", count, amount, end)


def test_a_moment_without_a_time_zone_is_refused():
    naive = datetime(2025, 9, 29, 16, 20)  # noqa: DTZ001
    calendar = every_day()
    for ask in (
        lambda: due(naive, SAME_DAY, calendar),
        lambda: calendar.day_of(naive),
        lambda: calendar.add_service(naive, timedelta(minutes=1)),
        lambda: calendar.service_minutes_between(at("09-29 16:20"), naive),
        lambda: Pause(naive, naive),
    ):
        with pytest.raises(ValueError, match="aware"):
            ask()


def test_service_cannot_be_taken_away():
    with pytest.raises(ValueError, match="never taken away"):
        every_day().add_service(at("09-29 16:20"), timedelta(minutes=-1))


def test_moments_come_out_in_utc_so_that_they_can_be_subtracted():
    deadline = due(at("10-31 20:00", NEW_YORK), CALENDAR_DAYS, OFFICE)
    assert deadline.due_at.tzinfo is deadline.start_at.tzinfo is UTC
    assert OFFICE.close_of(date(2025, 11, 3)).tzinfo is OFFICE.next_opening(deadline.due_at).tzinfo is UTC


def test_a_calendar_keeps_its_days_when_the_given_dictionary_changes_and_can_be_pickled():
    days = {}
    calendar = every_day(days=days)
    days[date(2025, 9, 29)] = Day(DayKind.REST, ())
    for kept in (calendar, pickle.loads(pickle.dumps(calendar))):
        assert kept.has_service(date(2025, 9, 29))
        assert due(at("09-29 16:20"), SAME_DAY, kept).due_at == at("09-29 18:00")


def test_what_kind_a_day_is():
    calendar = every_day()
    kinds = {
        (9, 29): (True, False),
        (9, 27): (False, False),
        (9, 28): (True, False),
        (10, 4): (False, True),
        (10, 8): (False, True),
    }
    for (month, day), expected in kinds.items():
        on = date(2025, month, day)
        assert (calendar.is_working(on), calendar.is_statutory(on)) == expected


# Against a walk minute by minute. The clock on the wall is read each minute and never runs backwards: while an hour
# repeats, the walk stays at the highest reading so far. Everything else follows from that.

MINUTE = timedelta(minutes=1)
WALK_DAYS = 14
# Plain days, jumps and repeats of an hour and of half an hour, at two, at midnight and just after it, a missing day.
PLACES = [
    ("Asia/Shanghai", date(2025, 9, 27)),
    ("Asia/Kathmandu", date(2025, 12, 30)),
    ("America/New_York", date(2025, 3, 9)),
    ("America/New_York", date(2025, 11, 2)),
    ("Australia/Lord_Howe", date(2025, 4, 6)),
    ("Australia/Lord_Howe", date(2025, 10, 5)),
    ("America/Havana", date(2025, 3, 9)),
    ("America/Havana", date(2025, 11, 2)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("Pacific/Apia", date(2011, 12, 30)),
]
HARD_MINUTES = [0, 1, 30, 60, 75, 90, 105, 120, 135, 150, 180, 510, 720, 780, 1080, 1380, 1410, 1439, 1440]


@cache
def wall_readings(tz, first):
    """The date and the minute of the day on the wall, for each minute from `first` on."""
    readings, highest = [], None
    for n in range(-2 * 1440, WALK_DAYS * 1440):
        wall = (first + n * MINUTE).astimezone(tz).replace(tzinfo=None, fold=0)
        highest = wall if highest is None else max(highest, wall)
        readings.append((highest.date(), highest.hour * 60 + highest.minute))
    return readings[2 * 1440 :]


class Walk:
    """Which minutes are served, from the plain settings of a calendar and the clock on the wall."""

    def __init__(self, tz, weekly, days, first):
        def serves(on):
            special = days.get(on)
            own = special.windows if special and special.windows is not None else weekly[on.weekday()]
            minutes = [False] * 1440
            for opens, closes in own:
                minutes[opens:closes] = [True] * (closes - opens)
            return minutes

        readings = wall_readings(tz, first)
        minutes = {on: serves(on) for on in {on for on, _ in readings}}
        self.first = first
        self.served = [minutes[on][minute] for on, minute in readings]

    def between(self, a, b):
        return sum(self.served[(a - self.first) // MINUTE : max(0, (b - self.first) // MINUTE)])

    def after(self, start, minutes, paused=lambda n: False):
        """The first moment by which so many served minutes outside the pauses have passed; None beyond the walk."""
        n = (start - self.first) // MINUTE
        while minutes:
            if n >= len(self.served):
                return None
            minutes -= self.served[n] and not paused(n)
            n += 1
        return self.first + n * MINUTE


@st.composite
def windows(draw):
    minutes = st.one_of(st.sampled_from(HARD_MINUTES), st.integers(0, 1440))
    cuts = sorted(draw(st.lists(minutes, unique=True, max_size=6)))
    return tuple(zip(cuts[::2], cuts[1::2], strict=False))


@st.composite
def worlds(draw):
    """A calendar, a walk over the same settings, and a start within its first days, near a clock change."""
    zone, day = draw(st.sampled_from(PLACES))
    tz = ZoneInfo(zone)
    weekly = {weekday: draw(windows()) for weekday in range(7)}
    exceptions = draw(st.lists(st.tuples(st.integers(-2, 4), st.sampled_from(DayKind), st.none() | windows())))
    days = {day + timedelta(days=n): Day(kind, own) for n, kind, own in exceptions}
    first = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=2)
    start = first + draw(st.integers(0, 4 * 1440)) * MINUTE
    return Calendar(tz=tz, weekly=weekly, days=days), Walk(tz, weekly, days, first), start


slow = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@slow
@given(worlds(), st.integers(-60, 5 * 1440))
def test_service_between_two_moments_agrees_with_the_walk(world, length):
    calendar, walk, start = world
    end = start + length * MINUTE
    assert calendar.service_minutes_between(start, end) == walk.between(start, end) * MINUTE


@slow
@given(worlds(), st.integers(0, 3000))
def test_adding_service_agrees_with_the_walk(world, minutes):
    calendar, walk, start = world
    expected = walk.after(start, minutes)
    assume(expected is not None)
    assert calendar.add_service(start, minutes * MINUTE) == expected


@slow
@given(
    worlds(),
    st.integers(1, 1500),
    st.lists(st.tuples(st.integers(-600, 6000), st.integers(0, 2000)), max_size=4),
)
def test_service_hours_with_pauses_agree_with_the_walk(world, minutes, spans):
    calendar, walk, start = world
    pauses = [Pause(start + begin * MINUTE, start + (begin + length) * MINUTE) for begin, length in spans]
    offset = (start - walk.first) // MINUTE

    def paused(n):
        return any(begin <= n - offset < begin + length for begin, length in spans)

    expected = walk.after(start, minutes, paused)
    assume(expected is not None)
    # At the very moment of the deadline a pause may still begin; the walk has stopped by then.
    assume(not any(pause.starts_at == expected for pause in pauses))
    policy = Policy("h", Count.SERVICE_HOURS, Decimal(minutes) / 60)
    # A length of so many minutes survives its way through hours.
    assert round(policy.amount * 3600) == minutes * 60
    assert due(start, policy, calendar, pauses=pauses).due_at == expected


@slow
@given(worlds(), st.integers(0, 4), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 2000)), max_size=4))
def test_pauses_move_a_deadline_of_days_by_their_served_minutes(world, amount, spans):
    calendar, walk, start = world
    policy = Policy("d", Count.NATURAL_DAYS, amount, after_hours_next_day=False)
    base = due(start, policy, calendar).due_at
    pauses = [Pause(start + begin * MINUTE, start + (begin + length) * MINUTE) for begin, length in spans]
    assume(all(pause.starts_at <= base for pause in pauses))
    paused = {begin + n for begin, length in spans for n in range(length)}
    offset = (start - walk.first) // MINUTE
    expected = walk.after(base, sum(walk.served[offset + n] for n in paused))
    assume(expected is not None)
    assert due(start, policy, calendar, pauses=pauses).due_at == expected


policies = st.builds(
    Policy,
    code=st.just("any"),
    count=st.sampled_from([Count.NATURAL_DAYS, Count.WORKING_DAYS]),
    amount=st.integers(0, 20),
    end=st.sampled_from([End.CLOSE, End.MIDNIGHT]),
    roll_forward=st.booleans(),
    after_hours_next_day=st.booleans(),
)
moments = st.datetimes(datetime(2025, 9, 1), datetime(2025, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001
calendars = st.builds(
    every_day,
    weekly=st.fixed_dictionaries({weekday: windows() for weekday in range(7)}).filter(lambda w: any(w.values())),
    tz=st.sampled_from([SHANGHAI, NEW_YORK]),
    default_close=st.none() | st.integers(1, 1440),
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(calendars, policies, moments, moments, st.booleans())
def test_what_is_received_later_is_never_due_earlier(calendar, policy, one, other, urgent):
    first, second = (due(received, policy, calendar, urgent=urgent) for received in sorted((one, other)))
    assert first.due_at <= second.due_at
    assert one <= due(one, policy, calendar, urgent=urgent).due_at


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    calendars,
    st.sampled_from([Count.NATURAL_DAYS, Count.WORKING_DAYS]),
    st.integers(0, 20),
    moments,
    moments,
)
def test_the_same_time_of_day_keeps_the_order_except_in_the_repeated_hour(calendar, count, amount, one, other):
    policy = Policy("t", count, amount, End.SAME_TIME, after_hours_next_day=count is Count.WORKING_DAYS)
    first, second = (due(received, policy, calendar) for received in sorted((one, other)))
    assume(first.start_at.astimezone(calendar.tz).fold == second.start_at.astimezone(calendar.tz).fold == 0)
    assert first.due_at <= second.due_at


@settings(max_examples=150, deadline=None, derandomize=True)
@given(calendars, policies, moments)
def test_the_explanation_names_every_day_between_receipt_and_the_last_once(calendar, policy, received):
    deadline = due(received, policy, calendar)
    [counted] = facts(deadline, "counted")
    skipped = [iso for fact in facts(deadline, "skipped") for iso, _ in fact["days"]]
    rolled = [fact["to"] for fact in facts(deadline, "rolled")]
    named = sorted(date.fromisoformat(iso) for iso in [*counted["days"], *skipped, *rolled])
    first = date.fromisoformat(counted["after"])
    assert named == [first + timedelta(days=n) for n in range(1, len(named) + 1)]
    assert len(counted["days"]) == policy.amount
    assert not any(calendar.is_working(date.fromisoformat(iso)) for iso in skipped)
    last = named[-1] if named else first
    assert last == calendar.day_of(deadline.due_at - timedelta(microseconds=1))
    assert first == calendar.day_of(deadline.start_at)
    if policy.count is Count.WORKING_DAYS:
        assert all(calendar.is_working(date.fromisoformat(iso)) for iso in counted["days"])


# The city's own due dates


@pytest.mark.data
@pytest.mark.skipif(not OPEN_DATA.is_dir(), reason="the open data is not at hand")
def test_inspectional_due_dates_agree_with_the_citys_own():
    folder = OPEN_DATA / "boston311-2015"
    with (folder / "sla_rules.csv").open(encoding="utf-8", newline="") as file:
        rules = {row["type"]: city_policy(row) for row in csv.DictReader(file)}
    months = ["01-01", "01-19", "02-16", "04-20", "05-25", "09-07", "10-12", "11-11", "11-26", "12-25"]
    public = [*(f"2015-{day}" for day in months), "2016-01-01"]
    holidays = {date.fromisoformat(day): Day(DayKind.STATUTORY, ()) for day in public}
    boston = Calendar(tz=NEW_YORK, weekly=dict.fromkeys(range(5), ((510, 1020),)), days=holidays)
    agreed = asked = 0
    with gzip.open(folder / "all_2015H1.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["SUBJECT"] == "Inspectional Services" and row["TARGET_DT"] and row["TYPE"] in rules:
                asked += 1
                computed = due(city_time(row["OPEN_DT"]), rules[row["TYPE"]], boston).due_at
                agreed += abs(computed - city_time(row["TARGET_DT"]).astimezone(UTC)) <= timedelta(minutes=3)
    assert (agreed, asked) == (9846, 9846)


def city_time(text):
    return datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=NEW_YORK)


def city_policy(row):
    if row["clock"] == "calendar":
        count, next_day = Count.NATURAL_DAYS, False
    else:
        count, next_day = Count.WORKING_DAYS, True
    return Policy(row["type"], count, int(row["days"]), End.SAME_TIME, after_hours_next_day=next_day)


# The sum in words


def told(deadline, audience="staff", tz=SHANGHAI, language="en"):
    stored = json.loads(json.dumps(deadline.explanation))
    with translation.override(language):
        return explain(stored, tz=tz, audience=audience)


def test_staff_read_the_whole_sum_with_its_articles():
    assert told(due(at("09-29 16:20"), THREE_DAYS, every_day())) == [
        "Received Mon September 29 16:20.",
        "Rule: Three days (第十九条).",
        "Mon September 29, the day of receipt, is not counted (Civil Code, Article 201).",
        "3 days counted: Tue September 30 to Thu October 2.",
        "It ends Thu October 2 18:00, at the close of service (Civil Code, Article 203).",
    ]


def test_a_resident_reads_plain_words_and_no_articles():
    deadline = due(at("09-29 19:30"), THREE_DAYS, every_day())
    assert told(deadline, "resident") == [
        "Received Mon September 29 19:30.",
        "Service had closed for the day, so it counts as received on Tue September 30.",
        "Rule: Three days.",
        "3 days counted: Wed October 1 to Fri October 3.",
        "It is due by Fri October 3 18:00.",
    ]


def test_skipped_holidays_are_named_and_counted():
    sentences = told(due(at("09-29 16:20"), THREE_WORKING, every_day()))
    assert "3 days counted: Tue September 30, Thu October 9, Fri October 10." in sentences
    assert (
        "8 rest days passed over: Wed October 1 to Sun October 5 (国庆节 National Day), "
        "Mon October 6 (中秋 Mid-autumn Festival), Tue October 7 (国庆节 National Day), "
        "Wed October 8 (国庆节 National Day)."
    ) in sentences


def test_a_rolled_deadline_says_from_which_day_to_which():
    sentences = told(due(at("09-29 16:20"), ROLLED, every_day()), "resident")
    assert (
        "The last day, Thu October 2 (国庆节 National Day), is a rest day, so Thu October 9 takes its place."
        in sentences
    )
    assert sum("rest days passed over" in sentence for sentence in sentences) == 1


def test_a_make_up_day_is_named():
    sentences = told(due(at("09-26 16:20"), THREE_WORKING, every_day()))
    assert "Worked to make up for a holiday: Sun September 28 (国庆节 National Day)." in sentences


def test_pauses_are_told_with_what_each_adds():
    pauses = [Pause(at("09-30 15:00"), at("10-01 10:00")), Pause(at("10-05 08:00"), at("10-05 12:00"))]
    assert told(due(at("09-29 16:20"), THREE_DAYS, every_day(), pauses=pauses))[-4:] == [
        "Without waiting it would end Thu October 2 18:00.",
        "Waiting from Tue September 30 15:00 to Wed October 1 10:00 adds 4 hours 30 minutes of service time.",
        "Waiting from Sun October 5 08:00 to Sun October 5 12:00 began after the deadline and adds nothing.",
        "It ends Fri October 3 13:00.",
    ]


def test_the_end_of_a_day_reads_24_00_and_not_the_next_day():
    deadline = due(at("09-29 16:20"), THREE_DAYS, every_day(default_close=None))
    assert told(deadline)[-1] == "It ends Thu October 2 24:00, at the end of the day (Civil Code, Article 203)."


def test_an_urgent_case_at_the_moment_of_closing_needs_no_excuse():
    assert not facts(due(at("09-29 18:00"), THREE_DAYS, every_day(), urgent=True), "urgent")


def test_an_urgent_case_says_why_the_day_itself_counts():
    deadline = due(at("09-29 19:30"), THREE_DAYS, every_day(), urgent=True)
    assert told(deadline)[1] == (
        "It is urgent, so Mon September 29 itself is the day of receipt, although service was closed."
    )


def test_a_deadline_beyond_the_known_holidays_says_so():
    sentences = told(due(at("2026-12-30 10:00"), THREE_WORKING, every_day()))
    assert (
        "Public holidays after Thu December 31 are not known yet: only weekends are taken as rest days there."
        in sentences
    )
    assert sentences[-1].startswith("It ends Mon Jan. 4, 2027 18:00")


def test_natural_days_do_not_warn_of_holidays_that_would_change_nothing():
    assert not facts(due(at("2026-12-30 10:00"), THREE_DAYS, every_day()), "calendar_unknown")


def test_hours_that_begin_at_the_opening_say_so():
    sentences = told(due(at("09-29 07:00"), Policy("h", Count.SERVICE_HOURS, Decimal("1.5")), every_day()))
    assert sentences == [
        "Received Mon September 29 07:00.",
        "Service was not open, so the time runs from Mon September 29 08:30.",
        "Rule: 1.5 hours of service.",
        "It ends Mon September 29 10:00.",
    ]


def test_a_receipt_on_a_rest_day_says_why_it_waits():
    sentences = told(due(at("09-20 10:00"), SAME_TIME, every_day()))
    assert (
        sentences[1] == "That is not within the hours of a working day, so it counts as received on Mon September 22."
    )


def test_every_fact_has_words_for_both_audiences():
    calendar = every_day(weekly=dict.fromkeys(range(5), DESK))
    pauses = [Pause(at("09-30 15:00"), at("10-01 10:00"))]
    for policy in (SAME_DAY, THREE_DAYS, ROLLED, THREE_WORKING, SAME_TIME, Policy("w", Count.WALL_HOURS, 300)):
        for received in ("09-20 10:00", "09-29 07:00", "09-29 19:30"):
            for urgent in (False, True):
                deadline = due(at(received), policy, calendar, urgent=urgent, pauses=pauses)
                kinds = {fact["fact"] for fact in deadline.explanation}
                for audience in ("staff", "resident"):
                    sentences = told(deadline, audience)
                    assert len(sentences) >= len(kinds - {"counted"})
                    assert all("%(" not in sentence for sentence in sentences)


def test_a_fact_from_a_newer_version_is_left_out():
    deadline = due(at("09-29 16:20"), SAME_DAY, every_day())
    later = replace(deadline, explanation=(*deadline.explanation, {"fact": "moon", "phase": "full"}))
    assert told(later) == told(deadline)


def test_an_audience_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="for staff or for a resident"):
        explain((), tz=SHANGHAI, audience="press")
