"""What a night knows of stays: lines at hand, tables for the deals whose lines it did not read, and ways to group both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from planning.forecasting import Ledger
from planning.forecasting.history import ATTRIBUTES
from planning.forecasting.past_rates import PastRates
from planning.forecasting.past_steps import PastSteps

from .history import DealHistory, last_amounts
from .organisation import Organisation

Codes = npt.NDArray[Any]
LEAST_BAND: Final = 1_000
BOUNDS: Final = np.array([0, *(step * LEAST_BAND * 10**power for power in range(9) for step in (1, 2, 5))], np.int64)
BAND: Final = "band"


@dataclass(frozen=True)
class Grouping:
    """
    One way to group deals by what they are: attribute (owner, product … or band), group of each of its levels (-1 left
    out), key of each group.
    """

    attribute: str
    of_level: Codes
    members: Codes

    def codes(self, levels: Mapping[str, Codes]) -> Codes:
        """(n_deals,) group of each deal, -1 left out."""
        level = levels[self.attribute]
        return np.where(level >= 0, self.of_level[level], -1)


@dataclass(frozen=True)
class Evidence:
    """
    What is known of stays at midnight before a business day.

    history: every deal, what it is and where it stands. ledger: the same deals with the lines at hand: all there are, or,
    where the rest is known by tables, those of deals that were open when the month began or were touched since.
    """

    history: DealHistory
    ledger: Ledger
    rates: PastRates | None = None
    steps: PastSteps | None = None

    @classmethod
    def whole(cls, history: DealHistory) -> "Evidence":
        """All lines."""
        return cls(history, history.ledger)

    @cached_property
    def levels(self) -> dict[str, Codes]:
        """Level of each deal, (n_deals,), by attribute and by size."""
        return {**{name: getattr(self.history.ledger, name) for name in ATTRIBUTES}, BAND: bands(self.history.ledger)}

    @property
    def sizes(self) -> dict[str, int]:
        """How many levels there are."""
        return sizes_of(self.history.keys())

    def by_attribute(self, attribute: str) -> Grouping:
        """The members of an attribute themselves."""
        members = BOUNDS if attribute == BAND else self.history.keys()[attribute]
        return Grouping(attribute, np.arange(max(len(members), 1)), members)

    def by_company(self) -> Grouping:
        """Everything in one group."""
        return Grouping("owner", np.zeros(self.sizes["owner"], np.int64), np.zeros(1, np.int64))

    def by_unit(self, places: Organisation) -> Iterator[Grouping]:
        """Units by the place in `places.unit_ids`, level by level from the company down: those of today's owners."""
        for unit_of_person in places.unit_by_depth():
            unit = [unit_of_person.get(owner, -1) for owner in self.history.owner_ids.tolist()]
            yield Grouping("owner", np.array(unit or [-1], np.int64), np.array(places.unit_ids, np.int64))


def sizes_of(keys: Mapping[str, Codes]) -> dict[str, int]:
    """How many levels each attribute has, and how many sizes of deals there are; at least one."""
    return {**{name: max(len(members), 1) for name, members in keys.items()}, BAND: len(BOUNDS)}


def bands(ledger: Ledger) -> Codes:
    """Sizes of deals by the last amount known, in steps of 1, 2, 5, 10 …: (n_deals,) place in BOUNDS, -1 unknown."""
    last = last_amounts(ledger)
    return np.where(np.isnan(last), -1, np.searchsorted(BOUNDS, np.nan_to_num(last), "right") - 1).astype(np.int64)
