"""Deals that do not exist yet: on what days they are created matters where windows are short."""

from __future__ import annotations

import numpy as np
import pytest

from planning.forecasting.arrivals import Cohorts, expect_arrivals, weekdays_of
from planning.forecasting.history import Ints
from tests.factories.forecasting import START

pytestmark = pytest.mark.requirement("R1.8")

MONDAY = START + 700 + (4 - (START + 700)) % 7  # day 0, 1970-01-01, was a Thursday


def created_on(days: range, each: int) -> Ints:
    """Days since 1970-01-01 on which deals were created, `each` a day, on the given days of the week (0 = Monday)."""
    every = np.arange(MONDAY - 700, MONDAY)
    return np.repeat(every[np.isin((every + 3) % 7, list(days))], each)


def test_no_deal_is_expected_on_a_weekend_where_none_was_ever_created() -> None:
    index = weekdays_of(created_on(range(5), 4), MONDAY, START)

    monday = (MONDAY + np.arange(7)) % 7
    np.testing.assert_allclose(index[monday[:5]], 1.4, atol=0.02)
    np.testing.assert_allclose(index[monday[5:]], 0, atol=0.05)
    assert index.mean() == pytest.approx(1)


def test_days_of_the_week_that_differ_by_chance_only_are_taken_for_alike() -> None:
    rng = np.random.default_rng(1)

    index = weekdays_of(MONDAY - rng.integers(1, 700, 2000), MONDAY, START)

    assert np.ptp(index) < 0.1
    np.testing.assert_array_equal(weekdays_of(np.array([MONDAY - 2]), MONDAY, MONDAY - 5), np.ones(7))


def test_deals_of_the_first_days_of_a_week_have_the_longer_to_be_won() -> None:
    early, late = (
        expect_arrivals(
            Cohorts(
                created=(born := created_on(days, 10)),
                won=np.where(born + 12 < MONDAY, born + 12, -1),
                leaf=np.zeros(len(born), np.int64),
                paid=np.full(len(born), 100.0),
            ),
            as_of=MONDAY,
            ends=np.array([14]),
            n_leaves=1,
            history_from=START,
            luck=np.ones(14),
            daily=np.ones(14),
        ).wins.sum()
        for days in (range(2), range(5, 7))
    )

    assert early > 15  # those of Monday and Tuesday are won on the last two days of the fortnight
    assert late < 2
