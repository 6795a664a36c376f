"""Moving in and out through the door: tasks in any order, gone on with another day, closed by facts; defects."""

import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import actions as case_actions
from residents import actions, finder, ring
from residents.fee_start import fees_start_on
from residents.models import (
    Credential,
    Defect,
    Handover,
    KeyMove,
    KeySet,
    Meter,
    Occupancy,
    Reading,
    Unit,
)
from servicedesk.core import doors
from servicedesk.core.models import Event, Photo
from servicedesk.desk import handovers
from servicedesk.desk.views import defects
from tests import factories
from tests.complaints.residents import picture
from tests.factories import MONDAY, fresh

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)
TODAY = MONDAY.date()
NEW_LABEL = "3-2-1501"


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def empty_home(yunhu):
    """A home that nobody has lived in, with two meters and two keys in the cabinet."""
    return factories.unit(yunhu, NEW_LABEL)


@pytest.fixture
def meters(empty_home, chen):
    return [meter(empty_home, resource, chen) for resource in ("water", "electricity")]


def meter(home, resource, by, now=MONDAY):
    facts = {"resource": resource, "serial": f"{resource[:1].upper()}{home.pk}", "max_value": Decimal("99999.99")}
    return actions.add_meter(home.community, unit=home, by=by, now=now, **facts)


@pytest.fixture
def moving_in(yunhu, empty_home, meters, chen):
    """Zheng Ping, who has bought 3-2-1501, comes on Monday."""
    return actions.open_move_in(
        empty_home,
        name="郑平",
        phone="13600001111",
        capacity="owner",
        booked_for=MONDAY,
        moves_on=TODAY,
        by=chen,
        now=MONDAY,
    )


@pytest.fixture
def moving_out(yunhu, home, lin, chen):
    """Lin leaves 3-2-1201."""
    occupancy = Occupancy.objects.get(person=lin)
    return actions.open_move_out(occupancy, booked_for=MONDAY, moves_on=TODAY, by=chen, now=MONDAY)


def task_url(handover, kind):
    return f"{handover.get_absolute_url()}{kind}/"


def fill(handover, kind):
    """Return what is typed for a task, all of it right."""
    if kind == "papers":
        return {f"paper_{row.kind}": "seen" for row in handover.documents.all()}
    if kind == "agreements":
        return {f"day_{row.kind}": TODAY.isoformat() for row in handover.agreements.all()}
    if kind in ("meters", "readings"):
        return {f"value_{row.pk}": "12.5" for row in Meter.objects.for_unit(handover.unit)}
    if kind == "facilities":
        return {f"result_{row.pk}": "ok" for row in handover.items.all()}
    return {
        "keys": {"tag": "A-1501", "what": "入户门", "copies": 3},
        "cards": {"number": "C1501"},
        "fees": {"rule": "next_month", "told": "on"},
        "notices": {"given": "on"},
        "occupancy": {"moves_on": TODAY.isoformat()},
    }.get(kind, {})


def do(client, handover, *kinds):
    """Do tasks at the desk, each finished with what is typed."""
    for kind in kinds:
        answer = client.post(task_url(handover, kind), {**fill(handover, kind), "finish": "1"})
        assert answer.status_code == 302, (
            kind,
            answer.context and (answer.context["refusal"], answer.context["form"].errors),
        )


def complete(client, handover, name="郑平"):
    return client.post(reverse("desk:move_complete", args=[handover.pk]), {"signed_name": name})


def statuses(handover):
    return dict(handover.tasks.values_list("kind", "status"))


def again(handover):
    return Handover.objects.with_home().get(pk=handover.pk)


MOVE_IN = ["papers", "keys", "meters", "facilities", "agreements", "cards", "fees", "notices"]


# The ring -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [MOVE_IN, MOVE_IN[::-1], MOVE_IN[4:] + MOVE_IN[:4]])
def test_a_move_in_is_done_in_any_order(client, chen, moving_in, order):
    client.force_login(chen)
    do(client, moving_in, *order)
    assert set(statuses(moving_in).values()) == {"done"}
    assert complete(client, moving_in).status_code == 302
    done = again(moving_in)
    assert (done.status, done.signed_name, done.completed_by) == ("completed", "郑平", chen)
    home = Occupancy.objects.get(unit=done.unit)
    assert (home.person, home.kind, home.period.lower, home.period.upper) == (done.party, "owner", TODAY, None)
    assert Unit.objects.get(pk=done.unit_id).handed_over_on == TODAY
    assert done.fee_starts_on == datetime.date(2025, 10, 1)
    assert Reading.objects.filter(kind="base").count() == 2
    assert KeyMove.objects.get(action="issue").person == done.party
    assert [hit.occupancy.person.name for hit in finder.find(done.community, "1501", today=TODAY)] == ["郑平"]


def test_keys_that_are_new_at_a_move_in_are_not_those_of_an_empty_home(client, chen, moving_in):
    client.force_login(chen)
    do(client, moving_in, "keys")
    assert KeySet.objects.get(unit=moving_in.unit).kind == "resident_custody"


def test_five_of_eight_are_kept_and_gone_on_with_the_next_day_by_somebody_else(
    client, chen, zhou, moving_in, time_machine
):
    client.force_login(chen)
    do(client, moving_in, "cards", "meters", "papers", "fees", "notices")
    time_machine.move_to(MONDAY + DAY, tick=False)
    client.force_login(zhou)
    line = client.get(reverse("desk:moveins")).context["lines"][0]
    assert (line.settled, line.total, line.next_step.row.kind) == (5, 8, "keys")
    page = client.get(moving_in.get_absolute_url())
    assert page.context["progress"].next_step.url == task_url(moving_in, "keys")
    do(client, moving_in, "keys", "facilities", "agreements")
    assert complete(client, moving_in).status_code == 302
    assert Occupancy.objects.get(unit=moving_in.unit).period.lower == TODAY, "the home was theirs with the card"


def test_the_end_is_refused_and_names_the_tasks_that_are_open(client, chen, moving_in):
    client.force_login(chen)
    do(client, moving_in, *[kind for kind in MOVE_IN if kind not in ("meters", "fees")])
    answer = complete(client, moving_in)
    assert answer.status_code == 409
    said = str(answer.context["form"].errors)
    assert [kind for kind in MOVE_IN if ring.title_of(kind) in said] == ["meters", "fees"]
    assert again(moving_in).status == "under_way"
    assert Unit.objects.get(pk=moving_in.unit_id).handed_over_on is None
    client.post(reverse("desk:task_excuse", args=[moving_in.pk, "meters"]), {"reason": "表未装"})
    do(client, moving_in, "fees")
    assert complete(client, moving_in).status_code == 302
    assert moving_in.tasks.get(kind="meters").excused_reason == "表未装"


def test_nothing_is_completed_before_it_was_begun(client, chen, moving_in):
    client.force_login(chen)
    answer = complete(client, moving_in)
    assert answer.status_code == 409 and again(moving_in).status == "booked"


@pytest.mark.parametrize("kind", ["papers", "keys", "meters", "facilities", "agreements", "cards", "fees"])
def test_a_task_is_finished_by_facts_and_not_by_a_button(client, chen, moving_in, kind):
    client.force_login(chen)
    answer = client.post(task_url(moving_in, kind), {"finish": "only"})
    assert answer.status_code in (409, 422)
    assert statuses(moving_in)[kind] == "open"


def test_agreements_have_no_day_before_one_is_given_and_one_tick_gives_all_of_them_today(client, chen, moving_in):
    client.force_login(chen)
    form = client.get(task_url(moving_in, "agreements")).context["form"]
    assert {field.value() for field, _tick in form.rows()} == {None}
    assert client.post(task_url(moving_in, "agreements"), {"finish": "1"}).status_code == 409, "nothing was signed"
    typed = {
        "today": "on",
        "day_service_contract": "2025-09-12",
        "day_fire_letter": "2025-09-31",
        "not_fire_letter": "on",
    }
    assert client.post(task_url(moving_in, "agreements"), {**typed, "finish": "1"}).status_code == 302
    rows = moving_in.agreements.values_list("kind", "is_needed", "signed_on")
    assert {kind: (is_needed, day) for kind, is_needed, day in rows} == {
        "management_covenant": (True, TODAY),
        "service_contract": (True, datetime.date(2025, 9, 12)),
        "fire_letter": (False, None),
        "renovation_notice": (True, TODAY),
    }


@pytest.mark.parametrize("kind", ["papers", "meters"])
def test_what_a_task_lacks_is_said_once(client, chen, moving_in, kind):
    client.force_login(chen)
    typed = {**fill(moving_in, kind), **LACKING[kind](moving_in), "finish": "1"}
    answer = client.post(task_url(moving_in, kind), typed)
    assert answer.status_code == 409 and answer.content.decode().count(answer.context["refusal"]) == 1


LACKING = {
    "papers": lambda handover: {"paper_proxy": "wanted"},
    "meters": lambda handover: {f"value_{Meter.objects.for_unit(handover.unit).first().pk}": ""},
}


def test_only_what_changed_stands_on_the_timeline(client, chen, moving_in):
    client.force_login(chen)
    for kind in ("facilities", "agreements", "papers"):
        for _ in range(2):
            client.post(task_url(moving_in, kind), {**fill(moving_in, kind), "rest": "1"})
    verbs = list(Event.objects.about(moving_in).values_list("verb", flat=True))
    assert [verbs.count(verb) for verb in ("items_recorded", "agreements_recorded", "papers_recorded")] == [1, 1, 1]


def test_a_finished_task_shows_what_was_recorded(client, chen, moving_in):
    client.force_login(chen)
    do(client, moving_in, "papers", "fees")
    text = client.get(task_url(moving_in, "papers")).content.decode()
    assert text.count("<dd>已验看</dd>") == moving_in.documents.count()
    assert "2025-10-01" in client.get(task_url(moving_in, "fees")).content.decode()


def test_one_meter_without_a_base_reading_keeps_the_task_open_and_the_other_reading_stays(
    client, chen, moving_in, meters
):
    client.force_login(chen)
    answer = client.post(task_url(moving_in, "meters"), {f"value_{meters[0].pk}": "3", "finish": "1"})
    assert answer.status_code == 409 and meters[1].serial in answer.context["refusal"]
    assert list(Reading.objects.values_list("meter", "kind", "value")) == [(meters[0].pk, "base", Decimal("3"))]
    assert [one.pk for one in answer.context["form"].meters] == [meters[1].pk], "what is read is not asked for again"


def test_a_reading_lower_than_the_last_is_asked_for_again_with_every_typed_word(
    client, chen, moving_in, meters, time_machine
):
    facts = {"at": MONDAY - 30 * DAY, "by": chen, "now": MONDAY, "source": "desk"}
    actions.record_reading(meters[0], value=Decimal(50), kind="base", **facts)
    factories.resident(moving_in.unit, "旧住户", "13511110000")
    client.force_login(chen)
    typed = {f"value_{meters[0].pk}": "20", f"value_{meters[1].pk}": "7", "finish": "1"}
    answer = client.post(task_url(moving_in, "meters"), typed)
    assert answer.status_code == 409
    assert answer.context["form"][f"value_{meters[0].pk}"].value() == "20"
    assert answer.context["form"].asked == {meters[0].pk: "rolled_over"}
    assert Reading.objects.filter(meter=meters[1]).exists(), "the right one is kept"
    typed = {f"value_{meters[0].pk}": "50.5", "finish": "1"}
    assert client.post(task_url(moving_in, "meters"), typed).status_code == 302


def test_a_reading_is_taken_in_full_width_digits(client, chen, moving_in, meters):
    client.force_login(chen)
    typed = {f"value_{meters[0].pk}": "１２．３", f"value_{meters[1].pk}": "一二"}
    answer = client.post(task_url(moving_in, "meters"), typed)
    assert answer.status_code == 422 and list(answer.context["form"].errors) == [f"value_{meters[1].pk}"]
    assert client.post(task_url(moving_in, "meters"), {**typed, f"value_{meters[1].pk}": ""}).status_code == 302
    assert Reading.objects.get().value == Decimal("12.3")


def test_a_reading_comes_with_its_photo(client, chen, moving_in, meters):
    client.force_login(chen)
    photo = picture()
    client.post(task_url(moving_in, "meters"), {f"value_{meters[0].pk}": "3", f"photo_{meters[0].pk}": photo})
    kept = Photo.objects.about(Reading.objects.get()).get()
    assert client.get(reverse("desk:defect_file", args=[kept.name])).status_code == 200


def test_a_home_without_a_meter_gets_one_from_the_ring_and_leads_back(client, chen, liu, yunhu, home, moving_in):
    Meter.objects.update(unit=home)
    client.force_login(chen)
    address = client.get(task_url(moving_in, "meters")).context["add_url"]
    page = client.get(address)
    assert page.context["form"]["room"].value() == NEW_LABEL and page.context["next"] == task_url(moving_in, "meters")
    typed = {"resource": "water", "serial": "W77", "room": NEW_LABEL, "max_value": "99999.99", "multiplier": "1"}
    assert client.post(address, {**typed, "base": "3"})["Location"] == task_url(moving_in, "meters")
    assert client.post(task_url(moving_in, "meters"), {"finish": "only"}).status_code == 302
    away = client.post(f"{reverse('residents:meter_add')}?next=https://example.com/", {**typed, "serial": "W78"})
    assert away["Location"] == Meter.objects.get(serial="W78").get_absolute_url(), "nowhere else"
    client.force_login(liu)
    assert not client.get(task_url(moving_in, "meters")).context["add_url"], "who keeps no register is led nowhere"


def test_a_task_done_by_mistake_is_opened_again_and_what_was_entered_stays(client, chen, moving_in):
    client.force_login(chen)
    do(client, moving_in, "papers")
    answer = client.post(task_url(moving_in, "papers"), {**fill(moving_in, "papers"), "paper_proxy": "copied"})
    assert answer.status_code == 409, "what is settled is opened first"
    client.post(reverse("desk:task_reopen", args=[moving_in.pk, "papers"]))
    assert statuses(moving_in)["papers"] == "open"
    assert set(moving_in.documents.values_list("state", flat=True)) == {"seen"}
    do(client, moving_in, "papers")


def test_a_fact_that_has_gone_since_is_said_at_the_end(client, chen, moving_in):
    client.force_login(chen)
    do(client, moving_in, *MOVE_IN)
    issue = KeyMove.objects.get(action="issue")
    take_back(issue, chen)
    assert complete(client, moving_in).status_code == 409
    assert again(moving_in).status == "under_way"


def take_back(issue, by):
    from residents.actions.keys import take_back_keys

    take_back_keys(issue, copies=issue.copies, by=by, now=MONDAY)


def test_what_is_refused_keeps_every_typed_word(client, chen, moving_in):
    client.force_login(chen)
    factories.resident(moving_in.unit, "旧业主", "13511110000")
    issued(moving_in.unit, moving_in.party, chen, "A-1501")
    typed = {"tag": "A-1501", "what": "入户门及信报箱", "copies": 2, "finish": "1"}
    answer = client.post(task_url(moving_in, "keys"), typed)
    assert answer.status_code == 409 and answer.context["form"]["what"].value() == "入户门及信报箱"


def test_a_move_in_of_a_home_runs_once(client, chen, moving_in):
    client.force_login(chen)
    address = f"{reverse('desk:movein_new')}?unit={moving_in.unit_id}"
    typed = {"name": "另一人", "capacity": "owner", "booked_for": "2025-09-15T10:00", "moves_on": "2025-09-15"}
    answer = client.post(address, typed)
    assert answer.status_code == 409 and answer.context["form"]["name"].value() == "另一人"
    assert Handover.objects.count() == 1


def test_a_cancelled_move_in_says_why_and_takes_nothing_back_by_itself(client, chen, moving_in):
    client.force_login(chen)
    do(client, moving_in, "keys")
    address = reverse("desk:move_cancel", args=[moving_in.pk])
    assert client.post(address, {"reason": "改期"}).status_code == 409, "the keys are still with them"
    take_back(KeyMove.objects.get(action="issue"), chen)
    assert client.post(address, {"reason": "房款未结"}).status_code == 302
    gone = again(moving_in)
    assert (gone.status, gone.cancelled_reason) == ("cancelled", "房款未结")
    assert not Occupancy.objects.on(TODAY + DAY).filter(unit=gone.unit).exists()
    assert client.post(task_url(moving_in, "fees"), fill(moving_in, "fees")).status_code == 409


def moving_in_to(home, person, chen, capacity, moves_on=TODAY):
    facts = {"person": person, "capacity": capacity, "booked_for": MONDAY, "moves_on": moves_on}
    return actions.open_move_in(home, **facts, by=chen, now=MONDAY)


def excuse(handover, by, *kinds):
    for kind in kinds or MOVE_IN:
        actions.excuse_task(handover, kind, reason="测试", by=by, now=MONDAY)


def spans(person):
    """Return (capacity, first day, first day after it) of what the register has of somebody."""
    rows = Occupancy.objects.in_force().filter(person=person).order_by("period")
    return [(row.kind, row.period.lower, row.period.upper) for row in rows]


def until(person, day):
    """Let what the register has of somebody end before `day`; return it."""
    held = Occupancy.objects.get(person=person)
    held.period = type(held.period)(held.period.lower, day)
    held.save(update_fields=["period"])
    return held


SINCE = datetime.date(2019, 5, 1)
NEW_YEAR = datetime.date(2026, 1, 1)


def test_who_lives_there_until_a_day_gets_keys_and_card_and_keeps_the_lease(client, chen, home, let):
    sun, _child = let
    held = until(sun, NEW_YEAR)
    handover = moving_in_to(home, sun, chen, "lessee")
    client.force_login(chen)
    called = {"proof": "id", "owner_called": "on", "owner_said": "同意"}
    typed = {**fill(handover, "keys"), **called, "finish": "1"}
    assert client.post(task_url(handover, "keys"), typed).status_code == 302
    do(client, handover, "cards")
    assert again(handover).occupancy is None, "it began nothing"
    excuse(again(handover), chen, *[kind for kind in MOVE_IN if kind not in ("keys", "cards")])
    assert complete(client, handover, "孙悦").status_code == 302
    assert spans(sun) == [("lessee", SINCE, NEW_YEAR)] and again(handover).occupancy == held


def test_a_cancelled_move_in_ends_nothing_that_it_did_not_begin(client, chen, home, let):
    sun, _child = let
    until(sun, NEW_YEAR)
    handover = moving_in_to(home, sun, chen, "lessee")
    client.force_login(chen)
    do(client, handover, "cards")
    address = reverse("desk:move_cancel", args=[handover.pk])
    assert client.post(address, {"reason": "已住在此"}).status_code == 302
    assert spans(sun) == [("lessee", SINCE, NEW_YEAR)]


@pytest.mark.parametrize("given", [False, True])
def test_a_move_in_completed_early_begins_on_the_agreed_day_unless_something_was_given(client, chen, empty_home, given):
    party = actions.register_person(empty_home.community, name="郑平", phone="", by=chen, now=MONDAY)
    handover = moving_in_to(empty_home, party, chen, "owner", TODAY + 5 * DAY)
    if given:
        issued(empty_home, party, chen)
    excuse(handover, chen)
    client.force_login(chen)
    assert complete(client, handover).status_code == 302
    assert spans(party) == [("owner", TODAY if given else TODAY + 5 * DAY, None)]


def test_a_new_lease_follows_the_one_that_ends_before_it(client, chen, home, let):
    sun, _child = let
    until(sun, TODAY + 5 * DAY)
    card_of(home, sun, chen)
    handover = moving_in_to(home, sun, chen, "lessee", TODAY + 7 * DAY)
    excuse(handover, chen)
    client.force_login(chen)
    assert complete(client, handover, "孙悦").status_code == 302
    assert spans(sun) == [("lessee", SINCE, TODAY + 5 * DAY), ("lessee", TODAY + 5 * DAY, None)]


def test_a_household_member_who_buys_is_owner_from_the_day_of_the_move(client, chen, zhou, home, let):
    _sun, child = let
    plate = mounted(home, child, chen, zhou)
    handover = moving_in_to(home, child, chen, "owner")
    excuse(handover, chen)
    client.force_login(chen)
    assert complete(client, handover, "孙小宝").status_code == 302
    assert spans(child) == [("household", SINCE, TODAY), ("owner", TODAY, None)]
    plate.refresh_from_db()
    assert plate.occupancy == again(handover).occupancy == Occupancy.objects.get(person=child, kind="owner")


@pytest.mark.parametrize(("capacity", "moves_on"), [("household", TODAY), ("lessee", SINCE)])
def test_an_owner_ceases_to_be_one_by_no_move_in_and_nobody_on_their_first_day(
    client, chen, home, lin, let, capacity, moves_on
):
    _sun, child = let
    party = lin if capacity == "household" else child
    handover = moving_in_to(home, party, chen, capacity, moves_on)
    excuse(handover, chen)
    before = spans(party)
    client.force_login(chen)
    answer = complete(client, handover, "林晓梅")
    assert answer.status_code == 409 and "2019-05-01" in answer.text
    assert (again(handover).status, spans(party)) == ("under_way", before)


# Who ------------------------------------------------------------------------------------------------------------------


def test_engineering_looks_at_facilities_and_meters_and_nothing_else(client, liu, ma, guo, moving_in):
    client.force_login(liu)
    do(client, moving_in, "facilities", "meters")
    assert client.post(task_url(moving_in, "papers"), {**fill(moving_in, "papers"), "finish": "1"}).status_code == 403
    assert complete(client, moving_in).status_code == 403
    for who, status in ((ma, 403), (guo, 200)):
        client.force_login(who)
        assert client.get(moving_in.get_absolute_url()).status_code == status
    assert client.post(task_url(moving_in, "fees"), fill(moving_in, "fees")).status_code == 403


def test_a_move_of_another_community_is_nowhere(client, stranger, moving_in, chen):
    client.force_login(stranger)
    for address in (
        moving_in.get_absolute_url(),
        task_url(moving_in, "papers"),
        reverse("desk:move_sheet", args=[moving_in.pk]),
    ):
        assert client.get(address).status_code == 404
    assert not client.get(reverse("desk:moveins")).context["lines"]


# Defects --------------------------------------------------------------------------------------------------------------


def found(client, handover, word="关不严"):
    """Find one defect on the sheet, all else in order, and return it."""
    line = handover.items.order_by("position").first()
    typed = {f"result_{line.pk}": "defect", f"note_{line.pk}": word, "rest": "1"}
    assert client.post(task_url(handover, "facilities"), typed).status_code == 302
    return Defect.objects.get(item=line)


def test_the_exceptions_are_marked_and_one_button_does_the_rest(client, liu, moving_in):
    client.force_login(liu)
    defect = found(client, moving_in)
    assert dict(moving_in.items.values_list("result", "result")).keys() == {"ok", "defect"}
    assert (defect.status, defect.unit, "关不严" in defect.text) == ("open", moving_in.unit, True)
    assert client.post(task_url(moving_in, "facilities"), {"finish": "only"}).status_code == 302


def test_a_sheet_that_is_saved_as_it_was_is_nothing_that_happened(client, chen, moving_in):
    client.force_login(chen)
    found(client, moving_in)
    said = Event.objects.filter(verb="items_recorded").count()
    typed = {f"result_{row.pk}": row.result for row in moving_in.items.all()}
    typed |= {f"note_{row.pk}": row.note for row in moving_in.items.all()}
    assert client.post(task_url(moving_in, "facilities"), {**typed, "finish": "1"}).status_code == 302
    assert Event.objects.filter(verb="items_recorded").count() == said


def test_a_defect_says_what_is_wrong(client, chen, moving_in):
    client.force_login(chen)
    line = moving_in.items.first()
    answer = client.post(task_url(moving_in, "facilities"), {f"result_{line.pk}": "defect"})
    assert answer.status_code == 422 and f"note_{line.pk}" in answer.context["form"].errors
    assert not Defect.objects.exists()


def promise(client, defect, days=3):
    day = (MONDAY + days * DAY).date()
    answer = client.post(reverse("desk:defect_promise", args=[defect.pk]), {"promised_on": day.isoformat()})
    assert answer.status_code == 302
    defect.refresh_from_db()
    return defect.link.case


def resolved(case, liu, now=MONDAY):
    case = fresh(case)
    engineering = case.community.departments.get(code="engineering")
    if case.status == "taken":
        case_actions.hand_over(case, department=engineering, by=case.first_responsible, now=now)
    if case.status == "handed":
        case_actions.accept(case, by=liu, now=now)
    case_actions.resolve(fresh(case), by=liu, now=now, remedy="已调整")
    return fresh(case)


def inspect(client, defect, result, note=""):
    return client.post(reverse("desk:defect_inspect", args=[defect.pk]), {"result": result, "note": note})


def test_a_defect_becomes_a_case_with_the_promised_day_and_is_inspected_again_when_it_is_resolved(
    client, chen, liu, han, moving_in
):
    client.force_login(chen)
    defect = found(client, moving_in)
    photo = picture()
    client.post(reverse("desk:defect_photo", args=[defect.pk]), {"photo": photo})
    case = promise(client, defect)
    assert (case.kind, case.unit, case.reporter, case.first_responsible) == (
        "repair",
        moving_in.unit,
        moving_in.party,
        chen,
    )
    assert case.community.local(case.promised_reply_at).isoformat() == "2025-09-18T18:00:00+08:00"
    assert Photo.objects.about(case).count() == 1, "the photo goes to the job"
    assert inspect(client, defect, "good").status_code == 409, "nobody inspects what is still being mended"
    resolved(case, liu)
    assert client.get(reverse("desk:defects")).context["page"].object_list[0].waits
    assert inspect(client, defect, "good").status_code == 302
    defect.refresh_from_db()
    assert (defect.status, defect.inspected_by) == ("accepted", chen)
    assert not client.get(reverse("desk:defects")).context["page"].object_list


def test_a_bad_inspection_opens_the_case_again(client, chen, liu, moving_in):
    client.force_login(chen)
    defect = found(client, moving_in)
    case = resolved(promise(client, defect), liu)
    assert inspect(client, defect, "bad").status_code == 422, "what is still wrong has to be said"
    assert inspect(client, defect, "bad", "仍漏风").status_code == 302
    defect.refresh_from_db()
    assert (defect.status, fresh(case).status, fresh(case).cycle) == ("rejected", "in_hand", 2)
    resolved(case, liu, MONDAY + DAY)
    assert inspect(client, defect, "good").status_code == 302


def test_an_open_defect_holds_up_the_end_until_its_day_is_promised_and_stands_on_the_sheet(client, chen, moving_in):
    client.force_login(chen)
    defect = found(client, moving_in)
    do(client, moving_in, *[kind for kind in MOVE_IN if kind != "facilities"])
    client.post(task_url(moving_in, "facilities"), {"finish": "only"})
    answer = complete(client, moving_in)
    assert answer.status_code == 409 and "关不严" in str(answer.context["form"].errors)
    assert list(answer.context["unpromised"]) == [defect], "the page leads to it"
    assert again(moving_in).status == "under_way" and not Occupancy.objects.get().voided_at
    promise(client, defect)
    assert complete(client, moving_in).status_code == 302
    text = client.get(reverse("desk:move_sheet", args=[moving_in.pk])).content.decode()
    assert "关不严" in text and "A-1501" in text and "C1501" in text and "12.500" in text


def test_a_day_that_is_typed_with_the_defect_makes_it_a_case_at_once(client, chen, liu, moving_in):
    client.force_login(chen)
    first, second = moving_in.items.order_by("position")[:2]
    typed = {f"result_{first.pk}": "defect", f"note_{first.pk}": "关不严", f"mended_{first.pk}": "2025-09-14"}
    answer = client.post(task_url(moving_in, "facilities"), typed)
    assert answer.status_code == 422 and not Defect.objects.exists(), "that day is over"
    typed |= {f"mended_{first.pk}": "2025-09-18", f"mended_{second.pk}": "2025-09-18", "rest": "1"}
    assert client.post(task_url(moving_in, "facilities"), typed).status_code == 302
    defect = Defect.objects.get()
    assert (defect.promised_on.isoformat(), defect.status, defect.link.case.unit) == (
        "2025-09-18",
        "in_hand",
        moving_in.unit,
    )
    fields = client.get(task_url(moving_in, "facilities")).context["form"].fields
    assert f"mended_{first.pk}" not in fields and f"mended_{second.pk}" in fields
    client.force_login(liu)
    fields = client.get(task_url(moving_in, "facilities")).context["form"].fields
    assert not [name for name in fields if name.startswith("mended")], "the desk promises"


def test_a_defect_beside_the_sheet_is_a_case_at_once_where_its_day_is_known(client, chen, liu, moving_in):
    client.force_login(chen)
    address = reverse("desk:move_defect", args=[moving_in.pk])
    assert client.post(address, {"text": "车位积水", "promised_on": "2025-09-14"}).status_code == 422
    typed = {"text": "车位积水", "promised_on": "2025-09-18", "photo": picture()}
    assert client.post(address, typed).status_code == 302
    defect = Defect.objects.get()
    assert Photo.objects.about(defect).count() == Photo.objects.about(defect.link.case).count() == 1
    client.force_login(liu)
    assert client.post(address, {"text": "墙面裂纹", "promised_on": "2025-09-18"}).status_code == 302
    assert Defect.objects.get(text="墙面裂纹").status == "open"


def test_a_corrected_line_voids_its_defect_unless_a_case_mends_it(client, chen, moving_in):
    client.force_login(chen)
    defect = found(client, moving_in)
    line = defect.item
    client.post(task_url(moving_in, "facilities"), {f"result_{line.pk}": "ok"})
    defect.refresh_from_db()
    assert defect.status == "void"
    promise(client, found_again(client, moving_in, line))
    assert client.post(task_url(moving_in, "facilities"), {f"result_{line.pk}": "ok"}).status_code == 409


def test_defects_are_ordered_before_they_are_cut_into_pages(client, chen, liu, moving_in, monkeypatch):
    client.force_login(chen)
    first = found(client, moving_in)
    facts = {"community": first.community, "unit": first.unit, "handover": moving_in, "found_at": MONDAY}
    lines = [first, *(Defect.objects.create(text=word, **facts) for word in ("门响", "灯不亮"))]
    promise(client, lines[0])
    resolved(promise(client, lines[1]), liu)
    monkeypatch.setattr(defects, "A_PAGE", 2)
    read = []
    mended = handovers.mended
    monkeypatch.setattr(handovers, "mended", lambda rows, user: read.append(rows.count()) or mended(rows, user))
    shown = [line.defect for n in (1, 2) for line in client.get(reverse("desk:defects"), {"page": n}).context["page"]]
    assert shown == [lines[1], lines[2], lines[0]], "to re-inspect, nobody promised, promised"
    assert read == [2, 1]


def test_what_happened_goes_on_on_another_page(client, chen, moving_in, monkeypatch):
    monkeypatch.setattr(doors, "PAGE", 1)
    client.force_login(chen)
    do(client, moving_in, "notices")
    page = client.get(moving_in.get_absolute_url())
    assert len(page.context["events"]) == 1 and "events=2" in page.context["part"].older_url
    assert client.get(moving_in.get_absolute_url(), {"events": 2}).context["part"].newer_url


def test_who_noted_a_defect_voids_it_for_ten_minutes_and_then_another_does(client, chen, zhou, moving_in, time_machine):
    client.force_login(chen)
    defect, mistake = found(client, moving_in), {"reason": "看错了"}
    address = reverse("desk:defect_void", args=[defect.pk])
    time_machine.move_to(MONDAY + datetime.timedelta(minutes=11), tick=False)
    assert client.post(address, mistake).status_code == 403
    assert address not in client.get(reverse("desk:defect", args=[defect.pk])).text
    client.force_login(zhou)
    assert client.post(address, mistake).status_code == 302
    defect.refresh_from_db()
    assert defect.status == "void"


def found_again(client, handover, line):
    client.post(task_url(handover, "facilities"), {f"result_{line.pk}": "defect", f"note_{line.pk}": "又坏了"})
    return Defect.objects.open().get(item=line)


# Moving out -----------------------------------------------------------------------------------------------------------


def issued(home, person, by, tag="B-1201", copies=2):
    from residents.actions.keys import issue_keys, receive_keys

    keys = receive_keys(home.community, tag=tag, kind="vacant", copies=copies, unit=home, by=by, now=MONDAY)
    return issue_keys(
        keys, copies=copies, person=person, proof="id", owner_called=True, owner_said="同意", by=by, now=MONDAY
    )


def card_of(home, person, by, number="C1201"):
    from residents.actions.credentials import issue_credential

    facts = {"kind": "resident_card", "number": number, "valid_from": TODAY, "unit": home, "person": person}
    return issue_credential(home.community, by=by, now=MONDAY, **facts)


def mounted(home, person, chen, zhou):
    """Hang a plate with the name of `person` on the board; return it."""
    board = factories.board(home.community, home.building, by=zhou)
    plate = factories.plate(board, Occupancy.objects.get(person=person), by=chen, is_private_agreed=True)
    return factories.hung(plate, by=chen, approved_by=zhou)


MOVE_OUT = ["readings", "keys_back", "cards_back", "plate", "occupancy", "bills", "deposit"]


def test_a_move_out_closes_only_when_all_is_back_and_the_former_occupant_is_found_no_more(
    client, chen, home, lin, moving_out, time_machine
):
    water = meter(home, "water", chen, MONDAY - 60 * DAY)
    actions.record_reading(
        water, value=Decimal(5), kind="base", at=MONDAY - 60 * DAY, by=chen, now=MONDAY, source="desk"
    )
    issue, card = issued(home, lin, chen), card_of(home, lin, chen)
    client.force_login(chen)
    for kind in ("readings", "keys_back", "cards_back"):
        assert client.post(task_url(moving_out, kind), {"finish": "only"}).status_code == 409, kind
    do(client, moving_out, "readings", "plate", "occupancy", "bills", "deposit")
    assert complete(client, moving_out, "林晓梅").status_code == 409
    typed = {f"back_{issue.pk}": 1, f"lost_{issue.pk}": 1, "finish": "1"}
    assert client.post(task_url(moving_out, "keys_back"), typed).status_code == 422, "what is done about the lost one?"
    assert client.post(task_url(moving_out, "keys_back"), {**typed, "measure": "换锁芯"}).status_code == 302
    assert (
        client.post(task_url(moving_out, "cards_back"), {f"card_{card.pk}": "back", "finish": "1"}).status_code == 302
    )
    assert complete(client, moving_out, "林晓梅").status_code == 302
    assert Reading.objects.get(kind="final").value == Decimal("12.5")
    assert Credential.objects.get().status == "returned"
    assert KeySet.objects.get().lost == 1
    assert Occupancy.objects.get(person=lin).period.upper == TODAY + DAY
    assert [hit.occupancy for hit in finder.find(home.community, "1201", today=TODAY + DAY)] == [None]
    assert not finder.find(home.community, "林晓梅", today=TODAY + DAY)
    assert "林晓梅" in client.get(reverse("desk:move_certificate", args=[moving_out.pk])).content.decode()


@pytest.fixture
def let(home, lin, chen):
    """Lin lets 3-2-1201 to Sun, who lives there with a child."""
    sun = factories.resident(home, "孙悦", "13300001111", Occupancy.Kind.LESSEE)
    child = factories.resident(home, "孙小宝", "", Occupancy.Kind.HOUSEHOLD)
    return sun, child


def test_with_a_lessee_the_household_goes_and_the_owner_remains_with_keys_and_cards(client, chen, home, lin, let):
    sun, child = let
    mine, theirs = issued(home, lin, chen, "B-1"), issued(home, sun, chen, "B-2", 1)
    own_card = card_of(home, lin, chen, "C-1")
    client.force_login(chen)
    occupancy = Occupancy.objects.get(person=sun)
    typed = {"occupancy": occupancy.pk, "booked_for": "2025-09-15T10:00", "moves_on": "2025-09-15"}
    assert client.post(f"{reverse('desk:moveout_new')}?unit={home.pk}", typed).status_code == 302
    handover = Handover.objects.get()
    assert [row.person for row in handover.companions.all()] == [child]
    form = client.get(task_url(handover, "keys_back")).context["form"]
    assert form.issues == [theirs]
    assert (
        client.post(
            task_url(handover, "keys_back"), {f"back_{theirs.pk}": 1, f"lost_{theirs.pk}": 0, "finish": "1"}
        ).status_code
        == 302
    )
    client.post(reverse("desk:task_excuse", args=[handover.pk, "readings"]), {"reason": "无表"})
    do(client, handover, "cards_back", "plate", "bills", "deposit")
    companions = [row.pk for row in handover.companions.all()]
    client.post(task_url(handover, "occupancy"), {"moves_on": "2025-09-15", "companions": companions})
    assert complete(client, handover, "孙悦").status_code == 302
    assert [row.person for row in Occupancy.objects.on(TODAY + DAY).filter(unit=home)] == [lin]
    own_card.refresh_from_db()
    assert own_card.status == "active" and KeyMove.objects.outstanding(home).get() == mine


def test_who_stays_behind_is_chosen(client, chen, home, lin, let):
    sun, _child = let
    client.force_login(chen)
    handover = actions.open_move_out(
        Occupancy.objects.get(person=sun), booked_for=MONDAY, moves_on=TODAY, by=chen, now=MONDAY
    )
    client.post(task_url(handover, "occupancy"), {"moves_on": "2025-09-16", "companions": []})
    assert not handover.companions.exists() and again(handover).moves_on == TODAY + DAY


def test_the_search_of_a_let_home_names_owner_and_lessee(client, chen, home, lin, let):
    client.force_login(chen)
    for query in ("1201", "林晓梅", "孙悦"):
        (hit,) = client.get(reverse("desk:moveouts"), {"q": query}).context["hits"]
        assert "林晓梅 业主" in hit["mark"] and "孙悦 租户" in hit["mark"] and "小宝" not in hit["mark"], query
    assert "孙小宝" in client.get(reverse("desk:moveouts"), {"q": "孙小宝"}).context["hits"][0]["mark"]


def test_an_owner_does_not_move_out_along_with_a_lessee(client, chen, home, lin, let):
    sun, child = let
    firm = factories.resident(home, "悦来公司", "", Occupancy.Kind.LESSEE)
    clerk = factories.resident(home, "钱工", "", Occupancy.Kind.STAFF)
    Occupancy.objects.filter(person=clerk).update(company=firm)
    client.force_login(chen)
    facts = {"booked_for": MONDAY, "moves_on": TODAY, "by": chen, "now": MONDAY}
    handover = actions.open_move_out(Occupancy.objects.get(person=sun), **facts)
    offered = client.get(task_url(handover, "occupancy")).context["form"].fields["companions"].queryset
    assert [row.person for row in offered] == [child], "neither owner nor other lessees nor somebody else's staff"
    typed = {"moves_on": TODAY.isoformat(), "companions": [Occupancy.objects.get(person=lin).pk]}
    answer = client.post(task_url(handover, "occupancy"), typed)
    assert answer.status_code == 422 and not ring.leaving(handover).filter(person=lin).exists()
    assert clerk in [row.person for row in ring.may_leave_with(Occupancy.objects.get(person=firm), TODAY)]


def test_a_last_day_before_the_first_is_refused_with_every_typed_word(client, chen, moving_out):
    Occupancy.objects.update(period=type(Occupancy.objects.get().period)(TODAY - 5 * DAY, None))
    client.force_login(chen)
    answer = client.post(task_url(moving_out, "occupancy"), {"moves_on": "2025-09-01"})
    assert answer.status_code == 409 and answer.context["form"]["moves_on"].value() == "2025-09-01"


def test_a_plate_is_ordered_down(client, chen, zhou, home, lin, moving_out):
    plate = mounted(home, lin, chen, zhou)
    client.force_login(chen)
    assert client.post(task_url(moving_out, "plate"), {"finish": "only"}).status_code == 409
    assert client.post(task_url(moving_out, "plate"), {"finish": "1"}).status_code == 302
    plate.refresh_from_db()
    assert plate.is_leaving and statuses(moving_out)["plate"] == "done"


# Rules ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "day", "first"),
    [
        ("next_month", "2025-09-15", "2025-10-01"),
        ("next_month", "2025-12-31", "2026-01-01"),
        ("half_month", "2025-09-15", "2025-09-15"),
        ("half_month", "2025-09-03", "2025-09-15"),
        ("half_month", "2025-09-16", "2025-10-01"),
        ("exact_day", "2025-09-16", "2025-09-16"),
    ],
)
def test_fees_begin_by_the_rule(rule, day, first):
    assert fees_start_on(rule, datetime.date.fromisoformat(day)).isoformat() == first


def test_the_database_refuses_a_signature_before_the_end_and_a_defect_in_hand_without_a_day(moving_in, chen):
    with pytest.raises(IntegrityError), transaction.atomic():
        Handover.objects.filter(pk=moving_in.pk).update(signed_name="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Handover.objects.filter(pk=moving_in.pk).update(status="completed")
    with pytest.raises(IntegrityError), transaction.atomic():
        moving_in.tasks.update(status="excused", done_at=MONDAY)
    defect = actions.note_defect(moving_in, text="x", by=chen, now=MONDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Defect.objects.filter(pk=defect.pk).update(status="in_hand")
    for row in (moving_in, defect, moving_in.tasks.first(), moving_in.items.first()):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.delete()


def test_a_community_changes_its_sheet_and_begun_ones_keep_their_lines(client, zhou, chen, moving_in):
    client.force_login(zhou)
    before = moving_in.items.count()
    assert client.post(reverse("desk:facilities"), {"room": "阳台", "name": "晾衣架"}).status_code == 302
    assert client.post(reverse("desk:facilities"), {"room": "阳台", "name": "晾衣架"}).status_code == 409
    row = moving_in.community.facility_items.get(name="马桶")
    client.post(reverse("desk:facility_switch", args=[row.pk]))
    row.refresh_from_db()
    assert not row.is_active and moving_in.items.count() == before


def test_no_name_and_no_number_goes_into_the_chain(client, chen, moving_in):
    client.force_login(chen)
    promise(client, found(client, moving_in))
    do(client, moving_in, *[kind for kind in MOVE_IN if kind != "facilities"])
    client.post(task_url(moving_in, "facilities"), {"finish": "only"})
    assert complete(client, moving_in).status_code == 302
    data = str(list(Event.objects.values_list("data", flat=True)))
    assert "郑平" not in data and "13600001111" not in data and "关不严" not in data
