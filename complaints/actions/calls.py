"""Calls: typing one in, making a case of it, linking or explaining it."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from complaints.models import Call, Case
from servicedesk.core import events
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.moves import write


@transaction.atomic
def enter_call(community, *, by, now, kind, at=None, phone="", caller="", what="", answered_by=None):
    """Record a call and return it; who typed in a finished one answered it unless somebody else is named. Raises
    Refused for a call in the future."""
    at = at or now
    if at > now:
        raise Refused(_("A call cannot have come later than now. Look at the time."))
    call = Call.objects.create(
        community=community,
        kind=kind,
        at=at,
        phone=phone,
        caller=caller,
        what=what,
        answered_by=(answered_by or by) if kind == Call.Kind.FINISHED else None,
        entered_by=by,
        entered_at=now,
    )
    events.log(call, "call_entered", by=by, now=now)
    return call


@transaction.atomic
def open_call(call, *, by, now):
    """Record that `by` takes the number of a call to ring back or to make a case of it (ruling 13); return it."""
    _demand(call, by)
    events.log(call, "call_opened", by=by, now=now)
    return call.phone


def join_call(call, case, *, by, now):
    """Make `call` one of `case`, in the caller's transaction. Raises Refused where it is settled already, Stale where
    somebody was faster."""
    if not call.is_loose:
        raise Refused(_("This call is a case already, or it was explained why it is none."))
    write(call, case=case, settled_by=by, settled_at=now)
    events.log(call, "call_linked", by=by, now=now, data={"case": case.number})


def free_calls(case, *, by, now):
    """Let go of the calls of a case whose registration is undone, in the caller's transaction: they are open again."""
    for call in Call.objects.filter(case=case):
        write(call, case=None, settled_by=None, settled_at=None)
        events.log(call, "call_freed", by=by, now=now, data={"case": case.number})


@transaction.atomic
def link_call(call, *, case, by, now):
    """Say that a call was about a case that is there already."""
    _demand(call, by)
    if not Case.objects.visible_to(by).filter(pk=case.pk, community=call.community_id).exists():
        raise NotAllowed(_("This case is not yours to link."))
    join_call(call, case, by=by, now=now)


@transaction.atomic
def explain_call(call, *, by, now, reason):
    """Record why a call is no case, for example a wrong number."""
    _demand(call, by)
    if not call.is_loose:
        raise Refused(_("This call is a case already, or it was explained why it is none."))
    write(call, no_case_reason=reason, settled_by=by, settled_at=now)
    events.log(call, "call_explained", by=by, now=now, note=reason)


def _demand(call, by):
    if not Call.objects.visible_to(by).filter(pk=call.pk).exists():
        raise NotAllowed(_("This step belongs to somebody else. Ask your supervisor if it cannot wait."))
