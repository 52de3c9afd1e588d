"""
The outline of a target grid: every unit and person that a reader sees, who stands below whom, and the year's totals.

It holds no months, so that sums and checks speak of everybody however large the company is, and the grid reads the months of
those rows alone that are drawn.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from django.db.models import QuerySet, Value
from django.db.models.functions import Least, Now, TruncDate

from planning.models import PlanVersion, Target
from teams.models import Capability, Membership, OrgUnit, User

PERSON = "person"
AT_ONCE = 60  # rows: what has no more is drawn whole, and no unit draws more of its rows at a time


class Node(NamedTuple):
    """
    One unit or person.

    :param key: unit-7 or person-12; `parent` is the key of the row above it, None at the top of what the reader sees
    :param level: company, region, team or person
    :param total: the annual target; None without one
    :param below: how many rows stand directly below; `without` of them have no target yet
    :param planned: sum of the targets directly below; None where nothing stands below
    """

    key: str
    parent: str | None
    depth: int
    level: str
    name: str
    unit: int | None
    person: int | None
    total: Decimal | None
    has_levels: bool  # more than the target is asked for: a stretch, or a challenge
    below: int
    without: int
    planned: Decimal | None
    is_former: bool  # somebody who left: the target stays, and stays shown


@dataclass(frozen=True)
class Folds:
    """
    Which rows are asked for.

    :param unfolded: the units whose rows are drawn; None = as many levels as fit
    :param whole: every row
    :param below: only what stands below this unit, without the first `after` rows directly below it
    """

    unfolded: Collection[str] | None = None
    whole: bool = False
    below: str | None = None
    after: int = 0


@dataclass(frozen=True)
class Rest:
    """Rows directly below a unit that are not drawn yet: how many, and how many stand before them."""

    unit: str
    count: int
    after: int


@dataclass(frozen=True)
class Outline:
    """All rows by key in tree order, and the keys of those directly below each (None: at the top)."""

    nodes: Mapping[str, Node]
    below: Mapping[str | None, Sequence[str]] = field(repr=False)

    @cached_property
    def fitting(self) -> frozenset[str]:
        """The units to unfold at first: level by level, as long as all rows of a level fit; one top is never left alone."""
        level, drawn = self.below.get(None, ()), 0
        unfolded = set[str]()
        while level:
            drawn += len(level)
            below = [child for key in level for child in self.below.get(key, ())]
            if drawn + len(below) > AT_ONCE and len(level) > 1:
                break
            unfolded.update(key for key in level if key in self.below)
            level = below
        return frozenset(unfolded)

    @property
    def fits(self) -> bool:
        """Whether everything is drawn at once."""
        return len(self.nodes) <= AT_ONCE

    def unfolded(self, folds: Folds) -> Collection[str]:
        """The units whose rows are drawn."""
        if folds.whole or self.fits:
            return self.nodes.keys()
        return self.fitting if folds.unfolded is None else folds.unfolded

    def drawn(self, folds: Folds) -> Iterator[str | Rest]:
        """Yield the keys of the rows that are drawn, in tree order, and in their place what of a unit is left out."""
        unfolded, most = self.unfolded(folds), len(self.nodes) if folds.whole else AT_ONCE

        def under(key: str | None, after: int) -> Iterator[str | Rest]:
            children = self.below.get(key, ())
            for child in children[after : after + most]:
                yield child
                if child in unfolded:
                    yield from under(child, 0)
            if key is not None and len(children) > after + most:
                yield Rest(key, len(children) - after - most, after + most)

        if folds.below is not None:
            yield from under(folds.below, folds.after)
            return
        for top in self.below.get(None, ()):
            yield top
            if top in unfolded:
                yield from under(top, 0)

    def path(self, key: str) -> list[Node]:
        """The rows above a row, the top first."""
        found: list[Node] = []
        parent = self.nodes[key].parent
        while parent is not None:
            found.insert(0, self.nodes[parent])
            parent = self.nodes[parent].parent
        return found

    def named(self, words: str) -> list[Node]:
        """The rows whose name holds some words, in tree order; upper and lower case are the same."""
        asked = words.casefold().strip()
        return [node for node in self.nodes.values() if asked in node.name.casefold()] if asked else []


class Asked(NamedTuple):
    """Whose target, the year of it, whether it has further levels, and the person's name where it is a person's."""

    unit: int | None
    person: int | None
    total: Decimal
    has_levels: bool
    name: str
    is_active: bool

    @classmethod
    def by(cls, target: Target) -> "Asked":
        """From a target whose person is read with it."""
        more = (target.stretch_over, target.challenge_over) != (None, None)
        person = target.person
        named = (str(person), person.is_active) if person else ("", True)
        return cls(target.unit_id, target.person_id, target.total, more, *named)


def asked_of(targets: QuerySet[Target]) -> list[Asked]:
    """Return what plain targets ask for in the year, without their months. One query."""
    columns = ("unit", "person", "total", "stretch_over", "challenge_over")
    named = targets.values_list(*columns, "person__name", "person__email", "person__is_active")
    return [
        Asked(unit, person, total, (stretch, challenge) != (None, None), name or email or "", is_active is not False)
        for unit, person, total, stretch, challenge, name, email, is_active in named
    ]


def visible_outline(*, user: User, day: date, asked: Iterable[Asked], sold: Collection[int]) -> Outline:
    """
    Return everybody whom a reader sees on a day: those who sell, who have a target, or are among those who have sold.

    Two queries, whatever the number of rows.
    """
    held = Membership.objects.on(day).filter(user__in=User.objects.visible_to(user).values("pk"))
    return _outlined(OrgUnit.objects.visible_to(user), held, list(asked), sold)


def company_outline(version: PlanVersion) -> Outline:
    """
    Return the whole company with the targets of a version, whoever looks: those who sell or have a target.

    People stand where they are today, by the database's clock, or were on the last day of a year that is over. Three queries.
    """
    last = version.plan.fiscal_year.after_date - timedelta(days=1)
    held = Membership.objects.on(Least(TruncDate(Now()), Value(last)))
    asked = asked_of(Target.objects.plain().filter(version=version))
    return _outlined(OrgUnit.objects.all(), held, asked, frozenset())


def _outlined(
    units_seen: QuerySet[OrgUnit], held: QuerySet[Membership], asked: Sequence[Asked], sold: Collection[int]
) -> Outline:
    """Units in tree order, each with its people by name before its units."""
    units = list(units_seen.order_by("position", "name", "pk"))
    of_unit = {row.unit: row for row in asked if row.unit is not None}
    of_person = {row.person: row for row in asked if row.person is not None}
    people: dict[int, tuple[str, bool, int | None]] = {}  # name, is active, unit
    columns = ("user", "user__name", "user__email", "user__is_active", "user__capabilities", "unit")
    for person, name, email, is_active, capabilities, unit in held.values_list(*columns):
        if Capability.REP in capabilities or person in of_person or person in sold:
            people[person] = (name or email, is_active, unit)
    for person, row in of_person.items():
        people.setdefault(person, (row.name, row.is_active, None))

    shown = {unit.pk for unit in units}
    members: dict[int | None, list[int]] = defaultdict(list)
    for person in sorted(people, key=lambda person: (people[person][0], person)):
        home = people[person][2]
        members[home if home in shown else None].append(person)
    children: dict[int | None, list[OrgUnit]] = defaultdict(list)
    for child in units:
        children[child.parent_id if child.parent_id in shown else None].append(child)
    nodes: dict[str, Node] = {}
    below: dict[str | None, list[str]] = defaultdict(list)

    def person_node(person: int, parent: str | None, depth: int) -> None:
        row, (name, is_active, _home) = of_person.get(person), people[person]
        key = row_key(person=person)
        total, levels = (row.total, row.has_levels) if row else (None, False)
        nodes[key] = Node(key, parent, depth, PERSON, name, None, person, total, levels, 0, 0, None, not is_active)
        below[parent].append(key)

    def unit_node(unit: OrgUnit, parent: str | None, depth: int) -> None:
        key, row = row_key(unit=unit.pk), of_unit.get(unit.pk)
        under = [of_person.get(member) for member in members[unit.pk]]
        under += [of_unit.get(child.pk) for child in children[unit.pk]]
        nodes[key] = Node(
            key=key,
            parent=parent,
            depth=depth,
            level=unit.kind,
            name=unit.name,
            unit=unit.pk,
            person=None,
            total=row.total if row else None,
            has_levels=row is not None and row.has_levels,
            below=len(under),
            without=under.count(None),
            planned=sum((each.total for each in under if each), Decimal("0.00")) if under else None,
            is_former=False,
        )
        below[parent].append(key)
        for member in members[unit.pk]:
            person_node(member, key, depth + 1)
        for child in children[unit.pk]:
            unit_node(child, key, depth + 1)

    for unit in children[None]:
        unit_node(unit, None, 0)
    for person in members[None]:
        person_node(person, None, 0)
    return Outline(nodes, dict(below))


def row_key(*, unit: int | None = None, person: int | None = None) -> str:
    """Return the name of a row in the grid: unit-7 or person-12."""
    return f"unit-{unit}" if unit is not None else f"{PERSON}-{person}"
