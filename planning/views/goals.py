"""Funnel goals: the page, deriving them, deciding about one stage, the hours behind them, one's own for My day."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.access import require
from core.errors import DomainError, Invalid
from core.pages import AuthedRequest, carried_out, page, posted
from planning import policies, queries, services
from planning.forms import EffortForm, StageGoalForm, asked_goals
from planning.models import MONTHS, SETTLED, EffortSettings, PlanVersion, StageGoal
from planning.queries import forecasts, goal_load
from planning.queries import funnel_goals as sheets
from planning.queries.forecasts import Node
from planning.queries.funnel_goals import GoalSheet

from .asking import is_key
from .targets import today_of


@require_safe
def funnel_goals(request: AuthedRequest) -> HttpResponse:
    """Show the goals of every stage for a unit or person: month by month, what was reached, and whether the hours suffice."""
    try:
        sheet = asked_goals(request.GET, user=request.user, now=timezone.now())
    except Invalid:
        raise Http404 from None
    if sheet is None:
        return page(request, "planning/targets_empty.html", {"can_plan": policies.can_plan(request.user)})
    user, version, node = request.user, sheet.version, sheet.node
    may_set = version.status not in SETTLED and policies.can_set_target(
        user, version, unit=node.unit, person=node.person
    )
    return page(
        request,
        "planning/funnel_goals.html",
        {
            "sheet": sheet,
            "version": version,
            "versions": [other for other in queries.visible_versions(user) if other.plan_id == version.plan_id],
            "plan": version.plan,
            "node": node,
            "path": [(above.name, _url(version, above)) for above in forecasts.path_to(user, node)],
            "members": [(member, _url(version, member.node)) for member in sheet.members],
            "below": [] if sheet.members else _below(request, sheet),
            "may_set": may_set,
            "may_set_all": version.status not in SETTLED and user.is_manager,
            "may_set_hours": policies.can_plan(user),
            "heads": queries.fiscal_months(version.plan.fiscal_year),
            "export": f"{reverse('planning:funnel-goals-export', args=['csv'])}?{_query(version, node, sheet)}",
            "export_xlsx": f"{reverse('planning:funnel-goals-export', args=['xlsx'])}?{_query(version, node, sheet)}",
        },
    )


def _below(request: AuthedRequest, sheet: GoalSheet) -> list[tuple[str, str]]:
    """Units and people directly below that carry a target, where the node itself has no goals yet."""
    grid = queries.target_grid(version=sheet.version, user=request.user, as_of=sheet.as_of)
    own = f"unit-{sheet.node.unit.pk}" if sheet.node.unit else ""
    base = reverse("planning:funnel-goals")
    return [
        (row.name, f"{base}?{urlencode({'version': sheet.version.pk, **_who(row.unit, row.person)})}")
        for row in grid.rows
        if row.parent == own and row.target is not None
    ]


def _who(unit: int | None, person: int | None) -> dict[str, int]:
    return {"unit": unit} if unit is not None else {"person": person or 0}


def _query(version: PlanVersion, node: Node, sheet: GoalSheet | None = None) -> str:
    who = _who(node.unit.pk if node.unit else None, node.person.pk if node.person else None)
    asked: dict[str, int] = {"version": version.pk, **who}
    if sheet is not None and sheet.funnel is not None and len(sheet.pipelines) > 1:
        asked["pipeline"] = sheet.funnel.pipeline_id
    return urlencode(asked)


def _url(version: PlanVersion, node: Node) -> str:
    return f"{reverse('planning:funnel-goals')}?{_query(version, node)}"


@require_POST
def funnel_derive(request: AuthedRequest, version: int) -> HttpResponse:
    """Derive the goals of the unit or person in the body, else of everybody in reach."""
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    require(request.user.is_manager)
    keys = {name: request.POST.get(name, "") for name in ("unit", "person")}
    if any(key and not is_key(key) for key in keys.values()):
        raise Http404
    whole = not any(keys.values())
    node = forecasts.visible_node(request.user, **{name: int(key) if key else None for name, key in keys.items()})
    if node is None:
        raise Http404
    whose = Node() if whole else node
    try:
        done = services.derive_goals(
            version=found,
            actor=request.user,
            today=today_of(found.plan),
            now=timezone.now(),
            unit=whose.unit,
            person=whose.person,
        )
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        said = ngettext(
            "Funnel goals derived for %(n)s target.", "Funnel goals derived for %(n)s targets.", done.targets
        )
        messages.success(request, said % {"n": done.targets})
    back = node if not whole else forecasts.home_node(request.user)
    return redirect(_url(found, back))


@require_http_methods(["GET", "HEAD", "POST"])
def stage_goal_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    """Decide about one stage: counts, rate, time; with the derived figures beside the fields."""
    goals = StageGoal.objects.visible_to(request.user)
    goal = get_object_or_404(
        goals.select_related(
            "stage",
            "next_stage",
            "edited_by",
            "funnel__pipeline",
            "funnel__target__version__plan__fiscal_year",
            "funnel__target__unit",
            "funnel__target__person",
        ),
        pk=pk,
    )
    target = goal.funnel.target
    version, node = target.version, Node(unit=target.unit, person=target.person)
    require(policies.can_set_target(request.user, version, unit=target.unit, person=target.person))
    months = queries.fiscal_months(version.plan.fiscal_year)
    form = StageGoalForm(posted(request), goal=goal, months=months, initial=_decided(goal))
    if (
        form.is_bound
        and form.is_valid()
        and carried_out(form, services.edit_goal, goal=goal, actor=request.user, now=timezone.now()) is not None
    ):
        messages.success(request, _("The goals follow your decision."))
        return redirect(_url(version, node))
    context = {
        "form": form,
        "goal": goal,
        "node": node,
        "plan": version.plan,
        "version": version,
        "months": list(zip(months, form.month_fields, goal.count, goal.low, goal.high, strict=True)),
        "back": _url(version, node),
    }
    status = 422 if form.is_bound else 200
    return page(request, "planning/stage_goal_edit.html", context, status=status)


def _decided(goal: StageGoal) -> dict[str, Any]:
    typed = dict(zip(MONTHS, goal.typed_months or [None] * 12, strict=True))
    rate = None if goal.typed_rate is None else round(goal.typed_rate * 100, 3)
    return {**typed, "rate": rate, "days": goal.typed_days, "reason": goal.reason, "version": goal.version}


@require_http_methods(["GET", "HEAD", "POST"])
def funnel_effort(request: AuthedRequest) -> HttpResponse:
    """Show and set how many hours a deal takes at each stage, and how many a person has for selling."""
    require(policies.can_plan(request.user))
    settings = EffortSettings.objects.the_one()
    form = EffortForm(posted(request), efforts=goal_load.all_efforts(), settings=settings)
    if (
        form.is_bound
        and form.is_valid()
        and carried_out(form, services.set_effort, actor=request.user, now=timezone.now()) is not None
    ):
        messages.success(request, _("The hours are saved."))
        return redirect("planning:funnel-goals")
    status = 422 if form.is_bound else 200
    return page(request, "planning/funnel_effort.html", {"form": form, "settings": settings}, status=status)


@require_safe
def my_goals(request: AuthedRequest) -> HttpResponse:
    """Show one's own goals of the running month: a fragment that My day loads; nothing where there are none."""
    plan = queries.plan_on(request.user, timezone.localdate())
    version = plan.versions.in_force().first() if plan else None
    sheet = None
    if plan is not None and version is not None:
        node = Node(person=request.user)
        sheet = sheets.goal_sheet(version=version, node=node, user=request.user, as_of=today_of(plan))
    if (sheet is None or not sheet.lines) and request.htmx:
        return HttpResponse(status=204)
    this_month = _this_month(sheet, today_of(plan)) if sheet and plan else []
    return page(request, "planning/_my_goals.html", {"sheet": sheet, "this_month": this_month})


def _this_month(sheet: GoalSheet, day: date) -> list[tuple[sheets.GoalLine, sheets.Cell]]:
    place = sum(cell.month <= day for cell in sheet.lines[0].cells) - 1 if sheet.lines else -1
    return [(line, line.cells[place]) for line in sheet.lines] if place >= 0 else []
