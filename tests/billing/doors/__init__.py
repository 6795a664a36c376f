"""Who may come in where, of fees: joined into the one table of tests/test_roles.py."""

from tests.billing.doors import approvals, arrears, cashier, fees, runs

DOORS = {name: roles for part in (fees, runs, cashier, approvals, arrears) for name, roles in part.DOORS.items()}
