"""Surveys: making one, changing it before the first answer, and one answer from each home."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from complaints.models import Survey, SurveyAnswer
from complaints.permissions import DESK
from servicedesk.core import events
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import roles_in


@transaction.atomic
def make_survey(community, *, title, questions, buildings, opens_on, closes_on, by, now):
    """Make a survey and return it; no buildings are all of them. Raises NotAllowed for who is no supervisor."""
    _demand(by, community.pk, {Role.SUPERVISOR})
    survey = Survey.objects.create(
        community=community,
        title=title,
        questions=questions,
        opens_on=opens_on,
        closes_on=closes_on,
        made_by=by,
        made_at=now,
    )
    survey.buildings.set(buildings)
    events.log(survey, "survey_made", by=by, now=now, data={"title": title})
    return survey


@transaction.atomic
def change_survey(survey, *, title, questions, buildings, opens_on, closes_on, by, now):
    """Change a survey. Raises Refused once somebody has answered: the answers are to the questions as they stood."""
    _demand(by, survey.community_id, {Role.SUPERVISOR})
    rows = Survey.objects.select_for_update(no_key=True).filter(pk=survey.pk)
    rows.get()
    if SurveyAnswer.objects.filter(survey=survey).exists():
        raise Refused(_("Somebody has answered already, so this survey stays as it is. Please make a new one."))
    was = {"title": survey.title, "questions": survey.questions}
    rows.update(title=title, questions=questions, opens_on=opens_on, closes_on=closes_on)
    survey.buildings.set(buildings)
    events.log(survey, "survey_changed", by=by, now=now, data={"was": was})


@transaction.atomic
def answer_survey(survey, unit, *, answers, by, now):
    """Keep what a home answers, once; `by` is who types it in from paper, None the home itself by its link.

    Raises Refused out of its days, for a home that is not asked, and for a second answer.
    """
    if by is not None:
        _demand(by, survey.community_id, DESK)
    # As it stands while the answer is written: a change that is under way is waited for.
    survey = Survey.objects.select_for_update(no_key=True, of=("self",)).select_related("community").get(pk=survey.pk)
    if not survey.is_open(now):
        raise Refused(_("This survey takes no answers today."))
    if not survey.units().filter(pk=unit.pk).exists():
        raise Refused(_("This home is not among those that are asked."))
    given = SurveyAnswer(community_id=survey.community_id, survey=survey, unit=unit, answers=answers, at=now, by=by)
    try:
        with transaction.atomic():
            given.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(_("This home has answered already. Thank you.")) from error
    if by is not None:
        events.log(survey, "survey_typed_in", by=by, now=now, data={"unit": unit.pk})
    return given


def _demand(by, community_id, roles):
    if not roles_in(by, community_id) & roles:
        raise NotAllowed(_("This step belongs to somebody else. Ask your supervisor if it cannot wait."))
