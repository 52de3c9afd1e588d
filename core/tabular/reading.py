"""Reading tables: which kind of file it is, how its text is encoded, where its columns are, and its rows as a stream."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.utils.translation import gettext as _

from core.errors import Problem
from core.tabular.cells import Cell
from core.tabular.limits import LIMITS, Limits, UnreadableFile
from core.tabular.workbooks import check_zip, sheet_rows
from core.tabular.writing import restored

DELIMITERS = (",", ";", "\t")
MOST_PROBLEMS = 1_000
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CHUNK = 1024 * 1024


@dataclass
class Table:
    """
    A table in a file, with its header read and its rows yet to come.

    :param encoding, delimiter: as found out, for a CSV file; "" for a workbook
    :param header: column names in order, trimmed
    :param header_line: the line of the file on which they stand
    :param problems: lines that could not be read as a row; grows while `rows()` runs
    """

    path: Path
    kind: str
    encoding: str
    delimiter: str
    sheet: str
    header: tuple[str, ...]
    header_line: int
    limits: Limits
    problems: list[Problem] = field(default_factory=list)

    def rows(self, *, after: int = 0) -> Iterator[tuple[int, dict[str, Cell]]]:
        """
        Stream (line number, {column: cell}) from the top, or after a line; blank cells are None, blank lines are left out.

        A line with more cells than columns is no row: it goes to `problems`.
        :raises UnreadableFile: when the file turns out to be damaged or beyond the limits
        """
        count = 0
        for line, cells in _lines(self):
            if line <= max(after, self.header_line) or all(_blank(cell) for cell in cells):
                continue
            count += 1
            if count > self.limits.rows:
                raise UnreadableFile(_("The table has more than %(count)s rows.") % {"count": self.limits.rows})
            problem = self._problem(line, cells)
            if problem is None:
                values = [_value(cell) for cell in cells] + [None] * (len(self.header) - len(cells))
                yield line, dict(zip(self.header, values, strict=False))
            elif len(self.problems) < MOST_PROBLEMS:
                self.problems.append(problem)

    def _problem(self, line: int, cells: list[Cell]) -> Problem | None:
        if any(not _blank(cell) for cell in cells[len(self.header) :]):
            return Problem("", _("This line has more cells than the table has columns."), "too_many_cells", line)
        longest = max((len(cell) for cell in cells if isinstance(cell, str)), default=0)
        if longest > self.limits.cell_characters:
            return Problem("", _("A cell of this line is too long."), "too_long", line)
        return None


def open_table(path: Path, *, sheet: str = "", encoding: str = "", limits: Limits = LIMITS) -> Table:
    """
    Find out what a file is and read its header.

    :param sheet: of a workbook; "" = the first
    :param encoding: where the person knows better than the guess; "" = guess
    :raises UnreadableFile: what is neither CSV nor XLSX, too large, or without a usable header
    """
    if path.stat().st_size > limits.file_bytes:
        largest = limits.file_bytes // (1024 * 1024)
        raise UnreadableFile(_("The file is larger than %(size)s MB.") % {"size": largest})
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise UnreadableFile(_("The file is empty."))
    if start.startswith(b"PK"):
        check_zip(path, limits)
        table = Table(path, "xlsx", "", "", sheet, (), 0, limits)
    elif start.startswith(b"\xd0\xcf\x11\xe0"):
        message = _("This is an old or protected Excel file. Save it as .xlsx without a password, or as .csv.")
        raise UnreadableFile(message)
    elif start.startswith((b"%PDF", b"{\\rtf", b"<?xml", b"<html", b"<!DOC", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff")):
        raise UnreadableFile(_("Only .csv and .xlsx files can be read."))
    else:
        found = encoding or _encoding(path)
        table = Table(path, "csv", found, "", "", (), 0, limits)
        table.delimiter = _delimiter(table)
    for line, cells in _lines(table):
        if any(not _blank(cell) for cell in cells):
            table.header_line, table.header = line, _header(line, cells)
            return table
    raise UnreadableFile(_("The file holds no table: every line is blank."))


def _lines(table: Table) -> Iterator[tuple[int, list[Cell]]]:
    if table.kind == "xlsx":
        yield from sheet_rows(table.path, sheet=table.sheet, limits=table.limits)
        return
    line = 0
    try:
        with table.path.open(encoding=table.encoding, newline="") as file:
            reader = csv.reader(_without_nul(file), delimiter=table.delimiter)
            for cells in reader:
                yield line + 1, list(cells)
                line = reader.line_num
    except (UnicodeError, LookupError) as wrong:
        message = _("The text is not encoded as %(encoding)s.") % {"encoding": table.encoding}
        raise UnreadableFile(message, problems=[Problem("", message, "encoding", line + 1)]) from wrong
    except csv.Error as wrong:
        message = _("From line %(line)s on, a quotation mark is missing or a cell is too long.") % {"line": line + 1}
        raise UnreadableFile(message, problems=[Problem("", message, "quotes", line + 1)]) from wrong


def _without_nul(lines: Iterator[str]) -> Iterator[str]:
    for number, text in enumerate(lines, start=1):
        if "\0" in text:
            message = _("Line %(line)s holds a NUL byte: this is no text file.") % {"line": number}
            raise UnreadableFile(message, problems=[Problem("", message, "nul", number)])
        yield text


def _encoding(path: Path) -> str:
    """Return the encoding: by byte order mark, else UTF-16 by its zero bytes, else UTF-8, else GB18030, each if it fits."""
    with path.open("rb") as file:
        sample = file.read(4096)
    for bom, name in _BOMS.items():
        if sample.startswith(bom):
            return name
    zeros = [sample[start::2].count(0) * 2 / len(sample) for start in (0, 1)]
    if max(zeros) > 0.4 and min(zeros) < 0.1:
        return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    for name in ("utf-8", "gb18030"):
        if _decodes(path, name):
            return name
    raise UnreadableFile(_("The text is neither UTF-8 nor UTF-16 nor GB18030. Save it as CSV UTF-8."))


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(table: Table) -> str:
    """Return the delimiter by which most of the first lines have as many cells as the first; the most cells break a tie."""
    best, best_score = DELIMITERS[0], (0, 0)
    for delimiter in DELIMITERS:
        table.delimiter = delimiter
        widths = [len(cells) for _line, cells in islice(_lines(table), 50) if cells]
        if widths and widths[0] > 1:
            score = (sum(width == widths[0] for width in widths), widths[0])
            if score > best_score:
                best, best_score = delimiter, score
    return best


def _header(line: int, cells: list[Cell]) -> tuple[str, ...]:
    names = ["" if _blank(cell) else " ".join(str(_value(cell)).split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    problems = [
        Problem("", _("Column %(number)s has no name.") % {"number": number}, "blank_column", line)
        for number, name in enumerate(names, start=1)
        if not name
    ]
    seen: set[str] = set()
    for name in filter(None, names):
        if name.casefold() in seen:
            message = _("The column %(name)s stands twice.") % {"name": name}
            problems.append(Problem(name, message, "duplicate_column", line))
        seen.add(name.casefold())
    if problems:
        raise UnreadableFile(_("The first line must name every column once."), problems=problems)
    return tuple(names)


def _blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _value(cell: Cell) -> Cell:
    if _blank(cell):
        return None
    return restored(cell) if isinstance(cell, str) else cell
