"""
Hazards that change: by how much recent months differ from the whole history, state by state, and what that lets expect.

The history is cut into months back from as_of. In each month, for each state and outcome, the moves that happened (O)
are held against those that the hazards expected of the deals that were there, at their ages and with their factors (E).
O / E - 1 is first followed for an outcome over all states, then for each state around that (`kriging`): a drift that is
forgotten, a yearly wave. The result multiplies the hazards of the months ahead.
"""

from __future__ import annotations

import dataclasses as dc
from itertools import pairwise
from typing import Final

import numpy as np

from .calendars import months_back
from .exposure import FAR, OUTCOMES
from .hazards import Hazards, Table, log_factors
from .history import UNKNOWN, Bools, Floats, Funnel, Ints, Stays, tally
from .kriging import Off, krige

PAST: Final = 30  # months looked back
AHEAD: Final = 12  # months looked ahead; later ones are like the last
SOON: Final = 3
MONTH: Final = 30.4375
SAMPLE: Final = 400_000  # stays that are enough; of more, every n-th deal is looked at
SEEN: Final = 30.0  # expected moves from which an outcome of a state has a drift of its own
LEAST, MOST = 0.4, 2.5


@dc.dataclass(frozen=True, slots=True)
class Drift:
    """factor (AHEAD, S, 3): multiplies the hazards of each month ahead, by state and outcome class."""

    factor: Floats

    @classmethod
    def none(cls, n_states: int) -> Drift:
        """Nothing changes."""
        return cls(np.ones((AHEAD, n_states, OUTCOMES)))

    def on(self, day: int) -> int:
        """The month ahead that a day from as_of on lies in."""
        return min(int(day / MONTH), AHEAD - 1)

    @property
    def soon(self) -> Floats:
        """(S, 4) the mean factors of the next months, for what is not followed day by day; moves back carry none."""
        mean = self.factor[:SOON].mean(0)
        return np.concatenate([mean, np.ones((len(mean), 1))], 1)


def _daily(table: Table, kind: Ints) -> Floats:
    """(S, B, 3) chance of each outcome class on a day at factors 1."""
    total = table.rate.sum(2)
    leave = table.rate * np.where(total > 0, -np.expm1(-total) / np.maximum(total, 1e-300), 0.0)[:, :, None]
    return np.stack([np.where((kind == c)[:, None, :], leave, 0.0).sum(2) for c in range(OUTCOMES)], axis=2)


def _expected(
    table: Table, stays: Stays, rows: Ints, levels: Ints, kind: Ints, *, by_close: bool, edges: Ints, history_from: int
) -> Floats:
    """(months, S, 3) moves expected of some stays between the edges (months + 1,)."""
    n = len(kind)
    state, entered = stays.state[rows], stays.entered[rows]
    gone = stays.to[rows] != UNKNOWN
    start, stop = np.maximum(0, history_from - entered), stays.left[rows] - entered + gone
    lead = stays.close[rows] - entered
    clock = np.arange(-FAR, FAR + 1)
    bins = np.clip(np.searchsorted(table.edges, clock, "right") - 1, 0, len(table.edges) - 2)
    daily = _daily(table, kind)[:, bins]  # (S, days, 3)
    until = np.concatenate([np.zeros((n, 1, OUTCOMES)), np.cumsum(daily, 1)], 1)
    factor = np.exp(log_factors(table, state, levels)[:, :OUTCOMES])
    out = np.zeros((len(edges) - 1, n, OUTCOMES))
    for m, (first, after) in enumerate(pairwise(edges.tolist())):
        a, z = np.maximum(start, first - entered), np.minimum(stop, after - entered)
        here = np.flatnonzero(z > a)
        low, high = (lead[here] - z[here] + 1, lead[here] - a[here] + 1) if by_close else (a[here], z[here])
        s = state[here]
        moves = until[s, np.clip(high, -FAR, FAR) + FAR] - until[s, np.clip(low, -FAR, FAR) + FAR]
        moves *= factor[here]
        for c in range(OUTCOMES):
            out[m, :, c] = tally(s, moves[:, c], n)
    return out


def _happened(stays: Stays, kind: Ints, some: Bools, edges: Ints) -> Floats:
    """(months, S, 3) moves that happened between the edges."""
    rows = np.flatnonzero(some & (stays.to != UNKNOWN) & (stays.left >= edges[0]))
    c = kind[stays.state[rows], stays.to[rows]]
    rows, c = rows[c < OUTCOMES], c[c < OUTCOMES]
    month = np.searchsorted(edges, stays.left[rows], "right") - 1
    n = len(kind)
    size = (len(edges) - 1) * n * OUTCOMES
    cell = (month * n + stays.state[rows]) * OUTCOMES + c
    return tally(cell, np.ones(len(cell)), size).reshape(-1, n, OUTCOMES)


def _follow(came: Floats, said: Floats, days: Floats, ahead: Floats, *, wave: bool = True) -> tuple[Floats, Floats]:
    """Factors in past months (months,) and ahead (AHEAD,) from moves that came and that were expected (months,)."""
    seen = np.flatnonzero(said > 0.5)
    off = Off(days[seen], np.clip(came[seen] / said[seen] - 1, -1.0, 2.0), 1 / np.sqrt(said[seen]))
    mean, _ = krige(off, np.r_[days, ahead], period=MONTH, wave=wave)
    both: Floats = np.clip(1 + mean, LEAST, MOST)
    return both[: len(days)], both[len(days) :]


def learn_drift(stays: Stays, funnel: Funnel, levels: Ints, hazards: Hazards, *, history_from: int) -> Drift:
    """
    Learn what multiplies the hazards from as_of on, from the stays known then.

    levels (n_stays, attributes): as the hazards were learnt with.
    """
    n, kind = funnel.n_states, hazards.kind
    if not len(stays.deal):
        return Drift.none(n)
    first = max(int(stays.entered.min()), history_from)
    edges = months_back(stays.as_of, PAST)
    edges = edges[edges >= first]
    if len(edges) < 4:
        return Drift.none(n)
    open_ = funnel.open[stays.state] & (stays.left >= edges[0])
    open_ &= stays.deal % (1 + int(open_.sum()) // SAMPLE) == 0
    dated = (stays.close != UNKNOWN) if hazards.close is not None else np.zeros(len(stays.deal), np.bool_)
    said = np.zeros((len(edges) - 1, n, OUTCOMES))
    for table, mine in ((hazards.age, open_ & ~dated), (hazards.close, open_ & dated)):
        rows = np.flatnonzero(mine)
        if table is None or not len(rows):
            continue
        said += _expected(
            table,
            stays,
            rows,
            levels[rows],
            kind,
            by_close=table is not hazards.age,
            edges=edges,
            history_from=history_from,
        )
    came = _happened(stays, kind, open_, edges)
    days = ((edges[:-1] + edges[1:]) / 2).astype(np.float64)
    weight = np.exp2(-(stays.as_of - days) / 365.0)[:, None, None]
    said *= ((came * weight).sum(0) + 1) / ((said * weight).sum(0) + 1)  # on the whole the hazards are right
    ahead = (stays.as_of + (np.arange(AHEAD) + 0.5) * MONTH).astype(np.float64)
    factor = np.ones((AHEAD, n, OUTCOMES))
    for c in range(OUTCOMES):
        if said[:, :, c].sum() < SEEN:
            continue
        past, common = _follow(came[:, :, c].sum(1), said[:, :, c].sum(1), days, ahead)
        factor[:, :, c] = common[:, None]
        for s in np.flatnonzero(said[:, :, c].sum(0) >= SEEN):
            if (said[:, :, c].sum(0) > 0).sum() > 1:
                factor[:, s, c] *= _follow(came[:, s, c], said[:, s, c] * past, days, ahead, wave=False)[1]
    return Drift(np.clip(factor, LEAST, MOST))
