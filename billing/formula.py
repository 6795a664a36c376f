"""A formula as finance writes it: numbers, + - * / ( ), min, max and five names, and nothing that runs or reads.

It is counted here for one unit and by the database for many, and both say the same to the last digit: a quotient is cut
off after `QUOTIENT` decimals and the result rounded to `RESULT` of them. To the fen only a bill line is rounded (ruling
14).
"""

import operator
import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

from django.core.exceptions import ValidationError
from django.db.models import Case, DecimalField, F, Func, Q, Value, When
from django.db.models.lookups import IsNull
from django.utils.translation import gettext as _

NAMES = ("area", "floor", "quantity", "consumption", "months")
IN_CHINESE = {"面积": "area", "楼层": "floor", "数量": "quantity", "用量": "consumption", "月数": "months"}
CALLS = ("min", "max")
QUOTIENT, RESULT = 12, 6

# What the column of a tariff holds; and how far the tree may grow, which is walked by recursion, here and by the ORM.
LONGEST, DEEPEST, MOST_SIGNS = 300, 10, 40
# Forty products of numbers of eighteen digits and twelve decimals are exact in so many.
EXACT = Context(prec=2000)

_LOOKALIKES = str.maketrans({"×": "*", "÷": "/", "−": "-", "、": ","})
_TOKEN = re.compile(r"\w[\w.]*|\S")
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


class _NoAmountError(Exception):
    """There is nothing to divide by, or a number is not known."""


def _quotient(dividend, divisor):
    if not divisor:
        raise _NoAmountError
    return (dividend.scaleb(QUOTIENT) // divisor).scaleb(-QUOTIENT)


_COUNT = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
    "negative": operator.neg,
    "min": min,
    "max": max,
}
_SQL = {
    "+": {"arg_joiner": " + "},
    "-": {"arg_joiner": " - "},
    "*": {"arg_joiner": " * "},
    "negative": {"template": "(-%(expressions)s)"},
    "min": {"template": "LEAST(%(expressions)s)"},
    "max": {"template": "GREATEST(%(expressions)s)"},
    "/": {
        "template": f"(div(%(expressions)s, 0)) * 1e-{QUOTIENT})",
        "arg_joiner": f" * 1e{QUOTIENT}, NULLIF(",
    },
}


def _sql(*parts, template="(%(expressions)s)", arg_joiner=", "):
    return Func(*parts, template=template, arg_joiner=arg_joiner, output_field=DecimalField())


def _fold(node, *, number, name, apply):
    """Return what a node of the tree comes to, by what its numbers, names and signs come to."""
    kind, *parts = node
    if kind == "number":
        return number(*parts)
    if kind == "name":
        return name(*parts)
    return apply(kind, [_fold(part, number=number, name=name, apply=apply) for part in parts])


@dataclass(frozen=True)
class Formula:
    """A formula that was read: its text as it is kept, the names it needs, and two ways to count it."""

    text: str
    names: frozenset
    tree: tuple

    def value(self, **numbers):
        """Return what comes out, a Decimal of six decimals, or None where it divides by zero or a number that it needs
        is None. `numbers` are by the names of `NAMES`; it raises KeyError for one that is missing."""
        with localcontext(EXACT):
            try:
                found = _fold(
                    self.tree,
                    number=Decimal,
                    name=lambda name: _known(numbers[name]),
                    apply=lambda kind, parts: _COUNT[kind](*parts),
                )
            except _NoAmountError:
                return None
            return found.quantize(Decimal(1).scaleb(-RESULT), ROUND_HALF_UP)

    def expression(self, columns):
        """Return the same as an expression over a queryset: NULL where `value` gives None. `columns` has an expression
        or the name of a column for each of `names`; they may be of any kind of number."""
        known = [F(column) if isinstance(column, str) else column for column in map(columns.get, sorted(self.names))]
        # LEAST and GREATEST pass over NULL, so that the whole asks first whether everything is known.
        needed = list(known)

        def apply(kind, parts):
            if kind == "/":
                needed.append(Func(parts[1], template="NULLIF(%(expressions)s, 0)", output_field=DecimalField()))
            return _sql(*parts, **_SQL[kind])

        column_of = dict(zip(sorted(self.names), known, strict=True))
        found = _fold(
            self.tree,
            number=lambda number: _sql(Value(number), template="%(expressions)s::numeric"),
            name=lambda name: _sql(column_of[name], template="(%(expressions)s)::numeric"),
            apply=apply,
        )
        result = _sql(found, template=f"ROUND(%(expressions)s, {RESULT})")
        if not needed:
            return result
        return Case(When(Q(*[IsNull(one, False) for one in needed]), then=result), output_field=DecimalField())


def _known(number):
    if number is None:
        raise _NoAmountError
    return Decimal(number)


def parse(text):
    """Return the Formula that `text` says. Raises ValidationError with a sentence about the first wrong thing."""
    text = " ".join(unicodedata.normalize("NFKC", text).translate(_LOOKALIKES).split())
    tokens = _TOKEN.findall(text)
    if not tokens:
        raise ValidationError(_("Write a formula, for example area * 2.50."))
    if len(text) > LONGEST or sum(token in "+-*/," for token in tokens) > MOST_SIGNS:
        limits = {"characters": LONGEST, "signs": MOST_SIGNS}
        raise ValidationError(
            _("The formula is too long: at most %(characters)s characters with %(signs)s signs. Make it simpler.")
            % limits
        )
    reader = _Reader(tokens)
    tree = reader.sum(0)
    if reader.next is not None:
        raise reader.unexpected()
    return Formula(text, frozenset(reader.names), tree)


class _Reader:
    """Reads the tokens of a formula once, from left to right."""

    def __init__(self, tokens):
        self.tokens, self.at, self.names = tokens, 0, set()

    @property
    def next(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, *tokens):
        """Return the next token and go on if it is one of `tokens`, else None."""
        token = self.next
        if token not in tokens:
            return None
        self.at += 1
        return token

    def demand(self, token):
        if not self.take(token):
            raise self.unexpected()

    def sum(self, depth):
        return self._row(depth, self.product, "+", "-")

    def product(self, depth):
        return self._row(depth, self.factor, "*", "/")

    def _row(self, depth, part, *signs):
        left = part(depth)
        while sign := self.take(*signs):
            left = (sign, left, part(depth))
        return left

    def factor(self, depth):
        if depth > DEEPEST:
            raise ValidationError(
                _("The brackets stand more than %(depth)s deep. Make the formula simpler.") % {"depth": DEEPEST}
            )
        if self.take("-"):
            return ("negative", self.factor(depth))
        if self.take("("):
            inner = self.sum(depth + 1)
            self.demand(")")
            return inner
        if call := self.take(*CALLS):
            return self._call(call, depth + 1)
        return self._leaf()

    def _call(self, call, depth):
        self.demand("(")
        parts = [self.sum(depth)]
        while self.take(","):
            parts.append(self.sum(depth))
        self.demand(")")
        if len(parts) < 2:
            raise ValidationError(
                _("Write %(call)s with two or more values, for example %(call)s(area, 100).") % {"call": call}
            )
        return (call, *parts)

    def _leaf(self):
        token = self.next
        if token is not None and _NUMBER.fullmatch(token):
            self.at += 1
            return ("number", Decimal(token))
        name = IN_CHINESE.get(token, token)
        if name not in NAMES:
            raise self.unexpected()
        self.at += 1
        self.names.add(name)
        return ("name", name)

    def unexpected(self):
        """Return the ValidationError about the token that comes next."""
        token = self.next
        if token is None:
            return ValidationError(_("The formula stops too early. A number, a name or a closing bracket is missing."))
        if token in {*"+-*/(),", *CALLS, *NAMES, *IN_CHINESE} or _NUMBER.fullmatch(token):
            return ValidationError(
                _("“%(word)s” stands at a place where it makes no sense. Look at the signs and brackets around it.")
                % {"word": token}
            )
        names = ", ".join(f"{name} ({chinese})" for chinese, name in IN_CHINESE.items())
        return ValidationError(
            _(
                "“%(word)s” is not understood. A formula has numbers up to 999999999 with at most six decimals,"
                " + - * / ( ), min, max and these names: %(names)s."
            )
            % {"word": token, "names": names}
        )
