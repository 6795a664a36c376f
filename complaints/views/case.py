from django.shortcuts import get_object_or_404, render

from complaints.models import Case
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required

STAFF = (Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM, Role.HEAD, Role.WORKER)


@role_required(*STAFF)
def page(request, number):
    """One case with everything about it, and a button for each step this person may take now."""
    case = get_object_or_404(Case.objects.visible_to(request.user).with_people(), number=number)
    return render(request, "complaints/case.html", {"case": case})
