"""Tables of whole numbers add up, are taken away without a trace, and speak other codes."""

import numpy as np
import pytest

from planning.forecasting.counts import LITTLE, Counts

pytestmark = pytest.mark.requirement("R1.8")
SHAPES = [(3, 4, 5), (3, 4, LITTLE)]  # counted in a table of all places, and sorted


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_added_and_taken_away_leaves_nothing(shape: tuple[int, ...]) -> None:
    dice = np.random.default_rng(1)

    def some(n: int) -> Counts:
        return Counts.of(shape, [dice.integers(0, min(size, 50), n) for size in shape], dice.integers(-9, 10**12, n))

    one, other = some(200), some(300)

    both = one + other

    left = both - other
    np.testing.assert_array_equal(left.key, one.key)
    np.testing.assert_array_equal(left.many, one.many)
    assert len((both - one - other).key) == 0
    assert (np.diff(both.key) > 0).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_are_counted_by_their_places(shape: tuple[int, ...]) -> None:
    table = Counts.of(shape, [np.array([2, 0, 2]), np.array([3, 1, 3]), np.array([4, 0, 4])])

    assert [column.tolist() for column in table.columns()] == [[0, 2], [1, 3], [0, 4]]
    assert table.many.tolist() == [1, 2]


def test_levels_take_other_codes_and_those_without_one_are_left_out() -> None:
    table = Counts.of((2, 3), [np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2])], np.array([5, 7, 11, 13]))
    codes = np.array([1, -1, 1])

    moved = table.recoded(1, codes, 2)

    assert moved.dense().tolist() == [[0, 5], [0, 13]]
    assert table.grouped(1, codes, 2).tolist() == moved.dense().tolist()
    assert table.grouped(1, np.zeros(3, np.int64), 1).tolist() == [[12], [24]]
    assert Counts.none((2, 3)).dense().sum() == 0


def test_money_in_cents_keeps_every_cent() -> None:
    cents = np.array([10**13 + 1, 10**13 + 3])

    table = Counts.of((2, LITTLE * 4), [np.array([1, 1]), np.array([9, 9])], cents)

    assert table.many.tolist() == [2 * 10**13 + 4]
