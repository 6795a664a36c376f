"""The pages of the cashier, receipts and shifts, each in every state worth looking at."""

import datetime
import uuid
from decimal import Decimal

from django.urls import reverse

from billing import actions
from residents.models import Unit
from servicedesk.core.models import Role
from tests import factories
from tests.browser.money.access import looking
from tests.browser.visiting import Visit, send

MAIN = "#take .sticky-foot button.primary"


def furnish(house, now):
    """Make the rows that these pages show, in the furnished house."""
    li_na, home = house.people["li_na"], house.community
    today = home.local(now).date()
    owing = Unit.objects.get(community=home, label="3-2-1201")
    paid, nothing = (factories.unit(home, label) for label in ("8-1-0101", "8-1-0102"))
    fee = factories.fee(home, "公摊电费（楼道）")
    last = (today.replace(day=1) - datetime.timedelta(days=40)).replace(day=1)
    for amount, month in (("260.75", last), ("20.28", last), ("150.00", today.replace(day=1))):
        due_on = today + datetime.timedelta(days=9) if month > last else None
        factories.bill(owing, fee, amount, month=month, due_on=due_on)
    closed = _closed_shift(house, now)
    shift = actions.open_shift(home, opening_float=Decimal("500.00"), by=li_na, now=now)
    facts = {"bills": [], "deposits": [], "payer": None, "by": li_na, "now": now, "submission": None}
    means = [actions.Means("wechat", Decimal("300.00"), "4200002025")]
    receipt = actions.take_payment(paid, means=means, keep_rest=True, **facts)
    actions.count_print(receipt, by=li_na, now=now)
    actions.count_print(receipt, by=li_na, now=now)
    bill = factories.bill(paid, fee, "88.00", month=last)
    settled = {"bills": [bill], "deposits": [], "submission": uuid.uuid4(), "by": li_na, "now": now}
    event = actions.use_prepayment(paid, amount=Decimal("88.00"), **settled)
    fang = house.money["fang"]
    bills = [house.money["bill of fang"]]
    facts |= {"bills": bills, "payer": fang.person}
    means = [actions.Means("cash", Decimal("60.00")), actions.Means("alipay", Decimal("40.00"), "2025091522001")]
    house.money["receipt of fang"] = actions.take_payment(fang.unit, means=means, note="代父亲缴", **facts)
    house.money |= {"owing": owing, "paid": paid, "owes nothing": nothing, "receipt": receipt, "settlement": event}
    house.money |= {"shift": shift, "closed shift": closed, "cash day": today}


def _closed_shift(house, now):
    """A shift of a second cashier that was closed with a yuan missing."""
    second = house.people["wang"] = factories.staff("wang", "王芳", Role.CASHIER, community=house.community)
    shift = actions.open_shift(house.community, opening_float=Decimal("100.00"), by=second, now=now)
    return actions.close_shift(shift, counted_cash=Decimal("99.00"), reason="找零少收一元", by=second, now=now)


def printed(size):
    """Return what leads from a receipt to its sheets of one size."""

    def then(page):
        button = "form .btn:not([name])" if size == "slip" else f"[name=size][value={size}]"
        with page.expect_navigation():
            page.locator(f"main {button}, header {button}, .actions {button}").first.click()

    return then


def at(name, key, *, query="", who="li_na"):
    """Return what opens the page `name` of what furnish() has kept under `key`."""

    def begin(house):
        thing = house.money[key]
        return house.client(who), reverse(name, args=[getattr(thing, "pk", thing)]) + query

    return begin


VISITS = [
    Visit("billing:cashier", "li_na"),
    Visit("billing:cashier", "wang", "no shift"),
    Visit("billing:cashier", "li_na", "nobody found", query="?q=9-9-9999"),
    Visit("billing:take", state="owing", begin=at("billing:take", "owing")),
    Visit("billing:take", state="owes nothing", begin=at("billing:take", "owes nothing")),
    Visit("billing:take", state="no shift", begin=at("billing:take", "paid", who="wang")),
    Visit(
        "billing:take",
        state="nothing given",
        begin=at("billing:take", "owing"),
        then=send(MAIN, given="0", external_ref="4200001"),
        status=422,
    ),
    Visit("billing:settlement", begin=at("billing:settlement", "settlement")),
    Visit("billing:receipts", "qian"),
    Visit("billing:receipts", "qian", "nothing found", query="?q=SJ9999"),
    Visit("billing:receipts", "li_na", "no day", query="?day=2039-01-01"),
    Visit("billing:receipt", begin=at("billing:receipt", "receipt")),
    *[
        Visit("billing:receipt_print", state=size, begin=at("billing:receipt", "receipt"), then=printed(size))
        for size in ("slip", "a5", "roll")
    ],
    Visit("billing:my_shift", "wang"),
    Visit("billing:shifts", "zhou"),
    Visit("billing:shift", state="open", begin=at("billing:shift", "shift")),
    Visit("billing:shift", state="closed", begin=at("billing:shift", "closed shift", who="zhou")),
    Visit(
        "billing:shift",
        state="not explained",
        begin=at("billing:shift", "shift"),
        then=send("#panel button.primary", counted_cash="1.00"),
        status=409,
    ),
    Visit("billing:shift_print", begin=at("billing:shift_print", "closed shift")),
    Visit("billing:cash_day", begin=at("billing:cash_day", "cash day", who="zhou")),
    Visit("billing:cash_day_print", begin=at("billing:cash_day_print", "cash day", who="zhou")),
]
RESIDENTS = [Visit("billing:p_receipt", begin=looking("billing:p_receipt", bill="receipt of fang"))]
NOT_PAGES = {
    "billing:take_preview": "adds up what is ticked, beside the page of a home",
    "billing:receipt_printed": "counts a printing and leads to its sheets",
    "billing:close_shift": "one step of a shift, on its page",
    "billing:close_for_other": "one step of a shift, on its page",
}
