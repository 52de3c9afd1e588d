"""
The season of a plan's year, learnt from what was won in the years before it; see `planning.forecasting.season`.

Years are twelve months back from the plan's year, or, while it has not begun, from the last month that is over: a plan made
in November learns from this year's October, and nothing from a November that is not over. What is over is told by the
ledger: the month of its last line is not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Max, Min
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core.periods import add_months, month_span, month_start, spring_festival
from core.templatetags.formats import day, number, percent
from customers.models import StageEvent
from planning.forecasting.season import COMPANY, EVEN, OWN, WORKING_DAYS, Calendar, Past, Season, learn_season
from planning.models import Plan
from teams.models import Company, OrgUnit, User

from .actuals import Actual, actuals, unit_parents
from .calendars import FESTIVAL_COUNTRIES, WorkCalendar, fiscal_months

YEARS = 6  # how far back
LATE = 7  # a history that begins in the first days of a month holds that month whole
NEAR = (timedelta(days=-10), timedelta(days=15))  # the working days that a lunar new year makes quiet: to the lanterns


@dataclass(frozen=True)
class Learned:
    """
    The season of one unit's or person's year.

    :param festival: the first day of the lunar year within the plan's year; None in a country without days off then
    :param company_years: years in which the company won anything
    """

    season: Season
    festival: date | None
    company_years: int
    months: Sequence[date]
    working_days: Sequence[int]

    @property
    def sentence(self) -> str:
        """What it rests on: the parts with their weights, and what the moving festival does."""
        weights = self.season.weights
        if not weights[OWN] and not weights[COMPANY]:
            return _("By working days: nothing was won yet in a whole year that could show a season.")
        words = {
            OWN: ngettext(
                "%(share)s own shape of %(years)s year", "%(share)s own shape of %(years)s years", self.season.years
            ),
            COMPANY: ngettext(
                "%(share)s company's shape of %(company_years)s year",
                "%(share)s company's shape of %(company_years)s years",
                self.company_years,
            ),
            WORKING_DAYS: _("%(share)s working days"),
            EVEN: _("%(share)s even"),
        }
        parts = [
            text
            % {
                "share": percent(float(weights[place])),
                "years": number(self.season.years),
                "company_years": number(self.company_years),
            }
            for place, text in words.items()
            if weights[place] > 0
        ]
        told = _("By season: %(parts)s.") % {"parts": pgettext("between the parts of a list", ", ").join(parts)}
        return f"{told} {self._festival_told()}".strip()

    def _festival_told(self) -> str:
        if self.festival is None:
            return ""
        facts = {"date": day(self.festival, "year"), "share": percent(self.season.quiet)}
        if self.season.quiet == 1:
            return _("Spring Festival is on %(date)s; its days off are reckoned with.") % facts
        return _("Spring Festival is on %(date)s; a working day near it counts %(share)s of any other.") % facts


@dataclass(frozen=True)
class SeasonLines:
    """The learnt season for a page: what it rests on; of each month its first day, share of the year and working days."""

    sentence: str
    months: Sequence[tuple[date, float, int]]


def season_lines(learned: Learned) -> SeasonLines:
    """Return the months of a learnt season: first day, share of the year, working days."""
    shares = learned.season.shares.tolist()
    return SeasonLines(learned.sentence, list(zip(learned.months, shares, learned.working_days, strict=True)))


def learned_season(*, plan: Plan, unit: OrgUnit | None = None, person: User | None = None) -> Learned:
    """Learn the season of a unit's or person's year; of the company's without either. Seven queries."""
    company = Company.objects.the_one()
    coming = fiscal_months(plan.fiscal_year)
    years = _years(plan, coming)
    first = min((months[0] for months in map(sorted, years)), default=coming[0])
    after = max((add_months(month, 1) for months in years for month in months), default=coming[0])
    rows = actuals(first=first, after=after, time_zone=plan.time_zone) if years else []
    parents = unit_parents()
    is_company = person is None and (unit is None or unit.parent_id is None)
    mine = rows if is_company else [row for row in rows if _is_of(row, parents, unit=unit, person=person)]
    calendar = WorkCalendar()
    has_festival = company.country in FESTIVAL_COUNTRIES
    everybody = _past(rows, years)
    season = learn_season(
        _past(mine, years),
        everybody,
        _calendar(calendar, years, has_festival=has_festival),
        _coming(calendar, coming, has_festival=has_festival),
        is_company=is_company,
    )
    return Learned(
        season=season,
        festival=_festival(coming) if has_festival else None,
        company_years=everybody.years,
        months=coming,
        working_days=calendar.by_month(coming),
    )


def _years(plan: Plan, coming: Sequence[date]) -> list[list[date]]:
    """The past years, oldest first, each as twelve months in the order of the plan's year."""
    known = StageEvent.objects.aggregate(first=Min("occurred_at"), last=Max("occurred_at"))
    if known["first"] is None:
        return []
    zone = ZoneInfo(plan.time_zone)
    begin, last = known["first"].astimezone(zone).date(), known["last"].astimezone(zone).date()
    begin = month_start(begin) if begin.day <= LATE else add_months(month_start(begin), 1)
    end = min(coming[0], month_start(last))
    found = []
    for back in range(YEARS, 0, -1):
        first = add_months(end, -12 * back)
        if first >= begin:
            months = {month.month: month for month in (add_months(first, step) for step in range(12))}
            found.append([months[month.month] for month in coming])
    return found


def _past(rows: Iterable[Actual], years: Sequence[Sequence[date]]) -> Past:
    where = {month: (y, m) for y, months in enumerate(years) for m, month in enumerate(months)}
    amounts, squares = np.zeros((len(years), 12)), np.zeros(len(years))
    for row in rows:
        if row.month in where:
            amounts[where[row.month]] += float(row.won.revenue)
            squares[where[row.month][0]] += row.squares
    total = amounts.sum(1)
    return Past(amounts, np.where(total > 0, squares / np.where(total > 0, total, 1) ** 2, 0.0))


def _is_of(row: Actual, parents: Mapping[int, int | None], *, unit: OrgUnit | None, person: User | None) -> bool:
    if person is not None:
        return row.owner == person.pk
    at = row.unit
    while at is not None and unit is not None and at != unit.pk:
        at = parents.get(at)
    return at is not None


def _calendar(calendar: WorkCalendar, years: Sequence[Sequence[date]], *, has_festival: bool) -> Calendar:
    each = [_coming(calendar, months, has_festival=has_festival) for months in years]
    return Calendar(
        np.array([one.days for one in each]).reshape(-1, 12), np.array([one.near for one in each]).reshape(-1, 12)
    )


def _coming(calendar: WorkCalendar, months: Sequence[date], *, has_festival: bool) -> Calendar:
    near = [_near(calendar, month) if has_festival else 0 for month in months]
    return Calendar(np.array(calendar.by_month(tuple(months)), np.float64), np.array(near, np.float64))


def _near(calendar: WorkCalendar, month: date) -> int:
    """Working days of a month that lie near the festival."""
    festival, span = spring_festival(month.year), month_span(month)
    return calendar.days(max(span.first, festival + NEAR[0]), min(span.last, festival + NEAR[1]))


def _festival(months: Sequence[date]) -> date | None:
    first, after = min(months), add_months(max(months), 1)
    days = {spring_festival(month.year) for month in months}
    return next((festival for festival in sorted(days) if first <= festival < after), None)
