"""What is typed about billing runs: the month, and what was left out that one looks for."""

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.charging import first_of
from billing.models import Exemption, Fee
from residents.forms.fields import SubmissionField
from residents.forms.meters import month_of
from servicedesk.core.choices import RowField
from servicedesk.core.text import TextField


class MonthField(TextField):
    """A month typed as `2025-10`, returned as its first day."""

    def __init__(self, **kwargs):
        super().__init__(max_length=10, widget=forms.TextInput(attrs={"type": "month"}), **kwargs)

    def clean(self, value):
        typed = super().clean(value)
        return month_of(typed) if typed else None


class MonthForm(forms.Form):
    """The month to bill: up to the one that comes next."""

    month = MonthField(label=_("Month"))

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.last = first_of(today, 1)

    def clean_month(self):
        month = self.cleaned_data["month"]
        if month > self.last:
            raise forms.ValidationError(
                _("A month can be billed from the month before it on, at the latest %(last)s."),
                params={"last": f"{self.last:%Y-%m}"},
            )
        return month


class ExemptionFilterForm(forms.Form):
    """A search among the units that runs have left out."""

    fee = RowField(Fee.objects.none(), label=_("Fee"), required=False, empty_label=_("all"))
    month = MonthField(label=_("Month"), required=False)
    reason = forms.ChoiceField(label=_("Reason"), required=False, choices=[("", _("all")), *Exemption.Reason.choices])

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["fee"].queryset = Fee.objects.filter(community=community)


class StartForm(MonthForm):
    """The month to bill now; sent twice, it begins one run."""

    submission = SubmissionField()
