"""What is chosen and typed for a statement: the file, where its table begins, which column is which, what a line is."""

from django import forms
from django.utils.translation import gettext_lazy as _

from billing import matching
from billing.forms.cash import ChosenField
from billing.models import Channel, Payment, StatementLine
from billing.statements import HEADING_WITHIN, Lines
from residents.forms.fields import SubmissionField
from residents.forms.importing import ColumnsForm, TableFileField
from servicedesk.core.choices import RowField
from servicedesk.core.steps import StepForm, few_lines
from servicedesk.core.text import TextField


class UploadForm(forms.Form):
    """A file, and whose statement it is."""

    channel = forms.ChoiceField(
        label=_("Statement of"),
        choices=Channel.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say whose statement it is.")},
    )
    upload = TableFileField(
        help_text=_("Excel or CSV as it was exported, at most 20 MB. Lines of explanation at its top may stay."),
        too_large=_("The file is larger than 20 MB. Export a shorter period."),
    )


class HeadingForm(forms.Form):
    """The sheet, and the line in which the names of the columns stand."""

    sheet = forms.ChoiceField(label=_("Sheet"), required=False)
    line = forms.IntegerField(
        label=_("Line with the names of the columns"),
        min_value=1,
        max_value=HEADING_WITHIN * 10,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "num"}),
    )

    def __init__(self, *args, statement, **kwargs):
        initial = {"sheet": statement.sheet, "line": statement.heading_line}
        super().__init__(*args, initial=initial, **kwargs)
        if len(statement.sheets) < 2:
            del self.fields["sheet"]
        else:
            self.fields["sheet"].choices = [(name, name) for name in statement.sheets]


class StatementColumnsForm(ColumnsForm):
    """The columns of a statement."""

    def __init__(self, *args, statement, **kwargs):
        super().__init__(*args, target=Lines, header=statement.header, **kwargs)


class TakeStatementForm(StepForm):
    """Whether rows that cannot be read are left out."""

    only_good = forms.BooleanField(label=_("Leave out the rows that cannot be read"), required=False)


class TakeLineForm(StepForm):
    """For which home the money of a line is taken, and what of what it owes it pays."""

    submission = SubmissionField()
    unit = forms.IntegerField(min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    chosen = ChosenField(required=False)
    keep_rest = forms.BooleanField(label=_("What is more than is owed is prepayment"), required=False)


class LinkLineForm(StepForm):
    """Which payment that was recorded before a line is."""

    payment = RowField(
        Payment.objects.none(),
        label=_("Payment"),
        error_messages={
            "required": _("Choose the payment."),
            "invalid_choice": _("This payment cannot be this line, or another line is it already. Choose again."),
        },
    )

    def prepare(self):
        self.fields["payment"].queryset = matching.linkable(self.thing)


class SetLineAsideForm(StepForm):
    """Why a line is no payment of a home."""

    why = forms.ChoiceField(
        label=_("Why it is no payment of a home"),
        choices=[(why.value, why.label) for why in StatementLine.BY_HAND],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose why this line is no payment of a home.")},
    )
    note = TextField(
        label=_("Note"),
        required=False,
        max_length=200,
        widget=few_lines(),
        help_text=_("Needed for another reason. No names and no telephone numbers."),
    )


class BringLineBackForm(StepForm):
    note = TextField(label=_("Why"), required=False, max_length=200, widget=few_lines())
