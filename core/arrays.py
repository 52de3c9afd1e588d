"""Rows out of Postgres into arrays, by binary COPY: one pass, no Python object per row."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from django.db import connection

Width = Literal["int2", "int4", "int8", "float8"]
_NUMPY: Mapping[str, str] = {"int2": ">i2", "int4": ">i4", "int8": ">i8", "float8": ">f8"}
_HEADER = len(b"PGCOPY\n\xff\r\n\x00") + 8  # signature, flags, length of the (empty) header extension
_TRAILER = 2


def copied(
    select: str, params: Sequence[object] | Mapping[str, object], columns: Mapping[str, Width]
) -> dict[str, npt.NDArray[Any]]:
    """
    Read the answer of a SELECT as one array per column.

    :param select: SQL whose columns stand in the order of `columns`, each cast to its width and never NULL (say
        COALESCE(x, -1) or 'NaN'): rows of one width are what makes the buffer an array
    :param columns: name → width; arrays of shape (rows,) in the machine's byte order
    :raises ValueError: where a row does not have the declared width
    """
    buffer = BytesIO()
    with connection.cursor() as cursor:
        sql = cursor.mogrify(select, params)
        text = sql.decode() if isinstance(sql, bytes) else sql
        cursor.copy_expert(f"COPY ({text}) TO STDOUT (FORMAT binary)", buffer)
    record = np.dtype(
        [("fields", ">i2")]
        + [part for name, width in columns.items() for part in ((f"{name} length", ">i4"), (name, _NUMPY[width]))]
    )
    body = buffer.getbuffer()[_HEADER:-_TRAILER]
    if len(body) % record.itemsize:
        raise ValueError("a NULL or a column of another width is in the answer")
    rows = np.frombuffer(body, dtype=record)
    for name, width in columns.items():
        if len(rows) and not (rows[f"{name} length"] == np.dtype(_NUMPY[width]).itemsize).all():
            raise ValueError(f"column {name} has a NULL or another width than {width}")
    return {name: rows[name].astype(rows[name].dtype.newbyteorder("=")) for name in columns}
