"""
How good answers are: chances of deals and targets by log loss, Brier and calibration, sums by error and interval.

wape    absolute error of the mean over the total
wql     mean pinball loss on the seven quantiles, doubled, over the total: the CRPS in units of the total
ece     expected calibration error, ten bins of equal count
cov80   how often the 80 % interval held what came
"""

from __future__ import annotations

import numpy as np
import pandas as pd

LEVELS = np.array([0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975])
QUANTILES = ["q025", "q10", "q25", "q50", "q75", "q90", "q975"]


def chance_scores(p: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """p, y (n,): chances and what came, 0 or 1."""
    p = np.clip(p, 1e-4, 1 - 1e-4)
    bins = [b for b in np.array_split(np.argsort(p, kind="stable"), 10) if len(b)]
    return {
        "logloss": float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()),
        "brier": float(((p - y) ** 2).mean()),
        "ece": float(sum(abs(p[b].mean() - y[b].mean()) * len(b) for b in bins) / len(p)),
        "n": len(p),
    }


def sum_scores(frame: pd.DataFrame) -> dict[str, float]:
    """frame: y, mean and QUANTILES."""
    y, q = frame["y"].to_numpy(float), frame[QUANTILES].to_numpy(float)
    miss = y[:, None] - q
    total = max(float(y.sum()), 1e-9)
    return {
        "wape": float((frame["mean"] - y).abs().sum()) / total,
        "bias": float((frame["mean"] - y).sum()) / total,
        "wql": 2 * float(np.maximum(LEVELS * miss, (LEVELS - 1) * miss).mean(1).sum()) / total,
        "cov80": float(((y >= q[:, 1]) & (y <= q[:, 5])).mean()),
        "cov95": float(((y >= q[:, 0]) & (y <= q[:, 6])).mean()),
        "n": len(frame),
    }
