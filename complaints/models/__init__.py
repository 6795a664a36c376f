"""The nouns of the main job: cases, what they are due by, and what happened to them."""

from complaints.models.calls import Call
from complaints.models.cases import (
    Case,
    Channel,
    Concern,
    Kind,
    Severity,
    Status,
    Urgency,
    Validity,
)
from complaints.models.courtesy import LetterTemplate, Phrase, Taboo
from complaints.models.letters import IncomingLetter, ReplyLetter
from complaints.models.policies import Category, DeadlinePolicy
from complaints.models.records import Cycle, Draft, Escalation, IntakeDraft, Outcome, Pause, Presence, Reply

__all__ = [
    "Call",
    "Case",
    "Category",
    "Channel",
    "Concern",
    "Cycle",
    "DeadlinePolicy",
    "Draft",
    "Escalation",
    "IncomingLetter",
    "IntakeDraft",
    "Kind",
    "LetterTemplate",
    "Outcome",
    "Pause",
    "Phrase",
    "Presence",
    "Reply",
    "ReplyLetter",
    "Severity",
    "Status",
    "Taboo",
    "Urgency",
    "Validity",
]
