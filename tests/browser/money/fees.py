"""The pages of fees, tariffs, enrolments, shared costs and discounts, each in every state worth looking at."""

import datetime
from decimal import Decimal

from django.urls import reverse

from billing import actions
from billing.models import Tariff
from billing.urls import DISCOUNT_STEPS, FEE_STEPS
from tests.browser.visiting import Visit, send

SAVE = "#panel button.primary"
FORM = "main form button.primary"


def furnish(house, now):
    """Make the rows that these pages show, in the furnished house."""
    home, people, units = house.community, house.people, house.units
    by = {"by": people["qian"], "now": now}
    this = home.local(now).date().replace(day=1)
    last = (this - datetime.timedelta(days=1)).replace(day=1)
    january = datetime.date(this.year - 1, 1, 1)
    service = actions.create_fee(home, name="物业服务费", kind="service", applies_to="every_unit", **by)
    price = {"basis": "area", "price_basis": "物业服务合同 第六条"}
    old = actions.set_tariff(service, since=january, unit_price=Decimal("2.50"), **price, **by)
    new = actions.set_tariff(
        service, since=datetime.date(this.year + 1, 1, 1), unit_price=Decimal("2.80"), **price, **by
    )
    water = actions.create_fee(home, name="水费", kind="utility", applies_to="every_unit", **by)
    steps = {"tiers": [(Decimal(15), Decimal("3.45")), (None, Decimal("4.83"))], "tier_span": Tariff.TierSpan.PERIOD}
    facts = {"basis": "meter", "resource": "water", "price_basis": "自来水公司价目表"}
    metered = actions.set_tariff(water, since=january, **facts, **steps, **by)
    wrong = actions.set_tariff(water, since=this, **facts, unit_price=Decimal("345"), **by)
    actions.void_tariff(wrong, reason="多打了两个零", **by)
    power = actions.create_fee(home, name="公摊电费", kind="shared", applies_to="every_unit", **by)
    actions.set_tariff(power, since=january, basis="share", measure="area", price_basis="管理规约", **by)
    cost = actions.enter_cost(power, month=last, amount=Decimal("3186.40"), evidence="供电公司账单", **by)
    voided = actions.enter_cost(
        power, month=last, amount=Decimal(80), evidence="楼内水泵", building=units[0].building, **by
    )
    actions.void_cost(voided, reason="抄错了", **by)
    parking = actions.create_fee(home, name="车位费", kind="parking", applies_to="enrolled", **by)
    actions.set_tariff(parking, since=january, basis="fixed", unit_price=Decimal(150), price_basis="租用协议", **by)
    place = actions.enrol(parking, units[0], since=january, note="B1-001", **by)
    bare = actions.create_fee(home, name="垃圾清运费", kind="other", applies_to="every_unit", **by)
    off = actions.create_fee(home, name="旧费用", kind="other", applies_to="every_unit", **by)
    actions.rename_fee(off, name="旧服务费", name_en="Old fee", **by)
    actions.switch_fee(off, in_use=False, **by)
    house.money |= {"fee": service, "tariff": old, "tariff to come": new, "metered": metered, "wrong": wrong}
    house.money |= {"shared": power, "cost": cost, "voided cost": voided, "parking": parking, "place": place}
    house.money |= {"bare": bare, "off": off, "water": water, "unit": units[0]}
    house.money |= _discounts(service, units, people, this, now)


def _discounts(fee, units, people, first, now):
    facts = {
        "kind": "vacancy",
        "percent": Decimal(30),
        "since": first,
        "last_day": first + datetime.timedelta(days=364),
        "reason": "一直空置",
        "evidence": "管理规约 第十九条",
    }

    def ask(unit):
        return actions.ask_discount(fee, unit, by=people["li_na"], now=now, **facts)

    rows = {name: ask(unit) for name, unit in zip(("asked", "approved", "refused"), units, strict=False)}
    actions.approve_discount(rows["approved"], by=people["zhou"], now=now, note="属实")
    actions.refuse_discount(rows["refused"], by=people["guo"], now=now, note="合同没有约定")
    return {f"discount {name}": row for name, row in rows.items()}


def at(name, row, who, query):
    """Return what begins at the page `name` about a row of money."""

    def begin(house):
        return house.client(who), reverse(name, args=[house.money[row].pk]) + query

    return begin


def visit(name, row, state="", *, who="qian", query="", **facts):
    return Visit(name, who, state or row, begin=at(name, row, who, query), **facts)


PRICE = {"since": "2099-01", "unit_price": "2.80", "price_basis": "合同"}
VISITS = [
    Visit("billing:fees", "qian"),
    Visit("billing:fees", "zhou", "only read"),
    Visit("billing:fees", "sun", "empty"),
    Visit("billing:fees", "qian", "no such room", query="?room=9-9-99"),
    Visit("billing:fee_new", "qian"),
    Visit("billing:fee_new", "qian", "error", then=send(FORM), status=422),
    Visit("billing:fee_new", "qian", "refused", then=send(FORM, name="水费"), status=409),
    visit("billing:fee", "fee"),
    visit("billing:fee", "fee", "only read", who="guo"),
    visit("billing:fee", "bare"),
    visit("billing:fee", "off", query="?do=switch_fee"),
    visit("billing:fee", "water"),
    visit("billing:fee", "shared", query="?do=enter_cost"),
    visit("billing:fee", "shared", "cost error", query="?do=enter_cost", then=send(SAVE), status=422),
    visit("billing:fee", "parking", query="?do=enrol"),
    visit("billing:fee", "parking", "room error", query="?do=enrol", then=send(SAVE, unit="9-9-99"), status=422),
    *(visit("billing:tariff_new", "bare", basis, query=f"?basis={basis}") for basis in Tariff.Basis.values),
    visit("billing:tariff_new", "water", "steps"),
    visit("billing:tariff_new", "fee", "error", then=send(FORM, **PRICE), status=422),
    visit(
        "billing:tariff_new",
        "fee",
        "example",
        then=send("button[name=preview]", **PRICE | {"since": "2026-01"}),
    ),
    visit("billing:tariff", "tariff", who="zhou"),
    visit("billing:tariff", "tariff to come"),
    visit("billing:tariff", "metered"),
    visit("billing:tariff", "wrong"),
    visit("billing:tariff", "tariff to come", "error", then=send("button.danger"), status=422),
    visit("billing:cost", "cost"),
    visit("billing:cost", "voided cost"),
    visit("billing:unit_fees", "unit"),
    visit("billing:unit_fees", "unit", "only read", who="guo"),
    visit("billing:unit_enrol", "unit"),
    visit("billing:unit_enrol", "unit", "error", then=send(FORM, quantity="0"), status=422),
    visit("billing:enrolment", "place", query="?do=end_enrolment"),
    visit("billing:enrolment", "place", "only read", who="zhou"),
    Visit("billing:discounts", "zhou"),
    *(Visit("billing:discounts", "li_na", query=f"?state={state}") for state in ("running", "over", "rejected")),
    Visit("billing:discounts", "he", "empty"),
    Visit("billing:discount_new", "li_na"),
    Visit("billing:discount_new", "li_na", "error", then=send(FORM), status=422),
    Visit("billing:discount_new", "chen", "looked at", then=send("button[name=look]", unit="3-2-1201")),
    visit("billing:discount", "discount asked", who="li_na", query="?do=withdraw_discount"),
    visit("billing:discount", "discount asked", "to approve", who="zhou", query="?do=approve_discount"),
    visit(
        "billing:discount",
        "discount asked",
        "error",
        who="zhou",
        query="?do=refuse_discount",
        then=send(SAVE),
        status=422,
    ),
    visit("billing:discount", "discount approved", query="?do=end_discount"),
    visit("billing:discount", "discount refused", who="chen"),
]
NOT_PAGES = {
    **dict.fromkeys(
        [f"billing:{step}" for step in [*FEE_STEPS, *DISCOUNT_STEPS, "end_enrolment"]],
        "leads on to the form on the page of the fee, the enrolment or the discount",
    ),
    "billing:discount_photo": "a picture",
}
