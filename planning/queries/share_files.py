"""Market-share targets as a file and back. A blank share leaves what stands there; all lines are right, or none counts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _

from core.errors import Problem
from core.tabular import Cell, Table, Unreadable, cells
from core.tabular.writing import Value
from customers.models import ProductLine, Region
from planning.models import PlanVersion, ShareTarget

from .file_lines import (
    PLAN,
    SEEN,
    Word,
    WrongLine,
    check_plan,
    check_seen,
    missing_columns,
    plan_label,
    problems_of,
    text_of,
    word_of,
)
from .market import ShareLine
from .target_files import words_by_name

PRODUCT, REGION, PERIOD, SHARE = "product", "region", "period", "target share %"
PERIODS = ("year", "Q1", "Q2", "Q3", "Q4")
TOLD = ("market size", "estimates", "own sales", "sales known from", "share %", "means", "forecast", "forecast share %")
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class ShareChange:
    """A share that a file changes: its line, where, and in per cent what stands there (None = nothing) and what would."""

    line: int
    product: ProductLine
    region: Region
    quarter: int
    lock_version: int
    before: Decimal | None
    after: Decimal

    @property
    def period(self) -> str:
        return PERIODS[self.quarter]


@dataclass
class ShareCheck:
    """What a file would do. same: lines that say what stands there; blank: lines without a share."""

    changes: list[ShareChange] = field(default_factory=list)
    same: int = 0
    blank: int = 0
    problems: list[Problem] = field(default_factory=list)


def share_header() -> list[str]:
    """Return the columns; the first six come back, the rest is told for the reader."""
    return [PLAN, PRODUCT, REGION, PERIOD, SEEN, SHARE, *TOLD]


def share_file_lines(version: PlanVersion, lines: Sequence[ShareLine]) -> Iterator[list[Value]]:
    """Return a line per product line, region and period; a market without a target has a blank share, not zero."""
    for line in lines:
        target = line.target
        yield [
            plan_label(version),
            line.product.name,
            line.region.name,
            PERIODS[line.quarter],
            target.lock_version if target else 0,
            _percent(target.share if target else None),
            line.size,
            "; ".join(f"{estimate.source}, {estimate.estimated_date:%Y-%m-%d}" for estimate in line.estimates),
            line.sales,
            line.since,
            _percent(line.share),
            line.means,
            line.forecast,
            _percent(line.forecast_share),
        ]


def checked_shares(table: Table, version: PlanVersion, targets: Sequence[ShareTarget]) -> ShareCheck:
    """Read a file against the share targets of a version; nothing is written."""
    return _Reading(table, version, targets).check()


class _Reading:
    def __init__(self, table: Table, version: PlanVersion, targets: Sequence[ShareTarget]) -> None:
        self._table, self._plan = table, plan_label(version)
        held = {target.product_id for target in targets}, {target.region_id for target in targets}
        products = [row for row in ProductLine.objects.all() if row.is_active or row.pk in held[0]]
        regions = [row for row in Region.objects.all() if row.is_active or row.pk in held[1]]
        self._products, self._regions = words_by_name(products), words_by_name(regions)
        self._targets = {(target.product_id, target.region_id, target.quarter): target for target in targets}
        words = {column: column.strip().casefold() for column in table.header}
        known = {PLAN, PRODUCT, REGION, PERIOD, SEEN, SHARE}
        self._columns = {word: column for column, word in words.items() if word in known}
        self._lines: dict[tuple[int, int, int], int] = {}
        self._check = ShareCheck()

    def check(self) -> ShareCheck:
        missing = [name for name in (PRODUCT, REGION, SHARE) if name not in self._columns]
        if missing:
            self._check.problems.append(missing_columns(self._table, missing))
            return self._check
        self._check.problems = problems_of(self._table, self._columns, self._line)
        return self._check

    def _line(self, line: int, found: Mapping[str, Cell]) -> None:
        check_plan(found, self._plan)
        product = _needed(found, PRODUCT, self._products)
        region = _needed(found, REGION, self._regions)
        quarter = self._quarter(found)
        place = (product.pk, region.pk, quarter)
        if place in self._lines:
            facts = {"name": f"{product} · {region} · {PERIODS[quarter]}", "line": self._lines[place]}
            raise WrongLine(PRODUCT, _("%(name)s stands on line %(line)s already.") % facts)
        self._lines[place] = line
        target = self._targets.get(place)
        before = _percent(target.share if target else None)
        after = self._share(found, before)
        if after is None:
            self._check.blank += 1
        elif after == before:
            self._check.same += 1
        else:
            seen = target.lock_version if target else 0
            check_seen(found, seen)
            self._check.changes.append(ShareChange(line, product, region, quarter, seen, before, after))

    def _quarter(self, found: Mapping[str, Cell]) -> int:
        text = text_of(found, PERIOD) or PERIODS[0]
        named = {period.casefold(): quarter for quarter, period in enumerate(PERIODS)}
        if text.casefold() not in named:
            raise WrongLine(PERIOD, _("A period is one of %(names)s.") % {"names": ", ".join(PERIODS)})
        return named[text.casefold()]

    def _share(self, found: Mapping[str, Cell], before: Decimal | None) -> Decimal | None:
        cell = found.get(SHARE)
        try:
            share = cells.money(cell.strip().removesuffix("%") if isinstance(cell, str) else cell, places=4)
        except Unreadable as wrong:
            raise WrongLine(SHARE, wrong.message) from wrong
        if share is None or share == before:
            return share
        if isinstance(cell, float) and 0 < cell < 1:
            raise WrongLine(
                SHARE, _("Write a rate as text with its sign, such as 45%: this number could mean two things.")
            )
        if not 0 < share <= HUNDRED:
            raise WrongLine(SHARE, _("A share is more than 0% and at most 100%."))
        return share


def _needed(found: Mapping[str, Cell], column: str, words: Mapping[str, Word]) -> Word:
    word = word_of(found, column, words)
    if word is None:
        raise WrongLine(column, _("Nothing that is in use is called %(key)s.") % {"key": "–"})
    return word


def _percent(share: float | None) -> Decimal | None:
    return None if share is None else (Decimal(repr(share)) * HUNDRED).quantize(Decimal("0.0001"))
