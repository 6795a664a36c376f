"""Whom the first responsible still owes an answer: by when, and what the resident has heard so far (快速反应原则)."""

import datetime
from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.db.models import Max
from django.utils.translation import gettext as _

from complaints.models import Case
from complaints.models.cases import REPLY_OWED
from servicedesk.core.models import Event

MOST = 200
# What a resident has heard from the desk itself. What only moves on the tracking page is no word to them.
HEARD = ("received", "taken", "told", "replied", "reopened")


@dataclass(frozen=True)
class Owed:
    """One case whose resident waits: what comes first and when, when they last heard, how the note of today stands.

    `note` is "told" (today), "today" (still to come) or "silent": a whole calendar day went by without a word.
    """

    case: Case
    what: str
    by: datetime.datetime
    heard_at: datetime.datetime
    note: str
    follow_up_missed: bool


def owed_by(user, community, now):
    """Return what `user` owes residents of `community`, what comes first first; 200 at the most. Two queries."""
    rows = Case.objects.visible_to(user).filter(community=community).owed_by(user).with_place().by_due()
    cases = list(rows[:MOST])
    heard = _heard(cases)
    found = []
    for case in cases:
        case.community = community
        what, by = _first(case)
        heard_at = heard.get(case.pk, case.received_at)
        days = (community.local(now).date() - community.local(heard_at).date()).days
        found.append(
            Owed(
                case=case,
                what=what,
                by=by,
                heard_at=heard_at,
                note="told" if days <= 0 else "today" if days == 1 else "silent",
                follow_up_missed=case.next_follow_up_at is not None and case.next_follow_up_at < now,
            )
        )
    return sorted(found, key=lambda owed: (owed.by, owed.case.pk))


def _first(case):
    """Return (words, moment) of what is owed first: the reply, a promise, a follow-up or the result."""
    owed = [
        (case.reply_due_at, _("reply")) if case.status in REPLY_OWED else (case.due_at, _("result")),
        (case.their_due_at, _("answer to the authority")),
        (case.promised_reply_at, _("promised reply")),
        (case.next_follow_up_at, _("follow-up")),
    ]
    by, what = min(((at, words) for at, words in owed if at is not None), default=(case.received_at, _("result")))
    return what, by


def _heard(cases):
    rows = Event.objects.filter(
        subject_type=ContentType.objects.get_for_model(Case),
        subject_id__in=[case.pk for case in cases],
        verb__in=HEARD,
    )
    return dict(rows.order_by().values_list("subject_id").annotate(Max("at")))
