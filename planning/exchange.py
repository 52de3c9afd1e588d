"""Downloads of the plan's figures, and the targets as a file that comes back (`views/target_files.py` reads it)."""

from collections.abc import Iterator
from io import BytesIO
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.access import require
from core.errors import Invalid
from core.pages import AuthedRequest
from core.tabular import csv_lines, write_xlsx
from core.tabular.writing import Value
from planning import charts, policies, queries
from planning.forms import answered_rates, asked_goals
from planning.queries.funnel_goals import GoalSheet
from planning.queries.market import share_lines
from planning.queries.potentials import AMOUNT, NAME, ROW, SEEN, potential_rows
from planning.queries.potentials import file_lines as potential_lines
from planning.queries.rates import RateTable
from planning.queries.share_files import share_file_lines, share_header
from planning.queries.target_files import file_header, file_lines, file_sheet
from teams.models import OrgUnit

_CSV = "text/csv; charset=utf-8"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
def funnel_goals(request: AuthedRequest, kind: str) -> HttpResponse | StreamingHttpResponse:
    """Send the funnel goals that the page shows: one line per stage and month, and one for the months before the year."""
    if kind not in {"csv", "xlsx"}:
        raise Http404
    try:
        sheet = asked_goals(request.GET, user=request.user, now=timezone.now())
    except Invalid:
        raise Http404 from None
    if sheet is None:
        raise Http404
    name = f"funnel-goals-{sheet.version.plan.fiscal_year}-v{sheet.version.number}.{kind}"
    return _sent(kind, name, _goal_head(), list(_goal_lines(sheet)), sheet=_("Funnel goals"))


@require_safe
def potentials(request: AuthedRequest, version: int, unit: int, kind: str) -> HttpResponse | StreamingHttpResponse:
    """Send the potentials of everybody below a unit, as a file that comes back."""
    if kind not in {"csv", "xlsx"}:
        raise Http404
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    whose = get_object_or_404(OrgUnit.objects.visible_to(request.user), pk=unit)
    require(policies.can_spread(request.user, found, whose))
    today = timezone.localdate(timezone=ZoneInfo(found.plan.time_zone))
    rows = potential_rows(version=found, unit=whose, user=request.user, as_of=today, deep=True)
    lines = list(potential_lines(row for row in rows if row.may_set))
    name = f"potentials-{found.plan.fiscal_year}.{kind}"
    return _sent(kind, name, [ROW, NAME, AMOUNT, SEEN], lines, sheet=_("Potentials"))


def _sent(
    kind: str, name: str, head: list[str], rows: list[list[Value]], *, sheet: str
) -> HttpResponse | StreamingHttpResponse:
    if kind == "csv":
        response: HttpResponse | StreamingHttpResponse = StreamingHttpResponse(csv_lines(head, rows), content_type=_CSV)
    else:
        buffer = BytesIO()
        write_xlsx(buffer, head, rows, sheet=sheet)
        response = HttpResponse(buffer.getvalue(), content_type=_XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _goal_head() -> list[str]:
    return [
        _("Who or what"),
        _("Stage"),
        _("Month"),
        _("Goal"),
        _("Low (80%)"),
        _("High (80%)"),
        _("New"),
        _("Reached"),
        _("Decided"),
        _("Next stage"),
        _("Goal rate"),
        _("Goal time (days)"),
        _("Measured rate"),
        _("Low (80%)"),
        _("High (80%)"),
        _("Reached the stage"),
        _("Went on or lost"),
        _("Reached the next stage"),
        _("Measured from"),
        _("Measured until"),
        _("Reason"),
    ]


def _goal_lines(sheet: GoalSheet) -> Iterator[list[Value]]:
    funnel = sheet.funnel
    for line in sheet.lines if funnel is not None else ():
        goal = line.goal
        facts: list[Value] = [
            str(goal.next_stage or ""),
            goal.rate,
            goal.days,
            goal.measured_rate,
            goal.measured_low,
            goal.measured_high,
            goal.reached_cases,
            goal.ended_cases,
            goal.went_cases,
            funnel.since_date if funnel else None,
            funnel.as_of if funnel else None,
            goal.reason,
        ]
        who: list[Value] = [sheet.node.name, str(goal.stage)]
        if line.total is not None:
            before = _("before the year")
            yield [*who, before, line.before, None, None, goal.new_before, None, None, *facts]
        for cell in line.cells:
            decided = _("yes") if cell.is_decided else ""
            yield [*who, cell.month, cell.goal, cell.low, cell.high, cell.new, cell.reached, decided, *facts]


@require_safe
def conversion_rates(request: AuthedRequest, kind: str) -> HttpResponse | StreamingHttpResponse:
    """Send the figures of the conversion page, one line per member and rate: what the reader may see, and no more."""
    if kind not in {"csv", "xlsx"}:
        raise Http404
    try:
        table = answered_rates(request.GET, user=request.user, as_of=timezone.localdate()).table
    except Invalid:
        raise Http404 from None
    name = f"conversion-{table.cohort.span.first}-{table.cohort.span.last}.{kind}"
    return _sent(kind, name, _head(), list(_rate_lines(table)), sheet=_("Conversion"))


@require_safe
def targets(request: AuthedRequest, version: int, kind: str) -> HttpResponse | StreamingHttpResponse:
    """Send the grid of a version as a file that can be read back: what the reader sees of it, and no more."""
    if kind not in {"csv", "xlsx"}:
        raise Http404
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    today = timezone.localdate(timezone=ZoneInfo(found.plan.time_zone))
    grid = queries.target_grid(version=found, user=request.user, as_of=today)
    name = f"targets-{found.plan.fiscal_year}-v{found.number}.{kind}"
    return _sent(kind, name, file_header(found), list(file_lines(file_sheet(grid, request.user))), sheet=_("Targets"))


@require_safe
def share_targets(request: AuthedRequest, version: int, kind: str) -> HttpResponse | StreamingHttpResponse:
    """Send the market shares of a version as a file whose targets can be read back, with what is known of each market."""
    if kind not in {"csv", "xlsx"}:
        raise Http404
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    require(request.user.is_manager)
    today = timezone.localdate(timezone=ZoneInfo(found.plan.time_zone))
    lines = share_lines(version=found, user=request.user, as_of=today)
    name = f"market-shares-{found.plan.fiscal_year}-v{found.number}.{kind}"
    return _sent(kind, name, share_header(), list(share_file_lines(found, lines)), sheet=_("Market share"))


def _head() -> list[str]:
    return [
        _("Who or what"),
        _("Rate of"),
        _("From"),
        _("Until"),
        _("Began"),
        _("Succeeded"),
        _("Failed"),
        _("Pending"),
        _("Rate"),
        _("Low (80%)"),
        _("High (80%)"),
        _("With its peers"),
        _("Remark"),
        _("Age compared"),
        _("Unit of ages"),
        _("Rate at this age"),
        _("Earlier cohort at this age"),
        _("Difference"),
        _("Median time"),
        _("P85 time"),
    ]


def _rate_lines(table: RateTable) -> Iterator[list[Value]]:
    for row in (table.own, *table.members, *([table.average] if table.average else [])):
        for rate in row.rates:
            then = rate.at_age
            told = rate.shown is not None
            yield [
                row.name,
                charts.measure_name(rate.measure),
                table.cohort.span.first,
                table.cohort.span.last,
                rate.n,
                rate.succeeded,
                rate.failed,
                rate.pending,
                rate.shown,
                rate.low if told else None,
                rate.high if told else None,
                rate.pooled,
                "" if told else charts.rate_text(rate),
                then.age if then else None,
                rate.measure.unit,
                then.rate if then else None,
                then.earlier_rate if then else None,
                then.difference if then else None,
                rate.median,
                rate.p85,
            ]
