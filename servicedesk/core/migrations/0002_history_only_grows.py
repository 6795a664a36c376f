from django.db import migrations

# The database refuses what no action does: changing or removing history. Sealing an event and blanking the words of
# an erased person are the two changes that are let through.
FORWARD = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION guard_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was core_event := OLD;
BEGIN
    IF OLD.seal IS NULL AND NEW.seal IS NOT NULL THEN
        was.seal := NEW.seal; was.previous_hash := NEW.previous_hash; was.hash := NEW.hash;
    ELSIF NEW.note = '' AND NEW.salt = '' THEN
        was.note := ''; was.salt := '';
    END IF;
    IF was IS DISTINCT FROM NEW THEN
        RAISE EXCEPTION 'core_event only grows: UPDATE is refused' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER event_guard BEFORE UPDATE ON core_event FOR EACH ROW EXECUTE FUNCTION guard_event();
CREATE TRIGGER event_no_delete BEFORE DELETE ON core_event FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON core_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
BACKWARD = """
DROP TRIGGER event_guard ON core_event;
DROP TRIGGER event_no_delete ON core_event;
DROP TRIGGER event_no_truncate ON core_event;
DROP FUNCTION guard_event();
DROP FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0001_ground")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
