"""
Joint simulation: every leaf and window drawn together, so that a parent is the sum of its leaves in every single
draw.

One draw: a shock to the whole company (its level, growing slowly with the horizon, and each window), a shock to each
leaf, then the deals. The number of wins from open deals has the mean and variance of the Poisson-binomial (a binomial
matched by two moments over the whole horizon, split over windows by thinning, so that no deal is won twice); wins
from new deals are Poisson; revenue is a Gamma around wins × mean amount that carries what the amounts add to the
variance.
"""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy.special import expit, logit

from .errors import NEW, OPEN, Errors, leaf_reach
from .expected import Part
from .history import Floats

DRAWS: Final = 4_000
CELLS: Final = 24_000_000  # leaves × windows × draws that are affordable; above it there are fewer draws


@dc.dataclass(frozen=True, slots=True)
class Sources:
    """What is drawn: the two parts with corrected means, and the errors of wins and revenue."""

    open: Part
    new: Part
    wins_errors: Errors
    revenue_errors: Errors


def draw_count(n_leaves: int, n_windows: int) -> int:
    """Draws for a problem of this size, at least 1,000."""
    return int(np.clip(CELLS // max(n_leaves * n_windows, 1), 1_000, DRAWS))


def _shock(rng: np.random.Generator, sd: Floats, shape: tuple[int, ...], tail: Floats) -> Floats:
    """Log-normal factors of mean about 1, sd broadcast to shape, scaled per draw by `tail` (draws last)."""
    z = rng.standard_normal(shape) * sd
    return np.asarray(np.clip(z * tail, -2.5, 2.5))


def _company(rng: np.random.Generator, errors: Errors, part: int, *, share: float, n: int) -> Floats:
    """(H, n) log shocks of the company; share: of their sd that is not what the leaves' own shocks add up to."""
    heavy = np.sqrt((errors.freedom - 2) / np.maximum(rng.chisquare(errors.freedom, n), 0.2))
    value, vector = np.linalg.eigh(errors.shocks[part])
    root = vector * np.sqrt(np.maximum(value, 0.0))
    z = root @ rng.standard_normal((len(root), n))
    return np.asarray(np.clip(z * share * heavy, -2.5, 2.5))


def simulate(sources: Sources, *, seed: int, n_draws: int) -> Iterator[tuple[Floats, Floats]]:
    """Yield, leaf by leaf in order, (wins, revenue), each (H, n_draws). The same seed gives the same draws."""
    n_leaves, n_windows = sources.open.wins.shape
    common = np.random.default_rng([seed, 0])
    shocks, leaf_sd = [], []
    for which, part in ((OPEN, sources.open), (NEW, sources.new)):
        mean = part.wins.sum(1)
        own = sources.wins_errors.leaf[which] * leaf_reach(mean)
        added = float(((mean / max(float(mean.sum()), 1e-12) * own) ** 2).sum())
        level = sources.wins_errors.level(which)
        share = float(np.sqrt(max(1 - added / max(level**2, 1e-12), 0.3**2)))
        leaf_sd.append(own)
        shocks.append(_company(common, sources.wins_errors, which, share=share, n=n_draws))
    extra_sd = [
        np.sqrt(max(sources.revenue_errors.level(p) ** 2 - sources.wins_errors.level(p) ** 2, 0.0)) for p in (OPEN, NEW)
    ]
    extra = [_shock(common, np.asarray(sd), (1, n_draws), np.ones(n_draws)) for sd in extra_sd]
    for leaf in range(n_leaves):
        rng = np.random.default_rng([seed, 1, leaf])
        wins, revenue = np.zeros((n_windows, n_draws)), np.zeros((n_windows, n_draws))
        for which, part in ((OPEN, sources.open), (NEW, sources.new)):
            mean = part.wins[leaf]
            if mean.sum() <= 1e-9:
                continue
            log = shocks[which] + _shock(rng, leaf_sd[which][leaf], (1, n_draws), np.ones(n_draws))
            n = _open_wins(rng, log, part, leaf) if which == OPEN else _new_wins(rng, log, mean)
            wins += n
            revenue += _amounts(rng, n, part, leaf, extra[which])
        yield wins, revenue


def _new_wins(rng: np.random.Generator, log: Floats, mean: Floats) -> Floats:
    """(H, n) Poisson wins around the mean moved by the log shocks."""
    factor = np.exp(log)
    factor /= factor.mean(1, keepdims=True)
    return rng.poisson(mean[:, None] * factor).astype(np.float64)


def _open_wins(rng: np.random.Generator, log: Floats, part: Part, leaf: int) -> Floats:
    """
    (H, n) wins from open deals: a binomial matched to the Poisson-binomial over the horizon, thinned over the windows.

    A shock moves the mean chance on the logit scale (no more deals can be won than are open) and the windows' shares.
    """
    mean = part.wins[leaf]
    total = float(mean.sum())
    squares = max(float((mean - part.wins_var[leaf]).sum()), 1e-12)  # sum of p^2 over deals and windows
    trials = min(max(1.0, np.ceil(total**2 / squares), np.ceil(total)), 1e9)
    chance = min(total / trials, 1 - 1e-6)
    share = mean / total
    shift = (share @ log) / max(1 - chance, 0.05)
    centre = wanted = float(logit(chance))
    moved = expit(centre + shift)
    for _ in range(3):  # keep the mean where it was
        centre += wanted - float(logit(np.clip(moved.mean(), 1e-12, 1 - 1e-9)))
        moved = expit(centre + shift)
    weights = share[:, None] * np.exp(log)
    weights /= weights.sum(0)
    left = rng.binomial(int(trials), moved)
    out, remaining = np.zeros(log.shape), np.ones(log.shape[1])
    for h in range(len(log)):
        taken = left if h == len(log) - 1 else rng.binomial(left, np.minimum(weights[h] / remaining, 1.0))
        out[h] = taken
        left = left - taken
        remaining = np.maximum(remaining - weights[h], 1e-12)
    return out


def _amounts(rng: np.random.Generator, n: Floats, part: Part, leaf: int, extra: Floats) -> Floats:
    """(H, n) revenue of n wins: Gamma of mean n × amount, its variance what is left of the process variance per win."""
    mean_wins = np.maximum(part.wins[leaf], 1e-12)[:, None]
    each = part.revenue[leaf][:, None] / mean_wins
    left = np.maximum(part.revenue_var[leaf][:, None] - part.wins_var[leaf][:, None] * each**2, 0.0)
    cv2 = np.clip(left / np.maximum(mean_wins * each**2, 1e-12), 1e-4, 25.0)
    some = (n > 0) & (each > 0)
    shape = np.where(some, n / cv2, 1.0)
    factor = np.exp(extra)
    drawn = rng.standard_gamma(shape) * cv2 * each * factor / factor.mean()
    return np.asarray(np.where(some, drawn, 0.0))
