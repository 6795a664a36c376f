"""Amounts in Chinese capitals, as they stand on a receipt."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.capitals import capitals

DIGITS = {letter: n for n, letter in enumerate("零壹贰叁肆伍陆柒捌玖")}
PLACES = {"拾": 10, "佰": 100, "仟": 1000}


def read(text):
    """Read an amount in capitals back, as somebody does who knows only what its letters mean."""
    yuan, _mark, rest = text.removesuffix("整").rpartition("元")
    whole = 0
    for sign, weight in (("亿", 10**8), ("万", 10**4), ("", 1)):
        head, found, tail = yuan.partition(sign) if sign else (yuan, "", "")
        if sign and not found:
            continue
        group, digit = 0, 0
        for letter in head:
            if letter in PLACES:
                group, digit = group + digit * PLACES[letter], 0
            else:
                digit = DIGITS[letter]
        whole, yuan = whole + (group + digit) * weight, tail
    fen = 0
    for letter, following in itertools.pairwise(rest):
        fen += DIGITS.get(letter, 0) * {"角": 10, "分": 1}.get(following, 0)
    return Decimal(whole) + Decimal(fen) / 100


@given(st.decimals(min_value=0, max_value=Decimal("9999999999.99"), places=2))
def test_what_is_written_is_read_back_and_cannot_be_added_to(amount):
    text = capitals(amount)
    assert read(text) == amount
    assert "零零" not in text
    assert text.endswith(("分", "整"))


# From the rules for filling in bills and vouchers of the central bank, and hand walk 9.
@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("326.03", "叁佰贰拾陆元零叁分"),
        ("1409.50", "壹仟肆佰零玖元伍角整"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元零叁角贰分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("2000", "贰仟元整"),
        ("0.05", "伍分"),
        ("0", "零元整"),
        ("100010000", "壹亿零壹万元整"),
    ],
)
def test_the_examples_of_the_rule(amount, text):
    assert capitals(Decimal(amount)) == text


@pytest.mark.parametrize("amount", ["-0.01", "1000000000000"])
def test_what_has_no_capitals_is_refused(amount):
    with pytest.raises(ValueError, match=amount):
        capitals(Decimal(amount))
