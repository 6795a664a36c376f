"""Who may come in where: what needs a second person, deposits and the check of the books. See tests/test_roles.py."""

ASKERS, DECIDERS = {"cashier", "finance"}, {"supervisor", "deputy_gm"}
DESK = {"clerk", "cashier", "finance"}
KINDS = ("void", "waiver", "reversal", "refund", "deduction", "deposit_refund")

DOORS = {
    "billing:requests": ASKERS | DECIDERS,
    **dict.fromkeys(["billing:request", "billing:request_slip"], ASKERS | DECIDERS),
    **{f"billing:request_{kind}": ASKERS for kind in KINDS},
    "billing:approve_request": DECIDERS,
    "billing:refuse_request": DECIDERS,
    "billing:withdraw_request": ASKERS,
    "billing:pay_out": {"cashier"},
    **dict.fromkeys(["billing:deposits", "billing:deposit"], DESK | DECIDERS),
    **dict.fromkeys(["billing:deposit_slip", "billing:deposit_settlement", "billing:deposit_photo"], DESK | DECIDERS),
    "billing:deposit_new": DESK,
    **dict.fromkeys(["billing:tell_payer", "billing:set_refund_day", "billing:void_deposit"], DESK),
    "billing:deposit_rules": {"admin"},
    "billing:take_rules": {"admin"},
    "billing:check": {"finance", "supervisor", "deputy_gm", "admin"},
}
