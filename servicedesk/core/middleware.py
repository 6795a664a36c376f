"""What every request goes through: its number in the log, the idle lock and the end of a session, refusals as
sentences, no cached pages of signed-in people."""

import secrets
import time

from allauth.mfa.utils import is_mfa_enabled
from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpResponse
from django.shortcuts import redirect, render

from servicedesk.core import ended, logs
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import memberships_of

MONEY_ROLES = {Role.CASHIER, Role.FINANCE, Role.ADMIN}
SECOND_FACTOR_ROLES = {Role.CASHIER, Role.FINANCE, Role.ADMIN, Role.DEPUTY_GM}
# Pages that an idle session may still reach: to unlock, to leave, to hear that it is locked.
UNLOCKED_NAMES = {"core:unlock", "account_logout", "account_login", "core:healthz"}
LEAVING_NAMES = {"account_logout", "admin:logout"}
# A page that refreshes itself is no sign of a person at the desk.
BACKGROUND_HEADER = "X-Background"


def numbered(get_response):
    """Return the middleware that numbers requests: one number in the answer's header and in each line of the log."""

    def answer(request):
        number = secrets.token_hex(8)
        of_request, of_user = logs.request_id.set(number), logs.user_id.set(None)
        try:
            response = get_response(request)
        finally:
            logs.request_id.reset(of_request)
            logs.user_id.reset(of_user)
        response["X-Request-ID"] = number
        return response

    return answer


class SignInRequired(LoginRequiredMiddleware):
    """Leads to sign in, as Django's own does, but swallows no words."""

    def handle_no_permission(self, request, view_func):
        return (
            ended.give_back(request) if request.method == "POST" else super().handle_no_permission(request, view_func)
        )


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
        if response.status_code == 405 and request.method == "GET":
            # Whoever opens the address of a form's answer once more, from the bar or a bookmark, gets a way on.
            allowed = response["Allow"]
            response = render(request, "405.html", status=405)
            response["Allow"] = allowed
        if request.user.is_authenticated:
            # Set in the answer to the sign-in itself, so that a session is never younger than it says.
            if "since" not in request.session:
                request.session["since"] = int(time.time())
            if "Cache-Control" not in response:
                response["Cache-Control"] = "no-store"
        elif has_left(request):
            # Pages and typed words that the browser keeps; it is somebody else's turn at this screen.
            response["Clear-Site-Data"] = '"cache", "storage"'
        return response

    def process_view(self, request, view, args, kwargs):
        if not request.user.is_authenticated:
            return None
        logs.user_id.set(request.user.pk)
        if request.resolver_match.view_name in UNLOCKED_NAMES:
            return None
        now = int(time.time())
        since = request.session.get("since", now)
        if now - since >= settings.SESSION_COOKIE_AGE:
            logout(request)
            # A public page is for anybody, so it opens; the others ask who it is now.
            return SignInRequired(self.get_response).process_view(request, view, args, kwargs)
        last = request.session.get("seen", since)
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


def has_left(request):
    """Return whether this request ended a session: by signing out."""
    match = request.resolver_match
    return request.method == "POST" and match is not None and match.view_name in LEAVING_NAMES


def idle_seconds(user):
    """Return after how many idle seconds the session of `user` asks for the password again."""
    money = any(m.role in MONEY_ROLES for m in memberships_of(user))
    return 60 * (settings.IDLE_MINUTES_MONEY if money else settings.IDLE_MINUTES)


def needs_second_factor(request):
    """Return whether this person must set up a second factor before anything else (never in the embedded mode)."""
    return (
        settings.SECOND_FACTOR
        and not request.resolver_match.view_name.startswith(("mfa_", "account_"))
        and (request.user.is_staff or any(m.role in SECOND_FACTOR_ROLES for m in memberships_of(request.user)))
        and not is_mfa_enabled(request.user)
    )


def locked(request):
    """Return the answer to a request of a session that has been idle: a password box that keeps what was sent."""
    if request.htmx:
        return HttpResponse(status=401, headers={"HX-Trigger": "locked"})
    sent = [(name, value) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken" for value in values]
    context = {"sent": sent, "target": request.get_full_path(), "was_post": request.method == "POST"}
    return render(request, "core/locked.html", context, status=401)
