"""One queue for everything that waits for a second person (S3 暂行5A): facts on the left, the decision on the right."""

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from complaints import reports
from residents.models import ReleaseSlip
from servicedesk.core import clock
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required


@require_GET
@role_required(Role.SUPERVISOR, Role.DEPUTY_GM)
def approvals(request):
    """Slips for goods first, whose people stand at the counter; then proposals, reports on urgent complaints and
    voidings, the longest waiting first."""
    now, community = clock.now(), request.community
    items = reports.to_decide(request.user, community)
    waiting = ReleaseSlip.objects.filter(community=community).waiting(community.local(now).date())
    slips = list(waiting.with_places().select_related("consent_recorded_by").prefetch_related("items").order_by("pk"))
    context = {"items": items, "slips": slips, "waiting": len(items) + len(slips), "now": now}
    with timezone.override(request.community.tz):
        return render(request, "desk/approvals.html", context)
