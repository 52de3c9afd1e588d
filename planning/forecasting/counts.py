"""Tables of whole numbers that are mostly zero: kept as the places that are not, added and taken away exactly."""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from .history import Floats, Ints, tally

ROOMY: Final = 4
LITTLE: Final = 2_000_000


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
        return cls.at(shape, _places(shape, where), many)

    @classmethod
    def at(cls, shape: tuple[int, ...], key: Ints, many: Ints | None = None) -> Counts:
        """The same by flattened places."""
        size = int(np.prod(shape))
        if size <= max(ROOMY * len(key), LITTLE):  # counting is faster than sorting, where there is room to count in
            total = np.rint(np.bincount(key, many, size)).astype(np.int64)
            found = np.flatnonzero(total)
            return cls(shape, found, total[found])
        if many is None:
            found, total = np.unique(key, return_counts=True)
            return cls(shape, found, total)
        order = np.argsort(key, kind="stable")  # two tables one after the other are nearly in order
        key, many = key[order], many[order]
        first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, np.int64)
        total = np.add.reduceat(many, first) if len(key) else many
        some = np.flatnonzero(total)
        return cls(shape, key[first[some]], total[some])

    @classmethod
    def none(cls, shape: tuple[int, ...]) -> Counts:
        """Nothing counted yet."""
        return cls(shape, np.zeros(0, np.int64), np.zeros(0, np.int64))

    def __add__(self, other: Counts) -> Counts:
        return self.at(self.shape, np.r_[self.key, other.key], np.r_[self.many, other.many])

    def __sub__(self, other: Counts) -> Counts:
        return self.at(self.shape, np.r_[self.key, other.key], np.r_[self.many, -other.many])

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
        place, many = _places(shape, [column[kept] for column in columns]), self.many[kept].astype(np.float64)
        return tally(place, many, int(np.prod(shape))).reshape(shape)

    def dense(self) -> Floats:
        """The array itself."""
        return tally(self.key, self.many.astype(np.float64), int(np.prod(self.shape))).reshape(self.shape)


def _places(shape: tuple[int, ...], where: Sequence[Ints]) -> Ints:
    """Places in the flattened array, in 32 bits where that is enough: half the bytes to sort."""
    kind = np.int32 if int(np.prod(shape)) < 2**31 else np.int64
    key: Ints = where[0].astype(kind)
    for size, column in zip(shape[1:], where[1:], strict=True):
        key *= size
        key += column.astype(kind)
    return key


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
