"""
Do the people have the hours for their funnel goals? Hours per deal and stage against working days, with their origin.

Hours of a month = working days × hours a day × share for selling × people, who count as the capacity has them
(`capacity.heads_of`): by how far they have ramped up, how much of the time they are there, who is planned to come, and who is
expected to stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np
from django.utils.translation import gettext as _

from core.periods import month_start
from core.templatetags.formats import number, percent
from customers.models import Stage
from planning.forecasting import goals
from planning.models import EffortSettings, Plan, StageEffort, StageGoal
from teams.models import Capability

from .calendars import WorkCalendar
from .capacity import heads_of
from .forecasts import Node
from .rate_definitions import RateStage, rate_stages

# Hours that one deal takes at a stage, travel included, until somebody measures or decides otherwise.
LEAD_HOURS: Final = Decimal("0.50")
VISIT_HOURS: Final = Decimal("4.00")
QUOTE_HOURS: Final = Decimal("3.00")
ORDER_HOURS: Final = Decimal("2.00")
OTHER_HOURS: Final = Decimal("1.50")


@dataclass(frozen=True)
class Effort:
    """Hours of one stage, and who says so."""

    stage: Stage
    hours: Decimal
    default: Decimal
    is_set: bool

    @property
    def origin(self) -> str:
        return _("Set by the company") if self.is_set else _("Default of the product")


@dataclass(frozen=True)
class LoadLine:
    """One month: people there, of them still to be hired; hours needed (None = not measured) and had, share used."""

    month: date
    days: int
    people: float
    hires: float
    need: float | None
    have: float
    used: float | None


@dataclass(frozen=True)
class GoalLoad:
    """
    Twelve months of hours needed and had; what repairs the fullest month, the smallest change first, in words.

    Shapes: people (12,) in full-time people who are ramped up, `hires` of them still to be hired. `first`: the place of the
    running month; months that are over are shown and no longer judged, unless all are.
    """

    load: goals.Load
    efforts: Sequence[Effort]
    settings: EffortSettings
    people: Sequence[float]
    hires: Sequence[float]
    months: Sequence[date]
    days: Sequence[int]
    repairs: Sequence[str]
    first: int = 0

    @property
    def fullest(self) -> tuple[date, float] | None:
        """The fullest month still to come, and its share of the hours; None where it cannot be told."""
        used = self.load.used
        used[: self.first] = np.nan
        if np.isnan(used).all():
            return None
        at = int(np.nanargmax(used))
        return self.months[at], float(used[at])

    @property
    def lines(self) -> list["LoadLine"]:
        columns = (self.load.need, self.load.used)
        need, used = ([None if np.isnan(value) else value for value in column.tolist()] for column in columns)
        have = self.load.have.tolist()
        return [
            LoadLine(*line)
            for line in zip(self.months, self.days, self.people, self.hires, need, have, used, strict=True)
        ]


def efforts(stages: Sequence[Stage]) -> list[Effort]:
    """Return the hours of stages, in their order, set or by default. Two queries."""
    chosen = dict(StageEffort.objects.values_list("stage", "hours"))
    everything = list(Stage.objects.select_related("pipeline").order_by("pipeline_id", "position", "pk"))
    marks = rate_stages(everything)
    first = {stage.pipeline_id: stage.pk for stage in reversed(everything) if stage.is_open}
    found = []
    for stage in stages:
        default = _default(stage, marks.get(stage.pipeline_id), first.get(stage.pipeline_id))
        found.append(Effort(stage, chosen.get(stage.pk, default), default, is_set=stage.pk in chosen))
    return found


def all_efforts() -> list[Effort]:
    """Return the hours of all stages that goals are made for: open ones in use and won ones, pipeline by pipeline."""
    kinds = (Stage.Kind.OPEN, Stage.Kind.WON)
    stages = Stage.objects.in_use().filter(kind__in=kinds, pipeline__is_active=True).select_related("pipeline")
    return efforts(list(stages.order_by("pipeline__position", "pipeline", "kind", "position", "pk")))


def _default(stage: Stage, mark: RateStage | None, first: int | None) -> Decimal:
    if stage.kind == Stage.Kind.WON:
        return ORDER_HOURS
    if mark and mark.visit and mark.visit.pk == stage.pk:
        return VISIT_HOURS
    if mark and mark.quote and mark.quote.pk == stage.pk:
        return QUOTE_HOURS
    return LEAD_HOURS if stage.pk == first else OTHER_HOURS


def goal_load(rows: Sequence[StageGoal], *, plan: Plan, node: Node, months: Sequence[date], as_of: date) -> GoalLoad:
    """Hold the goals of one funnel against the hours of its people, month by month."""
    settings = EffortSettings.objects.the_one()
    heads = heads_of(plan, as_of=as_of)
    unit = node.unit.pk if node.unit else 0
    if node.person is not None and Capability.REP not in node.person.capabilities:
        people: tuple[float, ...] = (1.0,) * 12  # somebody with a target who does not sell for a living counts whole
    else:
        people = heads.of(unit=unit, person=node.person.pk if node.person else None)
    hires = heads.hires.get(unit, (0.0,) * 12)
    taken = efforts([row.stage for row in rows])
    days = WorkCalendar().by_month(tuple(months))
    hours = np.array([float(effort.hours) for effort in taken])
    each = float(settings.day_hours * settings.selling_share)
    load = goals.load_of(
        np.array([[np.nan if count is None else count for count in row.count] for row in rows]),
        hours,
        np.array(days) * each * np.array(people),
    )
    rates = np.array([row.rate or 1.0 for row in rows[:-1]])
    over = sum(month < month_start(as_of) for month in months)
    first = over if over < len(months) else 0
    several = np.array(people if node.unit else (0.0,) * 12)  # one's own hours are not mended by hiring
    found = goals.repairs(load, hours=hours, rates=rates, people=several, first=first)
    return GoalLoad(
        load, taken, settings, people, hires, months, days, [_said(repair, rows) for repair in found], first
    )


def _said(repair: goals.Repair, rows: Sequence[StageGoal]) -> str:
    stage = str(rows[repair.stage].stage)
    if repair.kind == "hours":
        return _(
            "%(stage)s: %(then)s hours per deal instead of %(now)s, for instance by remote visits or templates."
        ) % {
            "stage": stage,
            "then": number(repair.then, 1),
            "now": number(repair.now, 1),
        }
    if repair.kind == "rate":
        return _(
            "%(stage)s: a conversion of %(then)s instead of %(now)s, so that fewer deals are needed before it."
        ) % {
            "stage": stage,
            "then": percent(repair.then, 1),
            "now": percent(repair.now, 1),
        }
    return _("%(then)s ramped full-time people instead of %(now)s, hired early enough for that month.") % {
        "then": number(repair.then, 1),
        "now": number(repair.now, 1),
    }
