"""The rows that trials are made of, out of Postgres into arrays: deals, moves, activities, owners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.arrays import copied
from customers.models import Stage

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Moments leave the database as they lie there, eight bytes; turning half a million into local time takes it ten times as long.
_RELEVANT = "(deal.stage_since >= %(since)s OR stage.kind = 'open')"
_JOIN = "JOIN customers_stage stage ON stage.id = deal.stage_id"
_DEALS = f"""
SELECT deal.id, deal.owner_id, COALESCE(deal.product_id, -1), COALESCE(deal.channel_id, -1), COALESCE(deal.region_id, -1),
       deal.pipeline_id
FROM customers_deal deal {_JOIN}
WHERE {_RELEVANT}
ORDER BY deal.id
"""  # noqa: S608  # constants of this file
_EVENTS = f"""
SELECT event.deal_id, event.to_stage_id, event.occurred_at
FROM customers_stageevent event JOIN customers_deal deal ON deal.id = event.deal_id {_JOIN}
WHERE {_RELEVANT} AND event.kind <> 'amend' AND event.occurred_at < %(before)s
ORDER BY event.deal_id, event.seq
"""  # noqa: S608  # the same
_ACTIVITIES = f"""
SELECT activity.deal_id, (activity.kind = 'visit')::int::int2, COALESCE(activity.due_at, '-infinity'),
       CASE WHEN activity.done_at < %(before)s THEN activity.done_at ELSE '-infinity' END
FROM customers_activity activity JOIN customers_deal deal ON deal.id = activity.deal_id {_JOIN}
WHERE {_RELEVANT}
"""  # noqa: S608  # the same
_FORMER_OWNERS = f"""
SELECT held.deal_id, held.owner_id, held.valid_to
FROM customers_dealownership held JOIN customers_deal deal ON deal.id = held.deal_id {_JOIN}
WHERE {_RELEVANT} AND held.valid_to IS NOT NULL
ORDER BY held.deal_id, held.valid_to
"""  # noqa: S608  # the same
_POSTGRES_EPOCH = np.datetime64("2000-01-01", "us")


@dataclass(frozen=True)
class TrialRows:
    """
    The raw arrays, deals as places 0 … n - 1, moments as seconds of the wall clock since 1970-01-01, -1 where there is none.

    held_…: who owned a deal until when, before its present owner, in order of time.
    """

    deals: Mapping[str, npt.NDArray[Any]]
    event_deal: Ints
    event_state: Ints
    event_at: Ints
    act_deal: Ints
    act_visit: Bools
    act_due: Ints
    act_done: Ints
    held_deal: Ints
    held_owner: Ints
    held_to: Ints

    @property
    def n(self) -> int:
        return len(self.deals["id"])


def trial_rows(*, since: datetime, before: datetime, zone: str, stages: Sequence[Stage]) -> TrialRows:
    """
    Read all deals that are open or have moved since a moment, with everything that happened to them before another.

    Four passes of binary COPY.
    """
    params = {"since": since, "before": before}
    deals = copied(
        _DEALS,
        params,
        {"id": "int8", "owner": "int8", "product": "int8", "channel": "int8", "region": "int8", "pipeline": "int8"},
    )
    events = copied(_EVENTS, params, {"deal": "int8", "stage": "int8", "at": "int8"})
    acts = copied(_ACTIVITIES, params, {"deal": "int8", "visit": "int2", "due": "int8", "done": "int8"})
    held = copied(_FORMER_OWNERS, params, {"deal": "int8", "owner": "int8", "to": "int8"})
    ids = np.array([stage.pk for stage in stages], np.int64)
    order = np.argsort(ids)
    events, acts, held = (_of(deals["id"], rows) for rows in (events, acts, held))
    return TrialRows(
        deals=deals,
        event_deal=events["place"],
        event_state=order[np.searchsorted(ids, events["stage"], sorter=order)] if len(ids) else events["stage"],
        event_at=wall_clock(events["at"], zone),
        act_deal=acts["place"],
        act_visit=acts["visit"].astype(np.bool_),
        act_due=wall_clock(acts["due"], zone),
        act_done=wall_clock(acts["done"], zone),
        held_deal=held["place"],
        held_owner=held["owner"],
        held_to=wall_clock(held["to"], zone),
    )


def _of(ids: Ints, rows: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Rows of known deals only (one may have come between two reads), with the place of their deal."""
    if not len(ids):
        return {**{name: column[:0] for name, column in rows.items()}, "place": np.zeros(0, np.int64)}
    place = np.minimum(np.searchsorted(ids, rows["deal"]), len(ids) - 1)
    known = ids[place] == rows["deal"]
    return {**{name: column[known] for name, column in rows.items()}, "place": place[known]}


def wall_clock(moments: Ints, zone: str) -> Ints:
    """Microseconds since 2000-01-01 UTC, as Postgres holds them, to seconds of the wall clock; -infinity becomes -1."""
    none = moments == np.iinfo(np.int64).min
    utc = _POSTGRES_EPOCH + np.where(none, 0, moments).astype("timedelta64[us]")
    local = pd.DatetimeIndex(utc).tz_localize("UTC").tz_convert(zone).tz_localize(None).to_numpy()
    return np.where(none, -1, local.astype("datetime64[s]").astype(np.int64))
