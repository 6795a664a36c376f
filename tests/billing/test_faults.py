"""The process dies at any statement of an act on money: nothing of it stays, and done again it is whole (F16–F19)."""

import datetime
import itertools
from decimal import Decimal

import pytest
from django.db import connection, transaction

from billing import actions, invariants, numbering
from billing.actions.requests import Item
from billing.models import BillRun, Shift
from residents.models import ImportRun, OpeningBalance
from tests import factories
from tests.billing import money_rows as rows
from tests.billing.money_rows import fresh
from tests.billing.world import DAY, TODAY, World, everything
from tests.factories import MONDAY
from tests.racing import CrashError, crash_at

IMPORT = {"target": "balances", "file_name": "x", "stored": "x"}
JUNE, JULY = datetime.date(2025, 6, 1), datetime.date(2025, 7, 1)
REASON = "核对后确认"


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def world(yunhu):
    made = World(yunhu)
    made.rows |= {"owed": made.bills[2], "priced": _priced(made)}
    return made


def _priced(world):
    facts = {"tariff": world.rows["tariff"], "debtor": world.person, "debtor_kind": "owner", "due_on": TODAY + DAY}
    number = numbering.next_bill_number(world.community, JUNE)
    return rows.billed(world.unit, world.fee, "200.00", month=JUNE, number=number, **facts)


def asked(kind, row, *, approved=True, **facts):
    """Return a maker of a request about a row of the world, approved where it is to be paid out."""

    def make(world):
        thing = fresh(world.rows[row])
        request = actions.ask_for(kind, thing, reason=REASON, by=world.by, now=MONDAY, **facts)
        if approved:
            actions.approve_request(request, by=world.second, now=MONDAY)
        return request

    return make


def paid_out(world, request):
    return actions.pay_out(fresh(request), by=world.by, now=MONDAY)


def approved(world, request):
    return actions.approve_request(fresh(request), by=world.second, now=MONDAY)


def voided(world):
    bill = world.rows["priced"]
    approved(world, asked("void_bill", "priced", approved=False)(world))
    return bill


def replaced(world, bill):
    return actions.replace_bill(fresh(bill), by=world.by, now=MONDAY)


def letter_written(world, _nothing):
    facts = {"reply_by": TODAY + 15 * DAY, "pay_to": "前台", "by": world.by, "now": MONDAY}
    return actions.write_letter(world.arrears(), bills=[world.rows["owed"]], **facts)


def letter_delivered(world, _nothing):
    facts = {"delivered_on": TODAY, "proof": "ems", "proof_text": "EX123456789CN", "by": world.by, "now": MONDAY}
    return actions.deliver_letter(fresh(world.rows["letter"]), **facts)


def disputed(world, _nothing):
    facts = {"case": world.rows["case"], "by": world.by, "now": MONDAY}
    return actions.dispute_bill(world.arrears(), bill=world.rows["owed"], **facts)


def much_to_sweep(world):
    """A home that owes since yesterday, a promise and a pause that are over, a claim that ends soon."""
    far = factories.unit(world.community, "5-1-0301")
    old = {"due_on": TODAY - 1000 * DAY, "claim_until": TODAY + 50 * DAY}
    rows.billed(far, world.fee, "10.00", number=numbering.next_bill_number(world.community, JULY), **old)
    promise = {"amount": Decimal("1.00"), "pay_on": TODAY, "by": world.by, "now": MONDAY}
    actions.promise_payment(world.arrears(), **promise)
    facts = {"reason": "hardship", "until": TODAY, "note": "住院", "by": world.by, "now": MONDAY}
    actions.pause_arrears(world.arrears(), **facts)


def swept(world, _nothing):
    return actions.advance_arrears(now=MONDAY + 2 * DAY)


def month_that_is_over(world):
    facts = {"issued_on": JULY, "by": world.by, "created_at": MONDAY, "status": "done", "ended_at": MONDAY}
    BillRun.objects.create(community=world.community, month=JULY, **facts)


def month_closed(world, _nothing):
    return actions.close_month(world.community, JULY, by=world.by, now=MONDAY)


def shift_closed(world, _nothing):
    facts = {"counted_cash": Decimal("1.00"), "reason": "少数一沓", "by": world.by, "now": MONDAY}
    return actions.close_shift(Shift.objects.select_related("community").get(cashier=world.by), **facts)


def prepayment_used(world, _nothing):
    facts = {"bills": [world.rows["owed"]], "deposits": [], "submission": "x", "by": world.by, "now": MONDAY}
    return actions.use_prepayment(world.unit, amount=Decimal("20.00"), **facts)


def balances(world):
    run = ImportRun.objects.create(community=world.community, by=world.by, created_at=MONDAY, **IMPORT)
    facts = {"community": world.community, "unit": world.unit, "label": "2024 年物业费", "as_of": JUNE, "run": run}
    OpeningBalance.objects.create(amount=Decimal("30.00"), **facts)


def balances_billed(world, _nothing):
    return actions.take_over_balances(world.community, by=world.by, now=MONDAY)


def nothing(_world):
    return None


LIST = [Item("补配钥匙", Decimal("50.00"))]
ACTS = {
    "a deposit is given back": (asked("deposit_refund", "deposit", amount=Decimal("300.00")), paid_out),
    "a receipt is taken back": (asked("reversal", "receipt"), paid_out),
    "a prepayment is given back": (asked("refund", "payment", amount=Decimal("10.00")), paid_out),
    "a bill is waived": (asked("waiver", "owed", amount=Decimal("10.00"), approved=False), approved),
    "a deposit is deducted": (asked("deduction", "deposit", items=LIST, approved=False), approved),
    "a bill is voided": (asked("void_bill", "priced", approved=False), approved),
    "a void bill is replaced": (voided, replaced),
    "a prepayment is used": (nothing, prepayment_used),
    "a demand letter is written": (nothing, letter_written),
    "a demand letter is delivered": (nothing, letter_delivered),
    "a bill is disputed": (nothing, disputed),
    "the sweep goes over arrears": (much_to_sweep, swept),
    "a month is closed": (month_that_is_over, month_closed),
    "a shift is closed": (nothing, shift_closed),
    "former balances are billed": (balances, balances_billed),
}


def died_at(statement, act):
    """Let the process die at the so-manieth write of `act`, and return whether it came so far; nothing stays that was
    not committed. The sweep goes on behind what has died, as its next round does."""
    kill, died = crash_at(statement), []

    def watch(*facts):
        try:
            return kill(*facts)
        except CrashError:
            died.append(statement)
            raise

    try:
        with connection.execute_wrapper(watch):
            act()
    except CrashError:
        assert died
    return bool(died)


def counts():
    return {table: count for table, (count, _said) in everything().items()}


@pytest.mark.django_db
@pytest.mark.parametrize("acts", ACTS.values(), ids=ACTS.keys())
def test_where_the_process_dies_nothing_stays_and_done_again_it_is_whole(world, yunhu, acts):
    prepare, act = acts
    thing = prepare(world)
    with transaction.atomic():
        act(world, thing)
        clean = counts()
        transaction.set_rollback(True)
    before = everything()
    for statement in itertools.count(1):
        if not died_at(statement, lambda: act(world, thing)):
            break
        assert everything() == before, statement
    assert statement > 2
    assert counts() == clean
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert invariants.breaks(yunhu) == []
    assert [gap(yunhu) for gap in numbering.GAPS] == [None] * len(numbering.GAPS)


@pytest.mark.django_db(transaction=True)
def test_control_an_act_that_is_written_piece_by_piece_is_found(world, monkeypatch):
    """The test above can fail: without the transaction, what came before the death stays."""
    monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda rows, **_options: rows)
    request = asked("refund", "payment", amount=Decimal("10.00"))(world)
    before = everything()
    piecemeal = actions.pay_out.__wrapped__
    assert died_at(3, lambda: piecemeal(fresh(request), by=world.by, now=MONDAY))
    assert everything() != before
