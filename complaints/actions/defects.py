"""Defects found at a handover become cases with a promised date, and are re-inspected when these are resolved (R4)."""

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from complaints.actions.receiving import receive_case
from complaints.actions.replying import reopen
from complaints.defects import category_for, link_of
from complaints.models import Channel, DefectCase, Kind
from complaints.models.cases import CLOCKED
from residents.actions import note_shown_defect, promise_defect, record_items, settle_inspection
from residents.models import Defect
from servicedesk.core.calendar import calendar_of
from servicedesk.core.errors import Refused

# The same defect is the same submission, however often its button is pressed.
SPACE = uuid.UUID("3c1de0b4-70a1-4a8c-9a6e-4c1b6f0e9d55")


@transaction.atomic
def open_case_from_defect(defect, *, by, now, promised_on, category=None, pictures=()):
    """Make a case of a defect and return it: mended by `promised_on`, of which the resident is told by its close.

    `pictures` are (Picture, name) pairs for the job. Raises Refused for a day that is over and where a case mends it
    already, NotAllowed for others than the desk.
    """
    category = category or category_for(defect.community)
    if category is None:
        raise Refused(_("This community has no category of repairs. Ask the administrator to add one."))
    promise_defect(defect, promised_on=promised_on, by=by, now=now)
    handover, party = defect.handover, defect.handover.party
    case, _token = receive_case(
        defect.community,
        by=by,
        now=now,
        channel=Channel.VISIT,
        kind=Kind.REPAIR,
        category=category,
        summary=_("Handover: %(text)s") % {"text": defect.text},
        submission=uuid.uuid5(SPACE, str(defect.pk)),
        reporter=party,
        reporter_name=party.name,
        reporter_phone=party.phone,
        no_phone_reason="" if party.phone else _("No number is in the register."),
        unit=handover.unit,
        pictures=pictures,
        promised_reply_at=_close_of(defect.community, promised_on, now),
        is_new_matter=True,
    )
    DefectCase.objects.create(community_id=defect.community_id, defect=defect, case=case)
    return case


@transaction.atomic
def record_promised_items(handover, *, results, promised, by, now):
    """Write results of the facility sheet as `record_items` does, and make a case of each defect that got its day with
    them; `promised` is {key of the line: day}. About thirty statements for each case."""
    record_items(handover, results=results, by=by, now=now)
    for defect in Defect.objects.filter(item__in=promised, status=Defect.Status.OPEN).select_related(
        "community", "handover__party", "handover__unit"
    ):
        open_case_from_defect(defect, promised_on=promised[defect.item_id], by=by, now=now)


@transaction.atomic
def note_promised_defect(handover, *, text, pictures, copies, promised_on, by, now):
    """Note a defect that stands on no line of the sheet, make a case of it and return the Case. `pictures` stay with
    the defect, `copies` of them go to the job."""
    defect = note_shown_defect(handover, text=text, pictures=pictures, by=by, now=now)
    return open_case_from_defect(defect, promised_on=promised_on, pictures=copies, by=by, now=now)


def _close_of(community, day, now):
    """Return the moment until which a day promises: its close, or its end where it has closed already."""
    calendar = calendar_of(community)
    close = calendar.close_of(day)
    return close if close > now else calendar.midnight(day + datetime.timedelta(days=1))


@transaction.atomic
def reinspect_defect(defect, *, is_good, note, by, now):
    """Record a re-inspection (复验) of a defect. Not accepted, its case is opened again in a new cycle.

    Raises Refused while somebody still works on the case, and where it can no longer be opened again.
    """
    link = link_of(defect)
    if link is not None and link.case.status in CLOCKED:
        raise Refused(
            _("The case %(number)s is not resolved yet. Re-inspect the defect when it is.")
            % {"number": link.case.short_number}
        )
    settle_inspection(defect, is_good=is_good, note=note, by=by, now=now)
    if not is_good:
        if not note:
            raise Refused(_("Write what is still wrong."))
        reopen(link.case, by=by, now=now, note=note)
