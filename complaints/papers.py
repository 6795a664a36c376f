"""What stands on papers about one case, cut to the size of their sheets. Reads only."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from complaints import incidents
from complaints.models import Quote
from servicedesk.core import masking
from servicedesk.core.models import Photo

# The paper of the desk's printer, and half a sheet for any other: the name of the sheet and its size.
SIZES = {"slip": _("241 × 140 mm"), "a5": "A5"}
# How many Chinese characters stand in a line, how many lines of the matter on the first sheet and on a later one.
WIDTH = {"slip": 50, "a5": 43}
FIRST_LINES, LATER_LINES = 5, 20


@dataclass(frozen=True)
class WorkOrder:
    """A job on paper: the matter on the first sheet, what is left of it on `later` ones, and what has to be known."""

    name: str
    matter: str
    later: list
    events: list
    price: Quote | None
    photos: int


def work_order(case, now, *, size="slip", with_phone=False):
    """Return the WorkOrder of `case` for a sheet of `size`. Four queries at the most.

    The resident signs it, so it holds nothing that is not for their eyes; telephone numbers only where one was asked
    for.
    """
    first, *later = sheets_of(matter(case) if with_phone else masking.mask_runs(matter(case)), width=WIDTH[size])
    agreed = Quote.objects.filter(case=case, cycle=case.cycle, answer=Quote.Answer.AGREED)
    return WorkOrder(
        name=called(case),
        matter=first,
        later=later,
        events=events_of(case, now),
        price=agreed.order_by("-id").first(),
        photos=Photo.objects.about(case).count(),
    )


def matter(case):
    """Return what a case is about, as it was told: the matter and what was said beyond it."""
    return "\n".join(filter(None, [case.summary, case.description]))


def called(case):
    """Return how a worker addresses who reported: the surname and the form of address, or the name with its end hidden.
    One query where the reporter is registered."""
    title = case.reporter.title if case.reporter_id else ""
    if case.reporter_name and title:
        return f"{case.reporter_name[:1]}{title}"
    return masking.mask_name(case.reporter_name) if case.reporter_name else ""


def events_of(case, now):
    """Return the known events that may be felt where the case is, the one that it is linked to first. One query, and
    one for that."""
    spot = incidents.spot_of(case.unit) if case.unit_id else incidents.Spot(building=case.building_id)
    found = incidents.touching(incidents.known(now, case.community_id), spot, case.category)
    linked = [case.incident] if case.incident_id else []
    return linked + [one for one in found if one.pk != case.incident_id]


def sheets_of(text, *, width, first=FIRST_LINES, later=LATER_LINES):
    """Return `text` in the parts that fit on a first sheet and on later ones; `width` is Chinese characters in a line.
    There is always a first one. No query."""
    sheets, room = [[]], first
    for line in _lines(text, width):
        if not room:
            sheets.append([])
            room = later
        sheets[-1].append(line)
        room -= 1
    return ["".join(lines).strip("\n") for lines in sheets]


def _lines(text, width):
    """Yield the lines as a sheet breaks them; a Latin letter takes half the room of a Chinese one."""
    for paragraph in text.splitlines(keepends=True):
        line, room = "", 2 * width
        for letter in paragraph.rstrip("\n"):
            takes = 1 if letter < "\u2000" else 2
            if takes > room:
                yield line
                line, room = "", 2 * width
            line += letter
            room -= takes
        yield line + "\n"
