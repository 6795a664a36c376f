"""Who may come in where: the figures of fees. See tests/test_roles.py."""

READERS = {"finance", "supervisor", "deputy_gm"}
DOORS = {
    **{f"billing:figures{end}": READERS for end in ("", "_of", "_excel")},
    "billing:close_month": {"finance"},
}
