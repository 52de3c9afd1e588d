"""The sums of a funnel: from its measurements and decisions to the goals of every stage. Fills rows, writes nothing."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.periods import add_months, month_span, month_start
from customers.models import Pipeline
from planning.forecasting import goals
from planning.models import FunnelGoals, PlanVersion, StageGoal, Target
from teams.models import User

from .calendars import fiscal_months
from .goal_measures import Measured, NodeMeasures
from .milestones import Milestones
from .targets import months_of

Floats = npt.NDArray[np.float64]
YEARS_ON: Final = 24  # months beyond the year that work of the year is already done for
DECIDED: Final = ("typed_months", "typed_rate", "typed_days", "reason", "edited_by_id", "edited_at")


def funnel_of(
    target: Target,
    pipeline: Pipeline,
    found: Milestones,
    measures: NodeMeasures,
    *,
    share: float,
    since: date,
    as_of: date,
    actor: User | None,
    now: datetime,
) -> FunnelGoals:
    """Return the funnel of a target, unsaved, as its measurements stand on a day."""
    known = bool(np.isfinite(measures.mean) and measures.mean > 0)
    return FunnelGoals(
        target=target,
        pipeline=pipeline,
        months=list(months_of(target)),
        share=share,
        mean_amount=Decimal(repr(round(measures.mean, 2))) if known else None,
        mean_error=measures.mean_error if known else 0.0,
        mean_cases=measures.wins,
        above_id=measures.above,
        since_date=since,
        as_of=as_of,
        derived_by=actor,
        derived_at=now,
    )


def stage_goals(
    funnel: FunnelGoals, found: Milestones, measures: NodeMeasures, decided: Mapping[int, Mapping[str, Any]]
) -> list[StageGoal]:
    """Return the goals of all stages, unsaved; decided: by key of the stage, what somebody typed before."""
    edges = month_edges(funnel)
    rows = []
    for place, stage in enumerate(found.stages):
        measured = measures.stages[place] if place < len(measures.stages) else None
        former = measures.stages[place - 1] if place else None
        rows.append(
            StageGoal(
                funnel=funnel,
                stage=stage,
                next_stage=found.stages[place + 1] if measured else None,
                position=place,
                coming=goals.coming(former.standing, former.step, former.lost, edges).tolist()
                if former
                else [0.0] * (len(edges) - 1),
                **(_measured(measured) if measured else {}),
                **decided.get(stage.pk, {}),
            )
        )
    fill(funnel, rows)
    return rows


def _measured(found: Measured) -> dict[str, Any]:
    known = found.rate > 0
    return {
        "standing": len(found.standing),
        "measured_rate": found.rate if known else None,
        "measured_low": found.low if known else None,
        "measured_high": found.high if known else None,
        "reached_cases": found.reached,
        "ended_cases": found.ended,
        "went_cases": found.went,
        "rate_cases": found.cases,
        "measured_days": goals.median(found.lag) if len(found.lag) else None,
        "lag": found.lag.tolist(),
        "lag_of_id": found.lag_of,
    }


def fill(funnel: FunnelGoals, rows: Sequence[StageGoal]) -> None:
    """Work out every goal again from what was measured and what was decided; `rows` in the order of the stages."""
    steps = [step_of(row) for row in rows[:-1]]
    needed = orders(funnel)
    found = goals.derive(needed, steps, order_error=funnel.mean_error, typed=np.stack([_typed(row) for row in rows]))
    for place, row in enumerate(rows):
        row.count, row.low, row.high = (_or_none(part[place]) for part in (found.count, found.low, found.high))
        row.year_low, row.year_high = (_one(part[place]) for part in (found.year_low, found.year_high))
        row.before = _or_none(np.trim_zeros(np.round(found.before[place], 6), "b"))
        row.rate, row.days = None, None
        if place < len(steps) and steps[place].is_known:
            row.rate, row.days = steps[place].rate, goals.median(steps[place].lag)
    _fill_ahead(funnel, rows, steps)


def orders(funnel: FunnelGoals) -> Floats:
    """(12,) orders that the target needs, NaN where no amount is measured."""
    amounts = np.array([float(month) for month in funnel.months]) * funnel.share
    return amounts / float(funnel.mean_amount) if funnel.mean_amount else amounts * np.nan


def step_of(row: StageGoal) -> goals.Step:
    """The step from a stage to the next, as decided, else as measured."""
    lag = np.array(row.lag, np.float64)
    if row.typed_days is not None:
        lag = goals.stretched(lag if len(lag) else np.zeros(goals.POINTS), row.typed_days)
    if row.typed_rate is not None:
        return goals.Step(row.typed_rate, float("inf"), lag)
    return goals.Step(float("nan") if row.measured_rate is None else row.measured_rate, row.rate_cases, lag)


def month_edges(funnel: FunnelGoals) -> npt.NDArray[np.int64]:
    """Days from the day it was derived to the ends of the coming months: of the running one, to the year's end and beyond."""
    first = month_start(funnel.as_of)
    ends = [(month_span(add_months(first, step)).last - funnel.as_of).days + 1 for step in range(_horizon(funnel))]
    return np.array([0, *ends], np.int64)


def _horizon(funnel: FunnelGoals) -> int:
    return max(12 - _begin(funnel), 0) + YEARS_ON


def _begin(funnel: FunnelGoals) -> int:
    """The running month as a month of the fiscal year: below zero before the year, 12 and more after it."""
    first = funnel.target.version.plan.fiscal_year.first_date
    return (funnel.as_of.year - first.year) * 12 + funnel.as_of.month - first.month


def _fill_ahead(funnel: FunnelGoals, rows: Sequence[StageGoal], steps: Sequence[goals.Step]) -> None:
    begin, horizon = _begin(funnel), _horizon(funnel)
    comes = np.array([row.coming for row in rows])
    for place, step in enumerate(steps):
        measured = rows[place].measured_rate
        if step.is_known and measured:
            comes[place + 1] = comes[place + 1] * (step.rate / measured)
    months = np.arange(begin, begin + horizon)
    wanted = np.array([np.nan if count is None else count for count in rows[-1].count])[months % 12]
    span = month_span(funnel.as_of)
    wanted[0] *= ((span.last - funnel.as_of).days + 1) / span.days
    need = np.where(months < 0, comes[-1], wanted)  # what comes before the year belongs to the year before
    found = goals.ahead(need, steps, comes)
    brings = goals.brought(comes, steps)
    inside = (months >= 0) & (months < 12)
    is_known = all(step.is_known for step in steps)
    funnel.open_orders = float(brings[inside].sum()) if is_known else None
    funnel.missing_orders = _one(np.float64(found.orders)) if is_known and not np.isnan(need).any() else None
    for place, row in enumerate(rows):
        year = np.full(12, np.nan)
        year[months[inside]] = found.new[place, inside]
        row.new = _or_none(year)
        early = found.new[place, months < 0]
        row.new_before = float(np.nansum(early)) if place < len(steps) else 0.0
        row.late = _one(found.late[place])


def _typed(row: StageGoal) -> Floats:
    months = row.typed_months or [None] * 12
    return np.array([np.nan if month is None else month for month in months], np.float64)


def _or_none(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]


def _one(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def decided_before(target: Target, pipeline: Pipeline) -> dict[int, dict[str, Any]]:
    """
    Return what was decided about the stages of a target, by key of the stage.

    A target of a revised plan takes over what was decided about the same unit or person in the version it is based on.
    """
    version: PlanVersion | None = target.version
    while version is not None:
        rows = StageGoal.objects.filter(
            funnel__pipeline=pipeline,
            funnel__target__version=version,
            funnel__target__unit=target.unit_id,
            funnel__target__person=target.person_id,
        )
        found = {row["stage_id"]: {name: row[name] for name in DECIDED} for row in rows.values("stage_id", *DECIDED)}
        if found:
            return {stage: row for stage, row in found.items() if row["edited_at"] is not None}
        version = version.based_on
    return {}


def year_edges(version: PlanVersion) -> npt.NDArray[np.int64]:
    """(13,) day numbers at which the months of a version's year begin, and the first day after it."""
    year = version.plan.fiscal_year
    return np.array([(day - date(1970, 1, 1)).days for day in (*fiscal_months(year), year.after_date)], np.int64)
