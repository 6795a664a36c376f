"""The papers of fees as they come out of the printer: their size, and how many sheets for how many lines (G23)."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from billing import actions
from billing.models import ArrearsCase, Fee, Receipt
from billing.views.receipts import LINES
from residents.actions import mark_handed_over
from tests import factories
from tests.browser.money.cashier import printed
from tests.browser.test_papers import A4, A5, SLIP, not_for_paper, paper
from tests.browser.walking import go
from tests.factories import MONDAY

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("set_clock")]
ROLL = (80, 200)
DAY = datetime.timedelta(days=1)
TODAY = MONDAY.date()
# As long as names of fees are, and as much as a cashier may write.
FEE = "公共区域水电及电梯运行费用分摊（地下车库与大堂照明）"
NOTE = "代父亲缴纳，收据请交给林先生，发票另行开具，下次请提前电话通知。" * 6


@pytest.fixture
def drawer(yunhu, li_na):
    return actions.open_shift(yunhu, opening_float=Decimal("500.00"), by=li_na, now=MONDAY)


def receipt_of(home, payer, li_na, lines, *, fee_name=FEE, note=NOTE[:200], **facts):
    """A receipt with so many lines of a fee, by three means with their references."""
    fee = Fee.objects.filter(name=fee_name).first() or factories.fee(home.community, fee_name)
    bills = [factories.bill(home, fee, "100.00") for _ in range(lines)]
    card = Decimal("10.00")
    means = [
        actions.Means("wechat", card, f"4200002025{lines:018}"),
        actions.Means("card", card, f"6222020200{lines:018}"),
    ]
    means.append(actions.Means("cash", 100 * lines - 2 * card + 5))
    facts |= {"deposits": [], "payer": payer, "submission": None, "note": note, "by": li_na, "now": MONDAY}
    receipt = actions.take_payment(home, bills=bills, means=means, **facts)
    actions.count_print(receipt, by=li_na, now=MONDAY)
    actions.count_print(receipt, by=li_na, now=MONDAY)
    return Receipt.objects.get(pk=receipt.pk)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(("size", "sheet", "copies"), [("slip", SLIP, 2), ("a5", A5, 2), ("roll", ROLL, 1)])
def test_a_receipt_fits_its_sheets_and_a_long_one_says_that_it_goes_on(
    site, open_browser, home, lin, li_na, drawer, size, sheet, copies, language
):
    type(lin).objects.filter(pk=lin.pk).update(name="上海远航建筑装饰工程有限公司第三分公司")
    page = open_browser(site, li_na, language=language)
    most = min(LINES[size], 8)
    for lines, parts in ((most, 1), *([(12, 2)] if size != "roll" else [])):
        # A roll is as long as it is: of ordinary words eight lines are on one length of it.
        words = {"fee_name": "公摊电费（地下车库）", "note": "代父亲缴"} if size == "roll" else {}
        receipt = receipt_of(home, lin, li_na, lines, **words)
        go(page, site, receipt.get_absolute_url())
        printed(size)(page)
        expect(page.locator(".sheet")).to_have_count(parts * copies)
        assert paper(page) == [sheet] * parts * copies, f"{lines} lines"
        goes_on = {"zh-hans": "续", "en": "Continued on the next sheet"}[language]
        assert page.locator(".sheet", has_text=goes_on).count() == (parts - 1) * copies
        again = {"zh-hans": "补打", "en": "Printed again"}[language]
        assert page.locator(".sheet", has_text=again).count() == parts * copies
    assert not_for_paper(page) == []


@pytest.mark.parametrize("homes", [3, 4])
def test_notices_stand_three_to_a_page(site, open_browser, yunhu, qian, homes):
    """Of bills of a month, and of arrears: each third holds four fees of a home with how they were counted."""
    units = [factories.unit(yunhu, f"6-1-{n + 1}01", area="104.30") for n in range(homes)]
    for n, one in enumerate(units):
        mark_handed_over(one, on=datetime.date(2019, 5, 1), by=None, now=MONDAY)
        factories.resident(one, f"欧阳文静{n}", f"1380000{n:04}")
    keys = [one.pk for one in units]
    for n in range(4):
        factories.tariff(factories.fee(yunhu, f"{FEE}{n}"))
    august = factories.at("2025-08-01 09:00")
    run = actions.start_run(yunhu, month=august.date(), submission=None, by=qian, now=august)
    actions.work_on_run(run.pk, now=august)
    page = open_browser(site, qian)
    go(page, site, reverse("billing:notices") + "?month=2025-08")
    pages = -(-homes // 3)
    expect(page.locator(".third")).to_have_count(homes)
    assert page.locator(".third").first.locator("tbody tr").count() == 4
    assert paper(page) == [A4] * pages
    assert not_for_paper(page) == []
    page.emulate_media(media="null")
    go(page, site, reverse("billing:arrears_notices") + "?" + "&".join(f"unit={key}" for key in keys))
    page.fill("[name=text]", "您好，物业费如已缴纳请忽略本通知，如有疑问请到前台核对。" * 8)
    with page.expect_navigation():
        page.locator("main button[value=print]").click()
    expect(page.locator(".third")).to_have_count(homes)
    assert paper(page) == [A4] * pages


@pytest.mark.parametrize(("count", "sheets"), [(3, 1), (40, 3)])
def test_a_demand_letter_and_its_file_are_a4(site, open_browser, yunhu, home, lin, qian, count, sheets):
    fee = factories.fee(yunhu, FEE)
    for _ in range(count):
        factories.bill(home, fee, "260.75", due_on=TODAY - 90 * DAY, debtor_kind="owner", debtor=lin)
    actions.make_ladder(yunhu, by=qian, now=MONDAY)
    actions.advance_arrears(now=MONDAY)
    ladder = ArrearsCase.objects.select_related("community", "unit").get()
    facts = {"reply_by": TODAY + 15 * DAY, "pay_to": "前台 8:30–18:00，或转账至公司账户", "by": qian, "now": MONDAY}
    letter = actions.write_letter(ladder, bills=list(home.bills.all()), **facts)
    page = open_browser(site, qian)
    go(page, site, reverse("billing:demand_paper", args=[letter.pk]))
    found = paper(page)
    assert set(found) == {A4}
    assert len(found) == sheets
    go(page, site, reverse("billing:demand_bundle", args=[letter.pk]))
    assert set(paper(page)) == {A4}
    assert not_for_paper(page) == []


@pytest.mark.parametrize(("receipts", "most"), [(0, 1), (15, 1), (60, 3)])
def test_the_sheet_of_a_shift_is_a4_and_holds_every_receipt(
    site, open_browser, yunhu, home, li_na, drawer, receipts, most
):
    facts = {"bills": [], "deposits": [], "payer": None, "submission": None, "by": li_na, "now": MONDAY}
    for _ in range(receipts):
        actions.take_payment(home, means=[actions.Means("cash", Decimal("10.00"))], keep_rest=True, **facts)
    counted = drawer.opening_float + 10 * receipts - 1
    actions.close_shift(drawer, counted_cash=counted, reason="找零少收一元", by=li_na, now=MONDAY)
    page = open_browser(site, li_na)
    go(page, site, reverse("billing:shift_print", args=[drawer.pk]))
    found = paper(page)
    assert set(found) == {A4}
    assert len(found) <= most
    rows = page.locator("tbody tr", has_text="SJ2025-")
    assert rows.count() == receipts
    assert not_for_paper(page) == []


def test_a_bill_a_deposit_and_a_run_are_printed_on_one_sheet(site, open_browser, yunhu, home, lin, qian, li_na, drawer):
    fee = factories.fee(yunhu)
    bill = factories.bill(home, fee, debtor_kind="owner", debtor=lin)
    factories.tariff(fee)
    deposit = factories.deposit(home, lin, by=qian)
    run = actions.start_run(yunhu, month=TODAY.replace(day=1), submission=None, by=qian, now=MONDAY)
    while actions.work_on_run(run.pk, now=MONDAY):
        pass
    page = open_browser(site, qian)
    for name, row in (("bill", bill), ("deposit_slip", deposit), ("deposit_settlement", deposit), ("run_print", run)):
        go(page, site, reverse(f"billing:{name}", args=[row.pk]))
        found = paper(page)
        assert len(found) == 1, name
        assert found[0] in (A4, A5), name
        assert not_for_paper(page) == []
