"""Letters: registering what comes in, writing, numbering and delivering what goes out."""

from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from complaints import telling
from complaints.models import IncomingLetter, Severity
from complaints.models.letters import KEPT_FROM
from servicedesk.core import events, notifications
from servicedesk.core.duty import level_holders
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.masking import mask_runs
from servicedesk.core.moves import write
from servicedesk.core.numbers import take_number

# Within ten days a complaint is answered (杭州市物业管理条例 2021); who registers a letter may set another day.
ANSWER_DAYS = 10


def answer_due(community, received_at):
    """Return the day by which a letter that came at `received_at` is answered unless another is set."""
    return community.local(received_at).date() + timedelta(days=ANSWER_DAYS)


def next_number(community, sign, series, *, now, kept=False):
    """Return the next number of a register, such as SW2026-0015: one series a community and year, without gaps.

    What is about staff has a series of its own, so that its place is not missing for them. Take it as the last thing
    but the row: the series is held until the commit.
    """
    year = community.local(now).year
    if kept:
        return f"{sign}{year}-{KEPT_FROM + take_number(community, f'kept{series}-{year}'):04}"
    return f"{sign}{year}-{take_number(community, f'{series}-{year}'):04}"


def incoming_number(community, *, now, kept=False):
    """Return the next number of the register of incoming letters (收文)."""
    return next_number(community, "SW", "letters", now=now, kept=kept)


@transaction.atomic
def register_letter(
    community,
    *,
    by,
    now,
    sender,
    subject,
    received_at=None,
    letter_on=None,
    sender_ref="",
    pages=1,
    copies=1,
    presented_to=None,
    reply_due_on=None,
):
    """Enter a letter that is no case yet and return it; whom it is presented to is told, the supervisors where nobody
    is named. Raises Refused for a letter that comes in the future."""
    received_at = received_at or now
    if received_at > now:
        raise Refused(_("A letter cannot have come later than now. Look at the time."))
    people = [presented_to] if presented_to else level_holders(community, 2, now)
    letter = IncomingLetter.objects.create(
        community=community,
        number=incoming_number(community, now=now),
        sender=sender,
        sender_ref=sender_ref,
        subject=subject,
        letter_on=letter_on,
        pages=pages,
        copies=copies,
        received_at=received_at,
        registered_at=now,
        registered_by=by,
        presented_to=people[0] if people else None,
        reply_due_on=reply_due_on or answer_due(community, received_at),
    )
    events.log(letter, "letter_registered", by=by, now=now)
    data = {"number": letter.number, "summary": mask_runs(subject)[:60], "path": letter.get_absolute_url()}
    told = [person for person in people if person != by]
    notifications.notify(told, "letter_arrived", about=letter, key=f"letter_arrived:{letter.pk}", now=now, data=data)
    return letter


def enter_letter_of(case, *, by, now, number, sender_ref="", pages=1, copies=1, presented_to=None, reply_due_on=None):
    """Enter the letter that `case` came by under `number`, in the caller's transaction, and tell whom it goes to.

    It is presented to whom the clerk named, else to who holds level 2 (level 3 where the case begins there): never to
    somebody it is about.
    """
    top = 3 if case.level == 3 else 2
    people = telling.without_concerned(case, [presented_to]) + telling.holders_for(case, top, now)
    letter = IncomingLetter.objects.create(
        community=case.community,
        number=number,
        sender=case.reporter_name or case.anonymous_reason[:120],
        sender_ref=sender_ref,
        subject=case.summary,
        letter_on=case.letter_on,
        pages=pages,
        copies=copies,
        received_at=case.received_at,
        registered_at=now,
        registered_by=by,
        presented_to=people[0] if people else None,
        reply_due_on=reply_due_on or answer_due(case.community, case.received_at),
        case=case,
    )
    events.log(letter, "letter_registered", by=by, now=now, data={"case": case.number})
    _tell_of(letter, case, people, by, now)
    return letter


def _tell_of(letter, case, people, by, now):
    if case.severity == Severity.MAJOR:
        people = [*people, *telling.holders_for(case, 3, now)]
    telling.tell(case, people, "letter_arrived", now=now, key=letter.pk, but=by, undoable=True)


def join_letter(letter, case, *, by, now):
    """Make a registered letter the one that `case` came by, in the caller's transaction. Raises Refused where it is
    another case already, Stale where somebody was faster."""
    if not letter.is_loose:
        raise Refused(_("This letter is a case already, or it was explained why it is none."))
    write(letter, case=case)
    events.log(letter, "letter_became_case", by=by, now=now, data={"case": case.number})


def free_letter(case, *, by, now):
    """Let go of the letter of a case whose registration is undone, in the caller's transaction: it keeps its number
    and is to be made a case again or explained."""
    for letter in IncomingLetter.objects.filter(case=case):
        write(letter, case=None)
        events.log(letter, "letter_freed", by=by, now=now, data={"case": case.number})


@transaction.atomic
def explain_letter(letter, *, by, now, reason):
    """Record why a letter is no case, for example a greeting. Raises Refused where it is one already."""
    if not IncomingLetter.objects.visible_to(by).filter(pk=letter.pk).exists():
        raise NotAllowed(_("This step belongs to somebody else. Ask your supervisor if it cannot wait."))
    if not letter.is_loose:
        raise Refused(_("This letter is a case already, or it was explained why it is none."))
    write(letter, no_case_reason=reason)
    events.log(letter, "letter_explained", by=by, now=now, note=reason)
    notifications.withdraw(ContentType.objects.get_for_model(letter), letter.pk, now=now, reason="explained")
