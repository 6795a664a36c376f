"""Who may come in where: billing runs, bills and their papers. See tests/test_roles.py."""

DOORS = {}
