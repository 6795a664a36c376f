"""What is typed about a discount: asked for with evidence, decided, ended."""

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.forms.fields import NumberField
from billing.models import Discount, Fee
from residents.forms.fields import LifeDayField
from residents.forms.steps import RoomField
from servicedesk.core.choices import RowField
from servicedesk.core.forms import PictureField
from servicedesk.core.steps import INLINE, StepForm, few_lines
from servicedesk.core.text import TextField

MOST_PHOTOS = 3


class DiscountForm(forms.Form):
    """A discount to ask for."""

    unit = RoomField(label=_("Room"), help_text=_("For example 3-2-1201."))
    fee = RowField(Fee.objects.none(), label=_("Fee"))
    kind = forms.ChoiceField(label=_("Kind"), choices=Discount.Kind.choices, widget=forms.RadioSelect(attrs=INLINE))
    percent = NumberField(label=_("Reduced by %"), places=2, most=100, more_than=0)
    since = LifeDayField(
        label=_("From"), help_text=_("It reduces the bills whose period begins between the first and the last day.")
    )
    last_day = LifeDayField(label=_("Last day"))
    reason = TextField(
        label=_("Why"),
        max_length=300,
        widget=few_lines(),
        help_text=_("No names and no telephone numbers; the room says whom it is about."),
    )
    evidence = TextField(
        label=_("Evidence"),
        max_length=300,
        widget=few_lines(),
        help_text=_("The paper it rests on, with its date. A vacant home needs the contract or a local rule."),
    )

    def __init__(self, *args, community, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["unit"].community = community
        self.fields["fee"].queryset = Fee.objects.filter(community=community, is_active=True).exclude(
            kind=Fee.Kind.LATE
        )
        for number in range(1, MOST_PHOTOS + 1):
            self.fields[f"photo{number}"] = PictureField(label=_("Photo %(n)s") % {"n": number}, required=False)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("since") and cleaned.get("last_day") and cleaned["last_day"] < cleaned["since"]:
            self.add_error("last_day", _("The last day lies before the first. Look at both."))
        return cleaned

    @property
    def facts(self):
        """The cleaned data as the action takes it, but for the photos."""
        return {name: value for name, value in self.cleaned_data.items() if not name.startswith("photo")}

    @property
    def pictures(self):
        photos = [self.cleaned_data.get(f"photo{number}") for number in range(1, MOST_PHOTOS + 1)]
        return [photo for photo in photos if photo]


class ApproveForm(StepForm):
    note = TextField(label=_("Note"), required=False, max_length=300, widget=few_lines())


class RefuseForm(StepForm):
    note = TextField(label=_("Reason"), max_length=300, widget=few_lines())


class WithdrawForm(StepForm):
    """That it is not asked for any more: nothing to type, only to confirm."""


class EndForm(StepForm):
    """An approved discount that ends earlier."""

    last_day = LifeDayField(label=_("Last day"))
    reason = TextField(label=_("Reason"), max_length=300, widget=few_lines())

    def prepare(self):
        self.initial.setdefault("last_day", self.thing.community.local(self.now).date())
