import numpy as np
import pytest
from django.db import connection

from core.arrays import copied, written

pytestmark = pytest.mark.django_db


def test_columns_arrive_as_arrays_in_the_order_of_the_rows() -> None:
    read = copied(
        "SELECT n::int4, n::int8 * 10000000000, n / 4.0::float8 FROM generate_series(1, %s) n",
        [3],
        {"small": "int4", "large": "int8", "real": "float8"},
    )

    assert read["small"].tolist() == [1, 2, 3]
    assert read["large"].tolist() == [10_000_000_000, 20_000_000_000, 30_000_000_000]
    assert np.allclose(read["real"], [0.25, 0.5, 0.75])


def test_no_rows_are_empty_arrays() -> None:
    assert copied("SELECT 1::int4 WHERE false", [], {"one": "int4"})["one"].shape == (0,)


def test_a_null_is_refused_rather_than_misread() -> None:
    with pytest.raises(ValueError, match="NULL"):
        copied("SELECT NULL::int4 UNION ALL SELECT 1", [], {"one": "int4"})


def test_a_column_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="width"):
        copied("SELECT 1::int8", [], {"one": "int4"})


def test_rows_written_are_the_rows_read() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE loaded (note text DEFAULT 'new', \"order\" int8, small int2, real float8)"
        )
    columns = {"small": np.array([1, -2], np.int16), "order": np.array([2**40, 7]), "real": np.array([0.1, np.nan])}

    assert written("loaded", columns) == 2

    read = copied('SELECT small, "order", "real" FROM loaded', [], {"small": "int2", "order": "int8", "real": "float8"})
    for name, column in columns.items():
        np.testing.assert_array_equal(read[name], column)


def test_nothing_written_is_no_row() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE loaded (n int8)")

    assert written("loaded", {"n": np.zeros(0, np.int64)}) == 0
    assert copied("SELECT n FROM loaded", [], {"n": "int8"})["n"].shape == (0,)


@pytest.mark.parametrize(
    "columns",
    [
        {"n": np.array([1, 2]), "m": np.array([1])},
        {"n": np.array(["text"])},
        {"n": np.array([1], np.int8)},
        {},
    ],
)
def test_columns_that_are_no_rows_are_refused(columns: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match="columns"):
        written("loaded", columns)
