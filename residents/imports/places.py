"""Buildings and units from a file."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from residents.imports import cells
from residents.imports.cells import BadCell
from residents.imports.targets import Column, Target, compare, demand
from residents.models import Building, ImportRun, Section, Unit
from residents.rooms import key_of, keys_of, label_of, parts_of
from servicedesk.core import bulk, events

BUILDING = Column(
    "building", _("Building"), cells.Text(60), "3", "楼栋 楼号 栋号 幢号 楼栋号 楼宇 building block tower"
)
SECTION = Column("section", _("Section"), cells.Text(10), "2", "单元 单元号 门洞 梯 section entrance staircase")
NUMBER = Column(
    "number", _("Number of the unit"), cells.Text(20), "1201", "房号 房间号 户号 室号 门牌号 number unit flat"
)
ROOM = Column(
    "room",
    _("Room in one column"),
    cells.Text(60),
    "",
    "房屋 房间 房产 房屋编号 单位 室 room address",
    _("Instead of the parts, for example 3-2-1201."),
)
ACCEPTED = Column(
    "accepted_on",
    _("Completion acceptance"),
    cells.day,
    "2019-06-30",
    "竣工验收 竣工日期 竣工验收日期 验收日期 accepted acceptance completion",
    _("Day of the building, from which the warranty is counted."),
)


# The number with its parts, or the whole room.
NAMES_A_UNIT = ("number", "room")


def places(*columns):
    """Return the columns by which a unit is named, with an example that leaves the parts empty or the room."""
    return (BUILDING, SECTION, NUMBER, ROOM, *columns)


def parts_named(facts):
    """Return the building, section and number that a row names, in parts or in one room. Raises BadCell."""
    if facts["number"] is None and facts["room"] is not None:
        parts = parts_of(facts["room"])
        if not 2 <= len(parts) <= 3:
            raise BadCell(gettext_noop("Write the room as building, section and number: 3-2-1201."), "room")
        return parts[0], parts[1] if len(parts) == 3 else "", parts[-1]
    demand(facts, "building", "number")
    return facts["building"], facts["section"] or "", facts["number"]


def room_key(facts):
    """Return the key by which the register finds the unit of a row, from its parts or its room. Raises BadCell."""
    if facts["number"] is None and facts["room"] is not None:
        return key_of(facts["room"])
    demand(facts, "number")
    return "-".join(filter(None, (key_of(facts[part] or "") for part in ("building", "section", "number"))))


class Rooms:
    """The units that a chunk names by their rooms. One query a chunk."""

    def __init__(self, community):
        self.community = community
        self.found = {}

    def load(self, entries):
        """Look up the rooms of all entries at once."""
        wanted = set()
        for entry in entries:
            try:
                wanted.add(room_key(entry.facts))
            except BadCell:
                continue
        self.found = {key: [] for key in wanted if key}
        rows = Unit.objects.filter(community=self.community, room_keys__overlap=list(self.found))
        for pk, building, keys in rows.values_list("pk", "building_id", "room_keys"):
            for key in self.found.keys() & set(keys):
                self.found[key].append((pk, building))

    def unit(self, facts):
        """Return (key of the unit, key of its building) that a row names. Raises BadCell where none or several do."""
        found = self.found.get(room_key(facts), ())
        column = "number" if facts["number"] is not None else "room"
        if not found:
            raise BadCell(gettext_noop("The register has no such unit. Import the units first."), column)
        if len(found) > 1:
            reason = gettext_noop("Several units answer to this. Write building, section and number.")
            raise BadCell(reason, column)
        return found[0]


class OfUnits(Target):
    """A file whose rows name units of the register. `planned` is what a check has seen as new."""

    one_of = NAMES_A_UNIT

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.rooms = Rooms(self.community)
        self.known, self.planned = {}, {}

    def prepare(self, entries):
        self.rooms.load(entries)
        self.known = dict(self.planned)


class Buildings(Target):
    key = ImportRun.Target.BUILDINGS.value
    about = _("One row is a building.")
    columns = (
        Column(
            "code",
            _("Code"),
            cells.Text(60),
            "3",
            "楼号 栋号 楼栋号 楼栋编号 编号 编码 幢号 楼栋 code rsn id building no number",
            _("As it is spoken, for example 3."),
            required=True,
        ),
        Column(
            "name",
            _("Name of the building"),
            cells.Text(80),
            "3 栋",
            "名称 楼栋名称 楼名 楼宇名称 name building name site address",
        ),
        Column("address", _("Address"), cells.Text(200), "云湖路 8 号", "地址 坐落 位置 address site address street"),
        Column(
            "year_built", _("Year built"), cells.Whole(1700, 2200), "2019", "建成年份 建造年份 竣工年份 年份 year built"
        ),
        Column(
            "storeys", _("Storeys"), cells.Whole(1, 300), "18", "层数 总层数 楼层数 storeys confirmed storeys floors"
        ),
        Column("unit_count", _("Number of units"), cells.Whole(0, 100_000), "72", "户数 总户数 units confirmed units"),
        ACCEPTED,
    )
    COMPARED = ("name", "address", "year_built", "storeys", "unit_count", "accepted_on")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        rows = Building.objects.filter(community=self.community).values_list("code", *self.COMPARED)
        self.known = {code: facts for code, *facts in rows}

    def judge(self, entry):
        facts = entry.facts
        known = self.known.get(facts["code"])
        if known is not None:
            return compare(facts, *zip(self.COMPARED, known, strict=True), line=self.lines.get(facts["code"]))
        self.lines[facts["code"]] = entry.line
        self.known[facts["code"]] = [facts[name] for name in self.COMPARED]
        return None

    def write(self, entries):
        keys = bulk.keys_for(Building, len(entries))
        rows = [
            {
                "id": key,
                "community_id": self.community.pk,
                "code": entry.facts["code"],
                "name": entry.facts["name"] or entry.facts["code"],
                "accepted_on": entry.facts["accepted_on"],
                "address": entry.facts["address"] or "",
                "year_built": entry.facts["year_built"],
                "storeys": entry.facts["storeys"],
                "unit_count": entry.facts["unit_count"],
            }
            for key, entry in zip(keys, entries, strict=True)
        ]
        bulk.copy_values(Building, rows)
        log(self, Building, "building_registered", keys)
        return [(Building, keys)]


class Units(Target):
    key = ImportRun.Target.UNITS.value
    about = _("One row is a unit. Buildings and sections that are not there yet are made with it.")
    one_of = NAMES_A_UNIT
    columns = places(
        Column("building_name", _("Name of the building"), cells.Text(80), "3 栋", "楼栋名称 楼名 building name"),
        Column("floor", _("Floor"), cells.floor, "12", "楼层 所在层 层 floor level"),
        Column(
            "area",
            _("Area in m²"),
            cells.Amount(Decimal(0), Decimal(1_000_000), 2, above=True),
            "88.50",
            "建筑面积 面积 计费面积 产权面积 建面 area sqm m2",
        ),
        ACCEPTED,
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # A hundred thousand units are known by one text each: a tuple of three would take twice the memory.
        rows = Unit.objects.filter(community=self.community).values_list(
            "building__code", "section__code", "number", "floor", "area"
        )
        self.known = {
            _key(building, section or "", number): (floor, area)
            for building, section, number, floor, area in rows.iterator(2000)
        }
        self.refresh()
        self.accepted = dict(Building.objects.filter(community=self.community).values_list("code", "accepted_on"))

    def refresh(self):
        self.buildings = dict(Building.objects.filter(community=self.community).values_list("code", "pk"))
        rows = Section.objects.filter(building__community=self.community).values_list("building__code", "code", "pk")
        self.sections = {(building, code): pk for building, code, pk in rows}

    def judge(self, entry):
        facts = entry.facts
        building, section, number = parts_named(facts)
        for column, part, most in (("building", building, 60), ("section", section, 10), ("number", number, 20)):
            if len(part) > most:
                reason = gettext_noop("At most %(most)s characters fit here, there are %(count)s.")
                raise BadCell(reason, column, most=most, count=len(part))
        given = facts["accepted_on"]
        if given is not None and self.accepted.setdefault(building, given) != given:
            says = self.accepted[building]
            reason = gettext_noop("The day of acceptance of this building is “%(is)s”. Correct it, or leave it empty.")
            raise BadCell(reason, "accepted_on", **{"is": says.isoformat() if says else "–"})
        key = _key(building, section, number)
        known = self.known.get(key)
        if known is not None:
            return compare(facts, ("floor", known[0]), ("area", known[1]), line=self.lines.get(key))
        self.lines[key] = entry.line
        self.known[key] = (facts["floor"], facts["area"])
        self.accepted.setdefault(building, given)
        return None

    def write(self, entries):
        named = [(entry, *parts_named(entry.facts)) for entry in entries]
        added = [*self._buildings(named), *self._sections(named)]
        keys = bulk.keys_for(Unit, len(named))
        rows = [
            {
                "id": key,
                "community_id": self.community.pk,
                "building_id": self.buildings[building],
                "section_id": self.sections[building, section] if section else None,
                "number": number,
                "label": label_of(building, section, number),
                "floor": entry.facts["floor"],
                "area": entry.facts["area"],
                "room_keys": keys_of(building, section, number),
            }
            for key, (entry, building, section, number) in zip(keys, named, strict=True)
        ]
        bulk.copy_values(Unit, rows)
        log(self, Unit, "unit_registered", keys)
        return [*added, (Unit, keys)]

    def _buildings(self, named):
        """Make the buildings that a chunk names first."""
        new = {building: entry.facts for entry, building, _s, _n in reversed(named) if building not in self.buildings}
        if not new:
            return []
        made = Building.objects.bulk_create(
            Building(
                community=self.community,
                code=code,
                name=facts["building_name"] or code,
                accepted_on=self.accepted.get(code),
            )
            for code, facts in new.items()
        )
        self.buildings |= {building.code: building.pk for building in made}
        keys = [building.pk for building in made]
        log(self, Building, "building_registered", keys)
        return [(Building, keys)]

    def _sections(self, named):
        new = {(building, section) for _e, building, section, _n in named if section} - self.sections.keys()
        if not new:
            return []
        made = Section.objects.bulk_create(
            Section(building_id=self.buildings[building], code=section) for building, section in sorted(new)
        )
        self.sections |= {place: section.pk for place, section in zip(sorted(new), made, strict=True)}
        return [(Section, [section.pk for section in made])]


def log(target, model, verb, keys):
    """Write the event of each row that a target has added."""
    data = target.data
    events.log_many(
        model, ((key, data) for key in keys), verb, community=target.community, by=target.by, now=target.now
    )


def _key(building, section, number):
    return f"{building}\x1f{section}\x1f{number}"
