"""What is typed about people's data: a search, why it is given out, corrected, erased; how long it is kept."""

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.models import DataRequest, RetentionRule
from servicedesk.core.text import PhoneField, TextField

REASON = DataRequest._meta.get_field("reason").max_length
STAYS = _("Kept as the proof of what was done, so write no name and no number here.")


class GiveOutForm(forms.Form):
    """Why a copy leaves the desk."""

    reason = TextField(label=_("What the copy is for"), max_length=REASON, help_text=STAYS)
    is_them = forms.BooleanField(
        label=_("The person asked for it themselves, and I have checked who they are"),
        error_messages={"required": _("Check who asks before their data is given out.")},
    )


class CorrectForm(forms.Form):
    """The right name or number; what is right already is left empty."""

    name = TextField(label=_("Right name"), required=False, max_length=120, help_text=_("Empty: it stays as it is."))
    phone = PhoneField(label=_("Right telephone number"), required=False, max_length=21)
    reason = TextField(label=_("Reason"), max_length=REASON, help_text=STAYS)

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("name") and not cleaned.get("phone") and not self.errors:
            self.add_error("name", _("Give the right name or the right telephone number."))
        return cleaned


class AskForm(forms.Form):
    """What a second person is asked to confirm."""

    kind = forms.ChoiceField(widget=forms.HiddenInput, choices=DataRequest.Kind)
    reason = TextField(label=_("What the person asked for, and why"), max_length=REASON, help_text=STAYS)


class DecideForm(forms.Form):
    """The second person's decision; a refusal says why."""

    note = TextField(label=_("Note to the decision"), required=False, max_length=REASON, help_text=STAYS)

    def clean(self):
        cleaned = super().clean()
        if "confirm" not in self.data and not cleaned.get("note") and not self.errors:
            self.add_error("note", _("Say why it is refused: the person has a right to know."))
        return cleaned


class DaysForm(forms.Form):
    """How long a class of data is to be kept, to see what would go."""

    days = forms.IntegerField(
        label=_("Days"), max_value=36_500, widget=forms.NumberInput(attrs={"inputmode": "numeric"})
    )

    def __init__(self, *args, least, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["days"]
        field.min_value = least
        field.widget.attrs["min"] = least
        field.help_text = _("At least %(days)s.") % {"days": least}
        self.least = least

    def clean_days(self):
        if self.cleaned_data["days"] < self.least:
            raise forms.ValidationError(_("This data is kept for %(days)s days at least.") % {"days": self.least})
        return self.cleaned_data["days"]


class RetentionForm(DaysForm):
    """The same, to be saved with what it rests on."""

    source = TextField(label=_("What it rests on"), max_length=RetentionRule._meta.get_field("source").max_length)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["days"].widget = forms.HiddenInput()
