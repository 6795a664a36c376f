"""The pages of what needs a second person, deposits and the check of the books, in every state worth looking at."""

import datetime
from decimal import Decimal

from django.urls import reverse

from billing import actions
from billing.models import BooksCheck
from servicedesk.core import photos
from servicedesk.core.models import Role
from tests import factories
from tests.billing import money_rows as rows
from tests.browser.visiting import Visit, send
from tests.complaints import residents


def furnish(house, now):
    """A home with bills, a receipt and deposits; of every kind of request one that waits, and some that are decided."""
    home, people = house.community, house.people
    cashier = people["hong"] = factories.staff("hong", "洪梅", Role.CASHIER, community=home)
    unit = factories.unit(home, "9-2-0201")
    payer = factories.resident(unit, "江海", "13700009902")
    fee, shift = factories.fee(home, "物业服务费（高层）"), rows.open_shift(home, cashier, now=now)
    month = home.local(now).date().replace(day=1)
    waived, void, paid = (
        rows.billed(unit, fee, amount, month=(month - datetime.timedelta(days=days)).replace(day=1))
        for amount, days in (("260.75", 1), ("99.00", 40), ("180.00", 70))
    )
    receipt = rows.taken(shift, unit, "300.00", bills=[(paid, "180.00")], method="wechat", now=now)
    asked = {"reason": "核对后发现面积录入有误，凭测绘报告", "by": people["qian"], "now": now}
    key, mine = (
        rows.deposit(unit, payer, people["chen"], amount, kind=kind, now=now)
        for kind, amount in (("key", "300.00"), ("renovation", "2000.00"))
    )
    theirs = actions.ask_for_deposit(
        unit, kind="contractor", name="宏宇装饰", phone="13700001111", amount=Decimal(3000), note="装修押金",
        by=people["chen"], now=now, refund_due_on=month,
    )  # fmt: skip
    for row in (mine, theirs):
        rows.taken(shift, unit, row.amount, deposits=[(row, row.amount)], now=now)
    items = [
        actions.requests.Item("垃圾清运", Decimal("200.00")),
        actions.requests.Item("电梯轿厢划痕", Decimal("350.00")),
    ]
    seen = photos.reencode(residents.picture("lift.jpg", size=(800, 600)))
    pictures = [(seen, photos.store(seen)), (seen, photos.store(seen))]
    deduction = actions.ask_for("deduction", theirs, items=items, pictures=pictures, **asked)
    actions.approve_request(deduction, by=people["zhou"], now=now, note="照片已核对")
    refused = actions.ask_for("waiver", waived, amount=Decimal("260.75"), **asked)
    actions.refuse_request(refused, by=people["zhou"], now=now, note="缺少困难证明")
    pay = actions.ask_for("refund", receipt.payments.get(), amount=Decimal("20.00"), **asked)
    actions.approve_request(pay, by=people["guo"], now=now)
    done = actions.ask_for("deposit_refund", mine, amount=Decimal("500.00"), **asked)
    actions.approve_request(done, by=people["guo"], now=now)
    actions.pay_out(rows.fresh(done), by=cashier, now=now)
    actions.set_deposit_rule(
        home,
        kind="pass",
        verdict="capped",
        most=Decimal("50.00"),
        source="管理规约 第十二条",
        by=people["tang"],
        now=now,
    )
    house.money |= {
        "waiver": actions.ask_for("waiver", waived, amount=Decimal("60.75"), **asked),
        "reversal": actions.ask_for("reversal", receipt, **asked),
        "pay": pay,
        "done": done,
        "refused": refused,
        "deduction": deduction,
        "bill to void": void,
        "receipt": receipt,
        "payment": receipt.payments.get(),
        "key deposit": key,
        "owner's deposit": mine,
        "contractor's deposit": theirs,
    }
    BooksCheck.objects.create(
        community=house.empty,
        at=now,
        found=[["bill_paid", ["ZD202508-000001", "ZD202508-000007"]], ["shift_cash", ["BC1"]]],
    )
    actions.check_books(home, by=people["qian"], now=now)
    people["books"] = factories.staff("books", "账房", Role.FINANCE, community=house.empty)


def at(name, thing, query=""):
    """Return what opens the address `name` of a row of these."""

    def begin(house, who):
        return house.client(who), reverse(f"billing:{name}", args=[house.money[thing].pk]) + query

    return begin


def visit(name, who, thing, state="", *, query="", **more):
    begin = at(name, thing, query)
    return Visit(f"billing:{name}", who, state or thing, begin=lambda house: begin(house, who), **more)


ROOM = "?room=9-2-0201"
VISITS = [
    *(Visit("billing:requests", "zhou", query=query) for query in ("", "?show=pay", "?show=decided")),
    Visit("billing:requests", "books", "empty"),
    visit("request", "zhou", "waiver"),
    visit("request", "qian", "reversal"),
    visit("request", "hong", "pay"),
    visit("request", "hong", "done"),
    visit("request", "qian", "refused"),
    visit("request", "guo", "deduction"),
    visit("request", "zhou", "waiver", "error", then=send("main button.danger"), status=422),
    visit("request_slip", "zhou", "waiver"),
    visit("request_slip", "hong", "done"),
    visit("request_slip", "qian", "refused"),
    visit("request_slip", "guo", "deduction", "printed", then=send("header form button")),
    visit("request_void", "qian", "bill to void"),
    visit("request_void", "qian", "bill to void", "error", then=send("main form button.primary"), status=422),
    visit("request_waiver", "qian", "bill to void"),
    visit("request_waiver", "qian", "bill to void", "too much",
          then=send("main form button.primary", amount="5000", reason="减免"), status=409),
    visit("request_reversal", "hong", "receipt"),
    visit("request_refund", "hong", "payment"),
    visit("request_deduction", "hong", "owner's deposit"),
    visit("request_deduction", "hong", "owner's deposit", "error", then=send("main form button.primary"), status=422),
    visit("request_deposit_refund", "hong", "contractor's deposit"),
    visit("request_deposit_refund", "hong", "key deposit", "nothing held"),
    *(Visit("billing:deposits", "chen", query=query) for query in ("", "?show=due", "?show=unpaid", "?show=all")),
    Visit("billing:deposits", "books", "empty"),
    Visit("billing:deposits", "chen", query="?q=YJ9999-0001"),
    Visit("billing:deposit_new", "chen"),
    Visit("billing:deposit_new", "chen", query="?room=9-9-9999", status=422),
    Visit("billing:deposit_new", "chen", query=ROOM),
    Visit("billing:deposit_new", "chen", "error", query=ROOM,
          then=send("main form[method=post] button.primary"), status=422),
    visit("deposit", "chen", "key deposit"),
    visit("deposit", "hong", "owner's deposit"),
    visit("deposit", "chen", "contractor's deposit"),
    visit("deposit", "chen", "contractor's deposit", "told", query="?do=tell_payer"),
    visit("deposit", "chen", "key deposit", "void", query="?do=void_deposit",
          then=send("main form button.primary"), status=422),
    visit("deposit_slip", "chen", "owner's deposit"),
    visit("deposit_slip", "chen", "key deposit"),
    visit("deposit_settlement", "chen", "contractor's deposit"),
    Visit("billing:deposit_rules", "tang"),
    Visit("billing:deposit_rules", "tang", "error", then=send("main form[data-save] button.primary"), status=422),
    Visit("billing:check", "qian"),
    Visit("billing:check", "books", "broken"),
]  # fmt: skip
STEP = "a step: its page comes back with the form, visited there"
NOT_PAGES = {
    **dict.fromkeys([f"billing:{step}" for step in ("approve_request", "refuse_request", "withdraw_request")], STEP),
    **dict.fromkeys([f"billing:{step}" for step in ("pay_out", "tell_payer", "set_refund_day", "void_deposit")], STEP),
    "billing:deposit_photo": "a picture",
    "billing:take_rules": "a button on the page of the rules, which comes back",
}
