"""
Deals that do not exist yet: how many will be created, how soon such deals are won, and for how much.

wins of leaf l on day v = level_l * yield_l * sum_u season(u) f(v - u), where f(n) is the share of a cohort won n days
after creation, estimated at equal follow-up (a cohort counts at lag n only if it has been watched for n days), so
young cohorts do not bias it.
"""

from __future__ import annotations

import dataclasses as dc
from typing import Final

import numpy as np

from .history import EPOCH, Floats, Ints, tally
from .shrinking import shrink

LEVEL_HALF_LIFE: Final = 60.0  # days: how fast the creation rate forgets
TRIAL_DAYS: Final = 14.0  # days at the rate of the others that a leaf starts with; one that has stopped gets none
COHORT_HALF_LIFE: Final = 365.0
WEEKDAYS_SEEN: Final = 364  # days from which it is learnt on what days of the week deals are created
PRIOR_DEALS: Final = (
    5.0  # a cohort this large, winning PRIOR_WIN of its deals within some PRIOR_DELAY days, before any evidence
)
PRIOR_WIN: Final = 0.2
PRIOR_DELAY: Final = 60.0
LAGS: Final = np.array([8, 31, 91, 181], np.int64)  # deals won soon are often of another size than deals won late
LIKE: Final = 10.0  # won deals that the mean of all is worth against those of one band of lags


@dc.dataclass(frozen=True, slots=True)
class Cohorts:
    """
    Every deal created so far, (n,): created and won = days (won -1 unless its last state is won), leaf code, paid
    (NaN).
    """

    created: Ints
    won: Ints
    leaf: Ints
    paid: Floats


@dc.dataclass(frozen=True, slots=True)
class Arrivals:
    """
    wins (L, H): expected wins in each window from deals created on or after as_of; revenue (L, H): the same in units
    of the leaf's mean won amount. level (L,): deals created a day; season (12,).
    """

    wins: Floats
    revenue: Floats
    level: Floats
    season: Floats
    won_share: float


def months_of(days: Ints) -> Ints:
    """Days since 1970-01-01 → months since 1970-01."""
    return (EPOCH + days.astype("timedelta64[D]")).astype("datetime64[M]").astype(np.int64)


def season_of(created: Ints, as_of: int, start: int) -> Floats:
    """
    (12,) index of deals created by calendar month against the centred twelve-month mean, shrunk to 1 by n / (n + 1)
    years seen.

    Only months that lie whole between start and as_of count; below eighteen of them every index is 1.
    """
    index = np.ones(12)
    first, last = (int(m) for m in months_of(np.array([start + 30, as_of], np.int64)))
    n = last - first
    if n < 18 or not len(created):
        return index
    month = months_of(created) - first
    count = np.bincount(month[(month >= 0) & (month < n)], minlength=n).astype(np.float64)
    kernel = np.r_[0.5, np.ones(11), 0.5] / 12
    trend = np.convolve(count, kernel, "valid")
    ratio = count[6 : n - 6] / np.maximum(trend, 1e-9)
    where = (first + 6 + np.arange(len(ratio))) % 12
    seen = np.bincount(where, (trend > 0).astype(np.float64), 12)
    total = np.bincount(where, np.where(trend > 0, np.minimum(ratio, 4.0), 0.0), 12)
    index = (total + 1.0) / (seen + 1.0)
    return np.asarray(np.maximum(index / index.mean(), 0.1))


def weekdays_of(created: Ints, as_of: int, start: int) -> Floats:
    """
    (7,) how many deals are created on each day of the week, from 1970-01-01's on, over the mean: whole weeks of the last
    year. Where nobody works at weekends those of a week come earlier than its middle, and have the longer to be won.
    """
    weeks = min(as_of - start, WEEKDAYS_SEEN) // 7
    mine = created[(created >= as_of - 7 * weeks) & (created < as_of)]
    if weeks < 1 or not len(mine):
        return np.ones(7)
    index = shrink(np.bincount(mine % 7, minlength=7).astype(np.float64), np.full(7, len(mine) / 7))
    return np.asarray(index / index.mean())


def maturation(cohorts: Cohorts, as_of: int, start: int, n_days: int) -> Floats:
    """
    (n_days,) share of deals won n days after their creation: wins at lag n over deals watched for at least n days,
    recent first.
    """
    prior = PRIOR_WIN * np.diff(1 - np.exp(-np.arange(n_days + 1) / PRIOR_DELAY))
    whole = cohorts.created >= start
    created, won = cohorts.created[whole], cohorts.won[whole]
    watched = np.clip(as_of - created, 0, n_days)  # lags 0 … watched - 1 have been seen
    weight = np.exp2(-(as_of - created) / COHORT_HALF_LIFE)
    upto = np.bincount(watched, weight, n_days + 1)
    at_risk = upto[::-1].cumsum()[::-1][1:]
    lag = np.where(won >= 0, won - created, n_days)
    hit = (lag >= 0) & (lag < n_days)
    wins = np.bincount(lag[hit], weight[hit], n_days)
    return np.asarray((wins + PRIOR_DEALS * prior) / (at_risk + PRIOR_DEALS))


def _relative_size(cohorts: Cohorts, as_of: int) -> Floats:
    """
    (len(LAGS) + 1,) mean amount of deals won within each band of lags, over the mean amount of all; 1 without
    amounts.
    """
    paid = np.flatnonzero((cohorts.won >= 0) & (np.nan_to_num(cohorts.paid) > 0))
    if not len(paid):
        return np.ones(len(LAGS) + 1)
    amount = cohorts.paid[paid]
    weight = np.exp2(-(as_of - cohorts.won[paid]) / COHORT_HALF_LIFE)
    centre = float(np.average(amount, weights=weight))
    band = np.searchsorted(LAGS, cohorts.won[paid] - cohorts.created[paid], "right")
    total = tally(band, weight * amount, len(LAGS) + 1) + LIKE * centre
    return np.asarray(total / (tally(band, weight, len(LAGS) + 1) + LIKE) / centre)


def _effective(weight_from: Ints, as_of: int) -> Floats:
    """Days from each start to as_of, each weighted by LEVEL_HALF_LIFE."""
    rate = np.log(2) / LEVEL_HALF_LIFE
    return np.asarray((1 - np.exp(-rate * np.maximum(as_of - weight_from, 0))) / rate)


def expect_arrivals(
    cohorts: Cohorts, *, as_of: int, ends: Ints, n_leaves: int, history_from: int, luck: Floats, daily: Floats
) -> Arrivals:
    """
    Expected wins per leaf and window from deals not yet created.

    Shapes: ends (H,) ascending day offsets from as_of, > 0. luck (≥ the last end,): by how much deals are won more
    readily n days after their creation than they used to be; daily (the same): how much more readily on each day ahead
    than on others. A leaf that never had a deal gets none; a new one starts at the rate of the others and earns its own
    within some weeks.
    """
    n_days = int(ends.max(initial=0))
    seen = len(cohorts.created) > 0
    start = max(history_from, int(cohorts.created.min())) if seen else as_of
    season = season_of(cohorts.created, as_of, start)
    recent = cohorts.created >= start
    created, leaf = cohorts.created[recent], cohorts.leaf[recent]
    weight = np.exp2(-(as_of - 0.5 - created) / LEVEL_HALF_LIFE) / season[months_of(created) % 12]
    count = np.bincount(leaf, weight, n_leaves)
    begun = np.full(n_leaves, as_of, np.int64)
    np.minimum.at(begun, leaf, created)
    active = np.bincount(leaf, minlength=n_leaves) > 0
    whole = float(_effective(np.array([start]), as_of)[0])
    company = float(count.sum()) / max(whole, 1.0)
    share = company / max(int((count >= 0.5).sum()), 1)
    trial = np.where(active & (begun > as_of - LEVEL_HALF_LIFE), TRIAL_DAYS, 0.0)
    level = (count + trial * share) / np.maximum(_effective(begun, as_of) + trial, 1.0)
    level *= company / max(float(level.sum()), 1e-12)

    curve = maturation(cohorts, as_of, start, max(n_days, 1)) * luck[: max(n_days, 1)]
    if n_days == 0:
        return Arrivals(np.zeros((n_leaves, 0)), np.zeros((n_leaves, 0)), level, season, float(curve.sum()))
    ahead = as_of + np.arange(n_days)
    rhythm = season[months_of(ahead) % 12] * weekdays_of(created, as_of, start)[ahead % 7]
    size = _relative_size(cohorts, as_of)[np.searchsorted(LAGS, np.arange(n_days), "right")]
    wins_in, worth_in = (_per_window(rhythm, f, ends, daily) for f in (curve, curve * size))

    due = np.r_[0.0, np.cumsum(maturation(cohorts, as_of, start, 730))][np.clip(as_of - created, 0, 730)]
    expected = tally(leaf, due, n_leaves)
    observed = tally(leaf, (cohorts.won[recent] >= 0).astype(np.float64), n_leaves)
    success = np.where(active, shrink(observed, expected), 0.0)
    level_wins = level * success
    level_wins *= float(level.sum()) / max(float(level_wins.sum()), 1e-12)
    return Arrivals(
        wins=level_wins[:, None] * wins_in[None, :],
        revenue=level_wins[:, None] * worth_in[None, :],
        level=level,
        season=season,
        won_share=float(curve.sum()),
    )


def _per_window(rhythm: Floats, curve: Floats, ends: Ints, daily: Floats) -> Floats:
    """(H,) what one deal a day brings in each window: creation rhythm convolved with the maturation curve,
    by the rhythm of winning."""
    n_days = len(rhythm)
    size = 1 << int(2 * n_days).bit_length()
    won = np.fft.irfft(np.fft.rfft(rhythm, size) * np.fft.rfft(curve, size), size)[:n_days]
    until = np.r_[0.0, np.cumsum(np.maximum(won, 0.0) * daily[:n_days])]
    return np.asarray(np.diff(until[np.r_[0, ends]]))
