"""Directory boards: plates arise from who occupies what, two approve them, the sign maker gets the difference."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from residents import actions, signs
from residents.models import Board, BoardPrinting, Occupancy, Plate
from residents.signs import Change, Name, diff
from servicedesk.core.errors import NotAllowed, Refused
from tests.complaints.residents import picture
from tests.factories import MONDAY, board, company, hung, plate, resident, unit
from tests.racing import race

pytestmark = pytest.mark.django_db
TODAY = MONDAY.date()
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def office_unit(yunhu):
    return unit(yunhu, "A-0301", floor=3)


@pytest.fixture
def firm(office_unit):
    return company(office_unit)


@pytest.fixture
def lobby(yunhu, firm, office_unit, zhou):
    return board(yunhu, office_unit.building, by=zhou)


def tasks(community, today=TODAY):
    return [(task.kind, task.name) for task in signs.tasks_of(signs.boards_of(community), community, today)]


# The difference -------------------------------------------------------------------------------------------------------


def test_the_difference_is_by_place():
    before = {1: Name("远航"), 2: Name("晨曦"), 3: Name("金石")}
    after = {1: Name("远航"), 2: Name("晨曦", "Dawn"), 5: Name("云帆")}
    changes = diff(before, after)
    assert changes == [
        Change(2, Name("晨曦"), Name("晨曦", "Dawn")),
        Change(3, Name("金石"), None),
        Change(5, None, Name("云帆")),
    ]
    assert [change.kind for change in changes] == ["change", "remove", "add"]
    assert diff(after, after) == []


def test_a_printing_marks_what_the_sign_maker_knows_and_the_next_has_only_the_rest(client, lobby, firm, chen, zhou):
    one = plate(lobby, firm, by=chen)
    client.force_login(chen)
    address = reverse("residents:board_print", args=[lobby.pk])
    assert client.get(address).context["paper"].changes == [], "what is only asked for is not made"
    actions.approve_plate(one, by=zhou, now=MONDAY)
    sent = client.post(address)
    printing = BoardPrinting.objects.get()
    assert sent.url == reverse("residents:board_printing", args=[printing.pk])
    assert (printing.snapshot, printing.by) == ({"1": one.pk}, chen)
    assert [change.kind for change in client.get(sent.url).context["paper"].changes] == ["add"]
    assert client.post(address).status_code == 409, "nothing has changed since"
    second = company(unit(lobby.community, "A-0302", floor=3), "晨曦律师事务所")
    other = plate(lobby, second, slot=2, by=chen)
    actions.approve_plate(other, by=zhou, now=MONDAY)
    paper = client.get(address).context["paper"]
    assert [(change.slot, change.kind) for change in paper.changes] == [(2, "add")]
    assert [slot for slot, there in paper.lines if there] == [1, 2]
    assert [change.slot for change in client.get(sent.url).context["paper"].changes] == [1], "the old paper stays"
    with pytest.raises(IntegrityError), transaction.atomic():
        BoardPrinting.objects.update(snapshot={})


# What there is to do --------------------------------------------------------------------------------------------------


def test_a_company_without_a_plate_is_to_get_one_and_a_private_person_is_not(yunhu, lobby, firm, chen):
    resident(unit(yunhu, "A-0401", floor=4), "林晓梅", "13800001234")
    assert tasks(yunhu) == [("add", "远航科技有限公司")]
    plate(lobby, firm, by=chen)
    assert tasks(yunhu) == [("approve", "远航科技有限公司")]


def test_a_plate_is_due_three_working_days_after_it_was_asked_for(lobby, firm, chen):
    friday = MONDAY + 4 * DAY
    assert plate(lobby, firm, by=chen, now=friday).due_on == datetime.date(2025, 9, 24)


def test_whoever_moved_out_leaves_a_plate_to_take_down(client, yunhu, lobby, firm, chen, zhou):
    hung(plate(lobby, firm, by=chen), by=chen, approved_by=zhou)
    assert tasks(yunhu) == []
    actions.end_occupancy(firm, on=TODAY - DAY, by=chen, now=MONDAY)
    assert tasks(yunhu) == [("leave", "远航科技有限公司")]
    left = actions.remove_plates_of(firm, by=None, now=MONDAY)
    assert [one.remove_by for one in left] == [datetime.date(2025, 9, 18)]
    assert tasks(yunhu) == [("remove", "远航科技有限公司")]
    assert actions.remove_plates_of(firm.unit, by=None, now=MONDAY)[0].pk == left[0].pk, "asked twice, nothing changes"
    client.force_login(chen)
    client.post(reverse("residents:plate_remove", args=[left[0].pk]))
    assert not Plate.objects.for_unit(firm.unit).live().exists() and tasks(yunhu) == []
    assert Plate.objects.get().removed_by == chen


def test_a_plate_on_its_way_is_not_made_for_whoever_moves_out(lobby, firm, chen):
    one = plate(lobby, firm, by=chen)
    assert actions.remove_plates_of(firm.unit, by=chen, now=MONDAY) == []
    one.refresh_from_db()
    assert (one.status, bool(one.withdrawn_reason)) == ("withdrawn", True)


def test_another_name_in_the_register_is_another_plate_that_replaces_the_first(
    client, yunhu, lobby, firm, chen, zhou, office_unit
):
    old = hung(plate(lobby, firm, by=chen), by=chen, approved_by=zhou)
    actions.correct_person(firm.person, name="远航数字科技有限公司", phone="", reason="更名", by=zhou, now=MONDAY)
    assert tasks(yunhu) == [("rename", "远航科技有限公司")]
    client.force_login(chen)
    form = client.get(
        reverse("residents:plate_request", args=[lobby.pk]), {"replaces": old.pk, "occupancy": firm.pk}
    ).context["form"]
    assert (form.initial["slot"], form.initial["display_name_zh"]) == (1, "远航数字科技有限公司")
    new = plate(lobby, Occupancy.objects.select_related("person", "unit").get(pk=firm.pk), by=chen, replaces=old)
    hung(new, by=chen, approved_by=zhou)
    old.refresh_from_db()
    assert (old.status, old.removed_by, new.status) == ("removed", chen, "mounted")
    assert tasks(yunhu) == []


def test_a_board_of_a_floor_names_only_that_floor(yunhu, lobby, firm, office_unit, zhou):
    company(unit(yunhu, "A-0501", floor=5), "金石传媒有限公司")
    board(yunhu, office_unit.building, name="五层水牌", place="floor", floor=5, by=zhou)
    assert sorted(tasks(yunhu)) == [
        ("add", "远航科技有限公司"),
        ("add", "金石传媒有限公司"),
        ("add", "金石传媒有限公司"),
    ]


# From the request to the day it is taken down -------------------------------------------------------------------------


def test_a_plate_goes_from_the_request_to_the_wall_through_the_pages(client, lobby, firm, chen, zhou):
    client.force_login(chen)
    typed = {"occupancy": firm.pk, "slot": 3, "display_name_zh": "远航科技", "agreed_by": "赵经理"}
    agreed = {"agreed_on": "2025-09-15", "agreed_how": "phone"}
    client.post(reverse("residents:plate_request", args=[lobby.pk]), {**typed, **agreed})
    one = Plate.objects.get()
    assert (one.slot, one.agreed_by, one.agreed_how, one.requested_by) == (3, "赵经理", "phone", chen)

    def step(name, who, **data):
        client.force_login(who)
        answer = client.post(reverse(f"residents:plate_{name}", args=[one.pk]), data)
        one.refresh_from_db()
        return answer.status_code

    assert step("make", chen) == 409 and one.status == "requested"
    assert step("approve", chen) == 403
    assert step("approve", zhou, version=one.version) == 302 and one.approved_by == zhou
    assert step("make", chen, version=0) == 409, "the page was made before it was approved"
    assert step("make", chen) == 302
    assert step("mount", chen, photo=picture()) == 302 and (one.status, one.mounted_by) == ("mounted", chen)
    assert step("ask_removal", chen, reason="") == 422
    assert step("ask_removal", chen, reason="租约到期") == 302 and one.is_leaving
    assert step("keep", chen) == 302 and not one.is_leaving


def test_who_asked_for_a_plate_does_not_approve_it(lobby, firm, zhou):
    one = plate(lobby, firm, by=zhou)
    with pytest.raises(NotAllowed):
        actions.approve_plate(one, by=zhou, now=MONDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Plate.objects.update(status="approved", approved_by=zhou, approved_at=MONDAY)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"slot": 9}, "__all__"),
        ({"slot": "x"}, "slot"),
        ({"agreed_by": ""}, "agreed_by"),
        ({"agreed_on": "2025-10-01"}, "agreed_on"),
        ({"occupancy": 0}, "occupancy"),
    ],
)
def test_a_request_that_cannot_be_comes_back_with_its_words(client, lobby, firm, chen, typed, field):
    client.force_login(chen)
    right = {"occupancy": firm.pk, "slot": 1, "display_name_zh": "远航科技", "agreed_by": "赵经理"}
    whole = {**right, "agreed_on": "2025-09-15", "agreed_how": "phone", **typed}
    answer = client.post(reverse("residents:plate_request", args=[lobby.pk]), whole)
    assert answer.status_code in (409, 422) and "远航科技" in answer.text
    assert list(answer.context["form"].errors) == [field]
    assert not Plate.objects.exists()


def test_a_private_person_has_a_plate_only_where_they_wish_it(yunhu, lobby, chen):
    resident(unit(yunhu, "A-0401", floor=4), "林晓梅", "13800001234")
    living = Occupancy.objects.select_related("person", "unit").get(person__name="林晓梅")
    with pytest.raises(Refused):
        plate(lobby, living, by=chen)
    assert plate(lobby, living, by=chen, is_private_agreed=True).status == "requested"


def test_a_bilingual_board_wants_both_names_and_an_occupant_has_one_plate(yunhu, lobby, firm, chen, zhou):
    actions.change_board(lobby, is_bilingual=True, by=zhou, now=MONDAY)
    with pytest.raises(Refused, match="英文名称"):
        plate(lobby, firm, by=chen)
    plate(lobby, firm, by=chen, display_name_en="Voyage")
    with pytest.raises(Refused, match="已有铭牌"):
        plate(lobby, firm, slot=2, by=chen, display_name_en="Voyage")


def test_a_board_keeps_the_places_that_are_in_use(lobby, firm, chen, zhou):
    plate(lobby, firm, slot=6, by=chen)
    with pytest.raises(Refused, match="6"):
        actions.change_board(lobby, slots=5, by=zhou, now=MONDAY)
    with pytest.raises(NotAllowed):
        actions.change_board(lobby, slots=7, by=chen, now=MONDAY)


def test_a_plate_of_another_community_is_nowhere(client, lobby, firm, chen, stranger):
    one = plate(lobby, firm, by=chen)
    client.force_login(stranger)
    for address in (one.get_absolute_url(), lobby.get_absolute_url()):
        assert client.get(address).status_code == 404


# Two clerks at once ---------------------------------------------------------------------------------------------------


def asks(lobby, occupancies, clerk, slot):
    return [
        lambda one=one: plate(Board.objects.select_related("community").get(pk=lobby.pk), one, slot=slot, by=clerk)
        for one in occupancies
    ]


@pytest.mark.django_db(transaction=True)
def test_of_two_clerks_who_want_one_place_one_gets_it(yunhu, lobby, firm, chen):
    second = company(unit(yunhu, "A-0302", floor=3), "晨曦律师事务所")
    for slot in range(1, 6):
        outcomes = race(*asks(lobby, [firm, second], chen, slot))
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Plate", "Refused"]
        one = Plate.objects.coming().get(slot=slot)
        actions.withdraw_plate(one, reason="重来", by=chen, now=MONDAY)


@pytest.mark.django_db(transaction=True)
def test_control_without_the_constraint_both_would_get_it(yunhu, lobby, firm, chen, monkeypatch):
    """Each looks whether the place is free, which it is, and each puts a plate there."""
    from django.db import connection

    second = company(unit(yunhu, "A-0302", floor=3), "晨曦律师事务所")
    index = Plate._meta.constraints[0]
    assert index.name == "plate_one_on_its_way_to_a_place"
    with connection.schema_editor() as editor:
        editor.remove_constraint(Plate, index)
    try:
        outcomes = race(*asks(lobby, [firm, second], chen, 1))
        assert [type(outcome).__name__ for outcome in outcomes] == ["Plate", "Plate"]
    finally:
        Plate.objects.coming().filter(occupancy=second).update(
            status="withdrawn", withdrawn_at=MONDAY, withdrawn_reason="x"
        )
        with connection.schema_editor() as editor:
            editor.add_constraint(Plate, index)
