from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Fees")

    def ready(self):
        from billing import clearing, personal, words
        from billing import numbering, personal
        from billing import invariants, personal, words
        from billing.models import Bill, Deposit, Receipt
        from billing import personal
        from billing.models import Bill, DemandLetter, Deposit, Receipt
        from complaints.personal import NOT_HELD
        from residents.actions.merging import MOVED
        from servicedesk.core import numbers

        words.register()
        clearing.register()
        if invariants.first_gap not in numbers.CHECKS:
            numbers.CHECKS.append(invariants.first_gap)
        NOT_HELD.update(personal.NOT_HELD)
        # What money says of a person follows their entry when two entries become one.
        MOVED.extend(pair for pair in [(Bill, "debtor"), (Receipt, "payer"), (Deposit, "payer")] if pair not in MOVED)
        for check in (numbering.first_receipt_gap, numbering.first_shift_gap):
            if check not in numbers.CHECKS:
                numbers.CHECKS.append(check)
        pairs = [(Bill, "debtor"), (Receipt, "payer"), (Deposit, "payer"), (DemandLetter, "debtor")]
        MOVED.extend(pair for pair in pairs if pair not in MOVED)
