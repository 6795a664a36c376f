"""The check of the books: clean rows break nothing, and each thing that can break is broken once and named."""

import datetime
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from billing import actions, invariants, tasks
from billing.models import ArrearsCase, BillRun, BooksCheck, Exemption, RunTariff
from servicedesk.core import numbers
from servicedesk.core.models import Notification
from tests import factories
from tests.billing import money_rows as rows
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db
AUGUST = datetime.date(2025, 8, 1)
TABLES = [
    *("billing_bill", "billing_payment", "billing_receipt", "billing_allocation", "billing_waiver"),
    *("billing_refund", "billing_ledgerline", "billing_moneyrequest", "billing_deposit", "billing_shift"),
    "billing_exemption",
]


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def books(yunhu, home, lin, li_na, qian, zhou):
    """Some of everything: bills paid, waived and void, a receipt taken back, refunds, a deposit, a run."""
    service = factories.fee(yunhu)
    price = factories.tariff(service)
    shift = rows.open_shift(yunhu, li_na)
    run = BillRun.objects.create(
        community=yunhu,
        month=AUGUST,
        issued_on=AUGUST,
        by=qian,
        created_at=MONDAY,
        heartbeat_at=MONDAY,
        units=2,
        done=0,
    )
    RunTariff.objects.create(run=run, fee=service, tariff=price)
    next_door = factories.unit(yunhu, "3-2-1202")
    Exemption.objects.create(
        community=yunhu, unit=next_door, fee=service, month=AUGUST, reason=Exemption.Reason.NO_AREA, run=run
    )
    BillRun.objects.filter(pk=run.pk).update(
        status="done", done=2, last_unit=next_door.pk, ended_at=MONDAY, heartbeat_at=None
    )
    paid = rows.billed(home, service, "260.75", tariff=price, run=run, number="ZD202508-000001")
    other = rows.billed(home, service, "99.99", number="ZD202508-000002")
    wrong = rows.billed(home, service, "50.00", number="ZD202508-000003")
    receipt = rows.taken(shift, home, "400.00", bills=[(paid, "200.00"), (wrong, "20.00")])
    rows.done("void_bill", wrong, asker=qian, decider=zhou)
    rows.done("waiver", rows.fresh(other), asker=qian, decider=zhou, amount=Decimal("9.99"))
    payment = receipt.payments.get()
    actions.pay_out(rows.done("refund", payment, asker=li_na, decider=zhou, amount=Decimal("50")), by=li_na, now=MONDAY)
    back = rows.taken(shift, home, "30.00", bills=[(paid, "30.00")], method="wechat")
    actions.pay_out(rows.done("reversal", back, asker=li_na, decider=zhou), by=li_na, now=MONDAY)
    kept = rows.deposit(home, lin, li_na)
    rows.taken(shift, home, "1000.00", deposits=[(kept, "1000.00")])
    items = [actions.requests.Item("补配钥匙", Decimal("80.00"))]
    rows.done("deduction", rows.fresh(kept), asker=li_na, decider=zhou, items=items)
    half = rows.done("deposit_refund", rows.fresh(kept), asker=li_na, decider=zhou, amount=Decimal("500.00"))
    actions.pay_out(half, by=li_na, now=MONDAY)
    demanded(home, service, qian)
    last = rows.open_shift(yunhu, qian)
    type(last).objects.filter(pk=last.pk).update(closed_at=MONDAY, expected_cash="500.00", counted_cash="500.00")
    check_deferred()
    return yunhu


def demanded(home, service, finance):
    """A demand letter about a bill of the home."""
    bill = rows.billed(home, service, "10.00", due_on=AUGUST, number="ZD202508-000004")
    actions.make_ladder(home.community, by=finance, now=MONDAY)
    actions.advance_arrears(now=MONDAY)
    arrears = ArrearsCase.objects.select_related("community", "unit").get(unit=home)
    facts = {"reply_by": MONDAY.date() + datetime.timedelta(days=15), "pay_to": "前台"}
    actions.write_letter(arrears, bills=[bill], by=finance, now=MONDAY, **facts)


def check_deferred():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def broken(community):
    return {name for name, _rows in invariants.breaks(community)}


def by_hand(sql):
    """What somebody at the database does who has turned off what guards it; foreign keys are checked as ever."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql)


def test_clean_books_break_nothing(books, other):
    assert invariants.breaks(books) == []
    assert invariants.breaks(other) == []


def test_a_unit_that_came_later_makes_up_for_nobody(books):
    late = factories.unit(books, "3-2-1203")
    assert "everybody_billed" not in broken(books)
    rows.billed(late, books.fees.get(), "10.00")
    check_deferred()
    by_hand("DELETE FROM billing_exemption")
    assert "everybody_billed" in broken(books)


FIRST_BILL = "(SELECT id FROM billing_bill WHERE number = 'ZD202508-000001')"
BREAKS = {
    "bill_paid": f"UPDATE billing_bill SET paid = paid + 1 WHERE id = {FIRST_BILL}",
    "bill_waived": "UPDATE billing_bill SET waived = waived + 1 WHERE number = 'ZD202508-000002'",
    "payment_spent": "UPDATE billing_payment SET prepaid_left = prepaid_left - 1 WHERE prepaid_left > 1",
    "payment_refunded": "UPDATE billing_payment SET refunded = refunded - 1 WHERE refunded = 30",
    "receipt_paid": "UPDATE billing_receipt SET amount = amount + 1 WHERE amount = 400",
    "deposit_received": "UPDATE billing_deposit SET received = received - 1",
    "deposit_deducted": "UPDATE billing_deposit SET deducted = deducted + 1",
    "deposit_refunded": "UPDATE billing_deposit SET refunded = refunded - 1",
    "billed_twice": f"""
        DROP INDEX bill_once_for_unit_fee_and_month;
        UPDATE billing_bill SET tariff_id = (SELECT tariff_id FROM billing_bill WHERE id = {FIRST_BILL})
        WHERE number = 'ZD202508-000002'""",
    "late_charge_of_void": """
        UPDATE billing_bill SET about_id = (SELECT id FROM billing_bill WHERE voided_at IS NOT NULL)
        WHERE number = 'ZD202508-000002'""",
    "everybody_billed": "DELETE FROM billing_exemption",
    "entry_balances": """
        UPDATE billing_ledgerline SET amount = amount + 1 WHERE id = (SELECT min(id) FROM billing_ledgerline)""",
    "trial_balance": "DELETE FROM billing_ledgerline WHERE id = (SELECT min(id) FROM billing_ledgerline)",
    "prepaid_in_books": "UPDATE billing_ledgerline SET account = 'card' WHERE account = 'prepaid'",
    "deposits_in_books": "UPDATE billing_ledgerline SET account = 'card' WHERE account = 'deposits'",
    "settled_in_books": "UPDATE billing_ledgerline SET account = 'card' WHERE account = 'income'",
    "receivable_in_books": "UPDATE billing_ledgerline SET account = 'card' WHERE account = 'receivable'",
    "money_in_books": "UPDATE billing_ledgerline SET account = 'alipay' WHERE account = 'wechat' AND amount > 0",
    "shift_of_money": "UPDATE billing_payment SET shift_id = (SELECT max(id) FROM billing_shift) WHERE amount = 400",
    "shift_cash": "UPDATE billing_shift SET expected_cash = 501, counted_cash = 501 WHERE closed_at IS NOT NULL",
    "statement_line_is_payment": """
        WITH made AS (
            INSERT INTO billing_statement (community_id, channel, file_name, digest, at, by_id, stored, sheets, sheet,
                encoding, delimiter, heading_line, header, mapping)
            SELECT community_id, 'wechat', 'x.csv', 'x', at, by_id, '', '[]', '', '', '', 1, '[]', '{}'
            FROM billing_receipt ORDER BY id LIMIT 1 RETURNING id)
        INSERT INTO billing_statementline (community_id, statement_id, channel, "row", at, "on", amount, counterparty,
            remark, external_ref, key, status, payment_id, why, reason, decided_at, version)
        SELECT p.community_id, made.id, 'wechat', 1, p.at, p.at::date, p.amount + 1, '', '', 'x', 'x', 'matched', p.id,
            '', '', p.at, 0 FROM billing_payment p, made WHERE p.method = 'wechat' LIMIT 1""",
    "bill_numbers": "UPDATE billing_bill SET number = 'ZD202508-000009' WHERE number = 'ZD202508-000003'",
    "receipt_numbers": "UPDATE billing_receipt SET number = 'SJ2025-0009' WHERE number = 'SJ2025-0002'",
    "refund_numbers": "UPDATE billing_refund SET number = 'TK2025-0009' WHERE number = 'TK2025-0002'",
    "shift_numbers": "UPDATE billing_shift SET number = 'BC2025-0009' WHERE number = 'BC2025-0002'",
    "deposit_numbers": """
        INSERT INTO billing_deposit (community_id, number, unit_id, kind, payer_id, amount, note, asked_by_id, asked_at,
            void_reason, version, received, deducted, refunded)
        SELECT community_id, 'YJ2025-0003', unit_id, kind, payer_id, amount, note, asked_by_id, asked_at,
            '', 0, 0, 0, 0 FROM billing_deposit""",
    "demand_numbers": """
        INSERT INTO billing_demandletter (community_id, number, arrears_id, unit_id, total, issued_on, reply_by, pay_to,
            at, by_id, proof, proof_text, version)
        SELECT community_id, 'CG2025-0003', arrears_id, unit_id, total, issued_on, reply_by, pay_to,
            at, by_id, '', '', 0
        FROM billing_demandletter""",
    "void_by_two": """
        UPDATE billing_receipt SET void_request_id = (SELECT id FROM billing_moneyrequest WHERE kind = 'refund')
        WHERE voided_at IS NOT NULL""",
    "deposit_gives_no_more": "UPDATE billing_refund SET amount = 950 WHERE deposit_id IS NOT NULL",
    "payment_gives_no_more": "UPDATE billing_refund SET amount = 950 WHERE method = 'wechat'",
    "refund_approved": """
        UPDATE billing_moneyrequest SET status = 'withdrawn', carried_out_at = NULL WHERE kind = 'refund'""",
    "refund_as_approved": "UPDATE billing_moneyrequest SET amount = amount - 1 WHERE kind = 'refund'",
}


def test_everything_that_can_break_is_broken_once():
    assert set(BREAKS) == set(invariants.BY_NAME)
    assert len(invariants.BY_NAME) == len(invariants.INVARIANTS)


@pytest.mark.parametrize("name", BREAKS)
def test_what_breaks_is_named(books, name):
    by_hand(BREAKS[name])
    assert name in broken(books), broken(books)


def test_a_missing_refund_shows_in_the_history_check_as_well(books):
    assert numbers.first_gap(books) is None
    by_hand(BREAKS["refund_numbers"])
    assert numbers.first_gap(books) == "TK2025-0002"


def test_the_command_names_the_first_breaks_and_fails(books, capsys):
    call_command("verify_invariants")
    assert "invariants hold" in capsys.readouterr().out
    by_hand(BREAKS["bill_paid"])
    with pytest.raises(CommandError, match="not whole"):
        call_command("verify_invariants")
    assert "I1 bill_paid" in (said := capsys.readouterr().err)
    assert "ZD202508-000001" in said


def test_the_clock_looks_once_a_night_and_tells_finance_of_the_first_break(books, qian, time_machine):
    tasks.check_books()
    tasks.check_books()
    assert BooksCheck.objects.filter(community=books, by=None).count() == 1
    by_hand(BREAKS["bill_paid"])
    for day in (1, 2):
        time_machine.move_to(MONDAY + datetime.timedelta(days=day), tick=False)
        tasks.check_books()
    assert [check.found == [] for check in BooksCheck.objects.filter(community=books)] == [False, False, True]
    assert Notification.objects.filter(kind="books_broken", recipient=qian, channel="inbox").count() == 1
