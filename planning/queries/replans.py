"""
A plan made anew in the middle of its year: what is over stays as it was, and what it lacks is dealt with as somebody chose.

The months before the effective month keep the targets that were in force in them; what was won stands beside. The shortfall of
a unit or person is the target to date of those months (without what they made up for earlier ones) less what was won in
them, zero for who is ahead. It is made up in the next three months in the shape of their targets, or over all months to
come in the company's learnt season, or let go. Every row on its own, exact to the smallest unit of the currency; so parts may
be asked for more than the whole where one is ahead and another behind, and the gap shows it. Targets of other metrics, or of a
part of the sales, stay as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from core.money import CENT, smallest_unit, split_amount
from core.periods import month_start
from planning.models import Plan, PlanVersion, Target
from teams.models import User

from .actuals import by_person, by_unit, sum_of, unit_parents, year_actuals
from .calendars import WorkCalendar, fiscal_months
from .season import learned_season
from .targets import Amounts, GridRow, months_of, target_grid, target_to_date

NEXT_MONTHS = 3  # in which a shortfall that is carried forward is made up
NOTHING_CARRIED: Amounts = (Decimal(0),) * 12
Shortfall = PlanVersion.Shortfall


@dataclass(frozen=True)
class Replanned:
    """
    One target of the new draft. Shapes: months and carried (12,).

    :param due: what the closed months asked for so far; `won` what they brought; None = no closed month
    :param carried: of each month, what it makes up for earlier ones; part of `months`
    """

    due: Decimal | None
    won: Decimal | None
    months: Amounts
    carried: Amounts

    @property
    def shortfall(self) -> Decimal | None:
        return None if self.due is None or self.won is None else max(self.due - self.won, Decimal(0))

    @property
    def total(self) -> Decimal:
        return sum(self.months, Decimal(0))


@dataclass(frozen=True)
class ReplanLine:
    """A row of the grid as it is in the version that is revised, and as it would be."""

    row: GridRow
    after: Replanned

    @property
    def added(self) -> Decimal:
        return self.after.total - (self.row.total or Decimal(0))


def revisable(plan: Plan) -> PlanVersion | None:
    """Return the version that a revision begins with: the approved one that is about to count, else the one that does."""
    by_status = {version.status: version for version in plan.versions.select_related("plan__fiscal_year")}
    return by_status.get(PlanVersion.Status.APPROVED) or by_status.get(PlanVersion.Status.ACTIVE)


def effective_months(plan: Plan, as_of: date) -> tuple[date, ...]:
    """Return the months that a new version can take effect from: the running one and those to come; none after the year."""
    return tuple(month for month in fiscal_months(plan.fiscal_year) if month >= month_start(as_of))


def replanned(
    *, base: PlanVersion, targets: Sequence[Target], effective_date: date, shortfall: str, as_of: date
) -> Mapping[int, Replanned]:
    """Return every target of a new draft by the key of the one it is made from. The number of queries is fixed."""
    plan = base.plan
    months = fiscal_months(plan.fiscal_year)
    closed = months.index(effective_date)
    if not closed:
        return {row.pk: Replanned(None, None, months_of(row), _carried(row)) for row in targets}
    over = months[:closed]
    won = year_actuals(plan, as_of=as_of)
    of_unit, of_person = by_unit(won, unit_parents()), by_person(won)
    share = WorkCalendar().share_gone(month_start(as_of), as_of)
    least = max(CENT, smallest_unit(plan.currency))
    season = learned_season(plan=plan).season.shares if shortfall == Shortfall.SPREAD else ()
    weights = [Decimal(repr(round(float(part), 6))) for part in season]
    found = {}
    for row in targets:
        if not row.is_plain:  # what a metric or a part of the sales lacks is not made up by itself
            found[row.pk] = Replanned(None, None, months_of(row), _carried(row))
            continue
        due = target_to_date(row.own_months[:closed], over, as_of, share)
        history = of_unit.get(row.unit_id, {}) if row.unit_id else of_person.get(row.person_id or 0, {})
        brought = sum_of(history, over).revenue
        lack = _rounded(max(due - brought, Decimal(0)), least)
        extra = made_up(months_of(row), lack, closed=closed, shortfall=shortfall, season=weights, least=least)
        found[row.pk] = Replanned(
            due=due,
            won=brought,
            months=_plus(months_of(row), extra),
            carried=_plus(_carried(row), extra),
        )
    return found


def made_up(
    months: Amounts, lack: Decimal, *, closed: int, shortfall: str, season: Sequence[Decimal], least: Decimal
) -> Amounts:
    """
    Return what every month is to make up for.

    Shapes: months (12,), season (12,) or empty → (12,), zero in the `closed` first ones.  Units: lack is a multiple of least.
    Method: largest remainder over the months' own targets (carried forward) or over the season (spread); evenly where
    these are all zero.
    """
    if not lack or shortfall == Shortfall.DROP:
        return NOTHING_CARRIED
    last = min(closed + NEXT_MONTHS, 12) if shortfall == Shortfall.CARRY else 12
    weights = list((months if shortfall == Shortfall.CARRY else season)[closed:last])
    parts = split_amount(lack, weights if any(weights) else [Decimal(1)] * (last - closed), unit=least)
    return (*NOTHING_CARRIED[:closed], *parts, *NOTHING_CARRIED[last:])


def replan_lines(
    *, base: PlanVersion, user: User, effective_date: date, shortfall: str, as_of: date
) -> list[ReplanLine]:
    """Return the rows of a plan as a revision would make them, in the order of the grid."""
    grid = target_grid(version=base, user=user, as_of=as_of)
    targets = [row.target for row in grid.rows if row.target]
    found = replanned(base=base, targets=targets, effective_date=effective_date, shortfall=shortfall, as_of=as_of)
    return [ReplanLine(row, found[row.target.pk]) for row in grid.rows if row.target]


def _carried(target: Target) -> Amounts:
    return tuple(target.carried) if target.carried else NOTHING_CARRIED


def _plus(months: Amounts, extra: Amounts) -> Amounts:
    return tuple(month + more for month, more in zip(months, extra, strict=True))


def _rounded(amount: Decimal, least: Decimal) -> Decimal:
    return (amount / least).to_integral_value(ROUND_HALF_EVEN) * least
