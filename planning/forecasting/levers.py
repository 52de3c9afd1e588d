"""
What a weak stage costs, and what mending it would add: revenue, and the probability of attaining a target.

Conversion of a stay within a horizon follows from the day hazards, forwards and otherwise, bin by bin (the discrete
Aalen-Johansen incidence). What it costs: (as it was - as it is) × stays to come × chance of a win behind the stage ×
mean deal. P(attain) moves by scaling what is still to come in the stored forecast: X' = booked + (X - booked) (1 + gain
/ expected), so it is monotone in the gain, and unchanged for none.
"""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from .alerts import has_power, ratio_interval
from .hazards import ADVANCE, WIN, kinds_of
from .history import UNKNOWN, Bools, Floats, Funnel, Ints, Stays, tally
from .steps import AGES, FORWARD, KEPT, OTHER, Watch

LEAN: Final = 4.0  # expected steps at which a recent ratio counts half
RECENT: Final = 4  # blocks: how a stage does now
PEERS: Final = 13  # blocks: how the others do


def incidence(forward: Floats, other: Floats, horizon: float) -> Floats:
    """
    Share of stays that leave forwards within `horizon` days.

    Shapes: forward, other (..., B) daily hazards by age.
    """
    edges = np.minimum(AGES, horizon)
    width = np.diff(edges)
    total = forward + other
    stays = np.cumsum(np.log1p(-np.minimum(total, 0.999)) * width, axis=-1)
    through = np.exp(stays)
    before = np.concatenate([np.ones((*through.shape[:-1], 1)), through[..., :-1]], axis=-1)
    return np.asarray(((before - through) * forward / np.maximum(total, 1e-12)).sum(-1))


def leaning(observed: Floats, expected: Floats) -> Floats:
    """A recent ratio, leaning on 1 as long as little was expected."""
    return np.asarray((observed + LEAN) / (expected + LEAN))


@dc.dataclass(frozen=True, slots=True)
class Worth:
    """
    What follows a step forwards, per state (S,): chance of a win afterwards; and the mean won amount per group (G,).

    mean: of all won deals.
    """

    win_after: Floats
    amount: Floats
    mean: float


@dc.dataclass(frozen=True, slots=True)
class PastWorth:
    """
    What deals add whose stays are not at hand, of the last three years.

    led (S, S): stays by where they led. wins, paid (G,): won stays with an amount, and the money; all_wins, all_paid: of all.
    """

    led: Floats
    wins: Floats
    paid: Floats
    all_wins: float
    all_paid: float


def worth(
    stays: Stays,
    funnel: Funnel,
    group: Ints,
    n_groups: int,
    *,
    watched: Watch,
    past: PastWorth | None = None,
) -> Worth:
    """Reckon both from the stays of the last three years; a group with few wins leans on all (five wins' worth)."""
    recent = stays.entered >= int(watched.pieces.starts[0])
    gone = recent & (stays.to != UNKNOWN)
    kind = kinds_of(funnel)
    share = _forward_share(watched)
    n = funnel.n_states
    led = tally(stays.state[gone] * n + stays.to[gone], np.ones(int(gone.sum())), n * n).reshape(n, n)
    won = recent & funnel.won[stays.state] & ~np.isnan(stays.amount)
    of, amount = group[stays.deal[won]], stays.amount[won]
    inside = of >= 0
    wins, paid = (tally(of[inside], what[inside], n_groups) for what in (np.ones(len(of)), amount))
    all_wins, all_paid = float(len(amount)), float(amount.sum())
    if past is not None:
        led, wins, paid = led + past.led, wins + past.wins, paid + past.paid
        all_wins, all_paid = all_wins + past.all_wins, all_paid + past.all_paid
    led = np.where((kind == WIN) | (kind == ADVANCE), led, 0.0)
    win_after = np.zeros(n)
    for s in sorted(np.flatnonzero(funnel.open).tolist(), key=lambda state: -int(funnel.position[state])):
        if led[s].any():
            win_after[s] = led[s] @ np.where(funnel.won, 1.0, share * win_after) / led[s].sum()
    mean = all_paid / all_wins if all_wins else 0.0
    return Worth(win_after, (paid + 5 * mean) / (wins + 5), mean)


def _forward_share(watched: Watch) -> Floats:
    """(S,) what history lets expect of a stay, followed to its end."""
    rate = watched.norms.rate[..., -1]
    return incidence(rate[FORWARD], rate[OTHER], float(AGES[-1]))


@dc.dataclass(frozen=True, slots=True)
class Rates:
    """
    Conversion of every cell (S, G) within the days that are left: as it was, as it is now, and as the peers do.

    observed, expected: forward steps lately against what was usual; low, high: 80 % interval of the ratio; enough: could
    a halving be seen.
    """

    usual: Floats
    now: Floats
    peers: Floats
    observed: Floats
    expected: Floats
    low: Floats
    high: Floats
    leaving: Floats
    enough: Bools


def rates(at: Watch, *, horizon: float, span: int = RECENT, peers: Ints | None = None) -> Rates:
    """
    Reckon the three conversions of all cells.

    peers: (G,) code of the circle a group is compared within; by default all groups are peers of each other.
    """
    start = KEPT - span
    base = [at.norms.rate[kind][:, None, :, start] * at.factor[kind, :, :, start, None] for kind in (FORWARD, OTHER)]
    seen = [at.observed(kind, start) for kind in (FORWARD, OTHER)]
    mean = [at.expected(kind, start) for kind in (FORWARD, OTHER)]
    recent = [leaning(o, e)[..., None] for o, e in zip(seen, mean, strict=True)]
    low, high = ratio_interval(seen[FORWARD], mean[FORWARD])
    return Rates(
        usual=incidence(base[FORWARD], base[OTHER], horizon),
        now=incidence(base[FORWARD] * recent[FORWARD], base[OTHER] * recent[OTHER], horizon),
        peers=_peers(at, horizon, peers),
        observed=seen[FORWARD],
        expected=mean[FORWARD],
        low=low,
        high=high,
        leaving=at.leaving(start),
        enough=has_power(mean[FORWARD], at.vague[FORWARD, :, :, start]),
    )


def _peers(at: Watch, horizon: float, circle: Ints | None) -> Floats:
    """(S, G) conversion of the others of a circle in the last year; NaN where there is none."""
    start, n_groups = KEPT - PEERS, at.seen.shape[2]
    of = np.zeros(n_groups, np.int64) if circle is None else circle
    same = (of[:, None] == of[None, :]).astype(np.float64)
    np.fill_diagonal(same, 0.0)
    factors = []
    for kind in (FORWARD, OTHER):
        o = at.seen[kind, :, :, start:].sum(-1) @ same
        e = at.usual[kind, :, :, start, start:].sum(-1) @ same
        factors.append(np.where(e >= LEAN, leaning(o, e), np.nan)[..., None])
    rate = [at.norms.rate[kind][:, None, :, start] for kind in (FORWARD, OTHER)]
    return incidence(rate[0] * factors[0], rate[1] * factors[1], horizon)


def stays_to_come(at: Watch, *, days_left: float) -> Floats:
    """(S, G) stays open now plus those to be entered in the days left, at the pace of the last year."""
    pieces = at.pieces
    is_open = pieces.kind == UNKNOWN
    year = at.seen[:, :, :, KEPT - PEERS :].sum((0, -1))  # as many come in as go out
    return np.asarray(year * days_left / (PEERS * 28.0) + _count(at, is_open))


def _count(at: Watch, rows: Bools) -> Floats:
    of = at.group[at.pieces.deal[rows]]
    cell = at.pieces.state[rows] * at.seen.shape[2] + np.maximum(of, 0)
    size = at.seen.shape[1] * at.seen.shape[2]
    return tally(cell, (of >= 0).astype(np.float64), size).reshape(at.seen.shape[1:3])


@dc.dataclass(frozen=True, slots=True)
class Standing:
    """A stored forecast of one period: booked, expected in all, quantiles at LEVELS, target, P(attain)."""

    booked: float
    expected: float
    quantiles: Sequence[float]
    target: float
    p_attain: float


LEVELS: Final = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


def chance_after(standing: Standing, gain: float) -> float:
    """
    P(attain) if the rest of the period brought `gain` more: monotone, the stored chance for no gain, within [0, 1].

    Method: the distribution through the quantiles and (target, 1 - P) on the normal scale, linear between and beyond.
    """
    ahead = standing.expected - standing.booked
    if gain <= 0 or ahead <= 0 or standing.p_attain in (0.0, 1.0):
        return standing.p_attain
    scale = 1 + gain / ahead
    asked = standing.booked + (standing.target - standing.booked) / scale
    own = float(ndtri(np.clip(1 - standing.p_attain, 1e-4, 1 - 1e-4)))
    points = [(standing.target, own)]
    for amount, level in zip(standing.quantiles, LEVELS, strict=True):
        z = float(ndtri(level))
        if (amount - standing.target) * (z - own) > 0:  # keeps both orders; a quantile that contradicts P is left out
            points.append((float(amount), z))
    x, z_values = (np.array(column) for column in zip(*sorted(points), strict=True))
    if len(x) == 1:
        spread = max((standing.quantiles[5] - standing.quantiles[1]) / 2.563, 1e-9)
        z = own + (asked - standing.target) / spread
    elif asked < x[0] or asked > x[-1]:
        edge = slice(0, 2) if asked < x[0] else slice(-2, None)
        (x0, x1), (z0, z1) = x[edge], z_values[edge]
        z = z0 + (asked - x0) * (z1 - z0) / max(x1 - x0, 1e-9)
    else:
        z = float(np.interp(asked, x, z_values))
    return max(standing.p_attain, float(1 - ndtr(z)))
