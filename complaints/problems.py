"""Product and after-sales problems by month: counted from the rows while the month is open, shown as they were sent
afterwards. Reads only.

A problem belongs to the month in which it was found. What is counted, and what is frozen of it, keeps the keys of the
cases; whoever reads it is shown the numbers without the cases that they do not see (ruling 12).
"""

import datetime
from dataclasses import dataclass

from django.db.models import Exists, Q
from django.utils.dateparse import parse_datetime

from complaints import figures, traces
from complaints.models import Case, ProblemFinding, ProblemProposal, ProblemReport, ProductProblem
from servicedesk.core.calendar import calendar_of

# The day of the month by which the sheet of the month before has been sent (our proposal).
SENT_BY_DAY = 5
# What a sheet shows as examples of a theme.
MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Proposal:
    """A proposal as a sheet shows it: how it stood when the month was counted or signed."""

    key: int
    problem: int
    theme: str
    party: str
    text: str
    status: str
    at: datetime.datetime
    sent_at: datetime.datetime | None
    answer: str
    answer_text: str
    result: str

    @property
    def status_label(self):
        return ProblemProposal.Status(self.status).label

    @property
    def answer_label(self):
        return ProblemProposal.Answer(self.answer).label if self.answer else ""


@dataclass(frozen=True)
class Theme:
    """A problem in one month: the cases that show it, from how many units and buildings, and what was proposed."""

    key: int
    theme: str
    kind: str
    severity: str
    description: str
    numbers: list
    units: int
    buildings: list
    proposals: list

    @property
    def count(self):
        return len(self.numbers)

    @property
    def examples(self):
        return self.numbers[:MOST_EXAMPLES]

    @property
    def more(self):
        return max(self.count - MOST_EXAMPLES, 0)

    @property
    def kind_label(self):
        return ProductProblem.Kind(self.kind).label

    @property
    def is_major(self):
        return self.severity == "major"


@dataclass(frozen=True)
class Sheet:
    """A month: its Themes, most cases first, and what became of the Proposals of earlier months."""

    themes: list
    earlier: list


def marks_of(case):
    """Return the findings of a case with their problems. One query, none where its traces tell of none."""
    if not traces.has(case, "marks"):
        return []
    return list(case.problem_findings.filter(dropped_at=None).select_related("problem"))


def counted(community, period):
    """Return the problems of a month for everybody, as plain data that can be kept: themes with the keys of their
    cases, proposals of the month, and those of earlier months that are open still or ended in it. Two queries."""
    begins, ends = period.moments(community)
    found = ProblemFinding.objects.counted().filter(community=community, at__gte=begins, at__lt=ends)
    themes = {}
    for finding in found.select_related("problem", "case__unit__building", "case__building").order_by("id"):
        theme = themes.setdefault(finding.problem_id, _theme(finding.problem))
        case = finding.case
        building = case.building or (case.unit.building if case.unit else None)
        line = {"case": case.pk, "number": _short(case, community), "unit": case.unit_id}
        theme["cases"].append({**line, "building": building.name if building else ""})
    of_time = Q(at__gte=begins) | Q(status__in=ProblemProposal.OPEN) | Q(ended_at__gte=begins)
    proposals = ProblemProposal.objects.filter(of_time, community=community, at__lt=ends)
    earlier = []
    for proposal in proposals.select_related("problem", "party").order_by("at", "id"):
        if proposal.at < begins:
            earlier.append(_plain(proposal))
        else:
            theme = themes.setdefault(proposal.problem_id, _theme(proposal.problem))
            theme["proposals"].append(_plain(proposal))
    return {"themes": list(themes.values()), "earlier": earlier}


def _short(case, community):
    case.community = community
    return case.short_number


def _theme(problem):
    facts = {name: str(getattr(problem, name)) for name in ("theme", "kind", "severity", "description")}
    return {"problem": problem.pk, **facts, "cases": [], "proposals": []}


def _plain(proposal):
    sent = proposal.sent_at and proposal.sent_at.isoformat()
    facts = {name: str(getattr(proposal, name)) for name in ("text", "status", "answer", "answer_text", "result")}
    names = {"theme": proposal.problem.theme, "party": proposal.party.name}
    keys = {"proposal": proposal.pk, "problem": proposal.problem_id}
    return {**keys, **names, **facts, "at": proposal.at.isoformat(), "sent_at": sent}


def present(found, user):
    """Return the Sheet of counted or frozen problems as `user` may see it. A theme of which they see no case and for
    which nothing was proposed is left out. One query, none where there is no case."""
    keys = {line["case"] for theme in found["themes"] for line in theme["cases"]}
    seen = set(Case.objects.visible_to(user).filter(pk__in=keys).values_list("pk", flat=True)) if keys else set()
    themes = [_present(theme, seen) for theme in found["themes"]]
    themes = [theme for theme in themes if theme.count or theme.proposals]
    return Sheet(
        themes=sorted(themes, key=lambda theme: (-theme.count, theme.theme)),
        earlier=[_proposal(facts) for facts in found["earlier"]],
    )


def _present(theme, seen):
    lines = [line for line in theme["cases"] if line["case"] in seen]
    return Theme(
        key=theme["problem"],
        theme=theme["theme"],
        kind=theme["kind"],
        severity=theme["severity"],
        description=theme["description"],
        numbers=[line["number"] for line in lines],
        units=len({line["unit"] for line in lines if line["unit"] is not None}),
        buildings=sorted({line["building"] for line in lines if line["building"]}),
        proposals=[_proposal(facts) for facts in theme["proposals"]],
    )


def _proposal(facts):
    facts = {**facts, "key": facts["proposal"]}
    del facts["proposal"]
    at, sent_at = (facts.pop(name) for name in ("at", "sent_at"))
    return Proposal(**facts, at=parse_datetime(at), sent_at=parse_datetime(sent_at) if sent_at else None)


def report_of(community, period):
    """Return the signed report of a month, or None. One query."""
    rows = ProblemReport.objects.filter(community=community, starts_on=period.starts_on)
    report = rows.select_related("signed_by").first()
    if report:
        report.community = community
    return report


def owed(community, now, cases):
    """Return the last month whose sheet should have been sent and was not, None where it was, is not due yet, or none
    of `cases` was found to show a problem in it. At most one query."""
    today = calendar_of(community).day_of(now)
    if today.day < SENT_BY_DAY:
        return None
    period = figures.period_of(figures.MONTH, today).before
    begins, ends = period.moments(community)
    found = ProblemFinding.objects.counted().filter(community=community, at__gte=begins, at__lt=ends, case__in=cases)
    sent = ProblemReport.objects.filter(community=community, starts_on=period.starts_on)
    return period if found.filter(~Exists(sent)).exists() else None


def rows(sheet):
    """Yield the lines of a sheet for a workbook, one a theme and one an earlier proposal."""
    for theme in sheet.themes:
        proposals = "\n".join(f"{one.party}: {one.text} ({one.status_label})" for one in theme.proposals)
        places = ", ".join(theme.buildings)
        examples = ", ".join(theme.examples)
        yield [theme.theme, str(theme.kind_label), theme.count, theme.units, places, examples, proposals]
    for one in sheet.earlier:
        yield [one.theme, "", None, None, "", "", f"{one.party}: {one.text} ({one.status_label}) {one.result}".strip()]
