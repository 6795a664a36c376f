"""Receipts (收据): the list, one of them, and its paper."""

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing import actions, cashing
from billing.actions.requests import ASKERS
from billing.actions.rights import MONEY
from billing.capitals import YUAN, capitals
from billing.forms.cash import ReceiptSearchForm
from billing.models import Message, Receipt
from billing.views.messages import lines, with_all
from servicedesk.core import clock
from servicedesk.core.doors import part_of
from servicedesk.core.models import Role
from servicedesk.core.roles import has_role, role_required

SIZES = ("slip", "a5", "roll")
# So many lines fit on a sheet of each size, however long their names and the note; what is more stands on the next, and
# the sheet says so.
LINES = {"slip": 6, "a5": 6, "roll": 200}


@require_GET
@role_required(*MONEY)
def receipts(request):
    """Every receipt, newest first, by number, room, reference, day and means; void ones stay."""
    search = ReceiptSearchForm(request.GET)
    sought = search.cleaned()
    found = cashing.found_receipts(request.community, **sought).prefetch_related("payments")
    context = {"form": search, "sought": any(sought.values()), "part": part_of(found, request), "now": clock.now()}
    with timezone.override(request.community.tz):
        return render(request, "billing/receipts/list.html", context)


def _find(request, pk):
    rows = Receipt.objects.filter(community=request.community)
    rows = rows.select_related("unit", "payer", "shift", "by", "void_request")
    receipt = get_object_or_404(rows.prefetch_related("payments"), pk=pk)
    receipt.community = request.community
    return receipt


@require_GET
@role_required(*MONEY)
def receipt(request, pk):
    """One receipt: what it says, what has become of its money, how often it was printed."""
    found = _find(request, pk)
    context = {"receipt": found, "lines": cashing.lines_of(found), "words": capitals(found.amount), "now": clock.now()}
    context["may_ask"] = not found.is_void and has_role(request.user, found.community_id, *ASKERS)
    context["is_cashier"] = has_role(request.user, found.community_id, Role.CASHIER)
    context["change"] = sum(one.change or 0 for one in found.payments.all())
    context["asked"] = found.requests.in_hand().first()
    mails = lines(with_all(Message.objects.filter(receipt=found)))
    may_mail = not mails and not found.is_void and found.payer and found.payer.is_told_by_mail
    context |= {"mails": mails, "may_mail": may_mail}
    with timezone.override(request.community.tz):
        return render(request, "billing/receipts/receipt.html", context)


def to_sheets(request, receipt, size=""):
    """Count a printing and return the way to its sheets, which this session may open once: each but the first says
    which one it is, so that nobody has two originals (C8)."""
    actions.count_print(receipt, by=request.user, now=clock.now())
    request.session["sheets"] = [receipt.pk, receipt.prints]
    query = f"?size={size}" if size in SIZES else ""
    return redirect(reverse("billing:receipt_print", args=[receipt.pk]) + query)


@require_POST
@role_required(*MONEY)
def receipt_printed(request, pk):
    """Count a printing and lead to the sheets."""
    return to_sheets(request, _find(request, pk), request.POST.get("size"))


@require_GET
@role_required(*MONEY)
def receipt_print(request, pk):
    """The sheets of the printing that was just counted: one for the customer and one for finance. Asked for again they
    lead to the receipt, where another printing is counted."""
    found = _find(request, pk)
    if request.session.pop("sheets", None) != [found.pk, found.prints]:
        return redirect(found)
    size = request.GET.get("size")
    size = size if size in SIZES else "slip"
    context = {
        "receipt": found,
        "parts": _sheets(cashing.lines_of(found), LINES[size]),
        "words": YUAN + capitals(found.amount),
        "again": found.prints - 1,
        "size": size,
        "sizes": [one for one in SIZES if one != size],
        "link": request.build_absolute_uri(found.get_absolute_url()),
        "is_cashier": has_role(request.user, found.community_id, Role.CASHIER),
    }
    with timezone.override(request.community.tz):
        return render(request, "billing/receipts/print.html", context)


def _sheets(lines, most):
    return [lines[start : start + most] for start in range(0, len(lines), most)] or [[]]
