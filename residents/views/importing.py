"""The register from files (导入, S26): upload, choose columns, check, run, stop, go on, take back."""

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from residents import actions, tasks
from residents.forms.importing import MOST_WORDS, MappingForm, SheetForm, StartForm, UploadForm
from residents.imports import faults, files, mapping, preview, templates
from residents.imports.registry import TARGETS
from residents.models import ImportMapping, ImportRun
from servicedesk.core import clock, spreadsheets
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required, roles_in

LOOKERS = (Role.ADMIN, Role.SUPERVISOR)
PAGE = 50
MOST_FAULTS = 200
SAMPLE = 5
# The words of a column of choices are gathered from so many rows; what comes later is refused and listed.
WORDS_FROM = 2000
STOP_POLLING = 286
Status = ImportRun.Status
TAGS = {
    Status.DONE: "done",
    Status.FAILED: "over",
    Status.CANCELLED: "soon",
    Status.UNDONE: "void",
    Status.CHECKING: "work",
    Status.RUNNING: "work",
    Status.UNDOING: "work",
}


def _runs(request):
    return ImportRun.objects.filter(community=request.community).select_related("by", "community")


def _run(request, pk):
    return get_object_or_404(_runs(request), pk=pk)


def _is_admin(request):
    return Role.ADMIN in roles_in(request.user, request.community.pk)


@require_GET
@role_required(*LOOKERS)
def imports(request):
    """The imports of the community, the newest first, and the form for the next."""
    return _list(request)


def _list(request, form=None, status=200):
    rows = _runs(request)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PAGE + 1])
    context = {
        "rows": [{"run": run, "tag": TAGS.get(run.status, "new")} for run in found[:PAGE]],
        "older_url": f"{reverse('residents:imports')}?before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        "form": (form or UploadForm()) if _is_admin(request) else None,
        "targets": [{"key": key, "label": ImportRun.Target(key).label, "about": t.about} for key, t in TARGETS.items()],
        "now": clock.now(),
    }
    return render(request, "residents/imports.html", context, status=status)


@require_POST
@role_required(Role.ADMIN)
def upload(request):
    """Take a file; what cannot be read as a table is refused with a sentence."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, form, 422)
    try:
        run = actions.upload_register(request.community, by=request.user, now=clock.now(), **form.cleaned_data)
    except Refused as refused:
        form.add_error("upload", str(refused))
        return _list(request, form, 422)
    return redirect("residents:import_map" if run.header else "residents:import_run", run.pk)


@require_GET
@role_required(*LOOKERS)
def run(request, pk):
    """One import: where it stands, what was found, what comes next."""
    return _page(request, _run(request, pk))


def _page(request, run, *, refusal="", start=None, status=200):
    return render(request, "residents/import.html", _state(request, run, refusal, start), status=status)


def _state(request, run, refusal="", start=None):
    now, path = clock.now(), files.faults_of(run) if run.stored else None
    listed = list(faults.read(path, MOST_FAULTS + 1)) if path and not run.is_at_work else []
    labels = faults.labels_of(run)
    chosen = start or StartForm(initial={"rows": StartForm.GOOD})
    return {
        "run": run,
        "now": now,
        "tag": TAGS.get(run.status, "new"),
        "is_admin": _is_admin(request),
        "is_silent": run.is_at_work and run.heartbeat_at < now - actions.SILENT,
        "steps": _steps(run),
        "counts": _counts(run),
        "faults": [{"fault": one, "column": labels.get(one.column, one.column)} for one in listed[:MOST_FAULTS]],
        "more_faults": len(listed) > MOST_FAULTS,
        "most_faults": MOST_FAULTS,
        "sheet_form": SheetForm(run=run) if len(run.sheets) > 1 and run.status in BEFORE_THE_CHECK else None,
        "start_form": chosen if run.status == Status.CHECKED and run.refused else None,
        "form": chosen,
        "refusal": refusal,
    }


BEFORE_THE_CHECK = (Status.UPLOADED, Status.MAPPED)
STEPS = [
    (gettext_lazy("Upload"), ()),
    (gettext_lazy("Choose columns"), (Status.UPLOADED,)),
    (gettext_lazy("Check all rows"), (Status.MAPPED, Status.CHECKING)),
    (gettext_lazy("Import"), (Status.CHECKED, Status.RUNNING, Status.CANCELLED, Status.FAILED)),
]


def _steps(run):
    """Return the steps of an import for the tracker: those behind it, the present one, those to come."""
    present = next((n for n, (_label, statuses) in enumerate(STEPS) if run.status in statuses), len(STEPS))
    state = ["done"] * present + ["current"] + ["todo"] * len(STEPS)
    return [{"label": label, "state": state[n]} for n, (label, _statuses) in enumerate(STEPS)]


def _counts(run):
    """Return the tiles of what was counted: label and number."""
    if run.is_at_work or run.status in BEFORE_THE_CHECK:
        return []
    label = _("newly imported") if run.has_run and run.status != Status.CHECKED else _("would be new")
    return [
        {"label": label, "value": run.new, "state": ""},
        {"label": _("there already, or twice in the file"), "value": run.there, "state": ""},
        {"label": _("there, but different"), "value": run.differing, "state": "soon" if run.differing else ""},
        {"label": _("refused rows"), "value": run.refused, "state": "over" if run.refused else ""},
    ]


@require_GET
@role_required(*LOOKERS)
def progress(request, pk):
    """How far the run is; when it is over, the whole result, and the page stops asking."""
    run = _run(request, pk)
    if run.is_at_work:
        return render(request, "residents/import.html#progress", _state(request, run))
    answer = render(request, "residents/import.html#over", _state(request, run), status=STOP_POLLING)
    answer["HX-Retarget"], answer["HX-Reswap"] = "#import-state", "outerHTML"
    return answer


@require_POST
@role_required(Role.ADMIN)
def sheet(request, pk):
    """Read another sheet of the workbook."""
    run = _run(request, pk)
    form = SheetForm(request.POST, run=run)
    if not form.is_valid():
        return _page(request, run, refusal=_("This workbook has no such sheet."), status=422)
    try:
        actions.choose_sheet(run, by=request.user, now=clock.now(), **form.cleaned_data)
    except Refused as refused:
        return _page(request, run, refusal=str(refused), status=refused.status_code)
    return redirect("residents:import_map", run.pk)


@require_http_methods(["GET", "POST"])
@role_required(Role.ADMIN)
def map_columns(request, pk):
    """Say which column of the file is which of ours; the first rows are shown as they will be read."""
    run = _run(request, pk)
    if not run.header:
        return redirect(run)
    try:
        rows = files.first_rows(run, WORDS_FROM + 1)[1:]
    except Refused as refused:
        return _page(request, run, refusal=str(refused), status=refused.status_code)
    remembered = list(ImportMapping.objects.filter(community=request.community, target=run.target))
    chosen = _chosen(request, run, remembered)
    if request.method == "GET":
        return _mapping(request, run, rows, remembered, chosen)
    form = MappingForm(request.POST, run=run, chosen=chosen, words=preview.words_in(TARGETS[run.target], chosen, rows))
    if not form.is_valid():
        return _mapping(request, run, rows, remembered, chosen, form=form, status=422)
    try:
        name = form.cleaned_data["remember"]
        facts = {"chosen": form.mapping, "remember": name, "by": request.user, "now": clock.now()}
        run = actions.map_columns(run, **facts)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _mapping(request, run, rows, remembered, chosen, form=form, status=refused.status_code)
    messages.success(request, _("The columns are chosen. Look at the first rows, then check them all."))
    return redirect(f"{reverse('residents:import_map', args=[run.pk])}#first-rows")


def _chosen(request, run, remembered):
    """Return the mapping to begin with: chosen before, remembered and asked for or fitting, or guessed."""
    asked = next((one for one in remembered if str(one.pk) == request.GET.get("use")), None)
    if asked is None and run.mapping:
        return run.mapping
    fitting = [one for one in remembered if mapping.fits(one.mapping, run.header)]
    found = asked or max(fitting, key=lambda one: one.saved_at, default=None)
    return mapping.by_place(found.mapping, run.header) if found else mapping.guess(TARGETS[run.target], run.header)


def _mapping(request, run, rows, remembered, chosen, *, form=None, status=200):
    words = preview.words_in(TARGETS[run.target], chosen, rows)
    context = {
        "run": run,
        "form": form or MappingForm(run=run, chosen=chosen, words=words),
        "target": TARGETS[run.target],
        "remembered": [one for one in remembered if mapping.fits(one.mapping, run.header)],
        "steps": _steps(run),
        "shown": preview.lines_of(TARGETS[run.target], chosen, rows[:SAMPLE]),
        "most_words": MOST_WORDS,
        "may_check": run.status == Status.MAPPED,
    }
    return render(request, "residents/import_map.html", context, status=status)


def _step(request, pk, act, done="", **facts):
    """Take one step of an import, wake the worker if it is at work then, and lead back to it."""
    run = _run(request, pk)
    try:
        act(run, by=request.user, now=clock.now(), **facts)
    except Refused as refused:
        return _page(request, _run(request, pk), refusal=str(refused), status=refused.status_code)
    fresh = _run(request, pk)
    if fresh.is_at_work:
        tasks.wake(fresh.pk)
    if done:
        messages.success(request, done)
    return redirect(fresh)


@require_POST
@role_required(Role.ADMIN)
def check(request, pk):
    """Have all rows looked at; nothing is written to the register."""
    return _step(request, pk, actions.check_import, _("The check has started."))


@require_POST
@role_required(Role.ADMIN)
def start(request, pk):
    """Have the rows written: all, or only the good ones."""
    form = StartForm(request.POST or {"rows": StartForm.ALL})
    if not form.is_valid():
        return _page(request, _run(request, pk), start=form, status=422)
    only_good = form.cleaned_data["rows"] == StartForm.GOOD
    return _step(request, pk, actions.start_import, _("The import has started."), only_good=only_good)


@require_POST
@role_required(Role.ADMIN)
def stop(request, pk):
    """Stop what is at work, or give up what has not run."""
    return _step(request, pk, actions.stop_import, _("Stopped. Nothing more is written."))


@require_POST
@role_required(Role.ADMIN)
def go_on(request, pk):
    """Go on where it was stopped or interrupted."""
    return _step(request, pk, actions.go_on_with_import, _("The import goes on."))


@require_POST
@role_required(Role.ADMIN)
def undo(request, pk):
    """Take back what the run added, as far as nothing hangs on it."""
    return _step(request, pk, actions.undo_import, _("The import is being taken back."))


@require_GET
@role_required(*LOOKERS)
def fault_list(request, pk):
    """Hand out what was wrong as CSV, safe to open in a spreadsheet."""
    run = _run(request, pk)
    if not run.stored:
        raise Http404
    labels = faults.labels_of(run)
    header = [_("line"), _("column"), _("value"), _("cause")]
    rows = [
        (one.line or "", str(labels.get(one.column, one.column)), one.value, one.cause)
        for one in faults.read(files.faults_of(run))
    ]
    name = f"{run.community.code}-import-{run.pk}.csv"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    lines = spreadsheets.csv_lines(header, rows)
    return StreamingHttpResponse(lines, content_type=spreadsheets.CSV_TYPE, headers=disposition)


@require_GET
@role_required(*LOOKERS)
def template(request, target):
    """Hand out an empty workbook with the columns of a target and their explanation."""
    if target not in TARGETS:
        raise Http404
    disposition = {"Content-Disposition": f'attachment; filename="{target}.xlsx"'}
    return HttpResponse(templates.workbook(TARGETS[target]), content_type=spreadsheets.XLSX_TYPE, headers=disposition)
