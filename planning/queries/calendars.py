"""The plan's year in months, and how many days of them are worked."""

from datetime import date

from core.periods import Span, add_months, month_span, working_days
from planning.models import FiscalYear
from teams.models import Company, WorkdayOverride


def fiscal_months(year: FiscalYear) -> tuple[date, ...]:
    """Return the first days of the year's twelve months, in fiscal order."""
    return tuple(add_months(year.first_date, step) for step in range(12))


class WorkCalendar:
    """The company's working days: the public calendar of its country, overridden by its own table. Read in two queries."""

    def __init__(self) -> None:
        self._country = Company.objects.the_one().country
        self._overrides = dict(WorkdayOverride.objects.values_list("day", "is_workday"))

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
