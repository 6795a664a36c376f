"""How a number plate is written, by the kind of vehicle (GA 36-2018)."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from residents.models import Vehicle
from servicedesk.core.text import clean_text

_PLACE = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使]"
# Neither I nor O stands on a plate; the last place may say what it is for.
_ORDINARY = re.compile(rf"{_PLACE}[A-HJ-NP-Z][A-HJ-NP-Z0-9]{{4}}[A-HJ-NP-Z0-9挂学警港澳领]")
_NEW_ENERGY = re.compile(rf"{_PLACE}[A-HJ-NP-Z](?:[A-HJK][A-HJ-NP-Z0-9][0-9]{{4}}|[0-9]{{5}}[A-HJK])")
_PATTERNS = {
    Vehicle.Kind.CAR: (_ORDINARY, 7),
    Vehicle.Kind.MOTORCYCLE: (_ORDINARY, 7),
    Vehicle.Kind.NEW_ENERGY: (_NEW_ENERGY, 8),
}


def plain(text):
    """Return a typed plate in the one form in which it is kept: 浙A12345, whatever dots and blanks were typed."""
    return re.sub(r"[\s·•.\-]", "", unicodedata.normalize("NFKC", clean_text(text)).upper())


def clean_plate(kind, text):
    """Return a plate as it is kept. Raises ValidationError for what cannot be the plate of this kind of vehicle.

    Electric bicycles and other vehicles have plates of their city, so theirs are taken as they are written.
    """
    plate = plain(text)
    if kind not in _PATTERNS:
        return plate[:20]
    pattern, length = _PATTERNS[kind]
    if not pattern.fullmatch(plate):
        raise ValidationError(
            _("A plate of this kind has %(length)d characters, for example %(example)s. Compare it."),
            params={"length": length, "example": "浙A12345" if length == 7 else "浙AD12345"},
        )
    return plate
