"""Who may come in where: arrears. See tests/test_roles.py."""

DOORS = {}
