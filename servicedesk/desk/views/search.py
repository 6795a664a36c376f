"""One box over cases, people and rooms: the palette, and the same answers as a page."""

from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from servicedesk.core import clock
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required, roles_in
from servicedesk.core.text import clean_text
from servicedesk.desk import reports

OFFICE = {Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM}


@require_GET
@role_required(*OFFICE, Role.HEAD, Role.WORKER)
def search(request):
    """Everything that matches what was typed, for the palette as options and for a page as lists."""
    query = clean_text(request.GET.get("q", ""))[:120]
    residents = bool(roles_in(request.user, request.community.pk) & OFFICE)
    people, cases = [], []
    if query:
        people, cases = reports.search(request.user, request.community, query, now=clock.now(), residents=residents)
    if request.htmx:
        empty = _("Nothing was found for “%(query)s”.") % {"query": query} if query else ""
        return render(request, "components/finder_hits.html", {"hits": people + cases, "empty_text": empty})
    context = {"query": query, "people": people, "cases": cases, "residents": residents}
    return render(request, "desk/search.html", context)
