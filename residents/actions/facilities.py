"""The facility sheet of a move-in (单元设施交接单), and the defects found with it (遗留问题).

What becomes of a defect at those who mend it is the case's: see `complaints.actions.defects`, which calls the verbs
here inside its own transactions.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from residents import ring, voiding
from residents.actions.handovers import demand_open, touch
from residents.models import Defect, HandoverItem
from servicedesk.core import events, photos
from servicedesk.core.errors import Refused
from servicedesk.core.moves import move

Result = HandoverItem.Result


@transaction.atomic
def record_items(handover, *, results, by, now):
    """Write the results of lines of the facility sheet and return how many changed; a line with a defect has one.

    `results` is {key of the line: (result, note)}. Raises Refused for a defect without a word on what it is, and where
    a line is corrected whose defect is mended by a case already: that one is re-inspected.
    """
    ring.demand(by, handover.community, "facilities")
    touch(handover, by=by, now=now)
    demand_open(handover, "facilities")
    changed = []
    for line in handover.items.all():
        result, note = results.get(line.pk, (line.result, line.note))
        if (result, note) == (line.result, line.note):
            continue
        if result == Result.DEFECT and not note:
            raise Refused(_("%(line)s: write what is wrong with it.") % {"line": line})
        line.result, line.note = result, note
        changed.append(line)
    if changed:
        HandoverItem.objects.bulk_update(changed, ["result", "note"])
        _note_defects(handover, changed, by=by, now=now)
        events.log(handover, "items_recorded", by=by, now=now, data={"rows": len(changed)})
    return len(changed)


def _note_defects(handover, lines, *, by, now):
    known = {defect.item_id: defect for defect in Defect.objects.open().filter(item__in=lines)}
    for line in lines:
        defect = known.get(line.pk)
        if line.result == Result.DEFECT:
            if defect is None:
                note_defect(handover, text=f"{line}：{line.note}", item=line, by=by, now=now)
        elif defect is not None:
            if defect.status != Defect.Status.OPEN:
                raise Refused(_("%(line)s: its defect is being mended. Re-inspect it instead.") % {"line": line})
            _void(defect, _("The line of the sheet was corrected."), by=by, now=now)


@transaction.atomic
def record_all_in_order(handover, *, by, now):
    """Write “in order” for every line that has no result yet (全部正常), and return how many."""
    lines = handover.items.filter(result=Result.UNSEEN)
    results = {key: (Result.OK, note) for key, note in lines.values_list("pk", "note")}
    return record_items(handover, results=results, by=by, now=now)


@transaction.atomic
def note_defect(handover, *, text, by, now, item=None):
    """Note a defect of a home, of a line of the sheet or beside it, and return it. It blocks nothing."""
    ring.demand(by, handover.community, "facilities")
    defect = Defect.objects.create(
        community=handover.community,
        unit=handover.unit,
        handover=handover,
        item=item,
        text=text[: Defect._meta.get_field("text").max_length],
        found_at=now,
        found_by=by,
    )
    events.log(defect, "defect_found", by=by, now=now, data={"unit": handover.unit_id})
    return defect


@transaction.atomic
def show_defect(defect, *, pictures, by, now):
    """Attach stored pictures to a defect, (Picture, name) each."""
    ring.demand(by, defect.community, "facilities")
    for picture, name in pictures:
        photos.attach(picture, name, to=defect, by=by, now=now)
    events.log(defect, "defect_shown", by=by, now=now, data={"count": len(pictures)})


@transaction.atomic
def note_shown_defect(handover, *, text, pictures, by, now):
    """Note a defect that stands on no line of the sheet, with its stored pictures, and return it."""
    touch(handover, by=by, now=now)
    defect = note_defect(handover, text=text, by=by, now=now)
    if pictures:
        show_defect(defect, pictures=pictures, by=by, now=now)
    return defect


@transaction.atomic
def promise_defect(defect, *, promised_on, by, now):
    """Record that a defect is being mended, and by which day its resident was promised it. Raises Refused for a day
    that is over."""
    ring.demand(by, defect.community)
    if promised_on < defect.community.local(now).date():
        raise Refused(_("Promise today or a later day."))
    data = {"until": promised_on.isoformat()}
    move(defect, Defect.Status.IN_HAND, by=by, now=now, verb="defect_promised", data=data, promised_on=promised_on)


@transaction.atomic
def settle_inspection(defect, *, is_good, note, by, now):
    """Record what a re-inspection (复验) of a defect found, with the resident there. Raises Refused where nobody mends
    it yet."""
    ring.demand(by, defect.community)
    if not defect.is_open or defect.status == Defect.Status.OPEN:
        raise Refused(_("Nobody mends this defect at the moment, so there is nothing to re-inspect."))
    to, verb = (Defect.Status.ACCEPTED, "defect_accepted") if is_good else (Defect.Status.REJECTED, "defect_rejected")
    move(defect, to, by=by, now=now, verb=verb, note=note, inspected_at=now, inspected_by=by)


@transaction.atomic
def void_defect(defect, *, reason, by, now):
    """Void a defect that was noted by mistake, with the reason; a case that it became is voided by itself.

    Raises NotAllowed for who noted it more than ten minutes ago, and for others than a supervisor.
    """
    ring.demand(by, defect.community, "facilities")
    voiding.demand(by, defect.community_id, author=defect.found_by_id, since=defect.found_at, now=now)
    _void(defect, reason, by=by, now=now)


def _void(defect, reason, *, by, now):
    move(defect, Defect.Status.VOID, by=by, now=now, verb="defect_void", note=reason, void_reason=reason)
