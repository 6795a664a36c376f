"""One state of one page, and what leads to it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse


@dataclass(frozen=True)
class Visit:
    """One state of one page.

    `who` is a name of the cast (tests/browser/rows.py), or None for a resident. `case` puts the number of a case into
    the address, `link` the token by which its resident follows it. `begin(house)` returns (client, address) where a
    page needs more than that. `then(page)` does what leads to the state; the page answers `status`, also to that.
    """

    name: str
    who: str | None = None
    state: str = ""
    case: str = ""
    link: str = ""
    query: str = ""
    begin: Callable | None = None
    then: Callable | None = None
    status: int = 200

    def __str__(self):
        return " ".join(filter(None, [self.name, self.who, self.state or self.case or self.link, self.query]))

    def start(self, house):
        """Return (client or None, address) to open."""
        if self.begin:
            return self.begin(house)
        args = [house.cases[self.case].number] if self.case else [house.link(self.link)] if self.link else []
        address = reverse(self.name, args=args) + self.query
        return house.client(self.who) if self.who else None, address


def send(button, **typed):
    """Return what fills in fields by name and presses `button` (a selector), and waits for the answer."""

    def then(page):
        for name, value in typed.items():
            page.locator(f"[name={name}]").first.fill(value)
        with page.expect_navigation():
            page.locator(button).first.click()

    return then
