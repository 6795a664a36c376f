"""What is sealed is kept and shown nowhere (PIPL 47): no page of keys, cards, moves, slips, contacts or handovers."""

import datetime

import pytest
from django.urls import reverse

from residents import actions
from residents.models import Contact, Credential, Defect, Handover, KeyLoan, KeyMove, MoveBooking, Occupancy, Person
from servicedesk.core.models import Event
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db

CANARY, PHONE, PLATE = "石榴花", "13711112222", "浙A71234"
FIRM = "石榴花商贸"
TODAY = MONDAY.date()

# Every page on which somebody stands who has to do with a home: its name, its arguments, what is asked for on it.
PAGES = {
    "key ledger": ("residents:ledger", None, {}),
    "keys out": ("residents:keys", None, {}),
    "key set": ("residents:key_set", "keys", {}),
    "key loan": ("residents:key_loan", "loan", {}),
    "slip of a key": ("residents:key_slip", "loan", {}),
    "receipt of keys": ("residents:key_receipt", "home", {}),
    "cards": ("residents:cards", None, {}),
    "cards by name": ("residents:cards", None, {"q": CANARY}),
    "card": ("residents:card", "card", {}),
    "card on paper": ("residents:card_print", "card", {}),
    "card at the gate": ("residents:gate_cards", None, {"number": "C1201"}),
    "keys at the gate": ("residents:gate_keys", None, {}),
    "week of moves": ("residents:moves", None, {}),
    "move": ("residents:move", "booking", {}),
    "move to change": ("residents:move", "booking", {"do": "change"}),
    "slip asked for from a move": ("residents:slip_ask", None, {"booking": "booking"}),
    "slips": ("residents:slips", None, {}),
    "slips of the week": ("residents:slips_week", None, {}),
    "slips as a file": ("residents:slips_export", None, {"format": "csv", "reason": "对账"}),
    "slip": ("residents:slip", "slip", {}),
    "slip on paper": ("residents:slip_print", "slip", {}),
    "approvals": ("desk:approvals", None, {}),
    "move-outs": ("desk:moveouts", None, {}),
    "move-out": ("desk:moveout", "leaving", {}),
    "keys of a move-out": ("desk:moveout_task", "keys_back", {}),
    "certificate of a move-out": ("desk:move_certificate", "leaving", {}),
    "move-ins": ("desk:moveins", None, {"show": "ended"}),
    "move-in": ("desk:movein", "arrived", {}),
    "facility sheet": ("desk:move_sheet", "arrived", {}),
    "defects": ("desk:defects", None, {}),
    "defect": ("desk:defect", "defect", {}),
    "people of a unit": ("desk:unit", "home", {"tab": "people"}),
    "keys of a unit": ("desk:unit", "home", {"tab": "keys"}),
    "moves of a unit": ("desk:unit", "home", {"tab": "moves"}),
    "file of a unit": ("desk:unit_file", "home", {}),
    "another person": ("residents:person", "neighbour", {}),
    "somebody of a firm": ("residents:person", "clerk", {}),
    "register": ("residents:people", None, {}),
    "finder": ("desk:find", None, {"q": "3-2-1201"}),
    "finder of moves": ("desk:move_find", "move_out", {"q": "3-2-1201"}),
    "search": ("desk:search", None, {"q": "3-2-1201"}),
}


@pytest.fixture
def rows(yunhu, home, lin, chen, zhou, time_machine):
    """Somebody whose entry is sealed and who stands in every table of the register, and their firm, sealed too."""
    time_machine.move_to(MONDAY, tick=False)
    person = factories.resident(home, CANARY, PHONE, kind=Occupancy.Kind.HOUSEHOLD)
    Person.objects.filter(pk=person.pk).update(note=f"{CANARY}请勿来电")
    bears = Occupancy.objects.get(person=person)
    firm = actions.register_person(yunhu, name=FIRM, phone="", kind="company", by=None, now=MONDAY)
    clerk = actions.register_person(yunhu, name="钱多多", phone="13511110000", by=None, now=MONDAY)
    since = datetime.date(2020, 1, 1)
    actions.move_in(home, clerk, kind=Occupancy.Kind.STAFF, company=firm, starts_on=since, by=None, now=MONDAY)
    by = {"by": chen, "now": MONDAY}
    keys = factories.key_set(yunhu, by=chen, unit=home, copies=4)
    called = {"proof": "id", "owner_called": True, "owner_said": "同意"}
    actions.issue_keys(keys, copies=1, person=person, reason="入住", **by, **called)
    due = MONDAY + datetime.timedelta(hours=2)
    loan = actions.lend_keys(
        keys, copies=1, borrower="resident", person=person, phone=PHONE, due_back_at=due, reason="检修", **by, **called
    )
    card = actions.issue_credential(
        yunhu, kind="resident_card", number="C1201", unit=home, person=person, valid_from=TODAY, **by
    )
    who = {"applicant_name": CANARY, "applicant_phone": PHONE, "plate_no": PLATE, "relation": "household"}
    booked = factories.booking(home, by=chen, lift=factories.lift(home), **who)
    slip = factories.slip(home, by=chen, **who)
    shown = factories.released(home, by=chen, decided_by=zhou, **who)
    tell = {"role": "family", "tell": ["emergency"]}
    actions.add_contact(home, lin, person=person, **tell, **by)
    actions.add_vehicle(home, person, plate=PLATE, kind="car", starts_on=since, **by)
    day = {"booked_for": MONDAY, "moves_on": TODAY}
    leaving = actions.open_move_out(bears, **day, **by)
    arrived = actions.open_move_in(home, person=person, capacity="household", **day, **by)
    defect = actions.note_defect(arrived, text="窗把手松", **by)
    Handover.objects.filter(pk=arrived.pk).update(
        status="completed",
        started_at=MONDAY,
        completed_at=MONDAY,
        completed_by=chen,
        signed_name=CANARY,
        signed_how="paper",
    )
    Person.objects.filter(pk__in=[person.pk, firm.pk]).update(sealed_at=MONDAY)
    found = {"keys": keys, "loan": loan, "home": home, "card": card, "booking": booked, "slip": shown, "asked": slip}
    return found | {"leaving": leaving, "arrived": arrived, "defect": defect, "neighbour": lin, "clerk": clerk}


def test_every_table_has_the_person_whose_entry_is_sealed(rows):
    """Else a page would be green because nobody stands on it."""
    for model, column in (
        (KeyLoan, "person"),
        (KeyMove, "person"),
        (Credential, "person"),
        (MoveBooking, "applicant"),
        (Contact, "person"),
        (Handover, "party"),
        (Defect, "handover__party"),
    ):
        assert model.objects.filter(**{f"{column}__sealed_at": MONDAY}).exists(), model
    assert not Event.objects.filter(data__icontains=CANARY).exists()


@pytest.mark.parametrize("page", PAGES)
def test_nobody_whose_entry_is_sealed_stands_on_a_page(client, rows, zhou, page):
    name, thing, asked = PAGES[page]
    client.force_login(zhou)
    arguments = {"move_out": ["move_out"], "keys_back": [rows["leaving"].pk, "keys_back"], None: []}
    address = reverse(name, args=arguments.get(thing) if thing in arguments else [rows[thing].pk])
    typed = {key: rows["booking"].pk if key == "booking" else value for key, value in asked.items()}
    if "reason" in typed:
        words = b"".join(client.post(address, typed).streaming_content).decode()
    else:
        answer = client.get(address, typed)
        assert answer.status_code == 200
        words = answer.content.decode().replace(f'value="{asked.get("q")}"', "")
    for word in (CANARY, CANARY[:1] + "</dd>", PHONE, "137****2222", PLATE, FIRM):
        assert word not in words, word
