"""The pages of an import: hand in, map, look at the check, let it come in, look at the result."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.access import require
from core.errors import DomainError
from core.pages import AuthedRequest, page, posted
from core.wake import wake
from customers import policies, services
from customers.forms.imports import ActForm, MapForm, StartForm, UploadForm
from customers.intake import note_sentence
from customers.models import ImportFile
from customers.queries import imports as queries

PER_PAGE = 50
WORK = "customers.tasks.work_on_import"


@require_GET
def imports(request: AuthedRequest) -> HttpResponse:
    files = ImportFile.objects.visible_to(request.user).select_related("uploaded_by").defer("profile", "findings")
    rows = Paginator(files, PER_PAGE).get_page(request.GET.get("page"))
    return page(request, "customers/imports.html", {"rows": rows, "can_import": policies.can_import(request.user)})


@require_http_methods(["GET", "POST"])
def import_new(request: AuthedRequest) -> HttpResponse:
    require(policies.can_import(request.user), _("Only people who sell, and those who lead them, import deals."))
    form = UploadForm(posted(request), request.FILES or None)
    if form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            file = services.take_file(
                actor=request.user,
                upload=upload,
                file_name=upload.name,
                source=form.cleaned_data["source"],
                shape=form.cleaned_data["shape"],
            )
        except DomainError as refusal:
            form.add_error("file", [refusal.message, *(problem.message for problem in refusal.problems[:5])])
        else:
            return redirect("customers:import-map", pk=file.pk)
    return page(request, "customers/import_new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def import_map(request: AuthedRequest, pk: int) -> HttpResponse:
    file = _mine(request, pk)
    if file.has_begun:
        return redirect("customers:import-detail", pk=pk)
    form = MapForm(posted(request), file=file, user=request.user)
    if form.is_bound and form.is_valid() and form.carried_out():
        wake(WORK, key=pk)
        return redirect("customers:import-preview", pk=pk)
    return page(
        request,
        "customers/import_map.html",
        {"file": file, "form": form, "step": 2},
        fragment="customers/_import_map.html",
        status=422 if form.is_bound else 200,
    )


@require_http_methods(["GET", "POST"])
def import_preview(request: AuthedRequest, pk: int) -> HttpResponse:
    file = _mine(request, pk)
    if file.has_begun or file.state == ImportFile.State.UPLOADED:
        return redirect("customers:import-detail" if file.has_begun else "customers:import-map", pk=pk)
    form = StartForm(posted(request))
    if form.is_valid() and _done(form, services.start_import, file=file, actor=request.user):
        wake(WORK, key=pk)
        return redirect("customers:import-detail", pk=pk)
    status = 422 if form.is_bound else 200
    return _state_page(request, file, "customers/import_preview.html", {"form": form, "step": 3}, status=status)


@require_GET
def import_detail(request: AuthedRequest, pk: int) -> HttpResponse:
    file = _mine(request, pk)
    if not file.has_begun:
        to_map = file.state == ImportFile.State.UPLOADED
        return redirect("customers:import-map" if to_map else "customers:import-preview", pk=pk)
    return _state_page(request, file, "customers/import_detail.html", {"step": 4})


@require_POST
def import_retry(request: AuthedRequest, pk: int) -> HttpResponse:
    file = _mine(request, pk)
    form = ActForm(request.POST)
    if form.is_valid() and _done(form, services.retry_import, file=file, actor=request.user):
        wake(WORK, key=pk)
        return redirect("customers:import-detail", pk=pk)
    return _state_page(request, file, "customers/import_detail.html", {"step": 4, "form": form}, status=422)


@require_POST
def import_discard(request: AuthedRequest, pk: int) -> HttpResponse:
    file = _mine(request, pk)
    form = ActForm(request.POST)
    if form.is_valid() and _done(form, services.discard_import, file=file, actor=request.user):
        messages.success(request, _("The file is gone. Nothing of it came in."))
        return redirect("customers:imports")
    return _state_page(request, file, "customers/import_detail.html", {"step": 4, "form": form}, status=422)


def _mine(request: AuthedRequest, pk: int) -> ImportFile:
    """Return one's own import (all of them for those who see the whole company); 404 for everybody else."""
    files = ImportFile.objects.visible_to(request.user).select_related("uploaded_by", "pipeline", "unit")
    found: ImportFile = get_object_or_404(files, pk=pk)
    return found


def _done(form: ActForm | StartForm, service: Callable[..., object], **arguments: object) -> bool:
    try:
        service(**arguments, **form.cleaned_data)
    except DomainError as refusal:
        form.add_error(None, refusal.message)
        return False
    return True


def _shown(findings: dict[str, Any]) -> dict[str, Any]:
    """Return what the check found with days and amounts as such, for the filters of the templates."""
    examples = [
        {
            **deal,
            "lines": [
                {
                    "stage": line["stage"],
                    "day": datetime.fromisoformat(line["day"]),
                    "amount": None if line["amount"] is None else Decimal(line["amount"]),
                }
                for line in deal["lines"]
            ],
        }
        for deal in findings.get("examples", [])
    ]
    days = {
        name: date.fromisoformat(findings[name]) if findings.get(name) else None for name in ("first_day", "last_day")
    }
    return {**findings, **days, "examples": examples}


def _state_page(
    request: AuthedRequest, file: ImportFile, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Show where an import stands. While a worker is at it, only the bar is asked for again; then the page as a whole."""
    if request.htmx and not file.is_working:
        response = HttpResponse()
        response["HX-Refresh"] = "true"
        return response
    problems = Paginator(file.problems.all(), PER_PAGE).get_page(request.GET.get("page"))
    waited = (timezone.now() - (file.progressed_at or file.created_at)).total_seconds()
    shown = {
        "file": file,
        "problems": problems,
        "kinds": queries.problem_kinds(file) if problems.paginator.count else [],
        "notes": [note_sentence(code, facts) for code, facts in file.findings.get("notes", [])],
        "found": _shown(file.findings),
        "is_stuck": file.is_working and waited > 180,
        "discard_fields": [("version", file.version)],
        "deals_url": reverse("customers:deals") + f"?pipeline={file.pipeline_id or ''}",
        "people_url": reverse("teams:people"),
        **context,
    }
    return page(request, template, shown, fragment="customers/_import_progress.html", status=status)
