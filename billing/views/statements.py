"""Statements of banks and apps (对账单): uploaded, looked at, taken; what is no payment yet waits in a list."""

import functools

from django.contrib import messages
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import actions, matching
from billing import statements as reading
from billing.actions import MATCHERS
from billing.actions.rights import MONEY
from billing.forms import statements as forms
from billing.models import Statement, StatementLine
from residents.imports import preview
from servicedesk.core import clock, spreadsheets
from servicedesk.core.doors import door_to, part_of
from servicedesk.core.errors import Refused
from servicedesk.core.roles import has_role, role_required

SAMPLE = 5
MOST_FAULTS = 200
LABELS = {column.key: column.label for column in reading.Lines.columns}


def in_its_time(view):
    """Show the page in the time of the community."""

    @functools.wraps(view)
    def shown(request, *args, **kwargs):
        with timezone.override(request.community.tz):
            return view(request, *args, **kwargs)

    return shown


def _find(request, pk):
    rows = Statement.objects.filter(community=request.community).select_related("by")
    statement = get_object_or_404(rows, pk=pk)
    statement.community = request.community
    return statement


def _draft(request, pk):
    statement = _find(request, pk)
    if not statement.is_draft:
        raise Http404
    return statement


def _may_match(request):
    return has_role(request.user, request.community.pk, *MATCHERS)


@require_GET
@role_required(*MONEY)
def statements(request):
    """The statements of the community, the newest first, how many lines wait, and the form for the next."""
    return _list(request)


@in_its_time
def _list(request, form=None, status=200):
    rows = Statement.objects.filter(community=request.community).exclude(status=Statement.Status.GIVEN_UP)
    context = {
        "part": part_of(rows.select_related("by"), request),
        "waiting": matching.waiting_in(request.community),
        "form": (form or forms.UploadForm()) if _may_match(request) else None,
        "now": clock.now(),
    }
    return render(request, "billing/statements/list.html", context, status=status)


@require_POST
@role_required(*MATCHERS)
def statement_upload(request):
    """Take a file and lead to what is in it, or to its columns where these are not known."""
    form = forms.UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, form, 422)
    try:
        facts = {"by": request.user, "now": clock.now(), **form.cleaned_data}
        statement, is_new = actions.upload_statement(request.community, **facts)
    except Refused as refused:
        form.add_error("upload", str(refused))
        return _list(request, form, 422)
    if not is_new:
        messages.info(request, _("This very file was uploaded already. It is here; nothing was changed."))
    if statement.is_draft and not reading.is_complete(statement.mapping):
        return redirect("billing:statement_columns", pk=statement.pk)
    return redirect(statement)


@require_GET
@role_required(*MONEY)
def statement(request, pk):
    """One statement: before it is taken what would come of it, and afterwards its lines."""
    return _page(request, _find(request, pk), clock.now())


@in_its_time
def _page(request, statement, now, *, form=None, step="", status=200):
    context = {"statement": statement, "now": now, "may_match": _may_match(request), "form": form, "refusal": ""}
    if not statement.is_draft:
        return render(request, "billing/statements/statement.html", context | _taken(request, statement), status=status)
    if not reading.is_complete(statement.mapping) and context["may_match"]:
        return redirect("billing:statement_columns", pk=statement.pk)
    context["form"] = form or forms.TakeStatementForm(thing=statement, now=now)
    try:
        context |= _outlook(statement, now)
    except Refused as refused:
        context["refusal"] = str(refused)
    return render(request, "billing/statements/draft.html", context, status=status)


def _taken(request, statement):
    """Return what the page of a taken statement shows: its lines, or what was recorded and is not on it."""
    shown = request.GET.get("show", "")
    lines = statement.lines.select_related("payment__receipt", "decided_by")
    counts = matching.counts_of(statement) if statement.taken_at else {}
    missing = matching.unconfirmed(statement) if statement.taken_at else None
    here, status = statement.get_absolute_url(), StatementLine.Status
    names = {
        "": _("All lines"),
        "waiting": _("Waiting for a home"),
        "matched": _("Payments"),
        "set_aside": _("Set aside"),
    }
    found = missing.count() if statement.taken_at else 0
    tabs = [
        {"label": name, "url": f"{here}?show={key}" if key else here, "current": shown == key, "count": counts.get(key)}
        for key, name in names.items()
    ]
    label = _("Recorded, not on the statement")
    tabs.append({"label": label, "url": f"{here}?show=missing", "current": shown == "missing", "count": found})
    if shown == "missing" and missing is not None:
        return {"tabs": tabs, "shown": shown, "part": part_of(missing, request)}
    lines = lines.filter(status=shown) if shown in status.values else lines
    return {"tabs": tabs, "shown": shown, "part": part_of(lines, request)}


def _outlook(statement, now):
    """Return what would come of a file that is only looked at. Raises Refused."""
    contents = reading.read(statement, now=now)
    found = reading.outlook(statement, contents)
    first, last = contents.days
    tiles = [
        (_("match a recorded payment"), found.count("matched"), ""),
        (_("will wait for a home"), found.count("waiting"), "soon" if found.count("waiting") else ""),
        (_("going out, or not settled"), found.count("outgoing") + found.count("unsettled"), ""),
        (_("known already, or twice in the file"), found.known + contents.twice, ""),
        (_("refused rows"), contents.bad_rows, "over" if contents.bad_rows else ""),
    ]
    return {
        "tiles": [{"label": label, "value": value, "state": state} for label, value, state in tiles],
        "outlook": found,
        "contents": contents,
        "first": first,
        "last": last,
        "faults": _shown(contents.faults[:MOST_FAULTS]),
        "more_faults": len(contents.faults) > MOST_FAULTS,
        "most_faults": MOST_FAULTS,
    }


def _shown(faults):
    return [{"fault": one, "column": LABELS.get(one.column, "")} for one in faults]


@require_http_methods(["GET", "POST"])
@role_required(*MATCHERS)
def statement_columns(request, pk):
    """Say which column of the file is which of ours; the first rows are shown as they will be read."""
    statement = _draft(request, pk)
    try:
        first, below = reading.sample(statement, SAMPLE)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("billing:statements")
    if request.method == "GET":
        return _columns(request, statement, first, below)
    words = preview.words_in(reading.Lines, statement.mapping, below)
    form = forms.StatementColumnsForm(request.POST, statement=statement, chosen=statement.mapping, words=words)
    if not form.is_valid():
        return _columns(request, statement, first, below, form=form, status=422)
    try:
        actions.map_statement(statement, chosen=form.mapping, by=request.user, now=clock.now())
    except Refused as refused:
        form.add_error(None, str(refused))
        return _columns(request, statement, first, below, form=form, status=refused.status_code)
    messages.success(request, _("The columns are chosen. Look at what would come of it, then take the lines."))
    return redirect(statement)


def _columns(request, statement, first, below, *, form=None, heading=None, status=200):
    words = preview.words_in(reading.Lines, statement.mapping, below)
    context = {
        "statement": statement,
        "form": form or forms.StatementColumnsForm(statement=statement, chosen=statement.mapping, words=words),
        "heading_form": heading or forms.HeadingForm(statement=statement),
        "shown": preview.lines_of(reading.Lines, statement.mapping, first),
        "is_complete": reading.is_complete(statement.mapping),
    }
    return render(request, "billing/statements/columns.html", context, status=status)


@require_POST
@role_required(*MATCHERS)
def statement_heading(request, pk):
    """Say in which line, and on which sheet, the table begins."""
    statement = _draft(request, pk)
    form = forms.HeadingForm(request.POST, statement=statement)
    status = 422
    if form.is_valid():
        sheet = form.cleaned_data.get("sheet") or statement.sheet
        facts = {"sheet": sheet, "line": form.cleaned_data["line"], "by": request.user, "now": clock.now()}
        try:
            actions.choose_heading(statement, **facts)
            return redirect("billing:statement_columns", pk=statement.pk)
        except Refused as refused:
            form.add_error("line", str(refused))
            status = refused.status_code
            statement = _draft(request, pk)
    first, below = reading.sample(statement, SAMPLE)
    return _columns(request, statement, first, below, heading=form, status=status)


@require_GET
@role_required(*MATCHERS)
def statement_faults(request, pk):
    """Hand out what is wrong with the rows of a file as CSV, safe to open in a spreadsheet."""
    statement = _draft(request, pk)
    try:
        contents = reading.read(statement, now=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("billing:statements")
    header = [_("line"), _("column"), _("value"), _("cause")]
    rows = [(one.line, str(LABELS.get(one.column, "")), one.value, one.cause) for one in contents.faults]
    headers = {"Content-Disposition": f'attachment; filename="statement-{statement.pk}.csv"'}
    lines = spreadsheets.csv_lines(header, rows)
    return StreamingHttpResponse(lines, content_type=spreadsheets.CSV_TYPE, headers=headers)


@door_to(
    forms.TakeStatementForm,
    find=_find,
    page=_page,
    done=gettext_lazy("The lines are taken. What is no payment yet waits in the list."),
    roles=MATCHERS,
)
def take_statement(request, statement, facts, now):
    actions.take_statement(statement, by=request.user, now=now, **facts)


@require_POST
@role_required(*MATCHERS)
def give_up_statement(request, pk):
    """Forget a file that was only looked at."""
    statement = _find(request, pk)
    try:
        actions.give_up_statement(statement, by=request.user, now=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(statement)
    messages.success(request, _("The file is forgotten. Nothing of it was written."))
    return redirect("billing:statements")
