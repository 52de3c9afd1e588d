"""Exact money: no cent is lost, no table disagrees with its total."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.money import (
    CENT,
    BoundsDoNotFit,
    exponent,
    rounded_parts,
    smallest_unit,
    split_amount,
    split_count,
    split_within,
)

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


@settings(max_examples=500)
@given(cents, weights)
def test_the_parts_add_up_to_the_total_exactly(total: Decimal, shares: list[Decimal | float | int]) -> None:
    parts = split_amount(total, shares)
    assert sum(parts) == total
    assert len(parts) == len(shares)


@settings(max_examples=200)
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


@settings(max_examples=200)
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


def random_split(dice: Random) -> tuple[Decimal, list[int], list[Decimal | None], list[Decimal | None]]:
    """A total, weights with zeros and ties, and floors and caps of which many bind and some cannot be kept."""
    size = dice.randint(1, 7)
    total = Decimal(dice.choice((0, 7, 1_000, 99_999_999)) + dice.randint(0, 50)) / 100
    shares = [dice.choice((0, 1, 1, 2, 3, 10, 997)) for _ in range(size)]
    if not any(shares):
        shares[0] = 1
    even = total / size
    floors = [None if dice.random() < 0.6 else (even * dice.randint(0, 11) / 10).quantize(CENT) for _ in range(size)]
    caps = [None if dice.random() < 0.5 else (even * dice.randint(7, 30) / 10).quantize(CENT) for _ in range(size)]
    return total, shares, floors, caps


def check_random_splits(number: int, seed: int) -> None:
    dice, refused, wrong, bound = Random(seed), 0, 0, 0
    for _ in range(number):
        total, shares, floors, caps = random_split(dice)
        try:
            parts = split_within(total, shares, floors=floors, caps=caps)
        except BoundsDoNotFit as refusal:
            low = sum((floor for floor in floors if floor is not None), Decimal(0))
            fits = {"crossed": True, "floors": refusal.bound == low > total, "caps": refusal.bound < total}
            wrong += not fits[refusal.which]
            refused += 1
            continue
        assert sum(parts) == total
        for part, floor, cap in zip(parts, floors, caps, strict=True):
            assert (floor or 0) <= part
            assert cap is None or part <= cap
            bound += part in {floor, cap}
        order = dice.sample(range(len(shares)), len(shares))
        again = split_within(
            total, [shares[i] for i in order], floors=[floors[i] for i in order], caps=[caps[i] for i in order]
        )
        whole = [(shares[i], floors[i] or Decimal(0), caps[i]) for i in order]
        told = sorted(map(repr, zip(whole, again, strict=True)))
        before = [(share, floor or Decimal(0), cap) for share, floor, cap in zip(shares, floors, caps, strict=True)]
        assert told == sorted(map(repr, zip(before, parts, strict=True)))
    assert wrong == 0
    assert 0.02 < refused / number < 0.6
    assert bound > number / 4


@pytest.mark.requirement("R1.5")
def test_a_split_within_floors_and_caps_is_exact_whatever_the_order() -> None:
    check_random_splits(10_000, seed=1)


@pytest.mark.thorough
@pytest.mark.requirement("R1.5")
def test_two_hundred_thousand_splits_within_floors_and_caps_are_exact_whatever_the_order() -> None:
    check_random_splits(200_000, seed=2)


@given(st.integers(0, 10**14).map(lambda units: Decimal(units) / 100), weights)
def test_without_floors_and_caps_it_is_the_plain_split_but_for_ties(
    total: Decimal, shares: list[Decimal | float | int]
) -> None:
    none: list[Decimal | None] = [None] * len(shares)
    parts = split_within(total, shares, floors=none, caps=none)
    assert sorted(parts) == sorted(split_amount(total, shares))


def within(total: str, shares: list[int], floors: list[str | None], caps: list[str | None]) -> tuple[Decimal, ...]:
    low, high = ([None if bound is None else Decimal(bound) for bound in bounds] for bounds in (floors, caps))
    return split_within(Decimal(total), shares, floors=low, caps=high)


def test_what_a_cap_cuts_goes_to_the_others_in_proportion() -> None:
    assert within("100", [6, 3, 1], [None] * 3, ["40", None, None]) == (Decimal(40), Decimal(45), Decimal(15))


def test_what_a_floor_needs_is_taken_from_the_others_in_proportion() -> None:
    assert within("100", [6, 3, 1], [None, None, "28"], [None] * 3) == (Decimal(48), Decimal(24), Decimal(28))


def test_a_cap_may_push_another_over_its_floor() -> None:
    assert within("100", [8, 1, 1], [None, "15", None], ["60", None, None]) == (Decimal(60), Decimal(20), Decimal(20))


@pytest.mark.parametrize(
    ("floors", "caps", "which", "parts", "bound"),
    [
        (["60", "60", None], [None] * 3, "floors", (0, 1), "120"),
        ([None] * 3, ["10", "20", "30"], "caps", (0, 1, 2), "60"),
        ([None, "50", None], [None, "40", None], "crossed", (1,), "50"),
    ],
)
def test_bounds_that_do_not_fit_say_which(
    floors: list[str | None], caps: list[str | None], which: str, parts: tuple[int, ...], bound: str
) -> None:
    with pytest.raises(BoundsDoNotFit) as refused:
        within("100", [1, 1, 1], floors, caps)
    assert (refused.value.which, refused.value.parts, refused.value.bound) == (which, parts, Decimal(bound))


def test_who_has_no_weight_gets_the_floor_and_no_more() -> None:
    assert within("100", [0, 1], ["10", None], [None, None]) == (Decimal(10), Decimal(90))
    with pytest.raises(BoundsDoNotFit, match="caps"):
        within("100", [0, 1], ["10", None], [None, "80"])
