"""A month billed for everybody (批量出账, S22): look at what it would come to, start, watch, stop, go on, print."""

from django.contrib import messages
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import actions, previewing, tasks
from billing.actions.rights import DECIDERS
from billing.forms.runs import ExemptionFilterForm, MonthForm, StartForm
from billing.models import BillRun, Exemption, Message
from billing.run_report import fees_of, left_out_of
from servicedesk.core import clock, spreadsheets
from servicedesk.core.doors import part_of
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import has_role, role_required

STOP_POLLING = 286
MOST_LEFT_OUT = 20
Status = BillRun.Status
TAGS = {Status.RUNNING: "work", Status.DONE: "done", Status.CANCELLED: "soon", Status.FAILED: "over"}


def _runs(request):
    return BillRun.objects.filter(community=request.community).select_related("by", "community")


def _run(request, pk):
    return get_object_or_404(_runs(request), pk=pk)


@require_GET
@role_required(Role.FINANCE)
def runs(request):
    """The billing runs of the community, the newest first."""
    part = part_of(_runs(request), request)
    rows = [{"run": run, "tag": TAGS[run.status]} for run in part.rows]
    return render(request, "billing/runs/list.html", {"rows": rows, "part": part, "now": clock.now()})


@require_http_methods(["GET", "POST"])
@role_required(Role.FINANCE)
def run_new(request):
    """Choose a month, see what it would come to, and start."""
    now = clock.now()
    today = request.community.local(now).date()
    if request.method == "POST":
        form = StartForm(request.POST, today=today)
        if not form.is_valid():
            return _new(request, form, status=422)
        try:
            run = actions.start_run(request.community, by=request.user, now=now, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
            return _new(request, form, status=refused.status_code)
        tasks.wake(run.pk)
        messages.success(request, _("The billing run has started."))
        return redirect(run)
    form = MonthForm(request.GET if "month" in request.GET else None, today=today, initial={"month": f"{today:%Y-%m}"})
    return _new(request, form, status=422 if form.is_bound and not form.is_valid() else 200)


def _new(request, form, status=200):
    context = {"form": form, "at_work": _runs(request).filter(status=Status.RUNNING).first()}
    if form.is_bound and form.is_valid():
        month = form.cleaned_data["month"]
        tariffs = actions.tariffs_for(request.community, month)
        context |= {
            "month": month,
            "preview": previewing.preview(request.community, tariffs, month),
            "start_form": StartForm(today=form.last, initial={"month": f"{month:%Y-%m}"}),
        }
    return render(request, "billing/runs/new.html", context, status=status)


@require_GET
@role_required(Role.FINANCE)
def run(request, pk):
    """One billing run: how far it is, what it billed and what it left out."""
    return _page(request, _run(request, pk))


def _page(request, run, *, refusal="", status=200):
    return render(request, "billing/runs/run.html", _state(run, refusal), status=status)


def _state(run, refusal=""):
    now = clock.now()
    found = [] if run.is_running else list(left_out_of(run)[: MOST_LEFT_OUT + 1])
    return {
        "run": run,
        "now": now,
        "tag": TAGS[run.status],
        "percent": 100 * run.done / run.units if run.units else 100,
        "is_silent": run.is_running and run.heartbeat_at < now - actions.SILENT,
        "fees": [] if run.is_running else fees_of(run),
        "left_out": found[:MOST_LEFT_OUT],
        "more_left_out": len(found) > MOST_LEFT_OUT,
        "told": 0 if run.is_running else Message.objects.filter(run=run).count(),
        "refusal": refusal,
    }


@require_GET
@role_required(Role.FINANCE)
def run_progress(request, pk):
    """How far the run is; when it is over, the whole result, and the page stops asking."""
    run = _run(request, pk)
    if run.is_running:
        return render(request, "billing/runs/run.html#progress", _state(run))
    answer = render(request, "billing/runs/run.html#over", _state(run), status=STOP_POLLING)
    answer["HX-Retarget"], answer["HX-Reswap"] = "#run-state", "outerHTML"
    return answer


def _step(request, pk, act, done):
    run = _run(request, pk)
    try:
        act(run, by=request.user, now=clock.now())
    except Refused as refused:
        return _page(request, _run(request, pk), refusal=str(refused), status=refused.status_code)
    if _run(request, pk).is_running:
        tasks.wake(run.pk)
    messages.success(request, done)
    return redirect(run)


@require_POST
@role_required(Role.FINANCE)
def run_stop(request, pk):
    """Stop a run behind its last chunk."""
    return _step(request, pk, actions.stop_run, _("Stopped. The bills that were made stay."))


@require_POST
@role_required(Role.FINANCE)
def run_go_on(request, pk):
    """Go on where a run was stopped or interrupted."""
    if _run(request, pk).is_running:
        tasks.wake(pk)
        return redirect("billing:run", pk)
    return _step(request, pk, actions.go_on_with_run, _("The billing run goes on."))


@require_GET
@role_required(Role.FINANCE, *DECIDERS)
def exemptions(request):
    """The units that runs have left out, the newest month first: still without a bill, or billed since."""
    form = ExemptionFilterForm(request.GET, community=request.community)
    wanted = {name: value for name, value in form.cleaned_data.items() if value} if form.is_valid() else {}
    state = "ended" if request.GET.get("state") == "ended" else "open"
    rows = Exemption.objects.filter(community=request.community, **wanted)
    rows = rows.ended() if state == "ended" else rows.open()
    in_order = ("-month", "unit__building", "unit__room_order", "fee__position", "id")
    query = request.GET.copy()
    query.pop("page", None)
    tabs = []
    for key, label in (("open", _("Still without a bill")), ("ended", _("Billed since"))):
        query["state"] = key
        tabs.append({"label": label, "url": f"?{query.urlencode()}", "current": key == state})
    context = {
        "part": part_of(rows.with_places().select_related("run").order_by(*in_order), request),
        "search": form,
        "state": state,
        "tabs": tabs,
        "is_filtered": bool(wanted),
        "may_bill": has_role(request.user, request.community.pk, Role.FINANCE),
    }
    return render(request, "billing/runs/left_out.html", context)


@require_GET
@role_required(Role.FINANCE)
def run_left_out(request, pk):
    """Hand out the units without a bill and their reasons as CSV."""
    run = _run(request, pk)
    header = [_("room"), _("fee"), _("month"), _("reason")]
    rows = (
        (one.unit.label, one.fee.name, f"{one.month:%Y-%m}", str(Exemption.Reason(one.reason).label))
        for one in left_out_of(run).iterator(2000)
    )
    name = f"{run.community.code}-{run.month:%Y%m}-left-out.csv"
    lines = spreadsheets.csv_lines(header, rows)
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(lines, content_type=spreadsheets.CSV_TYPE, headers=disposition)


@require_GET
@role_required(Role.FINANCE)
def run_print(request, pk):
    """The summary of a run on paper."""
    run = _run(request, pk)
    context = {"run": run, "fees": fees_of(run), "now": clock.now()}
    return render(request, "billing/runs/print.html", context)
