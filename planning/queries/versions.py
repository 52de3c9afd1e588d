"""Two versions of a plan, row by row: what was asked for before, what is asked for now, and the difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from planning import ladders
from planning.models import PlanVersion, Target
from teams.models import User

from .targets import PERSON, GridRow, months_of, row_key, target_grid


@dataclass(frozen=True)
class RowChange:
    """
    One unit or person in both versions; None = no target there, which is not zero.

    :param name: of the unit or person; `depth` and `level` as in the grid, for rows that are in it
    """

    name: str
    level: str
    depth: int
    before: Target | None
    after: Target | None

    @property
    def change(self) -> Decimal | None:
        """After less before; None where one of the two has no target."""
        return self.after.total - self.before.total if self.before and self.after else None

    @property
    def growth(self) -> float | None:
        return ladders.growth(self.after.total, self.before.total) if self.before and self.after else None

    @property
    def quarters(self) -> tuple[Decimal | None, ...]:
        """The change of every quarter. Shapes: (4,)"""
        if self.before is None or self.after is None:
            return (None,) * 4
        now, then = months_of(self.after), months_of(self.before)
        return ladders.by_quarter([month - was for month, was in zip(now, then, strict=True)])

    @property
    def is_changed(self) -> bool:
        if self.before is None or self.after is None:
            return self.before is not self.after
        return months_of(self.before) != months_of(self.after)


@dataclass(frozen=True)
class VersionChanges:
    """Two versions of one plan and the rows that a person may see of both, in the order of the grid."""

    before: PlanVersion
    after: PlanVersion
    rows: Sequence[RowChange]

    @property
    def changed(self) -> list[RowChange]:
        return [row for row in self.rows if row.is_changed]


def version_changes(*, before: PlanVersion, after: PlanVersion, user: User, as_of: date) -> VersionChanges:
    """
    Compare two versions of one plan node by node, as one person sees them. The number of queries does not depend on the rows.

    Rows that only the earlier version knows (somebody left, a unit was closed) stand at the end.
    """
    grid = target_grid(version=after, user=user, as_of=as_of)
    targets = Target.objects.visible_to(user).plain().filter(version=before).select_related("unit", "person")
    old = {row_key(unit=target.unit_id, person=target.person_id): target for target in targets}
    rows = [_change(row, old.pop(row.key, None)) for row in grid.rows]
    gone = sorted(old.values(), key=lambda target: (target.unit is None, str(target.unit or target.person)))
    rows += [
        RowChange(str(target.unit or target.person), target.unit.kind if target.unit else PERSON, 0, target, None)
        for target in gone
    ]
    known = [row for row in rows if row.before or row.after]
    return VersionChanges(before, after, known)


def _change(row: GridRow, before: Target | None) -> RowChange:
    return RowChange(row.name, row.level, row.depth, before, row.target)
