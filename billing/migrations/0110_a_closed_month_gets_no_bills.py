from django.db import migrations, models

# The lock of `servicedesk.core.alone.MONTHS`: a bill and the end of its month do not pass each other. A bill is looked at
# once its statement is done, all of them together, so that a run pays nothing for each.
FORWARD = """
CREATE FUNCTION refuse_bill_of_closed_month() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closed text;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(4344915, one.community_id::int)
    FROM (SELECT DISTINCT community_id FROM made ORDER BY 1) AS one;
    SELECT to_char(c.month, 'YYYY-MM') INTO closed FROM billing_monthclose c
    JOIN (SELECT DISTINCT community_id, month FROM made) AS one USING (community_id, month) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the month % is closed and gets no bills', closed
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bill_is_of_an_open_month';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER bill_is_of_an_open_month AFTER INSERT ON billing_bill
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION refuse_bill_of_closed_month();
CREATE FUNCTION close_months_alone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4344915, NEW.community_id::int);
    RETURN NEW;
END $$;
CREATE TRIGGER month_close_waits_for_bills BEFORE INSERT ON billing_monthclose
    FOR EACH ROW EXECUTE FUNCTION close_months_alone();
"""
BACK = """
DROP TRIGGER month_close_waits_for_bills ON billing_monthclose;
DROP FUNCTION close_months_alone();
DROP TRIGGER bill_is_of_an_open_month ON billing_bill;
DROP FUNCTION refuse_bill_of_closed_month();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0102_a_clause_may_put_the_principal_first")]
    operations = [
        migrations.RemoveConstraint(model_name="bill", name="bill_is_of_a_period"),
        migrations.AddConstraint(
            model_name="bill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("month__day", 1),
                    ("to_on__gte", models.F("from_on")),
                    models.Q(("from_on__gte", models.F("month")), ("tariff__isnull", True), _connector="OR"),
                ),
                name="bill_is_of_a_period",
            ),
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
