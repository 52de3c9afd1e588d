"""Parts of the target grid: the rows below a unit that is unfolded, and where somebody stands in it."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from core.pages import AuthedRequest, page
from planning import queries
from planning.queries.outline import Folds
from teams.models import OrgUnit

from .asking import number_in
from .grid_lines import facts, lines, places_of
from .targets import scale_of, today_of


@require_safe
def targets_below(request: AuthedRequest, version: int, unit: int) -> HttpResponse:
    """Draw the rows directly below a unit, those after the first `after`: the grid's script puts them in their place."""
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    top = get_object_or_404(OrgUnit.objects.visible_to(request.user), pk=unit)
    folds = Folds(unfolded=(), below=queries.row_key(unit=top.pk), after=number_in(request, "after") or 0)
    grid = queries.target_grid(version=found, user=request.user, as_of=today_of(found.plan), folds=folds)
    scale, currency = scale_of(request, grid), found.plan.currency
    drawn = lines(grid, scale, currency, queries.month_notes(row.target for row in grid.rows if row.target is not None))
    context = {
        "version": found,
        "plan": found.plan,
        "lines": drawn,
        "scale": scale,
        "can_edit": found.is_draft and grid.may_set_any,
        "has_levels": any(node.has_levels for node in grid.outline.nodes.values()),
        "facts": facts(grid, drawn, scale, currency),
    }
    return page(request, "planning/_targets_part.html", context)


@require_safe
def targets_find(request: AuthedRequest, version: int) -> HttpResponse:
    """List the units and people of a grid whose name holds some words, each with the way to it."""
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    words = request.GET.get("find", "")[:80]
    grid = queries.target_grid(version=found, user=request.user, as_of=today_of(found.plan), folds=Folds(unfolded=()))
    context = {"words": words, "found": places_of(grid, words, scale_of(request, grid))}
    return page(request, "planning/_targets_found.html", context)
