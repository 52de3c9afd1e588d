"""
Top-down, bottom-up, capacity and forecast beside each other, for a unit and those directly below it.

Top-down: the target in the version. Bottom-up: what the owner committed; of a unit whose manager has not, the sum of what
stands below it, and how many of those have. Gaps are against the top-down number. Forecast: the median of the plan's year
as the last night saw it, and the chance of the top-down number read off its quantiles: of the draft's, not of the one in force.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from planning import policies
from planning.forecasting.reading import chance_of
from planning.models import Commitment, NodeForecast, PlanVersion
from teams.models import User

from .below import Spot, Tree, plan_tree
from .capacity import capacity_of
from .forecasts import QUANTILES, YEAR, shown_run
from .targets import row_key


@dataclass(frozen=True)
class BottomUp:
    """
    :param committed: what the owner committed; `below`: the sum of what stands directly below, None where nobody has told
    :param told: how many of `of` directly below have committed, themselves or by those below them
    """

    committed: Decimal | None
    below: Decimal | None
    told: int
    of: int

    @property
    def amount(self) -> Decimal | None:
        return self.below if self.committed is None else self.committed


@dataclass(frozen=True)
class Line:
    """One row of the screen."""

    spot: Spot
    depth: int
    planned: Decimal | None
    bottom_up: BottomUp
    capacity: Decimal | None
    forecast: NodeForecast | None
    chance: float | None
    commitment: Commitment | None
    last: Commitment | None
    may_answer: bool
    leads_on: bool

    @property
    def top_down(self) -> Decimal | None:
        return self.spot.total

    def gap(self, amount: Decimal | None) -> Decimal | None:
        """An amount less the top-down number."""
        return amount - self.top_down if amount is not None and self.top_down is not None else None

    @property
    def gap_below(self) -> Decimal | None:
        return self.gap(self.bottom_up.amount)

    @property
    def gap_capacity(self) -> Decimal | None:
        return self.gap(self.capacity)

    @property
    def gap_forecast(self) -> Decimal | None:
        return self.gap(self.forecast.p50 if self.forecast else None)

    @property
    def is_settled(self) -> bool:
        """The last word is an acceptance, and the draft still says so."""
        return self.last is not None and self.last.act == Commitment.Act.ACCEPT and self.last.amount == self.top_down


@dataclass(frozen=True)
class Reconciled:
    """A unit and those directly below it; `path` leads from the top of what the reader sees to the unit."""

    version: PlanVersion
    path: Sequence[Spot]
    lines: Sequence[Line]


def reconciled(*, version: PlanVersion, user: User, unit: int, as_of: date) -> Reconciled:
    """Return the screen of a unit that the user leads. The number of queries does not depend on how many stand below."""
    tree = plan_tree(version)
    key = row_key(unit=unit)
    shown = [tree.spots[key], *tree.children(key)]
    of_owner = _by_key(Commitment.objects.filter(version=version).newest_of_owner())
    told = bottom_up(tree, of_owner)
    last = _by_key(Commitment.objects.filter(version=version).newest().select_related("said_by"))
    run = shown_run(version.plan)
    nights = NodeForecast.objects.filter(run=run, period=YEAR) if run else NodeForecast.objects.none()
    night = {row_key(unit=row.unit_id, person=row.person_id): row for row in nights}
    capacity = capacity_of(version.plan, as_of=as_of, version=version)
    carried = {spot.key: capacity.total(**_whose(spot)) for spot in shown}
    reach = policies.target_reach(user)
    lines = [
        Line(
            spot=spot,
            depth=0 if spot.key == key else 1,
            planned=tree.planned(spot.key),
            bottom_up=told[spot.key],
            capacity=carried[spot.key],
            forecast=night.get(spot.key),
            chance=chance(night.get(spot.key), spot.total),
            commitment=of_owner.get(spot.key),
            last=last.get(spot.key),
            may_answer=reach.covers(**_whose(spot)),
            leads_on=bool(spot.unit and spot.key != key),
        )
        for spot in shown
    ]
    return Reconciled(version, _path(tree, key, user), lines)


def bottom_up(tree: Tree, said: Mapping[str, Commitment]) -> dict[str, BottomUp]:
    """Return what is committed at every spot of the tree, in one pass from below; said: the last of each owner, by key."""
    found: dict[str, BottomUp] = {}
    for spot in reversed(tree.in_order()):
        children = [found[child] for child in tree.below.get(spot.key, ())]
        amounts = [child.amount for child in children if child.amount is not None]
        own = said.get(spot.key)
        found[spot.key] = BottomUp(
            committed=own.amount if own else None,
            below=sum(amounts, Decimal("0.00")) if amounts else None,
            told=len(amounts),
            of=len(children),
        )
    return found


def chance(night: NodeForecast | None, amount: Decimal | None) -> float | None:
    """Return the chance that a year brings an amount, read off a night's quantiles; None without either."""
    if night is None or amount is None:
        return None
    if night.booked >= amount:
        return 1.0
    quantiles = [float(getattr(night, name)) for name in QUANTILES]
    return chance_of(float(amount), list(QUANTILES.values()), quantiles)


def _whose(spot: Spot) -> dict[str, int | None]:
    return {"unit": spot.unit.pk if spot.unit else None, "person": spot.person.pk if spot.person else None}


def _by_key(said: Iterable[Commitment]) -> dict[str, Commitment]:
    return {row_key(unit=word.unit_id, person=word.person_id): word for word in said}


def _path(tree: Tree, key: str, user: User) -> list[Spot]:
    """The units above, nearest last, as far as the user sees them."""
    path: list[Spot] = []
    at = tree.spots[key].parent
    while at is not None:
        spot = tree.spots[at]
        if spot.unit and (user.sees_everything or spot.unit.pk in user.units_in_reach):
            path.insert(0, spot)
        at = spot.parent
    return path
