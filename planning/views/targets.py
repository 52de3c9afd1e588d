"""The target grid, one row of it, and a total spread over its months."""

from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.access import require
from core.errors import DomainError, VersionConflict
from core.pages import AuthedRequest, page
from planning import policies, queries, services
from planning.forms import MonthsForm, SplitForm
from planning.models import IN_THE_WORKS, MONTHS, Plan, PlanVersion, Target
from planning.queries import GridRow
from planning.queries.assignment import outside, spans
from teams.models import OrgUnit, User

from .asking import is_key
from .grid_lines import BEHIND, chosen_scale, facts, heads, lines, scales

F = TypeVar("F", MonthsForm, SplitForm)


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
    grid = queries.target_grid(version=version, user=user, as_of=today_of(plan))
    largest = max((row.total for row in grid.rows if row.total is not None), default=None)
    scale = chosen_scale(plan.currency, request.GET.get("unit", ""), largest)
    asked = [int(quarter) for quarter in request.GET.getlist("open") if quarter in {"1", "2", "3", "4"}]
    found = lines(grid, scale, plan.currency)
    versions = list(queries.visible_versions(user))
    may_plan = policies.can_plan(user)
    return {
        "grid": grid,
        "version": version,
        "plan": plan,
        "lines": found,
        "heads": heads(grid.months),
        "open_quarters": asked or [grid.quarter],
        "scale": scale,
        "scales": scales(plan.currency),
        "facts": facts(grid, found, scale, plan.currency),
        "versions": versions,
        "draft": next((other for other in versions if other.status in IN_THE_WORKS and other.plan_id == plan.pk), None),
        "behind_below": BEHIND,
        "can_edit": version.is_draft and any(row.may_set for row in grid.rows),
        "can_activate": may_plan and version.status == PlanVersion.Status.APPROVED,
        "can_submit": version.is_draft and user.is_manager,
        "can_revise": may_plan
        and version.status in {PlanVersion.Status.ACTIVE, PlanVersion.Status.APPROVED}
        and not any(other.status in IN_THE_WORKS and other.plan_id == plan.pk for other in versions),
        "can_plan": may_plan,
        "has_levels": any(row.has_levels for row in grid.rows),
        "outside": outside(grid.rows, spans(plan)),
        "unknown": sum(row.won.unknown for row in grid.rows if row.parent is None),
    }


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


@require_http_methods(["GET", "HEAD", "POST", "PATCH"])
def target_edit(
    request: AuthedRequest, version: int, unit: int | None = None, person: int | None = None
) -> HttpResponse:
    """Change the twelve months of one row: as a page of its own, or as the grid's own call (PATCH, answered in JSON)."""
    subject = subject_of(request, version, unit, person)
    months = queries.fiscal_months(subject.version.plan.fiscal_year)
    if request.method == "PATCH":
        return _answer(request, subject, MonthsForm(QueryDict(request.body), months=months))
    if request.method != "POST":
        return _row_page(request, subject)
    form = MonthsForm(request.POST, months=months)
    if not form.is_valid():
        return _row_page(request, subject, months_form=form, status=422)
    try:
        services.set_target(**subject.arguments, **form.cleaned_data, actor=request.user)
    except VersionConflict as conflict:
        return _row_page(request, subject, months_form=_again(form, conflict), conflict=conflict, status=412)
    except services.AmountIsInvalid as refusal:
        for problem in refusal.problems:
            form.add_error(problem.field, problem.message)
        return _row_page(request, subject, months_form=form, status=422)
    return redirect(grid_url(subject))


@require_POST
def target_split(
    request: AuthedRequest, version: int, unit: int | None = None, person: int | None = None
) -> HttpResponse:
    """Spread a total over a row's months; the page comes back to the grid with what the spread rests on."""
    subject = subject_of(request, version, unit, person)
    form = SplitForm(request.POST)
    if _wants_json(request):
        return _answer(request, subject, form)
    if not form.is_valid():
        return _row_page(request, subject, split_form=form, status=422)
    try:
        spread = services.split_target(**subject.arguments, **form.cleaned_data, actor=request.user)
    except VersionConflict as conflict:
        return _row_page(request, subject, split_form=_again(form, conflict), conflict=conflict, status=412)
    except services.AmountIsInvalid as refusal:
        form.add_error("total", refusal.message)
        return _row_page(request, subject, split_form=form, status=422)
    messages.success(request, f"{subject}: {spread.sentence}")
    return redirect(grid_url(subject))


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


def _answer(request: AuthedRequest, subject: Subject, form: MonthsForm | SplitForm) -> JsonResponse:
    """Write one row for the grid's script and answer with the row, or with what is wrong."""
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    basis = ""
    try:
        if isinstance(form, MonthsForm):
            target = services.set_target(**subject.arguments, **form.cleaned_data, actor=request.user)
        else:
            spread = services.split_target(**subject.arguments, **form.cleaned_data, actor=request.user)
            target, basis = spread.target, spread.sentence
    except DomainError as refusal:
        errors = {problem.field: [problem.message] for problem in refusal.problems}
        answer = {"message": refusal.message, "code": refusal.code, "errors": errors, **refusal.extra}
        return JsonResponse(answer, status=422 if errors else refusal.status)
    return JsonResponse(
        {
            "version": target.lock_version,
            "months": [str(amount) for amount in queries.months_of(target)],
            "total": str(target.total),
            "message": basis,
        }
    )


def _row_page(
    request: AuthedRequest,
    subject: Subject,
    *,
    months_form: MonthsForm | None = None,
    split_form: SplitForm | None = None,
    conflict: VersionConflict | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the page of one row: its months, a total to spread, and after a conflict what the other person wrote."""
    plan = subject.version.plan
    target = subject.target
    months = queries.fiscal_months(plan.fiscal_year)
    seen = target.lock_version if target else 0
    given = {name: getattr(target, name) for name in MONTHS} if target else {}
    months_form = months_form or MonthsForm(months=months, initial={**given, "lock_version": seen})
    split_form = split_form or SplitForm(
        initial={
            "total": target.total if target else None,
            "split": target.split if target else Target.Split.SEASON,
            "lock_version": seen,
        }
    )
    grid = queries.target_grid(version=subject.version, user=request.user, as_of=today_of(plan))
    row: GridRow | None = grid.row(
        unit=subject.unit.pk if subject.unit else None, person=subject.person.pk if subject.person else None
    )
    context = {
        "subject": subject,
        "version": subject.version,
        "plan": plan,
        "row": row,
        "months_form": months_form,
        "split_form": split_form,
        "conflict": conflict,
        "theirs": queries.months_of(target) if conflict and target else None,
        "target": target,
        "season": queries.season_lines(queries.learned_season(plan=plan, unit=subject.unit, person=subject.person)),
        "edit_url": reverse("planning:target-edit", kwargs=subject.url_arguments),
        "split_url": reverse("planning:target-split", kwargs=subject.url_arguments),
        "levels_url": reverse("planning:target-levels", kwargs=subject.url_arguments),
        "ladder_url": reverse("planning:target-ladder", kwargs=subject.url_arguments),
        "grid_url": grid_url(subject),
    }
    return page(request, "planning/target_edit.html", context, status=status)


def _again(form: F, conflict: VersionConflict) -> F:
    """Keep what was typed, but let the next attempt overwrite what is there now: the person has seen it."""
    form.data = {**dict(form.data.items()), "lock_version": str(conflict.extra["current_version"])}
    form.full_clean()
    return form


def _wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def grid_url(subject: Subject) -> str:
    """Return where the grid of a row's version stands."""
    return f"{reverse('planning:targets')}?{urlencode({'version': subject.version.pk})}"
