"""What every staff page shows around its content."""

from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from servicedesk.core import clock, kept
from servicedesk.core.duty import duty_manager
from servicedesk.core.middleware import idle_seconds
from servicedesk.core.models import Notification, Role
from servicedesk.core.roles import communities_with, memberships_of

OFFICE = {Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM}
SEES_CASES = OFFICE | {Role.HEAD, Role.WORKER}
# In the order of the menu: key, label, address, who finds it useful. The doors themselves decide who comes in.
MENU = [
    ("desk", _("New request"), "desk:intake", {Role.CLERK, Role.SUPERVISOR}),
    ("mine", _("My answers"), "complaints:mine", {Role.CLERK, Role.SUPERVISOR}),
    ("cases", _("Cases"), "complaints:list", SEES_CASES),
    ("callbacks", _("Return visits"), "complaints:callbacks", OFFICE),
    ("board", _("Board"), "desk:board", OFFICE),
    ("approvals", _("Approvals"), "desk:approvals", {Role.SUPERVISOR, Role.DEPUTY_GM}),
    ("calls", _("Calls"), "complaints:calls", {Role.CLERK, Role.SUPERVISOR}),
    ("units", _("Homes"), "desk:units", OFFICE),
    ("mail", _("Letters"), "complaints:mail", OFFICE),
    ("reports", _("Reports"), "complaints:reports", {Role.SUPERVISOR, Role.DEPUTY_GM}),
    ("jobs", _("Jobs"), "complaints:jobs", {Role.HEAD, Role.WORKER}),
    ("incidents", _("Known events"), "complaints:incidents", SEES_CASES),
    ("phrases", _("Polite desk"), "complaints:phrases", OFFICE),
    ("people", _("People's data"), "complaints:people", {Role.SUPERVISOR, Role.DEPUTY_GM}),
    ("warranty", _("Warranty"), "complaints:warranty", SEES_CASES),
    ("problems", _("Product problems"), "complaints:problems", OFFICE),
    ("surveys", _("Surveys"), "complaints:surveys", {Role.SUPERVISOR, Role.DEPUTY_GM}),
    ("roster", _("Roster"), "core:roster", {Role.SUPERVISOR, Role.ADMIN}),
    ("settings", _("Settings"), "complaints:settings", {Role.ADMIN}),
    ("retention", _("Retention periods"), "complaints:retention", {Role.ADMIN}),
    ("history", _("History check"), "core:history", {Role.SUPERVISOR, Role.DEPUTY_GM, Role.ADMIN}),
]


# So many entries fit on one line in either language; behind them come what is needed less often and “More”.
MOST_IN_LINE = 9


def desk(request):
    """Return navigation, community, duty manager and inbox count; nothing of it is queried unless a page shows it."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    community = getattr(request, "community", None)
    held = {m.role for m in memberships_of(user)}
    here = request.resolver_match.view_name if request.resolver_match else ""
    return {
        "community": community,
        "communities": communities_with(user),
        **_menu(held, here),
        "theme": user.theme,
        "letter_keys": user.letter_keys,
        "idle_seconds": idle_seconds(user),
        "unlock_url": reverse("core:unlock"),
        "lock_url": reverse("core:lock"),
        "duty_manager": SimpleLazyObject(lambda: _on_duty(community) if community else ""),
        "unread": SimpleLazyObject(lambda: Notification.objects.inbox_of(user, clock.now()).unread().count()),
    }


def _on_duty(community):
    """Return the name of the duty manager, half a minute old at the most, or "". One query, none while it is kept."""
    return kept.for_a_while(
        "on-duty", community.pk, seconds=30, make=lambda: str(duty_manager(community, clock.now()) or "")
    )


def _menu(held, here):
    """Return the entries for who holds these roles: all of them, those on the line, and those behind “More”."""
    items = [
        {"key": key, "label": label, "url": reverse(name), "current": name == here}
        for key, label, name, roles in MENU
        if held & roles
    ]
    line = items if len(items) <= MOST_IN_LINE + 1 else items[:MOST_IN_LINE]
    return {"nav": items, "nav_line": line, "nav_more": items[len(line) :]}
