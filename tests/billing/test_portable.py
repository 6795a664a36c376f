"""What a person is given a copy of that the books hold about them (PIPL 45), and nothing of anybody else's."""

import datetime
import io
import json
import zipfile

import pytest
from django.urls import reverse

from billing import portable
from billing.models import ArrearsCase, BillAccess, DemandLetter, Deposit, Dispute, Message, MoneyRequest, PromiseToPay
from complaints.subjects import ABOVE
from residents.actions import end_occupancy
from residents.models import Occupancy
from servicedesk.core.models import Notification
from servicedesk.core.notifications import notify_outside
from tests import factories
from tests.billing import money_rows
from tests.counting import pinned
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db

TODAY = MONDAY.date()


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def books_of(person, home, *, cashier, clerk, finance, decider, number):
    """One of everything that the books can hold about a person; `number` marks it as theirs."""
    theirs = {"debtor": person, "debtor_kind": "owner", "due_on": TODAY - datetime.timedelta(days=90)}
    bill = money_rows.billed(home, factories.fee(home.community, f"物业费{number}"), f"{number}.00", **theirs)
    deposit = factories.deposit(home, person, f"{number}.01", by=clerk, note=f"押金{number}")
    shift = money_rows.open_shift(home.community, cashier)
    lines = [{"number": deposit.number, "amount": f"{number}.01"}, {"kind": "prepaid", "amount": "0.01"}]
    paid = {"deposits": [(deposit, f"{number}.01")], "method": "wechat", "payer": person, "lines": lines}
    receipt = money_rows.taken(shift, home, f"{number}.02", **paid)
    factories.refund(receipt.payments.get(), "0.01", shift=shift, by=cashier, approved_by=decider)
    asked = {"kind": "deduction", "status": "approved", "unit": home, "deposit": deposit, "amount": 1, "reason": "损坏"}
    decided = {"asked_by": finance, "asked_at": MONDAY, "decided_by": decider, "decided_at": MONDAY}
    items = [{"text": f"门锁{number}", "amount": "1.00"}]
    MoneyRequest.objects.create(community=home.community, **asked, **decided, items=items, carried_out_at=MONDAY)
    arrears = ArrearsCase.objects.create(community=home.community, unit=home, opened_on=TODAY)
    promise = {"amount": f"{number}.03", "pay_on": TODAY, "made_at": MONDAY, "by": clerk}
    PromiseToPay.objects.create(community=home.community, arrears=arrears, **promise)
    case = factories.case(home.community, by=clerk, unit=home)
    Dispute.objects.create(community=home.community, bill=bill, case=case, opened_at=MONDAY, by=clerk)
    days = {"issued_on": TODAY, "reply_by": TODAY + datetime.timedelta(days=15), "at": MONDAY, "by": finance}
    DemandLetter.objects.create(
        community=home.community, unit=home, arrears=arrears, debtor=person, number=f"CG-{number}", pay_to="前台",
        total=f"{number}.00", **days,
    )  # fmt: skip
    notify_outside("a@example.com", "bill_code", about=receipt, key=f"mail:{number}", now=MONDAY, data={})
    told = Notification.objects.get(key=f"mail:{number}")
    mail = {"kind": "receipt", "receipt": receipt, "notification": told, "created_at": MONDAY, "key": f"mail:{number}"}
    Message.objects.create(community=home.community, unit=home, person=person, **mail)
    code = {"code_digest": f"{number}", "given_by": clerk, "given_at": MONDAY}
    BillAccess.objects.create(
        community=home.community, unit=home, person=person, expires_at=MONDAY + datetime.timedelta(minutes=30), **code
    )
    return bill


@pytest.fixture
def books(yunhu, office, home, lin, wu, li_na, chen, qian, zhou):
    """The books of Lin, marked 260, and of Wu next door, marked 777."""
    clerks = {"clerk": chen, "finance": qian, "decider": zhou}
    next_door = Occupancy.objects.get(person=wu).unit
    books_of(wu, next_door, cashier=chen, number=777, **clerks)
    return books_of(lin, home, cashier=li_na, number=260, **clerks)


def copy_of(client, zhou, person):
    client.force_login(zhou)
    address = reverse("complaints:person_export", args=[person.pk])
    answer = client.post(address, {"reason": "本人要求", "is_them": "on"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        return json.loads(file.read("data.json"))["held"], file.read("data.html").decode()


def test_a_copy_has_what_the_books_hold_of_a_person_and_nothing_of_the_neighbour(client, zhou, lin, books):
    held, page = copy_of(client, zhou, lin)
    for model, title, _find, _columns in portable.HELD:
        assert len(held[model._meta.label]) == 1, model
        assert str(title) in page
    bill = held["billing.Bill"][0]
    assert (bill["fee"], bill["amount"], bill["balance"]) == ("物业费260", "260.00", "260.00")
    deposit = Deposit.objects.get(payer=lin)
    assert held["billing.Receipt"][0]["lines"] == f"{deposit.number} 260.01\n预存 0.01"
    assert held["billing.MoneyRequest"][0]["items"] == "门锁260 1.00" and "门锁260" in page
    assert held["billing.DemandLetter"][0]["number"] == "CG-260"
    everything = page + json.dumps(held, ensure_ascii=False)
    assert [sign for sign in ("777.", "CG-777", "物业费777", "门锁777") if sign in everything] == []


def test_the_page_of_a_person_counts_it(client, zhou, lin, books):
    client.force_login(zhou)
    found = dict(client.get(reverse("complaints:person", args=[lin.pk])).context["holdings"])
    assert [found[title] for _model, title, _find, _columns in portable.HELD] == [1] * len(portable.HELD)


def test_what_was_said_after_somebody_left_is_not_theirs(client, zhou, lin, books):
    end_occupancy(Occupancy.objects.get(person=lin), on=TODAY - datetime.timedelta(days=30), by=zhou, now=MONDAY)
    held, _page = copy_of(client, zhou, lin)
    assert "billing.PromiseToPay" not in held
    assert len(held["billing.Bill"]) == 1, "what they owe stays theirs"


def test_a_bill_of_nobody_is_given_to_nobody(client, zhou, lin, home):
    factories.bill(home, factories.fee(home.community))
    held, _page = copy_of(client, zhou, lin)
    assert "billing.Bill" not in held


def test_a_caller_without_an_entry_has_no_books(client, yunhu, office, zhou, books):
    web = factories.case(yunhu, by=None, reporter_name="林访客", reporter_phone="13900009999")
    client.force_login(zhou)
    address = reverse("complaints:caller_export", args=[web.number])
    answer = client.post(address, {"reason": "本人要求", "is_them": "on"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert not [label for label in json.loads(file.read("data.json"))["held"] if label in ABOVE]


@pytest.mark.parametrize("others", [1, 12])
def test_a_copy_costs_the_same_for_few_bills_and_many(client, zhou, lin, home, others):
    fee = factories.fee(home.community)
    for n in range(others):
        factories.bill(home, fee, month=datetime.date(2024, 1 + n, 1), debtor=lin, debtor_kind="owner")
    client.force_login(zhou)
    copy_of(client, zhou, lin)
    with pinned("a copy of a person's data"):
        copy_of(client, zhou, lin)
