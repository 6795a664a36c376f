"""What staff type about the warranty: a claim and its answer on a case, and the parties of a community."""

from django import forms
from django.conf import settings
from django.utils import translation
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from complaints import warranty
from complaints.forms.staff import StepForm, text_area
from complaints.models import OutsideParty, WarrantyClaim, WarrantyTerm
from servicedesk.core.choices import RowField
from servicedesk.core.forms import MomentField
from servicedesk.core.text import PhoneField, TextField

INLINE = {"class": "inline"}
REPAIRERS = ["developer", "contractor", "supplier"]


class TermField(RowField):
    """One of the systems under warranty, each with the end of its period for the building of a case."""

    def label_from_instance(self, row):
        return f"{row.name} · {self.covered[row.pk].sentence}" if row.pk in self.covered else row.name

    covered = {}


class SendForm(StepForm):
    """What a repair unit is asked to do. What it is told is written for it and can be changed."""

    party = RowField(OutsideParty.objects.none(), label=_("Repair unit"))
    term = TermField(WarrantyTerm.objects.none(), label=_("What it is about"), widget=forms.RadioSelect)
    reason = TextField(
        label=_("Why it is theirs all the same"),
        help_text=_("Needed where the period has ended or is not known: for example what the contract says."),
        required=False,
        max_length=300,
        widget=text_area(2),
    )
    sent_how = forms.ChoiceField(
        label=_("How they are told"), choices=WarrantyClaim.How.choices, widget=forms.RadioSelect(attrs=INLINE)
    )
    text = TextField(label=_("What we ask of them"), max_length=2000, widget=text_area(4))

    def prepare(self):
        parties = OutsideParty.objects.filter(community=self.case.community_id, is_active=True, kind__in=REPAIRERS)
        self.fields["party"].queryset = parties
        field = self.fields["term"]
        field.queryset = WarrantyTerm.objects.filter(community=self.case.community_id, is_active=True)
        field.empty_label = None
        if self.case.building:
            today = self.case.community.local(self.now).date()
            terms = warranty.shown_terms(self.case.community_id).values()
            field.covered = {term.pk: warranty.coverage(term, self.case.building, today) for term in terms}
        self.initial.setdefault("term", self.case.category.warranty_id)
        self.initial.setdefault("sent_how", WarrantyClaim.How.PHONE)
        with translation.override(settings.LANGUAGE_CODE):
            words = gettext("%(where)s: %(matter)s. Please repair it under warranty, and tell us when you come.")
            self.initial.setdefault("text", words % {"where": self.case.where, "matter": self.case.summary})

    def clean(self):
        cleaned = super().clean()
        party, term = cleaned.get("party"), cleaned.get("term")
        if party and cleaned.get("sent_how") == WarrantyClaim.How.EMAIL and not party.email:
            self.add_error("sent_how", _("No e-mail address is known for them. Choose another way."))
        covered = self.fields["term"].covered.get(term.pk) if term else None
        if term and not (covered and covered.holds) and not cleaned.get("reason") and "reason" not in self.errors:
            self.add_error("reason", _("It is not certain that the warranty holds. Say why it is theirs all the same."))
        return cleaned


class AnswerForm(StepForm):
    outcome = forms.ChoiceField(
        label=_("They say"),
        choices=[("accepted", _("they repair it")), ("refused", _("they refuse"))],
        widget=forms.RadioSelect(attrs=INLINE),
    )
    until = MomentField(label=_("Repaired by"), required=False, help_text=_("Needed where they repair it."))
    answer = TextField(label=_("In their words"), max_length=500, widget=text_area(2))
    answered_by = TextField(label=_("Who on their side"), required=False, max_length=60)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("outcome") == "accepted" and "until" not in self.errors:
            if not cleaned.get("until"):
                self.add_error("until", _("Ask them by when, and write it down."))
            elif cleaned["until"] <= self.now:
                self.add_error("until", _("Give a day to come by which they repair it."))
        return cleaned


class FinishForm(StepForm):
    note = TextField(label=_("What they repaired"), max_length=500, widget=text_area(2))


class CallForm(StepForm):
    note = TextField(
        label=_("Who was called, and what they said"),
        help_text=_("It is the evidence that they were reminded: write it down also where nobody answered."),
        max_length=500,
        widget=text_area(2),
    )


class DecideForm(StepForm):
    INSIST = "insist"

    outcome = forms.ChoiceField(
        label=_("Decision"),
        choices=[(INSIST, _("demand it in writing")), *WarrantyClaim.Bearer.choices],
        widget=forms.RadioSelect(attrs=INLINE),
    )
    decision = TextField(label=_("Reason"), max_length=500, widget=text_area(2))


class DropForm(StepForm):
    reason = TextField(label=_("Why it is taken back"), max_length=300, widget=text_area(2))


class PartyForm(forms.Form):
    """One outside party of a community."""

    kind = forms.ChoiceField(label=_("Kind"), choices=OutsideParty.Kind.choices)
    name = TextField(label=_("Name of the party"), max_length=80)
    contact = TextField(label=_("Contact"), required=False, max_length=60)
    phone = PhoneField(label=_("Telephone"), required=False, max_length=40)
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        max_length=254,
        help_text=_("Reminders go to it. Without one the desk is asked to call."),
    )

    def clean(self):
        cleaned = super().clean()
        unreached = not cleaned.get("phone") and not cleaned.get("email")
        if unreached and not self.has_error("phone") and not self.has_error("email"):
            self.add_error("phone", _("Give a telephone number or an e-mail address."))
        return cleaned


class AcceptanceForm(forms.Form):
    """The days of completion acceptance of the buildings of a community, one field each."""

    def __init__(self, *args, buildings, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.buildings, self.today = {f"on-{building.pk}": building for building in buildings}, today
        for name, building in self.buildings.items():
            self.fields[name] = forms.DateField(
                label=format_html("<span data-user>{}</span>", building.name),
                required=False,
                widget=forms.DateInput(attrs={"type": "date", "min": "1980-01-01"}, format="%Y-%m-%d"),
            )
            self.initial.setdefault(name, building.accepted_on)

    def clean(self):
        cleaned = super().clean()
        for name in self.buildings:
            day = cleaned.get(name)
            if day and not (day.year >= 1980 and day <= self.today):
                self.add_error(name, _("This day cannot be: give a day from 1980 to today."))
        return cleaned

    @property
    def facts(self):
        """The cleaned data as the action takes it."""
        return [(building, self.cleaned_data[name]) for name, building in self.buildings.items()]
