"""
Days are not alike: little is closed at weekends, much in the last days of a month and most in those of a quarter.

For each outcome the moves of a day are held against the mean of the weeks around it; the weekday, the days left in the
month and the quarter's last days each multiply (iterative proportional fitting, each factor shrunk towards 1). Only
deals without an expected closing date are looked at: with one, the date says it already.
"""

from __future__ import annotations

import dataclasses as dc
from typing import Final

import numpy as np

from .calendars import month_and_day, month_back
from .exposure import OUTCOMES
from .history import UNKNOWN, Bools, Floats, Ints, Stays, tally
from .shrinking import shrink

PAST: Final = 730  # days looked back
AROUND: Final = 45  # days on either side that a day is held against: whole weeks and about whole months
LEAST_MOVES: Final = 100
LEFT: Final = np.array([1, 2, 3, 5, 8, 15, 22], np.int64)  # edges of the days left in the month, 0 = the last one
LAST_DAYS: Final = 5  # of a quarter
PASSES: Final = 3


@dc.dataclass(frozen=True, slots=True)
class Rhythm:
    """factors per outcome: weekday (7, 3), left (8, 3), quarter (2, 3); multiply for a day."""

    weekday: Floats
    left: Floats
    quarter: Floats

    @classmethod
    def none(cls) -> Rhythm:
        """All days are alike."""
        return cls(*(np.ones((n, OUTCOMES)) for n in (7, len(LEFT) + 1, 2)))

    def on(self, days: Ints) -> Floats:
        """(n, 3) factors of days since 1970-01-01."""
        weekday, left, quarter = _classes(days)
        return self.weekday[weekday] * self.left[left] * self.quarter[quarter]


def _classes(days: Ints) -> tuple[Ints, Ints, Ints]:
    """Weekday, bucket of days left in the month, and whether the quarter ends in some days: codes per day."""
    month, day = month_and_day(days)
    length = (month_back(days - day, -1) - (days - day)).astype(np.int64)
    left = length - 1 - day
    ends = ((month + 1) % 3 == 0) & (left < LAST_DAYS)
    return (days + 3) % 7, np.searchsorted(LEFT, left, "right"), ends.astype(np.int64)


def learn_rhythm(stays: Stays, kind: Ints, some: Bools) -> Rhythm:
    """Learn from the moves of some stays (n_stays,), known on stays.as_of. kind (S, S): outcome class of each move."""
    rows = np.flatnonzero(some & (stays.to != UNKNOWN) & (stays.left >= stays.as_of - PAST))
    out = Rhythm.none()
    if len(rows) < LEAST_MOVES:
        return out
    first = int(stays.left[rows].min())
    days = np.arange(first, stays.as_of)
    levels = _classes(days)
    tables = (out.weekday, out.left, out.quarter)
    window = np.ones(2 * AROUND + 1)
    present = np.convolve(np.ones(len(days)), window, "same")[: len(days)] if len(days) > len(window) else None
    if present is None:
        return out
    outcome = kind[stays.state[rows], stays.to[rows]]
    for c in range(OUTCOMES):
        came = np.bincount(stays.left[rows[outcome == c]] - first, minlength=len(days)).astype(np.float64)
        if came.sum() < LEAST_MOVES:
            continue
        usual = np.convolve(came, window, "same") / present
        for _ in range(PASSES):
            for table, level in zip(tables, levels, strict=True):
                others = usual * np.prod(
                    [t[other, c] for t, other in zip(tables, levels, strict=True) if t is not table], axis=0
                )
                n = len(table)
                table[:, c] = shrink(tally(level, came, n), tally(level, others, n))
    return out
