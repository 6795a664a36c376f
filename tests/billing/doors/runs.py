"""Who may come in where: billing runs, bills and their papers. See tests/test_roles.py."""

READERS = {"finance", "cashier", "clerk", "supervisor", "deputy_gm"}

DOORS = {
    **{f"billing:run{end}": {"finance"} for end in ("s", "", "_new", "_progress", "_stop", "_go_on", "_print")},
    "billing:run_left_out": {"finance"},
    "billing:exemptions": {"finance", "supervisor", "deputy_gm"},
    **dict.fromkeys(["billing:bills", "billing:bill", "billing:notices"], READERS),
    **{f"billing:{name}": {"finance"} for name in ("bill_new", "bill_replace", "balances_bill")},
}
