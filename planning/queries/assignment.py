"""
Unallocated and over-assigned: what stands directly below a unit against its own target, and how far the two may differ.

Over-assigned = what is planned below less the unit's own target, in per cent of it; below zero, that part is unallocated.
A unit of which nobody below has a target yet is not judged: missing is not zero.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from planning.models import AssignmentRule, Plan, PlanVersion
from teams.models import OrgUnit

from .below import plan_tree
from .outline import Node

Kind = OrgUnit.Kind
# In per cent of the own target. Sources of the trade name 10 to 20 % over the whole tree; each level adds its own.
USUAL: Mapping[str, tuple[Decimal, Decimal]] = {
    Kind.COMPANY: (Decimal(0), Decimal(10)),
    Kind.REGION: (Decimal(0), Decimal(5)),
    Kind.TEAM: (Decimal(0), Decimal(5)),
}


@dataclass(frozen=True)
class Span:
    """
    How far what is planned below may differ from a target, for the units of one level; in per cent, both ends allowed.

    :param rule: what somebody set; None = the usual span
    """

    level: str
    least: Decimal
    most: Decimal
    rule: AssignmentRule | None = None

    @property
    def label(self) -> str:
        return str(Kind(self.level).label)

    def allows(self, *, target: Decimal, planned: Decimal) -> bool:
        """Say whether an assignment lies within, exactly."""
        return target * (100 + self.least) <= planned * 100 <= target * (100 + self.most)


@dataclass(frozen=True)
class Assigned:
    """A unit's target and what is planned directly below it."""

    unit: int
    name: str
    level: str
    target: Decimal
    planned: Decimal
    span: Span

    @property
    def over(self) -> Decimal:
        """Over-assigned; below zero, unallocated."""
        return self.planned - self.target

    @property
    def short(self) -> Decimal:
        """The unallocated amount."""
        return -self.over

    @property
    def share(self) -> float | None:
        """The same ÷ target; None where the target is zero."""
        return float(self.over / self.target) if self.target else None

    @property
    def is_within(self) -> bool:
        return self.span.allows(target=self.target, planned=self.planned)


def spans(plan: Plan) -> dict[str, Span]:
    """Return the span of each level of the tree, company first."""
    rules = {rule.level: rule for rule in AssignmentRule.objects.filter(plan=plan).select_related("set_by")}
    found = {}
    for level, (least, most) in USUAL.items():
        rule = rules.get(level)
        found[level] = Span(level, rule.least, rule.most, rule) if rule else Span(level, least, most)
    return found


def outside(rows: Iterable[Node], allowed: Mapping[str, Span]) -> list[Assigned]:
    """Return the units of a grid whose assignment the policy does not allow."""
    found = [
        Assigned(row.unit, row.name, row.level, row.total, row.planned, allowed[row.level])
        for row in rows
        if row.unit is not None and row.total is not None and row.planned is not None and row.below > row.without
    ]
    return [assigned for assigned in found if not assigned.is_within]


def assignments(version: PlanVersion) -> list[Assigned]:
    """Return every unit that has a target and something planned below, the whole company's, in tree order."""
    tree, allowed = plan_tree(version), spans(version.plan)
    found = []
    for spot in tree.in_order():
        planned = tree.planned(spot.key)
        if spot.unit is not None and spot.total is not None and planned is not None:
            found.append(Assigned(spot.unit.pk, spot.name, spot.level, spot.total, planned, allowed[spot.level]))
    return found


def breaches(version: PlanVersion) -> list[Assigned]:
    """Return the units whose assignment the policy does not allow; a publication checks it. Four queries."""
    return [assigned for assigned in assignments(version) if not assigned.is_within]
