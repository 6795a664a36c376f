"""The tasks of a move: a page for each kind with its own form, finished by facts, left out with a reason."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from complaints import actions as case_actions
from residents import actions, ring
from residents.metering import KEEPS
from residents.models import Defect, HandoverTask
from servicedesk.core import clock, photos
from servicedesk.core.errors import Refused
from servicedesk.core.roles import has_role, role_required
from servicedesk.desk import handovers
from servicedesk.desk.forms import handover as forms
from servicedesk.desk.views.handover import DESK, READERS, find


@dataclass(frozen=True)
class TaskPage:
    """How one kind of task is typed in: its form, what is written with it, the part of the page that shows it.

    `finishes` are tasks that are done with what is written; others are finished by their own button as well. Where the
    desk may type more than engineering, it has `desk_form`.
    """

    form: type = forms.TaskForm
    record: object = None
    part: str = "fields"
    finishes: bool = False
    desk_form: type | None = None


def _papers(handover, form, request, now):
    actions.record_papers(handover, states=form.states, by=request.user, now=now)


def _agreements(handover, form, request, now):
    actions.record_agreements(handover, signed=form.signed, by=request.user, now=now)


def _facilities(handover, form, request, now):
    facts = {"results": form.results, "promised": form.promised}
    case_actions.record_promised_items(handover, by=request.user, now=now, **facts)
    if "rest" in request.POST:
        actions.record_all_in_order(handover, by=request.user, now=now)


def _keys(handover, form, request, now):
    actions.give_keys(handover, by=request.user, now=now, **form.cleaned_data)


def _cards(handover, form, request, now):
    actions.give_card(handover, by=request.user, now=now, **form.cleaned_data)


def _fees(handover, form, request, now):
    actions.explain_fees(handover, rule=form.cleaned_data["rule"], by=request.user, now=now)


def _notices(handover, form, request, now):
    actions.finish_task(handover, "notices", note=form.cleaned_data["note"], by=request.user, now=now)


def _meters(handover, form, request, now):
    """Each reading is a fact of its own: what is right is kept, whatever the next one is asked for again."""
    refusals = []
    for meter, facts, pictures in form.readings():
        try:
            with photos.stored(pictures) as stored:
                picture = stored[0] if stored else None
                actions.read_meter(handover, meter, picture=picture, by=request.user, now=now, **facts)
        except Refused as refused:
            refusals.append((meter, refused))
    if refusals:
        raise MetersAskError(refusals)


class MetersAskError(Refused):
    """Some readings were not taken; the others were. `refusals` are pairs of a meter and what was said of it."""

    def __init__(self, refusals):
        super().__init__(_("Some readings were not taken. Those that were right are kept."))
        self.refusals = refusals


def _keys_back(handover, form, request, now):
    actions.take_keys(handover, by=request.user, now=now, **form.facts)


def _cards_back(handover, form, request, now):
    actions.take_cards(handover, by=request.user, now=now, **form.facts)


def _plate(handover, form, request, now):
    actions.order_plates_down(handover, by=request.user, now=now)


def _occupancy(handover, form, request, now):
    actions.set_leaving(handover, by=request.user, now=now, **form.cleaned_data)


PAGES = {
    "papers": TaskPage(forms.PapersForm, _papers, "papers"),
    "keys": TaskPage(forms.KeysForm, _keys, "keys"),
    "meters": TaskPage(forms.MetersForm, _meters, "meters"),
    "facilities": TaskPage(forms.FacilitiesForm, _facilities, "facilities", desk_form=forms.PromisedFacilitiesForm),
    "agreements": TaskPage(forms.AgreementsForm, _agreements, "agreements"),
    "cards": TaskPage(forms.CardsForm, _cards, "cards"),
    "fees": TaskPage(forms.FeesForm, _fees, "fees", finishes=True),
    "notices": TaskPage(forms.NoticesForm, _notices, finishes=True),
    "readings": TaskPage(forms.MetersForm, _meters, "meters"),
    "keys_back": TaskPage(forms.KeysBackForm, _keys_back, "keys_back"),
    "cards_back": TaskPage(forms.CardsBackForm, _cards_back, "cards_back"),
    "plate": TaskPage(forms.TaskForm, _plate, "plate"),
    "occupancy": TaskPage(forms.OccupancyForm, _occupancy, finishes=True),
}
# What is registered above and has no page of its own here is finished or left out, nothing else.
PLAIN = TaskPage()


def _row(handover, kind):
    row = HandoverTask.objects.select_related("done_by").filter(handover=handover, kind=kind).first()
    if row is None:
        raise Http404
    return row


def _form(request, handover, kind, now, *typed):
    page = PAGES.get(kind, PLAIN)
    is_desk = page.desk_form is not None and ring.may_do(request.user, handover.community, "")
    return (page.desk_form if is_desk else page.form)(*typed, handover=handover, now=now)


def show(request, handover, kind, *, form=None, excuse=None, refusal="", status=200):
    """Render the page of a task, with a form that came back where there is one."""
    now, row = clock.now(), _row(handover, kind)
    page = PAGES.get(kind, PLAIN)
    progress = handovers.progress(handover)
    position = next(number for number, step in enumerate(progress.steps, 1) if step.row.pk == row.pk)
    may_do = ring.may_do(request.user, handover.community, kind)
    context = {
        "handover": handover,
        "row": row,
        "title": ring.title_of(kind),
        "page": page,
        "part": f"desk/handover/tasks/{page.part}.html",
        "progress": progress,
        "position": position,
        "may_do": may_do and handover.is_running and row.is_open,
        "may_reopen": may_do and handover.is_running and not row.is_open,
        "is_desk": ring.may_do(request.user, handover.community, ""),
        "form": form or _form(request, handover, kind, now),
        "excuse_form": excuse or forms.ReasonForm(auto_id="id_excuse_%s"),
        "refusal": refusal,
        "lacking": ring.missing(handover, kind) if row.is_open else "",
        "now": now,
        **_facts(request, handover, kind),
    }
    with timezone.override(handover.community.tz):
        return render(request, "desk/handover/task.html", context, status=status)


def _facts(request, handover, kind):
    """Return what a page shows beside its form: what is there already."""
    if kind in ("meters", "readings"):
        return {"meters": handovers.meter_lines(handover), "add_url": _add_meter_url(request, handover, kind)}
    if kind == "keys":
        return {"keys": handovers.keys_given(handover)}
    if kind == "cards":
        return {"cards": handovers.cards_of(handover)}
    if kind == "facilities":
        return {"defects": handovers.mended(Defect.objects.open().filter(handover=handover), request.user)}
    if kind == "plate":
        return {"plates": ring.plates_up(handover).select_related("board")}
    return {}


def _add_meter_url(request, handover, kind):
    """Return where a meter of the home is put into the register and which leads back here; "" for who may not."""
    if not has_role(request.user, handover.community_id, *KEEPS):
        return ""
    query = {"unit": handover.unit_id, "next": f"{handover.get_absolute_url()}{kind}/"}
    return f"{reverse('residents:meter_add')}?{urlencode(query)}"


@require_http_methods(["GET", "POST"])
@role_required(*READERS)
def task(request, pk, kind):
    """One task; a POST writes what was typed, and finishes it where that was asked for."""
    now, handover = clock.now(), find(request, pk)
    page = PAGES.get(kind, PLAIN)
    _row(handover, kind)
    if request.method == "GET":
        return show(request, handover, kind)
    with timezone.override(request.community.tz):
        # A button of its own only finishes the task; every other one writes what was typed first.
        form = _form(request, handover, kind, now, request.POST, request.FILES)
        typed = form if page.record and (page.finishes or request.POST.get("finish") != "only") else None
        if typed and not typed.is_valid():
            return show(request, handover, kind, form=typed, status=422)
        try:
            if typed:
                page.record(handover, typed, request, now)
                typed = None
            if "finish" in request.POST and not page.finishes:
                actions.finish_task(handover, kind, by=request.user, now=now)
        except Refused as refused:
            return _refused(request, pk, kind, typed, refused, now)
    return _go_on(request, handover, kind, "finish" in request.POST or page.finishes)


def _refused(request, pk, kind, typed, refused, now):
    """Return the page with the sentence. What was `typed` and not written stands in its form; where it was written and
    the task only not finished, the form shows what is there."""
    handover = find(request, pk)
    if isinstance(refused, MetersAskError):
        # Built anew: what was right is read by now, and is not asked for again.
        typed = _form(request, handover, kind, now, request.POST, request.FILES)
        typed.is_valid()
        for meter, said in refused.refusals:
            typed.ask(meter, said, getattr(said, "ask", ""))
        return show(request, handover, kind, form=typed, status=refused.status_code)
    return show(request, handover, kind, form=typed, refusal=str(refused), status=refused.status_code)


def _go_on(request, handover, kind, is_finished):
    progress = handovers.progress(find(request, handover.pk))
    if not is_finished:
        messages.success(request, _("Saved."))
        return redirect(next(step.url for step in progress.steps if step.row.kind == kind))
    messages.success(
        request,
        _("%(task)s is done: %(n)s of %(all)s.")
        % {"task": ring.title_of(kind), "n": progress.settled, "all": progress.total},
    )
    return redirect(handover)


@require_POST
@role_required(*DESK)
def excuse(request, pk, kind):
    """Leave a task out, with the reason."""
    now, handover = clock.now(), find(request, pk)
    _row(handover, kind)
    form = forms.ReasonForm(request.POST, auto_id="id_excuse_%s")
    if not form.is_valid():
        return show(request, handover, kind, excuse=form, status=422)
    try:
        actions.excuse_task(handover, kind, by=request.user, now=now, **form.cleaned_data)
    except Refused as refused:
        form.add_error(None, str(refused))
        return show(request, find(request, pk), kind, excuse=form, status=refused.status_code)
    messages.success(request, _("Left out: %(task)s.") % {"task": ring.title_of(kind)})
    return redirect(handover)


@require_POST
@role_required(*DESK, *ring.FIELD)
def reopen(request, pk, kind):
    """Open a task again that was finished or left out by mistake."""
    now, handover = clock.now(), find(request, pk)
    _row(handover, kind)
    actions.reopen_task(handover, kind, by=request.user, now=now)
    messages.success(request, _("%(task)s is open again.") % {"task": ring.title_of(kind)})
    return redirect(f"{handover.get_absolute_url()}{kind}/")
