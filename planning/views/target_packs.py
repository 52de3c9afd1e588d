"""The targets of a unit and of everybody below it, on paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from core.pages import AuthedRequest, page
from core.templatetags.formats import percent, with_sign
from planning import ladders, queries
from planning.models import Metric, TargetCarrier, TargetStrategy
from planning.queries import GridRow
from planning.queries.metrics import amount_text, definition_of, metric_of
from planning.queries.other_targets import OtherTarget
from planning.queries.target_packs import PackFacts, PackFunnel, pack_facts
from teams.models import OrgUnit

from .grid_lines import Line, Scale, chosen_scale, heads, lines
from .targets import today_of


@dataclass(frozen=True)
class Step:
    """One quarter of the ladder: what it brings, which share of the year, and how much above the quarter before."""

    number: int
    text: str
    share: str
    above: str


@dataclass(frozen=True)
class Other:
    """One target beside the plain ones, in words: whose, of what, and its months; money in what the pack shows money in."""

    name: str
    metric: str
    scope: str
    annual: str
    months: Sequence[str]
    achieved: str


@dataclass(frozen=True)
class Sheet:
    """
    One unit of the pack: its own line, those directly below, its ladder, and the months set by hand; then its other targets
    with those of everybody directly below, the strategies and people behind them, its funnel, and what counts as achieved.
    """

    own: Line
    below: Sequence[Line]
    steps: Sequence[Step]
    others: Sequence[Other]
    strategies: Sequence[TargetStrategy]
    carriers: Sequence[TargetCarrier]
    funnels: Sequence[PackFunnel]
    definitions: Sequence[tuple[str, str]]


@require_safe
def targets_print(request: AuthedRequest, version: int, unit: int) -> HttpResponse:
    """Show the pack of a unit for paper: its targets and those of everybody below, one sheet per unit."""
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    top = get_object_or_404(OrgUnit.objects.visible_to(request.user), pk=unit)
    plan = found.plan
    grid = queries.target_grid(version=found, user=request.user, as_of=today_of(plan))
    rows = {row.key: row for row in grid.rows}
    start = rows[queries.row_key(unit=top.pk)]
    mine = [row for row in grid.rows if row is start or start in queries.ancestors(rows, row.key)]
    scale = chosen_scale(plan.currency, request.GET.get("unit", ""), start.total)
    notes = queries.month_notes(row.target for row in mine if row.target is not None)
    told = pack_facts(
        version=found, user=request.user, as_of=grid.as_of, targets=[row.target.pk for row in mine if row.target]
    )
    shown = {line.row.key: line for line in lines(grid, scale, plan.currency, notes)}
    context = {
        "top": top,
        "version": found,
        "plan": plan,
        "grid": grid,
        "scale": scale,
        "heads": heads(grid.months),
        "sheets": [
            _sheet(
                row,
                [other for other in mine if other.parent == row.key],
                shown=shown,
                told=told,
                scale=scale,
                currency=plan.currency,
            )
            for row in mine
            if row.unit is not None
        ],
        "units": [row for row in grid.rows if row.unit is not None],
        "printed_by": request.user,
    }
    return page(request, "planning/targets_print.html", context)


def _sheet(
    row: GridRow, below: Sequence[GridRow], *, shown: Mapping[str, Line], told: PackFacts, scale: Scale, currency: str
) -> Sheet:
    others = [other for one in (row, *below) for other in told.others.get(one.key, ())]
    targets = [row.target.pk] if row.target else []
    targets += [other.target.pk for other in told.others.get(row.key, ())]
    revenue = metric_of(None)
    metrics = {revenue.code: revenue} | {other.metric.code: other.metric for other in others}
    people = {
        (carrier.person_id, carrier.role): carrier for target in targets for carrier in told.carriers.get(target, ())
    }
    serving = {link.strategy_id: link for target in targets for link in told.strategies.get(target, ())}
    return Sheet(
        own=shown[row.key],
        below=[shown[other.key] for other in below],
        steps=_steps(row, shown),
        others=[_other(other, scale, currency) for other in others],
        strategies=list(serving.values()),
        carriers=list(people.values()),
        funnels=told.funnels.get(row.target.pk, ()) if row.target else (),
        definitions=[(metric.label, definition_of(metric, currency)) for metric in metrics.values()],
    )


def _other(found: OtherTarget, scale: Scale, currency: str) -> Other:
    def told(amount: Decimal | None) -> str:
        is_money = found.metric.unit == Metric.Unit.MONEY
        return scale.text(amount) if is_money else amount_text(amount, found.metric, currency)

    return Other(
        name=found.name,
        metric=found.metric.label,
        scope=found.scope,
        annual=told(found.annual),
        months=[told(month) for month in queries.months_of(found.target)],
        achieved=told(found.actual),
    )


def _steps(row: GridRow, shown: Mapping[str, Line]) -> list[Step]:
    if row.quarters is None or not row.total:
        return []
    above = (None, *ladders.one_after_another(row.quarters))
    return [
        Step(
            quarter.number,
            quarter.text,
            percent(float(amount / (row.total or Decimal(1))), 1),
            with_sign(percent(step, 1)) if step is not None else "–",
        )
        for quarter, amount, step in zip(shown[row.key].quarters, row.quarters, above, strict=True)
    ]
