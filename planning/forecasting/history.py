"""
What is known on one day: the funnel's states, the ledger of events, and the stays read from it. Arrays in, arrays
out.
"""

from __future__ import annotations

import dataclasses as dc
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints: TypeAlias = npt.NDArray[np.signedinteger[Any]]  # 32 bits do for days, codes and deals, and halve the memory
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

UNKNOWN: Final = -1
ATTRIBUTES: Final = ("owner", "product", "channel", "region")
EPOCH: Final = np.datetime64("1970-01-01", "D")


@dc.dataclass(frozen=True, slots=True)
class Funnel:
    """
    The states a deal can be in, coded 0 … n_states - 1. Several pipelines may stand side by side.

    Shapes: all (n_states,). position: order of an open state inside its pipeline, -1 for won and lost.
    Nothing assumes one chain: skips, moves back and reopened deals occur.
    """

    position: Ints
    won: Bools
    lost: Bools
    pipeline: Ints

    @classmethod
    def of(
        cls, position: npt.ArrayLike, won: npt.ArrayLike, lost: npt.ArrayLike, pipeline: npt.ArrayLike | None = None
    ) -> Funnel:
        """Build and check. :raises ValueError: unless every state is exactly one of open, won, lost"""
        at = np.asarray(position, np.int64)
        is_won, is_lost = np.asarray(won, np.bool_), np.asarray(lost, np.bool_)
        line = np.zeros(len(at), np.int64) if pipeline is None else np.asarray(pipeline, np.int64)
        if not len(at) == len(is_won) == len(is_lost) == len(line):
            raise ValueError("position, won, lost and pipeline must be of one length")
        if not ((at >= 0).astype(int) + is_won + is_lost == 1).all():
            raise ValueError("every state must be exactly one of open, won and lost")
        return cls(at, is_won, is_lost, line)

    @property
    def n_states(self) -> int:
        return len(self.position)

    @property
    def open(self) -> Bools:
        """(n_states,) which states are open."""
        return self.position >= 0


@dc.dataclass(frozen=True, slots=True)
class Ledger:
    """
    The stage history of all deals: one row per event, sorted by (deal, order of events within the deal).

    Per event, (n_events,): deal = index into the per-deal arrays; state = code of the funnel; day = days since
    1970-01-01 in the plan's time zone; amount = recorded with the event, NaN if unknown (on a won row: the realised
    amount). An event whose state equals the one before it is an amendment: it may change the amount and starts no new
    stay. Per deal, (n_deals,): owner, product, channel, region codes, -1 unknown; close = expected closing day, -1
    unknown; created = day. event_close, (n_events,), optional: the expected closing day as it was known at each
    event. Without it `close` is taken as known from the start, which flatters replayed forecasts where closing dates
    are moved. history_from: first day from which every deal and move is recorded; stays begun earlier are
    left-truncated there.
    """

    deal: Ints
    state: Ints
    day: Ints
    amount: Floats
    owner: Ints
    product: Ints
    channel: Ints
    region: Ints
    close: Ints
    created: Ints
    event_close: Ints | None = None
    history_from: int = -1_000_000

    @property
    def n_deals(self) -> int:
        return len(self.created)

    @property
    def n_events(self) -> int:
        return len(self.deal)

    @property
    def closes(self) -> Ints:
        """(n_events,) expected closing day as known at each event, -1 unknown."""
        return self.close[self.deal] if self.event_close is None else self.event_close

    @property
    def first_day(self) -> int:
        """The day on which the oldest deal was created. :raises ValueError: where nothing has been recorded"""
        return int(self.created[self.deal].min())

    def check(self, funnel: Funnel) -> None:
        """:raises ValueError: where shapes, codes or the order do not hold"""
        if not len(self.deal) == len(self.state) == len(self.day) == len(self.amount):
            raise ValueError("deal, state, day and amount must be of one length")
        if any(len(getattr(self, name)) != self.n_deals for name in (*ATTRIBUTES, "close")):
            raise ValueError("the per-deal arrays must be of one length")
        if self.event_close is not None and len(self.event_close) != self.n_events:
            raise ValueError("event_close must have one value per event")
        if not self.n_events:
            return
        step = np.diff(self.deal)
        if (step < 0).any() or ((step == 0) & (np.diff(self.day) < 0)).any():
            raise ValueError("events must be sorted by deal and, within a deal, by time")
        if self.deal[0] < 0 or self.deal[-1] >= self.n_deals:
            raise ValueError("deal must be an index into the per-deal arrays")
        if self.state.min() < 0 or self.state.max() >= funnel.n_states:
            raise ValueError("state must be a code of the funnel")
        if np.isinf(self.amount).any():
            raise ValueError("amounts must be finite or NaN")

    def before(self, day: int) -> Ledger:
        """The same deals as they were known at midnight before `day`; deals without an event yet keep their place."""
        keep = self.day < day
        if keep.all():
            return self
        closes = self.event_close
        return dc.replace(
            self,
            deal=self.deal[keep],
            state=self.state[keep],
            day=self.day[keep],
            amount=self.amount[keep],
            event_close=None if closes is None else closes[keep],
        )


@dc.dataclass(frozen=True, slots=True)
class Stays:
    """
    One row per visit of a deal to a state, (n_stays,), in ledger order: entered and left are days; left = as_of and
    to = -1 while it lasts. amount: last known when the stay began (NaN unknown); close: expected closing day known
    then (-1 unknown).
    """

    deal: Ints
    state: Ints
    to: Ints
    entered: Ints
    left: Ints
    amount: Floats
    close: Ints
    as_of: int


@dc.dataclass(frozen=True, slots=True)
class Standing:
    """
    Where each deal stands on as_of, (n_deals,): state (-1: not created yet), since = day, amount = last known (NaN),
    close.
    """

    state: Ints
    since: Ints
    amount: Floats
    close: Ints


def tally(codes: Ints, weights: Floats, size: int) -> Floats:
    """(size,) sum of weights by code."""
    return np.bincount(codes, weights, size).astype(np.float64)


def _carry_forward(values: Floats, first: Bools) -> Floats:
    """Fill NaN with the value before it inside each block; `first` marks where a block begins."""
    at = np.arange(len(values), dtype=np.int32 if len(values) < 2**31 else np.int64)
    known = np.where(~np.isnan(values) | first, at, 0)
    return values[np.maximum.accumulate(known)] if len(values) else values


def stays_of(ledger: Ledger, as_of: int) -> Stays:
    """Read the stays from a ledger that holds only events before as_of. O(events)."""
    n = ledger.n_events
    first = np.ones(n, np.bool_)
    first[1:] = ledger.deal[1:] != ledger.deal[:-1]
    starts = first.copy()
    starts[1:] |= ledger.state[1:] != ledger.state[:-1]
    amount = _carry_forward(ledger.amount, first)
    at = np.flatnonzero(starts)
    deal, state, entered = ledger.deal[at], ledger.state[at], ledger.day[at]
    to, left = np.full_like(state, UNKNOWN), np.full_like(entered, as_of)
    same = np.flatnonzero(deal[1:] == deal[:-1])  # the stays that another one of the deal follows
    to[same], left[same] = state[same + 1], entered[same + 1]
    return Stays(deal, state, to, entered, left, amount[at], ledger.closes[at], as_of)


def standing_of(ledger: Ledger, stays: Stays) -> Standing:
    """The last row of each deal."""
    n = ledger.n_deals
    state, since = np.full(n, UNKNOWN, np.int64), np.full(n, UNKNOWN, np.int64)
    state[stays.deal], since[stays.deal] = stays.state, stays.entered  # the last row of a deal wins
    amount, close = np.full(n, np.nan), np.full(n, UNKNOWN, np.int64)
    first = np.ones(ledger.n_events, np.bool_)
    first[1:] = ledger.deal[1:] != ledger.deal[:-1]
    amount[ledger.deal] = _carry_forward(ledger.amount, first)
    close[ledger.deal] = ledger.closes
    return Standing(state, since, amount, close)


def days(values: pd.Series) -> Ints:
    """
    Timestamps, or their ISO 8601 texts (dates and times may mix), to days since 1970-01-01 by the clock they are written
    in; missing becomes -1.
    """
    stamps = pd.to_datetime(values, format="ISO8601").dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(stamps), UNKNOWN, (stamps - EPOCH).astype(np.int64))


@dc.dataclass(frozen=True, slots=True)
class Named:
    """A ledger read from outside with the words behind its codes."""

    ledger: Ledger
    funnel: Funnel
    deals: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]


def from_events(
    events: pd.DataFrame, *, stages: list[str], won: str = "won", lost: str = "lost", history_from: int = -1_000_000
) -> Named:
    """
    Read an events frame: opportunity_id, stage, entered_at, amount, owner, segment, product, expected_close, one row
    per event.

    `segment` takes the place of channel. Order of rows does not matter except between events of one deal at the same
    instant.
    """
    frame = events.sort_values(["opportunity_id", "entered_at"], kind="stable")
    names = [*stages, won, lost]
    code = {name: i for i, name in enumerate(names)}
    deal, ids = pd.factorize(frame["opportunity_id"].astype(str), sort=False)
    last = np.flatnonzero(np.r_[deal[1:] != deal[:-1], np.ones(min(len(deal), 1), np.bool_)])
    first = np.flatnonzero(np.r_[np.ones(min(len(deal), 1), np.bool_), deal[1:] != deal[:-1]])
    columns: dict[str, Ints] = {}
    levels: dict[str, tuple[str, ...]] = {}
    for name, column in (("owner", "owner"), ("product", "product"), ("channel", "segment"), ("region", "region")):
        if column in frame:
            codes, words = pd.factorize(frame[column].iloc[last], sort=True)
            columns[name], levels[name] = codes.astype(np.int64), tuple(map(str, words))
        else:
            columns[name], levels[name] = np.full(len(last), UNKNOWN, np.int64), ()
    day, close = days(frame["entered_at"]), days(frame["expected_close"])
    ledger = Ledger(
        deal=deal.astype(np.int64),
        state=frame["stage"].map(code).to_numpy().astype(np.int64),
        day=day,
        amount=frame["amount"].to_numpy(np.float64),
        close=close[last],
        created=day[first],
        event_close=close,
        history_from=history_from,
        **columns,
    )
    n = len(stages)
    funnel = Funnel.of([*range(n), -1, -1], [False] * n + [True, False], [False] * n + [False, True])
    return Named(ledger, funnel, tuple(map(str, ids)), levels)
