"""
The target grid: what each unit and person is to bring, what is spread below, and what was won of it so far.

Definitions (printed on the page):
planned = sum of the targets of the units and people directly below; gap = planned - annual target, so below zero means that
part of the target has no owner, above zero that more is assigned than asked for.
Target to date = the targets of the months that are over, and of the current month the share of its working days that are
over, without what months make up for earlier ones: that is in it already. Attainment = won so far ÷ target to date.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from core.money import CENT
from core.periods import month_start
from planning import policies
from planning.models import MONTHS, PlanVersion, Target
from teams.models import Capability, Management, Membership, OrgUnit, User

from .actuals import NOTHING, Won, by_person, by_unit, in_no_unit, sum_of, unit_parents, year_actuals
from .calendars import WorkCalendar, fiscal_months
from .parts import Held, held_parts

Amounts = tuple[Decimal, ...]
PERSON = "person"


@dataclass(frozen=True)
class GridRow:
    """
    One unit or person.

    :param key: unit-7 or person-12; `parent` is the key of the row above it, None at the top of what the reader sees
    :param level: company, region, team or person
    :param below: how many rows stand directly below; `without` of them have no target yet
    :param planned: sum of the targets directly below; None where nothing stands below
    :param to_date: target to date; None without a target
    """

    key: str
    parent: str | None
    depth: int
    level: str
    name: str
    manager: str
    unit: int | None
    person: int | None
    target: Target | None
    below: int
    without: int
    planned: Decimal | None
    won: Won
    to_date: Decimal | None
    may_set: bool
    is_former: bool = False  # somebody who left: the target stays, and stays shown

    @property
    def months(self) -> Amounts | None:
        return months_of(self.target) if self.target else None

    @property
    def quarters(self) -> Amounts | None:
        return (self.target.q1, self.target.q2, self.target.q3, self.target.q4) if self.target else None

    @property
    def total(self) -> Decimal | None:
        return self.target.total if self.target else None

    @property
    def gap(self) -> Decimal | None:
        return self.planned - self.total if self.planned is not None and self.total is not None else None

    @property
    def has_levels(self) -> bool:
        """Whether more than the target is asked for: a stretch, or a challenge."""
        return self.target is not None and (self.target.stretch, self.target.challenge) != (None, None)

    @property
    def gap_share(self) -> float | None:
        """The gap ÷ the own target: over-assigned, or below zero unallocated."""
        return float(self.gap / self.total) if self.gap is not None and self.total else None

    @property
    def attainment(self) -> float | None:
        """Won so far ÷ target to date; None where nothing was due yet."""
        return float(self.won.revenue / self.to_date) if self.to_date else None

    @property
    def lock_version(self) -> int:
        return self.target.lock_version if self.target else 0


@dataclass(frozen=True)
class TargetGrid:
    """The rows that one person sees of a version, in tree order, with the day that "to date" means."""

    version: PlanVersion
    as_of: date
    months: tuple[date, ...]
    due: tuple[float, ...]  # of each month, the share that counts into the target to date, in [0, 1]
    rows: Sequence[GridRow]
    unassigned: Won  # won by people who were in no unit that day; part of the company's figure

    @property
    def quarter(self) -> int:
        """The quarter of `as_of`, 1 to 4; the first before the year, the last after it."""
        begun = sum(1 for month in self.months if month <= self.as_of)
        return max(begun - 1, 0) // 3 + 1

    @property
    def gaps(self) -> list[GridRow]:
        """Rows whose target is not what is spread below."""
        return [row for row in self.rows if row.gap]

    def row(self, *, unit: int | None = None, person: int | None = None) -> GridRow | None:
        key = row_key(unit=unit, person=person)
        return next((row for row in self.rows if row.key == key), None)


def target_grid(*, version: PlanVersion, user: User, as_of: date) -> TargetGrid:
    """
    Return the grid of a version as one person sees it: units in reach in tree order, each with its people before its units.

    People stand where they are on `as_of` (at the end of the year, once it is over); their wins of the year come with them,
    those of their units stay with the units. The number of queries does not depend on the number of rows.
    """
    year = version.plan.fiscal_year
    day = min(as_of, year.after_date - timedelta(days=1))
    months = fiscal_months(year)
    units = list(OrgUnit.objects.visible_to(user).order_by("position", "name", "pk"))
    targets = list(Target.objects.visible_to(user).plain().filter(version=version).select_related("person"))
    of_unit = {target.unit_id: target for target in targets if target.unit_id}
    of_person = {target.person_id: target for target in targets if target.person_id}
    won = year_actuals(version.plan, as_of=as_of)
    won_by_unit = by_unit(won, unit_parents())
    won_by_person = by_person(won)
    places = _places(user, day)
    people = {person.pk: person for person, _unit in places}
    people |= {target.person.pk: target.person for target in targets if target.person}
    home = {person.pk: unit for person, unit in places}
    managers = dict(
        Management.objects.on(day).filter(unit__in=[unit.pk for unit in units]).values_list("unit", "user__name")
    )
    reach = policies.target_reach(user)
    held = held_parts(version) if version.is_draft else Held()
    share = WorkCalendar().share_gone(month_start(day), day) if as_of >= year.first_date else 0.0

    shown = {unit.pk for unit in units}
    members: dict[int | None, list[User]] = defaultdict(list)
    for person in sorted(people.values(), key=lambda person: (person.name, person.pk)):
        if Capability.REP in person.capabilities or person.pk in of_person or person.pk in won_by_person:
            unit = home.get(person.pk)
            members[unit if unit in shown else None].append(person)
    children: dict[int | None, list[OrgUnit]] = defaultdict(list)
    for unit in units:
        children[unit.parent_id if unit.parent_id in shown else None].append(unit)

    def of(*, parent: str | None, depth: int, unit: OrgUnit | None = None, person: User | None = None) -> GridRow:
        target = of_unit.get(unit.pk) if unit else of_person.get(person.pk) if person else None
        below: list[Target | None] = []
        if unit:
            below = [of_person.get(member.pk) for member in members[unit.pk]]
            below += [of_unit.get(child.pk) for child in children[unit.pk]]
        subject = unit or person
        found = won_by_unit.get(unit.pk, {}) if unit else won_by_person.get(person.pk, {}) if person else {}
        return GridRow(
            key=row_key(unit=unit.pk if unit else None, person=person.pk if person else None),
            parent=parent,
            depth=depth,
            level=unit.kind if unit else PERSON,
            name=str(subject),
            manager=managers.get(unit.pk, "") if unit else "",
            unit=unit.pk if unit else None,
            person=person.pk if person else None,
            target=target,
            below=len(below),
            without=below.count(None),
            planned=sum((given.total for given in below if given), Decimal("0.00")) if below else None,
            won=sum_of(found),
            to_date=target_to_date(target.own_months, months, day, share) if target else None,
            may_set=reach.covers(unit=unit.pk if unit else None, person=person.pk if person else None)
            and held.stopping(user, unit=unit.pk if unit else None, person=person.pk if person else None) is None,
            is_former=person is not None and not person.is_active,
        )

    def walk(unit: OrgUnit, parent: str | None, depth: int) -> Iterable[GridRow]:
        row = of(unit=unit, parent=parent, depth=depth)
        yield row
        for member in members[unit.pk]:
            yield of(person=member, parent=row.key, depth=depth + 1)
        for child in children[unit.pk]:
            yield from walk(child, row.key, depth + 1)

    rows = [row for unit in children[None] for row in walk(unit, None, 0)]
    rows += [of(person=person, parent=None, depth=0) for person in members[None]]
    return TargetGrid(
        version=version,
        as_of=as_of,
        months=months,
        due=tuple(1.0 if month < month_start(day) else share if month == month_start(day) else 0.0 for month in months),
        rows=rows,
        unassigned=in_no_unit(won) if user.sees_everything else NOTHING,
    )


def target_to_date(amounts: Sequence[Decimal], months: Sequence[date], day: date, share: float) -> Decimal:
    """
    Return how much of a target is due at the end of a day.

    Shapes: amounts and months (12,).  Units: share = part of the day's own month that is over, in [0, 1].
    """
    current = month_start(day)
    full = sum((amount for amount, month in zip(amounts, months, strict=True) if month < current), Decimal("0.00"))
    part = sum((amount for amount, month in zip(amounts, months, strict=True) if month == current), Decimal("0.00"))
    return full + (part * Decimal(repr(share))).quantize(CENT)


def months_of(target: Target) -> Amounts:
    """Return the twelve months of a target, in fiscal order."""
    return tuple(getattr(target, month) for month in MONTHS)


def row_key(*, unit: int | None = None, person: int | None = None) -> str:
    """Return the name of a row in the grid: unit-7 or person-12."""
    return f"unit-{unit}" if unit is not None else f"{PERSON}-{person}"


def ancestors(rows: Mapping[str, GridRow], key: str) -> list[GridRow]:
    """Return the rows above a row, nearest first."""
    above: list[GridRow] = []
    parent = rows[key].parent
    while parent is not None:
        above.append(rows[parent])
        parent = rows[parent].parent
    return above


def _places(user: User, day: date) -> list[tuple[User, int]]:
    """Return the people that the user may see, each with the unit of that day."""
    held = Membership.objects.on(day).filter(user__in=User.objects.visible_to(user).values("pk"))
    return [(row.user, row.unit_id) for row in held.select_related("user")]
