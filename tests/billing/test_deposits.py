"""Deposits: asked for under the rule of the place, held, deducted with a list, given back, and told."""

import datetime
import uuid
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from billing import actions, deposit_rules, invariants
from billing.models import Account, Deposit, DepositRule, LedgerLine, MoneyRequest, Refund
from residents.models import Person
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Event, Photo, Role
from tests import counting, factories
from tests.billing import money_rows as rows
from tests.billing.money_rows import fresh
from tests.complaints.residents import picture
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def shift(yunhu, li_na):
    return rows.open_shift(yunhu, li_na)


@pytest.fixture
def held(home, lin, li_na, shift):
    """A thousand yuan, 400 of it in cash and 600 by WeChat."""
    row = rows.deposit(home, lin, li_na)
    rows.taken(shift, home, "400.00", deposits=[(row, "400.00")])
    rows.taken(shift, home, "600.00", deposits=[(row, "600.00")], method="wechat")
    return fresh(row)


@pytest.fixture
def as_(client):
    def sign_in(who):
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
        client.force_login(who)
        return client

    return sign_in


FORM = {"kind": "key", "amount": "200", "note": "门禁卡两张"}


def new(client, room="3-2-1201", **typed):
    return client.post(f"{reverse('billing:deposit_new')}?room={room}", {**FORM, **typed})


def step(client, name, row, **typed):
    return client.post(reverse(f"billing:{name}", args=[row.pk]), {"version": row.version, **typed})


def whole(community):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert invariants.breaks(community) == []


def in_books(account):
    return sum(LedgerLine.objects.filter(account=account).values_list("amount", flat=True))


class TestAsking:
    def test_the_desk_asks_and_the_deposit_has_a_number_and_no_money_yet(self, as_, chen, home, lin):
        assert as_(chen).get(f"{reverse('billing:deposit_new')}?room=3-2-1201").status_code == 200
        answer = new(as_(chen), payer=lin.pk, refund_due_on="2025-12-31")
        row = Deposit.objects.get()
        assert answer.url == row.get_absolute_url()
        assert (row.number, row.payer, row.amount, row.held) == ("YJ2025-0001", lin, 200, 0)
        assert row.refund_due_on == datetime.date(2025, 12, 31)
        assert not LedgerLine.objects.exists()

    def test_a_firm_that_is_not_in_the_register_is_entered_once(self, as_, chen, home):
        for _ in range(2):
            new(as_(chen), kind="contractor", name="宏宇装饰", phone="13700001111", note="装修")
        assert Person.objects.filter(name="宏宇装饰").count() == 1
        assert {row.number for row in Deposit.objects.all()} == {"YJ2025-0001", "YJ2025-0002"}

    def test_a_form_that_is_sent_twice_asks_once(self, as_, chen, home, lin):
        for _ in range(2):
            new(as_(chen), payer=lin.pk, submission="0b7f0f8e-6f0c-4b52-9d35-0d3b2d5c1f10")
        assert Deposit.objects.count() == 1

    @pytest.mark.parametrize(
        "typed",
        [
            *({"amount": amount} for amount in ("1_000", "NaN", "-5", "0", "0.005", "99999999", "")),
            {"payer": ""},
            {"payer": "987654"},
            {"kind": "bribe"},
            {"refund_due_on": "2029-01-01"},
            {"name": "也写了名字", "phone": "13700001111"},
            {"note": ""},
        ],
    )
    def test_bad_input_is_no_deposit_and_loses_no_word(self, as_, chen, home, lin, typed):
        answer = new(as_(chen), **{"payer": lin.pk, "note": "门禁卡和钥匙各一", **typed})
        assert answer.status_code == 422
        assert typed.get("note", "门禁卡和钥匙各一") in answer.content.decode()
        assert not Deposit.objects.exists()

    def test_a_room_that_is_not_here_is_asked_for_again(self, as_, chen, other):
        factories.unit(other, "9-9-999")
        assert new(as_(chen), room="9-9-999").status_code == 422

    def test_a_forbidden_kind_is_refused_with_its_source(self, as_, tang, chen, home, lin):
        as_(tang).post(reverse("billing:take_rules"), {"pack": "beijing"})
        answer = new(as_(chen), payer=lin.pk, kind="renovation")
        assert answer.status_code == 409
        assert "新华社报道" in answer.content.decode()
        assert not Deposit.objects.exists()
        assert new(as_(chen), payer=lin.pk, kind="key").status_code == 302

    def test_a_capped_kind_is_taken_up_to_the_cap(self, yunhu, tang, chen, home, lin):
        facts = {"verdict": "capped", "most": Decimal("2000.00"), "source": "管理规约 第十二条"}
        actions.set_deposit_rule(yunhu, kind="renovation", by=tang, now=MONDAY, **facts)
        rows.deposit(home, lin, chen, "2000.00", kind="renovation")
        with pytest.raises(Refused, match=r"管理规约 第十二条"):
            rows.deposit(home, lin, chen, "0.01", kind="renovation")
        rows.deposit(home, lin, chen, "2000.00", kind="key")

    def test_no_rule_is_chosen_by_itself(self, as_, tang, yunhu):
        assert as_(tang).get(reverse("billing:deposit_rules")).status_code == 200
        assert not DepositRule.objects.exists()
        assert {pack.key for pack in deposit_rules.PACKS} == {"beijing", "shandong"}

    def test_a_cap_needs_an_amount_and_a_rule_its_source(self, as_, tang, yunhu):
        for wrong in (
            {"verdict": "capped"},
            {"verdict": "allowed", "most": "5"},
            {"verdict": "forbidden", "source": ""},
        ):
            typed = {"kind": "key", "source": "管理规约", **wrong}
            assert as_(tang).post(reverse("billing:deposit_rules"), typed).status_code == 422
        assert not DepositRule.objects.exists()
        with pytest.raises(NotAllowed):
            actions.take_rule_pack(yunhu, deposit_rules.PACKS[0], by=factories.staff("x", "某人"), now=MONDAY)


class TestVoiding:
    def test_an_unpaid_one_is_voided_with_a_reason(self, as_, chen, home, lin):
        row = rows.deposit(home, lin, chen)
        assert step(as_(chen), "void_deposit", row).status_code == 422
        assert step(as_(chen), "void_deposit", row, reason="登记错误").status_code == 302
        assert (fresh(row).voided_at, fresh(row).void_reason) == (MONDAY, "登记错误")
        assert step(as_(chen), "void_deposit", fresh(row), reason="再来").status_code == 409

    def test_a_paid_one_is_not(self, as_, li_na, held):
        answer = step(as_(li_na), "void_deposit", held, reason="登记错误")
        assert answer.status_code == 409
        assert "登记错误" in answer.content.decode()
        assert fresh(held).voided_at is None


LIST = {"text_1": "补配钥匙一把", "amount_1": "50", "text_2": "更换门禁卡", "amount_2": "30.5", "reason": "退租查验"}


class TestDeduction:
    def test_a_list_is_approved_by_another_and_the_payer_has_to_be_told(self, as_, li_na, zhou, held, yunhu):
        assert as_(li_na).post(reverse("billing:request_deduction", args=[held.pk]), LIST).status_code == 302
        request = MoneyRequest.objects.get()
        assert request.amount == Decimal("80.50")
        assert request.items[0] == {"text": "补配钥匙一把", "amount": "50.00"}
        assert fresh(held).deducted == 0
        actions.approve_request(request, by=zhou, now=MONDAY)
        assert (fresh(held).deducted, fresh(held).held) == (Decimal("80.50"), Decimal("919.50"))
        assert (in_books(Account.DEDUCTED), in_books(Account.DEPOSITS)) == (Decimal("-80.50"), Decimal("-919.50"))
        page = as_(li_na).get(held.get_absolute_url()).content.decode()
        assert "has to be told" in page
        step(as_(li_na), "tell_payer", fresh(held), how="phone", note="无异议")
        assert "has to be told" not in as_(li_na).get(held.get_absolute_url()).content.decode()
        assert Event.objects.get(verb="deposit_told").data["request"] == request.pk
        assert step(as_(li_na), "tell_payer", fresh(held), how="phone").status_code == 409
        whole(yunhu)

    @pytest.mark.parametrize(
        "typed",
        [
            {"text_1": "", "amount_1": "50"},
            {"amount_1": ""},
            {"amount_1": "1_0"},
            {"amount_1": "0"},
            {"text_1": "", "amount_1": "", "text_2": "", "amount_2": ""},
            {"amount_1": "5000"},
            {"reason": ""},
        ],
    )
    def test_a_bad_list_is_no_request_and_loses_no_word(self, as_, li_na, held, typed):
        sent = {**LIST, "text_3": "清洁费", "amount_3": "1", **typed}
        sent |= {"text_3": "", "amount_3": ""} if not typed.get("text_2", "x") else {}
        answer = as_(li_na).post(reverse("billing:request_deduction", args=[held.pk]), sent)
        assert answer.status_code in (409, 422)
        for word in filter(None, (sent["text_1"], sent["text_2"], sent["text_3"], sent["reason"])):
            assert word in answer.content.decode()
        assert not MoneyRequest.objects.exists()

    def test_photos_go_with_the_list_to_whoever_decides_and_onto_the_paper(self, as_, chen, li_na, zhou, held):
        door = reverse("billing:request_deduction", args=[held.pk])
        assert as_(li_na).post(door, LIST | {"photo1": picture(), "photo3": picture()})["Location"]
        request = MoneyRequest.objects.get()
        shown = [reverse("billing:deposit_photo", args=[held.pk, one.name]) for one in Photo.objects.about(request)]
        assert len(shown) == 2 and Event.objects.get(verb="money_asked").data["photos"] == 2
        settlement = reverse("billing:deposit_settlement", args=[held.pk])
        page, paper = as_(zhou).get(request.get_absolute_url()).text, as_(chen).get(settlement).text
        assert [one in page for one in shown] == [True, True]
        assert [one in paper for one in shown] == [False, False], "nothing is deducted yet"
        actions.approve_request(request, by=zhou, now=MONDAY)
        paper = as_(chen).get(settlement).text
        assert [one in paper for one in shown] == [True, True]
        assert [as_(chen).get(one)["Content-Type"] for one in shown] == ["image/jpeg"] * 2

    def test_a_photo_is_shown_with_its_own_deposit_alone(self, as_, chen, li_na, held, home, lin, client, other):
        as_(li_na).post(reverse("billing:request_deduction", args=[held.pk]), LIST | {"photo1": picture()})
        name, another = Photo.objects.get().name, rows.deposit(home, lin, chen)
        for pk, asked in ((another.pk, name), (held.pk, "x.jpg"), (0, name)):
            assert as_(chen).get(reverse("billing:deposit_photo", args=[pk, asked])).status_code == 404
        client.force_login(factories.staff("far", "远方", Role.CASHIER, community=other))
        assert client.get(reverse("billing:deposit_photo", args=[held.pk, name])).status_code == 404

    def test_what_is_no_photo_is_told_and_what_is_refused_leaves_no_file(self, as_, li_na, held):
        door = reverse("billing:request_deduction", args=[held.pk])
        text = SimpleUploadedFile("清单.jpg", b"no picture", "image/jpeg")
        answer = as_(li_na).post(door, LIST | {"photo1": text})
        assert answer.status_code == 422 and LIST["text_2"] in answer.text
        before = default_storage.listdir("")[1] if default_storage.exists("") else []
        answer = as_(li_na).post(door, LIST | {"amount_1": "5000", "photo1": picture()})
        assert answer.status_code == 409
        assert (default_storage.listdir("")[1] if default_storage.exists("") else []) == before
        assert not MoneyRequest.objects.exists() and not Photo.objects.exists()

    def test_a_form_that_is_sent_twice_leaves_one_set_of_photos(
        self, as_, li_na, held, django_capture_on_commit_callbacks
    ):
        door, key = reverse("billing:request_deduction", args=[held.pk]), str(uuid.uuid4())
        for _ in range(2):
            with django_capture_on_commit_callbacks(execute=True):
                as_(li_na).post(door, LIST | {"submission": key, "photo1": picture()})
        assert MoneyRequest.objects.count() == 1
        assert default_storage.listdir("")[1] == [Photo.objects.get().name]

    def test_the_contractors_deposit_comes_first(self, as_, chen, li_na, shift, home, lin):
        mine = rows.deposit(home, lin, chen, "500.00", kind="renovation")
        theirs = actions.ask_for_deposit(
            home, kind="contractor", name="宏宇装饰", phone="13700001111", amount=Decimal(800), note="装修", by=chen,
            now=MONDAY,
        )  # fmt: skip
        for row in (mine, theirs):
            rows.taken(shift, home, row.amount, deposits=[(row, row.amount)])
        for address in (mine.get_absolute_url(), reverse("billing:request_deduction", args=[mine.pk])):
            assert f"deposit {theirs.number} of the same room" in as_(li_na).get(address).content.decode()
        assert "of the same room" not in as_(li_na).get(theirs.get_absolute_url()).content.decode()


class TestGivingBack:
    def test_it_goes_back_as_it_came(self, as_, li_na, zhou, held, yunhu):
        items = [actions.requests.Item("补配钥匙", Decimal("80.00"))]
        rows.done("deduction", held, asker=li_na, decider=zhou, items=items)
        request = rows.done("deposit_refund", fresh(held), asker=li_na, decider=zhou, amount=Decimal("920.00"))
        answer = as_(li_na).post(
            reverse("billing:pay_out", args=[request.pk]), {"version": request.version, "reference_wechat": "7788"}
        )
        assert answer.status_code == 302
        found = list(Refund.objects.order_by("id").values_list("method", "amount", "external_ref"))
        assert found == [("cash", Decimal("400.00"), ""), ("wechat", Decimal("520.00"), "7788")]
        assert fresh(held).held == 0
        assert in_books(Account.DEPOSITS) == 0
        whole(yunhu)

    def test_what_was_deducted_meanwhile_does_not_go_back(self, as_, li_na, zhou, held):
        request = rows.done("deposit_refund", held, asker=li_na, decider=zhou, amount=Decimal("1000.00"))
        items = [actions.requests.Item("补配钥匙", Decimal("80.00"))]
        rows.done("deduction", fresh(held), asker=li_na, decider=zhou, items=items)
        answer = as_(li_na).post(reverse("billing:pay_out", args=[request.pk]), {"version": request.version})
        assert answer.status_code == 409
        assert not Refund.objects.exists()

    def test_a_receipt_whose_deposit_was_given_back_is_not_taken_back(self, as_, li_na, zhou, held, yunhu):
        request = rows.done("deposit_refund", held, asker=li_na, decider=zhou, amount=Decimal("1000.00"))
        actions.pay_out(request, by=li_na, now=MONDAY)
        receipt = held.allocations.order_by("id").first().payment.receipt
        with pytest.raises(Refused, match="deposit"), transaction.atomic():
            rows.done("reversal", receipt, asker=li_na, decider=zhou)
        assert not fresh(receipt).is_void
        whole(yunhu)

    def test_what_is_due_back_is_listed(self, as_, qian, held, chen):
        client = as_(qian)
        due = f"{reverse('billing:deposits')}?show=due"
        assert held.number not in client.get(due).content.decode()
        step(as_(chen), "set_refund_day", held, refund_due_on="2025-09-14")
        assert held.number in as_(qian).get(due).content.decode()

    def test_the_database_gives_no_more_than_it_holds(self, held):
        with pytest.raises(IntegrityError, match="deposit_gives_no_more"), transaction.atomic():
            Deposit.objects.filter(pk=held.pk).update(refunded="1000.01")


def test_the_papers_say_what_was_received_deducted_and_given_back(as_, chen, li_na, zhou, held):
    items = [actions.requests.Item("补配钥匙", Decimal("80.00"))]
    rows.done("deduction", held, asker=li_na, decider=zhou, items=items)
    slip, settlement = (
        as_(chen).get(reverse(f"billing:deposit_{paper}", args=[held.pk])).content.decode()
        for paper in ("slip", "settlement")
    )
    assert "SJ2025-0001" in slip
    assert "1,000.00" in slip
    assert "补配钥匙" in settlement
    assert "920.00" in settlement


def test_another_community_finds_nothing(client, other, held):
    client.force_login(factories.staff("far", "远方", Role.CASHIER, community=other))
    for name in ("deposit", "deposit_slip", "tell_payer", "request_deduction", "request_deposit_refund"):
        assert client.get(reverse(f"billing:{name}", args=[held.pk])).status_code == 404
    assert held.number not in client.get(reverse("billing:deposits")).content.decode()


def test_the_page_of_a_home_shows_its_deposits(as_, chen, held, home):
    page = as_(chen).get(f"{reverse('desk:unit', args=[home.pk])}?tab=deposits").content.decode()
    assert held.number in page


def test_the_list_and_the_page_cost_the_same_for_one_and_for_twelve(client, chen, li_na, shift, home, lin):
    client.force_login(chen)
    for count in (1, 11):
        for _ in range(count):
            row = rows.deposit(home, lin, chen, "10.00")
            rows.taken(shift, home, "10.00", deposits=[(row, "10.00")])
        for name, address in [("deposits", reverse("billing:deposits")), ("deposit", row.get_absolute_url())]:
            client.get(address)
            with counting.pinned(f"billing_{name}") as captured:
                assert client.get(address).status_code == 200
            assert len(captured) <= 15
