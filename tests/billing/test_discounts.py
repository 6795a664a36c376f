"""Discounts: asked for with evidence, decided by another, ended earlier with a reason; never two on one day."""

import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from billing import actions
from billing.models import Discount
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Event, Photo, Role
from tests import counting, factories
from tests.complaints.residents import picture
from tests.factories import MONDAY
from tests.racing import race

pytestmark = pytest.mark.django_db
OCTOBER, DECEMBER = datetime.date(2025, 10, 1), datetime.date(2025, 12, 31)


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def service(yunhu):
    return factories.fee(yunhu)


def asked(fee, unit, by, **facts):
    known = {"kind": "vacancy", "percent": Decimal(30), "since": OCTOBER, "last_day": DECEMBER}
    known |= {"reason": "空置", "evidence": "物业服务合同 第八条"}
    return actions.ask_discount(fee, unit, by=by, now=MONDAY, **known | facts)


def step(client, name, row, **typed):
    row = Discount.objects.get(pk=row.pk)
    return client.post(reverse(f"billing:{name}", args=[row.pk]), {"version": row.version, **typed})


def as_typed(fee, **typed):
    known = {"unit": "3-2-1201", "fee": fee.pk, "kind": "vacancy", "percent": "30", "since": "2025-10-01"}
    return known | {"last_day": "2025-12-31", "reason": "空置", "evidence": "物业服务合同 第八条"} | typed


def test_the_cashier_asks_with_a_photo_and_a_supervisor_approves(client, service, home, li_na, zhou):
    client.force_login(li_na)
    answer = client.post(reverse("billing:discount_new"), as_typed(service) | {"photo1": picture()})
    row = Discount.objects.get()
    assert answer["Location"] == row.get_absolute_url()
    assert (row.unit, row.asked_by, row.status, row.first_day, row.last_day) == (
        home,
        li_na,
        "asked",
        OCTOBER,
        DECEMBER,
    )
    photo = Photo.objects.about(row).get()
    assert client.get(reverse("billing:discount_photo", args=[row.pk, photo.name])).status_code == 200
    client.force_login(zhou)
    assert row.get_absolute_url() in client.get(reverse("desk:approvals")).text
    assert step(client, "approve_discount", row, note="属实").status_code == 302
    row.refresh_from_db()
    assert (row.status, row.decided_by, row.decision_note) == ("approved", zhou, "属实")
    assert row.get_absolute_url() not in client.get(reverse("desk:approvals")).text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"percent": "0"}, "percent"),
        ({"percent": "100.01"}, "percent"),
        ({"percent": "1_0"}, "percent"),
        ({"percent": "NaN"}, "percent"),
        ({"last_day": "2025-09-30"}, "last_day"),
        ({"since": "2029-01-01"}, "since"),
        ({"evidence": ""}, "evidence"),
        ({"unit": "9-9-99"}, "unit"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(client, service, home, li_na, typed, field):
    client.force_login(li_na)
    answer = client.post(reverse("billing:discount_new"), as_typed(service, **typed))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert "空置" in answer.text
    assert not Discount.objects.exists()


def test_a_fee_of_another_community_cannot_be_chosen(client, service, home, li_na, other):
    client.force_login(li_na)
    answer = client.post(reverse("billing:discount_new"), as_typed(factories.fee(other)))
    assert list(answer.context["form"].errors) == ["fee"]


@pytest.mark.parametrize(("handed_over", "state"), [(None, "not_handed_over"), (OCTOBER, "vacant")])
def test_the_form_says_whether_the_room_is_vacant_and_saves_nothing(client, service, home, chen, handed_over, state):
    type(home).objects.filter(pk=home.pk).update(handed_over_on=handed_over)
    client.force_login(chen)
    answer = client.post(reverse("billing:discount_new"), as_typed(service, look="1"))
    assert answer.status_code == 200
    assert (answer.context["room"], answer.context["room"].state) == (home, state)
    assert "空置" in answer.text
    assert not Discount.objects.exists()


def test_no_second_one_on_the_same_days(service, home, li_na, chen, zhou):
    first = asked(service, home, li_na)
    with pytest.raises(Refused, match="2025-10-01 – 2025-12-31"):
        asked(service, home, chen, since=DECEMBER, last_day=DECEMBER)
    actions.refuse_discount(first, by=zhou, now=MONDAY, note="不符合合同")
    assert asked(service, home, chen).pk, "one that was refused is in nobody's way"


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_leave_one(yunhu):
    home = factories.unit(yunhu, "3-2-1201")
    people = [factories.staff(name, name, Role.CASHIER, community=yunhu) for name in ("one", "two")]
    for n in range(12):
        fee = factories.fee(yunhu, f"费用 {n}")
        outcomes = race(*(lambda by=by, fee=fee: asked(fee, home, by) for by in people))
        assert sorted(type(one).__name__ for one in outcomes) == ["Discount", "Refused"]


# Two people -----------------------------------------------------------------------------------------------------------


def test_who_asked_does_not_decide_whatever_their_roles(client, yunhu, service, home):
    both = factories.staff("both", "双职", Role.CASHIER, Role.SUPERVISOR, community=yunhu)
    row = asked(service, home, both)
    client.force_login(both)
    assert "approve_discount" not in client.get(row.get_absolute_url()).text
    assert step(client, "approve_discount", row).status_code == 403
    row.refresh_from_db()
    assert row.status == "asked"


def test_the_database_holds_it_as_well(service, home, li_na):
    row = asked(service, home, li_na)
    with pytest.raises(IntegrityError, match="discount_is_decided_by_another"), transaction.atomic():
        Discount.objects.filter(pk=row.pk).update(status="approved", decided_by=li_na, decided_at=MONDAY)


def test_finance_asks_and_does_not_approve(service, home, qian):
    row = asked(service, home, qian)
    with pytest.raises(NotAllowed):
        actions.approve_discount(row, by=qian, now=MONDAY)


def test_a_refusal_needs_a_reason_and_a_stale_page_is_told_so(client, service, home, li_na, guo):
    row = asked(service, home, li_na)
    client.force_login(guo)
    assert step(client, "refuse_discount", row, note="").status_code == 422
    actions.withdraw_discount(Discount.objects.get(), by=li_na, now=MONDAY)
    answer = client.post(reverse("billing:refuse_discount", args=[row.pk]), {"version": 0, "note": "不符合合同"})
    assert answer.status_code == 409
    assert "不符合合同" in answer.text


def test_only_who_asked_withdraws(service, home, li_na, chen):
    row = asked(service, home, li_na)
    with pytest.raises(NotAllowed):
        actions.withdraw_discount(row, by=chen, now=MONDAY)


def test_it_ends_earlier_with_a_reason_in_the_history(client, service, home, li_na, zhou, qian):
    row = asked(service, home, li_na)
    actions.approve_discount(row, by=zhou, now=MONDAY)
    client.force_login(qian)
    for day in ("2025-09-30", "2025-12-31"):
        assert step(client, "end_discount", row, last_day=day, reason="已入住").status_code == 409
    assert step(client, "end_discount", row, last_day="2025-10-31", reason="").status_code == 422
    assert step(client, "end_discount", row, last_day="2025-10-31", reason="已入住").status_code == 302
    row.refresh_from_db()
    assert row.period == DateRange(OCTOBER, datetime.date(2025, 11, 1))
    assert Event.objects.about(row).first().note == "已入住"


# Lists ----------------------------------------------------------------------------------------------------------------


def test_each_state_has_its_list(client, yunhu, home, li_na, zhou):
    rows = {}
    for state in ("waiting", "running", "over", "rejected"):
        rows[state] = asked(factories.fee(yunhu, f"费用 {state}"), home, li_na)
    for state in ("running", "over"):
        actions.approve_discount(rows[state], by=zhou, now=MONDAY)
    past = DateRange(datetime.date(2025, 1, 1), datetime.date(2025, 2, 1))
    Discount.objects.filter(pk=rows["over"].pk).update(period=past)
    actions.withdraw_discount(rows["rejected"], by=li_na, now=MONDAY)
    client.force_login(li_na)
    for state, row in rows.items():
        page = client.get(reverse("billing:discounts") + f"?state={state}")
        assert page.context["part"].rows == [row], state


def test_a_discount_of_another_community_is_nowhere(client, other, li_na):
    theirs = factories.unit(other, "1-1-101")
    row = asked(factories.fee(other), theirs, factories.staff("they", "他们", Role.CASHIER, community=other))
    client.force_login(li_na)
    assert client.get(row.get_absolute_url()).status_code == 404
    assert client.get(reverse("billing:discount_photo", args=[row.pk, "x.jpg"])).status_code == 404


@pytest.mark.parametrize("others", [0, 11])
def test_discounts_cost_the_same_for_few_and_for_many(client, yunhu, home, li_na, zhou, others):
    for n in range(others + 1):
        row = asked(factories.fee(yunhu, f"费用 {n}"), home, li_na)
    client.force_login(zhou)
    urls = {"discounts": reverse("billing:discounts"), "discount": row.get_absolute_url()}
    for name, url in (urls | {"approvals": reverse("desk:approvals")}).items():
        client.get(url)
        with counting.pinned(f"billing, {name}") as captured:
            assert client.get(url).status_code == 200
        assert len(captured) <= 15
