"""Moves: one at a time with each lift, inside the hours, with the owner's consent (section 15)."""

import datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from residents import actions, moving
from residents.actions import moving as verbs
from residents.models import Lift, MoveBooking, MoveRule, Unit
from servicedesk.core import doors
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event
from tests import factories
from tests.factories import MONDAY, at, booking, lift, unit
from tests.racing import race

pytestmark = pytest.mark.django_db

HOUR = datetime.timedelta(hours=1)
LESSEE = {"kind": "out", "relation": "lessee", "applicant_name": "租客"}


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def goods_lift(home):
    return lift(home)


def typed(goods_lift, **changes):
    """What the desk types to book Tuesday from eight to ten."""
    return {
        "unit": "3 2 1201",
        "kind": "in",
        "lift": goods_lift.pk,
        "day": "2025-09-16",
        "begins": "08:00",
        "ends": "10:00",
        "applicant_name": "林晓梅",
        "applicant_phone": "13800001234",
        "relation": "owner",
        "protects_floor": "on",
        "mover_company": "顺达搬家",
        "plate_no": "浙A12345",
        **changes,
    }


def book(client, who, goods_lift, **changes):
    client.force_login(who)
    return client.post(reverse("residents:move_book"), typed(goods_lift, **changes))


def step(client, who, row, name, /, **typed):
    client.force_login(who)
    return client.post(reverse(f"residents:move_{name}", args=[row.pk]), typed)


def test_a_free_slot_of_the_week_leads_to_a_booking(client, chen, lin, goods_lift):
    client.force_login(chen)
    week = client.get(reverse("residents:moves")).content.decode()
    address = (
        f"{reverse('residents:move_book')}?lift={goods_lift.pk}&amp;day=2025-09-16&amp;begins=08:00&amp;ends=10:00"
    )
    assert address in week
    assert b'value="08:00"' in client.get(address.replace("&amp;", "&")).content
    answer = book(client, chen, goods_lift)
    row = MoveBooking.objects.get()
    assert answer["Location"] == row.get_absolute_url()
    assert (row.applicant, row.lift, row.status) == (lin, goods_lift, "booked")
    assert (row.window.lower, row.window.upper) == (at("2025-09-16 08:00"), at("2025-09-16 10:00"))
    event = Event.objects.about(row).get()
    assert (event.verb, event.by) == ("move_booked", chen) and "林" not in str(event.data)
    assert address not in client.get(reverse("residents:moves")).content.decode()


def test_a_lift_carries_one_move_at_a_time_and_the_next_free_slot_is_named(client, chen, home, goods_lift):
    booking(home, by=chen, lift=goods_lift, begins="2025-09-16 08:30", ends="2025-09-16 12:00")
    answer = book(client, chen, goods_lift, begins="08:00", ends="10:00")
    page = answer.content.decode()
    assert answer.status_code == 409 and "09-16 14:00–16:00" in page and "顺达搬家" in page
    assert MoveBooking.objects.count() == 1
    copy = MoveBooking.objects.get()
    copy.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save(force_insert=True)


@pytest.mark.parametrize("status", ["cancelled", "no_show", "done"])
def test_what_has_ended_gives_the_lift_back(chen, home, goods_lift, status):
    first = booking(home, by=chen, lift=goods_lift)
    if status == "cancelled":
        actions.cancel_move(first, by=chen, now=MONDAY, reason="改期")
    elif status == "no_show":
        actions.miss_move(first, by=chen, now=at("2025-09-16 09:00"))
    else:
        for take in (actions.confirm_move, actions.start_move, actions.finish_move):
            take(first, by=chen, now=MONDAY)
    assert booking(home, by=chen, lift=goods_lift).is_live


@pytest.mark.parametrize(
    ("begins", "ends", "free"),
    [
        ("2025-09-16 07:00", "2025-09-16 09:00", "09-16 08:00–10:00"),
        ("2025-09-16 17:00", "2025-09-16 19:00", "09-17 08:00–10:00"),
        ("2025-09-16 11:00", "2025-09-16 13:00", "09-16 14:00–16:00"),
        ("2025-09-20 08:00", "2025-09-20 10:00", "09-20 09:00–11:00"),
        ("2025-09-15 08:00", "2025-09-15 09:30", "09-15 10:00–12:00"),
        ("2026-09-15 08:00", "2026-09-15 10:00", ""),
    ],
)
def test_a_time_outside_the_rule_is_refused_with_the_next_free_slot(chen, home, goods_lift, begins, ends, free):
    with pytest.raises(Refused) as refused:
        booking(home, by=chen, lift=goods_lift, begins=begins, ends=ends)
    assert free in str(refused.value)


def test_the_hours_and_the_lifts_are_data_of_the_community(client, zhou, chen, home, goods_lift):
    client.force_login(zhou)
    rule = dict.fromkeys(("work_opens", "rest_opens", "contact_from"), "08:00")
    rule |= dict.fromkeys(("work_closes", "rest_closes", "contact_to"), "20:00")
    rule |= {"quiet_from": "12:00", "quiet_to": "13:00", "quiet_source": "市环境噪声条例", "slot_minutes": "60"}
    address = reverse("residents:move_rules")
    assert client.post(address, {**rule, "notice_days": "3", "quiet_to": ""}).status_code == 422
    assert client.post(address, {**rule, "notice_days": "3"}).status_code == 302
    assert MoveRule.objects.get().quiet_source == "市环境噪声条例"
    assert booking(home, by=chen, lift=goods_lift, begins="2025-09-16 13:00", ends="2025-09-16 14:00")
    new = {"building": home.building_id, "section": "2", "name": "2 号梯"}
    assert client.post(reverse("residents:lift_add"), new).status_code == 302
    assert client.post(reverse("residents:lift_add"), new).status_code == 409
    assert client.post(reverse("residents:lift_add"), {**new, "section": "9"}).status_code == 422
    client.post(reverse("residents:lift_switch", args=[goods_lift.pk]))
    assert Lift.objects.get(pk=goods_lift.pk).carries_goods, "moves are booked with it"
    client.post(reverse("residents:lift_switch", args=[Lift.objects.get(name="2 号梯").pk]))
    assert not Lift.objects.get(name="2 号梯").carries_goods


def test_a_lift_of_another_entrance_gets_nobody_there(chen, yunhu, home):
    elsewhere = lift(factories.unit(yunhu, "3-1-0301"))
    with pytest.raises(Refused):
        booking(home, by=chen, lift=elsewhere)
    with pytest.raises(Refused):
        booking(home, by=chen, lift=lift(home, "客梯", carries_goods=False))


def test_the_stairs_need_a_route_and_may_be_used_by_several(client, chen, home, goods_lift):
    assert book(client, chen, goods_lift, lift="").status_code == 422
    for _ in range(2):
        assert book(client, chen, goods_lift, lift="", route="二单元消防楼梯").status_code == 302
    client.force_login(chen)
    assert client.get(reverse("residents:moves") + "?week=2025-09-16").content.decode().count("二单元消防楼梯") == 2


def test_where_there_are_many_lifts_the_week_shows_the_booked_ones_or_a_building(
    client, yunhu, chen, home, goods_lift, monkeypatch
):
    monkeypatch.setattr(moving, "MOST_LIFTS", 1)
    second, idle = (lift(unit(yunhu, room)) for room in ("5-1-0301", "7-1-0301"))
    for one, of in ((home, goods_lift), (Unit.objects.get(label="5-1-0301"), second)):
        booking(one, by=chen, lift=of)
    client.force_login(chen)
    address = reverse("residents:moves") + "?week=2025-09-16"
    page = client.get(address)
    assert [line.lift for line in page.context["lines"]] == [goods_lift]
    assert page.context["grid"].others == 1 and len(page.context["part"].rows) == 2
    page = client.get(f"{address}&building={second.building_id}")
    assert [line.lift for line in page.context["lines"]] == [second]
    assert [row.lift for row in page.context["part"].rows] == [second]
    assert f"week=2025-09-22&amp;building={second.building_id}" in page.text, "the building stays as one turns the week"
    page = client.get(f"{address}&building={idle.building_id}")
    assert [line.lift for line in page.context["lines"]] == [idle] and f"lift={idle.pk}&amp;" in page.text
    for nowhere in ("0", "x", "９", "9" * 30):
        assert [line.lift for line in client.get(f"{address}&building={nowhere}").context["lines"]] == [goods_lift]


def test_the_moves_of_a_week_turn_their_pages(client, chen, home, goods_lift, monkeypatch):
    monkeypatch.setattr(doors, "PAGE", 1)
    booking(home, by=chen, lift=goods_lift)
    later = booking(home, by=chen, lift=goods_lift, begins="2025-09-17 08:00", ends="2025-09-17 10:00")
    client.force_login(chen)
    address = reverse("residents:moves")
    first = client.get(address + "?week=2025-09-16")
    assert len(first.context["lines"][0].cells[2].bookings) == 1, "the week itself has them all"
    assert client.get(address + first.context["part"].older_url).context["part"].rows == [later]


def test_a_lessee_moves_out_with_the_owners_consent(client, chen, home, goods_lift):
    row = booking(home, by=chen, lift=goods_lift, **LESSEE)
    assert step(client, chen, row, "confirm").status_code == 409
    later = {"how": "call", "who": "林晓梅", "agreed_at": "2025-09-15T10:00"}
    assert step(client, chen, row, "consent", **later).status_code == 422, "not later than now"
    with pytest.raises(Refused):
        actions.record_consent(row, by=chen, now=MONDAY, how="call", who="林晓梅", agreed_at=MONDAY + HOUR)
    answer = step(client, chen, row, "consent", how="call", who="林晓梅", agreed_at="2025-09-15T08:30")
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.consent_how, row.consent_by, row.consent_recorded_by) == ("call", "林晓梅", chen)
    assert step(client, chen, row, "confirm").status_code == 302
    with pytest.raises(IntegrityError), transaction.atomic():
        MoveBooking.objects.update(consent_how="", consent_by="", consent_at=None, consent_recorded_by=None)


def test_a_confirmed_move_does_not_become_a_lessees_without_consent(client, chen, home, goods_lift):
    row = booking(home, by=chen, lift=goods_lift)
    actions.confirm_move(row, by=chen, now=MONDAY)
    answer = step(client, chen, row, "change", **typed(goods_lift, **LESSEE, mover_company="速达"))
    assert answer.status_code == 409 and "速达" in answer.content.decode()


def test_short_notice_is_a_warning_and_no_block(client, chen, home, goods_lift):
    row = booking(home, by=chen, lift=goods_lift, kind="out")
    client.force_login(chen)
    assert client.get(row.get_absolute_url()).context["short_notice"]
    assert step(client, chen, row, "confirm").status_code == 302
    late = booking(home, by=chen, lift=goods_lift, kind="out", begins="2025-09-18 08:00", ends="2025-09-18 10:00")
    assert not client.get(late.get_absolute_url()).context["short_notice"]


def test_a_move_is_changed_and_the_page_that_is_out_of_date_keeps_its_words(client, chen, home, goods_lift):
    row = booking(home, by=chen, lift=goods_lift)
    answer = step(client, chen, row, "change", **typed(goods_lift, begins="10:00", ends="12:00", version=0))
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.window.lower == at("2025-09-16 10:00") and row.version == 1
    stale = step(client, chen, row, "change", **typed(goods_lift, version=0, mover_company="速达"))
    assert stale.status_code == 409 and "速达" in stale.content.decode()
    assert b'name="version" value="1"' in stale.content


def test_a_step_taken_by_mistake_is_taken_back_unless_the_lift_is_given_away(client, chen, home, goods_lift):
    row = booking(home, by=chen, lift=goods_lift)
    actions.miss_move(row, by=chen, now=at("2025-09-16 09:00"))
    other = booking(home, by=chen, lift=goods_lift)
    assert step(client, chen, row, "take_back", reason="车到了").status_code == 409
    actions.cancel_move(other, by=chen, now=MONDAY, reason="改期")
    assert step(client, chen, row, "take_back", reason="车到了").status_code == 302
    row.refresh_from_db()
    assert row.status == "booked"
    assert step(client, chen, other, "take_back", reason="错了").status_code == 409


def test_protection_is_seen_in_place_by_somebody(client, chen, home, goods_lift):
    row = booking(home, by=chen, lift=goods_lift)
    assert step(client, chen, row, "protect").status_code == 409, "none was asked for"
    MoveBooking.objects.update(protects_floor=True)
    assert step(client, chen, row, "protect").status_code == 302
    assert MoveBooking.objects.get().protection_checked_by == chen


def test_the_number_is_masked_until_somebody_says_why(client, chen, home, goods_lift):
    row = booking(home, by=chen, lift=goods_lift)
    client.force_login(chen)
    for address in (row.get_absolute_url(), reverse("residents:moves")):
        page = client.get(address).content.decode()
        assert "13800001234" not in page and "138****1234" in page
    page = step(client, chen, row, "unmask", reason="车位被占")
    assert "13800001234" in page.content.decode()
    assert Event.objects.about(row).filter(verb="unmasked", by=chen, note="车位被占").exists()


def test_a_move_of_another_community_is_nowhere(client, stranger, chen, home, goods_lift):
    row = booking(home, by=chen, lift=goods_lift)
    client.force_login(stranger)
    assert client.get(row.get_absolute_url()).status_code == 404
    assert step(client, stranger, row, "cancel", reason="x").status_code == 404
    assert book(client, stranger, goods_lift).status_code == 422, "neither the room nor the lift is theirs to name"


def test_a_booking_is_never_deleted_and_ends_with_its_facts(chen, home, goods_lift):
    row = booking(home, by=chen, lift=goods_lift)
    with pytest.raises(IntegrityError), transaction.atomic():
        MoveBooking.objects.filter(pk=row.pk).delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        MoveBooking.objects.update(cancel_reason="改期")


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False], ids=["as it is", "control: without the constraint"])
def test_of_two_desks_that_book_one_slot_one_does(yunhu, home, chen, zhou, guarded):
    goods_lift = lift(home)
    if not guarded:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE residents_movebooking DROP CONSTRAINT lift_carries_one_move_at_a_time")
    try:
        outcomes = race(
            lambda: booking(home, by=chen, lift=goods_lift), lambda: booking(home, by=zhou, lift=goods_lift)
        )
        refused = [isinstance(one, Refused) for one in outcomes].count(True)
        assert (refused, MoveBooking.objects.live().count()) == ((1, 1) if guarded else (0, 2))
    finally:
        if not guarded:
            constraint = next(
                one for one in MoveBooking._meta.constraints if one.name == "lift_carries_one_move_at_a_time"
            )
            MoveBooking.objects.update(lift=None, route="楼梯")
            with connection.schema_editor() as editor:
                editor.add_constraint(MoveBooking, constraint)


def test_no_verb_of_moving_knows_of_money():
    names = {name for function in vars(verbs).values() if callable(function) for name in _arguments(function)}
    assert not names & {"fees", "amount", "arrears", "debt", "paid"}


def _arguments(function):
    return getattr(
        getattr(function, "__wrapped__", function), "__code__", type("", (), {"co_varnames": ()})
    ).co_varnames


def test_a_time_is_taken_in_full_width_digits(client, chen, goods_lift):
    assert book(client, chen, goods_lift, begins="０９：００", ends="１０:００").status_code == 302
    assert MoveBooking.objects.get().window.lower == at("2025-09-16 09:00")
