"""Surveys (满意度调查, S34): built by a supervisor, answered once by each home, shown so that nobody is recognised."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from complaints import actions, surveying
from complaints.budget import Budget, address_of
from complaints.forms.public import typed
from complaints.forms.surveys import Questions, SurveyAnswerForm, SurveyForm
from complaints.models import Survey, SurveyAnswer
from complaints.views.public import SeeOther
from complaints.views.tracking import confidential
from residents.rooms import key_of
from servicedesk.core import clock
from servicedesk.core.errors import Refused
from servicedesk.core.models import Community, Role
from servicedesk.core.roles import public, role_required, roles_in

DESK = (Role.CLERK, Role.SUPERVISOR)
OFFICE = (*DESK, Role.DEPUTY_GM)
FROM_ADDRESS = Budget("survey-address", most=30, seconds=3600)


@require_GET
@role_required(*OFFICE)
def index(request):
    """The surveys of the community, the newest first."""
    now = clock.now()
    surveys = list(Survey.objects.filter(community=request.community))
    today = request.community.local(now).date()
    context = {
        "lines": [{"survey": survey, "state": _state(survey, today)} for survey in surveys],
        "makes": Role.SUPERVISOR in roles_in(request.user, request.community.pk),
    }
    return render(request, "complaints/surveys/index.html", context)


def _state(survey, today):
    """Return the (key, words) of the tag of a survey on one day."""
    if today < survey.opens_on:
        return "new", _("not open yet")
    return ("work", _("takes answers")) if today <= survey.closes_on else ("closed", _("over"))


@require_http_methods(["GET", "POST"])
@role_required(Role.SUPERVISOR)
def new(request):
    """Make a survey."""
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@role_required(Role.SUPERVISOR)
def change(request, pk):
    """Change a survey that nobody has answered yet."""
    return _edit(request, _find(request, pk))


def _edit(request, survey):
    data, refusal, status = request.POST if request.method == "POST" else None, "", 200
    form = SurveyForm(data, community=request.community, initial=_first_values(survey))
    # What is typed is compared with nothing: a question that stays as it was is a question all the same.
    questions = Questions(data, initial=_as_typed(survey.questions) if survey and data is None else None)
    if data is not None and not (form.is_valid() & questions.is_valid()):
        status = 422
    elif data is not None:
        facts = {**form.cleaned_data, "questions": questions.questions(), "by": request.user, "now": clock.now()}
        try:
            if survey is None:
                survey = actions.make_survey(request.community, **facts)
            else:
                actions.change_survey(survey, **facts)
        except Refused as refused:
            refusal, status = str(refused), refused.status_code
        else:
            messages.success(request, _("Saved."))
            return redirect("complaints:survey", survey.pk)
    context = {"form": form, "questions": questions, "survey": survey, "refusal": refusal}
    return render(request, "complaints/surveys/edit.html", context, status=status)


def _first_values(survey):
    if survey is None:
        return {}
    # A date as its input writes it, whatever the language of the page.
    days = {name: getattr(survey, name).isoformat() for name in ("opens_on", "closes_on")}
    return {**days, "title": survey.title, "buildings": survey.buildings.all()}


def _as_typed(questions):
    return [{**question, "choices": "、".join(question["choices"])} for question in questions]


def _find(request, pk):
    return get_object_or_404(Survey.objects.select_related("community"), pk=pk, community=request.community)


@require_GET
@role_required(*OFFICE)
def page(request, pk):
    """The results of a survey, and the way to its paper."""
    survey, now = _find(request, pk), clock.now()
    roles = roles_in(request.user, survey.community_id)
    context = {
        "survey": survey,
        "state": _state(survey, survey.community.local(now).date()),
        "results": surveying.results_of(survey),
        "buildings": survey.buildings.all() or survey.community.buildings.all(),
        "is_open": survey.is_open(now),
        "is_desk": bool(roles & set(DESK)),
        "makes": Role.SUPERVISOR in roles,
    }
    return render(request, "complaints/surveys/page.html", context)


@require_GET
@role_required(*DESK)
def sheet(request, pk):
    """The slips of one building to print and hand out: a room and its code on each."""
    survey = _find(request, pk)
    number = request.GET.get("building", "")
    building = survey.community.buildings.filter(pk=number).first() if number.isascii() and number.isdigit() else None
    if building is None:
        raise Http404
    context = {"survey": survey, "building": building, "slips": surveying.slips(survey, building)}
    return render(request, "complaints/surveys/sheet.html", context)


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def enter(request, pk):
    """Type in what a home has answered on paper or by telephone."""
    survey = _find(request, pk)
    room = (request.POST if request.method == "POST" else request.GET).get("room", "").strip()[:100]
    units = list(survey.units().by_room(key_of(room))[:2]) if room else []
    unit = units[0] if len(units) == 1 else None
    refusal, status = "", 200
    form = SurveyAnswerForm(typed(request.POST) if request.method == "POST" else None, survey=survey)
    if unit is None and (room or request.method == "POST"):
        refusal, status = _("No home that is asked, or more than one, fits this room. Write it as 3-2-1201."), 422
    elif request.method == "POST" and not form.is_valid():
        status = 422
    elif request.method == "POST" and unit:
        try:
            actions.answer_survey(survey, unit, answers=form.answers, by=request.user, now=clock.now())
        except Refused as refused:
            refusal, status = str(refused), refused.status_code
        else:
            messages.success(request, _("Saved: %(room)s.") % {"room": unit.label})
            return redirect("complaints:survey_enter", survey.pk)
    context = {"survey": survey, "room": room, "unit": unit, "form": form, "refusal": refusal}
    return render(request, "complaints/surveys/enter.html", context, status=status)


@require_http_methods(["GET", "POST"])
@public("residents have no account; the signed link of their home is the key")
@confidential
def answer(request, token):
    """The questions to one home, answered once."""
    now, found = clock.now(), surveying.by_token(token)
    if found is None:
        phones = Community.objects.filter(is_public=True).order_by("code")
        return render(request, "complaints/surveys/answer.html", {"communities": phones}, status=404)
    survey, unit = found
    form = SurveyAnswerForm(typed(request.POST) if request.method == "POST" else None, survey=survey)
    refusal, status = "", 200
    with timezone.override(survey.community.tz):
        if request.method == "POST":
            status = 422
            if not FROM_ADDRESS.take(address_of(request)):
                refusal, status = _("Too many tries. Please wait an hour, or call us."), 429
            elif form.is_valid():
                try:
                    actions.answer_survey(survey, unit, answers=form.answers, by=None, now=now)
                except Refused as refused:
                    refusal, status = str(refused), refused.status_code
                else:
                    return SeeOther(request.path)
        given = SurveyAnswer.objects.filter(survey=survey, unit=unit).first()
        context = {
            "survey": survey,
            "community": survey.community,
            "home": unit.masked,
            "form": form,
            "given": given,
            "is_open": survey.is_open(now),
            "refusal": refusal,
        }
        return render(request, "complaints/surveys/answer.html", context, status=status)
