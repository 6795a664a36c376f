"""Two entries of one person: what looks alike, both side by side, and the step that makes them one."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from complaints import actions
from complaints.models import Case
from residents import actions as register_actions
from residents import duplicates as alike
from residents import identity, register
from residents.models import Contact, Person, Vehicle
from servicedesk.core import clock
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required
from servicedesk.desk.forms.merging import MergeForm, SearchForm

MERGES = (Role.SUPERVISOR, Role.DEPUTY_GM)
MOST = 20


@require_GET
@role_required(*MERGES)
def duplicates(request):
    """The entries that look alike; or, from one entry, a search for the other of the same person."""
    community, now = request.community, clock.now()
    today = community.local(now).date()
    keep = _known(community, request.GET.get("keep"))
    form = SearchForm(request.GET)
    query = form.cleaned_data["q"] if form.is_valid() else ""
    found, pairs = [], []
    if keep and query:
        found = register.people(community, today, q=query, when="all").exclude(pk=keep.pk).filter(kind=keep.kind)
        found = register.lines(list(found.order_by("pinyin", "pk")[:MOST]), today)
    elif not keep:
        pairs = alike.pairs(community)
    homes = register.homes_of({one.pk for pair in pairs for one in (pair.keep, pair.drop)}, today)
    lines = [(pair, [homes.get(one.pk, []) for one in (pair.keep, pair.drop)]) for pair in pairs]
    context = {"form": form, "keep": keep, "query": query, "found": found, "lines": lines}
    with timezone.override(community.tz):
        return render(request, "desk/duplicates.html", context, status=422 if form.errors else 200)


def _known(community, key):
    key = key or ""
    is_key = key.isascii() and key.isdigit() and len(key) <= 15
    return Person.objects.known().filter(community=community, pk=key).first() if is_key else None


@require_http_methods(["GET", "POST"])
@role_required(*MERGES)
def merge(request, keep, drop):
    """Both entries side by side and what moves; a POST makes them one, or says that they are two people."""
    people = Person.objects.known().filter(community=request.community).select_related("community")
    keep, drop = get_object_or_404(people, pk=keep), get_object_or_404(people, pk=drop)
    if request.method == "GET":
        return _compare(request, keep, drop, MergeForm())
    form = MergeForm(request.POST)
    if not form.is_valid():
        return _compare(request, keep, drop, form, status=422)
    facts = {"reason": form.cleaned_data["reason"], "by": request.user, "now": clock.now()}
    try:
        if "apart" in request.POST:
            register_actions.tell_apart(keep, drop, **facts)
            messages.success(request, _("Noted: they are two people. They are not shown here again."))
            return redirect("desk:duplicates")
        actions.merge_people(keep, drop, **facts)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _compare(request, keep, drop, form, status=refused.status_code)
    messages.success(request, _("The two entries are one now."))
    return redirect("residents:person", keep.pk)


def _compare(request, keep, drop, form, status=200):
    community, now = request.community, clock.now()
    homes = register.homes_of([keep.pk, drop.pk], community.local(now).date())
    sides = [
        {
            "person": one,
            "homes": homes.get(one.pk, []),
            "identity": identity.masked_number_of(one),
            "contacts": Contact.objects.active().filter(occupant=one).count(),
            "vehicles": Vehicle.objects.filter(person=one).count(),
            "cases": Case.objects.visible_to(request.user).filter(reporter=one).count(),
        }
        for one in (keep, drop)
    ]
    context = {"keep": keep, "drop": drop, "sides": sides, "form": form, "now": now}
    with timezone.override(community.tz):
        return render(request, "desk/merge.html", context, status=status)
