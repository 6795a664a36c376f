from django.db import migrations

# A demand interrupts limitation only where it reaches who owes (Civil Code 195), and nobody learns what others owe.
ONE_DEBTOR = """
CREATE FUNCTION refuse_other_debtor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM billing_demandletter AS letter, billing_bill AS bill
        WHERE letter.id = NEW.letter_id AND bill.id = NEW.bill_id
            AND letter.debtor_id IS DISTINCT FROM bill.debtor_id
    ) THEN
        RAISE EXCEPTION 'bill % is owed by another debtor than letter % is to', NEW.bill_id, NEW.letter_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'demand_line_is_of_the_debtor';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER demand_line_is_of_the_debtor BEFORE INSERT ON billing_demandline
    FOR EACH ROW EXECUTE FUNCTION refuse_other_debtor();
"""
ANY_DEBTOR = """
DROP TRIGGER demand_line_is_of_the_debtor ON billing_demandline;
DROP FUNCTION refuse_other_debtor();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0111_readings_are_billed_once")]
    operations = [migrations.RunSQL(ONE_DEBTOR, ANY_DEBTOR)]
