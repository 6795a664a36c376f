"""Verbs of keys that have to come back, and of the emergency use of those left in trust (section 13): asked for by the
desk, approved by a supervisor or by telephone, and the owner told of it."""

import logging

from django.db import transaction
from django.utils.translation import gettext as _

from residents.actions.keys import demand_desk, demand_right, owners_of, record, shift
from residents.models import KeyLoan, KeyMove
from servicedesk.core import events, moves
from servicedesk.core.duty import overseers
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Role
from servicedesk.core.notifications import notify
from servicedesk.core.roles import roles_in

logger = logging.getLogger(__name__)
Borrower, Status, Action = KeyLoan.Borrower, KeyLoan.Status, KeyMove.Action


@transaction.atomic
def lend_keys(
    key_set,
    *,
    copies,
    borrower,
    due_back_at,
    reason,
    by,
    now,
    person=None,
    staff=None,
    name="",
    phone="",
    for_number="",
    proof="",
    owner_called=False,
    owner_said="",
    signature=KeyMove.Signature.PAPER,
):
    """Lend copies until `due_back_at` and return the KeyLoan. Raises Refused where there are fewer in the cabinet,
    and where somebody else than the owner has shown nothing or the owner was not asked."""
    demand_desk(key_set.community_id, by=by)
    _demand_later(due_back_at, now)
    _demand_owner(key_set, borrower, person, now)
    demand_right(key_set, person, now=now, proof=proof, owner_called=owner_called, is_staff=borrower == Borrower.STAFF)
    loan = KeyLoan(
        community_id=key_set.community_id,
        key_set=key_set,
        copies=copies,
        status=Status.OUT,
        reason=reason,
        for_number=for_number,
        due_back_at=due_back_at,
        asked_by=by,
        asked_at=now,
        lent_at=now,
        lent_by=by,
        **_who(borrower, person, staff, name, phone),
    )
    shift(key_set, copies, "in_cabinet", "on_loan")
    loan.save(force_insert=True)
    called_at = now if owner_called else None
    facts = {"proof": proof, "owner_called_at": called_at, "owner_said": owner_said, "signature": signature}
    record(key_set, Action.LOAN, copies, by=by, now=now, loan=loan, reason=reason, **facts)
    return loan


@transaction.atomic
def ask_for_keys(
    key_set,
    *,
    copies,
    borrower,
    due_back_at,
    reason,
    by,
    now,
    person=None,
    staff=None,
    name="",
    phone="",
    for_number="",
):
    """Ask for the emergency use of keys left in trust, and return the KeyLoan that waits for approval; the supervisors
    and the duty manager are told. Raises Refused for other keys: those are simply lent."""
    demand_desk(key_set.community_id, by=by)
    if not key_set.is_deposited:
        raise Refused(_("Only keys left with us in trust need an approval. Lend these the ordinary way."))
    _demand_later(due_back_at, now)
    _demand_owner(key_set, borrower, person, now)
    _demand_there(key_set, copies)
    loan = KeyLoan(
        community_id=key_set.community_id,
        key_set=key_set,
        copies=copies,
        status=Status.REQUESTED,
        is_emergency=True,
        reason=reason,
        for_number=for_number,
        due_back_at=due_back_at,
        asked_by=by,
        asked_at=now,
        **_who(borrower, person, staff, name, phone),
    )
    loan.save(force_insert=True)
    events.log(loan, "key_asked", by=by, now=now, data={"tag": key_set.tag, "copies": copies})
    deciding = [one for one in overseers(key_set.community, now) if one != by]
    notify(deciding, "key_asked", about=loan, key=f"key_asked:{loan.pk}", now=now, data=_told(loan))
    return loan


@transaction.atomic
def approve_keys(loan, *, by, now, note=""):
    """Approve an emergency use; a supervisor does, and never the one who asked."""
    if Role.SUPERVISOR not in roles_in(by, loan.community_id):
        raise NotAllowed(_("A supervisor decides about an emergency use of keys."))
    if loan.asked_by_id == by.pk:
        raise NotAllowed(_("Whoever asked for the keys cannot approve it. Ask another supervisor or call the manager."))
    facts = {"approved_by": by, "decided_at": now, "decision_note": note}
    moves.move(loan, Status.APPROVED, by=by, now=now, verb="key_approved", **facts)
    data = _told(loan)
    notify([loan.asked_by], "key_approved", about=loan, key=f"key_approved:{loan.pk}", now=now, data=data)


@transaction.atomic
def approve_keys_by_phone(loan, *, approved_by, by, now, note=""):
    """Record that `approved_by` has approved an emergency use by telephone; they are told that it says so.

    Raises NotAllowed unless they are a supervisor or the duty manager now, and neither the one who asked nor who
    records it.
    """
    demand_desk(loan.community_id, by=by)
    deciding = overseers(loan.community, now)
    if approved_by not in deciding:
        raise NotAllowed(_("A supervisor or the duty manager decides about an emergency use of keys. Choose who did."))
    if approved_by.pk == loan.asked_by_id:
        raise NotAllowed(_("Whoever asked for the keys cannot approve it. Ask another supervisor or call the manager."))
    if approved_by == by:
        raise NotAllowed(_("Nobody calls themselves. Approve it with the button for it, or choose whom you called."))
    facts = {"approved_by": approved_by, "approval_noted_by": by, "decided_at": now, "decision_note": note}
    moves.move(loan, Status.APPROVED, by=by, now=now, verb="key_approved_by_phone", **facts)
    # Who could have been asked reads what was said in their place.
    told = [one for one in deciding if one != by]
    data = _told(loan) | {"name": str(approved_by)}
    notify(told, "key_approved_by_phone", about=loan, key=f"key_approved:{loan.pk}", now=now, data=data)


@transaction.atomic
def decline_keys(loan, *, by, now, note):
    """Decline an emergency use, or give it up before the keys went: a supervisor does, or who asked for it."""
    if by.pk != loan.asked_by_id and Role.SUPERVISOR not in roles_in(by, loan.community_id):
        raise NotAllowed(_("A supervisor decides about an emergency use of keys."))
    facts = {"decided_at": now, "decision_note": note}
    moves.move(loan, Status.DECLINED, by=by, now=now, verb="key_declined", **facts)


@transaction.atomic
def hand_over_keys(loan, *, by, now, due_back_at=None, proof="", signature=KeyMove.Signature.PAPER):
    """Hand over the keys of an approved emergency use. From now on the owner has to be told of it."""
    key_set, due_back_at = loan.key_set, due_back_at or loan.due_back_at
    demand_desk(loan.community_id, by=by)
    _demand_later(due_back_at, now)
    if loan.borrower in (Borrower.CONTRACTOR, Borrower.OTHER) and not proof:
        raise Refused(_("Ask to see an identity card or the owner's letter first: this is not the owner."))
    shift(key_set, loan.copies, "in_cabinet", "on_loan")
    lent = {"lent_at": now, "lent_by": by, "due_back_at": due_back_at}
    moves.move(loan, Status.OUT, by=by, now=now, verb="key_handed_over", **lent)
    facts = {"proof": proof, "signature": signature, "reason": loan.reason}
    record(key_set, Action.LOAN, loan.copies, by=by, now=now, loan=loan, **facts)


@transaction.atomic
def take_back_loan(loan, *, copies, by, now, reason=""):
    """Hang copies of a loan into the cabinet again; with the last one the loan is settled. Raises Refused for more
    than are out."""
    demand_desk(loan.community_id, by=by)
    shift(loan.key_set, copies, "on_loan", "in_cabinet")
    _settle(loan, "came_back", copies, by=by, now=now)
    record(loan.key_set, Action.RETURN, copies, by=by, now=now, loan=loan, reason=reason)


@transaction.atomic
def lose_lent_keys(loan, *, copies, reason, measure, by, now):
    """Record that copies of a loan are lost, and what is done about it."""
    demand_desk(loan.community_id, by=by)
    shift(loan.key_set, copies, "on_loan", "lost")
    _settle(loan, "lost", copies, by=by, now=now)
    record(loan.key_set, Action.LOST, copies, by=by, now=now, loan=loan, reason=reason, measure=measure)


@transaction.atomic
def extend_loan(loan, *, due_back_at, by, now):
    """Give a loan more time, before or after it ran out."""
    demand_desk(loan.community_id, by=by)
    if not loan.is_out:
        raise Refused(_("These keys are not out. Reload the page."))
    _demand_later(due_back_at, now)
    was = loan.due_back_at
    moves.write(loan, due_back_at=due_back_at, reminded_on=None)
    data = {"was": was.isoformat(), "until": due_back_at.isoformat(), "version": loan.version}
    events.log(loan, "key_extended", by=by, now=now, data=data)


@transaction.atomic
def tell_owner(loan, *, how, by, now):
    """Record that the owner was told of the emergency use of their keys, and how; until then it is open."""
    demand_desk(loan.community_id, by=by)
    if not loan.owes_telling:
        raise Refused(_("The owner was told already, or the keys have not been used. Reload the page."))
    moves.write(loan, resident_told_at=now, resident_told_how=how, told_by=by)
    events.log(loan, "key_owner_told", by=by, now=now, data={"how": str(how), "version": loan.version})


@transaction.atomic
def unmask_borrower(loan, *, reason, by, now):
    """Return the whole telephone number of whoever has the keys; who looked, when and why is logged (ruling 13)."""
    demand_desk(loan.community_id, by=by)
    events.log(loan, "unmasked", by=by, now=now, note=reason)
    return loan.number_to_call


def remind_keys(*, now):
    """Tell of every loan that is overdue, once a day each; return how many. The supervisors, the duty manager and who
    lent the keys are told. Each in its own transaction; one that raises is logged and passed over."""
    told = 0
    for pk in list(KeyLoan.objects.overdue(now).order_by("due_back_at").values_list("pk", flat=True)):
        try:
            told += _remind(pk, now)
        except Exception:
            logger.exception("the overdue key loan %s could not be told", pk)
    return told


@transaction.atomic
def _remind(pk, now):
    late = KeyLoan.objects.overdue(now).select_related("community", "key_set", "lent_by")
    loan = late.select_for_update(skip_locked=True, of=("self",), no_key=True).filter(pk=pk).first()
    today = loan.community.local(now).date() if loan else None
    if loan is None or loan.reminded_on == today:
        return False
    moves.write(loan, reminded_on=today)
    events.log(loan, "key_overdue", by=None, now=now, data={"day": today.isoformat(), "version": loan.version})
    people = [loan.lent_by, *overseers(loan.community, now)]
    notify(people, "key_overdue", about=loan, key=f"key_overdue:{loan.pk}:{today}", now=now, data=_told(loan))
    return True


def _settle(loan, counter, copies, *, by, now):
    """Count copies of a loan as back or lost, in the caller's transaction; the last ones settle it."""
    if not loan.is_out or copies > loan.left:
        left = loan.left if loan.is_out else 0
        raise Refused(_("Of these only %(left)s are still outside. Look at the number.") % {"left": left})
    counted = {counter: getattr(loan, counter) + copies}
    if copies == loan.left:
        moves.move(loan, Status.ENDED, by=by, now=now, verb="key_settled", ended_at=now, **counted)
    else:
        moves.write(loan, **counted)


def _who(borrower, person, staff, name, phone):
    """Return the columns of a borrower: the member of staff, the person of the register, or a name that was typed."""
    if borrower == Borrower.STAFF:
        return {"borrower": borrower, "staff": staff}
    known = person if borrower in (Borrower.OWNER, Borrower.RESIDENT) else None
    return {"borrower": borrower, "person": known, "name": "" if known else name, "phone": phone}


def _demand_owner(key_set, borrower, person, now):
    if borrower == Borrower.OWNER and (person is None or person.pk not in owners_of(key_set, now=now)):
        raise Refused(_("This person is not recorded as the owner of this room. Choose who they are."))


def _demand_later(due_back_at, now):
    if due_back_at <= now:
        raise Refused(_("Keys are due back at a time to come. Look at the time."))


def _demand_there(key_set, copies):
    if key_set.in_cabinet < copies:
        words = {"have": key_set.in_cabinet, "copies": copies}
        raise Refused(_("There are %(have)s copies in the cabinet and not %(copies)s. Look at the number.") % words)


def _told(loan):
    """Return what a message about a loan says: no name and no room, for it leaves the desk by mail and messenger."""
    return {"tag": loan.key_set.tag, "path": loan.get_absolute_url()}
