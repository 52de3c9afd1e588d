"""Downloads of the plan's figures."""

from collections.abc import Iterator
from io import BytesIO

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.errors import Invalid
from core.pages import AuthedRequest
from core.tabular import csv_lines, write_xlsx
from core.tabular.writing import Value
from planning import charts
from planning.forms import answered_rates
from planning.queries.rates import RateTable

_CSV = "text/csv; charset=utf-8"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
def conversion_rates(request: AuthedRequest, kind: str) -> HttpResponse | StreamingHttpResponse:
    """Send the figures of the conversion page, one line per member and rate: what the reader may see, and no more."""
    if kind not in {"csv", "xlsx"}:
        raise Http404
    try:
        table = answered_rates(request.GET, user=request.user, as_of=timezone.localdate()).table
    except Invalid:
        raise Http404 from None
    rows = list(_rate_lines(table))
    if kind == "csv":
        response: HttpResponse | StreamingHttpResponse = StreamingHttpResponse(
            csv_lines(_head(), rows), content_type=_CSV
        )
    else:
        buffer = BytesIO()
        write_xlsx(buffer, _head(), rows, sheet=_("Conversion"))
        response = HttpResponse(buffer.getvalue(), content_type=_XLSX)
    name = f"conversion-{table.cohort.span.first}-{table.cohort.span.last}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


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
