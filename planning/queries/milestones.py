"""
When each deal first reached each stage of its pipeline, for whom that counts, and how it went on.

A deal reaches a stage when it stands there, or in a later one, for the first time: who skips a stage has reached it, who
comes back does not reach it again, and a slip undone within a minute reaches nothing. It is won only if it stands in the won
stage now. Each milestone counts for the person who owned the deal at that moment and for the unit of this person on that
day, as a win does (`actuals`). What happened before the business day's midnight is known, the rest is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from core.arrays import copied
from customers.models import Pipeline, Stage
from planning.forecasting.worktime import DAY

from .history import day_number
from .trial_rows import TrialRows, trial_rows
from .trials import NEVER, owners_at, units_on

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
WENT_ON, LOST, STANDING = 0, 1, -1
SLIP: Final = 60  # seconds within which a move taken back was none

_AMOUNTS = """
SELECT deal.id, deal.amount::float8
FROM customers_deal deal JOIN customers_stage stage ON stage.id = deal.stage_id AND stage.kind = 'won'
WHERE deal.stage_since >= %(since)s AND deal.amount IS NOT NULL
ORDER BY deal.id
"""


@dataclass(frozen=True)
class Milestones:
    """
    The milestones of one pipeline, (m,) each: stage = place in `stages` (the open ones in order, then won); day it was
    reached, age = days until what came next, cause WENT_ON, LOST or STANDING; owner and unit of that moment, unit -1 none.

    amount: of a win, NaN where unknown or no win. is_open: the deal is open and got no further than this stage; holder and
    holder_unit: whose it is today.
    """

    stages: tuple[Stage, ...]
    stage: Ints
    day: Ints
    age: Ints
    cause: Ints
    owner: Ints
    unit: Ints
    amount: Floats
    is_open: Bools
    holder: Ints
    holder_unit: Ints


def chain_of(stages: list[Stage]) -> tuple[Stage, ...]:
    """The stages of one pipeline that have goals: those in use, in order, then won."""
    return (
        *(stage for stage in stages if stage.is_open and stage.is_active),
        *(stage for stage in stages if stage.kind == Stage.Kind.WON),
    )


def milestones(*, since: date, as_of: date, time_zone: str) -> dict[Pipeline, Milestones]:
    """Return by pipeline what was reached on days of [since, as_of). Five passes of binary COPY, two small reads."""
    zone = ZoneInfo(time_zone)
    begin, before = datetime.combine(since, time(), zone), datetime.combine(as_of, time(), zone)
    stages = list(Stage.objects.select_related("pipeline").order_by("pipeline_id", "position", "pk"))
    read = trial_rows(since=begin, before=before, zone=time_zone, stages=stages)
    amounts = copied(_AMOUNTS, {"since": begin}, {"deal": "int8", "amount": "float8"})
    found = {}
    for pipeline in {stage.pipeline_id: stage.pipeline for stage in stages}.values():
        own = [stage for stage in stages if stage.pipeline_id == pipeline.pk]
        if pipeline.is_active and len(chain_of(own)) > 1:
            found[pipeline] = _of_pipeline(read, stages, own, amounts, first=day_number(since), today=day_number(as_of))
    return found


def _of_pipeline(
    read: TrialRows,
    stages: list[Stage],
    own: list[Stage],
    amounts: Mapping[str, npt.NDArray[np.float64]],
    *,
    first: int,
    today: int,
) -> Milestones:
    chain = chain_of(own)
    reached, lost_at = _reached(read, stages, chain)
    place, stage = np.nonzero(reached < NEVER)
    at = reached[place, stage]
    after = np.c_[reached, np.full(len(reached), NEVER)][place, stage + 1]
    over = np.minimum(after, lost_at[place])
    cause = np.where(over == NEVER, STANDING, np.where(after <= over, WENT_ON, LOST))
    is_won = stage == len(chain) - 1
    day = at // DAY
    keep = (day < today) & ((day >= first) | (cause == STANDING) & ~is_won)
    place, stage, at, day, over, cause, is_won = (
        column[keep] for column in (place, stage, at, day, over, cause, is_won)
    )
    owner = owners_at(read, place, at)
    holder = read.deals["owner"][place].astype(np.int64)
    amount = np.full(len(place), np.nan)
    wins = np.flatnonzero(is_won)
    amount[wins] = _looked_up(read.deals["id"][place[wins]], amounts)
    return Milestones(
        stages=chain,
        stage=stage,
        day=day,
        age=np.maximum(np.where(cause == STANDING, today, over // DAY) - day, 0),
        cause=cause,
        owner=owner,
        unit=units_on(owner, day),
        amount=amount,
        is_open=(cause == STANDING) & ~is_won,
        holder=holder,
        holder_unit=units_on(holder, np.full(len(holder), today)),
    )


def _reached(read: TrialRows, stages: list[Stage], chain: tuple[Stage, ...]) -> tuple[Ints, Ints]:
    """(deals, S) when each deal first reached each stage of a chain, NEVER where it did not; (deals,) when it was lost."""
    level = np.array([_level(stage, chain) for stage in stages], np.int64)
    is_lost = np.array([stage.kind == Stage.Kind.LOST for stage in stages], np.bool_)
    won = len(chain) - 1
    deal, at = read.event_deal, read.event_at
    reached, lost_at = np.full((read.n, len(chain)), NEVER), np.full(read.n, NEVER)
    if not len(deal):
        return reached, lost_at
    here = level[read.event_state]
    last = np.r_[deal[1:] != deal[:-1], True]
    undone = ~last & (np.r_[here[1:], -1] < here) & (np.r_[at[1:], NEVER] - at < SLIP)
    undone &= ~np.r_[is_lost[read.event_state][1:], False]
    counts = (here >= 0) & ~undone & ((here < won) | last)
    np.minimum.at(reached, (deal[counts], here[counts]), at[counts])
    reached = np.minimum.accumulate(reached[:, ::-1], axis=1)[:, ::-1]
    ends = last & is_lost[read.event_state]
    lost_at[deal[ends]] = at[ends]
    return reached, lost_at


def _level(stage: Stage, chain: tuple[Stage, ...]) -> int:
    """Place of a stage in the chain; of one out of use, that of the stage before it; -1 for lost and other pipelines."""
    if stage.pipeline_id != chain[0].pipeline_id or stage.kind == Stage.Kind.LOST:
        return -1
    if not stage.is_open:
        return len(chain) - 1
    return max(sum(other.is_open and other.position <= stage.position for other in chain) - 1, 0)


def _looked_up(deals: npt.NDArray[np.int64], amounts: Mapping[str, npt.NDArray[np.float64]]) -> Floats:
    ids = amounts["deal"]
    if not len(ids):
        return np.full(len(deals), np.nan)
    at = np.minimum(np.searchsorted(ids, deals), len(ids) - 1)
    return np.where(ids[at] == deals, amounts["amount"][at], np.nan)
