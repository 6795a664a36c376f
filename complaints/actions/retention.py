"""Removing what is past its time, every night, and setting how long that is."""

import datetime

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from complaints import retention
from complaints.actions import erasing
from complaints.models import IntakeDraft, RetentionRule
from complaints.permissions import demand_in
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.models import Community, Notification, Photo

CHUNK = 1000
# How long a file that a stopped process left behind is looked for again.
AGAIN = datetime.timedelta(days=3)


@transaction.atomic
def set_retention(community, key, *, days, source, by, now):
    """Set how many days a class of data is kept; the next run goes by it. Raises Refused below the shortest period."""
    demand_in(by, "set_retention", community)
    kind = retention.CLASSES[key]
    if days < kind.least:
        raise Refused(_("This data is kept for %(days)s days at least.") % {"days": kind.least})
    was = next(period for period in retention.periods(community) if period.kind is kind)
    facts = {"days": days, "source": source, "changed_by": by, "changed_at": now}
    RetentionRule.objects.update_or_create(community=community, key=key, defaults=facts)
    data = {"class": key, "was": was.days, "days": days}
    events.log(community, "retention_set", by=by, now=now, note=source, data=data)


def apply_retention(*, now):
    """Erase or mask what is past its time in every community; return {class: rows}.

    In chunks of 1,000 rows, each a transaction of its own with one event of the community that counts them, so that
    what was stopped goes on with the next run. What still runs, or what something that runs rests on, is left alone.
    """
    total = {}
    for community in Community.objects.order_by("pk"):
        for period in retention.periods(community):
            while count := _apply(community, period, now):
                total[period.kind.key] = total.get(period.kind.key, 0) + count
                if count < CHUNK:
                    break
    # A process that was stopped between the commit and the file has left the file.
    for name in Photo.objects.filter(erased_at__gt=now - AGAIN).values_list("name", flat=True):
        default_storage.delete(name)
    return total


@transaction.atomic
def _apply(community, period, now):
    due = period.due(community, now)
    keys = list(
        due.select_for_update(skip_locked=True, of=("self",)).order_by("pk").values_list("pk", flat=True)[:CHUNK]
    )
    if keys:
        REMOVERS[period.kind.key](keys, now)
        data = {"class": period.kind.key, "count": len(keys), "days": period.days}
        events.log(community, "retention_applied", by=None, now=now, data=data)
    return len(keys)


# How the rows of each class are removed.
REMOVERS = {
    "photos": lambda keys, now: erasing.erase_photos(Photo.objects.filter(pk__in=keys), now=now),
    "contacts": lambda keys, now: erasing.mask_contacts(keys, now=now),
    "moved": lambda keys, now: erasing.mask_people(keys, now=now),
    "asked": lambda keys, now: erasing.erase_cases(keys, now=now),
    "left": lambda keys, now: erasing.erase_people(keys, now=now),
    "cases": lambda keys, now: erasing.erase_cases(keys, now=now),
    "letters": lambda keys, now: erasing.erase_letters(keys),
    "calls": lambda keys, now: erasing.erase_calls(keys),
    "surveys": lambda keys, now: erasing.erase_answers(keys),
    "outbox": lambda keys, now: erasing.erase_messages(Notification.objects.filter(pk__in=keys)),
    "moves": lambda keys, now: erasing.erase_moves(keys),
    "slips": lambda keys, now: erasing.erase_slips(keys),
    "loans": lambda keys, now: erasing.erase_rows("residents.KeyLoan", keys, now=now),
    "keys": lambda keys, now: erasing.erase_rows("residents.KeyMove", keys, now=now),
    "passes": lambda keys, now: erasing.erase_rows("residents.Credential", keys, now=now),
    "visits": lambda keys, now: erasing.erase_visits(keys, now=now),
    "plates": lambda keys, now: erasing.erase_rows("residents.Plate", keys, now=now),
    "handovers": lambda keys, now: erasing.erase_handovers(keys, now=now),
    "named": lambda keys, now: erasing.erase_contacts(keys),
    "meters": lambda keys, now: erasing.erase_photos(Photo.objects.filter(pk__in=keys), now=now),
    "drafts": lambda keys, now: IntakeDraft.objects.filter(pk__in=keys).delete(),
}
