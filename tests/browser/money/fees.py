"""The pages of fees, tariffs, enrolments, shared costs and discounts, each in every state worth looking at."""


def furnish(house, now):
    """Make the rows that these pages show, in the furnished house."""


VISITS = []
NOT_PAGES = {}
