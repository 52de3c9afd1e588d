"""Reading a stored forecast: what its quantiles say about an amount that nobody asked about when they were made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def chance_of(amount: float, levels: Sequence[float], quantiles: Sequence[float]) -> float:
    """
    Return P(outcome >= amount), read off a forecast's quantiles.

    Shapes: levels, quantiles (n,), n >= 2, levels rising in (0, 1), quantiles not falling. Method: the distribution function
    is straight between neighbouring quantiles; beyond the outermost ones nothing is known, so the answer stays at their
    levels (0.025 and 0.975 of the usual seven). Quantiles that coincide are a jump: an amount on it is reached.
    :raises ValueError: for levels and quantiles of different or too small size, or quantiles that fall
    """
    level, value = np.asarray(levels, np.float64), np.asarray(quantiles, np.float64)
    if level.shape != value.shape or level.size < 2:
        raise ValueError("There must be as many quantiles as levels, and at least two.")
    if (np.diff(value) < 0).any() or (np.diff(level) <= 0).any():
        raise ValueError("Levels must rise and quantiles must not fall.")
    below = np.searchsorted(value, amount, "left")  # quantiles that are less than the amount
    if below == 0:
        return float(1 - level[0])
    if below == len(value):
        return float(1 - level[-1])
    share = (amount - value[below - 1]) / (value[below] - value[below - 1])
    return float(1 - (level[below - 1] + share * (level[below] - level[below - 1])))


def with_known(
    levels: Sequence[float], quantiles: Sequence[float], *, amount: float, chance: float
) -> tuple[list[float], list[float]]:
    """
    Return levels and quantiles with one more point: an amount whose chance the draws themselves have told.

    Where the point does not fit between its neighbours, or says certainty, they come back as they are.
    """
    level = 1 - chance
    at = sum(known < level for known in levels)
    fits = 0 < level < 1 and level not in levels
    fits = (
        fits and all(value <= amount for value in quantiles[:at]) and all(value >= amount for value in quantiles[at:])
    )
    if not fits:
        return list(levels), list(quantiles)
    return [*levels[:at], level, *levels[at:]], [*quantiles[:at], amount, *quantiles[at:]]
