"""What surveys show: the link of each home, and results that give nobody away."""

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.urls import reverse

from complaints.models import Survey, SurveyAnswer
from complaints.models.aftercare import GOOD, Grade
from residents.models import Unit

_SIGNER = signing.Signer(salt="survey")
# Fewer answers than this could be told apart.
LEAST = 5


def token_of(survey, unit):
    """Return the token of one home's link to one survey. It needs no row: nobody else can sign one."""
    return _SIGNER.sign(f"{survey.pk}.{unit.pk}")


def by_token(token):
    """Return (survey, unit) of a link, None where it is none of ours. At most two queries."""
    try:
        survey, unit = (int(key) for key in _SIGNER.unsign(token).split("."))
    except (signing.BadSignature, ValueError):
        return None
    found = Survey.objects.select_related("community").filter(pk=survey).first()
    home = Unit.objects.filter(pk=unit, community=found.community_id).first() if found else None
    return (found, home) if home else None


def slips(survey, building):
    """Return [(room, link)] of every home of one building that is asked, for paper. Two queries."""
    units = survey.units().filter(building=building).order_by("label")
    return [
        (unit.label, f"{settings.SITE_URL}{reverse('complaints:survey_answer', args=[token_of(survey, unit)])}")
        for unit in units
    ]


@dataclass(frozen=True)
class Result:
    """The answers to one question: how many, the bars of its grades or choices, the satisfied share and the mean of
    grades, the words. Nothing but the number where fewer than five answered it."""

    text: str
    kind: str
    n: int
    bars: list
    share: float | None = None
    mean: float | None = None
    words: tuple = ()

    @property
    def is_hidden(self):
        return self.n < LEAST


@dataclass(frozen=True)
class Results:
    """A survey in numbers: homes asked, homes that answered, and each question."""

    asked: int
    n: int
    questions: list

    @property
    def rate(self):
        return self.n / self.asked if self.asked else None

    @property
    def is_hidden(self):
        return self.n < LEAST


def results_of(survey):
    """Return the Results of a survey. Three queries."""
    rows = list(SurveyAnswer.objects.filter(survey=survey).values_list("answers", flat=True))
    questions = [
        _result(question, [row[n] for row in rows if row[n] not in (None, "")])
        for n, question in enumerate(survey.questions)
    ]
    return Results(survey.units().count(), len(rows), questions)


def _result(question, given):
    n, kind, text = len(given), question["kind"], question["text"]
    if n < LEAST:
        return Result(text, kind, n, [])
    if kind == Survey.Kind.TEXT:
        # In no order that would tell who came first.
        return Result(text, kind, n, [], words=tuple(sorted(given)))
    if kind == Survey.Kind.CHOICE:
        bars = [{"label": choice, "count": given.count(place)} for place, choice in enumerate(question["choices"])]
        return Result(text, kind, n, bars)
    bars = [{"label": grade.label, "count": given.count(grade)} for grade in sorted(Grade, reverse=True)]
    return Result(text, kind, n, bars, share=sum(grade in GOOD for grade in given) / n, mean=sum(given) / n)
