"""The plan's year in months, and how many days of them are worked."""

from dataclasses import dataclass
from datetime import date

from core.periods import Span, add_months, is_working_day, month_span, spring_festival, working_days
from planning.models import FiscalYear
from teams.models import Company, WorkdayOverride

FESTIVAL_COUNTRIES = frozenset({"CN", "HK", "KR", "MO", "MY", "SG", "TW", "VN"})  # with days off at the lunar new year


def fiscal_months(year: FiscalYear) -> tuple[date, ...]:
    """Return the first days of the year's twelve months, in fiscal order."""
    return tuple(add_months(year.first_date, step) for step in range(12))


class WorkCalendar:
    """
    The company's working days: the public calendar of its country, overridden by its own table. Read in two queries.

    The one place that knows the table: weights of months, the season's festival, pace and rates all ask here.
    """

    def __init__(self) -> None:
        self._country = Company.objects.the_one().country
        self._overrides = dict(WorkdayOverride.objects.values_list("day", "is_workday"))

    def is_worked(self, day: date) -> bool:
        """Tell whether people work on a day."""
        return is_working_day(day, country=self._country, overrides=self._overrides)

    def days(self, first: date, last: date) -> int:
        """Count the working days from first to last, both included; 0 where last is before first."""
        if last < first:
            return 0
        return working_days(Span(first, last), country=self._country, overrides=self._overrides)

    def by_month(self, months: tuple[date, ...]) -> tuple[int, ...]:
        """Count the working days of each month, given by its first day."""
        return tuple(self.days(span.first, span.last) for span in map(month_span, months))

    def share_gone(self, month: date, as_of: date) -> float:
        """Return the share of a month's working days that are over at the end of a day, in [0, 1]."""
        span = month_span(month)
        if as_of < span.first:
            return 0.0
        if as_of >= span.last:
            return 1.0
        whole = self.days(span.first, span.last)
        return self.days(span.first, as_of) / whole if whole else as_of.day / span.days


@dataclass(frozen=True)
class CalendarMonth:
    """
    A month of the company's calendar.

    :param public: working days by the public calendar alone; `worked` with the company's own days
    """

    first: date
    public: int
    worked: int
    listed: tuple[WorkdayOverride, ...]


@dataclass(frozen=True)
class CalendarYear:
    """A calendar year of working days. `festival`: the first day of the lunar year that begins in it."""

    year: int
    country: str
    festival: date | None
    months: tuple[CalendarMonth, ...]

    @property
    def public(self) -> int:
        return sum(month.public for month in self.months)

    @property
    def worked(self) -> int:
        return sum(month.worked for month in self.months)

    @property
    def listed(self) -> list[WorkdayOverride]:
        return [row for month in self.months for row in month.listed]


def calendar_year(year: int) -> CalendarYear:
    """Return the twelve months of a calendar year with what the company changed in them. Three queries."""
    calendar, country = WorkCalendar(), Company.objects.the_one().country
    firsts = tuple(date(year, month, 1) for month in range(1, 13))
    rows = list(WorkdayOverride.objects.filter(day__year=year).select_related("made_by"))
    return CalendarYear(
        year=year,
        country=country,
        festival=spring_festival(year) if country in FESTIVAL_COUNTRIES else None,
        months=tuple(
            CalendarMonth(
                first=first,
                public=working_days(month_span(first), country=country),
                worked=worked,
                listed=tuple(row for row in rows if row.day.month == first.month),
            )
            for first, worked in zip(firsts, calendar.by_month(firsts), strict=True)
        ),
    )
