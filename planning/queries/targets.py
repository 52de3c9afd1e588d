"""
The target grid: what each unit and person is to bring, what is spread below, and what was won of it so far.

Definitions (printed on the page):
planned = sum of the targets of the units and people directly below; gap = planned - annual target, so below zero means that
part of the target has no owner, above zero that more is assigned than asked for.
Target to date = the targets of the months that are over, and of the current month the share of its working days that are
over, without what months make up for earlier ones: that is in it already. Attainment = won so far ÷ target to date.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet

from core.money import CENT
from core.periods import month_start
from planning import policies
from planning.models import MONTHS, PlanVersion, Target
from teams.models import Management, User

from .actuals import NOTHING, Won, year_sums
from .calendars import WorkCalendar, fiscal_months
from .outline import Asked, Folds, Node, Outline, Rest, asked_of, row_key, visible_outline
from .parts import Held, held_parts

Amounts = tuple[Decimal, ...]


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
    """
    The rows of a version that one person sees and that are drawn, in tree order, with the day that "to date" means.

    :param outline: all rows, drawn or not
    :param places: the keys of the rows, and in their place what is left out
    :param may_set_any: whether the reader may change a target of any row, drawn or not
    """

    version: PlanVersion
    as_of: date
    months: tuple[date, ...]
    due: tuple[float, ...]  # of each month, the share that counts into the target to date, in [0, 1]
    rows: Sequence[GridRow]
    unassigned: Won  # won by people who were in no unit that day; part of the company's figure
    outline: Outline
    places: Sequence[str | Rest]
    may_set_any: bool

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


def target_grid(*, version: PlanVersion, user: User, as_of: date, folds: Folds | None = None) -> TargetGrid:
    """
    Return the grid of a version as one person sees it: units in reach in tree order, each with its people before its units.

    People stand where they are on `as_of` (at the end of the year, once it is over); their wins of the year come with them,
    those of their units stay with the units. The number of queries does not depend on the number of rows.

    :param folds: which rows are drawn, where not all are; sums, checks and the outline speak of all nevertheless
    """
    year = version.plan.fiscal_year
    day = min(as_of, year.after_date - timedelta(days=1))
    months = fiscal_months(year)
    won = year_sums(version.plan, as_of=as_of)
    targets = None if folds else list(_targets(version, user))
    outline = visible_outline(
        user=user,
        day=day,
        asked=asked_of(_targets(version, user)) if targets is None else map(Asked.by, targets),
        sold=won.of_person.keys(),
    )
    places = list(outline.drawn(folds or Folds(whole=True)))
    drawn = [outline.nodes[place] for place in places if isinstance(place, str)]
    if targets is None:
        whose = Q(unit__in=[node.unit for node in drawn if node.unit is not None])
        whose |= Q(person__in=[node.person for node in drawn if node.person is not None])
        targets = list(_targets(version, user).filter(whose))
    own = {row_key(unit=target.unit_id, person=target.person_id): target for target in targets}
    managers = dict(
        Management.objects.on(day)
        .filter(unit__in=[node.unit for node in drawn if node.unit is not None])
        .values_list("unit", "user__name")
    )
    reach = policies.target_reach(user)
    held = held_parts(version) if version.is_draft else Held()
    share = WorkCalendar().share_gone(month_start(day), day) if as_of >= year.first_date else 0.0

    def may_set(node: Node) -> bool:
        whose = {"unit": node.unit, "person": node.person}
        return reach.covers(**whose) and held.stopping(user, **whose) is None

    def row(node: Node) -> GridRow:
        target = own.get(node.key)
        return GridRow(
            key=node.key,
            parent=node.parent,
            depth=node.depth,
            level=node.level,
            name=node.name,
            manager=managers.get(node.unit, "") if node.unit is not None else "",
            unit=node.unit,
            person=node.person,
            target=target,
            below=node.below,
            without=node.without,
            planned=node.planned,
            won=won.of(unit=node.unit, person=node.person),
            to_date=target_to_date(target.own_months, months, day, share) if target else None,
            may_set=may_set(node),
            is_former=node.is_former,
        )

    return TargetGrid(
        version=version,
        as_of=as_of,
        months=months,
        due=tuple(1.0 if month < month_start(day) else share if month == month_start(day) else 0.0 for month in months),
        rows=[row(node) for node in drawn],
        unassigned=won.in_no_unit if user.sees_everything else NOTHING,
        outline=outline,
        places=places,
        may_set_any=any(map(may_set, outline.nodes.values())),
    )


def _targets(version: PlanVersion, user: User) -> QuerySet[Target]:
    return Target.objects.visible_to(user).plain().filter(version=version).select_related("person")


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


def ancestors(rows: Mapping[str, GridRow], key: str) -> list[GridRow]:
    """Return the rows above a row, nearest first."""
    above: list[GridRow] = []
    parent = rows[key].parent
    while parent is not None:
        above.append(rows[parent])
        parent = rows[parent].parent
    return above
