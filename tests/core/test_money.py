"""Exact money: no cent is lost, no table disagrees with its total."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.money import CENT, exponent, rounded_parts, smallest_unit, split_amount, split_count

cents = st.integers(-(10**14), 10**14).map(lambda units: Decimal(units) / 100)
weights = st.lists(
    st.one_of(
        st.integers(0, 10**6),
        st.decimals(0, 10**6, places=4),
        st.floats(0, 1e9, allow_nan=False, allow_infinity=False),
    ),
    min_size=1,
    max_size=40,
).filter(any)


@settings(max_examples=3000)
@given(cents, weights)
def test_the_parts_add_up_to_the_total_exactly(total: Decimal, shares: list[Decimal | float | int]) -> None:
    parts = split_amount(total, shares)
    assert sum(parts) == total
    assert len(parts) == len(shares)


@settings(max_examples=1000)
@given(cents, weights)
def test_no_part_is_a_whole_cent_away_from_its_exact_share(total: Decimal, shares: list[Decimal | float | int]) -> None:
    exact_weights = [Fraction(share) for share in shares]
    whole = sum(exact_weights)
    for part, weight in zip(split_amount(total, shares), exact_weights, strict=True):
        assert abs(Fraction(part) - Fraction(total) * weight / whole) < Fraction(1, 100)


@given(cents, weights)
def test_a_loss_is_split_as_the_mirror_of_a_gain(total: Decimal, shares: list[Decimal | float | int]) -> None:
    assert split_amount(-total, shares) == tuple(-part for part in split_amount(total, shares))


@given(st.integers(0, 10**9), weights)
def test_nothing_goes_to_whom_has_no_weight(total: int, shares: list[Decimal | float | int]) -> None:
    padded: list[Decimal | float | int] = [0, *shares, 0]
    parts = split_count(total, padded)
    assert (parts[0], parts[-1]) == (0, 0)


def test_equal_remainders_go_to_the_earliest() -> None:
    assert split_amount(Decimal("0.05"), [1, 1, 1]) == (Decimal("0.02"), Decimal("0.02"), Decimal("0.01"))
    assert split_count(1, [1, 1]) == (1, 0)


def test_a_larger_remainder_beats_an_earlier_one() -> None:
    assert split_count(10, [1, 1, 4]) == (2, 2, 6)  # quotas 1.67, 1.67, 6.67
    assert split_count(5, [3, 4]) == (2, 3)  # quotas 2.14, 2.86


def test_a_unit_other_than_the_cent_is_kept() -> None:
    assert split_amount(Decimal(10_000), [1, 1, 1], unit=Decimal(1000))[0] == Decimal(4000)
    assert split_amount(Decimal("1.000"), [1, 2], unit=Decimal("0.001")) == (Decimal("0.333"), Decimal("0.667"))


@pytest.mark.parametrize(
    ("total", "shares", "reason"),
    [
        ("1", [], "nothing to split"),
        ("1", [0, 0.0, Decimal(0)], "all zero"),
        ("1", [1, -1], "not below zero"),
        ("1", [float("nan")], "finite"),
        ("1", [float("inf"), 1], "finite"),
        ("1", [Decimal("NaN"), 1], "finite"),
        ("1.001", [1], "no multiple"),
    ],
)
def test_a_split_that_means_nothing_is_refused(total: str, shares: Sequence[float], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        split_amount(Decimal(total), shares)


@settings(max_examples=1000)
@given(st.lists(st.decimals(-(10**12), 10**12, places=6), max_size=30))
def test_rounded_parts_add_up_to_the_rounded_total(parts: list[Decimal]) -> None:
    shown = rounded_parts(parts)
    assert sum(shown, Decimal(0)) == sum(parts, Decimal(0)).quantize(CENT)
    assert all(abs(new - old) < CENT for new, old in zip(shown, parts, strict=True))


def test_three_thirds_still_make_a_hundred_percent() -> None:
    third = Decimal(100) / 3
    assert rounded_parts([third] * 3, unit=Decimal("0.1")) == (Decimal("33.4"), Decimal("33.3"), Decimal("33.3"))


def test_currencies_have_their_own_number_of_decimals() -> None:
    assert [exponent(code) for code in ("CNY", "JPY", "KWD")] == [2, 0, 3]
    assert smallest_unit("JPY") == Decimal(1)
    with pytest.raises(ValueError, match="no currency"):
        exponent("XYZ1")
