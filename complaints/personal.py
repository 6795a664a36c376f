"""What every column that can hold words is: a resident's data, by class, or none of it (PIPL 51).

A test fails for a column that is missing here, so that nobody forgets one. What is given to a person, and what is
erased of them, goes by this table.
"""

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from servicedesk.core.masking import ERASED


class Class(models.TextChoices):
    """The classes of data that the desk holds about residents."""

    NAME = "name", _("name")
    CONTACT = "contact", _("telephone, e-mail")
    PLACE = "place", _("room or place")
    WORDS = "words", _("words about a matter")
    INDEX = "index", _("made from these for searching")
    MESSAGE = "message", _("message to staff")
    TYPED = "typed", _("typed and not yet sent")
    ANSWER = "answer", _("answer to a survey")
    PHOTO = "photo", _("photo")
    IDENTITY = "identity", _("identity number, vehicle")
    # Why and by whom data was erased is kept as the proof that it was (PIPL 55, 56).
    PROOF = "proof", _("record of a request about the data")


NAME, CONTACT, PLACE, WORDS = Class.NAME, Class.CONTACT, Class.PLACE, Class.WORDS

# Columns with a resident's data: model, column, class.
HELD = {
    "residents.Person": {
        "name": NAME,
        "title": NAME,
        "phone": CONTACT,
        "email": CONTACT,
        "note": WORDS,
        "phone_reversed": Class.INDEX,
        "pinyin": Class.INDEX,
        "initials": Class.INDEX,
        "identity_cipher": Class.IDENTITY,
        "identity_hash": Class.INDEX,
    },
    "residents.Contact": {"name": NAME, "phone": CONTACT, "note": WORDS},
    "residents.Vehicle": {"plate": Class.IDENTITY, "colour": Class.IDENTITY},
    "residents.HomeVisit": {"met_name": NAME, "notes": WORDS, "cancelled_reason": WORDS},
    "residents.VisitNeed": {"text": WORDS, "answer": WORDS},
    "residents.Plate": {
        "display_name_zh": NAME,
        "display_name_en": NAME,
        "registered_name": NAME,
        "agreed_by": NAME,
        "removal_reason": WORDS,
        "withdrawn_reason": WORDS,
    },
    "residents.MoveBooking": {
        "applicant_name": NAME,
        "applicant_phone": CONTACT,
        "plate_no": CONTACT,
        "consent_by": NAME,
        "route": WORDS,
        "mover_company": NAME,
        "mover_phone": CONTACT,
        "cancel_reason": WORDS,
    },
    "residents.ReleaseSlip": {
        "applicant_name": NAME,
        "applicant_phone": CONTACT,
        "plate_no": CONTACT,
        "consent_by": NAME,
        "refused_reason": WORDS,
        "void_reason": WORDS,
        "gate_note": WORDS,
    },
    "residents.ReleaseItem": {"name": WORDS, "note": WORDS},
    "residents.KeyLoan": {"name": NAME, "phone": CONTACT, "reason": WORDS, "decision_note": WORDS},
    "residents.KeyMove": {"name": NAME, "owner_said": WORDS, "reason": WORDS, "measure": WORDS},
    "residents.Credential": {"name": NAME, "ended_reason": WORDS},
    "complaints.Case": {
        "reporter_name": NAME,
        "reporter_phone": CONTACT,
        "place": PLACE,
        "anonymous_reason": WORDS,
        "no_phone_reason": WORDS,
        "summary": WORDS,
        "description": WORDS,
        "wish": WORDS,
        "remedy": WORDS,
        "void_reason": WORDS,
        "imported_facts": WORDS,
        "terms": Class.INDEX,
    },
    "complaints.Reply": {"text": WORDS, "person_told": NAME},
    "complaints.CallerTold": {"reason": WORDS},
    "complaints.Proposal": {"text": WORDS, "answer": WORDS, "note": WORDS},
    "complaints.Quote": {"text": WORDS, "answered_by": NAME},
    "complaints.ReturnVisit": {"words": WORDS},
    "complaints.Rating": {"words": WORDS},
    "complaints.Explanation": {"text": WORDS},
    "complaints.ExternalCase": {"received_from": NAME, "reply_text": WORDS, "returned_reason": WORDS},
    "complaints.IncomingLetter": {"sender": NAME, "sender_ref": WORDS, "subject": WORDS, "no_case_reason": WORDS},
    "complaints.ReplyLetter": {"addressee": NAME, "text": WORDS, "received_by": NAME, "void_reason": WORDS},
    "complaints.Call": {"caller": NAME, "phone": CONTACT, "what": WORDS, "no_case_reason": WORDS},
    "complaints.WarrantyClaim": {"reason": WORDS, "text": WORDS, "answer": WORDS, "decision": WORDS},
    "complaints.ProblemFinding": {"note": WORDS, "dropped_reason": WORDS},
    "complaints.SurveyAnswer": {"answers": Class.ANSWER},
    "complaints.Draft": {"answers": Class.TYPED, "photos": Class.TYPED},
    "complaints.IntakeDraft": {"answers": Class.TYPED},
    "complaints.DataRequest": {"reason": Class.PROOF, "note": Class.PROOF},
    "residents.Handover": {"signed_name": NAME, "cancelled_reason": WORDS},
    "residents.HandoverTask": {"remark": WORDS, "excused_reason": WORDS},
    "residents.HandoverItem": {"note": WORDS},
    "residents.Defect": {"text": WORDS, "void_reason": WORDS},
    "core.Event": {"note": WORDS},
    "core.Notification": {"data": Class.MESSAGE, "address": CONTACT},
    "core.Photo": {"name": Class.PHOTO},
}

# What hangs on a case and holds words of its own.
OF_CASES = [
    "complaints.Reply",
    "complaints.CallerTold",
    "complaints.Proposal",
    "complaints.Quote",
    "complaints.ReturnVisit",
    "complaints.Rating",
    "complaints.Explanation",
    "complaints.ExternalCase",
    "complaints.IncomingLetter",
    "complaints.ReplyLetter",
    "complaints.WarrantyClaim",
    "complaints.ProblemFinding",
    "complaints.Call",
]
# Columns without: codes, numbers and digests, what belongs to staff and their work, what is set for a community.
# Data of an event is sealed into the chain, so no resident's words ever go there.
NOT_HELD = {
    "core.Community": "code name name_en phone time_zone outside_holder outside_email report_to",
    "core.Department": "code name name_en notify_url",
    "core.NumberSeries": "key",
    "core.User": "password username first_name last_name email surname name phone push_url language",
    "core.CalendarDay": "name",
    "core.Event": "verb by_name salt note_digest data previous_hash hash",
    "core.Notification": "kind key last_error",
    "core.Photo": "sha256",
    "residents.Building": "code name address",
    "residents.ImportRun": "file_name stored encoding delimiter sheets sheet header mapping problem",
    "residents.ImportAdded": "table keys",
    "residents.ImportMapping": "name mapping",
    # Of the account of a unit, kept with the books.
    "residents.OpeningBalance": "label note",
    "residents.Section": "code",
    "residents.Unit": "number label room_keys",
    "residents.Contact": "tell",
    "residents.Meter": "place serial",
    "residents.Reading": "void_reason",
    "residents.MissedReading": "note",
    "residents.VisitPlan": "name",
    "residents.Board": "name",
    "residents.BoardPrinting": "snapshot",
    "residents.Lift": "name",
    "residents.MoveRule": "quiet_source",
    "residents.ReleaseSlip": "number token_digest",
    "residents.KeySet": "place tag what slot",
    "residents.KeyLoan": "for_number",
    "residents.Credential": "number employer for_number",
    "residents.FacilityItem": "room name",
    "residents.HandoverTask": "kind",
    "residents.HandoverItem": "room name",
    "complaints.DeadlinePolicy": "code name article",
    "complaints.Category": "code name name_en kind probes phrases",
    "complaints.Case": "number letter_no explanation source source_id token_digest code_digest",
    "complaints.VisitRule": "code name source categories words",
    "complaints.Explanation": "check_key row_key",
    "complaints.DayClose": "summary exceptions snapshot seal_hash",
    "complaints.Report": "text addressee snapshot",
    "complaints.Phrase": "code text text_en",
    "complaints.Taboo": "text kin suggestion",
    "complaints.LetterTemplate": "name salutation opening done closing",
    "complaints.ExternalCase": "source_org external_no",
    "complaints.Incident": "title words reply",
    "complaints.IncomingLetter": "number",
    "complaints.ReplyLetter": "number tracking_no",
    "complaints.Survey": "title questions",
    "complaints.WarrantyTerm": "code name name_en season_from season_to source",
    "complaints.OutsideParty": "name contact phone email",
    "complaints.WarrantyClaim": "answered_by",
    "complaints.ProductProblem": "theme description",
    "complaints.ProblemProposal": "text answer_text result",
    "complaints.ProblemReport": "text addressee snapshot",
    "complaints.MaterialUse": "name measure",
    "complaints.RetentionRule": "key source",
    "complaints.DataRequest": "outcome",
}


def columns_of(label):
    """Return {column: class} of the resident's data in a model, given by its label."""
    return HELD[label]


def emptied(label, *classes):
    """Return {column: class} of a model for the columns of `classes`."""
    return {name: kind for name, kind in HELD[label].items() if kind in classes}


def has_words(label):
    """Return the condition for the rows of a model in which a resident's data still stands."""
    found = Q(pk__in=[])
    for name in HELD[label]:
        found |= ~Q(**{f"{name}__in": ["", ERASED]})
    return found


def field(label, column):
    """Return the field of a column, for its name on a page."""
    return apps.get_model(label)._meta.get_field(column)
