"""What nobody may mean, typed into every form of fees: a sentence, no row, and every word still there (T26).

The bad values follow from the kinds of the fields, so that a field or a form that is added is tried as well.
"""

import html
import re
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from django import forms
from django.db import transaction
from django.urls import reverse

from billing import actions
from billing.forms import access, arrears, bills, cash, closing, deposits, discounts, fees, fields, requests, runs
from residents.forms.fields import RoomField
from residents.forms.steps import RoomField as TypedRoomField
from servicedesk.core.money import MoneyField
from tests import factories
from tests.billing import money_rows as rows
from tests.billing.world import DAY, TODAY, World, changed, everything
from tests.factories import MONDAY

MODULES = [access, arrears, bills, cash, closing, deposits, discounts, fees, requests, runs]
NUMBERS = ["1_0", "NaN", "0.0000001", "-1", "1e30", "abc"]
MONTHS = ["2029-01", "1_0", "2025-13", "abc", "NaN", "2025-10-01"]
DAYS = ["2029-01-01", "1_0", "abc", "2025-13-01", "NaN", "0001-01-01"]
CHOICES = ["abc", "1_0", "NaN", "-1", "<b>", "０"]
KEYS = ["abc", "1_" + "0" * 12, "NaN", "-1", "9" * 30]
KINDS = [
    (MoneyField, ["1_0", "NaN", "0.005", "-1", "1e30", "99999999"]),
    ((fields.NumberField, arrears.NumberField), NUMBERS),
    ((fields.MonthField, runs.MonthField), MONTHS),
    (forms.DateField, DAYS),
    (forms.IntegerField, NUMBERS),
    ((RoomField, TypedRoomField), ["9-9-999", "1_0", "NaN", "-1", "1e30", "<b>"]),
    (forms.UUIDField, CHOICES),
    (cash.ChosenField, [["b1"], ["x1:2.00"], ["b1:2"], ["b1_0:1.00"], ["NaN"], ["b１:1.00"]]),
    (forms.ChoiceField, CHOICES),
]
WIDE = str.maketrans("0123456789.", "０１２３４５６７８９．")
# What narrows a list says nothing and writes nothing: `test_no_filter_breaks_its_page`.
FILTERS = {arrears.FilterForm, bills.BillFilterForm, bills.NoticeForm, cash.ReceiptSearchForm}
FILTERS |= {deposits.DepositSearch, deposits.WhichRoomForm, fees.RoomForm, runs.ExemptionFilterForm, runs.MonthForm}
# The same fields with fewer choices, or the half of another form.
FEWER = {arrears.SpokenForm, fees.EnrolmentFields}
# How many of the bad values of a field are tried, the worst first.
FEW, ALL = 3, 6


@dataclass
class Sent:
    """A form as it is sent rightly: its address, the row in it, and what is typed."""

    name: str
    row: str = ""
    typed: dict = field(default_factory=dict)
    query: str = ""
    # Another who may do everything, with no open drawer.
    by_second: bool = False
    # What is looked through, where a page has two forms.
    form: type | None = None
    done: int = 302

    def __str__(self):
        return self.name + self.query

    def address(self, world):
        return reverse(f"billing:{self.name}", args=[world.rows[self.row].pk] if self.row else []) + self.query

    def body(self, world):
        return {name: typed(world) if callable(typed) else typed for name, typed in self.typed.items()}


def pk(row):
    return lambda world: world.rows[row].pk


def number_of_case(world):
    return world.rows["case"].short_number


def tick(world):
    return f"b{world.bills[2].pk}:100.00"


ITEMS = {"text_1": "补配钥匙一把", "amount_1": "50", "reason": "退租查验"}
PRICE = {"since": "2025-10", "months": "1", "start_rule": "next_month", "due_days": "25"}
PRICE |= {"price_basis": "物业服务合同 第六条"}
STEPS = {"up_to_1": "15", "price_of_1": "3.45", "price_of_2": "4.83", "tier_span": "period", "sample_use": "10"}
METER = {**PRICE, "unit_price": "", "resource": "water", **STEPS}
ENROL = {"quantity": "1", "since": "2026-01-01", "last_day": "2026-12-31", "note": "地下一层 12 号"}
TAKE = {
    "given": "100",
    "method": "cash",
    "note": "代父亲缴",
    "chosen": tick,
    "payer": "",
    "given_2": "",
    "method_2": "",
}
BY_HAND = {"unit": "3-2-1201", "fee": lambda world: world.lift.pk, "text": "补缴电费", "amount": "12.50"}
BY_HAND |= {"from_on": "2025-09-01", "to_on": "2025-09-30", "due_on": "2025-10-15"}
DEPOSIT = {"kind": "key", "amount": "200", "note": "门禁卡两张", "refund_due_on": "2025-12-31"}
DISCOUNT = {"unit": "3-2-1201", "fee": lambda world: world.lift.pk, "kind": "vacancy", "percent": "30"}
DISCOUNT |= {"since": "2025-10-01", "last_day": "2025-12-31", "reason": "空置一年", "evidence": "合同 第八条"}
CLAUSE = {"clause": "物业服务合同 第九条", "rate": "5", "grace_days": "15", "cap_percent": "20", "fee": ""}
CLAUSE |= {"from_on": "2025-01-01", "to_on": "2025-12-31"}
SENT = [
    Sent("fee_new", typed={"name": "车库卫生费", "kind": "parking", "applies_to": "enrolled", "position": "3"}),
    *(
        Sent("tariff_new", "fee", PRICE | facts, query=f"?basis={basis}")
        for basis, facts in {
            "area": {"unit_price": "2.8"},
            "meter": METER,
            "share": {"measure": "area"},
            "formula": {"formula": "area*2", "sample_use": "1"},
        }.items()
    ),
    Sent("enrol", "parking", {"unit": "3-2-1202", **ENROL}),
    Sent("unit_enrol", "next_door", {"fee": lambda world: world.parking.pk, **ENROL}),
    Sent("end_enrolment", "enrolment", {"last_day": "2025-12-31"}),
    Sent("enter_cost", "lift", {"month": "2025-11", "building": "", "amount": "120", "evidence": "电费单 20251103"}),
    Sent("tariff_void", "garage", {"reason": "录入错误"}),
    Sent("cost_void", "cost", {"reason": "录入错误"}),
    Sent("discount_new", typed=DISCOUNT),
    Sent("end_discount", "discount", {"last_day": "2025-10-31", "reason": "已经入住"}),
    Sent("run_new", typed={"month": "2025-09"}),
    Sent("bill_new", typed=BY_HAND),
    Sent("request_waiver", "bill", {"amount": "5", "reason": "困难户"}),
    Sent("request_void", "bill", {"reason": "面积录入有误"}),
    Sent("request_reversal", "receipt", {"reason": "收错了"}),
    Sent("request_refund", "payment", {"amount": "5", "reason": "多收"}),
    Sent("request_deduction", "deposit", ITEMS),
    Sent("request_deposit_refund", "deposit", {"amount": "5", "reason": "退租"}),
    Sent("approve_request", "request", {"note": "属实"}),
    Sent("refuse_request", "request", {"note": "缺少证明"}),
    Sent("withdraw_request", "request", by_second=True),
    Sent("deposit_new", typed={"payer": lambda world: world.person.pk, **DEPOSIT}, query="?room=3-2-1201"),
    Sent("set_refund_day", "deposit", {"refund_due_on": "2025-12-31"}),
    Sent("tell_payer", "deposit", {"how": "phone", "note": "无异议"}),
    Sent("void_deposit", "unpaid", {"reason": "登记错误"}),
    Sent("deposit_rules", typed={"kind": "key", "verdict": "capped", "most": "500", "source": "管理规约 第十二条"}),
    Sent("take_rules", typed={"pack": "beijing"}),
    Sent("take", "unit", TAKE),
    Sent(
        "take",
        "unit",
        {**TAKE, "open": "1", "opening_float": "500"},
        by_second=True,
        form=cash.OpenShiftForm,
        done=200,
    ),
    Sent("my_shift", typed={"opening_float": "500"}, by_second=True),
    Sent("close_shift", "shift", {"counted_cash": "1580", "reason": "找零有误"}),
    Sent("close_for_other", "shift", {"counted_cash": "1580", "reason": "已离职"}, by_second=True),
    Sent("record_step", "unit", {"kind": "phone", "evidence": "10:05 通话", "result": "月底前付"}),
    Sent("promise_payment", "unit", {"amount": "50", "pay_on": "2025-09-30", "note": "月底发工资"}),
    Sent("withdraw_promise", "promised", {"reason": "日期记错"}),
    Sent("pause_arrears", "unit", {"reason": "hardship", "until": "2025-10-31", "note": "住院"}),
    Sent("skip_step", "unit", {"reason": "电话已停机"}),
    Sent(
        "dispute_bill",
        "unit",
        {"bill": pk("bill"), "case": number_of_case, "category": "", "matter": "面积不对", "submission": ""},
    ),
    Sent("write_letter", "unit", {"bills": pk("bill"), "reply_by": "2025-09-30", "pay_to": "前台 8:30–18:00"}),
    Sent("end_dispute", "dispute", {"outcome": "rejected", "note": "面积与产权证一致"}),
    Sent("deliver_letter", "letter", {"delivered_on": "2025-09-15", "proof": "ems", "proof_text": "EX123456789CN"}),
    Sent("set_rule", "rule", {"days": "-5", "source": "2025-09-01 会议"}),
    Sent("new_clause", typed=CLAUSE),
    Sent("end_clause", "clause", {"last_on": "2025-12-31"}),
    Sent("void_clause", "clause", {"reason": "日利率录入有误"}),
    Sent("arrears_notices", typed={"unit": pk("unit"), "text": "请您缴费", "evidence": "照片 0915", "do": "record"}),
    Sent("give_code", "occupancy", {"email": ""}, done=200),
]


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def here(yunhu, other):
    """A community with a row of everything, and another one beside it."""
    world = World(yunhu)
    world.elsewhere = World(other, "9-9-999")
    unpaid = rows.deposit(world.unit, world.person, world.by, "10.00")
    garage = factories.fee(yunhu, "车库费", kind="other")
    next_door = factories.unit(yunhu, "3-2-1202")
    world.rows |= {"next_door": next_door, "unpaid": unpaid, "garage": factories.tariff(garage)}
    world.rows["promised"] = promised(world)
    return world


def promised(world):
    """Return a home that owes and has promised to pay."""
    unit = factories.unit(world.community, "3-2-1203")
    rows.billed(unit, world.fee, "100.00", due_on=TODAY - 40 * DAY)
    actions.advance_arrears(now=MONDAY)
    facts = {"amount": Decimal("50.00"), "pay_on": TODAY + DAY, "by": world.by, "now": MONDAY}
    actions.promise_payment(unit.arrears.select_related("community", "unit").get(), **facts)
    return unit


@pytest.fixture
def seen(monkeypatch):
    """The forms of fees that were looked through since the list was emptied."""
    found, clean = [], forms.BaseForm.full_clean

    def full_clean(form):
        clean(form)
        if form.is_bound and type(form).__module__.startswith("billing.forms"):
            found.append(form)

    monkeypatch.setattr(forms.BaseForm, "full_clean", full_clean)
    return found


@pytest.fixture
def send(client, here, seen):
    """Send a form with a body, look what comes, and let nothing of it stay; return the answer and the form."""

    def post(sent, body, language="zh-hans"):
        client.force_login(here.second if sent.by_second else here.by)
        client.cookies["django_language"] = language
        seen.clear()
        with transaction.atomic():
            answer = client.post(sent.address(here), body)
            transaction.set_rollback(True)
        ours = [form for form in seen if type(form) not in FILTERS]
        return answer, next(form for form in ours if sent.form in (None, type(form)))

    return post


def bad_values(one, world):
    """Return what nobody may mean in a field of this kind, [] where everything may be meant."""
    if isinstance(one, forms.IntegerField) and one.widget.is_hidden:
        return []  # the version: see the stale pages below
    if isinstance(one, forms.ModelMultipleChoiceField):
        return [[value] for value in bad_keys(one, world)]
    if isinstance(one, forms.ModelChoiceField):
        return bad_keys(one, world)
    found = next((values for kinds, values in KINDS if isinstance(one, kinds)), [])
    least = getattr(one, "least", 0) or getattr(one, "min_value", 0) or 0
    return [value for value in found if not (value == "-1" and least < 0)]


def bad_keys(one, world):
    """Return keys of no row that a choice offers; that of a row of another community comes first."""
    theirs = [row.pk for row in world.elsewhere.rows.values() if isinstance(row, one.queryset.model)]
    return [*theirs[:1], *KEYS]


def what_is_wrong(answer, form, bad, sent, language):
    """Yield what is wrong with the answer to a form in which every field of `bad` is."""
    page = answer.content.decode()
    if answer.status_code != 422:
        yield f"status {answer.status_code}"
    for name, value in bad.items():
        messages = form.errors.get(name, [])
        if not messages:
            yield f"{name}: nothing said about {value!r}"
        yield from (f"{name}: {one!r} is no sentence" for one in messages if not is_sentence(one, language))
        yield from (f"{name}: {one!r} is not shown" for one in messages if not in_page(one, page))
        is_box = isinstance(form.fields[name].widget, forms.TextInput) and not form.fields[name].widget.is_hidden
        if is_box and not in_page(value, page):
            yield f"{name}: {value!r} is lost"
    yield from (f"{word!r} is lost" for word in words_of(sent | bad) if not in_page(word, page))


def words_of(body):
    """Return the words of a body, which no answer may lose: what is written in Chinese."""
    return [value for value in body.values() if re.search(r"[一-鿿]", str(value))]


def is_sentence(text, language):
    has_han = re.search(r"[一-鿿]", str(text)) is not None
    return has_han == (language == "zh-hans") and str(text)[-1] in "。.？?！!"


def in_page(text, page):
    return html.escape(str(text)) in page


def looked_into(module):
    found = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, forms.Form)]
    return {one for one in found if one.__module__ == module.__name__}


@pytest.mark.django_db
def test_every_form_of_fees_is_in_the_table_and_takes_what_is_right(here, seen, send):
    known, wrong = set(), []
    for sent in SENT:
        answer, form = send(sent, sent.body(here))
        known.add(type(form))
        if answer.status_code != sent.done:
            wrong.append((str(sent), answer.status_code, form.errors.as_json()))
    assert wrong == []
    ours = {one for module in MODULES for one in looked_into(module)}
    tried = {one for one in ours if any(bad_values(box, here) for box in one.base_fields.values())}
    assert {one.__name__ for one in tried - known - FILTERS - FEWER} == set()


@pytest.mark.django_db
@pytest.mark.parametrize("times", [FEW, pytest.param(ALL, marks=pytest.mark.heavy)])
def test_what_nobody_may_mean_is_told_field_by_field_and_no_word_is_lost(here, send, times):
    before, wrong = everything(), []
    for sent in SENT:
        body = sent.body(here)
        _answer, form = send(sent, body)
        found = {name: bad_values(one, here) for name, one in form.fields.items()}
        values = {name: bad for name, bad in found.items() if bad}
        for time in range(times if values else 0):
            bad = {name: found[time % len(found)] for name, found in values.items()}
            language = "en" if time == 1 else "zh-hans"
            answer, form = send(sent, body | bad, language)
            wrong += [f"{sent}: {what}" for what in what_is_wrong(answer, form, bad, body, language)]
    assert not wrong, "\n".join(wrong)
    assert changed(before) == []


@pytest.mark.django_db
def test_a_page_that_is_out_of_date_is_told_so_and_keeps_the_words(here, seen, send):
    before, wrong, stale = everything(), [], 0
    for sent in SENT:
        body = sent.body(here)
        _answer, form = send(sent, body)
        if "version" not in form.fields:
            continue
        stale += 1
        for version in ("9999", "abc"):
            answer, _form = send(sent, body | {"version": version})
            errors = [one for form in seen for those in form.errors.values() for one in those]
            page = answer.content.decode()
            if answer.status_code not in (409, 422) or not errors:
                wrong.append((str(sent), version, answer.status_code))
            wrong += [(str(sent), version, one) for one in errors if not in_page(one, page)]
            wrong += [(str(sent), version, word) for word in words_of(body) if not in_page(word, page)]
    assert wrong == []
    assert stale > 15
    assert changed(before) == []


@pytest.mark.django_db
def test_full_width_digits_are_digits(here, send):
    """What a Chinese keyboard types in its wide form means the same."""
    wrong, tried = [], 0
    for sent in SENT:
        body = sent.body(here)
        _answer, form = send(sent, body)
        kinds = (MoneyField, fields.NumberField, arrears.NumberField, fields.MonthField, TypedRoomField, RoomField)
        wide = {name: str(body[name]).translate(WIDE) for name in body if isinstance(form.fields.get(name), kinds)}
        if wide:
            tried += 1
            answer, form = send(sent, body | wide)
            if answer.status_code != sent.done:
                wrong.append((str(sent), wide, form.errors.as_json()))
    assert wrong == []
    assert tried > 12


LOOKED_FOR = {
    "bills": ["month", "fee", "building", "state", "room", "page"],
    "notices": ["month", "building"],
    "arrears": ["age", "building", "fee", "show", "page"],
    "arrears_notices": ["unit"],
    "receipts": ["q", "day", "method", "page"],
    "deposits": ["q", "show", "page"],
    "requests": ["show", "page"],
    "discounts": ["state", "page"],
    "fees": ["room", "page"],
    "shifts": ["page"],
    "runs": ["page"],
    "run_new": ["month"],
    "discount_new": ["unit"],
    "cashier": ["q"],
}


@pytest.mark.django_db
def test_no_filter_breaks_its_page(client, here):
    client.force_login(here.by)
    theirs = {"building": here.elsewhere.unit.building_id, "fee": here.elsewhere.fee.pk, "unit": here.elsewhere.unit.pk}
    bad = ["1_0", "NaN", "１２３", "-1", "1e30", "2029-01-01", "abc", "9" * 30, "\x00"]
    for name, names in LOOKED_FOR.items():
        for typed in [theirs, *(dict.fromkeys(names, value) for value in bad)]:
            answer = client.get(reverse(f"billing:{name}"), {one: typed.get(one, "x") for one in names})
            assert answer.status_code in (200, 422), (name, typed)
            assert here.elsewhere.unit.label not in answer.text
