from django.db import migrations

# One person decides, another takes the cash out of the drawer (section 30).
FORWARD = """
CREATE FUNCTION refuse_refund_by_approver() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM billing_moneyrequest WHERE id = NEW.request_id AND decided_by_id = NEW.by_id) THEN
        RAISE EXCEPTION 'who approved refund % does not give it back', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_is_not_by_its_approver';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refund_is_not_by_its_approver BEFORE INSERT ON billing_refund
    FOR EACH ROW EXECUTE FUNCTION refuse_refund_by_approver();
"""
BACK = "DROP TRIGGER refund_is_not_by_its_approver ON billing_refund; DROP FUNCTION refuse_refund_by_approver();"


class Migration(migrations.Migration):
    dependencies = [("billing", "0100_a_payment_gives_no_more_than_it_was")]
    operations = [migrations.RunSQL(FORWARD, BACK)]
