"""The whole file of a case (归档): everything that was written about it, for one page and for searching."""

from dataclasses import dataclass

from complaints import reports
from complaints.models import (
    Call,
    CallerTold,
    ExternalCase,
    IncomingLetter,
    MaterialUse,
    Proposal,
    Quote,
    Rating,
    Reply,
    ReplyLetter,
    ReturnVisit,
    WarrantyClaim,
    Work,
)
from servicedesk.core.models import Photo

# Words by which an ended case is found beside its own: the model, the way to the case, the columns.
PAPERS = [
    (Reply, "case", ["text", "person_told"]),
    (CallerTold, "case", ["reason"]),
    (Proposal, "case", ["text", "answer", "note"]),
    (Quote, "case", ["text", "answered_by"]),
    (MaterialUse, "work__case", ["name"]),
    (ReturnVisit, "case", ["words"]),
    (Rating, "case", ["words"]),
    (ExternalCase, "case", ["source_org", "external_no", "received_from", "reply_text"]),
    (IncomingLetter, "case", ["number", "sender", "sender_ref", "subject"]),
    (ReplyLetter, "case", ["number", "addressee", "tracking_no"]),
    (WarrantyClaim, "case", ["text", "answer", "answered_by"]),
    (Call, "case", ["phone", "caller", "what"]),
]


def words_of(keys):
    """Return {key: [texts]} of the papers of the cases with these keys. One query for each kind of paper."""
    found = {key: [] for key in keys}
    for model, way, columns in PAPERS:
        for key, *texts in model.objects.filter(**{f"{way}__in": keys}).values_list(way, *columns):
            found[key] += texts
    return found


@dataclass(frozen=True)
class File:
    """All papers of one case, each kind oldest first."""

    proposals: list
    quotes: list
    works: list
    replies: list
    visits: list
    ratings: list
    slips: list
    letter: IncomingLetter | None
    letters: list
    calls: list
    claims: list
    photos: list
    entries: list


def file_of(case):
    """Return the File of `case`. Fourteen queries, one more where it is answered by letter."""
    return File(
        proposals=list(case.proposals.select_related("by", "decided_by", "department").order_by("id")),
        quotes=list(case.quotes.select_related("by").order_by("id")),
        works=list(Work.objects.filter(case=case).select_related("by").prefetch_related("materials").order_by("id")),
        replies=list(case.replies.select_related("by", "in_place_of")),
        visits=list(case.visits.select_related("by").exclude(result="").order_by("id")),
        ratings=list(case.ratings.all()),
        slips=list(case.external_cases.all()),
        letter=reports.incoming_of(case),
        letters=reports.letters_of(case)[::-1],
        claims=list(WarrantyClaim.objects.filter(case=case).select_related("party").order_by("id")),
        calls=list(case.calls.select_related("answered_by").order_by("at", "id")),
        photos=list(Photo.objects.about(case)),
        entries=reports.timeline(case)[::-1],
    )
