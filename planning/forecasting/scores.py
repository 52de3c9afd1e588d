"""
How good forecasts were: losses of sums, intervals and probabilities, held against what came. Each is computed on
pairs (same day, same question), so that two methods may be compared by the ratio of their losses.

A score of nothing is None, never zero.
"""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Sequence
from typing import Final

import numpy as np

from .history import Floats, Ints

BINS: Final = 10  # of equal width, so that counts of days and units may be added
_LEAST: Final = 1e-6  # a certainty that was wrong costs this much's logarithm, not infinity


def wape(actual: Floats, forecast: Floats) -> float | None:
    """
    Sum of absolute errors over the sum of what came.

    Shapes: both (n,), one unit.  Source: Kolassa & Schütz, Foresight 6 (2007), 40-43 (as the MAD/mean ratio).
    """
    total = float(np.abs(actual).sum())
    return float(np.abs(forecast - actual).sum()) / total if total > 0 else None


def bias(actual: Floats, forecast: Floats) -> float | None:
    """Sum of errors over the sum of what came: above zero where too much was forecast. Shapes: (n,)."""
    total = float(np.abs(actual).sum())
    return float((forecast - actual).sum()) / total if total > 0 else None


def skill(loss: float | None, of_peer: float | None) -> float | None:
    """
    1 - loss / loss of the peer: 1 = without fault, 0 = no better than the peer, below zero = worse.

    Source: Murphy, Monthly Weather Review 116 (1988), 2417-2424.
    """
    if loss is None or of_peer is None:
        return None
    return 1 - loss / of_peer if of_peer > 0 else (0.0 if loss == 0 else -1.0)


def pinball(actual: Floats, quantiles: Floats, levels: Sequence[float]) -> Floats:
    """
    Pinball loss of quantiles, in units of what came.

    Shapes: actual (n,), quantiles (n, Q), levels (Q,) in (0, 1) → (n, Q).
    Source: Koenker & Bassett, Econometrica 46 (1978), 33-50.
    """
    error = actual[:, None] - quantiles
    tau = np.asarray(levels)[None, :]
    return np.asarray(np.maximum(tau * error, (tau - 1) * error))


def wql(actual: Floats, quantiles: Floats, levels: Sequence[float]) -> float | None:
    """
    Weighted quantile loss: twice the mean pinball loss over the levels, over the sum of what came. With levels dense
    in (0, 1) this is the CRPS; of a single number given for every level it is the WAPE.

    Shapes: as `pinball`.  Source: Gneiting & Raftery, JASA 102 (2007), 359-378.
    """
    total = float(np.abs(actual).sum())
    return 2 * float(pinball(actual, quantiles, levels).mean(1).sum()) / total if total > 0 else None


def coverage(actual: Floats, low: Floats, high: Floats) -> float | None:
    """Share of cases inside [low, high]. Shapes: (n,) each."""
    return float(((actual >= low) & (actual <= high)).mean()) if len(actual) else None


def brier(chance: Floats, came: Floats) -> float | None:
    """
    Mean squared error of probabilities. Shapes: chance (n,) in [0, 1], came (n,) 0 or 1.

    Source: Brier, Monthly Weather Review 78 (1950), 1-3.
    """
    return float(((chance - came) ** 2).mean()) if len(came) else None


def log_losses(chance: Floats, came: Floats) -> Floats:
    """(n,) minus the logarithm of what was given to that which came; chances are kept off 0 and 1 by 1e-6."""
    kept = np.clip(chance, _LEAST, 1 - _LEAST)
    return np.asarray(-np.where(came > 0.5, np.log(kept), np.log1p(-kept)))


@dc.dataclass(frozen=True, slots=True)
class Reliability:
    """
    Probabilities by how high they were, (BINS,) each: cases, chances = sum of what was given, came = how many came;
    squares and logs = sums of the two losses. Two of them may be added.
    """

    cases: Ints
    chances: Floats
    came: Ints
    squares: Floats
    logs: Floats

    def __add__(self, other: Reliability) -> Reliability:
        return Reliability(*(getattr(self, part.name) + getattr(other, part.name) for part in dc.fields(self)))

    @property
    def n(self) -> int:
        return int(self.cases.sum())

    @property
    def brier(self) -> float | None:
        return float(self.squares.sum()) / self.n if self.n else None

    @property
    def log_loss(self) -> float | None:
        return float(self.logs.sum()) / self.n if self.n else None

    @property
    def ece(self) -> float | None:
        """
        Expected calibration error: mean distance of what was given from what came, bin by bin, weighted by cases.

        Source: Naeini, Cooper & Hauskrecht, AAAI 2015, 2901-2907.
        """
        return float(np.abs(self.chances - self.came).sum()) / self.n if self.n else None


NO_CASES: Final = Reliability(
    np.zeros(BINS, np.int64), np.zeros(BINS), np.zeros(BINS, np.int64), np.zeros(BINS), np.zeros(BINS)
)


def bin_of(chance: Floats) -> Ints:
    """(n,) the bin of each probability, 0 … BINS - 1, of equal width."""
    return np.minimum((chance * BINS).astype(np.int64), BINS - 1)


def reliability(chance: Floats, came: Floats) -> Reliability:
    """Sort probabilities into bins and count. Shapes: chance (n,) in [0, 1], came (n,) 0 or 1."""
    at = bin_of(chance)

    def total(weights: Floats) -> Floats:
        return np.bincount(at, weights, BINS).astype(np.float64)

    return Reliability(
        cases=np.bincount(at, minlength=BINS).astype(np.int64),
        chances=total(chance),
        came=total(came).astype(np.int64),
        squares=total((chance - came) ** 2),
        logs=total(log_losses(chance, came)),
    )


def likely_range(chance: float, n: int) -> tuple[float, float]:
    """
    The range in which the share of n cases lies in 80 of 100 repeats if every one has this chance: what a bar of a
    reliability chart may be off by through luck alone. Method: normal approximation, clipped to [0, 1].
    """
    reach = 1.2816 * float(np.sqrt(chance * (1 - chance) / n)) + 0.5 / n if n else 1.0
    return max(chance - reach, 0.0), min(chance + reach, 1.0)
