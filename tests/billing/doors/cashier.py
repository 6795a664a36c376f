"""Who may come in where: the cashier, receipts and shifts. See tests/test_roles.py."""

DOORS = {}
