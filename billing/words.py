"""What history and messages say of fees: one sentence for each verb and kind, in the reader's language."""

from django.utils.translation import gettext_lazy as _

from billing import mailing
from residents.words import VERBS
from servicedesk.core.notifications import KINDS, Words

VERBS_OF_FEES = {
    "money_asked": _("Request made"),
    "money_approved": _("Approved"),
    "money_refused": _("Not approved"),
    "money_withdrawn": _("Withdrawn"),
    "money_paid_out": _("Money given back"),
    "slip_printed": _("Approval slip printed"),
    "bill_voided": _("Bill voided"),
    "bill_waived": _("A part of the bill waived"),
    "receipt_voided": _("Receipt taken back"),
    "deposit_asked": _("Deposit asked for"),
    "deposit_voided": _("Deposit voided"),
    "deposit_due": _("Day of the refund set"),
    "deposit_deducted": _("Deducted from the deposit"),
    "deposit_refunded": _("Given back"),
    "deposit_rule_set": _("Rule for deposits set"),
    "fee_renamed": _("Renamed"),
    "deposit_told": _("Payer told of the deduction"),
    "bill_code_given": _("Code for bills given"),
    "bill_code_used": _("Code for bills used"),
    "receipt_mailed": _("Receipt sent by e-mail"),
}
VERBS_OF_ARREARS = {
    "arrears_opened": _("Arrears opened"),
    "arrears_closed": _("All paid: arrears closed"),
    "arrears_step": _("Step taken"),
    "arrears_skipped": _("Step left out"),
    "arrears_paused": _("Ladder paused"),
    "arrears_resumed": _("Ladder goes on"),
    "promised": _("Promise to pay recorded"),
    "promise_kept": _("Promise kept"),
    "promise_broken": _("Promise broken"),
    "promise_withdrawn": _("Promise taken back"),
    "disputed": _("Bill disputed"),
    "dispute_ended": _("Dispute ended"),
    "demanded": _("Demand letter written"),
    "demand_delivered": _("Demand letter delivered"),
    "clause_added": _("Clause entered"),
    "clause_ended": _("End of the clause set"),
    "clause_voided": _("Clause voided"),
}
SEE_BILLS = _(
    "See each bill and how it was counted here, with a code from the service centre (%(phone)s): %(link)s\n\n"
    "If you have paid meanwhile: thank you. If something is not right, please tell us; repairs and all other services "
    "go on as ever. You want no such e-mails any more? End them on the page of your bills, or call us."
)
VERBS_OF_STATEMENTS = {
    "statement_uploaded": _("File uploaded"),
    "statement_heading": _("Beginning of the table chosen"),
    "statement_mapped": _("Columns chosen"),
    "statement_taken": _("Lines taken"),
    "statement_given_up": _("Given up"),
    "line_matched": _("Found to be a recorded payment"),
    "line_taken": _("Taken for a home"),
    "line_set_aside": _("Set aside"),
    "line_brought_back": _("Brought back"),
}
KINDS_OF_FEES = {
    "books_broken": Words(_("The check of the books found %(count)s things that are not right")),
    "money_asked_reversal": Words(_("Taking back a receipt of %(amount)s yuan of %(unit)s waits for your approval")),
    "money_asked_refund": Words(_("A refund of %(amount)s yuan prepaid by %(unit)s waits for your approval")),
    "money_asked_waiver": Words(_("A waiver of %(amount)s yuan for %(unit)s waits for your approval")),
    "money_asked_void_bill": Words(_("Voiding a bill of %(amount)s yuan of %(unit)s waits for your approval")),
    "money_asked_deduction": Words(
        _("A deduction of %(amount)s yuan from a deposit of %(unit)s waits for your approval")
    ),
    "money_asked_deposit_refund": Words(
        _("A refund of %(amount)s yuan of a deposit of %(unit)s waits for your approval")
    ),
    "money_approved": Words(_("What you asked for %(unit)s, %(amount)s yuan, is approved")),
    "money_refused": Words(
        _("What you asked for %(unit)s, %(amount)s yuan, is not approved; the reason is on its page")
    ),
    "money_to_pay_out": Words(_("%(amount)s yuan for %(unit)s are approved and can be given back")),
    "arrears_today": Words(_("Arrears: %(count)s homes wait for a step today")),
    "claims_end": Words(_("Arrears: the claim on %(count)s bills ends soon; send a demand letter in time")),
    "discount_asked": Words(_("A discount of %(percent)s %% for %(unit)s waits for your approval")),
    "discount_approved": Words(_("The discount of %(percent)s %% that you asked for %(unit)s is approved")),
    "discount_refused": Words(
        _("The discount of %(percent)s %% that you asked for %(unit)s is not approved; the reason is on its page")
    ),
    "bills_issued": Words(
        _("Bills of %(unit)s for %(months)s: %(amount)s yuan, please pay by %(due_on)s"),
        SEE_BILLS,
        check=mailing.check_bills,
    ),
    "bills_due": Words(
        _("A friendly reminder for %(unit)s: %(amount)s yuan are due on %(due_on)s"),
        SEE_BILLS,
        check=mailing.check_before_due,
    ),
    "bills_overdue": Words(
        _("For %(unit)s %(amount)s yuan are still to be paid, due since %(due_on)s"),
        SEE_BILLS,
        check=mailing.check_ladder,
    ),
    "receipt_made": Words(
        _("Receipt %(number)s for %(unit)s: %(amount)s yuan, thank you"),
        _(
            "You can see it here, with a code from the service centre (%(phone)s): %(link)s\n\n"
            "You want no such e-mails any more? End them on the page of your bills, or call us."
        ),
        check=mailing.check_receipt,
    ),
    "bill_code": Words(
        _("Your code for the bills of %(unit)s: %(code)s"),
        _("It is good once and for half an hour. If you have not asked for it, please call the service centre."),
    ),
}


def register():
    """Add the verbs and kinds of this app to those that pages and the outbox know."""
    VERBS.update(VERBS_OF_FEES | VERBS_OF_ARREARS | VERBS_OF_STATEMENTS)
    KINDS.update(KINDS_OF_FEES)
