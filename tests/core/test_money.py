"""Money as it is typed: what is an amount, and the sentence for each thing that is none."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from servicedesk.core.money import amount_of


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("120", "120.00"),
        ("120.5", "120.50"),
        ("1,200.00", "1200.00"),
        ("１２０．５", "120.50"),
        ("¥ 9999999.99", "9999999.99"),
    ],
)
def test_an_amount_is_yuan_to_the_fen(typed, amount):
    assert str(amount_of(typed)) == amount == str(Decimal(amount))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("-5", "without a minus sign"),
        ("99999999", "at most 9,999,999.99"),
        ("123,456,789.00", "at most 9,999,999.99"),
        *[(typed, "at most two decimals") for typed in ("1_000", "NaN", "0.005", "1e3", "abc", "", "--", "1,00")],
    ],
)
def test_what_is_no_amount_is_told_why(typed, sentence):
    with translation.override("en"), pytest.raises(ValidationError, match=sentence):
        amount_of(typed)
