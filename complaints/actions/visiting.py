"""The return visit (回访): asking how the resident finds what was done, and what follows from the answer."""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints import aftercare, telling
from complaints.actions.planning import hasten_visit
from complaints.actions.problems import found_in
from complaints.actions.replying import SAME_WAY, archive, reopen
from complaints.models import Case, Channel, Rating, ReturnVisit, Status
from complaints.models.aftercare import BAD, Grade
from complaints.permissions import DESK, demand
from servicedesk.core import events
from servicedesk.core.calendar import calendar_of
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Community
from servicedesk.core.moves import write
from servicedesk.core.roles import roles_in

logger = logging.getLogger(__name__)

CHUNK = 500
# Nobody fills in a page while they are asked: a visit for what came by the web is a call.
ASKED_BY = (Channel.PHONE, Channel.VISIT, Channel.LETTER)
RESULTS = {
    **dict.fromkeys(BAD, ReturnVisit.Result.NOT),
    Grade.FAIR: ReturnVisit.Result.PARTLY,
    Grade.SATISFIED: ReturnVisit.Result.SATISFIED,
    Grade.VERY_SATISFIED: ReturnVisit.Result.SATISFIED,
}


def ways_to_visit(case):
    """Return the channels by which `case` may be visited: the way the matter came (暂行7), a letter by letter."""
    return [channel for channel in ASKED_BY if channel in SAME_WAY[case.channel]]


@transaction.atomic
def visit(case, *, channel, grade, by, now, words="", problem=None):
    """Record what the resident of an answered case says of it, in one of five grades, and return whether the case is
    open again.

    Who is not satisfied has it opened again in a new cycle, the second time at level 3 (rulings 7 and 10), unless it
    was archived longer ago than the community allows. A case without a visit that is due may be visited by hand.
    `problem` is the product or after-sales problem that what they say shows, where there is one.
    Raises NotAllowed for who did the work, and Refused for another channel than the matter came by.
    """
    demand(by, "visit", case)
    _demand_way(case, channel)
    if grade in BAD and not words:
        raise Refused(_("Write what is still wrong: the case is opened again with it."))
    write(case)
    made = {"channel": channel, "grade": grade, "result": RESULTS[grade], "words": words, "by": by, "done_at": now}
    owed, stood = aftercare.open_visit(case), str(case.status)
    was = _as_owed(owed)
    if owed is None:
        owed = ReturnVisit.objects.create(
            community_id=case.community_id,
            case=case,
            cycle=case.cycle,
            reason=ReturnVisit.Reason.BY_HAND,
            solved_by_id=aftercare.solver_of(case),
            due_at=now,
            **made,
        )
    else:
        write(owed, **made, due_at=owed.due_at or now)
    data = {"channel": str(channel), "grade": int(grade), "version": case.version}
    data |= {"visit": owed.pk, "stood": stood, "was": was}
    events.log(case, "visited", by=by, now=now, note=words, data=data)
    if problem is not None:
        found_in(case, problem, by=by, now=now, note=words[:300], visit=owed)
    if grade not in BAD or not aftercare.reopens(case, now):
        return False
    reopen(case, by=by, now=now, note=words)
    return True


@transaction.atomic
def miss_visit(case, *, by, now, words=""):
    """Record a try that reached nobody, and return how many tries are left; after the third the visit ends with a note.

    Raises Refused where no visit is due, where the last try was less than two hours ago, and for a last try that says
    nothing.
    """
    demand(by, "visit", case)
    owed = aftercare.open_visit(case)
    if owed is None:
        raise Refused(_("No return visit is due for this case, so there is no try to count."))
    again = aftercare.next_try_at(owed)
    if again is not None and now < again:
        time = f"{timezone.localtime(again, case.community.tz):%H:%M}"
        raise Refused(_("Nobody was reached a short while ago. Please try again from %(time)s.") % {"time": time})
    left = aftercare.MOST_TRIES - owed.tries - 1
    if left <= 0 and not words:
        raise Refused(_("This was the last try. Write when and how you tried: the visit ends with this note."))
    write(case)
    was, facts = _as_owed(owed), {"tries": owed.tries + 1, "tried_at": now, "due_at": owed.due_at or now}
    if left <= 0:
        facts |= {"result": ReturnVisit.Result.UNREACHABLE, "done_at": now, "by": by, "words": words}
    write(owed, **facts)
    verb = "visit_missed" if left > 0 else "visit_given_up"
    data = {"tries": facts["tries"], "version": case.version, "visit": owed.pk, "stood": str(case.status), "was": was}
    events.log(case, verb, by=by, now=now, note=words, data=data)
    return max(left, 0)


def _as_owed(visit):
    """Return how an open visit stood before a try, as an event keeps it for an undo; None where there was none."""
    if visit is None:
        return None
    moments = {"tried_at": visit.tried_at, "due_at": visit.due_at}
    return {"tries": visit.tries, **{name: at and at.isoformat() for name, at in moments.items()}}


@transaction.atomic
def note_rain(community, *, by, now):
    """Make every visit that waits for rain due, and return how many of those that `by` sees. An UPDATE and an INSERT
    for each. Raises NotAllowed for who is not of the desk of `community`."""
    if not roles_in(by, community.pk) & DESK:
        raise NotAllowed(_("This step belongs to somebody else. Ask your supervisor if it cannot wait."))
    waiting = ReturnVisit.objects.open().filter(community=community, due_at=None)
    seen = set(waiting.visible_to(by).values_list("pk", flat=True))
    calendar = calendar_of(community)
    for owed in waiting.select_related("case", "rule").select_for_update(of=("self",), no_key=True).order_by("id"):
        due_at = owed.rule.due(now, calendar)
        write(owed, due_at=due_at)
        # Who cannot see the case does not stand in its history.
        actor = by if owed.pk in seen else None
        events.log(owed.case, "rained", by=actor, now=now, data={"until": due_at.isoformat()})
    return len(seen)


@transaction.atomic
def rate(case, *, overall, now, speed=None, manner=None, words=""):
    """Keep what the resident thinks of the running cycle, in stars, and return the Rating. It is theirs to change for
    a week; words stay until there are new ones.

    One or two stars owe them a visit within a day, and the first responsible and a supervisor hear of it. Raises
    Refused where there is no answer to rate yet, or the week is over.
    """
    given = Rating.objects.filter(case=case, cycle=case.cycle).first()
    if not aftercare.may_rate(case, given, now):
        raise Refused(_("This can no longer be rated. Please call us if something is still wrong."))
    write(case)
    kept = words or (given.words if given else "")
    facts = {"overall": overall, "speed": speed, "manner": manner, "words": kept, "changed_at": now}
    was_bad = given is not None and given.is_bad
    rating, _new = Rating.objects.update_or_create(
        case=case,
        cycle=case.cycle,
        defaults=facts,
        create_defaults={"community_id": case.community_id, "at": now, **facts},
    )
    data = {"overall": int(overall), "version": case.version}
    events.log(case, "resident_rated", by=None, now=now, note=words, data=data, public=True)
    if rating.is_bad and not was_bad:
        hasten_visit(case, now=now)
        people = [case.first_responsible, *telling.holders_for(case, 2, now)]
        telling.tell(case, people, "case_rated_badly", now=now, key=case.cycle, overall=int(overall))
    return rating


def archive_answered(*, now, chunk=CHUNK):
    """Archive every answered case on which nothing more is owed; return how many.

    That is ten minutes after its last visit, or, where no visit was due, as many days after the answer as the community
    lets a case be reopened. Never while a visit is open. Found by its columns, in chunks, each case in its own
    transaction; one that raises is logged and passed over.
    """
    archived, passed_over = 0, set()
    for community in Community.objects.order_by("pk"):
        due = _answered(community, now)
        while keys := list(due.exclude(pk__in=passed_over).order_by("replied_at").values_list("pk", flat=True)[:chunk]):
            for key in keys:
                # What another sweep has taken, or somebody has just changed, is left alone by this one.
                passed_over.add(key)
                try:
                    archived += _archive(key, community, now)
                except Exception:
                    logger.exception("case %s could not be archived", key)
    return archived


def _answered(community, now):
    of_case = ReturnVisit.objects.filter(case=OuterRef("pk"))
    # One that was undone and owed to nobody was not made, and nothing follows from it.
    of_cycle = of_case.filter(cycle=OuterRef("cycle")).exclude(result=ReturnVisit.Result.NOT_MADE)
    rested = Q(replied_at__lte=now - timedelta(days=community.reopen_days)) & ~Exists(of_cycle)
    visited = Exists(of_cycle) & ~Exists(of_cycle.filter(done_at__gt=now - aftercare.ARCHIVE_AFTER))
    answered = Case.objects.filter(community=community, status=Status.REPLIED, replied_at__isnull=False)
    # Who was joined to it is told first, and an authority has its answer; until then it stays open.
    return answered.nothing_owed().exclude(Exists(of_case.open())).filter(rested | visited)


@transaction.atomic
def _archive(key, community, now):
    rows = _answered(community, now).select_for_update(skip_locked=True, of=("self",), no_key=True)
    case = rows.select_related("community").filter(pk=key).first()
    if case is None:
        return False
    archive(case, by=None, now=now)
    return True


def _demand_way(case, channel):
    if channel not in ways_to_visit(case):
        raise Refused(
            _("This matter came by %(came)s and is visited the same way. Your text is kept; change the channel.")
            % {"came": case.get_channel_display()}
        )
