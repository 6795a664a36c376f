"""The pages of fees, a file a subject."""

from tests.browser.money import access, approvals, arrears, cashier, fees, figures, messages, runs

PARTS = (access, figures, fees, runs, cashier, approvals, arrears, messages)
VISITS = [visit for part in PARTS for visit in part.VISITS]
RESIDENTS = [*access.RESIDENTS, *messages.RESIDENTS]
NOT_PAGES = {name: why for part in PARTS for name, why in part.NOT_PAGES.items()}


def furnish(house, now):
    """Make the rows that the pages of fees show."""
    for part in PARTS:
        part.furnish(house, now)
