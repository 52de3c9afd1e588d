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
from typing import Final

import numpy as np
import numpy.typing as npt

from .hazards import ADVANCE, BAND_EDGES, LOSS, OUTCOMES, WIN, Hazards, Table
from .history import UNKNOWN, Bools, Floats, Ints

GRID: Final = 0.05  # factors are rounded to 5 % so that like deals share one calculation
BEYOND: Final = 3_650  # days after which a deal that is still open is counted as not won


@dc.dataclass(frozen=True, slots=True)
class Open:
    """
    Open deals, (n,): state, age = days in it, to_close = days to the expected closing date, dated = has one; levels
    (n, attributes).
    """

    state: Ints
    age: Ints
    to_close: Ints
    dated: Bools
    levels: Ints


@dc.dataclass(frozen=True, slots=True)
class Chances:
    """
    by_end (n, H): P(won before the end of period h); final, base (n,): P(finally won) with and without factors;
    factors (n, attributes): odds they put on winning.
    """

    by_end: Floats
    final: Floats
    base: Floats
    factors: Floats


def multipliers(table: Table, state: Ints, levels: Ints) -> Floats:
    """(n, 4) product of factors per outcome class for deals standing in `state`; moves back carry none."""
    out = np.ones((len(state), OUTCOMES + 1))
    for a, factor in enumerate(table.factors):
        out[:, :OUTCOMES] *= factor[np.clip(levels[:, a], UNKNOWN, len(factor) - 2), state]
    return np.asarray(np.exp(np.round(np.log(out) / GRID) * GRID))


def _exits(rates: Floats, steps: float) -> tuple[Floats, Floats]:
    """
    Cumulative hazards per day (…, S) held for `steps` days → (probability to stay, probabilities to leave by
    destination).
    """
    total = rates.sum(-1)
    stay = np.exp(-total * steps)
    return stay, rates * np.where(total > 0, (1 - stay) / np.maximum(total, 1e-300), 0.0)[..., None]


def fresh_curves(hazards: Hazards, scale: Floats, n_days: int, won: Bools) -> tuple[Floats, Floats]:
    """
    P(won within n days of entering each state), for groups of deals.

    Shapes: scale (G, S, 4) factors per group, state and outcome class → curves (G, S, n_days + 1), finally (G, S).
    """
    table, kind = hazards.age, hazards.kind
    n_groups, n = scale.shape[0], len(kind)
    days = np.arange(n_days)
    bins = np.searchsorted(table.edges, days, "right") - 1
    mult = np.take_along_axis(scale, np.broadcast_to(kind[None], (n_groups, n, n)), 2)
    curves, finals = np.zeros((n_groups, n, n_days + 1)), np.zeros((n_groups, n))
    size = 1 << int(2 * max(n_days, 8) - 1).bit_length()
    damp = 10.0 ** (-8.0 / size)
    moving = ~won & (table.rate.sum((1, 2)) > 0)
    for g in range(n_groups):
        rates = table.rate * mult[g][:, None, :]
        stay, leave = _exits(rates[:, bins, :], 1.0)
        alive = np.cumprod(np.concatenate([np.ones((n, 1)), stay[:, :-1]], 1), 1)
        flow = alive[:, :, None] * leave  # (S, days, S)
        spectrum = np.fft.rfft(flow * (damp**days)[None, :, None], size, axis=1)
        win = spectrum[:, :, won].sum(2).T  # (freq, S)
        moves = np.where(moving[None, None, :], spectrum.transpose(1, 0, 2), 0.0)
        solved = np.linalg.solve(np.eye(n)[None] - moves, win[:, :, None])[:, :, 0]
        density = np.fft.irfft(solved, size, axis=0)[:n_days] / (damp**days)[:, None]
        curves[g, :, 1:] = np.clip(np.cumsum(np.maximum(density, 0.0), 0), 0.0, 1.0).T
        widths = np.diff(np.minimum(table.edges, BEYOND)).astype(np.float64)
        total = rates.sum(2)
        stay_bin = np.exp(-total * widths)
        alive_bin = np.cumprod(np.concatenate([np.ones((n, 1)), stay_bin[:, :-1]], 1), 1)
        share = alive_bin * np.where(total > 0, (1 - stay_bin) / np.maximum(total, 1e-300), 0.0)
        reach = (share[:, :, None] * rates).sum(1)
        onward = np.where(moving[None, :], reach, 0.0)
        finals[g] = np.linalg.solve(np.eye(n) - onward, reach[:, won].sum(1))
    return curves, np.maximum(np.clip(finals, 0.0, 1.0), curves[:, :, -1])


@dc.dataclass(frozen=True, slots=True)
class _Groups:
    """
    Deals that share one calculation: their standing (G,), scale (G, S, 4) factors, curve (G,) row of the fresh curves
    they move on into.
    """

    deals: Open
    scale: Floats
    curve: Ints


def _rates_on(hazards: Hazards, table: Table, groups: _Groups, day: int) -> tuple[Floats, Ints]:
    """
    (G, S) hazards of the present stays on a day from as_of on, without factors other than time in stage; and their
    bins.
    """
    deals, by_close = groups.deals, table is not hazards.age
    clock = deals.to_close - day if by_close else deals.age + day
    bins = np.clip(np.searchsorted(table.edges, clock, "right") - 1, 0, len(table.edges) - 2)
    rates = table.rate[deals.state, bins]
    if by_close:
        band = np.clip(np.searchsorted(BAND_EDGES, deals.age + day, "right") - 1, 0, len(BAND_EDGES) - 2)
        kind = hazards.kind[deals.state]
        factor = table.band[band[:, None], deals.state[:, None], np.minimum(kind, OUTCOMES - 1)]
        rates = rates * np.where(kind < OUTCOMES, factor, 1.0)
    return rates, bins


def _follow(
    hazards: Hazards, table: Table, groups: _Groups, fresh: tuple[Floats, Floats], *, ends: Ints, won: Bools
) -> tuple[Floats, Floats]:
    """
    Walk every group's present stay day by day. fresh: curves and finals of `fresh_curves`. Returns (G, H) and (G,).
    """
    curves, finals = fresh
    n_groups, n = len(groups.deals.state), len(hazards.kind)
    horizon = int(ends.max(initial=0))
    mult = np.take_along_axis(groups.scale, np.broadcast_to(hazards.kind[None], (n_groups, n, n)), 2)
    mine = mult[np.arange(n_groups), groups.deals.state]
    moving = np.flatnonzero(~won & (table.rate.sum((1, 2)) > 0))
    curves_on, onward_final = curves[:, moving], finals[groups.curve][:, moving]
    alive, later = np.ones(n_groups), np.zeros((n_groups, n))
    by_end, final = np.zeros((n_groups, len(ends))), np.zeros(n_groups)
    for day in range(horizon):
        rates, bins = _rates_on(hazards, table, groups, day)
        stay, leave = _exits(rates * mine, 1.0)
        flow = alive[:, None] * leave
        alive = alive * stay
        won_now, onward = flow[:, won].sum(1), flow[:, moving]
        running = ends > day
        if table is not hazards.age:
            later[:, moving] += onward
            if later.any():
                stay_on, go = _exits(table.rate[:, bins].transpose(1, 0, 2) * mult, 1.0)
                moved = np.einsum("gs,gst->gt", later, go)
                won_now = won_now + moved[:, won].sum(1)
                later *= stay_on
                later[:, moving] += moved[:, moving]
        elif onward.any():
            reach = curves_on[:, :, ends[running] - day][groups.curve]
            by_end[:, running] += np.einsum("gs,gsh->gh", onward, reach)
            final += (onward * onward_final).sum(1)
        by_end[:, running] += won_now[:, None]
        final += won_now
    final += (later[:, moving] * onward_final).sum(1)
    day, step = horizon, 1
    while day < horizon + BEYOND:
        rates, _ = _rates_on(hazards, table, groups, day)
        stay, leave = _exits(rates * mine, float(step))
        flow = alive[:, None] * leave
        alive = alive * stay
        final += flow[:, won].sum(1) + (flow[:, moving] * onward_final).sum(1)
        day, step = day + step, max(1, int((day - horizon) * 0.1))
    by_end = np.clip(np.maximum.accumulate(by_end, axis=1), 0.0, 1.0)
    return by_end, np.clip(np.maximum(final, by_end.max(1, initial=0.0)), 0.0, 1.0)


def _unique_rows(keys: npt.NDArray[np.int64]) -> tuple[Ints, Ints]:
    """First row of each distinct key and, per row, its group."""
    code = np.zeros(len(keys), np.int64)
    for column in keys.T:
        _, dense = np.unique(column, return_inverse=True)
        _, code = np.unique(code * (dense.max(initial=0) + 1) + dense, return_inverse=True)
    _, first, group = np.unique(code, return_index=True, return_inverse=True)
    return first, group


def _take(deals: Open, rows: Ints) -> Open:
    return Open(**{f.name: getattr(deals, f.name)[rows] for f in dc.fields(deals)})


def _scale(table: Table, levels: Ints, n_states: int) -> Floats:
    """(n, S, 4) factors a deal would have in every state."""
    return np.stack([multipliers(table, np.full(len(levels), s), levels) for s in range(n_states)], axis=1)


def chances(hazards: Hazards, deals: Open, ends: Ints, won: Bools, *, explain: bool = True) -> Chances:
    """
    Winning chances of open deals.

    Shapes: deals (n,), ends (H,) ascending day offsets from as_of (> 0), won (S,). Cost grows with the number of
    distinct (state, clock, rounded factors), not with deals.
    """
    n, n_states = len(deals.state), len(hazards.kind)
    by_end, final, base = np.zeros((n, len(ends))), np.zeros(n), np.zeros(n)
    factors = np.ones((n, deals.levels.shape[1]))
    horizon = int(ends.max(initial=0))
    plain = np.ones((1, n_states, 4))
    use_close = deals.dated if hazards.close is not None else np.zeros(n, np.bool_)
    for table in (hazards.age, hazards.close):
        if table is None:
            continue
        mine = np.flatnonzero(use_close == (table is not hazards.age))
        if not len(mine):
            continue
        some = _take(deals, mine)
        clock = some.to_close if table is not hazards.age else np.zeros(len(mine), np.int64)
        kinds, who = _unique_rows(some.levels)
        scale = _scale(table, some.levels[kinds], n_states)
        shapes, shape = _unique_rows(np.round(np.log(scale) / GRID).astype(np.int64).reshape(len(scale), -1))
        fresh = fresh_curves(hazards, scale[shapes], horizon, won)
        keys = np.stack([some.state, some.age, clock, shape[who]], axis=1)
        first, group = _unique_rows(keys)
        curve = shape[who][first]
        groups = _Groups(_take(some, first), scale[shapes][curve], curve)
        ended, finally_won = _follow(hazards, table, groups, fresh, ends=ends, won=won)
        by_end[mine], final[mine] = ended[group], finally_won[group]

        if not explain:
            continue
        first, group = _unique_rows(keys[:, :3])
        groups = _Groups(_take(some, first), np.repeat(plain, len(first), 0), np.zeros(len(first), np.int64))
        fresh = fresh_curves(hazards, plain, horizon, won)
        base[mine] = _follow(hazards, table, groups, fresh, ends=ends, won=won)[1][group]
        forward = np.where((table.rate.sum(1) * (hazards.kind == ADVANCE)).any(1), ADVANCE, WIN)[some.state]
        for a, factor in enumerate(table.factors):
            level = np.clip(some.levels[:, a], UNKNOWN, len(factor) - 2)
            factors[mine, a] = factor[level, some.state, forward] / factor[level, some.state, LOSS]
    return Chances(by_end, final, base, factors)
