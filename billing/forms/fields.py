"""Fields that the forms of fees share: a number to so many decimals, a month."""

import datetime
import re
import unicodedata
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from servicedesk.core import clock
from servicedesk.core.choices import RowField
from servicedesk.core.forms import FAR_AWAY
from servicedesk.core.text import TextField

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]+)?", re.ASCII)
_MONTH = re.compile(r"(20[0-9]{2})[-/年.](0?[1-9]|1[0-2])月?", re.ASCII)
DAYS_AHEAD = 731


class NumberField(TextField):
    """A number that is not negative, with at most `places` decimals, returned as a Decimal, or None."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "num"})

    def __init__(self, *, places, most, more_than=None, **kwargs):
        super().__init__(max_length=20, **kwargs)
        self.places, self.most, self.more_than = places, most, more_than

    def clean(self, value):
        typed = re.sub(r"[\s,]", "", unicodedata.normalize("NFKC", super().clean(value)))
        if not typed:
            return None
        number = Decimal(typed) if _NUMBER.fullmatch(typed) else None
        if number is not None and self.more_than is not None and number <= self.more_than:
            text = _("%(label)s: write a number above %(least)s.")
            raise forms.ValidationError(text, params={"label": self.label, "least": self.more_than})
        if number is None or number > self.most:
            raise forms.ValidationError(
                _("%(label)s: write a number such as %(example)s, at most %(most)s."),
                params={"label": self.label, "example": "2.5" if self.places else "2", "most": self.most},
            )
        if -number.as_tuple().exponent > self.places:
            raise forms.ValidationError(
                _("%(label)s: at most %(places)s decimals."), params={"label": self.label, "places": self.places}
            )
        return number


class WholeField(NumberField):
    """A whole number that is not negative, returned as an int, or None. Django's own takes `1_000`."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "num"})

    def __init__(self, **kwargs):
        super().__init__(places=0, **kwargs)

    def clean(self, value):
        number = super().clean(value)
        return None if number is None else int(number)


class MonthField(TextField):
    """A month typed as `2026-11`, returned as its first day; until two years from now."""

    widget = forms.TextInput(attrs={"type": "month"})

    def __init__(self, **kwargs):
        super().__init__(**{"max_length": 10, "help_text": _("For example 2026-11."), **kwargs})

    def prepare_value(self, value):
        return f"{value:%Y-%m}" if isinstance(value, datetime.date) else value

    def clean(self, value):
        typed = unicodedata.normalize("NFKC", super().clean(value))
        if not typed:
            return None
        found = _MONTH.fullmatch(typed)
        if not found:
            raise forms.ValidationError(_("Write the month as year and month, for example 2026-11."))
        month = datetime.date(int(found[1]), int(found[2]), 1)
        if month > clock.now().date() + datetime.timedelta(days=DAYS_AHEAD):
            raise forms.ValidationError(FAR_AWAY, code="far_away")
        return month


class BuildingField(RowField):
    """A building, by name."""

    def label_from_instance(self, row):
        return row.name
