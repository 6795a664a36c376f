"""Return visits (回访, S11): the next resident to ask, what to say to them, and the queue beside it."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from complaints import actions, callbacks, reports
from complaints.forms.staff import VisitForm
from complaints.models import Case
from complaints.permissions import may
from complaints.views.case import door_to, find, record_visit
from servicedesk.core import clock
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required, roles_in

DESK = (Role.CLERK, Role.SUPERVISOR)
OFFICE = (*DESK, Role.DEPUTY_GM)


@require_GET
@role_required(*OFFICE)
def page(request):
    """The queue, with the visit that is due first."""
    queue = callbacks.queue_of(request.user, request.community, clock.now())
    case = find(request, queue.due[0].visit.case.number) if queue.due else None
    return show(request, case, queue=queue)


@require_GET
@role_required(*OFFICE)
def one(request, number):
    """The queue, with the visit of one case: out of turn, or one that waits for rain."""
    case = find(request, number)
    if may(request.user, "visit", case):
        return show(request, case)
    refusal = _("No return visit is due for %(number)s, or a colleague makes it: whoever did the work never asks.")
    return show(request, None, refusal=refusal % {"number": case.short_number}, status=409)


def show(request, case, *, queue=None, bound=None, step="", refusal="", others=(), status=200):
    """Render the page with the visit of `case`, and with a form that came back where there is one."""
    now, community = clock.now(), request.community
    form = bound or (VisitForm(case=case, user=request.user, now=now) if case else None)
    cases = Case.objects.visible_to(request.user).in_community(community)
    with timezone.override(community.tz):
        context = {
            "now": now,
            "case": case,
            "form": form,
            "refusal": refusal,
            "others": [(event, reports.sentence(event, community.tz)) for event in others],
            "is_desk": bool(roles_in(request.user, community.pk) & set(DESK)),
            "queue": queue or callbacks.queue_of(request.user, community, now),
            "lately": callbacks.lately(cases, now),
            **(callbacks.facts_of(case) if case else {}),
        }
        return render(request, "complaints/callbacks.html", context, status=status)


@door_to(VisitForm, page=show, home="complaints:callback", roles=OFFICE)
def save(request, case, facts, now):
    record_visit(request, case, facts, now)
    return redirect("complaints:callbacks")


@require_POST
@role_required(*DESK)
def rain(request):
    """It has rained: every visit that waited for it is due."""
    n = actions.note_rain(request.community, by=request.user, now=clock.now())
    said = ngettext("%(n)s visit that waited for rain is due now.", "%(n)s visits that waited for rain are due now.", n)
    messages.success(request, said % {"n": n} if n else _("No visit was waiting for rain."))
    return redirect("complaints:callbacks")
