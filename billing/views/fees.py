"""Fees (收费项目): what is charged, by which tariff, to whom; and the steps on a fee."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count, Prefetch, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import actions, pricing
from billing.actions.rights import READERS, SETTERS
from billing.actions.tariffs import demand_room, is_used
from billing.forms import fees as forms
from billing.models import Discount, Enrolment, Fee, SharedCost, Tariff
from residents.models import Unit
from servicedesk.core import clock
from servicedesk.core.doors import door_to, make_or_show, panel_of, part_of
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event
from servicedesk.core.roles import has_role, role_required

FORMS = {
    "enrol": forms.EnrolForm,
    "enter_cost": forms.CostForm,
    "rename_fee": forms.RenameForm,
    "switch_fee": forms.SwitchForm,
}


def may_set(request):
    """Return whether who asks may write here. No query of its own."""
    return has_role(request.user, request.community.pk, *SETTERS)


@dataclass(frozen=True)
class Version:
    """A tariff as a page shows it: what it says, and how it stands to today."""

    tariff: Tariff
    said: str
    place: str


def _version(tariff, today):
    place = "past" if tariff.last_day and tariff.last_day < today else "now"
    place = "next" if tariff.valid.lower > today else place
    return Version(tariff, pricing.said(tariff, tariff.tiers.all()), "void" if tariff.voided_at else place)


def _with_versions(fees, *, voided=False):
    tariffs = Tariff.objects.all() if voided else Tariff.objects.in_force()
    rows = tariffs.select_related("by", "voided_by").prefetch_related("tiers").order_by("-valid", "-id")
    return fees.prefetch_related(Prefetch("tariffs", rows, to_attr="versions"))


@dataclass(frozen=True)
class Row:
    """A fee in the list: its tariff of today, and the next one."""

    fee: Any
    now: Version | None
    next: Version | None


@require_GET
@role_required(*READERS)
def fees(request):
    """Every fee with the tariff in force, the next one, and who is charged; a room that is asked for leads on to its
    own page. Four queries."""
    search = forms.RoomForm(request.GET, community=request.community)
    if search.is_valid() and search.cleaned_data["room"]:
        return redirect("billing:unit_fees", search.cleaned_data["room"].pk)
    today = request.community.local(clock.now()).date()
    enrolled = Count("enrolments", filter=Q(enrolments__period__contains=today))
    rows = _with_versions(Fee.objects.filter(community=request.community).annotate(enrolled=enrolled))
    part = part_of(rows.order_by("-is_active", "position", "pk"), request)
    listed = []
    for fee in part.rows:
        versions = {one.place: one for one in (_version(tariff, today) for tariff in fee.versions)}
        listed.append(Row(fee, versions.get("now"), versions.get("next")))
    context = {"rows": listed, "part": part, "may_set": may_set(request), "search": search, "form": search}
    return render(request, "billing/fees/list.html", context)


@require_http_methods(["GET", "POST"])
@role_required(*SETTERS)
def fee_new(request):
    """A new fee; its first tariff is the next step."""

    def make(**facts):
        return actions.create_fee(request.community, by=request.user, now=clock.now(), **facts)

    done = _("“%(name)s” is added. Give it a tariff now.")
    return make_or_show(request, forms.FeeForm(request.POST or None), make, template="billing/fees/new.html", done=done)


def _find(request, pk):
    fee = get_object_or_404(_with_versions(Fee.objects.filter(community=request.community), voided=True), pk=pk)
    fee.community = request.community
    return fee


def _steps(fee):
    """Return what can be done with a fee now, as (name, label) pairs."""
    bases = {tariff.basis for tariff in fee.versions if not tariff.voided_at}
    steps = []
    if fee.is_active and fee.applies_to == Fee.AppliesTo.ENROLLED:
        steps.append(("enrol", _("Enrol a unit")))
    if fee.is_active and Tariff.Basis.SHARE in bases:
        steps.append(("enter_cost", _("Enter a shared cost")))
    return [*steps, ("rename_fee", _("Rename")), ("switch_fee", _("Switch off") if fee.is_active else _("Switch on"))]


def _page(request, fee, now, *, form=None, step="", status=200):
    today = request.community.local(now).date()
    steps = _steps(fee) if may_set(request) else []
    enrolled = Enrolment.objects.filter(fee=fee).with_places().order_by("unit__room_order", "-period", "pk")
    costs = SharedCost.objects.filter(fee=fee).select_related("building", "by").order_by("-month", "building", "-pk")
    with timezone.override(request.community.tz):
        step, label, form = panel_of(request, steps, FORMS, fee, now, form=form, step=step)
        context = {
            "now": now,
            "today": today,
            "fee": fee,
            "steps": steps,
            "step": step,
            "label": label,
            "form": form,
            "may_set": may_set(request),
            "versions": [_version(tariff, today) for tariff in fee.versions],
            "enrolments": part_of(enrolled, request, "enrolled") if fee.applies_to == "enrolled" else None,
            "costs": part_of(costs, request, "costs"),
            "renamed": list(Event.objects.about(fee).filter(verb="fee_renamed").order_by("-at", "-id")),
        }
        return render(request, "billing/fees/fee.html", context, status=status)


@require_GET
@role_required(*READERS)
def fee(request, pk):
    """One fee: its versions by date, who is enrolled, its shared costs, and the steps."""
    return _page(request, _find(request, pk), clock.now())


def _door_to(step, done):
    return door_to(FORMS[step], find=_find, page=_page, done=done, roles=SETTERS)


@_door_to("enrol", gettext_lazy("Enrolled."))
def enrol(request, fee, facts, now):
    actions.enrol(fee, by=request.user, now=now, **facts)


@_door_to("enter_cost", gettext_lazy("The cost is entered. It is shared out with the bills of its month."))
def enter_cost(request, fee, facts, now):
    actions.enter_cost(fee, by=request.user, now=now, **facts)


@_door_to("rename_fee", gettext_lazy("Renamed. Bills that were issued keep the name they have."))
def rename_fee(request, fee, facts, now):
    actions.rename_fee(fee, by=request.user, now=now, **facts)


@_door_to("switch_fee", gettext_lazy("Saved."))
def switch_fee(request, fee, facts, now):
    actions.switch_fee(fee, in_use=not fee.is_active, by=request.user, now=now)


# Tariffs --------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@role_required(*SETTERS)
def tariff_new(request, pk):
    """A new price of a fee. “Try it” shows what a unit would pay, and saves nothing."""
    fee, now = _find(request, pk), clock.now()
    last = next((tariff for tariff in fee.versions if not tariff.voided_at), None)
    basis = request.GET.get("basis", "")
    if basis not in Tariff.Basis.values:
        basis = last.basis if last else Tariff.Basis.AREA
    form = forms.TariffForm(request.POST or None, fee=fee, basis=basis, initial=_initial(fee, last, basis, now))
    status, example = 200, None
    if request.method == "POST":
        status = 422
        if form.is_valid() and "preview" in request.POST:
            example, status = form.example(), 200
            try:
                demand_room(fee, form.facts["since"], form.facts["months"])
            except Refused as refused:
                form.add_error(None, str(refused))
        elif form.is_valid():
            try:
                made = actions.set_tariff(fee, by=request.user, now=now, **form.facts)
            except Refused as refused:
                form.add_error(None, str(refused))
                status = refused.status_code
            else:
                done = _("Saved. From %(month)s on “%(fee)s” is charged by this tariff.")
                messages.success(request, done % {"month": f"{made.valid.lower:%Y-%m}", "fee": fee})
                return redirect(fee)
    bases = [{"label": label, "url": f"?basis={key}", "current": key == basis} for key, label in Tariff.Basis.choices]
    context = {"fee": fee, "form": form, "basis": basis, "tabs": bases, "last": last, "example": example}
    context["is_to_come"] = bool(last and last.valid.lower > request.community.local(now).date())
    context["last_said"] = pricing.said(last, last.tiers.all()) if last else ""
    return render(request, "billing/fees/price.html", context, status=status)


def _initial(fee, last, basis, now):
    """Return what the form of a new price begins with: what the last one said, from next month on."""
    this = fee.community.local(now).date().replace(day=1)
    first = {"since": (this + datetime.timedelta(days=32)).replace(day=1)}
    if last is None:
        return first
    first |= {name: getattr(last, name) for name in ("months", "start_rule", "due_days", "price_basis")}
    if last.basis != basis:
        return first
    price = pricing.plain(last.unit_price) if last.unit_price is not None else ""
    first |= {name: getattr(last, name) for name in ("resource", "measure", "formula", "tier_span")}
    for tier in last.tiers.all():
        first[f"up_to_{tier.position}"] = pricing.plain(tier.up_to) if tier.up_to is not None else ""
        first[f"price_of_{tier.position}"] = pricing.plain(tier.unit_price)
    return first | {"unit_price": price}


def _tariff(request, pk):
    rows = Tariff.objects.filter(community=request.community).select_related("fee", "by", "voided_by")
    return get_object_or_404(rows.prefetch_related("tiers"), pk=pk)


def _show_tariff(request, tariff, *, form=None, status=200):
    now = clock.now()
    used = is_used(tariff)
    may_void = may_set(request) and not used and not tariff.voided_at
    context = {
        "now": now,
        "tariff": tariff,
        "version": _version(tariff, request.community.local(now).date()),
        "steps": [
            (tier.position, "" if tier.up_to is None else pricing.plain(tier.up_to), pricing.plain(tier.unit_price))
            for tier in tariff.tiers.all()
        ],
        "is_used": used,
        "form": form or (forms.ReasonForm() if may_void else None),
        "may_void": may_void,
    }
    with timezone.override(request.community.tz):
        return render(request, "billing/fees/tariff.html", context, status=status)


@require_GET
@role_required(*READERS)
def tariff(request, pk):
    """One version of a price, whole; and voiding it while nothing was billed by it."""
    return _show_tariff(request, _tariff(request, pk))


@require_POST
@role_required(*SETTERS)
def tariff_void(request, pk):
    """Take back a tariff that was entered by mistake."""
    return _void(request, _tariff(request, pk), actions.void_tariff, _show_tariff)


def _void(request, thing, act, show):
    form = forms.ReasonForm(request.POST)
    if not form.is_valid():
        return show(request, thing, form=form, status=422)
    try:
        act(thing, by=request.user, now=clock.now(), **form.cleaned_data)
    except Refused as refused:
        form.add_error(None, str(refused))
        return show(request, thing, form=form, status=refused.status_code)
    messages.success(request, _("It is void."))
    return redirect(thing.fee)


# Shared costs ---------------------------------------------------------------------------------------------------------


def _cost(request, pk):
    rows = SharedCost.objects.filter(community=request.community).select_related("fee", "building", "by", "voided_by")
    return get_object_or_404(rows, pk=pk)


def _show_cost(request, cost, *, form=None, status=200):
    may_void = may_set(request) and not cost.voided_at
    context = {
        "now": clock.now(),
        "cost": cost,
        "may_void": may_void,
        "form": form or (forms.ReasonForm() if may_void else None),
        "void": Event.objects.about(cost).filter(verb="shared_cost_voided").first() if cost.voided_at else None,
    }
    with timezone.override(request.community.tz):
        return render(request, "billing/fees/cost.html", context, status=status)


@require_GET
@role_required(*READERS)
def cost(request, pk):
    """One shared cost, and voiding it until it is billed."""
    return _show_cost(request, _cost(request, pk))


@require_POST
@role_required(*SETTERS)
def cost_void(request, pk):
    """Take back a shared cost that was entered by mistake."""
    return _void(request, _cost(request, pk), actions.void_cost, _show_cost)


# Enrolments -----------------------------------------------------------------------------------------------------------


def _find_enrolment(request, pk):
    rows = Enrolment.objects.filter(community=request.community).select_related("unit", "fee", "by", "community")
    return get_object_or_404(rows, pk=pk)


def _enrolment_page(request, enrolment, now, *, form=None, step="", status=200):
    today = request.community.local(now).date()
    is_open = enrolment.last_day is None or enrolment.last_day > today
    steps = [("end_enrolment", _("End it"))] if may_set(request) and is_open else []
    with timezone.override(request.community.tz):
        forms_of = {"end_enrolment": forms.EndEnrolmentForm}
        step, label, form = panel_of(request, steps, forms_of, enrolment, now, form=form, step=step)
        context = {"now": now, "enrolment": enrolment, "steps": steps, "step": step, "label": label, "form": form}
        return render(request, "billing/fees/enrolment.html", context, status=status)


@require_GET
@role_required(*READERS)
def enrolment(request, pk):
    """One unit that pays a fee which not every unit pays."""
    return _enrolment_page(request, _find_enrolment(request, pk), clock.now())


@door_to(
    forms.EndEnrolmentForm,
    find=_find_enrolment,
    page=_enrolment_page,
    done=gettext_lazy("Saved. Bills that were issued stay as they are."),
    roles=SETTERS,
)
def end_enrolment(request, enrolment, facts, now):
    actions.end_enrolment(enrolment, by=request.user, now=now, **facts)


def _unit(request, pk):
    return get_object_or_404(Unit, pk=pk, community=request.community)


@require_GET
@role_required(*READERS)
def unit_fees(request, pk):
    """What one unit pays today and by which tariff, what it was enrolled for, and its discounts."""
    unit, now = _unit(request, pk), clock.now()
    today = request.community.local(now).date()
    enrolments = list(Enrolment.objects.filter(unit=unit).with_places().order_by("-period", "pk"))
    enrolled = {one.fee_id: one for one in enrolments if one.first_day <= today <= (one.last_day or today)}
    paid = []
    for fee in _with_versions(Fee.objects.filter(community=request.community, is_active=True)):
        versions = {one.place: one for one in (_version(tariff, today) for tariff in fee.versions)}
        if fee.applies_to == Fee.AppliesTo.EVERY_UNIT or fee.pk in enrolled:
            paid.append((fee, versions.get("now"), enrolled.get(fee.pk)))
    context = {
        "now": now,
        "today": today,
        "unit": unit,
        "paid": paid,
        "enrolments": enrolments,
        "discounts": list(Discount.objects.filter(unit=unit).with_people().order_by("-period", "pk")),
        "may_set": may_set(request),
    }
    return render(request, "billing/fees/unit.html", context)


@require_http_methods(["GET", "POST"])
@role_required(*SETTERS)
def unit_enrol(request, pk):
    """Enrol a unit for a fee, begun at the unit."""
    unit, now = _unit(request, pk), clock.now()
    today = request.community.local(now).date()
    form = forms.UnitEnrolForm(request.POST or None, unit=unit, today=today)

    def make(fee, **facts):
        return actions.enrol(fee, by=request.user, now=now, **facts)

    return make_or_show(request, form, make, template="billing/fees/unit_enrol.html", done=_("Enrolled."))
