"""What is typed about telephone calls."""

import datetime

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.forms.fields import CaseNumberField
from complaints.forms.lists import DayField
from complaints.models import Call, Case
from servicedesk.core.choices import RowField
from servicedesk.core.forms import MomentField
from servicedesk.core.models import Role, User
from servicedesk.core.text import PhoneField, TextField


class DayForm(forms.Form):
    """The day whose calls are shown, today unless said."""

    day = DayField(label=_("Day"), required=False)

    def __init__(self, data, *, today, **kwargs):
        super().__init__({"day": data.get("day") or today.isoformat()}, **kwargs)
        self.today = today

    @property
    def chosen(self):
        return self.cleaned_data["day"] if self.is_valid() else self.today

    @property
    def span(self):
        """The chosen day and the one after it."""
        return self.chosen, self.chosen + datetime.timedelta(days=1)


class CallForm(forms.Form):
    """A call, missed or finished."""

    kind = forms.ChoiceField(
        label=_("Call"), choices=Call.Kind.choices, widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    at = MomentField(label=_("When"), days_ahead=0)
    phone = PhoneField(label=_("Telephone"), required=False, max_length=40)
    caller = TextField(label=_("Who"), required=False, max_length=120)
    what = TextField(label=_("Matter"), required=False, max_length=200)
    answered_by = RowField(
        User.objects.none(),
        label=_("Who answered"),
        required=False,
        empty_label=_("I did"),
        help_text=_("If it is finished."),
    )

    def __init__(self, *args, community, now, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["answered_by"].queryset = User.objects.filter(
            is_active=True,
            memberships__community=community,
            memberships__role__in=[Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM],
            memberships__is_active=True,
        ).distinct()
        self.initial.setdefault("at", community.local(now))
        self.initial.setdefault("kind", Call.Kind.MISSED)

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not cleaned.get("phone") and not cleaned.get("what"):
            self.add_error("phone", _("Give the number, or what it was about."))
        return cleaned


class SettleForm(forms.Form):
    """What became of a call that makes no case of its own: the case it belongs to, or why there is none."""

    number = CaseNumberField(label=_("Number of the case that it was about"), required=False)
    reason = TextField(
        label=_("Or why it is no case"), required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args, community, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["number"].among(Case.objects.visible_to(user), community)

    def clean(self):
        cleaned = super().clean()
        if not self.errors and bool(cleaned.get("number")) == bool(cleaned.get("reason")):
            self.add_error("number", _("Give the number of the case, or the reason: one of the two."))
        return cleaned
