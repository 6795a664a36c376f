"""Home visits (走访): plans and how far they are, the paper to go with, and the phone on which a visit is recorded."""

from django.contrib import messages
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from residents import actions, coverage
from residents.forms.visits import AppointmentForm, PlanForm, VisitForm
from residents.models import HomeVisit, Unit, VisitNeed, VisitPlan
from residents.rooms import key_of
from residents.views.editing import edit
from servicedesk.core import clock, photos
from servicedesk.core.doors import part_of
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required, roles_in

DESK = (Role.CLERK, Role.SUPERVISOR)
OFFICE = (*DESK, Role.DEPUTY_GM)
GOERS = (*DESK, Role.HEAD, Role.WORKER)
MOST_VISITS, LATEST = 50, 20


def is_desk(request):
    """Return whether who asks is a clerk or supervisor here."""
    return bool(roles_in(request.user, request.community.pk) & set(DESK))


def chosen_row(rows, key):
    """Return the one of loaded `rows` whose key stands in an address, None where it is none of them."""
    return next((row for row in rows if str(row.pk) == key), None)


# Plans ----------------------------------------------------------------------------------------------------------------


@require_GET
@role_required(*OFFICE)
def plans(request):
    """The plans of the community, the newest first, each with its share of homes visited."""
    now = clock.now()
    today = request.community.local(now).date()
    part = part_of(VisitPlan.objects.filter(community=request.community).prefetch_related("buildings"), request)
    covered = coverage.coverage_of(part.rows, request.community, now)
    context = {
        "now": now,
        "lines": [{"plan": plan, "coverage": covered[plan.pk], "state": _state(plan, today)} for plan in part.rows],
        "part": part,
        "open_needs": VisitNeed.objects.filter(community=request.community).open().count(),
        "may_plan": is_desk(request),
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/visits/plans.html", context)


def _state(plan, today):
    """Return the (key, words) of the mark of a plan on one day."""
    if today < plan.starts_on:
        return "new", _("not begun yet")
    return ("work", _("running")) if today <= plan.ends_on else ("closed", _("over"))


def _find(request, pk):
    rows = VisitPlan.objects.prefetch_related("buildings")
    plan = get_object_or_404(rows, pk=pk, community=request.community)
    plan.community = request.community
    return plan


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def plan_new(request):
    """Make a plan."""
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def plan_change(request, pk):
    """Change a plan: its days, its buildings, who goes."""
    return _edit(request, _find(request, pk))


def _edit(request, plan):
    def save(form):
        facts = {**form.facts, "by": request.user, "now": clock.now()}
        if plan is None:
            return _address(actions.make_plan(request.community, **facts))
        actions.change_plan(plan, **facts)
        return _address(plan)

    data = request.POST if request.method == "POST" else None
    form = PlanForm(data, community=request.community, initial=_first_values(plan))
    home = reverse("residents:visits")
    labels, urls = (_("New plan"), _("Home visits")), (home, _address(plan) if plan else home)
    return edit(request, form, thing=plan, save=save, labels=labels, urls=urls)


def _address(plan):
    return reverse("residents:visit_plan", args=[plan.pk])


def _first_values(plan):
    if plan is None:
        return {}
    # A date as its input writes it, whatever the language of the page.
    days = {name: getattr(plan, name).isoformat() for name in ("starts_on", "ends_on")}
    plain = {name: getattr(plan, name) for name in ("version", "name", "target")}
    return {**days, **plain, "buildings": plan.buildings.all(), "staff": plan.staff.all()}


class Shown:
    """A plan as one page shows it: how far it is, and what is left of the building that the address names."""

    def __init__(self, request, pk):
        self.now = clock.now()
        self.plan = _find(request, pk)
        self.today = request.community.local(self.now).date()
        self.coverage = coverage.coverage_of([self.plan], request.community, self.now)[self.plan.pk]
        buildings = [line.building for line in self.coverage.lines]
        self.building = chosen_row(buildings, request.GET.get("building", ""))

    @cached_property
    def missing(self):
        return coverage.missing_of(self.coverage, self.building)

    @property
    def visits(self):
        """The visits of the plan, the latest first."""
        rows = HomeVisit.objects.filter(plan=self.plan, status__in=HomeVisit.MADE).with_places()
        return rows.order_by("-done_at", "-id")[:LATEST]


def _plan_page(request, pk, *, form=None, status=200):
    shown = Shown(request, pk)
    may_plan = is_desk(request)
    context = {
        "now": shown.now,
        "shown": shown,
        "plan": shown.plan,
        "coverage": shown.coverage,
        "part": part_of(shown.coverage.by_what_is_left, request),
        "state": _state(shown.plan, shown.today),
        "staff": list(shown.plan.staff.order_by("name")),
        "may_plan": may_plan,
        "form": form or (AppointmentForm(community=request.community, today=shown.today) if may_plan else None),
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/visits/plan.html", context, status=status)


@require_GET
@role_required(*OFFICE)
def plan_page(request, pk):
    """One plan: its share by building, the homes that are left, and the visits made."""
    return _plan_page(request, pk)


@require_POST
@role_required(*DESK)
def appoint(request, pk):
    """Note a day on which a home is to be visited."""
    now, plan = clock.now(), _find(request, pk)
    today = request.community.local(now).date()
    form = AppointmentForm(request.POST, community=request.community, today=today)
    if not form.is_valid():
        return _plan_page(request, pk, form=form, status=422)
    unit = unit_of(request.community, form.cleaned_data["room"])
    if unit is None:
        form.add_error("room", _("No home, or more than one, fits this room. Write it as 3-2-1201."))
        return _plan_page(request, pk, form=form, status=422)
    facts = {name: form.cleaned_data[name] for name in ("on", "assigned_to")}
    try:
        actions.plan_visit(unit, plan=plan, by=request.user, now=now, **facts)
    except Refused as refused:
        form.add_error("room", str(refused))
        return _plan_page(request, pk, form=form, status=refused.status_code)
    messages.success(request, _("The visit to %(room)s is noted.") % {"room": unit.label})
    return redirect("residents:visit_plan", pk)


def unit_of(community, room):
    """Return the one unit of `community` that answers to a typed room, None where there is none or more than one."""
    found = list(Unit.objects.filter(community=community).by_room(key_of(room))[:2]) if key_of(room) else []
    return found[0] if len(found) == 1 else None


@require_GET
@role_required(*OFFICE)
def visit_sheet(request, pk):
    """The homes of one building that are left, on paper, with room to write."""
    shown = Shown(request, pk)
    if shown.building is None:
        raise Http404
    with timezone.override(request.community.tz):
        return render(request, "residents/visits/sheet.html", {"shown": shown, "plan": shown.plan, "now": shown.now})


@require_GET
@role_required(*OFFICE)
def visit_report(request, pk):
    """How far a plan is, on paper."""
    shown = Shown(request, pk)
    needs = VisitNeed.objects.filter(community=request.community, visit__plan=shown.plan)
    context = {
        "shown": shown,
        "plan": shown.plan,
        "now": shown.now,
        "coverage": shown.coverage,
        "needs": {status: needs.filter(status=status).count() for status in VisitNeed.Status.values},
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/visits/report.html", context)


# On a phone -----------------------------------------------------------------------------------------------------------


def _running(request, today):
    """Return the plans that run today and for which this person may go, their buildings loaded. Two queries."""
    rows = VisitPlan.objects.filter(community=request.community, starts_on__lte=today, ends_on__gte=today)
    if not is_desk(request):
        rows = rows.filter(staff=request.user)
    return list(rows.order_by("ends_on", "id").prefetch_related("buildings"))


@require_GET
@role_required(*GOERS)
def visit_round(request):
    """Where this person goes next: appointments first, then the homes of a building that are left."""
    now, refusal = clock.now(), ""
    today = request.community.local(now).date()
    if is_desk(request) and (room := request.GET.get("room", "").strip()[:100]):
        unit = unit_of(request.community, room)
        if unit is not None:
            return redirect("residents:visit_home", unit.pk)
        refusal = _("No home, or more than one, fits this room. Write it as 3-2-1201.")
    running = _running(request, today)
    plan = chosen_row(running, request.GET.get("plan", "")) or next(iter(running), None)
    covered = coverage.coverage_of([plan], request.community, now)[plan.pk] if plan else None
    buildings = [line.building for line in covered.lines] if covered else []
    building = chosen_row(buildings, request.GET.get("building", "")) or (buildings[0] if len(buildings) == 1 else None)
    mine = HomeVisit.objects.filter(community=request.community).planned().with_places()
    context = {
        "now": now,
        "today": today,
        "plans": running,
        "plan": plan,
        "coverage": covered,
        "building": building,
        "missing": coverage.missing_of(covered, building) if building else [],
        "appointments": mine.filter(Q(assigned_to=request.user) | Q(assigned_to=None, plan__in=running)).order_by(
            "planned_on", "id"
        )[:MOST_VISITS],
        "finds_rooms": is_desk(request),
        "room": request.GET.get("room", ""),
        "refusal": refusal,
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/visits/round.html", context, status=422 if refusal else 200)


@require_http_methods(["GET", "POST"])
@role_required(*GOERS)
def visit_home(request, pk):
    """One home: who lives there, and what came of the visit."""
    now = clock.now()
    today = request.community.local(now).date()
    unit = get_object_or_404(Unit.objects.select_related("building"), pk=pk, community=request.community)
    unit.community = request.community
    planned = HomeVisit.objects.planned().for_unit(unit).select_related("assigned_to").first()
    plan = _plan_for(request, unit, today)
    if not (is_desk(request) or plan or (planned and planned.assigned_to_id == request.user.pk)):
        raise Http404
    data, status, refusal = request.POST if request.method == "POST" else None, 200, ""
    form = VisitForm(data, request.FILES or None, unit=unit, today=today)
    if data is not None:
        status = 422
        if form.is_valid():
            try:
                return _recorded(request, unit, plan, form, now)
            except Refused as refused:
                refusal, status = str(refused), refused.status_code
    earlier = HomeVisit.objects.for_unit(unit).filter(status__in=HomeVisit.MADE).visible_to(request.user)
    context = {
        "now": now,
        "unit": unit,
        "plan": plan,
        "planned": planned,
        "form": form,
        "refusal": refusal,
        "earlier": earlier.with_places().order_by("-done_at")[:5],
        "back": _round_of(plan, unit),
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/visits/home.html", context, status=status)


def _plan_for(request, unit, today):
    """Return the running plan that a visit to `unit` belongs to, the one that the address names first."""
    covering = [plan for plan in _running(request, today) if _covers(plan, unit)]
    return chosen_row(covering, request.GET.get("plan", "")) or next(iter(covering), None)


def _covers(plan, unit):
    buildings = plan.buildings.all()
    return not buildings or unit.building in buildings


def _round_of(plan, unit):
    """Return the address of the list on which the next home of the same building stands."""
    query = f"?{urlencode({'plan': plan.pk, 'building': unit.building_id})}" if plan else ""
    return reverse("residents:visit_round") + query


def _recorded(request, unit, plan, form, now):
    with photos.stored(form.pictures) as pictures:
        actions.record_visit(unit, plan=plan, by=request.user, now=now, pictures=pictures, **form.facts)
    messages.success(request, _("Recorded: %(room)s.") % {"room": unit.label})
    return redirect(_round_of(plan, unit))
