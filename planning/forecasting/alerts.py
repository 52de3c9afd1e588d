"""
Is a conversion below its own history? For every cell (stage × group), looked at again each night.

Two signals, both fair to young cohorts: pace = forward steps per day at risk at equal age, share = forward share of
those that left at equal age. Three spans end today: about six weeks, a quarter and half a year.

Screen: mid-p of a negative binomial (pace) or a beta-binomial (share; Skellam 1948) whose over-dispersion comes from
past windows; the six are combined by the Cauchy rule (Liu & Xie, JASA 115 (2020), 393-402), the cells by
Benjamini-Hochberg (1995). Pushed to people: a Bayes factor of "a factor theta < 1" against "as before", a mean over
thirteen starts four weeks apart (an e-detector: Shin, Ramdas & Rinaldo 2022), so that P(a false one within a year) stays
below 2 / threshold per cell however often it is looked at; cells of one kind (units, people …) by e-BH (Wang & Ramdas,
JRSS B 84 (2022), 822-852), valid under any dependence. Cells without the power to show a halving are not judged: too
few to tell.
"""

from __future__ import annotations

import dataclasses as dc
from typing import Final

import numpy as np
from scipy.special import betaln, gammaln
from scipy.stats import gamma, nbinom

from .history import Bools, Floats, Ints
from .steps import FIRST, FORWARD, KEPT, SHARE, Watch

PACE: Final = FORWARD
SPANS: Final = (2, 4, 7)  # blocks of four weeks that end today, the running one included
STARTS: Final = 13
LEAST: Final = 3.0  # expected steps
LEVEL: Final = 0.05
POWER: Final = 0.5  # to see a halving at that level
Q: Final = 0.10
DISPERSION: Final = 0.01  # between windows before any is seen: 10 per cent up or down
MATERIAL: Final = 0.95  # a ratio above this is no news
RATIOS: Final = (np.arange(64) + 0.5) / 64
_PRIOR: Final = gamma.pdf(RATIOS, 8, scale=0.75 / 8) / gamma.pdf(RATIOS, 8, scale=0.75 / 8).sum()


@dc.dataclass(frozen=True, slots=True)
class Doubt:
    """How far past windows are trusted to have shown the usual ups and downs. windows: worth of the prior; least: floor."""

    windows: float
    least: float


# The screen looks at six windows of every cell, where a dispersion that luck has made small makes false ones: it doubts more.
# The evidence pays for its looks by its mean over starts; more doubt there only hides drops (`make bench-alerts`).
SCREEN: Final = Doubt(windows=10.0, least=0.0004)
EVIDENCE: Final = Doubt(windows=3.0, least=0.0001)


def poisson_mid_p(seen: Floats, mean: Floats, spread: Floats) -> Floats:
    """P(fewer) + P(as many) / 2 of a negative binomial with relative variance `spread` of its mean."""
    size = 1 / spread
    p = size / (size + mean)
    return np.asarray(nbinom.cdf(seen - 1, size, p) + 0.5 * nbinom.pmf(seen, size, p))


def share_mid_p(seen: Floats, mean: Floats, of: Floats, spread: Floats) -> Floats:
    """The same of a beta-binomial: `seen` of `of` that left, `mean` expected. Shapes: (n,)."""
    count = seen.astype(np.int64) + 1
    row = np.repeat(np.arange(len(seen)), count)
    x = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    a, b = _beta(mean / np.maximum(of, 1e-9), spread)
    mass = np.exp(_log_share(x, of[row], a[row], b[row]) + _log_choose(of[row], x))
    return np.clip(np.bincount(row, np.where(x == seen[row], 0.5, 1.0) * mass, len(seen)), 0.0, 1.0)


def _beta(share: Floats, spread: Floats) -> tuple[Floats, Floats]:
    at = np.clip(share, 1e-6, 0.995)
    size = np.maximum((1 - at) / (spread * at) - 1, 0.5)
    return at * size, (1 - at) * size


def _log_choose(n: Floats, x: Floats | Ints) -> Floats:
    return np.asarray(gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1))


def _log_share(x: Floats | Ints, n: Floats, a: Floats, b: Floats) -> Floats:
    return np.asarray(betaln(x + a, n - x + b) - betaln(a, b))


def pace_e_value(seen: Floats, mean: Floats, spread: Floats) -> Floats:
    """
    Evidence that steps come at theta < 1 times the expected rate, theta ~ Gamma(8, mean .75) below 1.

    The rate itself is known up to a Gamma factor of relative variance `spread`; with spread → 0 this is the integral of
    theta^seen exp(mean (1 - theta)).
    """
    o, e, v = seen[..., None], mean[..., None], spread[..., None]
    log = o * np.log(RATIOS) + (o + 1 / v) * (np.log1p(e * v) - np.log1p(RATIOS * e * v))
    return np.asarray(np.exp(np.minimum(log, 600)) @ _PRIOR)


def share_e_value(seen: Floats, mean: Floats, of: Floats, spread: Floats) -> Floats:
    """The same for the forward share of those that left."""
    o, n, v = seen[..., None], of[..., None], spread[..., None]
    at = mean[..., None] / np.maximum(n, 1e-9)
    null = _log_share(o, n, *_beta(at, v))
    log = _log_share(o, n, *_beta(RATIOS * at, v)) - null
    return np.asarray(np.where(of > 0, np.exp(np.minimum(log, 600)) @ _PRIOR, 1.0))


def has_power(mean: Floats, spread: Floats) -> Bools:
    """Would a halving be seen? Six stays never are enough, whatever became of them."""
    size = 1 / spread
    limit = nbinom.ppf(LEVEL, size, size / (size + mean)) - 1
    power = nbinom.cdf(limit, size, size / (size + mean / 2))
    return np.asarray((mean >= LEAST) & (limit >= 0) & (power >= POWER))


def dispersion(at: Watch, signal: int, blocks: int, doubt: Doubt = SCREEN) -> float:
    """Relative variance between past windows of so many blocks beyond chance, pooled over cells; learnt before the spans."""
    excess, weight, count = 0.0, 0.0, 0
    for start in range(FIRST, KEPT - max(SPANS) - blocks + 1, blocks):
        o, e = at.observed(signal, start, start + blocks), at.expected(signal, start, start + blocks)
        enough = e >= LEAST
        chance = e * (1 - e / np.maximum(at.leaving(start, start + blocks), 1.0)) if signal == SHARE else e
        over = (o - e) ** 2 - chance - at.vague[signal, :, :, start] * e**2
        excess, weight, count = excess + over[enough].sum(), weight + (e[enough] ** 2).sum(), count + int(enough.sum())
    prior = doubt.windows * weight / count if count else 1.0
    return float(np.clip((excess + prior * DISPERSION) / (weight + prior), doubt.least, 1.0))


@dc.dataclass(frozen=True, slots=True)
class Look:
    """
    What one night says of every cell, (S, G) each.

    enough: judged at all. p, evidence (an e-value). signal, span: which of the two signals and how many blocks say it
    loudest; observed, expected, leaving there; low, high: 80 % interval of the ratio; share_expected: of those leaving.
    """

    enough: Bools
    p: Floats
    evidence: Floats
    signal: Ints
    span: Ints
    observed: Floats
    expected: Floats
    leaving: Floats
    low: Floats
    high: Floats

    @property
    def ratio(self) -> Floats:
        return self.observed / np.maximum(self.expected, 1e-9)


def ratio_interval(observed: Floats, expected: Floats, level: float = 0.8) -> tuple[Floats, Floats]:
    """Gamma interval of observed / expected."""
    tail = (1 - level) / 2
    mean = np.maximum(expected, 1e-9)
    low = np.where(observed > 0, gamma.ppf(tail, np.maximum(observed, 1e-9)), 0.0) / mean
    return np.asarray(low), np.asarray(gamma.ppf(1 - tail, observed + 1) / mean)


def look(at: Watch) -> Look:
    """Judge every cell of a grouping."""
    shape = at.seen.shape[1:3]
    over = {(signal, span): dispersion(at, signal, span) for signal in (PACE, SHARE) for span in SPANS}
    keys = list(over)
    p, mean, seen = (np.full((len(keys), *shape), np.nan) for _ in range(3))
    for row, (signal, span) in enumerate(keys):
        start = KEPT - span
        o, e, of = at.observed(signal, start), at.expected(signal, start), at.leaving(start)
        spread = at.vague[signal, :, :, start] + over[signal, span]
        tested = has_power(e, spread)
        mean[row], seen[row] = e, o
        if signal == PACE:
            p[row][tested] = poisson_mid_p(o[tested], e[tested], spread[tested])
        else:
            p[row][tested] = share_mid_p(o[tested], e[tested], of[tested], spread[tested])
    enough: Bools = np.asarray(~np.isnan(p).all(0))
    loudest = np.where(enough, np.argmin(np.where(np.isnan(p), 2.0, p), axis=0), len(SPANS) - 1)
    signal_of, span_of = np.array(keys)[loudest, 0], np.array(keys)[loudest, 1]
    pick = loudest[None]
    observed, expected = (np.take_along_axis(values, pick, 0)[0] for values in (seen, mean))
    leaving = np.stack([at.leaving(KEPT - span) for _signal, span in keys])
    low, high = ratio_interval(observed, expected)
    return Look(
        enough=enough,
        p=_cauchy(p),
        evidence=np.where(enough, _evidence(at), 0.0),
        signal=signal_of,
        span=span_of,
        observed=observed,
        expected=expected,
        leaving=np.take_along_axis(leaving, pick, 0)[0],
        low=low,
        high=high,
    )


def _cauchy(p: Floats) -> Floats:
    """Combine along the first axis, NaN left out; 1 where all are."""
    known = ~np.isnan(p)
    each = np.where(known, np.tan((0.5 - np.clip(p, 1e-15, 0.99)) * np.pi), 0.0)
    mean = each.sum(0) / np.maximum(known.sum(0), 1)
    return np.where(known.any(0), 0.5 - np.arctan(mean) / np.pi, 1.0)


def _evidence(at: Watch) -> Floats:
    over = {(signal, span): dispersion(at, signal, span, EVIDENCE) for signal in (PACE, SHARE) for span in SPANS}
    total = np.zeros(at.seen.shape[1:3])
    for start in range(KEPT - STARTS, KEPT):
        span = min(SPANS, key=lambda blocks: abs(blocks - (KEPT - start)))
        for signal in (PACE, SHARE):
            o, e = at.observed(signal, start), at.expected(signal, start)
            spread = at.vague[signal, :, :, start] + over[signal, span]
            if signal == PACE:
                total += pace_e_value(o, e, spread)
            else:
                total += share_e_value(o, e, at.leaving(start), spread)
    return total / (2 * STARTS)


def discoveries(p: Floats, q: float = Q) -> Bools:
    """Benjamini-Hochberg: which of (n,) p-values stand out with a false-discovery rate of q."""
    order = np.argsort(p)
    passed = np.flatnonzero(p[order] <= q * np.arange(1, len(p) + 1) / max(len(p), 1))
    out = np.zeros(len(p), np.bool_)
    out[order[: passed[-1] + 1 if len(passed) else 0]] = True
    return out


def e_discoveries(evidence: Floats, q: float = Q) -> Bools:
    """e-BH: the k largest of (n,) e-values where the k-th is at least n / (k q)."""
    return discoveries(1 / np.maximum(evidence, 1e-300), q)


@dc.dataclass(frozen=True, slots=True)
class FollowUp:
    """A cell since it was found, against the history before: observed, expected in the last six weeks; None = too few."""

    observed: float
    expected: float
    low: float
    high: float
    recovered: bool | None


def follow_up(at: Watch, *, state: int, group: int, signal: int, before: int) -> FollowUp:
    """
    Judge the last six weeks of a cell by what was usual before a block (its drop must not become the new normal).

    Recovered: the ratio is at least 0.9 and its 80 % interval reaches 1.
    """
    start, norm = KEPT - SPANS[0], int(np.clip(before, FIRST, KEPT - SPANS[0]))
    o = float(at.observed(signal, start)[state, group])
    e = float(at.expected(signal, start, norm=norm)[state, group])
    low, high = (float(limit) for limit in ratio_interval(np.array(o), np.array(e)))
    enough = e >= LEAST
    return FollowUp(o, e, low, high, (o / e >= 0.9 and high >= 1.0) if enough else None)
