"""
Conversion rates and time in stage from the recorded stays, with young cohorts censored.

A stay counts from the day it was entered. A stay that still lasts is no failure and no success: it is at risk up to
its age and then leaves the estimate (Aalen-Johansen for the rates, Kaplan-Meier for the times), so a group with many
young stays is not judged early.

Sources: Aalen & Johansen, Scand. J. Statist. 5 (1978), 141-150; Kaplan & Meier, JASA 53 (1958), 457-481; the interval
is Wilson's score interval (JASA 22 (1927), 209-212) at the number of stays the evidence is worth.
"""

from __future__ import annotations

import dataclasses as dc
from typing import Final

import numpy as np
from scipy.special import ndtri

from .hazards import ADVANCE, BACK, LOSS, WIN, kinds_of
from .history import UNKNOWN, Bools, Floats, Funnel, Ints, Ledger, Stays, stays_of, tally

LEVEL: Final = 0.80
DENSE: Final = 8  # places per life, and places in any case, that a table of all cells and ages may have
MOST: Final = 1_000_000


@dc.dataclass(frozen=True, slots=True)
class Conversion:
    """
    One row per (state, group), (R,), only where somebody entered.

    entered: stays begun in the span. advanced: left forwards, won counts as forwards; back: moved back; lost; open:
    still there. rate, low, high: share of the stays that will leave forwards as their next move, all followed to
    their end (Aalen-Johansen; of those that leave within the longest time seen), with an 80 % interval; NaN while
    nobody has left. mature: stays the rate rests on. median_days, p85_days: time until half, 85 %, of the stays have
    ended in whatever way (Kaplan-Meier); NaN while not reached. win_rate, win_low, win_high: share of deals that
    entered here and will be won, by way of whatever stages; NaN without evidence.
    """

    state: Ints
    group: Ints
    entered: Ints
    advanced: Ints
    back: Ints
    lost: Ints
    open: Ints
    mature: Floats
    rate: Floats
    low: Floats
    high: Floats
    median_days: Floats
    p85_days: Floats
    win_rate: Floats
    win_low: Floats
    win_high: Floats


def wilson(rate: Floats, n: Floats, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Score interval of a share seen in n (not necessarily whole) cases; [0, 1] where n = 0. Shapes: (R,)."""
    z = float(ndtri(0.5 + level / 2))
    size = np.maximum(n, 1e-9)
    middle = (rate + z * z / (2 * size)) / (1 + z * z / size)
    half = z / (1 + z * z / size) * np.sqrt(np.maximum(rate * (1 - rate), 0.0) / size + z * z / (4 * size**2))
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)


@dc.dataclass(frozen=True, slots=True)
class Lives:
    """Times to one of several ends, (n,): cell 0 … cells - 1, age in days, cause ≥ 0 or -1 while it lasts."""

    cell: Ints
    age: Ints
    cause: Ints


@dc.dataclass(frozen=True, slots=True)
class Curves:
    """
    incidence (cells, causes): Aalen-Johansen at the longest age seen. left (cells,): share that ended. quantiles
    (cells, q).
    """

    incidence: Floats
    left: Floats
    quantiles: Floats


def follow(lives: Lives, n_cells: int, n_causes: int, quantiles: tuple[float, ...]) -> Curves:
    """Kaplan-Meier and Aalen-Johansen for all cells at once: one sort, then cumulative sums within cells."""
    out = Curves(
        np.zeros((n_cells, n_causes)), np.zeros(n_cells), np.full((n_cells, len(quantiles)), np.nan, np.float64)
    )
    if not len(lives.cell):
        return out
    span = int(lives.age.max()) + 1
    key = lives.cell * span + lives.age
    if n_cells * span <= DENSE * len(key) + MOST:  # counting is faster than sorting, where there is room to count in
        at = np.flatnonzero(np.bincount(key, minlength=n_cells * span))
        place = np.empty(n_cells * span, np.int64)
        place[at] = np.arange(len(at))
        where = place[key]
    else:
        at, where = np.unique(key, return_inverse=True)
    cell, age = at // span, at % span
    ended = np.stack([np.bincount(where[lives.cause == c], minlength=len(at)) for c in range(n_causes)], axis=1)
    gone = np.bincount(where, minlength=len(at))
    first = np.r_[True, cell[1:] != cell[:-1]]
    begin = np.maximum.accumulate(np.where(first, np.arange(len(at)), 0))
    before = np.cumsum(gone) - gone
    entered = np.bincount(lives.cell, minlength=n_cells)[cell]
    risk = entered - (before - before[begin])
    hazard = ended / risk[:, None]
    keep = np.log(np.maximum(1 - hazard.sum(1), 1e-300))
    through = np.cumsum(keep)
    alive_after = np.exp(through - (through - keep)[begin])
    alive_before = np.exp((through - keep) - (through - keep)[begin])
    flow = alive_before[:, None] * hazard
    for c in range(n_causes):
        out.incidence[:, c] = tally(cell, flow[:, c], n_cells)
    last = np.r_[first[1:], True]
    out.left[cell[last]] = 1 - alive_after[last]
    for i, q in enumerate(quantiles):
        reached = np.flatnonzero(alive_after <= 1 - q + 1e-12)
        cells, index = np.unique(cell[reached], return_index=True)
        out.quantiles[cells, i] = age[reached[index]]
    return out


def _rates(curves: Curves, cause: int, ended: Ints) -> tuple[Floats, Floats, Floats]:
    """Share of one cause among those that end, and its interval at the number of ends seen."""
    with_end = (ended > 0) & (curves.left > 0)
    rate = np.where(with_end, curves.incidence[:, cause] / np.maximum(curves.left, 1e-12), np.nan)
    low, high = wilson(np.nan_to_num(rate), ended.astype(np.float64))
    return rate, np.where(with_end, low, 0.0), np.where(with_end, high, 1.0)


def conversion_rates(
    ledger: Ledger,
    funnel: Funnel,
    *,
    as_of: int,
    group: Ints | None = None,
    n_groups: int = 1,
    since: int | None = None,
    until: int | None = None,
) -> Conversion:
    """
    Count and estimate per open state and group from what was known before as_of.

    Shapes: group (n_deals,) codes 0 … n_groups - 1, -1 left out; by default one group of all. since, until: only
    stays entered on days [since, until). Units: days. A stay left and entered again counts twice: it was tried twice.
    Stays begun before ledger.history_from are left out, for nobody knows those that had ended before.
    """
    known = ledger.before(as_of)
    stays = stays_of(known, as_of)
    groups = np.zeros(ledger.n_deals, np.int64) if group is None else group
    of = groups[stays.deal]
    start = ledger.history_from if since is None else max(since, ledger.history_from)
    counted = funnel.open[stays.state] & (of >= 0) & (stays.entered >= start)
    if until is not None:
        counted &= stays.entered < until
    n_cells = funnel.n_states * n_groups
    rows = np.flatnonzero(counted)
    cell = stays.state[rows] * n_groups + of[rows]
    kind = kinds_of(funnel)
    to = stays.to[rows]
    cause = np.where(to == UNKNOWN, UNKNOWN, kind[stays.state[rows], to])
    forward = np.where(
        (cause == WIN) | (cause == ADVANCE), 0, np.where(cause == LOSS, 1, np.where(cause == BACK, 2, -1))
    )
    age = stays.left[rows] - stays.entered[rows]
    moves = follow(Lives(cell, age, forward), n_cells, 3, (0.5, 0.85))
    counts = [np.bincount(cell[forward == c], minlength=n_cells) for c in (0, 1, 2, -1)]
    ended = counts[0] + counts[1] + counts[2]
    rate, low, high = _rates(moves, 0, ended)

    ends = _fates(stays, funnel, rows)
    fates = follow(Lives(cell, ends.age, ends.cause), n_cells, 2, ())
    settled = np.bincount(cell[ends.cause >= 0], minlength=n_cells)
    win, win_low, win_high = _rates(fates, 0, settled)

    entered = np.bincount(cell, minlength=n_cells)
    shown = np.flatnonzero(entered > 0)
    return Conversion(
        state=shown // n_groups,
        group=shown % n_groups,
        entered=entered[shown],
        advanced=counts[0][shown],
        back=counts[2][shown],
        lost=counts[1][shown],
        open=counts[3][shown],
        mature=ended[shown].astype(np.float64),
        rate=rate[shown],
        low=low[shown],
        high=high[shown],
        median_days=moves.quantiles[shown, 0],
        p85_days=moves.quantiles[shown, 1],
        win_rate=win[shown],
        win_low=win_low[shown],
        win_high=win_high[shown],
    )


def _fates(stays: Stays, funnel: Funnel, rows: Ints) -> Lives:
    """
    For the stays in `rows`: days from entering to the deal's end and 0 won, 1 lost, -1 the deal is open. A reopened
    deal is open again.
    """
    n = len(stays.deal)
    if not n:
        return Lives(rows, rows, rows)
    last: Bools = np.r_[stays.deal[1:] != stays.deal[:-1], True]
    final = np.flatnonzero(last)[np.cumsum(np.r_[True, last[:-1]]) - 1][rows]
    state = stays.state[final]
    over = ~funnel.open[state]
    cause = np.where(funnel.won[state], 0, np.where(funnel.lost[state], 1, UNKNOWN))
    until = np.where(over, stays.entered[final], stays.as_of)
    return Lives(stays.deal[rows], until - stays.entered[rows], cause)
