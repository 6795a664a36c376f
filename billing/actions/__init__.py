"""The verbs of fees, by subject."""

from billing.actions.access import GIVERS, GOOD_FOR, end_access, give_access, use_access
from billing.actions.arrears import (
    add_clause,
    deliver_letter,
    dispute_bill,
    end_dispute,
    issue_late_charge,
    log_arrears_file,
    make_ladder,
    pause_arrears,
    promise_payment,
    record_notices,
    record_step,
    resume_arrears,
    set_rule,
    skip_step,
    write_letter,
)
from billing.actions.bills import make_bill, replace_bill, take_over_balances
from billing.actions.cash import Means, count_print, take_payment, use_prepayment
from billing.actions.checking import check_all_books, check_books
from billing.actions.closing import close_month, demand_open_month, unfinished
from billing.actions.deposits import (
    ask_for_deposit,
    set_deposit_rule,
    set_refund_day,
    take_rule_pack,
    tell_payer,
    void_deposit,
)
from billing.actions.discounts import approve_discount, ask_discount, end_discount, refuse_discount, withdraw_discount
from billing.actions.dunning import advance_arrears
from billing.actions.enrolments import end_enrolment, enrol
from billing.actions.fees import create_fee, rename_fee, switch_fee
from billing.actions.messages import mail_receipt
from billing.actions.requests import approve_request, ask_for, pay_out, print_slip, refuse_request, withdraw_request
from billing.actions.runs import SILENT, go_on_with_run, silent_runs, start_run, stop_run, tariffs_for, work_on_run
from billing.actions.shared_costs import enter_cost, void_cost
from billing.actions.shifts import close_shift, open_shift
from billing.actions.tariffs import set_tariff, void_tariff

__all__ = [
    "GIVERS",
    "GOOD_FOR",
    "SILENT",
    "Means",
    "add_clause",
    "advance_arrears",
    "approve_discount",
    "approve_request",
    "ask_discount",
    "ask_for",
    "ask_for_deposit",
    "check_all_books",
    "check_books",
    "close_month",
    "close_shift",
    "count_print",
    "create_fee",
    "deliver_letter",
    "demand_open_month",
    "dispute_bill",
    "end_access",
    "end_discount",
    "end_dispute",
    "end_enrolment",
    "enrol",
    "enter_cost",
    "give_access",
    "go_on_with_run",
    "issue_late_charge",
    "log_arrears_file",
    "mail_receipt",
    "make_bill",
    "make_ladder",
    "open_shift",
    "pause_arrears",
    "pay_out",
    "print_slip",
    "promise_payment",
    "record_notices",
    "record_step",
    "refuse_discount",
    "refuse_request",
    "rename_fee",
    "replace_bill",
    "resume_arrears",
    "set_deposit_rule",
    "set_refund_day",
    "set_rule",
    "set_tariff",
    "silent_runs",
    "skip_step",
    "start_run",
    "stop_run",
    "switch_fee",
    "take_over_balances",
    "take_payment",
    "take_rule_pack",
    "tariffs_for",
    "tell_payer",
    "unfinished",
    "use_access",
    "use_prepayment",
    "void_cost",
    "void_deposit",
    "void_tariff",
    "withdraw_discount",
    "withdraw_request",
    "work_on_run",
    "write_letter",
]
