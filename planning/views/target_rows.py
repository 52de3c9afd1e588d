"""One row of the grid: its months, its total, what it grows from. As pages, and as the calls of the grid's script."""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError, VersionConflict
from core.pages import AuthedRequest, page
from core.templatetags.formats import money_full
from planning import queries, services
from planning.forms import ClearForm, GrowthForm, LockForm, MonthsForm, SplitForm, share_of
from planning.forms.targets import SHARES
from planning.models import MONTHS, BaseSource, Target
from planning.queries import GridRow

from .targets import Subject, grid_url, subject_of, today_of

F = TypeVar("F", bound=forms.Form)


@require_http_methods(["GET", "HEAD", "POST", "PATCH"])
def target_edit(
    request: AuthedRequest, version: int, unit: int | None = None, person: int | None = None
) -> HttpResponse:
    """Change the months of one row: as a page of its own, or as the grid's own call (PATCH, answered in JSON)."""
    subject = subject_of(request, version, unit, person)
    months = queries.fiscal_months(subject.version.plan.fiscal_year)
    target = subject.target
    if request.method == "PATCH":
        data = QueryDict(request.body)
        only = [name for name in (*MONTHS, *SHARES) if name in data] if target else MONTHS
        return _answer(subject, MonthsForm(data, months=months, only=only), _writing(request, subject))
    by_share = _by_share(request, target)
    if request.method != "POST":
        return row_page(request, subject)
    form = MonthsForm(request.POST, months=months, only=SHARES if by_share else MONTHS, target=target)
    if not form.is_valid():
        return row_page(request, subject, months_form=form, status=422)
    if target is not None:
        leave_out_unchanged(form, target)
        if not form.cleaned_data["amounts"] and not form.cleaned_data["shares"]:
            return redirect(grid_url(subject))
    try:
        _writing(request, subject)(**form.cleaned_data)
    except VersionConflict as conflict:
        return row_page(request, subject, months_form=_again(form, conflict), conflict=conflict, status=412)
    except DomainError as refusal:
        _explain(form, refusal)
        return row_page(request, subject, months_form=form, status=422)
    return redirect(grid_url(subject))


@require_POST
def target_split(
    request: AuthedRequest, version: int, unit: int | None = None, person: int | None = None
) -> HttpResponse:
    """Spread a total over a row's months; the page comes back to the grid with what the spread rests on."""
    subject = subject_of(request, version, unit, person)
    form = SplitForm(request.POST)

    def split(**given: Any) -> services.Spread:
        return services.split_target(**subject.arguments, **given, actor=request.user)

    if _wants_json(request):
        return _answer(subject, form, split)
    return _carry_out(request, subject, form, split, field="split_form", told=lambda spread: spread.sentence)


@require_POST
def target_grow(
    request: AuthedRequest, version: int, unit: int | None = None, person: int | None = None
) -> HttpResponse:
    """Say what a row grows from and by how much."""
    subject = subject_of(request, version, unit, person)

    def grow(**given: Any) -> Target:
        as_of = today_of(subject.version.plan)
        return services.grow_target(**subject.arguments, **given, as_of=as_of, actor=request.user)

    return _carry_out(
        request,
        subject,
        GrowthForm(request.POST),
        grow,
        field="growth_form",
        told=lambda target: (
            _("The annual target follows the growth.")
            if target.basis == Target.Leads.GROWTH
            else _("The growth follows the annual target.")
        ),
    )


@require_POST
def target_lock(
    request: AuthedRequest, version: int, unit: int | None = None, person: int | None = None
) -> HttpResponse:
    """Lock a row's total, or let it follow its months."""
    subject = subject_of(request, version, unit, person)
    form = LockForm(request.POST)

    def lock(**given: Any) -> Target:
        return services.lock_total(**subject.arguments, **given, actor=request.user)

    if _wants_json(request):
        return _answer(subject, form, lock)
    return _carry_out(
        request,
        subject,
        form,
        lock,
        told=lambda target: (
            _("The annual target is locked.") if target.total_locked else _("The annual target follows its months.")
        ),
    )


@require_POST
def target_clear(
    request: AuthedRequest, version: int, unit: int | None = None, person: int | None = None
) -> HttpResponse:
    """Give months set by hand back to the split."""
    subject = subject_of(request, version, unit, person)

    def clear(**given: Any) -> Target:
        return services.clear_overrides(**subject.arguments, **given, actor=request.user)

    return _carry_out(
        request, subject, ClearForm(request.POST), clear, told=lambda _target: _("The month follows the split again.")
    )


def _writing(request: AuthedRequest, subject: Subject) -> Callable[..., Target]:
    """Return what writes months: some of them by hand where the row has a target, all twelve where it has none yet."""
    if subject.target is not None:
        return lambda **given: services.change_months(
            **subject.arguments, **given, actor=request.user, now=timezone.now()
        )

    def first(*, amounts: dict[str, Any], lock_version: int, **_given: object) -> Target:
        months = [amounts[month] for month in MONTHS]
        return services.set_target(**subject.arguments, months=months, lock_version=lock_version, actor=request.user)

    return first


def leave_out_unchanged(form: MonthsForm, target: Target) -> None:
    """Of twelve months that a page sends, only those that differ from what stands there were set by hand."""
    given = form.cleaned_data
    given["amounts"] = {name: amount for name, amount in given["amounts"].items() if amount != getattr(target, name)}
    given["shares"] = {name: share for name, share in given["shares"].items() if share * 100 != share_of(target, name)}


def _carry_out(
    request: AuthedRequest,
    subject: Subject,
    form: F,
    write: Callable[..., Any],
    *,
    told: Callable[[Any], str],
    field: str = "",
) -> HttpResponse:
    """Write what a form of the row's page says, and come back to the grid; a refusal shows the page again."""
    own: dict[str, Any] = {field: form} if field else {}
    if not form.is_valid():
        return row_page(request, subject, **own, refused="" if field else _("Look at the marked fields."), status=422)
    try:
        done = write(**form.cleaned_data)
    except VersionConflict as conflict:
        if field:
            own = {field: _again(form, conflict)}
        return row_page(request, subject, **own, conflict=conflict, status=412)
    except DomainError as refusal:
        _explain(form, refusal)
        return row_page(request, subject, **own, refused="" if field else refusal.message, status=422)
    messages.success(request, f"{subject}: {told(done)}")
    return redirect(grid_url(subject) if field == "split_form" else _edit_url(subject))


def _explain(form: forms.Form, refusal: DomainError) -> None:
    """Put a refusal where it belongs: beside its fields, else above the form."""
    for problem in refusal.problems:
        form.add_error(problem.field if problem.field in form.fields else None, problem.message)
    if not refusal.problems:
        form.add_error(None, refusal.message)


def _answer(subject: Subject, form: forms.Form, write: Callable[..., Any]) -> JsonResponse:
    """Write one row for the grid's script and answer with the row, or with what is wrong."""
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    try:
        done = write(**form.cleaned_data)
    except DomainError as refusal:
        errors = {problem.field: [problem.message] for problem in refusal.problems}
        answer = {"message": refusal.message, "code": refusal.code, "errors": errors, **refusal.extra}
        return JsonResponse(answer, status=422 if errors else refusal.status)
    target = done.target if isinstance(done, services.Spread) else done
    notes = queries.month_notes([target])[target.pk]
    return JsonResponse(
        {
            "version": target.lock_version,
            "months": [str(amount) for amount in queries.months_of(target)],
            "total": str(target.total),
            "message": done.sentence if isinstance(done, services.Spread) else "",
            "locked": target.total_locked,
            "by_hand": {note.month: note.sentence for note in notes},
            "unexplained": [note.month for note in notes if not note.reason],
        }
    )


def row_page(
    request: AuthedRequest,
    subject: Subject,
    *,
    months_form: MonthsForm | None = None,
    split_form: SplitForm | None = None,
    growth_form: GrowthForm | None = None,
    conflict: VersionConflict | None = None,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    """Show the page of one row: months, total, growth, overrides, and after a conflict what the other person wrote."""
    plan = subject.version.plan
    target = subject.target
    months = queries.fiscal_months(plan.fiscal_year)
    seen = target.lock_version if target else 0
    by_share = _by_share(request, target)
    given: dict[str, Any] = {name: getattr(target, name) for name in MONTHS} if target else {}
    if target:
        given |= {share: share_of(target, month) for month, share in zip(MONTHS, SHARES, strict=True)}
    months_form = months_form or MonthsForm(
        months=months,
        only=SHARES if by_share else MONTHS,
        target=target,
        initial={**given, "lock_version": seen},
    )
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
    won = queries.base_of(**subject.arguments, as_of=today_of(plan)).total
    notes = queries.month_notes([target])[target.pk] if target else ()
    context = {
        "subject": subject,
        "version": subject.version,
        "plan": plan,
        "row": row,
        "months_form": months_form,
        "split_form": split_form,
        "growth_form": growth_form or growth_form_of(target, won, seen),
        "by_share": by_share,
        "notes": [
            (months[MONTHS.index(note.month)], money_full(getattr(target, note.month), plan.currency), note)
            for note in notes
        ],
        "base_text": money_full(target.base_amount, plan.currency) if target and target.base_amount else "–",
        "won_since": won
        if target and target.base_source == BaseSource.LAST_YEAR and won != target.base_amount
        else None,
        "conflict": conflict,
        "refused": refused,
        "theirs": queries.months_of(target) if conflict and target else None,
        "target": target,
        "season": queries.season_lines(queries.learned_season(plan=plan, unit=subject.unit, person=subject.person)),
        "edit_url": _edit_url(subject),
        **{
            f"{name}_url": reverse(f"planning:target-{name}", kwargs=subject.url_arguments)
            for name in ("split", "ladder", "levels", "grow", "lock", "clear")
        },
        "grid_url": grid_url(subject),
    }
    return page(request, "planning/target_edit.html", context, status=status)


def growth_form_of(target: Target | None, won: Any, seen: int) -> GrowthForm:
    """The base and growth that the row has; for one without, last year where anything was won."""
    source = BaseSource.LAST_YEAR if won else BaseSource.NONE
    split = Target.Split.SEASON
    grown = None
    if target is not None:
        source = BaseSource(target.base_source) if target.base_amount else source
        split = Target.Split(target.split) if target.split != Target.Split.LADDER else Target.Split.MANUAL
        grown = target.growth
    return GrowthForm(
        initial={
            "source": source,
            "base": target.base_amount if target and target.base_source == BaseSource.TYPED else None,
            "growth": None if grown is None else f"{(grown * 100).normalize():f}",
            "split": split,
            "lock_version": seen,
        }
    )


def _by_share(request: AuthedRequest, target: Target | None) -> bool:
    """Are the months asked for as shares? Only where there is a total that they could be shares of."""
    asked = request.POST if request.method == "POST" else request.GET
    return asked.get("as") == "percent" and target is not None and target.total > 0


def _again(form: F, conflict: VersionConflict) -> F:
    """Keep what was typed, but let the next attempt overwrite what is there now: the person has seen it."""
    form.data = {**dict(form.data.items()), "lock_version": str(conflict.extra["current_version"])}
    form.full_clean()
    return form


def _wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _edit_url(subject: Subject) -> str:
    return reverse("planning:target-edit", kwargs=subject.url_arguments)
