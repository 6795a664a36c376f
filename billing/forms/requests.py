"""What is typed to ask for an act on money, and to decide about one."""

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.actions.requests import WHOLE, Item, most_of
from billing.models import Method, MoneyRequest
from residents.forms.fields import SubmissionField
from servicedesk.core.errors import Refused
from servicedesk.core.forms import PictureField
from servicedesk.core.money import MoneyField
from servicedesk.core.steps import StepForm, few_lines
from servicedesk.core.text import TextField

Kind = MoneyRequest.Kind
# So many lines has the list of a deduction.
ITEMS = 6
MOST_PHOTOS = 3
ABOVE_NOTHING = _("Write an amount above nothing.")


class AskForm(forms.Form):
    """What is asked for about `thing`: how much of it, why, and of a deduction what for, line by line."""

    submission = SubmissionField()
    amount = MoneyField(label=_("Amount in yuan"))
    reason = TextField(
        label=_("Reason"),
        max_length=300,
        widget=few_lines(),
        help_text=_("Whoever decides reads this, and it stays in the books. Write no names and no telephone numbers."),
    )

    def __init__(self, *args, kind, thing, **kwargs):
        super().__init__(*args, **kwargs)
        self.kind, self.thing = Kind(kind), thing
        try:
            self.most, self.problem = most_of(self.kind, thing), ""
        except Refused as refused:
            self.most, self.problem = None, str(refused)
        if self.kind in WHOLE or self.kind == Kind.DEDUCTION:
            del self.fields["amount"]
        else:
            self.initial.setdefault("amount", self.most)
        if self.kind == Kind.DEDUCTION:
            for n in range(1, ITEMS + 1):
                self.fields[f"text_{n}"] = TextField(label=_("What for"), required=False, max_length=100)
                self.fields[f"amount_{n}"] = MoneyField(label=_("Amount in yuan"), required=False)
            for n in range(1, MOST_PHOTOS + 1):
                self.fields[f"photo{n}"] = PictureField(label=_("Photo %(n)s") % {"n": n}, required=False)

    @property
    def lines(self):
        """The list of a deduction as pairs of boxes."""
        if self.kind != Kind.DEDUCTION:
            return []
        return [(self[f"text_{n}"], self[f"amount_{n}"]) for n in range(1, ITEMS + 1)]

    @property
    def photos(self):
        """The boxes for photos of a deduction."""
        return [self[name] for name in self.fields if name.startswith("photo")]

    @property
    def pictures(self):
        return [self.cleaned_data[box.name] for box in self.photos if self.cleaned_data.get(box.name)]

    def clean_amount(self):
        amount = self.cleaned_data["amount"]
        if amount <= 0:
            raise forms.ValidationError(ABOVE_NOTHING)
        return amount

    def clean(self):
        cleaned = super().clean()
        if self.kind != Kind.DEDUCTION:
            return cleaned
        items = []
        for n in range(1, ITEMS + 1):
            text, amount = cleaned.get(f"text_{n}"), cleaned.get(f"amount_{n}")
            if f"amount_{n}" in self.errors or f"text_{n}" in self.errors or (not text and amount is None):
                continue
            if not text:
                self.add_error(f"text_{n}", _("Write what this amount is for."))
            elif not amount:
                self.add_error(f"amount_{n}", ABOVE_NOTHING)
            else:
                items.append(Item(text, amount))
        if not items and not self.errors:
            self.add_error("text_1", _("Write what is deducted, line by line: the payer gets this list."))
        cleaned["items"] = items
        return cleaned

    @property
    def facts(self):
        """The cleaned data as the action takes it."""
        wanted = ("submission", "amount", "reason", "items")
        return {name: self.cleaned_data[name] for name in wanted if name in self.cleaned_data}


class ApproveForm(StepForm):
    note = TextField(label=_("Note, or why not"), required=False, max_length=300, widget=few_lines())


class RefuseForm(StepForm):
    note = TextField(label=_("Note, or why not"), max_length=300, widget=few_lines())


class WithdrawForm(StepForm):
    """Nothing to write: what was asked for is withdrawn."""


class PayOutForm(StepForm):
    """What the bank or the app says of money that goes back, for each means but cash."""

    @property
    def ways_back(self):
        """By which means the money goes back, in words."""
        return [Method(method).label for method in self.thing.ways]

    def prepare(self):
        for method in self.thing.ways:
            if method != Method.CASH:
                self.fields[f"reference_{method}"] = TextField(
                    label=_("Reference of the refund, %(method)s") % {"method": Method(method).label},
                    required=False,
                    max_length=64,
                )

    @property
    def facts(self):
        return {"references": {name.removeprefix("reference_"): text for name, text in super().facts.items() if text}}
