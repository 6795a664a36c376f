"""What the cashier types: what is paid, by which means, the drawer opened and closed, what is looked for."""

import re
from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.actions import Means
from billing.amounts import NOTHING
from billing.models import Method
from residents.forms.fields import SubmissionField
from residents.models import Person
from servicedesk.core.choices import RowField
from servicedesk.core.forms import NearDayField
from servicedesk.core.money import MoneyField
from servicedesk.core.steps import StepForm, few_lines
from servicedesk.core.text import TextField

# Not money that comes in: what the unit has prepaid, the sixth key of the cashier.
PREPAID = "prepaid"
METHODS = [*Method.choices, (PREPAID, _("prepayment"))]
# The fields of each means: how much, by what, its reference.
MEANS = (("given", "method", "external_ref"), ("second_given", "second_method", "second_ref"))
_CHOSEN = re.compile(r"([bd])([0-9]{1,18}):([0-9]{1,7}\.[0-9]{2})", re.ASCII)


@dataclass(frozen=True)
class Chosen:
    """A bill (`b`) or deposit (`d`) that was ticked, and what was owed of it when the page was made."""

    kind: str
    pk: int
    seen: Decimal


class ChosenField(forms.Field):
    """What was ticked in the list of what is owed, as Chosen; a tick is `b12:260.75`. Nothing ticked is nothing."""

    widget = forms.MultipleHiddenInput

    def clean(self, value):
        ticks = [_CHOSEN.fullmatch(one) for one in value or []]
        if not all(ticks):
            raise forms.ValidationError(_("This list of bills was not made by our page. Reload it and choose again."))
        return [Chosen(tick[1], int(tick[2]), Decimal(tick[3])) for tick in ticks]


class TakeForm(forms.Form):
    """What is paid of what a unit owes, and what was given for it."""

    submission = SubmissionField()
    # What was owed of the ticks when the amount was filled in: while nobody has typed another, it follows the ticks.
    was = forms.CharField(required=False, max_length=12, widget=forms.HiddenInput)
    chosen = ChosenField(required=False)
    given = MoneyField(label=_("Amount received in yuan"))
    method = forms.ChoiceField(
        label=pgettext_lazy("means", "Paid by"),
        choices=METHODS,
        initial=Method.CASH,
        widget=forms.RadioSelect(attrs={"class": "digits"}),
    )
    external_ref = TextField(
        label=_("Reference of the bank or the app"),
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    second_given = MoneyField(label=_("Second amount in yuan"), required=False)
    second_method = forms.ChoiceField(label=_("Second means"), required=False, choices=[("", _("none")), *METHODS])
    second_ref = TextField(label=_("Reference of the second means"), required=False, max_length=64)
    keep_rest = forms.BooleanField(label=_("What is more than is owed is prepayment"), required=False)
    payer = RowField(Person.objects.none(), label=_("Payer"), required=False, empty_label=_("not named"))
    note = TextField(
        label=_("Note"),
        required=False,
        max_length=200,
        help_text=_(
            "It stands on the receipt. No names and telephone numbers of others. A prepayment with a note pays nothing"
            " by itself."
        ),
    )

    def __init__(self, *args, payers, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["payer"].queryset = payers

    def clean(self):
        cleaned = super().clean()
        for given, method, reference in MEANS:
            if cleaned.get(given) == 0:
                self.add_error(given, _("Write an amount above nothing."))
            if cleaned.get(reference) and cleaned.get(method) in (Method.CASH, PREPAID):
                text = _("Cash and prepayment have no reference. Write it as a note, or choose another means.")
                self.add_error(reference, text)
        has_one = bool(cleaned.get("second_method")) != bool(cleaned.get("second_given"))
        if has_one and "second_given" not in self.errors:
            self.add_error("second_given", _("A second means has its amount. Fill in both or neither."))
        if cleaned.get("second_method") and cleaned["second_method"] == cleaned.get("method"):
            self.add_error("second_method", _("Choose another one than the first."))
        if not cleaned.get("chosen") and not cleaned.get("keep_rest") and "chosen" not in self.errors:
            text = _("Tick what is paid. To take a prepayment, tick that what is more than is owed is one.")
            self.add_error(None, text)
        return cleaned

    @property
    def owed(self):
        """What was owed of the ticks when the page was made, in yuan."""
        return sum((one.seen for one in self.cleaned_data.get("chosen") or []), NOTHING)

    @property
    def parts(self):
        """What was given so far, as (method, yuan, reference)."""
        data = self.cleaned_data
        found = [(data.get(method), data.get(given), data.get(reference)) for given, method, reference in MEANS]
        return [(method, given, reference or "") for method, given, reference in found if method and given]

    @property
    def prepaid(self):
        """How much of the prepayment is to be used, in yuan."""
        return sum((given for method, given, _reference in self.parts if method == PREPAID), NOTHING)

    @property
    def means(self):
        """The money given, as the action takes it."""
        return [Means(*part) for part in self.parts if part[0] != PREPAID]


class OpenShiftForm(forms.Form):
    opening_float = MoneyField(label=_("Change in the drawer in yuan"))


class CloseShiftForm(StepForm):
    """The cash counted at the end of a shift."""

    counted_cash = MoneyField(label=_("Cash counted in yuan"))
    reason = TextField(
        label=_("Why it differs from the book"),
        required=False,
        max_length=300,
        widget=few_lines(),
        help_text=_("Only where it does. What happened, without names of residents."),
    )


class CloseForOtherForm(CloseShiftForm):
    """The cash that a supervisor counts in the drawer of a cashier who cannot."""

    reason = TextField(
        label=_("Why you close it, and why it differs from the book"),
        max_length=300,
        widget=few_lines(),
        help_text=_("For example: has left the company; counted with a second person."),
    )


class ReceiptSearchForm(forms.Form):
    """What narrows the list of receipts."""

    q = TextField(label=_("Number, room or reference"), required=False, max_length=64)
    day = NearDayField(label=_("Day"), required=False)
    method = forms.ChoiceField(
        label=pgettext_lazy("means", "Paid by"), required=False, choices=[("", _("all")), *Method.choices]
    )

    def cleaned(self):
        """Return what was typed that can be looked for; a day that is none is left out, and the form says so."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}
