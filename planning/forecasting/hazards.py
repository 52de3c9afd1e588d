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
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from .exposure import (
    AGE,
    AGE_EDGES,
    CLOSE,
    CLOSE_EDGES,
    OUTCOMES,
    Clock,
    Exposure,
    Pieces,
    Visits,
    visits,
)
from .history import UNKNOWN, Floats, Funnel, Ints, Stays, tally
from .shrinking import shrink

Levels: TypeAlias = npt.NDArray[np.signedinteger[Any]]

WIN, LOSS, ADVANCE, BACK = range(4)
NEIGHBOURS: Final = 3.0  # days at risk that the neighbourhood of a cell is worth
AROUND: Final = 10.0  # and the whole state to a neighbourhood
SEEN: Final = 30.0  # days at risk from which a bin counts as seen
UNTRIED: Final = 120.0  # further days that the whole is worth to each bin of a state that nobody has left yet,
TRIED: Final = 30.0  # fewer with every end, and none from so many on
DEFAULT_EXIT: Final = 1 / 60  # a stage nobody has left yet: once in two months,
DEFAULT_FORWARD: Final = 0.4  # and forwards two times in five
PASSES: Final = 2  # rounds of backfitting
JOINED: Final = 8_192  # rows of a table of products of factors: it stays in the processor's cache


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


def kinds_of(funnel: Funnel) -> Ints:
    """(S, S) outcome class of each move: forward in the same pipeline or into another one is an advance, else back."""
    back = (funnel.position[None, :] <= funnel.position[:, None]) & (
        funnel.pipeline[None, :] == funnel.pipeline[:, None]
    )
    kind = np.where(back, BACK, ADVANCE)
    kind[:, funnel.won] = WIN
    kind[:, funnel.lost] = LOSS
    return kind.astype(np.int64)


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

    A quiet day counts for its bin, for the bins around it and for the whole state: where next to nobody has left yet, that
    would take the same silence three times for a fact, and the first deals of a company for dead. There the whole is worth
    more, and the decay begins no sooner than a deal is expected to leave.
    """
    n_bins = risk.shape[1]
    few = np.maximum(1 - events.sum((1, 2)) / TRIED, 0.0)[:, None]
    near_worth, own_worth = AROUND + UNTRIED * few, NEIGHBOURS + UNTRIED * few
    distance = np.arange(n_bins)[:, None] - np.arange(n_bins)[None, :]
    near = np.exp(-0.5 * distance**2)
    overall = (events.sum(1) + SEEN * default) / (risk.sum(1)[:, None] + SEEN)
    around = np.einsum("bj,sjc->sbc", near, events) + near_worth[:, :, None] * overall[:, None, :]
    prior = around / (np.einsum("bj,sj->sb", near, risk) + near_worth)[:, :, None]
    hazard = (events + own_worth[:, :, None] * prior) / (risk + own_worth)[:, :, None]
    edges = CLOSE_EDGES if by_close else AGE_EDGES
    middle = np.abs((np.clip(edges[:-1], -730, 1460) + np.clip(edges[1:], -730, 1460)) / 2) + 0.5
    reach = np.maximum(middle[None, :], few / np.maximum(overall.sum(1)[:, None], 1e-9))
    for chain in _chains(by_close):
        for inner, outer in pairwise(chain):
            beyond = risk[:, outer:].sum(1) if outer > inner else risk[:, : outer + 1].sum(1)
            faded = hazard[:, inner] * np.minimum(1.0, reach[:, inner] / reach[:, outer])[:, None]
            thin = (events[:, outer] + SEEN * faded) / (risk[:, outer] + SEEN)[:, None]
            hazard[:, outer] = np.where((beyond < SEEN)[:, None], thin, hazard[:, outer])
    return hazard


@dc.dataclass(frozen=True, slots=True)
class Factors:
    """
    What multiplies one clock's hazards, learnt on some day and good for as long as one likes.

    by_level: per attribute (levels + 1, S, 3), the last row (unknown level, index -1) is 1; band (bands, S, 3).
    """

    by_level: tuple[Floats, ...]
    band: Floats

    def joined(self, levels: Levels) -> list[tuple[Floats, Ints]]:
        """
        Tables (rows, S, 3) of what the factors of several attributes come to, and in each the row of every stay (n,).

        Few tables, so that little is looked up: the product over the tables is that over all attributes, but for the band.
        """
        out: list[tuple[Floats, Ints]] = []
        for a, factor in enumerate(self.by_level):
            column, unknown = levels[:, a], len(factor) - 1
            if unknown < 2:
                continue  # one level alone carries no factor
            row = np.where((column >= 0) & (column < unknown), column, unknown).astype(np.int32)
            if out and len(out[-1][0]) * len(factor) <= JOINED:
                table, before = out.pop()
                both = (table[:, None] * factor[None]).reshape(-1, *factor.shape[1:])
                out.append((both, before * len(factor) + row))
            else:
                out.append((factor, row))
        return out


@dc.dataclass(frozen=True, slots=True)
class _Share:
    """
    What one state tells about the factors. A unit is a kind of stays in one band of days in stage.

    unit (E,), levels (attributes + 1, E): one entry per stay and band it was seen in; the last of its levels is the
    band. base: outcome class → (units,) events expected at factors 1. ended_in, ended_weight, ended_levels: outcome
    class, weight and levels of each end.
    """

    state: int
    unit: Ints
    levels: list[Levels]
    base: dict[int, Floats]
    ended_in: Ints
    ended_weight: Floats
    ended_levels: list[Levels]


def _units(visit: Visits, pieces: Pieces) -> tuple[Ints, Ints, Ints, Ints]:
    """Unit of each piece; and stay, unit and band of each entry."""
    bands = visit.clock.n_bands
    if bands == 1:
        return pieces.kind, visit.stay, visit.kind, np.zeros(len(visit.stay), np.int8)
    code = pieces.kind * bands + pieces.band
    present = np.bincount(code, minlength=len(visit.entered) * bands) > 0
    units = np.flatnonzero(present).astype(np.int32)
    of_piece = (np.cumsum(present, dtype=np.int32) - 1)[code]
    return of_piece, visit.stay[units // bands], np.arange(len(units), dtype=np.int32), (units % bands).astype(np.int8)


def _share(visit: Visits, pieces: Pieces, levels: Levels, hazard: Floats, classes: Ints) -> _Share:
    """hazard (B, S) of this state; classes (S,) outcome class by destination."""
    of_piece, stay, unit, band = _units(visit, pieces)
    base = {}
    for c in range(OUTCOMES):
        daily = hazard[:, classes == c].sum(1)
        if daily.any():
            size = int(unit.max(initial=UNKNOWN)) + 1
            base[c] = tally(of_piece, pieces.weighted * daily[pieces.bin], size)
    row, where = visit.ends(pieces)
    ended = visit.stay[row]
    every = range(levels.shape[1])
    return _Share(
        state=visit.state,
        unit=unit,
        levels=[*(levels[:, a].take(stay) for a in every), band],
        base=base,
        ended_in=classes[visit.to[row]],
        ended_weight=pieces.weight[where],
        ended_levels=[*(levels[:, a].take(ended) for a in every), pieces.band[where]],
    )


def _by_level(level: Ints, weight: Floats, size: int) -> Floats:
    """(size,) sums by level; unknown levels are left out."""
    return tally(level + 1, weight, size + 1)[1:]


def _theta(observed: Floats, expected: Floats, centre: Floats) -> tuple[Floats, Floats]:
    """
    (levels, S) observed and expected events of one attribute and outcome, (levels,) what its factors lean on → (levels,)
    factors over all states, (levels + 1, S) by state; unknown → 1.
    """
    first = shrink(observed.sum(1), expected.sum(1), centre)
    n_states = observed.shape[1]
    both = shrink(observed.ravel(), expected.ravel(), np.repeat(first, n_states)).reshape(observed.shape)
    return first, np.clip(np.vstack([both, np.ones((1, n_states))]), 0.05, 20.0)


def _backfit(
    shares: Sequence[_Share], tables: Sequence[Floats], outcome: int, centres: Sequence[Floats] | None = None
) -> list[Floats]:
    """
    Learn the factors of one outcome, in place: each attribute in turn against what the others leave unexplained.

    tables: per attribute (levels, S, 3), in the order of the shares' levels. centres: per attribute (levels,), what the
    factors lean on instead of 1. Returns the like of it: the factors over all states.
    """
    overall = [np.ones(len(table)) for table in tables]
    leaning = list(overall if centres is None else centres)
    here = [share for share in shares if outcome in share.base]
    observed = [np.zeros(table.shape[:2]) for table in tables]
    for share in shares:
        mine = np.flatnonzero(share.ended_in == outcome)
        for came, level in zip(observed, share.ended_levels, strict=True):
            came[:, share.state] = _by_level(level[mine], share.ended_weight[mine], len(came))
    if not observed[-1].any():
        return overall
    expected = [share.base[outcome][share.unit] for share in here]  # at the factors learnt so far
    for _ in range(PASSES):
        for a, table in enumerate(tables):
            if len(table) < 2:
                continue
            came_to = np.zeros(table.shape[:2])
            for share, value in zip(here, expected, strict=True):
                came_to[:, share.state] = _by_level(share.levels[a], value, len(table))
            overall[a], by_state = _theta(observed[a], came_to / table[:, :, outcome], leaning[a])
            learnt = by_state[:-1]
            change = np.vstack([learnt / table[:, :, outcome], np.ones((1, learnt.shape[1]))])
            for i, share in enumerate(here):
                expected[i] *= change[:, share.state].take(share.levels[a])
            table[:, :, outcome] = learnt
    return overall


def learn_factors(
    stays: Stays, funnel: Funnel, levels: Levels, clock: Clock, *, history_from: int, kind: Ints
) -> Factors:
    """Learn what multiplies the hazards of one clock from the stays known on stays.as_of."""
    n = funnel.n_states
    default = _default(funnel, kind)
    shares = []
    for visit in visits(stays, funnel, clock, history_from=history_from):
        s, pieces = visit.state, visit.pieces()
        events, risk = visit.counts(pieces, n, pieces.bin, clock.n_bins)
        hazard = _smooth(events[None], risk[None], default[[s]], by_close=clock.by_close)[0]
        shares.append(_share(visit, pieces, levels, hazard, kind[s]))
    sizes = [int(levels[:, a].max(initial=UNKNOWN)) + 1 for a in range(levels.shape[1])]
    factors = Factors(tuple(np.ones((size + 1, n, OUTCOMES)) for size in sizes), np.ones((clock.n_bands, n, OUTCOMES)))
    tables = [*(table[:-1] for table in factors.by_level), factors.band]
    _backfit(shares, tables, LOSS)
    _backfit(shares, tables, WIN, _backfit(shares, tables, ADVANCE))  # who moves deals on is likely to win them
    return factors


def expose(
    stays: Stays, funnel: Funnel, levels: Levels, clock: Clock, factors: Factors, *, history_from: int
) -> Exposure:
    """Count what happened and what was at risk, at factors learnt before. Additive over stays."""
    never = np.zeros(0, np.int64)
    (whole,) = expose_by(stays, funnel, levels, clock, factors, starts=never, history_from=history_from)
    return whole


def expose_by(
    stays: Stays, funnel: Funnel, levels: Levels, clock: Clock, factors: Factors, *, starts: Ints, history_from: int
) -> list[Exposure]:
    """
    The same by when the stays ended: before starts[0], from each of the (n,) rising days to the next, since the last.
    """
    n, bins = funnel.n_states, clock.n_bins
    out = [Exposure.none(stays.as_of, n, clock) for _ in range(len(starts) + 1)]
    size = len(out) * bins
    joined = factors.joined(levels)
    for visit in visits(stays, funnel, clock, history_from=history_from):
        s, pieces = visit.state, visit.pieces()
        period = np.searchsorted(starts, visit.entered + visit.stop - 1, "right")
        cell = period[pieces.kind] * bins + pieces.bin
        events, risk = visit.counts(pieces, n, cell, size)
        of_piece, stay, unit, band = _units(visit, pieces)
        scaled = np.zeros((size, OUTCOMES))
        found = [(table[:, s], row.take(stay)) for table, row in joined]
        for c in range(OUTCOMES):
            product = factors.band[:, s, c].take(band)
            for table, row in found:
                product *= table[:, c].take(row)
            share = tally(unit, product, int(unit.max(initial=UNKNOWN)) + 1)
            scaled[:, c] = tally(cell, pieces.weighted * share[of_piece], size)
        for p, exposure in enumerate(out):
            mine = slice(p * bins, (p + 1) * bins)
            exposure.events[s], exposure.risk[s], exposure.scaled[s] = events[mine], risk[mine], scaled[mine]
    return out


def table_of(exposure: Exposure, factors: Factors, funnel: Funnel, clock: Clock, *, kind: Ints) -> Table:
    """Hazards at factors 1 (the Breslow step: what the deals at risk were like is taken out)."""
    hazard = _smooth(exposure.events, exposure.risk, _default(funnel, kind), by_close=clock.by_close)
    for c in range(OUTCOMES):
        daily = (hazard * (kind == c)[:, None, :]).sum(2)
        breslow = (daily * exposure.risk + 1e-9) / (daily * exposure.scaled[:, :, c] + 1e-9)
        hazard = np.where((kind == c)[:, None, :], hazard * breslow[:, :, None], hazard)
    hazard[~funnel.open] = 0.0
    total = hazard.sum(2, keepdims=True)
    rate = -np.log1p(-np.minimum(total, 0.999)) * hazard / np.maximum(total, 1e-300)
    return Table(clock.edges, rate, factors.by_level, factors.band)


def has_close_clock(stays: Stays, funnel: Funnel) -> bool:
    """Whether enough stays carry a closing date: 50, of which 20 have ended."""
    dated = funnel.open[stays.state] & (stays.close != UNKNOWN)
    return bool(dated.sum() >= 50 and (dated & (stays.to != UNKNOWN)).sum() >= 20)


def fit_hazards(stays: Stays, funnel: Funnel, attributes: Levels, *, history_from: int) -> Hazards:
    """
    Learn both clocks from the stays known on stays.as_of.

    attributes: (n_stays, n) level codes of each stay, -1 unknown. The closing-date clock needs 50 stays with a date
    and 20 that ended.
    """
    kind = kinds_of(funnel)
    levels = np.asfortranarray(attributes)  # read column by column

    def learnt(clock: Clock) -> Table:
        factors = learn_factors(stays, funnel, levels, clock, history_from=history_from, kind=kind)
        exposure = expose(stays, funnel, levels, clock, factors, history_from=history_from)
        return table_of(exposure, factors, funnel, clock, kind=kind)

    return Hazards(kind, learnt(AGE), learnt(CLOSE) if has_close_clock(stays, funnel) else None)


def known_level(level: Ints, factor: Floats) -> Ints:
    """Levels that the table has not seen count as unknown."""
    return np.where(level < len(factor) - 1, level, UNKNOWN)


def log_factors(table: Table, state: Ints, levels: Ints) -> Floats:
    """(n, 4) log of the product of factors per outcome class for deals standing in `state`; moves back carry none."""
    out = np.zeros((len(state), OUTCOMES + 1))
    for a, factor in enumerate(table.factors):
        out[:, :OUTCOMES] += np.log(factor)[known_level(levels[:, a], factor), state]
    return out


def log_factors_everywhere(table: Table, levels: Ints) -> Floats:
    """(n, S, 4) the same for deals, whatever state they come to stand in."""
    out = np.zeros((len(levels), table.rate.shape[0], OUTCOMES + 1))
    for a, factor in enumerate(table.factors):
        if len(factor) > 2:  # one level alone carries no factor
            log = np.concatenate([np.log(factor), np.zeros((*factor.shape[:2], 1))], axis=2)
            out += log.take(known_level(levels[:, a], factor), axis=0, mode="wrap")
    return out
