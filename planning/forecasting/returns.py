"""
Lost deals that come back: how likely a lost deal is reopened, by how long ago it was lost, and won after all.

The daily rate of reopening is that of the days since the loss (few wide bins, recent evidence first); what follows is a
fresh stay in the states that reopened deals have come back to. A company that never reopens a deal expects none to.
"""

from __future__ import annotations

import dataclasses as dc
from itertools import pairwise
from typing import Final

import numpy as np

from .drift import Drift
from .hazards import Hazards
from .history import UNKNOWN, Floats, Funnel, Ints, Stays
from .winning import fresh_curves

EDGES: Final = np.array([0, 7, 30, 90, 180, 365, 730], np.int64)  # days since the loss; later ones stay lost
HALF_LIFE: Final = 365.0


@dc.dataclass(frozen=True, slots=True)
class Returns:
    """deal (n,): lost deals that may come back; by_end (n, H): chance that each is won by the end of a window."""

    deal: Ints
    by_end: Floats


@dc.dataclass(frozen=True, slots=True)
class Reopening:
    """rate (B,): daily rate of being reopened, by bin of EDGES; share (S,): of the states that reopened deals come to."""

    rate: Floats
    share: Floats


def learn_reopening(stays: Stays, funnel: Funnel, *, history_from: int) -> Reopening:
    """Learn from the stays known on stays.as_of."""
    rows = np.flatnonzero(funnel.lost[stays.state])
    to = stays.to[rows]
    back = (to != UNKNOWN) & funnel.open[to]
    age = stays.left[rows] - stays.entered[rows]
    late = np.maximum(history_from - stays.entered[rows], 0)
    weight = np.exp2(-(stays.as_of - stays.left[rows]) / HALF_LIFE)
    rate = np.zeros(len(EDGES) - 1)
    for b, (low, high) in enumerate(pairwise(EDGES.tolist())):
        risk = np.clip(np.minimum(age + back, high) - np.maximum(late, low), 0, None)
        came = back & (age >= low) & (age < high)
        rate[b] = float(weight[came].sum()) / max(float((weight * risk).sum()), 30.0)
    share = np.bincount(to[back], weight[back], funnel.n_states)
    return Reopening(rate, share / max(float(share.sum()), 1e-300))


def expect_returns(
    reopening: Reopening,
    funnel: Funnel,
    hazards: Hazards,
    drift: Drift,
    *,
    as_of: int,
    state: Ints,
    since: Ints,
    ends: Ints,
) -> Returns:
    """
    The chances of lost deals.

    state, since (n_deals,): where each deal stands on as_of. ends (H,): day offsets from then.
    """
    rate, horizon = reopening.rate, int(ends.max(initial=0))
    if not rate.any() or not horizon:
        return Returns(np.zeros(0, np.int64), np.zeros((0, len(ends))))
    scale = drift.soon[None]
    won_by = reopening.share @ fresh_curves(hazards, scale, horizon, funnel.won)[0]  # (days + 1,)
    oldest = int(EDGES[-1])
    daily = np.zeros(oldest + horizon)
    daily[:oldest] = rate[np.searchsorted(EDGES, np.arange(oldest), "right") - 1]
    by_age = np.stack([np.correlate(daily[: oldest + end - 1], won_by[end:0:-1], "valid") for end in ends.tolist()], 1)
    age = as_of - since
    deal = np.flatnonzero((state != UNKNOWN) & funnel.lost[state] & (age < oldest))
    return Returns(deal, np.clip(by_age[age[deal]], 0.0, 1.0))
