"""
Past forecasts made again: what the method, and three simple ways, would have said on a day, from what was known then.

Known then: the ledger's lines, owners, units' members and wins as they stood at midnight before the day. Product, lead source,
region and the tree of units are read as they are today.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from core.periods import FiscalCalendar, add_months, month_start
from planning.forecasting import REVENUE, Outlook, Targets, forecast
from planning.forecasting.scores import BINS, bin_of, log_losses
from planning.models import ChanceCheck, PastForecast

from .actuals import unit_parents
from .booked import booked_by_node, by_present_owner, leaves_of
from .calendars import WorkCalendar
from .history import DealHistory, day_number, deal_history
from .organisation import Organisation, organisation
from .simple import Simple
from .snapshot import METHOD
from .wins import Wins

GOALS = (0.9, 1.0, 1.1, 1.25)  # of the last period of the kind: targets that might have been set
NEEDED_DAYS = 90  # of history before a forecast is made again; with less there is nothing to judge
SOON_MONTHS = 3
LAST_WEEK = 7

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Key = tuple[int | None, int | None]  # unit, person


@dataclass(frozen=True, order=True)
class Period:
    """A month or quarter that is over, and how many days before its end a forecast of it was made."""

    first: date
    after: date
    kind: str
    days_to_go: int


@dataclass(frozen=True)
class Origin:
    """A day on which forecasts are made again, of which periods; judges_deals: three months have passed since."""

    as_of: date
    periods: tuple[Period, ...]
    judges_deals: bool


@dataclass(frozen=True)
class Replayed:
    """What one origin said; `actual` of the forecasts is still to be filled in."""

    forecasts: list[PastForecast]
    checks: list[ChanceCheck]


def origins(*, before: date, months: int, fiscal: FiscalCalendar, known_from: date) -> list[Origin]:
    """
    Return the days on which the last months before a month start, and the quarters that ended in them, are forecast again.

    Month starts serve 90, 60 and 30 days to go; seven days before each month's end comes as a day of its own.

    :param before: first day of the running month: everything judged ended before it
    :param known_from: first day of the history; a day with less than NEEDED_DAYS before it is left out
    """
    oldest = add_months(before, -months)
    found = []
    for back in range(months + SOON_MONTHS - 1, 0, -1):
        start = add_months(before, -back)
        ahead = [(add_months(start, step), 30 * (step + 1)) for step in range(SOON_MONTHS)]
        place = (fiscal.month_of(start) - 1) % 3
        quarter = add_months(start, -place)
        asked = [Period(month, add_months(month, 1), PastForecast.Kind.MONTH, days) for month, days in ahead]
        asked.append(Period(quarter, add_months(quarter, 3), PastForecast.Kind.QUARTER, 90 - 30 * place))
        resolved = add_months(start, SOON_MONTHS) <= before
        found.append(Origin(start, tuple(p for p in asked if oldest <= p.first and p.after <= before), resolved))
        if start >= oldest:
            late = [Period(start, add_months(start, 1), PastForecast.Kind.MONTH, LAST_WEEK)]
            if place == 2 and quarter >= oldest:
                late.append(Period(quarter, add_months(quarter, 3), PastForecast.Kind.QUARTER, LAST_WEEK))
            found.append(Origin(add_months(start, 1) - timedelta(days=LAST_WEEK), tuple(late), judges_deals=False))
    first = known_from + timedelta(days=NEEDED_DAYS)
    return [origin for origin in found if origin.periods and origin.as_of >= first]


def came(wins: Wins, periods: Sequence[Period]) -> dict[tuple[date, date], dict[Key, Decimal]]:
    """Return what every unit and person won in each period, by the definition of `actuals`, as the given wins know it."""
    parents = unit_parents()
    root = next((unit for unit, parent in parents.items() if parent is None), None)
    found: dict[tuple[date, date], dict[Key, Decimal]] = {}
    for first, after in sorted({(period.first, period.after) for period in periods}):
        sums: dict[Key, Decimal] = {}
        for row in wins.within(first, after).by_owner_unit_and_month():
            keys: list[Key] = [(None, row.owner)]
            unit = row.unit if row.unit is not None else root
            while unit is not None:
                keys.append((unit, None))
                unit = parents[unit]
            for key in keys:
                sums[key] = sums.get(key, Decimal(0)) + row.won.revenue
        found[first, after] = sums
    return found


def replay(
    origin: Origin, *, wins: Wins, calendar: WorkCalendar, fiscal: FiscalCalendar, time_zone: str, known_from: date
) -> Replayed:
    """Forecast a past day again, with the simple ways beside it."""
    as_of = origin.as_of
    history = deal_history(as_of=as_of, time_zone=time_zone)
    places = organisation(as_of=as_of, also=history.owner_ids.tolist())
    known = wins.known_before(as_of)
    edges = _edges(origin, fiscal)
    spans = np.array([_span(period, edges) for period in origin.periods], np.int64)
    booked = booked_by_node(known.by_owner_unit_and_month(), places, edges).revenue
    goals = _goals(origin, known, places)
    shift = booked - by_present_owner(history, places, edges)
    outlook = forecast(
        history.ledger,
        history.funnel,
        as_of=day_number(as_of),
        calendar=np.array([day_number(edge) for edge in edges], np.int64),
        leaves=leaves_of(history, places),
        nodes=places.below,
        targets=_asked(goals, spans, shift),
        seed=day_number(as_of),
        spans=spans,
    )
    simple = Simple(history=history, places=places, wins=known, calendar=calendar, as_of=as_of, known_from=known_from)
    rows = _rows(origin, outlook, places, spans=spans, booked=booked, goals=goals, simple=simple)
    return Replayed(
        rows, _checks(origin, outlook, history, places, wins=wins, simple=simple) if origin.judges_deals else []
    )


def _edges(origin: Origin, fiscal: FiscalCalendar) -> list[date]:
    """Month starts from the quarter of the day to three months on, or, in the last week of a month, to its end."""
    start = month_start(origin.as_of)
    first = add_months(start, -((fiscal.month_of(start) - 1) % 3))
    # Whichever of its periods are asked for: the same day is always forecast with the same months ahead.
    last = add_months(start, SOON_MONTHS if origin.as_of == start else 1)
    edges = [first]
    while edges[-1] < last:
        edges.append(add_months(edges[-1], 1))
    return edges


def _span(period: Period, edges: Sequence[date]) -> tuple[int, int]:
    return edges.index(period.first), edges.index(period.after)


def _goals(origin: Origin, known: Wins, places: Organisation) -> Floats:
    """(M, P, G) amounts: multiples of what each node won in the last period of the kind that was over; 0 = no goal."""
    out = np.zeros((places.node_count, len(origin.periods), len(GOALS)))
    for place, period in enumerate(origin.periods):
        length = 1 if period.kind == PastForecast.Kind.MONTH else 3
        after = period.first
        while after > origin.as_of:
            after = add_months(after, -length)
        first = add_months(after, -length)
        rows = known.within(first, after).by_owner_unit_and_month()
        months = [add_months(first, step) for step in range(length + 1)]
        before = booked_by_node(rows, places, months).revenue.sum(1) / 100
        out[:, place] = before[:, None] * np.array(GOALS)
    return np.asarray(np.round(out, 2))


def _asked(goals: Floats, spans: Ints, shift: Ints) -> Targets:
    node, place, goal = np.nonzero(goals)
    total = np.concatenate([np.zeros((len(shift), 1), np.int64), shift.cumsum(1)], axis=1)
    first, stop = spans[place, 0], spans[place, 1]
    return Targets(
        node=node,
        first=first,
        stop=stop,
        amount=goals[node, place, goal],
        measure=np.full(len(node), REVENUE, np.int64),
        already=(total[node, stop] - total[node, first]) / 100,
    )


def _rows(
    origin: Origin,
    outlook: Outlook,
    places: Organisation,
    *,
    spans: Ints,
    booked: Ints,
    goals: Floats,
    simple: Simple,
) -> list[PastForecast]:
    """One row for each node and period of which anything was expected, by whichever way."""
    rows = []
    chances = np.zeros(goals.shape)
    chances[np.nonzero(goals)] = outlook.p_attain
    for place, (period, (first, stop)) in enumerate(zip(origin.periods, spans.tolist(), strict=True)):
        sure = booked[:, first:stop].sum(1) / 100
        expected = sure + outlook.node_revenue[1:, :, place].sum(0)
        move = (sure - outlook.node_revenue[0, :, place])[:, None]
        quantiles = np.maximum(outlook.node_revenue_quantiles[:, place] + move, 0.0)
        run_rate = simple.run_rate(period.first, period.after, booked=sure)
        pipeline = simple.pipeline(period.first, period.after, booked=sure)
        last_year = simple.last_year(period.first, period.after)
        told = expected + outlook.node_wins[:, :, place].sum(0) + pipeline
        told += sum(way for way in (run_rate, last_year) if way is not None)
        for node in np.flatnonzero(told > 0).tolist():
            unit, person = places.unit_and_person(node)
            asked = goals[node, place] > 0
            rows.append(
                PastForecast(
                    unit_id=unit,
                    person_id=person,
                    kind=period.kind,
                    first_date=period.first,
                    after_date=period.after,
                    days_to_go=period.days_to_go,
                    as_of_date=origin.as_of,
                    method=METHOD,
                    expected=_money(expected[node]),
                    **dict(zip(_QUANTILES, map(_money, quantiles[node]), strict=True)),
                    run_rate=None if run_rate is None else _money(run_rate[node]),
                    pipeline=_money(pipeline[node]),
                    last_year=None if last_year is None else _money(last_year[node]),
                    goals=[_money(goal) for goal in goals[node, place][asked]],
                    p_goals=[round(float(p), 5) for p in chances[node, place][asked]],
                )
            )
    return rows


_QUANTILES = ("p025", "p10", "p25", "p50", "p75", "p90", "p975")


def _checks(
    origin: Origin, outlook: Outlook, history: DealHistory, places: Organisation, *, wins: Wins, simple: Simple
) -> list[ChanceCheck]:
    """Hold the chances to be won within three months against what came of each open deal, summed per node and bin."""
    end = add_months(origin.as_of, SOON_MONTHS)
    odds = outlook.deals
    if not len(odds.deal):
        return []
    last = int(np.searchsorted(outlook.calendar[1:], day_number(end)))
    chance = np.clip(odds.p_by_period[:, last], 0.0, 1.0)
    won = np.isin(history.deal_ids[odds.deal], wins.within(origin.as_of, end).deal).astype(np.float64)
    ladder = simple.soon(odds.deal, end)
    leaf = leaves_of(history, places)[odds.deal]
    cell = leaf * BINS + bin_of(chance)
    sums = {}
    for name, weight in (
        ("deals", np.ones(len(won))),
        ("chances", chance),
        ("won", won),
        ("squares", (chance - won) ** 2),
        ("logs", log_losses(chance, won)),
        ("ladder_squares", (ladder - won) ** 2),
    ):
        per_leaf = np.bincount(cell, weight, len(places.person_ids) * BINS).reshape(-1, BINS)
        sums[name] = np.asarray(places.below @ per_leaf)
    rows = []
    for node, at in np.argwhere(sums["deals"] > 0).tolist():
        unit, person = places.unit_and_person(node)
        rows.append(
            ChanceCheck(
                unit_id=unit,
                person_id=person,
                as_of_date=origin.as_of,
                bin=at,
                deals=round(sums["deals"][node, at]),
                won=round(sums["won"][node, at]),
                **{name: float(sums[name][node, at]) for name in ("chances", "squares", "logs", "ladder_squares")},
            )
        )
    return rows


def _money(value: float) -> Decimal:
    return Decimal(repr(round(float(value), 2))).quantize(Decimal("0.01"))
