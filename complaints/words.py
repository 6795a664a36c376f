"""What history and notifications say: one sentence for each verb and kind, in the reader's language."""

from django.utils.translation import gettext_lazy as _

from servicedesk.core.notifications import KINDS, Words

# What a member of staff reads on the timeline.
VERBS = {
    "received": _("Received"),
    "taken": _("Taken up"),
    "handed": _("Handed to %(department)s"),
    "transferred": _("Transferred to %(department)s"),
    "assigned": _("Assigned to %(worker)s"),
    "accepted": _("Job accepted"),
    "started": _("Taken in hand by the centre"),
    "arrived": _("Arrived on site"),
    "job_declined": _("Job declined by the department"),
    "paused": _("Clock paused: %(reason)s"),
    "resumed": _("Clock runs again"),
    "not_read_back": _("Not read back to the caller"),
    "resolved": _("Resolved"),
    "replied": _("Resident told by %(channel)s"),
    "visit_due": _("Return visit due by %(until)s: %(rule)s"),
    "visit_waits": _("Return visit when it has rained: %(rule)s"),
    "visit_hastened": _("Bad rating: return visit due by %(until)s"),
    "rained": _("It has rained; return visit due by %(until)s"),
    "visit_missed": _("Return visit: nobody reached, try %(tries)s"),
    "visit_given_up": _("Return visit ended: nobody reached in %(tries)s tries"),
    "visited": _("Return visit by %(channel)s: %(grade)s"),
    "visit_not_made": _("The return visit was not made"),
    "resident_rated": _("Rated: %(overall)s of 5 stars"),
    "tried": _("Tried to reach the resident by %(channel)s: %(tried)s"),
    "letter_written": _("Letter of reply drafted"),
    "letter_issued": _("Letter of reply %(letter)s numbered"),
    "letter_printed": _("Letter of reply %(letter)s printed again, reprint %(prints)s"),
    "letter_void": _("Letter of reply %(letter)s is void"),
    "reopened": _("Reopened"),
    "archived": _("Archived"),
    "escalated": _("%(from_level)s → %(to_level)s: %(trigger)s"),
    "lowered": _("%(from_level)s → %(to_level)s by hand"),
    "promised": _("Reply promised by %(until)s"),
    "reclassified": _("Judged anew: %(changes)s"),
    "urged": _("Urged"),
    "resident_urged": _("The resident asks to hurry"),
    "noted": _("Note"),
    "told": _("Message to the resident"),
    "resident_noted": _("Note from the resident"),
    "photo_added": _("Photo added"),
    "read_back": _("Read back to the resident"),
    "follow_up_set": _("Next follow-up on %(until)s"),
    "follow_up_missed": _("Follow-up on %(until)s is overdue; the first responsible was told"),
    "void_asked": _("Asked to void"),
    "void_refused": _("Not voided"),
    "void": _("Voided"),
    "merged": _("Merged into %(into)s"),
    "merge_received": _("Another call joined: %(number)s"),
    "merged_on": _("Goes on with %(into)s now"),
    "caller_told": _("Caller of %(number)s told by %(channel)s"),
    "caller_excused": _("Caller of %(number)s cannot be told"),
    "follows": _("Follows %(number)s"),
    "come_back": _("Has come back: follows %(number)s"),
    "external_registered": _("Recorded for an authority: %(slip)s"),
    "external_signed": _("%(slip)s signed on %(until)s"),
    "external_contacted": _("%(slip)s: resident contacted on %(until)s"),
    "external_answered": _("%(slip)s answered"),
    "external_returned": _("%(slip)s returned as none of our duty"),
    "external_evaluated": _("%(slip)s was judged"),
    "undone": _("Undone: %(what)s"),
    "unmasked": _("Telephone number looked at"),
    "recounted": _("The calendar or a rule changed; now due %(until)s"),
    "quoted": _("Price told: ¥%(amount)s"),
    "quote_agreed": _("Price agreed to"),
    "quote_refused": _("Price not agreed to"),
    "verified": _("Verified: %(validity)s"),
    "proposed": _("Proposed: %(outcome)s"),
    "approved": _("Approved"),
    "declined": _("Polite refusal approved"),
    "proposal_returned": _("Proposal returned"),
    "proposal_withdrawn": _("Proposal taken back"),
    "reported": _("Done at once because it is urgent; reported afterwards"),
    "report_noted": _("Report read"),
    "report_queried": _("Report questioned"),
    "concern_named": _("Named as about %(whom)s, who no longer sees it"),
    "passed_on": _("%(to_who)s answers the resident from now on, in the place of %(was)s"),
    "holder_changed": _("This level is held by somebody else now"),
    "freed": _("Nobody has the job now"),
    "code_renewed": _("New tracking code issued"),
    "explained": _("Explained at the close of %(day)s"),
    "imported": _("Imported"),
    "incident_linked": _("Linked to the known event “%(title)s”"),
    "incident_unlinked": _("No longer linked to the known event “%(title)s”"),
    "incident_opened": _("Made known"),
    "incident_changed": _("Changed"),
    "incident_end_moved": _("Expected until %(until)s now"),
    "incident_ended": _("Over; the reply was drafted"),
    "incident_answered": _("The reply to all callers was confirmed"),
}

# What was undone, in words that need no facts.
UNDONE = {
    "received": _("the registration"),
    "assigned": _("the assignment"),
    "handed": _("the hand-over"),
    "transferred": _("the transfer"),
    "urged": _("the urging"),
    "escalated": _("the escalation"),
}

# What residents do themselves: such an event without an actor is not the clock's.
RESIDENTS_VERBS = (
    "quote_agreed",
    "quote_refused",
    "received",
    "resident_noted",
    "resident_urged",
    "photo_added",
    "reopened",
    "resident_rated",
)

# What a resident reads; a verb that is not here is not theirs.
PUBLIC_VERBS = {
    "received": _("We have received your request."),
    "taken": _("%(who)s has taken it up and stays your contact."),
    "handed": _("Passed to %(department)s."),
    "transferred": _("Passed on to %(department)s."),
    "accepted": _("%(department)s has accepted the job: %(who)s."),
    "started": _("We are working on it."),
    "arrived": _("Our colleague has arrived on site."),
    "recounted": _("The service calendar or a rule changed; the promised time is now %(until)s."),
    "quoted": _("This work has a price: ¥%(amount)s. We begin with it when you agree."),
    "quote_agreed": _("The price was agreed to."),
    "quote_refused": _("The price was not agreed to. We do not begin with that work."),
    "paused": _("Waiting: %(reason)s. It goes on by itself on %(until)s at the latest."),
    "resumed": _("Work goes on."),
    "resolved": _("The work is done. We will get back to you with the result."),
    "replied": _("We have told you the result."),
    "reopened": _("Opened again. There is a new promised time."),
    "archived": _("Closed. Thank you."),
    "told": _("Message from the service centre"),
    "resident_urged": _("asked us to hurry. We have told the person responsible."),
    "resident_noted": _("added something"),
    "photo_added": _("added a photo."),
    "resident_rated": _("rated us: %(overall)s of 5 stars."),
    "merged": _("Joined with another report of the same matter; both are answered together."),
}
# Verbs whose note is meant for the resident's eyes.
PUBLIC_NOTES = {"quoted", "told", "replied", "resident_noted", "resident_rated"}

KIND_WORDS = {
    "case_arrived": _("New request %(number)s: %(summary)s"),
    "letter_arrived": _("A letter for you, %(number)s: %(summary)s"),
    "case_handed": _("Handed to your department: %(number)s %(summary)s"),
    "case_assigned": _("Your job: %(number)s %(summary)s"),
    "case_declined": _("The department returned %(number)s: %(summary)s"),
    "case_escalated": _("%(number)s has reached level %(to_level)s: %(summary)s"),
    "case_told_level_three": _("Major matter at level 2, for your information: %(number)s %(summary)s"),
    "case_outside": _("A matter for you as the outside holder: %(number)s %(summary)s"),
    "cases_escalated": _("%(count)s cases have risen to you. See the board."),
    "cases_passed_on": _("Cases that you answer from now on, in the place of a colleague: %(count)s"),
    "cases_freed": _("Jobs that a colleague had and nobody has now: %(count)s"),
    "case_proposed": _("Waits for your decision: %(number)s %(summary)s"),
    "case_approved": _("Approved: %(number)s %(summary)s"),
    "case_refusal_approved": _("The refusal was approved; tell the resident: %(number)s %(summary)s"),
    "case_returned": _("Your proposal came back: %(number)s %(summary)s"),
    "case_reported": _("Urgent complaint handled, for your information: %(number)s %(summary)s"),
    "case_report_queried": _("There is a question about your report: %(number)s %(summary)s"),
    "case_quoted": _("Price told, the resident is to agree: ¥%(amount)s %(number)s %(summary)s"),
    "case_quote_agreed": _("The resident agrees to the price: %(number)s %(summary)s"),
    "case_quote_refused": _("The resident does not agree to the price: %(number)s %(summary)s"),
    "case_urged": _("Please hurry: %(number)s %(summary)s"),
    "follow_up_missed": _("Follow-up overdue, please tell the resident how it stands: %(number)s %(summary)s"),
    "case_resolved": _("Resolved; the resident is to be told: %(number)s %(summary)s"),
    "case_reopened": _("Reopened: %(number)s %(summary)s"),
    "case_paused": _("Clock paused: %(number)s %(summary)s"),
    "case_void_asked": _("Asked to void %(number)s: %(summary)s"),
    "case_rated_badly": _("%(overall)s of 5 stars for %(number)s, please call within a day: %(summary)s"),
    "resident_noted": _("The resident added something to %(number)s: %(summary)s"),
    "day_signed_open": _("%(day)s was signed with things unexplained. Read the reason."),
    "week_signed": _("The weekly report from %(day)s waits to be read."),
    "month_signed": _("The monthly report from %(day)s is signed."),
    "incident_opened": _("Known event, say it to callers: %(title)s"),
}
# What an e-mail says to somebody who cannot open the case.
KIND_DETAILS = {
    "case_outside": _(
        "%(holder)s: a resident of %(community)s has reported a matter that is about the deputy general manager or"
        " everybody who would decide on it, so it comes to you.\n\nNumber: %(number)s\nMatter: %(summary)s\n"
        "Promised by: %(due)s\n\nPlease call the service centre at %(phone)s and ask for the papers by this number."
        " The clerk who took it up tells the resident what you decide."
    ),
}


def register():
    """Add the kinds of this app to the outbox's words."""
    KINDS.update({kind: Words(title, KIND_DETAILS.get(kind, "")) for kind, title in KIND_WORDS.items()})
