"""What is handed over in a move, and what comes back: keys, cards, readings, plates. Each keeps its own register; the
steps here join these to the move, so that giving the keys is moving in."""

from django.db import transaction
from django.utils.translation import gettext as _

from residents import ring
from residents.actions.boards import remove_plates_of
from residents.actions.credentials import issue_credential, lose_credential, return_credential
from residents.actions.handovers import begin_occupancy, demand_open, touch
from residents.actions.keys import issue_keys, lose_keys, receive_keys, take_back_keys
from residents.actions.meters import record_reading
from residents.models import Credential, KeySet, Occupancy, Reading
from servicedesk.core import events


@transaction.atomic
def give_keys(handover, *, copies, by, now, key_set=None, tag="", what="", **proof):
    """Give keys of the home to the party of a move-in and return the KeyMove; new ones are registered as `tag` first.

    With the keys an owner occupies the home. `proof` is what `issue_keys` asks of anybody but the owner: `proof`,
    `owner_called`, `owner_said`. Raises Refused as it does.
    """
    ring.demand(by, handover.community, "keys")
    touch(handover, by=by, now=now)
    demand_open(handover, "keys")
    begin_occupancy(handover, by=by, now=now)
    if key_set is None:
        # Whoever moves in has them; a copy that is brought back is left with us in trust, not that of an empty home.
        kind = KeySet.Kind.RESIDENT_CUSTODY
        facts = {"tag": tag, "what": what, "kind": kind, "copies": copies, "unit": handover.unit}
        key_set = receive_keys(handover.community, by=by, now=now, **facts)
    issue = issue_keys(
        key_set, copies=copies, person=handover.party, reason=_("Handover of the home"), by=by, now=now, **proof
    )
    events.log(handover, "keys_given", by=by, now=now, data={"tag": key_set.tag, "copies": copies})
    return issue


@transaction.atomic
def give_card(handover, *, number, by, now, valid_to=None):
    """Issue a card to the party of a move-in and return the Credential. Raises Refused for a number in use."""
    ring.demand(by, handover.community, "cards")
    touch(handover, by=by, now=now)
    demand_open(handover, "cards")
    begin_occupancy(handover, by=by, now=now)
    is_lessee = handover.capacity == Occupancy.Kind.LESSEE
    card = issue_credential(
        handover.community,
        kind=Credential.Kind.LESSEE_CARD if is_lessee else Credential.Kind.RESIDENT_CARD,
        number=number,
        unit=handover.unit,
        person=handover.party,
        valid_from=handover.community.local(now).date(),
        valid_to=valid_to,
        by=by,
        now=now,
    )
    events.log(handover, "card_given", by=by, now=now, data={"number": number})
    return card


@transaction.atomic
def read_meter(handover, meter, *, value, by, now, sure=False, rolled_over=False, picture=None):
    """Record what a meter of the home shows at a move and return the Reading: the base where it has none, the final one
    at a move-out. Raises AskAgain and Refused as `record_reading` does."""
    kind = "meters" if handover.is_move_in else "readings"
    ring.demand(by, handover.community, kind)
    touch(handover, by=by, now=now)
    demand_open(handover, kind)
    if not handover.is_move_in:
        reading = Reading.Kind.FINAL
    else:
        reading = Reading.Kind.PERIODIC if meter.has_base else Reading.Kind.BASE
    facts = {"value": value, "kind": reading, "at": now, "source": Reading.Source.DESK}
    return record_reading(meter, **facts, sure=sure, rolled_over=rolled_over, picture=picture, by=by, now=now)


@transaction.atomic
def take_keys(handover, *, returned, lost, measure, by, now):
    """Take back what those who leave have of the home's keys. `returned` and `lost` are {key of the issue: copies};
    `measure` says what is done about those that are lost."""
    ring.demand(by, handover.community, "keys_back")
    touch(handover, by=by, now=now)
    demand_open(handover, "keys_back")
    for issue in ring.keys_out(handover).select_related("key_set", "person"):
        if copies := returned.get(issue.pk):
            take_back_keys(issue, copies=copies, by=by, now=now, reason=_("moved out"))
            issue.key_set.refresh_from_db()
        if copies := lost.get(issue.pk):
            facts = {"reason": _("Not handed back at the move-out"), "measure": measure, "issue": issue}
            lose_keys(issue.key_set, copies=copies, by=by, now=now, **facts)


@transaction.atomic
def take_cards(handover, *, returned, lost, by, now):
    """Take back the cards of those who leave; `returned` and `lost` are Credentials."""
    ring.demand(by, handover.community, "cards_back")
    touch(handover, by=by, now=now)
    demand_open(handover, "cards_back")
    for card in returned:
        return_credential(card, by=by, now=now, reason=_("moved out"))
    for card in lost:
        lose_credential(card, by=by, now=now, reason=_("Not handed back at the move-out"))


@transaction.atomic
def order_plates_down(handover, *, by, now):
    """Ask for the plates of those who leave to be taken down; each is due by the working days of its board."""
    ring.demand(by, handover.community, "plate")
    touch(handover, by=by, now=now)
    demand_open(handover, "plate")
    for occupancy in ring.leaving(handover).select_related("unit__community"):
        remove_plates_of(occupancy, by=by, now=now)
