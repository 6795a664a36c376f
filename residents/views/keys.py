"""The key register (钥匙, S18): what is out, what hangs where, the ledger, and the steps on a set of keys."""

import functools

from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from residents import actions
from residents.forms import keys as forms
from residents.models import KeyLoan, KeyMove, KeySet, Occupancy, Unit
from residents.rooms import key_of
from servicedesk.core import clock
from servicedesk.core.doors import DESK, OFFICE, door_to, make_or_show, panel_of, part_of
from servicedesk.core.roles import role_required, roles_in

# So many lines of the ledger stand on the page of a set; the ledger has the others.
LAST = 30
FORMS = {
    "lend_keys": forms.LendForm,
    "ask_for_keys": forms.AskForm,
    "issue_keys": forms.IssueForm,
    "take_back_keys": forms.TakeBackForm,
    "receive_more_keys": forms.MoreForm,
    "lose_keys": forms.LoseForm,
    "find_keys": forms.MoreForm,
    "destroy_keys": forms.DestroyForm,
}


def is_desk(request):
    """Return whether who asks may write in the registers of this community. No query of its own."""
    return bool(roles_in(request.user, request.community.pk) & set(DESK))


def about(sought, prefix=""):
    """Return the condition that finds keys by tag, room or place; `prefix` leads from the row to its set."""
    if not sought:
        return Q()
    found = Q(**{f"{prefix}tag__icontains": sought}) | Q(**{f"{prefix}place__icontains": sought})
    return found | Q(**{f"{prefix}unit__room_keys__contains": [key_of(sought)]})


def _tabs(here):
    pages = [
        ("residents:keys", _("Out now")),
        ("residents:cabinet", _("Cabinet")),
        ("residents:ledger", _("Ledger")),
    ]
    return [{"label": label, "url": reverse(name), "current": name == here} for name, label in pages]


def _list(request, name, template, now, search, **context):
    context |= {"now": now, "search": search, "tabs": _tabs(name), "is_desk": is_desk(request), "form": search}
    with timezone.override(request.community.tz):
        return render(request, template, context)


@require_GET
@role_required(*OFFICE)
def keys(request):
    """What is out: what waits for a decision, of whom the owner has not heard, and the loans, the latest first."""
    now, search = clock.now(), forms.SearchForm(request.GET)
    loans = KeyLoan.objects.filter(community=request.community).with_people()
    found = loans.filter(about(search.sought, "key_set__"))
    context = {
        "pending": part_of(loans.pending().order_by("asked_at", "pk"), request, "pending"),
        "untold": part_of(loans.untold().order_by("lent_at", "pk"), request, "untold"),
        "part": part_of(found.out(), request),
        "overdue": loans.overdue(now).count(),
    }
    return _list(request, "residents:keys", "residents/keys/out.html", now, search, **context)


@require_GET
@role_required(*OFFICE)
def cabinet(request):
    """What hangs in which slot; a search finds keys that have left the cabinet as well."""
    now, search = clock.now(), forms.SearchForm(request.GET)
    rows = KeySet.objects.filter(community=request.community).with_unit().filter(about(search.sought))
    rows = rows if search.sought else rows.kept()
    part = part_of(rows.by_slot(), request)
    return _list(request, "residents:cabinet", "residents/keys/cabinet.html", now, search, part=part)


@require_GET
@role_required(*OFFICE)
def ledger(request):
    """Every move of a key, newest first."""
    now, search = clock.now(), forms.LedgerForm(request.GET)
    rows = KeyMove.objects.filter(community=request.community).with_people()
    rows = rows.filter(about(search.sought, "key_set__"), **({"action": search.chosen} if search.chosen else {}))
    return _list(request, "residents:ledger", "residents/keys/ledger.html", now, search, part=part_of(rows, request))


@require_http_methods(["GET", "POST"])
@role_required(*DESK)
def receive_keys(request):
    """Register keys that come to the desk for the first time."""
    now = clock.now()
    form = forms.ReceiveForm(request.POST or None, community=request.community, now=now)
    make = functools.partial(actions.receive_keys, request.community, by=request.user, now=now)
    done = _("The keys %(tag)s are registered.")
    return make_or_show(request, form, make, template="residents/keys/new.html", done=done)


# One set --------------------------------------------------------------------------------------------------------------


def _find(request, pk):
    rows = KeySet.objects.filter(community=request.community)
    key_set = get_object_or_404(rows.with_unit(), pk=pk)
    key_set.community = request.community
    return key_set


def _steps(key_set):
    """Return what can be done with a set now, as (name, label) pairs in the order of their use."""
    steps = []
    if key_set.in_cabinet:
        steps += [("ask_for_keys", _("Emergency use"))] if key_set.is_deposited else []
        steps += [("lend_keys", _("Lend")), ("issue_keys", _("Give out for good"))]
    if key_set.issued:
        steps.append(("take_back_keys", _("Take the keys back")))
    if key_set.in_cabinet or key_set.issued:
        steps.append(("lose_keys", _("Report lost")))
    if key_set.lost:
        steps.append(("find_keys", _("Found again")))
    if key_set.in_cabinet:
        steps.append(("destroy_keys", _("Destroy")))
    return [*steps, ("receive_more_keys", _("More copies"))]


def _page(request, key_set, now, *, form=None, step="", status=200):
    today = request.community.local(now).date()
    steps = _steps(key_set) if is_desk(request) else []
    with timezone.override(request.community.tz):
        step, label, form = panel_of(request, steps, FORMS, key_set, now, form=form, step=step)
        living = Occupancy.objects.on(today).known().filter(unit=key_set.unit_id).with_people()
        moves = KeyMove.objects.filter(key_set=key_set).with_people()
        context = {
            "now": now,
            "key_set": key_set,
            "steps": steps,
            "step": step,
            "label": label,
            "form": form,
            "counts": [(KeySet._meta.get_field(name).verbose_name, getattr(key_set, name)) for name in KeySet.STATES],
            "living": list(living.order_by("id")) if key_set.unit_id else [],
            "loans": list(KeyLoan.objects.filter(key_set=key_set).out().with_people()),
            "pending": list(KeyLoan.objects.filter(key_set=key_set).pending().with_people()),
            "given": list(KeyMove.objects.given_out().filter(key_set=key_set).select_related("person")),
            "moves": list(moves[:LAST]),
        }
        return render(request, "residents/keys/set.html", context, status=status)


@require_GET
@role_required(*OFFICE)
def key_set(request, pk):
    """One set of keys: where its copies are, who lives there and what they wish, the steps, the last moves."""
    return _page(request, _find(request, pk), clock.now())


def _door_to(step, done):
    return door_to(FORMS[step], find=_find, page=_page, done=done)


@_door_to("lend_keys", gettext_lazy("Lent. Print the slip and have it signed."))
def lend_keys(request, key_set, facts, now):
    return redirect(actions.lend_keys(key_set, by=request.user, now=now, **facts))


@_door_to("ask_for_keys", gettext_lazy("Asked. A supervisor decides, or you record who approved it on the telephone."))
def ask_for_keys(request, key_set, facts, now):
    return redirect(actions.ask_for_keys(key_set, by=request.user, now=now, **facts))


@_door_to("issue_keys", gettext_lazy("Given out. Print the receipt and have it signed."))
def issue_keys(request, key_set, facts, now):
    actions.issue_keys(key_set, by=request.user, now=now, **facts)


@_door_to("take_back_keys", gettext_lazy("The keys hang in the cabinet again."))
def take_back_keys(request, key_set, facts, now):
    issue = facts.pop("issue")
    issue.key_set = key_set
    actions.take_back_keys(issue, by=request.user, now=now, **facts)


@_door_to("receive_more_keys", gettext_lazy("The copies are registered."))
def receive_more_keys(request, key_set, facts, now):
    actions.receive_more_keys(key_set, by=request.user, now=now, **facts)


@_door_to("lose_keys", gettext_lazy("The loss is on record."))
def lose_keys(request, key_set, facts, now):
    actions.lose_keys(key_set, by=request.user, now=now, **facts)


@_door_to("find_keys", gettext_lazy("The keys hang in the cabinet again."))
def find_keys(request, key_set, facts, now):
    actions.find_keys(key_set, by=request.user, now=now, **facts)


@_door_to("destroy_keys", gettext_lazy("On record."))
def destroy_keys(request, key_set, facts, now):
    actions.destroy_keys(key_set, by=request.user, now=now, **facts)


@require_GET
@role_required(*OFFICE)
def key_receipt(request, pk):
    """The receipt of the keys of a unit (钥匙签收) on A4: what was given out for good and is still outside."""
    unit = get_object_or_404(Unit, pk=pk, community=request.community)
    given = KeyMove.objects.outstanding(unit).with_people()
    context = {"unit": unit, "given": list(given), "community": request.community, "now": clock.now()}
    with timezone.override(request.community.tz):
        return render(request, "residents/keys/receipt.html", context)
