"""The targets as a file that comes back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from core.pages import AuthedRequest, page
from core.tabular import Limits, UnreadableFile, uploaded_table
from core.templatetags.formats import number, with_sign
from customers.models import ProductLine, Region
from planning import queries, services
from planning.forms import ApplyFileForm, TargetFileForm
from planning.models import MONTHS, REVENUE, Metric, PlanVersion, Scope, Target
from planning.queries.metrics import amount_in_full, metric_of
from planning.queries.scopes import scope_words
from planning.queries.target_files import FileChange, FileCheck, checked_file, file_sheet
from teams.models import OrgUnit, User

from .proposals import Proposals, refuse_file
from .targets import today_of

LIMITS = Limits(file_bytes=8 * 1024 * 1024, rows=20_000, columns=60)
PROPOSALS = Proposals("planning.targets.import")


@require_http_methods(["GET", "HEAD", "POST"])
def targets_import(request: AuthedRequest, version: int) -> HttpResponse:
    """Read a file of targets and show what it would change; then apply what was shown."""
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    if not found.is_draft:
        raise services.settled(found)
    if request.method != "POST":
        return _import_page(request, found, TargetFileForm())
    if "proposal" in request.POST:
        return _apply(request, found)
    form = TargetFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _import_page(request, found, form, status=422)
    upload = form.cleaned_data["file"]
    grid = queries.target_grid(version=found, user=request.user, as_of=today_of(found.plan))
    sheet = file_sheet(grid, request.user)
    try:
        with uploaded_table(upload, limits=LIMITS) as table:
            check = checked_file(table, sheet)
    except UnreadableFile as refusal:
        refuse_file(form, refusal)
        return _import_page(request, found, form, status=422)
    proposal = None
    if check.changes and not check.problems:
        lines = [
            [change.row.key, change.row.lock_version, [str(part) for part in change.months], change.row.of_what]
            for change in check.changes
        ]
        proposal = PROPOSALS.form(request, found, file=upload.name, lines=lines)
    return _import_page(request, found, form, check=check, proposal=proposal, status=422 if check.problems else 200)


def _apply(request: AuthedRequest, version: PlanVersion) -> HttpResponse:
    again, told = TargetFileForm(), PROPOSALS.told(request, version)
    if told is None:
        refused = _("This preview has expired. Read the file again.")
        return _import_page(request, version, again, refused=refused, status=422)
    try:
        written = services.import_targets(
            version=version,
            rows=list(_rows(request.user, told["lines"])),
            reason=_("From the file %(file)s") % {"file": told["file"]},
            actor=request.user,
            now=timezone.now(),
        )
    except DomainError as refusal:
        return _import_page(request, version, again, refused=refusal.message, status=refusal.status)
    n = len(written)
    told_rows = ngettext(
        "%(n)s target was taken over from the file.", "%(n)s targets were taken over from the file.", n
    )
    messages.success(request, told_rows % {"n": number(n)})
    return redirect(f"{reverse('planning:targets')}?version={version.pk}")


def _rows(user: User, lines: list[list[Any]]) -> Iterator[services.RowMonths]:
    keys = [line[0].split("-") for line in lines]
    units = OrgUnit.objects.visible_to(user).in_bulk([int(key) for kind, key in keys if kind == "unit"])
    people = User.objects.visible_to(user).in_bulk([int(key) for kind, key in keys if kind == "person"])
    metrics = Metric.objects.in_bulk({line[3][0] for line in lines} - {REVENUE})
    products = ProductLine.objects.in_bulk({line[3][1] for line in lines if line[3][1]})
    regions = Region.objects.in_bulk({line[3][2] for line in lines if line[3][2]})
    for (kind, key), (_key, seen, months, (metric, product, region, tier)) in zip(keys, lines, strict=True):
        yield services.RowMonths(
            unit=units.get(int(key)) if kind == "unit" else None,
            person=people.get(int(key)) if kind == "person" else None,
            months=[Decimal(part) for part in months],
            lock_version=seen,
            scope=Scope(metrics.get(metric), products.get(product), regions.get(region), tier),
        )


def _import_page(
    request: AuthedRequest,
    version: PlanVersion,
    form: TargetFileForm,
    *,
    check: FileCheck | None = None,
    proposal: ApplyFileForm | None = None,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "version": version,
        "plan": version.plan,
        "form": form,
        "check": check,
        "changes": _shown(check.changes, version) if check else [],
        "proposal": proposal,
        "refused": refused,
        "exports": _exports(version),
    }
    return page(request, "planning/targets_import.html", context, status=status)


@dataclass(frozen=True)
class ShownChange:
    """A target that differs, in words: of what it is, its year before, in the file and between, and each month that differs."""

    line: int
    name: str
    of_what: str
    before: str
    after: str
    difference: str
    months: list[tuple[date, str, str]]


def _shown(changes: Sequence[FileChange], version: PlanVersion) -> list[ShownChange]:
    months = dict(zip(MONTHS, queries.fiscal_months(version.plan.fiscal_year), strict=True))
    revenue = metric_of(None)
    return [_shown_change(change, months, change.row.scope.metric or revenue, version) for change in changes]


def _shown_change(change: FileChange, months: dict[str, date], metric: Metric, version: PlanVersion) -> ShownChange:
    def told(amount: Decimal | None) -> str:
        return amount_in_full(amount, metric, version.plan.currency)

    row = change.row
    was = dict(zip(months, row.months or [None] * len(months), strict=True))
    will = dict(zip(months, change.months, strict=True))
    of = Target(**row.scope.columns)
    return ShownChange(
        line=change.line,
        name=row.name,
        of_what="" if row.scope.is_plain else f"{metric.label} · {scope_words(of)}",
        before=told(row.total),
        after=told(change.total),
        difference=with_sign(told(change.difference)),
        months=[(months[name], told(was[name]), told(will[name])) for name in change.changed],
    )


def _exports(version: PlanVersion) -> list[tuple[str, str]]:
    return [
        (kind, reverse("planning:targets-export", kwargs={"version": version.pk, "kind": kind}))
        for kind in ("csv", "xlsx")
    ]
