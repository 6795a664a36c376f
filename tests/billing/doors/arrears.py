"""Who may come in where: arrears. See tests/test_roles.py."""

READERS = {"finance", "clerk", "supervisor", "deputy_gm", "cashier"}
TALKERS = {"finance", "clerk"}
FINANCE = {"finance"}
DOORS = {
    "billing:arrears": READERS,
    "billing:arrears_file": FINANCE,
    "billing:arrears_notices": FINANCE,
    "billing:ladder": READERS,
    "billing:make_ladder": FINANCE,
    "billing:rule": FINANCE,
    "billing:set_rule": FINANCE,
    "billing:new_clause": FINANCE,
    "billing:clause": READERS,
    "billing:end_clause": FINANCE,
    "billing:void_clause": FINANCE,
    "billing:dispute": READERS,
    "billing:end_dispute": FINANCE,
    "billing:demand_letter": READERS,
    "billing:deliver_letter": FINANCE,
    "billing:demand_paper": FINANCE,
    "billing:demand_bundle": FINANCE,
    "billing:arrears_of": READERS,
    "billing:record_step": TALKERS,
    "billing:promise_payment": TALKERS,
    "billing:withdraw_promise": TALKERS,
    "billing:skip_step": FINANCE,
    "billing:write_letter": FINANCE,
    "billing:dispute_bill": TALKERS,
    "billing:pause_arrears": {"finance", "supervisor", "deputy_gm"},
    "billing:resume_arrears": FINANCE,
    "billing:issue_late_charge": FINANCE,
}
