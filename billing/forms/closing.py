"""What is typed to close a month."""

from django import forms
from django.utils.translation import gettext_lazy as _

from servicedesk.core.text import TextField


class CloseMonthForm(forms.Form):
    note = TextField(
        label=_("What is still open, and why"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed where something stands above. No names and no telephone numbers."),
    )
