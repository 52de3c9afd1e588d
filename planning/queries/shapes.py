"""The shape of a year: the weights by which a total is spread over twelve months."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.periods import add_months
from planning.models import MONTHS, PLAIN, PlanVersion, Scope, Target
from teams.models import OrgUnit, User

from .actuals import ByMonth, actuals, by_person, by_unit, sum_of, unit_parents
from .calendars import WorkCalendar, fiscal_months
from .season import Learned, learned_season

# Less than this is no shape but the luck of a few deals.
LEAST_WINS = 12
LEAST_MONTHS = 6
EVEN = (Decimal(1),) * 12


class Basis(models.TextChoices):
    """What a spread rests on, as a sentence for the person who asked for it."""

    EVEN = "even", _("The same amount in every month.")
    WORKING_DAYS = "working_days", _("In proportion to the working days of each month.")
    OWN_YEAR = "own_year", _("In the shape of what was won here last year.")
    COMPANY_YEAR = (
        "company_year",
        _("In the shape of the whole company's last year: too little was won here to show a shape."),
    )
    NO_HISTORY = "no_history", _("Evenly: too little was won last year to show a shape.")
    KEPT = "kept", _("In the shape that the row had.")
    SEASON = "season", _("By the season learnt from the years before.")


@dataclass(frozen=True)
class Shape:
    """Twelve weights in fiscal order, not all zero, and what they rest on."""

    weights: tuple[Decimal, ...]
    basis: Basis
    told: str = ""

    @property
    def sentence(self) -> str:
        """What the shape rests on, for the person who asked for it."""
        return self.told or str(self.basis.label)


def shape_of(
    split: Target.Split,
    *,
    version: PlanVersion,
    unit: OrgUnit | None = None,
    person: User | None = None,
    scope: Scope = PLAIN,
) -> Shape:
    """Return the weights that a way of splitting gives to the months of a version's year, for a unit or a person."""
    match split:
        case Target.Split.SEASON:
            return season_shape(learned_season(plan=version.plan, unit=unit, person=person))
        case Target.Split.EVEN:
            return Shape(EVEN, Basis.EVEN)
        case Target.Split.WORKING_DAYS:
            days = WorkCalendar().by_month(fiscal_months(version.plan.fiscal_year))
            return Shape(tuple(map(Decimal, days)), Basis.WORKING_DAYS)
        case Target.Split.LAST_YEAR:
            return last_year_shape(version=version, unit=unit, person=person)
        case Target.Split.MANUAL | Target.Split.LADDER:
            row = Target.objects.filter(version=version, unit=unit, person=person, **scope.columns).first()
            weights = tuple(getattr(row, month) for month in MONTHS) if row else EVEN
            return Shape(weights, Basis.KEPT) if row and any(weights) else Shape(EVEN, Basis.EVEN)


def season_shape(learned: Learned) -> Shape:
    """Return the learnt season's shares as weights."""
    weights = tuple(Decimal(repr(round(float(share), 6))) for share in learned.season.shares)
    return Shape(weights, Basis.SEASON, learned.sentence)


def last_year_shape(*, version: PlanVersion, unit: OrgUnit | None = None, person: User | None = None) -> Shape:
    """
    Return the revenue won in the twelve months before the plan's year, month by month.

    A unit's is that of its whole subtree on the day of each deal. With fewer than 12 wins of known amount, or in fewer than
    6 months, the company's shape stands in; where that is too thin as well, an even one.
    """
    own, company = _year_before(version, unit, person)
    months = _months_before(version)
    if _tells(own):
        return Shape(_weights(own, months), Basis.OWN_YEAR)
    if _tells(company):
        return Shape(_weights(company, months), Basis.COMPANY_YEAR)
    return Shape(EVEN, Basis.NO_HISTORY)


def won_by_month(
    *, version: PlanVersion, unit: OrgUnit | None = None, person: User | None = None
) -> tuple[Decimal, ...]:
    """Return what a unit or person won in each of the twelve months before the plan's year; nothing won is zero."""
    own, _company = _year_before(version, unit, person)
    return _weights(own, _months_before(version))


def _months_before(version: PlanVersion) -> tuple[date, ...]:
    return tuple(add_months(month, -12) for month in fiscal_months(version.plan.fiscal_year))


def _year_before(version: PlanVersion, unit: OrgUnit | None, person: User | None) -> tuple[ByMonth, ByMonth]:
    """Return what one unit or person won in the year before, and what the whole company did."""
    year = version.plan.fiscal_year
    rows = actuals(first=add_months(year.first_date, -12), after=year.first_date, time_zone=version.plan.time_zone)
    parents = unit_parents()
    units = by_unit(rows, parents)
    own = by_person(rows).get(person.pk, {}) if person else units.get(unit.pk, {}) if unit else {}
    root = next((key for key, parent in parents.items() if parent is None), 0)
    return own, units.get(root, {})


def _tells(history: ByMonth) -> bool:
    won = sum_of(history)
    covered = sum(1 for found in history.values() if found.revenue)
    return won.wins - won.unknown >= LEAST_WINS and covered >= LEAST_MONTHS


def _weights(history: ByMonth, months: Iterable[date]) -> tuple[Decimal, ...]:
    return tuple(history[month].revenue if month in history else Decimal(0) for month in months)
