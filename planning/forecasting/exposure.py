"""
What happened, and for how long it could have: events and days at risk of the stays, as tables that add up.

A stay is cut where its clock passes the edge of a bin. Each piece is worth its days times 2^(its middle / half-life), so
that one number moves a table from one day to another, and tables of different deals, months or workers are added. Open
stays are censored: they are at risk until as_of and end nowhere. Stays begun before the records are complete enter
late (left truncation): what is at risk is only what would have been seen.

Stays to one state that began and lasted alike are cut once, whoever they belong to (`Visits`): so the cost of the
cutting grows with the days of the history, not with the deals, as long as no closing date tells deals apart.
"""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Iterator
from typing import Final

import numpy as np

from .history import UNKNOWN, Bools, Floats, Funnel, Ints, Stays, tally

FAR: Final = 10_000
AGE_EDGES: Final = np.array([0, 1, 2, 4, 7, 11, 16, 23, 32, 45, 64, 90, 128, 180, 256, 365, 512, 730, FAR], np.int64)
CLOSE_EDGES: Final = np.array(
    [-FAR, -180, -90, -45, -21, -10, -4, -1, 0, 1, 2, 4, 8, 15, 30, 46, 61, 91, 122, 183, 365, FAR], np.int64
)
BAND_EDGES: Final = np.array([0, 7, 30, 90, 180, FAR], np.int64)
HALF_LIFE: Final = 365.0
OUTCOMES: Final = 3  # the classes that carry factors: win, loss, advance
ROOMY: Final = 4  # a table with so many cells per stay is still cheaper than sorting


@dc.dataclass(frozen=True, slots=True)
class Clock:
    """What hazards go by. edges: of the bins; bands: edges of the days in stage that act as a factor beside the clock."""

    edges: Ints
    bands: Ints
    by_close: bool

    @property
    def n_bins(self) -> int:
        return len(self.edges) - 1

    @property
    def n_bands(self) -> int:
        return len(self.bands) - 1


AGE: Final = Clock(AGE_EDGES, np.array([0, FAR], np.int64), by_close=False)
CLOSE: Final = Clock(CLOSE_EDGES, BAND_EDGES, by_close=True)


@dc.dataclass(frozen=True, slots=True)
class Exposure:
    """
    Sufficient statistics of one clock, weighted as seen from the day `at`.

    events (S, B, S): stays that ended, by state, bin and destination. risk (S, B): days at risk. scaled (S, B, 3): days
    at risk times the factors of the deals that were at risk, per outcome class.
    """

    at: int
    events: Floats
    risk: Floats
    scaled: Floats

    @classmethod
    def none(cls, at: int, n_states: int, clock: Clock) -> Exposure:
        """Nothing seen yet."""
        n, bins = n_states, clock.n_bins
        return cls(at, np.zeros((n, bins, n)), np.zeros((n, bins)), np.zeros((n, bins, OUTCOMES)))

    def seen_from(self, at: int) -> Exposure:
        """The same evidence, weighted as seen from another day."""
        aged = float(np.exp2((self.at - at) / HALF_LIFE))
        return Exposure(at, self.events * aged, self.risk * aged, self.scaled * aged)

    def __add__(self, other: Exposure) -> Exposure:
        mine = other.seen_from(self.at)
        return Exposure(self.at, self.events + mine.events, self.risk + mine.risk, self.scaled + mine.scaled)


@dc.dataclass(frozen=True, slots=True)
class Pieces:
    """
    Days at risk cut at the clock's edges, one row per kind × bin × band with days > 0: weighted = days × weight;
    last: the piece in which a stay of this kind would have ended.
    """

    kind: Ints
    bin: Ints
    band: Ints
    weight: Floats
    weighted: Floats
    last: Bools


@dc.dataclass(frozen=True, slots=True)
class Visits:
    """
    All stays to one state, ready to be cut.

    kind (n,): stays of one kind began on one day and lasted equally long (and, by closing date, had an equal lead).
    entered, start, stop, lead (K,) of each kind: at risk on days [start, stop) of the stay, closing `lead` days after
    entering. stay (n,) = index in the stays; to (n,) destination or -1.
    """

    clock: Clock
    as_of: int
    state: int
    stay: Ints
    to: Ints
    kind: Ints
    entered: Ints
    start: Ints
    stop: Ints
    lead: Ints

    def pieces(self) -> Pieces:
        """Cut every kind once."""
        if self.clock.by_close:  # the clock runs down: the last day comes first
            kind, bins, low, high = _cut(self.lead - self.stop + 1, self.lead - self.start + 1, self.clock.edges)
            lead = self.lead[kind]
            row, band, begin, end = _cut(lead - high + 1, lead - low + 1, self.clock.bands)
            kind, bins = kind[row], bins[row]
        else:
            kind, bins, begin, end = _cut(self.start, self.stop, self.clock.edges)
            band = np.zeros(len(kind), np.int8)
        doubled = 2 * (self.as_of - self.entered[kind]) - begin - end  # twice the age of the evidence
        oldest = int(doubled.max(initial=0))
        weight = np.exp2(-np.arange(oldest + 1) / (2 * HALF_LIFE))[np.maximum(doubled, 0)]
        return Pieces(
            kind=kind,
            bin=bins,
            band=band,
            weight=weight,
            weighted=(end - begin) * weight,
            last=end == self.stop[kind],
        )

    def ends(self, pieces: Pieces) -> tuple[Ints, Ints]:
        """The stays (rows of this table) that ended while at risk, and the piece in which each did."""
        piece_of = np.full(len(self.entered), UNKNOWN, np.int64)
        last = np.flatnonzero(pieces.last)
        piece_of[pieces.kind[last]] = last
        row = np.flatnonzero(self.to != UNKNOWN)
        where = piece_of[self.kind[row]]
        return row[where >= 0], where[where >= 0]

    def counts(self, pieces: Pieces, n_states: int, cell: Ints, n_cells: int) -> tuple[Floats, Floats]:
        """(cells, S) weighted ends by destination and (cells,) weighted days at risk; cell: where each piece counts."""
        many = np.bincount(self.kind, minlength=len(self.entered))
        risk = tally(cell, pieces.weighted * many[pieces.kind], n_cells)
        row, where = self.ends(pieces)
        events = tally(cell[where].astype(np.int64) * n_states + self.to[row], pieces.weight[where], n_cells * n_states)
        return events.reshape(n_cells, n_states), risk


def _cut(begin: Ints, end: Ints, edges: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """
    Cut the days [begin, end) of rows (n,) at the edges of bins; what lies outside all bins is left out.

    Returns (pieces,) each: row, bin, begin, end; in the order of the rows.
    """
    least, most = int(edges[0]), int(edges[-1])
    begin, end = np.maximum(begin, least), np.minimum(end, most)
    bin_of = (np.searchsorted(edges, np.arange(least, most), "right") - 1).astype(np.int8)
    inside = end > begin
    low = bin_of[np.where(inside, begin - least, 0)]
    size = np.where(inside, bin_of[np.where(inside, end - 1 - least, 0)] - low + 1, 0)
    row = np.repeat(np.arange(len(begin), dtype=np.int32), size)
    within = np.arange(len(row), dtype=np.int32) - np.repeat(np.cumsum(size, dtype=np.int32) - size, size)
    bins = low[row] + within.astype(np.int8)
    edge = edges.astype(np.int32)
    return row, bins, np.maximum(begin[row], edge[bins]), np.minimum(end[row], edge[bins + 1])


def visits(stays: Stays, funnel: Funnel, clock: Clock, *, history_from: int) -> Iterator[Visits]:
    """The stays to each open state that the clock serves, state by state: memory is bounded by the largest state."""
    served = np.where(stays.close == UNKNOWN, funnel.n_states, stays.state) if clock.by_close else stays.state
    by_state = np.argsort(served.astype(np.int16), kind="stable").astype(np.int32)
    begins = np.r_[0, np.cumsum(np.bincount(served, minlength=funnel.n_states))]
    for s in np.flatnonzero(funnel.open):
        rows = by_state[begins[s] : begins[s + 1]]
        entered = stays.entered[rows].astype(np.int32)
        to = stays.to[rows].astype(np.int16)
        stop = stays.left[rows].astype(np.int32) - entered + (to != UNKNOWN)  # the day of the exit is a day at risk
        lead = stays.close[rows].astype(np.int32) - entered if clock.by_close else np.zeros(0, np.int32)
        kind = np.arange(len(rows), dtype=np.int32)
        if not clock.by_close:
            first, kind = distinct(entered, stop)
            entered, stop = entered[first], stop[first]
        start = np.maximum(0, history_from - entered).astype(np.int32)
        yield Visits(clock, stays.as_of, int(s), rows, to, kind, entered, start, stop, lead)


def distinct(entered: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """A row of each distinct pair and, per row, which pair it is."""
    if not len(entered):
        return entered, entered
    earliest, width = int(entered.min()), int(stop.max()) + 1
    key = (entered.astype(np.int64) - earliest) * width + stop
    cells = (int(entered.max()) - earliest + 1) * width
    if cells > ROOMY * len(key) + 1_000_000:
        _, first, kind = np.unique(key, return_index=True, return_inverse=True)
        return first, kind.astype(np.int32)
    row = np.full(cells, UNKNOWN, np.int32)
    row[key] = np.arange(len(key), dtype=np.int32)
    used = np.flatnonzero(row >= 0)
    first = row[used]
    row[used] = np.arange(len(used), dtype=np.int32)
    return first, row[key]
