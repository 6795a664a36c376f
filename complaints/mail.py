"""What the register of incoming letters shows: on the page, on paper, in a file."""

import datetime
from dataclasses import dataclass

from django.utils.translation import gettext as _

from complaints.listing import midnight
from complaints.models import Case, IncomingLetter, ReplyLetter
from servicedesk.core.masking import mask_runs

MOST = 300


@dataclass(frozen=True)
class Line:
    """One letter with what became of it: `case` as far as there is one, when and under which number it was answered."""

    letter: IncomingLetter
    case: Case | None
    is_loose: bool
    is_overdue: bool
    answered_at: datetime.datetime | None
    answer: str = ""


def lines(user, community, days, today):
    """Return (the Lines of the letters that came on `days`, both included, newest first; whether there are more than
    300). Three queries."""
    first, last = days
    rows = (
        IncomingLetter.objects.visible_to(user)
        .filter(community=community)
        .received_between(midnight(first, community), midnight(last + datetime.timedelta(days=1), community))
        .select_related("case", "presented_to")
    )
    found = list(rows[: MOST + 1])
    sent = ReplyLetter.objects.filter(case__in=[letter.case_id for letter in found], status=ReplyLetter.Stage.SENT)
    answers = dict(sent.order_by("id").values_list("case", "number"))
    return [_line(letter, today, answers) for letter in found[:MOST]], len(found) > MOST


def _line(letter, today, answers):
    case = letter.case
    return Line(
        letter=letter,
        case=case,
        is_loose=letter.is_loose,
        is_overdue=not letter.no_case_reason and letter.reply_due_on < today and not (case and case.replied_at),
        answered_at=case.replied_at if case else None,
        answer=answers.get(letter.case_id, "") if case and case.replied_at else "",
    )


def header():
    """Return the names of the columns in the active language."""
    return [
        _("Register number"),
        _("Came in"),
        _("Sender"),
        _("Their own reference"),
        _("Date of the letter"),
        _("Subject"),
        _("Sheets"),
        _("Copies"),
        _("Presented to"),
        _("Case"),
        _("No case, because"),
        _("Answer due"),
        _("Answered"),
        _("Letter of reply"),
    ]


def cells(lines, community):
    """Return the rows of a file of `lines`, telephone numbers masked."""
    return [
        [
            line.letter.number,
            community.local(line.letter.received_at),
            mask_runs(line.letter.sender),
            line.letter.sender_ref,
            line.letter.letter_on,
            mask_runs(line.letter.subject),
            line.letter.pages,
            line.letter.copies,
            str(line.letter.presented_to or ""),
            line.case.number if line.case else "",
            mask_runs(line.letter.no_case_reason),
            line.letter.reply_due_on,
            community.local(line.answered_at) if line.answered_at else None,
            line.answer,
        ]
        for line in lines
    ]
