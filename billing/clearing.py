"""What a move-out still lacks of money: bills to be paid and deposits to be given back (section 15). Reads only.

Neither keeps anybody from moving: a task that cannot be done is left out with a reason (ruling 15).
"""

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import Bill, Deposit
from residents import ring

MOST_NAMED = 6


def owed_by(handover):
    """Return the bills that who moves out still owes for the home: theirs, and nobody's of their time."""
    theirs = handover.occupancy.period if handover.occupancy_id else None
    nobodys = Q(debtor_kind=Bill.DebtorKind.UNKNOWN)
    if theirs is not None:
        nobodys &= Q(to_on__gte=theirs.lower, from_on__lte=handover.moves_on)
    rows = Bill.objects.owed().filter(Q(debtor=handover.party_id) | nobodys, unit=handover.unit_id)
    return rows.select_related("fee").oldest_first()


def _bills(handover):
    rows = list(owed_by(handover))
    if not rows:
        return ""
    names = [f"{bill.called} {bill.month:%Y-%m} {bill.balance}" for bill in rows[:MOST_NAMED]]
    more = len(rows) - MOST_NAMED
    if more > 0:
        names.append(_("%(n)s more") % {"n": more})
    total = sum(bill.balance for bill in rows)
    return _("Still to pay, %(total)s altogether: %(names)s.") % {"total": total, "names": ring.joined(names)}


def _deposit(handover):
    rows = Deposit.objects.held().filter(unit=handover.unit_id, payer=handover.party_id)
    names = [f"{one.number} {one.held}" for one in rows.order_by("pk")[:MOST_NAMED]]
    return _("Deposits that we still hold: %(names)s.") % {"names": ring.joined(names)} if names else ""


TASKS = [
    ring.Task("bills", ring.MOVE_OUT, gettext_lazy("Bills paid"), _bills),
    ring.Task("deposit", ring.MOVE_OUT, gettext_lazy("Deposits settled"), _deposit),
]


def register():
    """Add the tasks of money to the ring of a move-out."""
    for task in TASKS:
        ring.register(task)
