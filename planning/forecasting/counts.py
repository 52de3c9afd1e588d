"""Tables of whole numbers that are mostly zero: kept as the places that are not, added and taken away exactly."""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from .history import Bools, Floats, Ints, tally

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
        return cls.at(shape, places(shape, where), many)

    @classmethod
    def at(cls, shape: tuple[int, ...], key: Ints, many: Ints | None = None) -> Counts:
        """The same by flattened places."""
        size = int(np.prod(shape))
        if _has_room(size, key):
            if many is None:
                total: Ints = np.bincount(key, minlength=size)
            else:
                total = np.rint(tally(key, many.astype(np.float64), size)).astype(np.int64)
            found = np.flatnonzero(total)
            return cls(shape, found, total[found])
        if many is None:
            found, total = np.unique(key, return_counts=True)
            return cls(shape, found, total)
        order = np.argsort(key, kind="stable")  # tables one after the other are nearly in order
        key, many = key[order], many[order]
        first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, np.int64)
        total = np.add.reduceat(many, first) if len(key) else many
        some = np.flatnonzero(total)
        return cls(shape, key[first[some]], total[some])

    @classmethod
    def by_levels(
        cls,
        shape: tuple[int, ...],
        key: Ints,
        levels: Mapping[str, Ints],
        sizes: Mapping[str, int],
        many: Ints | None = None,
    ) -> dict[str, Counts]:
        """
        Count the same rows by each of several attributes: one table (levels, *shape) for each.

        key (n,): places in shape, flattened; levels: per attribute (n,) codes 0 … sizes - 1, -1 left out. Only places that
        occur at all have to be told apart, and which these are is worked out once.
        """
        inside = int(np.prod(shape))
        used, place = _occurring(key, inside)
        room = max(len(used), 1)
        out = {}
        for name, level in levels.items():
            at, some = places((sizes[name], room), [level, place]), many
            known = level >= 0
            if not known.all():
                at, some = at[known], None if many is None else many[known]
            table = cls.at((sizes[name], room), at, some)
            head, tail = np.divmod(table.key.astype(np.int64), room)
            out[name] = cls((sizes[name], *shape), head * inside + used[tail], table.many)
        return out

    @classmethod
    def total(cls, tables: Sequence[Counts]) -> Counts:
        """The sum of tables of one shape."""
        if len(tables) == 1:
            return tables[0]
        key, many = (np.concatenate([getattr(table, name) for table in tables]) for name in ("key", "many"))
        return cls.at(tables[0].shape, key, many)

    @classmethod
    def none(cls, shape: tuple[int, ...]) -> Counts:
        """Nothing counted yet."""
        return cls(shape, np.zeros(0, np.int64), np.zeros(0, np.int64))

    def __add__(self, other: Counts) -> Counts:
        return self.total([self, other])

    def __sub__(self, other: Counts) -> Counts:
        return self.total([self, dc.replace(other, many=-other.many)]) if len(other.key) else self

    def columns(self) -> tuple[Ints, ...]:
        """(n,) place of each row on every axis."""
        return tuple(np.asarray(column) for column in np.unravel_index(self.key, self.shape))

    def recoded(self, codes: Ints, size: int) -> Counts:
        """By other levels, those of the first axis: codes (shape[0],) = the new one of each, -1 left out."""
        shape = (size, *self.shape[1:])
        moving = codes[codes >= 0]
        in_order = bool((moving[1:] > moving[:-1]).all())
        if in_order and len(moving) == len(codes) == self.shape[0] and (codes == np.arange(len(codes))).all():
            return Counts(shape, self.key, self.many)
        level, rest, many = self._moved(codes)
        if in_order:
            return Counts(shape, level * int(np.prod(self.shape[1:])) + rest, many)
        return self.by_levels(self.shape[1:], rest, {"": level}, {"": size}, many)[""]

    def grouped(self, codes: Ints, size: int) -> Floats:
        """The array itself by other levels, as `recoded`."""
        shape = (size, *self.shape[1:])
        level, rest, many = self._moved(codes)
        key = level * int(np.prod(self.shape[1:])) + rest
        return tally(key, many.astype(np.float64), int(np.prod(shape))).reshape(shape)

    def _moved(self, codes: Ints) -> tuple[Ints, Ints, Ints]:
        """New level, place within it and number of each row that has one."""
        level, rest = np.divmod(self.key, int(np.prod(self.shape[1:])))
        of = codes.astype(np.int64)[level]
        kept: Bools = of >= 0
        return (of, rest, self.many) if kept.all() else (of[kept], rest[kept], self.many[kept])

    def dense(self) -> Floats:
        """The array itself."""
        return tally(self.key, self.many.astype(np.float64), int(np.prod(self.shape))).reshape(self.shape)


def places(shape: tuple[int, ...], where: Sequence[Ints]) -> Ints:
    """Places in the flattened array, in 32 bits where that is enough: half the bytes to sort."""
    kind = np.int32 if int(np.prod(shape)) < 2**31 else np.int64
    key: Ints = where[0].astype(kind)
    for size, column in zip(shape[1:], where[1:], strict=True):
        key *= size
        key += column.astype(kind, copy=False)
    return key


def _has_room(size: int, key: Ints) -> bool:
    """Counting is faster than sorting, where there is room to count in."""
    return size <= max(ROOMY * len(key), LITTLE)


def _occurring(key: Ints, size: int) -> tuple[Ints, Ints]:
    """The places that occur, rising, and (n,) which of them each row's is."""
    if not _has_room(size, key):
        used, place = np.unique(key, return_inverse=True)
        return used, place.astype(np.int32)
    occurs = np.zeros(size, np.bool_)
    occurs[key] = True
    used = np.flatnonzero(occurs)
    rank = np.empty(size, np.int32)
    rank[used] = np.arange(len(used), dtype=np.int32)
    return used, rank[key]


@dc.dataclass(frozen=True, slots=True)
class Shelf:
    """
    Tables of some deals by topic and attribute (owner, product …; "" for none): they add up over deals.

    The levels of the attribute lie along the first axis of a table.
    """

    tables: Mapping[tuple[str, str], Counts]

    @classmethod
    def total(cls, shelves: Sequence[Shelf]) -> Shelf:
        """The sum of shelves of the same tables."""
        return cls({key: Counts.total([shelf.tables[key] for shelf in shelves]) for key in shelves[0].tables})

    def __sub__(self, other: Shelf) -> Shelf:
        return self._each(lambda key, table: table - other.tables[key])

    def recoded(self, codes: Mapping[str, Ints], sizes: Mapping[str, int]) -> Shelf:
        """By other level codes: per attribute the new code of each, -1 left out, and how many there are."""

        def moved(key: tuple[str, str], table: Counts) -> Counts:
            _, attribute = key
            return table.recoded(codes[attribute], sizes[attribute]) if attribute else table

        return self._each(moved)

    def _each(self, act: Callable[[tuple[str, str], Counts], Counts]) -> Shelf:
        return Shelf({key: act(key, table) for key, table in self.tables.items()})
