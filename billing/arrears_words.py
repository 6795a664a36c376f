"""Words of what happens to money, for histories and messages."""

from django.utils.translation import gettext_lazy as _

from servicedesk.core.notifications import KINDS, Words

VERBS = {
    "arrears_opened": _("Arrears opened"),
    "arrears_closed": _("All paid: arrears closed"),
    "arrears_step": _("Step taken"),
    "arrears_skipped": _("Step left out"),
    "arrears_paused": _("Ladder paused"),
    "arrears_resumed": _("Ladder goes on"),
}
KIND_WORDS = {
    "arrears_today": _("Arrears: %(count)s homes wait for a step today"),
    "claims_end": _("Arrears: the claim on %(count)s bills ends soon; send a demand letter in time"),
}


def register():
    """Add the kinds of this app to the outbox's words."""
    KINDS.update({kind: Words(title) for kind, title in KIND_WORDS.items()})
