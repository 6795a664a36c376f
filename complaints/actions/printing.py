"""Papers that leave the desk: who printed what about whom is a fact of the case."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from complaints.actions.handling import unmask_reporter
from complaints.models import Case
from complaints.permissions import demand
from servicedesk.core import events
from servicedesk.core.models import Event

# A page that is loaded again, or a button that is pressed twice, is the same printing.
SAME_PRINTING = timedelta(minutes=1)


@transaction.atomic
def print_order(case, *, by, now, with_phone=False):
    """Log that the work order (派工单) is printed and return the Event; `data["copy"]` says which copy it is, from 1.

    With the telephone number on it, it is a look at that number, for those who may, and logged as one (ruling 13).
    Printed again within a minute by the same person it is the same copy. Raises NotAllowed for who neither has the job
    nor gives it out. Five statements at the most.
    """
    demand(by, "work_order", case)
    if with_phone:
        demand(by, "unmask", case)
    Case.objects.select_for_update(no_key=True).only("pk").get(pk=case.pk)
    printed = Event.objects.about(case).filter(verb="order_printed")
    last = printed.first()
    if last and last.by_id == by.pk and last.data["with_phone"] == with_phone and now - last.at <= SAME_PRINTING:
        return last
    if with_phone:
        unmask_reporter(case, by=by, now=now, reason=_("on the work order"))
    data = {"copy": printed.count() + 1, "with_phone": with_phone, "version": case.version}
    return events.log(case, "order_printed", by=by, now=now, data=data)
