"""The list of cases (台账): saved views, filters that are links, pages by cursor, and the way out as a file."""

from django.http import FileResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from complaints import actions, exporting, listing
from complaints.forms.lists import BulkForm, ExportForm
from complaints.listing import LIST
from servicedesk.core import clock, spreadsheets
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required, roles_in

OFFICE = (Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM)
STAFF = (*OFFICE, Role.HEAD, Role.WORKER)
# The filters that a page folds away until one of them is in use.
MORE_FILTERS = {"category", "channel", "first", "received_from", "received_to"}


@require_GET
@role_required(*STAFF)
def page(request):
    """One page of the list that the address asks for."""
    return _page(request, clock.now())


def _page(request, now, *, export_form=None, status=200):
    community = request.community
    with timezone.override(community.tz):
        asked = listing.read(request.GET, user=request.user, community=community, now=now)
        found = listing.walk(asked.rows, asked.order, community, after=asked.after, before=asked.before, few=asked.few)
        is_office = bool(roles_in(request.user, community.pk) & set(OFFICE))
        context = {
            "now": now,
            "asked": asked,
            "form": asked.form,
            "selects": asked.form.selects,
            "more_open": any(name in MORE_FILTERS for name, *_rest in asked.form.active),
            "views": _side(asked, listing.counts(request.user, community, now, wide=asked.wide), is_office),
            "lines": listing.lines(found.cases, now),
            "newer_url": asked.address(before=found.newer) if found.newer else "",
            "older_url": asked.address(after=found.older) if found.older else "",
            "sort_links": asked.sort_links(),
            "clear_url": asked.address(**{name: None for name, *_rest in asked.form.active}),
            "widen_url": asked.address(scope="all"),
            "narrow_url": asked.address(scope=None),
            "can_widen": listing.starts_at_the_top(request.user, community),
            "bulk_form": BulkForm(choices=asked.choices, user=request.user, community=community) if is_office else None,
            "export_form": export_form
            or (ExportForm(here=community) if is_office and "export" in request.GET else None),
            "export_url": asked.address(export="1") + "#export" if is_office else "",
            "most_rows": exporting.MOST_ROWS,
        }
        answer = render(request, "complaints/list.html", context, status=status)
        # Where “save, next” on a case page goes on: in the browser, so that a look costs no writing.
        answer.set_cookie(
            LIST,
            asked.address(),
            path=reverse("complaints:list"),
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )
        return answer


def _side(asked, counts, is_office):
    """Return the saved views as links; only what is cheap to count has a number."""
    return [
        {
            "label": view.label,
            "url": asked.address(view=view.key, sort=None, **{name: None for name, *_rest in asked.form.active}),
            "current": view.key == asked.view.key,
            "count": counts.get(view.key),
        }
        for view in listing.VIEWS.values()
        if is_office or view.key != "decide"
    ]


@require_POST
@role_required(*OFFICE)
def export(request):
    """Hand out the list that the address asks for as a file, with the reason on record."""
    now, community = clock.now(), request.community
    form = ExportForm(request.POST, here=community)
    asked = listing.read(request.GET, user=request.user, community=community, now=now)
    keys = exporting.keys_of(asked) if form.is_valid() else []
    if len(keys) > exporting.MOST_ROWS:
        form.add_error(
            None,
            _("These are more than %(most)s cases. Narrow the list, for example by the days of receipt.")
            % {"most": f"{exporting.MOST_ROWS:,}"},
        )
    if not form.is_valid():
        return _page(request, now, export_form=form, status=422)
    reason, kind = form.cleaned_data["reason"], form.cleaned_data["format"]
    actions.log_export(
        community, by=request.user, now=now, reason=reason, count=len(keys), wanted=asked.address(), form=kind
    )
    name = f"{community.code}-{community.local(now):%Y%m%d-%H%M}-{request.user.username}.{kind}"
    header, rows = exporting.header(), exporting.rows(keys, community, now)
    if kind == ExportForm.CSV:
        lines = spreadsheets.csv_lines(header, rows)
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(lines, content_type=spreadsheets.CSV_TYPE, headers=disposition)
    about = exporting.about(request.user, community, now, reason, asked, len(keys))
    file = spreadsheets.xlsx_file(header, rows, title=community.code, about=about)
    return FileResponse(file, as_attachment=True, filename=name, content_type=spreadsheets.XLSX_TYPE)
