"""How a story of the demo is written down: what came in when, and what was done about it.

Moments are worked out when the demo is loaded, from the moment at which it ends, so that the board is never stale.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from complaints.models import Channel
from servicedesk.core import worktime
from servicedesk.core.calendar import calendar_of

# A function of the stage on which the story plays.
Moment = Callable[..., datetime]


@dataclass(frozen=True)
class Step:
    """One action on a case: `when` is a moment, or minutes after the step before."""

    when: Moment | int
    verb: str
    who: str
    facts: dict


@dataclass(frozen=True)
class Story:
    """One matter as it comes in, and what is done about it."""

    came: Moment
    category: str
    matter: str
    room: str = ""
    by: str = ""
    then: tuple = ()
    key: str = ""
    facts: dict = field(default_factory=dict)


def do(when, verb, who="", **facts):
    """Return one step; without `who` it is the resident's own, by the link."""
    return Step(when, verb, who, facts)


def day(days, clock):
    """Return the moment `clock` (such as "09:12") on the day `days` days ago."""

    def at(stage):
        date = stage.community.local(stage.now).date() - timedelta(days=days)
        return datetime.combine(date, time.fromisoformat(clock), stage.community.tz)

    return at


def ago(**span):
    """Return the moment that lies the given hours and minutes back."""
    return lambda stage: stage.now - timedelta(**span)


def ahead(**span):
    """Return the moment that lies the given hours and minutes ahead."""
    return lambda stage: stage.now + timedelta(**span)


def served(minutes):
    """Return the moment since which the desk has been open for `minutes`."""

    def at(stage):
        calendar, left = calendar_of(stage.community), timedelta(minutes=minutes)
        date = calendar.day_of(stage.now)
        while True:
            for opens, closes in reversed(calendar.windows(date)):
                start, end = (_minute_of(date, minute, stage) for minute in (opens, closes))
                end = min(end, stage.now)
                if end - start >= left:
                    return end - left
                left -= max(end - start, timedelta())
            date -= worktime.ONE_DAY

    return at


DEPARTMENT_OF = {"eng": "engineering", "gua": "security", "cle": "cleaning", "gre": "greening"}


def mended(
    days, clock, room, category, matter, worker, remedy, answer, *, by="desk1", hours=2, shown="", grade=5, **facts
):
    """Return a matter of a department that went as it should: handed over, done, the resident told and, where a visit
    is due, asked in return, archived."""
    web = facts.get("channel") == Channel.WEB
    steps = (
        do(6, "hand_over", by, department=DEPARTMENT_OF[worker[:3]]),
        do(14, "accept", worker),
        do(22, "arrive", worker),
        do(hours * 60, "resolve", worker, remedy=remedy, pictures=(shown,) if shown else ()),
        do(35, "reply", by, text=answer),
        do(22 * 60, "close", by, grade=grade),
    )
    then = (do(9, "take", by), *steps) if web else steps
    return Story(day(days, clock), category, matter, room, "" if web else by, then, facts=facts)


def answered(days, clock, room, category, matter, remedy, answer, *, by="desk2", **facts):
    """Return a matter of the centre itself, settled by the clerk who took it."""
    then = (
        do(3, "start", by),
        do(18, "resolve", by, remedy=remedy),
        do(4, "reply", by, text=answer),
        do(20 * 60, "archive", by),
    )
    return Story(day(days, clock), category, matter, room, by, then, facts=facts)


def _minute_of(date, minute, stage):
    return datetime.combine(date, time(), stage.community.tz) + timedelta(minutes=minute)
