"""
Which open deals share one calculation: those that stand alike, and whose later stages are alike.

Cost then grows with the number of kinds of deals, and where there are very many kinds, likeness is read more broadly.
"""

from __future__ import annotations

import dataclasses as dc
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from .exposure import OUTCOMES
from .history import Bools, Floats, Ints

GRID: Final = 0.05  # a deal's factors in its present stage are rounded to 5 % so that like deals share one calculation
SHARP: Final = 0.125  # of the grid of other days: how wide that of the days to the closing date is
SHAPES: Final = 200  # at most so many kinds of deals are told apart in the stages after the present one


@dc.dataclass(frozen=True, slots=True)
class Open:
    """
    Open deals, (n,): state, age = days in it, to_close = days to the expected closing date, dated = has one; levels
    (n, attributes).
    """

    state: Ints
    age: Ints
    to_close: Ints
    dated: Bools
    levels: Ints


def unique_rows(keys: npt.NDArray[np.int64]) -> tuple[Ints, Ints]:
    """First row of each distinct key (n, k) and, per row, its group; groups in the order of the keys."""
    code, size = np.zeros(len(keys), np.int64), 1
    for column in keys.T:
        low = int(column.min(initial=0))
        width = int(column.max(initial=0)) - low + 1
        if size * width >= 2**62:  # too many for one number: count only those that occur
            _, code = np.unique(code, return_inverse=True)
            size = int(code.max(initial=0)) + 1
        code, size = code * width + (column - low), size * width
    _, first, group = np.unique(code, return_index=True, return_inverse=True)
    return first, group


def take(deals: Open, rows: Ints) -> Open:
    return Open(**{f.name: getattr(deals, f.name)[rows] for f in dc.fields(deals)})


def alike(deals: Open, shape: Ints, own: Floats, most: int) -> tuple[Open, Ints, Floats, Ints]:
    """
    Gather deals that share one calculation: a mean deal, the shape (G,) and the own factors (G, 4) of each group, and the
    group of each deal (n,).

    Equal ones share it; where that makes more than `most`, days and own factors are told apart on ever wider grids, in
    logs. The days to the closing date stay sharp longest (a week too early is another month), where there are such the
    days in stage only act by band. Who a deal's later stages are like (its shape) is never blurred. shape (n,), own
    (n, 4).
    """
    grid = width = 0.0
    aged = 4.0 if deals.to_close.any() else 1.0
    while True:
        days = [
            np.rint(np.sign(d) * np.log1p(np.abs(d)) / (width * wide)) if width else d
            for d, wide in ((deals.age, aged), (deals.to_close, SHARP))
        ]
        factors = np.rint(own / grid) if grid else own
        first, group = unique_rows(np.column_stack([deals.state, shape, *days, factors]).astype(np.int64))
        if len(first) <= most:
            break
        wider = 1.3 if len(first) < 2 * most else 2.2
        grid, width = max(grid * wider, 1.0), max(width * wider, 0.03)
    size = np.bincount(group)

    def mean(values: Ints | Floats) -> Floats:
        return np.asarray(np.bincount(group, values) / size)

    rows = take(deals, first)
    typical = dc.replace(
        rows, age=np.rint(mean(deals.age)).astype(np.int64), to_close=np.rint(mean(deals.to_close)).astype(np.int64)
    )
    return typical, shape[first], np.stack([mean(column) for column in own.T], axis=1), group


def shapes_of(log_scale: Floats, states: Ints) -> tuple[Floats, Ints]:
    """
    Gather deals of like factors, for the stages after the present one. (n, S, 4) → (C, S, 4) with C ≤ SHAPES about,
    and (n,).

    Deals are told apart by their mean log factor per outcome over the open states, on a grid as fine as SHAPES
    allows.
    """
    mean = log_scale[:, states].mean(1) if len(states) else np.zeros((len(log_scale), OUTCOMES + 1))
    grid = GRID
    while True:
        first, shape = unique_rows(np.round(mean / grid).astype(np.int64))
        if len(first) <= SHAPES:
            break
        grid *= 1.4
    size = np.bincount(shape).astype(np.float64)
    members = csr_array((np.ones(len(shape)), (shape, np.arange(len(shape)))), shape=(len(first), len(shape)))
    total = np.asarray(members @ log_scale.reshape(len(shape), -1)).reshape(-1, *log_scale.shape[1:])
    return np.asarray(np.exp(total / size[:, None, None])), shape
