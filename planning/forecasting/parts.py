"""
How likely a part of a node's year is enough: part of the sales, or another measure than revenue.

The night says what a unit or person will bring in all. Here that is handed down to a part of it: open deals are known one by
one, deals not yet created come in the part's share of the past. The means of parts add up to the mean of the whole. Variance:
what luck of single deals brings (Bernoulli and Poisson), what is shared by all sales (the rest of the night's own spread, the
same relative error for every part), and what nobody knows about the share. So the whole as a part of itself has the night's
own mean and spread.

Shape: money is a Gamma with a lump at nothing, counts are negative binomial (or binomial where they vary less); as far as the
part is the whole, the night's own quantiles take their place, so that the chance of all sales is the night's own.
"""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import stats

from .reading import chance_of

Floats = npt.NDArray[np.float64]
TENTHS = 2.0 * 1.2815515655  # standard deviations between the first and the last tenth
STRENGTH = 20.0  # wins that the share of a wider part counts for where a narrower one is told by few
STEADY = 200.0  # wins at most that a share rests on: it moves, however many there were
LUMPY = 1.0  # squared variation of amounts where no open deal tells it
PACE_ERROR, PACE_WEIGHT = (
    0.15,
    4.0,
)  # what a pace is off by before its own past has told, and how many blocks that counts for


@dc.dataclass(frozen=True, slots=True)
class Share:
    """A share or a mean per win, with the square of its relative standard error. `everything`: all of it, for sure."""

    mean: float
    error2: float = 0.0


EVERYTHING = Share(1.0)


@dc.dataclass(frozen=True, slots=True)
class Deals:
    """Open deals, (n,) each: chance to be won by the year's end, amount if won."""

    chance: Floats
    amount: Floats

    @property
    def wins(self) -> float:
        return float(self.chance.sum())

    @property
    def revenue(self) -> float:
        return float(self.chance @ self.amount)


@dc.dataclass(frozen=True)
class Whole:
    """
    What a night expects of a node from its day to the year's end, what is booked left out.

    :param revenue, fresh: mean of all, and of it from deals not yet created
    :param levels, quantiles: of the revenue to come
    :param wins, wins_low, wins_high: mean, first and last tenth of the wins to come
    :param deals: the node's open deals
    """

    revenue: float
    fresh: float
    levels: Sequence[float]
    quantiles: Sequence[float]
    wins: float
    wins_low: float
    wins_high: float
    deals: Deals

    @cached_property
    def pull(self) -> float:
        """What the night's corrected pipeline is of the plain sum over deals; never more than all wins to come."""
        plain = self.deals.revenue
        pull = (self.revenue - self.fresh) / plain if plain > 0 else 1.0
        return min(pull, self.wins / self.deals.wins) if self.deals.wins > 0 else pull

    @property
    def new_wins(self) -> float:
        return max(self.wins - self.pull * self.deals.wins, 0.0)

    @cached_property
    def lumpiness(self) -> float:
        """Squared coefficient of variation of the amounts of deals."""
        amount = self.deals.amount
        if len(amount) < 2 or not amount.sum():
            return LUMPY
        return float(len(amount) * (amount**2).sum() / amount.sum() ** 2 - 1)

    def spread(self, *, counts: bool) -> float:
        """Variance of what is to come, from the night's first and last tenth."""
        if counts:
            return ((self.wins_high - self.wins_low) / TENTHS) ** 2
        low, high = (float(np.interp(level, self.levels, self.quantiles)) for level in (0.1, 0.9))
        return ((high - low) / TENTHS) ** 2


@dc.dataclass(frozen=True)
class Coming:
    """
    What a part still brings: mean, variance, the chance that it is nothing at all.

    :param likeness: how far the part is the whole, in [0, 1]; so far `levels` and `shape` (the night's quantiles as standard
        deviations from its mean) take the place of the Gamma
    """

    mean: float
    variance: float
    nothing: float
    counts: bool
    likeness: float = 0.0
    levels: Sequence[float] = ()
    shape: Sequence[float] = ()

    def chance(self, missing: float) -> float:
        """Return P(what comes >= missing); 1 where nothing is missing."""
        if missing <= 0:
            return 1.0
        if self.mean <= 0:
            return 0.0
        if self.counts:
            return _counted(missing, self.mean, self.variance)
        own = _lumped(missing, self.mean, self.variance, self.nothing)
        if not self.likeness:
            return own
        night = chance_of((missing - self.mean) / self.variance**0.5, self.levels, self.shape)
        return self.likeness * night + (1 - self.likeness) * own


def part_of(
    whole: Whole, *, chance: Floats, value: Floats, share: Share, each: Share, counts: bool, whole_numbers: bool
) -> Coming:
    """
    Return what a part of a node brings until the year's end.

    Shapes: chance, value (n,) of the part's open deals: to be won, and what one brings then, in the part's own measure.
    Units: counts: the measure is based on wins, `each` is its mean per win; else on revenue, `each` is its mean per unit of
    it. whole_numbers: every win brings 0 or 1.

    :param share: of the wins (revenue) of deals not yet created that fall into the part
    """
    base, fresh = (whole.wins, whole.new_wins) if counts else (whole.revenue, whole.fresh)
    new_wins = whole.new_wins * share.mean
    new = fresh * share.mean * each.mean
    open_mean = whole.pull * float(chance @ value)
    mean = open_mean + new

    everything = Deals(whole.deals.chance, np.ones_like(whole.deals.amount) if counts else whole.deals.amount)
    night = whole.spread(counts=counts)
    luck = _luck(whole, everything.chance, everything.amount, whole.new_wins, 0.0 if counts else fresh)
    if counts:
        luck += whole.new_wins
    scale = min(1.0, night / luck) if luck > 0 and night > 0 else 1.0
    shared = max(night - luck * scale, 0.0) / base**2 if base > 0 else 0.0
    own = _luck(whole, chance, value, new_wins, 0.0 if whole_numbers else new)
    if whole_numbers:
        own += new
    variance = own * scale + shared * mean**2 + new**2 * (share.error2 + each.error2)
    likeness = 0.0 if counts or not base or not mean else min(mean / max(each.mean, 1e-12) / base, 1.0)
    sd = night**0.5
    return Coming(
        mean=mean,
        variance=max(variance, 1e-12),
        nothing=float(np.exp(np.log1p(-np.clip(chance, 0, 1 - 1e-9)).sum() * whole.pull - new_wins)),
        counts=whole_numbers,
        likeness=likeness if sd > 0 else 0.0,
        levels=whole.levels,
        shape=[(quantile - whole.revenue) / sd for quantile in whole.quantiles] if sd > 0 else (),
    )


def share_of(part: float, part_wins: float, of: float, of_wins: float, *, wider: float, lumpiness: float) -> Share:
    """
    Return the share of a part in what was won, drawn towards the share that it has in a wider circle.

    Method: as if STRENGTH more wins had shown the wider share; the standard error is that of a share of so many wins (at most
    STEADY) of amounts that vary by `lumpiness`.
    """
    typical = of / of_wins if of_wins else 1.0
    mean = (part + wider * STRENGTH * typical) / (of + STRENGTH * typical) if of > 0 else wider
    mean = min(max(mean, 0.0), 1.0)
    if mean in {0.0, 1.0}:
        return Share(mean)
    told = min(of_wins + STRENGTH, STEADY)
    return Share(mean, (1 - mean) / (mean * told) * (1 + lumpiness))


def each_of(total: float, base: float, wins: float, *, wider: float, lumpiness: float | None) -> Share:
    """
    Return the mean of a measure per unit of its base (per win, or per unit of revenue), drawn towards a wider circle's.

    :param lumpiness: squared variation of what single wins bring; None = every win brings 0 or 1
    """
    typical = base / wins if wins else 1.0
    mean = (total + wider * STRENGTH * typical) / (base + STRENGTH * typical)
    if lumpiness is None:
        lumpiness = max(1 / mean - 1, 0.0) if mean > 0 else 0.0
    return Share(mean, lumpiness / min(wins + STRENGTH, STEADY))


def paced(months: Sequence[float], left: float) -> Coming:
    """
    Return a count that goes on at its pace for `left` more months.

    Shapes: months (n,) counts of past months, oldest first, n >= 6.  Method: mean with a half-life of six months; months vary
    as they did around it; and the pace itself moves by what following blocks of the same length differed by beyond their
    luck, PACE_ERROR before there were any.
    """
    counts = np.asarray(months, np.float64)
    weight = 0.5 ** (np.arange(len(counts))[::-1] / 6)
    pace = float(weight @ counts / weight.sum())
    block = max(min(round(left), len(counts) // 2), 1)
    sums = counts[len(counts) % block :].reshape(-1, block).sum(1)
    spread = max(float(counts.var(ddof=1)), pace)
    off = [
        (after / before - 1) ** 2 - (spread / pace) * (1 / before + 1 / max(after, 1))
        for before, after in pairwise(sums)
        if before > 0 and pace > 0
    ]
    drift = max((PACE_WEIGHT * PACE_ERROR**2 + sum(off)) / (PACE_WEIGHT + len(off)), PACE_ERROR**2 / 4)
    mean = pace * left
    return Coming(mean, spread * left + drift * mean**2, nothing=0.0, counts=True)


def rate_reached(
    *, target: float, reached: float, begun: float, past: Sequence[tuple[float, float]], gone: float
) -> float:
    """
    Return the chance that a rate stands at `target` or more when its year is over.

    Shapes: past (n,) pairs of (reached, begun) of twelve months each, newest first, each as it stood at its own end, n >= 1.
    Method: of the year's share that is `gone` the rate is what was seen, of the rest that of the past twelve months; the rest
    varies by luck and by what following years differed by. Normal.
    """
    (got, among), *before = past
    usual = got / among
    rest = 1 - gone
    expected = begun / gone if gone > 0.1 else among
    seen = reached / begun if begun else usual
    off = [(got_then / among_then - usual) ** 2 for got_then, among_then in before if among_then]
    luck = max(usual * (1 - usual), 1e-4)
    drift = (PACE_WEIGHT * (PACE_ERROR * usual) ** 2 + sum(off)) / (PACE_WEIGHT + len(off))
    mean = gone * seen + rest * usual
    variance = rest**2 * (drift + luck / max(expected * rest, 1.0)) + luck / max(expected, 1.0) * 0.1
    return float(stats.norm.sf(target, mean, variance**0.5))


def _luck(whole: Whole, chance: Floats, value: Floats, new_wins: float, new: float) -> float:
    """Variance from single deals being won or not; of deals not yet created that vary in what they bring."""
    of_open = whole.pull * float((chance - chance**2) @ value**2)
    of_new = new**2 / new_wins * (1 + whole.lumpiness) if new_wins > 1e-9 else 0.0
    return of_open + of_new


def _counted(missing: float, mean: float, variance: float) -> float:
    """P(N >= missing) of a whole number with a mean and a variance."""
    least = int(np.ceil(missing - 1e-9)) - 1
    if variance > mean * 1.001:
        p = mean / variance
        return float(stats.nbinom.sf(least, mean * p / (1 - p), p))
    if variance < mean * 0.999:
        trials = max(int(np.ceil(mean**2 / (mean - variance))), int(np.ceil(mean)))
        return float(stats.binom.sf(least, trials, min(mean / trials, 1.0)))
    return float(stats.poisson.sf(least, mean))


def _lumped(missing: float, mean: float, variance: float, nothing: float) -> float:
    """P(X >= missing) of a Gamma with a lump at nothing, of a mean and a variance in all."""
    some = max(1 - nothing, 1e-9)
    centre = mean / some
    around = max((variance + mean**2) / some - centre**2, (0.02 * centre) ** 2)
    shape = centre**2 / around
    return float(some * stats.gamma.sf(missing, shape, scale=centre / shape))
