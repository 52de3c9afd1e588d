"""
How likely a deal leaves its stage on a day, by where it goes: discrete day hazards with empirical-Bayes factors.

Cells are state × bin of a clock × destination. The clock is the number of days to the expected closing date where a
deal has one, else the days since it entered the stage. Days at risk weigh 2^(-age of the evidence / half-life); open
stays are censored, stays begun before the records are complete enter late. A cell with few days at risk leans on its
neighbours; beyond the last age that was really seen the hazard decays with 1/age, so that a deal forgotten for years
is not expected to be won.

Owner, product, channel, region and size multiply the hazard of each outcome by theta = (O + k) / (E + k):
Gamma-Poisson with k by marginal likelihood (Clayton & Kaldor, Biometrics 43 (1987), 671-681), first over all stages,
then per stage around the first.
"""

from __future__ import annotations

import dataclasses as dc
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.special import gammaln

from .history import UNKNOWN, Bools, Floats, Funnel, Ints, Stays, tally

WIN, LOSS, ADVANCE, BACK = range(4)
OUTCOMES: Final = 3  # the classes that carry factors: win, loss, advance
FAR: Final = 10_000
AGE_EDGES: Final = np.array([0, 1, 2, 4, 7, 11, 16, 23, 32, 45, 64, 90, 128, 180, 256, 365, 512, 730, FAR], np.int64)
CLOSE_EDGES: Final = np.array(
    [-FAR, -180, -90, -45, -21, -10, -4, -1, 0, 1, 2, 4, 8, 15, 30, 46, 61, 91, 122, 183, 365, FAR], np.int64
)
BAND_EDGES: Final = np.array([0, 7, 30, 90, 180, FAR], np.int64)
HALF_LIFE: Final = 365.0
NEIGHBOURS: Final = 3.0  # days at risk that the neighbourhood of a cell is worth
SEEN: Final = 30.0  # days at risk from which a bin counts as seen
DEFAULT_EXIT: Final = 1 / 60  # a stage nobody has left yet: once in two months,
DEFAULT_FORWARD: Final = 0.4  # and forwards two times in five
K_GRID: Final = np.logspace(0, 3.5, 15)


@dc.dataclass(frozen=True, slots=True)
class Table:
    """
    One clock's hazards. rate (S, B, S): cumulative hazard per day from a state in a bin to a destination, at factors
    1.

    factors: per attribute (levels + 1, S, 3), the last row (unknown level, index -1) is 1. band (bands, S, 3): factor
    of time in stage.
    """

    edges: Ints
    rate: Floats
    factors: tuple[Floats, ...]
    band: Floats


@dc.dataclass(frozen=True, slots=True)
class Hazards:
    """
    kind (S, S): outcome class of a move. age serves deals without a closing date; close is None where too few have
    one.
    """

    kind: Ints
    age: Table
    close: Table | None


@dc.dataclass(frozen=True, slots=True)
class _Pieces:
    """
    Days at risk cut at the clock's edges, one row per stay × bin × band with days > 0; event marks the piece that
    ended it.
    """

    stay: Ints
    bin: Ints
    band: Ints
    days: Floats
    weight: Floats
    event: Bools


def kinds_of(funnel: Funnel) -> Ints:
    """(S, S) outcome class of each move: forward in the same pipeline or into another one is an advance, else back."""
    back = (funnel.position[None, :] <= funnel.position[:, None]) & (
        funnel.pipeline[None, :] == funnel.pipeline[:, None]
    )
    kind = np.where(back, BACK, ADVANCE)
    kind[:, funnel.won] = WIN
    kind[:, funnel.lost] = LOSS
    return kind.astype(np.int64)


def _cut(stays: Stays, *, by_close: bool, history_from: int) -> _Pieces:
    gone = stays.to != UNKNOWN
    start = np.maximum(0, history_from - stays.entered)
    stop = stays.left - stays.entered + gone  # the day of the exit is a day at risk
    lead = stays.close - stays.entered
    rows: list[tuple[Ints, int, int, Ints, Ints]] = []
    edges = CLOSE_EDGES if by_close else AGE_EDGES
    bands = list(pairwise(BAND_EDGES)) if by_close else [(0, FAR)]
    for b, (low, high) in enumerate(pairwise(edges)):
        first, after = (lead - high + 1, lead - low + 1) if by_close else (low, high)
        begin, end = np.maximum(start, first), np.minimum(stop, after)
        some = np.flatnonzero(end > begin)
        for k, (young, old) in enumerate(bands):
            a, z = np.maximum(begin[some], young), np.minimum(end[some], old)
            keep = z > a
            rows.append((some[keep], b, k, a[keep], z[keep]))
    stay = np.concatenate([r[0] for r in rows])
    size = [len(r[0]) for r in rows]
    begin, end = np.concatenate([r[3] for r in rows]), np.concatenate([r[4] for r in rows])
    middle = stays.entered[stay] + (begin + end) / 2
    return _Pieces(
        stay=stay,
        bin=np.repeat([r[1] for r in rows], size),
        band=np.repeat([r[2] for r in rows], size),
        days=(end - begin).astype(np.float64),
        weight=np.exp2(-np.maximum(stays.as_of - middle, 0) / HALF_LIFE),
        event=gone[stay] & (end == stop[stay]),
    )


def _default(funnel: Funnel, kind: Ints) -> Floats:
    """(S, S) hazards before any evidence: forwards means won from a pipeline's last state, else its next state."""
    rate = np.zeros((funnel.n_states, funnel.n_states))
    for s in np.flatnonzero(funnel.open):
        ahead = np.flatnonzero((funnel.pipeline == funnel.pipeline[s]) & (funnel.position > funnel.position[s]))
        onward = ahead[[np.argmin(funnel.position[ahead])]] if len(ahead) else np.flatnonzero(kind[s] == WIN)[:1]
        rate[s, onward] += DEFAULT_FORWARD * DEFAULT_EXIT
        rate[s, np.flatnonzero(kind[s] == LOSS)[:1]] += (1 - DEFAULT_FORWARD) * DEFAULT_EXIT
    return rate


def _chains(by_close: bool) -> list[Ints]:
    """Bins in the order in which they get rarer, outwards from where deals are."""
    if not by_close:
        return [np.arange(len(AGE_EDGES) - 1)]
    today = int(np.searchsorted(CLOSE_EDGES, 0, "right")) - 1
    return [np.arange(today, -1, -1), np.arange(today + 1, len(CLOSE_EDGES) - 1)]


def _smooth(events: Floats, risk: Floats, default: Floats, *, by_close: bool) -> Floats:
    """
    (S, B, S) weighted events over (S, B) days at risk → daily hazards, leaning on neighbours, decaying beyond the
    last seen bin.
    """
    n_bins = risk.shape[1]
    distance = np.arange(n_bins)[:, None] - np.arange(n_bins)[None, :]
    near = np.exp(-0.5 * distance**2)
    overall = (events.sum(1) + SEEN * default) / (risk.sum(1)[:, None] + SEEN)
    around = np.einsum("bj,sjc->sbc", near, events) + 10 * overall[:, None, :]
    prior = around / (np.einsum("bj,sj->sb", near, risk) + 10)[:, :, None]
    hazard = (events + NEIGHBOURS * prior) / (risk + NEIGHBOURS)[:, :, None]
    edges = CLOSE_EDGES if by_close else AGE_EDGES
    middle = np.abs((np.clip(edges[:-1], -730, 1460) + np.clip(edges[1:], -730, 1460)) / 2) + 0.5
    for chain in _chains(by_close):
        for inner, outer in pairwise(chain):
            beyond = risk[:, outer:].sum(1) if outer > inner else risk[:, : outer + 1].sum(1)
            faded = hazard[:, inner] * min(1.0, middle[inner] / middle[outer])
            thin = (events[:, outer] + SEEN * faded) / (risk[:, outer] + SEEN)[:, None]
            hazard[:, outer] = np.where((beyond < SEEN)[:, None], thin, hazard[:, outer])
    return hazard


def shrink(observed: Floats, expected: Floats, centre: Floats | float = 1.0) -> Floats:
    """
    Gamma-Poisson posterior means of rate ratios: (O + k centre) / (E + k), k by marginal likelihood over the whole
    array.

    Shapes: observed, expected (n,), weighted counts ≥ 0; centre scalar or (n,), the prior mean. With nothing to learn
    k is large.
    """
    mean = np.broadcast_to(np.asarray(centre, np.float64), observed.shape)
    seen = expected > 1e-9
    if seen.sum() < 2:
        return np.array(mean)
    o, e, m = observed[seen], expected[seen], np.maximum(mean[seen], 1e-6)
    k = K_GRID[:, None]
    fit = gammaln(o + k * m) - gammaln(k * m) + k * m * np.log(k / (e + k)) + o * np.log(e / (e + k))
    best = float(K_GRID[int(np.argmax(fit.sum(1)))])
    return np.asarray((observed + best * mean) / (expected + best))


def _theta(level: Ints, state: Ints, *, n_levels: int, n_states: int, observed: Floats, expected: Floats) -> Floats:
    """
    (levels + 1, S) factors of one attribute and outcome from per-row observed and expected events; unknown level → 1.
    """
    known = level >= 0
    flat = level[known] * n_states + state[known]
    o = tally(flat, observed[known], n_levels * n_states).reshape(n_levels, n_states)
    e = tally(flat, expected[known], n_levels * n_states).reshape(n_levels, n_states)
    first = shrink(o.sum(1), e.sum(1))
    both = shrink(o.ravel(), e.ravel(), np.repeat(first, n_states)).reshape(n_levels, n_states)
    return np.clip(np.vstack([both, np.ones((1, n_states))]), 0.05, 20.0)


def _fit(stays: Stays, funnel: Funnel, kind: Ints, levels: Ints, *, by_close: bool, history_from: int) -> Table:
    """levels (n_stays, attributes): codes ≥ 0 or -1."""
    cut = _cut(stays, by_close=by_close, history_from=history_from)
    n, n_bins = funnel.n_states, (len(CLOSE_EDGES) if by_close else len(AGE_EDGES)) - 1
    n_bands = len(BAND_EDGES) - 1
    state, to = stays.state[cut.stay], stays.to[cut.stay]
    cell = state * n_bins + cut.bin
    weighted = cut.days * cut.weight
    ended = np.flatnonzero(cut.event)
    events = tally(cell[ended] * n + to[ended], cut.weight[ended], n * n_bins * n).reshape(n, n_bins, n)
    risk = tally(cell, weighted, n * n_bins).reshape(n, n_bins)
    default = _default(funnel, kind)
    hazard = _smooth(events, risk, default, by_close=by_close)

    sizes = [int(levels[:, a].max(initial=UNKNOWN)) + 1 for a in range(levels.shape[1])]
    factors = [np.ones((size + 1, n, OUTCOMES)) for size in sizes]
    band = np.ones((n_bands, n, OUTCOMES))
    n_stays, of = len(stays.state), stays.state
    ends_in = np.full(n_stays, UNKNOWN, np.int64)
    ends_in[cut.stay[ended]] = kind[state[ended], to[ended]]
    ends_at = np.zeros(n_stays)
    ends_at[cut.stay[ended]] = cut.weight[ended]
    for c in range(OUTCOMES):
        observed = np.where(ends_in == c, ends_at, 0.0)
        if not observed.any():
            continue
        base = weighted * (hazard * (kind == c)[:, None, :]).sum(2).ravel()[cell]
        product = np.ones(n_stays)
        for _ in range(2):
            ageing = base * band[cut.band, state, c] if by_close else base
            expected = tally(cut.stay, ageing, n_stays)
            for a, size in enumerate(sizes):
                if size < 2:
                    continue
                product /= factors[a][levels[:, a], of, c]
                factors[a][:, :, c] = _theta(
                    levels[:, a], of, n_levels=size, n_states=n, observed=observed, expected=expected * product
                )
                product *= factors[a][levels[:, a], of, c]
            if by_close:
                seen = np.zeros(len(base))
                seen[ended] = observed[cut.stay[ended]]
                band[:, :, c] = _theta(
                    cut.band,
                    state,
                    n_levels=n_bands,
                    n_states=n,
                    observed=seen,
                    expected=base * product[cut.stay],
                )[:-1]
        adjusted = tally(cell, base * product[cut.stay] * band[cut.band, state, c], n * n_bins)
        plain = tally(cell, base, n * n_bins)
        breslow = ((plain + 1e-9) / (adjusted + 1e-9)).reshape(n, n_bins, 1)
        hazard = np.where((kind == c)[:, None, :], hazard * breslow, hazard)

    hazard[~funnel.open] = 0.0
    total = hazard.sum(2, keepdims=True)
    rate = -np.log1p(-np.minimum(total, 0.999)) * hazard / np.maximum(total, 1e-300)
    return Table(CLOSE_EDGES if by_close else AGE_EDGES, rate, tuple(factors), band)


def fit_hazards(stays: Stays, funnel: Funnel, attributes: Ints, *, history_from: int) -> Hazards:
    """
    Learn both clocks from the stays known on stays.as_of.

    attributes: (n_stays, n) level codes of each stay, -1 unknown. The closing-date clock needs 50 stays with a date
    and 20 that ended.
    """
    kind = kinds_of(funnel)
    at_risk = funnel.open[stays.state]

    def part(keep: Bools) -> tuple[Stays, Ints]:
        columns = {f.name: getattr(stays, f.name)[keep] for f in dc.fields(stays) if f.name != "as_of"}
        return Stays(**columns, as_of=stays.as_of), attributes[keep]

    some, levels = part(at_risk)
    age = _fit(some, funnel, kind, levels, by_close=False, history_from=history_from)
    dated = at_risk & (stays.close != UNKNOWN)
    if dated.sum() < 50 or (dated & (stays.to != UNKNOWN)).sum() < 20:
        return Hazards(kind, age, None)
    some, levels = part(dated)
    return Hazards(kind, age, _fit(some, funnel, kind, levels, by_close=True, history_from=history_from))
