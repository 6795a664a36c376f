"""Which known events a place is in: for the clerk who has a caller on the line, and for residents before they write."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from complaints.models import Case, Channel, Incident, Status
from complaints.permissions import STEPS, may
from complaints.reports import separator
from residents.models import Building
from residents.rooms import parts_of

# Only who follows a request on its page reads an answer that nobody says: everybody else is called or met.
ANSWERED_IN_WRITING = {Channel.WEB}


@dataclass(frozen=True)
class Spot:
    """A place as far as it is known: keys of a building, of a section in it, of a unit in that."""

    building: int | None = None
    section: int | None = None
    unit: int | None = None


def spot_of(unit):
    """Return the Spot of a unit, an empty one for None. No query."""
    return Spot(unit.building_id, unit.section_id, unit.pk) if unit else Spot()


def spot_in(community, words):
    """Return the Spot that typed words such as `3-2-1201` or `3 栋 2 单元大堂` begin with; empty where they name none.

    Only the building and the section: a room is not looked up, so that nobody learns whether it is in the register.
    One query, none where nothing was typed.
    """
    parts = parts_of(words)
    if not parts:
        return Spot()
    rows = Building.objects.filter(community=community, code__iexact=parts[0])
    found = list(rows.values_list("pk", "sections", "sections__code"))
    if not found:
        return Spot()
    sections = {code.lower(): key for _building, key, code in found if code}
    return Spot(found[0][0], sections.get(parts[1]) if len(parts) > 1 else None)


def known(now, *communities):
    """Return the incidents that callers of `communities` are told of, newest first, with their places. One query."""
    return list(Incident.objects.filter(community__in=communities).known(now).with_spots())


def touching(incidents, spot, category=None):
    """Return those of `incidents` that may be felt at `spot` and fit `category`; None fits all. No query."""
    return [one for one in incidents if covers(one, spot) and fits(one, category)]


def covers(incident, spot):
    """Return whether an incident with its spots may be felt at `spot`: where less of a place is known, it may be."""
    if incident.is_everywhere:
        return True
    return spot.building is not None and any(
        place["building"] == spot.building
        and (None in (place["section"], spot.section) or place["section"] == spot.section)
        and (None in (place["unit"], spot.unit) or place["unit"] == spot.unit)
        for place in incident.spots
    )


def fits(incident, category):
    """Return whether a matter of `category` may come from an incident: one of the same department, as a home without
    water is reported under more than one category; None fits all."""
    return category is None or incident.department_id in (None, category.department_id)


def where(incident, *, public=False):
    """Return in words where an incident with its spots is felt; a `public` page names no room. No query."""
    if incident.is_everywhere:
        return _("the whole community")
    names = {_name_of(place, public): None for place in incident.spots}
    return separator().join(names)


def _name_of(place, public):
    if place["unit"] and not public:
        return place["room"]
    if place["section"]:
        return _("%(building)s entrance %(section)s") % {
            "building": place["building_name"],
            "section": place["section_code"],
        }
    return place["building_name"]


def to_answer(incident, user):
    """Return the linked cases that `user` sees and that have not been told yet, in the order of their keys. One query,
    and one for the roles."""
    owed = Case.objects.visible_to(user).open().exclude(status=Status.REPLIED).filter(incident=incident)
    people = ("first_responsible", "assigned_to")
    return list(owed.select_related("community", "department", "category", "unit", "building", *people).order_by("pk"))


@dataclass(frozen=True)
class Prospect:
    """What confirming the reply of an incident does with one linked case: whether anything, and in words what."""

    order: int
    acts: bool
    words: str


def prospect(user, case):
    """Return the Prospect of `case` when `user` confirms, as `actions.answer_callers` will find it.

    At most one query beside the cached roles.
    """
    after = case
    if case.status == Status.RECEIVED and may(user, "take", case):
        after = case.as_if(status=Status.TAKEN, first_responsible=user)
    if after.status not in STEPS["resolve"][0] | {Status.RESOLVED}:
        return Prospect(3, False, _("Not possible yet: it is “%(status)s”.") % {"status": case.get_status_display()})
    acts = after.status != Status.RESOLVED
    if acts and not may(user, "resolve", after):
        return Prospect(3, False, _("Not yours to resolve: it is with %(who)s.") % {"who": _who_has(case)})
    after = after.as_if(status=Status.RESOLVED)
    if case.channel in ANSWERED_IN_WRITING and may(user, "reply", after):
        return Prospect(0, True, _("Answered on its page at once."))
    who = {"who": after.first_responsible, "channel": case.get_channel_display()}
    if acts:
        return Prospect(1, True, _("Resolved now; %(who)s then tells the caller (%(channel)s).") % who)
    return Prospect(2, False, _("Resolved; %(who)s still has to tell the caller (%(channel)s).") % who)


def _who_has(case):
    return case.assigned_to or case.department if case.status != Status.TAKEN else case.first_responsible
