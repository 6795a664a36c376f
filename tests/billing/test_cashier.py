"""The pages of the cashier: what is ticked, what comes back, what is printed, the shift and the day."""

import datetime
import re
import uuid
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import translation

from billing import actions
from billing.models import Bill, Payment, Receipt, Refund, Shift
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Role
from tests import counting, factories
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db
THREE = ("260.75", "20.28", "45.00")


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def desk(client, li_na):
    client.force_login(li_na)
    client.cookies["django_language"] = "en"
    with translation.override("en"):
        yield client


@pytest.fixture
def shift(yunhu, li_na):
    return actions.open_shift(yunhu, opening_float=Decimal("500.00"), by=li_na, now=MONDAY)


@pytest.fixture
def three(home):
    service = factories.fee(home.community)
    return [factories.bill(home, service, amount) for amount in THREE]


def tick(bill):
    bill.refresh_from_db()
    return f"b{bill.pk}:{bill.balance}"


def page_of(unit):
    return reverse("billing:take", args=[unit.pk])


def send(client, unit, bills, given, **typed):
    facts = {"chosen": [tick(bill) for bill in bills], "given": given, "method": "cash", "submission": uuid.uuid4()}
    return client.post(page_of(unit), {**facts, **typed})


class TestTheHome:
    def test_what_is_overdue_is_ticked_and_its_sum_stands_in_the_amount(self, desk, home, three, shift):
        later = factories.bill(home, three[0].fee, "150", month=datetime.date(2025, 9, 1))
        text = desk.get(page_of(home)).text
        assert all(f'value="{tick(bill)}" checked' in text for bill in three)
        assert f'value="{tick(later)}">' in text
        assert 'name="given" value="326.03"' in text
        assert "叁佰贰拾陆元零叁分" in text

    def test_where_nothing_is_overdue_what_is_due_next_is_ticked(self, desk, home, shift):
        service = factories.fee(home.community)
        later = factories.bill(home, service, "150", due_on=datetime.date(2025, 11, 26))
        sooner = factories.bill(home, service, "80", month=datetime.date(2025, 9, 1))
        text = desk.get(page_of(home)).text
        assert f'value="{tick(sooner)}" checked' in text
        assert f'value="{tick(later)}">' in text
        assert 'name="given" value="80.00"' in text

    def test_a_bill_by_hand_is_told_by_its_own_words_here_and_on_the_receipt(self, desk, home, shift, qian):
        fee = factories.fee(home.community, kind="other", name="临时收费")
        day = MONDAY.date()
        facts = {"amount": Decimal(12), "from_on": day, "to_on": day, "due_on": day, "by": qian, "now": MONDAY}
        bill = actions.make_bill(home, fee=fee, text="门禁卡工本费", **facts)
        assert "临时收费 · 门禁卡工本费" in desk.get(page_of(home)).text
        sheet = desk.get(send(desk, home, [bill], "12", print="1")["Location"]).text
        assert sheet.count("临时收费 · 门禁卡工本费") == 2

    def test_no_two_fields_have_the_same_id(self, desk, home, three, shift):
        ids = re.findall(r' id="([^"]+)"', desk.get(page_of(home)).text)
        assert sorted(set(ids)) == sorted(ids)

    def test_who_comes_back_to_a_home_is_told_what_was_just_taken_and_no_amount_waits(self, desk, home, three, shift):
        send(desk, home, three[:1], "100")
        text = desk.get(page_of(home)).text
        assert "A moment ago you took 100.00 yuan from this home: receipt SJ2025-000001." in text
        assert 'name="given" value=' not in text

    def test_a_home_that_owes_nothing_can_prepay(self, desk, home, shift):
        assert "Nothing is owed" in desk.get(page_of(home)).text
        answer = send(desk, home, [], "500", keep_rest="on")
        assert answer.status_code == 302
        assert Payment.objects.get().prepaid_left == 500

    def test_the_finder_leads_to_a_home_that_is_typed_whole(self, desk, home, lin):
        assert desk.get(reverse("billing:cashier"), {"q": "3 2 1201"})["Location"] == page_of(home)
        hits = desk.get(reverse("billing:cashier"), {"q": "林"}, HTTP_HX_REQUEST="true").text
        assert page_of(home) in hits
        assert lin.phone not in hits

    def test_another_community_is_nowhere(self, desk, other, shift):
        strange = factories.unit(other, "9-901")
        assert desk.get(page_of(strange)).status_code == 404
        assert desk.post(reverse("billing:take_preview", args=[strange.pk]), {}).status_code == 404


class TestTaking:
    def test_hand_walk_nine(self, desk, home, three, shift):
        answer = send(desk, home, three, "330", print="1")
        receipt = Receipt.objects.get()
        assert answer["Location"] == reverse("billing:receipt_print", args=[receipt.pk])
        sheet = desk.get(answer["Location"]).text
        for words in ("叁佰贰拾陆元零叁分", "3.97", receipt.number, "330.00"):
            assert words in sheet
        assert "Printed again" not in sheet
        assert "Change to give" not in desk.get(page_of(home)).text, "no sentence waits for another page"

    def test_a_double_click_gives_the_same_answer(self, desk, home, three, shift):
        key = uuid.uuid4()
        typed = {"chosen": [tick(bill) for bill in three], "given": "330", "method": "cash", "submission": key}
        answers = {desk.post(page_of(home), typed)["Location"] for _ in range(3)}
        assert len(answers) == Receipt.objects.count() == 1

    def test_without_a_shift_the_page_opens_one_and_keeps_every_word(self, desk, home, three):
        kept = {"note": "代父亲缴", "external_ref": "42001"}
        refused = send(desk, home, three, "326.03", method="wechat", **kept)
        assert refused.status_code == 409
        assert all(word in refused.text for word in (*kept.values(), "opening_float"))
        opened = send(desk, home, three, "326.03", method="wechat", open="1", opening_float="500", **kept)
        assert opened.status_code == 200
        assert all(
            word in opened.text for word in (*kept.values(), 'value="326.03"', f'value="{tick(three[0])}" checked')
        )
        assert Shift.objects.get().number == "BC2025-0001"
        assert not Receipt.objects.exists()
        assert send(desk, home, three, "326.03", method="wechat", **kept).status_code == 302
        assert Receipt.objects.get().note == "代父亲缴"

    def test_what_was_paid_meanwhile_comes_back_with_the_words(self, desk, home, three, shift):
        ticks = [tick(bill) for bill in three]
        send(desk, home, three[:1], "260.75")
        answer = send(desk, home, [], "330", chosen=ticks, note="收据给父亲")
        assert answer.status_code == 409
        assert "already paid with SJ2025-000001" in answer.text
        assert "收据给父亲" in answer.text
        assert f'value="{tick(three[1])}" checked' in answer.text
        assert Receipt.objects.count() == 1

    @pytest.mark.parametrize("given", ["1_000", "NaN", "0.005", "-5", "99999999", "", "0", "abc", "1e3"])
    def test_no_amount_breaks_the_page(self, desk, home, three, shift, given):
        answer = send(desk, home, three, given, note="请保留")
        assert answer.status_code == 422
        assert "请保留" in answer.text
        assert not Payment.objects.exists()

    def test_full_width_digits_are_an_amount(self, desk, home, three, shift):
        assert send(desk, home, three, "３３０").status_code == 302

    @pytest.mark.parametrize(
        "typed",
        [
            {"chosen": ["b1"]},
            {"chosen": ["x1:2.00"]},
            {"chosen": ["b999999999999999999:1.00"]},
            {"method": "gold"},
            {"payer": "999999"},
            {"method": "cash", "external_ref": "4200"},
            {"second_method": "card"},
            {"second_given": "5"},
            {"second_method": "cash", "second_given": "5"},
            {"chosen": []},
            {"submission": "x"},
            {"method": "prepaid"},
        ],
    )
    def test_what_a_form_cannot_mean_is_said(self, desk, home, three, shift, typed):
        answer = send(desk, home, three, "330", **typed)
        assert answer.status_code in (409, 422)
        assert not Payment.objects.exists()

    def test_a_bill_of_another_home_is_refused(self, desk, home, three, shift):
        neighbour = factories.bill(factories.unit(home.community, "3-2-1203"), three[0].fee, "10")
        assert send(desk, home, [neighbour], "10").status_code == 409
        assert not Payment.objects.exists()

    def test_a_prepayment_settles_without_a_receipt(self, desk, home, three, shift):
        send(desk, home, [], "400", keep_rest="on")
        answer = send(desk, home, three, "326.03", method="prepaid")
        note = desk.get(answer["Location"]).text
        assert "326.03" in note
        assert "SJ2025-000001" in note
        assert Receipt.objects.count() == 1
        assert not Bill.objects.owed().exists()

    def test_two_means_in_one_receipt(self, desk, home, three, shift):
        send(desk, home, three, "200", method="wechat", external_ref="42001", second_method="cash", second_given="130")
        assert set(Payment.objects.values_list("method", "amount")) == {("wechat", 200), ("cash", Decimal("126.03"))}


class TestPreview:
    def ask(self, client, unit, bills, given, **typed):
        facts = {"chosen": [tick(bill) for bill in bills], "given": given, "method": "cash", **typed}
        return client.post(reverse("billing:take_preview", args=[unit.pk]), facts, HTTP_HX_REQUEST="true")

    def test_the_totals_come_from_the_server(self, desk, home, three):
        text = self.ask(desk, home, three, "330").text
        assert "3.97" in text
        assert "叁佰贰拾陆元零叁分" in text
        assert not Payment.objects.exists()

    def test_the_amount_follows_the_ticks_until_another_is_typed(self, desk, home, three):
        assert 'value="281.03" data-new="yes"' in self.ask(desk, home, three[:2], "326.03", was="326.03").text
        assert 'data-new=""' in self.ask(desk, home, three[:2], "330", was="326.03").text

    def test_a_part_shows_what_is_left(self, desk, home, three):
        assert "126.03" in self.ask(desk, home, three, "200").text

    def test_what_keeps_the_money_from_being_taken_is_said_at_once(self, desk, home, three):
        assert "Nothing is ticked." in self.ask(desk, home, [], "50").text
        assert "at most two decimals" in self.ask(desk, home, three, "0.005").text
        assert "no statement" in self.ask(desk, home, three, "326.03", method="wechat").text
        assert "no statement" not in self.ask(desk, home, three, "326.03", method="wechat", external_ref="42001").text

    def test_other_means_give_no_change(self, desk, home, three):
        assert "only cash has change" in self.ask(desk, home, three, "330", method="wechat").text

    def test_nonsense_is_no_error(self, desk, home, three):
        assert self.ask(desk, home, three, "NaN", chosen=["b1"], method="gold").status_code == 200

    def test_without_javascript_it_is_the_page(self, desk, home, three, shift):
        facts = {"chosen": [tick(three[0])], "given": "300", "method": "cash", "note": "请保留"}
        text = desk.post(reverse("billing:take_preview", args=[home.pk]), facts).text
        assert "39.25" in text
        assert "请保留" in text
        assert "<html" in text


@pytest.fixture
def receipt(home, lin, three, shift, li_na):
    means = [actions.Means("wechat", Decimal("326.03"), "4200001")]
    facts = {"deposits": [], "payer": lin, "submission": None, "by": li_na, "now": MONDAY}
    return actions.take_payment(home, bills=three, means=means, **facts)


class TestReceipts:
    def test_a_reprint_is_counted_and_says_so(self, desk, receipt):
        sheet = reverse("billing:receipt_print", args=[receipt.pk])
        assert desk.get(sheet)["Location"] == receipt.get_absolute_url(), "nothing is printed uncounted"
        for times, mark in ((1, 0), (2, 2), (3, 2)):
            answer = desk.post(reverse("billing:receipt_printed", args=[receipt.pk]), {"size": "slip"})
            assert desk.get(answer["Location"]).text.count("Printed again") == mark
            assert desk.get(sheet)["Location"] == receipt.get_absolute_url(), "looked at again it is no second original"
            receipt.refresh_from_db()
            assert receipt.prints == times
        assert Event.objects.about(receipt).filter(verb="receipt_printed").count() == 3

    @pytest.mark.parametrize(("size", "copies"), [("slip", 2), ("a5", 2), ("roll", 1), ("x", 2)])
    def test_a_sheet_for_the_customer_and_one_for_finance(self, desk, receipt, size, copies):
        printed = desk.post(reverse("billing:receipt_printed", args=[receipt.pk]), {"size": size})
        text = desk.get(printed["Location"]).text
        assert text.count('<section class="sheet"') == copies

    def test_a_reversal_in_hand_is_seen(self, desk, receipt, qian):
        assert "In hand" not in desk.get(receipt.get_absolute_url()).text
        asked = actions.ask_for("reversal", receipt, reason="收错户", by=qian, now=MONDAY)
        text = desk.get(receipt.get_absolute_url()).text
        assert "In hand: take a receipt back" in text
        assert asked.get_absolute_url() in text

    def test_a_long_receipt_says_that_it_goes_on(self, desk, home, shift, li_na):
        service = factories.fee(home.community)
        many = [factories.bill(home, service, "1", tariff=None) for _ in range(12)]
        text = desk.get(send(desk, home, many, "12", print="1")["Location"]).text
        assert text.count("Continued on the next sheet") == 2
        assert text.count('<section class="sheet"') == 4

    @pytest.mark.parametrize(
        "sought", [{"q": "000001"}, {"q": "3-2-1201"}, {"q": "4200001"}, {"day": "2025-09-15"}, {"method": "wechat"}]
    )
    def test_the_list_finds_it(self, desk, receipt, sought):
        assert receipt.number in desk.get(reverse("billing:receipts"), sought).text

    @pytest.mark.parametrize(
        "sought", [{"q": "SJ9"}, {"day": "2025-09-14"}, {"method": "cash"}, {"q": "\x00"}, {"day": "2039-01-01"}]
    )
    def test_the_list_leaves_out_what_is_not_meant(self, desk, receipt, sought):
        answer = desk.get(reverse("billing:receipts"), sought)
        assert answer.status_code == 200
        assert (receipt.number in answer.text) == (sought in ({"q": "\x00"}, {"day": "2039-01-01"}))

    def test_another_community_does_not_see_it(self, client, receipt, other):
        client.force_login(factories.staff("far", "外人", Role.FINANCE, community=other))
        for name in ("receipt", "receipt_print"):
            assert client.get(reverse(f"billing:{name}", args=[receipt.pk])).status_code == 404
        assert receipt.number not in client.get(reverse("billing:receipts")).text


class TestShifts:
    def test_a_missing_yuan_needs_a_reason_and_stays_with_it(self, desk, home, three, shift):
        send(desk, home, three, "330")
        close = reverse("billing:close_shift", args=[shift.pk])
        answer = desk.post(close, {"version": 0, "counted_cash": "825.03"})
        assert answer.status_code == 409
        assert "826.03" in answer.text
        assert 'value="825.03"' in answer.text
        assert desk.post(close, {"version": 0, "counted_cash": "825.03", "reason": "找零有误"}).status_code == 302
        shift.refresh_from_db()
        assert (shift.expected_cash, shift.difference, shift.reason) == (Decimal("826.03"), -1, "找零有误")
        for name in ("shift", "shift_print"):
            text = desk.get(reverse(f"billing:{name}", args=[shift.pk])).text
            assert "找零有误" in text
            assert "326.03" in text

    def test_cash_given_back_leaves_the_drawer(self, home, three, shift, li_na, zhou):
        means = [actions.Means("cash", Decimal("330"))]
        facts = {"deposits": [], "payer": None, "submission": None, "by": li_na, "now": MONDAY}
        receipt = actions.take_payment(home, bills=three, means=means, **facts)
        factories.refund(receipt.payments.get(), "26.03", shift=shift, by=li_na, approved_by=zhou)
        closed = actions.close_shift(shift, counted_cash=Decimal("800.00"), reason="", by=li_na, now=MONDAY)
        assert closed.expected_cash == 800
        assert Refund.objects.count() == 1

    def test_a_closed_shift_takes_nothing_and_another_is_opened(self, desk, home, three, shift, li_na):
        actions.close_shift(shift, counted_cash=Decimal("500.00"), reason="", by=li_na, now=MONDAY)
        assert send(desk, home, three, "330").status_code == 409
        opened = desk.post(reverse("billing:my_shift"), {"opening_float": "100"})
        assert opened["Location"] == Shift.objects.get(number="BC2025-0002").get_absolute_url()

    def test_the_newest_shift_stands_first(self, client, yunhu, shift, li_na, zhou):
        actions.close_shift(shift, counted_cash=Decimal("500.00"), reason="", by=li_na, now=MONDAY)
        later = MONDAY + datetime.timedelta(hours=1)
        actions.open_shift(yunhu, opening_float=Decimal("0.00"), by=li_na, now=later)
        client.force_login(zhou)
        text = client.get(reverse("billing:shifts")).text
        assert text.index("BC2025-0002") < text.index("BC2025-0001")

    def test_a_second_drawer_is_refused_and_the_open_one_is_shown(self, desk, shift):
        assert desk.get(reverse("billing:my_shift"))["Location"] == shift.get_absolute_url()
        assert desk.post(reverse("billing:my_shift"), {"opening_float": "100"}).status_code == 409

    def test_the_drawer_of_who_has_gone_is_closed_by_a_supervisor_who_says_why(self, client, shift, zhou, li_na):
        type(li_na).objects.filter(pk=li_na.pk).update(is_active=False)
        client.force_login(zhou)
        assert reverse("billing:close_for_other", args=[shift.pk]) in client.get(shift.get_absolute_url()).text
        close = reverse("billing:close_for_other", args=[shift.pk])
        assert client.post(close, {"version": 0, "counted_cash": "500.00"}).status_code == 422
        with pytest.raises(Refused):
            actions.close_shift(shift, counted_cash=Decimal("500.00"), reason="", by=zhou, now=MONDAY)
        typed = {"version": 0, "counted_cash": "500.00", "reason": "离职，与会计同点"}
        assert client.post(close, typed).status_code == 302
        shift.refresh_from_db()
        assert (shift.counted_cash, shift.reason) == (500, "离职，与会计同点")
        event = Event.objects.about(shift).get(verb="shift_closed")
        assert (event.by, event.data["cashier"]) == (zhou, li_na.pk)
        for name in ("shift", "shift_print"):
            assert str(zhou) in client.get(reverse(f"billing:{name}", args=[shift.pk])).text

    def test_nobody_closes_the_drawer_of_another(self, client, yunhu, shift):
        client.force_login(factories.staff("second", "何平", Role.CASHIER, community=yunhu))
        close = reverse("billing:close_shift", args=[shift.pk])
        assert client.post(close, {"version": 0, "counted_cash": "500"}).status_code == 403

    def test_the_day_names_what_is_open_and_what_differs(self, client, yunhu, home, three, shift, li_na, zhou):
        second = factories.staff("second", "何平", Role.CASHIER, community=yunhu)
        actions.open_shift(yunhu, opening_float=Decimal("0.00"), by=second, now=MONDAY)
        actions.close_shift(shift, counted_cash=Decimal("499.00"), reason="少一元", by=li_na, now=MONDAY)
        client.force_login(zhou)
        text = client.get(reverse("billing:cash_day", args=[MONDAY.date()])).text
        assert "少一元" in text
        assert text.count("BC2025-0002") >= 2
        empty = client.get(reverse("billing:cash_day", args=[datetime.date(2025, 9, 14)])).text
        assert "BC2025" not in empty

    def test_a_shift_over_midnight_counts_on_each_day_what_was_taken_on_it(
        self, client, time_machine, yunhu, home, three, shift, li_na, zhou
    ):
        midnight = yunhu.local(MONDAY).replace(hour=0, minute=0) + datetime.timedelta(days=1)
        for bill, at in ((three[0], midnight - datetime.timedelta(minutes=1)), (three[1], midnight)):
            facts = {"deposits": [], "payer": None, "submission": None, "by": li_na, "now": at}
            actions.take_payment(home, bills=[bill], means=[actions.Means("cash", bill.amount, "")], **facts)
        client.force_login(zhou)
        for date, own, other in ((15, "260.75", "20.28"), (16, "20.28", "260.75")):
            address = reverse("billing:cash_day_print", args=[datetime.date(2025, 9, date)])
            sheet = client.get(address).text
            assert own in sheet
            assert other not in sheet
            assert shift.number in sheet


def test_the_pages_cost_the_same_for_one_row_and_for_twelve(desk, yunhu, home, lin, three, shift, li_na):
    urls = {
        "cashier": reverse("billing:cashier"),
        "cashier home": page_of(home),
        "receipts": reverse("billing:receipts"),
        "cash shifts": reverse("billing:shifts"),
        "cash shift": shift.get_absolute_url(),
        "cash day": reverse("billing:cash_day", args=[MONDAY.date()]),
        "cash day, sheet": reverse("billing:cash_day_print", args=[MONDAY.date()]),
    }
    send(desk, home, three[:1], "100")
    first = {}
    for name, url in urls.items():
        desk.get(url)
        with counting.pinned(name) as captured:
            assert desk.get(url).status_code == 200
        first[name] = len(captured)
        assert len(captured) <= 15, name
    for n in range(11):
        send(desk, home, [factories.bill(home, three[0].fee, "10")], "10", method="card", external_ref=f"R{n}")
        factories.bill(home, three[0].fee, "10")
    for name, url in urls.items():
        with counting.pinned(name) as captured:
            desk.get(url)
        assert len(captured) == first[name], name


def test_the_cashier_lands_at_the_cashier(desk):
    assert desk.get(reverse("core:home"))["Location"] == reverse("billing:cashier")
