"""
The fiscal calendar: years that may start in any month, their quarters and months, and working days.

Arithmetic only: no Django, no clock, no tables. A month is given by its first day.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

import holidays

QUARTERS = (1, 2, 3, 4)
NO_OVERRIDES: Mapping[date, bool] = {}


class Naming(StrEnum):
    """Which calendar year gives a fiscal year its number, where it touches two."""

    BY_START = "start"
    BY_END = "end"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Days from first to last, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"A span ends on {self.last}, before it starts on {self.first}.")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=step) for step in range(self.days))

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Where a day lies: fiscal year, quarter 1 to 4, month 1 to 12 of the fiscal year."""

    year: int
    quarter: int
    month: int


@dataclass(frozen=True, slots=True)
class FiscalCalendar:
    """
    Fiscal years of twelve calendar months.

    :param start_month: the calendar month (1 to 12) in which the fiscal year starts
    :param naming: FY2026 of a year that starts in April is April 2026 on (by start) or April 2025 on (by end)
    :raises ValueError: for a month that does not exist
    """

    start_month: int = 1
    naming: Naming = Naming.BY_END

    def __post_init__(self) -> None:
        if not 1 <= self.start_month <= 12:
            raise ValueError(f"A fiscal year cannot start in month {self.start_month}.")

    def year_of(self, day: date) -> int:
        started = day.year if day.month >= self.start_month else day.year - 1
        return started + self._named_later

    def quarter_of(self, day: date) -> int:
        return (self.month_of(day) - 1) // 3 + 1

    def month_of(self, day: date) -> int:
        """Return the day's month of the fiscal year, 1 to 12."""
        return (day.month - self.start_month) % 12 + 1

    def period_of(self, day: date) -> Period:
        return Period(self.year_of(day), self.quarter_of(day), self.month_of(day))

    def year(self, year: int) -> Span:
        first = date(year - self._named_later, self.start_month, 1)
        return Span(first, add_months(first, 12) - timedelta(days=1))

    def quarter(self, year: int, quarter: int) -> Span:
        """Return the days of a quarter. :raises ValueError: unless quarter is 1 to 4"""
        if quarter not in QUARTERS:
            raise ValueError(f"There is no quarter {quarter}.")
        first = add_months(self.year(year).first, 3 * (quarter - 1))
        return Span(first, month_end(add_months(first, 2)))

    def month(self, year: int, month: int) -> Span:
        """Return the days of the year's month-th month. :raises ValueError: unless month is 1 to 12"""
        if not 1 <= month <= 12:
            raise ValueError(f"A fiscal year has no month {month}.")
        return month_span(add_months(self.year(year).first, month - 1))

    def months(self, year: int) -> tuple[date, ...]:
        """Return the first days of the year's twelve months, in fiscal order."""
        first = self.year(year).first
        return tuple(add_months(first, step) for step in range(12))

    @property
    def _named_later(self) -> int:
        return int(self.naming is Naming.BY_END and self.start_month > 1)


def label(year: int) -> str:
    """Return the name of a fiscal year: FY2026."""
    return f"FY{year}"


def month_start(day: date) -> date:
    return day.replace(day=1)


def month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def month_span(day: date) -> Span:
    """Return the whole calendar month around a day."""
    return Span(month_start(day), month_end(day))


def add_months(day: date, months: int) -> date:
    """Return the day so many months later (or earlier); the 31st becomes the last day of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_apart(earlier: date, later: date) -> int:
    """Return the number of month boundaries between two days; negative where later is earlier."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def is_working_day(day: date, *, country: str = "", overrides: Mapping[date, bool] = NO_OVERRIDES) -> bool:
    """
    Tell whether people work on a day.

    :param country: ISO 3166 code; its public holidays and, where known, its make-up work days. "" = Monday to Friday
    :param overrides: what the company's own calendar says (True = work); wins over everything
    :raises ValueError: for a country that the holidays library does not know
    """
    if day in overrides:
        return overrides[day]
    if not country:
        return day.weekday() < 5
    return _country(country, day.year).is_working_day(day)


def working_days(span: Span, *, country: str = "", overrides: Mapping[date, bool] = NO_OVERRIDES) -> int:
    """Count the working days of a span. Parameters as in `is_working_day`."""
    return sum(is_working_day(day, country=country, overrides=overrides) for day in span)


def working_days_by_month(
    calendar: FiscalCalendar, year: int, *, country: str = "", overrides: Mapping[date, bool] = NO_OVERRIDES
) -> tuple[int, ...]:
    """Count the working days of a fiscal year's twelve months, in fiscal order."""
    months = calendar.months(year)
    return tuple(working_days(month_span(month), country=country, overrides=overrides) for month in months)


@lru_cache(maxsize=256)
def spring_festival(year: int) -> date:
    """Return the first day of the lunar year that begins in a calendar year. :raises ValueError: where it is not known"""
    china = holidays.country_holidays("CN", years=year, language="en_US", observed=False)
    found = [day for day, name in china.items() if "Spring Festival" in name]
    if not found:
        raise ValueError(f"The lunar calendar of {year} is not known.")
    return min(found)


@lru_cache(maxsize=64)
def _country(country: str, year: int) -> holidays.HolidayBase:
    try:
        return holidays.country_holidays(country, years=year)
    except NotImplementedError as unknown:
        raise ValueError(f"The holidays of {country!r} are not known.") from unknown
