"""Who may come in where: statements of banks and apps, and their lines. See tests/test_roles.py."""

READERS = {"cashier", "finance", "supervisor", "deputy_gm"}
MATCHERS = {"cashier", "finance"}
READ = ("statements", "statement", "statement_waiting", "statement_line")
MATCH = (
    "statement_upload",
    "statement_columns",
    "statement_heading",
    "statement_faults",
    "take_statement",
    "give_up_statement",
    "link_line",
    "set_line_aside",
    "bring_line_back",
)

DOORS = {
    **{f"billing:{name}": READERS for name in READ},
    **{f"billing:{name}": MATCHERS for name in MATCH},
    "billing:take_line": {"cashier"},
}
