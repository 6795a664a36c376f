"""Verbs of directory boards: asking for a plate, approving, making, mounting it, taking it down, printing a board."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from residents import signs
from residents.actions.visits import demand_desk
from residents.models import Board, BoardPrinting, Occupancy, Plate, Unit
from servicedesk.core import events, photos
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Photo, Role
from servicedesk.core.moves import move, write
from servicedesk.core.roles import roles_in

Status = Plate.Status


@transaction.atomic
def add_board(community, *, by, now, **facts):
    """Make a directory board known and return it. Raises Refused where another one has its name, and NotAllowed."""
    _demand_supervisor(by, community.pk)
    try:
        with transaction.atomic():
            board = Board.objects.create(community=community, **facts)
    except IntegrityError as error:
        raise Refused(_("There is a board of this name already.")) from error
    events.log(board, "board_added", by=by, now=now)
    return board


@transaction.atomic
def change_board(board, *, by, now, **facts):
    """Write what was changed about a board. Raises Refused for another board's name and where a plate would lose its
    place, and NotAllowed."""
    _demand_supervisor(by, board.community_id)
    highest = board.plates.live().order_by("-slot").values_list("slot", flat=True).first() or 0
    if facts.get("slots", highest) < highest:
        raise Refused(_("Place %(slot)s is in use. Take its plate down first.") % {"slot": highest})
    try:
        with transaction.atomic():
            write(board, **facts)
    except IntegrityError as error:
        raise Refused(_("There is a board of this name already.")) from error
    events.log(board, "board_changed", by=by, now=now, data={"changed": sorted(facts), "version": board.version})


def _demand_supervisor(by, community_id):
    if Role.SUPERVISOR not in roles_in(by, community_id):
        raise NotAllowed(_("This step belongs to a supervisor."))


@transaction.atomic
def request_plate(
    board,
    occupancy,
    *,
    slot,
    display_name_zh,
    agreed_by,
    agreed_on,
    agreed_how,
    by,
    now,
    display_name_en="",
    replaces=None,
    is_private_agreed=False,
):
    """Ask for a plate for an occupant in one place of a board and return it.

    What hangs there is replaced, be it named in `replaces` or be it leaving already. Raises Refused for a place that
    is taken or not on the board, for a private person without `is_private_agreed`, for an occupant who has moved out or
    has a plate there, for a bilingual board without the English name; NotAllowed for others than the desk.
    """
    demand_desk(board.community_id, by=by)
    today = board.community.local(now).date()
    hanging = board.plates.hanging().filter(slot=slot).first()
    if hanging and hanging.is_leaving:
        replaces = replaces or hanging
    _demand_bearer(occupancy, today, is_private_agreed)
    _demand_place(board, slot, hanging, replaces)
    if board.is_bilingual and not display_name_en:
        raise Refused(_("This board is in two languages. Write the English name as well."))
    others = board.plates.live().filter(occupancy=occupancy).exclude(pk=replaces.pk if replaces else None)
    if others.exists():
        raise Refused(
            _("This occupant has a plate on this board already. Replace that one where the name has changed.")
        )
    try:
        with transaction.atomic():
            plate = Plate.objects.create(
                community_id=board.community_id,
                board=board,
                slot=slot,
                unit=occupancy.unit,
                occupancy=occupancy,
                replaces=replaces,
                display_name_zh=display_name_zh,
                display_name_en=display_name_en,
                registered_name=occupancy.person.name,
                requested_by=by,
                requested_at=now,
                due_on=signs.due_on(board.community, board.due_days, today),
                agreed_by=agreed_by,
                agreed_on=agreed_on,
                agreed_how=agreed_how,
            )
    except IntegrityError as error:
        raise Refused(_("Somebody has just asked for a plate in place %(slot)s.") % {"slot": slot}) from error
    events.log(plate, "plate_requested", by=by, now=now, data={"board": board.pk, "slot": slot})
    return plate


def _demand_bearer(occupancy, today, is_private_agreed):
    if signs.has_left(occupancy, today):
        raise Refused(_("This occupant has moved out. A plate names who is there."))
    if occupancy.person.kind != occupancy.person.Kind.COMPANY and not is_private_agreed:
        raise Refused(_("Private persons have no plate unless they wish it. Tick that they do."))


def _demand_place(board, slot, hanging, replaces):
    if not 1 <= slot <= board.slots:
        raise Refused(_("This board has the places 1 to %(slots)s.") % {"slots": board.slots})
    if replaces is not None and (replaces.board_id != board.pk or replaces.status != Status.MOUNTED):
        raise Refused(_("What is replaced must hang on this board."))
    if hanging is not None and (replaces is None or hanging.pk != replaces.pk):
        raise Refused(_("Place %(slot)s is taken. Choose another one.") % {"slot": slot})


@transaction.atomic
def approve_plate(plate, *, by, now):
    """Approve a name for the board. Raises NotAllowed for others than a supervisor who did not ask for it."""
    _demand_supervisor(by, plate.community_id)
    if plate.requested_by_id == by.pk:
        raise NotAllowed(_("You asked for this plate. Another supervisor approves it."))
    move(plate, Status.APPROVED, by=by, now=now, verb="plate_approved", approved_by=by, approved_at=now)


@transaction.atomic
def make_plate(plate, *, by, now):
    """Record that the sign maker has delivered a plate. Raises NotAllowed for others than the desk."""
    demand_desk(plate.community_id, by=by)
    move(plate, Status.MADE, by=by, now=now, verb="plate_made", made_at=now)


@transaction.atomic
def mount_plate(plate, *, by, now, pictures=()):
    """Record that a plate hangs; what it replaces has come down with it. `pictures` are (Picture, stored name) pairs.
    Raises Refused where something else still hangs in its place, and NotAllowed for others than the desk."""
    demand_desk(plate.community_id, by=by)
    old = plate.replaces
    if old is not None and old.status == Status.MOUNTED:
        reason = old.removal_reason or _("Replaced by another plate.")
        _take_down(old, by=by, now=now, removal_reason=reason, remove_by=old.remove_by or plate.due_on)
    try:
        with transaction.atomic():
            move(plate, Status.MOUNTED, by=by, now=now, verb="plate_mounted", mounted_by=by, mounted_at=now)
    except IntegrityError as error:
        raise Refused(_("Another plate still hangs in place %(slot)s.") % {"slot": plate.slot}) from error
    for picture, name in pictures:
        photos.attach(picture, name, to=plate, by=by, now=now, stage=Photo.Stage.DONE)


def _take_down(plate, *, by, now, **facts):
    move(plate, Status.REMOVED, by=by, now=now, verb="plate_removed", removed_by=by, removed_at=now, **facts)


@transaction.atomic
def ask_removal(plate, *, reason, by, now):
    """Ask for a plate that hangs to be taken down, within the working days of its board. Raises Refused where it does
    not hang or was asked for already, and NotAllowed for others than the desk."""
    demand_desk(plate.community_id, by=by)
    _ask_down(plate, reason=reason, by=by, now=now)


def _ask_down(plate, *, reason, by, now):
    if plate.status != Status.MOUNTED or plate.is_leaving:
        raise Refused(_("Only a plate that hangs can be taken down, and it is asked for once."))
    today = plate.board.community.local(now).date()
    due = signs.due_on(plate.board.community, plate.board.due_days, today)
    write(plate, removal_reason=reason, remove_by=due)
    events.log(plate, "plate_removal_asked", by=by, now=now, note=reason, data={"version": plate.version})


@transaction.atomic
def keep_plate(plate, *, by, now):
    """Let a plate hang after all that was to be taken down. Raises Refused where it is not, and NotAllowed."""
    demand_desk(plate.community_id, by=by)
    if not plate.is_leaving:
        raise Refused(_("This plate is not to be taken down."))
    if plate.replaced_by.coming().exists():
        raise Refused(_("Another plate is on its way to this place. Take that one back first."))
    write(plate, removal_reason="", remove_by=None)
    events.log(plate, "plate_kept", by=by, now=now, data={"version": plate.version})


@transaction.atomic
def remove_plate(plate, *, by, now):
    """Record that a plate has been taken down. Raises Refused where that was not asked for, and NotAllowed."""
    demand_desk(plate.community_id, by=by)
    if not plate.is_leaving:
        raise Refused(_("Say first why the plate goes."))
    _take_down(plate, by=by, now=now)


@transaction.atomic
def withdraw_plate(plate, *, reason, by, now):
    """Give up a plate that does not hang yet: asked for by mistake, not approved, not wanted any more. Raises
    NotAllowed for others than the desk."""
    demand_desk(plate.community_id, by=by)
    _give_up(plate, reason=reason, by=by, now=now)


def _give_up(plate, *, reason, by, now):
    facts = {"withdrawn_at": now, "withdrawn_reason": reason}
    move(plate, Status.WITHDRAWN, by=by, now=now, verb="plate_withdrawn", note=reason, **facts)


@transaction.atomic
def remove_plates_of(place, *, by, now):
    """Raise the removal of the plates of a Unit or an Occupancy that ends, and return those that still hang.

    What hangs is to be taken down within the working days of its board; what is on its way is not made any more. Asked
    twice, nothing changes. The caller asks whether `by` may. A ring of tasks closes once `Plate.objects.live()` has
    none of them left.
    """
    if not isinstance(place, Unit | Occupancy):
        raise TypeError(place)
    mine = {"unit": place} if isinstance(place, Unit) else {"occupancy": place}
    plates = list(Plate.objects.live().filter(**mine).select_related("board__community").order_by("id"))
    reason = _("Moved out.")
    for plate in plates:
        if plate.is_coming:
            _give_up(plate, reason=reason, by=by, now=now)
        elif not plate.is_leaving:
            _ask_down(plate, reason=reason, by=by, now=now)
    return [plate for plate in plates if plate.is_live]


@transaction.atomic
def print_board(board, *, by, now):
    """Record that the sign maker is told how a board is to look now, and return the BoardPrinting. Raises Refused where
    nothing has changed since the last one, and NotAllowed for others than the desk."""
    demand_desk(board.community_id, by=by)
    Board.objects.select_for_update(of=("self",), no_key=True).get(pk=board.pk)
    if signs.paper_of(board).is_unchanged:
        raise Refused(_("Nothing has changed since the last printing. Print that one again."))
    plates = signs.wanted(board.plates.live())
    printing = BoardPrinting.objects.create(
        community_id=board.community_id,
        board=board,
        at=now,
        by=by,
        snapshot={str(slot): plate.pk for slot, plate in sorted(plates.items())},
    )
    events.log(board, "board_printed", by=by, now=now, data={"printing": printing.pk})
    return printing
