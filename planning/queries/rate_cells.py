"""The rates of many cells at once, a member of a breakdown by a measure each, as rows that pages and the API read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from planning.forecasting.rates import EqualAge, Estimate, at_equal_age, estimates, pooled

from .rate_definitions import FIRST_VISIT, LEAD_RESPONSE
from .trials import Measure, TrialBook

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
NO_ACTIVITIES: Final = "no_activities"
NO_VISITS: Final = "no_visits"


@dataclass(frozen=True)
class AtAge:
    """The share that had succeeded at an age, now and in the earlier cohort, with intervals; None = no evidence."""

    age: int
    size: int
    rate: float | None
    low: float
    high: float
    earlier_size: int
    earlier_rate: float | None
    earlier_low: float
    earlier_high: float
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    is_few: bool

    @property
    def is_clear(self) -> bool:
        """Whether the interval of the difference leaves zero out."""
        if self.is_few or self.difference_low is None or self.difference_high is None:
            return False
        return not self.difference_low <= 0 <= self.difference_high


@dataclass(frozen=True)
class Rate:
    """
    One cell: counts, rate with its 80 % interval, time, and the comparison at equal age.

    `missing` says why nothing can be known although something may have happened; `is_few`: too few to tell; `is_early`: and
    that because the cohort is young; `pooled`: drawn towards the common rate of the members beside it.
    """

    measure: Measure
    n: int
    succeeded: int
    failed: int
    pending: int
    size: int
    rate: float | None
    low: float
    high: float
    is_few: bool
    is_early: bool
    pooled: float | None
    median: float | None
    p85: float | None
    at_age: AtAge | None
    missing: str = ""

    @property
    def shown(self) -> float | None:
        """The rate where it can be told, else None."""
        return None if self.missing or self.is_few else self.rate


def cells(
    book: TrialBook, shown: Sequence[int], codes: Ints, n_rows: int, *, now: Bools, then: Bools, pool: bool = False
) -> list[tuple[Rate, ...]]:
    """
    Return the rates of every row and shown measure; beside them the earlier cohort, where there is one.

    :param shown: places in `book.measures`
    :param codes: (n,) row of each trial, 0 … n_rows - 1 wherever `now` or `then` is true
    :param pool: draw the rows of a measure towards each other (they are alike)
    """
    place = np.full(len(book.measures), -1, np.int64)
    place[list(shown)] = np.arange(len(shown))
    width = len(shown)
    size = n_rows * width
    column = place[book.measure]
    now, then = now & (column >= 0), then & (column >= 0)
    now_cell, then_cell = ((codes[rows] * width + column[rows]) for rows in (now, then))
    horizon = np.tile(np.array([book.measures[at].horizon for at in shown], np.int64), n_rows)
    found = estimates(book.trials.only(now), now_cell, size, horizon)
    ages = at_equal_age(
        now=book.trials.only(now),
        now_cell=now_cell,
        then=book.trials.only(then),
        then_cell=then_cell,
        n_cells=size,
        horizon=horizon,
    )
    touched = np.bincount(now_cell[book.touched[now]], minlength=size)
    towards = np.full(size, np.nan)
    if pool:
        for at in range(width):
            towards[at::width] = pooled(found.rate[at::width], found.size[at::width])
    has_earlier = bool(then.any())
    made = [
        _rate(
            book.measures[shown[cell % width]],
            found,
            cell,
            pooled_rate=known(towards[cell]),
            at_age=_at_age(ages, cell) if has_earlier else None,
            touched=int(touched[cell]),
        )
        for cell in range(size)
    ]
    return [tuple(made[row * width : (row + 1) * width]) for row in range(n_rows)]


def _rate(
    measure: Measure, found: Estimate, cell: int, *, pooled_rate: float | None, at_age: AtAge | None, touched: int
) -> Rate:
    n = int(found.n[cell])
    missing = ""
    if measure.key == LEAD_RESPONSE and n and not touched:
        missing = NO_ACTIVITIES  # nobody wrote anything down: that is no evidence of leads left lying
    elif measure.key == FIRST_VISIT and not n:
        missing = NO_VISITS
    return Rate(
        measure=measure,
        n=n,
        succeeded=int(found.succeeded[cell]),
        failed=int(found.failed[cell]),
        pending=int(found.pending[cell]),
        size=int(found.size[cell]),
        rate=None if missing else known(found.rate[cell]),
        low=float(found.low[cell]),
        high=float(found.high[cell]),
        is_few=bool(found.few[cell]),
        is_early=bool(found.early[cell]),
        pooled=None if missing else pooled_rate,
        median=None if missing else known(found.median[cell]),
        p85=None if missing else known(found.p85[cell]),
        at_age=None if missing else at_age,
        missing=missing,
    )


def _at_age(ages: EqualAge, cell: int) -> AtAge | None:
    if not ages.age[cell]:
        return None
    return AtAge(
        age=int(ages.age[cell]),
        size=int(ages.size[0, cell]),
        rate=known(ages.rate[0, cell]),
        low=float(ages.low[0, cell]),
        high=float(ages.high[0, cell]),
        earlier_size=int(ages.size[1, cell]),
        earlier_rate=known(ages.rate[1, cell]),
        earlier_low=float(ages.low[1, cell]),
        earlier_high=float(ages.high[1, cell]),
        difference=known(ages.difference[cell]),
        difference_low=known(ages.difference_low[cell]),
        difference_high=known(ages.difference_high[cell]),
        is_few=bool(ages.few[cell]),
    )


def known(value: float) -> float | None:
    """Missing is not zero: NaN becomes None."""
    return None if np.isnan(value) else float(value)
