"""The nouns of the main job: cases, what they are due by, and what happened to them."""

from complaints.models.aftercare import Grade, Rating, ReturnVisit, VisitRule
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
from complaints.models.closing import DayClose, Explanation, Report
from complaints.models.courtesy import LetterTemplate, Phrase, Taboo
from complaints.models.defects import DefectCase
from complaints.models.hotline import ExternalCase
from complaints.models.incidents import Incident, IncidentPlace
from complaints.models.letters import IncomingLetter, ReplyLetter
from complaints.models.needs import NeedCase
from complaints.models.policies import Category, DeadlinePolicy, RepeatRule
from complaints.models.privacy import DataRequest, RetentionRule
from complaints.models.problems import ProblemFinding, ProblemProposal, ProblemReport, ProductProblem
from complaints.models.proposals import Proposal
from complaints.models.records import (
    CallerTold,
    Cycle,
    Draft,
    Escalation,
    IntakeDraft,
    Outcome,
    Pause,
    Presence,
    Reply,
)
from complaints.models.surveys import Survey, SurveyAnswer
from complaints.models.warranty import OutsideParty, WarrantyClaim, WarrantyTerm
from complaints.models.work import MaterialUse, Quote, Work

__all__ = [
    "Call",
    "CallerTold",
    "Case",
    "Category",
    "Channel",
    "Concern",
    "Cycle",
    "DataRequest",
    "DayClose",
    "DeadlinePolicy",
    "DefectCase",
    "Draft",
    "Escalation",
    "Explanation",
    "ExternalCase",
    "Grade",
    "Incident",
    "IncidentPlace",
    "IncomingLetter",
    "IntakeDraft",
    "Kind",
    "LetterTemplate",
    "MaterialUse",
    "NeedCase",
    "Outcome",
    "OutsideParty",
    "Pause",
    "Phrase",
    "Presence",
    "ProblemFinding",
    "ProblemProposal",
    "ProblemReport",
    "ProductProblem",
    "Proposal",
    "Quote",
    "Rating",
    "RepeatRule",
    "Reply",
    "ReplyLetter",
    "Report",
    "RetentionRule",
    "ReturnVisit",
    "Severity",
    "Status",
    "Survey",
    "SurveyAnswer",
    "Taboo",
    "Urgency",
    "Validity",
    "VisitRule",
    "WarrantyClaim",
    "WarrantyTerm",
    "Work",
]
