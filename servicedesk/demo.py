"""Who can sign in to the demo: the accounts that `load_demo` makes and `make run` shows."""

PASSWORD = "lantern-river-42"

# User name: what this person does, in English and in Chinese.
LOGINS = {
    "desk1": ("Front desk", "客服前台"),
    "desk2": ("Front desk", "客服前台"),
    "sup1": ("Supervisor of the desk", "客服主管"),
    "gm1": ("Deputy general manager", "副总经理"),
    "head1": ("Head of engineering", "工程部负责人"),
    "eng1": ("Repair worker", "维修工"),
    "guard1": ("Security guard", "秩序维护员"),
    "cash1": ("Cashier", "收银员"),
    "fin1": ("Finance", "财务"),
    "admin1": ("Administrator", "系统管理员"),
}
