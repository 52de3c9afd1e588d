from decimal import Decimal

import pytest
from django import forms
from hypothesis import given
from hypothesis import strategies as st

from planning.forms import AmountField


class AmountForm(forms.Form):
    amount = AmountField()


def errors(text: str) -> list[str]:
    form = AmountForm({"amount": text})
    return [] if form.is_valid() else [str(reason) for reason in form.errors["amount"]]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", "0"),
        ("1250000.50", "1250000.50"),
        ("1,250,000.5", "1250000.5"),
        (" 12 ", "12"),
        ("007", "7"),
        ("999999999999.99", "999999999999.99"),
    ],
)
def test_plain_figures_are_amounts(text: str, amount: str) -> None:
    form = AmountForm({"amount": text})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["amount"] == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    [
        "-1",
        "+1",
        "1e5",
        "1_000",
        "1,00",
        "1,0000",
        "12,34.5",
        "1.234",
        "1.",
        ".5",
        "１２",
        "1.2万",
        "¥12",
        "12 000",
        "NaN",
        "Infinity",
        "0x10",
        "١٢",
        "1\x002",
        "=1+1",
    ],
)
def test_what_a_person_means_is_never_guessed(text: str) -> None:
    assert errors(text)


@pytest.mark.parametrize("text", ["", "   "])
def test_blank_is_not_zero(text: str) -> None:
    assert errors(text) == ["Blank is not zero: enter an amount, or 0 where nothing is planned."]


def test_an_amount_that_no_month_can_hold_is_refused() -> None:
    assert errors("1000000000000") == ["This is more than a target can hold."]
    assert errors("9" * 41)


@given(st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2))
def test_a_shown_amount_reads_back_as_itself(amount: Decimal) -> None:
    form = AmountForm({"amount": AmountField().prepare_value(amount)})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["amount"] == amount
