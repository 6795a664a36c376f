"""Slips that let goods out (放行条): asking, approving, and the gate, which uses each one once.

No step here knows of fees: goods are never held for money (ruling 15).
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from residents import gate, voiding
from residents.actions.moving import occupant_called
from residents.models import ReleaseItem, ReleaseSlip
from servicedesk.core import events, notifications, once, tokens
from servicedesk.core.duty import holders
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Event, Role
from servicedesk.core.moves import move, write
from servicedesk.core.notifications import UNDO_MINUTES
from servicedesk.core.numbers import take_number

logger = logging.getLogger(__name__)

Status = ReleaseSlip.Status
# A guard who scans the same slip twice in a row has turned it away once.
SAME_ATTEMPT = timedelta(minutes=2)
CHUNK = 500
CONSENT = ("consent_how", "consent_by", "consent_at", "consent_recorded_by")


@transaction.atomic
def ask_slip(unit, *, by, now, items, valid_on, valid_until, booking=None, submission=None, **facts):
    """Ask for goods of `unit` to be let out and return the slip; `items` are (name, how many, note). What the owner
    agreed to for `booking` counts for it, too. The supervisors are told. The same `submission` again returns the same
    slip. Raises Refused for days that are over."""
    community = unit.community
    today = community.local(now).date()
    if valid_until < today:
        raise Refused(_("These days are over. Choose today or later."))
    days = {"valid_on": valid_on, "valid_until": valid_until, "applicant_name": facts["applicant_name"]}
    if made := once.made_by(submission, ReleaseSlip.objects.filter(community=community, unit=unit), **days):
        if list(made.items.values_list("name", "quantity", "note")) != list(items):
            raise once.used_already(made)
        return made
    if booking is not None and booking.consent_how:
        facts |= {name: getattr(booking, name) for name in CONSENT}
    person = occupant_called(unit, facts["applicant_name"], today)
    year = community.local(now).year
    number = f"{gate.SIGN}{year}-{take_number(community, f'{gate.SERIES}-{year}'):04}"
    slip = ReleaseSlip.objects.create(
        community=community,
        unit=unit,
        number=number,
        token_digest=tokens.digest(gate.token_of(community.pk, number)),
        booking=booking,
        applicant=person,
        valid_on=valid_on,
        valid_until=valid_until,
        asked_by=by,
        asked_at=now,
        submission=submission,
        **facts,
    )
    ReleaseItem.objects.bulk_create(
        [ReleaseItem(slip=slip, name=name, quantity=quantity, note=note) for name, quantity, note in items]
    )
    events.log(slip, "slip_asked", by=by, now=now, data={"number": number, "items": len(items)})
    _tell(slip, "slip_asked", [one for one in holders(community, Role.SUPERVISOR) if one != by], now=now)
    return slip


@transaction.atomic
def approve_slip(slip, *, by, now):
    """Approve a slip. Raises NotAllowed for who asked for it, Refused without the owner's consent for a lessee, and
    for one whose days are over."""
    _demand_second(slip, by)
    if slip.lacks_consent:
        raise Refused(_("Goods of who rents the home leave with the owner's consent. Record it first."))
    if slip.is_over(slip.community.local(now).date()):
        raise Refused(_("The days of this slip are over. Ask for a new one."))
    move(slip, Status.APPROVED, by=by, now=now, verb="slip_approved", decided_by=by, decided_at=now)


@transaction.atomic
def refuse_slip(slip, *, by, now, reason):
    """Refuse a slip with the reason. Raises NotAllowed for who asked for it."""
    _demand_second(slip, by)
    facts = {"decided_by": by, "decided_at": now, "refused_reason": reason}
    move(slip, Status.REFUSED, by=by, now=now, verb="slip_refused", note=reason, **facts)


@transaction.atomic
def void_slip(slip, *, by, now, reason):
    """End a slip that is not to be used any more; its number stays.

    Raises NotAllowed for who asked for it more than ten minutes ago, and for others than a supervisor.
    """
    voiding.demand(by, slip.community_id, author=slip.asked_by_id, since=slip.asked_at, now=now)
    move(slip, Status.VOID, by=by, now=now, verb="slip_void", note=reason, void_reason=reason)


@transaction.atomic
def pass_gate(slip, *, by, now):
    """Let the goods of a slip out: once, on its days. Raises Refused, with the reason in words, for any other."""
    found = gate.verdict(slip, now)
    if found != gate.Verdict.GOOD:
        raise Refused(found.label)
    move(slip, Status.USED, by=by, now=now, verb="slip_used", gate_checked_by=by, gate_checked_at=now)


@transaction.atomic
def turn_away(slip, *, by, now):
    """Record that somebody came to the gate with a slip that is not good; return its Verdict. The same guard with the
    same slip within two minutes is the same attempt."""
    found = gate.verdict(slip, now)
    recent = Event.objects.about(slip).filter(verb="slip_turned_away", by=by, at__gt=now - SAME_ATTEMPT)
    if found != gate.Verdict.GOOD and not recent.exists():
        events.log(slip, "slip_turned_away", by=by, now=now, data={"why": str(found)})
    return found


@transaction.atomic
def note_difference(slip, *, by, now, note):
    """Record what differs at the gate: the goods stay, and who asked and the supervisors are told. Raises Refused for
    a slip that is not good now."""
    found = gate.verdict(slip, now)
    if found != gate.Verdict.GOOD:
        raise Refused(found.label)
    write(slip, gate_note=note)
    events.log(slip, "slip_differs", by=by, now=now, note=note)
    _tell(slip, "slip_differs", [slip.asked_by, *holders(slip.community, Role.SUPERVISOR)], now=now)


@transaction.atomic
def undo_pass(slip, *, by, now):
    """Take back a tap at the gate: only who tapped, and within ten minutes (ruling 11)."""
    mine = slip.status == Status.USED and slip.gate_checked_by_id == by.pk
    if not mine or now - slip.gate_checked_at > timedelta(minutes=UNDO_MINUTES):
        raise Refused(_("This can no longer be undone: only who did it, and within ten minutes."))
    facts = {"gate_checked_by": None, "gate_checked_at": None}
    move(slip, Status.APPROVED, by=by, now=now, verb="slip_pass_undone", back=True, **facts)


def expire_slips(*, now):
    """End the slips whose last day is past; return how many. A sweep in small transactions: a slip that somebody
    changes at that moment, or that fails, is left for the next time."""
    ended = 0
    # The first zone in which a day is over decides which rows are looked at; each community's own clock, which end.
    latest = now.date() + timedelta(days=1)
    rows = ReleaseSlip.objects.over(latest).select_related("community").order_by("valid_until", "pk")
    for slip in rows[:CHUNK]:
        if not slip.is_over(slip.community.local(now).date()):
            continue
        try:
            with transaction.atomic():
                move(slip, Status.EXPIRED, by=None, now=now, verb="slip_expired")
        except Exception:
            logger.exception("slip %s not ended", slip.pk)
        else:
            ended += 1
    return ended


@transaction.atomic
def log_slip_export(community, *, by, now, reason, count, first, last):
    """Record that the slips of some days were taken out as a file, with the reason."""
    data = {"count": count, "first": first.isoformat(), "last": last.isoformat()}
    events.log(community, "slips_exported", by=by, now=now, note=reason, data=data)


def _demand_second(slip, by):
    if slip.asked_by_id == by.pk:
        raise NotAllowed(_("You asked for this slip yourself; somebody else decides."))


def _tell(slip, kind, people, *, now):
    data = {"number": slip.number, "path": slip.get_absolute_url()}
    key = f"{kind}:{slip.pk}:{slip.version}"
    notifications.notify(people, kind, about=slip, key=key, now=now, data=data)
