"""Two entries of one person become one, with everything that points to them."""

import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from complaints import actions
from complaints.actions import people as upper
from complaints.models import Case
from complaints.subjects import Subject, rows_of
from residents import actions as register
from residents import duplicates, ring
from residents.actions import merging
from residents.imports.undoing import relations_to
from residents.models import Contact, Handover, KeyMove, Occupancy, Person, Vehicle
from servicedesk.core.errors import NotAllowed, Refused, Stale
from servicedesk.core.models import Event
from tests import factories
from tests.factories import MONDAY, case, resident, unit

pytestmark = pytest.mark.django_db

TODAY = MONDAY.date()
DAY = datetime.timedelta(days=1)
REASON = {"reason": "同一人，两次登记"}


@pytest.fixture(autouse=True)
def on_monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def twice(yunhu, home, lin, chen):
    """Lin once more: in her own unit from 2018 to 2020 as household, and as lessee of another one."""
    again = register.register_person(yunhu, name="林晓梅", phone="13800001234", note="请打电话", by=chen, now=MONDAY)
    first = datetime.date(2018, 1, 1)
    facts = {"by": chen, "now": MONDAY}
    register.move_in(home, again, kind="household", starts_on=first, ends_on=datetime.date(2020, 1, 1), **facts)
    register.move_in(unit(yunhu, "5-1-0301"), again, kind="lessee", starts_on=TODAY - DAY, **facts)
    return again


def merge(client, keep, drop, **typed):
    return client.post(reverse("desk:merge_people", args=[keep.pk, drop.pk]), {**REASON, "merge": "1", **typed})


def test_everything_that_points_to_an_entry_moves_or_is_named():
    relations = {(one.related_model, one.field.name) for one in relations_to(Person)}
    assert relations == {*merging.MOVED, *upper.MOVED}
    assert {(one.related_model, one.field.name) for one in relations_to(Occupancy)} == {*merging.MOVED_HOME}


def there_now(home, person, **facts):
    """Let somebody be there since yesterday and without an end; return it."""
    held = Occupancy.objects.filter(unit=home, person=person)
    held.update(period=DateRange(TODAY - DAY, None), **facts)
    return held.get()


@pytest.fixture
def moving_out(home, lin, twice, wu, chen):
    """The second entry of Lin moves out of her unit as its lessee."""
    facts = {"booked_for": MONDAY, "moves_on": TODAY, "by": chen, "now": MONDAY}
    return register.open_move_out(there_now(home, twice, kind="lessee"), **facts)


def test_a_move_out_of_a_home_that_became_one_ends_it(home, lin, wu, moving_out, twice, zhou, chen):
    father = resident(home, "林父", "13700002222", Occupancy.Kind.HOUSEHOLD)
    moving_out.companions.set([Occupancy.objects.get(person=father), Occupancy.objects.get(person=lin)])
    actions.merge_people(lin, twice, by=zhou, now=MONDAY, **REASON)
    kept = Occupancy.objects.in_force().get(unit=home, person=lin)
    moved = Handover.objects.get()
    assert (moved.party, moved.occupancy) == (lin, kept)
    assert [one.person for one in moved.companions.all()] == [father], "nobody goes along with themselves"
    assert {one.person for one in ring.leaving(moved)} == {lin, father}


@pytest.mark.parametrize("names_both", [False, True])
def test_who_goes_along_with_another_still_does_as_one_entry(home, lin, twice, zhou, chen, names_both):
    again = there_now(home, twice)
    lessee = resident(home, "孙悦", "13300001111", Occupancy.Kind.LESSEE)
    facts = {"booked_for": MONDAY, "moves_on": TODAY, "by": chen, "now": MONDAY}
    handover = register.open_move_out(Occupancy.objects.get(person=lessee), **facts)
    handover.companions.set([again, Occupancy.objects.get(person=lin)] if names_both else [again])
    actions.merge_people(lin, twice, by=zhou, now=MONDAY, **REASON)
    assert {one.person for one in ring.leaving(handover)} == {lessee, lin}


def test_a_cancelled_move_in_does_not_end_a_home_that_was_there_before(home, lin, twice, zhou, chen):
    Occupancy.objects.filter(unit=home, person=twice).update(voided_at=MONDAY)
    facts = {"capacity": "owner", "booked_for": MONDAY, "moves_on": TODAY, "by": chen, "now": MONDAY}
    handover = register.open_move_in(home, person=twice, **facts)
    card = register.give_card(handover, number="C1", by=chen, now=MONDAY)
    register.return_credential(card, reason="退回", by=chen, now=MONDAY)
    actions.merge_people(lin, twice, by=zhou, now=MONDAY, **REASON)
    with pytest.raises(Stale):
        register.cancel_handover(handover, reason="登记重复", by=chen, now=MONDAY)
    register.cancel_handover(Handover.objects.get(), reason="登记重复", by=chen, now=MONDAY)
    assert Occupancy.objects.in_force().get(unit=home, person=lin).period.upper is None


def test_plates_and_what_was_united_before_follow_a_home(home, lin, twice, wu, zhou, chen):
    board = factories.board(home.community, home.building, by=zhou)
    plate = factories.plate(board, there_now(home, twice), by=chen, is_private_agreed=True)
    third = register.register_person(home.community, name="林晓梅", phone="", by=chen, now=MONDAY)
    register.move_in(home, third, kind="household", starts_on=datetime.date(2019, 1, 1), by=chen, now=MONDAY)
    actions.merge_people(twice, third, by=zhou, now=MONDAY, **REASON)
    actions.merge_people(lin, Person.objects.get(pk=twice.pk), by=zhou, now=MONDAY, **REASON)
    kept = Occupancy.objects.in_force().get(unit=home, person=lin)
    plate.refresh_from_db()
    assert plate.occupancy == kept
    assert set(Occupancy.objects.exclude(united_into=None).values_list("united_into", flat=True)) == {kept.pk}


def test_the_keys_of_the_merged_entry_are_with_the_one_that_stays(yunhu, home, lin, twice, wu, zhou, chen):
    keys = factories.key_set(yunhu, unit=home, by=chen)
    shown = {"proof": "id", "owner_called": True, "owner_said": "同意"}
    move = register.issue_keys(keys, copies=1, person=twice, by=chen, now=MONDAY, **shown)
    lessee = resident(home, "孙悦", "13300001111", Occupancy.Kind.LESSEE)
    facts = {"booked_for": MONDAY, "moves_on": TODAY, "by": chen, "now": MONDAY}
    handover = register.open_move_out(Occupancy.objects.get(person=lessee), **facts)
    for follows in ({"person": wu}, {"person": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            KeyMove.objects.filter(pk=move.pk).update(**follows)
    actions.merge_people(lin, twice, by=zhou, now=MONDAY, **REASON)
    assert KeyMove.objects.get(pk=move.pk).person == lin
    assert not ring.keys_out(handover).exists(), "the owner stays, and so do her keys"
    with pytest.raises(IntegrityError), transaction.atomic():
        KeyMove.objects.filter(pk=move.pk).update(copies=2)


def test_loans_cards_visits_moves_and_slips_move(yunhu, home, lin, twice, zhou, chen):
    there_now(home, twice)
    how = {"by": chen, "now": MONDAY}
    card = {"kind": "resident_card", "number": "C-01", "valid_from": TODAY, "unit": home, "person": twice}
    keys = factories.key_set(yunhu, unit=home, by=chen)
    rows = {
        register.issue_credential(yunhu, **card, **how): "person",
        register.record_visit(home, outcome="done", person=twice, notes="在家", **how): "person",
        factories.key_loan(keys, borrower="resident", person=twice, proof="id", by=chen): "person",
        factories.booking(home, lift=factories.lift(home), by=chen): "applicant",
        factories.slip(home, by=chen): "applicant",
    }
    for row, column in rows.items():
        type(row).objects.filter(pk=row.pk).update(**{column: twice})
    actions.merge_people(lin, twice, by=zhou, now=MONDAY, **REASON)
    moved = {row: getattr(type(row).objects.get(pk=row.pk), column) for row, column in rows.items()}
    assert moved == dict.fromkeys(rows, lin)


def test_homes_that_overlap_become_one_and_the_others_move(client, home, lin, twice, zhou):
    client.force_login(zhou)
    assert merge(client, lin, twice).status_code == 302
    homes = Occupancy.objects.in_force().filter(person=lin)
    assert [(one.unit.label, one.kind, one.period) for one in homes.order_by("unit__label")] == [
        ("3-2-1201", "owner", DateRange(datetime.date(2018, 1, 1), None)),
        ("5-1-0301", "lessee", DateRange(TODAY - DAY, None)),
    ]
    assert not Occupancy.objects.filter(person=twice).exists()
    assert Occupancy.objects.exclude(united_into=None).count() == 1, "the row stays"
    logged = Event.objects.about(lin).get(verb="people_merged")
    assert (logged.by, logged.note) == (zhou, REASON["reason"])
    assert Event.objects.about(twice).filter(verb="people_merged").exists()


def test_cases_contacts_vehicles_and_the_instruction_move(client, yunhu, home, lin, wu, twice, zhou, chen):
    made = case(yunhu, by=chen, unit=home, reporter=twice)
    facts = {"role": "emergency", "tell": ["emergency"], "by": chen, "now": MONDAY}
    register.add_contact(home, twice, person=wu, **facts)
    register.add_contact(home, lin, person=wu, **facts)
    register.add_contact(home, wu, person=twice, **facts)
    register.add_contact(home, lin, person=twice, **facts)
    register.add_vehicle(home, twice, kind="car", plate="浙A12345", starts_on=TODAY, by=chen, now=MONDAY)
    client.force_login(zhou)
    page = client.get(reverse("desk:merge_people", args=[lin.pk, twice.pk]))
    assert [side["cases"] for side in page.context["sides"]] == [0, 1]
    assert merge(client, lin, twice).status_code == 302
    assert Case.objects.get(pk=made.pk).reporter == lin and Vehicle.objects.get().person == lin
    active = Contact.objects.active()
    assert [(one.occupant, one.person) for one in active.order_by("pk")] == [(lin, wu), (wu, lin)]
    lin.refresh_from_db()
    assert lin.note == "请打电话" and lin.version == 1


def test_the_identity_number_goes_to_the_entry_that_stays(client, lin, twice, zhou, chen):
    register.record_identity(twice, kind="id_card", number="11010519491231002X", by=chen, now=MONDAY)
    client.force_login(zhou)
    merge(client, lin, twice)
    assert client.get(reverse("residents:people"), {"q": "11010519491231002X"}).context["lines"][0].person == lin
    assert Person.objects.get(pk=twice.pk).identity_cipher == ""


def test_who_was_merged_is_found_no_more_and_their_address_leads_on(client, home, lin, twice, zhou, chen):
    client.force_login(zhou)
    merge(client, lin, twice)
    assert client.get(reverse("residents:person", args=[twice.pk])).url == f"/residents/{lin.pk}/"
    for query in ("林晓梅", "1234", "lxm", "3-2-1201"):
        found = client.get(reverse("residents:people"), {"q": query}).context["lines"]
        assert [line.person for line in found] == [lin], query
        assert client.get(reverse("desk:find"), {"q": query}).text.count("3-2-1201</b>") == 1
    assert merge(client, lin, twice).status_code == 404


def test_the_data_of_the_merged_entry_is_part_of_a_copy_and_goes_with_it(yunhu, lin, twice, zhou, guo):
    actions.merge_people(lin, twice, by=zhou, now=MONDAY, **REASON)
    subject = Subject(yunhu, person=Person.objects.get(pk=lin.pk))
    assert rows_of(subject, subject.cases(zhou))["residents.Person"].count() == 2
    Occupancy.objects.filter(person=lin).update(period=DateRange(datetime.date(2018, 1, 1), TODAY))
    asked = actions.ask_data(subject, kind="erase", reason="本人要求", path="/", by=zhou, now=MONDAY)
    actions.confirm_erasure(asked, subject, by=guo, now=MONDAY)
    assert not Person.objects.filter(name="林晓梅").exists()


def test_shares_of_both_entries_are_counted_once(yunhu, home, lin, twice, zhou, chen):
    wu = register.register_person(yunhu, name="吴刚", phone="", by=chen, now=MONDAY)
    again = register.register_person(yunhu, name="吴刚", phone="", by=chen, now=MONDAY)
    for who in (wu, again):
        register.move_in(home, who, kind="owner", share=Decimal(50), starts_on=TODAY, by=chen, now=MONDAY)
    actions.merge_people(wu, again, by=zhou, now=MONDAY, **REASON)
    third = register.register_person(yunhu, name="孙立", phone="", by=chen, now=MONDAY)
    register.move_in(home, third, kind="owner", share=Decimal(50), starts_on=TODAY, by=chen, now=MONDAY)
    assert (
        sum(Occupancy.objects.in_force().filter(unit=home, share__isnull=False).values_list("share", flat=True)) == 100
    )


def test_two_with_different_numbers_are_two_people(client, lin, wu, zhou, chen):
    register.record_identity(lin, kind="id_card", number="11010519491231002X", by=chen, now=MONDAY)
    register.record_identity(wu, kind="passport", number="E12345678", by=chen, now=MONDAY)
    client.force_login(zhou)
    answer = merge(client, lin, wu)
    assert answer.status_code == 409 and REASON["reason"] in answer.text


def test_nobody_merges_while_a_request_about_the_data_waits(client, yunhu, lin, twice, zhou):
    subject = Subject(yunhu, person=twice)
    actions.ask_data(subject, kind="erase", reason="本人要求", path="/", by=zhou, now=MONDAY)
    client.force_login(zhou)
    assert merge(client, lin, twice).status_code == 409
    assert not Person.objects.exclude(merged_into=None).exists()


def test_a_person_and_a_company_are_not_one(yunhu, lin, zhou):
    firm = register.register_person(yunhu, name="林晓梅", phone="", kind="company", by=zhou, now=MONDAY)
    with pytest.raises(Refused):
        actions.merge_people(lin, firm, by=zhou, now=MONDAY, **REASON)


def test_a_clerk_does_not_merge(client, lin, twice, chen):
    client.force_login(chen)
    assert merge(client, lin, twice).status_code == 403
    with pytest.raises(NotAllowed):
        actions.merge_people(lin, twice, by=chen, now=MONDAY, **REASON)


def test_merging_needs_a_reason(client, lin, twice, zhou):
    client.force_login(zhou)
    assert merge(client, lin, twice, reason="").status_code == 422


def test_what_looks_alike_is_shown_until_somebody_says_that_they_are_two(client, yunhu, home, lin, twice, zhou):
    resident(home, "林父", "13800001234", Occupancy.Kind.HOUSEHOLD)
    other = resident(home, "林晓梅", "13900009999", Occupancy.Kind.HOUSEHOLD)
    found = [(pair.keep, pair.drop, pair.reason) for pair in duplicates.pairs(yunhu)]
    assert found[0] == (lin, twice, "both") and (lin, other, "unit") in found and found[-1][2] == "phone"
    client.force_login(zhou)
    address = reverse("desk:merge_people", args=[lin.pk, other.pk])
    assert "139****9999" in client.get(address).text
    client.post(address, {"reason": "同名的母女", "apart": "1"})
    assert (lin, other) not in [(pair.keep, pair.drop) for pair in duplicates.pairs(yunhu)]
    assert Person.objects.filter(merged_into=None).count() == 4


def test_the_other_entry_can_be_searched_for(client, lin, twice, zhou):
    client.force_login(zhou)
    page = client.get(reverse("desk:duplicates"), {"keep": lin.pk, "q": "林晓梅"})
    assert [line.person for line in page.context["found"]] == [twice]
