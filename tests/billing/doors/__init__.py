"""Who may come in where, of fees: joined into the one table of tests/test_roles.py."""

from tests.billing.doors import access, approvals, arrears, cashier, fees, figures, messages, runs, statements

PARTS = (access, figures, fees, runs, cashier, approvals, arrears, messages, statements)
DOORS = {name: roles for part in PARTS for name, roles in part.DOORS.items()}
