"""Meters with the readings that they are counted from, from a file."""

import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from residents.imports import cells
from residents.imports.cells import BadCell
from residents.imports.places import OfUnits, log, places
from residents.imports.targets import Column, compare, demand
from residents.models import ImportRun, Meter, Reading, Resource
from servicedesk.core import bulk

# A dial of five places before the point, as most have.
HIGHEST = Decimal("99999.99")
READING = cells.Amount(Decimal(0), Decimal(1_000_000_000), 3)


class Meters(OfUnits):
    key = ImportRun.Target.METERS.value
    about = _("One row is a meter of a unit. The units must be in the register.")
    columns = places(
        Column(
            "resource",
            _("Resource"),
            str,
            "水",
            "表类型 能源 类型 仪表类型 表种 resource kind type",
            choices=tuple(Resource.choices),
            words={
                **dict.fromkeys(("水", "水表", "冷水", "冷水表", "自来水"), "water"),
                **dict.fromkeys(("电", "电表"), "electricity"),
                **dict.fromkeys(("气", "燃气", "燃气表", "天然气"), "gas"),
                **dict.fromkeys(("热", "热力", "暖气", "热量表", "供暖"), "heat"),
                **dict.fromkeys(("热水", "热水表"), "hot_water"),
            },
            required=True,
        ),
        Column(
            "serial",
            _("Serial number"),
            cells.Text(40),
            "S20190042",
            "表号 编号 表编号 出厂编号 serial meter",
            required=True,
        ),
        Column(
            "multiplier",
            _("Multiplier"),
            cells.Amount(Decimal(0), Decimal(100_000), 3, above=True),
            "1",
            "倍率 multiplier factor",
        ),
        Column(
            "max_value",
            _("Highest value on the dial"),
            cells.Amount(Decimal(0), Decimal(1_000_000_000), 3, above=True),
            "99999.99",
            "最大量程 量程 最大值 满度 max highest",
            _("99999.99 if empty."),
        ),
        Column("base", _("Base reading"), READING, "12.30", "底数 起始读数 起码 期初读数 初始读数 base reading"),
        Column(
            "base_on",
            _("Day of the base reading"),
            cells.day,
            "2025-08-31",
            "抄表日期 底数日期 读数日期 日期 date read",
        ),
    )

    def prepare(self, entries):
        super().prepare(entries)
        serials = {entry.facts["serial"] for entry in entries}
        rows = Meter.objects.in_place().filter(community=self.community, serial__in=serials)
        for resource, serial, unit, multiplier in rows.values_list("resource", "serial", "unit_id", "multiplier"):
            self.known[resource, serial] = (unit, multiplier)

    def judge(self, entry):
        facts = entry.facts
        unit, _building = self.rooms.unit(facts)
        if facts["base"] is not None:
            demand(facts, "base_on")
            if self._read_at(facts) > self.now:
                raise BadCell(gettext_noop("This day is still to come. Look at the year."), "base_on")
            if facts["base"] > (facts["max_value"] or HIGHEST):
                raise BadCell(gettext_noop("The dial does not count as far as this."), "base")
        key = (facts["resource"], facts["serial"])
        known = self.known.get(key)
        if known is not None:
            if known[0] != unit:
                raise BadCell(gettext_noop("A meter of this number hangs in another place."), "serial")
            return compare(facts, ("multiplier", known[1]), line=self.lines.get(key))
        self.lines[key] = entry.line
        self.known[key] = (unit, facts["multiplier"] or Decimal(1))
        if self.dry:
            self.planned[key] = self.known[key]
        return None

    def _read_at(self, facts):
        return datetime.datetime.combine(facts["base_on"], datetime.time(), self.community.tz)

    def write(self, entries):
        keys = bulk.keys_for(Meter, len(entries))
        rows = []
        for key, entry in zip(keys, entries, strict=True):
            unit, building = self.rooms.unit(entry.facts)
            highest = entry.facts["max_value"] or HIGHEST
            rows.append(
                {
                    "id": key,
                    "community_id": self.community.pk,
                    "unit_id": unit,
                    "building_id": building,
                    "resource": entry.facts["resource"],
                    "serial": entry.facts["serial"],
                    "multiplier": entry.facts["multiplier"] or Decimal(1),
                    "max_value": highest,
                    "decimals": -highest.normalize().as_tuple().exponent if highest % 1 else 0,
                }
            )
        bulk.copy_values(Meter, rows)
        log(self, Meter, "meter_added", keys)
        return [(Meter, keys), *self._readings(keys, entries)]

    def _readings(self, keys, entries):
        """Write the base readings; by nobody, so that whoever imported them may have them taken back."""
        read = [(key, entry.facts) for key, entry in zip(keys, entries, strict=True) if entry.facts["base"] is not None]
        own = bulk.keys_for(Reading, len(read))
        bulk.copy_values(
            Reading,
            [
                {
                    "id": pk,
                    "community_id": self.community.pk,
                    "meter_id": meter,
                    "kind": Reading.Kind.BASE.value,
                    "at": self._read_at(facts),
                    "value": facts["base"],
                    "consumption": Decimal(0),
                    "source": Reading.Source.IMPORT.value,
                    "recorded_at": self.now,
                }
                for pk, (meter, facts) in zip(own, read, strict=True)
            ],
        )
        return [(Reading, own)] if own else []
