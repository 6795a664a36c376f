"""What narrows the list of e-mails, and what a resident says of them on the page of their bills."""

from django import forms
from django.utils.translation import gettext_lazy as _

from servicedesk.core.text import MailField

SHOWS = {"": _("all"), "failed": _("could not be delivered"), "waiting": _("on their way")}


class ShowForm(forms.Form):
    """Which e-mails are listed."""

    show = forms.ChoiceField(label=_("Show"), required=False, choices=list(SHOWS.items()))

    @property
    def wanted(self):
        """What is asked for; all, where it is none of these."""
        return self.cleaned_data["show"] if self.is_valid() else ""

    def narrowed(self, rows):
        return {"failed": rows.failed, "waiting": rows.waiting}.get(self.wanted, rows.all)()


class MailForm(forms.Form):
    """Where a resident wants their bills told."""

    email = MailField(
        label=_("E-mail"), max_length=120, widget=forms.EmailInput(attrs={"autocomplete": "email", "class": "w-full"})
    )
    mail_receipts = forms.BooleanField(label=_("Receipts by e-mail, too"), required=False)
