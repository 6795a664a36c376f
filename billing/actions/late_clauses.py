"""Verbs of the contract's clauses on late charges (ruling 15): one is entered, ends when a new contract begins, or is
voided where it was entered by mistake. What was billed by one stays counted as it was (ruling 14)."""

import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext as _

from billing import ageing
from billing.actions.arrears import demand
from billing.models import Bill, LateClause
from servicedesk.core import events, moves
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role


@transaction.atomic
def end_clause(clause, *, last_on, by, now):
    """Let a clause hold for bills that fall due until `last_on`, that day included: a new contract says something else.

    Raises Refused for a day before its first or behind its end, for one that is void, and where a late charge was
    billed by it on a bill that fell due later. Three queries.
    """
    demand(clause.community_id, Role.FINANCE, by=by)
    _demand_in_force(clause)
    if last_on < clause.valid.lower:
        raise Refused(_("The clause begins after that day. Void it if it was entered by mistake."))
    if clause.last_on and last_on > clause.last_on:
        raise Refused(_("The clause ends before that day already. Enter a new one for what falls due later."))
    _demand_unbilled(clause, due_after=last_on)
    moves.write(clause, valid=DateRange(clause.valid.lower, last_on + datetime.timedelta(days=1)))
    events.log(clause, "clause_ended", by=by, now=now, data={"last_on": last_on.isoformat()})


@transaction.atomic
def void_clause(clause, *, reason, by, now):
    """Take back a clause that was entered by mistake, with the reason. Raises Refused where a late charge that stands
    was billed by it. Three queries."""
    demand(clause.community_id, Role.FINANCE, by=by)
    _demand_in_force(clause)
    _demand_unbilled(clause)
    moves.write(clause, voided_at=now, voided_by=by, void_reason=reason)
    events.log(clause, "clause_voided", by=by, now=now, note=reason)


def _demand_in_force(clause):
    if clause.is_void:
        raise Refused(_("This clause is void already. Reload the page."))


def _demand_unbilled(clause, *, due_after=None):
    """Raise Refused where a late charge that stands was billed by `clause`, on a bill due after a day where named."""
    late = Bill.objects.standing().filter(community=clause.community_id, about__isnull=False)
    late = late.filter(about__due_on__gt=due_after) if due_after else late
    clauses = list(LateClause.objects.in_force().filter(community=clause.community_id))
    for one in late.select_related("about").order_by("pk").iterator():
        if ageing.clause_for(one.about, clauses) == clause:
            raise Refused(
                _(
                    "Late charge %(late)s on bill %(bill)s, due on %(day)s, was billed by this clause, so it stays as"
                    " it is. Have that late charge voided first."
                )
                % {"late": one.number, "bill": one.about.number, "day": one.about.due_on.isoformat()}
            )
