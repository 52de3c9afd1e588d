"""Tables of whole numbers that are mostly zero: kept as the places that are not, added and taken away exactly."""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .history import Floats, Ints, tally


@dc.dataclass(frozen=True, slots=True)
class Counts:
    """
    What stands in an array of `shape`: key (n,) = places in it, flattened and rising; many (n,) = the whole numbers there.

    Sums of money stand in cents, so that what is added and taken away again leaves nothing behind.
    """

    shape: tuple[int, ...]
    key: Ints
    many: Ints

    @classmethod
    def of(cls, shape: tuple[int, ...], where: Sequence[Ints], many: Ints | None = None) -> Counts:
        """Count rows by their places, one array (n,) per axis; many (n,): what each row counts for, by default one."""
        return cls._summed(shape, np.ravel_multi_index(tuple(where), shape), many)

    @classmethod
    def _summed(cls, shape: tuple[int, ...], key: Ints, many: Ints | None) -> Counts:
        found, at = np.unique(key, return_inverse=True)
        total = np.rint(np.bincount(at, many, len(found))).astype(np.int64)
        some = np.flatnonzero(total)
        return cls(shape, found[some].astype(np.int64), total[some])

    @classmethod
    def none(cls, shape: tuple[int, ...]) -> Counts:
        """Nothing counted yet."""
        return cls(shape, np.zeros(0, np.int64), np.zeros(0, np.int64))

    def __add__(self, other: Counts) -> Counts:
        return self._summed(self.shape, np.r_[self.key, other.key], np.r_[self.many, other.many])

    def __sub__(self, other: Counts) -> Counts:
        return self._summed(self.shape, np.r_[self.key, other.key], np.r_[self.many, -other.many])

    def columns(self) -> tuple[Ints, ...]:
        """(n,) place of each row on every axis."""
        return tuple(np.asarray(column) for column in np.unravel_index(self.key, self.shape))

    def recoded(self, axis: int, codes: Ints, size: int) -> Counts:
        """By other codes along an axis: codes (shape[axis],) = the new place of each, -1 left out."""
        columns = list(self.columns())
        columns[axis] = codes[columns[axis]]
        kept = columns[axis] >= 0
        shape = (*self.shape[:axis], size, *self.shape[axis + 1 :])
        return self.of(shape, [column[kept] for column in columns], self.many[kept])

    def grouped(self, axis: int, codes: Ints, size: int) -> Floats:
        """The array itself by other codes along an axis, as `recoded`."""
        columns = list(self.columns())
        columns[axis] = codes[columns[axis]]
        kept = np.flatnonzero(columns[axis] >= 0)
        shape = (*self.shape[:axis], size, *self.shape[axis + 1 :])
        key = np.ravel_multi_index([column[kept] for column in columns], shape)
        return tally(key, self.many[kept].astype(np.float64), int(np.prod(shape))).reshape(shape)

    def dense(self) -> Floats:
        """The array itself."""
        return tally(self.key, self.many.astype(np.float64), int(np.prod(self.shape))).reshape(self.shape)


@dc.dataclass(frozen=True, slots=True)
class Shelf:
    """
    Tables of some deals by topic and attribute (owner, product …; "" for none): they add up over deals.

    axis: of each topic, the axis along which the levels of its attribute lie.
    """

    tables: Mapping[tuple[str, str], Counts]
    axis: Mapping[str, int]

    def __add__(self, other: Shelf) -> Shelf:
        return self._each(lambda key, table: table + other.tables[key])

    def __sub__(self, other: Shelf) -> Shelf:
        return self._each(lambda key, table: table - other.tables[key])

    def recoded(self, codes: Mapping[str, Ints], sizes: Mapping[str, int]) -> Shelf:
        """By other level codes: per attribute the new code of each, -1 left out, and how many there are."""

        def moved(key: tuple[str, str], table: Counts) -> Counts:
            topic, attribute = key
            return table.recoded(self.axis[topic], codes[attribute], sizes[attribute]) if attribute else table

        return self._each(moved)

    def grouped(self, topic: str, attribute: str, group: Ints, n_groups: int) -> Floats:
        """A table as an array, by groups of levels: group (levels,), -1 left out."""
        return self.tables[topic, attribute].grouped(self.axis[topic], group, n_groups)

    def _each(self, act: Callable[[tuple[str, str], Counts], Counts]) -> Shelf:
        return Shelf({key: act(key, table) for key, table in self.tables.items()}, self.axis)
