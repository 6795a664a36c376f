"""Who may come in where: the bills on a resident's phone. See tests/test_roles.py."""

EVERYBODY = {"clerk", "supervisor", "deputy_gm", "head", "worker", "cashier", "finance", "admin", "none"}
EVERYBODY |= {"anonymous", "left"}
DOORS = {
    "billing:give_code": {"clerk", "supervisor", "cashier", "finance"},
    **{f"billing:p_{name}": EVERYBODY for name in ("enter", "bills", "bill", "receipt", "leave", "mail", "mail_stop")},
}
