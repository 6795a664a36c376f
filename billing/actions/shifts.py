"""The verbs of a cash shift (班次): opened with the change in the drawer, closed with the cash that was counted."""

from django.db import transaction
from django.utils.translation import gettext as _

from billing.actions.rights import DECIDERS
from billing.actions.settling import cash_in
from billing.models import Shift
from billing.numbering import SHIFTS
from servicedesk.core import events, moves
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import has_role, roles_in


def demand_cashier(community_id, *, by):
    """Raise NotAllowed unless `by` takes the money of the community. No query where their roles are known."""
    if Role.CASHIER not in roles_in(by, community_id):
        raise NotAllowed(_("Only a cashier takes money and keeps a drawer. Ask one of them to do it."))


@transaction.atomic
def open_shift(community, *, opening_float, by, now):
    """Open the drawer of a cashier with `opening_float` yuan of change in it, and return the Shift.

    Raises NotAllowed for who is no cashier, and Refused while one of theirs is open (one drawer, one answer).
    """
    demand_cashier(community.pk, by=by)
    if there := Shift.objects.open().filter(community=community, cashier=by).first():
        raise Refused(_("Your shift %(number)s is open already. Close it before you open another.") % vars(there))
    # The number waits for nobody but another opening, and the index refuses the second of one cashier.
    shift = Shift(community=community, cashier=by, opened_at=now, opening_float=opening_float)
    shift.number = SHIFTS.next(community, now)
    if Shift.objects.open().filter(community=community, cashier=by).exists():
        raise Refused(_("Your shift was opened a moment ago, by another page or a second click. Go on with it."))
    shift.save(force_insert=True)
    events.log(shift, "shift_opened", by=by, now=now, data={"opening_float": str(opening_float)})
    return shift


@transaction.atomic
def close_shift(shift, *, counted_cash, reason, by, now):
    """Close a shift (交班) with the cash that was counted, in yuan, and return it.

    Its cashier does so; where they cannot any more, a supervisor does, and says why: else the drawer of who has gone
    would keep every month open. Raises NotAllowed for anybody else, and Refused where it is closed already, or where
    the cash differs from the book or is another's and no `reason` says why (section 18).
    """
    community = shift.community
    is_own = shift.cashier_id == by.pk
    if not is_own and not has_role(by, community.pk, *DECIDERS):
        raise NotAllowed(_("Whoever opened a shift counts its drawer and closes it, or a supervisor in their place."))
    if not is_own and not reason:
        raise Refused(_("This is the drawer of another person. Write why you count and close it in their place."))
    shift = Shift.objects.select_for_update(of=("self",), no_key=True).get(pk=shift.pk)
    shift.community = community
    if not shift.is_open:
        raise Refused(_("This shift is closed already. Reload the page to see how."))
    expected = cash_in(shift)
    if counted_cash != expected and not reason:
        raise Refused(
            _("By the book there are %(expected)s yuan in the drawer, you counted %(counted)s. Write why they differ.")
            % {"expected": expected, "counted": counted_cash}
        )
    facts = {"expected_cash": expected, "counted_cash": counted_cash}
    # A reason for no difference would read as one.
    reason = reason if counted_cash != expected or not is_own else ""
    moves.write(shift, closed_at=now, reason=reason, **facts)
    data = {name: str(amount) for name, amount in facts.items()} | {"cashier": shift.cashier_id}
    events.log(shift, "shift_closed", by=by, now=now, data=data)
    return shift
