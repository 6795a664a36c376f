"""What the history of an entry in the register says: one sentence for each verb, in the reader's language."""

from django.utils.translation import gettext_lazy as _

VERBS = {
    "person_registered": _("Entered in the register"),
    "data_corrected": _("Entry corrected"),
    "contact_added": _("Contact added"),
    "contact_ended": _("Contact ended"),
    "vehicle_added": _("Vehicle added"),
    "vehicle_ended": _("Vehicle ended"),
    "identity_recorded": _("Identity number recorded"),
    "identity_unmasked": _("Identity number looked at"),
    "identity_copied": _("Copy of an identity paper kept"),
    "identity_copy_seen": _("Copy of an identity paper looked at"),
    "identity_copy_removed": _("Copy of an identity paper removed"),
    "occupancy_voided": _("Entered by mistake, counts no more"),
    "people_told_apart": _("Said to be another person than one that looks alike"),
    "people_merged": _("Two entries merged into one"),
    "unmasked": _("Telephone number looked at"),
}
