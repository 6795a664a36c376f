"""The end of a cycle: telling the resident, closing, opening again; and what residents do themselves."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints import deadlines, telling
from complaints.actions.courtesy import count_phrases
from complaints.actions.escalating import raise_to
from complaints.actions.handling import add_photos
from complaints.models import Channel, Cycle, Escalation, Outcome, Reply, Status
from complaints.permissions import demand
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.models import Photo
from servicedesk.core.moves import move, write

URGE_HOURS = 4
# The reply goes the way the matter came; what came by the web or from a patrol is answered by telephone or on the page.
SAME_WAY = {
    Channel.PHONE: {Channel.PHONE},
    Channel.VISIT: {Channel.VISIT},
    Channel.LETTER: {Channel.LETTER},
    Channel.WEB: {Channel.WEB, Channel.PHONE},
    Channel.PATROL: {Channel.WEB, Channel.PHONE, Channel.VISIT},
    Channel.OTHER: set(Channel),
}


@transaction.atomic
def reply(case, *, channel, text, by, now, person_told="", told_at=None, went=None, letter=None):
    """Record that the resident was told, the way the matter came (暂行7). Raises Refused for another channel, and where
    the facts of the channel are missing: who answered a call, who was met by whom on a visit, the letter itself.

    Somebody who replies in the place of the first responsible is named so in the row and the event. `told_at` is when
    it was said, now unless given; a letter comes from `deliver_letter`.
    """
    demand(by, "reply", case)
    if channel not in SAME_WAY[case.channel]:
        raise Refused(
            _("This matter came by %(came)s and is answered the same way. Your text is kept; change the channel.")
            % {"came": case.get_channel_display()}
        )
    if channel == Channel.LETTER and letter is None:
        raise Refused(_("A reply by letter is the letter itself. Write it first; what you typed is kept."))
    if channel in (Channel.PHONE, Channel.VISIT) and not person_told:
        raise Refused(_("Say who was told; your text is kept."))
    in_place_of = case.first_responsible if case.first_responsible_id != by.pk else None
    data = {"channel": str(channel), "in_place_of": str(in_place_of) if in_place_of else ""}
    if letter is not None:
        data |= {"letter": letter.number, "letter_id": letter.pk}
    move(
        case,
        Status.REPLIED,
        by=by,
        now=now,
        note=text,
        data=data,
        public=True,
        replied_at=now,
        next_follow_up_at=None,
        next_escalation_at=None,
    )
    Reply.objects.create(
        case=case,
        cycle=case.cycle,
        channel=channel,
        text=text,
        person_told=person_told,
        by=by,
        at=now,
        told_at=told_at or now,
        went=(went or by) if channel == Channel.VISIT else None,
        letter=letter,
        in_place_of=in_place_of,
    )
    if letter is None:
        count_phrases(case.community, text)


@transaction.atomic
def log_try(case, *, channel, outcome, by, now, note=""):
    """Record that somebody tried to reach the resident and did not: no reply, so the case stays as it is (暂行7)."""
    demand(by, "reply", case)
    if outcome == Outcome.TOLD:
        raise Refused(_("Who was told has had the reply."))
    write(case)
    data = {"channel": str(channel), "outcome": str(outcome), "version": case.version}
    events.log(case, "tried", by=by, now=now, note=note, data=data)


@transaction.atomic
def archive(case, *, by, now):
    """Close a case whose resident has been told."""
    demand(by, "archive", case)
    move(case, Status.ARCHIVED, by=by, now=now, public=True, archived_at=now, next_escalation_at=None)


@transaction.atomic
def reopen(case, *, by, now, note):
    """Open the case again in a new cycle: the same policy runs from now, the old cycle keeps its late mark.

    The level starts at the old one but at least at 2 (ruling 10); a second time it is 3 (ruling 7: a second "not
    satisfied"). `by=None` is the resident by the link. Raises
    Refused for a case archived longer ago than the community allows: that is a new case.
    """
    if by is not None:
        demand(by, "reopen", case)
    if case.archived_at and now - case.archived_at > timedelta(days=case.community.reopen_days):
        raise Refused(_("This case was archived too long ago to be opened again. Record a new one that follows it."))
    ended = Cycle(
        case=case,
        number=case.cycle,
        started_at=case.clock_started_at,
        due_at=case.due_at,
        resolved_at=case.resolved_at,
        replied_at=case.replied_at,
        ended_at=now,
    )
    is_second = case.cycle > 1
    to = Status.IN_HAND if case.status == Status.RESOLVED else Status.TAKEN
    was_level = case.level
    facts = {
        "cycle": case.cycle + 1,
        "clock_started_at": now,
        "resolved_at": None,
        "reply_due_at": None,
        "reply_raises_to": None,
        "replied_at": None,
        "archived_at": None,
        "promised_reply_at": None,
        "promise_raises_to": None,
        "arrived_at": None,
        "level": 1,
        "level_cycle": case.level_cycle + 1,
        "level_from_at": now - timedelta(microseconds=1),
        "level_since": now,
    }
    for name, value in facts.items():
        setattr(case, name, value)
    policy = case.policy or deadlines.policy_for(
        case.community, case.category, case.department, severity=case.severity, urgency=case.urgency
    )
    facts |= deadlines.clock_facts(case, policy)
    facts["next_escalation_at"] = deadlines.next_step(case, status=to, **facts)
    move(case, to, by=by, now=now, verb="reopened", note=note, data={"cycle": facts["cycle"]}, public=True, **facts)
    ended.save(force_insert=True)
    if is_second:
        raise_to(case, 3, Escalation.Trigger.NOT_SATISFIED, by=None, now=now)
    raise_to(case, max(was_level, 2), Escalation.Trigger.REOPENED, by=None, now=now)
    people = [case.first_responsible, case.assigned_to]
    telling.tell(case, people, "case_reopened", now=now, key=case.cycle, but=by)


@transaction.atomic
def resident_urge(case, *, now):
    """Let the resident ask to hurry, once in four hours. Raises Refused with the time at which the next one is due."""
    if not case.is_clocked:
        raise Refused(_("The work is done; there is nothing to hurry. You can still add a note."))
    if case.urged_at is not None and now - case.urged_at < timedelta(hours=URGE_HOURS):
        again = timezone.localtime(case.urged_at + timedelta(hours=URGE_HOURS), case.community.tz)
        raise Refused(
            _("You have asked already and we are on it. You can ask again from %(time)s.") % {"time": f"{again:%H:%M}"}
        )
    write(case, urged_at=now, urges=case.urges + 1)
    events.log(case, "resident_urged", by=None, now=now, data={"version": case.version}, public=True)
    people = [person for person in (case.assigned_to, case.holder, case.first_responsible) if person]
    telling.tell(case, people or telling.clerks(case), "case_urged", now=now, key=case.version)


@transaction.atomic
def add_resident_note(case, *, now, note, pictures=()):
    """Add what the resident writes or shows on the tracking page, and tell who answers them."""
    if case.status in (Status.VOID, Status.MERGED):
        raise Refused(_("This request is closed. Please call the service centre."))
    if note:
        write(case)
        events.log(case, "resident_noted", by=None, now=now, note=note, data={"version": case.version}, public=True)
    add_photos(case, by=None, now=now, pictures=pictures, stage=Photo.Stage.REPORT, public=True)
    people = [case.first_responsible] if case.first_responsible else telling.clerks(case)
    telling.tell(case, people, "resident_noted", now=now, key=f"{now:%Y%m%d%H%M%S}")
