"""One line of a file, read into values that are sure; what is not sure becomes a finding of that line."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core.tabular import Cell, DateOrder, Unreadable, cells
from core.tabular.cells import DecimalMark

from .columns import FIELDS_BY_NAME, Field, fields_of
from .problems import Finding

NOON = time(12)  # a day stamp has no hour: at noon it is the same day in nearly every time zone
_LONGEST = {"external_id": 80, "owner": 80, "customer": 160, "title": 160, "reason": 400}
_NEVER_AHEAD = {"created", "entered", "since"}  # a close date ahead means the expected close of an open deal
_COMPUTED = re.compile(r"-?\d{1,12}\.\d{9,17}")
CENT, NOISE = Decimal("0.01"), Decimal("1e-10")  # noise: as a share of the amount
MOST_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True, order=True)
class When:
    """
    A moment as the file tells it: mostly only the day is known (`timed` is false), then `at` is noon of that day.

    :param assumed: the file does not tell it; a rule stands in
    """

    at: datetime
    day: date
    timed: bool = False
    assumed: bool = False

    @property
    def told(self) -> str:
        """What the file said, and nothing that changes from one reading to the next."""
        return "" if self.assumed else self.at.isoformat() if self.timed else self.day.isoformat()

    def is_before(self, other: "When") -> bool:
        return self.at < other.at if self.timed and other.timed else self.day < other.day


@dataclass(frozen=True, slots=True)
class Row:
    """What one line says; None = it does not say."""

    line: int
    external_id: str
    stage: str
    created: When | None = None
    entered: When | None = None
    since: When | None = None
    closed: When | None = None
    amount: Decimal | None = None
    won_amount: Decimal | None = None
    units: Decimal | None = None
    cost: Decimal | None = None
    expected_close: When | None = None
    owner: str | None = None
    customer: str | None = None
    product: str | None = None
    region: str | None = None
    channel: str | None = None
    title: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that cannot be taken, its deal's id as far as that could be read, and everything that is wrong."""

    line: int
    external_id: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Options:
    """
    How a file is to be read.

    :param now: the door's clock; days after it are refused
    :param zone: the company's, in which day stamps are meant
    :param blank_created: what stands in for a blank day of creation; None = such rows are refused
    """

    shape: str
    mapping: Mapping[str, str]
    zone: ZoneInfo
    now: datetime
    date_order: DateOrder = ""
    decimal_mark: DecimalMark = "."
    blank_created: date | None = None


@dataclass
class Reader:
    """Reads the lines of one file; remembers days and words that it has read, since they repeat."""

    options: Options
    blank_created: int = 0
    computed: int = 0
    _memory: dict[tuple[str, object], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._fields = [item for item in fields_of(self.options.shape) if self.options.mapping.get(item.name)]
        self._today = self.options.now.astimezone(self.options.zone).date()

    def row(self, line: int, given: Mapping[str, Cell]) -> Row | Refused:
        """Return the line's row, or everything that is wrong with it."""
        values: dict[str, Any] = {}
        wrong: list[Finding] = []
        for item in self._fields:
            column = self.options.mapping[item.name]
            cell = given.get(column)
            try:
                value = self._value(item, cell)
            except Unreadable as unreadable:
                wrong.append(Finding(line, unreadable.code, column, _shown(cell)))
                continue
            if value is None and item.name == "created":
                self.blank_created += 1
                day = self.options.blank_created
                value = None if day is None else replace(self.when(day), assumed=True)
            if value is None and item.required:
                wrong.append(Finding(line, "missing", column))
            elif item.kind == "money" and value is not None and value < 0:
                wrong.append(Finding(line, "negative", column, _shown(cell)))
            elif item.name in _NEVER_AHEAD and value is not None and self.is_ahead(value):
                wrong.append(Finding(line, "future", column, _shown(cell)))
            values[item.name] = value
        if wrong:
            return Refused(line, values.get("external_id") or "", tuple(wrong))
        return Row(line=line, **values)

    def created_day(self, given: Mapping[str, Cell]) -> date | None:
        """Return the day of creation that a line tells, if it can be read and is not ahead."""
        try:
            value = self._value(FIELDS_BY_NAME["created"], given.get(self.options.mapping.get("created", "")))
        except Unreadable:
            return None
        return None if value is None or self.is_ahead(value) else value.day

    def when(self, day: date) -> When:
        """Return a day stamp. Today's is not later than now, so that no line of the ledger lies in the future."""
        at = datetime.combine(day, NOON, self.options.zone)
        return When(min(at, self.options.now) if day == self._today else at, day)

    def is_ahead(self, value: When) -> bool:
        return value.day > self._today or (value.timed and value.at > self.options.now)

    def _value(self, item: Field, cell: Cell) -> Any:
        if cell is None:
            return None
        if item.kind == "money":
            return self._money(cell)
        key = (item.name if item.kind == "text" else item.kind, cell)
        if key in self._memory:
            return self._memory[key]
        value = self._when(cell) if item.kind == "day" else cells.text(cell, longest=_LONGEST.get(item.name, 80))
        if item.name != "external_id" and len(self._memory) < MOST_REMEMBERED:
            self._memory[key] = value
        return value

    def _money(self, cell: Cell) -> Decimal | None:
        """Return an amount; the noise of binary fractions that some systems print (926.1000000000001) is taken off."""
        try:
            return cells.money(cell, decimal_mark=self.options.decimal_mark)
        except Unreadable as unreadable:
            written = str(cell).strip()
            if unreadable.code != "too_many_decimals" or not _COMPUTED.fullmatch(written):
                raise
            amount = Decimal(written).quantize(CENT, ROUND_HALF_EVEN)
            if abs(amount - Decimal(written)) > NOISE * max(Decimal(1), abs(amount)):
                raise
            self.computed += 1
            return amount

    def _when(self, cell: Cell) -> When | None:
        found = cells.day(cell, order=self.options.date_order)
        if found is None:
            return None
        if not _has_clock(cell):
            return self.when(found)
        at = cells.moment(cell, zone=self.options.zone, order=self.options.date_order)
        if at is None:  # pragma: no cover  # a day was found, so there is a moment
            return None
        local = at.astimezone(self.options.zone)
        return self.when(local.date()) if local.time() == time() else When(at, local.date(), timed=True)


def _has_clock(cell: Cell) -> bool:
    match cell:
        case datetime():
            return True
        case str():
            return ":" in cell or "：" in cell
        case float():
            return not cell.is_integer()
        case _:
            return False


def _shown(cell: Cell) -> str:
    return "" if cell is None else str(cell)[:200]


def used_columns(mapping: Mapping[str, str]) -> Iterator[str]:
    """Name the file's columns that a mapping uses."""
    for name, column in mapping.items():
        if name in FIELDS_BY_NAME and column:
            yield column
