"""The first responsible's own list: whom I still owe an answer, and the notes of today."""

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from complaints import owing
from servicedesk.core import clock
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required


@require_GET
@role_required(Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM)
def mine(request):
    """What this person owes residents, what comes first first."""
    now = clock.now()
    with timezone.override(request.community.tz):
        lines = owing.owed_by(request.user, request.community, now)
        context = {
            "now": now,
            "lines": lines,
            "silent": sum(line.note == "silent" for line in lines),
            "to_come": sum(line.note == "today" for line in lines),
            "missed": sum(line.follow_up_missed for line in lines),
        }
        return render(request, "complaints/mine.html", context)
