"""One person of the register: everything that is known, and one door for each step on their entry."""

import functools
from datetime import timedelta

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from residents import actions, identity, register, words
from residents.forms import register as forms
from residents.forms.fields import renew
from residents.models import Contact, IdentityCopy, Occupancy, Person, Vehicle
from residents.views.register import LOOKS, MERGES, OFFICE, may_edit
from servicedesk.core import clock, photos
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.models import Event, Photo
from servicedesk.core.roles import role_required, roles_in

# The panels of the page, in the order of the buttons: step, label, form.
PANELS = [
    ("move_in", gettext_lazy("Move in"), forms.MoveInForm),
    ("end_home", gettext_lazy("Moves out"), forms.EndHomeForm),
    ("change_end", gettext_lazy("Change the last day"), forms.ChangeEndForm),
    ("edit", gettext_lazy("Change the entry"), forms.EditForm),
    ("add_contact", gettext_lazy("Add a contact"), forms.AddContactForm),
    ("end_contact", gettext_lazy("End a contact"), forms.EndContactForm),
    ("add_vehicle", gettext_lazy("Add a vehicle"), forms.AddVehicleForm),
    ("end_vehicle", gettext_lazy("End a vehicle"), forms.EndVehicleForm),
    ("record_identity", gettext_lazy("Record the identity number"), forms.RecordIdentityForm),
    ("keep_copy", gettext_lazy("Keep a copy of a paper"), forms.KeepCopyForm),
    ("remove_copy", gettext_lazy("Remove a copy"), forms.RemoveCopyForm),
    ("void_home", gettext_lazy("Entered by mistake"), forms.VoidHomeForm),
    ("agree_mail", gettext_lazy("Agrees to e-mails"), forms.AgreeToMailForm),
    ("withdraw_mail", gettext_lazy("Wants no e-mails"), forms.WithdrawMailForm),
    ("unmask", gettext_lazy("Show a number"), forms.UnmaskForm),
]
FORMS = {step: form for step, _label, form in PANELS}
# What an address may fill in: the row that a link means.
ASKED_FOR = ("home", "contact", "vehicle", "copy", "what")
MOST_EVENTS = 30
UNMASKED = {"phone": actions.unmask_phone, "email": actions.unmask_email, "identity": actions.unmask_identity}
# How long the pictures of papers can be opened after somebody has said why.
LOOK = timedelta(minutes=10)


def find(request, pk):
    """Return the person of this community whom the desk may find; 404 for everybody else. One query."""
    people = Person.objects.known().select_related("community")
    person = get_object_or_404(people, community=request.community, pk=pk)
    person.community = request.community
    return person


def show(request, person, *, bound=None, step="", shown=None, status=200):
    """Render the page of `person`: with a form that came back, or with what was `shown` for a reason."""
    now, community = clock.now(), request.community
    today = community.local(now).date()
    homes = register.homes_of([person.pk], today).get(person.pk, [])
    contacts = Contact.objects.active().filter(occupant=person).with_people()
    events = list(Event.objects.about(person).select_related("by").order_by("-id")[:MOST_EVENTS])
    has = {
        "end_home": any(home.occupancy.period.upper is None for home in homes),
        "change_end": any(home.occupancy.period.upper is not None for home in homes),
        "void_home": bool(homes),
        "withdraw_mail": person.is_told_by_mail,
        "end_contact": bool(contacts),
        "vehicles": list(Vehicle.objects.filter(person=person).select_related("unit").order_by("-id")),
        "copies": list(IdentityCopy.objects.kept().filter(person=person)),
    }
    has |= {"remove_copy": bool(has["copies"]), "end_vehicle": any(one.period.upper is None for one in has["vehicles"])}
    edits = may_edit(request.user, community)
    allowed = [step for step, _label, _form in PANELS if edits and has.get(step, True)]
    step = step or request.GET.get("do", "")
    form = bound
    if form is None and step in allowed:
        form = _form(step, request, person, today, homes, initial=_asked(request, person, step))
    context = {
        "person": person,
        "homes": homes,
        "contacts": contacts,
        "contact_for": Contact.objects.active().filter(person=person).with_people(),
        "staff": _staff_of(person, today),
        "vehicles": has["vehicles"],
        "copies": has["copies"],
        "masked_identity": identity.masked_number_of(person),
        "history": [(event, words.VERBS.get(event.verb, event.verb)) for event in events],
        "panels": [(name, label) for name, label, _form in PANELS if name in allowed],
        "panel": next(((name, label) for name, label, _form in PANELS if name == step and form is not None), None),
        "form": form,
        "shown": shown,
        "may_edit": edits,
        "may_merge": bool(roles_in(request.user, community.pk) & MERGES),
        "now": now,
        "today": today,
    }
    with timezone.override(community.tz):
        answer = render(request, "residents/person.html", context, status=status)
    if shown:
        answer["Cache-Control"] = "no-store"
    return answer


def _staff_of(person, today):
    """Return who works here today for a company, with the unit. One query, none for a person."""
    if person.kind != Person.Kind.COMPANY:
        return []
    return list(Occupancy.objects.on(today).known().filter(company=person).with_people().order_by("person__pinyin"))


def _asked(request, person, step):
    """Return what a form begins with: the entry as it is, or the row that the address names."""
    if step == "edit":
        return {name: getattr(person, name) for name in ("kind", "name", "title", "note", "version")}
    return {name: request.GET[name] for name in ASKED_FOR if name in request.GET}


def _form(step, request, person, today, homes, data=None, initial=None):
    if step == "edit":
        return forms.EditForm(data, initial=initial, person=person)
    return FORMS[step](data, request.FILES or None, person=person, today=today, homes=homes, initial=initial)


@require_GET
@role_required(*LOOKS)
def person(request, pk):
    """One person: facts, homes, contacts, vehicles, papers, history. An entry that was merged leads to the other."""
    merged = Person.objects.filter(community=request.community, pk=pk, merged_into__isnull=False).first()
    if merged:
        return redirect("residents:person", merged.merged_into_id)
    return show(request, find(request, pk))


def door_to(done):
    """Make a door of a short function that takes one step on an entry: the form is read in the community's own time, a
    refusal comes back with every word that was typed. A GET leads to the page with the panel open."""

    def decorate(take_step):
        step = take_step.__name__

        @require_http_methods(["GET", "POST"])
        @role_required(*OFFICE)
        @functools.wraps(take_step)
        def view(request, pk):
            person = find(request, pk)
            address = reverse("residents:person", args=[person.pk])
            if request.method == "GET":
                return redirect(f"{address}?do={step}#panel")
            now = clock.now()
            with timezone.override(request.community.tz):
                form = _form(step, request, person, request.community.local(now).date(), (), data=request.POST)
                if not form.is_valid():
                    return show(request, person, bound=form, step=step, status=422)
                try:
                    answer = take_step(request, person, form, now)
                except Refused as refused:
                    form.add_error(None, str(refused))
                    renew(form)
                    return show(request, find(request, pk), bound=form, step=step, status=refused.status_code)
            if answer is None:
                messages.success(request, done)
            return answer or redirect(address)

        return view

    return decorate


@door_to(gettext_lazy("Saved."))
def edit(request, person, form, now):
    facts = dict(form.cleaned_data)
    person.version = facts.pop("version")
    actions.correct_person(person, by=request.user, now=now, **facts)


@door_to(gettext_lazy("Recorded: they live there."))
def move_in(request, person, form, now):
    facts = dict(form.cleaned_data)
    actions.move_in(facts.pop("unit"), person, by=request.user, now=now, **facts)


@door_to(gettext_lazy("Recorded: they move out."))
def end_home(request, person, form, now):
    actions.leave_home(form.cleaned_data["home"], on=form.cleaned_data["on"], by=request.user, now=now)


@door_to(gettext_lazy("The last day is changed. Look at the cards, too, if they have ended already."))
def change_end(request, person, form, now):
    facts = form.cleaned_data
    if not facts["is_seen"]:
        raise Stale
    actions.change_last_day(facts["home"], on=facts["on"], reason=facts["reason"], by=request.user, now=now)


@door_to(gettext_lazy("It counts no more."))
def void_home(request, person, form, now):
    facts = form.cleaned_data
    actions.void_occupancy(facts["home"], reason=facts["reason"], by=request.user, now=now)


@door_to(gettext_lazy("The contact is recorded."))
def add_contact(request, person, form, now):
    facts = dict(form.cleaned_data)
    actions.add_contact(facts.pop("unit"), person, by=request.user, now=now, **facts)


@door_to(gettext_lazy("They are told nothing any more."))
def end_contact(request, person, form, now):
    facts = form.cleaned_data
    actions.end_contact(facts["contact"], reason=facts["reason"], by=request.user, now=now)


@door_to(gettext_lazy("The vehicle is recorded."))
def add_vehicle(request, person, form, now):
    facts = dict(form.cleaned_data)
    actions.add_vehicle(facts.pop("unit"), person, by=request.user, now=now, **facts)


@door_to(gettext_lazy("Noted."))
def end_vehicle(request, person, form, now):
    facts = form.cleaned_data
    actions.end_vehicle(facts["vehicle"], on=facts["on"], by=request.user, now=now)


@door_to(gettext_lazy("The number is kept, encrypted. It is shown to nobody who does not say why."))
def record_identity(request, person, form, now):
    facts = form.cleaned_data
    actions.record_identity(person, kind=facts["kind"], number=facts["number"], by=request.user, now=now)


@door_to(gettext_lazy("The copy is kept until its day."))
def keep_copy(request, person, form, now):
    with photos.stored(form.pictures) as stored:
        actions.keep_identity_copy(
            person, pictures=stored, delete_on=form.cleaned_data["delete_on"], by=request.user, now=now
        )


@door_to(gettext_lazy("The copy is removed."))
def remove_copy(request, person, form, now):
    facts = form.cleaned_data
    actions.remove_identity_copy(facts["copy"], reason=facts["reason"], by=request.user, now=now)


@door_to(gettext_lazy("They are told of bills and reminders by e-mail; the address has been told so."))
def agree_mail(request, person, form, now):
    actions.agree_to_mail(person, by=request.user, now=now, **form.cleaned_data)


@door_to(gettext_lazy("They get no e-mails any more, from now on."))
def withdraw_mail(request, person, form, now):
    actions.withdraw_mail(person, reason=form.cleaned_data["reason"], by=request.user, now=now)


@door_to("")
def unmask(request, person, form, now):
    """Show a whole number, or the pictures of papers, once; that is logged with the reason."""
    what, said = form.cleaned_data["what"], {"reason": form.cleaned_data["reason"], "by": request.user, "now": now}
    if what == "copies":
        actions.look_at_copies(person, **said)
        copies = IdentityCopy.objects.kept().filter(person=person)
        shown = {"what": what, "pictures": [photo for copy in copies for photo in Photo.objects.about(copy)]}
    else:
        shown = {"what": what, "number": UNMASKED[what](person, **said)}
    return show(request, person, shown=shown)


@require_GET
@role_required(*OFFICE)
def picture(request, pk, name):
    """A picture of a paper, for who has said why within the last ten minutes."""
    person = find(request, pk)
    copies = IdentityCopy.objects.kept().filter(person=person).values("pk")
    pictures = Photo.objects.kept().filter(subject_type__model="identitycopy", subject_id__in=copies, name=name)
    said = Event.objects.about(person).filter(verb="identity_copy_seen", by=request.user, at__gt=clock.now() - LOOK)
    if not said.exists() or not pictures.exists():
        raise Http404
    answer = photos.serve(name)
    answer["Cache-Control"] = "no-store"
    return answer


# One address for each step: residents/<pk>/<step>/.
STEPS = [
    move_in,
    end_home,
    change_end,
    void_home,
    edit,
    add_contact,
    end_contact,
    add_vehicle,
    end_vehicle,
    record_identity,
    keep_copy,
    remove_copy,
    agree_mail,
    withdraw_mail,
    unmask,
]
