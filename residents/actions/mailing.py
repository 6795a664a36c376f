"""What somebody agrees to be told by e-mail, and that they no longer do (PIPL 14, 15)."""

from django.db import transaction
from django.utils.translation import gettext as _

from residents.models import Person
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.moves import write
from servicedesk.core.notifications import notify_outside


@transaction.atomic
def agree_to_mail(person, *, email, now, by=None, mail_receipts=False, how=""):
    """Record that `person` agrees to be told of bills and reminders at `email`, and tell that address so.

    `by` wrote it down; None where they did it themselves. Agreed to again, it counts from now. Raises Refused for an
    entry that is not in use, Stale where somebody else changed it first. About five statements.
    """
    if not Person.objects.known().filter(pk=person.pk, masked_at=None).exists():
        raise Refused(_("This entry is not in use any more, so nothing is sent to it. Look the person up again."))
    write(person, email=email, mail_agreed_at=now, mail_agreed_by=by, mail_receipts=mail_receipts)
    data = {"by_themselves": by is None, "receipts": mail_receipts}
    event = events.log(person, "mail_agreed", by=by, now=now, note=how, data=data)
    words = {"phone": person.community.phone}
    notify_outside(email, "mail_agreed", about=person, key=f"mail_agreed:{event.pk}", now=now, data=words)


@transaction.atomic
def withdraw_mail(person, *, now, by=None, reason=""):
    """Record that `person` wants no e-mails any more; what waits to be sent is not sent. The address stays.

    Withdrawn already, it changes nothing. Raises Stale where somebody else changed the entry first."""
    if person.is_told_by_mail:
        write(person, **Person.SILENT)
        events.log(person, "mail_withdrawn", by=by, now=now, note=reason, data={"by_themselves": by is None})
