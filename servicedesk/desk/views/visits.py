"""Home visits beside the cases that came of them: one visit, and what residents asked of each department."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from complaints.actions import open_case_from_need
from complaints.models import Case, NeedCase
from residents import actions
from residents.forms.visits import AddNeedForm, AnswerForm, ReasonForm
from residents.models import HomeVisit, VisitNeed
from servicedesk.core import clock, photos
from servicedesk.core.errors import Refused
from servicedesk.core.models import Photo, Role
from servicedesk.core.roles import departments_in, role_required, roles_in
from servicedesk.core.views import back_to
from servicedesk.desk.forms.visits import CaseForm, NeedsForm

DESK = {Role.CLERK, Role.SUPERVISOR}
OFFICE = DESK | {Role.DEPUTY_GM}
DOERS = (Role.HEAD, Role.WORKER)
STAFF = (*OFFICE, *DOERS)
ANSWERERS = (*DESK, *DOERS)
PAGE = 50


def _needs(request):
    """Return the needs that this person may see here, each with the case that it became where they may see that."""
    seen = NeedCase.objects.filter(freed_at=None, case__in=Case.objects.visible_to(request.user).values("pk"))
    links = Prefetch("case_links", queryset=seen.select_related("case"), to_attr="cases")
    rows = VisitNeed.objects.filter(community=request.community).visible_to(request.user)
    facts = ("department", "settled_by", "community", "visit__unit", "visit__person", "visit__visited_by")
    return rows.select_related(*facts).prefetch_related(links)


def _is_desk(request):
    return bool(roles_in(request.user, request.community.pk) & DESK)


def _is_office(request):
    return bool(roles_in(request.user, request.community.pk) & OFFICE)


def _lines(request, needs):
    """Return each need with what this person may do about it."""
    of = departments_in(request.user, request.community.pk, *DOERS)
    is_desk = _is_desk(request)
    return [
        {"need": need, "may_answer": need.is_open and (is_desk or need.department_id in of), "is_desk": is_desk}
        for need in needs
    ]


# What residents asked for ---------------------------------------------------------------------------------------------


@require_GET
@role_required(*STAFF)
def needs(request):
    """What residents asked for on visits: what is open first, the longest waiting first; of one's own departments for
    heads and workers."""
    return _needs_page(request)


def _needs_page(request, *, bound=None, need=None, status=200):
    now, community = clock.now(), request.community
    is_office = _is_office(request)
    asked = NeedsForm(request.GET, community=community, has_departments=is_office)
    rows = _needs(request).filter(**asked.conditions)
    rows = rows.order_by("asked_at", "id") if asked.is_open else rows.order_by("-asked_at", "-id")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    step = request.GET.get("do", "") if bound is None else "case" if isinstance(bound, CaseForm) else "answer"
    if need is None and step in ("answer", "case") and (step == "answer" or _is_desk(request)):
        key = request.GET.get("need", "")
        found = _needs(request).filter(pk=key).first() if key.isascii() and key.isdecimal() else None
        need = found if found and _lines(request, [found])[0]["may_answer"] else None
    context = {
        "now": now,
        "asked": asked,
        "lines": _lines(request, page),
        "page": page,
        "need": need,
        "step": step,
        "form": bound or (_form(step, community) if need else None),
        "is_office": is_office,
        "newer_url": _address(request, page.previous_page_number()) if page.has_previous() else "",
        "older_url": _address(request, page.next_page_number()) if page.has_next() else "",
    }
    with timezone.override(community.tz):
        return render(request, "desk/visits/needs.html", context, status=status)


def _form(step, community, data=None):
    return CaseForm(data, community=community) if step == "case" else AnswerForm(data)


def _address(request, number):
    kept = {name: value for name, value in request.GET.items() if name in ("show", "department")}
    return f"?{urlencode({**kept, 'page': number})}"


def _need(request, pk):
    return get_object_or_404(_needs(request), pk=pk)


@require_POST
@role_required(*ANSWERERS)
def need_answer(request, pk):
    """Record what the resident was told about a need that needs no case."""
    need, form = _need(request, pk), AnswerForm(request.POST)
    if not form.is_valid():
        return _needs_page(request, bound=form, need=need, status=422)
    try:
        actions.answer_need(need, by=request.user, now=clock.now(), **form.cleaned_data)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _needs_page(request, bound=form, need=need, status=refused.status_code)
    messages.success(request, _("Noted."))
    return redirect(back_to(request, reverse("desk:needs")))


@require_POST
@role_required(*DESK)
def need_case(request, pk):
    """Make a case of a need."""
    need, form = _need(request, pk), CaseForm(request.POST, community=request.community)
    if not form.is_valid():
        return _needs_page(request, bound=form, need=need, status=422)
    need.community = request.community
    try:
        case = open_case_from_need(need, by=request.user, now=clock.now(), **form.cleaned_data)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _needs_page(request, bound=form, need=need, status=refused.status_code)
    messages.success(request, _("It is case %(number)s now.") % {"number": case.short_number})
    return redirect(back_to(request, reverse("desk:needs")))


@require_POST
@role_required(*ANSWERERS)
def need_reopen(request, pk):
    """Open a need again whose answer was no answer."""
    need, form = _need(request, pk), ReasonForm(request.POST)
    if not form.is_valid():
        return _visit_page(request, need.visit_id, step="reopen", form=form, need=need, status=422)
    try:
        actions.reopen_need(need, by=request.user, now=clock.now(), **form.cleaned_data)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _visit_page(request, need.visit_id, step="reopen", form=form, need=need, status=refused.status_code)
    messages.success(request, _("It is open again."))
    return redirect("desk:visit", need.visit_id)


# One visit ------------------------------------------------------------------------------------------------------------


def _visit(request, pk):
    rows = HomeVisit.objects.filter(community=request.community).visible_to(request.user).with_places()
    return get_object_or_404(rows.select_related("made_by"), pk=pk)


@require_GET
@role_required(*STAFF)
def visit(request, pk):
    """One home visit: who was met, what was said, what was asked for and what became of it."""
    return _visit_page(request, pk)


def _visit_page(request, pk, *, step="", form=None, need=None, status=200):
    visit, step = _visit(request, pk), step or request.GET.get("do", "")
    user = request.user
    is_mine = _is_desk(request) or user.pk in (visit.visited_by_id, visit.assigned_to_id)
    lines = _lines(request, _needs(request).filter(visit=visit).order_by("id"))
    steps = {"cancel": is_mine and visit.status != HomeVisit.Status.CANCELLED}
    steps["need"] = is_mine and visit.status == HomeVisit.Status.DONE
    if form is None and step == "cancel" and steps["cancel"]:
        form = ReasonForm()
    elif form is None and step == "need" and steps["need"]:
        form = AddNeedForm(community=request.community)
    elif form is None and step == "reopen":
        key = request.GET.get("need", "")
        need = next((line["need"] for line in lines if str(line["need"].pk) == key), None)
        form = ReasonForm() if need and need.status == VisitNeed.Status.ANSWERED else None
    context = {
        "now": clock.now(),
        "visit": visit,
        "is_office": _is_office(request),
        "lines": lines,
        "photos": list(Photo.objects.about(visit)),
        "steps": steps,
        "step": step,
        "form": form,
        "need": need,
    }
    with timezone.override(request.community.tz):
        return render(request, "desk/visits/visit.html", context, status=status)


@require_POST
@role_required(*ANSWERERS)
def visit_cancel(request, pk):
    """Take a visit back, with the reason."""
    return _take(request, pk, "cancel", ReasonForm(request.POST), actions.cancel_visit)


@require_POST
@role_required(*ANSWERERS)
def visit_need(request, pk):
    """Add something that was asked for on a visit."""
    return _take(request, pk, "need", AddNeedForm(request.POST, community=request.community), actions.add_need)


def _take(request, pk, step, form, act):
    """Take one step with a visit; a refusal brings its page back with the words."""
    visit = _visit(request, pk)
    if not form.is_valid():
        return _visit_page(request, pk, step=step, form=form, status=422)
    try:
        act(visit, by=request.user, now=clock.now(), **form.cleaned_data)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _visit_page(request, pk, step=step, form=form, status=refused.status_code)
    messages.success(request, _("Saved."))
    return redirect("desk:visit", pk)


@require_GET
@role_required(*STAFF)
def visit_photo(request, pk, name):
    """A photo of a visit, for those who may see the visit."""
    if not Photo.objects.about(_visit(request, pk)).filter(name=name).exists():
        raise Http404
    return photos.serve(name)
