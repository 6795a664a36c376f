"""Many readings at once, from a table of another system or a hand-held reader: counted as single ones are, written by
COPY."""

import itertools
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from residents import consumption, metering
from residents.actions.meter_rounds import hold_open_round
from residents.actions.meters import ROUTE_STEP
from residents.models import Meter, Reading
from servicedesk.core import bulk, events

CHUNK = 5000


@dataclass(frozen=True)
class Given:
    """One row of a table: the number of a meter, when it was read, and what it showed or what was used since.

    With `used` goes `since`, where the use of a meter without readings begins.
    """

    line: int
    serial: str
    at: datetime
    value: Decimal | None = None
    used: Decimal | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class NewMeters:
    """What meters are made of that the table names and the register does not know."""

    place: str
    max_value: Decimal
    decimals: int = 3


@dataclass
class Imported:
    """What became of the rows: how many are new, were there already, are odd; how many meters were made; (line,
    sentence) of the rows refused."""

    new: int = 0
    there: int = 0
    odd: int = 0
    meters: int = 0
    refused: list = field(default_factory=list)


@transaction.atomic
def record_many(community, rows, *, resource, by, now, new_meters=None):
    """Record the readings of `rows` (Given, in any order) of meters of one resource and return Imported.

    Each is counted from the one before it. What cannot be right is refused row by row and nothing is guessed: a reading
    lower than the last is one of these; odd ones are written and marked. Rows that are there already are passed over,
    so the same file may be given twice. Locks the open round and the meters that it writes; COPY in chunks, memory as
    the rows take.
    """
    rows = sorted(rows, key=lambda row: (row.serial, row.at, row.line))
    found = Imported()
    opened = hold_open_round(community, resource)
    meters = _meters(community, {row.serial for row in rows}, resource, new_meters, found, by=by, now=now)
    import_ = _Import(community, list(meters.values()), opened, found, by=by, now=now)
    for serial, of_meter in itertools.groupby(rows, key=lambda row: row.serial):
        meter = meters.get(serial)
        if meter is None:
            sentence = _("No meter with the number %(serial)s is in place.") % {"serial": serial}
            found.refused += [(row.line, sentence) for row in of_meter]
        else:
            import_.take(meter, list(of_meter))
    import_.write()
    found.refused.sort()
    data = {"resource": str(resource), "new": found.new, "odd": found.odd, "refused": len(found.refused)}
    events.log(community, "readings_imported", by=by, now=now, data=data)
    return found


def _meters(community, serials, resource, new_meters, found, *, by, now):
    """Return {serial: Meter} of the meters in place, locked; those that are not known are made where that is wanted."""
    rows = Meter.objects.in_place().filter(community=community, resource=resource, serial__in=serials)
    meters = {meter.serial: meter for meter in rows.select_for_update(no_key=True).order_by("pk")}
    unknown = sorted(serials - set(meters)) if new_meters else []
    made = [
        Meter(
            pk=key,
            community=community,
            resource=resource,
            serial=serial,
            place=new_meters.place,
            max_value=new_meters.max_value,
            decimals=new_meters.decimals,
            route_order=ROUTE_STEP * number,
        )
        for number, (key, serial) in enumerate(zip(bulk.keys_for(Meter, len(unknown)), unknown, strict=True), start=1)
    ]
    found.meters = bulk.copy_in(made)
    facts = [(meter.pk, {"resource": str(resource), "serial": meter.serial}) for meter in made]
    events.log_many(Meter, facts, "meter_added", community=community, by=by, now=now)
    return meters | {meter.serial: meter for meter in made}


class _Import:
    """The readings of one import while they are counted, and what was known of their meters before."""

    def __init__(self, community, meters, opened, found, *, by, now):
        self.found, self.now = found, now
        rule = metering.rule_of(community.pk)
        self.rule = consumption.Rule(rule.outlier_factor, rule.ignored_below)
        self.looked_back = rule.looked_back
        self.round = opened
        self.community = community
        keys = [meter.pk for meter in meters]
        known = Reading.objects.standing().filter(meter__in=keys)
        self.moments = set(known.values_list("meter", "at"))
        self.in_round = set(known.filter(round=self.round).values_list("meter", flat=True)) if self.round else set()
        self.before = self._last(known) if self.moments else {}
        self.shared = {
            "community_id": community.pk,
            "source": str(Reading.Source.IMPORT),
            "by_id": by.pk if by else None,
            "recorded_at": now,
        }
        self.made = []

    def _last(self, known):
        """Return {meter: its last readings as (at, value, consumption), the oldest first}."""
        newest = Window(RowNumber(), partition_by=F("meter"), order_by=[F("at").desc(), F("id").desc()])
        rows = known.annotate(place=newest).filter(place__lte=self.looked_back + 1).order_by("meter", "at", "id")
        last = {}
        for meter, *facts in rows.values_list("meter", "at", "value", "consumption"):
            last.setdefault(meter, []).append(tuple(facts))
        return last

    def take(self, meter, rows):
        """Count the rows of one meter, in the order of their time."""
        dial = metering.dial_of(meter)
        past = deque(self.before.get(meter.pk, ()), maxlen=self.looked_back + 1)
        for row in rows:
            if (meter.pk, row.at) in self.moments:
                self.found.there += 1
                continue
            if not past and row.since is not None:
                self._add(meter, Reading.Kind.BASE, row.since, Decimal(0), Decimal(0), past)
            elif not past and dial.shows(row.value) and row.at <= self.now:
                self._add(meter, Reading.Kind.BASE, row.at, row.value, Decimal(0), past)
                self.found.new += 1
                continue
            sentence = self._fault(dial, row, past)
            if sentence:
                self.found.refused.append((row.line, sentence))
                continue
            self._count(meter, dial, row, past)
        self._enter(meter)

    def _fault(self, dial, row, past):
        """Return the sentence that says why a row cannot be right, or ""."""
        if not past:
            return _("This meter has no base reading to count from.")
        at, value, _used = past[-1]
        if row.at > self.now:
            return _("This time is still to come.")
        if row.at <= at:
            return _("It is older than the last reading of this meter.")
        if row.used is not None:
            return _("Consumption is never negative.") if row.used < 0 else ""
        if not dial.shows(row.value):
            return _("The dial of this meter cannot show this.")
        if row.value < value:
            return _("It is lower than the last reading. Enter it by hand if the dial began anew.")
        return ""

    def _count(self, meter, dial, row, past):
        at, value, _used = past[-1]
        if row.used is None:
            shows, used, rolled_over = row.value, consumption.used(dial, value, row.value), False
        else:
            shows, used = value + row.used / dial.multiplier, row.used
            rolled_over = shows > dial.max_value
            shows %= dial.span
        uses = [consumption.Use(now[2], now[0] - was[0]) for was, now in itertools.pairwise(past)]
        is_odd = consumption.is_odd(consumption.Use(used, row.at - at), uses, self.rule)
        self._add(meter, Reading.Kind.PERIODIC, row.at, shows, used, past, rolled_over=rolled_over, is_outlier=is_odd)
        self.found.new += 1
        self.found.odd += is_odd

    def _add(self, meter, kind, at, value, used, past, *, rolled_over=False, is_outlier=False):
        past.append((at, value, used))
        self.moments.add((meter.pk, at))
        self.made.append(
            self.shared
            | {
                "meter_id": meter.pk,
                "round_id": None,
                "kind": str(kind),
                "at": at,
                "value": value,
                "consumption": used,
                "rolled_over": rolled_over,
                "is_outlier": is_outlier,
            }
        )

    def _enter(self, meter):
        """Put the newest reading of a meter into the open round, where it belongs there and the meter has none yet."""
        newest = self.made[-1] if self.made and self.made[-1]["meter_id"] == meter.pk else None
        if newest is None or self.round is None or meter.pk in self.in_round:
            return
        if newest["kind"] == Reading.Kind.PERIODIC and self.community.local(newest["at"]).date() >= self.round.period:
            newest["round_id"] = self.round.pk

    def write(self):
        for start in range(0, len(self.made), CHUNK):
            bulk.copy_values(Reading, self.made[start : start + CHUNK])
