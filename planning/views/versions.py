"""Two versions of a plan beside each other."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from core.pages import AuthedRequest, page
from core.templatetags.formats import month_name
from planning import queries
from planning.models import Plan, PlanVersion
from planning.queries.metrics import amount_text
from planning.queries.other_targets import other_changes
from planning.queries.share_changes import share_changes
from teams.models import OrgUnit

from .asking import is_key
from .change_lines import change_lines
from .grid_lines import chosen_scale, scales
from .targets import today_of

LEVELS = {**dict(OrgUnit.Kind.choices), "person": _("Owner")}


def fiscal_month_names(plan: Plan) -> list[str]:
    """Return the twelve months of a plan's year in words."""
    return [month_name(month) for month in queries.fiscal_months(plan.fiscal_year)]


@require_safe
def versions_compare(request: AuthedRequest, pk: int) -> HttpResponse:
    """Compare the versions that the address names: by default the newest with the one that it was made from."""
    plan = get_object_or_404(Plan.objects.visible_to(request.user).select_related("fiscal_year"), pk=pk)
    versions = list(queries.visible_versions(request.user).filter(plan=plan))
    context: dict[str, Any] = {"plan": plan, "versions": versions, "changes": None}
    if len(versions) > 1:
        after = _asked(versions, request.GET.get("after", "")) or versions[0]
        before = _asked(versions, request.GET.get("before", "")) or _forerunner(versions, after)
        changes = queries.version_changes(before=before, after=after, user=request.user, as_of=today_of(plan))
        units = [row for row in changes.rows if row.unit is not None]
        under, level = request.GET.get("under", ""), request.GET.get("level", "")
        if under:
            changes = changes.below(int(under) if is_key(under) else 0)
        levels = [*dict.fromkeys(row.level for row in changes.rows)]
        if level in LEVELS:
            changes = changes.of_level(level)
        largest = max((row.total_after for row in changes.rows if row.total_after is not None), default=None)
        context |= {
            "changes": changes,
            "scale": chosen_scale(plan.currency, request.GET.get("unit", ""), largest),
            "scales": scales(plan.currency),
            "show_all": "all" in request.GET,
        }
        shown = changes.rows if context["show_all"] else changes.changed
        others = other_changes(before=before, after=after, user=request.user)
        context["others"] = [
            {
                "row": row,
                "before": amount_text(row.before, row.metric, plan.currency),
                "after": amount_text(row.after, row.metric, plan.currency),
                "change": amount_text(row.change, row.metric, plan.currency),
            }
            for row in others
        ]
        context |= {
            "shares": share_changes(before=before, after=after, user=request.user),
            "lines": change_lines(shown, context["scale"]),
            "total": change_lines([changes.total], context["scale"])[0] if level in LEVELS and changes.rows else None,
            "months": fiscal_month_names(plan) if "months" in request.GET else [],
            "units": units,
            "under": under,
            "level": level,
            "levels": [(name, LEVELS[name]) for name in levels if name in LEVELS],
        }
    return page(request, "planning/versions_compare.html", context)


def _asked(versions: list[PlanVersion], key: str) -> PlanVersion | None:
    """:raises Http404: for a version that is not among them"""
    if not key:
        return None
    found = next((version for version in versions if str(version.pk) == key), None)
    if found is None:
        raise Http404
    return found


def _forerunner(versions: list[PlanVersion], after: PlanVersion) -> PlanVersion:
    """The version that one was made from, where it can be seen, else the nearest other one."""
    others = [version for version in versions if version != after]
    made_from = next((version for version in others if version.pk == after.based_on_id), None)
    return made_from or min(others, key=lambda version: (abs(version.number - after.number), version.number))
