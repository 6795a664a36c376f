"""The verbs of fees, by subject."""

from billing.actions.access import GIVERS, GOOD_FOR, end_access, give_access, use_access

__all__ = [
    "GIVERS",
    "GOOD_FOR",
    "end_access",
    "give_access",
    "use_access",
]
from billing.actions.runs import go_on_with_run, silent_runs, start_run, stop_run, work_on_run

__all__ = ["go_on_with_run", "silent_runs", "start_run", "stop_run", "work_on_run"]
