from django.db import migrations

# What a bank or an app has written stays as it was written; only what it is found to be is added beside it.
FORWARD = """
CREATE FUNCTION refuse_changed_statement_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.community_id, NEW.statement_id, NEW.channel, NEW.row, NEW.at, NEW."on", NEW.amount, NEW.counterparty,
        NEW.remark, NEW.external_ref, NEW.balance, NEW.key)
       IS DISTINCT FROM
       (OLD.community_id, OLD.statement_id, OLD.channel, OLD.row, OLD.at, OLD."on", OLD.amount, OLD.counterparty,
        OLD.remark, OLD.external_ref, OLD.balance, OLD.key)
    THEN
        RAISE EXCEPTION 'line % of a statement never changes', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'statement_line_never_changes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER statement_line_never_changes BEFORE UPDATE ON billing_statementline
    FOR EACH ROW EXECUTE FUNCTION refuse_changed_statement_line();
"""
BACK = """
DROP TRIGGER statement_line_never_changes ON billing_statementline;
DROP FUNCTION refuse_changed_statement_line();
"""
KEPT = ["billing_statement", "billing_statementline"]


def create(table):
    return f"""
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();"""


def drop(table):
    return f"DROP TRIGGER {table}_no_delete ON {table}; DROP TRIGGER {table}_no_truncate ON {table};"


class Migration(migrations.Migration):
    dependencies = [("billing", "0070_statements_are_matched"), ("core", "0002_history_only_grows")]
    operations = [
        migrations.RunSQL(FORWARD, BACK),
        migrations.RunSQL("\n".join(map(create, KEPT)), "\n".join(map(drop, KEPT))),
    ]
