"""Which answered case is visited, by whom and by when: reads only, for actions, permissions and pages."""

import hashlib
from datetime import timedelta

from complaints import traces
from complaints.models import Channel, Kind, ReturnVisit, Severity, Status, Urgency, VisitRule
from servicedesk.core.models import Event

# After so many tries that reached nobody a visit ends with a note (livip.net/181867); two calls within two hours are
# one try.
MOST_TRIES = 3
RETRY_HOURS = 2
BAD_RATING_HOURS = 24
RATING_DAYS = 7
# As long as an act may be undone, so that nobody finds a case closed under a word that they still change.
ARCHIVE_AFTER = timedelta(minutes=10)

CUSTOM = "物业客服回访通行做法(zhishi.iwuye.com/article/135988)"
STANDARD = "上海某物业公司服务标准(livip.net/181867)"
# What a community starts with. The administrator changes it; the sources are customs and one firm's standard, no law.
DEFAULTS = (
    {
        "code": "major",
        "name": "重大投诉，三日内由主管或副总回访",
        "source": CUSTOM,
        "kind": Kind.COMPLAINT,
        "severity": Severity.MAJOR,
        "within": 3,
        "needs_senior": True,
    },
    {
        "code": "danger",
        "name": "水电急修、危险事项，二十四小时内回访",
        "source": STANDARD,
        "categories": ["outage"],
        "words": ["漏电", "触电", "跳闸", "没电", "停电", "停水", "爆管", "跑水", "燃气", "煤气", "困人", "被困"],
        "within": 24,
        "unit": VisitRule.Unit.HOURS,
    },
    {
        "code": "urgent",
        "name": "特殊或紧急事项，二十四小时内回访",
        "source": STANDARD,
        "urgency": Urgency.SPECIAL_URGENT,
        "within": 24,
        "unit": VisitRule.Unit.HOURS,
    },
    {
        "code": "neighbours",
        "name": "邻里纠纷，二十四小时内回访",
        "source": STANDARD,
        "words": ["邻居", "邻里"],
        "within": 24,
        "unit": VisitRule.Unit.HOURS,
    },
    {
        "code": "leak",
        "name": "屋面、外墙渗漏，第一场雨后回访",
        "source": STANDARD,
        "kind": Kind.REPAIR,
        "words": ["渗水", "渗漏", "漏雨", "外墙渗", "屋面", "屋顶漏"],
        "within": 1,
        "after_rain": True,
    },
    {
        "code": "complaint",
        "name": "投诉全部回访，三日内",
        "source": CUSTOM,
        "kind": Kind.COMPLAINT,
        "within": 3,
    },
    {
        "code": "repair",
        "name": "报修抽三成回访，一周内",
        "source": f"{CUSTOM};{STANDARD}",
        "kind": Kind.REPAIR,
        "share": 30,
        "within": 7,
    },
)


def rule_for(case):
    """Return the rule that decides whether `case` is visited, or None: the first that fits. One query."""
    rules = VisitRule.objects.filter(community=case.community_id, is_active=True).order_by("position", "id")
    return next((rule for rule in rules if rule.fits(case)), None)


def can_be_asked(case):
    """Return whether the resident of `case` can be reached at all: who came or wrote anonymously and left no telephone
    number, no room and no name cannot."""
    return bool(case.reporter_phone or case.unit_id or (case.channel == Channel.LETTER and case.reporter_name))


def lot_of(case):
    """Return the lot of `case`, 0 to 99. Worked out from its number alone, so that nobody chooses whose work is looked
    at and anybody can check it: the first eight digits of the SHA-256 of the number, modulo 100."""
    return int(hashlib.sha256(case.number.encode()).hexdigest()[:8], 16) % 100


def is_drawn(rule, case):
    """Return whether `case` is among those that `rule` has visited."""
    return lot_of(case) < rule.share


def open_visit(case):
    """Return the open visit of `case`, or None. One query, none where its visits are loaded or its traces tell of
    none."""
    if not traces.has(case, "visits"):
        return None
    return next((visit for visit in case.visits.all() if not visit.result), None)


def solver_of(case):
    """Return the key of who did the work of the running cycle, None where none was done. At most one query."""
    if case.resolved_at is None:
        return None
    return Event.objects.about(case).filter(verb="resolved").values_list("by", flat=True).first()


def next_try_at(visit):
    """Return from when somebody may try again to reach the resident, None where nobody has tried."""
    return visit.tried_at + timedelta(hours=RETRY_HOURS) if visit.tried_at else None


def reopens(case, now):
    """Return whether a case that has been answered may be opened again now (ruling 10)."""
    days = timedelta(days=case.community.reopen_days)
    return case.status == Status.REPLIED or (case.status == Status.ARCHIVED and now - case.archived_at <= days)


def rates_until(case, rating):
    """Return until when a resident may rate `case`, or change `rating`; None without an end, or where they may not.

    A rating is theirs to change for a week; without one they may give it until a week after archiving.
    """
    if case.status not in (Status.REPLIED, Status.ARCHIVED):
        return None
    if rating is not None:
        return rating.at + timedelta(days=RATING_DAYS)
    return case.archived_at + timedelta(days=RATING_DAYS) if case.archived_at else None


def may_rate(case, rating, now):
    """Return whether the resident of `case` may rate it now. No query."""
    until = rates_until(case, rating)
    return now <= until if until else case.status == Status.REPLIED


def archives_at(case, visits):
    """Return when the clock archives `case`, None while a visit is open: ten minutes after the last visit of the
    running cycle, or, where none was due, as many days after the answer as the community lets a case be reopened."""
    if case.status != Status.REPLIED or any(visit.is_open for visit in visits):
        return None
    visits = [visit for visit in visits if visit.result != ReturnVisit.Result.NOT_MADE]
    done = [visit.done_at for visit in visits if visit.cycle == case.cycle]
    if done:
        return max(done) + ARCHIVE_AFTER
    return case.replied_at + timedelta(days=case.community.reopen_days) if case.replied_at else None
