"""The cashier in a browser: three bills in cash and their receipt, with the keyboard alone (G5, hand walk 9)."""

from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from billing import actions
from billing.models import Receipt
from servicedesk.core import clock
from tests import factories
from tests.browser.walking import Hands, go

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("set_clock")]


@pytest.fixture
def at_the_cashier(site, open_browser, home, lin, li_na):
    """The page of a home that owes 326.03 on three bills, with an open drawer."""
    service = factories.fee(home.community)
    for amount in ("260.75", "20.28", "45.00"):
        factories.bill(home, service, amount)
    actions.open_shift(home.community, opening_float=Decimal("500.00"), by=li_na, now=clock.now())
    page = open_browser(site, li_na, language="en")
    go(page, site, reverse("billing:take", args=[home.pk]))
    return page


def test_three_bills_in_cash_and_their_receipt_take_at_most_twelve_keys(at_the_cashier):
    page, hands = at_the_cashier, Hands(at_the_cashier)
    hands.type("330")
    expect(page.locator("#due")).to_contain_text("3.97")
    expect(page.locator("#due")).to_contain_text("叁佰贰拾陆元零叁分")
    with page.expect_navigation():
        hands.press("F9")
    receipt = Receipt.objects.get()
    expect(page.locator(".sheet").first).to_contain_text(receipt.number)
    assert receipt.prints == 1
    assert hands.keys <= 12


def test_a_digit_chooses_the_means_and_the_amount_follows_the_ticks(at_the_cashier):
    page = at_the_cashier
    page.keyboard.press("Alt+2")
    assert page.locator("[name=method][value=wechat]").is_checked()
    page.locator("[name=chosen]").last.uncheck()
    expect(page.locator("#id_given")).to_have_value("281.03")
    page.keyboard.press("3")
    assert page.locator("[name=method][value=alipay]").is_checked()
    with page.expect_navigation():
        page.keyboard.press("F8")
    assert Receipt.objects.get().amount == Decimal("281.03")


def test_enter_adds_up_and_takes_nothing(at_the_cashier):
    page = at_the_cashier
    page.keyboard.type("200")
    page.keyboard.press("Enter")
    expect(page.locator("#due")).to_contain_text("126.03")
    assert not Receipt.objects.exists()
