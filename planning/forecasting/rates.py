"""
Rates of trials that take time: a lead is answered within a limit, a visit ends in a next step, a stage is left forwards.

A trial begins on a day and is watched until the day of asking. What has not ended yet is neither success nor failure: it
is at risk up to its age and then leaves the estimate (Aalen-Johansen). A rate with a horizon is the share that succeeded
at an age up to it: whatever ended otherwise, or later, counts against; a rate without one is the share of successes among
all that end. Two cohorts are compared at one age, which the younger one has reached: so a young cohort is never a drop.

Sources: as in `conversion`; the difference of two rates is Newcombe's (Statist. Med. 17 (1998), 873-890, method 10); pooling
is beta-binomial, its weight by marginal likelihood (Skellam, JRSS B 10 (1948), 257-261).
"""

from __future__ import annotations

import dataclasses as dc
from typing import Final

import numpy as np
from scipy.special import betaln

from .conversion import Lives, follow, wilson
from .history import UNKNOWN, Bools, Floats, Ints

FOR_EVER: Final = 10**9  # the horizon of a rate that has none
LEAST, WIDEST = 10, 0.35  # a rate that rests on fewer trials, or whose interval is wider, is too few to tell
SUCCESS, FAILURE = 0, 1
WEIGHTS: Final = np.logspace(0, 3.5, 29)  # trials that the common rate may be worth


@dc.dataclass(frozen=True, slots=True)
class Trials:
    """
    (n,) each. age: until it ended, else until now; watched: until now, whether it ended or not (watched ≥ age); both in the
    unit of the rate (days, working minutes). cause: SUCCESS, FAILURE, any higher code for another failure, -1 not ended.
    """

    age: Ints
    watched: Ints
    cause: Ints

    def only(self, rows: Bools | Ints) -> Trials:
        return Trials(self.age[rows], self.watched[rows], self.cause[rows])


@dc.dataclass(frozen=True, slots=True)
class Estimate:
    """
    Per cell, (C,). n = succeeded + failed + pending. size: trials that the rate rests on (with a horizon: those that could
    be watched that long; without: those that ended). rate with its 80 % interval [low, high]: NaN, 0, 1 without evidence.
    few: too few to tell. early: so because the cohort is young (fewer than half have ended, or could be watched to the
    horizon). median, p85: age at which half, 85 %, had ended in whatever way (Kaplan-Meier); NaN not reached.
    """

    n: Ints
    succeeded: Ints
    failed: Ints
    pending: Ints
    size: Ints
    rate: Floats
    low: Floats
    high: Floats
    few: Bools
    early: Bools
    median: Floats
    p85: Floats


@dc.dataclass(frozen=True, slots=True)
class EqualAge:
    """
    Two cohorts at one age, per cell (C,). age: reached by half of the younger cohort's trials, at most the horizon; 0 where
    there is none. rate, low, high of the share that had succeeded by then, (2, C): now, then; size (2, C). difference = now −
    then with its 80 % interval. few: too few in one of them.
    """

    age: Ints
    size: Ints
    rate: Floats
    low: Floats
    high: Floats
    difference: Floats
    difference_low: Floats
    difference_high: Floats
    few: Bools


def estimates(trials: Trials, cell: Ints, n_cells: int, horizon: Ints) -> Estimate:
    """
    Count and estimate per cell.

    Shapes: cell (n,) codes 0 … n_cells - 1; horizon (n_cells,) in the unit of the cell's ages, FOR_EVER = none.
    """
    limit = horizon[cell]
    success = (trials.cause == SUCCESS) & (trials.age <= limit)
    pending = (trials.cause == UNKNOWN) & (trials.age < limit)
    counts = [np.bincount(cell[rows], minlength=n_cells) for rows in (success, pending)]
    n = np.bincount(cell, minlength=n_cells)
    cut = _cut(trials, limit)
    curves = follow(Lives(cell, cut.age, cut.cause), n_cells, 3, ())
    endless = horizon >= FOR_EVER
    ended = np.bincount(cell[trials.cause >= 0], minlength=n_cells)
    watched = np.bincount(cell[trials.watched >= limit], minlength=n_cells)
    size = np.where(endless, ended, watched)
    share = np.where(
        endless, curves.incidence[:, SUCCESS] / np.maximum(curves.left, 1e-12), curves.incidence[:, SUCCESS]
    )
    rate, low, high = _with_interval(share, size)
    times = follow(Lives(cell, trials.age, np.minimum(trials.cause, 2)), n_cells, 3, (0.5, 0.85))
    young = np.where(endless, np.isnan(times.quantiles[:, 0]), 2 * size < n)
    few = too_few(size, low, high) | (endless & young)
    return Estimate(
        n=n,
        succeeded=counts[0],
        failed=n - counts[0] - counts[1],
        pending=counts[1],
        size=size,
        rate=rate,
        low=low,
        high=high,
        few=few,
        early=few & young & (n >= LEAST),
        median=times.quantiles[:, 0],
        p85=times.quantiles[:, 1],
    )


def at_age(trials: Trials, cell: Ints, n_cells: int, age: Ints) -> tuple[Ints, Floats, Floats, Floats]:
    """
    Size, rate, low, high (C,) of the share that had succeeded at an age (n_cells,), from all that were watched so far.

    size: trials that could be watched that long; without any there is no rate (NaN), nor where the age is 0.
    """
    cut = _cut(trials, age[cell])
    curves = follow(Lives(cell, cut.age, cut.cause), n_cells, 3, ())
    size = np.bincount(cell[(trials.watched >= age[cell]) & (age[cell] > 0)], minlength=n_cells)
    return size, *_with_interval(curves.incidence[:, SUCCESS], size)


def at_equal_age(
    *, now: Trials, now_cell: Ints, then: Trials, then_cell: Ints, n_cells: int, horizon: Ints
) -> EqualAge:
    """Compare a cohort with an earlier one, cell by cell, at the age that half of the younger trials have reached."""
    age = np.minimum(median_watched(now.watched, now_cell, n_cells), horizon)
    parts = (at_age(now, now_cell, n_cells, age), at_age(then, then_cell, n_cells, age))
    size, rate, low, high = (np.stack(both) for both in zip(*parts, strict=True))
    below = np.hypot(rate[0] - low[0], high[1] - rate[1])
    above = np.hypot(high[0] - rate[0], rate[1] - low[1])
    difference = rate[0] - rate[1]
    few = too_few(size[0], low[0], high[0]) | too_few(size[1], low[1], high[1])
    return EqualAge(age, size, rate, low, high, difference, difference - below, difference + above, few)


def pooled(rate: Floats, size: Ints) -> Floats:
    """
    Draw the rates of members that are alike towards their common rate, the fewer trials the more: (x + k m) / (size + k).

    Shapes: (R,); NaN where a member has no rate. k, the trials that the common rate m is worth, has the greatest marginal
    likelihood; with fewer than three members it is as large as the trials that there are, so that none is drawn far.
    """
    known = ~np.isnan(rate) & (size > 0)
    total = size[known].sum()
    if not total:
        return np.full(len(rate), np.nan)
    success = rate[known] * size[known]
    common = float(np.clip(success.sum() / total, 1e-4, 1 - 1e-4))
    weight = float(total)
    if known.sum() >= 3:
        a, b = WEIGHTS[:, None] * common, WEIGHTS[:, None] * (1 - common)
        likelihood = (betaln(success + a, size[known] - success + b) - betaln(a, b)).sum(1)
        weight = float(WEIGHTS[int(np.argmax(likelihood))])
    return (np.where(known, np.nan_to_num(rate) * size, 0.0) + weight * common) / (np.where(known, size, 0) + weight)


def _cut(trials: Trials, age: Ints) -> Trials:
    """The trials as they had been if they were watched up to an age only."""
    over = trials.age > age
    return Trials(
        np.minimum(trials.age, age),
        np.minimum(trials.watched, age),
        np.where(over, UNKNOWN, np.minimum(trials.cause, 2)),
    )


def _with_interval(share: Floats, size: Ints) -> tuple[Floats, Floats, Floats]:
    known = size > 0
    low, high = wilson(np.clip(np.nan_to_num(share), 0.0, 1.0), size.astype(np.float64))
    return np.where(known, np.clip(share, 0.0, 1.0), np.nan), np.where(known, low, 0.0), np.where(known, high, 1.0)


def too_few(size: Ints, low: Floats, high: Floats) -> Bools:
    """Tell where a rate rests on too few cases to be told: fewer than LEAST, or an interval wider than WIDEST."""
    return (size < LEAST) | (high - low > WIDEST)


def median_watched(watched: Ints, cell: Ints, n_cells: int) -> Ints:
    """(n_cells,) the age that at least half of a cell's trials could be watched to; 0 for an empty cell."""
    out = np.zeros(n_cells, np.int64)
    if not len(cell):
        return out
    span = int(watched.max()) + 1
    ordered = np.sort(cell * span + watched)
    count = np.bincount(cell, minlength=n_cells)
    begin = np.cumsum(count) - count
    filled = np.flatnonzero(count)
    out[filled] = ordered[begin[filled] + (count[filled] - 1) // 2] % span
    return out
