from django.db import migrations

# What was closed stays as it was.
FORWARD = """
CREATE TRIGGER billing_monthclose_no_delete BEFORE DELETE ON billing_monthclose
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER billing_monthclose_no_update BEFORE UPDATE ON billing_monthclose
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER billing_monthclose_no_truncate BEFORE TRUNCATE ON billing_monthclose
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
BACK = """
DROP TRIGGER billing_monthclose_no_delete ON billing_monthclose;
DROP TRIGGER billing_monthclose_no_update ON billing_monthclose;
DROP TRIGGER billing_monthclose_no_truncate ON billing_monthclose;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0061_months_are_closed"), ("core", "0002_history_only_grows")]
    operations = [migrations.RunSQL(FORWARD, BACK)]
