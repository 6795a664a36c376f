"""Reads of meters that are too big for a queryset, and the rules of who may do what with a reading. No writes."""

import itertools
from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from residents import consumption, rooms, voiding
from residents.models import Meter, MeterRule, MissedReading, Reading, ReadingRound
from servicedesk.core import kept
from servicedesk.core.models import Photo, Role
from servicedesk.core.roles import roles_in

OFFICE = (Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM)
# Who walks the route: the head and the workers of engineering.
ENGINEERS = ((Role.HEAD, "engineering"), (Role.WORKER, "engineering"))
SEES = (*OFFICE, *ENGINEERS)
ENTERS = (Role.CLERK, *ENGINEERS)
# Who keeps the register of meters and opens and closes the rounds.
KEEPS = (Role.CLERK, Role.SUPERVISOR, (Role.HEAD, "engineering"))
EXPLAINS = (*ENTERS, Role.SUPERVISOR)
JUDGES = (Role.SUPERVISOR,)


def rule_of(community_id):
    """Return the MeterRule of a community, or that of the house where it has none of its own. One query."""
    return MeterRule.objects.filter(community=community_id).first() or MeterRule(community_id=community_id)


def dial_of(meter):
    """Return the Dial of a meter."""
    return consumption.Dial(meter.max_value, meter.step, meter.multiplier)


def may_judge(user, community_id):
    """Return whether `user` may confirm an odd reading and void one of somebody else."""
    return bool(roles_in(user, community_id) & set(JUDGES))


def may_void(reading, user, now):
    """Return whether `user` may void `reading` now: a supervisor what somebody else recorded, and whoever recorded it
    for ten minutes (ruling 11)."""
    return voiding.may_void(user, reading.community_id, author=reading.by_id, since=reading.recorded_at, now=now)


def last_of(meter):
    """Return the last standing reading of a meter, or None. One query."""
    return Reading.objects.standing().filter(meter=meter).newest().first()


def with_last(meters):
    """Return `meters` with value, moment and consumption of the last standing reading of each."""
    last = Reading.objects.standing().filter(meter=OuterRef("pk")).newest()
    return meters.annotate(
        last_value=Subquery(last.values("value")[:1]),
        last_at=Subquery(last.values("at")[:1]),
        last_consumption=Subquery(last.values("consumption")[:1]),
        last_is_odd=Subquery(last.filter(is_outlier=True, confirmed_at=None).values("pk")[:1]),
    )


def with_reason(meters, reading_round):
    """Return `meters` with why each was missed last in a round, and when."""
    missed = MissedReading.objects.filter(round=reading_round, meter=OuterRef("pk")).order_by("-id")
    return meters.annotate(
        missed_reason=Subquery(missed.values("reason")[:1]),
        missed_note=Subquery(missed.values("note")[:1]),
        missed_at=Subquery(missed.values("at")[:1]),
    )


def reason_words(value):
    """Return the words of the reason for a missed reading, or "" for none."""
    return MissedReading.Reason(value).label if value else ""


PAGE = 50


def asked_for(community, *, q="", building="", resource="", state=""):
    """Return the meters of a community that a filter asks for, in the order of the route."""
    rows = community.meters.all()
    narrow = {
        "missing": rows.not_entered,
        "odd": rows.odd,
        "no_base": rows.without_base,
        "removed": rows.removed,
    }
    rows = narrow.get(state, rows.in_place)()
    if building:
        rows = rows.filter(building=building)
    if resource:
        rows = rows.filter(resource=resource)
    if q:
        rows = rows.filter(Q(serial__icontains=q) | Q(unit__room_keys__contains=[rooms.key_of(q)]))
    return rows.on_route()


def page_of(rows, number):
    """Return (the rows of a page, number of the page before or 0, number of the next one or 0). One query."""
    start = (number - 1) * PAGE
    found = list(rows[start : start + PAGE + 1])
    return found[:PAGE], number - 1, number + 1 if len(found) > PAGE else 0


def open_rounds(community):
    """Return the rounds of a community that are open, by resource."""
    return ReadingRound.objects.filter(community=community, closed_at=None).order_by("resource")


@dataclass(frozen=True)
class Progress:
    """How far a round is in one building, or among the meters that hang in none (`building` None)."""

    building: object
    owed: int
    missing: int
    explained: int

    @property
    def entered(self):
        return self.owed - self.missing


def progress(reading_round, now):
    """Return the Progress of a round by building, as it was counted since anything happened; its community is to be
    loaded. Two queries, five to count anew: of 40,000 meters that takes as long as two pages."""
    counted = kept.until_changed("progress", reading_round.pk, now=now, make=lambda: _counted(reading_round))
    buildings = {b.pk: b for b in reading_round.community.buildings.all()}
    places = [key for key in (*buildings, None) if counted[0].get(key)]
    return [Progress(buildings.get(key), *(one.get(key, 0) for one in counted)) for key in places]


def _counted(reading_round):
    """Return how many meters are owed, missing and explained, each as {key of a building: how many}. Three queries."""
    owed = Meter.objects.owed_in(reading_round)
    missing = Meter.objects.not_entered_in(reading_round)
    explained = missing.filter(pk__in=MissedReading.objects.filter(round=reading_round).values("meter"))
    return [
        dict(rows.order_by().values("building").annotate(n=Count("pk")).values_list("building", "n"))
        for rows in (owed, missing, explained)
    ]


def in_building(meters, building):
    """Return those of `meters` that hang in a building; `building` 0 stands for those that hang in none."""
    return meters.filter(building=building or None)


def export_header():
    """Return the names of the columns of a round that leaves the desk, in the active language."""
    return [
        _("Where"),
        _("Number on the meter"),
        _("Reading"),
        _("Read at"),
        _("Consumption"),
        _("Odd"),
        _("Recorded by"),
        _("Why it could not be read"),
    ]


def export_rows(reading_round):
    """Return the rows of a round, read and missing, in the order of the route. Two queries."""
    community = reading_round.community
    read = Reading.objects.standing().filter(round=reading_round).select_related("meter__unit", "meter__building", "by")
    rows = [
        (
            one.meter,
            [
                one.value,
                community.local(one.at),
                one.consumption,
                _("yes") if one.is_outlier else _("no"),
                str(one.by or _("an import")),
                "",
            ],
        )
        for one in read
    ]
    missing = with_reason(Meter.objects.not_entered_in(reading_round), reading_round).with_place()
    rows += [(one, [None, None, None, "", "", _why(one)]) for one in missing]
    rows.sort(key=lambda row: (row[0].route_order, row[0].pk))
    return [[meter.where, meter.serial, *cells] for meter, cells in rows]


def _why(meter):
    return ": ".join(filter(None, [str(reason_words(meter.missed_reason)), meter.missed_note]))


def photos_of(readings):
    """Return {key of a reading: its photo} for `readings`. One query."""
    subject_type = ContentType.objects.get_for_model(Reading)
    rows = Photo.objects.kept().filter(subject_type=subject_type, subject_id__in=[one.pk for one in readings])
    return {photo.subject_id: photo for photo in rows}


def past_uses(meter, count):
    """Return the last `count` Uses of a meter, the oldest first. One query."""
    rows = list(Reading.objects.standing().filter(meter=meter).newest().values_list("at", "consumption")[: count + 1])
    rows.reverse()
    return [consumption.Use(now[1], now[0] - was[0]) for was, now in itertools.pairwise(rows)]
