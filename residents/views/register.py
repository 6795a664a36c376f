"""The register of residents: the list of people, a new entry."""

from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from residents import actions, duplicates, register
from residents.forms.fields import renew
from residents.forms.register import FilterForm, NewPersonForm
from residents.models import Person
from servicedesk.core import clock
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required, roles_in

OFFICE = (Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM)
LOOKS = (*OFFICE, Role.CASHIER)
MERGES = {Role.SUPERVISOR, Role.DEPUTY_GM}


def may_edit(user, community):
    """Return whether `user` may change the register of `community`, and not only look. No query beside the roles."""
    return bool(roles_in(user, community.pk) & set(OFFICE))


@require_GET
@role_required(*LOOKS)
def people(request):
    """Who lives or lived here, in the order of their names; by capacity, building, state of the unit and letter."""
    community, now = request.community, clock.now()
    today = community.local(now).date()
    form = FilterForm(request.GET, community=community)
    chosen = form.chosen
    rows = register.people(community, today, **chosen)
    edge = {side: _edge(community, request.GET.get(side)) for side in ("after", "before")}
    found, earlier, later = register.page(rows, **edge)
    asked = {name: getattr(value, "pk", value) for name, value in chosen.items()}
    context = {
        "filters": form,
        "form": form,
        "lines": register.lines(found, today),
        "letters": [(one, _address(asked | {"letter": one}), one == chosen.get("letter")) for one in register.LETTERS],
        "every_letter_url": _address({name: one for name, one in asked.items() if name != "letter"}),
        "newer_url": _address(asked | {"before": found[0].pk}) if found and earlier else "",
        "older_url": _address(asked | {"after": found[-1].pk}) if found and later else "",
        "is_filtered": bool(set(asked) - {"when"}) or asked["when"] != "now",
        "may_edit": may_edit(request.user, community),
        "may_merge": bool(roles_in(request.user, community.pk) & MERGES),
        "today": today,
    }
    with timezone.override(community.tz):
        return render(request, "residents/people.html", context, status=422 if form.errors else 200)


def _address(asked):
    return f"{reverse('residents:people')}?{urlencode(asked)}"


def _edge(community, key):
    """Return the person at whom a page begins or ends, or None for what is no key of one of ours. One query."""
    key = key or ""
    is_key = key.isascii() and key.isdigit() and len(key) <= 15
    return Person.objects.filter(community=community, pk=key).first() if is_key else None


@require_http_methods(["GET", "POST"])
@role_required(*OFFICE)
def add(request):
    """A new entry; the homes of the person come next, on their own page. Where somebody of this name and number is
    known, it asks first."""
    form, known, status = NewPersonForm(request.POST or None), [], 200
    community, now = request.community, clock.now()
    if request.method == "POST":
        status = 422
        if form.is_valid():
            facts = form.cleaned_data
            if "another" not in request.POST:
                known = duplicates.known_as(community, facts["name"], facts["phone"], but=facts["submission"])
            if not known:
                try:
                    person = actions.register_person(community, by=request.user, now=now, **facts)
                except Refused as refused:
                    form.add_error(None, str(refused))
                    renew(form)
                else:
                    messages.success(request, _("Entered. Now say where they live."))
                    return redirect(f"{reverse('residents:person', args=[person.pk])}?do=move_in#panel")
            status = 409
    lines = register.lines(list(known), community.local(now).date())
    return render(request, "residents/add.html", {"form": form, "known": lines}, status=status)
