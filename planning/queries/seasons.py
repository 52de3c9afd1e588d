"""The learnt seasons of many units and people at once: what was won is read once, whatever their number."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from core.periods import add_months
from planning.forecasting.season import learn_season
from planning.models import Plan
from teams.models import Company, OrgUnit, User

from .actuals import Actual, actuals, unit_parents
from .calendars import FESTIVAL_COUNTRIES, WorkCalendar, fiscal_months
from .season import _calendar, _coming, _past, _years

Shares = tuple[Decimal, ...]


class Seasons:
    """The season of whoever is asked for; see `season.learned_season`, which tells of one what it rests on."""

    def __init__(self, plan: Plan) -> None:
        coming = fiscal_months(plan.fiscal_year)
        self._years = _years(plan, coming)
        first = min((month for months in self._years for month in months), default=coming[0])
        after = max((add_months(month, 1) for months in self._years for month in months), default=coming[0])
        rows = actuals(first=first, after=after, time_zone=plan.time_zone) if self._years else []
        parents = unit_parents()
        self._of_person: dict[int, list[Actual]] = defaultdict(list)
        self._of_unit: dict[int, list[Actual]] = defaultdict(list)
        for row in rows:
            self._of_person[row.owner].append(row)
            at = row.unit
            while at is not None:
                self._of_unit[at].append(row)
                at = parents.get(at)
        has_festival = Company.objects.the_one().country in FESTIVAL_COUNTRIES
        calendar = WorkCalendar()
        self._company = _past(rows, self._years)
        self._past_days = _calendar(calendar, self._years, has_festival=has_festival)
        self._coming_days = _coming(calendar, coming, has_festival=has_festival)
        self._root = next((unit for unit, parent in parents.items() if parent is None), None)

    def of(self, *, unit: OrgUnit | None = None, person: User | None = None) -> Shares:
        """Return the shares of the year's twelve months, as weights."""
        is_company = person is None and (unit is None or unit.pk == self._root)
        own: Iterable[Actual] = self._of_person[person.pk] if person else self._of_unit[unit.pk] if unit else ()
        mine = self._company if is_company else _past(own, self._years)
        season = learn_season(mine, self._company, self._past_days, self._coming_days, is_company=is_company)
        return tuple(Decimal(repr(round(float(share), 6))) for share in season.shares)
