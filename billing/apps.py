from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Fees")

    def ready(self):
        from billing import clearing, personal, words
        from billing.models import Bill, Deposit, Receipt
        from complaints.personal import NOT_HELD
        from residents.actions.merging import MOVED

        words.register()
        clearing.register()
        NOT_HELD.update(personal.NOT_HELD)
        # What money says of a person follows their entry when two entries become one.
        MOVED.extend(pair for pair in [(Bill, "debtor"), (Receipt, "payer"), (Deposit, "payer")] if pair not in MOVED)
