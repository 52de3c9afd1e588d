"""
P(won by the end of each period) and P(finally won) for open deals: closed form on a day grid, one calculation per
distinct group.

The stay a deal is in now is followed day by day with its own hazards. What it moves on into is
* the renewal equation of a fresh stay, w_s(n) = f_s(n) + sum_s' (q_ss' * w_s')(n), solved for all days at once in the
  Fourier domain (it holds for loops and moves back as well), for deals without an expected closing date;
* a Markov chain on the days to the closing date, for deals that have one.
"""

from __future__ import annotations

import dataclasses as dc
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from .drift import Drift
from .exposure import BAND_EDGES, FAR, OUTCOMES
from .hazards import ADVANCE, LOSS, WIN, Hazards, Table, known_level, log_factors_everywhere
from .history import Bools, Floats, Ints
from .likeness import GRID, Open, alike, shapes_of, take, unique_rows

Spectrum: TypeAlias = npt.NDArray[np.complex128]

# at most so many calculations are made for one clock, in groups × what one costs (`_cost`); of more, likeness is read
# more broadly. PLAIN: for chances without factors, which differ by the clock alone, and for sums over deals
GROUPS: Final = 80_000
PLAIN: Final = 40_000
AT_ONCE: Final = 16  # groups whose curves are worked out together
BEYOND: Final = 3_650  # days after which a deal that is still open is counted as not won


@dc.dataclass(frozen=True, slots=True)
class Chances:
    """
    by_end (n, H): P(won before the end of period h); final, base (n,): P(finally won) with and without factors; fresh
    (n,): base of a deal that enters the same stage today; by_close (n,): whether the clock is the days to the expected
    closing date; factors (n, attributes): odds they put on winning.
    """

    by_end: Floats
    final: Floats
    base: Floats
    fresh: Floats
    by_close: Bools
    factors: Floats


def _exits(rates: Floats, steps: float) -> tuple[Floats, Floats]:
    """
    Cumulative hazards per day (…, S) held for `steps` days → (probability to stay, probabilities to leave by
    destination).
    """
    total = rates @ np.ones(rates.shape[-1])  # several times faster than a sum over a short last axis
    stay = np.exp(-total * steps)
    return stay, rates * np.where(total > 0, (1 - stay) / np.maximum(total, 1e-300), 0.0)[..., None]


def _cost(table: Table) -> int:
    """Numbers that a group's day is made of: its state's rates and flows, and the moves of later stages."""
    return 2 * table.rate.shape[0] + int(table.rate.any(1).sum())


def _onward(table: Table, won: Bools) -> Bools:
    """(S,) open states that deals can leave."""
    return ~won & (table.rate.sum((1, 2)) > 0)


def fresh_curves(hazards: Hazards, scale: Floats, n_days: int, won: Bools) -> Floats:
    """
    P(won within n days of entering each state), for groups of deals, from the renewal equation in the Fourier domain.

    Shapes: scale (G, S, 4) factors per group, state and outcome class → (G, S, n_days + 1).
    """
    table, kind = hazards.age, hazards.kind
    n_groups, n = scale.shape[0], len(kind)
    days = np.arange(n_days)
    bins = np.searchsorted(table.edges, days, "right") - 1
    mult = np.take_along_axis(scale, np.broadcast_to(kind[None], (n_groups, n, n)), 2)
    curves = np.zeros((n_groups, n, n_days + 1))
    size = 1 << int(2 * max(n_days, 8) - 1).bit_length()
    damp = 10.0 ** (-8.0 / size * days)  # what wraps around the transform is worth 1e-8
    moving = _onward(table, won)
    source, target = np.nonzero(table.rate.any(1) & (moving | won))
    for first in range(0, n_groups, AT_ONCE):
        some = slice(first, first + AT_ONCE)
        stay, leave = _exits(table.rate * mult[some, :, None, :], 1.0)
        alive = np.cumprod(np.concatenate([np.ones((len(stay), n, 1)), stay[:, :, bins[:-1]]], 2), 2) * damp
        flow = alive[:, source] * leave[:, source, :, target].transpose(1, 0, 2)[:, :, bins]  # (groups, moves, days)
        spectrum = np.fft.rfft(flow, size).transpose(1, 0, 2)
        win: dict[int, Spectrum] = {}
        moves: dict[tuple[int, int], Spectrum] = {}
        for s, t, wave in zip(source.tolist(), target.tolist(), spectrum, strict=True):
            if won[t]:
                win[s] = win[s] + wave if s in win else wave
            else:
                moves[s, t] = wave
        for s, wave in _renewed(win, moves).items():
            density = np.fft.irfft(wave, size)[:, :n_days] / damp
            curves[some, s, 1:] = np.clip(np.cumsum(np.maximum(density, 0.0), 1), 0.0, 1.0)
    return curves


def _renewed(win: dict[int, Spectrum], moves: dict[tuple[int, int], Spectrum]) -> dict[int, Spectrum]:
    """
    Solve w_s = win_s + sum_t moves_st w_t for all states at once, every spectrum of one shape; what is not there is zero.

    Method: elimination state by state. No pivot is looked for: of the moves out of a state less than all go anywhere, so
    that the diagonal outweighs its row.
    """
    win, moves = dict(win), dict(moves)
    states = sorted({*win, *(s for move in moves for s in move)})
    for place, k in enumerate(states):
        if (k, k) in moves:
            again = 1 / (1 - moves.pop((k, k)))
            win |= {k: again * win[k]} if k in win else {}
            moves |= {(s, t): again * wave for (s, t), wave in moves.items() if s == k}
        onward = [(t, wave) for (s, t), wave in moves.items() if s == k]
        for s in states[place + 1 :]:
            by_way = moves.pop((s, k), None)
            if by_way is None:
                continue
            if k in win:
                win[s] = win[s] + by_way * win[k] if s in win else by_way * win[k]
            for t, wave in onward:
                moves[s, t] = moves[s, t] + by_way * wave if (s, t) in moves else by_way * wave
    solved: dict[int, Spectrum] = {}
    for k in reversed(states):
        terms = [wave * solved[t] for (s, t), wave in moves.items() if s == k and t in solved]
        terms += [win[k]] if k in win else []
        if terms:
            solved[k] = np.sum(terms, axis=0)
    return solved


def fresh_finals(hazards: Hazards, scale: Floats, won: Bools) -> Floats:
    """P(finally won) on entering each state: (G, S, 4) → (G, S). In closed form per bin, then one linear system."""
    table, kind = hazards.age, hazards.kind
    n_groups, n = scale.shape[0], len(kind)
    rates = table.rate * np.take_along_axis(scale, np.broadcast_to(kind[None], (n_groups, n, n)), 2)[:, :, None, :]
    widths = np.diff(np.minimum(table.edges, BEYOND)).astype(np.float64)
    total = rates.sum(3)
    gone = 1 - np.exp(-total * widths)
    alive = np.cumprod(np.concatenate([np.ones((n_groups, n, 1)), 1 - gone[:, :, :-1]], 2), 2)
    share = alive * np.where(total > 0, gone / np.maximum(total, 1e-300), 0.0)
    reach = np.einsum("gsb,gsbt->gst", share, rates)
    onward = np.where(_onward(table, won), reach, 0.0)
    finals = np.linalg.solve(np.eye(n) - onward, reach[:, :, won].sum(2)[:, :, None])[:, :, 0]
    return np.asarray(np.clip(finals, 0.0, 1.0))


@dc.dataclass(frozen=True, slots=True)
class _Groups:
    """
    Deals that share one calculation: their standing (G,), own (G, 4) factors in the present state, shape (G,) row of
    the shapes (C, S, 4) that stand for their factors in later states.
    """

    deals: Open
    own: Floats
    shape: Ints
    shapes: Floats


@dc.dataclass(frozen=True, slots=True)
class _Clock:
    """A table ready for looking up by day: rate (bands, S, B, S); bins and bands of every day from -FAR to FAR."""

    rate: Floats
    bins: Ints
    bands: Ints
    by_close: bool

    @classmethod
    def of(cls, hazards: Hazards, table: Table) -> _Clock:
        every_day = np.arange(-FAR, FAR + 1)
        bins = np.clip(np.searchsorted(table.edges, every_day, "right") - 1, 0, len(table.edges) - 2)
        bands = np.clip(np.searchsorted(BAND_EDGES, every_day, "right") - 1, 0, len(BAND_EDGES) - 2)
        factor = np.concatenate([table.band, np.ones((*table.band.shape[:2], 1))], 2)  # moves back carry none
        by_move = np.take_along_axis(factor, np.broadcast_to(hazards.kind[None], (len(factor), *hazards.kind.shape)), 2)
        return cls(table.rate[None] * by_move[:, :, None, :], bins, bands, table is not hazards.age)

    def rates_on(self, deals: Open, day: int) -> tuple[Floats, Ints]:
        """
        (G, S) hazards of the present stays on a day from as_of on, but for the deals' own factors; and their bins.
        """
        clock = deals.to_close - day if self.by_close else deals.age + day
        bins = self.bins.take(clock + FAR, mode="clip")
        _, n_states, n_bins, _ = self.rate.shape
        place = deals.state * n_bins + bins
        if self.by_close:
            place += self.bands.take(deals.age + day + FAR, mode="clip") * (n_states * n_bins)
        return self.rate.reshape(-1, n_states).take(place, axis=0), bins


@dc.dataclass(frozen=True, slots=True)
class _Later:
    """
    The stages after the present one by the days to the closing date, as the moves (m,) that occur at all: from source to
    target, in order of the source, with rate (m, B) and scale (m, G). leaving (l,): the sources; first (l,): where the moves of
    each begin; whose (m,): place of a move's source among them.
    """

    target: Ints
    rate: Floats
    scale: Floats
    leaving: Ints
    first: Ints
    whose: Ints

    @classmethod
    def of(cls, table: Table, scale: Floats, shape: Ints) -> _Later:
        """scale (C, S, S) by shape and move; shape (G,)."""
        source, target = np.nonzero(table.rate.any(1))
        leaving, first, whose = np.unique(source, return_index=True, return_inverse=True)
        by_group = scale[:, source, target].T[:, shape].copy()
        return cls(target, table.rate[source, :, target], by_group, leaving, first, whose)

    def step(self, here: Floats, bins: Ints) -> tuple[Floats, Floats]:
        """One day: here (S, G) probability to be in each state → (probability to stay, probability that moved in)."""
        rates = self.rate.take(bins, axis=1)
        rates *= self.scale
        total = np.add.reduceat(rates, self.first, axis=0)
        gone = -np.expm1(-total)
        stay, moved = np.ones_like(here), np.zeros_like(here)
        stay[self.leaving] -= gone
        share = here[self.leaving] * np.divide(gone, total, out=np.zeros_like(total), where=total > 0)
        rates *= share[self.whose]
        for move, target in enumerate(self.target.tolist()):
            moved[target] += rates[move]
        return stay, moved


def _beyond(clock: _Clock, deals: Open, mine: Floats, *, horizon: int, alive: Floats) -> Floats:
    """(G, S) where present stays end after the horizon, in growing steps; alive (G,): share that lasts until then."""
    out = np.zeros((len(alive), clock.rate.shape[-1]))
    day, step = horizon, 1
    while day < horizon + BEYOND:
        rates, _ = clock.rates_on(deals, day)
        stay, leave = _exits(rates * mine, float(step))
        out += alive[:, None] * leave
        alive = alive * stay
        day, step = day + step, max(1, int((day - horizon) * 0.1))
    return out


def _follow(
    hazards: Hazards, table: Table, groups: _Groups, *, ends: Ints, won: Bools, drift: Drift, daily: Floats
) -> tuple[Floats, Floats]:
    """
    Walk every group's present stay day by day; returns P(won by each end) (G, H) and P(finally won) (G,).

    daily (horizon, 3): what multiplies the hazards of each day ahead, by outcome class.
    """
    n_groups, n = len(groups.deals.state), len(hazards.kind)
    horizon = int(ends.max(initial=0))
    clock = _Clock.of(hazards, table)
    kind = hazards.kind[groups.deals.state]
    own = np.take_along_axis(groups.own, kind, 1)
    paces = np.concatenate([drift.factor, np.ones((*drift.factor.shape[:2], 1))], 2)[:, groups.deals.state]
    shapes = groups.shapes * drift.soon
    moving = np.flatnonzero(_onward(table, won))
    chain = len(moving) > 0 and bool(table.rate[:, :, moving].any())
    later_scale = np.take_along_axis(shapes, np.broadcast_to(hazards.kind[None], (len(shapes), n, n)), 2)
    curves = None if clock.by_close or not chain else fresh_curves(hazards, shapes, horizon, won)[:, moving]
    onward_final = fresh_finals(hazards, shapes, won)[groups.shape][:, moving]
    then = _Later.of(table, later_scale, groups.shape) if chain and clock.by_close else None
    into = [
        np.flatnonzero(way) for way in np.asarray(table.rate[:, :, moving].any(1))[groups.deals.state].T
    ]  # who can go there
    winning = won.astype(np.float64)
    alive, later = np.ones(n_groups), np.zeros((n, n_groups))
    by_end, final, fresh = np.zeros((n_groups, len(ends))), np.zeros(n_groups), np.zeros((n_groups, len(moving)))
    steady = bool((daily == 1).all())
    by_day = np.concatenate([daily, np.ones((len(daily), 1))], 1)
    won_time = np.r_[0.0, np.cumsum(daily[:, WIN])]  # later stages run on the winning days' own time
    month = -1
    for day in range(horizon):
        if drift.on(day) != month:
            month = drift.on(day)
            mine = own * np.take_along_axis(paces[month], kind, 1)
        rates, bins = clock.rates_on(groups.deals, day)
        stay, leave = _exits(rates * (mine if steady else mine * by_day[day].take(kind)), 1.0)
        flow = alive[:, None] * leave
        alive = alive * stay
        won_now, onward = flow @ winning, flow[:, moving]
        running = ends > day
        if then is not None:
            later[moving] += onward.T
            stay_on, moved = then.step(later, bins)
            won_now = won_now + winning @ moved
            later *= stay_on
            later[moving] += moved[moving]
        elif curves is not None:
            left = np.clip(np.rint(won_time[ends[running]] - won_time[day]), 0, horizon).astype(np.int64)
            reached = np.zeros((n_groups, len(left)))
            for t, rows in enumerate(into):
                reached[rows] += onward[rows, t, None] * curves[:, t, left].take(groups.shape[rows], 0)
            by_end[:, running] += reached
            fresh += onward
        by_end[:, running] += won_now[:, None]
        final += won_now
    final += ((fresh + later[moving].T) * onward_final).sum(1)
    mine = own * np.take_along_axis(paces[drift.on(horizon)], kind, 1)
    gone = _beyond(clock, groups.deals, mine, horizon=horizon, alive=alive)
    final += gone @ winning + (gone[:, moving] * onward_final).sum(1)
    by_end = np.clip(np.maximum.accumulate(by_end, axis=1), 0.0, 1.0)
    return by_end, np.clip(np.maximum(final, by_end.max(1, initial=0.0)), 0.0, 1.0)


def chances(
    hazards: Hazards,
    deals: Open,
    ends: Ints,
    won: Bools,
    *,
    explain: bool = True,
    drift: Drift | None = None,
    daily: Floats | None = None,
) -> Chances:
    """
    Winning chances of open deals.

    Shapes: deals (n,), ends (H,) ascending day offsets from as_of (> 0), won (S,). explain: also work out `base`, `fresh`
    and `factors`; without them the chances are good for sums over many deals. drift: what multiplies the hazards from as_of
    on, by month; daily (days, 3): by day, for deals without a closing date.
    Cost grows with the number of distinct (state, clock, rounded factors), not with deals, and ends at GROUPS.
    """
    n, n_states = len(deals.state), len(hazards.kind)
    drift = Drift.none(n_states) if drift is None else drift
    same = np.ones((int(ends.max(initial=0)), OUTCOMES))
    by_end, final, base = np.zeros((n, len(ends))), np.zeros(n), np.zeros(n)
    factors = np.ones((n, deals.levels.shape[1]))
    use_close = deals.dated if hazards.close is not None else np.zeros(n, np.bool_)
    for table in (hazards.age, hazards.close):
        if table is None:
            continue
        here = same if daily is None or table is not hazards.age else daily
        mine = np.flatnonzero(use_close == (table is not hazards.age))
        if not len(mine):
            continue
        some = take(deals, mine)
        if table is hazards.age:
            some = dc.replace(some, to_close=np.zeros(len(mine), np.int64))
        kinds, who = unique_rows(some.levels)
        log = log_factors_everywhere(table, some.levels[kinds])
        cost = _cost(table)
        shapes, shape = shapes_of(log, np.flatnonzero(_onward(table, won)))
        if not table.rate[:, :, _onward(table, won)].any():  # there are no later stages to be alike in
            shapes, shape = shapes[:1], np.zeros_like(shape)
        own = np.round(log[who, some.state] / GRID)
        typical, like, factor_of, group = alike(some, shape[who], own, (GROUPS if explain else PLAIN) // cost)
        groups = _Groups(typical, np.exp(factor_of * GRID), like, shapes)
        ended, finally_won = _follow(hazards, table, groups, ends=ends, won=won, drift=drift, daily=here)
        by_end[mine], final[mine] = ended[group], finally_won[group]
        if not explain:
            continue
        typical, like, factor_of, group = alike(
            some, np.zeros(len(mine), np.int64), np.zeros((len(mine), OUTCOMES + 1)), PLAIN // cost
        )
        groups = _Groups(typical, np.exp(factor_of), like, np.ones((1, n_states, 4)))
        base[mine] = _follow(hazards, table, groups, ends=ends, won=won, drift=drift, daily=here)[1][group]
        forward = np.where((table.rate.sum(1) * (hazards.kind == ADVANCE)).any(1), ADVANCE, WIN)[some.state]
        for a, factor in enumerate(table.factors):
            level = known_level(some.levels[:, a], factor)
            factors[mine, a] = factor[level, some.state, forward] / factor[level, some.state, LOSS]
    plain = np.ones((1, n_states, OUTCOMES + 1))
    fresh = fresh_finals(hazards, plain, won)[0][deals.state] if explain else np.zeros(n)
    return Chances(by_end, final, base, fresh, use_close, factors)
