"""
Relative errors over time, and what they let expect: a Gaussian process whose pieces are weighed, not chosen.

An error is a small constant, a drift that is forgotten, a yearly wave, and noise beyond that of single deals (which all
forecasts of the same window share). The sizes of the pieces are averaged over a grid by how well they explain what was
seen; with nothing seen the average is the prior.

Source: Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), 2.2 and 5.4.
"""

from __future__ import annotations

import dataclasses as dc
from itertools import product
from typing import Final

import numpy as np

from .history import Floats

BIAS: Final = 0.03  # sd of the constant
# sd of the pieces, and how likely each is before anything was seen
DRIFT: Final = ((0.05, 0.3), (0.1, 0.3), (0.2, 0.3), (0.35, 0.1))
MEMORY: Final = ((1.5, 0.3), (3.0, 0.4), (8.0, 0.3))  # periods after which 1/e of the drift is left
SEASON: Final = ((0.0, 0.7), (0.1, 0.2), (0.2, 0.1))
NOISE: Final = ((0.03, 0.3), (0.08, 0.4), (0.15, 0.3))
SMOOTH: Final = 0.8  # how far the yearly wave reaches, in the units of its kernel
YEAR: Final = 365.25
SHARED: Final = 0.7  # share of the noise that forecasts of the same window have in common


@dc.dataclass(frozen=True, slots=True)
class Off:
    """
    Relative errors of one part in past windows, (n,) each: day = middle of the window, value = came / said - 1, noise =
    sd that single deals explain.
    """

    day: Floats
    value: Floats
    noise: Floats


def _kernels(a: Floats, b: Floats, period: float) -> tuple[dict[float, Floats], Floats]:
    """Correlation (n, m) of drifts by memory, and of the yearly wave, between days a (n,) and b (m,)."""
    apart = np.abs(a[:, None] - b[None, :])
    drift = {memory: np.exp(-apart / (memory * period)) for memory, _ in MEMORY}
    return drift, np.exp(-2 * np.sin(np.pi * apart / YEAR) ** 2 / SMOOTH**2)


def krige(off: Off, ahead: Floats, *, period: float, wave: bool = True) -> tuple[Floats, Floats]:
    """
    Expected relative errors (H,) and their covariance (H, H) in the windows around the days `ahead` (H,).

    off: what past windows were off by. period: days. wave: a yearly one is possible. The mixture over the grid of sizes
    is returned by its mean and covariance; every window ahead has noise of its own.
    """
    n, h = len(off.day), len(ahead)
    days = np.r_[off.day, ahead]
    drifts, yearly = _kernels(days, days, period)
    same = SHARED * (np.abs(off.day[:, None] - off.day[None, :]) < period / 4) + (1 - SHARED) * np.eye(n)
    deals = off.noise[:, None] * off.noise[None, :] * same + 1e-9 * np.eye(n)
    sizes = list(product(DRIFT, MEMORY, SEASON if wave else SEASON[:1], NOISE))
    log = np.log([p_d * p_m * p_s * p_n for (_, p_d), (_, p_m), (_, p_s), (_, p_n) in sizes])
    prior = np.stack(
        [BIAS**2 + drift**2 * drifts[m] + season**2 * yearly for (drift, _), (m, _), (season, _), _ in sizes]
    )
    noise = np.array([noise for *_, (noise, _) in sizes])[:, None, None] ** 2
    mean, cov = np.zeros((len(sizes), h)), prior[:, n:, n:] + noise * np.eye(h)
    if n:
        seen = prior[:, :n, :n] + deals + noise * same
        told = np.concatenate([np.broadcast_to(off.value[:, None], (len(sizes), n, 1)), prior[:, :n, n:]], 2)
        solved = np.linalg.solve(seen, told)
        log = log - 0.5 * solved[:, :, 0] @ off.value - 0.5 * np.linalg.slogdet(seen)[1]
        mean = np.einsum("knh,n->kh", solved[:, :, 1:], off.value)
        cov = cov - prior[:, n:, :n] @ solved[:, :, 1:]
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    centre = weight @ mean
    apart = mean - centre
    return centre, np.einsum("k,kij->ij", weight, cov) + np.einsum("k,ki,kj->ij", weight, apart, apart)
