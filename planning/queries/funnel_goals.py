"""
Funnel goals as the page and My day show them: every stage month by month, what was reached so far, what contradicts what.

Goal to date = the goals of the months that are over, and of the running one the share of its working days that are over.
Attainment = deals that reached the stage so far ÷ goal to date.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from core.money import rounded_parts
from core.periods import month_start
from core.templatetags.formats import money, number, percent
from customers.models import Pipeline
from planning.forecasting import goals
from planning.models import FunnelGoals, PlanVersion, StageGoal, Target
from teams.models import Membership, User

from .actuals import unit_parents
from .calendars import WorkCalendar, fiscal_months
from .forecasts import Node
from .goal_load import GoalLoad, goal_load
from .goal_measures import Key, reached_by_month
from .goal_sums import orders, step_of, year_edges
from .milestones import milestones
from .targets import months_of

Ints = npt.NDArray[np.int64]
FEW = 20  # ended cases below which a rate is marked as thin


@dataclass(frozen=True)
class Cell:
    """One month of a stage: the goal with its interval, what must come new on top of the open deals, what was reached."""

    month: date
    goal: float | None
    low: float | None
    high: float | None
    new: float | None
    reached: int | None
    is_decided: bool
    shown: Decimal | None = None  # rounded so that the months shown add up to the year shown


@dataclass(frozen=True)
class GoalLine:
    """One stage: twelve months, their sum, what counts before the year, and how far it has come."""

    goal: StageGoal
    cells: tuple[Cell, ...]
    due: float | None
    reached: int

    @property
    def total(self) -> float | None:
        known = [cell.goal for cell in self.cells if cell.goal is not None]
        return sum(known) if len(known) == len(self.cells) else None

    @property
    def digits(self) -> int:
        """Decimals of its counts: one where a year brings a handful."""
        return 0 if self.total is None or self.total >= 30 else 1

    @property
    def before(self) -> float:
        return sum(count or 0.0 for count in self.goal.before)

    @property
    def months_before(self) -> int:
        """How many months before the year the first of it has to be there; half a deal and less is nobody."""
        counts = [index for index, count in enumerate(self.goal.before, 1) if (count or 0.0) >= 0.5]
        return max(counts, default=0)

    @property
    def attainment(self) -> float | None:
        return self.reached / self.due if self.due else None

    @property
    def is_behind(self) -> bool:
        return self.attainment is not None and self.attainment < 0.95

    @property
    def is_few(self) -> bool:
        return self.goal.ended_cases < FEW


@dataclass(frozen=True)
class MemberGoals:
    """A unit or person directly below: reached, goal to date (None = no goal) and the stage's name, stage by stage."""

    node: Node
    stages: tuple[tuple[int, float | None, str], ...]


@dataclass(frozen=True)
class GoalSheet:
    """Everything that the page shows of one unit or person in one version; without a funnel the target alone."""

    version: PlanVersion
    node: Node
    target: Target | None
    funnel: FunnelGoals | None
    pipelines: Sequence[Pipeline]
    as_of: date
    lines: tuple[GoalLine, ...] = ()
    members: tuple[MemberGoals, ...] = ()
    load: GoalLoad | None = None
    conflicts: tuple[str, ...] = ()
    is_stale: bool = False
    unmeasured: tuple[StageGoal, ...] = field(default=())

    @property
    def revenue(self) -> Decimal:
        """What of the target comes through this pipeline."""
        if self.funnel is None:
            return Decimal(0)
        return sum(self.funnel.months, Decimal(0)) * Decimal(repr(self.funnel.share))

    @property
    def orders_line(self) -> GoalLine | None:
        return self.lines[-1] if self.lines else None


@dataclass(frozen=True)
class _Ground:
    """What was reached in a version's year until a day: by unit or person and stage, (12,) counts; share of each month gone."""

    reached: Mapping[tuple[Key, int], Ints]
    due: tuple[float, ...]
    as_of: date


def goal_sheet(*, version: PlanVersion, node: Node, user: User, as_of: date, pipeline: int | None = None) -> GoalSheet:
    """Return the funnel of a unit or person, of the pipeline asked for, else of the one that brings most."""
    target = Target.objects.visible_to(user).plain().filter(version=version, unit=node.unit, person=node.person).first()
    funnels = FunnelGoals.objects.visible_to(user).filter(target__version=version).select_related("pipeline", "target")
    own = list(funnels.filter(target=target).order_by("-share", "pk")) if target else []
    pipelines = [funnel.pipeline for funnel in own]
    funnel = next((one for one in own if pipeline in (None, one.pipeline_id)), None)
    if funnel is None or target is None:
        return GoalSheet(version, node, target, None, pipelines, as_of)
    funnel.target = target
    rows = list(funnel.stages.select_related("stage", "next_stage", "edited_by", "lag_of"))
    ground = _ground(version, funnel.pipeline, as_of)
    months = fiscal_months(version.plan.fiscal_year)
    key: Key = ("unit", node.unit.pk) if node.unit else ("person", node.person.pk if node.person else 0)
    lines = tuple(_line(row, key, months, ground) for row in rows)
    return GoalSheet(
        version=version,
        node=node,
        target=target,
        funnel=funnel,
        pipelines=pipelines,
        as_of=as_of,
        lines=lines,
        members=tuple(_members(funnels, funnel.pipeline, node, user, ground)),
        load=goal_load(rows, plan=version.plan, node=node, months=months, as_of=as_of)
        if lines[0].total is not None
        else None,
        conflicts=tuple(contradictions(funnel, rows, version.plan.currency)),
        is_stale=tuple(funnel.months) != months_of(target),
        unmeasured=tuple(row for row in rows if row.next_stage_id and row.rate is None),
    )


def _ground(version: PlanVersion, pipeline: Pipeline, as_of: date) -> _Ground:
    year, plan = version.plan.fiscal_year, version.plan
    day = min(as_of, year.after_date - timedelta(days=1))
    months = fiscal_months(year)
    if as_of < year.first_date:
        return _Ground({}, (0.0,) * 12, as_of)
    found = milestones(since=year.first_date, as_of=day + timedelta(days=1), time_zone=plan.time_zone)
    here = found.get(pipeline)
    reached = reached_by_month(here, edges=year_edges(version)) if here else {}
    share = WorkCalendar().share_gone(month_start(day), day)
    due = tuple(1.0 if month < month_start(day) else share if month == month_start(day) else 0.0 for month in months)
    return _Ground(_with_subtrees(reached), due, as_of)


def _with_subtrees(direct: Mapping[tuple[Key, int], Ints]) -> dict[tuple[Key, int], Ints]:
    """Add what was reached in a unit to all units above; by people in no unit, to the company."""
    parents = unit_parents()
    root = next((unit for unit, above in parents.items() if above is None), None)
    out: dict[tuple[Key, int], Ints] = {}
    for ((kind, at), stage), counts in direct.items():
        chain: list[Key] = [("person", at)]
        if kind == "unit":
            unit, chain = (root if at < 0 else at), []
            while unit is not None:
                chain.append(("unit", unit))
                unit = parents.get(unit)
        for key in chain:
            out[key, stage] = out.get((key, stage), 0) + counts
    return out


def _line(row: StageGoal, key: Key, months: Sequence[date], ground: _Ground) -> GoalLine:
    reached = ground.reached.get((key, row.position), np.zeros(12, np.int64))
    decided = row.typed_months or [None] * 12
    begun = [month <= ground.as_of for month in months]
    columns = zip(months, row.count, row.low, row.high, row.new, begun, reached.tolist(), strict=True)
    cells = tuple(
        Cell(month, goal, low, high, new, here if seen else None, is_decided=typed is not None, shown=shown)
        for (month, goal, low, high, new, seen, here), typed, shown in zip(columns, decided, _shown(row), strict=True)
    )
    return GoalLine(row, cells, _due(row, ground), int(reached.sum()))


def _shown(row: StageGoal) -> Sequence[Decimal | None]:
    counts = [Decimal(repr(round(count, 6))) for count in row.count if count is not None]
    if len(counts) < len(row.count):
        return [None] * len(row.count)
    return rounded_parts(counts, unit=Decimal(1) if sum(counts) >= 30 else Decimal("0.1"))


def _due(row: StageGoal, ground: _Ground) -> float | None:
    counts = [count for count in row.count if count is not None]
    if len(counts) < 12 or not any(ground.due):
        return None
    return sum(count * share for count, share in zip(counts, ground.due, strict=True))


def _members(
    funnels: QuerySet[FunnelGoals], pipeline: Pipeline, node: Node, user: User, ground: _Ground
) -> list[MemberGoals]:
    if node.unit is None:
        return []
    people = Membership.objects.on(ground.as_of).filter(unit=node.unit).values("user")
    below = funnels.filter(Q(target__unit__parent=node.unit) | Q(target__person__in=people), pipeline=pipeline)
    below = below.select_related("target__unit", "target__person").prefetch_related("stages__stage")
    found = []
    for funnel in below.order_by("target__unit__position", "target__unit__name", "target__person__name", "pk"):
        target = funnel.target
        key: Key = ("unit", target.unit_id) if target.unit_id else ("person", target.person_id or 0)
        stages = tuple(
            (int(ground.reached.get((key, row.position), np.zeros(1)).sum()), _due(row, ground), str(row.stage))
            for row in funnel.stages.all()
        )
        found.append(MemberGoals(Node(unit=target.unit, person=target.person), stages))
    return found


def contradictions(funnel: FunnelGoals, rows: Sequence[StageGoal], currency: str) -> list[str]:
    """Say which decisions do not lead to what the target needs, by how much, and what would mend it."""
    said = []
    needed = float(orders(funnel).sum())
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        counts = [count for count in row.count if count is not None]
        if row.typed_months and len(counts) == 12:
            if after is None:
                said += _orders_apart(funnel, sum(counts), needed, currency)
            elif row.rate is not None and None not in after.count:
                said += _counts_apart(row, after, np.array(counts))
        if _is_outside(row):
            said.append(_rate_apart(row))
    return said


def _is_outside(row: StageGoal) -> bool:
    """Whether a decided rate lies outside the interval of the measured one."""
    if row.typed_rate is None or row.measured_low is None or row.measured_high is None:
        return False
    return not row.measured_low <= row.typed_rate <= row.measured_high


def _rate_apart(row: StageGoal) -> str:
    facts = {
        "stage": row.stage,
        "rate": percent(row.typed_rate, 1),
        "low": percent(row.measured_low, 1),
        "high": percent(row.measured_high, 1),
    }
    return _("%(stage)s: a rate of %(rate)s lies outside what was measured, %(low)s to %(high)s.") % facts


def _orders_apart(funnel: FunnelGoals, decided: float, needed: float, currency: str) -> list[str]:
    gap = decided - needed
    if funnel.mean_amount is None or abs(gap) < max(0.5, 0.005 * needed):
        return []
    facts = {
        "orders": number(decided, 1),
        "gap": money(abs(gap) * float(funnel.mean_amount), currency),
        "need": number(needed, 1),
    }
    if gap < 0:
        return [_("%(orders)s orders bring %(gap)s less than the target; it needs %(need)s.") % facts]
    return [_("%(orders)s orders bring %(gap)s more than the target; it needs %(need)s.") % facts]


def _counts_apart(row: StageGoal, after: StageGoal, counts: "npt.NDArray[np.float64]") -> list[str]:
    brings = float(goals.reached(counts, [step_of(row)]).sum())
    needs = sum(count or 0.0 for count in after.count)
    if abs(brings - needs) < max(0.5, 0.005 * needs) or not brings or row.rate is None:
        return []
    rate, count = row.rate * needs / brings, float(counts.sum()) * needs / brings
    facts = {
        "stage": row.stage,
        "count": number(float(counts.sum()), 1),
        "next": after.stage,
        "brings": number(brings, 1),
        "needs": number(needs, 1),
        "rate": percent(rate, 1),
        "wanted": number(count, 1),
    }
    if rate <= 1:
        return [
            _(
                "%(stage)s: %(count)s deals lead to %(brings)s at %(next)s, where %(needs)s are needed. It would take a "
                "rate of %(rate)s, or %(wanted)s deals."
            )
            % facts
        ]
    return [
        _(
            "%(stage)s: %(count)s deals lead to %(brings)s at %(next)s, where %(needs)s are needed. No rate reaches that; "
            "it takes %(wanted)s deals."
        )
        % facts
    ]
