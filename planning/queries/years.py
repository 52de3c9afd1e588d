"""The fiscal years that are open, and the next one to open."""

from datetime import date, timedelta

from core.periods import FiscalCalendar, Span
from planning.models import FiscalYear


def fiscal_years() -> list[FiscalYear]:
    """Return the years that are open, newest first, with their plans."""
    return list(FiscalYear.objects.select_related("plan").order_by("-first_date"))


def next_year(start_month: int, today: date) -> int:
    """Return the name of the first year from a day's on that is not open and shares no day with one that is."""
    calendar = FiscalCalendar(start_month)
    year, years = calendar.year_of(today), fiscal_years()
    while any(_touches(other, year, calendar.year(year)) for other in years):
        year += 1
    return year


def months_before(first: date) -> Span | None:
    """Return the days between the last year before a day and that day: they lie in no year. None = there are none."""
    before = FiscalYear.objects.filter(after_date__lte=first).order_by("-after_date").first()
    return Span(before.after_date, first - timedelta(days=1)) if before and before.after_date < first else None


def _touches(other: FiscalYear, year: int, span: Span) -> bool:
    return other.year == year or (other.first_date <= span.last and span.first < other.after_date)
