"""A department's list on a phone (S36): accept, arrive, finish with a photo."""

import contextlib

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from complaints import actions, reports
from complaints.forms import jobs as forms
from complaints.forms.staff import AssignForm, WorkOrderForm
from complaints.models import Case, Status
from complaints.permissions import steps_for
from complaints.views.case import STAFF, door_to, find, order_sheet
from residents.gate import GUARDS
from servicedesk.core import clock, photos
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import departments_in, has_role, role_required

HOME = "complaints:job"
DOERS = (Role.HEAD, Role.WORKER)
AT_WORK = (Status.HANDED, Status.IN_HAND, Status.WAITING)
MOST = 200
# The steps of a job: permission, the name of its address, label, form. Those without a form are one button.
STEPS = [
    ("accept", "job_accept", gettext_lazy("Accept the job"), None),
    ("arrive", "job_arrive", gettext_lazy("I have arrived"), None),
    ("resume", "job_resume", gettext_lazy("Go on with it"), None),
    ("resolve", "job_finish", gettext_lazy("Finish"), forms.FinishForm),
    ("quote", "job_quote", gettext_lazy("Tell a price"), forms.QuoteForm),
    ("answer_quote", "job_agree", gettext_lazy("Record the answer to the price"), forms.AnswerQuoteForm),
    ("unmask", "job_call", gettext_lazy("Call the resident"), forms.CallForm),
    ("note", "job_word", gettext_lazy("Write or show something"), forms.WordForm),
    ("assign", "job_assign", gettext_lazy("Assign"), AssignForm),
    ("pause", "job_pause", gettext_lazy("Pause"), forms.PauseForm),
    ("decline_job", "job_decline", gettext_lazy("Return to the desk"), forms.DeclineForm),
    ("work_order", "job_print", gettext_lazy("Print the work order"), WorkOrderForm),
]


@require_GET
@role_required(*DOERS)
def jobs(request):
    """The jobs of this person's departments by deadline: their own, those nobody has, those that wait."""
    now = clock.now()
    departments = departments_in(request.user, request.community.pk, *DOERS)
    rows = list(
        Case.objects.visible_to(request.user)
        .filter(department__in=departments, status__in=AT_WORK)
        .with_people()
        .by_due()[:MOST]
    )
    waiting = [case for case in rows if case.status == Status.WAITING]
    running = [case for case in rows if case.status != Status.WAITING]
    mine = [case for case in running if case.assigned_to_id == request.user.pk]
    free = [case for case in running if case.assigned_to_id is None]
    others = [case for case in running if case.assigned_to_id not in (None, request.user.pk)]
    lists = [
        ("mine", _("My jobs"), mine),
        ("free", _("Nobody has these yet"), free),
        ("others", _("With colleagues"), others),
        ("waiting", _("Waiting"), waiting),
    ]
    context = {
        "lists": [
            {"key": key, "title": title, "rows": [_row(request.user, case) for case in cases]}
            for key, title, cases in lists
            if cases or key == "mine"
        ],
        "now": now,
        "keeps_gate": has_role(request.user, request.community.pk, *GUARDS),
    }
    with timezone.override(request.community.tz):
        return render(request, "complaints/jobs.html", context)


def _row(user, case):
    """Return a case with its one next step, as a list line shows it."""
    allowed = steps_for(user, case)
    button = next(({"name": name, "label": label} for step, name, label, form in STEPS[:3] if step in allowed), None)
    return {"case": case, "button": button, "finish": case.status == Status.IN_HAND and "resolve" in allowed}


def show(request, case, *, bound=None, step="", refusal="", others=(), phone="", status=200):
    """Render one job, with a form that came back where there is one; photos that came with it are not lost: they
    stay with the job, or in the phone's outbox (static/js/outbox.js) where they came from it."""
    now = clock.now()
    if bound is not None and (not bound.is_valid() or refusal) and "X-Outbox" not in request.headers:
        _keep_pictures(request, case, bound, now)
    allowed = steps_for(request.user, case)
    step = step or request.GET.get("do", "")
    steps = [{"step": key, "name": name, "label": label, "form": form} for key, name, label, form in STEPS]
    possible = [entry for entry in steps if entry["step"] in allowed]
    panel = next((entry for entry in possible if entry["form"] and step in (entry["step"], entry["name"][4:])), None)
    form = bound
    if panel and form is None:
        form = panel["form"](case=case, user=request.user, now=now)
    context = {
        "case": case,
        "now": now,
        "buttons": [entry for entry in possible if not entry["form"]],
        "panels": [entry for entry in possible if entry["form"]],
        "panel": panel,
        "form": form,
        "refusal": refusal,
        "others": [(event, reports.sentence(event, case.community.tz)) for event in others],
        "phone": phone,
        "pause": reports.waiting(case),
        "entries": reports.timeline(case)[:20],
    }
    with timezone.override(case.community.tz):
        return render(request, "complaints/job.html", context, status=status)


def _keep_pictures(request, case, form, now):
    pictures = getattr(form, "pictures", ())
    if not pictures:
        return
    # Who may not add anything to the job any more still gets the page that says why, with their words.
    with contextlib.suppress(Refused), photos.stored(pictures) as stored:
        actions.add_photos(case, by=request.user, now=now, pictures=stored)
        messages.info(request, _("The photo is kept with the job; you need not send it again."))


@require_GET
@role_required(*STAFF)
def job(request, number):
    """One job: where, what, by when, and a big button for each step this person may take now."""
    return show(request, find(request, number))


@door_to(page=show, home=HOME)
def accept(request, case, facts, now):
    actions.accept(case, by=request.user, now=now)


@door_to(page=show, home=HOME)
def arrive(request, case, facts, now):
    actions.arrive(case, by=request.user, now=now)


@door_to(page=show, home=HOME)
def resume(request, case, facts, now):
    actions.resume(case, by=request.user, now=now)


@door_to(forms.FinishForm, done=gettext_lazy("Finished. The desk tells the resident."), page=show, home=HOME)
def finish(request, case, facts, now):
    with photos.stored(facts["pictures"]) as pictures:
        actions.resolve(case, by=request.user, now=now, **(facts | {"pictures": pictures}))
    return redirect("complaints:jobs")


@door_to(
    forms.QuoteForm,
    done=gettext_lazy("Told. The resident agrees on the tracking page, or to you."),
    page=show,
    home=HOME,
)
def quote(request, case, facts, now):
    actions.quote(case, by=request.user, now=now, **facts)


@door_to(forms.AnswerQuoteForm, done=gettext_lazy("Recorded."), page=show, home=HOME)
def agree(request, case, facts, now):
    actions.answer_quote(case, by=request.user, now=now, **facts)


@door_to(forms.CallForm, page=show, home=HOME)
def call(request, case, facts, now):
    phone = actions.unmask_reporter(case, by=request.user, now=now, **facts)
    return show(request, case, phone=phone)


@door_to(forms.WordForm, done=gettext_lazy("Sent to the office."), page=show, home=HOME)
def word(request, case, facts, now):
    # A word and its photos are one thing: where the word is refused, the photos are not there twice.
    with photos.stored(facts["pictures"]) as pictures, transaction.atomic():
        actions.add_photos(case, by=request.user, now=now, pictures=pictures)
        if facts["note"]:
            actions.add_note(case, by=request.user, now=now, note=facts["note"])


@door_to(AssignForm, done=gettext_lazy("Assigned."), page=show, home=HOME)
def assign(request, case, facts, now):
    actions.assign(case, by=request.user, now=now, **facts)


@door_to(forms.PauseForm, done=gettext_lazy("The clock stands still and runs again by itself."), page=show, home=HOME)
def pause(request, case, facts, now):
    actions.pause(case, by=request.user, now=now, **facts)


@door_to(forms.DeclineForm, done=gettext_lazy("The job is back at the desk."), page=show, home=HOME)
def decline(request, case, facts, now):
    actions.decline_job(case, by=request.user, now=now, **facts)
    return redirect("complaints:jobs")


@door_to(WorkOrderForm, page=show, home=HOME)
def work_order(request, case, facts, now):
    return order_sheet(request, case, facts, now, back=reverse(HOME, args=[case.number]))
