"""What is under warranty, what was claimed, and what has to be done next about it: reads only."""

import datetime
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import traces
from complaints.models import OutsideParty, WarrantyClaim, WarrantyTerm
from servicedesk.core import kept, worktime

LAW = "建设工程质量管理条例 第四十条"
# What a community starts with: the least that the law asks for. The days of the seasons are those of Beijing and are
# changed to those of the city; foundations and the main structure are under warranty for as long as their design says.
DEFAULTS = (
    {
        "code": "leak",
        "name": "屋面、卫生间及外墙防渗漏",
        "name_en": "Roof, wet rooms and outer walls: leaks",
        "length": 5,
        "source": f"{LAW}(二)",
    },
    {
        "code": "heating",
        "name": "供热系统",
        "name_en": "Heating",
        "length": 2,
        "unit": WarrantyTerm.Unit.SEASONS,
        "season_from": "11-15",
        "season_to": "03-15",
        "source": f"{LAW}(三)",
    },
    {
        "code": "cooling",
        "name": "供冷系统",
        "name_en": "Cooling",
        "length": 2,
        "unit": WarrantyTerm.Unit.SEASONS,
        "season_from": "06-01",
        "season_to": "08-28",
        "source": f"{LAW}(三)",
    },
    {
        "code": "fittings",
        "name": "电气管线、给排水管道、设备安装和装修",
        "name_en": "Wiring, pipes, equipment, decoration",
        "length": 2,
        "source": f"{LAW}(四)",
    },
)
# So many reminders without a word raise the case by one level.
IN_VAIN_RAISES = 2


@dataclass(frozen=True)
class Coverage:
    """Whether the system of a case is under warranty: until when by which term, None where the building says no day."""

    term: WarrantyTerm
    until: datetime.date | None
    today: datetime.date

    @property
    def is_known(self):
        return self.until is not None

    @property
    def holds(self):
        return self.until is not None and self.today <= self.until

    @property
    def sentence(self):
        if self.until is None:
            return _("Warranty not known: no completion acceptance is recorded for this building.")
        if self.holds:
            return _("Under warranty until %(day)s") % {"day": self.until.isoformat()}
        return _("Warranty ended on %(day)s") % {"day": self.until.isoformat()}


def terms(community_id):
    """Return the terms in use of a community by key, in their order. One query."""
    return {term.pk: term for term in WarrantyTerm.objects.filter(community=community_id, is_active=True)}


def shown_terms(community_id):
    """Return the terms in use of a community by key, half a minute old at the most. One query, none while kept."""
    return kept.for_a_while("warranty-terms", community_id, seconds=30, make=lambda: terms(community_id))


def coverage(term, building, today):
    """Return the Coverage of a system of `building` on the day `today`. No query."""
    until = term.until(building.accepted_on) if building.accepted_on else None
    return Coverage(term, until, today)


def coverage_of(case, now):
    """Return the Coverage of what `case` is about, with its building loaded; None where its category names no system
    or its place no building. At most one query, none while the terms are kept."""
    return covered(case.community, case.category, case.building, now)


def covered(community, category, building, now):
    """Return the Coverage of a matter of `category` in `building`, or None, as `coverage_of`."""
    if category.warranty_id is None or building is None:
        return None
    term = shown_terms(community.pk).get(category.warranty_id)
    return coverage(term, building, community.local(now).date()) if term else None


def claims_of(case):
    """Return the claims of a case, newest first, with party and term. One query, none where its traces tell of none."""
    if not traces.has(case, "claims"):
        return []
    return list(case.warranty_claims.select_related("party", "term", "decided_by").order_by("-id"))


def idle_steps(case, claims):
    """Return the steps of the warranty that lead to nothing on `case` as its `claims` stand. No query."""
    claim = next((claim for claim in claims if claim.is_open), None)
    if claim is None:
        idle = {"answer_warranty", "finish_warranty", "note_warranty_call", "decide_warranty", "drop_warranty"}
    else:
        idle = {"send_warranty", "resolve", "ask_void", "merge"}
        idle |= {"note_warranty_call"} if claim.call_owed_at is None else set()
        idle |= {"decide_warranty"} if claim.status != WarrantyClaim.Status.REFUSED else set()
        idle |= {"finish_warranty"} if claim.status != WarrantyClaim.Status.ACCEPTED else set()
    held = any(claim.status in WarrantyClaim.HOLDING and claim.cycle == case.cycle for claim in claims)
    return idle | {"quote"} if held else idle


def open_claim(case):
    """Return the claim of `case` that still runs, or None. One query."""
    return case.warranty_claims.open().select_related("party", "term").first()


def is_held(case):
    """Return whether a claim of the running cycle keeps the resident from being charged. One query."""
    return case.warranty_claims.holding().filter(cycle=case.cycle).exists()


def due(start, days, calendar):
    """Return the close of the last of `days` natural days after `start`, whose own day is not counted (Civil Code 201,
    203). No query."""
    policy = worktime.Policy(
        code="warranty", count=worktime.Count.NATURAL_DAYS, amount=days, after_hours_next_day=False
    )
    return worktime.due(start, policy, calendar).due_at


# The list ---------------------------------------------------------------------------------------------------------

# What has to be done next about an open claim, in the order of the list.
STEPS = {
    "decide": gettext_lazy("Decide on the refusal"),
    "call": gettext_lazy("Call them and record it"),
    "late": gettext_lazy("Late; reminders go out"),
    "answer": gettext_lazy("They answer"),
    "repair": gettext_lazy("They repair"),
}


def next_step(claim, now):
    """Return the key of STEPS that an open claim stands at. No query."""
    if claim.status == WarrantyClaim.Status.REFUSED:
        return "decide"
    if claim.call_owed_at is not None:
        return "call"
    if claim.is_late(now):
        return "late"
    return "repair" if claim.status == WarrantyClaim.Status.ACCEPTED else "answer"


@dataclass(frozen=True)
class Line:
    """One open claim as the list shows it."""

    claim: WarrantyClaim
    step: str
    is_late: bool

    @property
    def label(self):
        return STEPS[self.step]


@dataclass(frozen=True)
class PartyNumbers:
    """How an outside party keeps its word, among the claims that the reader sees."""

    party: OutsideParty
    open: int
    late: int
    done: int
    average_days: float | None


def lines(user, community, now, *, party=None):
    """Return the Lines of the open claims that `user` sees: by next step, the oldest promise first. One query."""
    rows = WarrantyClaim.objects.visible_to(user).filter(community=community).open()
    rows = rows.filter(party=party) if party else rows
    rows = rows.select_related("party", "term", "case__unit", "case__building", "case__category", "case__department")
    rows = rows.select_related("case__first_responsible").order_by("due_at", "id")
    found = [Line(claim, next_step(claim, now), claim.is_late(now)) for claim in rows]
    order = list(STEPS)
    for line in found:
        line.claim.case.community = community
    return sorted(found, key=lambda line: order.index(line.step))


def numbers(user, community, now):
    """Return the PartyNumbers of every party that has a claim which `user` sees, by name. One query."""
    seen = WarrantyClaim.objects.visible_to(user).filter(community=community).select_related("party").order_by("id")
    by_party = {}
    for claim in seen:
        by_party.setdefault(claim.party, []).append(claim)
    return [_numbers_of(party, by_party[party], now) for party in sorted(by_party, key=lambda party: party.name)]


def _numbers_of(party, claims, now):
    done = [claim for claim in claims if claim.status == WarrantyClaim.Status.DONE]
    took = [(claim.ended_at - claim.sent_at) / datetime.timedelta(days=1) for claim in done]
    return PartyNumbers(
        party=party,
        open=sum(claim.is_open for claim in claims),
        late=sum(claim.is_late(now) for claim in claims),
        done=len(done),
        average_days=round(sum(took) / len(took), 1) if took else None,
    )


def late_cases(cases, now):
    """Return those of `cases` for which an answer or a repair under warranty is late."""
    late = WarrantyClaim.objects.filter(case=OuterRef("pk"), status__in=WarrantyClaim.WAITING, due_at__lt=now)
    return cases.filter(Exists(late))


# What a resident reads --------------------------------------------------------------------------------------------


def for_resident(case, events):
    """Return what the resident reads about the newest claim of `case` in its running cycle, "" where there is none or
    the case is settled: no name of a person, the moment in the community's own time. One query, none where its public
    `events` tell of no claim."""
    if not case.is_clocked or not any(event.verb == "warranty_sent" for event in events):
        return ""
    claim = case.warranty_claims.filter(cycle=case.cycle).order_by("-id").first()
    said = {
        "asked": _("We have asked the repair unit that owes the warranty. It is to answer by %(until)s."),
        "insisted": _("We have demanded the repair in writing. The repair unit is to answer by %(until)s."),
        "accepted": _("The repair unit under warranty has agreed. It is to be repaired by %(until)s."),
        "refused": _("The repair unit does not agree yet. We settle this with it; you are charged nothing meanwhile."),
        "done": _("The repair unit has repaired it under warranty."),
    }
    sentence = said.get(claim.status, "") if claim else ""
    return sentence % {"until": f"{case.community.local(claim.due_at):%m-%d %H:%M}"} if sentence else ""
