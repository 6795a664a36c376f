"""Two entries of one person in the register become one, with the cases that name them."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from complaints.models import Case, DataRequest
from complaints.permissions import demand_in
from residents import actions as register
from servicedesk.core.errors import Refused

# What points to an entry of the register from here and moves with it.
MOVED = [(Case, "reporter"), (DataRequest, "person")]


@transaction.atomic
def merge_people(keep, drop, *, reason, by, now):
    """Make the entry `drop` part of `keep`, with its cases and what was asked about its data.

    Raises Refused for two that are no duplicates (see `residents.actions.merge_people`) and while somebody waits for a
    decision about the data of either, NotAllowed for who may not.
    """
    demand_in(by, "merge_people", keep.community)
    if DataRequest.objects.open().filter(person__in=[keep, drop]).exists():
        raise Refused(_("A request about the data of one of them waits for a decision. Decide on it first."))
    register.merge_people(keep, drop, reason=reason, by=by, now=now)
    for model, column in MOVED:
        model.objects.filter(**{column: drop}).update(**{column: keep})
