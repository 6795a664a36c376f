from django.db import migrations

# The shares in which a unit is owned on one day are 100 % at most. Checked when the transaction ends, so that a sale can
# end one share and begin another in any order; under the lock of the unit, so that of two at once the second sees what
# the first has written.
SHARES = """
CREATE FUNCTION refuse_more_than_a_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM residents_unit WHERE id = NEW.unit_id FOR NO KEY UPDATE;
    -- The sum only rises on the day on which a share begins.
    IF EXISTS (
        SELECT 1
        FROM residents_occupancy begins
        JOIN residents_occupancy owned ON owned.unit_id = begins.unit_id AND owned.period @> lower(begins.period)
        WHERE begins.unit_id = NEW.unit_id AND begins.share IS NOT NULL AND begins.united_into_id IS NULL
          AND begins.voided_at IS NULL
          AND owned.share IS NOT NULL AND owned.united_into_id IS NULL AND owned.voided_at IS NULL
        GROUP BY begins.id
        HAVING sum(owned.share) > 100
    ) THEN
        RAISE EXCEPTION 'the shares of unit % are more than a whole', NEW.unit_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'occupancy_shares_are_a_whole_at_most';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER occupancy_shares_are_a_whole_at_most
    AFTER INSERT OR UPDATE ON residents_occupancy DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.share IS NOT NULL AND NEW.united_into_id IS NULL AND NEW.voided_at IS NULL)
    EXECUTE FUNCTION refuse_more_than_a_whole();
"""
NO_SHARES = """
DROP TRIGGER occupancy_shares_are_a_whole_at_most ON residents_occupancy;
DROP FUNCTION refuse_more_than_a_whole();
"""
KEPT = ["residents_contact", "residents_identitycopy", "residents_vehicle"]


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
    dependencies = [
        ("residents", "0010_register_knows_contacts_vehicles_and_identity"),
        ("core", "0002_history_only_grows"),
    ]
    operations = [
        migrations.RunSQL(SHARES, NO_SHARES),
        migrations.RunSQL("\n".join(statements(create)), "\n".join(statements(drop))),
    ]
