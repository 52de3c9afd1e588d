"""Targets beside the plain ones: of other metrics and of parts of the sales, each with what was achieved of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import F

from core.money import CENT
from core.periods import month_start
from planning.models import Metric, PlanVersion, Target
from teams.models import User

from .actuals import Achieved, Cell, metric_actuals
from .calendars import WorkCalendar, fiscal_months
from .metrics import definition_of, metric_of
from .scopes import Trees, achieved_of, covers, scope_words, trees
from .targets import months_of, target_to_date

LINKED = ("unit", "person", "metric__stage", "metric__from_stage", "product", "region")
_REVENUE_FIRST = F("metric__position").asc(nulls_first=True)
_SCOPE_COLUMNS = ("metric_id", "product_id", "region_id", "tier")


@dataclass(frozen=True)
class OtherTarget:
    """
    One target that is no plain one, and what was achieved of it up to a day.

    :param annual: the year's amount or count; of a rate the mean of its months, in per cent
    :param to_date: what is due of it on the day; None before the year
    """

    target: Target
    metric: Metric
    scope: str
    annual: Decimal
    to_date: Decimal | None
    achieved: Achieved

    @property
    def name(self) -> str:
        return str(self.target.unit or self.target.person)

    @property
    def actual(self) -> Decimal | None:
        """What was achieved, in the unit of the metric; None for a rate of nothing."""
        return measured(self.achieved, self.metric)

    @property
    def attainment(self) -> float | None:
        """Achieved ÷ due; None where nothing is due yet or nothing is known."""
        return float(self.actual / self.to_date) if self.actual is not None and self.to_date else None


@dataclass(frozen=True)
class Reconciliation:
    """
    Where all that a metric counted went. The parts add up to the total.

    :param carried: under a target of a person, of a unit, or of a part of the company's sales
    :param company: under nothing but the company's target of everything
    :param outside: under no target at all
    :param unassigned: by people who were in no unit that day and have no target of their own
    """

    metric: Metric
    carried: Achieved = field(default_factory=Achieved)
    company: Achieved = field(default_factory=Achieved)
    outside: Achieved = field(default_factory=Achieved)
    unassigned: Achieved = field(default_factory=Achieved)

    @property
    def total(self) -> Achieved:
        return self.carried + self.company + self.outside + self.unassigned


@dataclass(frozen=True)
class OtherTargets:
    """The targets beside the plain ones that a person sees, where everything went, and what each metric counts."""

    version: PlanVersion
    as_of: date
    rows: Sequence[OtherTarget]
    reconciled: Sequence[Reconciliation]
    definitions: Sequence[tuple[Metric, str]]


def other_targets(*, version: PlanVersion, user: User, as_of: date) -> OtherTargets:
    """
    Return the targets beside the plain ones as one person sees them, with what was achieved up to a day.

    One query per metric, whatever the number of targets. Where everything went is told to those who see everything.
    """
    plan, year = version.plan, version.plan.fiscal_year
    seen = Target.objects.visible_to(user).other().filter(version=version)
    targets = list(seen.select_related(*LINKED).order_by(_REVENUE_FIRST, "unit__name", "person__name", "pk"))
    revenue = metric_of(None)
    metrics = {revenue.code: revenue} | {target.metric.code: target.metric for target in targets if target.metric}
    after = min(year.after_date, as_of + timedelta(days=1))
    cells = {
        code: metric_actuals(metric=metric, first=year.first_date, after=after, time_zone=plan.time_zone)
        if after > year.first_date
        else []
        for code, metric in metrics.items()
    }
    places = trees()
    due = _due(version, as_of)
    rows = [
        OtherTarget(
            target=target,
            metric=metrics[target.metric_code],
            scope=scope_words(target),
            annual=annual_of(target),
            to_date=due(target),
            achieved=achieved_of(target, cells[target.metric_code], places),
        )
        for target in targets
    ]
    return OtherTargets(
        version=version,
        as_of=as_of,
        rows=rows,
        reconciled=_reconciled(version, metrics, cells, places) if user.sees_everything else [],
        definitions=[(metric, definition_of(metric, plan.currency)) for metric in metrics.values()],
    )


def measured(achieved: Achieved, metric: Metric) -> Decimal | None:
    """Return what was achieved in the unit of a metric, of a rate in per cent; None for a rate of nothing."""
    if metric.adds_up:
        return achieved.value
    return None if achieved.rate is None else Decimal(repr(round(100 * achieved.rate, 2)))


def annual_of(target: Target) -> Decimal:
    """Return what a target asks for in the year: the sum of its months, of a rate their mean."""
    return target.asked


class _due:  # noqa: N801  # reads as the function that it is: `due(target)`
    """How much of a target of a version is due at the end of a day: the calendar is read once."""

    def __init__(self, version: PlanVersion, as_of: date) -> None:
        year = version.plan.fiscal_year
        self.months = fiscal_months(year)
        self.day = min(as_of, year.after_date - timedelta(days=1))
        self.has_begun = as_of >= year.first_date
        self.share = WorkCalendar().share_gone(month_start(self.day), self.day) if self.has_begun else 0.0

    def __call__(self, target: Target) -> Decimal | None:
        if not self.has_begun:
            return None
        amounts = months_of(target)
        if target.scope.adds_up:
            return target_to_date(amounts, self.months, self.day, self.share)
        begun = [amount for amount, month in zip(amounts, self.months, strict=True) if month <= self.day]
        return (sum(begun, Decimal(0)) / len(begun)).quantize(CENT)


def _reconciled(
    version: PlanVersion, metrics: Mapping[str, Metric], cells: Mapping[str, Sequence[Cell]], places: Trees
) -> list[Reconciliation]:
    every = list(Target.objects.filter(version=version).select_related("metric"))
    found = []
    for code, metric in metrics.items():
        targets = [target for target in every if target.metric_code == code]
        parts: dict[str, Achieved] = {}
        for cell in cells[code]:
            part = _part(cell, targets, places)
            parts[part] = parts.get(part, Achieved()) + cell.achieved
        found.append(Reconciliation(metric, **parts))
    return found


def _part(cell: Cell, targets: Sequence[Target], places: Trees) -> str:
    covering = [target for target in targets if covers(target, cell, places)]
    if any(not _is_of_everything(target, places) for target in covering):
        return "carried"
    if cell.unit is None:
        return "unassigned"
    return "company" if covering else "outside"


def _is_of_everything(target: Target, places: Trees) -> bool:
    """Is it the company's own target of all sales?"""
    narrowed = target.product_id or target.region_id or target.tier
    return target.unit_id is not None and target.unit_id == places.root and not narrowed


@dataclass(frozen=True)
class OtherChange:
    """A target beside the plain ones in two versions: what the year asks for; None = none there, not zero."""

    name: str
    metric: Metric
    scope: str
    before: Decimal | None
    after: Decimal | None

    @property
    def change(self) -> Decimal | None:
        return None if self.before is None or self.after is None else self.after - self.before


def other_changes(*, before: PlanVersion, after: PlanVersion, user: User) -> list[OtherChange]:
    """Return the targets beside the plain ones that two versions of one plan do not have alike, as one person sees them."""
    found: dict[tuple[object, ...], dict[int, Target]] = {}
    rows = Target.objects.visible_to(user).other().filter(version__in=[before, after])
    for target in rows.select_related(*LINKED).order_by(_REVENUE_FIRST, "unit__name", "person__name", "pk"):
        key = (target.unit_id, target.person_id, *(getattr(target, name) for name in _SCOPE_COLUMNS))
        found.setdefault(key, {})[target.version_id] = target
    pairs = [(row.get(before.pk), row.get(after.pk), next(iter(row.values()))) for row in found.values()]
    return [
        OtherChange(
            name=str(one.unit or one.person),
            metric=metric_of(one.metric),
            scope=scope_words(one),
            before=annual_of(was) if was else None,
            after=annual_of(now) if now else None,
        )
        for was, now, one in pairs
        if was is None or now is None or months_of(was) != months_of(now)
    ]
