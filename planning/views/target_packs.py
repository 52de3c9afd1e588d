"""The targets of a unit and of everybody below it, on paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from core.pages import AuthedRequest, page
from core.templatetags.formats import percent, with_sign
from planning import ladders, queries
from planning.queries import GridRow
from planning.queries.metrics import definition_of, metric_of
from teams.models import OrgUnit

from .grid_lines import Line, chosen_scale, heads, lines
from .targets import today_of


@dataclass(frozen=True)
class Step:
    """One quarter of the ladder: what it brings, which share of the year, and how much above the quarter before."""

    number: int
    text: str
    share: str
    above: str


@dataclass(frozen=True)
class Sheet:
    """One unit of the pack: its own line, those directly below, its ladder, and the months set by hand."""

    own: Line
    below: Sequence[Line]
    steps: Sequence[Step]


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
    shown = {line.row.key: line for line in lines(grid, scale, plan.currency, notes)}
    context = {
        "top": top,
        "version": found,
        "plan": plan,
        "grid": grid,
        "scale": scale,
        "heads": heads(grid.months),
        "sheets": [
            Sheet(shown[row.key], [shown[other.key] for other in mine if other.parent == row.key], _steps(row, shown))
            for row in mine
            if row.unit is not None
        ],
        "units": [row for row in grid.rows if row.unit is not None],
        "definition": definition_of(metric_of(None), plan.currency),
        "printed_by": request.user,
    }
    return page(request, "planning/targets_print.html", context)


def _steps(row: GridRow, shown: dict[str, Line]) -> list[Step]:
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
