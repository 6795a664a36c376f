"""Moving in and moving out: opening the ring, working through its tasks in any order, closing it.

Every step writes the row of the handover first, so that two people on one handover wait for each other, and whoever
comes second with a page that is out of date is told so. The tasks themselves ask their facts: see `residents.ring`.
"""

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F
from django.utils.translation import gettext as _

from residents import ring
from residents.actions.leaving import leave_home
from residents.actions.register import DAY, end_occupancy, mark_handed_over, move_in, register_person
from residents.facility_sheet import USUAL
from residents.fee_start import fees_start_on
from residents.models import (
    Agreement,
    Document,
    FacilityItem,
    Handover,
    HandoverItem,
    HandoverTask,
    Occupancy,
    Person,
    Plate,
)
from servicedesk.core import events, photos
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Role
from servicedesk.core.moves import move, write
from servicedesk.core.roles import has_role

Doc, Agreed = Document.Kind, Agreement.Kind
# What is asked for, by capacity; the rest of a family comes with the list of occupants.
PAPERS = {
    Occupancy.Kind.OWNER: (Doc.IDENTITY, Doc.NOTICE, Doc.PURCHASE, Doc.PAYMENT, Doc.OCCUPANTS, Doc.PROXY),
    Occupancy.Kind.LESSEE: (Doc.IDENTITY, Doc.LEASE, Doc.CONSENT, Doc.OCCUPANTS, Doc.PROXY),
    Occupancy.Kind.HOUSEHOLD: (Doc.IDENTITY, Doc.CONSENT),
    Occupancy.Kind.STAFF: (Doc.IDENTITY, Doc.CONSENT),
}
AGREEMENTS = {
    Occupancy.Kind.OWNER: (
        Agreed.MANAGEMENT_COVENANT,
        Agreed.SERVICE_CONTRACT,
        Agreed.FIRE_LETTER,
        Agreed.RENOVATION_NOTICE,
    ),
}
AGREEMENTS_OF_OTHERS = (Agreed.MANAGEMENT_COVENANT, Agreed.FIRE_LETTER)


# The facility sheet of a community ------------------------------------------------------------------------------------


@transaction.atomic
def fill_facilities(community, *, by, now):
    """Give `community` the usual lines of a facility sheet where it has none; return how many. At most three
    statements."""
    if FacilityItem.objects.filter(community=community).exists():
        return 0
    rows = [
        FacilityItem(community=community, room=room, name=name, position=number * 10)
        for number, (room, name) in enumerate(USUAL, 1)
    ]
    FacilityItem.objects.bulk_create(rows)
    events.log(community, "facilities_filled", by=by, now=now, data={"rows": len(rows)})
    return len(rows)


def _demand_setter(by, community):
    if not has_role(by, community.pk, Role.SUPERVISOR, Role.ADMIN):
        raise NotAllowed(_("The sheet belongs to the supervisors and the administrator."))


@transaction.atomic
def add_facility(community, *, room, name, by, now):
    """Add a line to the facility sheet of `community`, behind the last of its place; return it. Raises Refused where it
    is there already."""
    _demand_setter(by, community)
    rows = FacilityItem.objects.filter(community=community)
    last = rows.filter(room=room).order_by("position").last() or rows.order_by("position").last()
    item = FacilityItem(community=community, room=room, name=name, position=last.position + 1 if last else 10)
    try:
        with transaction.atomic():
            item.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(_("This line is on the sheet already, perhaps switched off.")) from error
    events.log(item, "facility_added", by=by, now=now, data={"room": room, "name": name})
    return item


@transaction.atomic
def switch_facility(item, *, by, now):
    """Take a line off the sheet or put it back; sheets that were begun keep their lines."""
    _demand_setter(by, item.community)
    item.is_active = not item.is_active
    item.save(update_fields=["is_active"])
    events.log(item, "facility_switched", by=by, now=now, data={"is_active": item.is_active})


# Opening and ending ---------------------------------------------------------------------------------------------------


@transaction.atomic
def open_move_in(unit, *, capacity, booked_for, moves_on, by, now, person=None, name="", phone=""):
    """Open a move-in into `unit` and return the Handover: for a `person` of the register, or for whoever is called
    `name`, who is registered with it. Raises Refused where a move-in of this home runs already. About ten statements.
    """
    ring.demand(by, unit.community)
    party = person or register_person(unit.community, name=name, phone=phone, by=by, now=now)
    handover = _open(unit, Handover.Kind.MOVE_IN, party, capacity, booked_for, moves_on, by=by, now=now)
    wanted = [*PAPERS[capacity], *([Doc.LICENCE] if party.kind == Person.Kind.COMPANY else [])]
    Document.objects.bulk_create([Document(handover=handover, kind=kind) for kind in wanted])
    signed = AGREEMENTS.get(capacity, AGREEMENTS_OF_OTHERS)
    Agreement.objects.bulk_create([Agreement(handover=handover, kind=kind) for kind in signed])
    fill_facilities(unit.community, by=by, now=now)
    lines = FacilityItem.objects.filter(community=unit.community, is_active=True)
    HandoverItem.objects.bulk_create(
        [
            HandoverItem(handover=handover, position=number, room=line.room, name=line.name)
            for number, line in enumerate(lines, 1)
        ]
    )
    return handover


@transaction.atomic
def open_move_out(occupancy, *, booked_for, moves_on, by, now):
    """Open a move-out of whoever bears `occupancy` and return the Handover, with those who probably leave along.

    Raises Refused where a move-out of this home runs already, and for a last day before the first.
    """
    unit = occupancy.unit
    ring.demand(by, unit.community)
    _demand_after_first(occupancy, moves_on)
    facts = (occupancy.person, occupancy.kind, booked_for, moves_on)
    handover = _open(unit, Handover.Kind.MOVE_OUT, *facts, by=by, now=now, occupancy=occupancy)
    others = list(ring.living_with(occupancy, moves_on))
    handover.companions.set(ring.would_leave_with(occupancy, others))
    return handover


def _open(unit, kind, party, capacity, booked_for, moves_on, *, by, now, occupancy=None):
    handover = Handover(
        community=unit.community,
        unit=unit,
        kind=kind,
        party=party,
        capacity=capacity,
        occupancy=occupancy,
        booked_for=booked_for,
        moves_on=moves_on,
        opened_at=now,
        opened_by=by,
    )
    try:
        with transaction.atomic():
            handover.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(_("A %(kind)s of this home runs already. Go on with that one.") % _kind(handover)) from error
    HandoverTask.objects.bulk_create(
        [HandoverTask(community=unit.community, handover=handover, kind=task.kind) for task in ring.tasks_of(kind)]
    )
    events.log(handover, "handover_opened", by=by, now=now, data={"kind": str(kind), "unit": unit.pk})
    return handover


def _kind(handover):
    return {"kind": handover.get_kind_display()}


def _demand_after_first(occupancy, day):
    if day < occupancy.period.lower:
        raise Refused(_("Nobody can move out before they moved in, on %(day)s.") % {"day": occupancy.period.lower})


def touch(handover, *, by, now, **facts):
    """Write the handover before anything that hangs on it, and begin it where it was only booked. Raises Refused where
    it has ended, Stale where somebody else was first."""
    if not handover.is_running:
        raise Refused(
            _("This %(kind)s is %(state)s; nothing is changed in it any more.")
            % {**_kind(handover), "state": handover.get_status_display()}
        )
    if handover.status == Handover.Status.BOOKED:
        move(handover, Handover.Status.UNDER_WAY, by=by, now=now, verb="handover_begun", started_at=now, **facts)
    else:
        write(handover, **facts)


@transaction.atomic
def rebook_handover(handover, *, booked_for, by, now):
    """Set another day and time for the appointment; what is done stays done."""
    ring.demand(by, handover.community)
    if not handover.is_running:
        raise Refused(_("Only a handover that runs has an appointment."))
    was = handover.booked_for
    write(handover, booked_for=booked_for)
    data = {"was": was.isoformat(), "until": booked_for.isoformat()}
    events.log(handover, "handover_rebooked", by=by, now=now, data=data)


@transaction.atomic
def cancel_handover(handover, *, reason, by, now):
    """End a handover that does not take place, with the reason. Raises Refused while somebody who was to move in has
    keys or a card; an occupancy that it began ends with it."""
    ring.demand(by, handover.community)
    move(
        handover,
        Handover.Status.CANCELLED,
        by=by,
        now=now,
        verb="handover_cancelled",
        note=reason,
        cancelled_reason=reason,
    )
    if handover.is_move_in and handover.occupancy_id:
        if _have_keys_or_card(handover):
            raise Refused(_("Keys or a card were given out. Take them back first, then cancel."))
        last = max(handover.community.local(now).date(), handover.occupancy.period.lower)
        leave_home(handover.occupancy, on=last, by=by, now=now)


@transaction.atomic
def complete_handover(handover, *, signed_name, signed_how, by, now, picture=None):
    """Close the ring, signed by both sides, and move the occupancy. `picture` is (Picture, name) of the signed sheet.

    A move-in begins the occupancy where the register has none or another capacity, and is the handover of the home
    where it is its first to an owner. A move-out ends those of the party and of who goes along, their cards, and orders
    their plates down.
    Raises Refused with the names of the tasks that are open or whose facts have gone and of the defects for which no
    day is promised, and where nothing was begun.
    About ten statements, three for each person who leaves.
    """
    ring.demand(by, handover.community)
    if handover.status == Handover.Status.BOOKED:
        raise Refused(_("Nothing of this %(kind)s is done yet. Begin with any of its tasks.") % _kind(handover))
    facts = {"completed_at": now, "completed_by": by, "signed_name": signed_name, "signed_how": signed_how}
    # First the row, so that whoever finishes or opens a task at this moment comes before or after all of it.
    move(handover, Handover.Status.COMPLETED, by=by, now=now, verb="handover_completed", **facts)
    _demand_closed(handover)
    _demand_promised(handover)
    if picture:
        photos.attach(*picture, to=handover, by=by, now=now)
    if handover.is_move_in:
        _settle_occupancy(handover, by=by, now=now)
        if handover.capacity == Occupancy.Kind.OWNER:
            mark_handed_over(handover.unit, on=handover.moves_on, by=by, now=now)
    else:
        _end_occupancies(handover, by=by, now=now)


def _demand_closed(handover):
    rows = list(handover.tasks.all())
    open_ones = [ring.title_of(row.kind) for row in rows if row.is_open]
    if open_ones:
        raise Refused(
            _("Not done yet: %(tasks)s. Finish them, or leave them out with a reason; what is done is kept.")
            % {"tasks": ring.joined(open_ones)}
        )
    for row in rows:
        lacking = ring.missing(handover, row.kind) if row.status == HandoverTask.Status.DONE else ""
        if lacking:
            raise Refused(
                _("“%(task)s” was done, but no longer holds: %(lacking)s Open it again.")
                % {"task": ring.title_of(row.kind), "lacking": lacking}
            )


def _demand_promised(handover):
    names = [str(defect) for defect in ring.unpromised(handover)]
    if names:
        raise Refused(
            _("No day is promised yet for: %(defects)s. Promise a day for each, or void what is no defect.")
            % {"defects": ring.joined(names)}
        )


def begin_occupancy(handover, *, by, now):
    """Record that the party of a move-in occupies the home, in the caller's transaction: whoever has the keys or a card
    lives there. Nothing begins where the register has them there already, be it until a day that is known."""
    if handover.occupancy_id:
        return
    day = min(handover.moves_on, handover.community.local(now).date())
    if not _homes_of_party(handover, day).exists():
        _begin(handover, day, by=by, now=now)


def _homes_of_party(handover, day):
    """Return what the party has in this home on `day` or later, in order of time."""
    rows = Occupancy.objects.in_force().filter(unit=handover.unit_id, person=handover.party_id)
    return rows.filter(period__overlap=DateRange(day, None)).order_by("period")


def _have_keys_or_card(handover):
    return not (ring.missing(handover, "keys") and ring.missing(handover, "cards"))


def _begin(handover, day, *, by, now):
    facts = {"kind": handover.capacity, "starts_on": day}
    write(handover, occupancy=move_in(handover.unit, handover.party, **facts, by=by, now=now))


def _settle_occupancy(handover, *, by, now):
    """Name the occupancy of a move-in that ends: the one that it began, or that the register has, in the capacity of
    the move; else one begins on the day of the move, or today where keys or a card were given before that day."""
    if handover.occupancy_id:
        return
    day = handover.moves_on
    if _have_keys_or_card(handover):
        day = min(day, handover.community.local(now).date())
    homes = list(_homes_of_party(handover, day))
    kept = next((home for home in homes if home.period.upper is None or home.period.upper > handover.moves_on), None)
    if kept is None:
        # What ends before the day of the move, such as the lease before this one, stays as it is.
        _begin(handover, max([day, *(home.period.upper for home in homes)]), by=by, now=now)
    elif kept.kind == handover.capacity:
        write(handover, occupancy=kept)
    else:
        _change_capacity(handover, kept, by=by, now=now)


def _change_capacity(handover, held, *, by, now):
    """End what the party was in this home the day before the move and begin what they are from then on; the plates with
    their name go along. Raises Refused for an owner, who ceases to be one by no move-in, and where `held` has not begun
    before the day of the move."""
    if held.kind == Occupancy.Kind.OWNER or held.period.lower >= handover.moves_on:
        raise Refused(
            _("The register has them here as %(capacity)s from %(day)s. Correct that on their page, then go on here.")
            % {"capacity": held.get_kind_display(), "day": held.period.lower}
        )
    end_occupancy(held, on=handover.moves_on - DAY, by=by, now=now)
    _begin(handover, handover.moves_on, by=by, now=now)
    Plate.objects.live().filter(occupancy=held).update(occupancy=handover.occupancy, version=F("version") + 1)


def _end_occupancies(handover, *, by, now):
    for occupancy in list(ring.leaving(handover).select_related("unit__community", "person", "company")):
        leave_home(occupancy, on=handover.moves_on, by=by, now=now)


# Tasks ----------------------------------------------------------------------------------------------------------------


def _task(handover, kind):
    row = HandoverTask.objects.filter(handover=handover, kind=kind).first()
    if row is None:
        raise Refused(_("This handover has no such task."))
    return row


@transaction.atomic
def finish_task(handover, kind, *, by, now, note=""):
    """Finish a task of the ring. Raises Refused, saying what it lacks, where its facts are not there yet.

    Upper apps call it for their own kinds (`ring.register`), with `by=None` for the clock.
    """
    if by is not None:
        ring.demand(by, handover.community, kind)
    touch(handover, by=by, now=now)
    row = _task(handover, kind)
    if lacking := ring.missing(handover, kind):
        raise Refused(lacking)
    facts = {"done_at": now, "done_by": by, "remark": note}
    move(row, HandoverTask.Status.DONE, by=by, now=now, verb="task_done", note=note, data={"kind": kind}, **facts)


@transaction.atomic
def excuse_task(handover, kind, *, reason, by, now):
    """Leave a task out, with the reason; it counts as settled."""
    ring.demand(by, handover.community)
    touch(handover, by=by, now=now)
    facts = {"done_at": now, "done_by": by, "excused_reason": reason}
    row = _task(handover, kind)
    move(
        row, HandoverTask.Status.EXCUSED, by=by, now=now, verb="task_excused", note=reason, data={"kind": kind}, **facts
    )


@transaction.atomic
def reopen_task(handover, kind, *, by, now):
    """Open a task again that was finished or left out by mistake; what was entered in it stays."""
    ring.demand(by, handover.community, kind)
    touch(handover, by=by, now=now)
    facts = {"done_at": None, "done_by": None, "excused_reason": ""}
    row = _task(handover, kind)
    move(row, HandoverTask.Status.OPEN, by=by, now=now, verb="task_reopened", data={"kind": kind}, **facts)


def demand_open(handover, kind):
    """Raise Refused where a task is settled: it is opened again before anything in it is changed. One query."""
    if not _task(handover, kind).is_open:
        raise Refused(_("“%(task)s” is settled. Open it again to change it.") % {"task": ring.title_of(kind)})


@transaction.atomic
def record_papers(handover, *, states, by, now):
    """Write which papers were shown; `states` is {kind: state}. Returns how many changed."""
    return _record(handover, "papers", handover.documents.all(), "state", states, by=by, now=now)


@transaction.atomic
def record_agreements(handover, *, signed, by, now):
    """Write which agreements were signed and when; `signed` is {kind: day}, None for not yet, False for not needed.

    Raises Refused for a day that is still to come.
    """
    today = handover.community.local(now).date()
    if any(day and day > today for day in signed.values()):
        raise Refused(_("An agreement cannot have been signed on a day that is still to come."))
    ring.demand(by, handover.community, "agreements")
    touch(handover, by=by, now=now)
    demand_open(handover, "agreements")
    rows = []
    for row in handover.agreements.all():
        day = signed.get(row.kind, (row.signed_on if row.is_needed else False))
        if (day is not False, day or None) != (row.is_needed, row.signed_on):
            row.is_needed, row.signed_on = day is not False, day or None
            rows.append(row)
    if not rows:
        return
    Agreement.objects.bulk_update(rows, ["is_needed", "signed_on"])
    events.log(handover, "agreements_recorded", by=by, now=now, data={"rows": len(rows)})


def _record(handover, kind, rows, column, values, *, by, now):
    ring.demand(by, handover.community, kind)
    touch(handover, by=by, now=now)
    demand_open(handover, kind)
    changed = [row for row in rows if values.get(row.kind, getattr(row, column)) != getattr(row, column)]
    for row in changed:
        setattr(row, column, values[row.kind])
    if changed:
        type(changed[0]).objects.bulk_update(changed, [column])
        data = {row.kind: str(values[row.kind]) for row in changed}
        events.log(handover, f"{kind}_recorded", by=by, now=now, data=data)
    return len(changed)


@transaction.atomic
def explain_fees(handover, *, rule, by, now):
    """Record from when fees are counted, that they were explained, and finish the task. Billing begins by this."""
    ring.demand(by, handover.community)
    starts_on = fees_start_on(rule, handover.moves_on)
    touch(handover, by=by, now=now, fee_start_rule=rule, fee_starts_on=starts_on, fees_explained_at=now)
    data = {"rule": str(rule), "until": starts_on.isoformat()}
    events.log(handover, "fees_explained", by=by, now=now, data=data)
    finish_task(handover, "fees", by=by, now=now)


@transaction.atomic
def set_leaving(handover, *, moves_on, companions, by, now):
    """Set the last day of a move-out and who goes along, and finish the task. `companions` are Occupancies of the home.

    Raises Refused for a last day before the first, and where the register has the party no longer there on that day.
    """
    ring.demand(by, handover.community)
    _demand_after_first(handover.occupancy, moves_on)
    touch(handover, by=by, now=now, moves_on=moves_on)
    if not Occupancy.objects.on(moves_on).filter(pk=handover.occupancy_id).exists():
        raise Refused(_("On this day the register no longer has them here. Choose an earlier day."))
    handover.companions.set(companions)
    finish_task(handover, "occupancy", by=by, now=now)
