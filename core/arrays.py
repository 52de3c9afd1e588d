"""Arrays out of Postgres and into it: rows by binary COPY, one pass, no Python object per row; whole arrays as one value."""

from collections.abc import Mapping, Sequence
from io import BufferedWriter, BytesIO, RawIOBase
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from django.db import connection

if TYPE_CHECKING:
    from typing_extensions import Buffer as ReadableBuffer

Width = Literal["int2", "int4", "int8", "float8"]
_NUMPY: Mapping[str, str] = {"int2": ">i2", "int4": ">i4", "int8": ">i8", "float8": ">f8"}
_SIGNATURE = b"PGCOPY\n\xff\r\n\x00"
_HEADER = len(_SIGNATURE) + 8  # signature, flags, length of the (empty) header extension
_TRAILER = 2
CHUNK = 1 << 24  # bytes that are taken apart at a time


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
    record = np.dtype(
        [("fields", ">i2")]
        + [part for name, width in columns.items() for part in ((f"{name} length", ">i4"), (name, _NUMPY[width]))]
    )
    rows = _Rows(record, columns)
    with connection.cursor() as cursor:
        sql = cursor.mogrify(select, params)
        text = sql.decode() if isinstance(sql, bytes) else sql
        # psycopg2 hands over row by row: that many small writes stay out of Python
        with BufferedWriter(rows, CHUNK) as stream:
            cursor.copy_expert(f"COPY ({text}) TO STDOUT (FORMAT binary)", stream)
            stream.flush()
            return rows.columns()


def written(table: str, columns: Mapping[str, npt.NDArray[Any]]) -> int:
    """
    Append rows to a table by COPY, one array per column, and return how many.

    :param table: with columns of the same names; int2, int4, int8 or float8, as wide as the arrays are
    :raises ValueError: for an array of another kind
    """
    size = {len(column) for column in columns.values()}
    widths = {name: f">{column.dtype.kind}{column.dtype.itemsize}" for name, column in columns.items()}
    if len(size) != 1 or not set(widths.values()) <= set(_NUMPY.values()):
        raise ValueError("columns must be of one length, of whole numbers or of float8")
    (n,) = size
    record = np.dtype(
        [("fields", ">i2")] + [part for name in columns for part in ((f"{name} length", ">i4"), (name, widths[name]))]
    )
    rows = np.empty(n, record)
    rows["fields"] = len(columns)
    for name, column in columns.items():
        rows[f"{name} length"], rows[name] = column.dtype.itemsize, column
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    body = BytesIO(b"".join((_SIGNATURE, bytes(8), rows.tobytes(), b"\xff\xff")))
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {connection.ops.quote_name(table)} ({names}) FROM STDIN (FORMAT binary)", body)
    return n


class _Rows(RawIOBase):
    """Takes the stream of a COPY chunk by chunk and keeps the columns alone: the bytes of all rows never lie in memory."""

    def __init__(self, record: np.dtype[Any], widths: Mapping[str, Width]) -> None:
        super().__init__()
        self.record, self.widths = record, widths
        self.waiting = bytearray()
        self.skip = _HEADER
        self.misfit = ""  # said at the end: an error in the midst of a stream would be met again when it is closed
        self.parts: dict[str, list[npt.NDArray[Any]]] = {
            name: [np.zeros(0, np.dtype(_NUMPY[width]).newbyteorder("="))] for name, width in widths.items()
        }

    def writable(self) -> bool:
        return True

    def write(self, chunk: "ReadableBuffer") -> int:
        """Take what came, but for a last row that may not be whole."""
        before = len(self.waiting)
        self.waiting += chunk
        taken = len(self.waiting) - before
        self._take(len(self.waiting) - self.skip - _TRAILER)
        return taken

    def _take(self, size: int) -> None:
        """Turn the whole rows among the next `size` bytes into columns."""
        whole = max(size, 0) // self.record.itemsize
        if not whole:
            return
        rows = np.frombuffer(self.waiting, self.record, whole, self.skip)
        for name, width in self.widths.items():
            if not (rows[f"{name} length"] == np.dtype(_NUMPY[width]).itemsize).all():
                self.misfit = self.misfit or f"column {name} has a NULL or another width than {width}"
            self.parts[name].append(rows[name].astype(rows[name].dtype.newbyteorder("=")))
        del rows  # a view of the buffer, which cannot shrink under it
        del self.waiting[: self.skip + whole * self.record.itemsize]
        self.skip = 0

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        if self.misfit or len(self.waiting) - self.skip != _TRAILER:
            raise ValueError(self.misfit or "a NULL or a column of another width is in the answer")
        return {name: np.concatenate(self.parts.pop(name)) for name in self.widths}


def packed(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Named arrays as one value, for a BinaryField."""
    buffer = BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # numpy's stub takes ** for allow_pickle
    return buffer.getvalue()


def unpacked(value: bytes | memoryview) -> dict[str, npt.NDArray[Any]]:
    """The arrays of `packed`. :raises ValueError: where one would be a Python object"""
    with np.load(BytesIO(value), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
