"""
Writing tables that no spreadsheet program takes for formulas, and that read back to the same text.

Text that a program would run (it starts with = + - @, a tab or a line break, also in full width) gets a ' before it;
so does text that already looks like that behind quotes, so that reading can take exactly one away again.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from itertools import chain
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

Value = str | Decimal | int | float | bool | date | datetime | None
LONGEST_CELL = 32_767  # of a workbook; a longer one would be cut without a word
_DANGEROUS = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_QUOTED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")


def neutralised(text: str) -> str:
    """Return text that no spreadsheet program runs."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def restored(text: str) -> str:
    """Return the text that `neutralised` was given."""
    return text[1:] if _QUOTED.match(text) else text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[bytes]:
    """Stream a CSV file, UTF-8 with a byte order mark (Excel needs it for Chinese)."""
    buffer = StringIO(newline="")
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    for row in chain([header], rows):
        writer.writerow([_csv_cell(value) for value in row])
        yield _emptied(buffer)


def write_xlsx(file: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Value]], *, sheet: str = "Table") -> None:
    """
    Write a workbook of one sheet, row by row, its header bold and frozen.

    A carriage return becomes a line feed and a character that XML cannot hold becomes U+FFFD: the format has no other way.
    :raises ValueError: for text longer than the 32,767 characters of a cell
    """
    workbook = Workbook(write_only=True)
    page = workbook.create_sheet(sheet)
    page.freeze_panes = "A2"
    bold = Font(bold=True)
    names = []
    for name in header:
        cell = WriteOnlyCell(page, _xlsx_text(name))
        cell.font = bold
        names.append(cell)
    try:
        page.append(names)
        for row in rows:
            page.append([_xlsx_cell(value) for value in row])
    finally:
        page.close()
    workbook.save(file)


def _emptied(buffer: StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _csv_cell(value: Value) -> str:
    match value:
        case None:
            return ""
        case str():
            return neutralised(value)
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)


def _xlsx_cell(value: Value) -> Value:
    match value:
        case str():
            return _xlsx_text(value)
        case datetime() if value.tzinfo is not None:
            return value.replace(tzinfo=None)
        case _:
            return value


def _xlsx_text(text: str) -> str:
    written = ILLEGAL_CHARACTERS_RE.sub("\ufffd", neutralised(text.replace("\r\n", "\n").replace("\r", "\n")))
    if len(written) > LONGEST_CELL:
        raise ValueError(f"A cell holds at most {LONGEST_CELL:,} characters.")
    return written
