"""
Steps out of stages and days at risk, counted by stage, group, age and block of four weeks; and what history expects.

For every stay the days inside a block are compared with the hazards at the stay's own age, learnt from earlier blocks
only: observed minus expected is a martingale (Aalen 1978), so a young cohort is never a drop. A group's own history
enters as a factor shrunk to its stage: Gamma-Poisson with k by marginal likelihood (Clayton & Kaldor, Biometrics 43
(1987), 671-681).
"""

from __future__ import annotations

import dataclasses as dc
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.sparse import csr_array
from scipy.special import gammaln

from .exposure import distinct
from .hazards import ADVANCE, WIN, kinds_of
from .history import UNKNOWN, Bools, Floats, Funnel, Ints, Ledger, Stays, stays_of, tally

FORWARD, OTHER, SHARE = range(3)  # SHARE: forward steps expected among those that left
BLOCK: Final = 28  # days
KEPT: Final = 40  # blocks looked at: three years
FIRST: Final = 6  # blocks of history before anything is expected
HALF_LIFE: Final = 365.0 / BLOCK
AGES: Final = np.array([0, 1, 2, 4, 7, 11, 16, 23, 32, 45, 64, 90, 128, 180, 256, 365, 730, 100_000], np.int64)
DAYS_OF_STAGE: Final = 10.0  # days at risk for which a bin leans on its stage's mean
LEAVING_OF_STAGE: Final = 3.0
K_GRID: Final = np.logspace(0, 3, 13)
N_BINS: Final = len(AGES) - 1


@dc.dataclass(frozen=True, slots=True)
class Exits:
    """Stays in open states, (n,) each: deal, state, kind and end_block as in `Pieces`."""

    deal: Ints
    state: Ints
    kind: Ints
    end_block: Ints

    def only(self, rows: Bools | Ints) -> Exits:
        """Some of them."""
        return Exits(self.deal[rows], self.state[rows], self.kind[rows], self.end_block[rows])

    def __add__(self, other: Exits) -> Exits:
        return Exits(*(np.r_[getattr(self, f.name), getattr(other, f.name)] for f in dc.fields(self)))


@dc.dataclass(frozen=True, slots=True)
class Pieces:
    """
    Days at risk in open states, cut at ages and blocks; stays that began and ended alike, a span, are cut once.

    by_place (B × K, spans): days of a span in each bin and block. by_span (spans, n): which stays are of which span.
    Per stay (n,): deal, state; kind = FORWARD, OTHER or -1 while it lasts, with end_bin and end_block (-1 where it lasts or
    ended before the first block). starts (K,): first day of each block.
    """

    by_place: csr_array
    by_span: csr_array
    deal: Ints
    state: Ints
    kind: Ints
    end_bin: Ints
    end_block: Ints
    starts: Ints
    as_of: int
    n_states: int

    @property
    def exits(self) -> Exits:
        """Its stays without their days."""
        return Exits(self.deal, self.state, self.kind, self.end_block)

    def at_risk(self, cell: Ints, n_cells: int) -> tuple[Ints, Ints]:
        """
        Sum the days at risk by cell of the stay: cell (n,), -1 left out → place in (cells, B, K), flattened and rising, and
        whole days there.

        Method: the product of two sparse tables, days by place and span, stays by span and cell, so that no stay is cut by
        itself.
        """
        column = cell[self.by_span.indices].astype(np.int32)
        column[column < 0] = n_cells  # one cell more, for those that are left out
        many = np.ones(len(column), np.int64)
        stays = csr_array((many, column, self.by_span.indptr), shape=(self.by_span.shape[0], n_cells + 1))
        found = (self.by_place @ stays).tocsc()
        begins = found.indptr[: n_cells + 1]
        which = np.repeat(np.arange(n_cells, dtype=np.int64), np.diff(begins))
        return which * (N_BINS * KEPT) + found.indices[: begins[-1]], found.data[: begins[-1]]


def cut(ledger: Ledger, funnel: Funnel, *, as_of: int) -> Pieces:
    """Cut the stays known before as_of."""
    return cut_stays(stays_of(ledger.before(as_of), as_of), funnel, history_from=ledger.history_from)


def cut_stays(stays: Stays, funnel: Funnel, *, history_from: int) -> Pieces:
    """Cut stays. O(stays + spans × (ages + blocks of the long ones))."""
    last = (stays.as_of - 1) // BLOCK
    first = last - KEPT + 1
    begin = np.maximum(stays.entered, max(first * BLOCK, history_from))
    gone = stays.to != UNKNOWN
    stop = stays.left + gone  # the day of the exit is a day at risk
    rows = np.flatnonzero(funnel.open[stays.state] & (stop > begin))
    entered, stop, gone = stays.entered[rows], stop[rows], gone[rows]
    alike, during = distinct(entered, stop)
    young_on, begin, until_day = entered[alike], begin[rows][alike], stop[alike]
    nothing = np.zeros(0, np.int64)
    found: list[tuple[Ints, Ints, Ints]] = [(nothing, nothing, nothing)]
    for b, (young, old) in enumerate(pairwise(AGES.tolist())):
        low, high = np.maximum(begin, young_on + young), np.minimum(until_day, young_on + old)
        some = np.flatnonzero(high > low)
        at, until = low[some] // BLOCK, (high[some] - 1) // BLOCK
        for step in range(int((until - at).max(initial=-1)) + 1):
            inside = at + step <= until
            who, block = some[inside], at[inside] + step
            days = np.minimum(high[who], (block + 1) * BLOCK) - np.maximum(low[who], block * BLOCK)
            found.append((who, b * KEPT + block - first, days))
    span, place, days = (np.concatenate([row[i] for row in found]) for i in range(3))
    spans = max(len(alike), 1)
    move = kinds_of(funnel)[stays.state[rows], np.where(gone, stays.to[rows], 0)]
    kind = np.where(~gone, UNKNOWN, np.where((move == WIN) | (move == ADVANCE), FORWARD, OTHER))
    left = stays.left[rows]
    return Pieces(
        by_place=csr_array((days.astype(np.int64), (place, span)), shape=(N_BINS * KEPT, spans)),
        by_span=csr_array((np.ones(len(rows), np.int8), (during, np.arange(len(rows)))), shape=(spans, len(rows))),
        deal=stays.deal[rows],
        state=stays.state[rows],
        kind=kind,
        end_bin=np.where(gone, np.searchsorted(AGES, left - entered, "right") - 1, UNKNOWN),
        end_block=np.where(gone, left // BLOCK - first, UNKNOWN),
        starts=(first + np.arange(KEPT)) * BLOCK,
        as_of=stays.as_of,
        n_states=funnel.n_states,
    )


@dc.dataclass(frozen=True, slots=True)
class Norms:
    """
    What the blocks before block j made usual, for every j in 0 … K.

    rate (2, S, B, K + 1): daily hazard forwards, otherwise. share (S, B, K + 1): forward share of those that leave at an
    age. weight (K, K + 1): recency of block b as seen from j, zero from j on.
    """

    rate: Floats
    share: Floats
    weight: Floats


def norms_of(pieces: Pieces, past: Tables | None = None) -> Norms:
    """
    Learn each stage's hazards from all deals; a bin with few days leans on its stage.

    past: what deals add that are not among the pieces, in one group.
    """
    table = _tables(pieces, np.zeros(int(pieces.deal.max(initial=UNKNOWN)) + 1, np.int64), 1, past)
    ago = np.arange(KEPT + 1)[None, :] - np.arange(KEPT)[:, None]
    weight = np.where(ago > 0, np.exp2(-ago / HALF_LIFE), 0.0)
    moved, risk = table.moved[:, :, 0] @ weight, table.risk[:, 0] @ weight  # (2, S, B, J), (S, B, J)
    mean = (moved.sum(2) + 1e-3) / (risk.sum(1) + 1.0)
    rate = (moved + DAYS_OF_STAGE * mean[:, :, None]) / (risk + DAYS_OF_STAGE)
    both = moved.sum(0)
    usual = (moved[FORWARD].sum(1) + 0.5) / (both.sum(1) + 1.0)
    share = (moved[FORWARD] + LEAVING_OF_STAGE * usual[:, None]) / (both + LEAVING_OF_STAGE)
    return Norms(np.minimum(rate, 0.5), share, weight)


@dc.dataclass(frozen=True, slots=True)
class Tables:
    """moved (2, S, G, B, K) steps by kind; risk (S, G, B, K) days."""

    moved: Floats
    risk: Floats

    def __add__(self, other: Tables) -> Tables:
        return Tables(self.moved + other.moved, self.risk + other.risk)


def _tables(pieces: Pieces, group: Ints, n_groups: int, past: Tables | None) -> Tables:
    of = group[pieces.deal]
    shape = (pieces.n_states, n_groups, N_BINS, KEPT)
    size = int(np.prod(shape))
    cell = np.where(of < 0, UNKNOWN, pieces.state * n_groups + of)
    risk = np.zeros(size)
    place, days = pieces.at_risk(cell, pieces.n_states * n_groups)
    risk[place] = days
    moved = []
    for kind in (FORWARD, OTHER):
        ended = np.flatnonzero((of >= 0) & (pieces.kind == kind) & (pieces.end_block >= 0))
        at = cell[ended] * (N_BINS * KEPT) + pieces.end_bin[ended] * KEPT + pieces.end_block[ended]
        moved.append(tally(at, np.ones(len(ended)), size).reshape(shape))
    table = Tables(np.stack(moved), risk.reshape(shape))
    return table if past is None else table + past


@dc.dataclass(frozen=True, slots=True)
class Watch:
    """
    One grouping under watch: S states × G groups, K blocks, norms j in 0 … K.

    seen (2, S, G, K): steps forwards and otherwise. usual (3, S, G, K + 1, K): expected in block b by the norms of j:
    FORWARD and OTHER by days at risk, SHARE = forward among those that left. factor (3, S, G, K + 1): the group's own
    history before j over its stage's, shrunk. vague (3, S, G, K + 1): relative variance of what is expected, from the
    little history there is.
    """

    seen: Floats
    usual: Floats
    factor: Floats
    vague: Floats
    norms: Norms
    pieces: Pieces
    group: Ints  # of each deal

    def observed(self, signal: int, start: int, stop: int = KEPT) -> Floats:
        """(S, G) steps in blocks [start, stop)."""
        return self.seen[FORWARD if signal == SHARE else signal, :, :, start:stop].sum(-1)

    def expected(self, signal: int, start: int, stop: int = KEPT, *, norm: int | None = None) -> Floats:
        """(S, G) expected steps in blocks [start, stop) by what was usual before block `norm` (the start itself)."""
        before = start if norm is None else norm
        plain = self.usual[signal, :, :, before, start:stop].sum(-1)
        mean = plain * self.factor[signal, :, :, before]
        return np.minimum(mean, 0.995 * self.leaving(start, stop)) if signal == SHARE else mean

    def leaving(self, start: int, stop: int = KEPT) -> Floats:
        """(S, G) stays that ended in blocks [start, stop)."""
        return self.seen[:, :, :, start:stop].sum((0, -1))


def watch(pieces: Pieces, norms: Norms, group: Ints, n_groups: int, past: Tables | None = None) -> Watch:
    """
    Count and compare. Shapes: group (n_deals,) codes 0 … n_groups - 1, -1 left out.

    past: what deals add that are not among the pieces, by the same groups.
    """
    table = _tables(pieces, group, n_groups, past)
    seen = table.moved.sum(3)
    by_rate = [np.einsum("sgbk,sbj->sgjk", table.risk, norms.rate[kind], optimize=True) for kind in (FORWARD, OTHER)]
    by_share = np.einsum("sgbk,sbj->sgjk", table.moved.sum(0), norms.share, optimize=True)
    usual = np.stack([*by_rate, by_share])
    past_seen = np.stack([seen[FORWARD], seen[OTHER], seen[FORWARD]]) @ norms.weight
    past_usual = np.einsum("xsgjk,kj->xsgj", usual, norms.weight, optimize=True)
    factor, vague = np.ones_like(past_seen), np.ones_like(past_seen)
    for signal in (FORWARD, OTHER, SHARE):
        for s in range(pieces.n_states):
            o, e = past_seen[signal, s], past_usual[signal, s]
            k = _strength(o[:, -1], e[:, -1])
            factor[signal, s] = (o + k) / (e + k)
            vague[signal, s] = 1 / (o + k) + 1 / (past_seen[signal, s].sum(0) + 1.0)
    return Watch(seen, usual, factor, vague, norms, pieces, group)


def _strength(observed: Floats, expected: Floats) -> float:
    """The k that makes the groups' counts likeliest, (G,) each; with one group its history is the stage's."""
    some = expected > 1e-9
    if some.sum() < 2:
        return float(K_GRID[-1])
    o, e, k = observed[some], expected[some], K_GRID[:, None]
    fit = gammaln(o + k) - gammaln(k) + k * np.log(k) - (o + k) * np.log(e + k)
    return float(K_GRID[np.argmax(fit.sum(1))])
