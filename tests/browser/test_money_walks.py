"""The two hand walks of money from end to end: a day at the cashier (9), and a month that is billed (10, its second
half; the first is in test_moving_in.py)."""

import datetime
import re
from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from billing import actions, invariants, tasks
from billing.actions import runs
from billing.models import Allocation, Bill, BillRun, LedgerEntry, Payment, Receipt, Refund, Shift
from servicedesk.core import clock
from tests import factories
from tests.browser.walking import Hands, go

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("set_clock")]
JULY, AUGUST = datetime.date(2025, 7, 1), datetime.date(2025, 8, 1)


def press(page, name):
    with page.expect_navigation():
        page.locator("main").get_by_role("button", name=name).first.click()


def follow(page, name):
    with page.expect_navigation():
        page.locator("main").get_by_role("link", name=name).first.click()


def refused(page, *words, status):
    page.watch.expect(status)
    for one in words:
        expect(page.locator(".error-summary, [role=alert]:visible").first).to_contain_text(one)


def at_the_home(page, site, room):
    """Find a home at the cashier by the keyboard alone."""
    go(page, site, reverse("billing:cashier"))
    page.keyboard.type(room)
    with page.expect_navigation():
        page.keyboard.press("Enter")


# 9: the cashier -------------------------------------------------------------------------------------------------------


def test_a_day_at_the_cashier(site, open_browser, yunhu, home, wu, li_na, zhou):
    """Scenario 9: 326.03 paid with 330, a part paid, F8 twice, a receipt taken back, a yuan missing at the end."""
    service = factories.fee(yunhu)
    for amount in ("260.75", "20.28", "45.00"):
        factories.bill(home, service, amount)
    next_door = wu.occupancies.get().unit
    young, old = (factories.bill(next_door, service, "100.00", month=month) for month in (AUGUST, JULY))
    page = open_browser(site, li_na)

    at_the_home(page, site, "3 2 1201")
    page.fill("#id_opening_float", "500")
    with page.expect_navigation():
        page.keyboard.press("F8")
    Hands(page).type("330")
    due = page.locator("#due")
    expect(due).to_contain_text("3.97")
    expect(due).to_contain_text("叁佰贰拾陆元零叁分")
    assert "零叁分整" not in due.inner_text()
    with page.expect_navigation():
        page.keyboard.press("F9")
    first = Receipt.objects.get()
    sheet = page.locator(".sheet").first
    for words in (first.number, "叁佰贰拾陆元零叁分", "330.00", "3.97"):
        expect(sheet).to_contain_text(words)
    expect(sheet).not_to_contain_text("补打")

    at_the_home(page, site, "3 2 1202")
    page.fill("#id_given", "150")
    expect(due).to_contain_text("50.00")
    page.keyboard.press("F8")
    page.keyboard.press("F8")
    page.wait_for_url(re.compile(r"/cashier/receipts/[0-9]+/$"))
    second = Receipt.objects.exclude(pk=first.pk).get()
    assert Payment.objects.count() == LedgerEntry.objects.filter(kind="payment").count() == 2, "posted once"
    assert [Bill.objects.get(pk=one.pk).balance for one in (old, young)] == [0, 50], "the oldest first"

    go(page, site, second.get_absolute_url())
    follow(page, "申请红冲")
    with page.expect_navigation():
        page.locator("main form button.primary").click()
    refused(page, "理由", status=422)
    page.fill("[name=reason]", "收错了房号，应收隔壁")
    with page.expect_navigation():
        page.keyboard.press("F8")
    asked = page.url.removeprefix(site)
    expect(page.get_by_role("button", name=re.compile("同意|退还 150"))).to_have_count(0)
    hers = open_browser(site, zhou)
    go(hers, site, asked)
    expect(hers.locator("main")).to_contain_text("收错了房号，应收隔壁")
    press(hers, "同意")
    go(page, site, asked)
    press(page, re.compile("退还 150"))
    second.refresh_from_db()
    assert second.is_void
    assert Refund.objects.get().amount == 150
    assert sorted(Allocation.objects.filter(payment__receipt=second).values_list("amount", flat=True)) == [
        -100,
        -50,
        50,
        100,
    ]
    go(page, site, reverse("billing:receipts"))
    for one in (first, second):
        expect(page.locator("main")).to_contain_text(one.number)

    go(page, site, first.get_absolute_url())
    press(page, "补打")
    expect(page.locator(".sheet").first).to_contain_text("补打第 1 次")

    shift = Shift.objects.get()
    go(page, site, shift.get_absolute_url())
    page.fill("[name=counted_cash]", "825.03")
    press(page, "交班")
    refused(page, "826.03", status=409)
    expect(page.locator("[name=counted_cash]")).to_have_value("825.03")
    page.fill("[name=reason]", "找零多给一元")
    press(page, "交班")
    shift.refresh_from_db()
    assert (shift.expected_cash, shift.difference) == (Decimal("826.03"), -1)
    expect(page.locator("main")).to_contain_text("找零多给一元")
    assert page.watch.wrong == []
    assert hers.watch.wrong == []


# 10: a month is billed ------------------------------------------------------------------------------------------------


@pytest.fixture
def worker(monkeypatch):
    """The worker behind the pages: asleep until the walk says `worker()`, or `worker(1)` for a chunk of two homes."""
    told = []
    monkeypatch.setattr(tasks, "wake", lambda key, **options: told.append(key))
    monkeypatch.setattr(runs, "CHUNK", 2)

    def work(chunks=99):
        while chunks and actions.work_on_run(told[-1], now=clock.now(), seconds=-1):
            chunks -= 1

    return work


def test_a_month_is_looked_at_billed_stopped_and_billed_once(site, open_browser, yunhu, qian, worker):
    """Scenario 10: nothing before the start, a bar that moves and outlives a reload, a stop, and no bill twice."""
    factories.tariff(factories.fee(yunhu))
    for n in range(6):
        home = factories.unit(yunhu, f"3-2-{n + 1}01", area="100.00")
        factories.resident(home, f"住户{n}", f"1380000{n:04}")
    page = open_browser(site, qian)
    go(page, site, reverse("billing:runs"))
    go(page, site, reverse("billing:run_new") + "?month=2025-09")
    expect(page.locator(".tiles")).to_contain_text("1,500.00")
    assert not BillRun.objects.exists(), "a look writes nothing"

    press(page, re.compile("2025-09"))
    bar = page.locator("#run-progress progress")
    expect(bar).to_have_attribute("value", "0")
    worker(1)
    expect(bar).to_have_attribute("value", "33")
    page.reload()
    expect(bar).to_have_attribute("value", "33")
    page.evaluate(
        "window.said = []; new MutationObserver(() => said.push(live.textContent))"
        ".observe(live, {childList: true, characterData: true, subtree: true})"
    )
    worker(1)
    expect(bar).to_have_attribute("value", "66")
    press(page, "停止")
    expect(page.locator("#run-state")).to_contain_text("已处理 6 户中的 4 户后停止")
    assert Bill.objects.count() == 4
    press(page, "继续")
    page.evaluate(
        "window.said = []; new MutationObserver(() => said.push(live.textContent))"
        ".observe(live, {childList: true, characterData: true, subtree: true})"
    )
    worker()
    expect(page.locator("#run-state")).to_contain_text("新出 6 张，原已出账 0 张。")
    said = {words for words in page.evaluate("said") if words}
    assert len(said) == 1, "the end is said, and no percent"

    before = list(Bill.objects.order_by("pk").values())
    go(page, site, reverse("billing:run_new") + "?month=2025-09")
    press(page, re.compile("2025-09"))
    worker()
    expect(page.locator("#run-state")).to_contain_text("新出 0 张，原已出账 6 张。")
    assert list(Bill.objects.order_by("pk").values()) == before, "the second run changes nothing"
    assert invariants.breaks(yunhu) == []
    assert page.watch.wrong == []
