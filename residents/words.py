"""What history and messages say of the register: one sentence for each verb and kind, in the reader's language."""

from django.utils.translation import gettext_lazy as _

from servicedesk.core.notifications import KINDS, Words

VERBS = {
    "person_registered": _("Entered in the register"),
    "data_corrected": _("Entry corrected"),
    "contact_added": _("Contact added"),
    "contact_ended": _("Contact ended"),
    "vehicle_added": _("Vehicle added"),
    "vehicle_ended": _("Vehicle ended"),
    "vehicle_stays": _("Vehicle stays"),
    "last_day_changed": _("Last day of a home changed"),
    "identity_recorded": _("Identity number recorded"),
    "identity_unmasked": _("Identity number looked at"),
    "identity_copied": _("Copy of an identity paper kept"),
    "identity_copy_seen": _("Copy of an identity paper looked at"),
    "identity_copy_removed": _("Copy of an identity paper removed"),
    "occupancy_voided": _("Entered by mistake, counts no more"),
    "people_told_apart": _("Said to be another person than one that looks alike"),
    "people_merged": _("Two entries merged into one"),
    "unmasked": _("Telephone number looked at"),
    "email_unmasked": _("E-mail address looked at"),
    "mail_agreed": _("Agreed to e-mails about bills"),
    "mail_withdrawn": _("Wants no e-mails about bills any more"),
    "move_booked": _("Booked"),
    "move_changed": _("Changed"),
    "move_confirmed": _("Confirmed"),
    "move_started": _("The move has begun"),
    "move_done": _("The move is over"),
    "move_missed": _("Nobody came"),
    "move_cancelled": _("Cancelled"),
    "move_taken_back": _("A step was taken back"),
    "protection_checked": _("Protection seen in place"),
    "owner_agreed": _("Consent of the owner recorded"),
    "slip_asked": _("Slip asked for"),
    "slip_approved": _("Approved"),
    "slip_refused": _("Refused"),
    "slip_void": _("Voided"),
    "slip_used": _("Let out at the gate"),
    "slip_pass_undone": _("The tap at the gate was taken back"),
    "slip_turned_away": _("Turned away at the gate"),
    "slip_differs": _("Differs at the gate"),
    "slip_expired": _("Expired unused"),
}
KIND_WORDS = {
    "slip_asked": _("Goods release slip %(number)s waits for approval."),
    "slip_differs": _("The goods at the gate differ from slip %(number)s. They wait there."),
    "key_asked": _("Emergency use of the keys %(tag)s waits for your approval"),
    "key_approved": _("Emergency use of the keys %(tag)s is approved"),
    "key_approved_by_phone": _("Emergency use of the keys %(tag)s was approved by telephone by %(name)s"),
    "key_overdue": _("The keys %(tag)s are overdue; ask for them back"),
}


def register():
    """Add the kinds of this app to the outbox's words."""
    KINDS.update({kind: Words(title) for kind, title in KIND_WORDS.items()})
    KINDS["mail_agreed"] = Words(
        _("Bills and reminders of your home come to this address from now on"),
        _(
            "You, or the service centre for you, asked for this. If it was not you, or you want no e-mails any more, "
            "please call %(phone)s; you can also end them on the page of your bills."
        ),
    )
