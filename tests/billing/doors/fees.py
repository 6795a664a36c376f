"""Who may come in where: fees, tariffs, enrolments, shared costs and discounts. See tests/test_roles.py."""

DOORS = {}
