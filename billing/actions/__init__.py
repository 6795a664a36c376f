"""The verbs of fees, by subject."""

from billing.actions.access import GIVERS, GOOD_FOR, end_access, give_access, use_access
from billing.actions.bills import make_bill, replace_bill, take_over_balances
from billing.actions.closing import close_month, demand_open_month, unfinished
from billing.actions.runs import SILENT, go_on_with_run, silent_runs, start_run, stop_run, tariffs_for, work_on_run

__all__ = [
    "GIVERS",
    "GOOD_FOR",
    "SILENT",
    "close_month",
    "demand_open_month",
    "end_access",
    "give_access",
    "go_on_with_run",
    "make_bill",
    "replace_bill",
    "silent_runs",
    "start_run",
    "stop_run",
    "take_over_balances",
    "tariffs_for",
    "unfinished",
    "use_access",
    "work_on_run",
from billing.actions.cash import Means, take_payment, use_prepayment
from billing.actions.shifts import close_shift, open_shift

__all__ = [
    "Means",
    "close_shift",
    "open_shift",
    "take_payment",
    "use_prepayment",
]
