from django.db import migrations

FORWARD = """
CREATE TRIGGER complaints_proposal_no_delete BEFORE DELETE ON complaints_proposal
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER complaints_proposal_no_truncate BEFORE TRUNCATE ON complaints_proposal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER complaints_proposal_decided_once BEFORE UPDATE ON complaints_proposal
    FOR EACH ROW WHEN (OLD.decision <> '') EXECUTE FUNCTION refuse_change();
"""
BACKWARD = """
DROP TRIGGER complaints_proposal_decided_once ON complaints_proposal;
DROP TRIGGER complaints_proposal_no_truncate ON complaints_proposal;
DROP TRIGGER complaints_proposal_no_delete ON complaints_proposal;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0007_proposals_are_decided_by_two"),
        ("core", "0002_history_only_grows"),
    ]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
