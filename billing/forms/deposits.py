"""What is typed about deposits."""

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.deposit_rules import PACKS
from billing.forms.requests import ABOVE_NOTHING
from billing.models import DepositKind, DepositRule
from residents.forms.fields import SubmissionField
from residents.forms.keys import PersonField, living_in
from residents.forms.steps import RoomField
from residents.models import KeyLoan, Person
from servicedesk.core.forms import NearDayField
from servicedesk.core.money import MoneyField
from servicedesk.core.steps import INLINE, StepForm, few_lines
from servicedesk.core.text import PhoneField, TextField


class DepositSearch(forms.Form):
    """What narrows the list of deposits: the number or the room."""

    q = TextField(label=_("Number or room"), required=False, max_length=60)

    @property
    def sought(self):
        return self.cleaned_data["q"] if self.is_valid() else ""


class WhichRoomForm(forms.Form):
    """For which room a deposit is asked for."""

    room = RoomField()

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["room"].community = community


class DepositForm(forms.Form):
    """A deposit that is asked for: by whom it is paid, how much, and what for."""

    submission = SubmissionField()
    kind = forms.ChoiceField(label=_("Kind"), choices=DepositKind.choices)
    amount = MoneyField(label=_("Amount in yuan"))
    payer = PersonField(Person.objects.none(), label=_("Paid by"), required=False, help_text=_("Somebody of the room."))
    name = TextField(
        label=_("Or the name of another payer"),
        required=False,
        max_length=120,
        help_text=_("For example the firm that renovates. It is entered in the register."),
    )
    phone = PhoneField(label=_("Telephone of that payer"), required=False, max_length=40)
    note = TextField(label=_("Purpose of the deposit"), max_length=200)
    refund_due_on = NearDayField(
        label=_("To be given back from"),
        required=False,
        help_text=_("If it is known: for example a month after the work was accepted."),
    )

    def __init__(self, *args, unit, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.unit = unit
        self.fields["payer"].queryset = living_in(unit.pk, today)

    def clean_amount(self):
        amount = self.cleaned_data["amount"]
        if amount <= 0:
            raise forms.ValidationError(ABOVE_NOTHING)
        return amount

    def clean(self):
        cleaned = super().clean()
        if {"payer", "name", "phone"} & set(self.errors):
            return cleaned
        if cleaned.get("payer") and cleaned.get("name"):
            self.add_error("name", _("Choose who pays, or write the name, not both."))
        elif not cleaned.get("payer") and not cleaned.get("name"):
            self.add_error("payer", _("Choose who pays, or write the name of another payer."))
        elif cleaned.get("name") and not cleaned.get("phone"):
            self.add_error("phone", _("Write the telephone of the payer: the deposit has to find its way back."))
        return cleaned

    @property
    def facts(self):
        """The cleaned data as the action takes it."""
        return self.cleaned_data


class VoidForm(StepForm):
    reason = TextField(label=_("Reason"), max_length=300, widget=few_lines())


class DueForm(StepForm):
    refund_due_on = NearDayField(label=_("To be given back from"))

    def prepare(self):
        self.initial.setdefault("refund_due_on", self.thing.refund_due_on)


class TellForm(StepForm):
    how = forms.ChoiceField(
        label=_("How the payer was told"), choices=KeyLoan.How.choices, widget=forms.RadioSelect(attrs=INLINE)
    )
    note = TextField(label=_("What the payer said"), required=False, max_length=300, widget=few_lines())


class RuleForm(forms.Form):
    """What holds here for one kind of deposit."""

    kind = forms.ChoiceField(label=_("Kind"), choices=DepositKind.choices)
    verdict = forms.ChoiceField(
        label=_("Is it allowed"), choices=DepositRule.Verdict.choices, widget=forms.RadioSelect(attrs=INLINE)
    )
    most = MoneyField(label=_("At most, in yuan"), required=False)
    source = TextField(
        label=_("Source"),
        max_length=300,
        widget=few_lines(),
        help_text=_("The rule of the city or the clause of the covenant, with its date."),
    )

    def clean(self):
        cleaned = super().clean()
        if "most" in self.errors or "verdict" not in cleaned:
            return cleaned
        is_capped = cleaned["verdict"] == DepositRule.Verdict.CAPPED
        if is_capped and not cleaned.get("most"):
            self.add_error("most", _("Write up to which amount it is allowed."))
        elif not is_capped and cleaned.get("most") is not None:
            self.add_error("most", _("Only what is allowed up to an amount has one. Leave it empty."))
        return cleaned


class PackForm(forms.Form):
    """One of the packs of rules that are offered."""

    pack = forms.ChoiceField(label=_("Pack"), choices=[(pack.key, pack.name) for pack in PACKS])
