"""The polite desk (文明用语): phrases to take, words to avoid, letters. The desk reads, a supervisor writes."""

from dataclasses import dataclass

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from complaints import actions, courtesy, letters
from complaints.forms.courtesy import LetterTemplateForm, PhraseForm, TabooForm
from complaints.models import LetterTemplate, Phrase, Taboo
from servicedesk.core import clock, masking
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required, roles_in
from servicedesk.core.text import clean_text

OFFICE = (Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM)
STAFF = (*OFFICE, Role.HEAD, Role.WORKER)
MOST_CHECKED = 5000
IDENTITY = gettext_lazy("An identity number seems to stand in this text. Please leave it out; nobody needs it here.")


@dataclass(frozen=True)
class Kind:
    """One list of the polite desk: what its rows are, what they are edited with, the name and address of its page."""

    model: type
    form: type
    label: str
    page: str
    row: str
    add: str
    switch: str


KINDS = {
    kind: Kind(model, form, label, *(f"complaints:{name}" for name in (f"{one}s", one, f"{one}_add", f"{one}_switch")))
    for kind, one, model, form, label in [
        ("phrases", "phrase", Phrase, PhraseForm, gettext_lazy("Polite phrases")),
        ("taboos", "taboo", Taboo, TabooForm, gettext_lazy("Words to avoid")),
        ("templates", "template", LetterTemplate, LetterTemplateForm, gettext_lazy("Letters of reply")),
    ]
}


def _page(request, kind, *, form=None, row=None, status=200):
    here = KINDS[kind]
    edits = Role.SUPERVISOR in roles_in(request.user, request.community.pk)
    context = {
        "kind": kind,
        "here": here,
        "rows": here.model.objects.filter(community=request.community).select_related(*_joined(here.model)),
        "form": form or (here.form(community=request.community) if edits else None),
        "row": row,
        "edits": edits,
        "placeholders": letters.PLACEHOLDERS if kind == "templates" else {},
        "tabs": [
            {"label": other.label, "url": reverse(other.page), "current": name == kind} for name, other in KINDS.items()
        ],
    }
    return render(request, "complaints/courtesy.html", context, status=status)


def _joined(model):
    return [] if model is Taboo else ["category"]


@require_GET
@role_required(*OFFICE)
def page(request, kind):
    """One list of the polite desk; a supervisor adds to it beside it."""
    return _page(request, kind)


@require_POST
@role_required(Role.SUPERVISOR)
def add(request, kind):
    """Add a row to a list."""
    here = KINDS[kind]
    form = here.form(request.POST, community=request.community)
    if form.is_valid():
        try:
            actions.add_wording(here.model, request.community, by=request.user, now=clock.now(), **form.facts)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("It is on the list."))
            return redirect(here.page)
    return _page(request, kind, form=form, status=422)


@require_http_methods(["GET", "POST"])
@role_required(Role.SUPERVISOR)
def edit(request, kind, pk):
    """One row of a list, to be changed beside it."""
    here = KINDS[kind]
    row = get_object_or_404(here.model, pk=pk, community=request.community)
    if request.method == "GET":
        initial = {name: getattr(row, name) for name in here.form.base_fields}
        return _page(request, kind, form=here.form(initial=initial, community=request.community), row=row)
    form = here.form(request.POST, community=request.community)
    if form.is_valid():
        try:
            actions.change_wording(row, by=request.user, now=clock.now(), **form.facts)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Saved."))
            return redirect(here.page)
    return _page(request, kind, form=form, row=row, status=422)


@require_POST
@role_required(Role.SUPERVISOR)
def switch(request, kind, pk):
    """Take a row out of use or put it back; it stays on the list either way."""
    here = KINDS[kind]
    row = get_object_or_404(here.model, pk=pk, community=request.community)
    try:
        actions.change_wording(row, by=request.user, now=clock.now(), is_active=not row.is_active)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(here.page)


@require_GET
@role_required(*OFFICE)
def card(request):
    """The card for the counter (文明用语卡): phrases and words to avoid on A4, the phrases alone on A5."""
    small = request.GET.get("size") == "a5"
    context = {
        "community": request.community,
        "phrases": Phrase.objects.filter(community=request.community).in_use(),
        "taboos": [] if small else Taboo.objects.filter(community=request.community).in_use(),
        "sheet": "a5" if small else "a4",
    }
    return render(request, "complaints/courtesy_card.html", context)


@require_POST
@role_required(*STAFF)
def check(request):
    """The words to avoid in what is being typed, as a hint beneath the box; nothing where there are none."""
    typed = [clean_text(value)[:MOST_CHECKED] for name, value in request.POST.items() if name != "csrfmiddlewaretoken"]
    hits = courtesy.look_at(request.community, *typed)
    identity = IDENTITY if any(masking.has_identity_number(text) for text in typed) else ""
    return render(request, "components/taboo_hint.html", {"hits": hits, "identity": identity})


def hint(request, community, *texts):
    """Say after saving which words of `texts` are on the list: what was saved stays as it is."""
    for hit in courtesy.look_at(community, *texts):
        messages.warning(request, hit.sentence)
    warn_of_identity(request, *texts)


def warn_of_identity(request, *texts):
    """Say after saving that an identity number seems to stand in one of `texts`; it is no error (PIPL 28)."""
    if any(masking.has_identity_number(text) for text in texts):
        messages.warning(request, IDENTITY)
