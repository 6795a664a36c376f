from django.db import migrations

# What goes back of a deposit goes back of its payments, too: all refunds of one payment are at most what it was.
FORWARD = """
CREATE FUNCTION refuse_refund_beyond_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    most numeric;
BEGIN
    SELECT amount INTO most FROM billing_payment WHERE id = NEW.payment_id FOR NO KEY UPDATE;
    IF most < NEW.amount + (SELECT coalesce(sum(amount), 0) FROM billing_refund WHERE payment_id = NEW.payment_id) THEN
        RAISE EXCEPTION 'payment % was % yuan, and no more goes back', NEW.payment_id, most
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_gives_no_more_than_came';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refund_gives_no_more_than_came BEFORE INSERT ON billing_refund
    FOR EACH ROW WHEN (NEW.payment_id IS NOT NULL) EXECUTE FUNCTION refuse_refund_beyond_payment();
"""
BACK = "DROP TRIGGER refund_gives_no_more_than_came ON billing_refund; DROP FUNCTION refuse_refund_beyond_payment();"


class Migration(migrations.Migration):
    dependencies = [("billing", "0090_residents_are_told_by_mail")]
    operations = [migrations.RunSQL(FORWARD, BACK)]
