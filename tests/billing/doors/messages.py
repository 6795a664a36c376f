"""Who may come in where: e-mails to residents. See tests/test_roles.py."""

DOORS = {
    "billing:mails": {"finance", "clerk", "supervisor", "deputy_gm", "cashier"},
    "billing:receipt_mail": {"cashier", "finance", "supervisor", "deputy_gm"},
}
