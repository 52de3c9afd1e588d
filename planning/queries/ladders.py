"""A year's growth as a ladder of quarters and months over a base, for one unit or person, with what is wrong with it."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from core.money import CENT, smallest_unit, split_amount
from core.periods import add_months
from planning import ladders
from planning.ladders import Finding, Keep, Ladder, Rates
from planning.models import PLAIN, BaseSource, PlanVersion, Scope, Target
from teams.models import OrgUnit, User

from .actuals import metric_actuals
from .calendars import fiscal_months
from .metrics import metric_of
from .other_targets import measured
from .scopes import achieved_of, trees
from .shapes import last_year_shape, won_by_month


@dataclass(frozen=True)
class Base:
    """
    Twelve months to grow from, in the fiscal order of the plan's year.

    Shapes: months, firsts (12,).  over: the months of `firsts` that are over on the day; a base of less is a part of a year.
    """

    months: tuple[Decimal, ...]
    firsts: tuple[date, ...]
    source: BaseSource
    over: int

    @property
    def total(self) -> Decimal:
        return sum(self.months, Decimal(0))

    @property
    def is_partial(self) -> bool:
        return self.source is BaseSource.LAST_YEAR and self.over < ladders.MONTHS


@dataclass(frozen=True)
class LadderSheet:
    """
    What typed rates mean over a base.

    :param finding: None without a base: growth over nothing is not known
    :param choices: a ladder for every rate that was typed, each keeping that one
    """

    rates: Rates
    base: Base
    finding: Finding | None
    choices: tuple[Ladder, ...]

    def keeping(self, keep: Keep) -> Ladder | None:
        return next((found for found in self.choices if found.keep is keep), None)


def base_of(
    *,
    version: PlanVersion,
    as_of: date,
    unit: OrgUnit | None = None,
    person: User | None = None,
    typed: Decimal | None = None,
) -> Base:
    """Return the base of a unit's or person's year: what was won in the year before, or a typed total in its shape."""
    months = fiscal_months(version.plan.fiscal_year)
    firsts = tuple(add_months(month, -12) for month in months)
    over = sum(1 for month in months if add_months(month, -11) <= as_of + timedelta(days=1))
    if typed is not None and typed > 0:
        shape = last_year_shape(version=version, unit=unit, person=person)
        return Base(split_amount(typed, shape.weights, unit=_least(version)), firsts, BaseSource.TYPED, over)
    won = won_by_month(version=version, unit=unit, person=person)
    source = BaseSource.LAST_YEAR if any(won) else BaseSource.NONE
    return Base(won, firsts, source, over)


def year_before(
    *,
    version: PlanVersion,
    as_of: date,
    unit: OrgUnit | None = None,
    person: User | None = None,
    scope: Scope = PLAIN,
) -> Decimal | None:
    """
    Return what was achieved in the twelve months before a version's year, in the unit of the scope's metric.

    Of a rate it is per cent. None where nothing was achieved: there is nothing to grow from.
    """
    if scope.is_plain:
        return base_of(version=version, as_of=as_of, unit=unit, person=person).total or None
    year, metric = version.plan.fiscal_year, metric_of(scope.metric)
    after = min(year.first_date, as_of + timedelta(days=1))
    first = add_months(year.first_date, -12)
    if after <= first:
        return None
    cells = metric_actuals(metric=metric, first=first, after=after, time_zone=version.plan.time_zone)
    wanted = Target(version=version, unit=unit, person=person, **scope.columns)
    return measured(achieved_of(wanted, cells, trees()), metric) or None


def ladder_sheet(*, version: PlanVersion, rates: Rates, base: Base) -> LadderSheet:
    """Follow typed rates over a base and make a ladder of each that can be kept."""
    if base.source is BaseSource.NONE:
        return LadderSheet(rates, base, None, ())
    keeps = [Keep.YEAR]
    keeps += [Keep.QUARTERS] if rates.quarter is not None else []
    keeps += [Keep.MONTHS] if rates.month is not None else []
    choices = tuple(ladders.ladder(keep, rates, base.months, unit=_least(version)) for keep in keeps)
    return LadderSheet(rates, base, ladders.check(rates, base.months), choices)


def growth_of(target: Target, base: Base) -> float | None:
    """Return how much a target is above its base; None where there is nothing to grow from."""
    return ladders.growth(target.total, base.total)


def _least(version: PlanVersion) -> Decimal:
    return max(CENT, smallest_unit(version.plan.currency))
