"""The end of a cycle: telling the resident, closing, opening again; and what residents do themselves."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints import aftercare, deadlines, telling
from complaints.actions.courtesy import count_phrases
from complaints.actions.escalating import raise_to
from complaints.actions.handling import add_photos
from complaints.actions.planning import drop_visit, plan_visit
from complaints.models import CallerTold, Channel, Cycle, Escalation, ExternalCase, Outcome, Reply, Status
from complaints.permissions import demand
from complaints.reports import separator
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
    # The resident is called or met; that the authority has its answer is a fact of its own slip.
    Channel.HOTLINE: {Channel.HOTLINE, Channel.PHONE, Channel.VISIT, Channel.LETTER},
    Channel.OTHER: set(Channel),
}


@transaction.atomic
def reply(case, *, channel, text, by, now, **told):
    """Record that the resident was told, the way the matter came (暂行7). Raises Refused for another channel, and where
    the facts of the channel are missing: see `_say` for what `told` may hold.

    Somebody who replies in the place of the first responsible is named so in the row and the event.
    """
    demand(by, "reply", case)
    said = _say(case, case, channel=channel, text=text, by=by, now=now, **told)
    move(
        case,
        Status.REPLIED,
        by=by,
        now=now,
        note=text,
        data=_how(said),
        public=True,
        replied_at=now,
        next_follow_up_at=None,
        next_escalation_at=None,
    )
    plan_visit(case, now=now)


def _say(case, caller, *, channel, text, by, now, person_told="", told_at=None, went=None, letter=None):
    """Record that the one who told `caller` has been told the result of `case`; return the Reply.

    `person_told` is who answered the call, was met on the visit or took the letter, `told_at` when that was (now unless
    given), `went` who made the visit (`by` unless given); `letter` is given by `deliver_letter` alone. Raises Refused
    for another way than the caller's own, and where what belongs to the way is missing.
    """
    if channel not in SAME_WAY[caller.channel]:
        raise Refused(
            _("This matter came by %(came)s and is answered the same way. Your text is kept; change the channel.")
            % {"came": caller.get_channel_display()}
        )
    if channel == Channel.LETTER and letter is None:
        raise Refused(_("A reply by letter is the letter itself. Write it first; what you typed is kept."))
    if channel in (Channel.PHONE, Channel.VISIT) and not person_told:
        raise Refused(_("Say who was told; your text is kept."))
    if letter is None:
        # Those of a letter were counted when it was numbered.
        count_phrases(caller.community, text)
    return Reply.objects.create(
        case=caller,
        cycle=case.cycle,
        channel=channel,
        text=text,
        person_told=person_told,
        by=by,
        at=now,
        told_at=told_at or now,
        went=(went or by) if channel == Channel.VISIT else None,
        letter=letter,
        in_place_of=case.first_responsible if case.first_responsible_id != by.pk else None,
    )


def _how(said):
    how = {"channel": str(said.channel), "in_place_of": str(said.in_place_of) if said.in_place_of else ""}
    return how | ({"letter": said.letter.number, "letter_id": said.letter_id} if said.letter else {})


@transaction.atomic
def log_try(case, *, channel, outcome, by, now, note=""):
    """Record that somebody tried to reach the resident and did not: no reply, so the case stays as it is (暂行7)."""
    demand(by, "reply", case)
    if outcome == Outcome.TOLD:
        raise Refused(_("Who was told has had the reply."))
    write(case)
    data = {"channel": str(channel), "tried": str(outcome), "version": case.version}
    events.log(case, "tried", by=by, now=now, note=note, data=data)


@transaction.atomic
def tell_caller(case, *, caller, channel, text, by, now, **told):
    """Record that the caller of `caller`, a case joined to this one, was told the result in their own channel; `told`
    is as for `reply`.

    Their own page shows it; the case that goes on keeps who has been told. Raises Refused for a case that is not joined
    to this one and for one that has been told already.
    """
    _demand_untold(case, caller, by)
    said = _say(case, caller, channel=channel, text=text, by=by, now=now, **told)
    CallerTold.objects.create(case=caller, cycle=case.cycle, reply=said, by=by, at=now)
    data = {**_how(said), "version": caller.version}
    events.log(caller, "replied", by=by, now=now, note=text, data=data, public=True)
    data = {"number": caller.short_number, "channel": str(channel), "version": case.version}
    events.log(case, "caller_told", by=by, now=now, data=data)


@transaction.atomic
def excuse_caller(case, *, caller, reason, by, now):
    """Record why the caller of a joined case cannot be told, such as one who left no number. It counts as done."""
    _demand_untold(case, caller, by)
    CallerTold.objects.create(case=caller, cycle=case.cycle, reason=reason, by=by, at=now)
    for one in (caller, case):
        data = {"number": caller.short_number, "version": one.version}
        events.log(one, "caller_excused", by=by, now=now, note=reason, data=data)


def _demand_untold(case, caller, by):
    """Lock both by writing them, in the order of their keys, and raise Refused unless `caller` is still to be told."""
    demand(by, "tell_caller", case)
    if caller.merged_into_id != case.pk:
        raise Refused(_("This caller was not joined to this case. Reload the page."))
    for one in sorted((case, caller), key=lambda one: one.pk):
        write(one)
    if caller.told.filter(cycle=case.cycle).exists():
        raise Refused(_("This caller has been told already."))


@transaction.atomic
def archive(case, *, by, now):
    """Close a case whose resident has been told. A visit that is still due is then not made, and the history says so.

    `by=None` is the clock, which leaves a case alone while its visit is open. Raises Refused while somebody who was
    joined to it has not been told, and while an authority waits for its answer.
    """
    if by is not None:
        demand(by, "archive", case)
    untold = case.merged_cases.exclude(told__cycle=case.cycle).order_by("pk")
    if numbers := [caller.short_number for caller in untold]:
        raise Refused(
            _("Callers who were joined to this case have not been told yet: %(numbers)s. Tell them, or say why not.")
            % {"numbers": separator().join(numbers)}
        )
    slips = ExternalCase.objects.running().filter(Q(case=case) | Q(case__merged_into=case))
    if waiting := slips.first():
        raise Refused(_("%(slip)s waits for an answer. Answer it, or return it; then archive.") % {"slip": waiting})
    move(case, Status.ARCHIVED, by=by, now=now, public=True, archived_at=now, next_escalation_at=None)
    drop_visit(case, by=by, now=now)


@transaction.atomic
def reopen(case, *, by, now, note, caller=None):
    """Open the case again in a new cycle: the same policy runs from now, the old cycle keeps its late mark.

    The level starts at the old one but at least at 2 (ruling 10); a second time it is 3 (ruling 7: a second "not
    satisfied"). `by=None` is the resident by the link. Raises
    Refused for a case archived longer ago than the community allows: that is a new case. A visit that was still due
    is not made any more: the answer that it was about has been overtaken.
    """
    if by is not None:
        demand(by, "reopen", case)
    if case.status == Status.ARCHIVED and not aftercare.reopens(case, now):
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
        "declined_at": None,
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
    data = {"cycle": facts["cycle"], "caller": caller.short_number if caller else ""}
    move(case, to, by=by, now=now, verb="reopened", note=note, data=data, public=True, **facts)
    ended.save(force_insert=True)
    drop_visit(case, by=by, now=now)
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
    if case.status == Status.VOID:
        raise Refused(_("This request is closed. Please call the service centre."))
    if note:
        write(case)
        events.log(case, "resident_noted", by=None, now=now, note=note, data={"version": case.version}, public=True)
    add_photos(case, by=None, now=now, pictures=pictures, stage=Photo.Stage.REPORT, public=True)
    # A caller who was joined to another case is answered by whoever answers that one.
    responsible = (case.merged_into or case).first_responsible
    people = [responsible] if responsible else telling.clerks(case)
    telling.tell(case, people, "resident_noted", now=now, key=f"{now:%Y%m%d%H%M%S}")
