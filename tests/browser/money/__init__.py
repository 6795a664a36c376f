"""The pages of fees, a file a subject."""

from tests.browser.money import access, approvals, arrears, cashier, fees, figures, messages, runs, statements

PARTS = (access, figures, fees, runs, cashier, approvals, arrears, messages, statements)
VISITS = [visit for part in PARTS for visit in part.VISITS]
RESIDENTS = [*access.RESIDENTS, *cashier.RESIDENTS, *messages.RESIDENTS]
NOT_PAGES = {name: why for part in PARTS for name, why in part.NOT_PAGES.items()}


def furnish(house, now):
    """Make the rows that the pages of fees show."""
    for part in PARTS:
        part.furnish(house, now)
