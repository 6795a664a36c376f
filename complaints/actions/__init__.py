"""The verbs of the main job, in the words of the desk. Each is one transaction with its event and its messages."""

from complaints.actions.batching import act_on_many, log_export, undo_many
from complaints.actions.closing import explain, sign_day
from complaints.actions.concerning import name_concerned
from complaints.actions.courtesy import add_wording, change_wording, count_phrases, fill_courtesy
from complaints.actions.drafting import (
    doubt,
    drop_photo,
    forget_drafts,
    keep_answers,
    keep_photo,
    start_draft,
    submit_draft,
)
from complaints.actions.escalating import escalate, escalate_overdue, lower, raise_to
from complaints.actions.handling import (
    accept,
    add_note,
    add_photos,
    arrive,
    assign,
    confirm_read_back,
    decline_job,
    hand_over,
    pause,
    promise_reply,
    reclassify,
    resolve,
    resume,
    resume_waiting,
    set_follow_up,
    start,
    unmask_reporter,
    urge,
)
from complaints.actions.letters import answer_due, explain_letter, register_letter
from complaints.actions.planning import set_visit_rules
from complaints.actions.proposing import (
    approve,
    propose,
    read_report,
    return_proposal,
    verify,
    withdraw_proposal,
)
from complaints.actions.receiving import (
    first_token,
    forget_intake,
    keep_intake,
    receive_case,
    renew_code,
    take,
)
from complaints.actions.recounting import recount_deadlines
from complaints.actions.releasing import release_left
from complaints.actions.replying import add_resident_note, archive, reopen, reply, resident_urge
from complaints.actions.undoing import undo
from complaints.actions.visiting import archive_answered, miss_visit, note_rain, rate, visit, ways_to_visit
from complaints.actions.voiding import ask_void, confirm_void, merge, refuse_void
from complaints.actions.working import answer_quote, quote

__all__ = [
    "accept",
    "act_on_many",
    "add_note",
    "add_photos",
    "add_resident_note",
    "add_wording",
    "answer_due",
    "answer_quote",
    "approve",
    "archive",
    "archive_answered",
    "arrive",
    "ask_void",
    "assign",
    "change_wording",
    "confirm_read_back",
    "confirm_void",
    "count_phrases",
    "decline_job",
    "doubt",
    "drop_photo",
    "escalate",
    "escalate_overdue",
    "explain",
    "explain_letter",
    "fill_courtesy",
    "first_token",
    "forget_drafts",
    "forget_intake",
    "hand_over",
    "keep_answers",
    "keep_intake",
    "keep_photo",
    "log_export",
    "lower",
    "merge",
    "miss_visit",
    "name_concerned",
    "note_rain",
    "pause",
    "promise_reply",
    "propose",
    "quote",
    "raise_to",
    "rate",
    "read_report",
    "receive_case",
    "reclassify",
    "recount_deadlines",
    "refuse_void",
    "register_letter",
    "release_left",
    "renew_code",
    "reopen",
    "reply",
    "resident_urge",
    "resolve",
    "resume",
    "resume_waiting",
    "return_proposal",
    "set_follow_up",
    "set_visit_rules",
    "sign_day",
    "start",
    "start_draft",
    "submit_draft",
    "take",
    "undo",
    "undo_many",
    "unmask_reporter",
    "urge",
    "verify",
    "visit",
    "ways_to_visit",
    "withdraw_proposal",
]
