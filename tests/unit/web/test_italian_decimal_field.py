from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from cercollettiva.web import formats
from cercollettiva.web.forms import ItalianDecimalField


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("12", "12"),
        ("12,5", "12.5"),
        ("0,125", "0.125"),
        (",5", "0.5"),
        ("1.234,5", "1234.5"),
        ("1234,5", "1234.5"),
        ("1 234,5", "1234.5"),
        ("1\N{NO-BREAK SPACE}234,5", "1234.5"),
        ("1.234.567", "1234567"),
        ("1.234.567,89", "1234567.89"),
        ("12.5", "12.5"),
        ("12.50", "12.50"),
        ("0.1255", "0.1255"),
        (".5", "0.5"),
        ("-3,5", "-3.5"),
        ("−3,5", "-3.5"),
        ("+3,5", "3.5"),
        ("007", "7"),
        ("1,234", "1.234"),
    ],
)
def test_one_way_to_read_it(typed, read):
    assert ItalianDecimalField().clean(typed) == Decimal(read)


@pytest.mark.parametrize(
    ("typed", "decimal", "whole"),
    [
        ("0.125", "0,125", "125"),
        ("1.234", "1,234", "1234"),
        ("-1.500", "-1,500", "-1500"),
        ("1234.567", "1234,567", "1234567"),
    ],
)
def test_two_ways_to_read_it_are_both_shown(typed, decimal, whole):
    with pytest.raises(ValidationError) as refused:
        ItalianDecimalField().clean(typed)

    assert refused.value.code == "ambiguous"
    assert refused.value.messages == [f"{typed} si può leggere in due modi. Scrivi {decimal} oppure {whole}."]


def test_two_ways_to_read_it_say_what_they_mean():
    field = ItalianDecimalField(
        meaning=lambda megawatts: formats.power(megawatts * 1_000_000).replace(formats.NBSP, " ")
    )

    with pytest.raises(ValidationError) as refused:
        field.clean("0.125")

    assert refused.value.messages == ["Scrivi 0,125 per 125,00 kW, oppure 125 per 125.000,00 kW."]


@pytest.mark.parametrize(
    "typed",
    ["abc", "1,2,3", "1,234.56", "1.23.4", "12.34,5", "1e5", "NaN", "Infinity", "١٢", "--1", "5 kW", ",", ".", "-"],
)
def test_what_is_not_an_italian_number_is_refused(typed):
    with pytest.raises(ValidationError) as refused:
        ItalianDecimalField().clean(typed)

    assert refused.value.code == "invalid"


def test_limits_still_hold():
    field = ItalianDecimalField(max_value=Decimal(1000), max_digits=6, decimal_places=3)

    assert field.clean("999,999") == Decimal("999.999")
    with pytest.raises(ValidationError):
        field.clean("1000,5")
    with pytest.raises(ValidationError):
        field.clean("0,1234")


def test_empty_is_nothing_or_required():
    assert ItalianDecimalField(required=False).clean("  ") is None
    with pytest.raises(ValidationError):
        ItalianDecimalField().clean("")


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (Decimal("0.125"), "0,125"),
        (Decimal("1234.50"), "1234,50"),
        (12, "12"),
        (0.5, "0,5"),
        ("0.125", "0.125"),
        (None, None),
    ],
)
def test_a_stored_number_comes_back_with_its_comma(stored, shown):
    assert ItalianDecimalField().prepare_value(stored) == shown


def test_a_number_shown_and_sent_back_has_not_changed():
    field = ItalianDecimalField()

    assert not field.has_changed(Decimal("0.125"), field.prepare_value(Decimal("0.125")))
    assert field.widget_attrs(field.widget)["inputmode"] == "decimal"
