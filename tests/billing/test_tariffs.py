"""Fees and their tariffs: versions by date without overlap, every basis, an example before anything is saved."""

import datetime
import uuid
from decimal import Decimal

import pytest
from django.urls import reverse

from billing import actions as billing
from billing.actions.cash import Means
from billing.models import BillRun, Fee, Receipt, RunTariff, Tariff
from servicedesk.core.models import Event
from tests import counting, factories
from tests.billing import money_rows
from tests.factories import MONDAY
from tests.racing import race

pytestmark = pytest.mark.django_db
JANUARY, OCTOBER = datetime.date(2025, 1, 1), datetime.date(2025, 10, 1)
BASIS = {"months": "1", "start_rule": "next_month", "due_days": "25", "price_basis": "物业服务合同 第六条"}
BY_AREA = BASIS | {"since": "2025-10", "unit_price": "2.80"}
STEPS = {"up_to_1": "15", "price_of_1": "3.45", "up_to_2": "", "price_of_2": "4.83", "tier_span": "period"}
WATER = BASIS | {"since": "2025-10", "resource": "water", "unit_price": ""}


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def service(yunhu):
    return factories.fee(yunhu)


@pytest.fixture
def books(client, qian):
    client.force_login(qian)
    # Sentences are compared here in the language of their source.
    client.cookies["django_language"] = "en"
    return client


def price(client, fee, basis="area", **typed):
    return client.post(reverse("billing:tariff_new", args=[fee.pk]) + f"?basis={basis}", typed)


def rename(client, fee, name="物业费", **typed):
    return client.post(reverse("billing:rename_fee", args=[fee.pk]), {"version": fee.version, "name": name, **typed})


def spans(fee):
    return [(one.valid.lower, one.valid.upper) for one in fee.tariffs.in_force().order_by("valid")]


def test_a_new_fee_stands_last_and_asks_for_a_tariff(books, service):
    typed = {"name": "车位费", "name_en": "Parking", "kind": "parking", "applies_to": "enrolled", "position": ""}
    answer = books.post(reverse("billing:fee_new"), typed)
    fee = Fee.objects.get(name="车位费")
    assert answer["Location"] == fee.get_absolute_url()
    assert (fee.code, fee.position, fee.applies_to) == ("parking", 1, "enrolled")
    assert "has no tariff yet" in books.get(fee.get_absolute_url()).text


@pytest.mark.parametrize(
    "typed",
    [{"name": "物业服务费", "kind": "other"}, {"name": "滞纳金二", "kind": "late"}],
    ids=["name", "late charge"],
)
def test_a_name_and_the_late_charge_are_there_once(books, yunhu, service, typed):
    factories.fee(yunhu, "违约金", kind="late")
    answer = books.post(reverse("billing:fee_new"), typed | {"applies_to": "every_unit"})
    assert answer.status_code == 409
    assert typed["name"] in answer.text
    assert Fee.objects.count() == 2


def test_a_fee_is_switched_off_and_on_and_stale_pages_are_told_so(books, service):
    address = reverse("billing:switch_fee", args=[service.pk])
    assert "Switch off" in books.get(address, follow=True).text
    books.post(address, {"version": 0})
    assert not Fee.objects.get().is_active
    assert books.post(address, {"version": 0}).status_code == 409
    books.post(address, {"version": 1})
    assert Fee.objects.get().is_active
    assert Event.objects.about(service).count() == 2


def test_a_fee_is_renamed_and_its_page_says_what_it_was_called(books, service, qian):
    address = reverse("billing:rename_fee", args=[service.pk])
    assert 'value="物业服务费"' in books.get(address, follow=True).text
    assert rename(books, service, name_en="Property fee").status_code == 302
    renamed = Fee.objects.get()
    assert (renamed.name, renamed.name_en, renamed.version) == ("物业费", "Property fee", 1)
    event = Event.objects.about(service).get()
    assert (event.verb, event.by, event.data["from"], event.data["to"]) == ("fee_renamed", qian, "物业服务费", "物业费")
    assert [one.data["from"] for one in books.get(service.get_absolute_url()).context["renamed"]] == ["物业服务费"]


def test_what_was_billed_keeps_the_name_of_its_day(books, service, home, yunhu, li_na):
    then = factories.bill(home, service, tariff=factories.tariff(service))
    by_hand = factories.bill(home, service, month=OCTOBER)
    rename(books, service)
    bills = {row["bill"].pk: row["bill"].called for row in books.get(reverse("billing:bills")).context["rows"]}
    assert bills == {then.pk: "物业服务费", by_hand.pk: "物业费"}
    assert "物业服务费" in books.get(then.get_absolute_url()).text
    money_rows.open_shift(yunhu, li_na)
    paid = {"bills": [then], "deposits": [], "means": [Means("cash", then.amount)], "payer": None}
    billing.take_payment(home, **paid, by=li_na, now=MONDAY, submission=uuid.uuid4())
    assert Receipt.objects.get().lines[0]["text"] == "物业服务费"


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"name": "水费"}, 409),
        ({"name": "物业服务费"}, 409),
        ({"name": "物业费", "version": 7}, 409),
        ({"name": "   "}, 422),
        ({"name": "费" * 61}, 422),
    ],
    ids=["another has it", "nothing new", "stale", "empty", "too long"],
)
def test_a_name_that_cannot_be_is_told_and_stays_in_the_form(books, service, yunhu, typed, status):
    factories.fee(yunhu, "水费", kind="utility")
    answer = rename(books, service, **typed)
    assert answer.status_code == status
    assert typed["name"].strip() in answer.text
    assert Fee.objects.get(pk=service.pk).name == "物业服务费" and not Event.objects.about(service).exists()


def test_a_fee_of_another_community_is_not_there_to_be_renamed(books, other):
    assert rename(books, factories.fee(other)).status_code == 404


def test_a_new_tariff_ends_the_one_before(books, service, qian):
    before = factories.tariff(service)
    assert price(books, service, **BY_AREA).status_code == 302
    assert spans(service) == [(JANUARY, OCTOBER), (OCTOBER, None)]
    new = service.tariffs.get(valid__startswith=OCTOBER)
    assert (new.unit_price, new.basis, new.by, new.start_rule) == (Decimal("2.80"), "area", qian, "next_month")
    assert Event.objects.about(before).get().data == {"until": "2025-10-01"}
    assert Event.objects.about(new).get().verb == "tariff_set"


def test_the_refusal_names_the_version_in_the_way_and_keeps_the_words(books, service):
    factories.tariff(service, since=datetime.date(2026, 1, 1))
    answer = price(books, service, **BY_AREA)
    assert answer.status_code == 409
    assert "The tariff from 2026-01 on is in the way" in answer.text
    assert "物业服务合同 第六条" in answer.text
    assert Tariff.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_save_a_tariff_at_once_leave_one(yunhu, qian, tang, client):
    from billing import actions

    fee = factories.fee(yunhu)
    facts = {"since": OCTOBER, "basis": "area", "unit_price": Decimal("2.80"), "price_basis": "合同", "now": MONDAY}
    outcomes = race(*(lambda by=by: actions.set_tariff(fee, by=by, **facts) for by in (qian, tang)))
    assert sorted(type(one).__name__ for one in outcomes) == ["Refused", "Tariff"]


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ({"unit_price": "1_000"}, "write a number"),
        ({"unit_price": "NaN"}, "write a number"),
        ({"unit_price": "-1"}, "write a number"),
        ({"unit_price": "1000001"}, "write a number"),
        ({"unit_price": "2.1234567"}, "at most 6 decimals"),
        ({"unit_price": ""}, "Please fill in"),
        ({"since": "2029-01"}, "too far away"),
        ({"since": "2025-13"}, "year and month"),
        ({"price_basis": ""}, "Please fill in"),
        ({"months": "5"}, "valid choice"),
        ({"due_days": "400"}, "366"),
        ({"sample_room": "9-9-99"}, "no room"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_saved(books, service, home, typed, word):
    answer = price(books, service, **BY_AREA | typed)
    assert answer.status_code == 422
    assert word in answer.text
    assert not Tariff.objects.exists()


def test_full_width_digits_are_digits(books, service):
    price(books, service, **BY_AREA | {"unit_price": "2.80", "since": "2025年10月"})
    assert service.tariffs.get().unit_price == Decimal("2.80")


def test_a_quarter_begins_where_quarters_begin(books, service):
    answer = price(books, service, **BY_AREA | {"months": "3", "since": "2025-11"})
    assert answer.status_code == 409
    assert "1, 4, 7, 10" in answer.text
    factories.tariff(service, months=3)
    assert price(books, service, **BY_AREA | {"since": "2025-11"}).status_code == 409, "nor does the old one end inside"
    assert price(books, service, **BY_AREA).status_code == 302


def test_what_is_billed_already_keeps_its_price(books, service, home, zhou):
    old = factories.tariff(service)
    october = factories.bill(home, service, month=OCTOBER, tariff=old)
    answer = price(books, service, **BY_AREA)
    assert answer.status_code == 409
    assert "2025-10-31" in answer.text
    type(october).objects.filter(pk=october.pk).update(
        voided_at=MONDAY, voided_by=zhou, void_asked_by=books_user(books), void_reason="价格有误"
    )
    assert price(books, service, **BY_AREA).status_code == 302, "voided bills are in nobody's way"


def books_user(client):
    from servicedesk.core.models import User

    return User.objects.get(pk=client.session["_auth_user_id"])


def test_a_run_that_is_not_finished_keeps_its_price(books, service, qian):
    old = factories.tariff(service)
    run = BillRun.objects.create(
        community=service.community, month=OCTOBER, issued_on=OCTOBER, by=qian, created_at=MONDAY, heartbeat_at=MONDAY
    )
    RunTariff.objects.create(run=run, fee=service, tariff=old)
    assert price(books, service, **BY_AREA).status_code == 409
    assert spans(service) == [(JANUARY, None)]


# Every basis ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("basis", "typed", "facts"),
    [
        ("fixed", {"unit_price": "150"}, {"unit_price": Decimal(150)}),
        ("share", {"measure": "area"}, {"measure": "area", "unit_price": None}),
        ("formula", {"formula": "min(面积,144)×2.5*月数"}, {"formula": "min(面积,144)*2.5*月数"}),
        ("meter", {"resource": "water", "unit_price": "3.45"}, {"resource": "water", "unit_price": Decimal("3.45")}),
    ],
)
def test_every_basis_has_its_own_facts(books, service, basis, typed, facts):
    assert price(books, service, basis, **BASIS | {"since": "2025-10"} | typed).status_code == 302
    row = service.tariffs.get()
    assert row.basis == basis
    assert {name: getattr(row, name) for name in facts} == facts
    assert books.get(row.get_absolute_url()).status_code == 200


def test_a_price_by_steps_keeps_its_steps_in_order(books, service):
    assert price(books, service, "meter", **WATER | STEPS).status_code == 302
    row = service.tariffs.get()
    assert (row.tier_span, row.unit_price) == ("period", None)
    assert list(row.tiers.values_list("position", "up_to", "unit_price")) == [
        (1, Decimal(15), Decimal("3.45")),
        (2, None, Decimal("4.83")),
    ]


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ({"unit_price": "3"}, "Leave one of them empty"),
        ({"up_to_2": "30"}, "The last step has no end"),
        ({"up_to_1": ""}, "Step 1 ends above 0"),
        ({"up_to_2": "15", "price_of_3": "9"}, "Step 2 ends above 15"),
        ({"price_of_1": ""}, "Step 1 has no price"),
        ({"tier_span": ""}, "Choose whether"),
        ({"price_of_2": ""}, "add a second step"),
        ({"up_to_1": "", "price_of_1": "", "price_of_2": ""}, "Write one price, or the steps"),
    ],
)
def test_steps_rise_and_the_last_has_no_end(books, service, typed, word):
    answer = price(books, service, "meter", **WATER | STEPS | typed)
    assert answer.status_code == 422
    assert word in answer.text
    assert not Tariff.objects.exists()


def test_the_form_begins_with_the_last_price_from_next_month_on(books, service):
    factories.tariff(
        service,
        basis="meter",
        unit_price=None,
        resource="water",
        tier_span="year",
        tiers=[(180, "3.45"), (None, "4.83")],
    )
    form = books.get(reverse("billing:tariff_new", args=[service.pk])).context["form"]
    shown = [form[name].value() for name in ("since", "tier_span", "up_to_1", "price_of_1", "up_to_2", "price_of_2")]
    assert shown == ["2025-10", "year", "180", "3.45", "", "4.83"]


def test_a_formula_that_is_none_is_refused_with_its_word(books, service):
    answer = price(books, service, "formula", **BASIS | {"since": "2025-10", "formula": "areas * 2"})
    assert answer.status_code == 422
    assert "“areas” is not understood" in answer.text


# The example ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("basis", "typed", "total"),
    [
        ("area", {"unit_price": "2.80"}, "280.00"),
        ("area", {"unit_price": "2.80", "months": "3", "sample_room": "3-2-1201"}, "747.18"),
        ("fixed", {"unit_price": "150"}, "150.00"),
        ("meter", {"resource": "water", "unit_price": "", **STEPS, "sample_use": "20"}, "75.90"),
        ("meter", {"resource": "water", "unit_price": "3.45", "sample_use": "0"}, "0.00"),
        ("formula", {"formula": "area * 2 / floor"}, "200.00"),
        ("formula", {"formula": "area / (floor - 1)"}, "–"),
        ("share", {"measure": "unit"}, "500.00"),
    ],
)
def test_an_example_is_shown_and_nothing_is_saved(books, service, home, wu, basis, typed, total):
    type(home).objects.filter(pk=home.pk).update(area="88.95")
    answer = price(books, service, basis, preview="1", **BASIS | {"since": "2025-10"} | typed)
    assert answer.status_code == 200
    lines, shown = answer.context["example"][1:]
    assert f"<b>{total}</b>" in answer.text
    assert shown is None or shown == sum(line.amount for line in lines)
    assert "物业服务合同 第六条" in answer.text
    assert not Tariff.objects.exists()


# Voiding --------------------------------------------------------------------------------------------------------------


def void(client, tariff, reason="录入错误"):
    return client.post(reverse("billing:tariff_void", args=[tariff.pk]), {"reason": reason})


def test_a_tariff_that_nothing_was_billed_by_is_voided_and_the_one_before_goes_on(books, service):
    factories.tariff(service)
    price(books, service, **BY_AREA)
    new = service.tariffs.get(valid__startswith=OCTOBER)
    assert void(books, new, "").status_code == 422
    assert void(books, new).status_code == 302
    assert spans(service) == [(JANUARY, None)]
    new.refresh_from_db()
    assert (new.void_reason, new.voided_by.username) == ("录入错误", "qian")
    assert void(books, new).status_code == 409


def test_a_tariff_in_use_is_never_voided(books, service, home):
    used = factories.tariff(service)
    factories.bill(home, service, tariff=used)
    answer = void(books, used)
    assert answer.status_code == 409
    assert "录入错误" in answer.text
    assert spans(service) == [(JANUARY, None)]


# Who, and what it costs -----------------------------------------------------------------------------------------------


def test_who_only_reads_finds_no_step(client, zhou, service):
    tariff = factories.tariff(service)
    client.force_login(zhou)
    client.cookies["django_language"] = "en"
    for address in (service.get_absolute_url(), tariff.get_absolute_url(), reverse("billing:fees")):
        page = client.get(address).text
        assert "New tariff" not in page
        assert "New fee" not in page
        assert "Void this tariff" not in page


def test_an_action_asks_who_it_is_as_well(service, zhou):
    from billing import actions
    from servicedesk.core.errors import NotAllowed

    with pytest.raises(NotAllowed):
        actions.switch_fee(service, in_use=False, by=zhou, now=MONDAY)


def test_a_fee_of_another_community_is_nowhere(books, other):
    theirs = factories.fee(other)
    tariff = factories.tariff(theirs)
    for name, pk in (("fee", theirs.pk), ("tariff_new", theirs.pk), ("tariff", tariff.pk), ("enrol", theirs.pk)):
        assert books.get(reverse(f"billing:{name}", args=[pk])).status_code == 404, name
    assert void(books, tariff).status_code == 404


@pytest.mark.parametrize("others", [0, 11])
def test_fees_cost_the_same_for_few_and_for_many(books, yunhu, service, others):
    for n in range(others + 1):
        fee = factories.fee(yunhu, f"费用 {n}", kind="other")
        factories.tariff(fee, until=OCTOBER)
        factories.tariff(
            fee,
            since=OCTOBER,
            basis="meter",
            unit_price=None,
            resource="water",
            tier_span="year",
            tiers=[(180, "3.45"), (None, "4.83")],
        )
    for name, url in (("fees", reverse("billing:fees")), ("fee", fee.get_absolute_url())):
        books.get(url)
        with counting.pinned(f"billing, {name}") as captured:
            assert books.get(url).status_code == 200
        assert len(captured) <= 15
