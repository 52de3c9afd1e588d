"""Hazards that change from month to month and days that are not alike, against histories where it is known how."""

from __future__ import annotations

import dataclasses as dc

import numpy as np
import pytest

from planning.forecasting import Ledger
from planning.forecasting.calendars import earlier, extended, months_back
from planning.forecasting.drift import AHEAD, Drift, learn_drift
from planning.forecasting.hazards import LOSS, WIN, fit_hazards, kinds_of
from planning.forecasting.history import EPOCH, stays_of
from planning.forecasting.kriging import Off, krige
from planning.forecasting.rhythm import learn_rhythm
from tests.factories.forecasting import START, chain, ledger_of, sales_history

pytestmark = pytest.mark.requirement("R1.8")

NAN = float("nan")


def learnt(ledger: Ledger, as_of: int) -> Drift:
    stays = stays_of(ledger.before(as_of), as_of)
    levels = np.zeros((len(stays.deal), 1), np.int64)
    hazards = fit_hazards(stays, chain(1), levels, history_from=START)
    return learn_drift(stays, chain(1), levels, hazards, history_from=START)


def one_stage(*, days: int, worse_from: int, seed: int = 3) -> Ledger:
    """Five deals a day, won with 4 % and lost with 4 % a day; from worse_from on won with 2 % only."""
    rng = np.random.default_rng(seed)
    events: list[tuple[int, int, int, float]] = []
    for d in range(5 * days):
        day = d // 5
        events.append((d, 0, START + day, NAN))
        while day < days:
            win = 0.02 if day >= worse_from else 0.04
            draw = rng.random()
            if draw < win + 0.04:
                events.append((d, 1 if draw < win else 2, START + day, NAN))
                break
            day += 1
    return ledger_of(events)


def test_where_nothing_changes_no_drift_is_seen() -> None:
    drift = learnt(sales_history(deals=4000, stages=1, days=900), START + 900)

    np.testing.assert_allclose(drift.factor, 1, atol=0.12)


def test_fewer_wins_of_late_lower_the_chances_of_the_months_ahead_and_leave_losses_alone() -> None:
    drift = learnt(one_stage(days=600, worse_from=480), START + 600)

    assert drift.factor[0, 0, WIN] < 0.8
    assert 0.85 < drift.factor[0, 0, LOSS] < 1.15
    assert drift.factor[-1, 0, WIN] > drift.factor[0, 0, WIN]  # what is further off is known less


def test_a_history_of_some_weeks_has_no_drift_yet() -> None:
    drift = learnt(sales_history(deals=200, stages=1, days=60), START + 60)

    assert (drift.factor == 1).all()
    assert drift.factor.shape[0] == AHEAD


def test_weekends_and_month_ends_are_learnt_and_a_steady_business_has_none() -> None:
    rng = np.random.default_rng(5)
    busy: list[int] = []
    day = START
    while len(busy) < 1500:
        date = EPOCH + np.timedelta64(day, "D")
        last = (date + np.timedelta64(1, "D")).astype("datetime64[M]") != date.astype("datetime64[M]")
        weekend = (day + 3) % 7 >= 5
        busy += [day] * rng.poisson(0.1 if weekend else 8.0 if last else 2.0)
        day += 1
    batches = ledger_of([(d, s, at, NAN) for d, won in enumerate(busy) for s, at in ((0, won - 10), (1, won))])
    steady = sales_history(deals=3000, stages=1)

    rhythm, even = (
        learn_rhythm(stays, kinds_of(chain(1)), np.ones(len(stays.deal), bool))
        for stays in (stays_of(batches, day), stays_of(steady, START + 900))
    )

    assert rhythm.weekday[5:, WIN].max() < 0.3
    assert rhythm.weekday[:5, WIN].min() > 1.1
    assert rhythm.left[0, WIN] > 2 * rhythm.left[-1, WIN]
    np.testing.assert_allclose(even.weekday, 1, atol=0.15)
    np.testing.assert_allclose(even.left, 1, atol=0.15)
    month = rhythm.on(day + np.arange(365))[:, WIN]
    assert month.mean() == pytest.approx(1, abs=0.1)


def test_errors_that_last_are_expected_to_go_on_and_without_any_the_band_is_wide() -> None:
    months = np.arange(0.0, 360.0, 30.0, dtype=np.float64)
    ahead = np.array([360.0, 390.0, 420.0])
    low = Off(months, np.full(12, -0.3), np.full(12, 0.05))
    mixed = Off(months, np.tile([0.05, -0.05], 6), np.full(12, 0.05))
    nothing = Off(np.zeros(0), np.zeros(0), np.zeros(0))

    (lasting, _), (even, known), (none, unknown) = (krige(off, ahead, period=30.0) for off in (low, mixed, nothing))

    assert (lasting < -0.1).all()
    np.testing.assert_allclose(even, 0, atol=0.02)
    np.testing.assert_array_equal(none, 0)
    assert np.diag(unknown).min() > 1.5 * np.diag(known).max()
    np.testing.assert_allclose(known, known.T)
    assert np.linalg.eigvalsh(known).min() > 0


def test_earlier_days_are_the_same_point_of_earlier_months() -> None:
    day = int((np.datetime64("2024-03-31") - EPOCH).astype(int))
    firsts = [np.datetime64(f"2024-{m:02}-01") for m in (3, 4, 5)]
    calendar = np.array([(d - EPOCH).astype(int) for d in firsts], np.int64)

    then, ends = earlier(calendar, day, 1)
    week, week_ends = earlier(np.array([100, 107, 114]), 100, 3)

    assert EPOCH + np.timedelta64(then, "D") == np.datetime64("2024-02-29")
    assert [str(EPOCH + np.timedelta64(int(then + e), "D")) for e in ends] == ["2024-03-01", "2024-04-01"]
    assert (week, week_ends.tolist()) == (79, [7, 14])
    assert len(np.unique(np.diff(months_back(day, 14)))) > 1


def test_a_calendar_goes_on_as_it_went() -> None:
    first, second, third = ((np.datetime64(f"2024-0{m}-01") - EPOCH).astype(int) for m in (1, 2, 3))

    months = extended(np.array([first, second]), int(first), 2)
    weeks = extended(np.array([100, 107]), 100, 3)

    assert months.tolist() == [first, second, third]
    assert weeks.tolist() == [100, 107, 114, 121]
    assert extended(weeks, 100, 2).tolist() == weeks.tolist()


def test_drift_does_not_depend_on_the_order_of_deals() -> None:
    ledger = one_stage(days=400, worse_from=300)
    last = ledger.n_deals - 1
    order = np.lexsort((np.arange(ledger.n_events), last - ledger.deal))
    turned = dc.replace(
        ledger,
        deal=(last - ledger.deal)[order],
        state=ledger.state[order],
        day=ledger.day[order],
        amount=ledger.amount[order],
        created=ledger.created[::-1],
    )

    np.testing.assert_allclose(learnt(turned, START + 400).factor, learnt(ledger, START + 400).factor, rtol=1e-9)
