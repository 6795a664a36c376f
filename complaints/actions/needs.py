"""What was asked for on a home visit becomes a case (走访)."""

import uuid

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from complaints.actions.receiving import receive_case
from complaints.models import Case, Channel, NeedCase
from residents.actions import free_need, settle_need
from servicedesk.core.errors import Refused

# The same need is the same submission, however often the button is pressed.
_SPACE = uuid.UUID("7b0f4f0e-6a52-4a52-9a3b-5d1c2a6b9c10")


@transaction.atomic
def open_case_from_need(need, *, by, now, category, kind=None):
    """Make a case of what a resident asked for on a home visit, and return it. The visit, its home and its person must
    be loaded.

    It is an ordinary case that came by a visit, at the time of the visit: its deadline and its levels count from there.
    Raises Refused where the need is settled already, Stale where somebody was faster, NotAllowed for others than the
    desk.
    """
    if not need.is_open:
        raise Refused(_("This has been seen to already: it is a case, or it was answered."))
    visit = need.visit
    person = visit.person if visit.person_id and not visit.person.sealed_at else None
    cut = Case._meta.get_field("summary").max_length
    case, _token = receive_case(
        need.community,
        by=by,
        now=now,
        channel=Channel.VISIT,
        kind=kind or category.kind,
        category=category,
        summary=need.text[:cut],
        description=need.text if len(need.text) > cut else "",
        submission=uuid.uuid5(_SPACE, f"{need.pk}:{need.version}"),
        reporter=person,
        reporter_name=visit.met,
        reporter_phone=person.phone if person else "",
        anonymous_reason="" if visit.met else _("Asked for on a home visit."),
        no_phone_reason="" if person and person.phone else _("Asked for on a home visit."),
        unit=visit.unit,
        received_at=need.asked_at,
    )
    settle_need(need, by=by, now=now, data={"case": case.number})
    try:
        with transaction.atomic():
            NeedCase.objects.create(community_id=need.community_id, need=need, case=case, by=by, at=now)
    except IntegrityError as error:
        raise Refused(_("This has been seen to already: it is a case, or it was answered.")) from error
    return case


def free_need_of(case, *, by, now):
    """Open the need again that became a case whose registration is undone, in the caller's transaction. One query."""
    link = NeedCase.objects.filter(case=case, freed_at=None).select_related("need").first()
    if link is not None:
        NeedCase.objects.filter(pk=link.pk).update(freed_at=now)
        free_need(link.need, by=by, now=now)
