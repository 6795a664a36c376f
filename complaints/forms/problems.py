"""What staff type about product and after-sales problems."""

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.forms.staff import StepForm, text_area
from complaints.models import OutsideParty, ProblemFinding, ProblemProposal, ProductProblem, Severity, WarrantyClaim
from servicedesk.core.choices import RowField
from servicedesk.core.text import TextField

INLINE = {"class": "inline"}


class MarkForm(StepForm):
    """A theme that is there, or a new one by name."""

    problem = RowField(
        ProductProblem.objects.none(), label=_("Theme"), required=False, empty_label=_("a new theme, named below")
    )
    theme = TextField(
        label=_("New theme"),
        required=False,
        max_length=80,
        help_text=_("A few words for the problem and not for this case, such as: water meter joints leak."),
    )
    kind = forms.ChoiceField(
        label=_("Kind of the new theme"),
        required=False,
        choices=ProductProblem.Kind.choices,
        widget=forms.RadioSelect(attrs=INLINE),
    )
    note = TextField(label=_("What this case shows"), required=False, max_length=300, widget=text_area(2))

    def prepare(self):
        known = ProductProblem.objects.filter(community=self.case.community_id)
        self.fields["problem"].queryset = known
        self.initial.setdefault("kind", ProductProblem.Kind.PRODUCT)

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("problem") and not cleaned.get("theme") and not self.errors:
            self.add_error("theme", _("Choose a theme, or name a new one."))
        cleaned["kind"] = cleaned.get("kind") or ProductProblem.Kind.PRODUCT
        return cleaned


class FindingField(RowField):
    def label_from_instance(self, row):
        return str(row.problem)


class DropForm(StepForm):
    finding = FindingField(ProblemFinding.objects.none(), label=_("Theme"), empty_label=None)
    reason = TextField(label=_("Why it is taken back"), max_length=300, widget=text_area(2))

    def prepare(self):
        marks = ProblemFinding.objects.filter(case=self.case, dropped_at=None)
        self.fields["finding"].queryset = marks.select_related("problem")


class ProblemForm(forms.Form):
    """A theme itself."""

    theme = TextField(label=_("Theme"), max_length=80)
    kind = forms.ChoiceField(
        label=_("Kind"), choices=ProductProblem.Kind.choices, widget=forms.RadioSelect(attrs=INLINE)
    )
    severity = forms.ChoiceField(label=_("Severity"), choices=Severity.choices, widget=forms.RadioSelect(attrs=INLINE))
    description = TextField(label=_("What it is"), required=False, max_length=500, widget=text_area(3))


class ProposeForm(forms.Form):
    party = RowField(OutsideParty.objects.none(), label=_("To whom"))
    text = TextField(label=_("What should be done"), max_length=500, widget=text_area(3))

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["party"].queryset = OutsideParty.objects.filter(community=community, is_active=True)


class SendForm(forms.Form):
    sent_how = forms.ChoiceField(
        label=_("Sent by"), choices=WarrantyClaim.How.choices, widget=forms.RadioSelect(attrs=INLINE)
    )


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(
        label=_("They say"), choices=ProblemProposal.Answer.choices, widget=forms.RadioSelect(attrs=INLINE)
    )
    answer_text = TextField(label=_("In their words"), max_length=500, widget=text_area(2))


class FinishForm(forms.Form):
    result = TextField(label=_("Result so far"), max_length=500, widget=text_area(2))


class DropRemedyForm(forms.Form):
    result = TextField(label=_("Why it is taken back"), max_length=500, widget=text_area(2))


class SignForm(forms.Form):
    addressee = TextField(label=_("Sent to"), max_length=120, help_text=_("Such as the developer and the sales side."))
    text = TextField(label=_("What it means, and what is asked for"), max_length=2000, widget=text_area(4))
