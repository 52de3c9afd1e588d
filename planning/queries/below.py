"""Who stands directly below whom in a version of a plan: the nodes over which its targets are spread and added up."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import Value
from django.db.models.functions import Least, Now, TruncDate

from planning.models import PlanVersion, Target
from teams.models import Capability, Membership, OrgUnit, User

from .outline import PERSON, row_key


@dataclass(frozen=True)
class Spot:
    """
    A unit or person of the tree, with its target in the version.

    :param parent: key of the unit above; None at the company
    """

    key: str
    parent: str | None
    name: str
    level: str
    unit: OrgUnit | None
    person: User | None
    target: Target | None

    @property
    def total(self) -> Decimal | None:
        return self.target.total if self.target else None

    @property
    def lock_version(self) -> int:
        return self.target.lock_version if self.target else 0

    @property
    def kept_reason(self) -> str:
        return self.target.kept_reason if self.target else ""

    @property
    def whose(self) -> dict[str, OrgUnit | User | None]:
        return {"unit": self.unit, "person": self.person}


@dataclass(frozen=True)
class Tree:
    """All spots of a version by key, and who stands directly below each unit: its people by name, then its units."""

    spots: Mapping[str, Spot]
    below: Mapping[str, Sequence[str]]

    def children(self, key: str) -> list[Spot]:
        return [self.spots[child] for child in self.below.get(key, ())]

    def within(self, key: str) -> Iterator[Spot]:
        """A spot and everything below it, in tree order."""
        yield self.spots[key]
        for child in self.below.get(key, ()):
            yield from self.within(child)

    def in_order(self) -> list[Spot]:
        """Every spot in tree order, the company first; read backwards, one pass adds up the tree."""
        tops = [key for key, spot in self.spots.items() if spot.parent is None]
        return [spot for top in tops for spot in self.within(top)]

    def planned(self, key: str) -> Decimal | None:
        """Return the sum of the targets directly below; None where nobody below has one."""
        totals = [spot.total for spot in self.children(key) if spot.total is not None]
        return sum(totals, Decimal("0.00")) if totals else None


def plan_tree(version: PlanVersion) -> Tree:
    """
    Return the whole tree of a version: all units, and of their people those who sell or have a target.

    People stand where they are today, by the database's clock, or were on the last day of a year that is over. People in
    no unit are in no unit's sum and not in the tree. Three queries, whatever the number of people.
    """
    last = version.plan.fiscal_year.after_date - timedelta(days=1)
    targets = list(Target.objects.plain().filter(version=version))
    of_unit = {target.unit_id: target for target in targets if target.unit_id}
    of_person = {target.person_id: target for target in targets if target.person_id}
    held = Membership.objects.on(Least(TruncDate(Now()), Value(last))).select_related("user")
    members: dict[int, list[User]] = defaultdict(list)
    for row in held.order_by("user__name", "user"):
        if Capability.REP in row.user.capabilities or row.user_id in of_person:
            members[row.unit_id].append(row.user)
    spots: dict[str, Spot] = {}
    below: dict[str, list[str]] = defaultdict(list)
    for unit in OrgUnit.objects.order_by("position", "name", "pk"):
        key, parent = row_key(unit=unit.pk), row_key(unit=unit.parent_id) if unit.parent_id else None
        spots[key] = Spot(key, parent, unit.name, unit.kind, unit, None, of_unit.get(unit.pk))
        if parent:
            below[parent].append(key)
        people = []
        for person in members[unit.pk]:
            own = row_key(person=person.pk)
            spots[own] = Spot(own, key, str(person), PERSON, None, person, of_person.get(person.pk))
            people.append(own)
        below[key][:0] = people
    return Tree(spots, below)
