"""A caller who was joined to another case asks to hurry: it is the case that goes on which is urged."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints import telling
from complaints.actions.replying import URGE_HOURS
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.moves import write


@transaction.atomic
def urge_joined(caller, *, lead, now):
    """Let the caller of `caller`, a case joined to `lead`, ask to hurry, each of them once in four hours.

    Whoever has `lead` is told; that somebody asked stands on the caller's own page, and on no other's. Raises Refused
    where nothing can be hurried any more, and with the time at which the next one is due.
    """
    if caller.merged_into_id != lead.pk or not lead.is_clocked:
        raise Refused(_("The work is done; there is nothing to hurry. You can still add a note."))
    if caller.urged_at is not None and now - caller.urged_at < timedelta(hours=URGE_HOURS):
        again = timezone.localtime(caller.urged_at + timedelta(hours=URGE_HOURS), caller.community.tz)
        raise Refused(
            _("You have asked already and we are on it. You can ask again from %(time)s.") % {"time": f"{again:%H:%M}"}
        )
    facts = {caller: {"urged_at": now}, lead: {"urges": lead.urges + 1}}
    for case in sorted(facts, key=lambda case: case.pk):
        write(case, **facts[case])
    events.log(caller, "resident_urged", by=None, now=now, data={"version": caller.version}, public=True)
    data = {"caller": caller.short_number, "version": lead.version}
    events.log(lead, "resident_urged", by=None, now=now, data=data)
    people = [person for person in (lead.assigned_to, lead.holder, lead.first_responsible) if person]
    telling.tell(lead, people or telling.clerks(lead), "case_urged", now=now, key=lead.version)
