from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Fees")

    def ready(self):
        from billing import clearing, day_close, numbering, personal, portable, words
        from billing.models import Bill, BillAccess, DemandLetter, Deposit, Message, Receipt
        from complaints.personal import NOT_HELD
        from residents.actions.merging import MOVED
        from servicedesk.core import numbers

        words.register()
        clearing.register()
        day_close.register()
        portable.register()
        NOT_HELD.update(personal.NOT_HELD)
        for check in (
            numbering.first_receipt_gap,
            numbering.first_shift_gap,
            numbering.first_refund_gap,
            numbering.first_deposit_gap,
            numbering.first_bill_gap,
        ):
            if check not in numbers.CHECKS:
                numbers.CHECKS.append(check)
        # What money says of a person follows their entry when two entries become one.
        debtors, payers = [(Bill, "debtor"), (DemandLetter, "debtor")], [(Receipt, "payer"), (Deposit, "payer")]
        pairs = [*debtors, *payers, (BillAccess, "person"), (Message, "person")]
        MOVED.extend(pair for pair in pairs if pair not in MOVED)
