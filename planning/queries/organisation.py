"""The organisation of one day as nodes and leaves: who carries deals, and which units sum them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from scipy import sparse

from teams.models import Management, Membership, OrgUnit


@dataclass(frozen=True)
class Organisation:
    """
    Units and people of a day. Leaves are people; nodes are the units in tree order, then the people.

    unit_ids (U,), parents before children; person_ids (L,); below (U + L, L): which leaves each node sums. A person
    without a unit that day is summed by the company alone, so that the company misses nobody.
    """

    unit_ids: tuple[int, ...]
    person_ids: tuple[int, ...]
    below: sparse.csr_matrix

    parents: Mapping[int, int | None]
    unit_of: Mapping[int, int]

    @property
    def node_count(self) -> int:
        return len(self.unit_ids) + len(self.person_ids)

    @property
    def root_id(self) -> int | None:
        """The company; None before it has been named."""
        return next(iter(_root(self.parents)), None)

    @cached_property
    def _nodes(self) -> dict[tuple[str, int], int]:
        units = {("unit", unit): node for node, unit in enumerate(self.unit_ids)}
        return units | {("person", person): node for node, person in enumerate(self.person_ids, len(self.unit_ids))}

    def node_of(self, *, unit_id: int | None = None, person_id: int | None = None) -> int | None:
        """The node of a unit or a person; None where it has none that day."""
        return self._nodes.get(("person", person_id) if unit_id is None else ("unit", unit_id))  # type: ignore[arg-type]

    def unit_and_person(self, node: int) -> tuple[int | None, int | None]:
        """Whose node it is: a unit's key or a person's, the other None."""
        units = len(self.unit_ids)
        return (self.unit_ids[node], None) if node < units else (None, self.person_ids[node - units])

    def unit_by_depth(self) -> list[dict[int, int]]:
        """
        For each level of the tree, company first: person → place of the person's unit of that level in `unit_ids`.

        Units of one level share nobody, so that one grouping counts a whole level at once.
        """
        levels: list[dict[int, int]] = []
        for person in self.person_ids:
            for depth, unit in enumerate(reversed(_chain(self.unit_of.get(person), self.parents))):
                if depth == len(levels):
                    levels.append({})
                levels[depth][person] = self._nodes["unit", unit]
        return levels

    def units_above(self, unit_id: int | None) -> list[int]:
        """Nodes of a unit and all above it; of the company, where there is no unit."""
        chain = _chain(unit_id, self.parents) if unit_id in self.parents else _root(self.parents)
        return [self._nodes["unit", unit] for unit in chain]


def organisation(*, as_of: date, also: Iterable[int] = ()) -> Organisation:
    """
    Read the tree of a day.

    :param also: people who carry deals and so are leaves, whether or not they have a unit that day
    """
    units = list(OrgUnit.objects.with_tree_fields())
    at = {unit.pk: place for place, unit in enumerate(units)}
    parent = {unit.pk: unit.parent_id for unit in units}
    unit_of = dict(Membership.objects.on(as_of).values_list("user_id", "unit_id"))
    managers = Management.objects.on(as_of).values_list("user_id", flat=True)
    people = sorted({*unit_of, *managers, *also})
    rows, columns = [], []
    for leaf, person in enumerate(people):
        chain = _chain(unit_of.get(person), parent) or _root(parent)
        rows += [at[unit] for unit in chain] + [len(units) + leaf]
        columns += [leaf] * (len(chain) + 1)
    below = sparse.csr_matrix(
        (np.ones(len(rows)), (rows, columns)), shape=(len(units) + len(people), len(people)), dtype=np.float64
    )
    return Organisation(tuple(at), tuple(people), below, parent, unit_of)


def _chain(unit: int | None, parent: Mapping[int, int | None]) -> list[int]:
    """A unit and all above it."""
    chain = []
    while unit is not None:
        chain.append(unit)
        unit = parent[unit]
    return chain


def _root(parent: Mapping[int, int | None]) -> list[int]:
    return [unit for unit, above in parent.items() if above is None]
