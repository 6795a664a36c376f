"""Money as people type it and as it is kept: yuan as a Decimal to the fen, never a float (ruling 14)."""

import re
import unicodedata
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from servicedesk.core.text import TextField

_THOUSANDS = r"(?:[0-9],)?[0-9]{3},[0-9]{3}|[0-9]{1,2},[0-9]{3}"
_AMOUNT = re.compile(rf"^(?:¥|¥)?\s*([0-9]{{1,7}}|{_THOUSANDS})(\.[0-9]{{1,2}})?\s*元?$", re.ASCII)
_LARGE = re.compile(r"[0-9]{8,}(\.[0-9]{1,2})?", re.ASCII)


def amount_of(text):
    """Return an amount in yuan as a Decimal of two places. Raises ValidationError for anything but plain money."""
    text = unicodedata.normalize("NFKC", text)
    match = _AMOUNT.fullmatch(text)
    if match is None:
        if _AMOUNT.fullmatch(text.lstrip("-−")):
            raise ValidationError(_("Write the amount without a minus sign."))
        if _LARGE.fullmatch(text.replace(",", "")):
            raise ValidationError(_("That is too much: an amount is at most 9,999,999.99 yuan."))
        raise ValidationError(_("Write the amount in yuan with at most two decimals, for example 120.50."))
    return Decimal(match[1].replace(",", "") + (match[2] or "")).quantize(Decimal("0.01"))


class MoneyField(TextField):
    """An amount in yuan with at most two decimals, returned as a Decimal, or None where nothing was typed.

    Takes `120`, `120.5`, `1,200.00` and full-width digits; anything else gets a sentence that shows how to write it.
    """

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "num"})

    def __init__(self, **kwargs):
        super().__init__(max_length=20, **kwargs)

    def clean(self, value):
        typed = super().clean(value)
        return amount_of(typed) if typed else None
