"""Cards and passes: who gets one, what ends it, and what a guard sees of it (section 13)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints.actions.erasing import erase_people
from complaints.subjects import OF_PEOPLE, Subject, holdings, rows_of
from residents import actions
from residents.models import Credential
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.masking import ERASED
from servicedesk.core.models import Event
from tests import counting
from tests.factories import MONDAY, case, key_loan, key_set, unit

pytestmark = pytest.mark.django_db

TODAY = date(2025, 9, 15)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def desk(client, chen):
    client.force_login(chen)
    return client


@pytest.fixture
def card(yunhu, home, lin, chen):
    """Lin's card, which runs until she moves out."""
    return issued(yunhu, chen, kind="resident_card", number="0012345678", unit=home, person=lin)


@pytest.fixture
def worker(yunhu, home, chen):
    """The pass of a worker for ten days."""
    facts = {"kind": "worker_pass", "number": "W-01", "unit": home, "name": "欧阳建", "employer": "安居装饰"}
    return issued(yunhu, chen, valid_to=TODAY + 10 * DAY, **facts)


def issued(community, by, **facts):
    return actions.issue_credential(community, valid_from=TODAY, by=by, now=MONDAY, **facts)


def again(card):
    return Credential.objects.get(pk=card.pk)


def step(client, name, card, /, **typed):
    return client.post(reverse(f"residents:{name}", args=[card.pk]), {"version": card.version, **typed})


NEW = {
    "kind": "resident_card",
    "number": "0012345678",
    "unit": "3-2-1201",
    "name": "林晓梅",
    "valid_from": "2025-09-15",
}


def test_a_card_is_issued_to_who_lives_there(desk, home, lin):
    desk.post(reverse("residents:issue_credential"), NEW | {"deposit": "20"})
    card = Credential.objects.get()
    assert (card.person, card.unit, card.deposit, card.name) == (lin, home, Decimal("20.00"), "")
    assert list(Credential.objects.active().for_unit(home)) == [card]


@pytest.mark.parametrize(
    "wrong", [{"name": "王五"}, {"unit": "9-9-9"}, {"unit": ""}, {"kind": "worker_pass"}, {"valid_to": "2025-09-01"}]
)
def test_a_card_without_a_known_holder_or_an_end_is_not_issued(desk, home, lin, wrong):
    answer = desk.post(reverse("residents:issue_credential"), NEW | wrong)
    assert answer.status_code == 422
    assert "0012345678" in answer.text
    assert not Credential.objects.exists()


def test_a_number_is_on_one_card_in_use(desk, card, lin, chen):
    assert desk.post(reverse("residents:issue_credential"), NEW).status_code == 409
    with pytest.raises(IntegrityError), transaction.atomic():
        Credential.objects.bulk_create([Credential(**{**vars_of(card), "number": card.number})])
    actions.lose_credential(card, reason="遗失", by=chen, now=MONDAY)
    assert desk.post(reverse("residents:issue_credential"), NEW).status_code == 302


def vars_of(card):
    return {f.attname: getattr(card, f.attname) for f in Credential._meta.concrete_fields if f.name != "id"}


def test_a_lost_card_lets_nobody_in_and_is_replaced_once(desk, card, chen):
    step(desk, "replace_credential", card, number="0012345679", reason="丢失")
    old, new = again(card), Credential.objects.get(number="0012345679")
    assert (old.status, old.is_valid_on(TODAY)) == ("lost", False)
    assert (new.replaces, new.person, new.is_valid_on(TODAY)) == (old, old.person, True)
    assert step(desk, "replace_credential", old, number="0012345680", reason="丢失").status_code == 409
    assert step(desk, "find_credential", old).status_code == 409
    step(desk, "return_credential", again(card))
    assert again(card).status == "returned"


def test_a_card_that_turned_up_is_in_use_again(desk, card):
    step(desk, "lose_credential", card, reason="遗失")
    step(desk, "find_credential", again(card))
    assert (again(card).status, again(card).ended_at) == ("active", None)


def test_a_card_of_a_mistake_is_voided_by_a_second_person(client, card, chen, zhou):
    with pytest.raises(NotAllowed):
        actions.void_credential(card, reason="录错", by=chen, now=MONDAY)
    client.force_login(zhou)
    step(client, "void_credential", card, reason="录错")
    assert again(card).status == "void"


def test_a_pass_ends_with_its_last_day_before_and_after_the_sweep(desk, worker):
    last, next_day = worker.valid_to, worker.valid_to + DAY
    assert worker.is_valid_on(last)
    assert not worker.is_valid_on(next_day)
    assert actions.expire_credentials(now=MONDAY + 10 * DAY) == 0
    assert actions.expire_credentials(now=MONDAY + 11 * DAY) == 1
    assert again(worker).status == "expired"
    assert Event.objects.about(worker).get(verb="credential_expired").by is None


def test_the_list_calls_a_pass_ended_before_the_sweep_has_written_it(client, worker, chen, time_machine):
    time_machine.move_to(MONDAY + 11 * DAY, tick=False)
    client.force_login(chen)
    shown = {
        state: worker.number in client.get(reverse("residents:cards"), {"state": state}).text
        for state in ("active", "expired")
    }
    assert shown == {"active": False, "expired": True}


def test_a_pass_that_has_ended_is_renewed(desk, worker, chen):
    actions.expire_credentials(now=MONDAY + 11 * DAY)
    step(desk, "renew_credential", again(worker), valid_to="2025-12-31")
    assert (again(worker).status, again(worker).valid_to) == ("active", date(2025, 12, 31))


def test_a_move_out_ends_everything_of_the_home_and_nothing_else(yunhu, card, worker, lin, home, chen):
    elsewhere = issued(
        yunhu, chen, kind="visitor", number="V-1", name="赵六", unit=unit(yunhu, "5-1-0301"), valid_to=TODAY
    )
    assert actions.end_credentials(home, by=chen, now=MONDAY, reason="迁出") == 2
    assert not Credential.objects.active().for_unit(home).exists()
    assert again(elsewhere).status == "active"
    assert again(card).ended_reason == "迁出"


def test_a_person_keeps_the_cards_of_another_home(yunhu, card, lin, home, chen):
    actions.end_credentials(lin, unit=unit(yunhu, "5-1-0301"), by=chen, now=MONDAY, reason="迁出")
    assert again(card).status == "active"
    assert actions.end_credentials(lin, by=chen, now=MONDAY, reason="迁出") == 1


def test_who_no_longer_lives_here_cannot_renew(card, lin, chen):
    home = lin.occupancies.get()
    actions.end_occupancy(home, on=TODAY - DAY, by=chen, now=MONDAY)
    with pytest.raises(Refused):
        actions.renew_credential(card, valid_to=TODAY + DAY, by=chen, now=MONDAY)


def test_a_number_that_is_scanned_opens_its_card(desk, card):
    assert desk.get(reverse("residents:cards"), {"q": card.number})["Location"] == card.get_absolute_url()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"state": "soon"}, {"W-01"}),
        ({"state": "active"}, {"W-01", "0012345678"}),
        ({"state": "expired"}, set()),
        ({"kind": "resident_card"}, {"0012345678"}),
        ({"q": "3-2-1201"}, {"W-01", "0012345678"}),
        ({"q": "欧阳建"}, {"W-01"}),
        ({"state": "nonsense"}, {"W-01", "0012345678"}),
    ],
)
def test_the_list_is_narrowed_by_kind_state_and_words(desk, card, worker, query, shown):
    page = desk.get(reverse("residents:cards"), query).text
    assert {number for number in ("W-01", "0012345678") if number in page.replace('value="', "")} == shown


def test_a_guard_sees_whether_it_is_valid_and_a_surname_and_no_more(client, ma, card, worker):
    client.force_login(ma)
    page = client.get(reverse("residents:gate_cards"), {"number": "0012345678"}).text
    assert "林" in page
    for word in ("林晓梅", "3-2-1201", "138"):
        assert word not in page
    assert "0012345678" not in client.get(reverse("residents:gate_cards"), {"number": "W-02"}).text


def test_a_worker_of_another_department_does_not_stand_at_the_gate(client, liu, ma):
    for name in ("residents:gate_cards", "residents:gate_keys"):
        client.force_login(liu)
        assert client.get(reverse(name)).status_code == 403
        client.force_login(ma)
        assert client.get(reverse(name)).status_code == 200
    assert client.get(reverse("residents:cards")).status_code == 403


def test_a_guard_sees_which_keys_are_out(client, yunhu, ma, chen):
    key_loan(key_set(yunhu, by=chen, tag="P-09", kind="plant_room"), by=chen)
    client.force_login(ma)
    page = client.get(reverse("residents:gate_keys")).text
    assert "P-09" in page
    assert "13700001111" not in page


def test_what_a_person_signed_for_is_theirs_and_is_erased_with_them(yunhu, home, lin, card, chen):
    keys = key_set(yunhu, by=chen, unit=home)
    actions.issue_keys(keys, copies=1, person=lin, reason="林女士取走", by=chen, now=MONDAY)
    actions.lose_credential(card, reason="林女士遗失", by=chen, now=MONDAY)
    rows = rows_of(Subject(yunhu, person=lin), Subject(yunhu, person=lin).all_cases)
    assert rows["residents.Credential"].get() == card
    assert rows["residents.KeyMove"].get().reason == "林女士取走"
    assert sum(n for _title, n in holdings(rows)) >= 4
    erase_people([lin.pk], now=MONDAY)
    assert again(card).ended_reason == ERASED
    assert keys.moves.get(action="issue").reason == ERASED


def test_who_has_no_entry_in_the_register_has_no_keys_of_others(yunhu, worker, chen):
    key_loan(key_set(yunhu, by=chen, kind="plant_room"), by=chen)
    brought = Subject(yunhu, case=case(yunhu, by=chen))
    rows = rows_of(brought, brought.all_cases)
    assert not any(rows[label].exists() for label in OF_PEOPLE)


@pytest.mark.parametrize("many", [1, 12])
def test_the_pages_cost_the_same_for_few_and_for_many(client, yunhu, home, lin, chen, ma, many):
    for n in range(many + 1):
        card = issued(yunhu, chen, kind="resident_card", number=f"00{n}", unit=home, person=lin)
        key_loan(key_set(yunhu, by=chen, tag=f"K-{n}", slot=f"S{n}", unit=home), by=chen)
    for who, name, url in [
        (chen, "cards", reverse("residents:cards")),
        (chen, "card", card.get_absolute_url()),
        (ma, "gate", reverse("residents:gate_cards") + f"?number={card.number}"),
        (ma, "gate, keys out", reverse("residents:gate_keys")),
    ]:
        client.force_login(who)
        client.get(url)
        with counting.pinned(name) as captured:
            assert client.get(url).status_code == 200
        assert len(captured) <= 15, name
