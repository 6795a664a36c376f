from django.db import migrations

# A signed day and an explanation never change. Of a signed report only its reading is written, once.
UNCHANGED = ["complaints_dayclose", "complaints_explanation"]
KEPT = [*UNCHANGED, "complaints_report"]
GUARD = """
CREATE FUNCTION guard_report() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was complaints_report := OLD;
BEGIN
    IF OLD.read_at IS NULL THEN
        was.read_at := NEW.read_at; was.read_by_id := NEW.read_by_id;
    END IF;
    IF was IS DISTINCT FROM NEW THEN
        RAISE EXCEPTION 'complaints_report only grows: UPDATE is refused'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER report_guard BEFORE UPDATE ON complaints_report FOR EACH ROW EXECUTE FUNCTION guard_report();
"""
UNGUARD = """
DROP TRIGGER report_guard ON complaints_report;
DROP FUNCTION guard_report();
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
    dependencies = [("complaints", "0040_days_and_reports_are_signed_once")]
    operations = [
        migrations.RunSQL("\n".join(statements(create)), "\n".join(statements(drop))),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
