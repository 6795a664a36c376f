"""Homes: their list, one of them on one page, and its file on paper."""

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from residents import actions
from residents.models import Unit
from servicedesk.core import clock
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required
from servicedesk.desk import unit_parts
from servicedesk.desk import units as reads
from servicedesk.desk.forms.units import UnitsForm

OFFICE = (Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM)


def _find(request, pk, now):
    unit = reads.find(request.community, pk, request.community.local(now).date())
    if unit is None:
        raise Http404
    return unit


@require_GET
@role_required(*OFFICE)
def units(request):
    """The homes of the community, building by building."""
    form = UnitsForm(request.GET, community=request.community)
    asked = form.cleaned_data if form.is_valid() else {}
    today = request.community.local(clock.now()).date()
    rows, after = reads.page(request.community, today, **asked)
    older = f"?{urlencode({**form.kept, 'after': after})}" if after else ""
    living = reads.names(rows, today)
    lines = [(unit, Unit.State(unit.state), living.get(unit.pk, [])) for unit in rows]
    context = {"form": form, "lines": lines, "older_url": older, "clear_url": request.path}
    return render(request, "desk/units.html", context)


@require_GET
@role_required(*OFFICE)
def unit(request, pk):
    """One home: what has to be known first, or the part that the address names."""
    now = clock.now()
    one = _find(request, pk, now)
    part = next((part for part in unit_parts.PARTS if part.key == request.GET.get("tab")), None)
    here = reverse("desk:unit", args=[pk])
    tabs = [{"label": _("Overview"), "url": here, "current": part is None}]
    tabs += [{"label": p.label, "url": f"{here}?tab={p.key}", "current": p == part} for p in unit_parts.PARTS]
    with timezone.override(request.community.tz):
        home = unit_parts.Home(one, request.user, now)
        overview = None if part else unit_parts.overview(home)
        tables = part.tables(home) if part else overview.tables
        context = {"unit": one, "tabs": tabs, "part": part, "overview": overview, "tables": tables, "now": now}
        context["state"] = Unit.State(one.state)
        return render(request, "desk/unit.html", context)


@require_http_methods(["GET", "POST"])
@role_required(*OFFICE)
def unit_file(request, pk):
    """The whole file of a home (业户档案); a POST prepares it for printing, with who printed it on record."""
    now = clock.now()
    one = _find(request, pk, now)
    if request.method == "POST":
        actions.print_unit_file(one, by=request.user, now=now)
    with timezone.override(request.community.tz):
        home = unit_parts.Home(one, request.user, now)
        context = {"unit": one, "now": now, "is_printed": request.method == "POST"}
        context |= {"instructions": unit_parts.instructions(home), "missing": unit_parts.missing(home)}
        context["parts"] = [(part, part.tables(home)) for part in unit_parts.PARTS]
        return render(request, "desk/unit_file.html", context)
