from django.db import migrations

# Nothing of money is deleted; what is written once for all is not changed either (ruling 11, C15).
UNCHANGED = [
    "billing_allocation",
    "billing_ledgerentry",
    "billing_ledgerline",
    "billing_refund",
    "billing_runtariff",
    "billing_tarifftier",
    "billing_waiver",
]
KEPT = [
    *UNCHANGED,
    "billing_bill",
    "billing_billrun",
    "billing_deposit",
    "billing_discount",
    "billing_enrolment",
    "billing_exemption",
    "billing_fee",
    "billing_moneyrequest",
    "billing_payment",
    "billing_receipt",
    "billing_sharedcost",
    "billing_shift",
    "billing_tariff",
]
# An issued bill says for ever what it said; who owes it follows an entry that is merged into another.
BILLS = """
CREATE FUNCTION refuse_changed_bill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.community_id, NEW.number, NEW.unit_id, NEW.fee_id, NEW.tariff_id, NEW.run_id, NEW.debtor_kind, NEW.month,
        NEW.from_on, NEW.to_on, NEW.amount, NEW.lines, NEW.issued_on, NEW.due_on, NEW.replaces_id, NEW.about_id)
       IS DISTINCT FROM
       (OLD.community_id, OLD.number, OLD.unit_id, OLD.fee_id, OLD.tariff_id, OLD.run_id, OLD.debtor_kind, OLD.month,
        OLD.from_on, OLD.to_on, OLD.amount, OLD.lines, OLD.issued_on, OLD.due_on, OLD.replaces_id, OLD.about_id)
       OR (OLD.voided_at IS NOT NULL AND (NEW.voided_at, NEW.paid, NEW.waived)
           IS DISTINCT FROM (OLD.voided_at, OLD.paid, OLD.waived))
    THEN
        RAISE EXCEPTION 'bill % is issued and never changes', OLD.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bill_never_changes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bill_never_changes BEFORE UPDATE ON billing_bill
    FOR EACH ROW EXECUTE FUNCTION refuse_changed_bill();
"""
NO_BILLS = "DROP TRIGGER bill_never_changes ON billing_bill; DROP FUNCTION refuse_changed_bill();"
# A receipt says for ever what it said, and so does a payment; both may be taken back by rows of their own.
RECEIPTS = """
CREATE FUNCTION refuse_changed_money() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'billing_receipt' THEN
        IF (NEW.number, NEW.unit_id, NEW.shift_id, NEW.amount, NEW.at, NEW.by_id, NEW.lines)
           IS DISTINCT FROM (OLD.number, OLD.unit_id, OLD.shift_id, OLD.amount, OLD.at, OLD.by_id, OLD.lines)
           OR (OLD.voided_at IS NOT NULL AND NEW.voided_at IS DISTINCT FROM OLD.voided_at)
        THEN
            RAISE EXCEPTION 'receipt % never changes', OLD.number
                USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_never_changes';
        END IF;
    ELSIF (NEW.receipt_id, NEW.unit_id, NEW.shift_id, NEW.method, NEW.amount, NEW.tendered, NEW.external_ref, NEW.at)
        IS DISTINCT FROM
        (OLD.receipt_id, OLD.unit_id, OLD.shift_id, OLD.method, OLD.amount, OLD.tendered, OLD.external_ref, OLD.at)
    THEN
        RAISE EXCEPTION 'payment % never changes', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_never_changes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER receipt_never_changes BEFORE UPDATE ON billing_receipt
    FOR EACH ROW EXECUTE FUNCTION refuse_changed_money();
CREATE TRIGGER payment_never_changes BEFORE UPDATE ON billing_payment
    FOR EACH ROW EXECUTE FUNCTION refuse_changed_money();
"""
NO_RECEIPTS = """
DROP TRIGGER receipt_never_changes ON billing_receipt;
DROP TRIGGER payment_never_changes ON billing_payment;
DROP FUNCTION refuse_changed_money();
"""
# The two columns of an entry agree when its transaction ends (C12). Lines are only ever added in the transaction that
# adds their entry, so nobody else can be writing to it.
LEDGER = """
CREATE FUNCTION refuse_unbalanced_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount) FROM billing_ledgerline WHERE entry_id = NEW.entry_id) <> 0 THEN
        RAISE EXCEPTION 'ledger entry % does not balance', NEW.entry_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_balances';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_entry_balances AFTER INSERT ON billing_ledgerline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_entry();
"""
NO_LEDGER = "DROP TRIGGER ledger_entry_balances ON billing_ledgerline; DROP FUNCTION refuse_unbalanced_entry();"


def statements(make):
    yield from (make(table, "no_delete", "DELETE", "ROW") for table in KEPT)
    yield from (make(table, "no_truncate", "TRUNCATE", "STATEMENT") for table in KEPT)
    yield from (make(table, "no_update", "UPDATE", "ROW") for table in UNCHANGED)


def create(table, name, operation, level):
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {operation} ON {table}"
        f" FOR EACH {level} EXECUTE FUNCTION refuse_change();"
    )


def drop(table, name, operation, level):
    return f"DROP TRIGGER {table}_{name} ON {table};"


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_fees_bills_and_money"), ("core", "0002_history_only_grows")]
    operations = [
        migrations.RunSQL(BILLS, NO_BILLS),
        migrations.RunSQL(RECEIPTS, NO_RECEIPTS),
        migrations.RunSQL(LEDGER, NO_LEDGER),
        migrations.RunSQL("\n".join(statements(create)), "\n".join(statements(drop))),
    ]
