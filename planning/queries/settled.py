"""
What a groundwork keeps for rates, coverage and the watch, and what a night takes from it.

Kept, part by part: the tables of deals that were closed when the month began (`forecasting.past_rates`, `past_steps`), those
of their stays that stand one by one, and all lines of the deals that were open. A night reads the lines of open deals, the
new ones, and the whole history of closed deals that live again: reopened or corrected since, or handed over, or of another
product … than they were.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from core.arrays import packed, unpacked
from planning.forecasting.conversion import Followed
from planning.forecasting.counts import Counts, Shelf
from planning.forecasting.history import ATTRIBUTES, Ledger, stays_of
from planning.forecasting.past_rates import PastRates, past_rates
from planning.forecasting.past_steps import PastSteps, past_steps
from planning.forecasting.steps import Exits

from .conversions import WINDOW_DAYS
from .evidence import BAND, BOUNDS, Evidence, bands, sizes_of
from .history import DealHistory, day_number

Arrays = dict[str, npt.NDArray[Any]]
Keys = Mapping[str, npt.NDArray[np.int64]]
LINE: Final = ("deal", "state", "day", "amount")
WINDOWS: Final = tuple(days for days in WINDOW_DAYS.values() if days is not None)
Rows = TypeVar("Rows", Followed, Exits)


@dataclass(frozen=True)
class Kept:
    """
    What one topic keeps as one value for the database: its tables, the keys of their levels, plain facts beside them.
    """

    shelf: Shelf
    keys: Keys
    facts: Arrays

    def pack(self) -> bytes:
        """One value; a table's places and numbers in 32 bits where they fit."""
        arrays = {f"keys {name}": keys for name, keys in self.keys.items()}
        arrays |= {f"fact {name}": fact for name, fact in self.facts.items()}
        for (topic, attribute), table in self.shelf.tables.items():
            name = f"table {topic} {attribute}"
            arrays[f"{name} shape"] = np.array(table.shape, np.int64)
            arrays[f"{name} key"], arrays[f"{name} many"] = narrow(table.key), narrow(table.many)
        return packed(arrays)

    @classmethod
    def unpack(cls, value: bytes | memoryview) -> "Kept":
        """What `pack` packed."""
        arrays = unpacked(value)
        tables = {}
        for name in arrays:
            if name.startswith("table ") and name.endswith(" shape"):
                _, topic, attribute, _ = name.split(" ")
                key, many = (arrays[f"table {topic} {attribute} {part}"].astype(np.int64) for part in ("key", "many"))
                tables[topic, attribute] = Counts(tuple(arrays[name].tolist()), key, many)
        named = {
            kind: {name.removeprefix(kind): array for name, array in arrays.items() if name.startswith(kind)}
            for kind in ("keys ", "fact ")
        }
        return cls(Shelf(tables), named["keys "], named["fact "])

    def by(self, keys: Keys) -> Shelf:
        """The tables by the levels of other keys; a level whose key is not among them is left out."""
        codes, sizes = {BAND: np.arange(len(BOUNDS))}, sizes_of(keys)
        for name, wanted in keys.items():
            mine = self.keys[name]
            _, here, there = np.intersect1d(mine, wanted, assume_unique=True, return_indices=True)
            codes[name] = np.full(max(len(mine), 1), -1, np.int64)
            codes[name][here] = there
        return self.shelf.recoded(codes, sizes)


def together(parts: Sequence[Kept]) -> Kept:
    """What is kept of all deals from what is kept of some."""
    keys = {name: np.unique(np.concatenate([part.keys[name] for part in parts])) for name in parts[0].keys}
    facts = dict(parts[0].facts)
    if "first_day" in facts:
        facts["first_day"] = np.min([part.facts["first_day"] for part in parts])
    return Kept(Shelf.total([part.by(keys) for part in parts]), keys, facts)


def narrow(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Whole numbers as 32 bits where they fit: half the bytes that every night reads."""
    fits = column.dtype == np.int64 and (not len(column) or (column.max() < 2**31 and column.min() > -(2**31)))
    return column.astype(np.int32) if fits else column


@dataclass(frozen=True)
class Share:
    """What a part of the deals gives: tables of both topics to be added up, and rows that stay with the part."""

    rates: bytes
    steps: bytes
    edge: bytes
    exits: bytes
    alive: bytes


def share_of(history: DealHistory, *, as_of: date) -> Share:
    """Take a part of the deals apart; the history holds nothing of the day or later. Rows name deals by their place in it."""
    ledger, today, keys = history.ledger, day_number(as_of), history.keys()
    state = np.zeros(ledger.n_deals, np.int64)
    state[ledger.deal] = ledger.state  # a later line of the same deal overwrites the earlier one
    is_open = history.funnel.open[state]
    closed, alive = _lines(ledger, ~is_open), _lines(ledger, is_open)
    levels, sizes = Evidence.whole(history).levels, sizes_of(keys)
    stays = stays_of(closed, today)
    rates = past_rates(closed, history.funnel, stays, sizes=sizes, windows=WINDOWS)
    steps = past_steps(stays, history.funnel, levels, history_from=closed.history_from, sizes=sizes)
    facts = {"as_of": np.array(today), "begun": rates.begun, "first_day": np.array(rates.first_day)}
    return Share(
        rates=Kept(rates.shelf, keys, facts).pack(),
        steps=Kept(steps.shelf, keys, {"block": np.array(steps.block)}).pack(),
        edge=_pack_rows(rates.edge),
        exits=_pack_rows(steps.exits),
        alive=packed({name: _narrowest(getattr(alive, name)) for name in LINE}),
    )


def _lines(ledger: Ledger, of: npt.NDArray[np.bool_]) -> Ledger:
    """The lines of some deals; the others keep their place."""
    rows = of[ledger.deal]
    return replace(
        ledger,
        deal=ledger.deal[rows],
        state=ledger.state[rows],
        day=ledger.day[rows],
        amount=ledger.amount[rows],
        event_close=None,
    )


def _pack_rows(rows: Followed | Exits) -> bytes:
    return packed({field.name: _narrowest(getattr(rows, field.name)) for field in fields(rows)})


def _narrowest(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Whole numbers in as few bits as they need."""
    if column.dtype.kind != "i" or not len(column):
        return column
    least, most = int(column.min()), int(column.max())
    return column.astype(np.result_type(np.min_scalar_type(min(least, -1)), np.min_scalar_type(-most - 1)))


@dataclass(frozen=True)
class Again:
    """
    Closed deals that live again: kept (n_deals,) which deals stay in the tables; ledger: the lines that the tables knew of
    the others, with what the deals were then (by the night's codes, -1 for whoever is not among them).
    """

    kept: npt.NDArray[np.bool_]
    ledger: Ledger


def rates_on(
    value: bytes | memoryview, edge: Sequence[tuple[int, bytes]], history: DealHistory, again: Again
) -> PastRates:
    """The rates of the deals that a night did not read. edge: of each part, with the place of its first deal."""
    kept, keys = Kept.unpack(value), history.keys()
    as_of = int(kept.facts["as_of"])
    rows = _unpack_rows(edge, Followed)
    past = PastRates(as_of, kept.facts["begun"], kept.by(keys), rows, int(kept.facts["first_day"]))
    stays = stays_of(again.ledger.before(as_of), as_of)
    mine = past_rates(again.ledger, history.funnel, stays, sizes=sizes_of(keys), windows=WINDOWS)
    return past.without(mine.shelf, again.kept[rows.deal])


def steps_on(
    value: bytes | memoryview, exits: Sequence[tuple[int, bytes]], history: DealHistory, again: Again, *, as_of: date
) -> PastSteps:
    """The same for the watch. as_of: the day the groundwork was laid for."""
    kept, keys = Kept.unpack(value), history.keys()
    rows = _unpack_rows(exits, Exits)
    past = PastSteps(int(kept.facts["block"]), kept.by(keys), rows)
    levels = {name: getattr(again.ledger, name) for name in ATTRIBUTES} | {BAND: bands(again.ledger)}
    today = day_number(as_of)
    stays, start = stays_of(again.ledger.before(today), today), again.ledger.history_from
    mine = past_steps(stays, history.funnel, levels, history_from=start, sizes=sizes_of(keys))
    return past.without(mine.shelf, again.kept[rows.deal])


def _unpack_rows(parts: Sequence[tuple[int, bytes]], kind: type[Rows]) -> Rows:
    """The rows of all parts, their deals by the place among all."""
    found = [(first, unpacked(value)) for first, value in parts]
    whole = {f.name: np.concatenate([arrays[f.name].astype(np.int32) for _, arrays in found]) for f in fields(kind)}
    whole["deal"] += np.repeat([first for first, _ in found], [len(arrays["deal"]) for _, arrays in found])
    return kind(**whole)
