from django import forms
from django.utils.translation import gettext_lazy as _

from residents.forms.fields import PlainField
from servicedesk.core.text import TextField


class SearchForm(forms.Form):
    """The other entry of the same person."""

    q = TextField(label=_("Name, initials, room, telephone or identity number"), required=False, max_length=120)


class MergeForm(forms.Form):
    """Why two entries are one person, or two."""

    reason = PlainField(
        label=_("Reason"), max_length=300, help_text=_("How you know it. Kept in the history; write no number here.")
    )
