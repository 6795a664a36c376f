"""What needs a second person (减免, 作废, 红冲, 退款): asking for it, the list, the decision, and giving money back."""

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from billing import actions, asked
from billing.actions.requests import ABOUT, ASKERS, DECIDERS, may_decide, may_pay_out
from billing.capitals import YUAN, capitals
from billing.forms import requests as forms
from billing.models import MoneyRequest
from residents.words import VERBS
from servicedesk.core import clock, photos
from servicedesk.core.doors import door_to, make_or_show, part_of
from servicedesk.core.models import Event, Photo, Role
from servicedesk.core.roles import role_required

Kind, Status = MoneyRequest.Kind, MoneyRequest.Status
READERS = (*ASKERS, *DECIDERS)
FORMS = {
    "approve_request": forms.ApproveForm,
    "refuse_request": forms.RefuseForm,
    "withdraw_request": forms.WithdrawForm,
    "pay_out": forms.PayOutForm,
}


@require_GET
@role_required(*READERS)
def requests(request):
    """What waits for a decision, what is approved and waits for the cashier, and what was decided, newest first."""
    rows = MoneyRequest.objects.filter(community=request.community).select_related(*asked.WITH_THINGS)
    lists = {
        "": rows.waiting().order_by("asked_at", "pk"),
        "pay": rows.to_pay_out().order_by("decided_at", "pk"),
        "decided": rows.exclude(status=Status.ASKED).order_by("-decided_at", "-pk"),
    }
    shown = request.GET.get("show", "")
    shown = shown if shown in lists else ""
    labels = {"": _("To be decided"), "pay": _("To be given back"), "decided": _("Already decided")}
    here = reverse("billing:requests")
    counts = {"": rows.waiting().count(), "pay": rows.to_pay_out().count()}
    tabs = [
        {
            "label": label,
            "url": f"{here}?show={key}" if key else here,
            "current": key == shown,
            "count": counts.get(key),
        }
        for key, label in labels.items()
    ]
    part = part_of(lists[shown], request)
    lines = [(one, asked.number_of(one.thing)) for one in part.rows]
    with timezone.override(request.community.tz):
        context = {"tabs": tabs, "part": part, "lines": lines, "shown": shown, "now": clock.now()}
        return render(request, "billing/requests/list.html", context)


# Asking ---------------------------------------------------------------------------------------------------------------


def _ask(request, kind, pk):
    _column, model = ABOUT[kind]
    rows = asked.load(kind, model.objects.filter(community=request.community))
    thing, now = get_object_or_404(rows, pk=pk), clock.now()
    form = forms.AskForm(request.POST or None, request.FILES or None, kind=kind, thing=thing)
    form.known = asked.facts_of(thing)
    form.outcome = asked.outcome_of(kind)
    form.first = asked.contractors_first(thing) if kind == Kind.DEDUCTION else None

    def make(**facts):
        with photos.stored(form.pictures) as pictures:
            return actions.ask_for(kind, thing, by=request.user, now=now, pictures=pictures, **facts)

    done = _("Asked for. Whoever decides has been told of it.")
    return make_or_show(request, form, make, template="billing/requests/ask.html", done=done)


@require_http_methods(["GET", "POST"])
@role_required(*ASKERS)
def request_void(request, pk):
    """Ask for a bill to be voided."""
    return _ask(request, Kind.VOID_BILL, pk)


@require_http_methods(["GET", "POST"])
@role_required(*ASKERS)
def request_waiver(request, pk):
    """Ask for a part of a bill to be waived."""
    return _ask(request, Kind.WAIVER, pk)


@require_http_methods(["GET", "POST"])
@role_required(*ASKERS)
def request_reversal(request, pk):
    """Ask for a receipt to be taken back."""
    return _ask(request, Kind.REVERSAL, pk)


@require_http_methods(["GET", "POST"])
@role_required(*ASKERS)
def request_refund(request, pk):
    """Ask for what is left of a payment to be given back."""
    return _ask(request, Kind.REFUND, pk)


@require_http_methods(["GET", "POST"])
@role_required(*ASKERS)
def request_deduction(request, pk):
    """Ask for a part of a deposit to be kept, with the list of what for."""
    return _ask(request, Kind.DEDUCTION, pk)


@require_http_methods(["GET", "POST"])
@role_required(*ASKERS)
def request_deposit_refund(request, pk):
    """Ask for a deposit to be given back."""
    return _ask(request, Kind.DEPOSIT_REFUND, pk)


# One request ----------------------------------------------------------------------------------------------------------


def _find(request, pk):
    rows = MoneyRequest.objects.filter(community=request.community)
    found = get_object_or_404(rows.select_related(*asked.WITH_THINGS), pk=pk)
    found.ways = asked.methods_of(found) if found.waits_for_the_cashier else []
    return found


def _steps(request, row):
    """Return the names of what this person can do with a request now."""
    steps = []
    if row.status == Status.ASKED and may_decide(row, request.user):
        steps += ["approve_request", "refuse_request"]
    if row.waits_for_the_cashier and may_pay_out(row, request.user):
        steps.append("pay_out")
    is_open = row.status == Status.ASKED or row.waits_for_the_cashier
    return steps + (["withdraw_request"] if is_open and row.asked_by_id == request.user.pk else [])


def _page(request, row, now, *, form=None, step="", status=200):
    steps = _steps(request, row)
    column, model = ABOUT[Kind(row.kind)]
    thing = asked.load(row.kind, model.objects.all()).get(pk=getattr(row, f"{column}_id"))
    drawn = {name: FORMS[name](thing=row, now=now) for name in steps if name != "refuse_request"}
    if form is not None:
        drawn["approve_request" if step == "refuse_request" else step] = form
    with timezone.override(request.community.tz):
        context = {
            "now": now,
            "row": row,
            "number": asked.number_of(thing),
            "thing": thing,
            "known": asked.facts_of(thing),
            "outcome": asked.outcome_of(row.kind),
            "steps": steps,
            "forms": drawn,
            "bound": form,
            "refunds": list(row.refunds.order_by("id")),
            "photos": list(Photo.objects.about(row)) if row.kind == Kind.DEDUCTION else [],
            "entries": [
                {"at": one.at, "who": one.by_name, "title": VERBS.get(one.verb, one.verb), "text": one.note}
                for one in Event.objects.about(row)
            ],
        }
        return render(request, "billing/requests/request.html", context, status=status)


@require_GET
@role_required(*READERS)
def request(request, pk):
    """One request: the facts on the left, the decision on the right."""
    return _page(request, _find(request, pk), clock.now())


@require_http_methods(["GET", "POST"])
@role_required(*READERS)
def request_slip(request, pk):
    """The approval slip (审批单) with room to sign; a POST prepares it for printing, counted, with who printed it."""
    row, now = _find(request, pk), clock.now()
    row.community = request.community
    times = actions.print_slip(row, by=request.user, now=now) if request.method == "POST" else 0
    context = {
        "row": row,
        "now": now,
        "times": times,
        "number": asked.number_of(row.thing),
        "outcome": asked.outcome_of(row.kind),
        "capitals": YUAN + capitals(row.amount),
        "refunds": list(row.refunds.order_by("id")),
        "photos": Photo.objects.about(row).count(),
    }
    with timezone.override(request.community.tz):
        return render(request, "billing/requests/slip.html", context)


def _door_to(step, done, *roles):
    return door_to(FORMS[step], find=_find, page=_page, done=done, roles=roles)


@_door_to("approve_request", gettext_lazy("Approved. Who asked has been told."), *DECIDERS)
def approve_request(request, row, facts, now):
    actions.approve_request(row, by=request.user, now=now, **facts)


@_door_to("refuse_request", gettext_lazy("Not approved. Who asked has been told why."), *DECIDERS)
def refuse_request(request, row, facts, now):
    actions.refuse_request(row, by=request.user, now=now, **facts)


@_door_to("withdraw_request", gettext_lazy("Withdrawn. Nothing of the money has changed."), *ASKERS)
def withdraw_request(request, row, facts, now):
    actions.withdraw_request(row, by=request.user, now=now)


@_door_to("pay_out", gettext_lazy("On record. Give the money back now."), Role.CASHIER)
def pay_out(request, row, facts, now):
    actions.pay_out(row, by=request.user, now=now, **facts)
