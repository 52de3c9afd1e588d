"""Is every target SMART? One list for a version."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from core.pages import AuthedRequest, page
from planning import queries
from planning.queries import smart

from .targets import today_of


@require_safe
def targets_smart(request: AuthedRequest, version: int) -> HttpResponse:
    """List the five checks of every target that the person sees, with their evidence."""
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    rows = smart.smart_targets(version=found, user=request.user, as_of=today_of(found.plan))
    only = "open" in request.GET
    context = {
        "version": found,
        "plan": found.plan,
        "rows": [row for row in rows if row.is_open] if only else rows,
        "checks": list(smart.Check),
        "failed": sum(len(row.failed) for row in rows),
        "only": only,
        "stretch": smart.STRETCH,
        "soft": smart.SOFT,
    }
    return page(request, "planning/targets_smart.html", context)
