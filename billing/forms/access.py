"""What is typed to get at bills without an account."""

from django import forms
from django.utils.translation import gettext_lazy as _

from servicedesk.core.text import TextField


class BillCodeForm(forms.Form):
    """The one-time code from the desk."""

    code = TextField(
        label=_("One-time code"),
        help_text=_("Ten characters, for example 7KQ4M-2XD9F. The service centre gives it to you."),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters", "class": "w-phone"}
        ),
        error_messages={"required": _("Write the code that the service centre gave you.")},
    )


class GiveCodeForm(forms.Form):
    """Where a code goes besides the counter."""

    email = forms.EmailField(
        label=_("Send it to this e-mail address as well"),
        required=False,
        max_length=120,
        error_messages={"invalid": _("Enter an e-mail address such as name@example.com.")},
        help_text=_("Only an address that they have told you themselves. It is not kept in the register."),
    )
