"""What changed between two versions, or two handings up, as text."""

from collections.abc import Iterable
from dataclasses import dataclass

from planning.queries import RowChange

from .grid_lines import Scale


@dataclass(frozen=True)
class ChangeLine:
    """A row of both as text."""

    row: RowChange
    before: str
    after: str
    change: str
    quarters: list[str]
    months: list[str]


def change_lines(rows: Iterable[RowChange], scale: Scale) -> list[ChangeLine]:
    return [
        ChangeLine(
            row=row,
            before=scale.text(row.total_before),
            after=scale.text(row.total_after),
            change=scale.text(row.change),
            quarters=[scale.text(change) for change in row.quarters],
            months=[scale.text(change) for change in row.months],
        )
        for row in rows
    ]
