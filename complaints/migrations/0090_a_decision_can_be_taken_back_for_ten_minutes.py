from django.db import migrations, models

# What was decided stays as it is, but for two changes: the same decision taken back within ten minutes, with the moment
# in `undone_at`; and words that give way to the sentence for an erased person's data, as in 0071.
ERASED = "个人信息已删除 (personal data erased)"
FORWARD = f"""
CREATE FUNCTION guard_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was complaints_proposal := OLD;
BEGIN
    IF NEW.decision = '' AND NEW.undone_at BETWEEN OLD.decided_at AND OLD.decided_at + interval '10 minutes' THEN
        was.decision := ''; was.decided_by_id := NULL; was.decided_at := NULL; was.note := '';
        was.undone_at := NEW.undone_at;
    END IF;
    IF NEW.text = '{ERASED}' THEN was.text := NEW.text; END IF;
    IF NEW.answer = '{ERASED}' THEN was.answer := NEW.answer; END IF;
    IF NEW.note = '{ERASED}' THEN was.note := NEW.note; END IF;
    IF was IS DISTINCT FROM NEW THEN
        RAISE EXCEPTION 'complaints_proposal is decided once: UPDATE is refused'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER complaints_proposal_decided_once ON complaints_proposal;
CREATE TRIGGER complaints_proposal_decided_once BEFORE UPDATE ON complaints_proposal
    FOR EACH ROW WHEN (OLD.decision <> '') EXECUTE FUNCTION guard_proposal();
"""
BACKWARD = """
DROP TRIGGER complaints_proposal_decided_once ON complaints_proposal;
CREATE TRIGGER complaints_proposal_decided_once BEFORE UPDATE ON complaints_proposal
    FOR EACH ROW WHEN (OLD.decision <> '') EXECUTE FUNCTION refuse_all_but_erasing('text', 'answer', 'note');
DROP FUNCTION guard_proposal();
"""


class Migration(migrations.Migration):
    dependencies = [("complaints", "0082_problems_are_gathered_and_proposed")]
    operations = [
        migrations.AddField("proposal", "undone_at", models.DateTimeField(null=True)),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
