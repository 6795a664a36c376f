"""Between taking and resolving: departments, workers, pauses, notes, judging anew."""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from complaints import deadlines, telling
from complaints.actions.afterwards import report_afterwards
from complaints.actions.courtesy import count_phrases
from complaints.actions.escalating import raise_to
from complaints.actions.voiding import NOT_ASKED
from complaints.actions.warranty import demand_none_open
from complaints.actions.working import record_work
from complaints.models import Case, Escalation, Kind, Pause, Severity, Status, Urgency
from complaints.models.cases import DEPARTMENTS
from complaints.permissions import DESK, demand
from servicedesk.core import events, photos, worktime
from servicedesk.core.errors import Refused
from servicedesk.core.models import Membership, Photo, Role
from servicedesk.core.moves import move, write
from servicedesk.core.roles import roles_in

logger = logging.getLogger(__name__)

MOST_PAUSE_DAYS = 90


def _who(person):
    return {"who": person.surname or person.name[:1]} if person else {}


def _job_of(case):
    """Return whose job `case` is and under which policy, as an event keeps it for an undo."""
    return {
        "department": case.department_id,
        "assigned_to": case.assigned_to_id,
        "policy": case.policy_id,
        "accepted_at": case.accepted_at.isoformat() if case.accepted_at else None,
        "arrived_at": case.arrived_at.isoformat() if case.arrived_at else None,
    }


@transaction.atomic
def hand_over(case, *, department, by, now, note="", worker=None):
    """Hand the case to a department, or on to another; the first responsible stays who they are (ruling 8).

    Raises Refused for the department that has it already, for an ordinary complaint that is not approved, and where a
    department that passes a job on does not say why.
    """
    demand(by, "hand_over", case)
    if not note and not roles_in(by, case.community_id) & DESK:
        raise Refused(_("Say why the job goes on to another department, so that they can begin at once."))
    pass_to(case, department, by=by, now=now, note=note, worker=worker)


def pass_to(case, department, *, by, now, note="", worker=None):
    """Make the case the job of `department`, in the caller's transaction, who has asked whether this may be.

    The deadline moves to three days from receipt only while the case is not yet late (ruling 3). Between departments
    while still `handed` it is an event and not a move.
    """
    if department.community_id != case.community_id:
        raise Refused(_("%(department)s belongs to another community.") % {"department": department})
    if worker is not None:
        _demand_worker(worker, department, case)
    if department == case.department and case.status not in (Status.TAKEN, Status.APPROVED):
        raise Refused(_("%(department)s has this case already.") % {"department": department})
    facts = {"department": department, "assigned_to": worker, "accepted_at": None, "arrived_at": None}
    if not department.is_centre and case.due_at is not None and not case.is_late(now):
        policy = deadlines.policy_for(
            case.community, case.category, department, severity=case.severity, urgency=case.urgency
        )
        moved = deadlines.clock_facts(case, policy, pauses=deadlines.pauses_of(case))
        # A hand-over gives time, it never takes any.
        facts |= moved if moved["due_at"] > case.due_at else {}
    facts["next_escalation_at"] = deadlines.next_step(case, status=Status.HANDED, **facts)
    data = {"department": str(department), "from_department": str(case.department), "was": _job_of(case)}
    if case.status == Status.HANDED:
        write(case, **facts)
        data["version"] = case.version
        events.log(case, "transferred", by=by, now=now, note=note, data=data, public=True)
    else:
        move(case, Status.HANDED, by=by, now=now, note=note, data=data, public=True, **facts)
    report_afterwards(case, by=by, now=now, text=note, department=department)
    telling.tell(
        case,
        [worker] if worker else telling.department_people(case),
        "case_assigned" if worker else "case_handed",
        now=now,
        key=case.version,
        but=by,
        undoable=True,
    )


@transaction.atomic
def start(case, *, by, now):
    """Begin work within the centre's own scope."""
    demand(by, "start", case)
    facts = {"assigned_to": by, "accepted_at": now}
    facts["next_escalation_at"] = deadlines.next_step(case, status=Status.IN_HAND, **facts)
    move(case, Status.IN_HAND, by=by, now=now, verb="started", public=True, **facts)
    report_afterwards(case, by=by, now=now, text="", department=case.department)


@transaction.atomic
def assign(case, *, worker, by, now, note=""):
    """Give the job to one worker of the department. A new assignee never restarts the clock (ruling 4)."""
    demand(by, "assign", case)
    _demand_worker(worker, case.department, case)
    was = case.assigned_to
    write(case, assigned_to=worker, accepted_at=None if case.status == Status.HANDED else case.accepted_at)
    data = {"worker": str(worker), "version": case.version, "was": {"assigned_to": was.pk if was else None}}
    event = events.log(case, "assigned", by=by, now=now, note=note, data=data)
    telling.tell(case, [worker], "case_assigned", now=now, key=case.version, but=by, undoable=True)
    return event


def _demand_worker(worker, department, case):
    """Raise Refused for somebody who does not work in `department`, or whom the case is about (ruling 12)."""
    works_here = Membership.objects.active().holding(Role.WORKER, Role.HEAD).filter(department=department)
    if not works_here.filter(user=worker).exists():
        raise Refused(
            _("%(worker)s does not work in %(department)s. Hand the case over first.")
            % {"worker": worker, "department": department}
        )
    if case.concerned.filter(user=worker).exists():
        raise Refused(_("%(worker)s cannot have this case. Choose somebody else.") % {"worker": worker})


@transaction.atomic
def accept(case, *, by, now):
    """Accept the job; a job without a worker becomes that of who accepts it."""
    demand(by, "accept", case)
    facts = {"assigned_to": case.assigned_to or by, "accepted_at": now}
    facts["next_escalation_at"] = deadlines.next_step(case, status=Status.IN_HAND, **facts)
    data = {"department": str(case.department), **_who(facts["assigned_to"])}
    move(case, Status.IN_HAND, by=by, now=now, verb="accepted", data=data, public=True, **facts)


@transaction.atomic
def arrive(case, *, by, now):
    """Record the arrival on site. Raises Refused where it was recorded before."""
    demand(by, "arrive", case)
    if case.status != Status.IN_HAND or case.arrived_at is not None:
        raise Refused(_("The arrival is recorded already, or the job is not in hand."))
    write(case, arrived_at=now)
    events.log(case, "arrived", by=by, now=now, data={"version": case.version}, public=True)


@transaction.atomic
def decline_job(case, *, by, now, reason):
    """Return the job to the desk with the reason; the first responsible hears of it at once."""
    demand(by, "decline_job", case)
    facts = {"assigned_to": None, "accepted_at": None, "arrived_at": None}
    facts["next_escalation_at"] = deadlines.next_step(case, status=Status.TAKEN, **facts)
    move(case, Status.TAKEN, by=by, now=now, verb="job_declined", note=reason, **facts)
    telling.tell(case, [case.first_responsible], "case_declined", now=now, key=case.version, but=by)


@transaction.atomic
def pause(case, *, reason, until, by, now, note=""):
    """Stop the clock until a time at which it runs again by itself; cannot begin once the case is late (ruling 5)."""
    demand(by, "pause", case)
    if case.is_late(now):
        raise Refused(_("A late case cannot be paused. Ask for a higher level or finish it."))
    if case.policy is not None and not case.policy.can_pause:
        raise Refused(_("The clock of this kind of case is never paused."))
    if until <= now:
        raise Refused(_("Choose a time in the future at which the clock runs again."))
    if until > now + timedelta(days=MOST_PAUSE_DAYS):
        raise Refused(
            _("A pause lasts %(days)s days at the most. Choose an earlier time; it can be paused again.")
            % {"days": MOST_PAUSE_DAYS}
        )
    was = case.due_at
    pauses = [*deadlines.pauses_of(case), worktime.Pause(now, until)]
    facts = deadlines.clock_facts(case, case.policy, pauses=pauses)
    facts["next_escalation_at"] = deadlines.next_step(case, status=Status.WAITING, **facts)
    data = {"reason": str(reason), "until": until.isoformat(), "due_was": was and was.isoformat()}
    move(case, Status.WAITING, by=by, now=now, verb="paused", note=note, data=data, public=True, **facts)
    Pause.objects.create(case=case, cycle=case.cycle, reason=reason, starts_at=now, until=until, by=by)
    telling.tell(case, telling.holders_for(case, 2, now), "case_paused", now=now, key=case.version, but=by)


@transaction.atomic
def resume(case, *, by, now):
    """Let the clock run again. `by=None` is the clock itself, at the end of the pause. The deadline is recomputed."""
    if by is not None:
        demand(by, "resume", case)
    ended_at, facts = _clock_after_pause(case, now)
    facts["next_escalation_at"] = deadlines.next_step(case, status=Status.IN_HAND, **facts)
    move(case, Status.IN_HAND, by=by, now=now, verb="resumed", public=True, **facts)
    _end_pause(case, ended_at)


def _clock_after_pause(case, now):
    """Return when the open pause of `case` ends if it does now, and the columns of the clock from then on.

    Nothing is written yet: the row of the case is always locked before its pause, so that two steps at once wait for
    each other and never lock up.
    """
    ended_at, pauses = None, []
    for row in Pause.objects.filter(case=case, cycle=case.cycle):
        if row.ended_at is None:
            ended_at = max(min(now, row.until), row.starts_at)
        if (row.ended_at or ended_at) > row.starts_at:
            pauses.append(worktime.Pause(row.starts_at, row.ended_at or ended_at))
    return ended_at, deadlines.clock_facts(case, case.policy, pauses=pauses)


def _end_pause(case, ended_at):
    if ended_at is not None:
        Pause.objects.filter(case=case, ended_at=None).update(ended_at=ended_at)


def resume_waiting(*, now):
    """End every pause whose time has come; return how many. Each case in its own transaction; one that raises is
    logged and passed over."""
    ended = 0
    waiting = Pause.objects.filter(ended_at=None, until__lte=now).order_by("until")
    for pk in list(waiting.values_list("case_id", flat=True)):
        try:
            ended += _resume_by_clock(pk, now)
        except Exception:
            logger.exception("the pause of case %s could not be ended", pk)
    return ended


@transaction.atomic
def _resume_by_clock(pk, now):
    case = Case.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
    if case is None or case.status != Status.WAITING:
        return False
    resume(case, by=None, now=now)
    return True


@transaction.atomic
def resolve(case, *, by, now, remedy, pictures=(), read_back=False, not_read_back="", **work):
    """Record what was done and owe the resident a reply the way they came. The clock stops here (ruling 5).

    `work` is what it took, as `record_work` takes it. Where the matter was never read back to who told it, the desk
    does so now (`read_back`) or says why not (`not_read_back`). Raises Refused while a claim under warranty runs.
    """
    demand(by, "resolve", case)
    demand_none_open(case)
    if read_back:
        confirm_read_back(case, by=by, now=now)
    elif not_read_back:
        events.log(case, "not_read_back", by=by, now=now, note=not_read_back, data={"version": case.version})
    ended_at, facts = _clock_after_pause(case, now) if case.status == Status.WAITING else (None, {})
    if case.void_asked_by_id is not None:
        # The work was done, so it was no mistake: nothing is left to void.
        facts |= NOT_ASKED
        events.log(case, "void_refused", by=by, now=now, data={"version": case.version})
    facts |= {
        "resolved_at": now,
        "remedy": remedy,
        "reply_due_at": deadlines.reply_due(case, now),
        "reply_raises_to": min(case.level + 1, 3),
    }
    facts["next_escalation_at"] = deadlines.next_step(case, status=Status.RESOLVED, **facts)
    for picture, name in pictures:
        photos.attach(picture, name, to=case, by=by, now=now, stage=Photo.Stage.DONE, public=True)
    move(case, Status.RESOLVED, by=by, now=now, note=remedy, public=True, **facts)
    record_work(case, by=by, now=now, **work)
    _end_pause(case, ended_at)
    report_afterwards(case, by=by, now=now, text=remedy, department=case.department)
    telling.tell(case, [case.first_responsible], "case_resolved", now=now, key=case.cycle, but=by)


@transaction.atomic
def add_note(case, *, by, now, note, public=False):
    """Add a line to the timeline: for the office, or a message that the resident reads on the tracking page, which
    settles a follow-up that is due."""
    demand(by, "note", case)
    follows_up = public and case.next_follow_up_at is not None and case.next_follow_up_at <= now
    write(case, **({"next_follow_up_at": None} if follows_up else {}))
    verb = "told" if public else "noted"
    data = {"version": case.version, **(_who(by) if public else {})}
    events.log(case, verb, by=by, now=now, note=note, data=data, public=public)
    if public:
        count_phrases(case.community, note)


@transaction.atomic
def add_photos(case, *, by, now, pictures, stage=Photo.Stage.WORK, public=False):
    """Attach stored pictures to the case, with one event for all of them."""
    if by is not None:
        demand(by, "note", case)
    for picture, name in pictures:
        photos.attach(picture, name, to=case, by=by, now=now, stage=stage, public=public)
    if pictures:
        data = {"count": len(pictures), "version": case.version}
        events.log(case, "photo_added", by=by, now=now, data=data, public=public)


@transaction.atomic
def confirm_read_back(case, *, by, now):
    """Record that the matter was read back to the resident and found right (复清楚)."""
    demand(by, "note", case)
    write(case, read_back_at=now)
    events.log(case, "read_back", by=by, now=now, data={"version": case.version})


@transaction.atomic
def set_follow_up(case, *, at, by, now):
    """Set when the first responsible looks at the case again and tells the resident how it stands.

    Raises Refused for a time that is over. Once it has passed without a word to the resident, the sweep tells them.
    """
    demand(by, "follow_up", case)
    if at <= now:
        raise Refused(_("Choose a time in the future."))
    write(case, next_follow_up_at=at, follow_up_told_at=None)
    events.log(case, "follow_up_set", by=by, now=now, data={"until": at.isoformat(), "version": case.version})


def remind_follow_ups(*, now):
    """Tell each first responsible once of a follow-up whose time has passed; return how many cases. Each in its own
    transaction; one that raises is logged and passed over."""
    told = 0
    for pk in list(Case.objects.follow_up_missed(now).order_by("next_follow_up_at").values_list("pk", flat=True)):
        try:
            told += _remind(pk, now)
        except Exception:
            logger.exception("the follow-up of case %s could not be told", pk)
    return told


@transaction.atomic
def _remind(pk, now):
    missed = Case.objects.follow_up_missed(now).select_related("community", "first_responsible")
    case = missed.select_for_update(skip_locked=True, of=("self",), no_key=True).filter(pk=pk).first()
    if case is None:
        return False
    write(case, follow_up_told_at=now)
    until = case.next_follow_up_at.isoformat()
    events.log(case, "follow_up_missed", by=None, now=now, data={"until": until, "version": case.version})
    telling.tell(case, [case.first_responsible], "follow_up_missed", now=now, key=until)
    return True


@transaction.atomic
def promise_reply(case, *, until, by, now, note=""):
    """Promise the resident a reply by `until`. Missing it raises the case one above who promised (ruling 7).

    A major case is due by then, too, where that is earlier than its deadline (ruling 3).
    """
    demand(by, "promise", case)
    if until <= now:
        raise Refused(_("Promise a time in the future."))
    facts = {"promised_reply_at": until, "promise_raises_to": min(case.level + 1, 3)}
    if case.is_major and case.is_clocked:
        case.promised_reply_at = until  # the deadline is counted for what was promised
        facts |= deadlines.clock_facts(case, case.policy, pauses=deadlines.pauses_of(case))
    write(case, **facts, next_escalation_at=deadlines.next_step(case, **facts))
    data = {"until": until.isoformat(), "version": case.version}
    events.log(case, "promised", by=by, now=now, note=note, data=data)


@transaction.atomic
def reclassify(case, *, kind, severity, urgency, category, by, now, note, promised_reply_at=None):
    """Judge the case anew, with the reason: every change of an axis is an event (section 2).

    The number keeps its letters. The deadline is counted again from the same start; it is never patched. What became
    urgent or major, or belongs to a category that goes straight up, rises at once. A major matter needs a promised
    reply (C4). Raises Refused for a complaint on which something is proposed or approved and that would stop being one.

    What becomes an ordinary complaint while somebody works on it is approved by this: after the hand-over only a
    supervisor judges anew (Roles).
    """
    demand(by, "reclassify", case)
    after = {"kind": kind, "severity": severity, "urgency": urgency, "category": category}
    changed = {name: value for name, value in after.items() if value != getattr(case, name)}
    if not changed:
        raise Refused(_("Nothing was changed."))
    _demand_open_judgement(case, kind, urgency)
    promised_reply_at = promised_reply_at or case.promised_reply_at
    if changed.get("severity") == Severity.MAJOR and promised_reply_at is None:
        raise Refused(_("A major matter needs a promise: by when does the resident hear from us?"))
    changes = [[name, str(getattr(case, name)), str(value)] for name, value in changed.items()]
    became_urgent = changed.get("urgency") == Urgency.SPECIAL_URGENT
    became_major = changed.get("severity") == Severity.MAJOR
    if case.status in (Status.RECEIVED, Status.TAKEN):
        changed["department"] = category.department
    department = changed.get("department", case.department)
    policy = deadlines.policy_for(case.community, category, department, severity=severity, urgency=urgency)
    # The deadline is counted for what the case is from now on.
    case.kind, case.urgency, case.severity, case.promised_reply_at = kind, urgency, severity, promised_reply_at
    if became_major:
        changed |= {"promised_reply_at": promised_reply_at, "promise_raises_to": 3}
    if case.status in DEPARTMENTS and case.needs_approval:
        changed["approved_at"] = now
    changed |= deadlines.clock_facts(case, policy, pauses=deadlines.pauses_of(case))
    changed["next_escalation_at"] = deadlines.next_step(case, **changed)
    data = {"changes": changes}
    if case.status == Status.VERIFIED and not case.is_ordinary_complaint:
        move(case, Status.TAKEN, by=by, now=now, verb="reclassified", note=note, data=data, **changed)
    else:
        write(case, **changed)
        events.log(case, "reclassified", by=by, now=now, note=note, data={**data, "version": case.version})
    if "category" in changed and category.straight_to_level > 1:
        raise_to(case, category.straight_to_level, Escalation.Trigger.CATEGORY, by=None, now=now)
    if became_urgent:
        raise_to(case, 2, Escalation.Trigger.URGENT, by=None, now=now)
    if became_major:
        raise_to(case, 2, Escalation.Trigger.MAJOR, by=None, now=now)
        people = telling.holders_for(case, 3, now)
        telling.tell(case, people, "case_told_level_three", now=now, key=case.version, but=by)


def _demand_open_judgement(case, kind, urgency):
    """Raise Refused where a complaint that somebody proposes about, or has approved, would stop being an ordinary
    one."""
    if case.status not in (Status.PROPOSED, Status.APPROVED) or (kind, urgency) == (case.kind, case.urgency):
        return
    if case.status == Status.PROPOSED:
        raise Refused(_("It waits for a decision as it is. Have the proposal returned first, then judge it anew."))
    if kind != Kind.COMPLAINT:
        raise Refused(_("It was approved as a complaint and stays one. Hand it over; severity and urgency can change."))


@transaction.atomic
def urge(case, *, by, now, note=""):
    """Ask whoever has the case to hurry."""
    demand(by, "urge", case)
    write(case, urges=case.urges + 1)
    event = events.log(case, "urged", by=by, now=now, note=note, data={"version": case.version})
    people = [case.assigned_to, case.holder, case.first_responsible]
    telling.tell(case, people, "case_urged", now=now, key=case.version, but=by, undoable=True)
    return event


@transaction.atomic
def unmask_reporter(case, *, by, now, reason):
    """Return the whole telephone number of the reporter; who looked, when and why is logged (ruling 13)."""
    demand(by, "unmask", case)
    events.log(case, "unmasked", by=by, now=now, note=reason, data={"version": case.version})
    return case.reporter_phone
