"""What finance may write as a formula, and that it comes to the same here and in the database."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db.models import DecimalField, Value
from django.utils import translation
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from billing.formula import NAMES, parse
from residents.models import Unit

KNOWN = {"area": Decimal("104.30"), "floor": 12, "quantity": 2, "consumption": Decimal("33.125"), "months": 3}


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("area * 2.50", "260.75"),
        ("面积×2.50", "260.75"),
        ("2 + 3 * 4", "14"),
        ("10 - 4 - 3", "3"),
        ("(10 - 4) / 3", "2"),
        ("-(2 - 5) * quantity", "6"),
        ("min(area, 100) * 2 + max(面积 - 100, 0) * 1.5", "206.45"),
        ("max(1,2,用量)", "33.125"),
        ("1 / 3", "0.333333"),
        ("2 / 3 * 3", "2"),
        ("-2 / 3", "-0.666667"),
    ],
)
def test_a_formula_counts_as_on_paper(text, amount):
    assert parse(text).value(**KNOWN) == Decimal(amount)


def test_a_formula_knows_which_names_it_needs():
    assert parse("面积 * 2 + area * floor").names == {"area", "floor"}


@pytest.mark.parametrize("text", ["1 / (floor - 12)", "min(1, 1 / (floor - 12))"])
def test_nothing_comes_out_of_a_division_by_zero(text):
    assert parse(text).value(**KNOWN) is None


def test_nothing_comes_out_where_a_number_is_not_known():
    assert parse("max(area, 50)").value(area=None) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "Write a formula"),
        ("area ** 2", "“*”"),
        ("area ^ 2", "“^”"),
        ("areas * 2", "“areas” is not understood"),
        ("area.real", "“area.real”"),
        ("__import__('os')", "“__import__”"),
        ("abs(area)", "“abs”"),
        ("area * 1_000", "“1_000”"),
        ("area * 1e9", "“1e9”"),
        ("area * 0.1234567", "“0.1234567”"),
        ("NaN * area", "“NaN”"),
        ("2 area", "“area” stands"),
        ("area *", "stops too early"),
        ("(area", "stops too early"),
        ("area)", "“)” stands"),
        ("min(area)", "two or more"),
        ("min area, 2", "“area” stands"),
        ("(" * 12 + "1" + ")" * 12, "deep"),
        ("1" + "+1" * 41, "too long"),
        ("-" * 41 + "1", "too long"),
        ("area + " + "1" * 300, "too long"),
    ],
)
def test_what_is_no_formula_is_refused_with_the_word_that_is_wrong(text, word):
    with translation.override("en"), pytest.raises(ValidationError) as refused:
        parse(text)
    assert word in refused.value.message


def test_the_longest_and_deepest_formulas_are_read():
    parse("1" + "+1" * 40)
    parse("(" * 10 + "1" + ")" * 10)


areas = st.decimals("0.01", 999_999, places=2)
numbers = st.decimals(0, 999_999, places=2)
texts = st.recursive(
    st.sampled_from(NAMES) | st.decimals(0, 9999, places=3).map("{:f}".format),
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*/"), inner).map("({0[0]} {0[1]} {0[2]})".format)
        | st.tuples(st.sampled_from(["min", "max"]), inner, inner).map("{0[0]}({0[1]}, {0[2]})".format)
        | inner.map("-{}".format)
    ),
    max_leaves=8,
)


@pytest.mark.django_db
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts, st.fixed_dictionaries(dict.fromkeys(NAMES, numbers | st.none()) | {"area": areas | st.none()}))
@example("min(5, area / (floor - floor))", dict.fromkeys(NAMES, Decimal(1)))
@example("1 / (1 / 3 - 0.333)", dict.fromkeys(NAMES, Decimal(1)))
@example("max(area, 5)", dict.fromkeys(NAMES))
def test_the_database_counts_the_same(home, text, known):
    formula = parse(text)
    Unit.objects.filter(pk=home.pk).update(area=known["area"])
    columns = {name: Value(known[name], DecimalField()) for name in NAMES} | {"area": "area"}
    found = Unit.objects.annotate(amount=formula.expression(columns)).values_list("amount", flat=True).get(pk=home.pk)
    assert found == formula.value(**known)
