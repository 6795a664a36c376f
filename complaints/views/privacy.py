"""People's data: what is held, a copy, a correction, erasure by two people (PIPL 45 to 47), and how long it is kept."""

import functools

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from complaints import actions, portable, retention, subjects
from complaints import people as people_found
from complaints.forms.privacy import AskForm, CorrectForm, DaysForm, DecideForm, GiveOutForm, RetentionForm
from complaints.models import Case, DataRequest
from residents.models import Person
from servicedesk.core import clock
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Role
from servicedesk.core.roles import role_required
from servicedesk.core.text import clean_text

TWO = (Role.SUPERVISOR, Role.DEPUTY_GM)
MOST_REQUESTS = 50
MOST_RUNS = 60


@require_GET
@role_required(*TWO)
def people(request):
    """Find a person by name, telephone number or room, with or without an entry; the requests about data."""
    query = clean_text(request.GET.get("q", ""))[:120]
    now, community = clock.now(), request.community
    found = people_found.find(request.user, community, query) if query else []
    asked = DataRequest.objects.visible_to(request.user).filter(community=community)
    asked = asked.select_related("community", "person", "case", "asked_by", "decided_by")[:MOST_REQUESTS]
    found = [(one, _url(one.subject)) for one in found]
    context = {"query": query, "found": found, "asked": [_line(one, request.user) for one in asked], "now": now}
    with timezone.override(community.tz):
        return render(request, "complaints/privacy/people.html", context)


def _line(asked, user):
    return {
        "asked": asked,
        "url": _url(subjects.of(asked)),
        "decides": asked.is_open and asked.asked_by_id != user.pk,
    }


def _url(subject, part=""):
    """Return the address of a person's page or of one of its parts."""
    way, key = ("person", subject.person.pk) if subject.person else ("caller", subject.case.number)
    return reverse(f"complaints:{way}{part and '_'}{part}", args=[key])


def of_person(view):
    """Hand `view` the Subject that an address names; 404 for a person of another community, and for one who is known
    only by a case that is about whoever asks (ruling 12)."""

    @role_required(*TWO)
    @functools.wraps(view)
    def wrapped(request, pk=None, number=None):
        community = request.community
        if number is None:
            person = get_object_or_404(Person, community=community, pk=pk)
            return view(request, subjects.Subject(community, person=person))
        cases = Case.objects.countable_by(request.user).in_community(community)
        case = get_object_or_404(cases.filter(reporter=None), number=number)
        return view(request, subjects.Subject(community, case=case))

    return wrapped


def _page(request, subject, *, status=200, **bound):
    """Render the page of a person; `bound` are the forms that came back, by name."""
    now, user = clock.now(), request.user
    cases = subject.cases(user)
    reading = subject.requests().readable(now).filter(Q(asked_by=user) | Q(decided_by=user))
    forms = {
        "give": GiveOutForm(auto_id="id_give_%s"),
        "correct": CorrectForm(auto_id="id_correct_%s"),
        "ask": AskForm(auto_id="id_ask_%s", initial={"kind": DataRequest.Kind.ERASE}),
        "read": AskForm(auto_id="id_read_%s", initial={"kind": DataRequest.Kind.READ}),
        "decide": DecideForm(auto_id="id_decide_%s"),
    } | bound
    requests = list(subject.requests().select_related("asked_by", "decided_by"))
    context = {
        "subject": subject,
        "url": _url(subject),
        "urls": {part: _url(subject, part) for part in ("export", "correct", "ask", "sealed")},
        "holdings": subjects.holdings(subjects.rows_of(subject, cases)),
        "homes": list(subject.homes().select_related("unit")),
        "cases": list(cases.with_place().order_by("-id")[:100]),
        "requests": requests,
        "open_request": next((one for one in requests if one.is_open), None),
        "reading": reading.order_by("pk").last(),
        "forms": forms,
        "form": next(iter(bound.values()), forms["give"]),
        "now": now,
    }
    context["asks_kinds"] = {one.kind for one in requests if one.is_open}
    with timezone.override(subject.community.tz):
        return render(request, "complaints/privacy/person.html", context, status=status)


@require_GET
@of_person
def person(request, subject):
    """What is held about one person, by table and count, and what they may ask for."""
    return _page(request, subject)


def door_to(name, form_class):
    """Make a door of a short function that takes one step about a person: the form is read, a refusal comes back with
    what was typed (409)."""

    def decorate(take_step):
        @require_http_methods(["GET", "POST"])
        @of_person
        @functools.wraps(take_step)
        def view(request, subject):
            if request.method == "GET":
                # Who signs in again after it was sent without a session arrives here.
                return redirect(_url(subject))
            form = form_class(request.POST, auto_id=f"id_{name}_%s")
            if not form.is_valid():
                return _page(request, subject, status=422, **{name: form})
            try:
                answer = take_step(request, subject, form.cleaned_data, clock.now())
            except Refused as refused:
                form.add_error(None, str(refused))
                return _page(request, subject, status=refused.status_code, **{name: form})
            return answer or redirect(_url(subject))

        return view

    return decorate


@door_to("give", GiveOutForm)
def export(request, subject, facts, now):
    """Give out a copy of everything that is held, what is sealed only while it may be read."""
    actions.demand_copy(subject, by=request.user, now=now)
    cases = subject.cases(request.user)
    found = portable.tables(subject, cases)
    actions.log_data_export(subject, reason=facts["reason"], count=cases.count(), by=request.user, now=now)
    about = [
        (_("Community"), str(subject.community)),
        (_("Given out on"), f"{subject.community.local(now):%Y-%m-%d %H:%M}"),
        (_("Given out by"), str(request.user)),
        (_("What the copy is for"), facts["reason"]),
    ]
    name = f"{subject.community.code}-data-{subject.community.local(now):%Y%m%d-%H%M}.zip"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(portable.pack(subject, found, about=about), content_type="application/zip", headers=disposition)


@door_to("correct", CorrectForm)
def correct(request, subject, facts, now):
    facts = facts | {"name": facts["name"] or subject.name, "phone": facts["phone"] or subject.phone}
    actions.correct_data(subject, by=request.user, now=now, **facts)
    messages.success(request, _("Corrected, on the entry and on the cases."))


@door_to("ask", AskForm)
def ask(request, subject, facts, now):
    actions.ask_data(subject, path=_url(subject), by=request.user, now=now, **facts)
    messages.success(request, _("Asked. A second person, supervisor or deputy general manager, has been told."))


@require_http_methods(["GET", "POST"])
@of_person
def sealed(request, subject):
    """Show what was sealed to one of the two who asked and confirmed, and log it."""
    now, user = clock.now(), request.user
    if request.method == "GET":
        return redirect(_url(subject))
    asked = subject.requests().readable(now).order_by("pk").last()
    try:
        actions.log_sealed_read(asked, by=user, now=now)
    except Refused as refused:
        messages.error(request, str(refused))
        return _page(request, subject, status=refused.status_code)
    tables = portable.tables(subject, subject.cases(user).filter(sealed_at__isnull=False))
    context = {"tables": tables, "url": _url(subject), "until": asked.read_until, "now": now}
    with timezone.override(subject.community.tz):
        response = render(request, "complaints/privacy/sealed.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
@role_required(*TWO)
def decide(request, pk):
    """Confirm or refuse what a colleague asked for."""
    asked = get_object_or_404(DataRequest.objects.visible_to(request.user), community=request.community, pk=pk)
    subject, now = subjects.of(asked), clock.now()
    if request.method == "GET":
        return redirect(_url(subject))
    form = DecideForm(request.POST, auto_id="id_decide_%s")
    if not form.is_valid():
        return _page(request, subject, status=422, decide=form)
    facts = {"note": form.cleaned_data["note"], "by": request.user, "now": now}
    try:
        if "confirm" not in request.POST:
            actions.refuse_data(asked, **facts)
            messages.success(request, _("Refused. Tell the person why."))
        elif asked.kind == DataRequest.Kind.READ:
            actions.confirm_read(asked, **facts)
            messages.success(request, _("The two of you may read what is sealed for 24 hours. Each look is recorded."))
        else:
            outcome = actions.confirm_erasure(asked, subject, **facts)
            said = _("Done: %(erased)s cases erased, %(sealed)s sealed until their legal period ends.")
            messages.success(request, said % outcome)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _page(request, subject, status=refused.status_code, decide=form)
    return redirect("complaints:people")


# How long data is kept ------------------------------------------------------------------------------------------------


@require_GET
@role_required(Role.ADMIN)
def periods(request):
    """How long each class of data is kept, and what was removed when."""
    return _periods(request, clock.now())


def _periods(request, now, *, period=None, status=200, **context):
    community = request.community
    runs = Event.objects.filter(community=community, verb="retention_applied").order_by("-id")[:MOST_RUNS]
    context |= {
        "now": now,
        "periods": retention.periods(community),
        "period": period,
        "runs": [(run, retention.CLASSES[run.data["class"]]) for run in runs],
    }
    with timezone.override(community.tz):
        return render(request, "complaints/privacy/retention.html", context, status=status)


@require_http_methods(["GET", "POST"])
@role_required(Role.ADMIN)
def set_period(request, key):
    """Show what would go if one class were kept for so many days; saving comes after that has been seen."""
    if key not in retention.CLASSES:
        raise Http404
    kind, now, community = retention.CLASSES[key], clock.now(), request.community
    period = next(one for one in retention.periods(community) if one.kind is kind)
    if request.method == "POST":
        form = RetentionForm(request.POST, least=kind.least)
        if form.is_valid():
            try:
                actions.set_retention(community, key, by=request.user, now=now, **form.cleaned_data)
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, _("Saved. The next run tonight goes by it."))
                return redirect("complaints:retention")
        days = DaysForm({"days": form.data.get("days", "")}, least=kind.least)
        return _periods(request, now, period=period, days_form=days, form=form, save_form=form, status=422)
    days = DaysForm({"days": request.GET.get("days", period.days)}, least=kind.least)
    context = {"days_form": days, "form": days, "status": 200 if days.is_valid() else 422}
    if days.is_valid():
        chosen = days.cleaned_data["days"]
        initial = {"days": chosen, "source": period.source}
        context |= {
            "chosen": chosen,
            "would_go": retention.Period(kind, chosen, "").due(community, now).count(),
            "save_form": RetentionForm(initial=initial, least=kind.least),
        }
    return _periods(request, now, period=period, **context)
