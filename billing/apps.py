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
        numbers.CHECKS.join(*numbering.GAPS)
        # What money says of a person follows their entry when two entries become one.
        MOVED.join((Bill, "debtor"), (DemandLetter, "debtor"), (BillAccess, "person"), (Message, "person"))
        MOVED.join((Receipt, "payer"), (Deposit, "payer"))
