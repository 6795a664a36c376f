"""Directory boards (水牌, S30): how each is and how it is to be, what there is to do, and the sign maker's paper."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from residents import actions, signs
from residents.forms.boards import BoardForm, MountForm, PlateForm
from residents.forms.visits import ReasonForm
from residents.models import Board, BoardPrinting, Plate
from residents.views.editing import edit
from residents.views.visits import chosen_row, is_desk
from servicedesk.core import clock, photos
from servicedesk.core.errors import Refused
from servicedesk.core.models import Photo, Role
from servicedesk.core.roles import role_required, roles_in

DESK = (Role.CLERK, Role.SUPERVISOR)
OFFICE = (*DESK, Role.DEPUTY_GM)
Status = Plate.Status


def _is_supervisor(request):
    return Role.SUPERVISOR in roles_in(request.user, request.community.pk)


# Boards ---------------------------------------------------------------------------------------------------------------


@require_GET
@role_required(*OFFICE)
def boards(request):
    """All boards, each as it is against as it is to be, and what there is to do, what is due first first."""
    now = clock.now()
    today = request.community.local(now).date()
    rows = signs.boards_of(request.community)
    context = {
        "now": now,
        "today": today,
        "lines": [_against(board) for board in rows],
        "task_lines": _task_lines(signs.tasks_of(rows, request.community, today), today),
        "idle": list(Board.objects.filter(community=request.community, is_active=False)),
        "may_add": _is_supervisor(request),
        "is_desk": is_desk(request),
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/boards/boards.html", context)


def _against(board):
    """Return a board with how many plates hang, how many are to hang, and how many places differ."""
    hanging = {plate.slot: plate for plate in board.shown if plate.status == Status.MOUNTED}
    wanted = signs.wanted(board.shown)
    changes = signs.diff(signs.names(hanging), signs.names(wanted))
    return {"board": board, "hanging": len(hanging), "wanted": len(wanted), "changes": len(changes)}


# The colour of a task: what is new, what is on its way, what goes.
KEYS = {"add": "new", "rename": "new", "leave": "soon", "remove": "soon"}


def _task_lines(tasks, today):
    """Return each task with the key of its mark and whether it is late."""
    return [{"task": task, "key": KEYS.get(task.kind, "work"), "is_late": task.is_late(today)} for task in tasks]


def _find(request, pk):
    rows = Board.objects.select_related("building", "section")
    board = get_object_or_404(rows, pk=pk, community=request.community)
    board.community = request.community
    return board


@require_http_methods(["GET", "POST"])
@role_required(Role.SUPERVISOR)
def board_add(request):
    """Make a board known."""
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@role_required(Role.SUPERVISOR)
def board_change(request, pk):
    """Change a board, or take it out of use."""
    return _edit(request, _find(request, pk))


def _edit(request, board):
    def save(form):
        facts = {**form.facts, "by": request.user, "now": clock.now()}
        if board is None:
            return actions.add_board(request.community, **facts)
        actions.change_board(board, **facts)
        return board

    data = request.POST if request.method == "POST" else None
    initial = {name: getattr(board, name) for name in BoardForm.base_fields} if board else {}
    form = BoardForm(data, community=request.community, initial=initial)
    home = reverse("residents:boards")
    labels, urls = (
        (_("New directory board"), _("Directory boards")),
        (home, board.get_absolute_url() if board else home),
    )
    return edit(request, form, thing=board, save=save, labels=labels, urls=urls)


@require_GET
@role_required(*OFFICE)
def board(request, pk):
    """One board: what hangs in each place and what is on its way, what there is to do, what went to the sign maker."""
    now, board = clock.now(), _find(request, pk)
    today = request.community.local(now).date()
    board.shown = list(board.plates.live().with_facts().order_by("slot", "id"))
    context = {
        "now": now,
        "today": today,
        "board": board,
        "places": _places(board),
        "task_lines": _task_lines(signs.tasks_of([board], request.community, today), today),
        "changes": signs.paper_of(board).changes,
        "printings": list(board.printings.select_related("by")[:20]),
        "is_desk": is_desk(request),
        "may_change": _is_supervisor(request),
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/boards/board.html", context)


def _places(board):
    """Return one line a place: what hangs there, and what is on its way to it."""
    lines = {slot: {"slot": slot, "hanging": None, "coming": None} for slot in range(1, board.slots + 1)}
    for plate in board.shown:
        line = lines.setdefault(plate.slot, {"slot": plate.slot, "hanging": None, "coming": None})
        line["coming" if plate.is_coming else "hanging"] = plate
    return list(lines.values())


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def board_print(request, pk):
    """What the sign maker would get now; a POST puts on record that this was sent."""
    now, board = clock.now(), _find(request, pk)
    refusal, status = "", 200
    if request.method == "POST":
        try:
            printing = actions.print_board(board, by=request.user, now=now)
        except Refused as refused:
            refusal, status = str(refused), refused.status_code
        else:
            return redirect("residents:board_printing", printing.pk)
    return _paper(request, signs.paper_of(board), now, None, refusal=refusal, status=status)


def _paper(request, paper, now, printing, *, refusal="", status=200):
    context = {"paper": paper, "board": paper.board, "now": now, "printing": printing, "refusal": refusal}
    with timezone.override(request.community.tz):
        return render(request, "residents/boards/paper.html", context, status=status)


@require_GET
@role_required(*OFFICE)
def board_printing(request, pk):
    """What went to the sign maker once, to be printed again."""
    rows = BoardPrinting.objects.select_related("board__building", "board__section", "by")
    printing = get_object_or_404(rows, pk=pk, community=request.community)
    printing.board.community = request.community
    return _paper(request, signs.paper_of(printing.board, printing), clock.now(), printing)


# Plates ---------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def plate_request(request, pk):
    """Ask for a plate, with the occupant's approval of the name."""
    now, board = clock.now(), _find(request, pk)
    today = request.community.local(now).date()
    data, status = request.POST if request.method == "POST" else None, 200
    form = PlateForm(data, board=board, today=today)
    if data is None:
        form.initial |= _asked_for(form, request.GET)
    else:
        status = 422
        if form.is_valid():
            try:
                plate = actions.request_plate(board, by=request.user, now=now, **form.cleaned_data)
            except Refused as refused:
                form.add_error(None, str(refused))
                status = refused.status_code
            else:
                messages.success(request, _("Asked for. A supervisor approves the name."))
                return redirect(plate)
    with timezone.override(request.community.tz):
        return render(request, "residents/boards/request.html", {"form": form, "board": board}, status=status)


def _asked_for(form, asked):
    """Return the first values that an address may name: an occupant, a place, a plate to replace."""
    occupancy = chosen_row(form.fields["occupancy"].queryset, asked.get("occupancy", ""))
    replaced = chosen_row(form.fields["replaces"].queryset, asked.get("replaces", ""))
    first = {"slot": replaced.slot, "replaces": replaced.pk} if replaced else {}
    if "slot" in asked and asked["slot"].isdecimal():
        first["slot"] = asked["slot"]
    if occupancy:
        first |= {"occupancy": occupancy.pk, "display_name_zh": occupancy.person.name}
    return first


def _plate(request, pk):
    plate = get_object_or_404(Plate.objects.with_facts(), pk=pk, community=request.community)
    plate.board.community = request.community
    return plate


# Steps with a form of their own, and those that are one button.
FORMS = {"mount": MountForm, "ask_removal": ReasonForm, "withdraw": ReasonForm}
LABELS = {
    "approve": gettext_lazy("Approve the name"),
    "make": gettext_lazy("It has been made"),
    "mount": gettext_lazy("It hangs"),
    "ask_removal": gettext_lazy("Have it taken down"),
    "keep": gettext_lazy("Let it hang"),
    "remove": gettext_lazy("It has been taken down"),
    "withdraw": gettext_lazy("Give it up"),
}


def _steps(request, plate):
    """Return the steps that this person may take with a plate now."""
    if not is_desk(request):
        return []
    if plate.status == Status.MOUNTED:
        return ["remove", "keep"] if plate.is_leaving else ["ask_removal"]
    steps = {Status.REQUESTED: ["approve", "withdraw"], Status.APPROVED: ["make", "withdraw"]}
    found = steps.get(plate.status, ["mount", "withdraw"] if plate.status == Status.MADE else [])
    may_approve = _is_supervisor(request) and plate.requested_by_id != request.user.pk
    return [step for step in found if step != "approve" or may_approve]


def _show(request, plate, *, step="", form=None, refusal="", status=200):
    now = clock.now()
    possible = _steps(request, plate)
    step = step or request.GET.get("do", "")
    if form is None and step in FORMS and step in possible:
        form = FORMS[step]()
    context = {
        "now": now,
        "today": request.community.local(now).date(),
        "plate": plate,
        "buttons": [(name, LABELS[name]) for name in possible if name not in FORMS],
        "panels": [(name, LABELS[name]) for name in possible if name in FORMS],
        "step": step if form is not None else "",
        "label": LABELS.get(step, ""),
        "form": form,
        "refusal": refusal,
        "photos": list(Photo.objects.about(plate)),
        "waits_for_another": plate.status == Status.REQUESTED and plate.requested_by_id == request.user.pk,
        "is_renamed": plate.is_live and signs.is_renamed(plate),
    }
    with timezone.override(request.community.tz):
        return render(request, "residents/boards/plate.html", context, status=status)


@require_GET
@role_required(*OFFICE)
def plate(request, pk):
    """One plate: its name and who approved it, where it stands, and the next step."""
    return _show(request, _plate(request, pk))


def _take(request, pk, step, act, done, *, pictures=False):
    """Take one step with a plate; a refusal brings its page back with the words."""
    plate = _plate(request, pk)
    version = request.POST.get("version", "")
    if version.isdecimal():
        # What the page was made from: somebody else may have changed it since.
        plate.version = int(version[:9])
    form = FORMS[step](request.POST, request.FILES or None) if step in FORMS else None
    if form is not None and not form.is_valid():
        return _show(request, plate, step=step, form=form, status=422)
    facts = dict(form.cleaned_data) if form else {}
    try:
        if pictures:
            photo = facts.pop("photo")
            with photos.stored([photo] if photo else []) as kept:
                act(plate, by=request.user, now=clock.now(), pictures=kept)
        else:
            act(plate, by=request.user, now=clock.now(), **facts)
    except Refused as refused:
        return _show(
            request, _plate(request, pk), step=step, form=form, refusal=str(refused), status=refused.status_code
        )
    messages.success(request, done)
    return redirect(plate)


@require_POST
@role_required(Role.SUPERVISOR)
def plate_approve(request, pk):
    """Approve a name that somebody else asked for."""
    return _take(
        request, pk, "approve", actions.approve_plate, _("Approved. It stands on the sign maker's next paper.")
    )


@require_POST
@role_required(*DESK)
def plate_make(request, pk):
    """Record that a plate was delivered."""
    return _take(request, pk, "make", actions.make_plate, _("Noted."))


@require_POST
@role_required(*DESK)
def plate_mount(request, pk):
    """Record that a plate hangs."""
    return _take(request, pk, "mount", actions.mount_plate, _("Noted."), pictures=True)


@require_POST
@role_required(*DESK)
def plate_ask_removal(request, pk):
    """Ask for a plate to be taken down."""
    return _take(request, pk, "ask_removal", actions.ask_removal, _("Noted."))


@require_POST
@role_required(*DESK)
def plate_keep(request, pk):
    """Let a plate hang after all."""
    return _take(request, pk, "keep", actions.keep_plate, _("Noted."))


@require_POST
@role_required(*DESK)
def plate_remove(request, pk):
    """Record that a plate was taken down."""
    return _take(request, pk, "remove", actions.remove_plate, _("Noted."))


@require_POST
@role_required(*DESK)
def plate_withdraw(request, pk):
    """Give up a plate that does not hang yet."""
    return _take(request, pk, "withdraw", actions.withdraw_plate, _("Noted."))


@require_GET
@role_required(*OFFICE)
def plate_photo(request, pk, name):
    """A photo of a plate."""
    if not Photo.objects.about(_plate(request, pk)).filter(name=name).exists():
        raise Http404
    return photos.serve(name)
