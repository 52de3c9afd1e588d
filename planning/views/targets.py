"""The target grid, whose row an address names, and one's own pace."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from core.access import require
from core.pages import AuthedRequest, page
from planning import policies, queries, services
from planning.models import IN_THE_WORKS, Plan, PlanVersion, Target
from planning.queries import TargetGrid
from planning.queries.assignment import outside, spans
from planning.queries.forecasts import home_node
from planning.queries.outline import Folds
from teams.models import OrgUnit, User

from .asking import is_key
from .grid_lines import BEHIND, Scale, chosen_scale, facts, heads, lines, places_of, scales


def today_of(plan: Plan) -> date:
    """Return the business day of a plan: the clock and the plan's time zone, read at the door."""
    return timezone.localdate(timezone=ZoneInfo(plan.time_zone))


@require_safe
def targets(request: AuthedRequest) -> HttpResponse:
    """Show the grid of one version: the one asked for, else the one in force of the running year."""
    user = request.user
    asked = request.GET.get("version", "")
    if asked:
        key = int(asked) if is_key(asked) else 0
        version: PlanVersion | None = get_object_or_404(queries.visible_versions(user), pk=key)
    else:
        plan = queries.plan_on(user, timezone.localdate())
        version = queries.version_in_force(user, plan) if plan else None
    if version is None:
        return page(request, "planning/targets_empty.html", {"can_plan": policies.can_plan(user)})
    return page(request, "planning/targets.html", grid_context(request, version))


def grid_context(request: AuthedRequest, version: PlanVersion) -> dict[str, Any]:
    """Return what the grid's page shows of a version, in the unit and with the quarters that the address asks for."""
    user, plan = request.user, version.plan
    folds = Folds(unfolded=_unfolded(request), whole=request.GET.get("rows") == "all")
    grid = queries.target_grid(version=version, user=user, as_of=today_of(plan), folds=folds)
    nodes = grid.outline.nodes.values()
    scale = scale_of(request, grid)
    asked = [int(quarter) for quarter in request.GET.getlist("open") if quarter in {"1", "2", "3", "4"}]
    notes = queries.month_notes(row.target for row in grid.rows if row.target is not None)
    found = lines(grid, scale, plan.currency, notes)
    words = request.GET.get("find", "")[:80]
    versions = list(queries.visible_versions(user))
    may_plan = policies.can_plan(user)
    return {
        "grid": grid,
        "version": version,
        "plan": plan,
        "lines": found,
        "is_whole": len(found) == len(nodes),
        "unfolded": [line.row.key for line in found if line.row.below and line.is_open],
        "words": words,
        "found": places_of(grid, words, scale),
        "heads": heads(grid.months, version.closed_months if version.is_draft else 0),
        "open_quarters": asked or [grid.quarter],
        "scale": scale,
        "scales": scales(plan.currency),
        "facts": facts(grid, found, scale, plan.currency),
        "versions": versions,
        "draft": next((other for other in versions if other.status in IN_THE_WORKS and other.plan_id == plan.pk), None),
        "behind_below": BEHIND,
        "can_edit": version.is_draft and grid.may_set_any,
        "can_activate": may_plan and version.status == PlanVersion.Status.APPROVED,
        "can_submit": version.is_draft and user.is_manager,
        "can_revise": may_plan
        and version.status in {PlanVersion.Status.ACTIVE, PlanVersion.Status.APPROVED}
        and not any(other.status in IN_THE_WORKS and other.plan_id == plan.pk for other in versions),
        "can_plan": may_plan,
        "has_levels": any(node.has_levels for node in nodes),
        "outside": outside(nodes, spans(plan)),
        "overlay": _overlay(request, version, grid),
        "unknown": sum(row.won.unknown for row in grid.rows if row.parent is None),
    }


def _overlay(request: AuthedRequest, version: PlanVersion, grid: queries.TargetGrid) -> queries.OverlayCredit | None:
    """What is credited on top to those whom the grid shows, of the year until its day."""
    year, user = version.plan.fiscal_year, request.user
    node = home_node(user)
    after = min(grid.as_of + timedelta(days=1), year.after_date)
    return queries.overlay_credit(plan=version.plan, node=node, user=user, first=year.first_date, after=after)


def scale_of(request: AuthedRequest, grid: TargetGrid) -> Scale:
    """The unit that the address asks for, else the one that fits the largest target, drawn or not."""
    largest = max((node.total for node in grid.outline.nodes.values() if node.total is not None), default=None)
    return chosen_scale(grid.version.plan.currency, request.GET.get("unit", ""), largest)


def _unfolded(request: AuthedRequest) -> frozenset[str] | None:
    """The units that the address unfolds; None = it says nothing, and as many rows as fit are drawn."""
    return frozenset(request.GET.getlist("unfold")) if "unfold" in request.GET else None


@dataclass(frozen=True)
class Subject:
    """Whose target in which version: what an address names."""

    version: PlanVersion
    unit: OrgUnit | None
    person: User | None

    @property
    def arguments(self) -> dict[str, Any]:
        return {"version": self.version, "unit": self.unit, "person": self.person}

    @property
    def target(self) -> Target | None:
        return Target.objects.plain().filter(version=self.version, unit=self.unit, person=self.person).first()

    @property
    def url_arguments(self) -> dict[str, int]:
        of = {"unit": self.unit.pk} if self.unit else {"person": self.person.pk if self.person else 0}
        return {"version": self.version.pk, **of}

    def __str__(self) -> str:
        return str(self.unit or self.person)


def subject_of(request: AuthedRequest, version: int, unit: int | None, person: int | None) -> Subject:
    """Return what an address names, if the person may set it. Strangers get 404, others 403, settled versions 409."""
    user = request.user
    found = Subject(
        version=get_object_or_404(queries.visible_versions(user), pk=version),
        unit=get_object_or_404(OrgUnit.objects.visible_to(user), pk=unit) if unit is not None else None,
        person=get_object_or_404(User.objects.visible_to(user), pk=person) if person is not None else None,
    )
    require(policies.can_set_target(user, **found.arguments))
    if not found.version.is_draft:
        raise services.settled(found.version)
    return found


@require_safe
def my_pace(request: AuthedRequest) -> HttpResponse:
    """Show one's own quarter: a fragment that My day loads."""
    plan = queries.plan_on(request.user, timezone.localdate())
    pace = (
        queries.quarter_pace(plan=plan, person=request.user, user=request.user, as_of=today_of(plan)) if plan else None
    )
    if pace is None and request.htmx:
        return HttpResponse(status=204)  # My day keeps what it shows without a plan
    return page(request, "planning/_my_pace.html", {"pace": pace, "plan": plan})


def grid_url(subject: Subject) -> str:
    """Return where the grid of a row's version stands."""
    return f"{reverse('planning:targets')}?{urlencode({'version': subject.version.pk})}"
