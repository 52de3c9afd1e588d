"""Rates of several levels drawn towards each other, as far as chance explains how they differ: Gamma-Poisson."""

from typing import Final

import numpy as np
from scipy.special import gammaln

from .history import Floats

K_GRID: Final = np.logspace(0, 2.2, 12)  # down to an sd of 8 % between levels: hardly any two are the same
APART: Final = 0.3  # scale of the sd between the levels of an attribute


def shrink(observed: Floats, expected: Floats, centre: Floats | float = 1.0) -> Floats:
    """
    Gamma-Poisson posterior means of rate ratios: (O + k centre) / (E + k), averaged over k by how well it explains the
    whole array.

    Shapes: observed, expected (n,), weighted counts ≥ 0; centre scalar or (n,), the prior mean. k is one over the
    variance between levels, whose sd is half-Cauchy beforehand (Gelman 2006): of few levels the likeliest k alone
    would often be endless.
    """
    mean = np.broadcast_to(np.asarray(centre, np.float64), observed.shape)
    seen = expected > 1e-9
    if seen.sum() < 2:
        return np.array(mean)
    o, e, m = observed[seen], expected[seen], np.maximum(mean[seen], 1e-6)
    k, apart = K_GRID[:, None], K_GRID**-0.5
    fit = gammaln(o + k * m) - gammaln(k * m) + k * m * np.log(k / (e + k)) + o * np.log(e / (e + k))
    log = fit.sum(1) + np.log(apart) - np.log1p((apart / APART) ** 2)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    by_k = weight / (expected[:, None] + K_GRID)
    return np.asarray(observed * by_k.sum(1) + mean * (by_k @ K_GRID))
