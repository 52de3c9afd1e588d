"""
A night that stands on the groundwork of its month: it reads what happened since, and where the open deals stand.

It takes the lines of the month and those written since the groundwork was read, told by their keys (with an overlap for
transactions that were still open then; not by `recorded_at`, which a told history takes at its word); what the groundwork
knows already is told by the line's number within its deal. So a line written late, for a day of an old month, counts in the
first night after, in full; it is merely not among what the lessons were learnt from.

People, product lines … are taken as of the night for deals that are open, that moved, or that were handed over since the
month began; for others as of the month's start.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import QuerySet

from core.arrays import Width, copied, unpacked
from planning.forecasting import Ledger, Model, Replay
from planning.forecasting.groundwork import model_on, with_events
from planning.forecasting.history import ATTRIBUTES
from planning.models import ExposureMonth, Groundwork, GroundworkPart

from .evidence import Evidence
from .groundwork import usable_groundwork
from .history import (
    DealHistory,
    coded,
    day_number,
    deal_history,
    midnight,
    read_funnel,
    read_lines,
    read_lines_of,
    read_some,
)
from .packing import Learnt, unpack_learnt, unpack_months
from .settled import LINE, Again, rates_on, steps_on

OVERLAP = 100_000  # keys: lines that one transaction may have been writing while the groundwork was read

Arrays = dict[str, npt.NDArray[Any]]

_HANDED: dict[str, Width] = {"deal": "int8", "owner": "int8"}
_HANDED_SQL = """
SELECT deal_id, owner_id FROM customers_dealownership
WHERE valid_from < %(before)s AND (valid_to IS NULL OR valid_to >= %(before)s)
  AND (valid_from >= %(start)s OR valid_to IS NOT NULL)
"""
_LIVE: dict[str, Width] = {"id": "int8", "product": "int8", "channel": "int8", "region": "int8"}
_LIVE_SQL = """
SELECT deal.id, COALESCE(deal.product_id, -1), COALESCE(deal.channel_id, -1), COALESCE(deal.region_id, -1)
FROM customers_deal deal JOIN customers_stage stage ON stage.id = deal.stage_id
WHERE stage.kind = 'open' OR deal.stage_since >= %(start)s
"""


@dataclass(frozen=True)
class Night:
    """
    What a night knows: the deals, condensed where they stand on groundwork; their stays; and what was learnt before (or not).
    """

    history: DealHistory
    evidence: Evidence
    model: Model | None = None
    learnt: Learnt | None = None

    def replays_for(self, people: tuple[int, ...]) -> list[Replay] | None:
        return None if self.learnt is None else self.learnt.replays_for(np.array(people, np.int64))


@dataclass(frozen=True)
class _Read:
    """
    What a night reads beside its groundwork. history: all deals, condensed; ledger: those that live, with all their lines;
    again: those of them that were closed when the month began. first: place of the first deal of each part.
    """

    history: DealHistory
    ledger: Ledger
    again: Again
    first: list[int]


def night_on(row: Groundwork, *, as_of: date, time_zone: str) -> Night:
    """Read what a night needs beside its groundwork, and put both together."""
    read = _read(row, as_of=as_of, time_zone=time_zone)
    history = read.history
    rates = rates_on(_value(row, "rates"), _with_parts(row, "edge", read), history, read.again)
    learnt = unpack_learnt(_value(row, "lessons"))
    months = ExposureMonth.objects.filter(run=row.run_id).order_by("month").values_list("month", "tables")
    past = unpack_months(learnt.lessons.as_of, months)
    lessons = learnt.lessons_for(history.keys())
    model = model_on(lessons, past, history.ledger, history.funnel, as_of=day_number(as_of))
    return Night(history, Evidence(history, read.ledger, rates=rates), model, learnt)


def watch_on(row: Groundwork, *, as_of: date, time_zone: str) -> Evidence:
    """Read what the watch over conversions needs beside the groundwork."""
    read = _read(row, as_of=as_of, time_zone=time_zone)
    exits = _with_parts(row, "exits", read)
    steps = steps_on(_value(row, "steps"), exits, read.history, read.again, as_of=row.as_of_date)
    return Evidence(read.history, read.ledger, steps=steps)


def _value(row: Groundwork, name: str) -> bytes:
    """One of the large values of a groundwork, which stay where they are until somebody needs them."""
    value: bytes = Groundwork.objects.values_list(name, flat=True).get(pk=row.pk)
    return value


def _with_parts(row: Groundwork, name: str, read: _Read) -> list[tuple[int, bytes]]:
    return list(zip(read.first, _parts(row).values_list(name, flat=True), strict=True))


def _read(row: Groundwork, *, as_of: date, time_zone: str) -> _Read:
    before, start = midnight(as_of, time_zone), midnight(row.as_of_date, time_zone)
    read: dict[str, object] = {"from": row.read_from - 1, "read": row.read_to - OVERLAP}
    since = read | {"zone": time_zone, "before": before, "start": start}
    stored = _stored(row)
    deals, lines = stored.deals, stored.lines
    new = read_lines(since)
    keys = deals["id"]
    known, place = _find(keys, new["deal"])
    unseen = ~known
    unseen[known] = new["seq"][known] > deals["seen"][place[known]]
    new = {name: column[unseen] for name, column in new.items()}
    known, place = known[unseen], place[unseen]
    born = read_some(np.unique(new["deal"][~known]), before=before)
    whole = np.r_[keys, born["id"]]
    columns = {name: np.r_[deals[name], born[name]] for name in ("owner", "product", "channel", "region", "created")}
    found, later = _find(born["id"], new["deal"])
    place = np.where(known, place, len(keys) + later)
    kept = known | found
    new, place = {name: column[kept] for name, column in new.items()}, place[kept]
    _refresh(columns, keys, since)
    funnel, stage_ids = read_funnel()
    state_of = dict(zip(stage_ids.tolist(), range(len(stage_ids)), strict=True))
    states = {name: _states(column, state_of) for name, column in (("old", lines["stage"]), ("new", new["stage"]))}
    coded_as = {name: coded(columns[name]) for name in ATTRIBUTES}
    last = np.full(len(whole), -1, np.int32)
    last[lines["deal"]] = lines["close"]
    last[place] = new["close"]
    base = Ledger(
        deal=lines["deal"],
        state=states["old"],
        day=lines["day"],
        amount=lines["amount"],
        close=last,
        created=columns["created"],
        event_close=lines["close"],
        owner=coded_as["owner"][0],
        product=coded_as["product"][0],
        channel=coded_as["channel"][0],
        region=coded_as["region"][0],
    )
    fresh = {"deal": place.astype(np.int32), "state": states["new"], "day": new["day"], "amount": new["amount"]}
    ledger = with_events(base, **fresh, close=new["close"])
    history = DealHistory(ledger, funnel, whole, stage_ids, *(ids for _, ids in coded_as.values()))

    lives = np.ones(len(whole), np.bool_)
    lives[: len(keys)] = stored.is_open
    again = np.zeros(len(whole), np.bool_)
    again[place] = True
    for name in ATTRIBUTES:
        again[: len(keys)] |= deals[name] != columns[name][: len(keys)]
    again &= ~lives
    some = np.flatnonzero(again)
    old = read_lines_of(whole[some], before=start, time_zone=time_zone)
    at = some[_find(whole[some], old["deal"])[1]].astype(np.int32)
    told = old["seq"] <= deals["seen"][at]
    old = {name: column[told] for name, column in old.items()} | {"deal": at[told]}
    old = {"deal": old["deal"], "state": _states(old["stage"], state_of), "day": old["day"], "amount": old["amount"]}
    relived = _with_lines(base, old)
    had = {name: _code(deals[name], ids, len(whole)) for name, (_, ids) in coded_as.items()}
    then = replace(relived, owner=had["owner"], product=had["product"], channel=had["channel"], region=had["region"])
    return _Read(history, _with_lines(base, stored.alive, old, fresh), Again(~again, then), stored.first)


def _with_lines(base: Ledger, *runs: Mapping[str, npt.NDArray[Any]]) -> Ledger:
    """The same deals with other lines: runs that are each in order within a deal, the later ones after the earlier."""
    whole = {name: np.concatenate([run[name] for run in runs]) for name in LINE}
    order = np.argsort(whole["deal"], kind="stable")
    lines = {name: column[order] for name, column in whole.items()}
    return replace(
        base,
        deal=lines["deal"],
        state=lines["state"],
        day=lines["day"],
        amount=lines["amount"],
        event_close=None,
    )


def _code(keys: npt.NDArray[Any], ids: npt.NDArray[Any], size: int) -> npt.NDArray[np.int32]:
    """(size,) place of each key among the ids, -1 where it is not among them, or where there is no key."""
    out = np.full(size, -1, np.int32)
    known, place = _find(ids, keys)
    out[np.flatnonzero(known)] = place[known]
    return out


@dataclass(frozen=True)
class _Stored:
    """
    All parts, one after the other: arrays by deal, the condensed lines with their deal's place, all lines of the deals that
    were open, which these are, and the place of each part's first deal.
    """

    deals: Arrays
    lines: Arrays
    alive: Arrays
    is_open: npt.NDArray[np.bool_]
    first: list[int]


def _parts(row: Groundwork) -> QuerySet[GroundworkPart]:
    return GroundworkPart.objects.filter(run=row.run_id, attempt=row.attempt).order_by("number")


def _stored(row: Groundwork) -> _Stored:
    parts = [[unpacked(value) for value in values] for values in _parts(row).values_list("deals", "alive")]
    first = np.cumsum([0, *(len(deals["id"]) for deals, _ in parts)]).tolist()
    for (deals, lines), place in zip(parts, first, strict=False):
        deals["deal"] = deals["deal"] + np.int32(place)
        lines["deal"] = lines["deal"] + np.int32(place)
    whole, alive = (
        {name: np.concatenate([part[side][name] for part in parts]) for name in parts[0][side]} for side in (0, 1)
    )
    lines = {name: whole.pop(name) for name in ("deal", "stage", "day", "amount", "close")}
    alive = {name: column if name == "amount" else column.astype(np.int32) for name, column in alive.items()}
    is_open = np.zeros(len(whole["id"]), np.bool_)
    is_open[alive["deal"]] = True
    return _Stored(whole, lines, alive, is_open, first[:-1])


def _find(keys: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp]]:
    """Whether each wanted key is among the (rising) keys, and where."""
    if not len(keys):
        return np.zeros(len(wanted), np.bool_), np.zeros(len(wanted), np.intp)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return keys[place] == wanted, place


def _refresh(columns: Arrays, keys: npt.NDArray[Any], since: dict[str, object]) -> None:
    """Take owners and attributes as they are now, in place, where they may have changed."""
    handed, live = copied(_HANDED_SQL, since, _HANDED), copied(_LIVE_SQL, since, _LIVE)
    known, place = _find(keys, handed["deal"])
    columns["owner"][place[known]] = handed["owner"][known]
    known, place = _find(keys, live["id"])
    for name in ("product", "channel", "region"):
        columns[name][place[known]] = live[name][known]


def _states(stages: npt.NDArray[Any], state_of: dict[int, int]) -> npt.NDArray[np.int32]:
    """Stage keys → codes of the funnel."""
    table = np.zeros(max([*state_of, 0]) + 1, np.int32)
    for stage, state in state_of.items():
        table[stage] = state
    return table[stages]


def tonight(*, as_of: date, time_zone: str) -> Night:
    """What is known before a business day: on groundwork where there is one, else the whole history."""
    row = usable_groundwork(as_of=as_of, time_zone=time_zone)
    if row is not None:
        return night_on(row, as_of=as_of, time_zone=time_zone)
    history = deal_history(as_of=as_of, time_zone=time_zone)
    return Night(history, Evidence.whole(history))


def watched_tonight(*, as_of: date, time_zone: str) -> Evidence:
    """The same for the watch over conversions."""
    row = usable_groundwork(as_of=as_of, time_zone=time_zone)
    if row is not None:
        return watch_on(row, as_of=as_of, time_zone=time_zone)
    return Evidence.whole(deal_history(as_of=as_of, time_zone=time_zone))
