"""Product and after-sales problems (产品及售后问题): by month, one by one, and what was proposed about them."""

import functools

from django.contrib import messages
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from complaints import actions, figures, problems
from complaints.forms import problems as forms
from complaints.models import ProblemProposal, ProductProblem
from complaints.permissions import may_in
from complaints.views.case import door_to
from servicedesk.core import clock, spreadsheets
from servicedesk.core.calendar import calendar_of
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required

OFFICE = (Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM)
DESK = (Role.CLERK, Role.SUPERVISOR)
SENDERS = (Role.SUPERVISOR, Role.DEPUTY_GM)
MOST_CASES = 200


# On the page of a case ------------------------------------------------------------------------------------------------


@door_to(forms.MarkForm, done=gettext_lazy("Marked. It is counted in this month's sheet."))
def mark_problem(request, case, facts, now):
    actions.mark_problem(case, by=request.user, now=now, **facts)


@door_to(forms.DropForm, done=gettext_lazy("Taken back. It is counted no longer."))
def drop_problem(request, case, facts, now):
    actions.drop_problem(case, by=request.user, now=now, **facts)


# By month -------------------------------------------------------------------------------------------------------------


class Shown:
    """The sheet of a month as this person is shown it: frozen where it was sent, counted now where it was not."""

    def __init__(self, request, starts_on):
        self.now, self.community, self.user = clock.now(), request.community, request.user
        self.period = figures.Period(figures.MONTH, starts_on)
        if self.now < self.period.moments(self.community)[0]:
            raise Http404
        self.report = problems.report_of(self.community, self.period)
        found = self.report.snapshot if self.report else problems.counted(self.community, self.period)
        self.sheet = problems.present(found, self.user)

    def context(self, form=None):
        may_sign = may_in(self.user, "send_problem", self.community)
        is_over = self.period.is_over(self.community, self.now)
        return {
            "now": self.now,
            "community": self.community,
            "period": self.period,
            "before": self.period.before,
            "after": self.period.ends_on if is_over else None,
            "report": self.report,
            "sheet": self.sheet,
            "is_over": is_over,
            "form": form or (forms.SignForm() if may_sign and is_over and self.report is None else None),
        }


def _month(request, starts_on, *, form=None, status=200):
    with timezone.override(request.community.tz):
        return render(request, "complaints/problems/month.html", Shown(request, starts_on).context(form), status=status)


@require_GET
@role_required(*OFFICE)
def problems_now(request):
    """The problems of the running month."""
    return _month(request, calendar_of(request.community).day_of(clock.now()).replace(day=1))


@require_GET
@role_required(*OFFICE)
def month(request, starts_on):
    """The problems of one month: themes with cases and units, proposals, and what came of earlier ones."""
    return _month(request, starts_on)


@require_http_methods(["GET", "POST"])
@role_required(*SENDERS)
def sign(request, starts_on):
    """Sign the sheet as it is sent."""
    if request.method == "GET":
        return redirect("complaints:problems_of", starts_on)
    form = forms.SignForm(request.POST)
    if not form.is_valid():
        return _month(request, starts_on, form=form, status=422)
    period = figures.Period(figures.MONTH, starts_on)
    try:
        actions.sign_problems(request.community, period, by=request.user, now=clock.now(), **form.cleaned_data)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _month(request, starts_on, form=form, status=refused.status_code)
    messages.success(request, _("Signed. What stands on it stays as it is."))
    return redirect("complaints:problems_of", starts_on)


@require_GET
@role_required(*OFFICE)
def on_paper(request, starts_on):
    """The sheet of a month on A4."""
    with timezone.override(request.community.tz):
        return render(request, "complaints/problems/print.html", Shown(request, starts_on).context())


@require_GET
@role_required(*OFFICE)
def excel(request, starts_on):
    """The sheet of a month as a workbook."""
    shown = Shown(request, starts_on)
    header = [_("Theme"), _("Kind"), _("Case count"), _("Units"), _("Buildings"), _("Examples"), _("Proposals")]
    about = [(_("Community"), str(shown.community)), (_("Month"), f"{starts_on:%Y-%m}")]
    title = f"{starts_on:%Y-%m}"
    file = spreadsheets.xlsx_file(header, problems.rows(shown.sheet), title=title, about=about)
    name = f"{shown.community.code}-problems-{title}.xlsx"
    return FileResponse(file, as_attachment=True, filename=name, content_type=spreadsheets.XLSX_TYPE)


# One problem ----------------------------------------------------------------------------------------------------------

STEPS = {"change": forms.ProblemForm, "propose": forms.ProposeForm}
# What may be done with a proposal: step, label, form, action, the step of the office that it takes, and from where.
REMEDY_STEPS = {
    "send": (gettext_lazy("Sent"), forms.SendForm, actions.send_remedy, "send_problem", {"proposed", "answered"}),
    "answer": (
        gettext_lazy("They have answered"),
        forms.AnswerForm,
        actions.answer_remedy,
        "propose_problem",
        {"sent"},
    ),
    "finish": (
        gettext_lazy("Carried out"),
        forms.FinishForm,
        actions.finish_remedy,
        "propose_problem",
        {"answered"},
    ),
    "drop": (
        gettext_lazy("Take back"),
        forms.DropRemedyForm,
        actions.drop_remedy,
        "send_problem",
        set(ProblemProposal.OPEN),
    ),
}


def _find(request, pk):
    problem = get_object_or_404(ProductProblem, pk=pk, community=request.community)
    problem.community = request.community
    return problem


def _show(request, problem, *, step="", form=None, proposal=None, status=200):
    """Render the page of a problem, with the form of a step open where this person may take it."""
    now, community = clock.now(), request.community
    may = {name: may_in(request.user, name, community) for name in ("propose_problem", "send_problem")}
    step = step or request.GET.get("do", "")
    if form is None and may["propose_problem"] and step in STEPS:
        form = _form_of(problem, step)
    seen = problem.findings.counted().visible_to(request.user)
    proposals = list(problem.proposals.select_related("party").order_by("-id"))
    if form is None and step in REMEDY_STEPS and may[REMEDY_STEPS[step][3]]:
        key = request.GET.get("proposal", "")
        allowed = REMEDY_STEPS[step][4]
        proposal = next((one for one in proposals if str(one.pk) == key and one.status in allowed), None)
        form = REMEDY_STEPS[step][1]() if proposal else None
    context = {
        "now": now,
        "problem": problem,
        "findings": seen.select_related("case__unit", "case__building", "visit").order_by("-id")[:MOST_CASES],
        "units": seen.exclude(case__unit=None).values("case__unit").distinct().count(),
        "proposals": [
            {
                "proposal": one,
                "steps": [
                    (name, label)
                    for name, (label, _form, _act, office, allowed) in REMEDY_STEPS.items()
                    if one.status in allowed and may[office]
                ],
            }
            for one in proposals
        ],
        "may": may,
        "step": step if form is not None else "",
        "label": REMEDY_STEPS[step][0] if step in REMEDY_STEPS else "",
        "form": form,
        "open_proposal": proposal,
    }
    with timezone.override(community.tz):
        return render(request, "complaints/problems/page.html", context, status=status)


def _form_of(problem, step, data=None):
    if step == "propose":
        return forms.ProposeForm(data, community=problem.community)
    return forms.ProblemForm(data, initial={name: getattr(problem, name) for name in forms.ProblemForm.base_fields})


@require_GET
@role_required(*OFFICE)
def page(request, pk):
    """One problem: the cases that show it, and what was proposed."""
    return _show(request, _find(request, pk))


def _take(request, problem, step, form, act, *, proposal=None, done):
    """Take one step with what was typed; a refusal brings the page back with the words."""
    if not form.is_valid():
        return _show(request, problem, step=step, form=form, proposal=proposal, status=422)
    try:
        act(by=request.user, now=clock.now(), **form.cleaned_data)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _show(request, problem, step=step, form=form, proposal=proposal, status=refused.status_code)
    messages.success(request, done)
    return redirect(problem)


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def change(request, pk):
    """Correct the theme, its kind or its severity."""
    problem = _find(request, pk)
    if request.method == "GET":
        return redirect(f"{problem.get_absolute_url()}?do=change#panel")
    act = functools.partial(actions.change_problem, problem)
    return _take(request, problem, "change", _form_of(problem, "change", request.POST), act, done=_("Saved."))


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def propose(request, pk):
    """Propose what somebody outside should do about it."""
    problem = _find(request, pk)
    if request.method == "GET":
        return redirect(f"{problem.get_absolute_url()}?do=propose#panel")
    act = functools.partial(actions.propose_remedy, problem)
    form = _form_of(problem, "propose", request.POST)
    return _take(request, problem, "propose", form, act, done=_("Proposed. Send it, and write down their answer."))


def _remedy(request, pk, step):
    """Take one step with a proposal, on the page of its problem."""
    rows = ProblemProposal.objects.filter(community=request.community).select_related("problem", "party")
    proposal = get_object_or_404(rows, pk=pk)
    problem = proposal.problem
    problem.community = proposal.community = request.community
    if request.method == "GET":
        return redirect(f"{problem.get_absolute_url()}?do={step}&proposal={pk}#panel")
    _label, form_class, act, _office, _from = REMEDY_STEPS[step]
    act = functools.partial(act, proposal)
    return _take(request, problem, step, form_class(request.POST), act, proposal=proposal, done=_("Saved."))


@require_http_methods(["GET", "POST"])
@role_required(*SENDERS)
def remedy_send(request, pk):
    """Record that a proposal was sent."""
    return _remedy(request, pk, "send")


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def remedy_answer(request, pk):
    """Record what they say to a proposal."""
    return _remedy(request, pk, "answer")


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def remedy_finish(request, pk):
    """Record what came of a proposal."""
    return _remedy(request, pk, "finish")


@require_http_methods(["GET", "POST"])
@role_required(*SENDERS)
def remedy_drop(request, pk):
    """Take a proposal back."""
    return _remedy(request, pk, "drop")
