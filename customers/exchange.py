"""What leaves as a file for people who prepare an import: the template of each shape, and a file's problems by line."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO

from django.utils.translation import gettext as _

from core.tabular import csv_lines, write_xlsx
from core.tabular.writing import Value
from customers.intake import fields_of
from customers.models import ImportFile
from customers.queries import imports as queries

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


def template_csv(shape: str) -> Iterator[bytes]:
    """Stream the template of a shape: a head line in the reader's language, which maps itself, and two example rows."""
    header, rows = _template(shape)
    return csv_lines(header, rows)


def template_xlsx(shape: str) -> bytes:
    header, rows = _template(shape)
    buffer = BytesIO()
    write_xlsx(buffer, header, rows, sheet=shape)
    return buffer.getvalue()


def problems_csv(file: ImportFile) -> Iterator[bytes]:
    """Stream every problem of a file by line; what a spreadsheet would run as a formula is made harmless."""
    return csv_lines([_("Line"), _("Column"), _("What it says"), _("Problem")], queries.problem_rows(file))


def _template(shape: str) -> tuple[list[str], list[list[Value]]]:
    fields = fields_of(shape)
    return [str(field.label) for field in fields], [
        [example.get(field.name) for field in fields] for example in _EXAMPLES[shape]
    ]
