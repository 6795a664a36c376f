"""Moving in and out (入驻, 迁出): the lists, opening one, its page with the ring of tasks, its end and its papers."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from complaints import actions as case_actions
from residents import actions, finder, ring
from residents.models import Defect, Handover, Occupancy, Unit
from servicedesk.core import clock, photos
from servicedesk.core.doors import part_of
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import has_role, role_required
from servicedesk.core.text import clean_text
from servicedesk.desk import handovers
from servicedesk.desk.forms import handover as forms

DESK = ring.DESK
READERS = ring.READERS
A_PAGE = 50
MOVE_IN, MOVE_OUT = ring.MOVE_IN, ring.MOVE_OUT
FORMS = {MOVE_IN: forms.MoveInForm, MOVE_OUT: forms.MoveOutForm}


def tabs(request, here):
    """Return the tabs of these pages that this person may open."""
    pages = [
        ("desk:moveins", _("Move-in"), READERS),
        ("desk:moveouts", _("Move-out"), READERS),
        ("desk:defects", _("Defects"), READERS),
        ("desk:facilities", _("Facility sheet"), (Role.SUPERVISOR, Role.ADMIN)),
    ]
    return [
        {"label": label, "url": reverse(name), "current": name == here}
        for name, label, roles in pages
        if has_role(request.user, request.community.pk, *roles)
    ]


def find(request, pk, kind=""):
    """Return a move of the community that this person works in. Raises Http404."""
    rows = Handover.objects.filter(community=request.community, **({"kind": kind} if kind else {}))
    return get_object_or_404(rows.with_home().select_related("completed_by", "occupancy"), pk=pk)


# Lists ----------------------------------------------------------------------------------------------------------------


def _list(request, kind, *, status=200):
    now, community = clock.now(), request.community
    ended = request.GET.get("show") == "ended"
    page = Paginator(handovers.listed(community, kind, ended=ended), A_PAGE).get_page(request.GET.get("page"))
    lines = [handovers.progress(row) for row in page]
    today = community.local(now).date()
    here = "desk:moveins" if kind == MOVE_IN else "desk:moveouts"
    context = {
        "kind": kind,
        "now": now,
        "lines": lines,
        "page": page,
        "ended": ended,
        "today": sum(community.local(line.handover.booked_for).date() == today for line in lines),
        "is_desk": has_role(request.user, community.pk, *DESK),
        "tabs": tabs(request, here),
        "here": reverse(here),
        "query": clean_text(request.GET.get("q", ""))[:120],
        "hits": _hits(request, kind, now),
    }
    with timezone.override(community.tz):
        return render(request, "desk/handover/list.html", context, status=status)


@require_GET
@role_required(*READERS)
def move_ins(request):
    """The move-ins that run, by their appointment, with how far each has come and where to go on."""
    return _list(request, MOVE_IN)


@require_GET
@role_required(*READERS)
def move_outs(request):
    """The move-outs that run."""
    return _list(request, MOVE_OUT)


def _hits(request, kind, now):
    """Return the lines of the finder: each leads to the form that opens a move of that home."""
    query = clean_text(request.GET.get("q", ""))[:120]
    if not query or not has_role(request.user, request.community.pk, *DESK):
        return []
    name = "desk:movein_new" if kind == MOVE_IN else "desk:moveout_new"
    today = request.community.local(now).date()
    found = {}
    for hit in finder.find(request.community, query, today=today):
        found.setdefault(hit.unit, []).extend([hit.occupancy] if hit.occupancy else [])
    # Whoever was found, and who else owns or rents the home: of a let home both may be the one who moves.
    heads = Occupancy.objects.on(today).known().filter(unit__in=found, kind__in=ring.HEADS).with_people()
    for head in heads.order_by("id") if found else ():
        found[head.unit].append(head)
    return [
        {
            "id": f"u{unit.pk}",
            "label": unit.label,
            "mark": _who(rows) or _("nobody registered"),
            "href": f"{reverse(name)}?unit={unit.pk}",
        }
        for unit, rows in found.items()
    ]


def _who(occupancies):
    rows = [row for row in occupancies if row.kind in ring.HEADS] or occupancies
    rows = dict.fromkeys([*occupancies[:1], *rows])
    return ring.joined([f"{row.person.name} {row.get_kind_display()}" for row in rows])


@require_GET
@role_required(*DESK)
def find_home(request, kind):
    """The finder's lines for what has been typed so far."""
    if kind not in FORMS:
        raise Http404
    query = clean_text(request.GET.get("q", ""))[:120]
    empty = _("No home was found for “%(query)s”.") % {"query": query} if query else ""
    context = {"hits": _hits(request, kind, clock.now()), "empty_text": empty}
    return render(request, "components/finder_hits.html", context)


# Opening --------------------------------------------------------------------------------------------------------------


def _open(request, kind):
    now, community = clock.now(), request.community
    key = request.GET.get("unit", "")
    key = int(key) if key.isascii() and key.isdigit() and len(key) < 16 else 0
    unit = get_object_or_404(Unit.objects.filter(community=community).select_related("community"), pk=key)
    with timezone.override(community.tz):
        form, status = FORMS[kind](request.POST or None, unit=unit, now=now), 200
        if request.method == "POST" and form.is_valid():
            try:
                return redirect(_opened(form, unit, kind, by=request.user, now=now))
            except Refused as refused:
                form.add_error(None, str(refused))
                status = refused.status_code
        elif form.is_bound:
            status = 422
        running = Handover.objects.running().for_unit(unit).filter(kind=kind).first()
        context = {"form": form, "unit": unit, "kind": kind, "running": running}
        return render(request, "desk/handover/new.html", context, status=status)


def _opened(form, unit, kind, *, by, now):
    facts = dict(form.cleaned_data)
    if kind == MOVE_IN:
        return actions.open_move_in(unit, by=by, now=now, **facts)
    return actions.open_move_out(facts.pop("occupancy"), by=by, now=now, **facts)


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def new_move_in(request):
    """Open a move-in into a home."""
    return _open(request, MOVE_IN)


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def new_move_out(request):
    """Open a move-out of a home."""
    return _open(request, MOVE_OUT)


# One move -------------------------------------------------------------------------------------------------------------


def show(request, handover, *, form=None, panel="", status=200):
    """Render the page of a move, with a form that came back where there is one."""
    now, user, party = clock.now(), request.user, handover.party
    is_desk = has_role(user, handover.community_id, *DESK)
    panels = {
        "complete": forms.CompleteForm(initial={"signed_name": "" if party.sealed_at else party.name}),
        "rebook": forms.AppointmentForm(initial={"booked_for": handover.community.local(handover.booked_for)}),
        "cancel": forms.ReasonForm(),
        "defect": _defect_form(request, handover.community, now),
    }
    if form is not None:
        panels[panel] = form
    for name, one in panels.items():
        one.auto_id = f"id_{name}_%s"
    part = part_of(handovers.events_of(handover), request, "events")
    defects = handovers.mended(Defect.objects.filter(handover=handover), user) if handover.is_move_in else []
    context = {
        "handover": handover,
        "progress": handovers.progress(handover),
        "defects": defects,
        "unpromised": [line.defect for line in defects if line.defect.status == Defect.Status.OPEN],
        "part": part,
        "events": [(event, handovers.sentence(event)) for event in part.rows],
        "photos": handovers.photos_of(handover).get((Handover, handover.pk), []),
        "now": now,
        "is_desk": is_desk,
        "in_field": is_desk or ring.works_in_field(user, handover.community),
        "panels": panels,
        "panel": panel,
        "form": form,
        "list_url": reverse("desk:moveins" if handover.is_move_in else "desk:moveouts"),
        "can_do": {
            step.row.kind
            for step in handovers.progress(handover).steps
            if ring.may_do(user, handover.community, step.row.kind)
        },
    }
    with timezone.override(handover.community.tz):
        return render(request, "desk/handover/page.html", context, status=status)


@require_GET
@role_required(*READERS)
def move_in(request, pk):
    """One move-in: its tasks in any order, how far it has come, its defects and its papers."""
    return show(request, find(request, pk, MOVE_IN))


@require_GET
@role_required(*READERS)
def move_out(request, pk):
    """One move-out: its tasks in any order, and its certificate."""
    return show(request, find(request, pk, MOVE_OUT))


def _step(request, pk, form_class, panel, act, done):
    """Take a step of a move: what was typed comes back with the sentence where it is refused. Where `act` returns a
    sentence, it is said in place of `done`."""
    now, handover = clock.now(), find(request, pk)
    with timezone.override(request.community.tz):
        form = form_class(request.POST, request.FILES)
        if not form.is_valid():
            return show(request, handover, form=form, panel=panel, status=422)
        try:
            said = act(handover, form, now)
        except Refused as refused:
            form.add_error(None, str(refused))
            return show(request, find(request, pk), form=form, panel=panel, status=refused.status_code)
    messages.success(request, said or done)
    return redirect(handover)


@require_POST
@role_required(*DESK)
def complete(request, pk):
    """Close the ring, signed by both."""

    def act(handover, form, now):
        with photos.stored(form.pictures) as stored:
            facts = {"signed_name": form.cleaned_data["signed_name"], "signed_how": form.signed_how}
            facts["picture"] = stored[0] if stored else None
            actions.complete_handover(handover, by=request.user, now=now, **facts)

    return _step(request, pk, forms.CompleteForm, "complete", act, _("Completed."))


@require_POST
@role_required(*DESK)
def rebook(request, pk):
    """Set another appointment."""

    def act(handover, form, now):
        actions.rebook_handover(handover, by=request.user, now=now, **form.cleaned_data)

    return _step(request, pk, forms.AppointmentForm, "rebook", act, _("The appointment is moved."))


@require_POST
@role_required(*DESK)
def cancel(request, pk):
    """End a move that does not take place."""

    def act(handover, form, now):
        actions.cancel_handover(handover, by=request.user, now=now, **form.cleaned_data)

    return _step(request, pk, forms.ReasonForm, "cancel", act, _("Cancelled. Its history stays."))


@require_POST
@role_required(*DESK, *ring.FIELD)
def add_defect(request, pk):
    """Note a defect that stands on no line of the sheet; with a promised day it becomes a case at once."""

    def act(handover, form, now):
        facts = {"text": form.cleaned_data["text"], "by": request.user, "now": now}
        day = form.cleaned_data.get("promised_on")
        copied = form.pictures if day else []
        with photos.stored(form.pictures) as stored, photos.stored(copied) as copies:
            if not day:
                actions.note_shown_defect(handover, pictures=stored, **facts)
                return ""
            case_actions.note_promised_defect(handover, pictures=stored, copies=copies, promised_on=day, **facts)
            return _("It is a case now, with the promised day.")

    def form_class(*typed):
        return _defect_form(request, request.community, clock.now(), *typed)

    return _step(request, pk, form_class, "defect", act, _("Noted. Now promise a day by which it is mended."))


def _defect_form(request, community, now, *typed):
    """Return the form of a defect; the desk promises its day with it."""
    if has_role(request.user, community.pk, *DESK):
        return forms.PromisedDefectForm(*typed, today=community.local(now).date())
    return forms.DefectForm(*typed)


# Papers ---------------------------------------------------------------------------------------------------------------


def _paper(request, pk, kind, template, facts):
    handover = find(request, pk, kind)
    context = {"handover": handover, "community": handover.community, "now": clock.now(), **facts(handover)}
    with timezone.override(handover.community.tz):
        return render(request, f"desk/handover/{template}.html", context)


@require_GET
@role_required(*READERS)
def sheet(request, pk):
    """The unit facility sheet (单元设施交接单) on A4: facilities, meter bases, keys, cards, defects with their days."""

    def facts(handover):
        rows = Defect.objects.filter(handover=handover).exclude(status=Defect.Status.VOID)
        return {
            "sheets": handovers.sheets_of(handovers.lines_of(handover)),
            "meters": handovers.meter_lines(handover),
            "keys": handovers.keys_given(handover),
            "cards": handovers.cards_of(handover),
            "defects": handovers.mended(rows, request.user),
        }

    return _paper(request, pk, MOVE_IN, "sheet", facts)


@require_GET
@role_required(*READERS)
def keys_receipt(request, pk):
    """The receipt of the keys that were given (钥匙签收) on A5."""
    return _paper(request, pk, MOVE_IN, "keys_receipt", lambda one: {"keys": handovers.keys_given(one)})


@require_GET
@role_required(*READERS)
def handbook(request, pk):
    """The receipt of the handbook (入住手册签收) on A5, with the agreements that were signed."""
    return _paper(request, pk, MOVE_IN, "handbook", lambda one: {"agreements": one.agreements.filter(is_needed=True)})


@require_GET
@role_required(*READERS)
def certificate(request, pk):
    """The clearance of a move-out (迁出结清单): what is settled, and what was left out with which reason."""

    def facts(handover):
        return {
            "progress": handovers.progress(handover),
            "meters": handovers.meter_lines(handover),
            "keys": handovers.keys_back(handover),
            "cards": handovers.cards_of(handover),
            "companions": handover.companions.select_related("person"),
        }

    return _paper(request, pk, MOVE_OUT, "certificate", facts)
