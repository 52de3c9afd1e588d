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
    """
    Times to one of several ends, (n,): cell 0 … cells - 1, age in days, cause ≥ 0 or -1 while it lasts.

    many (n,): how many alike a row stands for; None = one.
    """

    cell: Ints
    age: Ints
    cause: Ints
    many: Ints | None = None

    def counted(self, size: int, n_causes: int) -> Ints:
        """(size, causes + 1) how many there are by cell and cause; the last ones still last."""
        code = self.cell * (n_causes + 1) + np.where(self.cause < 0, n_causes, self.cause)
        return np.bincount(code, self.many, size * (n_causes + 1)).astype(np.int64).reshape(size, n_causes + 1)

    def only(self, rows: Bools) -> Lives:
        """Some of them."""
        many = None if self.many is None else self.many[rows]
        return Lives(self.cell[rows], self.age[rows], self.cause[rows], many)

    def __add__(self, other: Lives) -> Lives:
        many = [np.ones(len(one.cell), np.int64) if one.many is None else one.many for one in (self, other)]
        return Lives(
            np.r_[self.cell, other.cell],
            np.r_[self.age, other.age],
            np.r_[self.cause, other.cause],
            np.concatenate(many),
        )


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
    counts = Lives(where, lives.age, lives.cause, lives.many).counted(len(at), n_causes)
    ended, gone = counts[:, :n_causes], counts.sum(1)
    first = np.r_[True, cell[1:] != cell[:-1]]
    begin = np.maximum.accumulate(np.where(first, np.arange(len(at)), 0))
    before = np.cumsum(gone) - gone
    entered = tally(cell, gone.astype(np.float64), n_cells)[cell]
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
    seen = followed(stays_of(ledger.before(as_of), as_of), funnel)
    groups = np.zeros(ledger.n_deals, np.int64) if group is None else group
    start = ledger.history_from if since is None else max(since, ledger.history_from)
    counted = seen.entered >= start
    if until is not None:
        counted &= seen.entered < until
    return rates_of(*seen.lives(groups, n_groups, counted), n_states=funnel.n_states, n_groups=n_groups)


def rates_of(moves: Lives, fates: Lives, *, n_states: int, n_groups: int) -> Conversion:
    """Estimate from stays until they were left, and until their deals ended; cell = state × n_groups + group."""
    n_cells = n_states * n_groups
    curves = follow(moves, n_cells, 3, (0.5, 0.85))
    counts = moves.counted(n_cells, 3)
    ended, entered = counts[:, :3].sum(1), counts.sum(1)
    rate, low, high = _rates(curves, 0, ended)
    settled = fates.counted(n_cells, 2)[:, :2].sum(1)
    win, win_low, win_high = _rates(follow(fates, n_cells, 2, ()), 0, settled)

    shown = np.flatnonzero(entered > 0)
    return Conversion(
        state=shown // n_groups,
        group=shown % n_groups,
        entered=entered[shown],
        advanced=counts[shown, 0],
        back=counts[shown, 2],
        lost=counts[shown, 1],
        open=counts[shown, 3],
        mature=ended[shown].astype(np.float64),
        rate=rate[shown],
        low=low[shown],
        high=high[shown],
        median_days=curves.quantiles[shown, 0],
        p85_days=curves.quantiles[shown, 1],
        win_rate=win[shown],
        win_low=win_low[shown],
        win_high=win_high[shown],
    )


@dc.dataclass(frozen=True, slots=True)
class Followed:
    """
    Stays in open states, (n,) each: deal, state, entered; age, cause: days until the stay was left, 0 forwards, 1 lost, 2
    back, -1 it lasts; until, fate: days until the deal's end, 0 won, 1 lost, -1 it is open.
    """

    deal: Ints
    state: Ints
    entered: Ints
    age: Ints
    cause: Ints
    until: Ints
    fate: Ints

    def only(self, rows: Bools) -> Followed:
        """Some of them."""
        return Followed(*(getattr(self, field.name)[rows] for field in dc.fields(self)))

    def __add__(self, other: Followed) -> Followed:
        return Followed(*(np.r_[getattr(self, f.name), getattr(other, f.name)] for f in dc.fields(self)))

    def lives(self, group: Ints, n_groups: int, rows: Bools) -> tuple[Lives, Lives]:
        """Until they were left, and until their deals ended: some rows, and of those the deals that have a group."""
        of = group[self.deal]
        some = np.flatnonzero(rows & (of >= 0))
        cell = self.state[some] * n_groups + of[some]
        return Lives(cell, self.age[some], self.cause[some]), Lives(cell, self.until[some], self.fate[some])


def followed(stays: Stays, funnel: Funnel) -> Followed:
    """Follow every stay in an open state to its own end and to its deal's. A reopened deal is open again."""
    rows = np.flatnonzero(funnel.open[stays.state])
    state, to = stays.state[rows], stays.to[rows]
    kind = np.where(to == UNKNOWN, UNKNOWN, kinds_of(funnel)[state, to])
    forward = (kind == WIN) | (kind == ADVANCE)
    last: Bools = np.ones(len(stays.deal), np.bool_)
    last[:-1] = stays.deal[1:] != stays.deal[:-1]
    ordinal: Ints = np.cumsum(last) - last  # of the deal among those with a stay
    final = np.flatnonzero(last)[ordinal[rows]]
    end = stays.state[final]
    over = ~funnel.open[end]
    return Followed(
        deal=stays.deal[rows],
        state=state,
        entered=stays.entered[rows],
        age=stays.left[rows] - stays.entered[rows],
        cause=np.where(forward, 0, np.where(kind == LOSS, 1, np.where(kind == BACK, 2, -1))),
        until=np.where(over, stays.entered[final], stays.as_of) - stays.entered[rows],
        fate=np.where(funnel.won[end], 0, np.where(funnel.lost[end], 1, UNKNOWN)),
    )
