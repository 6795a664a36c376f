"""What imported cases point to: departments, policies, categories, buildings and units, found or made by code."""

import hashlib
import re

from django.utils.text import slugify
from django.utils.translation import gettext as _

from complaints.imports.mapping import NewCategory
from complaints.models import Category, DeadlinePolicy, Kind
from residents.actions import build_unit
from residents.models import Building, Section, Unit
from residents.rooms import key_of
from servicedesk.core import bulk, events
from servicedesk.core.errors import Refused
from servicedesk.core.models import Department

HISTORY = "imported"


class Register:
    """Everything of one community that rows point to, remembered for one run.

    Costs four queries to begin with, one insert for each new department, policy, category or entrance, and two
    statements a chunk for new buildings and units. Keeps some hundred bytes for each building and unit.
    """

    def __init__(self, community, mapping, *, now):
        self.community, self.mapping, self.now = community, mapping, now
        self.departments = {department.code: department for department in community.departments.all()}
        self.centre = next((d for d in self.departments.values() if d.is_centre), None)
        self.policies = {policy.code: policy for policy in community.policies.all()}
        self.rules = {}
        self.codes = {"": mapping.defaults.get("category", HISTORY)}
        self.categories = {category.code: category for category in community.categories.all()}
        self.buildings = dict(Building.objects.filter(community=community).values_list("code", "pk"))
        self.sections = {}
        self.units, self.rooms = {}, {}
        found = Unit.objects.filter(community=community)
        for facts in found.values_list("pk", "building", "section", "number", "label", "room_keys").iterator():
            self._remember_unit(*facts)
        self._check_departments()

    def _check_departments(self):
        codes = {*self.mapping.values.get("department", {}).values(), self.mapping.defaults.get("department", "")}
        codes |= {category.department for category in self.mapping.categories.values()}
        for code in sorted(codes - {""} - self.departments.keys() - self.mapping.departments.keys()):
            text = _("The community has no department “%(code)s”, and the mapping does not say how to make it.")
            raise Refused(text % {"code": code})
        if self.centre is None and not self.mapping.defaults.get("department"):
            raise Refused(_("The community has no service centre among its departments. Add one first."))

    def department(self, code):
        """Return the department of that code, made as the mapping says; the centre for no code."""
        if not code:
            return self.centre
        if code not in self.departments:
            name = self.mapping.departments[code]
            made = Department.objects.create(community=self.community, code=code, name=name[:40])
            self.departments[code] = made
        return self.departments[code]

    def policy(self, code):
        """Return the policy of that code, made as the mapping says; None for no code. An existing one stays."""
        if not code:
            return None
        if code not in self.policies:
            rule = self.mapping.policies[code]
            self.policies[code] = DeadlinePolicy.objects.create(
                community=self.community,
                code=code,
                name=rule.name,
                article=rule.article,
                count=rule.count.value,
                amount=rule.amount,
                end=rule.end.value,
                roll_forward=rule.roll_forward,
                after_hours_next_day=rule.after_hours_next_day,
            )
        return self.policies[code]

    def rule(self, policy):
        """Return the pure rule of a policy, built once."""
        if policy.code not in self.rules:
            self.rules[policy.code] = policy.rule()
        return self.rules[policy.code]

    def category(self, entry, department, policy):
        """Return the category of an entry. A made one is not offered at the desk until somebody switches it on."""
        code = self.codes.get(entry.category)
        if code is None:
            code = self.mapping.values.get("category", {}).get(entry.category) or code_of(entry.category)
            self.codes[entry.category] = code
        if code not in self.categories:
            new = self.mapping.categories.get(code) or NewCategory(entry.category or _("Imported history"))
            kind = new.kind or entry.kind
            self.categories[code] = Category.objects.create(
                community=self.community,
                code=code,
                name=new.name[:120],
                department=self.department(new.department) if new.department else department,
                policy=self.policy(new.policy) or policy,
                kind=kind if kind in Kind.values else Kind.REPAIR,
                is_public=False,
                is_active=False,
            )
        return self.categories[code]

    def places(self, entries):
        """Return the (building key, unit key, unit label) of each entry, in order; either key may be None.

        New buildings and units are written by COPY, a unit with its event.
        """
        self._add_buildings(entries)
        found = [self._known_unit(entry.place) for entry in entries]
        new = {}
        for entry, unit in zip(entries, found, strict=True):
            if unit is None and entry.place.number and entry.place.building:
                new.setdefault(self._address(entry.place), entry.place)
        self._add_units(new)
        return [
            unit or self._known_unit(entry.place) or (self._building(entry.place), None, "")
            for entry, unit in zip(entries, found, strict=True)
        ]

    def _building(self, place):
        return self.buildings.get(building_code(place.building))

    def _add_buildings(self, entries):
        names = {}
        for entry in entries:
            code = building_code(entry.place.building)
            if code and code not in self.buildings and not self._registered_room(entry.place):
                names.setdefault(code, entry.place.name[:80])
        keys = dict(zip(names, bulk.keys_for(Building, len(names)), strict=True))
        bulk.copy_values(
            Building,
            [
                {"id": keys[code], "community_id": self.community.pk, "code": code, "name": name}
                for code, name in names.items()
            ],
        )
        self.buildings |= keys

    def _add_units(self, places):
        rows = []
        for key, place in zip(bulk.keys_for(Unit, len(places)), places.values(), strict=True):
            code = building_code(place.building)
            building = Building(pk=self.buildings[code], community_id=self.community.pk, code=code)
            section = self._section(building, place.section) if place.section else None
            unit = build_unit(building, section, place.number, pk=key)
            unit.label = unit.label[:100]
            rows.append(unit)
            self._remember_unit(key, building.pk, unit.section_id, unit.number, unit.label, unit.room_keys)
        bulk.copy_in(rows)
        about = {unit.pk: {} for unit in rows}
        events.log_many(Unit, about.items(), "unit_registered", community=self.community, by=None, now=self.now)

    def _section(self, building, code):
        known = self.sections.get((building.pk, code))
        if known is None:
            known = Section.objects.get_or_create(building_id=building.pk, code=code)[0]
            self.sections[building.pk, code] = known
        return known

    def _remember_unit(self, key, building, section, number, label, rooms):
        self.units[building, section, number] = (building, key, label)
        for room in rooms:
            # A room that two units answer to names neither.
            self.rooms[room] = None if room in self.rooms else (building, key, label)

    def _known_unit(self, place):
        if not place.number:
            return None
        building, section, number = self._address(place)
        entrance = self.sections.get((building, section)) if section else None
        exact = self.units.get((building, entrance.pk if entrance else None, number)) if building else None
        return exact or self._registered_room(place)

    def _registered_room(self, place):
        if not place.number:
            return None
        return self.rooms.get(key_of(" ".join(filter(None, (place.building, place.section, place.number)))))

    def _address(self, place):
        return self._building(place), place.section, place.number


def building_code(text):
    """Return the code of a building that is known by these words; long ones end in a digest, so that none meet."""
    return text if len(text) <= 60 else f"{text[:51]}~{_digest(text)}"


def code_of(words):
    """Return the code of the category that a source calls so, the same in every run."""
    return f"im-{slugify(words)[:45].strip('-')}-{_digest(words)}".replace("--", "-")


def number_of(community, source, source_id, *, taken=False):
    """Return the number of an imported case (ruling 2): `YH-IM-101001240734`.

    What cannot stand in a web address is left out; then, where it is too long, and where another source has `taken`
    the same, a digest of source and id makes it its own again.
    """
    head = f"{community.code}-IM-"
    if source_id.isdecimal() and source_id.isascii() and len(source_id) <= 40 and not taken:
        return head + source_id
    spoken = re.sub(r"[^\w.]+", "-", source_id).strip("-.").upper()
    room = 60 - len(head)
    if spoken != source_id or len(spoken) > room or taken:
        own = _digest("\x1f".join([source, source_id])).upper()
        spoken = f"{spoken[: room - 9]}-{own}".lstrip("-")
    return head + spoken


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:8]
