"""Verbs of cards and passes: issue, renew, lose, replace, hand back, void, and what ends them (section 13)."""

import logging

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from residents.actions.keys import demand_desk, unless_taken
from residents.models import Credential, Occupancy, Person
from servicedesk.core import events, moves
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Community

logger = logging.getLogger(__name__)
Status = Credential.Status
TAKEN = gettext_lazy("Somebody else has just issued this number, or replaced this card. Reload the page.")


@transaction.atomic
def issue_credential(
    community,
    *,
    kind,
    number,
    valid_from,
    by,
    now,
    valid_to=None,
    unit=None,
    person=None,
    name="",
    employer="",
    for_number="",
    deposit=0,
    replaces=None,
):
    """Issue a card or pass and return the Credential. A card of a resident or a lessee needs `unit` and a `person` who
    lives there; a pass of a worker or visitor needs a `name` and a last day. Raises Refused for a number in use."""
    demand_desk(community.pk, by=by)
    if kind in Credential.OF_RESIDENTS:
        _demand_lives(unit, person, community.local(now).date())
    _demand_number(community.pk, kind, number)
    card = Credential(
        community=community,
        kind=kind,
        number=number,
        unit=unit,
        person=person,
        name="" if person else name,
        employer=employer,
        for_number=for_number,
        valid_from=valid_from,
        valid_to=valid_to,
        deposit=deposit or 0,
        replaces=replaces,
        issued_at=now,
        issued_by=by,
    )
    with unless_taken(TAKEN):
        card.save(force_insert=True)
    events.log(card, "credential_issued", by=by, now=now, data={"kind": str(kind)})
    return card


@transaction.atomic
def renew_credential(card, *, valid_to, by, now):
    """Let a card or pass run until `valid_to`; one that has ended is in use again. Raises Refused where its holder no
    longer lives here, or another one bears its number now."""
    demand_desk(card.community_id, by=by)
    today = card.community.local(now).date()
    if valid_to < today:
        raise Refused(_("The new last day lies before today. Look at the date."))
    if card.kind in Credential.OF_RESIDENTS:
        _demand_lives(card.unit, card.person, today)
    if card.status == Status.ACTIVE:
        _set_last_day(card, valid_to, "credential_renewed", by=by, now=now)
        return
    if card.status != Status.EXPIRED:
        raise Refused(_("Only a card that is in use or has ended can be renewed. Issue a new one."))
    data = {"was": card.valid_to.isoformat() if card.valid_to else None, "until": valid_to.isoformat()}
    _revive(card, "credential_renewed", by=by, now=now, data=data, valid_to=valid_to)


@transaction.atomic
def lose_credential(card, *, reason, by, now):
    """Record that a card or pass is lost; from now on it lets nobody in."""
    demand_desk(card.community_id, by=by)
    _end(card, Status.LOST, "credential_lost", reason, by=by, now=now)


@transaction.atomic
def find_credential(card, *, by, now):
    """Put a lost card into use again that turned up. Raises Refused where it was replaced meanwhile."""
    demand_desk(card.community_id, by=by)
    if card.status != Status.LOST:
        raise Refused(_("This card is not lost. Reload the page."))
    if Credential.objects.filter(replaces=card).exists():
        raise Refused(_("It was replaced already. Record it as handed back instead."))
    _revive(card, "credential_found", by=by, now=now, data={})


@transaction.atomic
def replace_credential(card, *, number, reason, by, now, deposit=0):
    """Issue another card in the place of `card`, which counts as lost from now on, and return it."""
    demand_desk(card.community_id, by=by)
    if Credential.objects.filter(replaces=card).exists():
        raise Refused(_("It was replaced already. Open the one that replaces it."))
    if card.status == Status.ACTIVE:
        _end(card, Status.LOST, "credential_lost", reason, by=by, now=now)
    if card.status != Status.LOST:
        raise Refused(_("Only a card that is in use or lost can be replaced. Issue a new one."))
    today = card.community.local(now).date()
    facts = {name: getattr(card, name) for name in ("kind", "unit", "person", "name", "employer", "for_number")}
    if card.valid_to and card.valid_to < today:
        raise Refused(_("Its last day has passed. Issue a new one."))
    facts |= {"valid_from": today, "valid_to": card.valid_to, "deposit": deposit, "replaces": card}
    return issue_credential(card.community, number=number, by=by, now=now, **facts)


@transaction.atomic
def return_credential(card, *, by, now, reason=""):
    """Record that a card or pass was handed back."""
    demand_desk(card.community_id, by=by)
    _end(
        card,
        Status.RETURNED,
        "credential_returned",
        reason or house_words(gettext_noop("handed back at the desk")),
        by=by,
        now=now,
    )


@transaction.atomic
def void_credential(card, *, reason, by, now):
    """Void a card that was issued by mistake; somebody else than who issued it does (ruling 11)."""
    demand_desk(card.community_id, by=by)
    if card.issued_by_id == by.pk:
        raise NotAllowed(_("A second person voids what you have issued yourself. Ask a colleague."))
    _end(card, Status.VOID, "credential_voided", reason, by=by, now=now)


@transaction.atomic
def end_credentials(person_or_unit, *, by, now, reason, unit=None, on=None):
    """End every card and pass in use of a person, or of a unit, as at a move-out; return how many. With `unit`, only
    those of the person for it. Until the day `on`, where it has not passed, they are good and end by the clock.

    They can still be recorded as handed back. The caller asks whether `by` may. One query and two statements each.
    """
    whose = {"person": person_or_unit} if isinstance(person_or_unit, Person) else {"unit": person_or_unit}
    if unit is not None:
        whose["unit"] = unit
    cards = list(Credential.objects.active().filter(**whose).select_related("community").order_by("pk"))
    for card in cards:
        if on is None or on < card.community.local(now).date() or on < card.valid_from:
            _end(card, Status.EXPIRED, "credential_ended", reason, by=by, now=now)
        elif card.valid_to is None or card.valid_to > on:
            _set_last_day(card, on, "credential_shortened", by=by, now=now)
    return len(cards)


@transaction.atomic
def lengthen_credentials(person, *, unit, was, until, by, now):
    """Let the cards in use of `person` for `unit` that were to end with the day `was` run until `until`, or until
    somebody ends them; return how many. One query and two statements each."""
    cards = list(Credential.objects.active().filter(person=person, unit=unit, valid_to=was).order_by("pk"))
    for card in cards:
        _set_last_day(card, until, "credential_renewed", by=by, now=now)
    return len(cards)


def _set_last_day(card, day, verb, *, by, now):
    """Write another last day of a card in use, or none, in the caller's transaction."""
    data = {"was": card.valid_to.isoformat() if card.valid_to else None, "until": day.isoformat() if day else None}
    moves.write(card, valid_to=day)
    events.log(card, verb, by=by, now=now, data=data | {"version": card.version})


def expire_credentials(*, now):
    """Write down that the cards and passes whose last day has passed have ended; return how many. Pages say so before.
    Each in its own transaction; one that raises is logged and passed over."""
    ended = 0
    for community in Community.objects.order_by("pk"):
        over = Credential.objects.filter(community=community).run_out(community.local(now).date())
        for pk in list(over.order_by("pk").values_list("pk", flat=True)):
            try:
                ended += _expire(over, pk, now)
            except Exception:
                logger.exception("the credential %s could not be ended", pk)
    return ended


@transaction.atomic
def _expire(over, pk, now):
    card = over.select_for_update(skip_locked=True, of=("self",), no_key=True).filter(pk=pk).first()
    if card is None:
        return False
    _end(
        card,
        Status.EXPIRED,
        "credential_expired",
        house_words(gettext_noop("its last day has passed")),
        by=None,
        now=now,
    )
    return True


def _end(card, to, verb, reason, *, by, now):
    """Move a card to one of the states in which it lets nobody in, with the reason, in the caller's transaction."""
    moves.move(card, to, by=by, now=now, verb=verb, note=reason, ended_at=now, ended_reason=reason)


def _revive(card, verb, *, by, now, data, **facts):
    _demand_number(card.community_id, card.kind, card.number)
    facts |= {"ended_at": None, "ended_reason": ""}
    with unless_taken(TAKEN):
        moves.move(card, Status.ACTIVE, by=by, now=now, verb=verb, data=data, **facts)


def _demand_number(community_id, kind, number):
    if Credential.objects.active().filter(community=community_id, kind=kind, number=number).exists():
        raise Refused(_("The number %(number)s is in use already. Look at the card again.") % {"number": number})


def _demand_lives(unit, person, today):
    """Raise Refused unless `person` occupies `unit` today: a card of a home is for who lives there."""
    if not Occupancy.objects.on(today).filter(unit=unit, person=person).exists():
        raise Refused(_("This person is not recorded as living in this room today. Record the move-in first."))


def house_words(msgid):
    """Return our own words as they are kept in a row: in the language of the house, whoever wrote the row."""
    with translation.override(settings.LANGUAGE_CODE):
        return _(msgid)
