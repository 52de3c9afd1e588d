"""Working time between two moments: the clock stops at night, on weekends and on holidays."""

from __future__ import annotations

import dataclasses as dc

import numpy as np

from .history import Bools, Ints

DAY = 86_400


@dc.dataclass(frozen=True, slots=True)
class WorkClock:
    """
    The working days from one day on and the hours worked on each of them.

    first: day number (days since 1970-01-01) of the first day known; is_worked (days,). opens, closes: minutes after
    midnight. Moments are seconds of the wall clock since 1970-01-01, (n,).
    """

    first: int
    is_worked: Bools
    opens: int
    closes: int

    @property
    def day_minutes(self) -> int:
        """Minutes of one working day."""
        return self.closes - self.opens

    def minutes(self, moments: Ints) -> Ints:
        """Working minutes from the clock's first midnight to each moment: differences are working time between moments."""
        place, before = self._places(moments)
        gone = np.clip(moments % DAY // 60 - self.opens, 0, self.day_minutes)
        return before * self.day_minutes + gone * self.is_worked[place]

    def days(self, moments: Ints) -> Ints:
        """Working days that ended before each moment's day: a difference of 1 is the next working day."""
        return self._places(moments)[1]

    def _places(self, moments: Ints) -> tuple[Ints, Ints]:
        place = np.clip(moments // DAY - self.first, 0, len(self.is_worked) - 1)
        return place, (np.cumsum(self.is_worked) - self.is_worked)[place]
