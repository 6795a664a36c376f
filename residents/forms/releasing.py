"""What is typed about slips that let goods out, at the desk and at the gate."""

import datetime
import re
import unicodedata

from django import forms
from django.utils.translation import gettext_lazy as _

from residents.forms.fields import SubmissionField
from residents.forms.moving import INLINE, ApplicantForm, RoomField, StepForm
from residents.models import MoveBooking, ReleaseSlip
from servicedesk.core.choices import RowField
from servicedesk.core.forms import NearDayField
from servicedesk.core.text import TextField

MOST_ITEMS, LONGEST_NAME = 60, 80
# How long a slip may be good for; longer, ask again (our proposal).
MOST_DAYS = 7
# A name, how many, what it is counted in, and a note after a comma: "沙发 2", "餐椅x4把", "电视 1台, 屏幕已裂".
_ITEM = re.compile(
    r"(?P<name>.*?(?:[^\s\d×x*]|\S(?=\s)))\s*[×x*]?\s*(?P<quantity>[0-9]{1,4})\s*[^\d\s,]{0,3}(?:,\s*(?P<note>.+))?"
)


class ItemsField(TextField):
    """Goods as the desk writes them, one a line; returned as (name, how many, note). One where nothing is said."""

    def __init__(self, **kwargs):
        super().__init__(max_length=4000, widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off"}), **kwargs)

    def clean(self, value):
        lines = [unicodedata.normalize("NFKC", line).strip() for line in super().clean(value).splitlines()]
        items = [self._item(line) for line in lines if line]
        if len(items) > MOST_ITEMS:
            raise forms.ValidationError(
                _("At most %(most)s lines fit on a slip. Write a second slip for the rest."),
                params={"most": MOST_ITEMS},
            )
        return items

    def _item(self, line):
        found = _ITEM.fullmatch(line)
        name, quantity, note = (
            (found["name"].strip(), int(found["quantity"]), found["note"]) if found else (line, 1, "")
        )
        if not quantity or len(name) > LONGEST_NAME or len(note or "") > 100:
            raise forms.ValidationError(
                _("“%(line)s”: write the thing and how many, for example: sofa 2"), params={"line": line[:LONGEST_NAME]}
            )
        return name, quantity, note or ""


class AskForm(ApplicantForm):
    """A slip for goods of a home; from a booking, what stands there already."""

    unit = RoomField(label=_("Room"))
    booking = RowField(MoveBooking.objects.none(), required=False, widget=forms.HiddenInput)
    items = ItemsField(label=_("Things"), help_text=_("One a line with how many, for example: sofa 2"))
    valid_on = NearDayField(label=_("Valid from"))
    valid_until = NearDayField(label=_("Valid until"), required=False, help_text=_("The same day if empty."))
    submission = SubmissionField()
    field_order = [
        "version",
        "unit",
        "items",
        "valid_on",
        "valid_until",
        "applicant_name",
        "applicant_phone",
        "relation",
        "plate_no",
    ]

    def __init__(self, *args, community, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["unit"].community = community
        self.fields["booking"].queryset = MoveBooking.objects.filter(community=community)
        self.initial.setdefault("valid_on", today)

    def clean(self):
        cleaned = super().clean()
        first, last = cleaned.get("valid_on"), cleaned.get("valid_until")
        if first and not last and "valid_until" not in self.errors:
            cleaned["valid_until"] = last = first
        if first and last and last < first:
            self.add_error("valid_until", _("The last day comes after the first."))
        elif first and last and last - first >= datetime.timedelta(days=MOST_DAYS):
            self.add_error("valid_until", _("A slip is good for at most %(days)s days.") % {"days": MOST_DAYS})
        booking, unit = cleaned.get("booking"), cleaned.get("unit")
        if booking and unit and booking.unit_id != unit.pk:
            cleaned["booking"] = None
        return cleaned


class SlipFilterForm(forms.Form):
    """Which slips the list shows."""

    q = TextField(label=_("Number or room"), required=False, max_length=60)
    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("any")), *ReleaseSlip.Status.choices])


class SlipExportForm(forms.Form):
    """Why the slips of a week leave the desk, and as what."""

    reason = TextField(
        label=_("What the list is for"),
        max_length=200,
        help_text=_("Kept in the history with your name. Telephone numbers stay masked."),
    )
    format = forms.ChoiceField(
        label=_("Format"),
        choices=[("xlsx", "Excel"), ("csv", "CSV")],
        initial="xlsx",
        widget=forms.RadioSelect(attrs=INLINE),
    )


class NumberForm(forms.Form):
    """The number on a slip, whole or its last digits."""

    number = TextField(label=_("Number of the slip"), max_length=20)


class DifferForm(StepForm):
    note = TextField(label=_("What differs"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
