"""Taking a matter in: by telephone, visit, letter or web form."""

import hashlib
import hmac
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from complaints import deadlines, repeats, telling
from complaints.actions import hotline
from complaints.actions.calls import join_call
from complaints.actions.escalating import raise_to
from complaints.actions.letters import enter_letter_of, incoming_number, join_letter
from complaints.actions.voiding import merge
from complaints.models import (
    Call,
    Case,
    Channel,
    Concern,
    Escalation,
    IntakeDraft,
    Severity,
    Status,
    Urgency,
)
from complaints.models.cases import KEPT_FROM, LETTERS
from complaints.permissions import demand
from complaints.reports import separator
from servicedesk.core import events, photos, search, tokens
from servicedesk.core.errors import Refused
from servicedesk.core.models import Role
from servicedesk.core.moves import move, write
from servicedesk.core.numbers import take_number
from servicedesk.core.roles import roles_in


def receive_case(
    community,
    *,
    by,
    now,
    channel,
    kind,
    category,
    summary,
    submission,
    description="",
    wish="",
    reporter=None,
    reporter_name="",
    reporter_phone="",
    anonymous_reason="",
    no_phone_reason="",
    unit=None,
    building=None,
    place="",
    urgency=Urgency.ORDINARY,
    severity=Severity.GENERAL,
    reason="",
    promised_reply_at=None,
    read_back=False,
    received_at=None,
    call=None,
    letter=None,
    letter_on=None,
    letter_ref="",
    letter_pages=1,
    letter_copies=1,
    presented_to=None,
    concerns=(),
    pictures=(),
    incident=None,
    follows=None,
    is_new_matter=False,
    joins=None,
    external=None,
    intake_seconds=None,
):
    """Record one matter and return (case, link token); the same `submission` again returns the first case.

    Registering by telephone, visit or letter is taking: `by` becomes the first responsible. From the web (`by=None`)
    it waits to be taken. The deadline, its explanation, the ladder, the event and the messages are written with it,
    in one transaction; the number is taken last, so that its series is held for the shortest time (ruling 2).
    `pictures` are (Picture, stored name) pairs; `incident` is the known event that it comes from.

    What comes by letter is entered in the register of incoming letters with it: `letter_ref` is the sender's own
    reference, `presented_to` the leader it goes to. A `letter` that was registered before becomes this case, as
    does a `call` that was typed in: what was told in it came when it was finished.

    What has come back follows the case that it comes back from, unless `is_new_matter`; `follows` names one that is
    known. The third time starts at level 2. A second call about an open case `joins` it with a number of its own.
    `external` is what stands on the slip of an authority, whose clock then counts as well.
    """
    token = token_of(submission)
    department = category.department
    at = received_at or _came_at(letter, call) or now
    if follows is not None:
        # The same matter is about the same people, or its number would tell them of the first (ruling 12).
        concerns = {*concerns, *(concern.user for concern in follows.concerned.select_related("user"))}
    case = Case(
        community=community,
        kind=kind,
        channel=channel,
        status=Status.RECEIVED if by is None else Status.TAKEN,
        severity=severity,
        urgency=urgency,
        reporter=reporter,
        reporter_name=reporter_name,
        reporter_phone=reporter_phone,
        anonymous_reason=anonymous_reason,
        no_phone_reason=no_phone_reason,
        unit=unit,
        building=building or (unit.building if unit else None),
        place=place,
        category=category,
        summary=summary,
        description=description,
        wish=wish,
        read_back_at=now if read_back else None,
        letter_on=letter.letter_on if letter else letter_on,
        recorded_by=by,
        first_responsible=by if by and by not in concerns else None,
        department=department,
        received_at=at,
        recorded_at=now,
        clock_started_at=at,
        level_from_at=at - timedelta(microseconds=1),
        level_since=now,
        holder=by if by and by not in concerns else None,
        incident=incident,
        submission=submission,
        token_digest=tokens.digest(token),
        code_digest=tokens.digest(tokens.plain_code(tokens.code_of(token))),
        intake_seconds=intake_seconds,
    )
    if case.first_responsible is None:
        case.status = Status.RECEIVED
    if category.arrive_minutes:
        case.arrive_by = at + timedelta(minutes=category.arrive_minutes)
    if promised_reply_at:
        case.promised_reply_at, case.promise_raises_to = promised_reply_at, 3 if severity == Severity.MAJOR else 2
    policy = deadlines.policy_for(community, category, department, severity=severity, urgency=urgency)
    for name, value in deadlines.clock_facts(case, policy).items():
        setattr(case, name, value)
    if external:
        case.their_due_at = external.get("reply_due_at")
    case.next_escalation_at = deadlines.next_step(case)
    paper = {
        "letter": letter,
        "call": call,
        "sender_ref": letter_ref,
        "pages": letter_pages,
        "copies": letter_copies,
        "presented_to": presented_to,
    }
    facts = {"unit": unit, "reporter": reporter, "concerns": concerns, "follows": follows}
    repeat = repeats.find(community, category=category, now=at, **facts)
    if is_new_matter:
        repeat = repeats.Repeat(repeat.rule)
    if repeat.follows is not None:
        case.follows = repeat.follows
        case.is_repeat = repeats.has_come_back(repeat.follows, repeat.rule, at)
    try:
        with transaction.atomic():
            more = {"concerns": concerns, "pictures": pictures, "reason": reason, "repeat": repeat}
            _save(case, by=by, now=now, paper=paper, external=external, **more)
            if joins is not None:
                merge(case, into=joins, by=by, now=now)
    except IntegrityError:
        existing = Case.objects.filter(submission=submission).first()
        if existing is None:
            raise
        if existing.community_id != community.pk or existing.recorded_by != by:
            raise Refused(_("This page was used already. Reload it; what you typed is kept.")) from None
        return existing, token
    return case, token


def _came_at(letter, call):
    """Return when a matter came that was written down before it became a case; that of a missed call is not known."""
    if letter:
        return letter.received_at
    return call.at if call and call.kind == Call.Kind.FINISHED else None


def _save(case, *, by, now, concerns, pictures, reason, paper, repeat, external):
    day = case.community.local(now)
    case.number = f"{case.community.code}-{LETTERS[case.kind]}{day:%y%m%d}-{_sequence(case, day, concerns):04}"
    letter, call, is_letter = paper.pop("letter"), paper.pop("call"), case.channel == Channel.LETTER
    if is_letter:
        case.letter_no = letter.number if letter else incoming_number(case.community, now=now, kept=bool(concerns))
    case.terms = terms_of(case, letter.sender_ref if letter else paper["sender_ref"])
    case.save(force_insert=True)
    Concern.objects.bulk_create([Concern(case=case, user=user) for user in concerns])
    for picture, name in pictures:
        photos.attach(picture, name, to=case, by=by, now=now, public=True)
    # Before the receipt, so that this can still be undone: nothing happened since.
    if case.incident is not None:
        events.log(case, "incident_linked", by=by, now=now, data={"version": 0, "title": str(case.incident)})
    if case.follows is not None:
        data = {"version": 0, "number": case.follows.short_number}
        events.log(case, "come_back" if case.is_repeat else "follows", by=by, now=now, data=data)
    if external:
        hotline.attach(case, by=by, now=now, received_at=case.received_at, **external)
    events.log(case, "received", by=by, now=now, note=reason, data={"version": 0, "who": _who(by)}, public=True)
    for level, trigger in _at_once(case, concerns):
        raise_to(case, level, trigger, by=None, now=now, undoable=by is not None)
    if call:
        join_call(call, case, by=by, now=now)
    if letter:
        join_letter(letter, case, by=by, now=now)
    elif is_letter:
        enter_letter_of(case, by=by, now=now, number=case.letter_no, **paper)
    if external:
        raise_to(case, 2, Escalation.Trigger.AUTHORITY, by=None, now=now, undoable=by is not None)
    if repeat.is_third:
        earlier = separator().join(one.short_number for one in repeat.earlier)
        trigger = Escalation.Trigger.REPEATED
        raise_to(case, 2, trigger, by=None, now=now, note=earlier, undoable=by is not None)
    if case.severity == Severity.MAJOR:
        people = telling.holders_for(case, 3, now)
        telling.tell(case, people, "case_told_level_three", now=now, key=case.cycle, but=by, undoable=by is not None)
    if case.status == Status.RECEIVED:
        about = {user.pk for user in concerns}
        telling.tell(case, telling.clerks(case), "case_arrived", now=now, key=case.cycle, but=by, concerned=about)


def _sequence(case, day, concerns):
    """Return the next number of the day. What is about staff has a series of its own, from 90001: in the common one
    its place would be missing for those whom it is about, and tell them that it is there (ruling 12)."""
    if concerns:
        return KEPT_FROM + take_number(case.community, f"kept-{day:%y%m%d}")
    return take_number(case.community, f"case-{day:%y%m%d}")


def _at_once(case, concerns):
    """Yield the levels that the case reaches at receipt, with their triggers (rulings 7 and 12)."""
    about = {role for user in concerns for role in roles_in(user, case.community_id)}
    if Role.SUPERVISOR in about or Role.DEPUTY_GM in about:
        yield 3, Escalation.Trigger.CONCERNS_STAFF
    if case.category.straight_to_level > 1:
        yield case.category.straight_to_level, Escalation.Trigger.CATEGORY
    if case.is_urgent:
        yield 2, Escalation.Trigger.URGENT
    if case.is_major:
        yield 2, Escalation.Trigger.MAJOR


def _who(by):
    """Return how staff appear to residents: by surname."""
    return (by.surname or by.name[:1]) if by else ""


def terms_of(case, *more):
    """Return the search terms of a case: everything that a person may look for it by, and `more`."""
    return search.terms(
        case.number,
        case.summary,
        case.description,
        case.wish,
        case.reporter_name,
        case.reporter_phone,
        case.reporter_phone[-4:],
        case.place,
        case.unit.label if case.unit else "",
        case.building.name if case.building else "",
        case.source_id,
        case.letter_no,
        *more,
    )


def token_of(submission):
    """Return the link token of a submission: 128 bits that only this installation can compute, so that sending the
    same form again leads to the same page."""
    key = f"case-link:{settings.SECRET_KEY}".encode()
    return hmac.new(key, str(submission).encode(), hashlib.sha256).hexdigest()[:32]


def first_token(case):
    """Return the link token that `case` was received with, or None where a newer one has replaced it. No query."""
    token = token_of(case.submission) if case.submission else ""
    return token if token and tokens.digest(token) == case.token_digest else None


@transaction.atomic
def take(case, *, by, now):
    """Take up a case that came by itself; who takes it stays first responsible until it is replied (ruling 8)."""
    demand(by, "take", case)
    facts = {"first_responsible": by, "holder": by if case.level == 1 else case.holder}
    follow = deadlines.next_step(case, status=Status.TAKEN, **facts)
    data = {"who": _who(by)}
    move(case, Status.TAKEN, by=by, now=now, data=data, public=True, next_escalation_at=follow, **facts)


@transaction.atomic
def renew_code(case, *, by, now):
    """Give the case a new link and code and return the token; the old ones end at once."""
    demand(by, "new_code", case)
    token = tokens.new_token()
    write(
        case,
        token_digest=tokens.digest(token),
        code_digest=tokens.digest(tokens.plain_code(tokens.code_of(token))),
    )
    events.log(case, "code_renewed", by=by, now=now, data={"version": case.version})
    return token


@transaction.atomic
def keep_intake(user, community, answers, *, now):
    """Keep what a clerk has typed so far; one row for each person and community. One statement."""
    IntakeDraft.objects.update_or_create(user=user, community=community, defaults={"answers": answers, "saved_at": now})


@transaction.atomic
def forget_intake(user, community):
    """Forget the draft of a clerk, after the case was saved or the draft thrown away."""
    IntakeDraft.objects.filter(user=user, community=community).delete()
