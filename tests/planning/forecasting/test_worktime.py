"""The clock stops at night, on weekends and on holidays."""

from datetime import datetime

import numpy as np
import pytest

from planning.forecasting.worktime import WorkClock

pytestmark = pytest.mark.requirement("R1.7")

MONDAY = 20_458  # 2026-01-05
WEEK = WorkClock(first=MONDAY, is_worked=np.array([True] * 5 + [False] * 2 + [True] * 5), opens=9 * 60, closes=18 * 60)


def at(day: int, hour: int, minute: int = 0) -> int:
    """Seconds of the wall clock, day 5 = Monday, 5 January 2026."""
    return int((datetime(2026, 1, day, hour, minute) - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001  # a wall clock


@pytest.mark.parametrize(
    ("begin", "end", "minutes"),
    [
        (at(5, 10), at(5, 10, 45), 45),
        (at(5, 17, 30), at(6, 9, 30), 60),  # over the night
        (at(5, 22), at(6, 9, 30), 30),  # begun at night
        (at(9, 17), at(12, 10), 120),  # over the weekend
        (at(10, 12), at(11, 12), 0),  # within it
        (at(5, 9), at(12, 9), 5 * 9 * 60),
    ],
)
def test_only_working_minutes_count(begin: int, end: int, minutes: int) -> None:
    found = WEEK.minutes(np.array([begin, end]))

    assert found[1] - found[0] == minutes


def test_the_next_working_day_is_one_day_on_also_over_the_weekend() -> None:
    friday, saturday, monday = WEEK.days(np.array([at(9, 17), at(10, 12), at(12, 9)]))

    assert monday - friday == 1
    assert saturday - friday == 1
