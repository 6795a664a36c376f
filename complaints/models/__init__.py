"""The nouns of the main job: cases, what they are due by, and what happened to them."""

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
from complaints.models.letters import IncomingLetter
from complaints.models.policies import Category, DeadlinePolicy
from complaints.models.records import Cycle, Draft, Escalation, IntakeDraft, Pause, Presence, Reply

__all__ = [
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
    "Pause",
    "Phrase",
    "Presence",
    "Reply",
    "Severity",
    "Status",
    "Taboo",
    "Urgency",
    "Validity",
]
