"""Two versions of a plan, row by row: what was asked for before, what is asked for now, and the difference."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from planning import ladders
from planning.models import PlanVersion, Target
from teams.models import User

from .outline import PERSON, row_key
from .targets import Amounts, GridRow, TargetGrid, months_of, target_grid


@dataclass(frozen=True)
class Asked:
    """What one unit or person was asked for. Shapes: months (12,), in fiscal order."""

    name: str
    level: str
    unit: int | None
    person: int | None
    months: Amounts

    @classmethod
    def by(cls, target: Target, months: Amounts | None = None) -> "Asked":
        """A target (with its unit and person read) as it stands, or with the months of another moment."""
        level = target.unit.kind if target.unit else PERSON
        return cls(
            str(target.unit or target.person), level, target.unit_id, target.person_id, months or months_of(target)
        )

    @property
    def key(self) -> str:
        return row_key(unit=self.unit, person=self.person)


NO_YEAR: tuple[None, ...] = (None,) * 12


@dataclass(frozen=True)
class RowChange:
    """
    One unit or person in both versions; None = no target there, which is not zero.

    Shapes: before and after (12,), the months in fiscal order.

    :param name: of the unit or person; `depth` and `level` as in the grid, for rows that are in it
    """

    name: str
    level: str
    depth: int
    unit: int | None
    person: int | None
    before: Amounts | None
    after: Amounts | None

    @property
    def total_before(self) -> Decimal | None:
        return None if self.before is None else sum(self.before, Decimal(0))

    @property
    def total_after(self) -> Decimal | None:
        return None if self.after is None else sum(self.after, Decimal(0))

    @property
    def change(self) -> Decimal | None:
        """After less before; None where one of the two has no target."""
        if self.total_before is None or self.total_after is None:
            return None
        return self.total_after - self.total_before

    @property
    def growth(self) -> float | None:
        if self.total_before is None or self.total_after is None:
            return None
        return ladders.growth(self.total_after, self.total_before)

    @property
    def months(self) -> tuple[Decimal | None, ...]:
        """The change of every month. Shapes: (12,)"""
        if self.before is None or self.after is None:
            return NO_YEAR
        return tuple(now - was for was, now in zip(self.before, self.after, strict=True))

    @property
    def quarters(self) -> tuple[Decimal | None, ...]:
        """The change of every quarter. Shapes: (4,)"""
        if self.before is None or self.after is None:
            return NO_YEAR[:4]
        return ladders.by_quarter([now - was for was, now in zip(self.before, self.after, strict=True)])

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class VersionChanges:
    """Two versions of one plan and the rows that a person may see of both, in the order of the grid."""

    before: PlanVersion
    after: PlanVersion
    rows: Sequence[RowChange]

    @property
    def changed(self) -> list[RowChange]:
        return [row for row in self.rows if row.is_changed]

    def below(self, unit: int) -> "VersionChanges":
        """The rows of one unit: itself, and what stands below it in the grid."""
        rows = list(self.rows)
        at = next((place for place, row in enumerate(rows) if row.unit == unit), None)
        if at is None:
            return VersionChanges(self.before, self.after, [])
        after = (place for place in range(at + 1, len(rows)) if rows[place].depth <= rows[at].depth)
        return VersionChanges(self.before, self.after, rows[at : next(after, len(rows))])

    def of_level(self, level: str) -> "VersionChanges":
        """The rows of one level: company, region, team or person."""
        return VersionChanges(self.before, self.after, [row for row in self.rows if row.level == level])

    @property
    def total(self) -> RowChange:
        """The sum of the rows; to be asked of one level, whose rows share nobody."""
        before = [row.before for row in self.rows if row.before]
        after = [row.after for row in self.rows if row.after]
        return RowChange("", "", 0, None, None, _sum(before), _sum(after))


def _sum(rows: Sequence[Amounts]) -> Amounts | None:
    return tuple(sum(months, Decimal(0)) for months in zip(*rows, strict=True)) if rows else None


def version_changes(*, before: PlanVersion, after: PlanVersion, user: User, as_of: date) -> VersionChanges:
    """
    Compare two versions of one plan node by node, as one person sees them. The number of queries does not depend on the rows.

    Rows that only the earlier version knows (somebody left, a unit was closed) stand at the end.
    """
    grid = target_grid(version=after, user=user, as_of=as_of)
    return VersionChanges(before, after, changes_of(grid, asked_by(before, user)))


def asked_by(version: PlanVersion | None, user: User) -> list[Asked]:
    """Return what a version asks for, as far as somebody sees it; nothing where there is no version."""
    targets = Target.objects.visible_to(user).plain().filter(version=version).select_related("unit", "person")
    return [Asked.by(target) for target in targets]


def changes_of(grid: TargetGrid, old: Iterable[Asked], *, now: Iterable[Asked] | None = None) -> list[RowChange]:
    """
    Hold the rows of a grid against what was asked for in another version or at another moment.

    :param now: stands in for the grid's own targets, where another moment is compared
    """
    was = {row.key: row for row in old}
    then = None if now is None else {row.key: row.months for row in now}
    rows = [
        _change(row, was.pop(row.key, None), row.months if then is None else then.get(row.key)) for row in grid.rows
    ]
    gone = sorted(was.values(), key=lambda row: (row.unit is None, row.name))
    rows += [RowChange(row.name, row.level, 0, row.unit, row.person, row.months, None) for row in gone]
    return [row for row in rows if row.before or row.after]


def _change(row: GridRow, before: Asked | None, after: Amounts | None) -> RowChange:
    return RowChange(row.name, row.level, row.depth, row.unit, row.person, before.months if before else None, after)
