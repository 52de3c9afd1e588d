"""
The targets that a scenario supports: all to come, scaled by what the scenario expects of the node ÷ what the night does.

Down the tree, month by month: the company first, then what is planned below a unit keeps its share of the unit's target (parts
that added up still do, to the smallest unit of the currency), divided among those below by their own scaled amounts, largest
remainder. What is locked stays, and the others share the rest: months set by hand, locked totals, kept rows. Months that are
over or running stay for everybody, and what a month makes up for earlier ones is neither scaled nor lost. People in no unit
keep theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.models import JobRun
from core.money import CENT, smallest_unit, split_amount
from core.periods import month_start
from planning.models import MONTHS, Plan, PlanVersion, Target
from teams.models import User

from .below import Spot, Tree, plan_tree
from .calendars import fiscal_months
from .forecasts import MONTH_PERIODS
from .scenarios import Play, Wish, night_rows, plays
from .targets import Amounts, months_of

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Supported:
    """
    A target as it is and as a scenario would have it.

    :param is_locked: somebody fixed it, so the scenario leaves all of it
    """

    name: str
    depth: int
    target: Target
    months: Amounts
    is_locked: bool

    @property
    def total(self) -> Decimal:
        return sum(self.months, NOTHING)

    @property
    def change(self) -> Decimal:
        return self.total - self.target.total

    @property
    def has_changed(self) -> bool:
        return self.months != months_of(self.target)


def supported(*, plan: Plan, tree: Tree, play: Play, night: date) -> list[Supported]:
    """
    Return the plain targets of a tree as a scenario supports them, in tree order.

    :param night: the day of the forecast that the scenario moves; its month and those before stay
    """
    ordered = tree.in_order()
    least = max(CENT, smallest_unit(plan.currency))
    ahead = [month > month_start(night) for month in fiscal_months(plan.fiscal_year)]
    found = {spot.key: list(months_of(spot.target)) for spot in ordered if spot.target}
    for place, is_ahead in enumerate(ahead):
        if is_ahead:
            _scale_month(_Month(tree, play, place, least), found)
    depths = _depths(tree)
    return [
        Supported(spot.name, depths[spot.key], spot.target, tuple(found[spot.key]), _is_fixed(spot.target))
        for spot in ordered
        if spot.target
    ]


def scenario_lines(*, base: PlanVersion, run: JobRun, wish: Wish, user: User) -> list[Supported]:
    """Return the targets of a version as a scenario would have them, as one person sees them: what a draft would begin with."""
    (play,) = plays(plan=base.plan, run=run, rows=night_rows(run, user), wishes=[wish])
    seen = set(Target.objects.visible_to(user).plain().filter(version=base).values_list("pk", flat=True))
    rows = supported(plan=base.plan, tree=plan_tree(base), play=play, night=run.business_date)
    return [row for row in rows if row.target.pk in seen]


@dataclass(frozen=True)
class _Month:
    """One month of the year: what each target asks for in it, what of it may move, and by how much it would."""

    tree: Tree
    play: Play
    place: int
    least: Decimal

    def own(self, spot: Spot) -> Decimal | None:
        """What the month asks for besides what it makes up for; None without a target."""
        return spot.target.own_months[self.place] if spot.target else None

    def carried(self, spot: Spot) -> Decimal:
        return months_of(spot.target)[self.place] - (self.own(spot) or NOTHING) if spot.target else NOTHING

    def stays(self, spot: Spot) -> bool:
        target = spot.target
        return target is not None and (_is_fixed(target) or MONTHS[self.place] in target.overrides)

    def wanted(self, spot: Spot) -> Decimal:
        """The own amount, scaled by what the scenario makes of the node's month."""
        amount = self.own(spot) or NOTHING
        period = self.play.by_key.get(spot.key, {}).get(MONTH_PERIODS[self.place])
        if self.stays(spot) or period is None or not period.row.expected:
            return amount
        return amount * Decimal(repr(period.moved.expected)) / period.row.expected

    def rounded(self, amount: Decimal) -> Decimal:
        return (amount / self.least).to_integral_value() * self.least


def _scale_month(month: _Month, found: Mapping[str, list[Decimal]]) -> None:
    settled: dict[str, Decimal] = {}
    for spot in month.tree.in_order():
        if spot.target is not None and spot.key not in settled:
            settled[spot.key] = month.own(spot) or NOTHING if month.stays(spot) else month.rounded(month.wanted(spot))
        if spot.target is not None:
            settled.update(_below(month, spot, settled[spot.key]))
            found[spot.key][month.place] = settled[spot.key] + month.carried(spot)


def _below(month: _Month, spot: Spot, amount: Decimal) -> dict[str, Decimal]:
    """Divide what those directly below a unit had of it among them; nothing where it had no amount that they were part of."""
    children = [child for child in month.tree.children(spot.key) if child.target is not None]
    planned = sum((month.own(child) or NOTHING for child in children), NOTHING)
    before = month.own(spot) or NOTHING
    if not planned or not before:
        return {}
    fixed = {child.key: month.own(child) or NOTHING for child in children if month.stays(child)}
    free = [child for child in children if child.key not in fixed]
    rest = month.rounded(amount * planned / before - sum(fixed.values(), NOTHING))
    weights = [month.wanted(child) for child in free]
    if rest < 0 or not any(weights):
        return fixed
    return fixed | dict(zip([child.key for child in free], split_amount(rest, weights, unit=month.least), strict=True))


def _is_fixed(target: Target) -> bool:
    return target.total_locked or bool(target.kept_reason)


def _depths(tree: Tree) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for spot in tree.in_order():
        found[spot.key] = found.get(spot.parent or "", -1) + 1
    return found
