"""The look at the books, by the clock each night or by hand."""

from datetime import timedelta

from django.db import transaction

from billing import invariants
from billing.models import BooksCheck
from servicedesk.core import events
from servicedesk.core.duty import holders
from servicedesk.core.models import Community, Role
from servicedesk.core.notifications import notify

# The clock is woken several times a night; a look that is younger than this was of the same night.
SAME_NIGHT = timedelta(hours=12)


@transaction.atomic
def check_books(community, *, by, now):
    """Look at everything that must be true of the books of `community` and return the BooksCheck that keeps what was
    found. Finance is told of a break, by the first look that finds one. A query for each invariant, some hundreds of
    milliseconds with a hundred thousand bills."""
    before = BooksCheck.objects.filter(community=community).order_by("-at", "-id").first()
    found = [list(one) for one in invariants.breaks(community)]
    check = BooksCheck.objects.create(community=community, at=now, by=by, found=found)
    events.log(check, "books_checked", by=by, now=now, data={"broken": [name for name, _rows in found]})
    if found and not (before and before.found):
        told = [*holders(community, Role.FINANCE), *holders(community, Role.DEPUTY_GM)]
        data = {"count": len(found), "path": "/billing/check/"}
        notify(told, "books_broken", about=check, key=f"books_broken:{check.pk}", now=now, data=data)
    return check


def check_all_books(*, now):
    """Check the books of each community that the clock has not looked at this night; return the BooksChecks. Each in
    its own transaction."""
    looked = BooksCheck.objects.filter(by=None, at__gt=now - SAME_NIGHT).values("community")
    return [check_books(one, by=None, now=now) for one in Community.objects.exclude(pk__in=looked).order_by("pk")]
