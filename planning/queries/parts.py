"""The parts of a draft: what stands below a unit, where its handing up stands, and what that holds."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import Q, QuerySet

from planning import policies
from planning.models import PlanVersion, Submission, Target
from teams.models import Capability, Management, Membership, OrgUnit, User

from .actuals import unit_parents


@dataclass(frozen=True)
class Extent:
    """What one submission is about: the units and people below a unit; without a unit, everything of the version."""

    unit: OrgUnit | None
    units: frozenset[int] = frozenset()
    people: frozenset[int] = frozenset()

    def has(self, *, unit: int | None, person: int | None) -> bool:
        return self.unit is None or unit in self.units or person in self.people

    def targets(self, version: PlanVersion) -> QuerySet[Target]:
        """The targets of a version that belong to it."""
        if self.unit is None:
            return version.targets.all()
        return version.targets.filter(Q(unit__in=self.units) | Q(person__in=self.people))


def extent_of(unit: OrgUnit | None) -> Extent:
    """Return what stands below a unit today: its units and people, not the unit's own target, which is set above it."""
    if unit is None:
        return Extent(None)
    children: dict[int | None, list[int]] = defaultdict(list)
    for child, parent in unit_parents().items():
        children[parent].append(child)
    units, waiting = set[int](), [unit.pk]
    while waiting:
        below = children[waiting.pop()]
        units.update(below)
        waiting += below
    people = Membership.objects.current().filter(unit__in=[unit.pk, *units]).values_list("user", flat=True)
    return Extent(unit, frozenset(units), frozenset(people))


@dataclass(frozen=True)
class Held:
    """The parts of a draft that are handed up or approved, by their unit: what stands below one is not worked on."""

    submissions: Mapping[int, Submission] = field(default_factory=dict)

    @cached_property
    def _parents(self) -> Mapping[int, int | None]:
        return unit_parents()

    @cached_property
    def _homes(self) -> Mapping[int, int]:
        return dict(Membership.objects.current().values_list("user", "unit"))

    def above(self, *, unit: int | None = None, person: int | None = None) -> Iterator[Submission]:
        """Yield the submissions that hold a row, the nearest first."""
        if not self.submissions:
            return
        at = self._parents.get(unit) if unit is not None else self._homes.get(person or 0)
        while at is not None:
            if at in self.submissions:
                yield self.submissions[at]
            at = self._parents.get(at)

    def stopping(self, user: User, *, unit: int | None = None, person: int | None = None) -> Submission | None:
        """
        Return the submission that keeps somebody from changing a row; None = it can be worked on.

        Whoever decides on a part that is handed up may still adjust it; an approved one is sent back first.
        """
        for found in self.above(unit=unit, person=person):
            if found.status == Submission.Status.APPROVED or not policies.can_decide(user, found):
                return found
        return None


def held_parts(version: PlanVersion) -> Held:
    """Return what holds the rows of a draft."""
    found = Submission.objects.open().filter(plan_version=version, unit__isnull=False).select_related("unit")
    return Held({submission.unit_id: submission for submission in found if submission.unit_id})


@dataclass(frozen=True)
class Part:
    """One unit of a draft and where its part stands; `latest` None = nobody has handed it up yet."""

    unit: OrgUnit
    depth: int
    manager: str
    latest: Submission | None
    may_submit: bool
    may_decide: bool

    @property
    def is_open(self) -> bool:
        return self.latest is not None and self.latest.status != Submission.Status.SENT_BACK


def parts(version: PlanVersion, user: User) -> list[Part]:
    """Return the units that somebody sees, in tree order, each with the latest handing up of its part."""
    units = list(OrgUnit.objects.visible_to(user).order_by("position", "name", "pk"))
    latest: dict[int, Submission] = {}
    for row in Submission.objects.visible_to(user).filter(plan_version=version, unit__isnull=False).order_by("round"):
        latest[row.unit_id or 0] = row
    managers = dict(Management.objects.current().filter(unit__in=units).values_list("unit", "user__name"))
    held = held_parts(version) if version.is_draft else Held()
    children: dict[int | None, list[OrgUnit]] = defaultdict(list)
    shown = {unit.pk for unit in units}
    for unit in units:
        children[unit.parent_id if unit.parent_id in shown else None].append(unit)

    def walk(unit: OrgUnit, depth: int) -> Iterator[Part]:
        found = latest.get(unit.pk)
        is_open = found is not None and found.status != Submission.Status.SENT_BACK
        stopped = any(held.above(unit=unit.pk))
        yield Part(
            unit=unit,
            depth=depth,
            manager=managers.get(unit.pk, ""),
            latest=found,
            may_submit=version.is_draft and not is_open and not stopped and policies.can_submit(user, unit),
            may_decide=version.is_draft and is_open and found is not None and policies.can_decide(user, found),
        )
        for child in children[unit.pk]:
            yield from walk(child, depth + 1)

    return [part for unit in children[None] for part in walk(unit, 0)]


def approvers(unit: OrgUnit | None, *, submitter: User) -> list[User]:
    """Return who may decide on a part of a unit (None = the whole) that somebody hands up: never that person."""
    planners = Q(capabilities__overlap=[Capability.PLAN_OWNER, Capability.ADMINISTRATOR])
    chain: list[int] = []
    parents = unit_parents() if unit else {}
    at = unit.parent_id if unit else None
    while at is not None:
        chain.append(at)
        at = parents.get(at)
    managing = Management.objects.current().filter(unit__in=chain).values("user")
    people = User.objects.active().exclude(pk=submitter.pk).filter(planners | Q(pk__in=managing))
    return list(people.order_by("name", "pk"))
