"""The slips of a list and of a week as they are read, printed and taken out. Reads only."""

import datetime

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from residents.models import ReleaseSlip
from residents.models.moving import TAGS
from residents.rooms import key_of
from servicedesk.core.models import Event


def filtered(rows, facts, today):
    """Return the slips of `rows` that a filter asks for; what is past its days counts as expired whatever the row
    says."""
    if text := facts.get("q"):
        rows = rows.filter(Q(number__iendswith=text) | Q(unit__room_keys__contains=[key_of(text)]))
    status = facts.get("status")
    if not status:
        return rows
    over = Q(pk__in=ReleaseSlip.objects.over(today).values("pk"))
    expired = status == ReleaseSlip.Status.EXPIRED
    return rows.filter(Q(status=status) | over) if expired else rows.filter(status=status).exclude(over)


def tag_of(status):
    """Return the (colour, word) of a status of a slip."""
    return TAGS[status], status.label


def with_status(rows, today):
    """Return `rows` as a list, each with `shown`, its status on `today`, and the `mark` of it."""
    rows = list(rows)
    for row in rows:
        row.shown = row.status_on(today)
        row.mark = tag_of(row.shown)
    return rows


def of_week(community, monday, now):
    """Return the slips whose days begin in the week of `monday`, in the order of their numbers, each with how often it
    was turned away at the gate. Three queries."""
    sunday = monday + datetime.timedelta(days=6)
    found = ReleaseSlip.objects.filter(community=community, valid_on__range=(monday, sunday)).with_places()
    rows = with_status(found.prefetch_related("items").order_by("pk"), community.local(now).date())
    turned = Event.objects.filter(
        subject_type=ContentType.objects.get_for_model(ReleaseSlip),
        subject_id__in=[row.pk for row in rows],
        verb="slip_turned_away",
    )
    times = dict(turned.order_by().values("subject_id").annotate(n=Count("pk")).values_list("subject_id", "n"))
    for row in rows:
        row.turned_away = times.get(row.pk, 0)
    return rows


def header():
    """Return the names of the columns of a file of slips."""
    return [
        _("Number"),
        _("Room"),
        _("Who asks"),
        _("Relation to the home"),
        _("Things"),
        _("Valid from"),
        _("Valid until"),
        _("Number plate"),
        _("Status"),
        _("Approved by"),
        _("Let out at"),
        _("Let out by"),
        _("Turned away"),
        _("What differed"),
    ]


def cells(row, community):
    """Return the columns of one slip; its things are loaded before."""
    used_at = community.local(row.gate_checked_at) if row.gate_checked_at else None
    return [
        row.number,
        row.unit.label,
        row.who,
        row.get_relation_display(),
        "；".join(str(item) for item in row.items.all()),
        row.valid_on,
        row.valid_until,
        row.shown_plate,
        row.shown.label,
        str(row.decided_by or ""),
        used_at,
        str(row.gate_checked_by or ""),
        row.turned_away,
        row.gate_note,
    ]
