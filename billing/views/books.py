"""The check of the books (对账检查): when it last ran, what broke, and a look right now."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing import actions, invariants
from billing.models import BooksCheck
from servicedesk.core import clock
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required

# So many former looks stand on the page.
LAST = 14


@require_http_methods(["GET", "POST"])
@role_required(Role.FINANCE, Role.SUPERVISOR, Role.DEPUTY_GM, Role.ADMIN)
def check(request):
    """What the last look at the books found; a POST looks now."""
    if request.method == "POST":
        made = actions.check_books(request.community, by=request.user, now=clock.now())
        sentence = _("Looked just now: something is not right.") if made.found else _("Looked just now: all is right.")
        messages.add_message(request, messages.WARNING if made.found else messages.SUCCESS, sentence)
        return redirect("billing:check")
    looks = list(BooksCheck.objects.filter(community=request.community).select_related("by")[:LAST])
    broken = dict(looks[0].found) if looks else {}
    lines = [(one, broken.get(one.name, [])) for one in invariants.INVARIANTS]
    lines.sort(key=lambda line: not line[1])
    with timezone.override(request.community.tz):
        context = {"looks": looks, "lines": lines, "broken": len(broken), "now": clock.now()}
        return render(request, "billing/check.html", context)
