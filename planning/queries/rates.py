"""
The rates of a unit or person: broken down, against an earlier cohort at equal age, over time, beside the company's average.

One reading of the trials (`trial_book`) answers all of it. A person sees what they are entitled to: the node is theirs or
below them, people who have left their reach are summed as one row, and the company's average stays hidden where it would
tell about fewer than four people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

from core.periods import FiscalCalendar
from customers.models import Pipeline
from planning.forecasting.rates import at_age, median_watched, too_few
from planning.models import FEWEST_PEOPLE, RateSettings
from teams.models import Company, OrgUnit, User

from .forecasts import Node
from .rate_cells import Rate, cells, known
from .rate_members import Breakdown, by_period, by_person, by_unit, by_word, of_node, within
from .rate_periods import Cohort, earlier_cohort, trend_cohorts
from .trials import Limit, Measure, TrialBook, trial_book

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
SETTLED: Final = 0.8  # a cohort is settled when so much of it has ended, or could be watched to the horizon


@dataclass(frozen=True)
class Asked:
    """Whose rates, of which cohort, against which, broken down how, narrowed to what."""

    node: Node
    cohort: Cohort
    against: str
    by: str
    pipeline: Pipeline | None
    narrowed: Mapping[str, int]
    measure: str


@dataclass(frozen=True)
class RateRow:
    """One member of a breakdown. `node`: the unit or person behind it, where the reader may go on to."""

    key: str
    name: str
    rates: tuple[Rate, ...]
    node: Node | None = None


@dataclass(frozen=True)
class TrendPoint:
    """One cohort of the trend: its rate in the end, and at the age that the youngest has reached."""

    cohort: Cohort
    rate: Rate
    is_settled: bool
    age_rate: float | None
    age_low: float
    age_high: float


@dataclass(frozen=True)
class Trend:
    """One measure, cohort by cohort, oldest first; `age` in the unit of the measure, 0 where nothing began."""

    measure: Measure
    age: int
    points: tuple[TrendPoint, ...]


@dataclass(frozen=True)
class RateTable:
    """What a page shows: the node's own row, its members, the company's average (None = not for the reader), the trend."""

    cohort: Cohort
    earlier: Cohort
    own: RateRow
    members: tuple[RateRow, ...]
    average: RateRow | None
    trend: Trend
    measures: tuple[Measure, ...]
    as_of: date
    recorded_since: date | None
    limit: Limit
    trials: int  # of the company, read to answer


@dataclass(frozen=True)
class _Frame:
    """What all parts of an answer share; everybody and mine are (n,) masks of the company's and the node's trials."""

    asked: Asked
    user: User
    book: TrialBook
    shown: Sequence[int]
    steps: Sequence[Cohort]
    everybody: Bools
    mine: Bools
    now: Bools
    then: Bools

    @property
    def alone(self) -> Ints:
        return np.zeros(len(self.book.begun), np.int64)


def rate_table(
    asked: Asked, *, user: User, as_of: date, company: Company, calendar: FiscalCalendar, settings: RateSettings
) -> RateTable:
    """Answer a question with a fixed number of queries, whatever the number of deals, people and members."""
    earlier = earlier_cohort(asked.cohort, asked.against, calendar=calendar)
    steps = trend_cohorts(asked.cohort, calendar=calendar, as_of=as_of)
    since = min(asked.cohort.span.first, earlier.span.first, steps[0].span.first)
    book = trial_book(since=since, as_of=as_of, company=company, settings=settings)
    units = {unit.pk: unit for unit in OrgUnit.objects.all()}
    everybody = np.ones(len(book.begun), np.bool_)
    for name, key in asked.narrowed.items():
        everybody &= getattr(book, name) == key
    frame = _Frame(
        asked=asked,
        user=user,
        book=book,
        shown=_shown(book, asked),
        steps=steps,
        everybody=everybody,
        mine=everybody & of_node(book, asked.node, units),
        now=within(book, asked.cohort),
        then=within(book, earlier),
    )
    own = cells(book, frame.shown, frame.alone, 1, now=frame.mine & frame.now, then=frame.mine & frame.then)[0]
    return RateTable(
        cohort=asked.cohort,
        earlier=earlier,
        own=RateRow("own", asked.node.name, own, asked.node),
        members=_members(frame, units),
        average=_average(frame),
        trend=_trend(frame),
        measures=tuple(book.measures[place] for place in frame.shown),
        as_of=book.as_of,
        recorded_since=book.recorded_since,
        limit=book.limit,
        trials=len(book.begun),
    )


def _shown(book: TrialBook, asked: Asked) -> list[int]:
    """The measures of a page: the named ones, and the stages of the pipeline that it is about."""
    stages_of = None if asked.by == "pipeline" or asked.pipeline is None else asked.pipeline.pk
    return [
        place
        for place, measure in enumerate(book.measures)
        if measure.stage is None or measure.stage.pipeline_id == stages_of
    ]


def _members(frame: _Frame, units: Mapping[int, OrgUnit]) -> tuple[RateRow, ...]:
    """The rows of the breakdown, in the order of the trade; members for whom nothing began are left out."""
    by, now = frame.asked.by, frame.now
    codes, members = _breakdown(frame, units)
    inside = frame.mine & (codes >= 0)
    if by == "period":
        now = np.ones_like(now)  # its rows are cohorts of their own
    then = np.zeros_like(now) if by == "period" else frame.then
    rows = cells(
        frame.book, frame.shown, codes, len(members), now=inside & now, then=inside & then, pool=by != "period"
    )
    return tuple(
        RateRow(member.key, member.name, rates, member.node)
        for member, rates in zip(members, rows, strict=True)
        if any(rate.n for rate in rates)
    )


def _breakdown(frame: _Frame, units: Mapping[int, OrgUnit]) -> Breakdown:
    match frame.asked.by:
        case "period":
            return by_period(frame.book, frame.steps)
        case "unit":
            return by_unit(frame.book, frame.asked.node, units)
        case "person":
            return by_person(frame.book, frame.user, frame.mine & (frame.now | frame.then))
        case word:
            return by_word(frame.book, word)


def _average(frame: _Frame) -> RateRow | None:
    """The company's average, each rate only where it tells about enough people whom the reader does not see anyway."""
    unit = frame.asked.node.unit
    if unit is not None and unit.kind == OrgUnit.Kind.COMPANY:
        return None
    book, now = frame.book, frame.everybody & frame.now
    shown = frame.shown
    if not frame.user.sees_everything:
        seen = np.array(list(User.objects.visible_to(frame.user).values_list("pk", flat=True)), np.int64)
        shown = [place for place in shown if _is_wide(book.owner[now & (book.measure == place)], seen)]
    if not shown:
        return None
    rates = cells(book, shown, frame.alone, 1, now=now, then=frame.everybody & frame.then)[0]
    return RateRow("company", _("Company average"), rates)


def _is_wide(owners: Ints, seen: Ints) -> bool:
    """Whether an average holds at least four people, three of them others: else it would tell about a colleague."""
    people = np.unique(owners)
    return len(people) >= FEWEST_PEOPLE and int((~np.isin(people, seen)).sum()) >= FEWEST_PEOPLE - 1


def _trend(frame: _Frame) -> Trend:
    """One measure step by step: in the end, where a cohort is settled; and all at the age of the youngest."""
    book, steps = frame.book, frame.steps
    place = next((at for at in frame.shown if book.measures[at].key == frame.asked.measure), frame.shown[0])
    measure = book.measures[place]
    codes, _members = by_period(book, steps)
    rows = frame.mine & (book.measure == place) & (codes >= 0)
    rates = [row[0] for row in cells(book, [place], codes, len(steps), now=rows, then=np.zeros_like(rows))]
    trials, cell = book.trials.only(rows), codes[rows]
    watched = median_watched(trials.watched, cell, len(steps))
    filled = [number for number, rate in enumerate(rates) if rate.n]
    age = int(min(watched[filled[-1]], measure.horizon)) if filled else 0
    size, share, low, high = at_age(trials, cell, len(steps), np.full(len(steps), age, np.int64))
    few = too_few(size, low, high)
    points = tuple(
        TrendPoint(
            cohort=step,
            rate=rates[number],
            is_settled=rates[number].n > 0 and rates[number].size >= SETTLED * rates[number].n,
            age_rate=None if rates[number].missing or few[number] else known(share[number]),
            age_low=float(low[number]),
            age_high=float(high[number]),
        )
        for number, step in enumerate(steps)
    )
    return Trend(measure, age, points)
