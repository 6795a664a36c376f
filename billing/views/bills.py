"""Bills (账单): their list, one of them with its arithmetic, notices to print, and bills by hand."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import actions, arithmetic, bill_list
from billing.actions.rights import DECIDERS
from billing.forms.bills import BillFilterForm, BillForm, NoticeForm
from billing.models import Bill, Message
from residents.models import OpeningBalance
from servicedesk.core import clock
from servicedesk.core.doors import OFFICE, make_or_show, part_of
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import has_role, role_required, roles_in

READERS = (Role.FINANCE, Role.CASHIER, *OFFICE)
# Pages of three notices; more at once is printed building by building.
MOST_NOTICES = 1500


def _bills(request):
    return Bill.objects.filter(community=request.community)


def _mark(bill, today):
    state = bill_list.state_of(bill, today)
    return bill_list.TAGS[state], bill_list.LABELS[state]


def _is_finance(request):
    return Role.FINANCE in roles_in(request.user, request.community.pk)


@require_GET
@role_required(*READERS)
def bills(request):
    """The bills, the newest month first, by month, fee, building, state and room."""
    today = request.community.local(clock.now()).date()
    form = BillFilterForm(request.GET, community=request.community)
    wanted = form.cleaned_data if form.is_valid() else {}
    found = bill_list.filtered(_bills(request), wanted, today)
    part = part_of(found.with_places(), request)
    is_finance = _is_finance(request)
    context = {
        "part": part,
        "rows": [{"bill": bill, "tag": _mark(bill, today)} for bill in part.rows],
        "search": form,
        "is_filtered": any(wanted.values()),
        "sums": bill_list.sums_of(found) if any(wanted.values()) else None,
        "is_finance": is_finance,
        "sees_left_out": has_role(request.user, request.community.pk, Role.FINANCE, *DECIDERS),
        "has_balances": is_finance and OpeningBalance.objects.in_force().filter(community=request.community).exists(),
    }
    return render(request, "billing/bills/list.html", context)


@require_GET
@role_required(*READERS)
def bill(request, pk):
    """One bill: how it was counted, who owes it, what was paid, what it replaces."""
    return _page(request, _bill(request, pk))


def _bill(request, pk):
    rows = _bills(request).with_places().select_related(
        "community", "tariff", "run", "by", "voided_by", "void_asked_by", "replaces", "about"
    )  # fmt: skip
    return get_object_or_404(rows, pk=pk)


def _page(request, bill, *, refusal="", status=200):
    now = clock.now()
    held = roles_in(request.user, request.community.pk)
    allocations = bill.allocations.select_related("payment__receipt").order_by("at", "id")
    context = {
        "bill": bill,
        "tag": _mark(bill, request.community.local(now).date()),
        "lines": arithmetic.lines_of(bill),
        "allocations": allocations,
        "waivers": bill.waivers.select_related("request__decided_by").order_by("at", "id"),
        "replaced_by": Bill.objects.filter(replaces=bill).first(),
        "late_charges": bill.late_charges.standing(),
        "asked": bill.requests.in_hand().first(),
        "sees_homes": bool(held & set(OFFICE)),
        "is_finance": Role.FINANCE in held,
        "is_cashier": Role.CASHIER in held,
        "now": now,
        "refusal": refusal,
    }
    return render(request, "billing/bills/bill.html", context, status=status)


@require_POST
@role_required(Role.FINANCE)
def bill_replace(request, pk):
    """Bill anew what a voided bill was about."""
    try:
        made = actions.replace_bill(_bill(request, pk), by=request.user, now=clock.now())
    except Refused as refused:
        return _page(request, _bill(request, pk), refusal=str(refused), status=refused.status_code)
    messages.success(request, _("Billed anew as %(number)s.") % {"number": made.number})
    return redirect(made)


@require_http_methods(["GET", "POST"])
@role_required(Role.FINANCE)
def bill_new(request):
    """Write a bill by hand."""
    form = BillForm(request.POST or None, community=request.community)

    def make(unit, **facts):
        return actions.make_bill(unit, by=request.user, now=clock.now(), **facts)

    return make_or_show(request, form, make, template="billing/bills/new.html", done=_("Billed as %(number)s."))


@require_POST
@role_required(Role.FINANCE)
def balances_bill(request):
    """Make bills of what was owed in the former books."""
    made, amount = actions.take_over_balances(request.community, by=request.user, now=clock.now())
    if made:
        text = ngettext("%(n)s bill was made, %(sum)s yuan.", "%(n)s bills were made, %(sum)s yuan in all.", made)
        messages.success(request, text % {"n": made, "sum": f"{amount:,.2f}"})
    else:
        messages.info(request, _("Every opening balance has its bill already. Nothing was billed twice."))
    return redirect("billing:bills")


@require_GET
@role_required(*READERS)
def notices(request):
    """The notices of a month to print, three to a page, without what is paid."""
    form = NoticeForm(request.GET if "month" in request.GET else None, community=request.community)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "billing/bills/notices_ask.html", {"form": form}, status=status)
    rows = _bills(request).owed().filter(month=form.cleaned_data["month"]).with_places()
    if form.cleaned_data["building"]:
        rows = rows.filter(unit__building=form.cleaned_data["building"])
    found = list(rows.order_by("unit__building", "unit__room_order", "debtor_kind", "fee__position", "id"))
    by_home = {}
    for one in found:
        by_home.setdefault((one.unit_id, one.debtor_kind, one.debtor_id), []).append(one)
    told = set(
        Message.objects.filter(community=request.community, kind="bills", month=form.cleaned_data["month"])
        .reached()
        .values_list("unit_id", "person_id", "run_id")
    )
    untold = [those for those in by_home.values() if not _are_told(those, told)]
    slips = [_notice(those) for those in (untold if form.cleaned_data["untold"] else by_home.values())]
    context = {
        "month": form.cleaned_data["month"],
        "pages": [slips[n : n + 3] for n in range(0, min(len(slips), MOST_NOTICES), 3)],
        "left": max(0, len(slips) - MOST_NOTICES),
        "told": len(by_home) - len(untold),
        "only_untold": form.cleaned_data["untold"],
        "untold_url": f"?{request.GET.urlencode()}&untold=on",
        "today": request.community.local(clock.now()).date(),
        "community": request.community,
    }
    return render(request, "billing/bills/notices.html", context)


def _are_told(bills, told):
    """Return whether every one of the `bills` of a notice was told by e-mail: what was billed since was not."""
    return all((bill.unit_id, bill.debtor_id, bill.run_id) in told for bill in bills)


def _notice(bills):
    """Return what stands on one notice: the bills of one debtor for one home."""
    return {
        "unit": bills[0].unit,
        "debtor": bills[0].debtor,
        "kind": bills[0].get_debtor_kind_display(),
        "rows": [
            {"bill": bill, "how": "; ".join(filter(None, (line.how for line in arithmetic.lines_of(bill))))}
            for bill in bills
        ],
        "total": sum(bill.balance for bill in bills),
        "due_on": min(bill.due_on for bill in bills),
    }
