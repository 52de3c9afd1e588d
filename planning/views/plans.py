"""Beginning a year, activating what was approved, revising what counts, closing a year."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.access import require
from core.pages import AuthedRequest, carried_out, page, posted
from core.periods import FiscalCalendar
from planning import policies, queries, services
from planning.forms import ActOnVersionForm, BeginYearForm, FiscalStartForm
from planning.models import IN_THE_WORKS, PlanVersion
from teams.models import Company

from .targets import today_of


@require_http_methods(["GET", "HEAD", "POST"])
def plan_new(request: AuthedRequest) -> HttpResponse:
    """Ask what the year must bring, and begin it with that one number."""
    require(policies.can_plan(request.user))
    company = Company.objects.the_one()
    if request.method != "POST":
        year = queries.next_year(company.fiscal_start_month, timezone.localdate())
        form = BeginYearForm(initial={"year": year, "start_month": company.fiscal_start_month})
        return page(request, "planning/plan_new.html", {"form": form, "company": company})
    form = BeginYearForm(request.POST)
    if form.is_valid():
        version = carried_out(form, services.begin_year, actor=request.user)
        if version is not None:
            messages.success(request, _("The year has its number. Now spread it over units and people."))
            return redirect(grid_url_of(version))
        if isinstance(getattr(form, "refusal", None), services.YearsLeaveAGap):
            form.ask_about_the_gap()
    return page(request, "planning/plan_new.html", {"form": form, "company": company}, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
def fiscal_calendar(request: AuthedRequest) -> HttpResponse:
    """Show the fiscal years that are open, and let those to come begin in another month."""
    require(policies.can_plan(request.user))
    company = Company.objects.the_one()
    form = FiscalStartForm(posted(request), initial={"start_month": company.fiscal_start_month})
    if form.is_valid() and carried_out(form, services.change_fiscal_start, actor=request.user) is not None:
        messages.success(request, _("Kept. Years that are open stay as they are."))
        return redirect("planning:fiscal-calendar")
    following = queries.next_year(company.fiscal_start_month, timezone.localdate())
    first = FiscalCalendar(company.fiscal_start_month).year(following).first
    context = {
        "form": form,
        "years": queries.fiscal_years(),
        "following": following,
        "first": first,
        "gap": queries.months_before(first),
    }
    return page(request, "planning/fiscal_calendar.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def plan_activate(request: AuthedRequest, pk: int) -> HttpResponse:
    """List the gaps of an approved version and make it count."""
    version = get_object_or_404(queries.visible_versions(request.user), pk=pk)
    require(policies.can_plan(request.user))
    if version.status in IN_THE_WORKS:
        raise services.PlanIsNotApproved()
    if version.status != PlanVersion.Status.APPROVED:
        raise services.PlanIsActive()
    form = ActOnVersionForm(posted(request))
    if form.is_valid():
        active = carried_out(form, services.activate_version, version=version, actor=request.user)
        if active is not None:
            messages.success(request, _("Version %(number)d counts from now on.") % {"number": active.number})
            return redirect(grid_url_of(active))
    status = 422 if request.method == "POST" else 200
    return page(request, "planning/plan_activate.html", _gaps_context(request, version, form), status=status)


@require_POST
def version_close(request: AuthedRequest, pk: int) -> HttpResponse:
    """Close a plan whose year is over."""
    version = get_object_or_404(queries.visible_versions(request.user), pk=pk)
    require(policies.can_plan(request.user))
    form = ActOnVersionForm(request.POST)
    if form.is_valid():
        as_of = today_of(version.plan)
        closed = carried_out(form, services.close_version, version=version, as_of=as_of, actor=request.user)
        if closed is not None:
            messages.success(request, _("The plan is closed with its year."))
    say_errors(request, form)
    return redirect("planning:version-approval", pk=pk)


def say_errors(request: AuthedRequest, form: Form) -> None:
    """Show what is wrong with a form that has no page of its own."""
    for errors in form.errors.values():
        messages.error(request, " ".join(map(str, errors)))


def _gaps_context(request: AuthedRequest, version: PlanVersion, form: ActOnVersionForm) -> dict[str, Any]:
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
        "grid_url": grid_url_of(version),
    }


def grid_url_of(version: PlanVersion) -> str:
    """Return where the grid of a version stands."""
    return f"{reverse('planning:targets')}?{urlencode({'version': version.pk})}"
