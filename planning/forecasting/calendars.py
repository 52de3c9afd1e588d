"""Days, months and periods: the same point of earlier ones."""

from __future__ import annotations

import numpy as np

from .history import EPOCH, Ints


def month_and_day(days: Ints) -> tuple[Ints, Ints]:
    """Months since 1970-01 and days since the month's first."""
    date = EPOCH + days.astype("timedelta64[D]")
    month = date.astype("datetime64[M]")
    return month.astype(np.int64), (date - month.astype("datetime64[D]")).astype(np.int64)


def _first_of(month: Ints) -> Ints:
    return month.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def month_back(days: Ints, back: Ints | int) -> Ints:
    """The same day of an earlier month, or its last one."""
    month, day = month_and_day(days)
    return np.minimum(_first_of(month - back) + day, _first_of(month - back + 1) - 1)


def months_back(day: int, n: int) -> Ints:
    """(n + 1,) rising: the day, and the same day of the n months before."""
    back = np.arange(n, -1, -1)
    return month_back(np.full(n + 1, day, np.int64), back)


def _by_months(calendar: Ints) -> bool:
    month, day = month_and_day(calendar)
    return bool((day == day[0]).all() and (np.diff(month) == 1).all())


def extended(calendar: Ints, as_of: int, n: int) -> Ints:
    """The calendar with as many periods more as it needs for n edges after as_of."""
    more = np.arange(1, n - int((calendar > as_of).sum()) + 1)
    if _by_months(calendar):
        return np.r_[calendar, month_back(np.full(len(more), calendar[-1]), -more)]
    return np.r_[calendar, calendar[-1] + more * int(np.median(np.diff(calendar)))]


def earlier(calendar: Ints, as_of: int, back: int) -> tuple[int, Ints]:
    """
    The day `back` periods before as_of and the ends (H,) of the periods that followed it, as offsets from that day.

    calendar (K + 1,): edges of the periods. Calendar months step by months, everything else by the usual length of a
    period.
    """
    if _by_months(calendar):
        moved, then = month_back(calendar, back), int(month_back(np.array([as_of]), back)[0])
    else:
        period = back * int(np.median(np.diff(calendar)))
        moved, then = calendar - period, as_of - period
    ends = moved[1:] - then
    return then, ends[ends > 0]
