"""Verbs of the key register. Every copy that moves is counted on its set by compare-and-set and gets its line in the
ledger, so that two people who take the last key at once cannot both have it."""

from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg.errors import UniqueViolation

from residents.models import KeyMove, KeySet, Occupancy
from servicedesk.core import events, moves
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Role
from servicedesk.core.roles import roles_in

TAKEN = gettext_lazy("Somebody else has just taken this tag or this slot. Choose another one.")
DESK = {Role.CLERK, Role.SUPERVISOR}
Action = KeyMove.Action


def demand_desk(community_id, *, by):
    """Raise NotAllowed unless `by` is a clerk or supervisor of the community; its keys and cards are theirs."""
    if not roles_in(by, community_id) & DESK:
        raise NotAllowed(_("Only the front desk and its supervisors may do this."))


@transaction.atomic
def receive_keys(
    community, *, tag, kind, copies, by, now, unit=None, place="", what="", slot="", person=None, name="", signature=""
):
    """Put new keys under a tag of their own into the cabinet and return the KeySet. Raises Refused where the tag or
    the slot is taken."""
    demand_desk(community.pk, by=by)
    if KeySet.objects.filter(community=community, tag=tag).exists():
        raise Refused(_("The tag %(tag)s is on other keys already. Choose another one.") % {"tag": tag})
    _demand_free(community.pk, slot)
    key_set = KeySet(
        community=community, unit=unit, place=place, tag=tag, kind=kind, what=what, slot=slot, copies=copies
    )
    key_set.in_cabinet = copies
    with unless_taken(TAKEN):
        key_set.save(force_insert=True)
    record(key_set, Action.RECEIVE, copies, by=by, now=now, person=person, name=name, signature=signature)
    return key_set


@transaction.atomic
def receive_more_keys(key_set, *, copies, by, now, slot="", reason=""):
    """Add copies to a set, for example those that were cut."""
    demand_desk(key_set.community_id, by=by)
    _write(key_set, copies=key_set.copies + copies, in_cabinet=key_set.in_cabinet + copies, **_hung(key_set, slot))
    record(key_set, Action.RECEIVE, copies, by=by, now=now, reason=reason)


@transaction.atomic
def issue_keys(
    key_set,
    *,
    copies,
    by,
    now,
    person=None,
    name="",
    proof="",
    owner_called=False,
    owner_said="",
    reason="",
    signature=KeyMove.Signature.PAPER,
):
    """Give copies out for good, as to the owner at move-in, and return the KeyMove. Raises Refused where there are
    fewer in the cabinet, and where somebody else than the owner has shown nothing or the owner was not asked."""
    demand_desk(key_set.community_id, by=by)
    demand_right(key_set, person, now=now, proof=proof, owner_called=owner_called)
    shift(key_set, copies, "in_cabinet", "issued")
    return record(
        key_set,
        Action.ISSUE,
        copies,
        by=by,
        now=now,
        person=person,
        name="" if person else name,
        proof=proof,
        owner_called_at=now if owner_called else None,
        owner_said=owner_said,
        reason=reason,
        signature=signature,
    )


@transaction.atomic
def take_back_keys(issue, *, copies, by, now, slot="", reason=""):
    """Hang copies that were given out for good into the cabinet again and return the KeyMove; `issue` is the move by
    which they went. Raises Refused for more than are still outside of it."""
    key_set = issue.key_set
    demand_desk(key_set.community_id, by=by)
    shift(key_set, copies, "issued", "in_cabinet", **_hung(key_set, slot))
    _demand_outside(issue, copies)
    return record(key_set, Action.RETURN, copies, by=by, now=now, of=issue, reason=reason, **_from(issue))


@transaction.atomic
def lose_keys(key_set, *, copies, reason, measure, by, now, issue=None):
    """Record that copies are lost, and what is done about it: out of the cabinet, or of those given out by `issue`."""
    demand_desk(key_set.community_id, by=by)
    shift(key_set, copies, "issued" if issue else "in_cabinet", "lost")
    if issue:
        _demand_outside(issue, copies)
    who = _from(issue) if issue else {}
    return record(key_set, Action.LOST, copies, by=by, now=now, of=issue, reason=reason, measure=measure, **who)


@transaction.atomic
def find_keys(key_set, *, copies, by, now, slot="", reason=""):
    """Hang lost copies that were found into the cabinet again."""
    demand_desk(key_set.community_id, by=by)
    shift(key_set, copies, "lost", "in_cabinet", **_hung(key_set, slot))
    return record(key_set, Action.FOUND, copies, by=by, now=now, reason=reason)


@transaction.atomic
def destroy_keys(key_set, *, copies, reason, by, now):
    """Record that copies from the cabinet were destroyed, for example after the lock was changed."""
    demand_desk(key_set.community_id, by=by)
    shift(key_set, copies, "in_cabinet", "destroyed")
    return record(key_set, Action.DESTROY, copies, by=by, now=now, reason=reason)


@contextmanager
def unless_taken(sentence):
    """Raise Refused with `sentence` where the database finds that somebody else was faster with a number, in the
    caller's transaction."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        raise Refused(sentence) from error


# Parts of these verbs, in the caller's transaction --------------------------------------------------------------------


def shift(key_set, copies, source, target, **facts):
    """Count `copies` of a set from one state to another. Raises Refused where there are fewer, Stale where somebody
    else was faster. One UPDATE."""
    have = getattr(key_set, source)
    if have < copies:
        where = KeySet._meta.get_field(source).verbose_name
        words = {"where": where, "have": have, "copies": copies}
        raise Refused(_("“%(where)s” counts %(have)s copies and not %(copies)s. Look at the number.") % words)
    counts = {name: getattr(key_set, name) for name in KeySet.STATES}
    counts[source] -= copies
    counts[target] += copies
    # A slot is free for others once nothing hangs in it or is due back there.
    if not counts["in_cabinet"] and not counts["on_loan"]:
        facts["slot"] = ""
    _write(key_set, **counts, **facts)


def record(key_set, action, copies, *, by, now, **facts):
    """Write a line of the ledger and its event, and return the KeyMove."""
    move = KeyMove(
        community_id=key_set.community_id, key_set=key_set, action=action, copies=copies, at=now, by=by, **facts
    )
    move.save(force_insert=True)
    data = {"tag": key_set.tag, "copies": copies, "version": key_set.version}
    events.log(key_set, f"key_{action}", by=by, now=now, data=data)
    return move


def owners_of(key_set, *, now):
    """Return the ids of who is recorded as the owner of the unit of a set today. One query; none for a place."""
    if key_set.unit_id is None:
        return set()
    today = key_set.community.local(now).date()
    owners = Occupancy.objects.on(today).filter(unit=key_set.unit_id, kind=Occupancy.Kind.OWNER)
    return set(owners.values_list("person_id", flat=True))


def demand_right(key_set, person, *, now, proof, owner_called, is_staff=False):
    """Raise Refused unless the keys may be handed to this person (section 13): to the owner; to anybody else with an
    identity card or the owner's letter and after a call to the owner. Our own staff are known and show nothing; where
    no owner is recorded, as in a unit that is not sold, nobody can be called."""
    owners = owners_of(key_set, now=now)
    if person and person.pk in owners:
        return
    if not proof and not is_staff:
        raise Refused(_("Ask to see an identity card or the owner's letter first: this is not the owner."))
    if owners and not owner_called:
        raise Refused(_("Call the owner before the keys leave the desk, and note what was said."))


def _demand_outside(issue, copies):
    """Raise Refused where fewer than `copies` of an issue are still outside. The row of the set is ours by now, so
    nobody else answers the same issue meanwhile."""
    answered = issue.answers.aggregate(n=Sum("copies"))["n"] or 0
    left = issue.copies - answered
    if copies > left:
        raise Refused(_("Of these only %(left)s are still outside. Look at the number.") % {"left": left})


def _from(issue):
    return {"person": issue.person, "name": issue.name}


def _hung(key_set, slot):
    """Return the slot as a fact to write where a set that had none gets one. Raises Refused where it is taken."""
    if key_set.slot or not slot:
        return {}
    _demand_free(key_set.community_id, slot)
    return {"slot": slot}


def _demand_free(community_id, slot):
    taken = KeySet.objects.filter(community=community_id, slot=slot).first() if slot else None
    if taken:
        words = {"slot": slot, "tag": taken.tag}
        raise Refused(_("Slot %(slot)s belongs to the keys %(tag)s. Choose another one.") % words)


def _write(key_set, **facts):
    with unless_taken(TAKEN):
        moves.write(key_set, **facts)
