"""The verbs of fees, by subject."""

from billing.actions.access import GIVERS, GOOD_FOR, end_access, give_access, use_access

__all__ = [
    "GIVERS",
    "GOOD_FOR",
    "end_access",
    "give_access",
    "use_access",
]
