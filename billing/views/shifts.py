"""Cash shifts (交班, S25): open, close, their paper, and the day as the supervisor sees it."""

from django.db.models import Count, Sum
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from billing import actions, cashing, matching
from billing.actions.rights import DECIDERS, MONEY
from billing.forms import cash as forms
from billing.models import Shift
from servicedesk.core import clock
from servicedesk.core.doors import door_to, make_or_show, part_of
from servicedesk.core.models import Role
from servicedesk.core.roles import has_role, role_required


@require_http_methods(["GET", "POST"])
@role_required(Role.CASHIER)
def my_shift(request):
    """The open shift of the cashier, or the form that opens one."""
    community, now = request.community, clock.now()
    if request.method == "GET" and (there := Shift.objects.open().filter(community=community, cashier=request.user)):
        return redirect(there[0])
    form = forms.OpenShiftForm(request.POST or None)
    form.facts = form.cleaned_data if form.is_bound and form.is_valid() else {}

    def make(**facts):
        return actions.open_shift(community, by=request.user, now=now, **facts)

    return make_or_show(request, form, make, template="billing/shifts/open.html", done=_("Shift %(number)s is open."))


@require_GET
@role_required(*MONEY)
def shifts(request):
    """Every shift, newest first, the open ones among them."""
    rows = Shift.objects.filter(community=request.community).select_related("cashier")
    rows = rows.annotate(taken=Sum("receipts__amount"), receipts_count=Count("receipts")).order_by("-opened_at", "-pk")
    now = clock.now()
    context = {"part": part_of(rows, request), "now": now, "today": request.community.local(now).date()}
    with timezone.override(request.community.tz):
        return render(request, "billing/shifts/list.html", context)


def _find(request, pk):
    rows = Shift.objects.filter(community=request.community).select_related("cashier")
    shift = get_object_or_404(rows, pk=pk)
    shift.community = request.community
    return shift


def _page(request, shift, now, *, form=None, step="", status=200):
    is_own = shift.cashier_id == request.user.pk
    context = {"shift": shift, "report": cashing.report_of(shift), "now": now, "step": step, "is_own": is_own}
    context["waiting_lines"] = matching.waiting_in(request.community)
    if form is None and shift.is_open:
        if is_own:
            form = forms.CloseShiftForm(thing=shift, now=now)
        elif has_role(request.user, shift.community_id, *DECIDERS):
            form = forms.CloseForOtherForm(thing=shift, now=now)
    context["form"] = form
    with timezone.override(request.community.tz):
        return render(request, "billing/shifts/shift.html", context, status=status)


@require_GET
@role_required(*MONEY)
def shift(request, pk):
    """One shift: totals by means, its receipts and refunds, what is void, the cash by the book and as it was counted;
    open, its cashier closes it here."""
    return _page(request, _find(request, pk), clock.now())


@door_to(
    forms.CloseShiftForm,
    find=_find,
    page=_page,
    done=gettext_lazy("The shift is closed. Print it and sign it."),
    roles=(Role.CASHIER,),
)
def close_shift(request, shift, facts, now):
    actions.close_shift(shift, by=request.user, now=now, **facts)


@door_to(
    forms.CloseForOtherForm,
    find=_find,
    page=_page,
    done=gettext_lazy("The shift is closed. Print it and sign it."),
    roles=DECIDERS,
)
def close_for_other(request, shift, facts, now):
    actions.close_shift(shift, by=request.user, now=now, **facts)


@require_GET
@role_required(*MONEY)
def shift_print(request, pk):
    """The paper of a shift (交班单), to be signed by who hands over and who takes over."""
    found = _find(request, pk)
    with timezone.override(request.community.tz):
        context = {"shift": found, "report": cashing.report_of(found), "now": clock.now()}
        return render(request, "billing/shifts/print.html", context)


def _day(request, date, template):
    context = {"day": cashing.day_of(request.community, date), "community": request.community, "now": clock.now()}
    context["waiting_lines"] = matching.waiting_in(request.community)
    with timezone.override(request.community.tz):
        return render(request, template, context)


@require_GET
@role_required(*MONEY)
def cash_day(request, date):
    """The money of a day by means, its shifts, the differences with their reasons, and those that are open."""
    return _day(request, date, "billing/shifts/day.html")


@require_GET
@role_required(*MONEY)
def cash_day_print(request, date):
    """The sheet of a day (收款日报), to be signed by cashier and supervisor."""
    return _day(request, date, "billing/shifts/day_print.html")
