"""What a target is narrowed to, and which of the actuals belong to it: by what is below, never by equality alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from customers.models import ProductLine, Region, Tier
from planning.models import Target

from .actuals import Achieved, Cell, unit_parents

Parents = Mapping[int, int | None]


@dataclass(frozen=True)
class Trees:
    """The trees of units, product lines and regions, each key → the one above it. Read once for a whole report."""

    units: Parents
    products: Parents
    regions: Parents

    @cached_property
    def root(self) -> int | None:
        return next((unit for unit, parent in self.units.items() if parent is None), None)


def trees() -> Trees:
    """Read the three trees. Three queries, whatever their size."""
    return Trees(
        units=unit_parents(),
        products=dict(ProductLine.objects.values_list("pk", "parent_id")),
        regions=dict(Region.objects.values_list("pk", "parent_id")),
    )


def is_within(key: int | None, wanted: int | None, parents: Parents) -> bool:
    """Is a unit, product line or region the wanted one or somewhere below it? Everything is within None."""
    if wanted is None:
        return True
    while key is not None and key != wanted:
        key = parents.get(key)
    return key is not None


def covers(target: Target, cell: Cell, places: Trees) -> bool:
    """
    Does an actual count for a target: is it of the target's part of the sales, and of its person or of its unit's subtree?

    What people in no unit achieved counts for the company alone.
    """
    if target.tier and target.tier != cell.tier:
        return False
    if not is_within(cell.product, target.product_id, places.products):
        return False
    if not is_within(cell.region, target.region_id, places.regions):
        return False
    if target.person_id is not None:
        return cell.owner == target.person_id
    unit = places.root if cell.unit is None else cell.unit
    return is_within(unit, target.unit_id, places.units)


def achieved_of(target: Target, cells: Iterable[Cell], places: Trees) -> Achieved:
    """Return what counts for a target among the actuals of its metric."""
    return sum((cell.achieved for cell in cells if covers(target, cell, places)), Achieved())


def scope_words(target: Target) -> str:
    """Return the part of the sales that a target is narrowed to, in words; "all sales" where it is not."""
    tier = Tier(target.tier).label if target.tier else ""
    words = [str(word) for word in (target.product, target.region, tier) if word]
    return " · ".join(words) or _("All sales")
