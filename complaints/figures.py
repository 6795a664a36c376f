"""The figures of a week and of a month (S5-8, 暂行9): what came in during it, and what became of that by now.

Every figure is about the cases received in the period, so that each number is a list of cases: the condition that
counts it here is the one that the list is filtered by (`condition`). One grouped statement counts the period together
with the one before it and the one a year before (环比, 同比); a second finds what came back again and again.

What is counted is a plain dictionary that JSON holds, because a signed report keeps it as it was. `sheets.present` puts
words, comparisons and addresses to it.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import (
    Avg,
    BooleanField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models import Case as Choose
from django.db.models.functions import Coalesce, ExtractHour, ExtractIsoWeekDay, TruncDate
from django.db.models.lookups import IsNull
from django.utils.translation import gettext_lazy

from complaints.models import (
    Case,
    Channel,
    Concern,
    Cycle,
    DeadlinePolicy,
    Escalation,
    Kind,
    Rating,
    Reply,
    ReturnVisit,
    Status,
    Validity,
)
from complaints.models.aftercare import GOOD
from servicedesk.core.calendar import calendar_of
from servicedesk.core.models import Department, Event
from servicedesk.core.worktime import ONE_DAY

WEEK, MONTH = "week", "month"
NOT_COUNTED = (Status.VOID, Status.MERGED)
# The ways that are answered as they came: visit, letter, telephone (暂行7). The web and a patrol have no such way.
IN_KIND = (Channel.VISIT, Channel.LETTER, Channel.PHONE)
NO_BUILDING = "-"
MOST_REPEATS = 10
# So many rows of a table are shown, signed and printed; of the others it says how many there are.
MOST_ROWS = 20


# Periods --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Period:
    """A week or a month by its first day; `ends_on` is the first day after it."""

    span: str
    starts_on: datetime.date

    @property
    def ends_on(self):
        if self.span == WEEK:
            return self.starts_on + 7 * ONE_DAY
        return (self.starts_on + 31 * ONE_DAY).replace(day=1)

    @property
    def last_day(self):
        return self.ends_on - ONE_DAY

    @property
    def before(self):
        if self.span == WEEK:
            return Period(WEEK, self.starts_on - 7 * ONE_DAY)
        return Period(MONTH, (self.starts_on - ONE_DAY).replace(day=1))

    @property
    def year_before(self):
        """The same month, or the ISO week of the same number, a year before; None for a week 53 that there was not."""
        if self.span == MONTH:
            return Period(MONTH, self.starts_on.replace(year=self.starts_on.year - 1))
        year, week, _day = self.starts_on.isocalendar()
        try:
            return Period(WEEK, datetime.date.fromisocalendar(year - 1, week, 1))
        except ValueError:
            return None

    def moments(self, community):
        """Return the moments at which it begins and ends in the community."""
        calendar = calendar_of(community)
        return calendar.midnight(self.starts_on), calendar.midnight(self.ends_on)

    def is_over(self, community, now):
        return now >= self.moments(community)[1]


def period_of(span, day):
    """Return the week or month that `day` lies in."""
    return Period(span, day - day.weekday() * ONE_DAY if span == WEEK else day.replace(day=1))


def compared(period):
    """Return the period, the one before and the one a year before, or None."""
    return [period, period.before, period.year_before]


# Conditions: what a figure counts, and what the list behind it is filtered by -----------------------------------------


def _counted(now):
    return ~Q(status__in=NOT_COUNTED)


def _judged(now):
    return _counted(now) & Q(kind=Kind.COMPLAINT, validity__in=(Validity.VALID, Validity.INVALID))


def _valid(now):
    return _judged(now) & Q(validity=Validity.VALID)


def _was_late():
    """An earlier cycle of a reopened case keeps its late mark (ruling 10)."""
    late = Cycle.objects.filter(case=OuterRef("pk"), due_at__lt=Coalesce("resolved_at", "ended_at"))
    return Q(cycle__gt=1) & Exists(late)


def _is_late(now):
    """What `Case.late` says, in one condition: strictly after the deadline (ruling 5)."""
    over = Q(resolved_at__gt=F("due_at")) | Q(resolved_at=None, replied_at__gt=F("due_at"))
    return over | Q(resolved_at=None, replied_at=None, due_at__lt=now)


def _decided(now):
    """Whether it is known by now if it was in time: done, or late already."""
    done = Q(due_at__isnull=False) & (Q(resolved_at__isnull=False) | Q(replied_at__isnull=False))
    return _counted(now) & (done | _is_late(now) | _was_late())


def _on_time(now):
    done = Q(resolved_at__lte=F("due_at")) | Q(resolved_at=None, replied_at__lte=F("due_at"))
    return _counted(now) & done & ~_was_late()


_SAME_DAY = Q(policy__count=DeadlinePolicy.Count.SAME_DAY)


def _some(rows):
    """Return the condition that there are `rows` of a case, looked up by its key. Of an EXISTS over a large table
    PostgreSQL makes a hash of the whole table: ten years of replies for the cases of a month. Any row will do, so none
    are sorted."""
    return Q(IsNull(Subquery(rows.order_by().values("pk")[:1]), False))


def _in_kind_of(now):
    return _counted(now) & Q(channel__in=IN_KIND) & _some(Reply.objects.filter(case=OuterRef("pk")))


def _in_kind(now):
    other = Reply.objects.filter(case=OuterRef("pk")).exclude(channel=OuterRef("channel"))
    return _in_kind_of(now) & ~_some(other)


def _taken():
    """The events of taking up a case, the first one first."""
    subject = ContentType.objects.get_for_model(Case)
    return Event.objects.filter(subject_type=subject, subject_id=OuterRef("pk"), verb="taken").order_by("at")


def _responded(now):
    """Registering by telephone, visit or letter is taking; what came by the web waits until somebody takes it."""
    return _counted(now) & Q(is_imported=False) & (Q(recorded_by__isnull=False) | _some(_taken()))


def _arrived(now):
    return _counted(now) & Q(arrived_at__gte=F("received_at"))


def _finished(now):
    return _counted(now) & Q(resolved_at__gte=F("received_at"))


# name: (what its list is called, the condition at a moment)
CONDITIONS = {
    "counted": (gettext_lazy("not void, not joined"), _counted),
    "judged": (gettext_lazy("complaints judged"), _judged),
    "valid": (gettext_lazy("complaints found valid"), _valid),
    "decided": (gettext_lazy("done or late"), _decided),
    "on_time": (gettext_lazy("done in time"), _on_time),
    "same_day_decided": (gettext_lazy("due the same day, done or late"), lambda now: _SAME_DAY & _decided(now)),
    "same_day_on_time": (gettext_lazy("due the same day, done in time"), lambda now: _SAME_DAY & _on_time(now)),
    "longer_decided": (
        gettext_lazy("due in three days or later, done or late"),
        lambda now: ~_SAME_DAY & _decided(now),
    ),
    "longer_on_time": (
        gettext_lazy("due in three days or later, done in time"),
        lambda now: ~_SAME_DAY & _on_time(now),
    ),
    "reopened": (gettext_lazy("reopened"), lambda now: _counted(now) & Q(cycle__gt=1)),
    "in_kind_of": (gettext_lazy("answered, came by visit, letter or telephone"), _in_kind_of),
    "in_kind": (gettext_lazy("answered the way they came"), _in_kind),
    "responded": (gettext_lazy("taken up"), _responded),
    "arrived": (gettext_lazy("arrived on site"), _arrived),
    "finished": (gettext_lazy("work done"), _finished),
}


def condition(name, now):
    """Return what the figure `name` counts at `now`, as a condition on cases."""
    return CONDITIONS[name][1](now)


def reached(level):
    """Return the condition that the highest level a case ever reached is `level`."""
    steps = Escalation.objects.filter(case=OuterRef("pk"))
    above = ~Exists(steps.filter(to_level__gt=level))
    return above if level == 1 else above & Exists(steps.filter(to_level=level))


def at_hour(rows, community, *, weekday=None, hour=None):
    """Return the cases received on a weekday (Monday is 0) and in an hour of the community's own clock."""
    if weekday is not None:
        rows = rows.annotate(_weekday=ExtractIsoWeekDay("received_at", tzinfo=community.tz)).filter(
            _weekday=weekday + 1
        )
    if hour is not None:
        rows = rows.annotate(_hour=ExtractHour("received_at", tzinfo=community.tz)).filter(_hour=hour)
    return rows


# Counting -------------------------------------------------------------------------------------------------------------

# Each table of a report by the column that it is grouped by.
TABLES = {
    "kind": "kind",
    "category": "category_id",
    "channel": "channel",
    "department": "department_id",
    "building": "building",
    "reached": "reached",
}
# What stands in the column `building` for no building, and for all that are not shown.
_NONE, _OTHERS = 0, -1
MOMENTS = {"responded": "responded_at", "arrived": "arrived_at", "finished": "resolved_at"}


@dataclass(frozen=True)
class Scope:
    """What is counted: one community, for `user` or, with None, for nobody from whom anything is hidden."""

    community: object
    user: object
    period: Period
    now: datetime.datetime

    @property
    def rows(self):
        seen = Case.objects.all() if self.user is None else Case.objects.countable_by(self.user)
        return seen.in_community(self.community)

    def of(self, period):
        """Return the cases received in `period`, none where there is no such period."""
        if period is None:
            return self.rows.none()
        begins, ends = period.moments(self.community)
        return self.rows.filter(received_at__gte=begins, received_at__lt=ends)


def count(scope):
    """Return the figures of `scope` as a dictionary that JSON holds: totals and tables for the period, the one before
    and the one a year before; the hours, the days and the repeats of the period. Of a table the twenty rows with most
    cases, and under `more` how many others there are. Three statements, and one more for the names; their cost is that
    of reading the cases of the three periods once."""
    nothing = dict.fromkeys(["received", *CONDITIONS], 0) | dict.fromkeys([f"{name}_seconds" for name in MOMENTS])
    totals = [dict(nothing) for _n in range(3)]
    tables = {name: {} for name in TABLES}
    heat, days, buildings = {}, {}, 0
    for group in _groups(scope):
        n = group["period"]
        if group["table"] == "total":
            totals[n] = {name: _plain(group[name]) for name in totals[n]}
            buildings = group["buildings"]
        elif group["table"] == "hour":
            if n == 0:
                heat[f"{group['weekday'] - 1}-{group['hour']}"] = group["counted"]
        elif group["table"] == "day":
            if n == 0:
                days[group["day"].isoformat()] = group["counted"]
        else:
            key = group[TABLES[group["table"]]]
            if group["table"] == "building":
                if key == _OTHERS:
                    continue
                key = key or NO_BUILDING
            row = tables[group["table"]].setdefault(
                str(key),
                {"counted": [0, 0, 0], "on_time": [0, 0, 0], "decided": [0, 0, 0]},
            )
            for name in row:
                row[name][n] = group[name]
    tables = {name: {key: row for key, row in rows.items() if any(row["counted"])} for name, rows in tables.items()}
    more = {name: len(rows) - MOST_ROWS for name, rows in tables.items() if len(rows) > MOST_ROWS}
    if buildings > MOST_ROWS:
        more["building"] = buildings - MOST_ROWS
    tables = {name: dict(most_first(rows)[:MOST_ROWS]) for name, rows in tables.items()}
    return {
        "totals": totals,
        "tables": tables,
        "more": more,
        "names": _names(scope.community, tables),
        "heat": {key: number for key, number in heat.items() if number},
        "days": {day: number for day, number in sorted(days.items()) if number},
        "repeats": _repeats(scope),
        "sections": {key: section.count(scope) for key, section in SECTIONS.items() if section.count is not None},
    }


def most_first(rows):
    """Return the (key, row) pairs of a table, those with most cases in the period first, then in the one before."""
    return sorted(rows.items(), key=lambda row: (-row[1]["counted"][0], -row[1]["counted"][1], row[0]))


def _plain(value):
    return round(float(value)) if value is not None and not isinstance(value, int) else value


def _groups(scope):
    """Yield a dictionary for each group of each table. One statement: the cases of the three periods are read once.

    A city has ten thousand buildings, and the table twenty: the others are one group, in the order of `most_first`.
    """
    sql, params = _cohort(scope).query.sql_with_params()
    flags = ", ".join(f'count(*) FILTER (WHERE "is_{name}") AS "{name}"' for name in CONDITIONS)
    times = ", ".join(
        f'avg(extract(epoch FROM "{column}" - "received_at")) FILTER (WHERE "is_{name}") AS "{name}_seconds"'
        for name, column in MOMENTS.items()
    )
    sets = {
        "total": [],
        **{name: [column] for name, column in TABLES.items()},
        "hour": ["weekday", "hour"],
        "day": ["day"],
    }
    columns = list(dict.fromkeys(column for found in sets.values() for column in found))
    quoted = ", ".join(f'"{column}"' for column in columns)
    grouped = ", ".join(
        "(" + ", ".join(f'"{column}"' for column in ["period", *found]) + ")" for found in sets.values()
    )
    # `grouping()` has a bit for each column, 1 where the column is not one of the set, the last column lowest.
    marks = {
        sum(1 << (len(columns) - 1 - n) for n, column in enumerate(columns) if column not in found): name
        for name, found in sets.items()
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH cohort AS MATERIALIZED ({sql}),"
            ' sites AS MATERIALIZED (SELECT "site", count(*) FILTER (WHERE "period" = 0) AS "now",'
            ' count(*) FILTER (WHERE "period" = 1) AS "before" FROM cohort WHERE "is_counted" GROUP BY "site"),'
            ' shown AS MATERIALIZED (SELECT "site" FROM sites ORDER BY "now" DESC, "before" DESC,'
            f' "site"::text COLLATE "C" LIMIT {MOST_ROWS}),'
            ' cut AS (SELECT *, CASE WHEN "site" IN (SELECT "site" FROM shown) THEN "site"'
            f' ELSE {_OTHERS} END AS "building" FROM cohort)'
            f' SELECT "period", {quoted}, grouping({quoted}) AS "table", (SELECT count(*) FROM sites) AS "buildings",'
            f' count(*) AS "received", {flags}, {times} FROM cut GROUP BY GROUPING SETS ({grouped})',
            params,
        )
        names = [column.name for column in cursor.description]
        for values in cursor.fetchall():
            group = dict(zip(names, values, strict=True))
            yield {**group, "table": marks[group["table"]]}


def _cohort(scope):
    """Return the cases of the three periods with what is counted of each, as rows of values."""
    asked, whens = Q(), []
    for n, period in enumerate(compared(scope.period)):
        if period is not None:
            begins, ends = period.moments(scope.community)
            asked |= Q(received_at__gte=begins, received_at__lt=ends)
            whens.append(When(received_at__gte=begins, received_at__lt=ends, then=Value(n)))
    tz, steps = scope.community.tz, Escalation.objects.filter(case=OuterRef("pk"))
    flags = {
        f"is_{name}": ExpressionWrapper(condition(name, scope.now), output_field=BooleanField()) for name in CONDITIONS
    }
    annotated = scope.rows.filter(asked).annotate(
        period=Choose(*whens, output_field=IntegerField()),
        reached=Choose(
            When(Exists(steps.filter(to_level=3)), then=Value(3)),
            When(Exists(steps.filter(to_level=2)), then=Value(2)),
            default=Value(1),
        ),
        weekday=ExtractIsoWeekDay("received_at", tzinfo=tz),
        hour=ExtractHour("received_at", tzinfo=tz),
        day=TruncDate("received_at", tzinfo=tz),
        site=Coalesce("building_id", Value(_NONE)),
        responded_at=Choose(When(recorded_by__isnull=False, then=F("recorded_at")), default=_taken().values("at")[:1]),
        **flags,
    )
    plain = ("kind", "category_id", "channel", "department_id")
    moments = ("received_at", "arrived_at", "resolved_at")
    return annotated.order_by().values(
        *plain, *moments, "site", "period", "reached", "weekday", "hour", "day", "responded_at", *flags
    )


def _names(community, tables):
    """Return the names of what the tables are grouped by, as they are called now: they stay on a signed report."""
    departments = Department.objects.filter(community=community)
    shown = [_NONE if key == NO_BUILDING else key for key in tables["building"]] or [_NONE]
    buildings = community.buildings.filter(pk__in=shown).values_list("pk", "name", "code")
    return {
        "category": {str(key): name for key, name in community.categories.values_list("pk", "name")
                     if str(key) in tables["category"]},
        "department": {str(key): name for key, name in departments.values_list("pk", "name")},
        "building": {str(key): [name, code] for key, name, code in buildings},
    }  # fmt: skip


def _repeats(scope):
    """Return the units that came more than once with the same category in the period, the most frequent first."""
    rows = (
        scope.of(scope.period)
        .filter(_counted(scope.now), unit__isnull=False)
        .values("unit", "category")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
        .order_by("-n", "unit__label", "category__name")
    )
    named = rows.values_list("unit__label", "category", "category__name", "n")[:MOST_REPEATS]
    return [{"unit": label, "category": key, "name": name, "count": n} for label, key, name, n in named]


# Sections whose figures are not cases ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Section:
    """A part of a report whose figures come from elsewhere: `lines` are {key: (label, unit)}, units as in LINES.

    `count(scope)` returns {key: [this, before, a year before]} with None for what there is no data of; None where
    nobody counts it yet. It sees cases through `scope.rows` or `scope.of(period)` only, so that ruling 12 holds.
    """

    title: str
    lines: dict
    count: Callable | None = None


def _visits(scope):
    """Count the return visits (回访) of the cases of three periods: how many were due by rule or by a bad rating, how
    many of these were made, how many of all that were made reached somebody, and how many of those are satisfied.

    Due is what is done or whose time has come. A visit that the resident's own reopening has overtaken is not.
    """
    result, is_owed = ReturnVisit.Result, ~Q(reason=ReturnVisit.Reason.BY_HAND)
    overtaken = Q(result=result.NOT_MADE, cycle__lt=F("case__cycle"))
    due = is_owed & (~Q(result="") | Q(due_at__lte=scope.now)) & ~overtaken
    made, heard = ~Q(result__in=("", result.NOT_MADE)), Q(grade__isnull=False)
    counted = {"due": due, "of_due": due & made, "made": made, "heard": heard, "good": Q(grade__in=GOOD)}
    found = _of_three(scope, ReturnVisit, {name: Count("pk", filter=rows) for name, rows in counted.items()})
    return {
        "due": [row["due"] or None for row in found],
        "visited": [_share(row["of_due"], row["due"]) for row in found],
        "reached": [_share(row["heard"], row["made"]) for row in found],
        "satisfied": [_share(row["good"], row["heard"]) for row in found],
    }


def _ratings(scope):
    """Count what residents of the cases of three periods say themselves, in one to five stars."""
    counted = {"n": Count("pk"), "good": Count("pk", filter=Q(overall__in=GOOD)), "score": Avg("overall")}
    found = _of_three(scope, Rating, counted)
    return {
        "rated": [row["n"] or None for row in found],
        "satisfied": [_share(row["good"], row["n"]) for row in found],
        "score": [row["score"] and round(float(row["score"]), 2) for row in found],
    }


def _share(part, whole):
    return round(part / whole, 4) if whole else None


def _of_three(scope, model, counted):
    """Return `counted` over the rows of `model` about cases of the period, the one before and the one a year before.
    One statement."""
    asked, whens, periods = Q(), [], compared(scope.period)
    for n, period in enumerate(periods):
        if period is not None:
            begins, ends = period.moments(scope.community)
            asked |= Q(received_at__gte=begins, received_at__lt=ends)
            whens.append(When(case__received_at__gte=begins, case__received_at__lt=ends, then=Value(n)))
    cases = scope.rows.exclude(status__in=NOT_COUNTED).filter(asked)
    rows = model.objects.filter(case__in=cases.values("pk"))
    grouped = rows.annotate(period=Choose(*whens, output_field=IntegerField())).values("period").annotate(**counted)
    found = {row["period"]: row for row in grouped.order_by("period")}
    return [found.get(n, dict.fromkeys(counted)) for n in range(len(periods))]


SECTIONS = {
    "visits": Section(
        gettext_lazy("Return visits"),
        {
            "due": (gettext_lazy("Visits due"), "count"),
            "visited": (gettext_lazy("Visited, of those due"), "share"),
            "reached": (gettext_lazy("Reached"), "share"),
            "satisfied": (gettext_lazy("Satisfied"), "share"),
        },
        _visits,
    ),
    "satisfaction": Section(
        gettext_lazy("Satisfaction"),
        {
            "rated": (gettext_lazy("Rated by residents"), "count"),
            "satisfied": (gettext_lazy("Satisfied"), "share"),
            "score": (gettext_lazy("Average score"), "number"),
        },
        _ratings,
    ),
}


def is_about(user, community, period):
    """Return whether a case of the period or of those it is compared with is about `user` (ruling 12). One query."""
    asked = Q()
    for other in filter(None, compared(period)):
        begins, ends = other.moments(community)
        asked |= Q(case__received_at__gte=begins, case__received_at__lt=ends)
    return Concern.objects.filter(asked, user=user, case__community=community).exists()
