"""Beginning a year, activating a draft, revising what counts."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.access import require
from core.pages import AuthedRequest, carried_out, page
from core.periods import FiscalCalendar
from planning import policies, queries, services
from planning.forms import ActivateForm, BeginYearForm, ReviseForm
from planning.models import Plan, PlanVersion
from teams.models import Company

from .targets import today_of


@require_http_methods(["GET", "HEAD", "POST"])
def plan_new(request: AuthedRequest) -> HttpResponse:
    """Ask what the year must bring, and begin it with that one number."""
    require(policies.can_plan(request.user))
    company = Company.objects.the_one()
    if request.method != "POST":
        year = FiscalCalendar(company.fiscal_start_month).year_of(timezone.localdate())
        taken = set(Plan.objects.visible_to(request.user).values_list("fiscal_year__year", flat=True))
        while year in taken:
            year += 1
        form = BeginYearForm(initial={"year": year, "start_month": company.fiscal_start_month})
        return page(request, "planning/plan_new.html", {"form": form, "company": company})
    form = BeginYearForm(request.POST)
    if form.is_valid():
        version = carried_out(form, services.begin_year, actor=request.user)
        if version is not None:
            messages.success(request, _("The year has its number. Now spread it over units and people."))
            return redirect(_grid_url(version))
    return page(request, "planning/plan_new.html", {"form": form, "company": company}, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
def plan_activate(request: AuthedRequest, pk: int) -> HttpResponse:
    """List the gaps of a draft and make it count."""
    version = get_object_or_404(queries.visible_versions(request.user), pk=pk)
    require(policies.can_plan(request.user))
    if not version.is_draft:
        raise services.PlanIsActive()
    form = ActivateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        active = carried_out(form, services.activate_version, version=version, actor=request.user)
        if active is not None:
            messages.success(request, _("Version %(number)d counts from now on.") % {"number": active.number})
            return redirect(_grid_url(active))
    status = 422 if request.method == "POST" else 200
    return page(request, "planning/plan_activate.html", _gaps_context(request, version, form), status=status)


@require_POST
def plan_revise(request: AuthedRequest, pk: int) -> HttpResponse:
    """Begin a new draft with the targets of the active version."""
    plan = get_object_or_404(Plan.objects.visible_to(request.user), pk=pk)
    require(policies.can_plan(request.user))
    form = ReviseForm(request.POST)
    if form.is_valid():
        draft = carried_out(form, services.revise_plan, plan=plan, actor=request.user)
        if draft is not None:
            return redirect(_grid_url(draft))
    for errors in form.errors.values():
        messages.error(request, " ".join(map(str, errors)))
    return redirect("planning:targets")


def _gaps_context(request: AuthedRequest, version: PlanVersion, form: ActivateForm) -> dict[str, Any]:
    grid = queries.target_grid(version=version, user=request.user, as_of=today_of(version.plan))
    former = version.plan.versions.active().first()
    return {
        "version": version,
        "plan": version.plan,
        "gaps": grid.gaps,
        "company": next((row for row in grid.rows if row.level == "company"), None),
        "without": [row for row in grid.rows if row.total is None],
        "former": former,
        "form": form,
        "seen": services.targets_state(version),
        "grid_url": _grid_url(version),
    }


def _grid_url(version: PlanVersion) -> str:
    return f"{reverse('planning:targets')}?{urlencode({'version': version.pk})}"
