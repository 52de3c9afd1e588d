"""
How wrong forecasts of this kind have been: replays of past days, what they were off by, and the errors to expect from
that.

At each of the last few period starts the forecast is made again from what was known then, over windows of the same
lengths, and held against what came. The mean error becomes a correction (shrunk to none), what is left beyond the
noise of single deals becomes the shocks that the simulation draws. Without replays a stated prior error is used, wide
on purpose.
"""

from __future__ import annotations

import dataclasses as dc
from typing import Final

import numpy as np

from .expected import Expected, Part
from .history import Bools, Floats, Ints, Ledger, tally

OPEN, NEW = 0, 1
PRIOR_LEVEL: Final = (0.10, 0.25)  # sd of the shock on all windows together: open deals, new deals
PRIOR_WINDOW: Final = 0.07  # sd of the shock on a single window
PRIOR_LEAF: Final = 0.10  # sd of the shock on a leaf as large as the company; smaller ones see `leaf_reach`
UNTRIED: Final = 2.0  # factor on the priors while nothing has been replayed
PRIOR_WORTH: Final = 2.0  # replays that the priors are worth
BIAS_SD: Final = (0.10, 0.20)  # how far off a forecast may be on average before any replay: open deals, new deals
OVERLAP: Final = 2.0  # replays a period apart share windows: two are worth one


@dc.dataclass(frozen=True, slots=True)
class Replay:
    """
    One past forecast and what came: expected (its windows may be more than those seen), actual per part (2, L, H'),
    H' windows seen.
    """

    open: Part
    new: Part
    wins: Floats
    revenue: Floats

    def within(self, windows: int) -> Replay:
        """The same over its first windows alone."""
        return Replay(
            self.open.within(windows), self.new.within(windows), self.wins[:, :, :windows], self.revenue[:, :, :windows]
        )


@dc.dataclass(frozen=True, slots=True)
class Errors:
    """
    What to expect, each (2,) for open and new deals: correction (multiplies the mean), level, window, leaf = sd of
    relative shocks.

    freedom: degrees of freedom of the shocks' t distribution. replays: how many stand behind it.
    """

    correction: Floats
    level: Floats
    window: Floats
    leaf: Floats
    freedom: float
    replays: int


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


def replay_of(
    past: Expected, present: Expected, ledger: Ledger, *, leaf: Ints, n_leaves: int, as_of: int, ends: Ints, today: int
) -> Replay:
    """Hold a forecast made at as_of against what is known today, over the windows that have ended since."""
    over = ends[as_of + ends <= today]
    was_open = np.zeros(ledger.n_deals, np.bool_)
    was_open[past.deal] = True
    wins, revenue = actual(
        won_day=present.won_day,
        paid=present.paid,
        leaf=leaf,
        n_leaves=n_leaves,
        was_open=was_open,
        as_of=as_of,
        ends=over,
    )
    return Replay(past.open, past.new, wins, revenue)


def _correction(mean: Floats, noise: Floats, came: Floats, sd: float) -> float:
    """
    Posterior mean of the ratio came / mean over replays, newest first, (R,) each; shrunk to 1.

    A replay counts by how recent it is and by how little of its error is the noise of single deals.
    """
    good = mean > 1e-9
    if not good.any():
        return 1.0
    m, v, y = mean[good], noise[good], came[good]
    weight = np.exp2(-np.arange(len(mean))[good] / 6) * m**2 / (v + sd**2 * m**2)
    log = np.clip(np.log((y + 0.01 * m) / (1.01 * m)), -0.7, 0.7)
    centre = float(np.average(log, weights=weight))
    n = max(1.0, float(weight.sum() ** 2 / (weight**2).sum()) / OVERLAP)
    scatter = float(np.average((log - centre) ** 2, weights=weight))
    floor = float(np.average(v / m**2, weights=weight)) + 0.05**2
    return float(np.exp(centre * sd**2 / (sd**2 + max(scatter, floor) / n)))


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


def learn_errors(replays: list[Replay], *, wins: int, revenue: bool) -> Errors:
    """
    Errors of one measure from replays, newest first. wins: seen in all; a rate learnt from n wins is itself off by 1
    / sqrt(n).
    """
    learnt = 1 / (wins + 2)
    if not replays:
        level = np.hypot(np.array(PRIOR_LEVEL) * UNTRIED, np.sqrt(learnt))
        return Errors(np.ones(2), level, np.full(2, PRIOR_WINDOW * UNTRIED), np.full(2, PRIOR_LEAF * UNTRIED), 4.0, 0)
    each = np.array([_part_errors(replays, part, revenue=revenue) for part in (OPEN, NEW)])
    level = np.hypot(each[:, 1], np.sqrt(learnt))
    return Errors(each[:, 0], level, each[:, 2], each[:, 3], 4.0 + len(replays), len(replays))


def _part_errors(replays: list[Replay], part: int, *, revenue: bool) -> tuple[float, float, float, float]:
    """Correction, level, window and leaf errors of one part."""
    rows: list[tuple[Floats, Floats, Floats]] = []  # mean, process variance, what came: (L, H') of each replay
    for r in replays:
        said = r.open if part == OPEN else r.new
        came = (r.revenue if revenue else r.wins)[part]
        mean, noise = (said.revenue, said.revenue_var) if revenue else (said.wins, said.wins_var)
        rows.append((mean[:, : came.shape[1]], noise[:, : came.shape[1]], came))
    total, noise, landed = (np.array([float(row[i].sum()) for row in rows]) for i in range(3))
    factor = _correction(total, noise, landed, BIAS_SD[part])
    fresh = np.exp2(-np.arange(len(rows)) / 6)
    level = _excess(landed - factor * total, factor * noise, factor * total, fresh, PRIOR_LEVEL[part])

    mean, noise, came = (np.concatenate([row[i].sum(0) for row in rows]) for i in range(3))
    each = np.repeat(fresh, [row[0].shape[1] for row in rows])
    both = float(np.hypot(PRIOR_LEVEL[part], PRIOR_WINDOW))
    both = _excess(came - factor * mean, factor * noise, factor * mean, each, both)
    window = float(np.sqrt(max(both**2 - level**2, 0.03**2)))

    scale = landed / np.maximum(total, 1e-9)  # what hit the whole company is not the leaves' error
    mean, noise = (np.concatenate([row[i].sum(1) * s for row, s in zip(rows, scale, strict=True)]) for i in range(2))
    came = np.concatenate([row[2].sum(1) for row in rows])
    reach = np.concatenate([leaf_reach(row[0].sum(1)) for row in rows])
    each = np.repeat(fresh, [len(row[0]) for row in rows])
    return factor, level, window, _excess(came - mean, noise, mean * reach, each, PRIOR_LEAF)
