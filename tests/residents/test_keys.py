"""The key register: where every copy is, who may have it, and what is still owed (section 13)."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from complaints.actions import people as upper
from residents import actions
from residents.models import KeyLoan, KeyMove, KeySet, Occupancy
from servicedesk.core import doors, moves
from servicedesk.core.errors import NotAllowed, Refused, Stale
from servicedesk.core.models import Event, Notification, Role
from tests import counting
from tests.factories import MONDAY, key_loan, key_set, on_duty, resident, staff
from tests.racing import race

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def keys(yunhu, home, lin, chen):
    """Two keys that Lin has left at the desk."""
    return key_set(yunhu, by=chen, unit=home, what="入户门")


@pytest.fixture
def desk(client, chen):
    client.force_login(chen)
    return client


def fresh(thing):
    return type(thing).objects.get(pk=thing.pk)


def counts(keys):
    keys = fresh(keys)
    return [getattr(keys, state) for state in KeySet.STATES]


def step(client, name, thing, /, **typed):
    return client.post(reverse(f"residents:{name}", args=[thing.pk]), {"version": thing.version, **typed})


LEND = {"copies": 1, "due_back_at": "2025-09-15T17:00", "reason": "检修水管", "signature": "paper"}
CALLED = {"owner_called": "on", "owner_said": "同意，请师傅上门"}
CONTRACTOR = {"borrower": "contractor", "name": "吴师傅", "proof": "id"}


@pytest.mark.django_db
class TestRegister:
    def test_new_keys_hang_in_their_slot_and_stand_in_the_ledger(self, desk, yunhu, home, lin):
        answer = desk.post(
            reverse("residents:receive_keys"),
            {
                "tag": "K-07",
                "kind": "resident_custody",
                "unit": "3 2 1201",
                "copies": 2,
                "slot": "B3",
                "name": lin.name,
                "signature": "paper",
            },
        )
        keys = KeySet.objects.get()
        assert answer["Location"] == keys.get_absolute_url()
        assert (keys.unit, keys.slot, counts(keys)) == (home, "B3", [2, 0, 0, 0, 0])
        move = keys.moves.get()
        assert (move.action, move.person, move.name) == ("receive", lin, ""), "a name of the register is its person"

    @pytest.mark.parametrize(("field", "value"), [("tag", "K-01"), ("slot", "A1")])
    def test_a_tag_and_a_slot_belong_to_one_set_and_what_was_typed_is_kept(self, desk, keys, field, value):
        typed = {"tag": "K-02", "kind": "plant_room", "place": "配电房", "copies": 1, "slot": "A2", "signature": "none"}
        answer = desk.post(reverse("residents:receive_keys"), typed | {field: value})
        assert answer.status_code == 409
        assert "配电房" in answer.text
        assert KeySet.objects.count() == 1

    def test_keys_of_a_room_need_a_room_that_there_is(self, desk, yunhu, home):
        typed = {"tag": "K-02", "kind": "vacant", "copies": 1, "slot": "A2", "signature": "none"}
        for room in ("", "9-9-9999"):
            assert desk.post(reverse("residents:receive_keys"), typed | {"unit": room}).status_code == 422
        assert not KeySet.objects.exists()

    def test_another_community_does_not_see_keys(self, client, keys, stranger):
        client.force_login(stranger)
        for name in ("key_set", "lend_keys"):
            assert client.get(reverse(f"residents:{name}", args=[keys.pk])).status_code == 404
        assert keys.tag not in client.get(reverse("residents:cabinet")).text

    def test_who_only_reads_is_refused_by_the_action_too(self, keys, guo):
        with pytest.raises(NotAllowed):
            actions.destroy_keys(keys, copies=1, reason="换锁", by=guo, now=MONDAY)


@pytest.mark.django_db
class TestLending:
    def test_a_loan_counts_out_of_the_cabinet_until_it_is_back(self, desk, keys):
        answer = step(desk, "lend_keys", keys, **LEND, **CONTRACTOR, **CALLED)
        loan = KeyLoan.objects.get()
        assert answer["Location"] == loan.get_absolute_url()
        assert counts(keys) == [1, 1, 0, 0, 0]
        step(desk, "take_back_loan", loan, copies=1)
        assert counts(keys) == [2, 0, 0, 0, 0]
        assert fresh(loan).status == "ended"
        assert list(keys.moves.values_list("action", flat=True)) == ["return", "loan", "receive"]

    @pytest.mark.parametrize("missing", ["proof", "owner_called"])
    def test_who_is_not_the_owner_shows_something_and_the_owner_is_called(self, desk, keys, missing):
        typed = {name: value for name, value in (LEND | CONTRACTOR | CALLED).items() if name != missing}
        answer = step(desk, "lend_keys", keys, **typed)
        assert answer.status_code == 409
        assert "检修水管" in answer.text
        assert counts(keys) == [2, 0, 0, 0, 0]

    def test_the_owner_needs_neither_and_nobody_else_is_taken_for_the_owner(self, desk, keys, home, lin):
        lessee = resident(home, "周立", "13511112222", kind=Occupancy.Kind.LESSEE)
        shown = LEND | CALLED | {"proof": "id"}
        assert step(desk, "lend_keys", keys, **shown, borrower="owner", person=lessee.pk).status_code == 409
        assert step(desk, "lend_keys", keys, **LEND, borrower="owner", person=lin.pk).status_code == 302
        assert KeyLoan.objects.get().person == lin

    def test_a_person_of_two_entries_that_became_one_is_lent_keys(self, desk, yunhu, keys, home, lin, chen, zhou):
        again = actions.register_person(yunhu, name=lin.name, phone="", by=chen, now=MONDAY)
        since = MONDAY.date() - timedelta(days=9)
        actions.move_in(home, again, kind="household", starts_on=since, by=chen, now=MONDAY)
        upper.merge_people(lin, again, reason="同一人", by=zhou, now=MONDAY)
        wrong = resident(home, "周立", "13511112222")
        actions.void_occupancy(wrong.occupancies.get(), reason="录错房号", by=zhou, now=MONDAY)
        assert step(desk, "lend_keys", keys, **LEND, borrower="owner", person=lin.pk).status_code == 302
        assert KeyLoan.objects.get().person == lin
        form = desk.get(keys.get_absolute_url(), {"do": "lend_keys"}).context["form"]
        assert list(form.fields["person"].queryset) == [lin], "whom the desk entered by mistake does not live there"

    def test_our_own_staff_show_nothing_but_the_owner_is_called(self, desk, keys, liu):
        typed = {**LEND, "borrower": "staff", "staff": liu.pk}
        assert step(desk, "lend_keys", keys, **typed).status_code == 409
        assert step(desk, "lend_keys", keys, **typed, **CALLED).status_code == 302

    def test_a_plant_room_has_no_owner_to_call(self, desk, yunhu, chen, liu):
        plant = key_set(yunhu, by=chen, kind="plant_room")
        assert step(desk, "lend_keys", plant, **LEND, borrower="staff", staff=liu.pk).status_code == 302

    def test_nobody_takes_more_than_there_are(self, desk, keys):
        typed = LEND | CONTRACTOR | CALLED | {"copies": 3}
        assert step(desk, "lend_keys", keys, **typed).status_code == 409
        with pytest.raises(IntegrityError), transaction.atomic():
            KeySet.objects.filter(pk=keys.pk).update(in_cabinet=1)

    def test_a_form_that_is_sent_twice_lends_once(self, desk, keys):
        typed = LEND | CONTRACTOR | CALLED
        step(desk, "lend_keys", keys, **typed)
        assert step(desk, "lend_keys", keys, **typed).status_code == 409
        assert counts(keys) == [1, 1, 0, 0, 0]

    def test_a_loan_of_two_ends_when_one_is_back_and_one_is_lost(self, desk, keys, chen):
        step(desk, "lend_keys", keys, **LEND | CONTRACTOR | CALLED | {"copies": 2})
        loan = KeyLoan.objects.get()
        step(desk, "take_back_loan", loan, copies=1)
        loan = fresh(loan)
        assert (loan.status, loan.left) == ("out", 1)
        assert step(desk, "lose_lent_keys", loan, copies=1, reason="掉在工地").status_code == 422
        step(desk, "lose_lent_keys", loan, copies=1, reason="掉在工地", measure="已换锁，已告知业主")
        assert (fresh(loan).status, counts(keys)) == ("ended", [1, 0, 0, 1, 0])
        step(desk, "find_keys", fresh(keys), copies=1)
        assert counts(keys) == [2, 0, 0, 0, 0]

    def test_the_page_of_keys_shows_the_standing_instruction(self, desk, keys, lin):
        type(lin).objects.filter(pk=lin.pk).update(note="进门前请先打电话")
        assert "进门前请先打电话" in desk.get(keys.get_absolute_url()).text

    def test_the_latest_comes_first_and_telephones_are_masked(self, desk, yunhu, keys, chen):
        plant = key_set(yunhu, by=chen, tag="K-02", slot="A2", kind="plant_room", copies=1)
        key_loan(keys, by=chen, hours=5)
        key_loan(plant, by=chen, now=MONDAY - 9 * HOUR)
        page = desk.get(reverse("residents:keys")).text
        assert page.index("K-02") < page.index("K-01")
        assert "13700001111" not in page
        assert "137****1111" in page

    def test_a_number_is_shown_for_a_reason_that_is_on_record(self, desk, keys, chen):
        loan = key_loan(keys, by=chen)
        assert "13700001111" in step(desk, "unmask_borrower", loan, reason="催还钥匙").text
        assert Event.objects.about(loan).get(verb="unmasked").note == "催还钥匙"


@pytest.mark.django_db
class TestGivingOut:
    def test_what_is_given_out_is_outstanding_until_it_is_taken_back(self, desk, keys, home, lin, chen):
        typed = {"copies": 2, "person": lin.pk, "signature": "paper"}
        step(desk, "issue_keys", keys, **typed)
        assert (counts(keys), fresh(keys).slot) == ([0, 0, 2, 0, 0], ""), "the slot is free again"
        issue = KeyMove.objects.outstanding(home).get()
        step(desk, "take_back_keys", fresh(keys), issue=issue.pk, copies=1, slot="C1")
        assert KeyMove.objects.outstanding(home).get().left == 1
        with pytest.raises(Refused):
            actions.take_back_keys(issue, copies=2, by=chen, now=MONDAY)
        issue.key_set = fresh(keys)
        with pytest.raises(Refused):
            actions.take_back_keys(issue, copies=2, by=chen, now=MONDAY)
        actions.take_back_keys(issue, copies=1, by=chen, now=MONDAY)
        assert not KeyMove.objects.outstanding(home).exists()
        assert list(KeySet.objects.for_unit(home)) == [keys]

    def test_more_is_not_taken_back_from_one_than_that_one_got(self, keys, lin, wu, chen):
        first = actions.issue_keys(keys, copies=1, person=lin, by=chen, now=MONDAY)
        who = {"name": "保洁公司", "proof": "letter", "owner_called": True}
        actions.issue_keys(keys, copies=1, by=chen, now=MONDAY, **who)
        with pytest.raises(Refused):
            actions.take_back_keys(first, copies=2, by=chen, now=MONDAY)
        assert counts(keys) == [0, 0, 2, 0, 0]

    def test_the_receipt_lists_what_is_outside(self, desk, keys, home, lin, chen):
        actions.issue_keys(keys, copies=1, person=lin, by=chen, now=MONDAY)
        page = desk.get(reverse("residents:key_receipt", args=[home.pk])).text
        assert "K-01" in page
        assert lin.name in page

    def test_the_ledger_is_never_rewritten(self, keys):
        for sql in ("UPDATE residents_keymove SET copies = 9", "DELETE FROM residents_keymove"):
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)


@pytest.mark.django_db
class TestEmergency:
    ASK = {"borrower": "staff", "copies": 1, "due_back_at": "2025-09-15T12:00", "reason": "室内水管爆裂"}

    @pytest.fixture
    def asked(self, desk, keys, liu, zhou):
        step(desk, "ask_for_keys", keys, **self.ASK, staff=liu.pk)
        return KeyLoan.objects.get()

    def test_nothing_leaves_before_it_is_approved_by_another(self, client, desk, asked, keys, chen, zhou):
        assert (asked.status, counts(keys)) == ("requested", [2, 0, 0, 0, 0])
        assert step(desk, "hand_over_keys", asked, due_back_at="2025-09-15T12:00", signature="paper").status_code == 409
        assert step(desk, "approve_keys", asked).status_code == 409 or fresh(asked).status == "requested"
        client.force_login(zhou)
        step(client, "approve_keys", asked)
        assert fresh(asked).approved_by == zhou

    def test_a_supervisor_who_asked_does_not_approve_it(self, yunhu, keys, zhou, liu):
        facts = {"borrower": "staff", "staff": liu, "due_back_at": MONDAY + HOUR, "reason": "漏水"}
        loan = actions.ask_for_keys(keys, copies=1, by=zhou, now=MONDAY, **facts)
        with pytest.raises(NotAllowed):
            actions.approve_keys(loan, by=zhou, now=MONDAY)

    def test_supervisors_and_the_duty_manager_are_told_that_it_waits(self, yunhu, asked, zhou):
        assert Notification.objects.filter(kind="key_asked", recipient=zhou).exists()

    def test_an_approval_by_telephone_is_of_one_who_may_give_it_and_they_are_told(self, desk, asked, chen, liu, zhou):
        for wrong in ("", "郭经理", chen.pk, liu.pk):
            assert step(desk, "approve_keys_by_phone", asked, approved_by=wrong).status_code == 422
        assert fresh(asked).status == "requested"
        step(desk, "approve_keys_by_phone", asked, approved_by=zhou.pk)
        loan = fresh(asked)
        assert (loan.status, loan.approved_by, loan.approval_noted_by) == ("approved", zhou, chen)
        assert Notification.objects.filter(kind="key_approved_by_phone", recipient=zhou).exists()
        assert str(zhou) in desk.get(loan.get_absolute_url()).text

    def test_the_duty_manager_is_called_where_a_supervisor_asked(self, client, yunhu, keys, zhou, guo, liu):
        on_duty(yunhu, guo)
        facts = {"borrower": "staff", "staff": liu, "due_back_at": MONDAY + HOUR, "reason": "漏水"}
        loan = actions.ask_for_keys(keys, copies=1, by=zhou, now=MONDAY, **facts)
        client.force_login(zhou)
        assert step(client, "approve_keys_by_phone", loan, approved_by=zhou.pk).status_code == 422
        for wrong in (zhou, liu):
            with pytest.raises(NotAllowed):
                actions.approve_keys_by_phone(loan, approved_by=wrong, by=zhou, now=MONDAY)
        with pytest.raises(IntegrityError), transaction.atomic():
            KeyLoan.objects.update(status="approved", decided_at=MONDAY, approved_by=guo, approval_noted_by=guo)
        step(client, "approve_keys_by_phone", loan, approved_by=guo.pk)
        assert fresh(loan).approved_by == guo

    def test_the_owner_has_to_be_told_until_it_is_on_record(self, desk, asked, chen, zhou):
        actions.approve_keys_by_phone(asked, approved_by=zhou, by=chen, now=MONDAY)
        loan = fresh(asked)
        step(desk, "hand_over_keys", loan, due_back_at="2025-09-15T12:00", signature="paper")
        loan = fresh(loan)
        actions.take_back_loan(loan, copies=1, by=chen, now=MONDAY + HOUR)
        assert list(KeyLoan.objects.untold()) == [loan], "coming back does not tell anybody"
        assert loan.who in desk.get(reverse("residents:keys")).text
        step(desk, "tell_owner", fresh(loan), how="phone")
        assert not KeyLoan.objects.untold().exists()

    def test_each_list_of_keys_goes_on_on_its_own_pages(self, desk, asked, keys, chen, liu, monkeypatch):
        monkeypatch.setattr(doors, "PAGE", 1)
        facts = {"borrower": "staff", "staff": liu, "due_back_at": MONDAY + HOUR, "by": chen, "now": MONDAY + HOUR / 2}
        later = actions.ask_for_keys(keys, copies=1, reason="燃气味", **facts)
        first = desk.get(reverse("residents:keys")).context["pending"]
        assert first.rows == [asked] and not first.newer_url
        assert desk.get(reverse("residents:keys") + first.older_url).context["pending"].rows == [later]

    def test_an_emergency_that_was_declined_says_why(self, client, asked, keys, zhou):
        client.force_login(zhou)
        assert step(client, "decline_keys", asked).status_code == 422
        step(client, "decline_keys", asked, note="业主十分钟后到家")
        assert (fresh(asked).status, counts(keys)) == ("declined", [2, 0, 0, 0, 0])

    def test_only_keys_left_in_trust_need_it(self, yunhu, chen, liu):
        plant = key_set(yunhu, by=chen, kind="plant_room")
        facts = {"borrower": "staff", "staff": liu, "due_back_at": MONDAY + HOUR, "reason": "漏水"}
        with pytest.raises(Refused):
            actions.ask_for_keys(plant, copies=1, by=chen, now=MONDAY, **facts)


@pytest.mark.django_db
def test_an_overdue_loan_is_told_once_a_day_to_who_lent_it_and_the_supervisors(yunhu, keys, chen, zhou, guo):
    on_duty(yunhu, guo, hours=72)
    loan = key_loan(keys, by=chen)
    assert actions.remind_keys(now=loan.due_back_at) == 0, "late is strictly after"
    late = loan.due_back_at + HOUR
    assert [actions.remind_keys(now=late), actions.remind_keys(now=late + HOUR)] == [1, 0]
    assert actions.remind_keys(now=late + 24 * HOUR) == 1
    told = Notification.objects.filter(kind="key_overdue", channel="inbox")
    assert sorted(told.values_list("recipient__username", flat=True)) == ["chen", "chen", "guo", "guo", "zhou", "zhou"]


@pytest.mark.django_db
@pytest.mark.parametrize("many", [1, 12])
def test_the_lists_cost_the_same_for_few_and_for_many(client, yunhu, home, lin, chen, zhou, many):
    for n in range(many + 1):
        one = key_set(yunhu, by=chen, tag=f"K-{n}", slot=f"S{n}", unit=home, copies=3)
        loan = key_loan(one, by=chen)
        actions.issue_keys(one, copies=1, person=lin, by=chen, now=MONDAY)
    client.force_login(zhou)
    for name, url in [
        ("keys out", reverse("residents:keys")),
        ("cabinet of keys", reverse("residents:cabinet")),
        ("ledger of keys", reverse("residents:ledger")),
        ("key set", one.get_absolute_url()),
        ("key loan", loan.get_absolute_url()),
        ("key receipt", reverse("residents:key_receipt", args=[home.pk])),
    ]:
        client.get(url)
        with counting.pinned(name) as captured:
            assert client.get(url).status_code == 200
        assert len(captured) <= 15, name


# Races ----------------------------------------------------------------------------------------------------------------


def lend_the_last(yunhu, chen, second):
    """Two clerks lend the last copy of a key, each having read it as there."""
    plant = key_set(yunhu, by=chen, tag=f"R-{KeySet.objects.count()}", slot="", kind="plant_room", copies=1)
    read = [fresh(plant), fresh(plant)]
    outcomes = race(
        lambda: key_loan(read[0], by=chen),
        lambda: key_loan(read[1], by=second),
    )
    return plant, outcomes


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_of_two_clerks_who_lend_the_last_key_at_once_one_does(yunhu, chen):
    second = staff("second", "何平", Role.CLERK, community=yunhu)
    for _ in range(10):
        plant, outcomes = lend_the_last(yunhu, chen, second)
        assert [isinstance(outcome, Stale) for outcome in outcomes].count(True) == 1
        assert KeyLoan.objects.filter(key_set=plant).count() == 1
        assert counts(plant) == [0, 1, 0, 0, 0]


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_control_without_the_compare_both_would_have_it(yunhu, chen, monkeypatch):
    def careless(thing, **facts):
        for name, value in facts.items():
            setattr(thing, name, value)
        thing.save(update_fields=list(facts))

    monkeypatch.setattr(moves, "write", careless)
    second = staff("second", "何平", Role.CLERK, community=yunhu)
    plant, _outcomes = lend_the_last(yunhu, chen, second)
    assert KeyLoan.objects.filter(key_set=plant).count() == 2
