"""What stands in the pack of a unit beside its grid: other targets, strategies and people behind targets, funnel goals."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from planning.models import FunnelGoals, PlanVersion, StageGoal, TargetCarrier, TargetStrategy
from teams.models import User

from .other_targets import OtherTarget, other_targets
from .outline import row_key


@dataclass(frozen=True)
class StageLine:
    """One stage of a funnel: what must reach it per quarter and in the year, None = not measured."""

    goal: StageGoal
    quarters: tuple[float | None, ...]

    @property
    def total(self) -> float | None:
        known = [part for part in self.quarters if part is not None]
        return sum(known) if len(known) == len(self.quarters) else None

    @property
    def digits(self) -> int:
        """Decimals of its counts: one where a year brings a handful."""
        return 0 if self.total is None or self.total >= 30 else 1


@dataclass(frozen=True)
class PackFunnel:
    """The funnel of a target through one pipeline."""

    funnel: FunnelGoals
    stages: tuple[StageLine, ...]


@dataclass(frozen=True)
class PackFacts:
    """
    Of a whole version, as one person sees it.

    :param others: by key of the row, the targets beside the plain ones
    :param strategies, carriers, funnels: by key of the target
    """

    others: Mapping[str, Sequence[OtherTarget]]
    strategies: Mapping[int, Sequence[TargetStrategy]]
    carriers: Mapping[int, Sequence[TargetCarrier]]
    funnels: Mapping[int, Sequence[PackFunnel]]


def pack_facts(*, version: PlanVersion, user: User, as_of: date, targets: Iterable[int]) -> PackFacts:
    """
    Return what the packs of a version say besides the grid.

    :param targets: keys of the plain targets of which strategies, people and funnels are asked, all of them visible
    """
    others = defaultdict(list)
    for row in other_targets(version=version, user=user, as_of=as_of).rows:
        others[row_key(unit=row.target.unit_id, person=row.target.person_id)].append(row)
    wanted = {*targets, *(row.target.pk for rows in others.values() for row in rows)}
    strategies, carriers, funnels = defaultdict(list), defaultdict(list), defaultdict(list)
    named = TargetStrategy.objects.filter(target__in=wanted).exclude(strategy__status="dropped")
    for link in named.select_related("strategy__owner").order_by("strategy__name"):
        strategies[link.target_id].append(link)
    for carrier in TargetCarrier.objects.filter(target__in=wanted).select_related("person").order_by("person__name"):
        carriers[carrier.target_id].append(carrier)
    found = FunnelGoals.objects.filter(target__in=wanted).select_related("pipeline").order_by("-share", "pk")
    for funnel in found.prefetch_related("stages__stage", "stages__next_stage"):
        rows = tuple(StageLine(goal, _by_quarter(goal.count)) for goal in funnel.stages.all())
        funnels[funnel.target_id].append(PackFunnel(funnel, rows))
    return PackFacts(others, strategies, carriers, funnels)


def _by_quarter(count: Sequence[float | None]) -> tuple[float | None, ...]:
    """Return the sums of quarters; None where a month is not measured. Shapes: (12,) → (4,)"""
    parts = [count[first : first + 3] for first in range(0, 12, 3)]
    return tuple(None if None in part or not part else sum(value or 0.0 for value in part) for part in parts)
