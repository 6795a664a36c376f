"""Identity numbers: how they are written and checked, how they are kept and found, and how they are shown (ruling 13).

GB 11643 (identity cards: 17 digits and a check character) and GB 32100 (business licences: 18 characters, the last a
check character). Other papers are kept as they are written.
"""

import datetime
import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from residents.models import Person
from servicedesk.core import secrecy
from servicedesk.core.masking import mask_identity
from servicedesk.core.text import clean_text

_CARD_WEIGHTS = [2**power % 11 for power in range(17, 0, -1)]
_CARD_CHECKS = "10X98765432"
_LICENCE_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_LICENCE_WEIGHTS = [3**place % 31 for place in range(17)]


def plain(text):
    """Return a typed number as it is kept: capital letters and digits alone."""
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", clean_text(text)).upper())


def clean_number(kind, text):
    """Return the number of an identity paper as it is kept. Raises ValidationError with what is wrong with it."""
    number = plain(text)
    if kind == Person.Identity.ID_CARD:
        if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
            raise ValidationError(_("The number of an identity card has 18 characters: 17 digits and a digit or X."))
        if not _is_day(number[6:14]) or number[-1] != _card_check(number):
            raise ValidationError(_("This is no number of an identity card: one of its digits is wrong. Compare it."))
    elif kind == Person.Identity.LICENCE:
        if len(number) != 18 or any(letter not in _LICENCE_LETTERS for letter in number):
            raise ValidationError(_("The credit code on a business licence has 18 characters, without I, O, S, V, Z."))
        if number[-1] != _licence_check(number):
            raise ValidationError(_("This is no credit code: one of its characters is wrong. Compare it."))
    elif not 5 <= len(number) <= 20:
        raise ValidationError(_("The number of a paper has 5 to 20 letters and digits."))
    return number


def _is_day(digits):
    try:
        datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def _card_check(number):
    return _CARD_CHECKS[sum(int(n) * weight for n, weight in zip(number, _CARD_WEIGHTS, strict=False)) % 11]


def _licence_check(number):
    total = sum(_LICENCE_LETTERS.index(n) * weight for n, weight in zip(number, _LICENCE_WEIGHTS, strict=False))
    return _LICENCE_LETTERS[-total % 31]


def columns(community, kind, number):
    """Return the columns of a Person that keep a clean number. Raises Refused where the installation has no key."""
    cipher = secrecy.encrypt(number)
    return {"identity_kind": kind, "identity_cipher": cipher, "identity_hash": hashes(community, number)[0]}


def hashes(community, number):
    """Return what `identity_hash` may be for a number in one community, by each key: two communities share none."""
    return secrecy.digests(f"{community.pk}:{number}")


def number_of(person):
    """Return the whole identity number of `person`, "" without one. Raises Unreadable where its key is missing."""
    return secrecy.decrypt(person.identity_cipher) if person.identity_cipher else ""


def masked_number_of(person):
    """Return the number with its middle hidden, or a sentence where its key is missing."""
    try:
        return mask_identity(number_of(person))
    except secrecy.Unreadable as missing:
        return str(missing)
