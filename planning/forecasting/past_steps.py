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

from .counts import Counts, Shelf
from .history import UNKNOWN, Bools, Floats, Funnel, Ints, Ledger, stays_of
from .levers import PastWorth
from .steps import BLOCK, KEPT, N_BINS, Exits, Pieces, Tables, cut

CAUSES: Final = 20  # blocks that a cause is looked for in: the longest span and the year before it
CENTS: Final = 100
AXIS: Final = {"moved": 2, "risk": 1, "wins": 0, "cents": 0}


@dc.dataclass(frozen=True, slots=True)
class PastSteps:
    """
    Of deals closed before a day. block: number of the first of the KEPT blocks.

    shelf: moved (2, S, levels, B, K) steps, risk (S, levels, B, K) days; led (S, S, K) stays by where they led and the block
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
            self._later(self.shelf.grouped(topic, attribute, group, n_groups), pieces) for topic in ("moved", "risk")
        )
        return Tables(moved, risk)

    def worth(self, pieces: Pieces, attribute: str, group: Ints, n_groups: int) -> PastWorth:
        """Where steps led, and what was won by group and by all."""
        wins, cents = (
            self._later(self.shelf.grouped(topic, attribute, group, n_groups), pieces).sum(-1)
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
    ledger: Ledger, funnel: Funnel, levels: Mapping[str, Ints], *, as_of: int, sizes: Mapping[str, int]
) -> PastSteps:
    """
    Tables of some deals, all closed before as_of.

    levels: per attribute (n_deals,) codes 0 … sizes - 1, -1 left out.
    """
    pieces = cut(ledger, funnel, as_of=as_of)
    n = funnel.n_states
    block = int(pieces.starts[0]) // BLOCK

    def moved(name: str) -> Counts:
        of = levels[name][pieces.deal]
        rows = np.flatnonzero((of >= 0) & (pieces.kind >= 0) & (pieces.end_block >= 0))
        columns = (pieces.kind, pieces.state, of, pieces.end_bin, pieces.end_block)
        return Counts.of((2, n, sizes[name], N_BINS, KEPT), [column[rows] for column in columns])

    inside = pieces.bin.astype(np.int32) * KEPT + pieces.block.astype(np.int32)
    days = pieces.days.astype(np.int64)

    def risk(name: str) -> Counts:
        of = levels[name][pieces.deal]
        cell = pieces.state * sizes[name] + of
        place = (cell * (N_BINS * KEPT))[pieces.stay] + inside
        known = slice(None) if (of >= 0).all() else (of >= 0)[pieces.stay]
        return Counts.at((n, sizes[name], N_BINS, KEPT), place[known], days[known])

    stays = stays_of(ledger.before(as_of), as_of)
    begun = stays.entered // BLOCK - block
    gone = np.flatnonzero((begun >= 0) & (stays.to != UNKNOWN))
    won = (begun >= 0) & funnel.won[stays.state] & ~np.isnan(stays.amount)
    amount = np.rint(np.nan_to_num(stays.amount) * CENTS).astype(np.int64)

    def paid(name: str, many: Ints | None) -> Counts:
        of = levels[name][stays.deal]
        rows = np.flatnonzero(won & (of >= 0))
        return Counts.of((sizes[name], KEPT), [of[rows], begun[rows]], None if many is None else many[rows])

    tables = {("led", ""): Counts.of((n, n, KEPT), [stays.state[gone], stays.to[gone], begun[gone]])}
    for name in levels:
        tables["moved", name], tables["risk", name] = moved(name), risk(name)
        tables["wins", name], tables["cents", name] = paid(name, None), paid(name, amount)
    exits = pieces.exits
    return PastSteps(block, Shelf(tables, AXIS), exits.only((exits.kind >= 0) & (exits.end_block >= KEPT - CAUSES)))
