"""
From a revenue target back to the work: how many deals must reach each stage, in which month, and how sure that is.

A deal reaches a stage when it stands in it, or in a later one, for the first time, so the counts of a chain never rise from
a stage to the next. `Step` k leads from stage k to stage k + 1; the last stage is won. Months are those of a fiscal year,
0 … 11, and the years around it are taken to repeat it: what is needed in December for orders of January counts as it does
in every year, and all sums of a year are exact.

Method. Orders = revenue ÷ mean amount. One stage back, the needed arrivals are spread over the months in which they began
by the measured lag, and divided by the measured conversion. Going forwards from the first stage gives the orders of the
year again, exactly; single months come out smoother than they were asked for, because lags differ from deal to deal (to
undo that by force, as Richardson-Lucy does, asks for leads in one month and none in the next: tried and dropped). Intervals
are those of a negative binomial: chance by Poisson, and the relative errors of the rates and of the mean amount added up
as squares.
"""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.stats import nbinom

from .conversion import LEVEL
from .history import Bools, Floats, Ints, tally

MONTHS: Final = 12
MONTH_DAYS: Final = 365.25 / MONTHS
POINTS: Final = 10  # points that stand for the distribution of a lag: its quantiles at 5 %, 15 % … 95 %
LONGEST: Final = 24  # months that are shown before the year


@dc.dataclass(frozen=True, slots=True)
class Step:
    """
    From one stage to the next.

    rate: share in (0, 1] of those who reach the stage that reach the next one; NaN: not measured. cases: what the rate
    rests on; inf where it was decided and not measured. lag (POINTS,): days from one to the other, equally likely.
    """

    rate: float
    cases: float
    lag: Floats

    @property
    def is_known(self) -> bool:
        return bool(self.rate > 0 and len(self.lag) == POINTS)

    @property
    def error(self) -> float:
        """Square of the relative error of the rate."""
        return (1 - self.rate) / (self.rate * self.cases) if self.is_known else float("nan")


@dc.dataclass(frozen=True, slots=True)
class Goals:
    """
    What must reach each of S stages, (S, 12); NaN from a stage backwards whose conversion is not measured.

    low, high: 80 % interval of the need; year_low, year_high (S,) of the year's sum. before (S, LONGEST): of the months
    before the year, the nearest first, what must have reached the stage for orders of this year.
    """

    count: Floats
    low: Floats
    high: Floats
    year_low: Floats
    year_high: Floats
    before: Floats


def shift(lag: Floats) -> Floats:
    """(J,) probability that the next stage is reached j months later; the first one any day of its month."""
    months = np.maximum(lag, 0) / MONTH_DAYS
    whole = np.floor(months).astype(np.int64)
    part = months - whole
    size = int(whole.max(initial=0)) + 2
    return (tally(whole, 1 - part, size) + tally(whole + 1, part, size)) / len(lag)


def onward(lag: Floats) -> Floats:
    """(12, 12) probability that who is there in month s is at the next stage in month t, years repeating."""
    by_month = np.bincount(np.arange(len(found := shift(lag))) % MONTHS, found, MONTHS)
    return np.stack([np.roll(by_month, month) for month in range(MONTHS)])


def began(need: Floats, lag: Floats) -> Floats:
    """(12,) when those began who are to arrive in each month; keeps the sum of the year."""
    found: Floats = onward(lag) @ need
    return found


def derive(orders: Floats, steps: Sequence[Step], *, order_error: float, typed: Floats) -> Goals:
    """
    Derive the counts of all stages from the orders that are needed.

    Shapes: orders (12,); steps (S - 1,); typed (S, 12) what somebody decided, NaN where nobody did. order_error: square of
    the relative error of the mean amount. Typed counts stand as they are; the stages before them follow them.
    """
    n = len(steps) + 1
    count, error = np.full((n, MONTHS), np.nan), np.full(n, np.nan)
    need, spread = np.asarray(orders, np.float64), order_error
    for stage in reversed(range(n)):
        if stage < n - 1:
            step = steps[stage]
            need = began(need, step.lag) / step.rate if step.is_known and not np.isnan(need).any() else need * np.nan
            spread += step.error
        decided = ~np.isnan(typed[stage])
        if decided.any():
            need, spread = np.where(decided, typed[stage], need), 0.0
        count[stage], error[stage] = need, spread
    low, high = interval(count, error[:, None])
    decided = ~np.isnan(typed)
    total = count.sum(1)
    year_low, year_high = interval(total, error)
    whole = decided.all(1)
    return Goals(
        count=count,
        low=np.where(decided, count, low),
        high=np.where(decided, count, high),
        year_low=np.where(whole, total, year_low),
        year_high=np.where(whole, total, year_high),
        before=_before(count, steps),
    )


def interval(mean: Floats, error: Floats | float, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Bounds of a count whose mean has a relative error, by a negative binomial; NaN where the mean is. Any one shape."""
    known = np.isfinite(mean) & np.isfinite(error)
    at, size = np.where(known, mean, 0.0), 1 / np.maximum(np.where(known, error, 1.0), 1e-9)
    share = size / (size + at)
    tail = (1 - level) / 2
    low, high = (np.where(at > 0, nbinom.ppf(part, size, share), 0.0) for part in (tail, 1 - tail))
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _before(count: Floats, steps: Sequence[Step]) -> Floats:
    """Of those who reach a stage i months before the year and are won in the end, the share whose order is in the year."""
    out = np.zeros((len(count), LONGEST))
    to_win = np.ones(1)
    for stage in reversed(range(len(steps))):
        if not steps[stage].is_known:
            out[: stage + 1] = np.nan
            break
        to_win = np.convolve(shift(steps[stage].lag), to_win)
        later = np.r_[0.0, np.cumsum(to_win), np.full(LONGEST + MONTHS, 1.0)]
        back = np.arange(1, LONGEST + 1)
        inside = later[np.minimum(back + MONTHS, len(later) - 1)] - later[np.minimum(back, len(later) - 1)]
        out[stage] = count[stage, -back % MONTHS] * inside
    return out


def reached(count: Floats, steps: Sequence[Step]) -> Floats:
    """(12,) what arrives at the last stage from so many (12,) at the first one of these steps, years repeating."""
    for step in steps:
        count = step.rate * (count @ onward(step.lag))
    return count


def stretched(lag: Floats, days: float) -> Floats:
    """A lag in the same shape whose median is so many days; of no days, or of a lag of none, all points are the same."""
    middle = median(lag)
    return lag * (days / middle) if middle > 0 else np.full(POINTS, days)


def median(lag: Floats) -> float:
    return float(np.median(lag)) if len(lag) else float("nan")


def drawn(success: Floats, cases: Floats, prior: Floats | float, weight: float) -> Floats:
    """Shares drawn towards a prior that is worth `weight` cases; the share itself where there is no prior."""
    known = np.isfinite(prior)
    full = cases + np.where(known, weight, 0.0)
    sums = success + np.where(known, prior, 0.0) * weight
    out: Floats = np.divide(sums, full, out=np.full(full.shape, np.nan), where=full > 0)
    return out


@dc.dataclass(frozen=True, slots=True)
class Leaves:
    """
    How those who reached one stage left it, all followed to their end: went (POINTS,), lost (POINTS,) days, empty where
    nobody did so; rate: share that went on; size: how many have ended.
    """

    rate: float
    size: int
    went_n: int
    went: Floats
    lost: Floats


def leaves(age: Ints, cause: Ints) -> Leaves:
    """
    Follow (n,) trials of one cell: age in days; cause 0 went on, 1 lost, -1 still there (Aalen-Johansen for both).

    The rate is that of those that ended within the longest time seen.
    """
    days, where = np.unique(age, return_inverse=True)
    ended = np.stack([np.bincount(where[cause == kind], minlength=len(days)) for kind in (0, 1)])
    risk = len(age) - np.r_[0, np.cumsum(np.bincount(where, minlength=len(days)))[:-1]] if len(age) else np.zeros(0)
    hazard = ended / np.maximum(risk, 1)
    alive = np.cumprod(np.r_[1.0, 1 - hazard.sum(0)])[:-1] if len(age) else np.zeros(0)
    flow = alive * hazard
    total = float(flow.sum())
    return Leaves(
        rate=float(flow[0].sum()) / total if total > 0 else float("nan"),
        size=int(ended.sum()),
        went_n=int(ended[0].sum()),
        went=_points(days, flow[0]),
        lost=_points(days, flow[1]),
    )


def _points(days: Ints, flow: Floats) -> Floats:
    total = flow.sum() if len(flow) else 0.0
    if total <= 0:
        return np.zeros(0)
    at = np.searchsorted(np.cumsum(flow) / total, (np.arange(POINTS) + 0.5) / POINTS - 1e-12)
    return days[np.minimum(at, len(days) - 1)].astype(np.float64)


def coming(age: Ints, step: Step, lost: Floats, edges: Ints) -> Floats:
    """
    (H,) how many of the deals that stand at a stage reach the next one in each coming month.

    Shapes: age (n,) days since each reached the stage; lost (POINTS,) days to a loss, or empty; edges (H + 1,) days from
    now at which the months begin and end. Who has stood longer than anybody who went on is not expected any more.
    """
    if not step.is_known or not len(age):
        return np.zeros(len(edges) - 1)
    ages, many = np.unique(age, return_counts=True)
    fails = lost if len(lost) else step.lag
    still = step.rate * _above(step.lag, ages) + (1 - step.rate) * _above(fails, ages)
    by_edge = step.rate * _above(step.lag, ages[:, None] + edges[None, :])
    gone = by_edge[:, :-1] - by_edge[:, 1:]
    share = np.divide(gone, still[:, None], out=np.zeros_like(gone), where=still[:, None] > 0)
    out: Floats = many.astype(np.float64) @ share
    return out


def _above(lag: Floats, days: Ints) -> Floats:
    """Share of the lag beyond so many days, of a straight line through its points."""
    ends = np.r_[0.0, np.sort(lag), lag.max(initial=0) * 1.1 + 1]
    levels = np.r_[1.0, 1 - (np.arange(POINTS) + 0.5) / POINTS, 0.0]
    return np.interp(days, ends, levels)


@dc.dataclass(frozen=True, slots=True)
class Ahead:
    """
    What must still newly reach each of S stages: new (S, H) in the coming months, late (S,) what should have reached it
    before today; orders: how many orders of the coming months are out of reach of new work at the measured pace.
    """

    new: Floats
    late: Floats
    orders: float


def ahead(need: Floats, steps: Sequence[Step], coming: Floats) -> Ahead:
    """
    Go back from the orders of the months ahead, less what deals in the pipeline bring on their own, stage by stage.

    Shapes: need (H,) orders of the coming months, the first of them the rest of the running one; coming (S, H) arrivals at
    each stage of open deals that stand one stage before. A month's surplus serves the later months.
    """
    n, horizon = len(steps) + 1, len(need)
    new, late = np.full((n, horizon), np.nan), np.full(n, np.nan)
    new[-1], late[-1] = need, 0.0
    for stage in reversed(range(n - 1)):
        step = steps[stage]
        if not step.is_known or np.isnan(new[stage + 1]).any():
            break
        want = _uncovered(new[stage + 1], coming[stage + 1])
        new[stage], late[stage] = 0.0, 0.0
        for months, share in enumerate(shift(step.lag).tolist()):
            part = want * share / step.rate
            late[stage] += part[:months].sum()
            new[stage, : max(horizon - months, 0)] += part[months:]
    chance = np.cumprod([step.rate for step in reversed(steps)])[::-1] if steps else np.zeros(0)
    return Ahead(new, late, float(np.nansum(late[:-1] * chance)))


def brought(coming: Floats, steps: Sequence[Step]) -> Floats:
    """(H,) orders that open deals bring in the coming months, by way of the stages after their own; coming as in `ahead`."""
    there = coming[0]
    for stage, step in enumerate(steps):
        if not step.is_known:
            there = coming[stage + 1]
            continue
        moved = np.convolve(there, shift(step.lag))[: len(there)] * step.rate
        there = coming[stage + 1] + moved
    return there


def _uncovered(need: Floats, comes: Floats) -> Floats:
    out, spare = np.zeros_like(need), 0.0
    for month, gap in enumerate((need - comes).tolist()):
        rest = gap - spare
        out[month], spare = max(rest, 0.0), max(-rest, 0.0)
    return out


@dc.dataclass(frozen=True, slots=True)
class Load:
    """Hours that goals take and that people have: need (12,), by_stage (S, 12), have (12,)."""

    by_stage: Floats
    have: Floats

    @property
    def need(self) -> Floats:
        out: Floats = self.by_stage.sum(0)
        return out

    @property
    def used(self) -> Floats:
        """(12,) need ÷ have; NaN where nobody works or a goal is not known."""
        return np.divide(self.need, self.have, out=np.full(MONTHS, np.nan), where=self.have > 0)


@dc.dataclass(frozen=True, slots=True)
class Repair:
    """A change that makes the fullest month fit: of the hours or the rate of a stage, from … to, or more people."""

    kind: str  # hours, rate, people
    stage: int
    now: float
    then: float

    @property
    def size(self) -> float:
        return abs(self.then / self.now - 1) if self.now else float("inf")


def load_of(count: Floats, hours: Floats, have: Floats) -> Load:
    """Shapes: count (S, 12), hours (S,) per deal that reaches the stage, have (12,) selling hours of all people."""
    return Load(count * hours[:, None], have)


def repairs(load: Load, *, hours: Floats, rates: Floats, people: Floats, first: int = 0) -> list[Repair]:
    """
    What makes the fullest month from `first` on fit, the smallest relative change first; empty where all months fit.

    A better rate at a stage lightens this stage and all before it. Shapes: hours (S,), rates (S - 1,), people (12,)
    full-time people whose hours `load.have` are.
    """
    used = load.used
    used[:first] = np.nan  # what is over cannot be mended
    known: Bools = np.isfinite(used)
    if not known.any() or np.nanmax(used) <= 1:
        return []
    month = int(np.nanargmax(used))
    excess = float(load.need[month] - load.have[month])
    found = []
    for stage, part in enumerate(load.by_stage[:, month].tolist()):
        if part > excess:
            found.append(Repair("hours", stage, float(hours[stage]), float(hours[stage]) * (1 - excess / part)))
    for stage, rate in enumerate(rates.tolist()):
        upstream = float(load.by_stage[: stage + 1, month].sum())
        if upstream > excess and (better := rate * upstream / (upstream - excess)) < 1:
            found.append(Repair("rate", stage, rate, better))
    there = float(people[month])
    if there > 0:
        found.append(Repair("people", -1, there, float(np.ceil(10 * there * used[month] - 1e-9)) / 10))
    return sorted(found, key=lambda repair: repair.size)
