"""Bills on a resident's phone: a code from the desk opens them once, for two hours."""

import functools

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import access as looking
from billing import actions, arithmetic, cashing
from billing.forms.access import BillCodeForm, GiveCodeForm
from billing.forms.messages import MailForm
from billing.models import BillAccess
from complaints.budget import Budget, address_of
from complaints.forms.public import typed
from complaints.views.public import SeeOther
from complaints.views.tracking import confidential
from residents.actions import agree_to_mail, withdraw_mail
from residents.models import Occupancy
from servicedesk.core import clock
from servicedesk.core.errors import Refused
from servicedesk.core.models import Community
from servicedesk.core.roles import public, role_required

REASON = "residents have no account; a code from the desk is the key"
# Wrong codes by hand, in fifteen minutes.
TRIES = Budget("bill-code", most=5, seconds=900)
# Addresses that one browser may name, in fifteen minutes.
MAILS = Budget("bill-mail", most=3, seconds=900)
MOST_SETTLED = 24


@require_http_methods(["GET", "POST"])
@role_required(*actions.GIVERS)
def give(request, pk):
    """Give a code to an owner or lessee who stands at the counter; it is shown once, on the answer to the POST."""
    rows = Occupancy.objects.in_force().known().filter(unit__community=request.community).with_people()
    occupancy, now = get_object_or_404(rows, pk=pk), clock.now()
    form, code, refused, status = GiveCodeForm(request.POST if request.method == "POST" else None), "", "", 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                code = actions.give_access(occupancy, by=request.user, now=now, **form.cleaned_data)
                status = 200
            except Refused as refusal:
                refused, status = str(refusal), refusal.status_code
    context = {
        "occupancy": occupancy,
        "form": form,
        "code": code,
        "refused": refused,
        "address": request.build_absolute_uri(reverse("billing:p_enter")),
        "until": now + actions.GOOD_FOR,
    }
    with timezone.override(request.community.tz):
        return render(request, "billing/access/give.html", context, status=status)


@require_http_methods(["GET", "POST"])
@public(REASON)
@confidential
def enter(request):
    """Open one's bills by a code. Wrong, used and expired get the same answer."""
    now = clock.now()
    if request.method == "GET" and looking.opened(request.session.get("bills"), now):
        return redirect("billing:p_bills")
    form = BillCodeForm(typed(request.POST) if request.method == "POST" else None)
    refused, status = "", 200
    if request.method == "POST":
        access, refused, status = _try(request, form, now)
        if access:
            request.session.cycle_key()
            request.session["bills"] = access.pk
            return SeeOther(reverse("billing:p_bills"))
    phones = Community.objects.filter(is_public=True).order_by("code")
    context = {"form": form, "refused": refused, "communities": phones}
    return render(request, "billing/access/enter.html", context, status=status)


def _try(request, form, now):
    """Return (access or None, sentence, status) of one try. A right one does not count."""
    if not form.is_valid():
        return None, "", 422
    slot = TRIES.take(address_of(request))
    if not slot:
        return None, _("Too many tries. Please wait 15 minutes, or call us."), 429
    wrong = _("No bills fit this code, or it was used already. Please ask the service centre for a new one.")
    access = looking.by_code(form.cleaned_data["code"], now)
    if access is None:
        return None, wrong, 422
    try:
        actions.use_access(access, now=now)
    except Refused:
        return None, wrong, 422
    TRIES.give_back(slot)
    return access, "", 200


def _with_access(view):
    """Hand `view` the BillAccess of this browser; without one lead to where a code is typed."""

    @functools.wraps(view)
    def wrapped(request, *args, **kwargs):
        access = looking.opened(request.session.get("bills"), clock.now())
        if access is None:
            return redirect("billing:p_enter")
        with timezone.override(access.community.tz):
            return view(request, access, *args, **kwargs)

    return wrapped


def _page(request, name, access, status=200, **context):
    facts = {"access": access, "community": access.community, "unit": access.unit.masked}
    return render(request, f"billing/access/{name}.html", {**facts, **context}, status=status)


@require_GET
@public(REASON)
@confidential
@_with_access
def bills(request, access):
    """What is owed, with its sum, then what we hold of theirs, what was settled lately, and the receipts."""
    rows = looking.bills_of(access).select_related("fee")
    owed = list(rows.owed().oldest_first())
    today = access.community.local(clock.now()).date()
    settled = rows.filter(balance=0).order_by("-month", "fee__position", "-pk")
    context = {
        "owed": [(bill, bill.is_overdue(today)) for bill in owed],
        "total": sum(bill.balance for bill in owed),
        "settled": settled[:MOST_SETTLED],
        "receipts": looking.receipts_of(access).order_by("-pk")[:MOST_SETTLED],
        "prepaid": looking.prepaid_of(access),
        "deposits": looking.deposits_of(access).order_by("-pk")[:MOST_SETTLED],
    }
    return _page(request, "bills", access, **context)


@require_GET
@public(REASON)
@confidential
@_with_access
def bill(request, access, pk):
    """One bill with its arithmetic and what was paid of it."""
    found = get_object_or_404(looking.bills_of(access).select_related("fee"), pk=pk)
    paid = found.allocations.select_related("payment__receipt").order_by("pk")
    today = access.community.local(clock.now()).date()
    context = {"bill": found, "lines": arithmetic.lines_of(found), "paid": paid}
    return _page(request, "bill", access, is_overdue=found.is_overdue(today), **context)


@require_GET
@public(REASON)
@confidential
@_with_access
def receipt(request, access, pk):
    """One receipt as it was printed."""
    found = get_object_or_404(looking.receipts_of(access).prefetch_related("payments"), pk=pk)
    return _page(request, "receipt", access, receipt=found, lines=cashing.lines_of(found))


@require_http_methods(["GET", "POST"])
@public(REASON)
@confidential
@_with_access
def mail(request, access):
    """Say where bills and reminders are told by e-mail; the address is told so. What is kept there shows masked."""
    form, refused, status = MailForm(request.POST if request.method == "POST" else None), "", 200
    if request.method == "POST":
        refused, status = _agree(request, access, form)
        if status == 200:
            messages.success(request, _("Saved. A confirmation is on its way to this address."))
            return SeeOther(reverse("billing:p_bills"))
    return _page(request, "mail", access, status=status, form=form, refused=refused)


def _agree(request, access, form):
    """Return (sentence, status) of what a resident asks for. The first few count, so that nobody sends to strangers."""
    if not form.is_valid():
        return "", 422
    if not MAILS.take(str(access.pk)):
        return _("Too many tries. Please wait 15 minutes, or call us."), 429
    try:
        agree_to_mail(access.person, now=clock.now(), **form.cleaned_data)
    except Refused as refusal:
        return str(refusal), refusal.status_code
    return "", 200


@require_POST
@public(REASON)
@confidential
@_with_access
def mail_stop(request, access):
    """End the e-mails at once."""
    withdraw_mail(access.person, now=clock.now())
    messages.success(request, _("You get no e-mails any more."))
    return SeeOther(reverse("billing:p_bills"))


@require_POST
@public(REASON)
@confidential
def leave(request):
    """Show nothing more in this browser."""
    key = request.session.pop("bills", None)
    access = BillAccess.objects.filter(pk=key).first() if isinstance(key, int) else None
    if access:
        actions.end_access(access, now=clock.now())
    return SeeOther(reverse("billing:p_enter"))
