"""Tables of whole numbers add up, are taken away without a trace, and speak other codes."""

import numpy as np
import pytest

from planning.forecasting.counts import LITTLE, Counts, places

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
    table = Counts.of((3, 2), [np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1])], np.array([5, 7, 11, 13]))
    codes = np.array([1, -1, 1])

    moved = table.recoded(codes, 2)

    assert moved.dense().tolist() == [[0, 0], [5, 13]]
    assert table.grouped(codes, 2).tolist() == moved.dense().tolist()
    assert table.recoded(np.arange(3), 5).dense().tolist() == [[5, 0], [7, 11], [0, 13], [0, 0], [0, 0]]
    assert table.recoded(np.array([-1, 0, 2]), 3).dense().tolist() == [[7, 11], [0, 0], [0, 13]]
    assert table.grouped(np.zeros(3, np.int64), 1).tolist() == [[12, 24]]
    assert Counts.none((2, 3)).dense().sum() == 0


def test_money_in_cents_keeps_every_cent() -> None:
    cents = np.array([10**13 + 1, 10**13 + 3])

    table = Counts.of((2, LITTLE * 4), [np.array([1, 1]), np.array([9, 9])], cents)

    assert table.many.tolist() == [2 * 10**13 + 4]


@pytest.mark.parametrize("shape", [(4, 5), (4, LITTLE)])
def test_rows_counted_by_several_attributes_at_once_are_counted_as_by_each_alone(shape: tuple[int, ...]) -> None:
    dice = np.random.default_rng(2)
    rows = 500
    where = [dice.integers(0, min(size, 50), rows) for size in shape]
    levels = {"owner": dice.integers(-1, 3, rows), "product": dice.integers(0, 7, rows), "region": np.full(rows, -1)}
    sizes = {"owner": 3, "product": 7, "region": 1}

    for many in (None, dice.integers(-9, 10**12, rows)):
        together = Counts.by_levels(shape, places(shape, where), levels, sizes, many)

        for name, level in levels.items():
            known = level >= 0
            columns = [level[known], *(column[known] for column in where)]
            alone = Counts.of((sizes[name], *shape), columns, None if many is None else many[known])
            assert together[name].shape == alone.shape
            np.testing.assert_array_equal(together[name].key, alone.key)
            np.testing.assert_array_equal(together[name].many, alone.many)


def test_the_sum_of_many_tables_is_that_of_each_added_to_the_next() -> None:
    dice = np.random.default_rng(3)
    tables = [Counts.of((3, 4), [dice.integers(0, 3, 9), dice.integers(0, 4, 9)]) for _ in range(4)]

    total = Counts.total(tables)

    np.testing.assert_array_equal(total.dense(), sum(table.dense() for table in tables))
    assert total.many.sum() == 36
