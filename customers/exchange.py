"""What leaves as a file for people who prepare an import: the template of each shape, and a file's problems by line."""

from datetime import date
from decimal import Decimal
from io import BytesIO

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.pages import AuthedRequest
from core.tabular import csv_lines, write_xlsx
from core.tabular.writing import Value
from customers.intake import fields_of
from customers.models import ImportFile
from customers.queries import imports as queries

_CSV = "text/csv; charset=utf-8"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_EXAMPLES: dict[str, list[dict[str, Value]]] = {
    "deals": [
        {
            "external_id": "A-1001",
            "created": date(2026, 1, 12),
            "stage": "Won",
            "closed": date(2026, 3, 2),
            "amount": Decimal("48000.00"),
            "won_amount": Decimal("46500.00"),
            "owner": "rep@company.example",
            "customer": "Example Ltd",
        },
        {
            "external_id": "A-1002",
            "created": date(2026, 2, 3),
            "stage": "Visited",
            "since": date(2026, 2, 20),
            "amount": Decimal("15000.00"),
            "expected_close": date(2026, 6, 30),
            "owner": "rep@company.example",
            "customer": "Example Ltd",
        },
    ],
    "events": [
        {
            "external_id": "A-1001",
            "entered": date(2026, 1, 12),
            "stage": "Lead",
            "amount": Decimal("48000.00"),
            "owner": "rep@company.example",
            "customer": "Example Ltd",
        },
        {
            "external_id": "A-1001",
            "entered": date(2026, 3, 2),
            "stage": "Won",
            "amount": Decimal("46500.00"),
            "owner": "rep@company.example",
            "customer": "Example Ltd",
        },
    ],
}


@require_GET
def import_template(request: AuthedRequest, shape: str, kind: str) -> HttpResponse | StreamingHttpResponse:
    """Send the template of a shape: a head line in the reader's language, which maps itself, and two example rows."""
    header, rows = _template(shape)
    if kind == "csv":
        response: HttpResponse | StreamingHttpResponse = StreamingHttpResponse(
            csv_lines(header, rows), content_type=_CSV
        )
    else:
        buffer = BytesIO()
        write_xlsx(buffer, header, rows, sheet=shape)
        response = HttpResponse(buffer.getvalue(), content_type=_XLSX)
    response["Content-Disposition"] = f'attachment; filename="yearline-{shape}.{kind}"'
    return response


@require_GET
def import_problems(request: AuthedRequest, pk: int) -> StreamingHttpResponse:
    """Send every problem of one's own file by line; what a spreadsheet would run as a formula is made harmless."""
    file = get_object_or_404(ImportFile.objects.visible_to(request.user), pk=pk)
    head = [_("Line"), _("Column"), _("What it says"), _("Problem")]
    response = StreamingHttpResponse(list(csv_lines(head, queries.problem_rows(file))), content_type=_CSV)
    response["Content-Disposition"] = f'attachment; filename="import-{file.pk}-problems.csv"'
    return response


def _template(shape: str) -> tuple[list[str], list[list[Value]]]:
    fields = fields_of(shape)
    return [str(field.label) for field in fields], [
        [example.get(field.name) for field in fields] for example in _EXAMPLES[shape]
    ]
