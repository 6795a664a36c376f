"""Leaving a home: what ends with it, on which day, and another last day."""

import datetime

import pytest
from django.core.management import call_command
from django.urls import reverse

from residents import actions
from residents.models import Contact, Credential, Occupancy, Plate, Vehicle
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.models import Event
from tests.factories import MONDAY, board, hung, plate, resident

pytestmark = pytest.mark.django_db

TODAY = MONDAY.date()
DAY = datetime.timedelta(days=1)
LATER = TODAY + 30 * DAY
REASON = {"reason": "租约续签"}


@pytest.fixture(autouse=True)
def on_monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def sun(home, lin, chen, zhou):
    """Sun rents 3-2-1201, with a card, a car, a contact and a name on the board of the lobby."""
    person = resident(home, "孙悦", "13300001111", Occupancy.Kind.LESSEE)
    furnish(home, person, chen, "1")
    lobby = board(home.community, home.building, by=zhou)
    hung(plate(lobby, lives(person), by=chen, is_private_agreed=True), by=chen, approved_by=zhou)
    return person


def furnish(home, person, by, sign):
    """Give `person` what hangs on a home."""
    facts = {"by": by, "now": MONDAY}
    card = {"kind": "lessee_card", "number": f"C-{sign}", "valid_from": TODAY - DAY}
    actions.issue_credential(home.community, unit=home, person=person, **card, **facts)
    actions.add_vehicle(home, person, kind="car", plate=f"浙A1234{sign}", starts_on=TODAY - DAY, **facts)
    actions.add_contact(home, person, role="emergency", tell=["emergency"], name="孙父", phone="13900002222", **facts)


def lives(person):
    return Occupancy.objects.get(person=person)


def post(client, who, step, **typed):
    return client.post(reverse(f"residents:{step}", args=[who.pk]), typed)


def change(client, who, **typed):
    address = reverse("residents:person", args=[who.pk])
    form = client.get(address, {"do": "change_end"}).context["form"]
    return post(client, who, "change_end", home=lives(who).pk, **{"seen": form.initial["seen"], **REASON, **typed})


def test_with_a_home_ends_everything_of_it_and_nothing_of_the_others(client, home, lin, sun, guo, chen):
    furnish(home, lin, chen, "2")
    client.force_login(guo)
    assert post(client, sun, "end_home", home=lives(sun).pk, on=TODAY - DAY).status_code == 302
    assert [card.status for card in Credential.objects.order_by("number")] == ["expired", "active"]
    assert [car.last_day for car in Vehicle.objects.order_by("plate")] == [TODAY - DAY, None]
    assert Contact.objects.active().get().occupant == lin
    assert Plate.objects.get().is_leaving
    assert Event.objects.about(sun).get(verb="vehicle_ended").by == guo


def test_what_is_still_to_come_ends_on_its_day(client, home, sun, chen, time_machine):
    client.force_login(chen)
    assert post(client, sun, "end_home", home=lives(sun).pk, on=LATER).status_code == 302
    card = Credential.objects.get()
    assert (card.status, card.valid_to) == ("active", LATER)
    assert Vehicle.objects.get().last_day == LATER
    assert Contact.objects.active().exists() and not Plate.objects.get().is_leaving
    assert actions.end_former_contacts(now=MONDAY + 30 * DAY) == 0, "the last day is a whole day"
    time_machine.move_to(MONDAY + 31 * DAY, tick=False)
    call_command("end_former_contacts")
    assert not Contact.objects.active().exists()
    actions.expire_credentials(now=MONDAY + 31 * DAY)
    assert Credential.objects.get().status == "expired"


def test_a_move_out_by_the_ring_ends_cars_and_contacts_and_a_card_not_before_its_day(home, sun, chen):
    moves_on = TODAY + 3 * DAY
    handover = actions.open_move_out(lives(sun), booked_for=MONDAY, moves_on=moves_on, by=chen, now=MONDAY)
    for task in ("readings", "keys_back", "cards_back", "plate", "occupancy", "bills", "deposit"):
        actions.excuse_task(handover, task, reason="另约", by=chen, now=MONDAY)
    actions.complete_handover(handover, signed_name="孙悦", signed_how="paper", by=chen, now=MONDAY)
    card = Credential.objects.get()
    assert (card.status, card.valid_to, lives(sun).last_day) == ("active", moves_on, moves_on)
    assert Vehicle.objects.get().last_day == moves_on


def test_who_stays_in_another_capacity_keeps_what_they_have(home, sun, chen):
    before = lives(sun)
    actions.end_occupancy(before, on=TODAY, by=chen, now=MONDAY)
    actions.move_in(home, sun, kind="household", starts_on=TODAY + DAY, by=chen, now=MONDAY)
    actions.leave_home(before, on=TODAY - DAY, by=chen, now=MONDAY)
    assert Credential.objects.get().valid_to is None and Vehicle.objects.get().last_day is None
    assert Contact.objects.active().exists()


# Another last day -----------------------------------------------------------------------------------------------------


def test_a_lease_is_renewed_with_what_was_to_end_with_it(client, sun, chen):
    client.force_login(chen)
    post(client, sun, "end_home", home=lives(sun).pk, on=LATER)
    renewed = LATER.replace(year=LATER.year + 3)
    assert change(client, sun, on=renewed).status_code == 302
    assert lives(sun).last_day == Vehicle.objects.get().last_day == Credential.objects.get().valid_to == renewed
    told = Event.objects.about(sun).get(verb="last_day_changed")
    assert (told.by, told.note, told.data["was"]) == (chen, REASON["reason"], LATER.isoformat())
    assert change(client, sun, on="").status_code == 302
    assert lives(sun).last_day is None is Credential.objects.get().valid_to


def test_a_lease_that_is_given_up_early_ends_everything_that_day(client, sun, chen):
    client.force_login(chen)
    post(client, sun, "end_home", home=lives(sun).pk, on=LATER)
    assert change(client, sun, on=TODAY - DAY).status_code == 302
    assert lives(sun).last_day == Vehicle.objects.get().last_day == TODAY - DAY
    assert Credential.objects.get().status == "expired" and not Contact.objects.active().exists()


@pytest.mark.parametrize(
    ("typed", "status"), [({"reason": ""}, 422), ({"on": "2010-01-01"}, 409), ({"on": LATER}, 409), ({"on": "x"}, 422)]
)
def test_another_last_day_has_a_reason_and_is_a_day_that_can_be(client, sun, chen, typed, status):
    client.force_login(chen)
    post(client, sun, "end_home", home=lives(sun).pk, on=LATER)
    answer = change(client, sun, **{"on": TODAY, **typed})
    assert answer.status_code == status and lives(sun).last_day == LATER
    assert answer.context["form"]["on"].value() == str(typed.get("on", TODAY))


def test_of_two_who_change_a_last_day_the_second_is_told(client, sun, chen, zhou):
    client.force_login(chen)
    post(client, sun, "end_home", home=lives(sun).pk, on=LATER)
    seen = f"{lives(sun).pk}:{lives(sun).period.upper}"
    assert change(client, sun, on=LATER + DAY).status_code == 302
    answer = change(client, sun, on=LATER - DAY, seen=seen)
    assert answer.status_code == 409 and lives(sun).last_day == LATER + DAY
    again = answer.context["form"]["seen"].value()
    assert change(client, sun, on=LATER - DAY, seen=again).status_code == 302, "it has looked at it now"


def test_an_end_that_was_written_meanwhile_is_not_written_over(sun, chen, zhou):
    mine, theirs = lives(sun), lives(sun)
    actions.leave_home(theirs, on=LATER, by=chen, now=MONDAY)
    with pytest.raises(Stale):
        actions.leave_home(mine, on=TODAY, by=chen, now=MONDAY)
    assert lives(sun).last_day == LATER
    voided = lives(sun)
    actions.void_occupancy(lives(sun), reason="录错", by=zhou, now=MONDAY)
    with pytest.raises(Stale):
        actions.end_occupancy(voided, on=TODAY, by=chen, now=MONDAY)


def test_days_that_are_taken_and_shares_that_are_sold_are_refused(home, lin, sun, chen, zhou):
    facts = {"by": chen, "now": MONDAY}
    lease = lives(sun)
    actions.leave_home(lease, on=TODAY, **facts)
    actions.move_in(home, sun, kind="lessee", starts_on=LATER, **facts)
    with pytest.raises(Refused):
        actions.change_last_day(lease, on=LATER, reason="续租", **facts)
    actions.leave_home(lives(lin), on=TODAY, **facts)
    seller, buyer = (resident(home, name, "", Occupancy.Kind.HOUSEHOLD) for name in ("卖家", "买家"))
    for one in (seller, buyer):
        actions.void_occupancy(lives(one), reason="另立", by=zhou, now=MONDAY)
    sold = actions.move_in(home, seller, kind="owner", share=60, starts_on=TODAY, **facts)
    actions.end_occupancy(sold, on=TODAY + DAY, **facts)
    actions.move_in(home, buyer, kind="owner", share=60, starts_on=TODAY + 2 * DAY, **facts)
    with pytest.raises(Refused):
        actions.change_last_day(sold, on=None, reason="录错", **facts)
