"""Targets of other metrics and of parts of the sales: their list, a new one, and one of them month by month."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.access import require
from core.errors import DomainError, VersionConflict
from core.pages import AuthedRequest, carried_out, page
from planning import policies, queries, services
from planning.forms import ClearForm, GrowthForm, LockForm, MonthsForm, OtherTargetForm, RemoveForm, SplitForm
from planning.models import MONTHS, Metric, PlanVersion, Target
from planning.queries.metrics import amount_in_full, amount_text, definition_of, metric_of
from planning.queries.other_targets import OtherTarget, Reconciliation, annual_of, other_targets
from planning.queries.scopes import scope_words
from planning.queries.smart_words import chance_words, unknown
from planning.queries.target_chances import TargetChance, target_chances

from .target_rows import growth_form_of, leave_out_unchanged
from .targets import today_of

PARTS = ("carried", "company", "outside", "unassigned")


@require_safe
def others(request: AuthedRequest, version: int) -> HttpResponse:
    """List the targets beside the plain ones with what was achieved of each, and say where everything went."""
    found = _version(request, version)
    report = other_targets(version=found, user=request.user, as_of=today_of(found.plan))
    reach = policies.target_reach(request.user)
    currency = found.plan.currency
    chances = target_chances([row.target for row in report.rows], version=found, as_of=report.as_of)
    context = {
        "version": found,
        "plan": found.plan,
        "as_of": report.as_of,
        "lines": [
            _line(row, currency, chances[row.target.pk], found.is_draft and reach.covers_target(row.target))
            for row in report.rows
        ],
        "strips": [_strip(part, currency) for part in report.reconciled if part.metric.adds_up],
        "definitions": report.definitions,
        "can_add": found.is_draft and policies.can_add_target(request.user),
        "can_plan": policies.can_plan(request.user),
    }
    return page(request, "planning/other_targets.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def other_new(request: AuthedRequest, version: int) -> HttpResponse:
    """Ask for something beside the plain targets."""
    found = _draft(request, version)
    require(policies.can_add_target(request.user))
    form = OtherTargetForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            spread = carried_out(form, services.split_target, version=found, actor=request.user)
        except VersionConflict:
            spread = None
        if spread is not None:
            return redirect("planning:other-targets", version=found.pk)
        if isinstance(getattr(form, "refusal", None), VersionConflict):
            form.errors.clear()
            form.add_error(None, _("There is such a target already: change it in the list."))
    context = {"version": found, "plan": found.plan, "form": form}
    return page(request, "planning/other_target_new.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def other_target(request: AuthedRequest, version: int, pk: int) -> HttpResponse:
    """Show one target beside the plain ones and change it: some of its months, or a total that is spread over them."""
    target = _target(request, version, pk)
    if request.method != "POST":
        return _row_page(request, target)
    arguments = _arguments(request, target)
    if "total" in request.POST:
        split_form = SplitForm(request.POST)
        if split_form.is_valid() and carried_out(split_form, services.split_target, **arguments):
            return _saved(request, target)
        return _row_page(request, target, split_form=split_form, status=422)
    months = queries.fiscal_months(target.version.plan.fiscal_year)
    form = MonthsForm(request.POST, months=months, only=MONTHS)

    def set_months(**given: Any) -> Target:
        return services.change_months(**arguments, **given, now=timezone.now())

    if form.is_valid():
        leave_out_unchanged(form, target)
        if not form.cleaned_data["amounts"] or carried_out(form, set_months):
            return _saved(request, target)
    return _row_page(request, target, months_form=form, status=422)


@require_POST
def other_grow(request: AuthedRequest, version: int, pk: int) -> HttpResponse:
    """Say what a target beside the plain ones grows from and by how much."""
    target = _target(request, version, pk)
    form = GrowthForm(request.POST)
    as_of = today_of(target.version.plan)
    if form.is_valid() and carried_out(form, services.grow_target, **_arguments(request, target), as_of=as_of):
        return _saved(request, target)
    return _row_page(request, target, growth_form=form, status=422)


@require_POST
def other_lock(request: AuthedRequest, version: int, pk: int) -> HttpResponse:
    """Lock the total of a target beside the plain ones, or let it follow its months."""
    return _button(request, _target(request, version, pk), LockForm(request.POST), services.lock_total)


@require_POST
def other_clear(request: AuthedRequest, version: int, pk: int) -> HttpResponse:
    """Give months of a target beside the plain ones, set by hand, back to the split."""
    return _button(request, _target(request, version, pk), ClearForm(request.POST), services.clear_overrides)


def _button(
    request: AuthedRequest, target: Target, form: LockForm | ClearForm, write: Callable[..., Target]
) -> HttpResponse:
    """Carry out a form that is a button and no more; what refuses it stands above the page."""
    if not form.is_valid():
        return _row_page(request, target, refused=_("Look at the marked fields."), status=422)
    try:
        write(**_arguments(request, target), **form.cleaned_data)
    except DomainError as refusal:
        return _row_page(
            request, target, refused=refusal.message, status=refusal.status if refusal.status != 409 else 422
        )
    return _saved(request, target, stays=True)


def _saved(request: AuthedRequest, target: Target, *, stays: bool = False) -> HttpResponse:
    messages.success(request, _("Saved."))
    if stays:
        return redirect("planning:other-target", version=target.version_id, pk=target.pk)
    return redirect("planning:other-targets", version=target.version_id)


def _arguments(request: AuthedRequest, target: Target) -> dict[str, Any]:
    whose = {"version": target.version, "unit": target.unit, "person": target.person}
    return {**whose, "scope": target.scope, "actor": request.user}


def _row_page(
    request: AuthedRequest,
    target: Target,
    *,
    months_form: MonthsForm | None = None,
    split_form: SplitForm | None = None,
    growth_form: GrowthForm | None = None,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    plan = target.version.plan
    months = queries.fiscal_months(plan.fiscal_year)
    metric = metric_of(target.metric)
    seen = target.lock_version
    given = {name: getattr(target, name) for name in MONTHS}
    typed = {name: _typed(amount, metric) for name, amount in given.items()}
    before = queries.year_before(
        version=target.version, unit=target.unit, person=target.person, scope=target.scope, as_of=today_of(plan)
    )
    context = {
        "target": target,
        "version": target.version,
        "plan": plan,
        "name": str(target.unit or target.person),
        "metric": metric,
        "scope": scope_words(target),
        "definition": definition_of(metric, plan.currency),
        "months_form": months_form
        or MonthsForm(
            months=months,
            only=MONTHS,
            target=target if metric.adds_up else None,
            initial={**typed, "lock_version": seen},
        ),
        "split_form": split_form
        or SplitForm(initial={"total": _typed(annual_of(target), metric), "split": target.split, "lock_version": seen}),
        "growth_form": growth_form or growth_form_of(target, before, seen),
        "base_text": amount_in_full(target.base_amount, metric, plan.currency),
        "notes": [
            (months[MONTHS.index(note.month)], amount_in_full(given[note.month], metric, plan.currency), note)
            for note in queries.month_notes([target])[target.pk]
        ],
        "remove_form": RemoveForm(initial={"lock_version": seen}),
        "refused": refused,
        **{
            f"{act}_url": reverse(f"planning:other-target-{act}", args=[target.version_id, target.pk])
            for act in ("grow", "lock", "clear")
        },
    }
    return page(request, "planning/other_target.html", context, status=status)


def _typed(amount: Decimal, metric: Metric) -> Decimal | str:
    """Return an amount as a field shows it: money with its cents, a count or per cent without zeros behind the point."""
    return amount if metric.unit == Metric.Unit.MONEY else f"{amount.normalize():f}"


@require_POST
def other_remove(request: AuthedRequest, version: int, pk: int) -> HttpResponse:
    """Take one target beside the plain ones out of the draft."""
    target = _target(request, version, pk)
    form = RemoveForm(request.POST)
    if not form.is_valid():
        return redirect("planning:other-target", version=version, pk=pk)
    services.remove_target(target=target, actor=request.user, **form.cleaned_data)
    messages.success(request, _("The target is gone from this draft."))
    return redirect("planning:other-targets", version=version)


def _version(request: AuthedRequest, key: int) -> PlanVersion:
    return get_object_or_404(queries.visible_versions(request.user), pk=key)


def _draft(request: AuthedRequest, key: int) -> PlanVersion:
    found = _version(request, key)
    if not found.is_draft:
        raise services.PlanIsActive()
    return found


def _target(request: AuthedRequest, version: int, pk: int) -> Target:
    """Return a target beside the plain ones that the person may change. Strangers get 404, others 403, settled ones 409."""
    rows = Target.objects.visible_to(request.user).other().filter(version=version)
    linked = (
        "version__plan__fiscal_year",
        "unit",
        "person",
        "metric__stage",
        "metric__from_stage",
        "product",
        "region",
    )
    target = get_object_or_404(rows.select_related(*linked), pk=pk)
    require(policies.can_set_target(request.user, target.version, unit=target.unit, person=target.person))
    if not target.version.is_draft:
        raise services.PlanIsActive()
    return target


def _line(row: OtherTarget, currency: str, chance: TargetChance, may_set: bool) -> dict[str, Any]:
    return {
        "row": row,
        "annual": amount_text(row.annual, row.metric, currency),
        "to_date": amount_text(row.to_date, row.metric, currency),
        "actual": amount_text(row.actual, row.metric, currency),
        "chance": None if chance.value is None else chance_words(chance.value, chance.within),
        "unknown": unknown(chance.why, chance.seen),
        "may_set": may_set,
    }


def _strip(part: Reconciliation, currency: str) -> dict[str, Any]:
    texts = {name: amount_text(getattr(part, name).value, part.metric, currency) for name in (*PARTS, "total")}
    return {"metric": part.metric, "missing": part.total.missing, **texts}
