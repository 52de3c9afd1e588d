"""
The groundwork of a month, and a night that stands on it.

Laid: from every line that had happened before the month began and was written down when it was read. A night adds the lines
of the month and those written since, told by their keys (with an overlap for transactions that were still open then; not by
`recorded_at`, which a told history takes at its word); what the groundwork knows already is told by the line's number within
its deal. So a line written late, for a day of an old month, counts in the first night after, in full; it is merely not among
what the lessons were learnt from.

People, product lines … are taken as of the night for deals that are open, that moved, or that were handed over since the
month began; for others as of the month's start.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from core.arrays import Width, copied, packed, unpacked
from core.models import Publication
from core.periods import add_months, month_start
from customers.models import Stage
from planning.forecasting import Ledger, Model, Replay
from planning.forecasting.groundwork import condensed, learn_lessons, model_on, past_of, with_events
from planning.forecasting.replays import replays_of
from planning.models import GROUNDWORK, ExposureMonth, Groundwork, GroundworkPart

from .history import (
    DealHistory,
    coded,
    day_number,
    history_of,
    midnight,
    read_funnel,
    read_lines,
    read_some,
    told_before,
)
from .packing import Learnt, pack_past, unpack_learnt, unpack_months

VERSION = 2  # of the arithmetic and the packing: another one lays its own groundwork
LARGE = 200_000  # lines from which a company's nights stand on groundwork; smaller ones are read and reckoned whole
PART = 1_000_000  # lines of a part: what one worker holds in memory at a time
LESSON_LINES = 2_000_000  # lines that lessons are learnt from; of more, an even sample of deals
REPLAY_LINES = 300_000  # lines that past days are forecast again from
LATE_SHARE = 0.01  # with more lines recorded late than this share, the groundwork is laid anew
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
    """What a night knows: the deals, condensed where they stand on groundwork, and what was learnt before (or not)."""

    history: DealHistory
    model: Model | None = None
    learnt: Learnt | None = None

    def replays_for(self, people: tuple[int, ...]) -> list[Replay] | None:
        return None if self.learnt is None else self.learnt.replays_for(np.array(people, np.int64))


@dataclass(frozen=True)
class Sizes:
    """
    How much there is to go through: lines before the month; first and last deal; keys of the first line of the month itself
    and of the newest line of all; the database's time.
    """

    lines: int
    first: int
    last: int
    month_from: int
    newest: int
    at: datetime


def layout() -> str:
    """Name what stored tables depend on: the arithmetic and the stages."""
    stages = list(Stage.objects.order_by("pk").values_list("pk", "pipeline", "position", "kind"))
    return f"{VERSION}:{hashlib.sha256(repr(stages).encode()).hexdigest()[:40]}"


def ledger_is_large() -> bool:
    """Whether nights stand on groundwork. Postgres' own estimate: it costs nothing, and nothing hangs on its precision."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'customers_stageevent'::regclass")
        ((lines,),) = cursor.fetchall()
    return bool(lines >= LARGE)


def sizes(*, as_of: date, time_zone: str) -> Sizes:
    """Look how much there is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE occurred_at < %(start)s), COALESCE(min(deal_id), 0), COALESCE(max(deal_id), 0),"
            " COALESCE(min(id) FILTER (WHERE occurred_at >= %(start)s), max(id), 0), COALESCE(max(id), 0),"
            " statement_timestamp() FROM customers_stageevent",
            {"start": midnight(as_of, time_zone)},
        )
        (row,) = cursor.fetchall()
    return Sizes(*row)


def usable_groundwork(*, as_of: date, time_zone: str) -> Groundwork | None:
    """The published groundwork of the month of a day, if it fits the stages and not too much came late."""
    shown = Publication.objects.filter(job=GROUNDWORK, scope=time_zone).values("run")
    row = (
        Groundwork.objects.defer("lessons")
        .filter(run__in=shown, as_of_date=month_start(as_of), layout=layout())
        .first()
    )
    if row is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM customers_stageevent WHERE id > %s AND occurred_at < %s",
            [row.read_to, midnight(row.as_of_date, time_zone)],
        )
        ((late,),) = cursor.fetchall()
    return row if late <= LATE_SHARE * row.lines else None


def learn(*, as_of: date, time_zone: str, lines: int) -> Learnt:
    """Learn what a month's nights need from all deals, or from an even sample of many; the replays are still to come."""
    told = history_of(told_before(as_of=as_of, time_zone=time_zone, step=max(1, -(-lines // LESSON_LINES))))
    lessons = learn_lessons(told.ledger, told.funnel, as_of=day_number(as_of))
    return Learnt(lessons, told.keys(), [], np.zeros(0, np.int64))


def replayed(learnt: Learnt, *, as_of: date, time_zone: str, lines: int) -> Learnt:
    """Add what past days, forecast again, say about errors; of many deals an even sample does."""
    told = history_of(told_before(as_of=as_of, time_zone=time_zone, step=max(1, -(-lines // REPLAY_LINES))))
    people = told.owner_ids if len(told.owner_ids) else np.zeros(1, np.int64)
    replays = replays_of(
        told.ledger,
        told.funnel,
        as_of=day_number(as_of),
        calendar=np.array([day_number(add_months(as_of, step)) for step in range(13)], np.int64),
        leaves=told.ledger.owner,
        n_leaves=len(people),
    )
    return replace(learnt, replays=replays, people=people)


def part(*, as_of: date, time_zone: str, deals: tuple[int, int], learnt: Learnt) -> tuple[int, bytes, bytes]:
    """Go through a range of deals: how many lines there were, the deals condensed, and their share of the months' tables."""
    told = told_before(as_of=as_of, time_zone=time_zone, deals=deals)
    history = history_of(told)
    lessons = learnt.lessons_for(history.keys())
    base = condensed(history.ledger, day_number(as_of))
    seen = np.zeros(len(told.deals["id"]), np.int32)
    seen[told.lines["deal"]] = told.lines["seq"]  # a later line of the same deal overwrites the earlier one
    arrays = {
        **told.deals,
        "seen": seen,
        "deal": base.deal,
        "stage": history.stage_ids[base.state],
        "day": base.day,
        "amount": base.amount,
        "close": base.closes,
    }
    past = past_of(history.ledger, history.funnel, lessons)
    return len(told.lines["deal"]), packed({name: _narrow(column) for name, column in arrays.items()}), pack_past(past)


def _narrow(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Keys as 32 bits where they fit: half the bytes that every night reads."""
    fits = column.dtype == np.int64 and (not len(column) or column.max() < 2**31)
    return column.astype(np.int32) if fits else column


def night_on(row: Groundwork, *, as_of: date, time_zone: str) -> Night:
    """Read what a night needs beside its groundwork, and put both together."""
    before, start = midnight(as_of, time_zone), midnight(row.as_of_date, time_zone)
    read: dict[str, object] = {"from": row.read_from - 1, "read": row.read_to - OVERLAP}
    since = read | {"zone": time_zone, "before": before, "start": start}
    deals, lines = _stored(row)
    new = read_lines(since)
    keys = deals.pop("id")
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
    coded_as = {name: coded(columns[name]) for name in ("owner", "product", "channel", "region")}
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
    ledger = with_events(
        base,
        deal=place.astype(np.int32),
        state=states["new"],
        day=new["day"],
        amount=new["amount"],
        close=new["close"],
    )
    history = DealHistory(ledger, funnel, whole, stage_ids, *(ids for _, ids in coded_as.values()))
    learnt = unpack_learnt(Groundwork.objects.values_list("lessons", flat=True).get(pk=row.pk))
    months = ExposureMonth.objects.filter(run=row.run_id).order_by("month").values_list("month", "tables")
    past = unpack_months(learnt.lessons.as_of, months)
    lessons = learnt.lessons_for(history.keys())
    return Night(history, model_on(lessons, past, ledger, funnel, as_of=day_number(as_of)), learnt)


def _stored(row: Groundwork) -> tuple[Arrays, Arrays]:
    """The parts one after the other: arrays by deal, and the condensed lines with their deal's place."""
    rows = GroundworkPart.objects.filter(run=row.run_id, attempt=row.attempt).order_by("number")
    parts = [unpacked(value) for value in rows.values_list("deals", flat=True)]
    offset = np.cumsum([0, *(len(arrays["id"]) for arrays in parts)])
    for arrays, first in zip(parts, offset.tolist(), strict=False):
        arrays["deal"] = arrays["deal"] + np.int32(first)
    whole = {name: np.concatenate([arrays[name] for arrays in parts]) for name in parts[0]}
    lines = {name: whole.pop(name) for name in ("deal", "stage", "day", "amount", "close")}
    return whole, lines


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
    return Night(history_of(told_before(as_of=as_of, time_zone=time_zone)))
