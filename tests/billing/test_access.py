"""Bills on a resident's phone: a code from the desk opens them once, and shows nothing of anybody else."""

import datetime
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from billing import actions
from billing.models import BillAccess
from residents.models import Occupancy
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Notification
from servicedesk.core.notifications import send_notifications
from tests import factories
from tests.billing import money_rows as rows
from tests.counting import pinned
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db
ENTER, LIST = reverse("billing:p_enter"), reverse("billing:p_bills")
JUNE, JULY, AUGUST = (datetime.date(2025, month, 1) for month in (6, 7, 8))


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def service(yunhu):
    return factories.fee(yunhu)


@pytest.fixture
def her_home(home, lin):
    return Occupancy.objects.get(unit=home, person=lin)


def owed_by(person, unit, service, month=AUGUST, **facts):
    return factories.bill(unit, service, month=month, debtor_kind="owner", debtor=person, **facts)


@pytest.fixture
def code(her_home, chen):
    return actions.give_access(her_home, by=chen, now=MONDAY)


def enter(client, code):
    return client.post(ENTER, {"code": code})


def shown(client):
    answer = client.get(LIST)
    assert answer.status_code == 200
    return [bill.pk for bill, _late in answer.context["owed"]]


def test_the_desk_gives_a_code_that_is_shown_once_and_kept_nowhere(client, her_home, chen):
    client.force_login(chen)
    page = client.post(reverse("billing:give_code", args=[her_home.pk]))
    code = page.context["code"]
    assert code in page.text
    access = BillAccess.objects.get()
    assert code not in str(vars(access))
    assert Event.objects.about(her_home.person).filter(verb="bill_code_given").count() == 1
    assert code not in client.get(reverse("billing:give_code", args=[her_home.pk])).text


def test_a_code_that_was_sent_stands_nowhere_any_more(her_home, chen, mailoutbox):
    code = actions.give_access(her_home, email="lin@example.org", by=chen, now=MONDAY)
    send_notifications(now=MONDAY)
    [mail] = mailoutbox
    assert code in mail.subject
    assert code not in str(Notification.objects.values())


def test_a_code_opens_the_bills_once(client, code, lin, home, service):
    bill = owed_by(lin, home, service)
    assert enter(client, code.lower().replace("-", " ")).headers["Location"] == LIST
    assert shown(client) == [bill.pk]
    client.session.flush()
    client.cookies.clear()
    assert enter(client, code).status_code == 422
    assert client.get(LIST).headers["Location"] == ENTER


def test_a_new_code_ends_the_one_before(client, her_home, chen, code):
    fresh = actions.give_access(her_home, by=chen, now=MONDAY)
    assert enter(client, code).status_code == 422
    assert enter(client, fresh).status_code == 303


def test_a_code_is_good_for_half_an_hour_and_looks_for_two(client, code, time_machine):
    time_machine.move_to(MONDAY + datetime.timedelta(minutes=29), tick=False)
    assert enter(client, code).status_code == 303
    time_machine.move_to(MONDAY + datetime.timedelta(minutes=29 + 120), tick=False)
    assert client.get(LIST).status_code == 302


def test_a_code_that_was_not_used_in_time_opens_nothing(client, code, time_machine):
    time_machine.move_to(MONDAY + actions.GOOD_FOR, tick=False)
    assert enter(client, code).status_code == 422


@pytest.mark.parametrize("typed", ["", " ", "AAAAA-AAAAA", "\x00", "7KQ4M" * 50, "；；", "'; --"])
def test_a_wrong_code_says_so_in_words_and_opens_nothing(client, code, typed):
    page = enter(client, typed)
    assert page.status_code == 422
    assert client.get(LIST).status_code == 302


def test_guessing_ends_after_five_tries(client, code):
    cache.clear()
    assert [enter(client, "AAAAA-AAAA0").status_code for _ in range(6)] == [422] * 5 + [429]
    assert enter(client, code).status_code == 429


def test_nobody_sees_what_is_not_theirs(client, code, lin, wu, home, service, yunhu):
    mine = owed_by(lin, home, service)
    others = [
        owed_by(wu, Occupancy.objects.get(person=wu).unit, service),
        owed_by(wu, home, factories.fee(yunhu, "车位费", kind="parking")),
        factories.bill(home, factories.fee(yunhu, "水费", kind="utility"), debtor_kind="developer"),
    ]
    enter(client, code)
    assert shown(client) == [mine.pk]
    assert client.get(reverse("billing:p_bill", args=[mine.pk])).status_code == 200
    for bill in others:
        assert client.get(reverse("billing:p_bill", args=[bill.pk])).status_code == 404


def test_who_has_left_sees_their_own_time_and_nothing_later(client, her_home, lin, home, service, yunhu, chen):
    Occupancy.objects.filter(pk=her_home.pk).update(period=DateRange(datetime.date(2020, 1, 1), JULY))
    her_home.refresh_from_db()
    water = factories.fee(yunhu, "水费", kind="utility")
    theirs, later = (factories.bill(home, water, month=month) for month in (JUNE, JULY))
    enter(client, actions.give_access(her_home, by=chen, now=MONDAY))
    assert shown(client) == [theirs.pk]
    assert client.get(reverse("billing:p_bill", args=[later.pk])).status_code == 404


def test_a_member_of_the_household_gets_no_code(home, chen):
    child = factories.resident(home, "林小宝", "", Occupancy.Kind.HOUSEHOLD)
    with pytest.raises(Refused):
        actions.give_access(Occupancy.objects.get(person=child), by=chen, now=MONDAY)
    assert not BillAccess.objects.exists()


def test_another_community_gives_no_code(client, her_home, stranger):
    client.force_login(stranger)
    assert client.post(reverse("billing:give_code", args=[her_home.pk])).status_code == 404


def test_a_code_goes_by_mail_where_an_address_was_told(client, her_home, chen):
    client.force_login(chen)
    address = reverse("billing:give_code", args=[her_home.pk])
    assert client.post(address, {"email": "lin@"}).status_code == 422
    assert not BillAccess.objects.exists()
    code = client.post(address, {"email": "lin@example.com"}).context["code"]
    sent = Notification.objects.get()
    assert (sent.address, sent.data["code"], sent.data["unit"]) == ("lin@example.com", code, "3-2-12**")


def test_leaving_closes_the_bills_on_this_phone(client, code):
    enter(client, code)
    assert client.get(LIST).status_code == 200
    client.post(reverse("billing:p_leave"))
    assert client.get(LIST).headers["Location"] == ENTER
    assert BillAccess.objects.get().ended_at == MONDAY


def test_the_page_masks_the_room_and_names_nobody(client, code, lin, home, service):
    owed_by(lin, home, service)
    enter(client, code)
    page = client.get(LIST).text
    assert "3-2-12**" in page
    assert "3-2-1201" not in page
    assert "林晓梅" not in page


def test_the_list_costs_the_same_for_few_and_for_many(client, code, lin, home, service):
    enter(client, code)
    for months in ([8], range(1, 8)):
        for month in months:
            owed_by(lin, home, service, month=datetime.date(2025, month, 1))
        with pinned("bills on a phone"):
            client.get(LIST)


def test_a_receipt_is_shown_to_whom_it_was_made_out(client, code, lin, wu, home, yunhu, li_na, chen):
    actions.open_shift(yunhu, opening_float=Decimal(0), by=li_na, now=MONDAY)
    facts = {"bills": [], "submission": None, "keep_rest": True, "by": li_na, "now": MONDAY}
    key = actions.ask_for_deposit(
        home, kind="key", payer=lin, amount=Decimal(200), refund_due_on=None, note="钥匙押金", by=chen, now=MONDAY
    )
    means = [actions.Means("cash", Decimal(300), "")]
    hers = actions.take_payment(home, deposits=[key], payer=lin, means=means, **facts)
    his = actions.take_payment(home, deposits=[], payer=wu, means=means, **facts)
    enter(client, code)
    page = client.get(reverse("billing:p_receipt", args=[hers.pk]))
    assert page.status_code == 200
    assert "林晓梅" not in page.text
    for words in ("押金：钥匙", "200.00", "预存", "100.00"):
        assert words in page.text
    assert client.get(reverse("billing:p_receipt", args=[his.pk])).status_code == 404


def test_what_we_hold_of_theirs_is_shown_and_nothing_of_others(client, code, home, lin, wu, li_na, zhou):
    shift = rows.open_shift(home.community, li_na)
    for person, prepaid, kept in ((lin, "33.00", "700.00"), (wu, "44.00", "800.00")):
        rows.taken(shift, home, prepaid, payer=person)
        deposit = rows.deposit(home, person, li_na, kept)
        rows.taken(shift, home, kept, deposits=[(deposit, kept)], payer=person)
    deposit = home.deposits.get(payer=lin)
    items = [actions.requests.Item("补配钥匙", Decimal("80.00"))]
    rows.done("deduction", rows.fresh(deposit), asker=li_na, decider=zhou, items=items)
    enter(client, code)
    text = client.get(LIST).text
    for amount in ("33.00", "80.00", "620.00"):
        assert amount in text
    for amount in ("44.00", "800.00"):
        assert amount not in text
