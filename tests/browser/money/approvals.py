"""The pages of what needs a second person, deposits and the check of the books, in every state worth looking at."""


def furnish(house, now):
    """Make the rows that these pages show, in the furnished house."""


VISITS = []
NOT_PAGES = {}
