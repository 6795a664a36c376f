"""One queue for everything that waits for a second person (S3 暂行5A): facts on the left, the decision on the right."""

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from complaints import reports
from servicedesk.core import clock
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required


@require_GET
@role_required(Role.SUPERVISOR, Role.DEPUTY_GM)
def approvals(request):
    """Proposals, reports on urgent complaints and voidings, the longest waiting first."""
    context = {"items": reports.to_decide(request.user, request.community), "now": clock.now()}
    with timezone.override(request.community.tz):
        return render(request, "desk/approvals.html", context)
