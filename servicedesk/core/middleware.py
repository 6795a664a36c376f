"""What every request goes through: the idle lock, refusals as sentences, no cached pages of signed-in people."""

import time

from allauth.mfa.utils import is_mfa_enabled
from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render

from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import memberships_of

MONEY_ROLES = {Role.CASHIER, Role.ADMIN}
SECOND_FACTOR_ROLES = {Role.CASHIER, Role.ADMIN, Role.DEPUTY_GM}
# Pages that an idle session may still reach: to unlock, to leave, to hear that it is locked.
UNLOCKED_NAMES = {"core:unlock", "account_logout", "account_login", "core:healthz"}
# A page that refreshes itself is no sign of a person at the desk.
BACKGROUND_HEADER = "X-Background"


def desk(get_response):
    """Return the desk's own middleware."""
    return Desk(get_response)


class Desk:
    sync_capable = True
    async_capable = False

    def __init__(self, get_response):
        assert not iscoroutinefunction(get_response)
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.user.is_authenticated and "Cache-Control" not in response:
            response["Cache-Control"] = "no-store"
        return response

    def process_view(self, request, view, args, kwargs):
        if not request.user.is_authenticated or request.resolver_match.view_name in UNLOCKED_NAMES:
            return None
        now = int(time.time())
        last = request.session.get("seen", now)
        if request.session.get("locked") or now - last > idle_seconds(request.user):
            request.session["locked"] = True
            return locked(request)
        if (now - last > 30 and BACKGROUND_HEADER not in request.headers) or "seen" not in request.session:
            request.session["seen"] = now
        if needs_second_factor(request):
            return redirect("mfa_activate_totp")
        return None

    def process_exception(self, request, error):
        if not isinstance(error, Refused):
            return None
        return render(request, "409.html", {"sentence": str(error)}, status=error.status_code)


def idle_seconds(user):
    """Return after how many idle seconds the session of `user` asks for the password again."""
    money = any(m.role in MONEY_ROLES for m in memberships_of(user))
    return 60 * (settings.IDLE_MINUTES_MONEY if money else settings.IDLE_MINUTES)


def needs_second_factor(request):
    """Return whether this person must set up a second factor before anything else (never in the embedded mode)."""
    return (
        settings.SECOND_FACTOR
        and not request.resolver_match.view_name.startswith(("mfa_", "account_"))
        and any(m.role in SECOND_FACTOR_ROLES for m in memberships_of(request.user))
        and not is_mfa_enabled(request.user)
    )


def locked(request):
    """Return the answer to a request of a session that has been idle: a password box that keeps what was sent."""
    if request.htmx:
        return HttpResponse(status=401, headers={"HX-Trigger": "locked"})
    sent = [(name, value) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken" for value in values]
    context = {"sent": sent, "target": request.get_full_path(), "was_post": request.method == "POST"}
    return render(request, "core/locked.html", context, status=401)
