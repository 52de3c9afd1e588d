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
from typing import Protocol, TypeVar

from django.db.models import Q

from planning import policies
from planning.forecasting.reading import chance_of
from planning.models import Commitment, NodeForecast, PlanVersion, Target
from teams.models import User

from .capacity import capacity_of
from .forecasts import QUANTILES, YEAR, shown_run
from .outline import AT_ONCE, Node, Outline, company_outline, row_key


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
    """
    One row of the screen.

    :param target: the row of the version; None without one
    :param without: people and planned hires of a unit who have no full quota: not in its capacity, and not zero
    """

    spot: Node
    depth: int
    target: Target | None
    bottom_up: BottomUp
    capacity: Decimal | None
    without: int
    forecast: NodeForecast | None
    chance: float | None
    commitment: Commitment | None
    last: Commitment | None
    may_answer: bool
    leads_on: bool

    @property
    def lock_version(self) -> int:
        return self.target.lock_version if self.target else 0

    @property
    def kept_reason(self) -> str:
        return self.target.kept_reason if self.target else ""

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
    """
    A unit and those directly below it, AT_ONCE at a time; `path` leads from the top of what the reader sees to the unit.

    :param after: how many of the `count` rows directly below stand before those that are shown
    """

    version: PlanVersion
    path: Sequence[Node]
    lines: Sequence[Line]
    after: int
    count: int

    @property
    def shown(self) -> tuple[int, int]:
        """The first and the last of the rows below that are shown, counted from 1."""
        return self.after + 1, self.after + len(self.lines) - 1

    @property
    def next_after(self) -> int | None:
        return self.after + AT_ONCE if self.after + AT_ONCE < self.count else None

    @property
    def before(self) -> int | None:
        return max(self.after - AT_ONCE, 0) if self.after else None


def reconciled(*, version: PlanVersion, user: User, unit: int, as_of: date, after: int = 0) -> Reconciled:
    """
    Return the screen of a unit that the user leads. The number of queries does not depend on how many stand below.

    Sums are of everybody below; what is shown of a row is read for the rows that are shown.
    """
    outline = company_outline(version)
    key = row_key(unit=unit)
    children = outline.below.get(key, ())
    shown = [outline.nodes[place] for place in (key, *children[after : after + AT_ONCE])]
    said = Commitment.objects.filter(version=version)
    whose = Q(unit__in=[spot.unit for spot in shown if spot.unit is not None])
    whose |= Q(person__in=[spot.person for spot in shown if spot.person is not None])
    committed = {
        row_key(unit=unit, person=person): amount
        for unit, person, amount in said.newest_of_owner().values_list("unit", "person", "amount")
    }
    told = bottom_up(outline, committed)
    of_owner = _by_key(said.filter(whose).newest_of_owner())
    last = _by_key(said.filter(whose).newest().select_related("said_by"))
    targets = _by_key(Target.objects.plain().filter(whose, version=version))
    run = shown_run(version.plan)
    nights = NodeForecast.objects.filter(whose, run=run, period=YEAR) if run else NodeForecast.objects.none()
    night = _by_key(nights)
    capacity = capacity_of(version.plan, as_of=as_of, version=version)
    reach = policies.target_reach(user)
    lines = [
        Line(
            spot=spot,
            depth=0 if spot.key == key else 1,
            target=targets.get(spot.key),
            bottom_up=told[spot.key],
            capacity=capacity.total(unit=spot.unit, person=spot.person),
            without=there.without if (there := capacity.units.get(spot.unit or 0)) else 0,
            forecast=night.get(spot.key),
            chance=chance(night.get(spot.key), spot.total),
            commitment=of_owner.get(spot.key),
            last=last.get(spot.key),
            may_answer=reach.covers(unit=spot.unit, person=spot.person),
            leads_on=spot.unit is not None and spot.key != key,
        )
        for spot in shown
    ]
    path = [spot for spot in outline.path(key) if user.sees_everything or spot.unit in user.units_in_reach]
    return Reconciled(version, path, lines, after, len(children))


def bottom_up(outline: Outline, said: Mapping[str, Decimal]) -> dict[str, BottomUp]:
    """Return what is committed at every row, in one pass from below; said: the last amount of each owner, by key."""
    found: dict[str, BottomUp] = {}
    for key in reversed(list(outline.nodes)):
        children = [found[child].amount for child in outline.below.get(key, ())]
        amounts = [amount for amount in children if amount is not None]
        found[key] = BottomUp(
            committed=said.get(key),
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


class _Owned(Protocol):
    unit_id: int | None
    person_id: int | None


_Row = TypeVar("_Row", bound=_Owned)


def _by_key(rows: Iterable[_Row]) -> dict[str, _Row]:
    return {row_key(unit=row.unit_id, person=row.person_id): row for row in rows}
