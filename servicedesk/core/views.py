import datetime

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from servicedesk.core import accounts, actions, clock, duty, notifications, reports
from servicedesk.core.errors import Refused
from servicedesk.core.forms import CommunityChoice, ProfileForm, ShiftForm, UnlockForm
from servicedesk.core.models import DutyShift, Notification, Role
from servicedesk.core.roles import any_staff, communities_with, memberships_of, public, role_required, roles_in

# Where each role starts its day, in the order in which the roles decide.
LANDING = [
    (Role.CLERK, "desk:intake"),
    (Role.SUPERVISOR, "desk:board"),
    (Role.DEPUTY_GM, "desk:board"),
    (Role.HEAD, "complaints:jobs"),
    (Role.WORKER, "complaints:jobs"),
    (Role.FINANCE, "billing:figures"),
    (Role.ADMIN, "complaints:settings"),
    (Role.CASHIER, "billing:cashier"),
]


def back_to(request, fallback):
    """Return the `next` address of a request if it is ours, else `fallback`."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else fallback


@require_GET
@any_staff
def home(request):
    """Send a person to the page where their work is; who has no role yet is told whom to ask."""
    held = {m.role for m in memberships_of(request.user)}
    target = next((name for role, name in LANDING if role in held), None)
    return redirect(target) if target else render(request, "core/no_work.html")


@require_GET
@public("the address itself; residents are sent to the request form, staff to their work")
def root(request):
    return redirect("core:home" if request.user.is_authenticated else "complaints:public")


@require_POST
@any_staff
def switch(request):
    """Work in another community from now on."""
    form = CommunityChoice(request.POST, communities=communities_with(request.user))
    if not form.is_valid():
        raise Http404
    request.session["community"] = form.cleaned_data["community"].pk
    return redirect(back_to(request, reverse("core:home")))


@require_POST
@any_staff
def theme(request):
    """Change light and dark from the menu of any page."""
    form = ProfileForm({"theme": request.POST.get("theme"), "letter_keys": request.user.letter_keys})
    if form.is_valid():
        actions.set_profile(request.user, **form.cleaned_data)
    return redirect(back_to(request, reverse("core:home")))


@require_http_methods(["GET", "POST"])
@any_staff
def profile(request):
    """What a person sets for themselves: appearance and shortcuts."""
    initial = {"theme": request.user.theme, "letter_keys": request.user.letter_keys}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.set_profile(request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("core:profile")
    context = {"form": form, "memberships": memberships_of(request.user)}
    return render(request, "core/profile.html", context, status=422 if form.errors else 200)


@require_GET
@public("an open page's question whether its session is alive; sending it to sign in would be no answer")
def alive(request):
    """Say yes (204), with the token that a form needs now, or no (401). A locked session hears no from the lock."""
    if not request.user.is_authenticated:
        return HttpResponse(status=401, headers={"HX-Trigger": "ended", "Cache-Control": "no-store"})
    return HttpResponse(status=204, headers={"X-CSRFToken": get_token(request), "Cache-Control": "no-store"})


@require_POST
@any_staff
def lock(request):
    """Lock this session: the page stays, the next step asks for the password."""
    request.session["locked"] = True
    return HttpResponse(status=204)


@require_POST
@any_staff
def unlock(request):
    """Open a locked session with the password; what was sent while it was locked is offered to be sent again."""
    form = UnlockForm(request.POST)
    target = back_to(request, reverse("core:home"))
    # Fields that were waiting come back under a prefix, so that none can stand in for the password.
    sent = [
        (name.removeprefix("sent."), value)
        for name, values in request.POST.lists()
        if name.startswith("sent.")
        for value in values
    ]
    if not form.is_valid() or not accounts.unlock(request, form.cleaned_data["password"]):
        sentence = _("That is not your password. Nothing is lost; try again.")
        context = {"sent": sent, "target": target, "was_post": bool(sent), "sentence": sentence}
        return render(request, "core/locked.html", context, status=422)
    if sent:
        return render(request, "core/unlocked.html", {"sent": sent, "target": target})
    return redirect(target)


@require_GET
@any_staff
def inbox(request):
    """What this person has been told, newest first."""
    now = clock.now()
    rows = list(Notification.objects.inbox_of(request.user, now).select_related("community")[:100])
    entries = [{"row": row, "title": notifications.title_of(row)} for row in rows]
    return render(request, "core/inbox.html", {"entries": entries, "now": now})


@require_POST
@any_staff
def read_inbox(request):
    """Mark everything as read."""
    notifications.mark_read(request.user, now=clock.now())
    return redirect("core:inbox")


@require_POST
@any_staff
def open_message(request, pk):
    """Mark a message as read, and with it the others that lead to the same page: the person is on the way there."""
    now = clock.now()
    mine = Notification.objects.inbox_of(request.user, now)
    message = get_object_or_404(mine, pk=pk)
    same = mine.filter(data__path=message.data.get("path", "")).values_list("pk", flat=True)
    notifications.mark_read(request.user, now=now, ids=[pk, *same])
    return HttpResponse(status=204)


@require_http_methods(["GET", "POST"])
@role_required(Role.SUPERVISOR, Role.ADMIN)
def roster(request):
    """The duty managers of the coming days; adding one."""
    now = clock.now()
    managers = duty.holders(request.community, Role.SUPERVISOR) + duty.holders(request.community, Role.DEPUTY_GM)
    form = ShiftForm(request.POST or None, managers=managers)
    with timezone.override(request.community.tz):
        if request.method == "POST" and form.is_valid():
            try:
                actions.roster(request.community, by=request.user, now=now, **form.cleaned_data)
            except Refused as refused:
                form.add_error("starts_at", str(refused))
            else:
                messages.success(request, _("The shift is on the roster."))
                return redirect("core:roster")
        shifts = (
            DutyShift.objects.filter(community=request.community, period__endswith__gt=now - datetime.timedelta(days=7))
            .select_related("user", "substitute_for")
            .order_by("period")
        )
        context = {"form": form, "shifts": shifts, "now": now, "gaps": duty.gaps(request.community, now)}
        return render(request, "core/roster.html", context, status=422 if form.errors else 200)


@require_POST
@role_required(Role.SUPERVISOR, Role.ADMIN)
def end_shift(request, pk):
    """End a shift, or take a coming one off the roster."""
    shift = get_object_or_404(DutyShift, pk=pk, community=request.community)
    now = clock.now()
    was = {"name": shift.user, "from": f"{request.community.local(shift.period.lower):%m-%d %H:%M}"}
    has_begun = shift.period.lower < now
    actions.end_shift(shift, by=request.user, now=now)
    done = (
        _("%(name)s is no longer on duty from now on.")
        if has_begun
        else _("%(name)s's shift from %(from)s is off the roster.")
    )
    messages.success(request, done % was)
    return redirect("core:roster")


@require_GET
@role_required(Role.SUPERVISOR, Role.DEPUTY_GM, Role.ADMIN)
def history(request):
    """Verify the community's chain of events and its numbers now and say where either first breaks."""
    found, gap, sealed, late = reports.history(request.community, clock.now())
    sees_cases = bool(roles_in(request.user, request.community.pk) & {Role.SUPERVISOR, Role.DEPUTY_GM})
    context = {"break": found, "gap": gap, "sealed": sealed, "late": late, "sees_cases": sees_cases}
    return render(request, "core/history.html", context)


@require_GET
@public("the service worker's and load balancer's question whether the desk is alive; says no more than that")
def healthz(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    waiting = reports.health(clock.now())
    behind = waiting.unsealed > 0 or waiting.unsent > 0
    return JsonResponse({"ok": True, "sweeps": "behind" if behind else "in time"})


@require_GET
@any_staff
def styleguide(request):
    """Every component on one page, for people who build pages and for the checks that scan them."""
    return render(request, "styleguide.html", {"now": clock.now()})


@require_POST
@public("an accessibility choice of anybody who reads a public page")
def elder(request):
    """Switch the large-print pages on or off, by a cookie."""
    response = redirect(back_to(request, reverse("complaints:public")))
    value = "on" if request.POST.get("elder") == "on" else "off"
    response.set_cookie(
        "elder", value, max_age=365 * 86400, samesite="Lax", httponly=True, secure=not settings.PLAIN_HTTP
    )
    return response


@require_http_methods(["GET", "POST"])
@any_staff
def admin_login(request):
    """Stand in the place of the admin's own sign-in, which knows neither the second factor nor the limit of tries.

    Whoever comes here has signed in at the desk's door: on to the page they wanted, 403 for who has no admin."""
    if not request.user.is_staff:
        raise PermissionDenied
    return redirect(back_to(request, reverse("admin:index")))
