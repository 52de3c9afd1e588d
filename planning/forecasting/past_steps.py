"""
What deals that were closed when a month began say to the watch over conversions, as tables that add up.

Steps and days at risk by level (owner, product, size …), state, age and block, as `steps` counts them; where steps
forwards led, and what was won, by the block in which it began; and, for the causes, the steps of the last year and a half
one by one. A night adds what it reads of open deals; of deals that live again it takes their part away, as `past_rates`.
"""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Mapping
from typing import Final

import numpy as np

from .counts import Counts, Shelf, places
from .history import UNKNOWN, Bools, Floats, Funnel, Ints, Stays
from .levers import PastWorth
from .steps import BLOCK, KEPT, N_BINS, Exits, Pieces, Tables, cut_stays

CAUSES: Final = 20  # blocks that a cause is looked for in: the longest span and the year before it
CENTS: Final = 100


@dc.dataclass(frozen=True, slots=True)
class PastSteps:
    """
    Of deals closed before a day. block: number of the first of the KEPT blocks.

    shelf: moved (levels, 2, S, B, K) steps, risk (levels, S, B, K) days; led (S, S, K) stays by where they led and the block
    in which they began; wins, cents (levels, K) won stays with an amount by the block of the win. exits: what ended in the
    last blocks, one by one.
    """

    block: int
    shelf: Shelf
    exits: Exits

    def without(self, other: Shelf, kept: Bools) -> PastSteps:
        """Less what some of the deals said; kept: which of the single exits are not theirs."""
        return PastSteps(self.block, self.shelf - other, self.exits.only(kept))

    def tables(self, pieces: Pieces, attribute: str, group: Ints, n_groups: int) -> Tables:
        """The steps by group, in the blocks of a night's pieces. group (levels,): the group of each level, -1 left out."""
        moved, risk = (
            self._later(self.shelf.tables[topic, attribute].grouped(group, n_groups), pieces)
            for topic in ("moved", "risk")
        )
        return Tables(moved.transpose(1, 2, 0, 3, 4), risk.swapaxes(0, 1))

    def worth(self, pieces: Pieces, attribute: str, group: Ints, n_groups: int) -> PastWorth:
        """Where steps led, and what was won by group and by all."""
        wins, cents = (
            self._later(self.shelf.tables[topic, attribute].grouped(group, n_groups), pieces).sum(-1)
            for topic in ("wins", "cents")
        )
        all_wins, all_cents = (
            float(self._later(self.shelf.tables[topic, "owner"].dense(), pieces).sum()) for topic in ("wins", "cents")
        )
        led = self._later(self.shelf.tables["led", ""].dense(), pieces).sum(-1)
        return PastWorth(led, wins, cents / CENTS, all_wins, all_cents / CENTS)

    def exits_in(self, pieces: Pieces) -> Exits:
        """The single exits, in the blocks of a night's pieces."""
        return dc.replace(self.exits, end_block=self.exits.end_block - self._shift(pieces))

    def _shift(self, pieces: Pieces) -> int:
        """How many blocks the night's first one lies after the first kept."""
        return int(pieces.starts[0]) // BLOCK - self.block

    def _later(self, values: Floats, pieces: Pieces) -> Floats:
        """Values (…, K) in the blocks of a night's pieces; what lies before them is left out."""
        shift = self._shift(pieces)
        room = np.zeros_like(values)
        room[..., : KEPT - shift] = values[..., shift:]
        return room


def past_steps(
    stays: Stays, funnel: Funnel, levels: Mapping[str, Ints], *, history_from: int, sizes: Mapping[str, int]
) -> PastSteps:
    """
    Tables of some deals, all closed before stays.as_of.

    levels: per attribute (n_deals,) codes 0 … sizes - 1, -1 left out.
    """
    pieces, n = cut_stays(stays, funnel, history_from=history_from), funnel.n_states
    block = int(pieces.starts[0]) // BLOCK
    tables: dict[tuple[str, str], Counts] = {}

    def shelve(topic: str, found: Mapping[str, Counts]) -> None:
        for name, table in found.items():
            tables[topic, name] = table

    gone = np.flatnonzero((pieces.kind >= 0) & (pieces.end_block >= 0))
    where = [column[gone] for column in (pieces.kind, pieces.state, pieces.end_bin, pieces.end_block)]
    of = {name: level[pieces.deal] for name, level in levels.items()}
    ended = {name: level[gone] for name, level in of.items()}
    shape = (2, n, N_BINS, KEPT)
    shelve("moved", Counts.by_levels(shape, places(shape, where), ended, sizes))
    for name, level in of.items():
        cell = np.where(level < 0, UNKNOWN, level * n + pieces.state)
        key, days = pieces.at_risk(cell, sizes[name] * n)
        tables["risk", name] = Counts((sizes[name], n, N_BINS, KEPT), key, days)

    begun = stays.entered // BLOCK - block
    won = np.flatnonzero((begun >= 0) & funnel.won[stays.state] & ~np.isnan(stays.amount))
    cents = np.rint(stays.amount[won] * CENTS).astype(np.int64)
    whose = {name: level[stays.deal[won]] for name, level in levels.items()}
    for topic, many in (("wins", None), ("cents", cents)):
        shelve(topic, Counts.by_levels((KEPT,), begun[won], whose, sizes, many))
    left = np.flatnonzero((begun >= 0) & (stays.to != UNKNOWN))
    tables["led", ""] = Counts.of((n, n, KEPT), [stays.state[left], stays.to[left], begun[left]])
    exits = pieces.exits
    return PastSteps(block, Shelf(tables), exits.only((exits.kind >= 0) & (exits.end_block >= KEPT - CAUSES)))
