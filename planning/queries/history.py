"""The recorded stage history as the arrays that `planning.forecasting` reads."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from core.arrays import Width, copied
from customers.models import Stage
from planning.forecasting import Funnel, Ledger
from planning.forecasting.history import standing_of, stays_of

EPOCH = date(1970, 1, 1)

_LINES = """
SELECT event.deal_id, event.seq, event.to_stage_id,
       ((event.occurred_at AT TIME ZONE %(zone)s)::date - DATE '1970-01-01')::int4,
       COALESCE(event.amount::float8, 'NaN'),
       COALESCE(event.expected_close_date - DATE '1970-01-01', -1)::int4
FROM customers_stageevent event
WHERE """
_BEFORE = (
    "event.occurred_at < %(before)s AND event.deal_id BETWEEN %(first)s AND %(last)s AND event.deal_id %% %(step)s = 0"
)
_LINE: dict[str, Width] = {
    "deal": "int8",
    "seq": "int4",
    "stage": "int8",
    "day": "int4",
    "amount": "float8",
    "close": "int4",
}

# Sorted here, not in Postgres: a sort of millions of rows goes to its disk.
_DEALS = """
SELECT deal.id, owned.owner_id, COALESCE(deal.product_id, -1), COALESCE(deal.channel_id, -1), COALESCE(deal.region_id, -1),
       (deal.created_date - DATE '1970-01-01')::int4
FROM customers_deal deal
JOIN customers_dealownership owned ON owned.deal_id = deal.id AND owned.valid_from < %(before)s
     AND (owned.valid_to IS NULL OR owned.valid_to >= %(before)s)
"""
_DEAL: dict[str, Width] = {
    "id": "int8",
    "owner": "int8",
    "product": "int8",
    "channel": "int8",
    "region": "int8",
    "created": "int4",
}
_SINCE = """event.id > LEAST(%(from)s, %(read)s) AND event.occurred_at < %(before)s
  AND (event.occurred_at >= %(start)s OR event.id > %(read)s)
"""
_OF_DEALS = "event.occurred_at < %(before)s AND event.deal_id = ANY(%(keys)s)"
_OWNED = "WHERE deal.id BETWEEN %(first)s AND %(last)s AND deal.id %% %(step)s = 0"
_NAMED = "WHERE deal.id = ANY(%(keys)s)"
_ALL = (0, 2**62)


@dataclass(frozen=True)
class WonDeals:
    """Won deals, (n,) each: deal = index in the ledger, day number, amount (NaN unknown)."""

    deal: npt.NDArray[np.int64]
    day: npt.NDArray[np.int64]
    amount: npt.NDArray[np.float64]


@dataclass(frozen=True)
class DealHistory:
    """
    What was known at midnight before a business day.

    `ledger` and `funnel` speak in codes; the arrays beside them say whose code it is: deal_ids (n_deals,), stage_ids
    (n_states,), owner_ids, product_ids, channel_ids, region_ids (n_codes,) are primary keys in order of the code.
    """

    ledger: Ledger
    funnel: Funnel
    deal_ids: npt.NDArray[np.int64]
    stage_ids: npt.NDArray[np.int64]
    owner_ids: npt.NDArray[np.int64]
    product_ids: npt.NDArray[np.int64]
    channel_ids: npt.NDArray[np.int64]
    region_ids: npt.NDArray[np.int64]

    def amounts(self) -> npt.NDArray[np.float64]:
        """(n_deals,) the last amount recorded of each deal, NaN where there is none."""
        return last_amounts(self.ledger)

    def keys(self) -> dict[str, npt.NDArray[np.int64]]:
        """Whose codes they are, by attribute."""
        return {
            "owner": self.owner_ids,
            "product": self.product_ids,
            "channel": self.channel_ids,
            "region": self.region_ids,
        }

    def won(self) -> WonDeals:
        """The deals that stand in a won stage, with the day they came there and the last amount known."""
        as_of = int(self.ledger.day.max(initial=0)) + 1
        standing = standing_of(self.ledger, stays_of(self.ledger, as_of))
        deal = np.flatnonzero((standing.state >= 0) & self.funnel.won[standing.state])
        return WonDeals(deal, standing.since[deal], standing.amount[deal])


def last_amounts(ledger: Ledger) -> npt.NDArray[np.float64]:
    """(n_deals,) the last amount recorded of each deal, NaN where there is none."""
    last = np.full(ledger.n_deals, np.nan)
    known = ~np.isnan(ledger.amount)
    last[ledger.deal[known]] = ledger.amount[known]  # a later row of the same deal overwrites the earlier one
    return last


def day_number(day: date) -> int:
    """Days since 1970-01-01, the unit of the arithmetic."""
    return (day - EPOCH).days


@dataclass(frozen=True)
class Told:
    """
    Deals and their lines by primary key, not yet coded; both in order, lines by deal and number.

    deals: arrays (n_deals,) of id, owner, product, channel, region (-1 unknown), created. lines: arrays (n_lines,) of deal =
    index in the deals, seq, stage, day, amount, close.
    """

    deals: dict[str, npt.NDArray[Any]]
    lines: dict[str, npt.NDArray[Any]]


def midnight(as_of: date, time_zone: str) -> datetime:
    """The instant at which a business day begins."""
    return datetime.combine(as_of, time(), ZoneInfo(time_zone))


def deal_history(*, as_of: date, time_zone: str) -> DealHistory:
    """
    Read every stage event that happened before a business day, in the plan's time zone.

    Two passes of binary COPY; all deals of the company, whoever asks: what a person may see of the outcome is decided
    where the outcome is read.
    """
    return history_of(told_before(as_of=as_of, time_zone=time_zone))


def told_before(*, as_of: date, time_zone: str, deals: tuple[int, int] = _ALL, step: int = 1) -> Told:
    """
    Read what happened before a business day to some deals.

    :param deals: first and last primary key
    :param step: only deals whose key it divides: an even sample
    """
    before = midnight(as_of, time_zone)
    params = {"zone": time_zone, "before": before, "first": deals[0], "last": deals[1], "step": step}
    return _told(copied(_DEALS + _OWNED, params, _DEAL), copied(_LINES + _BEFORE, params, _LINE))


def read_lines(since: dict[str, object]) -> dict[str, npt.NDArray[Any]]:
    """
    The lines written since groundwork was read, and all of the month itself, by deal and number.

    :param since: zone; before, the instant to look back from; start, of the month; read, key of the last line that the
        groundwork surely knew; from, key below which no line of the month lies
    """
    return _by_number(copied(_LINES + _SINCE, since, _LINE))


def read_lines_of(keys: npt.NDArray[np.int64], *, before: datetime, time_zone: str) -> dict[str, npt.NDArray[Any]]:
    """All that happened to some deals before an instant, by deal and number."""
    return _by_number(copied(_LINES + _OF_DEALS, {"zone": time_zone, "before": before, "keys": keys.tolist()}, _LINE))


def _by_number(lines: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    order = np.lexsort((lines["seq"], lines["deal"]))
    return {name: column[order] for name, column in lines.items()}


def read_some(keys: npt.NDArray[np.int64], *, before: datetime) -> dict[str, npt.NDArray[Any]]:
    """What some deals are, in order of their keys; those that nobody owned then are left out."""
    deals = copied(_DEALS + _NAMED, {"before": before, "keys": keys.tolist()}, _DEAL)
    order = np.argsort(deals["id"])
    return {name: column[order] for name, column in deals.items()}


def _told(deals: dict[str, npt.NDArray[Any]], lines: dict[str, npt.NDArray[Any]]) -> Told:
    """Put both in order and keep the deals that have both an owner and a line."""
    by_number = _order(lines["deal"] * (int(lines["seq"].max(initial=0)) + 1) + lines["seq"])
    lines = {name: column[by_number] for name, column in lines.items()}
    first = np.ones(len(lines["deal"]), np.bool_)
    first[1:] = lines["deal"][1:] != lines["deal"][:-1]
    begins = np.flatnonzero(first)
    of = lines["deal"][begins]
    by_key = np.argsort(deals["id"])
    keys = deals["id"][by_key]
    place = np.minimum(np.searchsorted(keys, of), max(len(keys) - 1, 0))
    known = keys[place] == of if len(keys) else np.zeros(len(of), np.bool_)
    size = np.diff(np.r_[begins, len(first)])
    row = by_key[place[known]] if len(keys) else place[known]
    kept = np.repeat(known, size)
    lines = lines if kept.all() else {name: column[kept] for name, column in lines.items()}
    lines["deal"] = np.repeat(np.arange(len(row), dtype=np.int32), size[known])
    return Told({name: column[row] for name, column in deals.items()}, lines)


def _order(key: npt.NDArray[np.int64]) -> npt.NDArray[np.intp] | slice:
    """What sorts the keys; nothing is moved where they are in order."""
    return slice(None) if (key[1:] >= key[:-1]).all() else np.argsort(key)


def history_of(told: Told) -> DealHistory:
    """The same in codes."""
    deals, lines = told.deals, told.lines
    funnel, stage_ids = read_funnel()
    order = np.argsort(stage_ids)
    state = order[np.searchsorted(stage_ids, lines["stage"], sorter=order)] if len(stage_ids) else lines["stage"]
    codes = {name: coded(deals[name]) for name in ("owner", "product", "channel", "region")}
    ledger = Ledger(
        deal=lines["deal"],
        state=state.astype(np.int32),
        day=lines["day"],
        amount=lines["amount"],
        owner=codes["owner"][0],
        product=codes["product"][0],
        channel=codes["channel"][0],
        region=codes["region"][0],
        close=_last_of_each(lines["deal"], lines["close"], len(deals["id"])),
        created=deals["created"],
        event_close=lines["close"],
    )
    return DealHistory(
        ledger,
        funnel,
        deals["id"],
        stage_ids,
        codes["owner"][1],
        codes["product"][1],
        codes["channel"][1],
        codes["region"][1],
    )


def read_funnel() -> tuple[Funnel, npt.NDArray[np.int64]]:
    """The states of all pipelines side by side; an open stage keeps its order within its pipeline."""
    stages = list(Stage.objects.order_by("pipeline_id", "position", "pk"))
    funnel = Funnel.of(
        position=[stage.position if stage.is_open else -1 for stage in stages],
        won=[stage.kind == Stage.Kind.WON for stage in stages],
        lost=[stage.kind == Stage.Kind.LOST for stage in stages],
        pipeline=[stage.pipeline_id for stage in stages],
    )
    return funnel, np.array([stage.pk for stage in stages], np.int64)


def coded(keys: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Codes 0 … n - 1 in order of the key, -1 where the key is unknown; and the keys by code."""
    known = np.unique(keys[keys >= 0])
    return np.where(keys >= 0, np.searchsorted(known, keys), -1).astype(np.int32), known


def _last_of_each(index: npt.NDArray[Any], values: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """The last value of each deal, -1 where it has none; rows come in the order of the ledger."""
    last = np.full(size, -1, values.dtype)
    last[index] = values  # a later row of the same deal overwrites the earlier one
    return last
