from django.db import migrations

# A line of the ledger lets two changes through: words of an erased person give way to the sentence for them, as before,
# and where two entries of the register become one, the line names the one that stays.
FORWARD = """
DROP TRIGGER residents_keymove_no_update ON residents_keymove;
CREATE TRIGGER residents_keymove_no_update BEFORE UPDATE ON residents_keymove FOR EACH ROW
    WHEN (OLD.person_id IS NOT DISTINCT FROM NEW.person_id)
    EXECUTE FUNCTION refuse_all_but_erasing('name', 'owner_said', 'reason', 'measure');

CREATE FUNCTION refuse_all_but_merging() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) - 'person_id' IS DISTINCT FROM to_jsonb(NEW) - 'person_id' OR NOT EXISTS (
        SELECT FROM residents_person WHERE id = OLD.person_id AND merged_into_id = NEW.person_id
    ) THEN
        RAISE EXCEPTION '% only grows: UPDATE is refused', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER residents_keymove_follows_merging BEFORE UPDATE ON residents_keymove FOR EACH ROW
    WHEN (OLD.person_id IS DISTINCT FROM NEW.person_id) EXECUTE FUNCTION refuse_all_but_merging();
"""
BACKWARD = """
DROP TRIGGER residents_keymove_follows_merging ON residents_keymove;
DROP FUNCTION refuse_all_but_merging();
DROP TRIGGER residents_keymove_no_update ON residents_keymove;
CREATE TRIGGER residents_keymove_no_update BEFORE UPDATE ON residents_keymove FOR EACH ROW
    EXECUTE FUNCTION refuse_all_but_erasing('name', 'owner_said', 'reason', 'measure');
"""
# Lines of entries that were merged before.
FOLLOW = """
UPDATE residents_keymove SET person_id = person.merged_into_id
    FROM residents_person person WHERE person.id = residents_keymove.person_id AND person.merged_into_id IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0080_registers_are_imported")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RunSQL(FOLLOW, migrations.RunSQL.noop),
    ]
