"""Receipts (收据): the list, one of them, and its paper."""

from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing import actions, cashing
from billing.actions.requests import ASKERS
from billing.capitals import YUAN, capitals
from billing.forms.cash import ReceiptSearchForm
from billing.models import DepositKind, Receipt
from billing.views.cashier import MONEY
from servicedesk.core import clock
from servicedesk.core.doors import part_of
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


def _lines(receipt):
    """Return the lines of a receipt with the words of what is no fee."""
    kinds = dict(DepositKind.choices)
    return [{**line, "deposit": kinds.get(line["text"]) if line["kind"] == "deposit" else ""} for line in receipt.lines]


@require_GET
@role_required(*MONEY)
def receipt(request, pk):
    """One receipt: what it says, what has become of its money, how often it was printed."""
    found = _find(request, pk)
    context = {"receipt": found, "lines": _lines(found), "words": capitals(found.amount), "now": clock.now()}
    context["may_ask"] = not found.is_void and has_role(request.user, found.community_id, *ASKERS)
    with timezone.override(request.community.tz):
        return render(request, "billing/receipts/receipt.html", context)


@require_POST
@role_required(*MONEY)
def receipt_printed(request, pk):
    """Count a printing and lead to the sheets: each but the first says which one it is."""
    found = _find(request, pk)
    actions.count_print(found, by=request.user, now=clock.now())
    size = request.POST.get("size")
    target = redirect("billing:receipt_print", pk=found.pk)
    if size in SIZES:
        target["Location"] += f"?size={size}"
    return target


@require_GET
@role_required(*MONEY)
def receipt_print(request, pk):
    """The sheets of a receipt whose printing was counted: one for the customer and one for finance."""
    found = _find(request, pk)
    if not found.prints:
        return redirect(found)
    size = request.GET.get("size")
    size = size if size in SIZES else "slip"
    context = {
        "receipt": found,
        "parts": _sheets(_lines(found), LINES[size]),
        "words": YUAN + capitals(found.amount),
        "again": found.prints - 1,
        "size": size,
        "sizes": [one for one in SIZES if one != size],
        "link": request.build_absolute_uri(found.get_absolute_url()),
    }
    with timezone.override(request.community.tz):
        return render(request, "billing/receipts/print.html", context)


def _sheets(lines, most):
    return [lines[start : start + most] for start in range(0, len(lines), most)] or [[]]
