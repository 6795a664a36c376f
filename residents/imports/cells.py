"""One cell of a foreign table: read as what its column holds, or refused with the reason."""

import datetime
import functools
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from servicedesk.core.money import amount_of
from servicedesk.core.tables import ROUNDED
from servicedesk.core.text import clean_address, clean_phone, plain

_DAY = re.compile(r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日?|(\d{2})(\d{2}))", re.ASCII)
_MIDNIGHT = re.compile(r"[T ]00:00(:00)?(\.0+)?$")
_NUMBER = re.compile(r"-?(\d{1,9}|\d{1,3}(,\d{3}){1,2})(\.\d{1,3})?", re.ASCII)
_FLOOR = re.compile(r"(-?\d{1,3})(层|楼|F)?", re.ASCII | re.IGNORECASE)
# What a spreadsheet shows where a formula of its own went wrong.
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
FIRST_YEAR, LAST_YEAR = 1900, 2100


class BadCell(Exception):
    """Why a cell or a row is refused: a sentence as it stands in the catalogue, and what is put into it.

    It is translated when it is read: who looks at the list may read another language than who ran the import.
    """

    def __init__(self, reason, column="", **parts):
        super().__init__(reason)
        self.reason, self.column, self.params = reason, column, parts

    @property
    def sentence(self):
        """The reason in the language of who reads it."""
        return _(self.reason) % self.params


@dataclass(frozen=True)
class Text:
    """Words of at most so many characters."""

    most: int

    def __call__(self, text):
        if len(text) > self.most:
            raise BadCell(
                gettext_noop("At most %(most)s characters fit here, there are %(count)s."),
                most=self.most,
                count=len(text),
            )
        return text


@dataclass(frozen=True)
class Whole:
    """A whole number between two others."""

    least: int
    most: int

    def __call__(self, text):
        number = _decimal(text)
        if number is None or number != int(number) or not self.least <= number <= self.most:
            raise BadCell(
                gettext_noop("Write a whole number from %(least)s to %(most)s."), least=self.least, most=self.most
            )
        return int(number)


@dataclass(frozen=True)
class Amount:
    """A measured number above `least` (or equal to it) and below `below`, with at most so many decimals."""

    least: Decimal
    below: Decimal
    decimals: int
    above: bool = False

    def __call__(self, text):
        number = _decimal(text)
        if (
            number is None
            or number < self.least
            or (self.above and number == self.least)
            or number >= self.below
            or number != round(number, self.decimals)
        ):
            reason = gettext_noop("Write a number from %(least)s, with at most %(decimals)s decimals, such as 12.5.")
            if self.above:
                reason = gettext_noop(
                    "Write a number above %(least)s, with at most %(decimals)s decimals, such as 12.5."
                )
            raise BadCell(reason, least=str(self.least), decimals=self.decimals)
        return round(number, self.decimals)


@functools.lru_cache(2048)
def _decimal(text):
    text = unicodedata.normalize("NFKC", text).removesuffix("m2").removesuffix("平方米").strip()
    return Decimal(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


def percent(text):
    """Return a part of a whole in percent, with its sign or without: above 0, at most 100, with two decimals."""
    number = _decimal(unicodedata.normalize("NFKC", text).removesuffix("%").strip())
    if number is None or not 0 < number <= 100 or number != round(number, 2):
        raise BadCell(gettext_noop("Write a percentage above 0 and up to 100, with at most two decimals: 33.33."))
    return round(number, 2)


def floor(text):
    """Return the floor that `12`, `12层`, `12F` or `-1` names."""
    match = _FLOOR.fullmatch(unicodedata.normalize("NFKC", text))
    if match is None or not -20 <= int(match[1]) <= 300:
        raise BadCell(gettext_noop("Write the floor as a number, for example 12, or -1 below ground."))
    return int(match[1])


@functools.lru_cache(2048)
def day(text):
    """Return the day that is written year first: 2024-03-31, 2024/3/31, 2024年3月31日, 20240331."""
    match = _DAY.fullmatch(_MIDNIGHT.sub("", unicodedata.normalize("NFKC", text)))
    if match:
        year, *parts = (int(part) for part in match.groups() if part)
        try:
            found = datetime.date(year, *parts)
        except ValueError as error:
            raise BadCell(gettext_noop("There is no such day in the calendar.")) from error
        if FIRST_YEAR <= year <= LAST_YEAR:
            return found
    raise BadCell(gettext_noop("Write the day with the year first, for example 2024-03-31."))


def email(text):
    """Return an e-mail address as the register keeps it."""
    address = clean_address(text)
    try:
        validate_email(address)
    except ValidationError as error:
        raise BadCell(gettext_noop("Enter an e-mail address such as name@example.com.")) from error
    return Text(120)(address)


def phone(text):
    """Return a telephone number as the register keeps it."""
    try:
        return clean_phone(text)
    except ValidationError as error:
        raise BadCell(gettext_noop("Enter a telephone number: digits only, for example 13800001234.")) from error


def money(text):
    """Return an amount in yuan as the till takes it: never negative, to the fen."""
    try:
        return amount_of(text)
    except ValidationError as error:
        reason = gettext_noop("Write the amount in yuan with at most two decimals, for example 120.50.")
        raise BadCell(reason) from error


def tidy_cell(text):
    """Return a cell without odd blanks. Raises BadCell where the spreadsheet itself has lost what stood there."""
    text = plain(text)
    if text[:1] == ROUNDED:
        raise BadCell(gettext_noop("Excel has rounded this long number. Type it in again in a column of text."))
    if text in _ERRORS:
        raise BadCell(gettext_noop("A formula of the spreadsheet has failed here. Type the value itself."))
    return text
