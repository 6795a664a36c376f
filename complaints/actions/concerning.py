"""A case that turns out to be about a member of staff is taken out of their hands and their sight (ruling 12)."""

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from complaints.actions.escalating import raise_to
from complaints.actions.releasing import take_from
from complaints.models import Concern, Escalation
from complaints.permissions import demand
from servicedesk.core import events, notifications
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.moves import write
from servicedesk.core.roles import roles_in


@transaction.atomic
def name_concerned(case, *, user, by, now, note):
    """Name `user` as somebody whom the case is about. From then on they neither see nor handle it.

    What they had of it, an answer, a level or a job, goes to somebody else, and what they were told of it is withdrawn.
    What was joined to it is about them, too: the same matter in the words of others.
    About a supervisor or the deputy GM it rises to level 3. Raises Refused for somebody who is named already or does
    not work in the community.
    """
    demand(by, "name_concerned", case)
    roles = roles_in(user, case.community_id)
    if not roles:
        raise Refused(_("%(who)s does not work in this community.") % {"who": user})
    if case.concerned.filter(user=user).exists():
        raise Refused(_("%(who)s is named already.") % {"who": user})
    for one in (case, *case.merged_cases.exclude(concerned__user=user).order_by("pk")):
        write(one)
        Concern.objects.create(case=one, user=user)
        events.log(one, "concern_named", by=by, now=now, note=note, data={"whom": str(user), "version": one.version})
        notifications.withdraw(ContentType.objects.get_for_model(one), one.pk, now=now, reason="concerned", of=user)
    take_from(case, user, now)
    if roles & {Role.SUPERVISOR, Role.DEPUTY_GM}:
        raise_to(case, 3, Escalation.Trigger.CONCERNS_STAFF, by=None, now=now)
