"""The code by which a resident sees their bills: given at the desk, used once."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from billing.access import PAYING
from billing.models import BillAccess
from servicedesk.core import events, tokens
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Role
from servicedesk.core.notifications import notify_outside
from servicedesk.core.roles import has_role

GIVERS = (Role.CLERK, Role.SUPERVISOR, Role.CASHIER, Role.FINANCE)
# So long a code waits to be typed, and so long the browser that used it may look.
GOOD_FOR, LOOKS_FOR = timedelta(minutes=30), timedelta(hours=2)


@transaction.atomic
def give_access(occupancy, *, by, now, email=""):
    """Return a new ten-character code for the bills of one owner or lessee, good for half an hour and once.

    A code given before and not used ends with it. With `email` it goes there by the outbox as well. Raises NotAllowed
    for who does not give codes and Refused for somebody who owes nothing here or whose entry is sealed.
    """
    unit = occupancy.unit
    if not has_role(by, unit.community_id, *GIVERS):
        raise NotAllowed(_("The desk and the cashier give codes for bills."))
    person = occupancy.person
    if occupancy.kind not in PAYING or occupancy.voided_at or person.sealed_at or person.erased_at:
        raise Refused(_("Only an owner or a lessee of the register gets a code for the bills of a home."))
    BillAccess.objects.filter(unit=unit, person=person, used_at=None, ended_at=None).update(ended_at=now)
    code = tokens.code_of(tokens.new_token())
    access = BillAccess.objects.create(
        community_id=unit.community_id,
        unit=unit,
        person=person,
        code_digest=tokens.digest(tokens.plain_code(code)),
        given_by=by,
        given_at=now,
        expires_at=now + GOOD_FOR,
    )
    events.log(person, "bill_code_given", by=by, now=now, data={"unit": unit.pk, "by_mail": bool(email)})
    if email:
        data = {"code": code, "unit": unit.masked, "path": "/p/bills/"}
        notify_outside(email, "bill_code", about=access, key=f"bill_code:{access.pk}", now=now, data=data)
    return code


@transaction.atomic
def use_access(access, *, now):
    """Use a code: it opens the bills for two hours and nothing a second time. Raises Refused for one that was used or
    has ended meanwhile. One UPDATE."""
    rows = BillAccess.objects.to_use(now).filter(pk=access.pk)
    if rows.update(used_at=now, until=now + LOOKS_FOR) != 1:
        raise Refused(_("This code was used already. Please ask the service centre for a new one."))
    events.log(access.person, "bill_code_used", by=None, now=now, data={"unit": access.unit_id})


@transaction.atomic
def end_access(access, *, now):
    """Let the browser that used a code look no more."""
    BillAccess.objects.filter(pk=access.pk, ended_at=None).update(ended_at=now)
