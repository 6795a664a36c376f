"""Who may come in where: the cashier, receipts and shifts. See tests/test_roles.py."""

READERS = {"cashier", "finance", "supervisor", "deputy_gm"}
TAKE = ("cashier", "take", "take_preview", "my_shift", "close_shift")
READ = (
    "settlement",
    "receipts",
    "receipt",
    "receipt_printed",
    "receipt_print",
    "shifts",
    "shift",
    "shift_print",
    "cash_day",
    "cash_day_print",
)

DOORS = {
    **{f"billing:{name}": {"cashier"} for name in TAKE},
    "billing:close_for_other": {"supervisor", "deputy_gm"},
    **{f"billing:{name}": READERS for name in READ},
}
