"""Deposits (押金, 保证金): what is held, what is due back, one deposit with its papers, and the rules of the place."""

import functools

from django.contrib import messages
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import actions, asked, deposit_rules
from billing.actions.deposits import ASKERS, untold
from billing.actions.requests import ASKERS as MONEY_ASKERS
from billing.actions.requests import DECIDERS
from billing.forms import deposits as forms
from billing.models import Allocation, Deposit, DepositRule, MoneyRequest
from residents.rooms import key_of
from residents.words import VERBS
from servicedesk.core import clock, photos
from servicedesk.core.doors import door_to, make_or_show, panel_of, part_of
from servicedesk.core.models import Event, Photo, Role
from servicedesk.core.roles import has_role, role_required

READERS = (*ASKERS, *DECIDERS)
Kind = MoneyRequest.Kind
FORMS = {"tell_payer": forms.TellForm, "set_refund_day": forms.DueForm, "void_deposit": forms.VoidForm}


@require_GET
@role_required(*READERS)
def deposits(request):
    """What we hold, what is due back, what waits to be paid, and all of it; by number or room."""
    now, search = clock.now(), forms.DepositSearch(request.GET)
    today = request.community.local(now).date()
    rows = Deposit.objects.filter(community=request.community).select_related("unit", "payer")
    lists = {
        "": rows.held(),
        "due": rows.held().filter(refund_due_on__lte=today).order_by("refund_due_on", "pk"),
        "unpaid": rows.unpaid(),
        "all": rows,
    }
    shown = request.GET.get("show", "")
    shown = shown if shown in lists else ""
    labels = {"": _("We hold"), "due": _("Refund due"), "unpaid": _("To be paid"), "all": _("All")}
    here = reverse("billing:deposits")
    counts = {"due": lists["due"].count()}
    tabs = [
        {
            "label": label,
            "url": f"{here}?show={key}" if key else here,
            "current": key == shown,
            "count": counts.get(key),
        }
        for key, label in labels.items()
    ]
    found = lists[shown]
    if sought := search.sought:
        found = found.filter(Q(number__icontains=sought) | Q(unit__room_keys__contains=[key_of(sought)]))
    with timezone.override(request.community.tz):
        context = {"tabs": tabs, "part": part_of(found, request), "search": search, "shown": shown, "today": today}
        context |= {"may_ask": has_role(request.user, request.community.pk, *ASKERS), "now": now}
        return render(request, "billing/deposits/list.html", context)


@require_http_methods(["GET", "POST"])
@role_required(*ASKERS)
def deposit_new(request):
    """Ask for a deposit: first of which room, then by whom, how much and what for."""
    now = clock.now()
    which = forms.WhichRoomForm(request.GET if "room" in request.GET else None, community=request.community)
    if not which.is_valid():
        status = 422 if which.is_bound else 200
        return render(request, "billing/deposits/room.html", {"form": which}, status=status)
    unit, today = which.cleaned_data["room"], request.community.local(now).date()
    unit.community = request.community
    form = forms.DepositForm(request.POST or None, unit=unit, today=today)
    form.rules = list(DepositRule.objects.filter(community=request.community))
    make = functools.partial(actions.ask_for_deposit, unit, by=request.user, now=now)
    done = _("Deposit %(number)s is asked for. It is paid at the cashier.")
    return make_or_show(request, form, make, template="billing/deposits/new.html", done=done)


# One deposit ----------------------------------------------------------------------------------------------------------


def _find(request, pk):
    rows = Deposit.objects.filter(community=request.community)
    found = get_object_or_404(rows.select_related("unit", "payer", "asked_by"), pk=pk)
    found.community = found.unit.community = request.community
    return found


def _steps(request, deposit, owed):
    """Return what this person can do with a deposit now, as (name, label) pairs."""
    if not has_role(request.user, deposit.community_id, *ASKERS) or deposit.voided_at:
        return []
    steps = [("tell_payer", _("The payer was told"))] if owed else []
    steps.append(("set_refund_day", _("Day of the refund")))
    return steps + ([("void_deposit", _("Void it"))] if not deposit.received else [])


def _page(request, deposit, now, *, form=None, step="", status=200):
    owed = untold(deposit)
    steps = _steps(request, deposit, owed)
    rows = MoneyRequest.objects.filter(deposit=deposit).select_related("asked_by", "decided_by")
    is_held = deposit.held > 0 and has_role(request.user, deposit.community_id, *MONEY_ASKERS)
    with timezone.override(request.community.tz):
        step, label, form = panel_of(request, steps, FORMS, deposit, now, form=form, step=step)
        context = {
            "now": now,
            "deposit": deposit,
            "steps": steps,
            "step": step,
            "label": label,
            "form": form,
            "owed": owed,
            "first": asked.contractors_first(deposit),
            "requests": list(rows.order_by("pk")),
            "may_ask": is_held,
            "paid": _paid(deposit),
            "is_cashier": has_role(request.user, deposit.community_id, Role.CASHIER),
            "may_see_requests": has_role(request.user, deposit.community_id, *MONEY_ASKERS, *DECIDERS),
            "is_due": bool(
                deposit.held and deposit.refund_due_on and deposit.refund_due_on <= request.community.local(now).date()
            ),
            "entries": [
                {"at": one.at, "who": one.by_name, "title": VERBS.get(one.verb, one.verb), "text": one.note}
                for one in Event.objects.about(deposit)
            ],
        }
        return render(request, "billing/deposits/deposit.html", context, status=status)


@require_GET
@role_required(*READERS)
def deposit(request, pk):
    """One deposit: what was received, deducted and given back, and what comes next."""
    return _page(request, _find(request, pk), clock.now())


def _door_to(step, done):
    return door_to(FORMS[step], find=_find, page=_page, done=done, roles=ASKERS)


@_door_to("tell_payer", gettext_lazy("On record."))
def tell_payer(request, deposit, facts, now):
    actions.tell_payer(deposit, by=request.user, now=now, **facts)


@_door_to("set_refund_day", gettext_lazy("The day is on record."))
def set_refund_day(request, deposit, facts, now):
    actions.set_refund_day(deposit, by=request.user, now=now, **facts)


@_door_to("void_deposit", gettext_lazy("The deposit is void."))
def void_deposit(request, deposit, facts, now):
    actions.void_deposit(deposit, by=request.user, now=now, **facts)


def _paid(deposit):
    """Return the payments of a deposit that stand, the oldest first, each with its receipt. One query."""
    rows = Allocation.objects.filter(deposit=deposit, reverses=None, reversed_by=None)
    return list(rows.select_related("payment__receipt").order_by("id"))


def _photos_of(requests):
    """Return the photos of requests that are there, a queryset of them. One query."""
    of = {"subject_type": ContentType.objects.get_for_model(MoneyRequest), "subject_id__in": requests.values("pk")}
    return Photo.objects.kept().filter(**of).order_by("id")


@require_GET
@role_required(*READERS)
def deposit_photo(request, pk, name):
    """A photo of what is or was to be deducted from a deposit."""
    row = get_object_or_404(Deposit, pk=pk, community=request.community)
    if not _photos_of(row.requests).filter(name=name).exists():
        raise Http404
    return photos.serve(name)


def _paper(request, pk, template):
    row = _find(request, pk)
    deductions = row.requests.filter(kind=Kind.DEDUCTION, carried_out_at__isnull=False)
    context = {
        "deposit": row,
        "now": clock.now(),
        "community": request.community,
        "paid": _paid(row),
        "items": [item for one in deductions.order_by("id") for item in one.items],
        "photos": list(_photos_of(deductions)),
        "refunds": list(row.refunds.order_by("id")),
    }
    with timezone.override(request.community.tz):
        return render(request, template, context)


@require_GET
@role_required(*READERS)
def deposit_slip(request, pk):
    """The slip that the payer keeps (押金单): what was received, and how it is given back."""
    return _paper(request, pk, "billing/deposits/slip.html")


@require_GET
@role_required(*READERS)
def deposit_settlement(request, pk):
    """The settlement of a deposit: received, deducted line by line, given back, held."""
    return _paper(request, pk, "billing/deposits/settlement.html")


# The rules of the place -----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@role_required(Role.ADMIN)
def deposit_rules_page(request):
    """What holds here for each kind of deposit, with its source; setting one, and the packs that are offered."""
    form = forms.RuleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.set_deposit_rule(request.community, by=request.user, now=clock.now(), **form.cleaned_data)
        messages.success(request, _("The rule is set."))
        return redirect("billing:deposit_rules")
    return _rules_page(request, form)


def _rules_page(request, form, *, pack=None):
    rules = list(DepositRule.objects.filter(community=request.community))
    context = {"form": form, "pack_form": pack, "rules": rules, "packs": deposit_rules.PACKS}
    status = 422 if form.errors or pack else 200
    return render(request, "billing/deposits/rules.html", context, status=status)


@require_POST
@role_required(Role.ADMIN)
def take_rules(request):
    """Set every rule of the pack that was chosen."""
    form = forms.PackForm(request.POST)
    if not form.is_valid():
        return _rules_page(request, forms.RuleForm(), pack=form)
    pack = deposit_rules.BY_KEY[form.cleaned_data["pack"]]
    actions.take_rule_pack(request.community, pack, by=request.user, now=clock.now())
    messages.success(request, _("The rules are set. Check the source against the text that holds today."))
    return redirect("billing:deposit_rules")
