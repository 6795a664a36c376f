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
DESK = {Role.CLERK, Role.SUPERVISOR}
ENGINEERS = {(Role.HEAD, "engineering"), (Role.WORKER, "engineering")}
GUARDS = {(Role.HEAD, "security"), (Role.WORKER, "security")}
SETS_FEES = {Role.FINANCE, Role.ADMIN}
ASKS_DISCOUNTS = {Role.CASHIER, Role.FINANCE, Role.CLERK}
MONEY = {Role.CASHIER, Role.FINANCE, Role.SUPERVISOR, Role.DEPUTY_GM}
SEES_CASES = OFFICE | {Role.HEAD, Role.WORKER}
GROUPS = {
    "cases": _("Cases and answers"),
    "homes": _("Homes and residents"),
    "money": _("Fees and money"),
    "quality": _("Reports and quality"),
    "settings": _("Settings and records"),
}
# In the order of the menu: group, key, label, address, who finds it useful: a role, or one of one department. The doors
# themselves decide who comes in.
MENU = [
    ("cases", "desk", _("New request"), "desk:intake", DESK),
    ("cases", "mine", _("My answers"), "complaints:mine", DESK),
    ("cases", "cases", _("Cases"), "complaints:list", SEES_CASES),
    ("cases", "callbacks", _("Return visits"), "complaints:callbacks", OFFICE),
    ("cases", "board", _("Board"), "desk:board", OFFICE),
    ("cases", "approvals", _("Approvals"), "desk:approvals", {Role.SUPERVISOR, Role.DEPUTY_GM}),
    ("cases", "calls", _("Calls"), "complaints:calls", DESK),
    ("homes", "units", _("Homes"), "desk:units", OFFICE),
    ("homes", "residents", _("Residents"), "residents:people", OFFICE | {Role.CASHIER}),
    ("cases", "jobs", _("Jobs"), "complaints:jobs", {Role.HEAD, Role.WORKER}),
    ("homes", "route", _("Meter reading"), "residents:route", ENGINEERS),
    ("homes", "gate", _("Gate"), "residents:gate", GUARDS),
    ("homes", "gate_cards", _("Check a card"), "residents:gate_cards", GUARDS),
    ("homes", "visit_round", _("Visits to make"), "residents:visit_round", {Role.HEAD, Role.WORKER}),
    ("homes", "needs", _("Asked for on visits"), "desk:needs", {Role.HEAD, Role.WORKER}),
    ("cases", "mail", _("Letters"), "complaints:mail", OFFICE),
    ("cases", "incidents", _("Known events"), "complaints:incidents", SEES_CASES),
    ("cases", "warranty", _("Warranty"), "complaints:warranty", SEES_CASES),
    ("homes", "moveins", _("Move-in and move-out"), "desk:moveins", OFFICE | ENGINEERS),
    ("homes", "keys", _("Keys"), "residents:keys", OFFICE),
    ("homes", "cards", _("Cards and passes"), "residents:cards", OFFICE),
    ("homes", "meters", _("Meters"), "residents:meters", OFFICE | {(Role.HEAD, "engineering")}),
    ("homes", "moves", _("Moves and goods release"), "residents:moves", OFFICE),
    ("homes", "visits", _("Home visits"), "residents:visits", OFFICE),
    ("homes", "signs", _("Directory boards"), "residents:boards", OFFICE),
    ("money", "cashier", _("Cashier"), "billing:cashier", {Role.CASHIER}),
    ("money", "bills", _("Bills"), "billing:bills", OFFICE | {Role.FINANCE, Role.CASHIER}),
    ("money", "receipts", _("Receipts"), "billing:receipts", {Role.CASHIER, Role.FINANCE}),
    ("money", "shifts", _("Cash shifts"), "billing:shifts", MONEY),
    ("money", "statements", _("Statements"), "billing:statements", {Role.CASHIER, Role.FINANCE}),
    ("money", "runs", _("Billing runs"), "billing:runs", {Role.FINANCE}),
    ("money", "arrears", _("Arrears"), "billing:arrears", {Role.FINANCE, Role.CLERK, Role.CASHIER}),
    ("money", "figures", _("Figures of fees"), "billing:figures", {Role.FINANCE, Role.SUPERVISOR, Role.DEPUTY_GM}),
    ("money", "fees", _("Fees and tariffs"), "billing:fees", SETS_FEES | {Role.SUPERVISOR, Role.DEPUTY_GM}),
    ("money", "discounts", _("Discounts"), "billing:discounts", ASKS_DISCOUNTS | {Role.SUPERVISOR, Role.DEPUTY_GM}),
    ("money", "deposits", _("Deposits"), "billing:deposits", OFFICE | {Role.CASHIER, Role.FINANCE}),
    ("money", "requests", _("Requests about money"), "billing:requests", {Role.CASHIER, Role.FINANCE}),
    ("money", "check", _("Check of the books"), "billing:check", {Role.FINANCE, Role.DEPUTY_GM, Role.ADMIN}),
    ("money", "deposit_rules", _("Rules for deposits"), "billing:deposit_rules", {Role.ADMIN}),
    ("homes", "people", _("People's data"), "complaints:people", {Role.SUPERVISOR, Role.DEPUTY_GM}),
    ("quality", "reports", _("Reports"), "complaints:reports", {Role.SUPERVISOR, Role.DEPUTY_GM}),
    ("quality", "phrases", _("Polite desk"), "complaints:phrases", OFFICE),
    ("quality", "problems", _("Product problems"), "complaints:problems", OFFICE),
    ("quality", "surveys", _("Surveys"), "complaints:surveys", {Role.SUPERVISOR, Role.DEPUTY_GM}),
    ("settings", "roster", _("Roster"), "core:roster", {Role.SUPERVISOR, Role.ADMIN}),
    ("settings", "settings", _("Settings"), "complaints:settings", {Role.ADMIN}),
    ("settings", "imports", _("Import"), "residents:imports", {Role.SUPERVISOR, Role.ADMIN}),
    ("settings", "retention", _("Retention periods"), "complaints:retention", {Role.ADMIN}),
    ("settings", "history", _("History check"), "core:history", {Role.SUPERVISOR, Role.DEPUTY_GM, Role.ADMIN}),
]


# So many entries fit on one line in either language; behind them comes what is needed less often, by group.
MOST_IN_LINE = 9


def desk(request):
    """Return navigation, community, duty manager and inbox count; nothing of it is queried unless a page shows it."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    community = getattr(request, "community", None)
    held = {m.role for m in memberships_of(user)}
    held |= {(m.role, m.department.code) for m in memberships_of(user) if m.department_id}
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
    """Return the entries for who holds these roles: those on the line, those behind “More” and all of them, the two
    latter as (name, entries) of each group."""
    items = [
        {"group": group, "key": key, "label": label, "url": reverse(name), "current": name == here}
        for group, key, label, name, roles in MENU
        if held & roles
    ]
    line = items if len(items) <= MOST_IN_LINE + 1 else items[:MOST_IN_LINE]
    more = items[len(line) :]
    here = next((item["label"] for item in more if item["current"]), "")
    return {"nav": _grouped(items), "nav_line": line, "nav_more": _grouped(more), "nav_here": here}


def _grouped(items):
    groups = [(name, [item for item in items if item["group"] == group]) for group, name in GROUPS.items()]
    return [(name, entries) for name, entries in groups if entries]
