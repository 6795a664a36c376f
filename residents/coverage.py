"""How many homes of a plan have been visited: the share that the trade asks for (three-star: contact with 70 %)."""

import datetime
import math
from collections import Counter
from dataclasses import dataclass

from django.db.backends.postgresql.psycopg_any import DateRange

from residents.models import Building, HomeVisit, Occupancy, Unit, VisitPlan

Status = HomeVisit.Status
# Of several visits to one home the best counts.
BEST = [Status.DONE, Status.DECLINED, Status.NOBODY_HOME]


@dataclass(frozen=True)
class Line:
    """The homes of one building, or of a whole plan, by what came of going there."""

    homes: int
    done: int
    declined: int
    tried: int
    building: Building | None = None

    @property
    def share(self):
        """The visited share of the homes, None where there are none."""
        return self.done / self.homes if self.homes else None

    @property
    def percent(self):
        return math.floor(100 * self.done / self.homes) if self.homes else 0

    @property
    def left(self):
        """How many homes are still to be visited: nobody has opened there yet."""
        return self.homes - self.done - self.declined


@dataclass(frozen=True)
class Coverage:
    """A plan in numbers: all of it, building by building, and the outcome of each home that somebody went to."""

    plan: VisitPlan
    total: Line
    lines: list
    buildings: dict
    outcomes: dict

    @property
    def needed(self):
        """How many more homes it takes to reach the target."""
        return max(math.ceil(self.total.homes * self.plan.target / 100) - self.total.done, 0)

    @property
    def is_reached(self):
        return self.total.homes > 0 and self.needed == 0

    @property
    def missing(self):
        """The keys of the homes that are still to be visited."""
        return [key for key in self.buildings if self.outcomes.get(key) not in (Status.DONE, Status.DECLINED)]


def coverage_of(plans, community, today):
    """Return {key of a plan: Coverage}. Three queries for any number of plans, whose buildings must be loaded.

    A home is a unit that somebody occupies; it is visited by any visit in the days of the plan, whichever it was made
    for. Who occupies it is asked for today, or for the last day of a plan that is over.
    """
    if not plans:
        return {}
    days = {plan.pk: min(today, plan.ends_on) for plan in plans}
    names = {building.pk: building for building in Building.objects.filter(community=community)}
    span = DateRange(min(days.values()), max(days.values()), "[]")
    occupied = list(
        Occupancy.objects.in_force()
        .filter(unit__community=community, period__overlap=span)
        .values_list("unit", "unit__building", "period")
    )
    first, last = min(plan.starts_on for plan in plans), max(plan.ends_on for plan in plans)
    visits = HomeVisit.objects.filter(
        community=community,
        status__in=HomeVisit.MADE,
        done_at__gte=_midnight(first, community),
        done_at__lt=_midnight(last + datetime.timedelta(days=1), community),
    )
    made = [
        (unit, status, community.local(done_at).date())
        for unit, status, done_at in visits.values_list("unit", "status", "done_at")
    ]
    return {plan.pk: _count(plan, days[plan.pk], occupied, made, names) for plan in plans}


def _midnight(day, community):
    return datetime.datetime.combine(day, datetime.time(), tzinfo=community.tz)


def _count(plan, day, occupied, made, names):
    scope = {building.pk for building in plan.buildings.all()}
    homes = {
        unit: building
        for unit, building, period in occupied
        if period.lower <= day and (period.upper is None or day < period.upper) and (not scope or building in scope)
    }
    outcomes = {}
    for unit, status, on in made:
        if unit in homes and plan.starts_on <= on <= plan.ends_on:
            outcomes[unit] = min(outcomes.get(unit, status), status, key=BEST.index)
    lines = [
        _line([unit for unit, of in homes.items() if of == key], outcomes, names[key])
        for key in sorted(set(homes.values()))
    ]
    return Coverage(plan, _line(homes, outcomes), lines, homes, outcomes)


def _line(units, outcomes, building=None):
    """Return the Line of some homes."""
    counted = Counter(outcomes.get(unit) for unit in units)
    return Line(len(units), *(counted[status] for status in BEST), building)


@dataclass(frozen=True)
class Missing:
    """A home that is still to be visited: how often nobody opened, and the visit that is planned to it."""

    unit: Unit
    tries: int
    planned: HomeVisit | None


def missing_of(coverage, building=None):
    """Return the Missing homes of a plan, or of one building of it, in the order of a walk. Three queries."""
    keys = [key for key in coverage.missing if building is None or coverage.buildings[key] == building.pk]
    visits = HomeVisit.objects.filter(unit__in=keys)
    planned = {visit.unit_id: visit for visit in visits.planned().select_related("assigned_to")}
    since = coverage.plan.starts_on
    tries = Counter(
        visits.filter(status=Status.NOBODY_HOME, planned_on__gte=since).values_list("unit", flat=True).order_by()
    )
    units = (
        Unit.objects.filter(pk__in=keys).select_related("building").order_by("building", "section", "floor", "label")
    )
    return [Missing(unit, tries[unit.pk], planned.get(unit.pk)) for unit in units]
