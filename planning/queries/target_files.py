"""
Targets as a file and back: which of them a file changes, which it leaves alone, and what is wrong with it, line by line.

A line is one target: of a unit or person, of a metric (revenue unless it says so), of all sales or of a part of them. A
blank month is no zero: it leaves the month as it is. All lines are right, or none counts.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from django.utils.translation import gettext as _

from core.errors import Problem
from core.tabular import Cell, Table, Unreadable, cells
from core.tabular.writing import Value
from core.templatetags.formats import number
from customers.models import ProductLine, Region, Tier
from customers.models.pipelines import Named
from planning.models import MONTHS, PLAIN, REVENUE, Metric, PlanVersion, Scope, Target
from teams.models import User

from .calendars import fiscal_months
from .file_lines import (
    PLAN,
    SEEN,
    WrongLine,
    check_plan,
    check_seen,
    missing_columns,
    plan_label,
    problems_of,
    text_of,
    word_of,
)
from .outline import row_key
from .target_amounts import fault_of, least_of, year_of
from .targets import TargetGrid, months_of

ROW, NAME, TOTAL = "row", "name", "total"
METRIC, PRODUCT, REGION, TIER = "metric", "product", "region", "tier"
OF_WHAT = (METRIC, PRODUCT, REGION, TIER)  # a file without these columns is about plain targets
_LINKED = ("unit", "person", "metric__stage", "metric__from_stage", "product", "region")
_Of = tuple[str, int | None, int | None, str]
NamedWord = TypeVar("NamedWord", bound=Named)


@dataclass(frozen=True)
class FileRow:
    """
    What a line of the file is about: whose target, of what, and how it stands; no target = none yet, not zero.

    :param key: unit-7 or person-12
    """

    key: str
    name: str
    scope: Scope
    target: Target | None
    may_set: bool

    @property
    def months(self) -> tuple[Decimal, ...] | None:
        return months_of(self.target) if self.target else None

    @property
    def total(self) -> Decimal | None:
        """What the year asks for: the sum of the months, of a rate their mean."""
        return self.target.asked if self.target else None

    @property
    def lock_version(self) -> int:
        return self.target.lock_version if self.target else 0

    @property
    def of_what(self) -> _Of:
        of = self.scope
        metric = of.metric.code if of.metric else REVENUE
        return metric, of.product.pk if of.product else None, of.region.pk if of.region else None, of.tier


@dataclass(frozen=True)
class FileChange:
    """One target that a file changes: its line, the months as they would be, and which of them differ."""

    line: int
    row: FileRow
    months: tuple[Decimal, ...]
    changed: tuple[str, ...]

    @property
    def total(self) -> Decimal:
        return year_of(self.months, self.row.scope)

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


@dataclass(frozen=True)
class FileSheet:
    """Every target that one person sees of a version, the plain rows as the grid has them, then the others."""

    version: PlanVersion
    rows: Sequence[FileRow]


def file_sheet(grid: TargetGrid, user: User) -> FileSheet:
    """Return the lines that a file of a version has for one person. One query more than the grid."""
    plain = [FileRow(row.key, row.name, PLAIN, row.target, row.may_set) for row in grid.rows]
    may_set = {row.key: row.may_set for row in plain}
    order = {row.key: place for place, row in enumerate(plain)}
    found = Target.objects.visible_to(user).other().filter(version=grid.version).select_related(*_LINKED)
    others = []
    for target in found:
        key = row_key(unit=target.unit_id, person=target.person_id)
        name = str(target.unit or target.person)
        others.append(FileRow(key, name, target.scope, target, may_set.get(key, False)))
    others.sort(key=lambda row: (order.get(row.key, len(order)), row.target.pk if row.target else 0))
    return FileSheet(grid.version, [*plain, *others])


def file_header(version: PlanVersion) -> list[str]:
    """Return the columns of the file; they are the same in every language, so that a file can travel."""
    months = zip(MONTHS, fiscal_months(version.plan.fiscal_year), strict=True)
    return [PLAN, ROW, NAME, *OF_WHAT, SEEN, TOTAL, *(f"{name} ({first:%Y-%m})" for name, first in months)]


def file_lines(sheet: FileSheet) -> Iterator[list[Value]]:
    """Return the lines of the file; a row without a target has blank months, not zeros. A rate stands in per cent."""
    label = plan_label(sheet.version)
    for row in sheet.rows:
        of = row.scope
        what = [row.of_what[0], of.product.name if of.product else "", of.region.name if of.region else "", of.tier]
        yield [label, row.key, row.name, *what, row.lock_version, row.total, *(row.months or [None] * len(MONTHS))]


def checked_file(table: Table, sheet: FileSheet) -> FileCheck:
    """Read a file against the targets that the person sees; nothing is written."""
    return _Reading(table, sheet).check()


class _Words:
    """The metrics, product lines, regions and tiers that a cell can name, in either language: those in use or in a target."""

    def __init__(self, sheet: FileSheet) -> None:
        scopes = [row.scope for row in sheet.rows]
        metrics = [*Metric.objects.in_use(), *(scope.metric for scope in scopes if scope.metric)]
        self._metrics = {word.casefold(): metric for metric in metrics for word in (metric.code, *_names(metric))}
        self._products: Mapping[str, ProductLine] = words_by_name(
            [*ProductLine.objects.filter(is_active=True), *(scope.product for scope in scopes if scope.product)]
        )
        self._regions: Mapping[str, Region] = words_by_name(
            [*Region.objects.filter(is_active=True), *(scope.region for scope in scopes if scope.region)]
        )
        self._tiers = {word.casefold(): tier for tier in Tier for word in (tier.value, str(tier.label))}

    def scope(self, found: Mapping[str, Cell]) -> Scope:
        metric = word_of(found, METRIC, self._metrics)
        tier = word_of(found, TIER, self._tiers)
        return Scope(
            None if metric is None or metric.code == REVENUE else metric,
            word_of(found, PRODUCT, self._products),
            word_of(found, REGION, self._regions),
            tier.value if tier else "",
        )


class _Reading:
    def __init__(self, table: Table, sheet: FileSheet) -> None:
        self._table, self._sheet = table, sheet
        self._plan = plan_label(sheet.version)
        self._words = _Words(sheet)
        self._rows = {(row.key, row.of_what): row for row in sheet.rows}
        self._whose = {row.key: row for row in sheet.rows if row.scope.is_plain}
        self._named: dict[str, list[FileRow]] = defaultdict(list)
        for row in self._whose.values():
            self._named[row.name.casefold()].append(row)
        self._columns = self._found_columns()
        self._lines: dict[tuple[str, _Of], int] = {}
        self._check = FileCheck()

    def check(self) -> FileCheck:
        missing = [name for name in MONTHS if name not in self._columns]
        if missing or not self._columns.keys() & {ROW, NAME}:
            self._check.problems.append(missing_columns(self._table, missing or [ROW]))
            return self._check
        self._check.problems = problems_of(self._table, self._columns, self._line)
        return self._check

    def _found_columns(self) -> dict[str, str]:
        """Which column of the file is which: "m01 (2026-01)" is m01."""
        known = {PLAN, ROW, NAME, *OF_WHAT, SEEN, TOTAL, *MONTHS}
        words = {column: column.split("(")[0].strip().casefold() for column in self._table.header}
        return {word: column for column, word in words.items() if word in known}

    def _line(self, line: int, found: Mapping[str, Cell]) -> None:
        check_plan(found, self._plan)
        row = self._row(found)
        place = (row.key, row.of_what)
        if place in self._lines:
            facts: dict[str, object] = {"name": row.name, "line": self._lines[place]}
            raise WrongLine(ROW, _("%(name)s stands on line %(line)s already.") % facts)
        self._lines[place] = line
        now = dict(zip(MONTHS, row.months, strict=True)) if row.months else {}
        given = {month: self._amount(found, month, row.scope, now.get(month)) for month in MONTHS}
        blank = [month for month in MONTHS if given[month] is None]
        if blank and (now or len(blank) == len(MONTHS)):
            self._check.blank.append(row.name)
        if len(blank) == len(MONTHS):
            self._same_total(found, row, row.total)
            return
        if blank and not now:
            facts = {"n": len(blank)}
            raise WrongLine(
                blank[0], _("Blank is not zero, and there is no target here yet: %(n)s months are blank.") % facts
            )
        months = {month: amount if amount is not None else now[month] for month, amount in given.items()}
        year = year_of(tuple(months.values()), row.scope)
        self._same_total(found, row, year)
        changed = tuple(month for month in MONTHS if months[month] != now.get(month))
        if not changed:
            self._check.same += 1
            return
        self._may_change(found, row, year)
        self._check.changes.append(FileChange(line, row, tuple(months.values()), changed))

    def _row(self, found: Mapping[str, Cell]) -> FileRow:
        scope = self._words.scope(found)
        whose = FileRow(*self._who(found), scope, None, may_set=False)
        row = self._rows.get((whose.key, whose.of_what))
        if row is not None:
            return row
        plain = self._whose.get(whose.key)
        return FileRow(whose.key, whose.name, scope, None, may_set=plain is not None and plain.may_set)

    def _who(self, found: Mapping[str, Cell]) -> tuple[str, str]:
        """Return the key and name of the unit or person that a line names."""
        key, name = text_of(found, ROW), text_of(found, NAME)
        if key:
            row = self._whose.get(key) or next((row for row in self._sheet.rows if row.key == key), None)
            if row is None:
                raise WrongLine(
                    ROW, _("Nobody and nothing of this plan that you see is called %(key)s.") % {"key": key}
                )
            return row.key, row.name
        named = self._named.get(name.casefold(), [])
        if len(named) == 1:
            return named[0].key, named[0].name
        if named:
            raise WrongLine(
                NAME, _("%(name)s is the name of several rows; say which in the column “row”.") % {"name": name}
            )
        raise WrongLine(
            NAME, _("Nobody and nothing of this plan that you see is called %(key)s.") % {"key": name or "–"}
        )

    def _amount(
        self, found: Mapping[str, Cell], column: str, scope: Scope, now: Decimal | None, *, is_year: bool = False
    ) -> Decimal | None:
        cell = found.get(column)
        if not scope.adds_up and isinstance(cell, str):
            cell = cell.strip().removesuffix("%").removesuffix("％")
        try:
            amount = cells.money(cell)
        except Unreadable as wrong:
            raise WrongLine(column, wrong.message) from wrong
        if amount is None:
            return None
        if not scope.adds_up and amount != now and isinstance(cell, float) and 0 < cell < 1:
            # Excel stores a cell that shows 45 % as 0.45, which also is a per cent of its own.
            raise WrongLine(
                column, _("Write a rate as text with its sign, such as 45%: this number could mean two things.")
            )
        fault = "" if is_year else fault_of(amount, scope, least_of(scope, self._sheet.version.plan.currency))
        if fault:
            raise WrongLine(column, fault)
        return amount

    def _same_total(self, found: Mapping[str, Cell], row: FileRow, total: Decimal | None) -> None:
        given = self._amount(found, TOTAL, row.scope, total, is_year=True)
        if given is not None and given != total:
            facts = {"given": number(given, 2), "total": number(total, 2) if total is not None else "–"}
            raise WrongLine(TOTAL, _("The total says %(given)s, but the months come to %(total)s.") % facts)

    def _may_change(self, found: Mapping[str, Cell], row: FileRow, year: Decimal) -> None:
        if not row.may_set:
            raise WrongLine(ROW, _("You may look at this target, but not change it."))
        check_seen(found, row.lock_version)
        if row.target is not None and row.target.total_locked and year != row.total:
            facts = {"given": number(year, 2), "total": number(row.total, 2)}
            why = _("The annual target is locked at %(total)s, and these months come to %(given)s. Unlock it first.")
            raise WrongLine(TOTAL, why % facts)


def _names(word: Named) -> list[str]:
    return [name for name in (word.name, word.name_zh) if name]


def words_by_name(words: Sequence[NamedWord]) -> dict[str, NamedWord]:
    """Return words by their names; an English name counts before the Chinese one of another word."""
    named = {word.name_zh.casefold(): word for word in words if word.name_zh}
    return named | {word.name.casefold(): word for word in words}
