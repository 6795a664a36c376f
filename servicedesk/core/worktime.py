"""Deadlines: a pure function of receipt, pauses, calendar and policy, which explains its own sum.

Nothing here reads a database or a clock. Every moment that comes in must be aware; every moment that goes out is in
UTC, because Python subtracts and compares two moments of one local zone by their wall clocks, which is an hour off
across a clock change.

Wall times and clock changes: a wall time that the clock skips is the moment of the jump, and one that comes twice is
its first occurrence. So windows never overlap, an hour that does not exist has no service in it, and a window from
before a repeated hour to after it is open for both. A count that ends at the same wall time keeps the order of
receipts, except inside the repeated hour itself.
"""

import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from math import ceil
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext, pgettext

MINUTES_A_DAY = 1440
SEARCH_DAYS = 3 * 366
MAX_DAYS = 3660
COUNTS_KEPT = 2000
ONE_DAY = timedelta(days=1)
NO_TIME = timedelta(0)

Windows = tuple[tuple[int, int], ...]


class NoServiceDays(ValueError):
    """The calendar has no day of the kind that was looked for within `SEARCH_DAYS`: a fault of its settings."""


class DayKind(StrEnum):
    WORK = "work"
    REST = "rest"
    STATUTORY = "statutory"


class Count(StrEnum):
    SAME_DAY = "same_day"
    NATURAL_DAYS = "natural_days"
    WORKING_DAYS = "working_days"
    SERVICE_HOURS = "service_hours"
    WALL_HOURS = "wall_hours"


class End(StrEnum):
    CLOSE = "close"
    MIDNIGHT = "midnight"
    SAME_TIME = "same_time"


def _clean(windows: Iterable[Sequence[int]]) -> Windows:
    """The windows in order, those that touch or overlap made one; ValueError for one that is empty or off the day."""
    merged: list[tuple[int, int]] = []
    for opens, closes in sorted((int(opens), int(closes)) for opens, closes in windows):
        if not 0 <= opens < closes <= MINUTES_A_DAY:
            raise ValueError(f"A service window runs from 0 to at most 1440 minutes and is not empty: {opens}-{closes}")
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(closes, merged[-1][1]))
        else:
            merged.append((opens, closes))
    return tuple(merged)


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError(f"An aware moment is needed, this one has no time zone: {at.isoformat()}")
    return at.astimezone(UTC)


@dataclass(frozen=True)
class Day:
    """What is special about one date.

    `windows` None keeps the weekday's own hours, () is a day without service. A make-up day on a weekday that has no
    hours counts as a working day but has no hours either, unless they are given here.
    """

    kind: DayKind
    windows: Windows | None = None
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", DayKind(self.kind))
        if self.windows is not None:
            object.__setattr__(self, "windows", _clean(self.windows))


@dataclass(frozen=True)
class Calendar:
    """A community's hours and days. Build it once and use it for many deadlines: it remembers the days it worked out.

    `weekly` maps the weekday (0 is Monday) to its windows in minutes of the day. `default_close` is the close of a day
    without hours of its own, in minutes of the day; None says that the community keeps no close, so that every day
    ends at 24:00 whatever its windows, and pauses count in wall time. A community that keeps no close and has no
    weekly windows at all is taken to be open always. After `known_until` only weekends are known as rest days.
    """

    tz: ZoneInfo
    weekly: Mapping[int, Windows]
    days: Mapping[date, Day] = field(default_factory=dict)
    rest_weekdays: frozenset[int] = frozenset({5, 6})
    default_close: int | None = 18 * 60
    known_until: date | None = None
    _hours_of: dict[date, tuple[tuple[datetime, datetime], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _midnights: dict[date, datetime] = field(default_factory=dict, init=False, repr=False, compare=False)
    _closes: dict[date, datetime] = field(default_factory=dict, init=False, repr=False, compare=False)
    _openings: dict[date, datetime] = field(default_factory=dict, init=False, repr=False, compare=False)
    _counts: dict[tuple, tuple[date, list[dict]]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not all(weekday in range(7) for weekday in (*self.weekly, *self.rest_weekdays)):
            raise ValueError("Weekdays are numbered from 0 (Monday) to 6 (Sunday).")
        if self.default_close is not None and not 0 < self.default_close <= MINUTES_A_DAY:
            raise ValueError("The close of a day lies between 1 and 1440 minutes after its beginning.")
        weekly = {weekday: _clean(windows) for weekday, windows in self.weekly.items()}
        if self.default_close is None and not any(weekly.values()):
            weekly = dict.fromkeys(range(7), ((0, MINUTES_A_DAY),))
        object.__setattr__(self, "weekly", weekly)
        # A copy, so that a dictionary changed later cannot contradict the days already worked out.
        object.__setattr__(self, "days", dict(self.days))
        object.__setattr__(self, "rest_weekdays", frozenset(self.rest_weekdays))

    def windows(self, day: date) -> Windows:
        """The service windows of the day, in minutes of the day, in order and apart; () is a day without service."""
        special = self.days.get(day)
        if special is not None and special.windows is not None:
            return special.windows
        return self.weekly.get(day.weekday(), ())

    def has_service(self, day: date) -> bool:
        """Whether the day has hours of its own."""
        return bool(self.windows(day))

    def is_working(self, day: date) -> bool:
        """Whether it is a working day (工作日): a make-up day is, a holiday is not, else the weekday decides."""
        special = self.days.get(day)
        if special is not None:
            return special.kind is DayKind.WORK
        return day.weekday() not in self.rest_weekdays

    def is_statutory(self, day: date) -> bool:
        """Whether it is known as a statutory rest day (法定休假日); plain weekends are not."""
        special = self.days.get(day)
        return special is not None and special.kind is DayKind.STATUTORY

    def name_of(self, day: date) -> str:
        """The name of the holiday or make-up day, "" where it has none."""
        special = self.days.get(day)
        return special.name if special is not None else ""

    def midnight(self, day: date) -> datetime:
        """The moment at which the day begins, in UTC; that of the next day is this day's 24:00."""
        known = self._midnights.get(day)
        if known is None:
            known = self._midnights[day] = self._moment(day, 0)
        return known

    def day_of(self, at: datetime) -> date:
        """The local date of the moment: the latest date that has begun by then, so that days never run backwards."""
        at = _utc(at)
        day = at.astimezone(self.tz).date()
        while self.midnight(day + ONE_DAY) <= at:
            day += ONE_DAY
        return day

    def close_of(self, day: date) -> datetime:
        """The moment at which the day ends for a deadline, in UTC: the close of its last window, the default close
        without one, 24:00 where the community keeps no close (Civil Code, Article 203)."""
        known = self._closes.get(day)
        if known is None:
            if self.default_close is None:
                known = self.midnight(day + ONE_DAY)
            else:
                windows = self.windows(day)
                known = self._moment(day, windows[-1][1] if windows else self.default_close)
            self._closes[day] = known
        return known

    def next_service_day(self, day: date) -> date:
        """The first day with hours after `day`. Raises NoServiceDays after a search of `SEARCH_DAYS`."""
        return self._next(day, self.has_service, "service")

    def next_working_day(self, day: date) -> date:
        """The first working day after `day`. Raises NoServiceDays after a search of `SEARCH_DAYS`."""
        return self._next(day, self.is_working, "work")

    def rolled(self, day: date) -> date:
        """The day itself where it is a working day, else the next one: a period does not end on a rest day (Civil Code,
        Article 203). Raises NoServiceDays after a search of `SEARCH_DAYS`."""
        return day if self.is_working(day) else self.next_working_day(day)

    def next_opening(self, at: datetime) -> datetime:
        """The opening, in UTC, of the first service day after the local day of `at`. Raises NoServiceDays."""
        today = self.day_of(at)
        known = self._openings.get(today)
        if known is None:
            day = self.next_service_day(today)
            known = self._openings[today] = self._moment(day, self.windows(day)[0][0])
        return known

    def service_minutes_between(self, a: datetime, b: datetime) -> timedelta:
        """How much service lies from `a` to `b`; zero if `b` is not after `a`. Costs one look a day between them."""
        a, b = _utc(a), _utc(b)
        total = NO_TIME
        if b <= a:
            return total
        day, last = self.day_of(a), self.day_of(b)
        while day <= last:
            for opens, closes in self._hours(day):
                served = min(closes, b) - max(opens, a)
                if served > NO_TIME:
                    total += served
            day += ONE_DAY
        return total

    def add_service(self, at: datetime, amount: timedelta) -> datetime:
        """The first moment, in UTC, by which `amount` of service has passed since `at`; `at` itself for none.

        It can be a close: thirty minutes from 17:30 are over at 18:00 and not at the next opening. Raises ValueError
        for a negative amount and NoServiceDays after `SEARCH_DAYS` in a row without service.
        """
        at = _utc(at)
        if amount < NO_TIME:
            raise ValueError("Service time is added, never taken away.")
        if not amount:
            return at
        day, left, empty = self.day_of(at), amount, 0
        while empty <= SEARCH_DAYS:
            empty += 1
            for opens, closes in self._hours(day):
                begins = max(opens, at)
                if begins >= closes:
                    continue
                if closes - begins >= left:
                    return begins + left
                left -= closes - begins
                empty = 0
            day = self._after(day)
        raise NoServiceDays(f"No service hours in {SEARCH_DAYS} days before {day.isoformat()}.")

    def first_in_hours(self, at: datetime, *, working_only: bool = False) -> datetime:
        """`at` itself if it lies inside a window, else the next opening, in UTC; with `working_only` on a working day.

        Windows are half-open here: the moment of closing is already outside. Raises NoServiceDays.
        """
        at = _utc(at)
        day = self.day_of(at)
        for _ in range(SEARCH_DAYS + 1):
            if not working_only or self.is_working(day):
                for opens, closes in self._hours(day):
                    if at < closes:
                        return max(opens, at)
            day = self._after(day)
        raise NoServiceDays(f"No service hours that count in {SEARCH_DAYS} days before {day.isoformat()}.")

    def at_wall_time(self, wall: datetime) -> datetime:
        """The moment, in UTC, at which the clock on the wall first shows this naive time, or jumps over it."""
        before = wall.replace(tzinfo=self.tz, fold=0).astimezone(UTC)
        if before.astimezone(self.tz).replace(tzinfo=None, fold=0) == wall:
            return before
        # Skipped by the clock: the jump lies between the readings of this time with the offsets on its two sides.
        earliest = wall.replace(tzinfo=self.tz, fold=1).astimezone(UTC)
        old = earliest.astimezone(self.tz).utcoffset()
        seconds = range(int((before - earliest).total_seconds()))

        def has_jumped(second: int) -> bool:
            return (earliest + timedelta(seconds=second)).astimezone(self.tz).utcoffset() != old

        jump = bisect.bisect_left(seconds, True, key=has_jumped)
        return (earliest + timedelta(seconds=jump)).replace(microsecond=0)

    def _moment(self, day: date, minute: int) -> datetime:
        return self.at_wall_time(datetime.combine(day, time()) + timedelta(minutes=minute))

    def _hours(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        known = self._hours_of.get(day)
        if known is None:
            moments = ((self._moment(day, opens), self._moment(day, closes)) for opens, closes in self.windows(day))
            known = self._hours_of[day] = tuple((opens, closes) for opens, closes in moments if opens < closes)
        return known

    def _after(self, day: date) -> date:
        if day.year > 9990:
            raise NoServiceDays("The search for service hours has left the calendar.")
        return day + ONE_DAY

    def _next(self, day: date, fits: Callable[[date], bool], what: str) -> date:
        start = day
        for _ in range(SEARCH_DAYS):
            day = self._after(day)
            if fits(day):
                return day
        raise NoServiceDays(f"The calendar has no day of {what} in {SEARCH_DAYS} days after {start.isoformat()}.")


@dataclass(frozen=True)
class Policy:
    """How a deadline is counted: `amount` is whole days, or hours (to the second) for the counts in hours.

    `end` and `roll_forward` are for the counts in days. `roll_forward` moves a last day that is a rest day of any kind
    to the next working day (Civil Code, Article 203). `after_hours_next_day` makes the next service day the day of
    receipt of what comes in after close. Raises ValueError for an amount that is no promise: negative, half a day,
    zero hours, or more than ten years.
    """

    code: str
    count: Count
    amount: Decimal | int = 0
    end: End = End.CLOSE
    roll_forward: bool = False
    after_hours_next_day: bool = True
    article: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", Count(self.count))
        object.__setattr__(self, "end", End(self.end))
        amount = Decimal(self.amount)
        if self.in_hours:
            if not 0 < amount <= MAX_DAYS * 24:
                raise ValueError(f"Policy {self.code}: hours must be more than 0 and at most {MAX_DAYS * 24}.")
        elif not (0 <= amount <= MAX_DAYS and amount == int(amount)):
            raise ValueError(f"Policy {self.code}: days must be a whole number from 0 to {MAX_DAYS}.")
        if self.count is Count.SAME_DAY and self.end is End.SAME_TIME:
            raise ValueError(f"Policy {self.code}: the same day cannot end at the time of its own receipt.")
        object.__setattr__(self, "amount", amount)

    @property
    def in_hours(self) -> bool:
        """Whether it counts hours from a moment, and not days."""
        return self.count in (Count.SERVICE_HOURS, Count.WALL_HOURS)

    @property
    def days(self) -> int:
        """The days to count after the day of receipt; none for the same day."""
        return 0 if self.count is Count.SAME_DAY else int(self.amount)

    @property
    def needs_holidays(self) -> bool:
        """Whether rest days change what it comes to."""
        return self.roll_forward or self.count in (Count.WORKING_DAYS, Count.SERVICE_HOURS)


@dataclass(frozen=True)
class Pause:
    """A time in which the clock stood still; its end is known when it begins. ValueError if it ends before that."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        if _utc(self.ends_at) < _utc(self.starts_at):
            raise ValueError("A pause cannot end before it starts.")


@dataclass(frozen=True)
class Deadline:
    """When the clock started and when it ends (UTC; late is strictly after `due_at`), and why.

    `after_hours` says that the receipt counts as made on a later day. `explanation` is made of plain facts that JSON
    can hold, in the order of the sum; `explain` turns them into sentences. Moments in it carry the local offset.
    Deadlines of one calendar share their facts: read them, do not change them.
    """

    start_at: datetime
    due_at: datetime
    after_hours: bool
    explanation: tuple[dict, ...]


def promised_before(deadline: Deadline, at: datetime, *, tz: ZoneInfo) -> Deadline:
    """Return `deadline` brought forward to `at`, the time at which an answer was promised, and saying so."""
    fact = {"fact": "promised", "at": at.astimezone(tz).isoformat()}
    return replace(deadline, due_at=at, explanation=(*deadline.explanation, fact))


def due(
    received_at: datetime,
    policy: Policy,
    calendar: Calendar,
    *,
    urgent: bool = False,
    pauses: Iterable[Pause] = (),
) -> Deadline:
    """The deadline of what was received at `received_at`, never before it.

    Days: the day of receipt is not counted (Civil Code, Article 201); the last day ends at its close, at 24:00, or at
    the time of day of the start (203). What comes in strictly after close, or on a day without service, counts as
    received on the next service day, unless it is urgent or the policy says otherwise; the day itself then ends at
    24:00 if its close has passed already. With `End.SAME_TIME` the clock starts inside service hours only (working
    days, if those are counted; the moment of closing is outside), under the same two exceptions, and ends at that
    wall time. Hours run from the moment: service hours inside the windows, wall hours always.

    Pauses are merged and move the deadline by their length inside service hours, added inside service hours; in wall
    time where the community keeps no close or the policy counts wall hours. One that begins strictly after the
    deadline as it then stands moves nothing, for a late case cannot be paused.

    Raises ValueError for a naive moment and NoServiceDays where the calendar has no day to count. Costs some thirty
    microseconds, and the first count from a day under a policy up to four more for each day counted.
    """
    received = _utc(received_at)
    facts: list[dict] = [{"fact": "received", "at": _local(received, calendar)}]
    start, moved = _start(received, policy, calendar, urgent, facts)
    facts.append(
        {
            "fact": "policy",
            "code": policy.code,
            "name": policy.name,
            "article": policy.article,
            "count": policy.count.value,
            "amount": f"{Decimal(policy.amount).normalize():f}",
        }
    )
    if policy.in_hours:
        base, rule = _end_in_hours(start, policy, calendar), "hours"
    else:
        base, rule = _end_in_days(start, policy, calendar, facts)
    known = calendar.known_until
    if known is not None and policy.needs_holidays and calendar.day_of(base) > known:
        facts.append({"fact": "calendar_unknown", "known_until": known.isoformat()})
    due_at, waits = _apply_pauses(received, base, policy, calendar, pauses)
    if due_at != base:
        facts.append({"fact": "without_waiting", "at": _local(base, calendar), "rule": rule})
        rule = "waited"
    facts += waits
    facts.append({"fact": "ends", "at": _local(due_at, calendar), "rule": rule})
    return Deadline(start_at=start, due_at=due_at, after_hours=moved, explanation=tuple(facts))


def _local(at: datetime, calendar: Calendar) -> str:
    return at.astimezone(calendar.tz).isoformat()


def _start(
    received: datetime, policy: Policy, calendar: Calendar, urgent: bool, facts: list[dict]
) -> tuple[datetime, bool]:
    """The moment at which the clock starts, and whether the day of receipt became a later one."""
    if policy.count is Count.WALL_HOURS:
        return received, False
    day = calendar.day_of(received)
    served = calendar.has_service(day)
    takes_the_day_itself = urgent or not policy.after_hours_next_day
    if policy.count is Count.SERVICE_HOURS:
        start = calendar.first_in_hours(received)
    elif takes_the_day_itself:
        if urgent and policy.after_hours_next_day and (not served or received > calendar.close_of(day)):
            facts.append({"fact": "urgent", "day": day.isoformat()})
        return received, False
    elif policy.end is End.SAME_TIME:
        start = calendar.first_in_hours(received, working_only=policy.count is Count.WORKING_DAYS)
    elif not served or received > calendar.close_of(day):
        start = calendar.next_opening(received)
    else:
        return received, False
    start_day = calendar.day_of(start)
    if start_day == day or takes_the_day_itself:
        if start > received:
            facts.append({"fact": "starts", "at": _local(start, calendar)})
        return start, False
    rests = policy.count is Count.WORKING_DAYS and policy.end is End.SAME_TIME and not calendar.is_working(day)
    why = "no_service" if not served else "rest_day" if rests else "closed"
    moved = {"fact": "after_hours", "day": day.isoformat(), "service_day": start_day.isoformat(), "why": why}
    facts.append(moved | {"at": _local(start, calendar)})
    return start, True


def _end_in_hours(start: datetime, policy: Policy, calendar: Calendar) -> datetime:
    length = timedelta(seconds=round(policy.amount * 3600))
    return start + length if policy.count is Count.WALL_HOURS else calendar.add_service(start, length)


def _end_in_days(start: datetime, policy: Policy, calendar: Calendar, facts: list[dict]) -> tuple[datetime, str]:
    """The moment at which the last day ends, and by which rule; adds the facts on the days."""
    first = calendar.day_of(start)
    # A day's cases under one policy share their days: in a year of history most counts are repetitions.
    key = (first, policy.count, policy.days, policy.roll_forward)
    known = calendar._counts.get(key)
    if known is None:
        if len(calendar._counts) >= COUNTS_KEPT:
            calendar._counts.clear()
        known = calendar._counts[key] = _count_days(first, policy, calendar)
    last, about_days = known
    facts += about_days
    return _end_of(last, start, policy, calendar)


def _count_days(first: date, policy: Policy, calendar: Calendar) -> tuple[date, list[dict]]:
    """The last day of a count after the day of receipt `first`, and the facts on its days."""
    if policy.count is Count.WORKING_DAYS:
        counted, skipped = _working_days(first, policy.days, calendar)
    else:
        counted, skipped = [first + timedelta(days=n) for n in range(1, policy.days + 1)], []
    last = counted[-1] if counted else first
    facts: list[dict] = [
        {"fact": "counted", "after": first.isoformat(), "days": [day.isoformat() for day in counted]},
    ]
    if policy.count is Count.WORKING_DAYS:
        made_up = [day for day in counted if day.weekday() in calendar.rest_weekdays]
        if made_up:
            facts.append({"fact": "made_up", "days": _named(made_up, calendar)})
    if policy.roll_forward and not calendar.is_working(last):
        rest_day, last = last, calendar.next_working_day(last)
        skipped += [rest_day + timedelta(days=n) for n in range(1, (last - rest_day).days)]
        rolled = {"from": rest_day.isoformat(), "name": calendar.name_of(rest_day), "to": last.isoformat()}
        facts.append({"fact": "rolled"} | rolled)
    if skipped:
        facts.append({"fact": "skipped", "days": _named(skipped, calendar)})
    return last, facts


def _working_days(day: date, amount: int, calendar: Calendar) -> tuple[list[date], list[date]]:
    """The `amount` working days after `day`, and the days passed over on the way."""
    counted: list[date] = []
    skipped: list[date] = []
    for _ in range(amount):
        following = calendar.next_working_day(day)
        skipped += [day + timedelta(days=n) for n in range(1, (following - day).days)]
        counted.append(following)
        day = following
    return counted, skipped


def _end_of(last: date, start: datetime, policy: Policy, calendar: Calendar) -> tuple[datetime, str]:
    """The end of the last day under the policy, and the name of the rule for the explanation."""
    midnight = calendar.midnight(last + ONE_DAY)
    if policy.end is End.SAME_TIME:
        local = start.astimezone(calendar.tz)
        same_time = calendar.at_wall_time(datetime.combine(last, local.time()))
        return max(start, same_time), "same_time"
    if policy.end is End.MIDNIGHT or calendar.default_close is None:
        return midnight, "midnight"
    close = calendar.close_of(last)
    if close < start:
        return midnight, "close_passed"
    return close, "close" if calendar.has_service(last) else "default_close"


def _named(days: Iterable[date], calendar: Calendar) -> list[list[str]]:
    return [[day.isoformat(), calendar.name_of(day)] for day in days]


def _merged(pauses: Iterable[Pause], received: datetime) -> list[tuple[datetime, datetime]]:
    """The pauses since the receipt in order, those that touch or overlap made one."""
    merged: list[tuple[datetime, datetime]] = []
    for begin, end in sorted((max(_utc(pause.starts_at), received), _utc(pause.ends_at)) for pause in pauses):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif begin < end:
            merged.append((begin, end))
    return merged


def _apply_pauses(
    received: datetime, due_at: datetime, policy: Policy, calendar: Calendar, pauses: Iterable[Pause]
) -> tuple[datetime, list[dict]]:
    """The deadline after its pauses, and a fact for each."""
    facts: list[dict] = []
    wall = calendar.default_close is None or policy.count is Count.WALL_HOURS
    for begin, end in _merged(pauses, received):
        fact = {"fact": "pause", "from": _local(begin, calendar), "to": _local(end, calendar)}
        if begin > due_at:
            facts.append(fact | {"added_minutes": 0, "late": True})
            continue
        length = end - begin if wall else calendar.service_minutes_between(begin, end)
        due_at = due_at + length if wall else calendar.add_service(due_at, length)
        minutes = round(length.total_seconds() / 60, 2)
        facts.append(fact | {"added_minutes": int(minutes) if minutes.is_integer() else minutes, "wall": wall})
    return due_at, facts


def explain(explanation: Iterable[Mapping], *, tz: ZoneInfo, audience: str = "staff") -> list[str]:
    """The facts of a `Deadline` (or of its JSON) as sentences in the active language, times in `tz`.

    `audience` is "staff" or "resident"; a resident reads no articles and no codes. A fact of a kind unknown here is
    left out, so that an explanation stored by a newer version still reads. Raises ValueError for another audience.
    """
    if audience not in ("staff", "resident"):
        raise ValueError(f"An explanation is for staff or for a resident, not for {audience!r}.")
    facts = list(explanation)
    received = next((fact["at"] for fact in facts if fact["fact"] == "received"), None)
    year = datetime.fromisoformat(received).astimezone(tz).year if received else None
    words = _Words(tz=tz, year=year, plain=audience == "resident")
    return [text for fact in facts for text in _SENTENCES.get(fact["fact"], _nothing)(fact, words)]


@dataclass(frozen=True)
class _Words:
    """How days, moments and lengths are written in one explanation."""

    tz: ZoneInfo
    year: int | None
    plain: bool

    def day(self, day: date) -> str:
        text = date_format(day, "MONTH_DAY_FORMAT" if day.year == self.year else "DATE_FORMAT")
        # Translators: a weekday and a date, as in "Thu October 2".
        return gettext("%(weekday)s %(date)s") % {"weekday": date_format(day, "D"), "date": text}

    def moment(self, iso: str, *, ends: bool = False) -> str:
        at = datetime.fromisoformat(iso).astimezone(self.tz)
        clock = f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"
        if ends and clock == "00:00":
            # A day ends at 24:00; "00:00 on Friday" is read as a day too much.
            at, clock = at - timedelta(seconds=1), "24:00"
        return f"{self.day(at.date())} {clock}"

    def length(self, minutes: float) -> str:
        hours, rest = divmod(minutes, 60)
        parts = []
        if hours:
            parts.append(ngettext("%(count)d hour", "%(count)d hours", int(hours)) % {"count": hours})
        if rest or not hours:
            shown = int(rest) if float(rest).is_integer() else round(rest, 2)
            parts.append(ngettext("%(count)s minute", "%(count)s minutes", ceil(rest)) % {"count": shown})
        return " ".join(parts)

    def listed(self, days: Iterable[Sequence[str]]) -> str:
        """Days with their names; three and more in a row under one name are written as first to last."""
        parsed = [(date.fromisoformat(iso), name) for iso, name in days]
        runs = groupby(enumerate(parsed), key=lambda item: (item[1][0].toordinal() - item[0], item[1][1]))
        parts: list[str] = []
        for (_, name), run in runs:
            dates = [day for _, (day, _) in run]
            if len(dates) > 2:
                span = {"first": self.day(dates[0]), "last": self.day(dates[-1])}
                # Translators: a run of days, as in "Wed October 1 to Wed October 8".
                texts = [gettext("%(first)s to %(last)s") % span]
            else:
                texts = [self.day(day) for day in dates]
            parts += [self.with_name(text, name) for text in texts]
        return pgettext("between days in a list", ", ").join(parts)

    def with_name(self, text: str, name: str) -> str:
        return gettext("%(day)s (%(name)s)") % {"day": text, "name": name} if name else text


def _nothing(fact: Mapping, words: _Words) -> list[str]:
    return []


def _say_received(fact: Mapping, words: _Words) -> list[str]:
    return [gettext("Received %(when)s.") % {"when": words.moment(fact["at"])}]


def _say_after_hours(fact: Mapping, words: _Words) -> list[str]:
    day = words.day(date.fromisoformat(fact["service_day"]))
    texts = {
        "closed": gettext("Service had closed for the day, so it counts as received on %(day)s."),
        "no_service": gettext("There is no service on that day, so it counts as received on %(day)s."),
        "rest_day": gettext("That is not within the hours of a working day, so it counts as received on %(day)s."),
    }
    return [texts[fact["why"]] % {"day": day}]


def _say_starts(fact: Mapping, words: _Words) -> list[str]:
    return [gettext("Service was not open, so the time runs from %(when)s.") % {"when": words.moment(fact["at"])}]


def _say_urgent(fact: Mapping, words: _Words) -> list[str]:
    day = words.day(date.fromisoformat(fact["day"]))
    text = gettext("It is urgent, so %(day)s itself is the day of receipt, although service was closed.")
    return [text % {"day": day}]


def in_words(count: Count, amount: Decimal | str) -> str:
    """How much time a policy gives, in the active language: "3 days", "the same day"."""
    number = ceil(Decimal(amount))
    rules = {
        Count.SAME_DAY: gettext("the same day"),
        Count.NATURAL_DAYS: ngettext("%(amount)s day", "%(amount)s days", number),
        Count.WORKING_DAYS: ngettext("%(amount)s working day", "%(amount)s working days", number),
        Count.SERVICE_HOURS: ngettext("%(amount)s hour of service", "%(amount)s hours of service", number),
        Count.WALL_HOURS: ngettext("%(amount)s hour", "%(amount)s hours", number),
    }
    return rules[Count(count)] % {"amount": amount}


def _say_policy(fact: Mapping, words: _Words) -> list[str]:
    name = fact["name"] or in_words(fact["count"], fact["amount"])
    if words.plain or not fact["article"]:
        return [gettext("Rule: %(name)s.") % {"name": name}]
    return [gettext("Rule: %(name)s (%(article)s).") % {"name": name, "article": fact["article"]}]


def _say_counted(fact: Mapping, words: _Words) -> list[str]:
    if not fact["days"]:
        return []
    number = len(fact["days"])
    days = words.listed((iso, "") for iso in fact["days"])
    texts = [ngettext("%(count)d day counted: %(days)s.", "%(count)d days counted: %(days)s.", number)]
    if not words.plain:
        texts.insert(0, gettext("%(first)s, the day of receipt, is not counted (Civil Code, Article 201)."))
    first = words.day(date.fromisoformat(fact["after"]))
    return [text % {"count": number, "days": days, "first": first} for text in texts]


def _say_made_up(fact: Mapping, words: _Words) -> list[str]:
    return [gettext("Worked to make up for a holiday: %(days)s.") % {"days": words.listed(fact["days"])}]


def _say_rolled(fact: Mapping, words: _Words) -> list[str]:
    last = words.with_name(words.day(date.fromisoformat(fact["from"])), fact["name"])
    text = gettext("The last day, %(last)s, is a rest day, so %(day)s takes its place (Civil Code, Article 203).")
    if words.plain:
        text = gettext("The last day, %(last)s, is a rest day, so %(day)s takes its place.")
    return [text % {"last": last, "day": words.day(date.fromisoformat(fact["to"]))}]


def _say_skipped(fact: Mapping, words: _Words) -> list[str]:
    number = len(fact["days"])
    text = ngettext("%(count)d rest day passed over: %(days)s.", "%(count)d rest days passed over: %(days)s.", number)
    return [text % {"count": number, "days": words.listed(fact["days"])}]


def _say_calendar_unknown(fact: Mapping, words: _Words) -> list[str]:
    day = words.day(date.fromisoformat(fact["known_until"]))
    text = gettext("Public holidays after %(day)s are not known yet: only weekends are taken as rest days there.")
    return [text % {"day": day}]


def _say_pause(fact: Mapping, words: _Words) -> list[str]:
    span = {"first": words.moment(fact["from"]), "last": words.moment(fact["to"], ends=True)}
    if fact.get("late"):
        return [gettext("Waiting from %(first)s to %(last)s began after the deadline and adds nothing.") % span]
    text = gettext("Waiting from %(first)s to %(last)s adds %(length)s of service time.")
    if fact["wall"]:
        text = gettext("Waiting from %(first)s to %(last)s adds %(length)s.")
    return [text % (span | {"length": words.length(fact["added_minutes"])})]


def _say_without_waiting(fact: Mapping, words: _Words) -> list[str]:
    return [gettext("Without waiting it would end %(when)s.") % {"when": words.moment(fact["at"], ends=True)}]


def _say_ends(fact: Mapping, words: _Words) -> list[str]:
    when = {"when": words.moment(fact["at"], ends=True)}
    if words.plain:
        return [gettext("It is due by %(when)s.") % when]
    texts = {
        "close": gettext("It ends %(when)s, at the close of service (Civil Code, Article 203)."),
        "default_close": gettext("It ends %(when)s: that day has no hours of its own and ends at the usual close."),
        "close_passed": gettext("It ends %(when)s: service had closed before receipt, so the day ends at 24:00."),
        "midnight": gettext("It ends %(when)s, at the end of the day (Civil Code, Article 203)."),
        "same_time": gettext("It ends %(when)s, at the time of day at which the count began."),
    }
    return [texts.get(fact["rule"], gettext("It ends %(when)s.")) % when]


def _say_promised(fact: Mapping, words: _Words) -> list[str]:
    return [
        gettext("A reply was promised by %(when)s: that is earlier, so it counts.") % {"when": words.moment(fact["at"])}
    ]


_SENTENCES: dict[str, Callable[[Mapping, _Words], list[str]]] = {
    "received": _say_received,
    "after_hours": _say_after_hours,
    "starts": _say_starts,
    "urgent": _say_urgent,
    "policy": _say_policy,
    "counted": _say_counted,
    "made_up": _say_made_up,
    "rolled": _say_rolled,
    "skipped": _say_skipped,
    "calendar_unknown": _say_calendar_unknown,
    "without_waiting": _say_without_waiting,
    "pause": _say_pause,
    "ends": _say_ends,
    "promised": _say_promised,
}
