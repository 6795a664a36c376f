"""The ring of a move in or out: which tasks it has, and what each of them still lacks. Reads only.

A task is finished by facts where there are facts: keys, cards, meters and plates keep their own rows, and the ring asks
these. What is built above, such as bills and deposits, registers its own tasks here and finishes them by `finish_task`.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from residents.models import (
    Agreement,
    Credential,
    Defect,
    Document,
    Handover,
    HandoverItem,
    KeyMove,
    Meter,
    Occupancy,
    Plate,
    Reading,
)
from servicedesk.core.errors import NotAllowed
from servicedesk.core.models import Role
from servicedesk.core.roles import has_role

DESK = (Role.CLERK, Role.SUPERVISOR)
# Who looks at the facilities and the meters of a home.
FIELD = ((Role.HEAD, "engineering"), (Role.WORKER, "engineering"))
READERS = (*DESK, Role.DEPUTY_GM, *FIELD)
# So long before a move-in was opened a reading may have been taken and still be the one that it counts from (inf.).
FRESH = datetime.timedelta(days=7)
MOVE_IN, MOVE_OUT = Handover.Kind.MOVE_IN, Handover.Kind.MOVE_OUT
# Whoever makes, occupies or owns a home by themselves; the others live there with one of these.
HEADS = (Occupancy.Kind.OWNER, Occupancy.Kind.LESSEE)


def _nothing(handover):
    return ""


@dataclass(frozen=True)
class Task:
    """One kind of task: of which move it is, how it is called, and what a handover still lacks for it.

    `missing` returns a whole sentence, or "" where nothing is lacking. `in_field` are those that engineering does, too.
    """

    kind: str
    of: str
    title: str
    missing: Callable = _nothing
    in_field: bool = False


def register(task):
    """Add a kind of task; it stands behind those that are there. Handovers opened from then on have it."""
    TASKS[task.kind] = task


def tasks_of(kind):
    """Return the Tasks of a move-in or a move-out, in the order of a page."""
    return [task for task in TASKS.values() if task.of == kind]


def title_of(kind):
    """Return the name of a task; a kind whose part was taken out keeps its code."""
    return str(TASKS[kind].title) if kind in TASKS else kind


def missing(handover, kind):
    """Return what `handover` still lacks for a task, as a sentence, or "". At most three queries."""
    return TASKS[kind].missing(handover) if kind in TASKS else ""


# Who ------------------------------------------------------------------------------------------------------------------


def works_in_field(user, community):
    """Return whether `user` is of the department that looks at homes. No query beside the cached roles."""
    return has_role(user, community.pk, *FIELD)


def may_do(user, community, kind):
    """Return whether `user` may work on a task: the desk on each, engineering on what is looked at in the home."""
    if has_role(user, community.pk, *DESK):
        return True
    return kind in TASKS and TASKS[kind].in_field and works_in_field(user, community)


def demand(user, community, kind=""):
    """Raise NotAllowed unless `user` may work on a task, or on the handover as a whole where none is named."""
    if not may_do(user, community, kind):
        raise NotAllowed(_("This step belongs to the desk. Ask a clerk or a supervisor."))


# Who leaves -----------------------------------------------------------------------------------------------------------


def living_with(occupancy, day):
    """Return the occupancies of those who live in the home of `occupancy` on `day` beside its bearer, with people."""
    rows = Occupancy.objects.on(day).filter(unit=occupancy.unit_id).exclude(pk=occupancy.pk)
    return rows.select_related("person").order_by("kind", "id")


def may_leave_with(occupancy, day):
    """Return those who may move out along with the bearer of `occupancy`: households, and staff that is theirs; another
    owner or lessee has a move of their own."""
    theirs = Q(company=None) | Q(company=occupancy.person_id)
    return living_with(occupancy, day).filter(theirs).exclude(kind__in=HEADS)


def would_leave_with(occupancy, others):
    """Return those of `others` who probably leave with the bearer of `occupancy`: households and staff, where no other
    owner or lessee stays whom they may belong to; beside a lessee the owner does not live there."""
    if occupancy.kind not in HEADS:
        return []
    peers = (Occupancy.Kind.LESSEE,) if occupancy.kind == Occupancy.Kind.LESSEE else HEADS
    if any(other.kind in peers for other in others):
        return []
    return [other for other in others if other.kind not in HEADS]


def leaving(handover):
    """Return the occupancies that end with a move-out: of the party and of who goes along. One query."""
    theirs = Q(pk=handover.occupancy_id) | Q(pk__in=handover.companions.values("pk"))
    return Occupancy.objects.on(handover.moves_on).filter(theirs)


# What is lacking ------------------------------------------------------------------------------------------------------


def _papers(handover):
    wanted = [str(row) for row in handover.documents.filter(state=Document.State.WANTED)]
    return _("Not yet shown: %(names)s.") % {"names": joined(wanted)} if wanted else ""


def _agreements(handover):
    open_ones = [str(row) for row in Agreement.objects.filter(handover=handover, is_needed=True, signed_on=None)]
    return _("Not yet signed: %(names)s.") % {"names": joined(open_ones)} if open_ones else ""


def _facilities(handover):
    rows = HandoverItem.objects.filter(handover=handover, result=HandoverItem.Result.UNSEEN)
    n = rows.count()
    text = ngettext(
        "%(n)s line of the facility sheet has no result yet.",
        "%(n)s lines of the facility sheet have no result yet.",
        n,
    )
    return text % {"n": n} if n else ""


def _fees(handover):
    return "" if handover.fees_explained_at else _("Choose from when fees are counted, and explain them.")


def _keys(handover):
    given = KeyMove.objects.outstanding(handover.unit).filter(
        Q(person=handover.party_id) | Q(at__gte=handover.opened_at)
    )
    return "" if given.exists() else _("No key has been given out yet.")


def _cards(handover):
    rows = Credential.objects.active().for_unit(handover.unit).of_person(handover.party)
    return "" if rows.exists() else _("No card has been issued yet.")


def meters_of(handover):
    """Return the meters of the home, each with `is_read`: whether it has what this move needs.

    A move-in counts from a reading of these days; the base reading itself will do where nobody has lived in the home
    before. A move-out needs the final reading. One query.
    """
    readings = Reading.objects.standing().filter(meter=OuterRef("pk"))
    since = Q(at__gte=handover.opened_at - FRESH)
    if handover.kind == MOVE_OUT:
        wanted = Q(recorded_at__gte=handover.opened_at, kind=Reading.Kind.FINAL)
    else:
        before = Occupancy.objects.in_force().filter(unit=handover.unit_id).exclude(person=handover.party_id)
        wanted = since if before.exists() else since | Q(kind__in=Reading.OPENING)
    rows = Meter.objects.for_unit(handover.unit)
    return rows.annotate(is_read=Exists(readings.filter(wanted)), has_base=Exists(readings))


def _meters(handover):
    rows = list(meters_of(handover))
    if not rows:
        return _("This home has no meter in the register. Add its meters, or leave this task out with a reason.")
    unread = [f"{row.get_resource_display()} {row.serial}" for row in rows if not row.is_read]
    return _("Not yet read: %(names)s.") % {"names": joined(unread)} if unread else ""


def staying(handover):
    """Return the keys of the people who go on living in the home. Nothing is read yet."""
    rows = Occupancy.objects.on(handover.moves_on).filter(unit=handover.unit_id)
    return rows.exclude(pk__in=leaving(handover).values("pk")).values("person")


def keys_out(handover):
    """Return the moves by which those who leave still have keys, with `left`."""
    return KeyMove.objects.outstanding(handover.unit).exclude(person__isnull=False, person__in=staying(handover))


def cards_out(handover):
    """Return the cards in use of those who leave."""
    rows = Credential.objects.active().for_unit(handover.unit).filter(kind__in=Credential.OF_RESIDENTS)
    return rows.exclude(person__in=staying(handover))


def plates_up(handover):
    """Return the plates of those who leave that nobody has ordered down yet."""
    theirs = Q(occupancy__in=leaving(handover).values("pk"))
    return Plate.objects.live().for_unit(handover.unit).filter(theirs, remove_by=None)


def _keys_back(handover):
    n = sum(move.left for move in keys_out(handover))
    text = ngettext(
        "%(n)s key has not come back yet. Take it back, or report it lost.",
        "%(n)s keys have not come back yet. Take them back, or report them lost.",
        n,
    )
    return text % {"n": n} if n else ""


def _cards_back(handover):
    numbers = [card.number for card in cards_out(handover)]
    return _("Cards still in use: %(names)s.") % {"names": joined(numbers)} if numbers else ""


def _plate(handover):
    names = [str(plate) for plate in plates_up(handover).select_related("board")]
    return _("Plates that nobody has ordered down: %(names)s.") % {"names": joined(names)} if names else ""


def unpromised(handover):
    """Return the defects that a move found and for which no day is promised: its paper names a day for each."""
    return Defect.objects.filter(handover=handover, status=Defect.Status.OPEN)


def joined(names):
    """Return things as one list, in the active language."""
    return pgettext("between things in a list", ", ").join(names)


_OURS = [
    Task("papers", MOVE_IN, gettext_lazy("Papers and identity"), _papers),
    Task("keys", MOVE_IN, pgettext_lazy("task", "Keys"), _keys),
    Task("meters", MOVE_IN, gettext_lazy("Opening meter readings"), _meters, in_field=True),
    Task("facilities", MOVE_IN, gettext_lazy("Facilities of the home"), _facilities, in_field=True),
    Task("agreements", MOVE_IN, gettext_lazy("Agreements"), _agreements),
    Task("cards", MOVE_IN, gettext_lazy("Cards and passes"), _cards),
    Task("fees", MOVE_IN, gettext_lazy("Fees explained"), _fees),
    Task("notices", MOVE_IN, gettext_lazy("Handbook and notices")),
    Task("readings", MOVE_OUT, gettext_lazy("Final readings"), _meters, in_field=True),
    Task("keys_back", MOVE_OUT, gettext_lazy("Keys back"), _keys_back),
    Task("cards_back", MOVE_OUT, gettext_lazy("Cards back"), _cards_back),
    Task("plate", MOVE_OUT, gettext_lazy("Directory plate"), _plate),
    Task("occupancy", MOVE_OUT, gettext_lazy("Last day and who leaves")),
]
TASKS = {task.kind: task for task in _OURS}
