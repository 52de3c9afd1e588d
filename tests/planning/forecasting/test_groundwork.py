"""A night on last month's groundwork says what a fit of the whole history says, whatever happened since."""

from __future__ import annotations

import dataclasses as dc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from planning.forecasting import Funnel, Ledger
from planning.forecasting.expected import Expected, expect
from planning.forecasting.exposure import AGE, CLOSE
from planning.forecasting.groundwork import (
    Lessons,
    Past,
    added,
    condensed,
    learn_lessons,
    model_on,
    month_of,
    month_starts,
    past_of,
    with_events,
)
from planning.forecasting.hazards import Hazards, expose, kinds_of, table_of
from planning.forecasting.history import Bools, Ints, standing_of, stays_of
from planning.forecasting.levels import stay_levels
from tests.factories.forecasting import START, ledger_of, sales_history

pytestmark = pytest.mark.requirement("R1.8")

FUNNEL = Funnel.of([0, 1, 2, -1, -1], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1])
MONTH = int(month_starts(month_of(np.array([START + 800])))[0])
TODAY = MONTH + 17
WON, LOST = 3, 4


def whole(ledger: Ledger, lessons: Lessons, as_of: int) -> Hazards:
    """From scratch: every stay of the history, with the factors of the month's start."""
    known = ledger.before(as_of)
    stays, kind = stays_of(known, as_of), kinds_of(FUNNEL)
    levels = stay_levels(known, stays, lessons.edges)
    tables = [
        None
        if factors is None
        else table_of(
            expose(stays, FUNNEL, levels, clock, factors, history_from=known.history_from),
            factors,
            FUNNEL,
            clock,
            kind=kind,
        )
        for clock, factors in ((AGE, lessons.age), (CLOSE, lessons.close))
    ]
    assert tables[0] is not None
    return Hazards(kind, tables[0], tables[1])


def some_deals(ledger: Ledger, keep: Bools) -> Ledger:
    """Only the lines of some deals; the others keep their place."""
    rows = keep[ledger.deal]
    return dc.replace(
        ledger, deal=ledger.deal[rows], state=ledger.state[rows], day=ledger.day[rows], amount=ledger.amount[rows]
    )


def tonight(base: Ledger, ledger: Ledger, seen: Ints) -> Ledger:
    """The condensed ledger and the lines that it has not seen: of each deal, those after its first `seen` ones."""
    first = np.searchsorted(ledger.deal, np.arange(ledger.n_deals))
    new = np.arange(ledger.n_events) - first[ledger.deal] >= seen[ledger.deal]
    return with_events(
        base,
        deal=ledger.deal[new],
        state=ledger.state[new],
        day=ledger.day[new],
        amount=ledger.amount[new],
        close=ledger.closes[new],
    )


def lines_before(ledger: Ledger, day: int) -> Ints:
    return np.bincount(ledger.deal[ledger.day < day], minlength=ledger.n_deals)


def assert_same(mine: Hazards, other: Hazards) -> None:
    np.testing.assert_allclose(mine.age.rate, other.age.rate, rtol=1e-9, atol=1e-15)
    assert (mine.close is None) == (other.close is None)
    if mine.close is not None and other.close is not None:
        np.testing.assert_allclose(mine.close.rate, other.close.rate, rtol=1e-9, atol=1e-15)


def forecast(ledger: Ledger, as_of: int, **model: Any) -> Expected:
    return expect(ledger, FUNNEL, as_of=as_of, ends=np.array([14, 44, 75]), leaf=ledger.owner, n_leaves=4, **model)


def test_the_hazards_of_a_night_are_those_of_the_whole_history() -> None:
    ledger = sales_history(deals=600, dated=True, seed=1)
    lessons = learn_lessons(ledger, FUNNEL, as_of=MONTH)
    past = past_of(ledger, FUNNEL, lessons)
    live = tonight(condensed(ledger, MONTH), ledger, lines_before(ledger, MONTH))

    model = model_on(lessons, past, live, FUNNEL, as_of=TODAY)

    assert lessons.close is not None
    assert live.before(TODAY).n_events < ledger.before(TODAY).n_events / 2  # it did see less
    assert_same(model.hazards, whole(ledger, lessons, TODAY))


def test_the_forecast_of_a_night_is_that_of_the_whole_history() -> None:
    ledger = sales_history(deals=600, dated=True, seed=2)
    lessons = learn_lessons(ledger, FUNNEL, as_of=MONTH)
    past = past_of(ledger, FUNNEL, lessons)
    live = tonight(condensed(ledger, MONTH), ledger, lines_before(ledger, MONTH))
    model = model_on(lessons, past, live, FUNNEL, as_of=TODAY)

    mine, other = forecast(live, TODAY, model=model), forecast(ledger, TODAY, model=model)

    np.testing.assert_array_equal(mine.seen.deal, other.seen.deal)
    for part in ("open", "new"):
        for name in ("wins", "revenue", "wins_var", "revenue_var"):
            np.testing.assert_allclose(
                getattr(getattr(mine, part), name), getattr(getattr(other, part), name), rtol=1e-9
            )
    np.testing.assert_array_equal(mine.seen.won_day, other.seen.won_day)
    np.testing.assert_array_equal(mine.seen.paid, other.seen.paid)


def test_on_the_first_of_a_month_the_night_is_the_plain_forecast() -> None:
    ledger = sales_history(deals=600, dated=True, seed=3)
    lessons = learn_lessons(ledger, FUNNEL, as_of=MONTH)
    live = condensed(ledger, MONTH)
    model = model_on(lessons, past_of(ledger, FUNNEL, lessons), live, FUNNEL, as_of=MONTH)

    mine, other = forecast(live, MONTH, model=model), forecast(ledger, MONTH)

    assert_same(mine.seen.model.hazards, other.seen.model.hazards)
    np.testing.assert_allclose(mine.open.revenue, other.open.revenue, rtol=1e-9)
    np.testing.assert_allclose(mine.new.revenue, other.new.revenue, rtol=1e-9)


def test_a_condensed_ledger_knows_where_every_deal_stands() -> None:
    ledger = sales_history(deals=300, dated=True, seed=4)
    base = condensed(ledger, MONTH)

    mine, other = (standing_of(x, stays_of(x, MONTH)) for x in (base, ledger.before(MONTH)))

    for name in ("state", "since", "amount", "close"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(other, name))
    assert base.first_day == ledger.first_day


def test_pasts_of_some_deals_add_up_to_the_past_of_all() -> None:
    ledger = sales_history(deals=300, dated=True, seed=5)
    lessons = learn_lessons(ledger, FUNNEL, as_of=MONTH)
    young = ledger.created > START + 500  # its first month lies later
    parts = [past_of(some_deals(ledger, keep), FUNNEL, lessons) for keep in (young, ~young)]

    both, all_ = added(parts), past_of(ledger, FUNNEL, lessons)

    np.testing.assert_array_equal(both.months, all_.months)
    assert both.close is not None
    assert all_.close is not None
    for mine, other in zip([*both.age, *both.close], [*all_.age, *all_.close], strict=True):
        np.testing.assert_allclose(mine.events, other.events, rtol=1e-12)
        np.testing.assert_allclose(mine.scaled, other.scaled, rtol=1e-12)


def test_the_past_by_month_holds_each_end_in_the_month_of_its_day() -> None:
    first, second = (int(month_starts(np.array([month]))[0]) for month in month_of(np.array([MONTH - 70, MONTH - 40])))
    ledger = ledger_of([(0, 0, first - 9, 1.0), (0, 1, second - 1, 1.0), (0, 2, second, 1.0)])
    past = past_of(ledger, FUNNEL, learn_lessons(ledger, FUNNEL, as_of=MONTH))

    ends = [float((table.events > 0).sum()) for table in past.age]

    assert dict(zip(past.months.tolist(), ends, strict=True)) == {
        month: float(month in month_of(np.array([first, second]))) for month in past.months.tolist()
    }


Move = tuple[int, int, int, bool]  # deal, state, days later, recorded after the month had begun


@st.composite
def told_late(draw: st.DrawFn) -> tuple[Ledger, Ints]:
    """A history with returns, reopened deals and amendments, and how many lines of each deal were recorded by MONTH."""
    events: list[tuple[int, int, int, float]] = []
    seen: list[int] = []
    for deal in range(draw(st.integers(1, 8))):
        day = MONTH - draw(st.integers(1, 200))
        moves = draw(st.lists(st.tuples(st.integers(0, LOST), st.integers(0, 60)), max_size=6))
        lines = [(deal, 0, day, 100.0)]
        for state, later in moves:
            day += later
            lines.append((deal, state, day, float(draw(st.sampled_from([100.0, 250.0, np.nan])))))
        lines = [line for line in lines if line[2] < TODAY]
        known = sum(line[2] < MONTH for line in lines)
        seen.append(draw(st.integers(1, known)))  # the rest of those was recorded late
        events += lines
    ledger = ledger_of(events, owner=np.zeros(len(seen), np.int64), product=np.zeros(len(seen), np.int64))
    return ledger, np.array(seen)


@seed(20_260_101)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(told_late())
def test_lines_recorded_late_are_counted_as_if_they_had_been_known(told: tuple[Ledger, Ints]) -> None:
    ledger, seen = told
    first = np.searchsorted(ledger.deal, np.arange(ledger.n_deals))
    recorded = np.arange(ledger.n_events) - first[ledger.deal] < seen[ledger.deal]
    then = dc.replace(
        ledger,
        deal=ledger.deal[recorded],
        state=ledger.state[recorded],
        day=ledger.day[recorded],
        amount=ledger.amount[recorded],
    )
    lessons = learn_lessons(then, FUNNEL, as_of=MONTH)
    past: Past = past_of(then, FUNNEL, lessons)

    for day in range(MONTH, TODAY, 4):  # night by night on the same groundwork
        live = tonight(condensed(then, MONTH), ledger, seen)
        mine = model_on(lessons, past, live, FUNNEL, as_of=day).hazards

        assert_same(mine, whole(ledger, lessons, day))
        now, plain = (standing_of(x, stays_of(x, day)) for x in (live.before(day), ledger.before(day)))
        np.testing.assert_array_equal(now.state, plain.state)
        np.testing.assert_array_equal(now.since, plain.since)
        np.testing.assert_array_equal(now.amount, plain.amount)
