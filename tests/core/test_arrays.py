import numpy as np
import pytest

from core.arrays import copied

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
