"""What is typed about bills: a search, the notices to print, and a bill by hand."""

import datetime

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.amounts import NOTHING
from billing.bill_list import STATES
from billing.forms.runs import MonthField
from billing.models import Fee
from residents.forms.fields import SubmissionField
from residents.forms.moving import RoomField
from residents.models import Building
from servicedesk.core.choices import RowField
from servicedesk.core.forms import NearDayField
from servicedesk.core.money import MoneyField
from servicedesk.core.text import TextField

LONGEST = datetime.timedelta(days=366)


class BillFilterForm(forms.Form):
    """A search among the bills."""

    month = MonthField(label=_("Month"), required=False)
    fee = RowField(Fee.objects.none(), label=_("Fee"), required=False, empty_label=_("all"))
    building = RowField(Building.objects.none(), label=_("Building"), required=False, empty_label=_("all"))
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("all")), *STATES])
    room = TextField(label=_("Room"), max_length=60, required=False)

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["fee"].queryset = Fee.objects.filter(community=community)
        self.fields["building"].queryset = Building.objects.filter(community=community)


class NoticeForm(forms.Form):
    """Which notices to print: of a month, and of one building where one is chosen."""

    month = MonthField(label=_("Month"))
    building = RowField(Building.objects.none(), label=_("Building"), required=False, empty_label=_("all"))
    untold = forms.BooleanField(label=_("Only those who were not told by e-mail"), required=False)

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["building"].queryset = Building.objects.filter(community=community)


class BillForm(forms.Form):
    """A bill by hand."""

    submission = SubmissionField()
    unit = RoomField(label=_("Room"))
    fee = RowField(Fee.objects.none(), label=_("Fee"))
    text = TextField(label=_("What it is for"), max_length=100, help_text=_("As it stands on the bill. No names."))
    amount = MoneyField(label=_("Amount in yuan"))
    from_on = NearDayField(label=_("From"))
    to_on = NearDayField(label=_("To"))
    due_on = NearDayField(label=_("Due on"))

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["unit"].community = community
        self.fields["fee"].queryset = Fee.objects.filter(community=community, kind=Fee.Kind.OTHER, is_active=True)

    def clean_amount(self):
        if self.cleaned_data["amount"] <= NOTHING:
            raise forms.ValidationError(_("Give an amount above nothing."))
        return self.cleaned_data["amount"]

    def clean(self):
        begins, ends = self.cleaned_data.get("from_on"), self.cleaned_data.get("to_on")
        if begins and ends and not datetime.timedelta(0) <= ends - begins <= LONGEST:
            self.add_error("to_on", _("The period ends on or after the day it begins, and is a year at most."))
        due = self.cleaned_data.get("due_on")
        if begins and due and due < begins:
            self.add_error("due_on", _("It is due on the first day of the period at the earliest."))
        return self.cleaned_data

    @property
    def facts(self):
        return dict(self.cleaned_data)
