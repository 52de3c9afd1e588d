"""
How wrong forecasts of this kind have been: replays of past days, what they were off by, and the errors to expect from
that.

Each replay is held against what came. How far a part (open deals, new deals) was off in a window, relative to what was
said, is taken for a draw of a Gaussian process over time (`kriging`). What the process expects for the windows ahead
corrects the forecast; what it does not know becomes the shocks that the simulation draws. Without replays that is the
prior: wide, on purpose.
"""

from __future__ import annotations

import dataclasses as dc
from typing import Final

import numpy as np

from .expected import Expected, Part
from .history import Bools, Floats, Ints, tally
from .kriging import Off, krige

OPEN, NEW = 0, 1
PRIOR_LEAF: Final = 0.10  # sd of the shock on a leaf as large as the company; smaller ones see `leaf_reach`
UNTRIED: Final = 2.0  # factor on the leaves' prior while nothing has been replayed
PRIOR_WORTH: Final = 2.0  # replays that the leaves' prior is worth
OVERLAP: Final = 2.0  # replays a period apart share windows: two are worth one


@dc.dataclass(frozen=True, slots=True)
class Replay:
    """
    One past forecast and what came: expected (its windows may be more than those seen), actual per part (2, L, H'),
    H' windows seen; middle (H',): day in the middle of each.
    """

    open: Part
    new: Part
    wins: Floats
    revenue: Floats
    middle: Floats


@dc.dataclass(frozen=True, slots=True)
class Errors:
    """
    What to expect, for open and new deals: correction (2, H) multiplies the means; shocks (2, H, H): covariance of the
    relative errors of the company's windows; leaf (2,): sd of the relative shocks of leaves.

    freedom: degrees of freedom of the shocks' t distribution. replays: how many stand behind it.
    """

    correction: Floats
    shocks: Floats
    leaf: Floats
    freedom: float
    replays: int

    @property
    def single(self) -> Floats:
        """(2,) usual sd of the relative error of one window."""
        return np.sqrt(np.diagonal(self.shocks, axis1=1, axis2=2).mean(1))

    def level(self, part: int) -> float:
        """Sd of the relative error of all windows together, equal windows."""
        return float(np.sqrt(self.shocks[part].mean())) if self.shocks.size else 0.0


def actual(
    *, won_day: Ints, paid: Floats, leaf: Ints, n_leaves: int, was_open: Bools, as_of: int, ends: Ints
) -> tuple[Floats, Floats]:
    """
    Wins and revenue that came in each window, (2, L, H) each: from deals open at as_of, and from all others.

    won_day (n_deals,): day won or -1. Unknown amounts count as nothing here, as in the books.
    """
    edges = as_of + np.r_[0, ends]
    window = np.searchsorted(edges, won_day, "right") - 1
    hit = (won_day >= as_of) & (window < len(ends))
    cell = ((~was_open[hit]).astype(np.int64) * n_leaves + leaf[hit]) * len(ends) + window[hit]
    size = 2 * n_leaves * len(ends)
    shape = (2, n_leaves, len(ends))
    wins = np.bincount(cell, minlength=size).astype(np.float64).reshape(shape)
    revenue = tally(cell, np.nan_to_num(paid[hit]), size).reshape(shape)
    return wins, revenue


def replay_of(past: Expected, *, leaf: Ints, n_leaves: int, won_day: Ints, paid: Floats, today: int) -> Replay:
    """Hold a past forecast against what is known today (won_day, paid), over the windows that have ended since."""
    seen = past.seen
    over = seen.ends[seen.as_of + seen.ends <= today]
    was_open = np.zeros(len(leaf), np.bool_)
    was_open[seen.deal] = True
    wins, revenue = actual(
        won_day=won_day, paid=paid, leaf=leaf, n_leaves=n_leaves, was_open=was_open, as_of=seen.as_of, ends=over
    )
    return Replay(past.open, past.new, wins, revenue, middles(seen.as_of, over))


def middles(as_of: int, ends: Ints) -> Floats:
    """(H,) the day in the middle of each window."""
    return np.asarray(as_of + (np.r_[0, ends[:-1]] + ends) / 2) if len(ends) else np.zeros(0)


def _excess(error: Floats, noise: Floats, mean: Floats, recent: Floats, prior: float) -> float:
    """
    Shrunk sd of the relative error beyond the noise of single deals, by moments over (n,) cases.

    recent weighs the cases; a case tells more, the less of its error is noise.
    """
    good = mean > 1e-9
    if not good.any():
        return prior
    e, v, m = error[good], noise[good], mean[good]
    signal = prior**2 * m**2 / (v + prior**2 * m**2)
    weight = signal * recent[good]
    square = np.minimum(np.abs(e) / m, 2.0) ** 2 - v / m**2
    estimate = max(float(np.average(square, weights=weight)), 0.0)
    told = float(weight.sum() ** 2 / (weight**2).sum()) / OVERLAP * float(signal.mean())
    return float(np.sqrt((told * estimate + PRIOR_WORTH * prior**2) / (told + PRIOR_WORTH)))


def leaf_reach(mean: Floats) -> Floats:
    """
    How much harder a leaf is hit than one that is the whole company: (share of the mean) ** -0.25, at most 4. Shapes:
    any, leaves first.

    Many small things average out; the sd of relative errors falls with the fourth root of size on real funnels, not
    with its square root.
    """
    share = mean / np.maximum(mean.sum(0), 1e-300)
    return np.asarray(np.minimum(np.maximum(share, 1e-12) ** -0.25, 4.0))


def learn_errors(replays: list[Replay], *, ahead: Floats, period: float, wins: int, revenue: bool) -> Errors:
    """
    Errors of one measure from replays, newest first.

    ahead (H,): the days in the middle of the windows ahead; period: days. wins: seen in all; a rate learnt from n wins
    is itself off by 1 / sqrt(n).
    """
    each = [_part_errors(replays, part, ahead=ahead, period=period, revenue=revenue) for part in (OPEN, NEW)]
    shocks = np.stack([cov for _, cov, _ in each]) + 1 / (wins + 2)
    correction = np.stack([np.clip(1 + mean, 0.3, 3.0) for mean, _, _ in each])
    leaf = np.array([leaf for _, _, leaf in each])
    return Errors(correction, shocks, leaf, 4.0 + len(replays), len(replays))


def _part_errors(
    replays: list[Replay], part: int, *, ahead: Floats, period: float, revenue: bool
) -> tuple[Floats, Floats, float]:
    """Expected error (H,), its covariance (H, H), and the leaves' error of one part."""
    rows: list[tuple[Floats, Floats, Floats]] = []  # mean, process variance, what came: (L, H') of each replay
    for r in replays:
        said = r.open if part == OPEN else r.new
        came = (r.revenue if revenue else r.wins)[part]
        mean, noise = (said.revenue, said.revenue_var) if revenue else (said.wins, said.wins_var)
        rows.append((mean[:, : came.shape[1]], noise[:, : came.shape[1]], came))
    if not rows:
        nothing = np.zeros(0)
        return *krige(Off(nothing, nothing, nothing), ahead, period=period), PRIOR_LEAF * UNTRIED
    mean, noise, came = (np.concatenate([row[i].sum(0) for row in rows]) for i in range(3))
    good = mean > 1e-9
    day, m = np.concatenate([r.middle for r in replays])[good], mean[good]
    off = Off(day, np.clip(came[good] / m - 1, -0.9, 2.0), np.sqrt(noise[good]) / m)
    expected, cov = krige(off, ahead, period=period)

    total, landed = (np.array([float(row[i].sum()) for row in rows]) for i in (0, 2))
    scale = landed / np.maximum(total, 1e-9)  # what hit the whole company is not the leaves' error
    mean, noise = (np.concatenate([row[i].sum(1) * s for row, s in zip(rows, scale, strict=True)]) for i in range(2))
    came = np.concatenate([row[2].sum(1) for row in rows])
    reach = np.concatenate([leaf_reach(row[0].sum(1)) for row in rows])
    fresh = np.repeat(np.exp2(-np.arange(len(rows)) / 6), [len(row[0]) for row in rows])
    return expected, cov, _excess(came - mean, noise, mean * reach, fresh, PRIOR_LEAF)
