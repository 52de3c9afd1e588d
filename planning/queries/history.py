"""The recorded stage history as the arrays that `planning.forecasting` reads."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from core.arrays import copied
from customers.models import Stage
from planning.forecasting import Funnel, Ledger
from planning.forecasting.history import standing_of, stays_of

EPOCH = date(1970, 1, 1)

_EVENTS = """
SELECT event.deal_id, event.to_stage_id,
       ((event.occurred_at AT TIME ZONE %(zone)s)::date - DATE '1970-01-01')::int4,
       COALESCE(event.amount::float8, 'NaN'),
       COALESCE(event.expected_close_date - DATE '1970-01-01', -1)::int4
FROM customers_stageevent event
WHERE event.occurred_at < %(before)s
ORDER BY event.deal_id, event.seq
"""

_DEALS = """
SELECT deal.id, owned.owner_id, COALESCE(deal.product_id, -1), COALESCE(deal.channel_id, -1), COALESCE(deal.region_id, -1),
       (deal.created_date - DATE '1970-01-01')::int4
FROM customers_deal deal
JOIN customers_dealownership owned ON owned.deal_id = deal.id AND owned.valid_from < %(before)s
     AND (owned.valid_to IS NULL OR owned.valid_to >= %(before)s)
WHERE EXISTS (SELECT FROM customers_stageevent event WHERE event.deal_id = deal.id AND event.occurred_at < %(before)s)
ORDER BY deal.id
"""


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

    def won(self) -> WonDeals:
        """The deals that stand in a won stage, with the day they came there and the last amount known."""
        as_of = int(self.ledger.day.max(initial=0)) + 1
        standing = standing_of(self.ledger, stays_of(self.ledger, as_of))
        deal = np.flatnonzero((standing.state >= 0) & self.funnel.won[standing.state])
        return WonDeals(deal, standing.since[deal], standing.amount[deal])


def day_number(day: date) -> int:
    """Days since 1970-01-01, the unit of the arithmetic."""
    return (day - EPOCH).days


def deal_history(*, as_of: date, time_zone: str) -> DealHistory:
    """
    Read every stage event that happened before a business day, in the plan's time zone.

    Two passes of binary COPY; all deals of the company, whoever asks: what a person may see of the outcome is decided
    where the outcome is read.
    """
    before = datetime.combine(as_of, time(), ZoneInfo(time_zone))
    params = {"zone": time_zone, "before": before}
    deals = copied(
        _DEALS,
        params,
        {"id": "int8", "owner": "int8", "product": "int8", "channel": "int8", "region": "int8", "created": "int4"},
    )
    events = copied(
        _EVENTS, params, {"deal": "int8", "stage": "int8", "day": "int4", "amount": "float8", "close": "int4"}
    )
    funnel, stage_ids = _funnel()
    known = np.isin(events["deal"], deals["id"])
    events = {name: column[known] for name, column in events.items()}
    order = np.argsort(stage_ids)
    state = order[np.searchsorted(stage_ids, events["stage"], sorter=order)] if len(stage_ids) else events["stage"]
    codes = {name: _coded(deals[name]) for name in ("owner", "product", "channel", "region")}
    index = np.searchsorted(deals["id"], events["deal"])
    ledger = Ledger(
        deal=index,
        state=state.astype(np.int64),
        day=events["day"].astype(np.int64),
        amount=events["amount"],
        owner=codes["owner"][0],
        product=codes["product"][0],
        channel=codes["channel"][0],
        region=codes["region"][0],
        close=_last_of_each(index, events["close"], len(deals["id"])),
        created=deals["created"].astype(np.int64),
        event_close=events["close"].astype(np.int64),
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


def _funnel() -> tuple[Funnel, npt.NDArray[np.int64]]:
    """The states of all pipelines side by side; an open stage keeps its order within its pipeline."""
    stages = list(Stage.objects.order_by("pipeline_id", "position", "pk"))
    funnel = Funnel.of(
        position=[stage.position if stage.is_open else -1 for stage in stages],
        won=[stage.kind == Stage.Kind.WON for stage in stages],
        lost=[stage.kind == Stage.Kind.LOST for stage in stages],
        pipeline=[stage.pipeline_id for stage in stages],
    )
    return funnel, np.array([stage.pk for stage in stages], np.int64)


def _coded(keys: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Codes 0 … n - 1 in order of the key, -1 where the key is unknown; and the keys by code."""
    known = np.unique(keys[keys >= 0])
    return np.where(keys >= 0, np.searchsorted(known, keys), -1).astype(np.int64), known


def _last_of_each(index: npt.NDArray[np.int64], values: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    """The last value of each deal, -1 where it has none; rows come in the order of the ledger."""
    last = np.full(size, -1, np.int64)
    last[index] = values  # a later row of the same deal overwrites the earlier one
    return last
