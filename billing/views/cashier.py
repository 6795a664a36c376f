"""The cashier (收银, S6): find a home, see what it owes, take money for it."""

import contextlib
import datetime

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import actions, cashing, matching
from billing.actions.rights import MONEY
from billing.forms import cash as forms
from billing.models import Allocation, Bill, Deposit, Receipt, Shift
from billing.views.receipts import to_sheets
from residents import finder
from residents.forms.fields import renew
from residents.models import Unit
from servicedesk.core import clock
from servicedesk.core.errors import Refused, waits_refused
from servicedesk.core.models import Event, Role
from servicedesk.core.roles import role_required
from servicedesk.core.text import clean_text

# So many receipts of the open shift stand below the box.
LAST = 20
MOMENT = datetime.timedelta(minutes=5)


@require_GET
@role_required(Role.CASHIER)
def cashier(request):
    """The one box in which a home is found; a room that is typed whole, or a single hit, leads on at once."""
    now, query = clock.now(), clean_text(request.GET.get("q", ""))[:120]
    hits = _hits(request, query, now) if query else None
    if request.htmx:
        empty = _("Nobody and no room was found for “%(query)s”.") % {"query": query} if query else ""
        return render(request, "components/finder_hits.html", {"hits": hits or [], "empty_text": empty})
    if hits and len({hit["href"] for hit in hits}) == 1:
        return redirect(hits[0]["href"])
    shift = _open_shift(request)
    last = Receipt.objects.filter(shift=shift).select_related("unit").prefetch_related("payments") if shift else []
    context = {"now": now, "query": query, "hits": hits, "shift": shift, "receipts": list(last[:LAST])}
    context["waiting_lines"] = matching.waiting_in(request.community)
    with timezone.override(request.community.tz):
        return render(request, "billing/cashier/find.html", context)


def _hits(request, query, now):
    """Return the lines of the finder; telephone numbers are masked, and the same home stands there for each person."""
    found = finder.find(request.community, query, today=request.community.local(now).date())
    return [
        {
            "id": f"{hit.unit.pk}-{n}",
            "value": hit.unit.pk,
            "label": hit.unit.label,
            "mark": hit.who or _("nobody registered"),
            "meta": hit.occupancy.person.masked_phone if hit.occupancy else "",
            "href": reverse("billing:take", args=[hit.unit.pk]),
        }
        for n, hit in enumerate(found)
    ]


def _open_shift(request):
    shift = Shift.objects.open().filter(community=request.community, cashier=request.user).first()
    if shift:
        shift.community = request.community
    return shift


def _unit(request, pk):
    units = Unit.objects.filter(community=request.community).select_related("building", "section")
    unit = get_object_or_404(units, pk=pk)
    unit.community = request.community
    return unit


@require_http_methods(["GET", "POST"])
@role_required(Role.CASHIER)
def take(request, pk):
    """One home at the cashier; a POST takes the money, or opens the drawer where that was forgotten, with every word
    that was typed kept."""
    unit, now = _unit(request, pk), clock.now()
    with timezone.override(request.community.tz):
        if request.method == "GET":
            return _page(request, unit, now)
        form = _form(request, unit, now)
        if "open" in request.POST:
            return _open(request, unit, form, now)
        if not form.is_valid():
            return _page(request, unit, now, form=form, status=422)
        try:
            with waits_refused():
                made = _take(request, unit, form, now)
        except Refused as refused:
            renew(form)
            form.add_error(None, str(refused))
            return _page(request, unit, now, form=form, status=refused.status_code)
    if isinstance(made, Event):
        return redirect("billing:settlement", pk=made.pk)
    if "print" in request.POST:
        return to_sheets(request, made)
    messages.success(request, _taken(made))
    return redirect(made)


def _form(request, unit, now):
    today = request.community.local(now).date()
    return forms.TakeForm(request.POST, payers=cashing.payers_of(unit, today))


def _take(request, unit, form, now):
    """Post what a clean form says and return the Receipt, or the Event of a settlement in which no money moved."""
    data = form.cleaned_data
    ticked = {kind: [one.pk for one in data["chosen"] if one.kind == kind] for kind in "bd"}
    facts = {
        "bills": list(Bill.objects.filter(unit=unit, pk__in=ticked["b"])),
        "deposits": list(Deposit.objects.filter(unit=unit, pk__in=ticked["d"])),
        "owed": form.owed,
        "submission": data["submission"],
        "by": request.user,
        "now": now,
    }
    if len(facts["bills"]) + len(facts["deposits"]) != len(data["chosen"]):
        raise Refused(_("One of these bills is not of %(unit)s. Reload the page and choose again.") % {"unit": unit})
    if not form.means:
        return actions.use_prepayment(unit, amount=form.prepaid, **facts)
    facts |= {"payer": data["payer"], "note": data["note"], "keep_rest": data["keep_rest"], "prepaid": form.prepaid}
    return actions.take_payment(unit, means=form.means, **facts)


def _taken(receipt):
    change = sum(one.change or 0 for one in receipt.payments.all())
    facts = {"number": receipt.number, "amount": receipt.amount, "change": change}
    if change:
        return _("Receipt %(number)s for %(amount)s yuan. Change to give: %(change)s yuan.") % facts
    return _("Receipt %(number)s for %(amount)s yuan.") % facts


def _open(request, unit, form, now):
    """Open the drawer from the page of a home; what was typed there stays as it is."""
    opening, status = forms.OpenShiftForm(request.POST), 422
    if opening.is_valid():
        try:
            actions.open_shift(request.community, by=request.user, now=now, **opening.cleaned_data)
            opening, status = None, 200
        except Refused as refused:
            opening.add_error(None, str(refused))
            status = refused.status_code
    # Nobody has asked for the money yet, so that nothing of it is wrong yet.
    fresh = forms.TakeForm(initial=_typed(form), payers=form.fields["payer"].queryset)
    return _page(request, unit, now, form=fresh, ticked=form.data.getlist("chosen"), opening=opening, status=status)


def _typed(form):
    return {name: form.data.get(name, "") for name in form.fields if name not in ("chosen", "submission")}


def _page(request, unit, now, *, form=None, ticked=None, opening=None, status=200):
    today = request.community.local(now).date()
    account = cashing.account_of(unit, today, with_late=True)
    just_taken = _just_taken(request, account, now) if form is None else None
    if form is None:
        form, ticked = _begin(account, unit, today, is_filled=just_taken is None)
    if ticked is None:
        ticked = still_owed(account, form.data.getlist("chosen"))
    shift = _open_shift(request)
    context = {
        "now": now,
        "today": today,
        "unit": unit,
        "account": account,
        "form": form,
        "ticked": ticked,
        "due": _due(form, ticked),
        "just_taken": just_taken,
        "shift": shift,
        "opening": opening or (None if shift else forms.OpenShiftForm()),
        "shift_cash": cashing.cash_in(shift) if shift else None,
    }
    return render(request, "billing/cashier/take.html", context, status=status)


def _just_taken(request, account, now):
    """Return the Receipt that who asks has made out for this home a moment ago: whoever comes back to the page by the
    browser's button is told, and no amount is filled in that one key would take once more. No query."""
    own = (one for one in account.receipts if one.by_id == request.user.pk and not one.is_void)
    return next((one for one in own if now - one.at < MOMENT), None)


def _begin(account, unit, today, *, is_filled):
    """Return the form as it opens, with what is overdue or due next ticked and its sum filled in, and the ticks."""
    ticked = account.asked
    owed = sum(line.left for line in account.lines if line.value in ticked) if is_filled else 0
    first = {"given": owed or "", "was": owed or "", "keep_rest": not account.lines}
    form = forms.TakeForm(initial=first, payers=cashing.payers_of(unit, today))
    form.initial["payer"] = _payer(account)
    return form, ticked


def _payer(account):
    """Return the key of the person who most likely pays: whom the oldest bill names, else the first who lives there."""
    named = [line.thing.debtor_id for line in account.lines if line.is_bill and line.thing.debtor_id]
    return next(iter(named + [one.person_id for one in account.people]), None)


def still_owed(account, ticked):
    """Return the ticks of a page that came back, with what is owed of them now."""
    keys = {one.partition(":")[0] for one in ticked}
    return [line.value for line in account.lines if line.value.partition(":")[0] in keys]


def _due(form, ticked):
    """Return what the form comes to, with what is owed of its ticks now."""
    typed = {name: form[name].value() for name in form.fields if name not in ("chosen", "payer")}
    looked = forms.TakeForm({**typed, "payer": ""}, payers=form.fields["payer"].queryset)
    looked.is_valid()
    with contextlib.suppress(forms.forms.ValidationError):
        looked.cleaned_data["chosen"] = forms.ChosenField(required=False).clean(ticked)
    return cashing.due_of(looked)


@require_POST
@role_required(Role.CASHIER)
def preview(request, pk):
    """What the ticks and the amount come to, in figures and capitals, before anything is posted; without JavaScript
    the whole page."""
    unit, now = _unit(request, pk), clock.now()
    with timezone.override(request.community.tz):
        form = _form(request, unit, now)
        form.is_valid()
        if request.htmx:
            context = {"due": cashing.due_of(form), "unit": unit}
            return render(request, "billing/cashier/take.html#due", context)
        due, typed = cashing.due_of(form), _typed(form)
        typed |= {"given": due.owed, "was": due.owed} if due.is_new else {}
        fresh = forms.TakeForm(initial=typed, payers=form.fields["payer"].queryset)
        return _page(request, unit, now, form=fresh, ticked=form.data.getlist("chosen"))


@require_GET
@role_required(*MONEY)
def settlement(request, pk):
    """What was paid with a prepayment, where no money moved: a note with what it paid, and no receipt."""
    events = Event.objects.filter(community=request.community, verb="prepaid_used")
    event = get_object_or_404(events, pk=pk)
    unit = _unit(request, event.subject_id)
    rows = Allocation.objects.filter(pk__in=event.data["allocations"], community=request.community)
    rows = list(rows.select_related("bill__fee", "deposit", "payment__receipt").order_by("id"))
    if not rows:
        raise Http404
    with timezone.override(request.community.tz):
        return render(request, "billing/cashier/settlement.html", {"event": event, "unit": unit, "rows": rows})
