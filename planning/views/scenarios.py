"""Scenarios beside the baseline: levers, what they lead to, and the way into a draft."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.access import require
from core.pages import AuthedRequest, carried_out, page
from core.periods import month_start
from planning import charts, policies, queries, services
from planning.forms.scenarios import (
    AdoptScenarioForm,
    ChangeScenarioForm,
    DropScenarioForm,
    KeepScenarioForm,
    LeversForm,
)
from planning.models import SCENARIOS, PlanVersion, Scenario
from planning.queries import forecasts
from planning.queries.forecasts import Node
from planning.queries.scenario_targets import scenario_lines
from planning.queries.scenarios import SHOWN, PeriodPlay, Play, Wish, night_rows, plays
from teams.models import User

from .asking import node_in, version_in
from .targets import today_of

MONTHS_OF_A_YEAR = 12
LEVERS = ("win_rate", "price", "leads", "ramp", "hires", "hires_unit", "hires_month")


@dataclass(frozen=True)
class Column:
    """A scenario of the comparison: what is tried now (no row), or one that is kept."""

    name: str
    row: Scenario | None
    play: Play
    year: PeriodPlay | None
    query: str
    may_change: bool


@require_safe
def scenarios(request: AuthedRequest) -> HttpResponse:
    """Show what the published forecast becomes when levers are moved, beside up to three kept scenarios."""
    user = request.user
    require(policies.can_see_capacity(user))
    version, node = version_in(request), node_in(request)
    if version is None:
        return page(request, "planning/targets_empty.html", {"can_plan": policies.can_plan(user)})
    plan = version.plan
    run = forecasts.shown_run(plan)
    common: dict[str, Any] = {
        "version": version,
        "plan": plan,
        "node": node,
        "path": forecasts.path_to(user, node),
        "run": run,
    }
    if run is None:
        return page(request, "planning/scenarios.html", common)
    asked = any(name in request.GET for name in LEVERS)
    form = LeversForm(request.GET if asked else None, user=user, months=_months(version))
    tried = form.wish if asked and form.is_valid() else Wish()
    kept = list(Scenario.objects.visible_to(user).filter(version=version).select_related("author", "hires_unit"))
    rows = night_rows(run, user, node=node)
    found = plays(plan=plan, run=run, rows=rows, wishes=[tried, *map(Wish.of, kept)])
    columns = [_column(_("Tried now"), None, found[0], node, user)]
    columns += [_column(row.name, row, play, node, user) for row, play in zip(kept, found[1:], strict=True)]
    loaded = next((column for column in columns if column.row and str(column.row.pk) == request.GET.get("kept")), None)
    own = found[0].of(node)
    context = {
        **common,
        "form": form,
        "sliders": [(form[name], _shown(form, name)) for name in ("win_rate", "price", "leads", "ramp")],
        "columns": columns,
        "known": frozenset(User.objects.known_to(user).values_list("pk", flat=True)),  # whose names may be shown
        "tried": found[0],
        "base": own.get(forecasts.YEAR),
        "periods": [(period, own[period]) for period in SHOWN if period in own],
        "members": _members(found[0], rows, node),
        "chart": charts.scenario_chart(own, currency=plan.currency) if own else None,
        "room": SCENARIOS - len(kept),
        "loaded": loaded,
        "levers": [(name, request.GET.get(name, "")) for name in LEVERS],
        "can_plan": policies.can_plan(user),
    }
    return page(request, "planning/scenarios.html", context, fragment="planning/_scenario_result.html")


@require_POST
def scenario_keep(request: AuthedRequest, version: int) -> HttpResponse:
    """Keep the levers under a name."""
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    require(policies.can_keep_scenario(request.user))
    form = KeepScenarioForm(request.POST, user=request.user, months=_months(found))
    if form.is_valid() and carried_out(form, services.keep_scenario, version=found, actor=request.user):
        messages.success(request, _("The scenario is kept."))
    else:
        _tell(request, form)
    given = {name: request.POST[name] for name in LEVERS if request.POST.get(name)}
    return redirect(f"{reverse('planning:scenarios')}?{urlencode({'version': found.pk, **given})}")


@require_POST
def scenario_change(request: AuthedRequest, pk: int) -> HttpResponse:
    """Put the levers, and the name, in place of what a kept scenario was."""
    row = _scenario(request, pk)
    require(policies.can_keep_scenario(request.user, row))
    form = ChangeScenarioForm(request.POST, user=request.user, months=_months(row.version))
    if form.is_valid() and carried_out(form, services.change_scenario, scenario=row, actor=request.user):
        messages.success(request, _("The scenario is changed."))
    else:
        _tell(request, form)
    given = {name: request.POST[name] for name in LEVERS if request.POST.get(name)}
    return redirect(
        f"{reverse('planning:scenarios')}?{urlencode({'version': row.version_id, 'kept': row.pk, **given})}"
    )


@require_POST
def scenario_drop(request: AuthedRequest, pk: int) -> HttpResponse:
    """Remove a scenario."""
    row = _scenario(request, pk)
    require(policies.can_keep_scenario(request.user, row))
    form = DropScenarioForm(request.POST)
    if form.is_valid() and carried_out(form, services.drop_scenario, scenario=row, actor=request.user):
        messages.success(request, _("The scenario is removed."))
    else:
        _tell(request, form)
    return redirect(f"{reverse('planning:scenarios')}?version={row.version_id}")


@require_http_methods(["GET", "HEAD", "POST"])
def scenario_adopt(request: AuthedRequest, pk: int) -> HttpResponse:
    """Show the targets that a scenario supports, and begin a draft of the plan with them."""
    row = _scenario(request, pk)
    require(policies.can_plan(request.user))
    plan, as_of = row.version.plan, today_of(row.version.plan)
    months = queries.effective_months(plan, as_of)
    is_asked = len(months) < MONTHS_OF_A_YEAR
    given = request.POST if request.method == "POST" else None
    form = AdoptScenarioForm(given, is_asked=is_asked, initial={"lock_version": row.lock_version})
    if request.method == "POST" and form.is_valid():
        draft = carried_out(form, services.adopt_scenario, scenario=row, actor=request.user, as_of=as_of)
        if draft is not None:
            messages.success(request, _("The draft begins with the targets that the scenario supports."))
            return redirect(f"{reverse('planning:targets')}?version={draft.pk}")
    base, run = queries.revisable(plan), forecasts.shown_run(plan)
    context = {
        "scenario": row,
        "version": row.version,
        "plan": plan,
        "run": run,
        "base": base,
        "effective": next(iter(months), None),
        "form": form,
        "lines": scenario_lines(base=base, run=run, wish=Wish.of(row), user=request.user) if base and run else [],
    }
    status = 422 if request.method == "POST" else 200
    return page(request, "planning/scenario_adopt.html", context, status=status)


def _tell(request: AuthedRequest, form: Form) -> None:
    messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))


def _scenario(request: AuthedRequest, pk: int) -> Scenario:
    rows = Scenario.objects.visible_to(request.user).select_related("version__plan__fiscal_year", "hires_unit")
    return get_object_or_404(rows, pk=pk)


def _months(version: PlanVersion) -> list[date]:
    """The months in which somebody may start: those of the year that have not begun."""
    this = month_start(timezone.localdate())
    return [month for month in queries.fiscal_months(version.plan.fiscal_year) if month > this]


def _column(name: str, row: Scenario | None, play: Play, node: Node, user: Any) -> Column:
    wish = play.wish
    given = {
        "win_rate": round(wish.win_rate * 100),
        "price": round(wish.price * 100),
        "leads": round(wish.leads * 100),
        "ramp": round(wish.ramp * 100),
        "hires": wish.hires,
        "hires_unit": wish.unit.pk if wish.unit else "",
        "hires_month": wish.month.isoformat() if wish.month else "",
    }
    if row is not None:
        given["kept"] = row.pk
    may = row is not None and policies.can_keep_scenario(user, row)
    return Column(name, row, play, play.year(node), urlencode(given), may)


def _shown(form: LeversForm, name: str) -> float:
    given = form.cleaned_data.get(name) if form.is_bound and form.is_valid() else None
    return 1.0 if given is None else float(given)


def _members(play: Play, rows: list[Any], node: Node) -> list[tuple[str, str, PeriodPlay]]:
    """Name, query and year of the units directly below, as the tried levers leave them."""
    if node.unit is None:
        return []
    below = [
        row.unit for row in rows if row.period == forecasts.YEAR and row.unit and row.unit.parent_id == node.unit.pk
    ]
    found = []
    for unit in sorted(below, key=lambda unit: (unit.position, unit.name, unit.pk)):
        year = play.year(Node(unit=unit))
        if year is not None:
            found.append((unit.name, f"unit={unit.pk}", year))
    return found
