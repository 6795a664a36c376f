"""What finance and the desk type about arrears."""

import datetime
import re
import unicodedata
import uuid
from decimal import Decimal

from django import forms
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.actions.arrears import SPOKEN, USUAL_DAYS
from billing.ageing import BUCKETS, with_disputes
from billing.models import ArrearsCase, Bill, DemandLetter, Dispute, Fee, StepKind
from complaints.forms.fields import CaseNumberField
from complaints.models import Case, Category
from residents import ring
from residents.forms.fields import LifeDayField
from residents.models import Building, Unit
from servicedesk.core.choices import RowField, RowsField
from servicedesk.core.forms import NearDayField
from servicedesk.core.money import MoneyField
from servicedesk.core.steps import StepForm, few_lines
from servicedesk.core.text import TextField

NO_NAMES = _("Neither names nor telephone numbers belong here.")
# So many cases of a home are named beside the box for the number of one.
LAST_CASES = 3
SHOWS = {"": _("all that is owed"), "today": _("a step is due"), "claims": _("the claim ends soon")}


class NumberField(TextField):
    """A plain number above nothing with at most `places` decimals, returned as a Decimal, or None."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "num"})

    def __init__(self, *, most, places, least="0", **kwargs):
        super().__init__(max_length=12, **kwargs)
        self.most, self.least = Decimal(most), Decimal(least)
        self.pattern = re.compile(
            rf"^-?[0-9]{{1,6}}(\.[0-9]{{1,{places}}})?$" if places else r"^-?[0-9]{1,6}$", re.ASCII
        )

    def clean(self, value):
        typed = unicodedata.normalize("NFKC", super().clean(value))
        if not typed:
            return None
        if not self.pattern.fullmatch(typed) or not self.least <= Decimal(typed) <= self.most:
            raise forms.ValidationError(
                _("Write a number from %(least)s to %(most)s, for example 5 or 0.5."),
                params={"least": f"{self.least:f}", "most": f"{self.most:f}"},
            )
        return Decimal(typed)


class FilterForm(forms.Form):
    """What narrows the list of arrears."""

    age = forms.ChoiceField(label=_("Age"), required=False, choices=[("", _("all"))])
    building = RowField(Building.objects.none(), label=_("Building"), required=False, empty_label=_("all"))
    fee = RowField(Fee.objects.none(), label=_("Fee"), required=False, empty_label=_("all"))
    show = forms.ChoiceField(label=_("Show"), required=False, choices=list(SHOWS.items()))

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["age"].choices = [("", _("all")), *((key, label) for key, (label, *_days) in BUCKETS.items())]
        self.fields["building"].queryset = Building.objects.filter(community=community)
        self.fields["fee"].queryset = Fee.objects.filter(community=community)

    @property
    def wanted(self):
        """What is asked for; what was not understood narrows nothing."""
        self.is_valid()
        found = getattr(self, "cleaned_data", {})
        return {name: found.get(name) or None for name in self.fields}


# Steps on the arrears of a unit ---------------------------------------------------------------------------------------


class RecordForm(StepForm):
    """A step that was taken, with its evidence."""

    kind = forms.ChoiceField(label=pgettext_lazy("money", "Step"), choices=StepKind.choices)
    evidence = TextField(
        label=_("Evidence"),
        max_length=300,
        widget=few_lines(),
        help_text=_("What shows that it was done: the time of the call, the picture, the number of the mail."),
    )
    result = TextField(
        label=pgettext_lazy("money", "What came of it"),
        required=False,
        max_length=300,
        widget=few_lines(),
        help_text=NO_NAMES,
    )

    def prepare(self):
        kinds = [kind for kind in StepKind if kind != StepKind.DEMAND_LETTER]
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]
        if self.thing.next_kind in kinds:
            self.initial.setdefault("kind", self.thing.next_kind)


class SpokenForm(RecordForm):
    """A step that the desk takes: words, calls and visits."""

    def prepare(self):
        super().prepare()
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in SPOKEN]


class SkipForm(StepForm):
    reason = TextField(label=_("Why it is left out"), max_length=300, widget=few_lines(), help_text=NO_NAMES)


class PromiseForm(StepForm):
    amount = MoneyField(label=_("How much, in yuan"))
    pay_on = NearDayField(label=_("To be paid by"))
    note = TextField(label=_("Note"), required=False, max_length=300, widget=few_lines(), help_text=NO_NAMES)

    def clean_amount(self):
        amount = self.cleaned_data["amount"]
        if amount is not None and amount <= 0:
            raise forms.ValidationError(_("A promise is of more than nothing. Write how much will be paid."))
        return amount


class WithdrawPromiseForm(StepForm):
    reason = TextField(label=_("Why it is taken back"), max_length=300, widget=few_lines(), help_text=NO_NAMES)


class PauseForm(StepForm):
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[(one.value, one.label) for one in (ArrearsCase.Pause.HARDSHIP, ArrearsCase.Pause.COURT)],
    )
    until = NearDayField(label=_("Paused until"), required=False)
    note = TextField(label=_("Why"), max_length=300, widget=few_lines(), help_text=NO_NAMES)


class ResumeForm(StepForm):
    note = TextField(label=_("Why it goes on"), max_length=300, widget=few_lines(), help_text=NO_NAMES)


class _BillField(RowField):
    def label_from_instance(self, row):
        return f"{row.number} · {row.fee} · {row.month:%Y-%m} · ¥{row.balance}"


class DisputeForm(StepForm):
    """A bill that is disputed: in a case of the home, or in a new one."""

    bill = _BillField(Bill.objects.none(), label=_("Bill"))
    case = CaseNumberField(
        label=_("Number of a case of this home"),
        required=False,
        help_text=_("Empty: a new case is opened."),
        error_messages={
            "unknown": _("There is no case %(number)s of this home. Look at the number again, or open a new case.")
        },
    )
    category = RowField(Category.objects.none(), label=_("Category of the new case"), required=False)
    matter = TextField(label=_("What is disputed"), required=False, max_length=1000, widget=few_lines(3))
    submission = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def prepare(self):
        owed = with_disputes(Bill.objects.owed().filter(unit=self.thing.unit_id)).filter(is_disputed=False)
        self.fields["bill"].queryset = owed.select_related("fee").oldest_first()
        cases = Case.objects.filter(unit=self.thing.unit_id, concerned=None, sealed_at=None)
        self.fields["case"].among(cases, self.thing.community)
        if last := [one.short_number for one in cases.order_by("-received_at", "-pk")[:LAST_CASES]]:
            text = _("Empty: a new case is opened. The last ones: %(numbers)s.")
            self.fields["case"].help_text = text % {"numbers": ring.joined(last)}
        self.fields["category"].queryset = Category.objects.filter(community=self.thing.community_id)
        self.initial.setdefault("submission", uuid.uuid4())

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not cleaned.get("case"):
            if not cleaned.get("category"):
                self.add_error("category", _("Choose the category of the new case, or a case that exists."))
            if not cleaned.get("matter"):
                self.add_error("matter", _("Write what is disputed, so that the desk can look into it."))
        return cleaned


class OutcomeForm(StepForm):
    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=Dispute.Outcome.choices,
        help_text=_("This changes nothing of the bill: one that was wrong is voided or waived in the step after this."),
    )
    note = TextField(label=_("Reason of the outcome"), max_length=300, widget=few_lines(), help_text=NO_NAMES)


class _BillsField(RowsField):
    def label_from_instance(self, row):
        who = row.debtor or row.get_debtor_kind_display()
        return f"{who} · {row.number} · {row.fee} · {row.month:%Y-%m} · ¥{row.balance}"


class LetterForm(StepForm):
    """The bills of a demand letter, of one debtor: those of who owes the oldest are proposed."""

    bills = _BillsField(
        Bill.objects.none(),
        label=_("Bills"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("All of one person: a letter demands only what who gets it owes."),
    )
    reply_by = NearDayField(
        label=_("To be paid by"), help_text=_("Where it is a rest day, the letter names the working day after it.")
    )
    pay_to = TextField(
        label=_("How to pay"),
        max_length=300,
        widget=few_lines(),
        help_text=_("The desk and its hours, and the bank account of the company."),
    )

    def prepare(self):
        today = self.thing.community.local(self.now).date()
        rows = with_disputes(Bill.objects.overdue(today).filter(unit=self.thing.unit_id)).filter(is_disputed=False)
        self.fields["bills"].queryset = rows.select_related("fee", "debtor").oldest_first()
        bills = list(self.fields["bills"].queryset)
        who = {bill.pk: bill.debtor_id or bill.debtor_kind for bill in bills}
        self.initial.setdefault("bills", [key for key in who if who[key] == who[bills[0].pk]])
        self.initial.setdefault("reply_by", today + datetime.timedelta(days=USUAL_DAYS))


class LateForm(StepForm):
    """A late charge on the bills that bear one; which ones is shown on the page."""


class DeliverForm(StepForm):
    delivered_on = NearDayField(label=_("Delivered on"))
    proof = forms.ChoiceField(label=_("Proof of delivery"), choices=DemandLetter.Proof.choices)
    proof_text = TextField(
        label=_("Number or place of the proof"),
        max_length=200,
        help_text=_("The number of the mail, the file of the picture, the folder of the signed copy."),
    )


# Notices, the ladder and the clause -----------------------------------------------------------------------------------

USUAL_NOTICE = _(
    "Some fees of your home have not reached us yet. Perhaps they were overlooked: please pay them, or come by or call"
    " us if you have a question or need more time. If you have paid meanwhile, please ignore this. Thank you."
)


class NoticesForm(forms.Form):
    """Posted notices for many homes: whom, and what they say."""

    unit = RowsField(Unit.objects.none(), widget=forms.MultipleHiddenInput)
    text = TextField(label=_("Text of the notice"), max_length=400, widget=few_lines(5))
    evidence = TextField(
        label=_("Evidence"),
        required=False,
        max_length=300,
        help_text=_("Once they are posted: who posted them, when, and where the pictures are."),
    )

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = Unit.objects.filter(community=community)
        self.initial.setdefault("text", USUAL_NOTICE)


class RuleForm(StepForm):
    days = NumberField(label=_("Days after it was due"), most="365", least="-30", places=0)
    is_active = forms.BooleanField(label=pgettext_lazy("money", "In use"), required=False)
    workdays_only = forms.BooleanField(
        label=_("E-mails on working days only"),
        required=False,
        help_text=_("Never before 8:00 and after 20:00. Who has not agreed to e-mails is told by a person."),
    )
    source = TextField(label=_("Where this comes from"), max_length=200)

    def prepare(self):
        for name in ("days", "is_active", "workdays_only", "source"):
            self.initial.setdefault(name, getattr(self.thing, name))
        if self.thing.kind not in (StepKind.REMINDER, StepKind.MESSAGE):
            del self.fields["workdays_only"]

    @property
    def facts(self):
        return {**super().facts, "days": int(self.cleaned_data["days"])}


class EndClauseForm(StepForm):
    """Until when a clause holds: a new contract says something else."""

    last_on = LifeDayField(
        label=_("For bills due until"), help_text=_("This day included. Enter a new clause for what falls due later.")
    )


class VoidClauseForm(StepForm):
    reason = TextField(label=_("Why it is void"), max_length=300, widget=few_lines(), help_text=NO_NAMES)


class ClauseForm(forms.Form):
    """The contract's clause on late charges, as it is written there."""

    clause = TextField(label=_("Contract and clause"), max_length=300, widget=few_lines())
    rate = NumberField(
        label=_("Rate a day, in ten-thousandths"),
        most="100",
        places=2,
        least="0.01",
        help_text=_("5 is 0.0005 a day. Courts may reduce what is excessively high (Civil Code 585)."),
    )
    grace_days = NumberField(label=_("Days of grace"), most="366", places=0)
    cap_percent = NumberField(label=_("At most, percent of what was overdue"), most="100", places=2, least="0.01")
    principal_first = forms.BooleanField(
        label=_("Money pays the bill before its late charge"),
        required=False,
        help_text=_("Only if the contract says so. Otherwise the late charge is paid first (Civil Code 561)."),
    )
    fee = RowField(Fee.objects.none(), label=_("Only for the fee"), required=False, empty_label=_("every fee"))
    from_on = LifeDayField(label=_("For bills due from"))
    to_on = LifeDayField(label=_("until"), required=False, help_text=_("Empty: until further notice."))

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["fee"].queryset = Fee.objects.filter(community=community).exclude(kind=Fee.Kind.LATE)

    def clean(self):
        cleaned = super().clean()
        first, last = cleaned.get("from_on"), cleaned.get("to_on")
        if first and last and last < first:
            self.add_error("to_on", _("The last day comes after the first. Look at the days."))
        return cleaned

    @property
    def facts(self):
        found = dict(self.cleaned_data)
        last = found.pop("to_on")
        found["valid"] = DateRange(found.pop("from_on"), last + datetime.timedelta(days=1) if last else None)
        found["rate_per_day"] = found.pop("rate") / 10_000
        return {**found, "grace_days": int(found["grace_days"])}
