"""The targets as a file that comes back."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from core.pages import AuthedRequest, page
from core.tabular import Limits, UnreadableFile, open_table
from core.templatetags.formats import number
from planning import queries, services
from planning.forms import ApplyFileForm, TargetFileForm
from planning.models import MONTHS, PlanVersion
from planning.queries import TargetGrid
from planning.queries.target_files import FileChange, FileCheck, checked_file
from teams.models import OrgUnit, User

from .targets import today_of

LIMITS = Limits(file_bytes=8 * 1024 * 1024, rows=20_000, columns=60)
SALT, KEPT = "planning.targets.import", 3600  # how long a preview may be applied, in seconds


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
    upload: UploadedFile[Any] = form.cleaned_data["file"]
    grid = queries.target_grid(version=found, user=request.user, as_of=today_of(found.plan))
    try:
        check = _read(upload, grid)
    except UnreadableFile as refusal:
        for reason in [problem.message for problem in refusal.problems] or [refusal.message]:
            form.add_error("file", reason)
        return _import_page(request, found, form, status=422)
    proposal = None
    if check.changes and not check.problems:
        lines = [
            [change.row.key, change.row.lock_version, [str(part) for part in change.months]] for change in check.changes
        ]
        told = {"version": found.pk, "user": request.user.pk, "file": str(upload.name)[:120], "lines": lines}
        proposal = ApplyFileForm(initial={"proposal": signing.dumps(told, salt=SALT, compress=True)})
    return _import_page(
        request, found, form, check=check, proposal=proposal, grid=grid, status=422 if check.problems else 200
    )


def _read(upload: "UploadedFile[Any]", grid: TargetGrid) -> FileCheck:
    """Put the upload where it can be read, for as long as it is read."""
    with NamedTemporaryFile() as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        return checked_file(open_table(Path(copy.name), limits=LIMITS), grid)


def _apply(request: AuthedRequest, version: PlanVersion) -> HttpResponse:
    form = ApplyFileForm(request.POST)
    again = TargetFileForm()
    try:
        told = signing.loads(request.POST["proposal"], salt=SALT, max_age=KEPT) if form.is_valid() else {}
    except signing.BadSignature:
        told = {}
    if told.get("version") != version.pk or told.get("user") != request.user.pk:
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
    for (kind, key), (_key, seen, months) in zip(keys, lines, strict=True):
        yield services.RowMonths(
            unit=units.get(int(key)) if kind == "unit" else None,
            person=people.get(int(key)) if kind == "person" else None,
            months=[Decimal(part) for part in months],
            lock_version=seen,
        )


def _import_page(
    request: AuthedRequest,
    version: PlanVersion,
    form: TargetFileForm,
    *,
    check: FileCheck | None = None,
    proposal: ApplyFileForm | None = None,
    grid: TargetGrid | None = None,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    months = dict(zip(MONTHS, grid.months, strict=True)) if grid else {}
    context = {
        "version": version,
        "plan": version.plan,
        "form": form,
        "check": check,
        "changes": [_shown(change, months) for change in check.changes] if check else [],
        "proposal": proposal,
        "refused": refused,
        "exports": _exports(version),
    }
    return page(request, "planning/targets_import.html", context, status=status)


def _shown(
    change: FileChange, months: dict[str, date]
) -> tuple[FileChange, list[tuple[date, Decimal | None, Decimal]]]:
    """A changed row with each month that differs: what stood there, and what would."""
    was = dict(zip(months, change.row.months or [None] * len(months), strict=True))
    will = dict(zip(months, change.months, strict=True))
    return change, [(months[name], was[name], will[name]) for name in change.changed]


def _exports(version: PlanVersion) -> list[tuple[str, str]]:
    return [
        (kind, reverse("planning:targets-export", kwargs={"version": version.pk, "kind": kind}))
        for kind in ("csv", "xlsx")
    ]
