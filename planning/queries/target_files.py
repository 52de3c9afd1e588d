"""
The grid as a file and back: which rows a file changes, which it leaves alone, and what is wrong with it, line by line.

A blank month is no zero: it leaves the month as it is. All lines are right, or none counts.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _

from core.errors import Problem
from core.money import CENT, smallest_unit
from core.tabular import Cell, Table, Unreadable, cells
from core.tabular.writing import Value
from core.templatetags.formats import number
from planning.models import MONTHS, PlanVersion

from .calendars import fiscal_months
from .targets import GridRow, TargetGrid

PLAN, ROW, NAME, SEEN, TOTAL = "plan", "row", "name", "version", "total"
LARGEST = Decimal("999999999999.99")
MOST_PROBLEMS = 200


@dataclass(frozen=True)
class FileChange:
    """One row that a file changes: its line, the months as they would be, and which of them differ."""

    line: int
    row: GridRow
    months: tuple[Decimal, ...]
    changed: tuple[str, ...]

    @property
    def total(self) -> Decimal:
        return sum(self.months, Decimal(0))

    @property
    def difference(self) -> Decimal:
        return self.total - (self.row.total or Decimal(0))


@dataclass
class FileCheck:
    """
    What a file would do.

    :param same: lines that say what stands there already
    :param blank: names of rows with blank months, which stay as they are
    """

    changes: list[FileChange] = field(default_factory=list)
    same: int = 0
    blank: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def difference(self) -> Decimal:
        return sum((change.difference for change in self.changes), Decimal(0))


def plan_label(version: PlanVersion) -> str:
    """Return the name of a version in a file: FY2026 v2."""
    return f"{version.plan.fiscal_year} v{version.number}"


def file_header(version: PlanVersion) -> list[str]:
    """Return the columns of the file; they are the same in every language, so that a file can travel."""
    months = zip(MONTHS, fiscal_months(version.plan.fiscal_year), strict=True)
    return [PLAN, ROW, NAME, SEEN, TOTAL, *(f"{name} ({first:%Y-%m})" for name, first in months)]


def file_lines(grid: TargetGrid) -> Iterator[list[Value]]:
    """Return the rows of the grid as lines of the file; a row without a target has blank months, not zeros."""
    label = plan_label(grid.version)
    for row in grid.rows:
        yield [label, row.key, row.name, row.lock_version, row.total, *(row.months or [None] * len(MONTHS))]


def checked_file(table: Table, grid: TargetGrid) -> FileCheck:
    """Read a file against the grid that the person sees; nothing is written."""
    return _Reading(table, grid).check()


class _Wrong(Exception):
    """What is wrong with a line: the column, and why."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(why)
        self.column, self.why = column, why


class _Reading:
    def __init__(self, table: Table, grid: TargetGrid) -> None:
        self._table, self._grid = table, grid
        self._plan = plan_label(grid.version)
        self._least = max(CENT, smallest_unit(grid.version.plan.currency))
        self._rows = {row.key: row for row in grid.rows}
        self._named: dict[str, list[GridRow]] = defaultdict(list)
        for row in grid.rows:
            self._named[row.name.casefold()].append(row)
        self._columns = self._found_columns()
        self._lines: dict[str, int] = {}
        self._check = FileCheck()

    def check(self) -> FileCheck:
        missing = [name for name in MONTHS if name not in self._columns]
        if missing or not self._columns.keys() & {ROW, NAME}:
            names = ", ".join(missing or [ROW])
            why = _("These columns are missing: %(names)s. Begin with an exported file.") % {"names": names}
            self._check.problems.append(Problem(names, why, "missing_columns", self._table.header_line))
            return self._check
        for line, found in self._table.rows():
            if len(self._check.problems) >= MOST_PROBLEMS:
                break
            try:
                self._line(line, {name: found.get(column) for name, column in self._columns.items()})
            except _Wrong as wrong:
                column = self._columns.get(wrong.column, wrong.column)
                self._check.problems.append(Problem(column, wrong.why, "invalid", line))
        self._check.problems += self._table.problems
        self._check.problems.sort(key=lambda problem: problem.line or 0)
        return self._check

    def _found_columns(self) -> dict[str, str]:
        """Which column of the file is which: "m01 (2026-01)" is m01."""
        known = {PLAN, ROW, NAME, SEEN, TOTAL, *MONTHS}
        words = {column: column.split("(")[0].strip().casefold() for column in self._table.header}
        return {word: column for column, word in words.items() if word in known}

    def _line(self, line: int, found: Mapping[str, Cell]) -> None:
        label = _text(found, PLAN)
        if label and label != self._plan:
            facts: dict[str, object] = {"label": label, "plan": self._plan}
            raise _Wrong(PLAN, _("This line belongs to %(label)s, not to %(plan)s.") % facts)
        row = self._row(found)
        if row.key in self._lines:
            raise _Wrong(
                ROW, _("%(name)s stands on line %(line)s already.") % {"name": row.name, "line": self._lines[row.key]}
            )
        self._lines[row.key] = line
        given = {month: self._amount(found, month) for month in MONTHS}
        now = dict(zip(MONTHS, row.months, strict=True)) if row.months else {}
        blank = [month for month in MONTHS if given[month] is None]
        if blank and (now or len(blank) == len(MONTHS)):
            self._check.blank.append(row.name)
        if len(blank) == len(MONTHS):
            self._same_total(found, row.total)
            return
        if blank and not now:
            facts = {"n": len(blank)}
            raise _Wrong(
                blank[0], _("Blank is not zero, and there is no target here yet: %(n)s months are blank.") % facts
            )
        months = {month: amount if amount is not None else now[month] for month, amount in given.items()}
        self._same_total(found, sum(months.values(), Decimal(0)))
        changed = tuple(month for month in MONTHS if months[month] != now.get(month))
        if not changed:
            self._check.same += 1
            return
        self._may_change(found, row, sum(months.values(), Decimal(0)))
        self._check.changes.append(FileChange(line, row, tuple(months.values()), changed))

    def _row(self, found: Mapping[str, Cell]) -> GridRow:
        key, name = _text(found, ROW), _text(found, NAME)
        if key:
            row = self._rows.get(key)
            if row is None:
                raise _Wrong(ROW, _("Nobody and nothing of this plan that you see is called %(key)s.") % {"key": key})
            return row
        named = self._named.get(name.casefold(), [])
        if len(named) == 1:
            return named[0]
        if named:
            raise _Wrong(
                NAME, _("%(name)s is the name of several rows; say which in the column “row”.") % {"name": name}
            )
        raise _Wrong(NAME, _("Nobody and nothing of this plan that you see is called %(key)s.") % {"key": name or "–"})

    def _amount(self, found: Mapping[str, Cell], column: str) -> Decimal | None:
        try:
            amount = cells.money(found.get(column))
        except Unreadable as wrong:
            raise _Wrong(column, wrong.message) from wrong
        if amount is None:
            return None
        if not 0 <= amount <= LARGEST * 12:
            raise _Wrong(column, _("A target is zero or more."))
        if amount % self._least:
            raise _Wrong(column, _("This currency has no amount smaller than %(least)s.") % {"least": self._least})
        return amount

    def _same_total(self, found: Mapping[str, Cell], total: Decimal | None) -> None:
        given = self._amount(found, TOTAL)
        if given is not None and given != total:
            facts = {"given": number(given, 2), "total": number(total, 2) if total is not None else "–"}
            raise _Wrong(TOTAL, _("The total says %(given)s, but the months come to %(total)s.") % facts)

    def _may_change(self, found: Mapping[str, Cell], row: GridRow, total: Decimal) -> None:
        if not row.may_set:
            raise _Wrong(ROW, _("You may look at this target, but not change it."))
        try:
            seen = cells.whole_number(found.get(SEEN))
        except Unreadable as wrong:
            raise _Wrong(SEEN, wrong.message) from wrong
        if (seen or 0) != row.lock_version:
            raise _Wrong(SEEN, _("Somebody changed this row since the file was exported. Export it again."))
        if row.target is not None and row.target.total_locked and total != row.total:
            facts = {"given": number(total, 2), "total": number(row.total, 2)}
            why = _("The annual target is locked at %(total)s, and these months come to %(given)s. Unlock it first.")
            raise _Wrong(TOTAL, why % facts)


def _text(found: Mapping[str, Cell], column: str) -> str:
    try:
        return cells.text(found.get(column)) or ""
    except Unreadable as wrong:
        raise _Wrong(column, wrong.message) from wrong
