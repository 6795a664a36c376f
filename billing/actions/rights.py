"""Who may do what with fees (the table of roles in docs/roles.md): asked by the actions, whatever the door was."""

from django.utils.translation import gettext as _

from servicedesk.core.errors import NotAllowed
from servicedesk.core.models import Role
from servicedesk.core.roles import has_role

SETTERS = (Role.FINANCE, Role.ADMIN)
ASKERS = (Role.CASHIER, Role.FINANCE, Role.CLERK)
DECIDERS = (Role.SUPERVISOR, Role.DEPUTY_GM)
# Who sees what was taken and given back, and who sees what is charged by which tariff.
MONEY = (Role.CASHIER, Role.FINANCE, *DECIDERS)
READERS = (*SETTERS, *DECIDERS)


def demand_setter(community_id, *, by):
    """Raise NotAllowed unless `by` may set fees, tariffs, enrolments and shared costs. No query of its own."""
    if not has_role(by, community_id, *SETTERS):
        raise NotAllowed(_("Finance or the administrator sets fees and tariffs. Ask one of them."))
