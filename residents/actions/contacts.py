"""Who is told what for an occupant of a unit."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from residents.models import Contact
from servicedesk.core import events, once
from servicedesk.core.errors import Refused


@transaction.atomic
def add_contact(unit, occupant, *, role, tell, by, now, person=None, name="", phone="", note="", submission=None):
    """Record whom to tell for `occupant` of `unit` and return the Contact: somebody of the register, or a name with a
    number; the same `submission` again returns the same. Raises Refused for somebody who is the same already, and for
    the occupant themselves."""
    if person == occupant:
        raise Refused(_("Nobody is their own contact. Their own number stands on their entry."))
    who = {"person": person} if person else {"name": name, "phone": phone}
    if made := once.made_by(submission, Contact.objects.filter(occupant=occupant), unit=unit, role=role, **who):
        return made
    contact = Contact(
        community_id=unit.community_id,
        unit=unit,
        occupant=occupant,
        role=role,
        tell=list(tell),
        note=note,
        added_by=by,
        added_at=now,
        submission=submission,
        **who,
    )
    try:
        with transaction.atomic():
            contact.save(force_insert=True)
    except IntegrityError:
        raise Refused(_("This person is a contact in the same role already.")) from None
    data = {"contact": contact.pk, "role": str(role), "tell": contact.tell}
    events.log(occupant, "contact_added", by=by, now=now, data=data)
    return contact


@transaction.atomic
def end_contact(contact, *, reason, by, now):
    """Record that somebody is no longer told anything. Raises Refused where that is so already."""
    if not Contact.objects.filter(pk=contact.pk, is_active=True).update(is_active=False):
        raise Refused(_("This contact has been ended already."))
    contact.is_active = False
    events.log(contact.occupant, "contact_ended", by=by, now=now, note=reason, data={"contact": contact.pk})
