"""The cohorts of the rates: which days, what they are compared with, and the steps of their trend."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from core.periods import FiscalCalendar, Span, add_months, label, month_span
from core.templatetags.formats import month_name

LAST_12 = "12m"
PREVIOUS, LAST_YEAR = "previous", "year"
_CODE = re.compile(r"([0-9]{4})(?:-(Q[1-4]|M(?:0[1-9]|1[0-2])))?")
STEPS = {"month": 13, "quarter": 9, "year": 4}
EARLIEST = 2000


@dataclass(frozen=True)
class Cohort:
    """Trials that began in a span: `code` is what the address says, `step` is month, quarter, year or 12m."""

    code: str
    name: str
    step: str
    span: Span


def cohort_of(code: str, *, calendar: FiscalCalendar, as_of: date) -> Cohort | None:
    """Read a code: 12m, 2026, 2026-Q3, 2026-M07 (months of the fiscal year). None for anything else, or the future."""
    if code == LAST_12:
        return Cohort(code, _("Last 12 months"), LAST_12, _until(as_of, months=12))
    found = _CODE.fullmatch(code)
    if found is None or not EARLIEST <= int(found[1]) <= as_of.year + 1:
        return None
    year, part = int(found[1]), found[2] or ""
    if not part:
        cohort = Cohort(code, label(year), "year", calendar.year(year))
    elif part[0] == "Q":
        cohort = _quarter(calendar, year, int(part[1]))
    else:
        cohort = _month(calendar, calendar.month(year, int(part[1:])).first)
    return cohort if cohort.span.first < as_of else None


def cohort_choices(*, calendar: FiscalCalendar, as_of: date) -> list[Cohort]:
    """Return what the page offers: the last twelve months, three years, eight quarters, thirteen months."""
    today = as_of - timedelta(days=1)
    year = calendar.year_of(today)
    offered = [
        cohort_of(LAST_12, calendar=calendar, as_of=as_of),
        *(cohort_of(str(year - back), calendar=calendar, as_of=as_of) for back in range(3)),
        *(_quarter_of(calendar, add_months(month_span(today).first, -3 * back)) for back in range(8)),
        *(_month(calendar, add_months(month_span(today).first, -back)) for back in range(13)),
    ]
    return [cohort for cohort in offered if cohort is not None]


def earlier_cohort(cohort: Cohort, against: str, *, calendar: FiscalCalendar) -> Cohort:
    """Return the cohort to compare with: the period before, or the same one a year earlier."""
    if cohort.step == LAST_12:
        span = Span(add_months(cohort.span.first, -12), cohort.span.first - timedelta(days=1))
        return Cohort(LAST_12, _("The 12 months before"), LAST_12, span)
    months = {"month": 1, "quarter": 3, "year": 12}[cohort.step] if against == PREVIOUS else 12
    first = add_months(cohort.span.first, -months)
    if cohort.step == "year":
        year = calendar.year_of(first)
        return Cohort(str(year), label(year), "year", calendar.year(year))
    return _month(calendar, first) if cohort.step == "month" else _quarter_of(calendar, first)


def trend_cohorts(cohort: Cohort, *, calendar: FiscalCalendar, as_of: date) -> list[Cohort]:
    """Return the steps of the trend, oldest first, ending with the period itself."""
    last = min(cohort.span.last, as_of - timedelta(days=1))
    step = "quarter" if cohort.step == LAST_12 else cohort.step
    if step == "year":
        year = calendar.year_of(last)
        return [Cohort(str(n), label(n), "year", calendar.year(n)) for n in range(year - STEPS[step] + 1, year + 1)]
    first = month_span(last).first
    if step == "month":
        return [_month(calendar, add_months(first, -back)) for back in reversed(range(STEPS[step]))]
    return [_quarter_of(calendar, add_months(first, -3 * back)) for back in reversed(range(STEPS[step]))]


def _until(as_of: date, *, months: int) -> Span:
    return Span(add_months(as_of, -months), as_of - timedelta(days=1))


def _quarter_of(calendar: FiscalCalendar, day: date) -> Cohort:
    return _quarter(calendar, calendar.year_of(day), calendar.quarter_of(day))


def _quarter(calendar: FiscalCalendar, year: int, quarter: int) -> Cohort:
    name = _("%(year)s Q%(quarter)s") % {"year": label(year), "quarter": quarter}
    return Cohort(f"{year}-Q{quarter}", name, "quarter", calendar.quarter(year, quarter))


def _month(calendar: FiscalCalendar, first: date) -> Cohort:
    year, month = calendar.year_of(first), calendar.month_of(first)
    return Cohort(f"{year}-M{month:02}", month_name(first, "year"), "month", month_span(first))
