"""What is typed about letters that come in and go out."""

import datetime

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.forms.lists import DayField
from complaints.forms.staff import StepForm, outward_area
from complaints.models import ReplyLetter
from servicedesk.core.choices import RowField
from servicedesk.core.forms import MomentField, NearDayField
from servicedesk.core.models import Role, User
from servicedesk.core.text import TextField


class CountField(forms.IntegerField):
    """How many sheets or copies there are: one where nothing is said."""

    def __init__(self, **kwargs):
        widget = forms.NumberInput(attrs={"inputmode": "numeric", "min": 1, "max": 999})
        super().__init__(required=False, min_value=1, max_value=999, initial=1, widget=widget, **kwargs)

    def clean(self, value):
        return super().clean(value) or 1


def leaders_of(community):
    """Return whom a letter may be presented to: the supervisors and the deputy general manager."""
    return User.objects.filter(
        is_active=True,
        memberships__community=community,
        memberships__role__in=[Role.SUPERVISOR, Role.DEPUTY_GM],
        memberships__is_active=True,
    ).distinct()


class PeriodForm(forms.Form):
    """The days that a register shows, both included: since the first of last month unless said."""

    first = DayField(label=_("From"), required=False)
    last = DayField(label=_("Until"), required=False)

    def __init__(self, data, *, today, **kwargs):
        month = (today.replace(day=1) - datetime.timedelta(days=1)).replace(day=1)
        asked = {"first": data.get("first") or month.isoformat(), "last": data.get("last") or today.isoformat()}
        super().__init__(asked, **kwargs)
        self.whole = (month, today)

    def clean(self):
        cleaned = super().clean()
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day comes after the first."))
        return cleaned

    @property
    def days(self):
        """The (first, last) day, those of an empty form where something else was typed."""
        return (self.cleaned_data["first"], self.cleaned_data["last"]) if self.is_valid() else self.whole


class RegisterForm(forms.Form):
    """A letter of complaint as it lies on the desk."""

    sender = TextField(label=_("Sender"), max_length=120)
    subject = TextField(label=_("Subject"), max_length=200)
    letter_on = NearDayField(label=_("Date of the letter"), required=False)
    sender_ref = TextField(label=_("Their own reference"), required=False, max_length=60)
    received_at = MomentField(label=_("Came in"), days_ahead=0)
    pages = CountField(label=_("Sheets"))
    copies = CountField(label=_("Copies"))
    presented_to = RowField(User.objects.none(), label=_("Presented to"), required=False, empty_label=_("a supervisor"))
    reply_due_on = NearDayField(label=_("Answer due"), required=False, help_text=_("Ten days unless you set another."))

    def __init__(self, *args, community, now, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["presented_to"].queryset = leaders_of(community)
        self.initial.setdefault("received_at", community.local(now))


class ExplainForm(forms.Form):
    reason = TextField(label=_("Why it is no case"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class LetterForm(StepForm):
    """The text of a letter of reply, as it is to stand on the paper below the head."""

    addressee = TextField(label=_("Addressee"), max_length=120)
    text = TextField(label=_("Text"), max_length=6000, widget=outward_area("text", rows=18))


class DeliverForm(StepForm):
    """How a letter reached the resident."""

    delivery = forms.ChoiceField(
        label=_("How it was delivered"),
        choices=ReplyLetter.Delivery.choices,
        widget=forms.RadioSelect(attrs={"class": "inline"}),
    )
    received_by = TextField(
        label=_("Who took it"), required=False, max_length=120, help_text=_("If it was given by hand.")
    )
    tracking_no = TextField(label=_("Tracking number"), required=False, max_length=60, help_text=_("If it was posted."))
    sent_at = MomentField(label=_("When"), required=False, days_ahead=0)

    def prepare(self):
        self.initial.setdefault("sent_at", self.case.community.local(self.now))

    def clean(self):
        cleaned = super().clean()
        delivery = cleaned.get("delivery")
        if delivery == ReplyLetter.Delivery.HANDED and not cleaned.get("received_by"):
            self.add_error("received_by", _("Say who took the letter."))
        if delivery == ReplyLetter.Delivery.POSTED and not cleaned.get("tracking_no"):
            self.add_error("tracking_no", _("Give the tracking number of the post."))
        return cleaned
