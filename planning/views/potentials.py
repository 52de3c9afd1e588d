"""What the markets of units and people could bring: typed for those directly below a unit, or read from a file."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods

from core.access import require
from core.errors import DomainError
from core.pages import AuthedRequest, page, posted
from core.tabular import Limits, UnreadableFile, uploaded_table
from planning import policies, queries, services
from planning.forms import PotentialsForm, TargetFileForm
from planning.models import PlanVersion, Potential
from planning.queries.forecasts import Node, path_to
from planning.queries.potentials import JudgedPotential, PotentialFile, PotentialRow, potential_rows, read_potentials
from teams.models import OrgUnit

from .proposals import refuse_file
from .targets import today_of

LIMITS = Limits(file_bytes=4 * 1024 * 1024, rows=20_000, columns=20)


@require_http_methods(["GET", "HEAD", "POST"])
def potentials(request: AuthedRequest, version: int, unit: int) -> HttpResponse:
    """Show and set the potentials of those directly below a unit; a file may hold everybody below it."""
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    whose = get_object_or_404(OrgUnit.objects.visible_to(request.user), pk=unit)
    require(policies.can_spread(request.user, found, whose))
    if request.method == "POST" and "seen" not in request.POST:  # the form says what was looked at, a file does not
        return _from_file(request, found, whose)
    rows = _rows(request, found, whose)
    form = PotentialsForm(posted(request), rows=rows)
    if form.is_valid() and (changed := _saved(request, form, found, form.cleaned_data["rows"])) is not None:
        return _done(request, found, whose, changed)
    return _page(request, found, whose, rows, forms=(form, TargetFileForm()))


def _rows(request: AuthedRequest, version: PlanVersion, unit: OrgUnit, *, deep: bool = False) -> list[PotentialRow]:
    return potential_rows(version=version, unit=unit, user=request.user, as_of=today_of(version.plan), deep=deep)


def _saved(
    request: AuthedRequest,
    form: PotentialsForm | TargetFileForm,
    version: PlanVersion,
    rows: list[JudgedPotential],
    *,
    origin: str = Potential.Origin.TYPED,
) -> list[JudgedPotential] | None:
    try:
        return services.set_potentials(
            plan=version.plan, rows=rows, origin=origin, actor=request.user, at=timezone.now()
        )
    except DomainError as refusal:
        names = refusal.extra.get("changed")
        told = pgettext("between the parts of a list", ", ").join(names) if isinstance(names, list) else ""
        form.add_error(None, f"{refusal.message} {told}".strip())
        return None


def _done(request: AuthedRequest, version: PlanVersion, unit: OrgUnit, changed: list[JudgedPotential]) -> HttpResponse:
    told = ngettext("%(n)s potential set.", "%(n)s potentials set.", len(changed)) % {"n": len(changed)}
    messages.success(request, told if changed else _("Nothing was changed."))
    return redirect("planning:potentials", version=version.pk, unit=unit.pk)


def _from_file(request: AuthedRequest, version: PlanVersion, unit: OrgUnit) -> HttpResponse:
    rows = _rows(request, version, unit)
    form = TargetFileForm(request.POST, request.FILES)
    read: PotentialFile | None = None
    if form.is_valid():
        everybody = _rows(request, version, unit, deep=True)
        try:
            with uploaded_table(form.cleaned_data["file"], limits=LIMITS) as table:
                read = read_potentials(table, everybody)
        except UnreadableFile as refusal:
            refuse_file(form, refusal)
    if read is not None and not read.problems:
        changed = _saved(request, form, version, read.changes, origin=Potential.Origin.IMPORTED)
        if changed is not None:
            return _done(request, version, unit, changed)
    return _page(request, version, unit, rows, forms=(PotentialsForm(rows=rows), form), read=read)


def _page(
    request: AuthedRequest,
    version: PlanVersion,
    unit: OrgUnit,
    rows: list[PotentialRow],
    *,
    forms: tuple[PotentialsForm, TargetFileForm],
    read: PotentialFile | None = None,
) -> HttpResponse:
    form, file_form = forms
    arguments = {"version": version.pk, "unit": unit.pk}
    context = {
        "version": version,
        "plan": version.plan,
        "unit": unit,
        "path": [node for node in path_to(request.user, Node(unit=unit)) if node.unit],
        "lines": [(row, form[row.spot.key] if row.may_set else None) for row in rows],
        "form": form,
        "file_form": file_form,
        "problems": read.problems if read else [],
        "exports": [
            (kind, reverse("planning:potentials-export", kwargs={**arguments, "kind": kind}))
            for kind in ("csv", "xlsx")
        ],
    }
    return page(
        request, "planning/potentials.html", context, status=422 if form.is_bound or file_form.is_bound else 200
    )
