"""Who may come in where: what needs a second person, deposits and the check of the books. See tests/test_roles.py."""

DOORS = {}
