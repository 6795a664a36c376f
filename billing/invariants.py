"""What must always be true of the books: each one a SELECT that returns no row as long as it is (I1–I4, I11).

Every statement reads the rows themselves and none of the sums that actions keep beside them, so that a wrong sum shows.
`%(community)s` is the community; a row that comes back is the name of what broke.
"""

from dataclasses import dataclass

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# So many rows are named of one invariant: the first ones lead to the cause, a thousand would not.
NAMED = 5


@dataclass(frozen=True)
class Invariant:
    """One thing that must be true: the rule it belongs to, its name, the sentence people read, and the SELECT."""

    rule: str
    name: str
    sentence: Promise
    sql: str


def _sums(what, parent, key, table, column, *, where="TRUE", of="TRUE", shown="p.number"):
    """Return the SELECT of the rows of `parent` whose `column` is not the sum of the rows of `table` about them."""
    return f"""
        SELECT {shown} FROM {parent} p
        LEFT JOIN (SELECT {key} AS about, sum({what}) AS total FROM {table}
                   WHERE community_id = %(community)s AND {where} GROUP BY {key}) s ON s.about = p.id
        WHERE p.community_id = %(community)s AND {of} AND p.{column} <> coalesce(s.total, 0) ORDER BY p.id"""


def _series(table):
    """Return the SELECT of the first number that is missing in each gap of the series of `table`: no gap means that
    max − min + 1 is the count."""
    return f"""
        SELECT series || '-' || lpad((place + 1)::text, width, '0') FROM (
            SELECT series, place, width, lead(place) OVER (PARTITION BY series ORDER BY place) AS after FROM (
                SELECT substring(number FROM '^(.*)-[0-9]+$') AS series,
                       substring(number FROM '-([0-9]+)$')::bigint AS place,
                       length(substring(number FROM '-([0-9]+)$')) AS width
                FROM {table} WHERE community_id = %(community)s AND number ~ '-[0-9]{{1,12}}$') numbers) places
        WHERE after > place + 1 ORDER BY series, place"""


def _account(account, rows):
    """Return the SELECT of an account of the books whose balance is not what `rows`, a SELECT of one sum, comes to."""
    return f"""
        SELECT kept.total || ' ≠ ' || counted.total FROM
            (SELECT coalesce(sum(l.amount), 0) AS total FROM billing_ledgerline l
             JOIN billing_ledgerentry e ON e.id = l.entry_id
             WHERE e.community_id = %(community)s AND l.account IN ({account})) kept,
            (SELECT coalesce(({rows}), 0)::numeric(14, 2) AS total) counted
        WHERE kept.total <> counted.total"""


PAYMENT = "(SELECT r.number FROM billing_receipt r WHERE r.id = p.receipt_id) || ' · ' || p.method"
CASH_OF_SHIFT = """
    s.opening_float
    + coalesce((SELECT sum(amount) FROM billing_payment WHERE shift_id = s.id AND method = 'cash'), 0)
    - coalesce((SELECT sum(amount) FROM billing_refund WHERE shift_id = s.id AND method = 'cash'), 0)"""

INVARIANTS = [
    Invariant(
        "I1",
        "bill_paid",
        _("What is paid of a bill is the sum of what payments paid of it."),
        _sums("amount", "billing_bill", "bill_id", "billing_allocation", "paid", where="bill_id IS NOT NULL"),
    ),
    Invariant(
        "I1",
        "bill_waived",
        _("What is waived of a bill is the sum of its waivers."),
        _sums("amount", "billing_bill", "bill_id", "billing_waiver", "waived", of="p.voided_at IS NULL"),
    ),
    Invariant(
        "I1",
        "payment_spent",
        _("What a payment paid, what is left of it and what was given back are together what it was."),
        f"""
        SELECT {PAYMENT} FROM billing_payment p
        LEFT JOIN (SELECT payment_id, sum(amount) AS total FROM billing_allocation
                   WHERE community_id = %(community)s GROUP BY payment_id) s ON s.payment_id = p.id
        WHERE p.community_id = %(community)s
          AND coalesce(s.total, 0) + p.prepaid_left + p.refunded <> p.amount ORDER BY p.id""",
    ),
    Invariant(
        "I1",
        "payment_refunded",
        _("What was given back of a payment is the sum of its refunds."),
        # A deposit that is given back stays paid: its refunds count at the deposit.
        _sums(
            "amount",
            "billing_payment",
            "payment_id",
            "billing_refund",
            "refunded",
            where="payment_id IS NOT NULL AND deposit_id IS NULL",
            shown=PAYMENT,
        ),
    ),
    Invariant(
        "I1",
        "receipt_paid",
        _("A receipt is about as much as the payments on it."),
        _sums("amount", "billing_receipt", "receipt_id", "billing_payment", "amount"),
    ),
    Invariant(
        "I1",
        "deposit_received",
        _("What was received of a deposit is the sum of what payments paid of it."),
        _sums(
            "amount",
            "billing_deposit",
            "deposit_id",
            "billing_allocation",
            "received",
            where="deposit_id IS NOT NULL",
        ),
    ),
    Invariant(
        "I1",
        "deposit_deducted",
        _("What was deducted from a deposit is the sum of the deductions that were approved and carried out."),
        _sums(
            "amount",
            "billing_deposit",
            "deposit_id",
            "billing_moneyrequest",
            "deducted",
            where="kind = 'deduction' AND status = 'approved' AND carried_out_at IS NOT NULL",
        ),
    ),
    Invariant(
        "I1",
        "deposit_refunded",
        _("What was given back of a deposit is the sum of its refunds."),
        _sums("amount", "billing_deposit", "deposit_id", "billing_refund", "refunded", where="deposit_id IS NOT NULL"),
    ),
    Invariant(
        "I2",
        "billed_twice",
        _("A unit has one standing bill of a fee and month, and one of the developer where it was handed over in it."),
        """
        SELECT min(number) || ' · ' || max(number) FROM billing_bill
        WHERE community_id = %(community)s AND voided_at IS NULL AND about_id IS NULL AND tariff_id IS NOT NULL
        GROUP BY unit_id, fee_id, month, debtor_kind = 'developer' HAVING count(*) > 1 ORDER BY 1""",
    ),
    Invariant(
        "I2",
        "late_charge_of_void",
        _("No late charge stands on a bill that is void."),
        """
        SELECT l.number FROM billing_bill l JOIN billing_bill b ON b.id = l.about_id
        WHERE l.community_id = %(community)s AND l.voided_at IS NULL AND b.voided_at IS NOT NULL ORDER BY l.id""",
    ),
    Invariant(
        "I2",
        "everybody_billed",
        _("Every unit that a finished run looked at has a bill of each fee, or a reason why not."),
        # Unit by unit of those that the run looked at: one that came later and was billed makes up for nobody.
        """
        SELECT to_char(r.month, 'YYYY-MM') || ' · ' || f.name FROM billing_billrun r
        JOIN billing_runtariff t ON t.run_id = r.id JOIN billing_fee f ON f.id = t.fee_id
        WHERE r.community_id = %(community)s AND r.status = 'done' AND f.applies_to = 'every_unit'
          AND EXISTS (
                SELECT id FROM residents_unit u WHERE u.community_id = %(community)s AND u.id <= r.last_unit
                EXCEPT (SELECT unit_id FROM billing_bill b WHERE b.community_id = %(community)s AND b.fee_id = f.id
                    AND r.month BETWEEN b.month AND b.to_on
                UNION ALL SELECT unit_id FROM billing_exemption x WHERE x.fee_id = f.id AND x.month = r.month))
        ORDER BY r.id, f.id""",
    ),
    Invariant(
        "I3",
        "entry_balances",
        _("The two columns of every entry of the books come to the same."),
        """
        SELECT e.kind || ' ' || e.day || ' · ' || e.id FROM billing_ledgerentry e
        JOIN billing_ledgerline l ON l.entry_id = e.id WHERE e.community_id = %(community)s
        GROUP BY e.id HAVING sum(l.amount) <> 0 ORDER BY e.id""",
    ),
    Invariant(
        "I3",
        "trial_balance",
        _("All accounts of the books come to nothing together."),
        _account("l.account", "SELECT 0"),
    ),
    Invariant(
        "I3",
        "prepaid_in_books",
        _("The books say of prepayments what the payments say."),
        _account("'prepaid'", "SELECT -sum(prepaid_left) FROM billing_payment WHERE community_id = %(community)s"),
    ),
    Invariant(
        "I3",
        "deposits_in_books",
        _("The books say of deposits what the deposits say."),
        _account("'deposits'", "SELECT -sum(held) FROM billing_deposit WHERE community_id = %(community)s"),
    ),
    Invariant(
        "I3",
        "settled_in_books",
        _("The books say of what bills were paid and waived what the bills say."),
        # A posted bill stands in both accounts and cancels out; so this holds of bills of former books as well.
        _account(
            "'receivable', 'income'",
            "SELECT -sum(paid + waived) FROM billing_bill WHERE community_id = %(community)s AND voided_at IS NULL",
        ),
    ),
    Invariant(
        "I3",
        "receivable_in_books",
        _("The books say of what is owed what the bills say."),
        # Where no bill was ever posted the books began behind them, and there is nothing to compare.
        _account(
            "'receivable'",
            "SELECT sum(balance) FROM billing_bill WHERE community_id = %(community)s AND voided_at IS NULL",
        )
        + """
          AND EXISTS (SELECT FROM billing_ledgerline l JOIN billing_ledgerentry e ON e.id = l.entry_id
                      WHERE e.community_id = %(community)s AND l.account = 'income')""",
    ),
    Invariant(
        "I3",
        "money_in_books",
        _("The books say of each means of payment what payments and refunds say."),
        """
        SELECT m.method || ' ' || sum(m.amount) FROM (
            SELECT l.account AS method, l.amount FROM billing_ledgerline l
            JOIN billing_ledgerentry e ON e.id = l.entry_id
            WHERE e.community_id = %(community)s AND l.account IN ('cash', 'wechat', 'alipay', 'card', 'transfer')
            UNION ALL SELECT method, -amount FROM billing_payment WHERE community_id = %(community)s
            UNION ALL SELECT method, amount FROM billing_refund WHERE community_id = %(community)s) m
        GROUP BY m.method HAVING sum(m.amount) <> 0 ORDER BY m.method""",
    ),
    Invariant(
        "I3",
        "shift_of_money",
        _("A payment belongs to the shift of its receipt."),
        f"""
        SELECT {PAYMENT} FROM billing_payment p JOIN billing_receipt r ON r.id = p.receipt_id
        WHERE p.community_id = %(community)s AND p.shift_id <> r.shift_id ORDER BY p.id""",
    ),
    Invariant(
        "I3",
        "shift_cash",
        _("The cash by the book of a closed shift is its change, its cash payments and its cash refunds."),
        f"""
        SELECT s.number FROM billing_shift s
        WHERE s.community_id = %(community)s AND s.closed_at IS NOT NULL AND s.expected_cash <> {CASH_OF_SHIFT}
        ORDER BY s.id""",
    ),
    Invariant(
        "I3",
        "statement_line_is_payment",
        _("What a line of a statement stands for is a payment of the same community, means and amount."),
        """
        SELECT l.id || ' · ' || l.external_ref FROM billing_statementline l
        JOIN billing_payment p ON p.id = l.payment_id
        WHERE l.community_id = %(community)s
          AND (p.community_id <> l.community_id OR p.amount <> l.amount
               OR CASE l.channel WHEN 'bank' THEN p.method NOT IN ('transfer', 'card') ELSE p.method <> l.channel END)
        ORDER BY l.id""",
    ),
    Invariant("I4", "bill_numbers", _("No number of a bill is missing."), _series("billing_bill")),
    Invariant("I4", "receipt_numbers", _("No number of a receipt is missing."), _series("billing_receipt")),
    Invariant("I4", "refund_numbers", _("No number of a refund is missing."), _series("billing_refund")),
    Invariant("I4", "shift_numbers", _("No number of a cash shift is missing."), _series("billing_shift")),
    Invariant("I4", "deposit_numbers", _("No number of a deposit is missing."), _series("billing_deposit")),
    Invariant("I4", "demand_numbers", _("No number of a demand letter is missing."), _series("billing_demandletter")),
    Invariant(
        "I4",
        "void_by_two",
        _("What is void says why, and two people did it."),
        """
        SELECT number FROM billing_bill WHERE community_id = %(community)s AND voided_at IS NOT NULL
          AND (void_reason = '' OR void_asked_by_id IS NULL OR voided_by_id IS NULL OR voided_by_id = void_asked_by_id)
        UNION ALL
        SELECT r.number FROM billing_receipt r LEFT JOIN billing_moneyrequest q ON q.id = r.void_request_id
        WHERE r.community_id = %(community)s AND r.voided_at IS NOT NULL
          AND (q.status IS DISTINCT FROM 'approved' OR q.kind <> 'reversal' OR q.receipt_id <> r.id
               OR q.decided_by_id = q.asked_by_id OR q.reason = '')
        ORDER BY 1""",
    ),
    Invariant(
        "I11",
        "deposit_gives_no_more",
        _("No more of a deposit is deducted and given back than was received."),
        """
        SELECT d.number FROM billing_deposit d WHERE d.community_id = %(community)s
          AND coalesce((SELECT sum(amount) FROM billing_allocation WHERE deposit_id = d.id), 0)
            < coalesce((SELECT sum(amount) FROM billing_refund WHERE deposit_id = d.id), 0) + d.deducted
        ORDER BY d.id""",
    ),
    Invariant(
        "I11",
        "payment_gives_no_more",
        _("No more of a payment is given back than it was, deposits included."),
        f"""
        SELECT {PAYMENT} FROM billing_payment p WHERE p.community_id = %(community)s
          AND p.amount < (SELECT sum(amount) FROM billing_refund WHERE payment_id = p.id) ORDER BY p.id""",
    ),
    Invariant(
        "I11",
        "refund_approved",
        _("Money was given back only after another person had approved it, and not by that person."),
        """
        SELECT f.number FROM billing_refund f JOIN billing_moneyrequest q ON q.id = f.request_id
        WHERE f.community_id = %(community)s
          AND (q.status <> 'approved' OR q.decided_by_id IN (q.asked_by_id, f.by_id) OR q.carried_out_at IS NULL
               OR q.kind NOT IN ('reversal', 'refund', 'deposit_refund'))
        ORDER BY f.id""",
    ),
    Invariant(
        "I11",
        "refund_as_approved",
        _("As much was given back as was approved."),
        """
        SELECT min(f.number) FROM billing_refund f JOIN billing_moneyrequest q ON q.id = f.request_id
        WHERE f.community_id = %(community)s GROUP BY q.id HAVING sum(f.amount) <> q.amount ORDER BY 1""",
    ),
]
BY_NAME = {one.name: one for one in INVARIANTS}


def breaks_of(invariant, community):
    """Return the names of what breaks one invariant in `community`, the first few. One query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({invariant.sql}) broken LIMIT {NAMED}", {"community": community.pk})
        return [str(row[0]) for row in cursor.fetchall()]


def breaks(community):
    """Return (name of the invariant, names of what breaks it) of everything that is wrong with the books of
    `community`, in the order of INVARIANTS; [] where all is as it must be. One query each."""
    found = ((one.name, breaks_of(one, community)) for one in INVARIANTS)
    return [(name, rows) for name, rows in found if rows]
