"""What history and messages say of fees: one sentence for each verb and kind, in the reader's language."""

from django.utils.translation import gettext_lazy as _

from residents.words import VERBS
from servicedesk.core.notifications import KINDS, Words

VERBS_OF_FEES = {
    "bill_code_given": _("Code for bills given"),
    "bill_code_used": _("Code for bills used"),
}
KINDS_OF_FEES = {
    "bill_code": Words(
        _("Your code for the bills of %(unit)s: %(code)s"),
        _("It is good once and for half an hour. If you have not asked for it, please call the service centre."),
    ),
}


def register():
    """Add the verbs and kinds of this app to those that pages and the outbox know."""
    VERBS.update(VERBS_OF_FEES)
    KINDS.update(KINDS_OF_FEES)
