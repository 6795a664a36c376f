"""What staff type from the slip of an authority, and what became of it."""

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from complaints.forms.staff import LONG_TEXT, StepForm, text_area
from complaints.models import ExternalCase
from servicedesk.core.choices import RowField
from servicedesk.core.forms import MomentField
from servicedesk.core.text import TextField

LIMITS = ("sign_due_at", "first_contact_due_at", "reply_due_at")
MARKS = [("", _("not known")), *ExternalCase.Mark.choices]


class SlipFields(forms.Form):
    """What stands on the slip. Its limits are typed as they stand there; an empty one is none."""

    source_org = TextField(label=_("Authority"), max_length=60, help_text=_("Such as 12345 or the street office."))
    external_no = TextField(label=_("Their number"), max_length=60)
    received_from = TextField(label=_("Who passed it on"), required=False, max_length=80)
    sign_due_at = MomentField(label=_("Sign by"), required=False)
    first_contact_due_at = MomentField(label=_("First contact by"), required=False)
    reply_due_at = MomentField(label=_("Answer by"), required=False)


def check_limits(form, cleaned, received_at):
    """Add an error to each limit of a slip that lies before it came."""
    for name in LIMITS:
        if cleaned.get(name) and received_at and cleaned[name] <= received_at:
            form.add_error(name, _("This lies before the slip came. Look at the date, please."))


class RegisterForm(SlipFields, StepForm):
    received_at = MomentField(label=_("Came to us"))
    field_order = ["version", "source_org", "external_no", "received_from", "received_at", *LIMITS]

    def prepare(self):
        self.initial.setdefault("received_at", self.now)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("received_at") and cleaned["received_at"] > self.now:
            self.add_error("received_at", _("It cannot have come in the future."))
        check_limits(self, cleaned, cleaned.get("received_at"))
        return cleaned


class SlipForm(StepForm):
    """A step on one slip of a case or of what was joined to it."""

    external = RowField(ExternalCase.objects.none(), label=_("Slip"), empty_label=None)

    def prepare(self):
        slips = ExternalCase.objects.filter(Q(case=self.case) | Q(case__merged_into=self.case))
        self.fields["external"].queryset = self.choose(slips).select_related("case")
        self.fill_in()

    def choose(self, slips):
        """Return those of `slips` that this step can be taken on."""
        return slips.running()

    def fill_in(self):
        """Fill in first values."""


class MarkForm(SlipForm):
    what = forms.ChoiceField(
        label=_("What was done"),
        choices=[("signed_at", _("the slip was signed")), ("contacted_at", _("the resident was contacted"))],
        widget=forms.RadioSelect(attrs={"class": "inline"}),
    )
    at = MomentField(label=_("When"))

    def fill_in(self):
        self.initial.setdefault("at", self.now)
        self.initial.setdefault("what", "signed_at")


class AnswerForm(SlipForm):
    reply_text = TextField(label=_("Answer to the authority"), max_length=LONG_TEXT, widget=text_area())

    def fill_in(self):
        self.initial.setdefault("reply_text", self.case.remedy)


class ReturnForm(SlipForm):
    reason = TextField(
        label=_("Why it is none of our duty"),
        max_length=300,
        help_text=_("Their clock ends; the resident is still told by us where to turn."),
        widget=text_area(2),
    )


class JudgedForm(SlipForm):
    """How the authority judged our answer, on each of its three marks."""

    responded = forms.ChoiceField(
        label=_("Responded"), required=False, choices=MARKS, widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    solved = forms.ChoiceField(
        label=_("Solved"), required=False, choices=MARKS, widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    satisfied = forms.ChoiceField(
        label=_("Satisfied"), required=False, choices=MARKS, widget=forms.RadioSelect(attrs={"class": "inline"})
    )

    def choose(self, slips):
        return slips.filter(replied_at__isnull=False)
