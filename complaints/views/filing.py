"""The whole file of a case on one page and on paper."""

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from complaints import actions, filing
from complaints.permissions import may
from complaints.views.case import STAFF, door_to, find
from servicedesk.core import clock
from servicedesk.core.roles import role_required


@require_GET
@role_required(*STAFF)
def case_file(request, number):
    """Everything about one case."""
    return _file(request, find(request, number), clock.now())


def _file(request, case, now, *, is_printed=False):
    context = {
        "case": case,
        "file": filing.file_of(case),
        "now": now,
        "is_printed": is_printed,
        "prints": may(request.user, "print_file", case),
    }
    with timezone.override(case.community.tz):
        return render(request, "complaints/file.html", context)


@door_to()
def print_file(request, case, facts, now):
    """The same as a paper, with who printed it and when on it and on record."""
    actions.print_file(case, by=request.user, now=now)
    return _file(request, case, now, is_printed=True)
