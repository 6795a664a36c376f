from django.db import migrations

# What was demanded, promised and disputed is evidence: no row goes, and what is written once for all is not changed.
UNCHANGED = ["billing_demandline", "billing_dunningstep", "billing_limitationalarm"]
KEPT = [
    *UNCHANGED,
    "billing_arrearscase",
    "billing_demandletter",
    "billing_dispute",
    "billing_dunningrule",
    "billing_lateclause",
    "billing_promisetopay",
]
# A letter that went out says for ever what it said, and its delivery is noted once; so are a promise and a dispute.
LETTERS = """
CREATE FUNCTION refuse_changed_demand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'billing_demandletter' THEN
        IF (NEW.community_id, NEW.number, NEW.arrears_id, NEW.unit_id, NEW.total, NEW.issued_on, NEW.reply_by,
            NEW.pay_to, NEW.at, NEW.by_id)
           IS DISTINCT FROM
           (OLD.community_id, OLD.number, OLD.arrears_id, OLD.unit_id, OLD.total, OLD.issued_on, OLD.reply_by,
            OLD.pay_to, OLD.at, OLD.by_id)
           OR (OLD.delivered_on IS NOT NULL AND (NEW.delivered_on, NEW.proof, NEW.proof_text)
               IS DISTINCT FROM (OLD.delivered_on, OLD.proof, OLD.proof_text))
        THEN
            RAISE EXCEPTION 'demand letter % never changes', OLD.number
                USING ERRCODE = 'check_violation', CONSTRAINT = 'demand_letter_never_changes';
        END IF;
    ELSIF TG_TABLE_NAME = 'billing_promisetopay' THEN
        IF (NEW.arrears_id, NEW.amount, NEW.pay_on, NEW.made_at, NEW.by_id)
           IS DISTINCT FROM (OLD.arrears_id, OLD.amount, OLD.pay_on, OLD.made_at, OLD.by_id)
        THEN
            RAISE EXCEPTION 'promise % never changes', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'promise_never_changes';
        END IF;
    ELSIF (NEW.bill_id, NEW.case_id, NEW.opened_at, NEW.by_id)
        IS DISTINCT FROM (OLD.bill_id, OLD.case_id, OLD.opened_at, OLD.by_id)
        OR (OLD.ended_at IS NOT NULL AND (NEW.ended_at, NEW.outcome) IS DISTINCT FROM (OLD.ended_at, OLD.outcome))
    THEN
        RAISE EXCEPTION 'dispute % never changes', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'dispute_never_changes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER demand_letter_never_changes BEFORE UPDATE ON billing_demandletter
    FOR EACH ROW EXECUTE FUNCTION refuse_changed_demand();
CREATE TRIGGER promise_never_changes BEFORE UPDATE ON billing_promisetopay
    FOR EACH ROW EXECUTE FUNCTION refuse_changed_demand();
CREATE TRIGGER dispute_never_changes BEFORE UPDATE ON billing_dispute
    FOR EACH ROW EXECUTE FUNCTION refuse_changed_demand();
"""
NO_LETTERS = """
DROP TRIGGER demand_letter_never_changes ON billing_demandletter;
DROP TRIGGER promise_never_changes ON billing_promisetopay;
DROP TRIGGER dispute_never_changes ON billing_dispute;
DROP FUNCTION refuse_changed_demand();
"""


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
    dependencies = [("billing", "0050_arrears_have_a_ladder")]
    operations = [
        migrations.RunSQL(LETTERS, NO_LETTERS),
        migrations.RunSQL("\n".join(statements(create)), "\n".join(statements(drop))),
    ]
