"""
Overlay on the reports: what people were named for on top of the shares of a deal.

It stands beside what was won and is in no sum, so that a unit stays the sum of those below it; who is named for it is said.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from planning.models import Plan
from teams.models import OrgUnit, User

from .actuals import overlays, unit_parents
from .forecasts import Node


@dataclass(frozen=True)
class OverlayLine:
    """What one person was named for; None = people whom the reader does not see, together."""

    person: User | None
    amount: Decimal


@dataclass(frozen=True)
class OverlayCredit:
    """The overlay of a unit with all below it, or of one person. `unknown` deals have no amount, and no part in it."""

    lines: tuple[OverlayLine, ...]
    unknown: int = 0

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal("0.00"))


def overlay_credit(*, plan: Plan, node: Node, user: User, first: date, after: date) -> OverlayCredit | None:
    """
    Return the overlay on what was won on the business days [first, after); None where there is none. At most three queries.

    A person counts in the unit of the day of the deal with all units above, as for what was won; in no unit, for the company.
    """
    rows = overlays(first=first, after=after, time_zone=plan.time_zone)
    if node.person is not None:
        rows = [row for row in rows if row.person == node.person.pk]
    elif node.unit is not None and node.unit.kind != OrgUnit.Kind.COMPANY and rows:
        below = _below(node.unit.pk)
        rows = [row for row in rows if row.unit in below]
    if not rows:
        return None
    seen = {person.pk: person for person in User.objects.visible_to(user).filter(pk__in={row.person for row in rows})}
    sums: dict[int | None, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row.person if row.person in seen else None] += row.amount
    lines = [OverlayLine(seen[key] if key else None, amount) for key, amount in sums.items()]
    lines.sort(key=lambda line: (line.person is None, -line.amount, str(line.person)))
    return OverlayCredit(tuple(lines), sum(row.unknown for row in rows))


def _below(unit: int) -> set[int]:
    """The unit and all units below it."""
    parents = unit_parents()
    found = {unit}
    while more := {key for key, above in parents.items() if above in found and key not in found}:
        found |= more
    return found
