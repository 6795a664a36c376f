import datetime
import unicodedata

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from servicedesk.core import clock, photos
from servicedesk.core.choices import RowField
from servicedesk.core.models import CalendarDay, Community, ServiceHours, User
from servicedesk.core.models.calendar import DAY_KINDS
from servicedesk.core.models.people import Theme

# Django's own sentences, named here so that our catalogue can say them more kindly.
DJANGOS_OWN = (
    gettext_noop("This field is required."),
    gettext_noop("Enter a valid date/time."),
    gettext_noop("Enter a valid date."),
)


class MomentField(forms.DateTimeField):
    """A date and time of the community's own clock, from a year ago to `days_ahead` days from now."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    DAYS_BACK = 366

    def __init__(self, *, days_ahead=731, **kwargs):
        super().__init__(**kwargs)
        self.days_ahead = days_ahead

    def to_python(self, value):
        try:
            return super().to_python(value)
        except OverflowError as error:
            raise forms.ValidationError(FAR_AWAY, code="far_away") from error

    def validate(self, value):
        super().validate(value)
        if value not in self.empty_values and not is_near(value, clock.now(), self.DAYS_BACK, self.days_ahead):
            raise forms.ValidationError(FAR_AWAY, code="far_away")


class NearDayField(forms.DateField):
    """A day from a year ago to two years from now."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def validate(self, value):
        super().validate(value)
        if value not in self.empty_values and not is_near(value, clock.now().date(), 366, 731):
            raise forms.ValidationError(FAR_AWAY, code="far_away")


class PhotoField(forms.FileField):
    """One photo; what it holds is looked at by the form that has it."""

    widget = forms.FileInput(attrs={"accept": "image/*", "data-shrink": ""})

    def to_python(self, data):
        return data


class PictureField(forms.FileField):
    """One photo, returned as a photos.Picture: decoded, checked and made small. None where there is none."""

    widget = forms.FileInput(attrs={"accept": "image/*", "data-shrink": ""})

    def to_python(self, data):
        return photos.reencode(data) if data else None


FAR_AWAY = _("This date is too far away. Look at the year, please.")


def is_near(value, now, back, ahead):
    """Return whether `value` lies from `back` days before to `ahead` days after `now` (both dates, or both moments)."""
    return now - datetime.timedelta(days=back) <= value <= now + datetime.timedelta(days=ahead)


class CommunityChoice(forms.Form):
    """Which of their communities a person works in now."""

    community = forms.ModelChoiceField(Community.objects.none())

    def __init__(self, *args, communities, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["community"].queryset = Community.objects.filter(pk__in=[c.pk for c in communities])


class ProfileForm(forms.Form):
    """What a person sets for themselves."""

    theme = forms.ChoiceField(label=_("Appearance"), choices=Theme.choices)
    letter_keys = forms.BooleanField(
        label=_("Single-letter shortcuts"),
        required=False,
        help_text=_("j, k, e, a, s and v work outside text boxes. Leave it off if you speak to the computer."),
    )


class UnlockForm(forms.Form):
    password = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class ShiftForm(forms.Form):
    """One shift of the duty manager."""

    user = RowField(User.objects.none(), label=_("Duty manager"))
    starts_at = MomentField(label=_("From"))
    ends_at = MomentField(label=_("To"))

    def __init__(self, *args, managers, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = User.objects.filter(pk__in=[person.pk for person in managers])

    def clean(self):
        cleaned = super().clean()
        starts, ends = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts and ends and ends <= starts:
            self.add_error("ends_at", _("The shift must end after it begins."))
        return cleaned


class MinuteField(forms.CharField):
    """A time of day such as 08:30 or 24:00, returned as minutes of the day."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "placeholder": "08:30", "size": "5"})

    def clean(self, value):
        value = unicodedata.normalize("NFKC", super().clean(value)).strip()
        if not value:
            return None
        hours, _colon, minutes = value.partition(":")
        if not (hours.isascii() and hours.isdigit() and minutes.isascii() and minutes.isdigit()):
            raise forms.ValidationError(_("Enter a time such as 08:30 or 24:00."))
        total = int(hours[:3]) * 60 + int(minutes[:3])
        if int(minutes[:3]) > 59 or total > 1440:
            raise forms.ValidationError(_("Enter a time such as 08:30 or 24:00."))
        return total


class DayForm(forms.Form):
    """A day that differs from its weekday."""

    date = NearDayField(label=_("Date"))
    kind = forms.ChoiceField(label=_("Kind of day"), choices=DAY_KINDS)
    name = forms.CharField(
        label=_("Name of the day"), max_length=CalendarDay._meta.get_field("name").max_length, required=False
    )
    is_closed = forms.BooleanField(label=_("The desk is closed"), required=False)
    opens = MinuteField(label=_("Opens"), required=False)
    closes = MinuteField(label=_("Closes"), required=False)

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_date(self):
        if self.cleaned_data["date"] < self.today:
            raise forms.ValidationError(_("This day is over. Choose today or a later day."))
        return self.cleaned_data["date"]

    def clean(self):
        cleaned = super().clean()
        opens, closes = cleaned.get("opens"), cleaned.get("closes")
        if (opens is None) != (closes is None):
            self.add_error("closes", _("Give both times or neither."))
        elif opens is not None and (cleaned.get("is_closed") or closes <= opens):
            self.add_error("closes", _("A day with hours is open, and it closes after it opens."))
        return cleaned


class HoursForm(forms.Form):
    """One window in which the desk is open on a weekday."""

    weekday = forms.TypedChoiceField(
        label=_("Weekday"), coerce=int, choices=ServiceHours._meta.get_field("weekday").choices
    )
    opens = MinuteField(label=_("Opens"))
    closes = MinuteField(label=_("Closes"))

    def clean(self):
        cleaned = super().clean()
        opens, closes = cleaned.get("opens"), cleaned.get("closes")
        if opens is not None and closes is not None and closes <= opens:
            self.add_error("closes", _("It must close after it opens."))
        return cleaned
