"""What people type, made safe to keep: no NUL, no lone surrogates, one form of digits and blanks."""

import re
import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_EXCEL_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BLANKS = re.compile(r"[ \t\u00a0\u3000\u200b\ufeff]+")
_PHONE = re.compile(r"^\+?[0-9]{3,20}$")


def clean_text(text):
    """Return `text` without characters that a database or a page cannot hold; its words are not touched."""
    return _BAD.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def tidy(text):
    """Return imported text without spreadsheet escapes, odd blanks and empty lines at its ends."""
    text = _EXCEL_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    lines = [_BLANKS.sub(" ", line).strip() for line in clean_text(text).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def plain(text):
    """Return `tidy(text)`; text that plainly needs no tidying, as nearly all of a long table, is spared its cost."""
    if text.isascii() and text.isprintable() and "  " not in text and "_x" not in text:
        return text.strip(" ")
    return tidy(text)


def clean_phone(text):
    """Return a telephone number as ASCII digits with an optional leading +. Raises ValidationError."""
    compact = re.sub(r"[\s()\-./]", "", unicodedata.normalize("NFKC", clean_text(text)))
    if not compact:
        return ""
    if not _PHONE.fullmatch(compact) or not compact.isascii():
        raise ValidationError(_("Enter a telephone number: digits only, for example 13800001234."), code="phone")
    return compact


def clean_address(text):
    """Return an e-mail address in one form: half width, small letters, no blanks around it."""
    return unicodedata.normalize("NFKC", clean_text(text)).strip().lower()


def like_prefix(text):
    """Return `text` with the wildcards of LIKE made plain, for a prefix search."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


class MailField(forms.EmailField):
    """An e-mail address as people type it, in one form."""

    default_error_messages = {
        "invalid": _("Enter an e-mail address such as name@example.com."),
        "required": _("Enter an e-mail address such as name@example.com."),
    }

    def to_python(self, value):
        return clean_address(super().to_python(_BAD.sub("", value) if isinstance(value, str) else value))


class TextField(forms.CharField):
    """A text box that takes what people and phones send: bad characters are dropped before the length is checked.

    What it says when it is empty or too full names the field.
    """

    default_error_messages = {
        "required": _("Please fill in: %(label)s."),
        "max_length": _(
            "%(label)s: at most %(limit_value)d characters fit, there are %(show_value)d. Please shorten it."
        ),
    }

    def validate(self, value):
        try:
            super().validate(value)
        except ValidationError as error:
            error.params = {"label": self.label or ""}
            raise

    def run_validators(self, value):
        try:
            super().run_validators(value)
        except ValidationError as error:
            for one in error.error_list:
                one.params = {**(one.params or {}), "label": self.label or ""}
            raise

    def to_python(self, value):
        return clean_text(super().to_python(_BAD.sub("", value) if isinstance(value, str) else value))


class PhoneField(TextField):
    """A telephone number in any of the usual ways of writing it, returned as digits."""

    widget = forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"})

    def clean(self, value):
        return clean_phone(super().clean(value))
