"""Known events (已知事件, S29): what runs now, what callers are told, and the one answer to everybody who called."""

import functools

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from complaints import actions, incidents, reports
from complaints.forms.incidents import EndForm, IncidentForm, MoveEndForm, initial_of
from complaints.models import Case, Incident
from complaints.permissions import DESK, runs_incidents
from servicedesk.core import clock
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.models import Event, Role
from servicedesk.core.roles import departments_in, role_required, roles_in

STAFF = (Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM, Role.HEAD, Role.WORKER)
RUNNERS = (Role.CLERK, Role.SUPERVISOR, Role.HEAD, Role.WORKER)
MOST_ENDED = 30


@require_GET
@role_required(*STAFF)
def listed(request):
    """What runs now and what is announced, then what is over; each with the linked cases that this person sees."""
    now, community = clock.now(), request.community
    rows = Incident.objects.in_community(community).select_related("category", "department").with_spots()
    running = list(rows.filter(status=Incident.Status.OPEN).order_by("-starts_at", "-id"))
    ended = list(rows.filter(status=Incident.Status.ENDED).order_by("-id")[:MOST_ENDED])
    seen = Case.objects.visible_to(request.user).filter(incident__in=[one.pk for one in running + ended])
    linked = dict(seen.order_by().values_list("incident").annotate(n=Count("pk")))
    context = {
        "now": now,
        "running": [_line(one, linked) for one in running],
        "ended": [_line(one, linked) for one in ended],
        "may_open": _departments(request.user, community) != [],
    }
    with timezone.override(community.tz):
        return render(request, "complaints/incidents/list.html", context)


def _line(incident, linked):
    return {"incident": incident, "where": incidents.where(incident), "linked": linked.get(incident.pk, 0)}


def _departments(user, community):
    """Return the keys of the departments whose events this person may run; None for all of them."""
    if roles_in(user, community.pk) & DESK:
        return None
    return list(departments_in(user, community.pk, Role.HEAD, Role.WORKER))


@require_http_methods(["GET", "POST"])
@role_required(*RUNNERS)
def new(request):
    """Make an event known."""
    now, community = clock.now(), request.community
    departments = _departments(request.user, community)
    with timezone.override(community.tz):
        form = IncidentForm(request.POST or None, community=community, now=now, departments=departments)
        if request.method == "POST" and form.is_valid():
            try:
                incident = actions.open_incident(community, by=request.user, now=now, **form.facts)
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, _("Made known. Whoever takes a call from there reads it at once."))
                return redirect(incident)
        context = {"form": form, "now": now}
        return render(request, "complaints/incidents/form.html", context, status=422 if form.errors else 200)


def _find(request, pk):
    incident = get_object_or_404(
        Incident.objects.in_community(request.community)
        .select_related("community", "category__department", "department")
        .with_spots(),
        pk=pk,
    )
    incident.community = request.community
    return incident


def _show(request, incident, now, *, step="", form=None, status=200):
    """Render the page of an incident, with the form of `step` open where this person may take it."""
    may_run = runs_incidents(request.user, incident.community_id, incident.department_id)
    step = step or request.GET.get("do", "")
    if form is None and may_run and incident.is_open and step in STEPS:
        form = STEPS[step](incident, now)
    owed = incidents.to_answer(incident, request.user) if not incident.is_open else []
    cases = Case.objects.visible_to(request.user).filter(incident=incident).with_people().order_by("-id")[:200]
    events = Event.objects.about(incident)
    context = {
        "now": now,
        "incident": incident,
        "where": incidents.where(incident),
        "cases": list(cases),
        "owed": len(owed),
        "may_run": may_run,
        "step": step if form is not None else "",
        "form": form,
        "entries": [
            reports.Entry(
                at=event.at,
                who=event.by_name or _("System"),
                kind="inner",
                title=reports.sentence(event, request.community.tz),
                text=event.note,
            )
            for event in events
        ],
    }
    return render(request, "complaints/incidents/page.html", context, status=status)


def _end_form(incident, now):
    """Return the form that ends an event, with the draft in the language that residents are written to in."""
    with translation.override(settings.LANGUAGE_CODE):
        draft = _(
            "%(title)s: over since %(time)s. Thank you for your patience. Please tell us if anything is still wrong."
        )
        time = f"{incident.community.local(now):%m-%d %H:%M}"
        return EndForm(initial={"reply": draft % {"title": incident.title, "time": time}})


STEPS = {
    "end": _end_form,
    "move_end": lambda incident, now: MoveEndForm(initial={"expected_end_at": incident.expected_end_at}),
}


def door(view):
    """Find the incident for a view, in its community's own time. Other communities' are 404."""

    @functools.wraps(view)
    def wrapped(request, pk):
        now = clock.now()
        with timezone.override(request.community.tz):
            return view(request, _find(request, pk), now)

    return wrapped


@require_GET
@role_required(*STAFF)
@door
def page(request, incident, now):
    """One known event: what is said of it, the linked cases, what happened."""
    return _show(request, incident, now)


def _take(request, incident, now, step, form, act, done):
    """Take one step with what was typed; a refusal brings the page back with the words, 409."""
    if not form.is_valid():
        return _show(request, incident, now, step=step, form=form, status=422)
    try:
        act(incident, by=request.user, now=now, **form.cleaned_data)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _show(request, _find(request, incident.pk), now, step=step, form=form, status=refused.status_code)
    messages.success(request, done)
    return None


@require_http_methods(["GET", "POST"])
@role_required(*RUNNERS)
@door
def move_end(request, incident, now):
    """Say until when it is expected to last now."""
    if request.method == "GET":
        return redirect(f"{incident.get_absolute_url()}?do=move_end#panel")
    form, act = MoveEndForm(request.POST), actions.move_incident_end
    done = _("Callers are told the new time from now on.")
    return _take(request, incident, now, "move_end", form, act, done) or redirect(incident)


@require_http_methods(["GET", "POST"])
@role_required(*RUNNERS)
@door
def end(request, incident, now):
    """Say that it is over, and go on to what its callers are told."""
    if request.method == "GET":
        return redirect(f"{incident.get_absolute_url()}?do=end#panel")
    form, done = EndForm(request.POST), _("It is over. Now confirm what its callers are told.")
    answer = _take(request, incident, now, "end", form, actions.end_incident, done)
    return answer or redirect("complaints:answer_callers", incident.pk)


@require_http_methods(["GET", "POST"])
@role_required(*RUNNERS)
@door
def change(request, incident, now):
    """Correct what is known of a running event."""
    departments = _departments(request.user, request.community)
    kwargs = {"community": request.community, "now": now, "departments": departments}
    status = 200
    if request.method == "POST":
        form = IncidentForm(request.POST, **kwargs)
        status = 422
        if form.is_valid():
            try:
                if form.cleaned_data["version"] not in (None, incident.version):
                    raise Stale
                actions.change_incident(incident, by=request.user, now=now, **form.facts)
            except Refused as refused:
                incident = _find(request, incident.pk)
                form.data = form.data.copy()
                form.data["version"] = incident.version
                form.add_error(None, str(refused))
                status = refused.status_code
            else:
                messages.success(request, _("Changed. Callers are told so from now on."))
                return redirect(incident)
    else:
        form = IncidentForm(initial=initial_of(incident), **kwargs)
    context = {"form": form, "now": now, "incident": incident}
    return render(request, "complaints/incidents/form.html", context, status=status)


@require_http_methods(["GET", "POST"])
@role_required(*RUNNERS)
@door
def answer(request, incident, now):
    """The linked cases with what will be done with each; confirming resolves and answers those that may be."""
    form = EndForm(request.POST or None, initial={"reply": incident.reply})
    status = 200
    if request.method == "POST":
        if incident.confirmed_at or form.is_valid():
            text = "" if incident.confirmed_at else form.cleaned_data["reply"]
            try:
                done = actions.answer_callers(incident, by=request.user, now=now, text=text)
            except Refused as refused:
                messages.error(request, str(refused))
                return redirect(incident)
            _say(request, done)
            return redirect("complaints:answer_callers", incident.pk)
        status = 422
    if incident.is_open:
        return redirect(f"{incident.get_absolute_url()}?do=end#panel")
    owed = incidents.to_answer(incident, request.user)
    lines = [{"case": case, "prospect": incidents.prospect(request.user, case)} for case in owed]
    told = Case.objects.visible_to(request.user).filter(incident=incident, replied_at__isnull=False)
    context = {
        "incident": incident,
        "form": form,
        "now": now,
        "lines": sorted(lines, key=lambda line: (line["prospect"].order, line["case"].pk)),
        "can_do": sum(line["prospect"].acts for line in lines),
        "told": list(told.with_people().order_by("-id")),
    }
    return render(request, "complaints/incidents/answer.html", context, status=status)


def _say(request, done):
    """Say what became of the linked cases, one sentence for each kind of end."""
    if done.told:
        n = len(done.told)
        sentence = ngettext("%(n)s caller was answered.", "%(n)s callers were answered.", n)
        messages.success(request, sentence % {"n": n})
    if done.to_tell:
        n = len(done.to_tell)
        sentence = ngettext(
            "%(n)s case is resolved; its caller is still to be called or met.",
            "%(n)s cases are resolved; their callers are still to be called or met.",
            n,
        )
        messages.info(request, sentence % {"n": n})
    for case, sentence in done.refused:
        messages.warning(request, f"{case.short_number}: {sentence}")
