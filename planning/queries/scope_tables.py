"""Actuals and open deals as columns, so that hundreds of targets can be asked what counts for them without a loop over rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from django.db.models import Q

from planning.models import DealForecast, Plan, Target
from teams.models import Membership

from .actuals import Cell
from .scopes import Parents, Trees, is_within

NOBODY: Final = -1

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScopeTable:
    """Rows that count for units and people and parts of the sales, (n,) each; NOBODY = none."""

    unit: Ints
    owner: Ints
    product: Ints
    region: Ints
    tier: npt.NDArray[np.str_]

    def covered_by(self, target: Target, circle: "Circle") -> tuple[Bools, Bools]:
        """Return which rows are of the target's unit or person, and which of its part of the sales."""
        mine = self.owner == target.person_id if target.person_id else np.isin(self.unit, circle.units(target.unit_id))
        part = np.ones(len(self.unit), np.bool_)
        if target.product_id:
            part &= np.isin(self.product, circle.below("products", target.product_id))
        if target.region_id:
            part &= np.isin(self.region, circle.below("regions", target.region_id))
        if target.tier:
            part &= self.tier == target.tier
        return mine, part


@dataclass(frozen=True)
class Cells(ScopeTable):
    """What a metric counted, by month."""

    month: Ints  # as year × 12 + month
    value: Floats
    events: Floats
    missing: Floats

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> "Cells":
        return cls(
            unit=keys_of([cell.unit for cell in cells]),
            owner=keys_of([cell.owner for cell in cells]),
            product=keys_of([cell.product for cell in cells]),
            region=keys_of([cell.region for cell in cells]),
            tier=np.array([cell.tier for cell in cells], np.str_),
            month=np.array([month_number(cell.month) for cell in cells], np.int64),
            value=np.array([float(cell.achieved.value) for cell in cells], np.float64),
            events=np.array([cell.achieved.events for cell in cells], np.float64),
            missing=np.array([cell.achieved.missing for cell in cells], np.float64),
        )


@dataclass(frozen=True)
class OpenDeals(ScopeTable):
    """The deals that the night saw open and that still are."""

    chance: Floats
    amount: Floats
    cost: Floats  # nan: not known, as of units
    pieces: Floats
    customer: Ints


@dataclass
class Circle:
    """The trees, each asked once for what lies below a place."""

    trees: Trees
    known: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    def below(self, tree: str, key: int) -> list[int]:
        if (tree, key) not in self.known:
            parents: Parents = getattr(self.trees, tree)
            self.known[tree, key] = [place for place in parents if is_within(place, key, parents)]
        return self.known[tree, key]

    def units(self, key: int | None) -> list[int]:
        """The subtree of a unit; the company has those in no unit too."""
        if key is None:
            return []
        return [*self.below("units", key), *([NOBODY] if key == self.trees.root else [])]


def open_deals(plan: Plan, as_of: date) -> OpenDeals:
    """Read the deals that the night saw open, without those that have closed until the end of a day."""
    still = Q(deal__closed_date__isnull=True) | Q(deal__closed_date__gt=as_of)
    rows = DealForecast.objects.current(plan).filter(still).order_by("deal")
    columns: list[tuple[Any, ...]] = list(
        rows.values_list(
            "deal__owner",
            "deal__product",
            "deal__region",
            "deal__customer",
            "deal__customer__tier",
            "p_by_month",
            "amount",
            "deal__cost",
            "deal__units",
        )
    )
    owner, product, region, customer, tier, by_month, amount, cost, units = (
        zip(*columns, strict=True) if columns else [()] * 9
    )
    held = dict(Membership.objects.on(as_of).values_list("user", "unit"))
    return OpenDeals(
        unit=keys_of([held.get(key) for key in owner]),
        owner=keys_of(owner),
        product=keys_of(product),
        region=keys_of(region),
        tier=np.array([word or "" for word in tier], np.str_),
        chance=np.array([chances[-1] for chances in by_month], np.float64),
        amount=np.array([float(value) for value in amount], np.float64),
        cost=known_of(cost),
        pieces=known_of(units),
        customer=keys_of(customer),
    )


def keys_of(found: Sequence[int | None]) -> Ints:
    return np.array([NOBODY if key is None else key for key in found], np.int64)


def known_of(found: Sequence[Any]) -> Floats:
    return np.array([np.nan if value is None else float(value) for value in found], np.float64)


def month_number(day: date) -> int:
    return day.year * 12 + day.month
