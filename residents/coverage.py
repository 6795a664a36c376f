"""How many homes of a plan have been visited: the share that the trade asks for (three-star: contact with 70 %)."""

import datetime
import math
from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Q, Value

from residents.models import Building, HomeVisit, Unit, VisitPlan
from servicedesk.core import kept
from servicedesk.core.models import Community

Status = HomeVisit.Status
# Nobody has to go there again: somebody was met, or wants no visit.
SETTLED = (Status.DONE, Status.DECLINED)


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
    """A plan in numbers: all of it, and building by building."""

    plan: VisitPlan
    community: Community
    today: datetime.date
    total: Line
    lines: list

    @property
    def needed(self):
        """How many more homes it takes to reach the target."""
        return max(math.ceil(self.total.homes * self.plan.target / 100) - self.total.done, 0)

    @property
    def is_reached(self):
        return self.total.homes > 0 and self.needed == 0

    @property
    def by_what_is_left(self):
        """The lines, the buildings in which nothing is left behind all others."""
        return sorted(self.lines, key=lambda line: line.left == 0)


def coverage_of(plans, community, now):
    """Return {key of a plan: Coverage}. Three queries for any number of plans, whose buildings must be loaded, and two
    as long as nothing happens: 40,000 homes take a tenth of a second to count.

    A home is a unit that somebody occupies; it is visited by any visit in the days of the plan, whichever it was made
    for. Who occupies it is asked for today, or for the last day of a plan that is over.
    """
    if not plans:
        return {}
    today = community.local(now).date()
    keys = sorted(plan.pk for plan in plans)
    make = lambda: _counted(plans, community, today)  # noqa: E731
    counted = kept.until_changed("coverage", community.pk, today, *keys, now=now, make=make)
    buildings = {building.pk: building for building in Building.objects.filter(community=community).only("name")}
    lines = {plan.pk: [] for plan in plans}
    for plan, building, *numbers in counted:
        lines[plan].append(_line(numbers, buildings[building]))
    return {plan.pk: Coverage(plan, community, today, _sum(of), of) for plan in plans for of in [lines[plan.pk]]}


def _counted(plans, community, today):
    """Return (plan, building, homes, of these done, done or declined, tried in any way) for the buildings of each plan
    in which somebody lives, in the order of the buildings. One query."""
    first, *others = (_count(plan, community, today) for plan in plans)
    return list(first.union(*others, all=True).order_by("plan", "building"))


def _count(plan, community, today):
    made = _made(plan, community)

    def visited(*outcomes):
        return Count("pk", filter=Q(pk__in=made.filter(status__in=outcomes).values("unit")))

    homes = plan.homes(today).order_by().values("building").annotate(plan=Value(plan.pk), homes=Count("pk"))
    homes = homes.annotate(done=visited(Status.DONE), settled=visited(*SETTLED), tried=visited(*HomeVisit.MADE))
    return homes.values_list("plan", "building", "homes", "done", "settled", "tried")


def _made(plan, community):
    """Return the visits made in the days of a plan, whichever they were made for."""
    first, after = _midnight(plan.starts_on, community), _midnight(plan.ends_on + datetime.timedelta(days=1), community)
    visits = HomeVisit.objects.filter(community=community, status__in=HomeVisit.MADE)
    return visits.filter(done_at__gte=first, done_at__lt=after).order_by()


def _midnight(day, community):
    return datetime.datetime.combine(day, datetime.time(), tzinfo=community.tz)


def _line(numbers, building):
    """Return the Line of a building. Of several visits to one home the best counts: done, declined, nobody at home."""
    homes, done, settled, tried = numbers
    return Line(homes, done, settled - done, tried - settled, building)


def _sum(lines):
    names = ("homes", "done", "declined", "tried")
    return Line(*(sum(getattr(line, name) for line in lines) for name in names))


@dataclass(frozen=True)
class Missing:
    """A home that is still to be visited: how often nobody opened, and the visit that is planned to it."""

    unit: Unit
    tries: int
    planned: HomeVisit | None


def missing_of(coverage, building):
    """Return the Missing homes of a building of a plan, in the order of a walk. Three queries."""
    plan = coverage.plan
    settled = _made(plan, coverage.community).filter(status__in=SETTLED).values("unit")
    homes = plan.homes(coverage.today).filter(building=building).exclude(pk__in=settled)
    units = list(homes.select_related("building").order_by("section", "floor", "label"))
    visits = HomeVisit.objects.filter(unit__in=units)
    planned = {visit.unit_id: visit for visit in visits.planned().select_related("assigned_to")}
    tries = Counter(
        visits.filter(status=Status.NOBODY_HOME, planned_on__gte=plan.starts_on).values_list("unit", flat=True)
    )
    return [Missing(unit, tries[unit.pk], planned.get(unit.pk)) for unit in units]
