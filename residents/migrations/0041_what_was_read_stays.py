from django.db import migrations

KEPT = ["residents_meter", "residents_reading", "residents_readinground", "residents_missedreading"]
# What a reading says never changes, and neither does a visit in vain. A reading is confirmed once and voided once.
FACTS = (
    "id, community_id, meter_id, round_id, kind, at, value, consumption, rolled_over, is_outlier, source, submission,"
    " by_id, recorded_at"
)
GUARDS = f"""
CREATE TRIGGER residents_reading_facts_stay BEFORE UPDATE OF {FACTS} ON residents_reading
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER residents_reading_voided_once BEFORE UPDATE ON residents_reading
    FOR EACH ROW WHEN (OLD.voided_at IS NOT NULL) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER residents_reading_confirmed_once BEFORE UPDATE OF confirmed_at, confirmed_by_id ON residents_reading
    FOR EACH ROW WHEN (OLD.confirmed_at IS NOT NULL) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER residents_missedreading_no_update BEFORE UPDATE ON residents_missedreading
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER residents_readinground_closed_once BEFORE UPDATE ON residents_readinground
    FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION refuse_change();

-- A meter that was replaced has its last reading, and the one that hangs there now its first. Looked at when all of
-- it is written.
CREATE FUNCTION refuse_half_a_replacement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    pair integer;
BEGIN
    SELECT count(*) INTO pair FROM residents_reading WHERE voided_at IS NULL
        AND (meter_id = NEW.id AND kind = 'replace_out' OR meter_id = NEW.replaced_by_id AND kind = 'replace_in');
    IF pair <> 2 THEN
        RAISE EXCEPTION 'residents_meter % is replaced without both readings', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER residents_meter_replaced_with_both_readings AFTER UPDATE ON residents_meter
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.replaced_by_id IS NOT NULL) EXECUTE FUNCTION refuse_half_a_replacement();
"""
UNGUARD = """
DROP TRIGGER residents_meter_replaced_with_both_readings ON residents_meter;
DROP FUNCTION refuse_half_a_replacement();
DROP TRIGGER residents_readinground_closed_once ON residents_readinground;
DROP TRIGGER residents_missedreading_no_update ON residents_missedreading;
DROP TRIGGER residents_reading_confirmed_once ON residents_reading;
DROP TRIGGER residents_reading_voided_once ON residents_reading;
DROP TRIGGER residents_reading_facts_stay ON residents_reading;
"""


def statements(make):
    yield from (make(table, "no_delete", "DELETE", "ROW") for table in KEPT)
    yield from (make(table, "no_truncate", "TRUNCATE", "STATEMENT") for table in KEPT)


def create(table, name, operation, level):
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {operation} ON {table}"
        f" FOR EACH {level} EXECUTE FUNCTION refuse_change();"
    )


def drop(table, name, operation, level):
    return f"DROP TRIGGER {table}_{name} ON {table};"


class Migration(migrations.Migration):
    dependencies = [("core", "0002_history_only_grows"), ("residents", "0040_meters_are_read")]
    operations = [
        migrations.RunSQL("\n".join(statements(create)), "\n".join(statements(drop))),
        migrations.RunSQL(GUARDS, UNGUARD),
    ]
