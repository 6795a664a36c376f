"""What the board and the search show, read in a fixed number of queries."""

import datetime
import functools
from dataclasses import dataclass

from django.db.models import Count, Q, Value
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from complaints import closing, listing
from complaints.models import Case, Escalation, Proposal, Status
from complaints.models.cases import CLOCKED, REPLY_OWED, TAGS, TO_DECIDE, UNASSIGNED, late_at, soon_at
from residents import finder
from servicedesk.core import kept
from servicedesk.core.models import Role
from servicedesk.core.models.calendar import WEEKDAYS
from servicedesk.core.roles import roles_in

LATE_ROWS, OTHER_ROWS = 12, 6
HEAT_WEEKS = 4
HITS = 12
SWEEP_GRACE = datetime.timedelta(minutes=2)
MANY_OPEN, NUMBERS_SECONDS = 5_000, 5
# Who comes in at the page of approvals.
DECIDERS = {Role.SUPERVISOR, Role.DEPUTY_GM}


def not_taken_at(now):
    """Return the condition that nobody took a case in time, whether or not the sweep has raised it yet (ruling 7)."""
    return Q(status=Status.RECEIVED) & (Q(level__gt=1) | Q(next_escalation_at__lte=now))


@dataclass(frozen=True)
class Counts:
    """The open cases of one department at one level in numbers; `older` than 4, 24 and 72 hours."""

    department: int = 0
    level: int = 0
    total: int = 0
    late: int = 0
    late_today: int = 0
    unowned: int = 0
    unowned_late: int = 0
    soon: int = 0
    to_decide: int = 0
    to_approve: int = 0
    to_void: int = 0
    reply: int = 0
    reply_late: int = 0
    older_4: int = 0
    older_24: int = 0
    older_72: int = 0


@dataclass(frozen=True)
class Today:
    """What came in since midnight; of what was not voided or merged, how many were resolved since then."""

    received: int
    valid: int
    resolved: int

    @property
    def share(self):
        """The share resolved on the day, None where nothing came in: no data is not nought."""
        return self.resolved / self.valid if self.valid else None


@dataclass(frozen=True)
class DepartmentLine:
    """One department: open cases at each level, the late ones, all."""

    name: str
    levels: list
    late: int
    late_url: str
    total: int
    url: str


@dataclass(frozen=True)
class Waiting:
    """How much the page of approvals holds: proposals to approve, reports to read, voidings to decide."""

    proposals: int
    reports: int
    voids: int

    @property
    def total(self):
        return self.proposals + self.reports + self.voids


@dataclass(frozen=True)
class Board:
    """Everything on the board that changes while one looks at it."""

    now: datetime.datetime
    total: dict
    today: Today
    unowned: list
    late: list
    soon: list
    decide: list
    risen: list
    departments: list
    ageing: list
    is_behind: bool
    unsigned: datetime.date | None
    waiting: Waiting | None


@dataclass(frozen=True)
class Numbers:
    """The Counts of the board by department and level, their sums, and the day."""

    groups: list
    total: dict
    today: Today


@dataclass(frozen=True)
class Standing:
    """What the board shows as of a minute: its numbers, the keys of each list, the last day that nobody signed, and
    what waits on the page of approvals for somebody who decides."""

    numbers: Numbers
    keys: dict
    unsigned: datetime.date | None
    waiting: Waiting | None


def board(user, community, *, now, names, wide=False, kind="", department=None):
    """Return the Board of one community as `user` may see it. Four queries, whatever the number of cases, and four
    or five more when something happened since it was counted last.

    `names` are those of the departments by key. A deputy GM who is not of the desk sees level 3, or all levels with
    `wide`. What stands where is of this minute; how late it is, of this moment.
    """
    facts = {"kind": kind, "department": department}
    stands = kept.until_changed(
        "board", user.pk, community.pk, wide, *facts.values(), now=now,
        make=lambda: _standing(user, community, now, wide, facts),
    )  # fmt: skip
    numbers = stands.numbers
    scope = {"scope": "all"} if wide else {}
    wanted = {**scope, **{name: value for name, value in facts.items() if value}}
    return Board(
        now=now,
        total=numbers.total,
        today=numbers.today,
        departments=_departments(numbers.groups, names, wanted),
        ageing=_ageing(numbers.total),
        is_behind=is_behind(community, now),
        unsigned=stands.unsigned,
        waiting=stands.waiting,
        **_sections(stands.keys, community, now),
    )


def _standing(user, community, now, wide, facts):
    """Return the Standing of the board. At most five queries. Where thousands are open, something happens all the
    time: there the numbers are counted every five seconds at the most, while the lists are always those of now."""

    def numbers():
        return _numbers(of_kind, community, now, facts["department"])

    of_kind = listing.narrow(listing.rows_of(user, community, wide=wide), {"kind": facts["kind"]}, community)
    rows = listing.narrow(of_kind, {"department": facts["department"]}, community)
    if listing.opens_more_than(MANY_OPEN, user, community, wide=wide):
        who = user.pk, community.pk, wide, *facts.values()
        counted = kept.for_a_while("numbers", *who, seconds=NUMBERS_SECONDS, make=numbers)
    else:
        counted = numbers()
    unsigned = closing.unsigned_day(community, now)
    # The page of approvals knows no filters and no levels; narrowed, the number is that of the list.
    is_whole = not any(facts.values()) and (wide or not listing.starts_at_the_top(user, community))
    decides = is_whole and roles_in(user, community.pk) & DECIDERS
    keys = _keys(rows, community, now, reports=_unread(user, community) if decides else None)
    unread = keys.pop("reports", None)
    waiting = None
    if unread is not None:
        waiting = Waiting(counted.total["to_approve"], len(unread), counted.total["to_void"])
    return Standing(numbers=counted, keys=keys, unsigned=unsigned, waiting=waiting)


def _unread(user, community):
    """Return the open reports on what was urgent that the page of approvals shows `user`."""
    seen = Case.objects.visible_to(user).in_community(community).exclude(status__in=(Status.VOID, Status.MERGED))
    return Proposal.objects.open().filter(outcome=Proposal.Outcome.REPORT, case__in=seen)


def _numbers(of_kind, community, now, department):
    """Return the Numbers of the board. Two queries: one grouped query over the open rows, nothing over the whole
    table."""
    midnight = listing.midnight(community.local(now).date(), community)
    # Counted by department anyway, and in one index: a narrower query would leave it for a slower one.
    groups = [group for group in _counts(of_kind, community, now, midnight) if department in (None, group.department)]
    total = {name: sum(getattr(group, name) for group in groups) for name in Counts.__dataclass_fields__}
    rows = listing.narrow(of_kind, {"department": department}, community)
    return Numbers(groups=groups, total=total, today=_today(rows, midnight))


def is_behind(community, now):
    """Return whether a step of the ladder that was due two minutes ago is not written yet: no sweep runs. One query
    on the index of the sweep itself."""
    overdue = Case.objects.filter(next_escalation_at__lte=now - SWEEP_GRACE, community=community)
    return overdue.exists()


def _counts(rows, community, now, midnight):
    """Return the Counts of each department and level. One query over the open rows; only simple comparisons in it,
    because each is made for every open row: what a status means is added up here."""
    ages = {f"older_{hours}": now - datetime.timedelta(hours=hours) for hours in (4, 24, 72)}
    late, soon = Q(due_at__lt=now), now + datetime.timedelta(minutes=community.soon_minutes)
    groups = (
        rows.open()
        .values("department", "level", "status")
        .annotate(
            total=Count("pk"),
            past_due=Count("pk", filter=late),
            past_due_today=Count("pk", filter=Q(due_at__gte=midnight, due_at__lt=now)),
            nearly_due=Count("pk", filter=Q(due_at__gte=now, due_at__lt=soon)),
            without_worker=Count("pk", filter=Q(assigned_to=None)),
            without_worker_late=Count("pk", filter=Q(assigned_to=None) & late),
            void_asked=Count("pk", filter=Q(void_asked_at__isnull=False)),
            reply_past_due=Count("pk", filter=Q(reply_due_at__lt=now)),
            **{name: Count("pk", filter=Q(received_at__lte=moment)) for name, moment in ages.items()},
        )
        .order_by("department", "level", "status")
    )
    return [_read_group(group) for group in groups]


def _unowned_of(group):
    """Return how many cases of a group of one status nobody works on: what `unassigned()` says of one case."""
    return {Status.RECEIVED: group["total"], Status.HANDED: group["without_worker"]}.get(group["status"], 0)


def _to_decide_of(group):
    """Return how many cases of a group of one status wait for a decision: what TO_DECIDE says of one case."""
    return group["total"] if group["status"] == Status.PROPOSED else group["void_asked"]


def _read_group(group):
    status = group["status"]
    clocked, owed = status in CLOCKED, status in REPLY_OWED
    unowned_late = {Status.RECEIVED: group["past_due"], Status.HANDED: group["without_worker_late"]}
    return Counts(
        department=group["department"],
        level=group["level"],
        total=group["total"],
        late=group["past_due"] if clocked else 0,
        late_today=group["past_due_today"] if clocked else 0,
        soon=group["nearly_due"] if clocked else 0,
        unowned=_unowned_of(group),
        unowned_late=unowned_late.get(status, 0),
        to_decide=_to_decide_of(group),
        to_approve=group["total"] if status == Status.PROPOSED else 0,
        to_void=group["void_asked"],
        reply=group["total"] if owed else 0,
        reply_late=group["reply_past_due"] if owed else 0,
        older_4=group["older_4"],
        older_24=group["older_24"],
        older_72=group["older_72"],
    )


def _today(rows, midnight):
    valid = ~Q(status__in=(Status.VOID, Status.MERGED))
    counted = rows.filter(received_at__gte=midnight).aggregate(
        received=Count("pk"),
        valid=Count("pk", filter=valid),
        resolved=Count("pk", filter=valid & Q(resolved_at__isnull=False)),
    )
    return Today(**counted)


def _keys(rows, community, now, reports=None):
    """Return the keys of each list of the board, by its name, and those of the cases of `reports`, where they are asked
    for. One query."""
    rows = rows.open()
    late = late_at(now)
    wanted = {
        "unowned": (rows.filter(UNASSIGNED & late | not_taken_at(now)), "due_at", LATE_ROWS),
        "late": (rows.filter(late).exclude(UNASSIGNED), "due_at", LATE_ROWS),
        "soon": (rows.filter(soon_at(now, community.soon_minutes)), "due_at", OTHER_ROWS),
        "decide": (rows.filter(TO_DECIDE), "due_at", OTHER_ROWS),
        "risen": (rows.filter(level__gt=1), "-level_since", OTHER_ROWS),
    }
    first, *rest = (
        found.annotate(section=Value(name)).order_by(order, "id").values_list("section", "pk")[:most]
        for name, (found, order, most) in wanted.items()
    )
    found = {name: [] for name in wanted}
    if reports is not None:
        found["reports"] = []
        rest.append(reports.annotate(section=Value("reports")).order_by().values_list("section", "case_id"))
    for name, key in first.union(*rest, all=True):
        found[name].append(key)
    return found


def _sections(keys, community, now):
    """Return the lists of the board by name. Two queries: the rows of all of them, and who holds what went up."""
    cases = {case.pk: case for case in listing.load(set().union(*keys.values()), community)}
    picked = {name: [cases[key] for key in found if key in cases] for name, found in keys.items()}
    for name in ("unowned", "late", "soon", "decide"):
        picked[name].sort(key=Case.due_key)
    # A case that nobody took in time stands once, at the top, and its tick has one place.
    picked["soon"] = [case for case in picked["soon"] if case not in picked["unowned"]]
    risen = picked.pop("risen")
    return {"risen": _risen(risen), **{name: listing.lines(found, now) for name, found in picked.items()}}


@dataclass(frozen=True)
class Risen:
    """A case that went up: to which level, when, why, and who holds it there."""

    case: Case
    at: datetime.datetime
    why: str
    holder: str


def _risen(cases):
    """Return a Risen for each of `cases`, the last one first. One query."""
    rows = Escalation.objects.filter(case__in=[case.pk for case in cases]).order_by("id")
    # The last one of each case counts.
    steps = {key: step for key, *step in rows.values_list("case_id", "trigger", "holder__name", "holder__username")}
    found = []
    for case in cases:
        if case.pk in steps:
            trigger, name, login = steps[case.pk]
            found.append(Risen(case, case.level_since, Escalation.Trigger(trigger).label, name or login or ""))
    return sorted(found, key=lambda risen: risen.at, reverse=True)


def _departments(groups, names, wanted):
    """Return a DepartmentLine for each department with open cases, the most late ones first. No query."""
    lines = []
    for key in dict.fromkeys(group.department for group in groups):
        own = [group for group in groups if group.department == key]
        here = {**wanted, "department": key}
        lines.append(
            DepartmentLine(
                name=names[key],
                levels=[
                    {
                        "count": sum(group.total for group in own if group.level == level),
                        "url": list_url(**here, view="open", level=level),
                    }
                    for level in (1, 2, 3)
                ],
                late=sum(group.late for group in own),
                late_url=list_url(**here, view="late"),
                total=sum(group.total for group in own),
                url=list_url(**here, view="open"),
            )
        )
    return sorted(lines, key=lambda line: (-line.late, -line.total, line.name))


def list_url(**wanted):
    """Return the address of the list of cases that a number of the board adds up to."""
    return f"{_list_path()}?{urlencode(wanted)}"


@functools.cache
def _list_path():
    # A board has thirty of these addresses.
    return reverse("complaints:list")


def _ageing(total):
    older = [total["total"], total["older_4"], total["older_24"], total["older_72"], 0]
    labels = [_("under 4 h"), _("4–24 h"), _("1–3 d"), _("over 3 d")]
    return [{"label": label, "count": older[n] - older[n + 1]} for n, label in enumerate(labels)]


@dataclass(frozen=True)
class Heat:
    """When requests come in: numbers by weekday and hour, and the hour that brings most as (weekday, hour, number)."""

    hours: list
    week: list
    most: tuple | None


def heat(user, community, *, now, wide=False):
    """Return the Heat of the last four weeks, in the community's own time. One query along the day of receipt."""
    since = listing.midnight(community.local(now).date() - datetime.timedelta(weeks=HEAT_WEEKS), community)
    groups = (
        listing.rows_of(user, community, wide=wide)
        .filter(received_at__gte=since)
        .values_list(
            ExtractIsoWeekDay("received_at", tzinfo=community.tz), ExtractHour("received_at", tzinfo=community.tz)
        )
        .annotate(count=Count("pk"))
        .order_by()
    )
    # Monday is 1 in the database and 0 here.
    counted = {(day - 1, hour): count for day, hour, count in groups}
    used = {8, 18, *(hour for _day, hour in counted)}
    hours = range(min(used), max(used) + 1)
    week = [{"label": str(name), "values": [counted.get((day, hour), 0) for hour in hours]} for day, name in WEEKDAYS]
    most = max(sorted(counted.items()), key=lambda item: item[1], default=None)
    return Heat(list(hours), week, (str(dict(WEEKDAYS)[most[0][0]]), most[0][1], most[1]) if most else None)


# Search -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hit:
    """One line of the search: what it is, and where it leads. Telephone numbers are masked."""

    id: str
    label: str
    mark: str
    meta: str
    href: str
    tag: tuple = ()
    where: str = ""


def search(user, community, query, *, now, residents):
    """Return (resident hits, case hits) for what was typed into the one box, each at most twelve.

    Three to five queries for cases and up to four for people and rooms, which only `residents` allows.
    """
    people = finder.find(community, query, today=community.local(now).date(), most=HITS) if residents else []
    found = listing.matching(listing.rows_of(user, community, wide=True), query)
    page = listing.walk(found, listing.ORDERS["newest"], community, size=HITS, few=listing.is_rare(query))
    return [_resident_hit(hit) for hit in people], [_case_hit(case) for case in page.cases]


def _resident_hit(hit):
    someone = hit.occupancy
    return Hit(
        id=f"o{someone.pk}" if someone else f"u{hit.unit.pk}",
        label=hit.unit.label,
        mark=hit.who or _("nobody registered"),
        meta=someone.person.masked_phone if someone else "",
        href=hit.unit.get_absolute_url(),
    )


def _case_hit(case):
    return Hit(
        id=f"c{case.pk}",
        label=case.short_number,
        mark=case.summary,
        meta=f"{case.place_shown} · {TAGS[case.status][1]}",
        href=case.get_absolute_url(),
        tag=TAGS[case.status],
        where=case.place_shown,
    )
