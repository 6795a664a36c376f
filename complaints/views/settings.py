"""The administrator sets the desk (S35), one community at a time. What open cases are counted with is shown before it
is saved: how many of them would move. There is no undo: changed back, it is counted again."""

from functools import partial

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from complaints import actions, foresight, repeats, setting_changes
from complaints import setting_groups as groups
from complaints.models import Case, Category
from complaints.models.cases import LADDERED
from servicedesk.core import clock
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.models import Community, Role
from servicedesk.core.roles import role_required

# What a category gives to a case at receipt and an open case keeps (ruling 3).
GIVEN_AT_RECEIPT = {"department", "policy", "straight_to_level"}
OURS = {"csrfmiddlewaretoken", "sure", "back"}


@require_GET
@role_required(Role.ADMIN)
def index(request):
    """Every group of settings of one community, with what holds now and who changed it last."""
    community = request.community
    latest = setting_changes.latest(community)
    cards = [
        {"url": url, "title": title, "now": now, "event": latest.get(key), "is_data": is_data}
        for key, url, title, now, is_data in groups.cards(request)
    ]
    return show(request, "complaints/settings/index.html", {"cards": cards})


@require_GET
@role_required(Role.ADMIN)
def rows(request, kind):
    """One list of settings, what is in use first."""
    labels, lines = groups.rows_of(kind, request)
    here = groups.KINDS[kind]
    context = {
        "here": here,
        "labels": labels,
        "lines": [(row, list(zip(labels, cells, strict=True))) for row, cells in lines],
        "changes": setting_changes.told(setting_changes.history(request.community, here.model), here.form),
        "row_url": f"complaints:{kind}",
        "switch_url": f"complaints:{kind}_switch",
        "add_url": reverse(f"complaints:{kind}_add"),
    }
    return show(request, "complaints/settings/rows.html", context)


@require_http_methods(["GET", "POST"])
@role_required(Role.ADMIN)
def add(request, kind):
    """Add a row to a list of settings."""
    here = groups.KINDS[kind]
    form = here.form(request.POST or None, community=request.community)
    page = partial(_form_page, request, form, title=_("Add"), here=here)
    if request.method == "GET" or "back" in request.POST:
        return page()
    if not form.is_valid():
        return page(status=422)
    return _save(
        request,
        form,
        partial(
            actions.add_setting, here.model, request.community, by=request.user, now=clock.now(), **form.cleaned_data
        ),
        page=page,
        done=here.page,
    )


@require_http_methods(["GET", "POST"])
@role_required(Role.ADMIN)
def edit(request, kind, pk):
    """Change a row of a list of settings, after a page that says what moves where something does."""
    here = groups.KINDS[kind]
    row = get_object_or_404(here.model, pk=pk, community=request.community)
    return _change(request, row, here.form, title=here.one, here=here, done=here.page)


@require_POST
@role_required(Role.ADMIN)
def switch(request, kind, pk):
    """Take a row out of use or put it back, as the button said."""
    here = groups.KINDS[kind]
    row = get_object_or_404(here.model, pk=pk, community=request.community)
    is_active = request.POST.get("on") == "1"
    try:
        actions.change_setting(row, by=request.user, now=clock.now(), is_active=is_active)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("It is in use again.") if is_active else _("It is out of use."))
    return redirect(here.page)


@require_http_methods(["GET", "POST"])
@role_required(Role.ADMIN)
def single(request, what):
    """Change the times, the rules for repeats or the facts of the community."""
    here = groups.SINGLES[what]
    row = repeats.rule_of(request.community) if what == "repeats" else Community.objects.get(pk=request.community.pk)
    return _change(request, row, here.form, title=here.title, here=here, done=reverse("complaints:settings"))


def _change(request, row, form_type, *, title, here, done):
    form = form_type(request.POST or None, community=request.community, row=row)
    page = partial(_form_page, request, form, title=title, here=here, row=row)
    if request.method == "GET" or "back" in request.POST:
        return page()
    if not form.is_valid():
        return page(status=422)
    facts = {"by": request.user, "now": clock.now(), **form.cleaned_data}
    act = (
        partial(actions.change_setting, row, seen=request.POST.get("seen", ""), **facts)
        if row.pk
        else partial(actions.add_setting, type(row), request.community, **facts)
    )
    changes = setting_changes.differences(form, row)
    kept = 0
    if isinstance(row, Category) and GIVEN_AT_RECEIPT & {name for name, *_rest in changes}:
        kept = groups.open_by(request, "category").get(row.pk, 0)
    return _save(request, form, act, page=page, done=done, changes=changes, kept=kept)


def _save(request, form, act, *, page, done, changes=(), kept=0):
    """Do `act` and lead on to `done`; return the preview instead where it would move something, or the form where it is
    refused, with everything that was typed."""
    try:
        preview = settle(request, act, changes=changes, kept=kept)
    except actions.Taken as taken:
        form.add_error(taken.field if taken.field in form.fields else None, str(taken))
        return page(status=422)
    except Stale as stale:
        return page(refusal=str(stale), changes=changes, status=409)
    except Refused as refused:
        return page(refusal=str(refused), status=409)
    return preview or redirect(done)


def settle(request, act, *, changes, kept=0):
    """Do `act` and return None, or return the page that says first what it would move.

    `sure` in what was sent is the version that the preview was counted with. Where it is another by now, what would
    move is counted again and shown (409). What moves nothing is done at once. Raises what `act` raises.
    """
    sure, outdated = request.POST.get("sure", ""), None
    if sure.isascii() and sure.isdigit():
        try:
            actions.settle(request.community, act, counted=int(sure))
        except actions.Outdated as error:
            outdated = str(error)
        else:
            messages.success(request, _("Saved."))
            return None
    now = clock.now()
    moves = foresight.foresee(request.community, act, by=request.user, now=now)
    if not moves and not kept:
        act()
        messages.success(request, _("Saved. No open case moves."))
        return None
    context = {
        "moves": moves,
        "kept": kept,
        "changes": changes,
        "refusal": outdated,
        "sent": [(name, value) for name, values in request.POST.lists() if name not in OURS for value in values],
        "sure": Community.objects.values_list("calendar_version", flat=True).get(pk=request.community.pk),
        "now": now,
    }
    return show(request, "complaints/settings/preview.html", context, status=409 if outdated else 200)


def show(request, template, context, status=200):
    """Return a page of the settings; it says while open cases are still being counted again. One query."""
    version = request.community.calendar_version
    waiting = Case.objects.filter(community=request.community, status__in=LADDERED).exclude(counted_with=version)
    context = {"is_counting": waiting.exists(), "settings_url": reverse("complaints:settings"), **context}
    return render(request, template, context, status=status)


def _form_page(request, form, *, title, here, row=None, refusal="", changes=(), status=200):
    model = type(row) if row is not None else here.model
    history = setting_changes.history(request.community, model, row=row) if row is not None and row.pk else []
    context = {
        "form": form,
        "title": title,
        "here": here,
        "row": row if not isinstance(here, groups.Single) else None,
        "list_url": here.page if isinstance(here, groups.Kind) else "",
        "seen": actions.fingerprint(row) if row is not None and row.pk else "",
        "refusal": refusal,
        "differences": changes,
        "changes": setting_changes.told(history, type(form)),
    }
    return show(request, "complaints/settings/form.html", context, status=status)
